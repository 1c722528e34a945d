//! The journeys part of the test: each example, in Rust, Python and Node, prints exactly its golden file.
//!
//! Python and Node run in the environments that their own parts of the test have built.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use crate::python;
use crate::test::Ran;
use crate::workspace::{Outcome, Workspace, files, run, step, succeeds};

/// The examples, by the name that they have in each language that has them, and that their golden file has.
const JOURNEYS: [&str; 2] = ["hr_feed", "hr_guard"];

const NODE_PACKAGE: &str = "bindings/node";
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Runs every example in every language there is, and compares what it prints.
pub(crate) fn test(workspace: &Workspace) -> Outcome<Ran> {
    let python = python::find(workspace).map(|_| interpreter(workspace));
    let node = node_is_here(workspace);
    for journey in JOURNEYS {
        step(&format!("Journey {journey}: Rust"), || {
            compare(workspace, journey, "rust", &mut rust(workspace, journey))
        })?;
        let has = |file: String| workspace.root.join(file).is_file();
        if let Some(python) = python.as_ref().filter(|_| has(format!("examples/python/{journey}.py"))) {
            step(&format!("Journey {journey}: Python"), || {
                built(python.exists(), "python")?;
                let mut command = workspace.command(python, ".");
                command.arg(format!("examples/python/{journey}.py"));
                compare(workspace, journey, "python", &mut command)
            })?;
        }
        if node && has(format!("examples/node/{journey}.mjs")) {
            step(&format!("Journey {journey}: Node"), || {
                let module = files(&workspace.root.join(NODE_PACKAGE), "node");
                built(!module.is_empty(), "node")?;
                let mut command = workspace.command("node", ".");
                command.arg(format!("examples/node/{journey}.mjs"));
                compare(workspace, journey, "node", &mut command)
            })?;
        }
    }
    Ok(match (python.is_some(), node) {
        (true, true) => Ran::Fully,
        (false, true) => Ran::Without("python3 (3.11 or newer)"),
        (true, false) => Ran::Without("node (20 or newer) with npm"),
        (false, false) => Ran::Without("python3 (3.11 or newer) and node (20 or newer) with npm"),
    })
}

/// Writes what the Rust examples print into their golden files.
pub(crate) fn bless(workspace: &Workspace) -> Outcome {
    for journey in JOURNEYS {
        let text = printed(workspace, journey, "rust", &mut rust(workspace, journey))?;
        let golden = golden(journey);
        fs::write(workspace.root.join(&golden), text).map_err(|error| format!("`{golden}`: {error}"))?;
        println!("wrote {golden}: read what changed in it");
    }
    Ok(())
}

fn golden(journey: &str) -> String {
    format!("tests/golden/{journey}.txt")
}

fn rust(workspace: &Workspace, journey: &str) -> Command {
    let mut command = workspace.cargo();
    command.args(["run", "--quiet", "--package", "matricula", "--example", journey]);
    command
}

/// The Python that the Python part has made, whether or not it is there.
fn interpreter(workspace: &Workspace) -> PathBuf {
    let home = workspace.target.join("python");
    if cfg!(windows) { home.join("Scripts").join("python.exe") } else { home.join("bin").join("python") }
}

/// Whether the Node part can have built its module.
fn node_is_here(workspace: &Workspace) -> bool {
    let new_enough = ["--eval", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)"];
    succeeds(workspace.command("node", ".").args(new_enough))
        && succeeds(workspace.command(NPM, ".").arg("--version"))
}

fn built(is_there: bool, part: &str) -> Outcome {
    if is_there {
        return Ok(());
    }
    Err(format!("nothing is built for {part} yet; `cargo xtask test --only {part}` does that"))
}

fn compare(workspace: &Workspace, journey: &str, language: &str, command: &mut Command) -> Outcome {
    let printed = printed(workspace, journey, language, command)?;
    let golden = golden(journey);
    let expected = workspace.read(&golden)?;
    match difference(&expected, &printed) {
        None => Ok(()),
        Some(difference) => Err(format!(
            "{golden}, {difference}\nif that is meant, `cargo xtask bless` rewrites the file from Rust"
        )),
    }
}

/// What a command prints. It stays in a file, for whoever wants to see all of it.
fn printed(workspace: &Workspace, journey: &str, language: &str, command: &mut Command) -> Outcome<String> {
    let folder = workspace.target.join("journeys");
    let path = folder.join(format!("{journey}_{language}.txt"));
    let fail = |error: std::io::Error| format!("`{}`: {error}", path.display());
    fs::create_dir_all(&folder).map_err(fail)?;
    run(command.stdout(File::create(&path).map_err(fail)?))?;
    fs::read_to_string(&path).map_err(fail)
}

/// The first line in which two texts differ.
fn difference(expected: &str, found: &str) -> Option<String> {
    if expected == found {
        return None;
    }
    let (mut expected, mut found) = (expected.split('\n'), found.split('\n'));
    for number in 1.. {
        let lines = (expected.next(), found.next());
        if lines.0 != lines.1 {
            let shown = |line: Option<&str>| {
                line.map_or_else(|| "no such line".to_owned(), |line| format!("{line:?}"))
            };
            return Some(format!("line {number}: expected {}, found {}", shown(lines.0), shown(lines.1)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn the_first_differing_line_is_shown() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        let said = |expected, found| difference(expected, found).unwrap_or_default();
        assert_eq!(said("a\nb\n", "a\nc\n"), r#"line 2: expected "b", found "c""#);
        assert_eq!(said("a\n", "a\nb\n"), r#"line 2: expected "", found "b""#);
        assert_eq!(said("a\nb", "a"), r#"line 2: expected "b", found no such line"#);
        assert_eq!(said("a\n", "a"), r#"line 2: expected "", found no such line"#);
        assert_eq!(said("a\n", "a\r\n"), r#"line 1: expected "a", found "a\r""#);
    }
}
