//! Where things are, and how a command is started, announced and timed.
//!
//! The only file that starts processes; it knows nothing about any single chore.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What a chore comes to; the message says what went wrong, for the terminal.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The folders every chore works in, absolute.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Finds the workspace from what `cargo run` tells its program.
    pub(crate) fn find() -> Outcome<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("start it as `cargo xtask`")?;
        let root = Path::new(&manifest).parent().ok_or("xtask is not inside a workspace")?.to_owned();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => std::path::absolute(folder).map_err(|error| error.to_string())?,
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// A command that runs in `folder`, given relative to the root.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, folder: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root.join(folder)).env("CARGO_TARGET_DIR", &self.target);
        // What `cargo run` says about this package is not true of the packages that the command builds.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(name.as_ref());
            }
        }
        command
    }

    /// The cargo that runs this program, in the root.
    pub(crate) fn cargo(&self) -> Command {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), ".")
    }

    /// The text of a file, named relative to the root.
    pub(crate) fn read(&self, file: &str) -> Outcome<String> {
        std::fs::read_to_string(self.root.join(file)).map_err(|error| format!("`{file}`: {error}"))
    }
}

/// Announces a step, does it and tells how long it took.
pub(crate) fn step(title: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    println!("\n== {title}");
    let start = Instant::now();
    work().map_err(|message| format!("{title}: {message}"))?;
    println!("-- {title}: {:.1} s", start.elapsed().as_secs_f32());
    Ok(())
}

/// Runs a command to its end, its output going to the terminal.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let line = describe(command);
    let status = command.status().map_err(|error| format!("`{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` ended with {status}")) }
}

/// Whether a command starts and succeeds; it prints nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Does `work` unless `stamp` says that it was done with the same `inputs`.
pub(crate) fn once(stamp: &Path, inputs: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    if std::fs::read_to_string(stamp).is_ok_and(|done| done == inputs) {
        // Not among the output, which of some chores programs read.
        eprintln!("up to date");
        return Ok(());
    }
    work()?;
    std::fs::write(stamp, inputs).map_err(|error| format!("`{}`: {error}", stamp.display()))
}

/// The files of a folder with this extension; none if there is no such folder.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
