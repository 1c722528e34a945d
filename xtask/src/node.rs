//! The Node part of the test: the module is built, its types are checked and its tests run.
//!
//! The commands themselves are the scripts of `bindings/node/package.json`.

use crate::test::Ran;
use crate::workspace::{Outcome, Workspace, files, once, run, step, succeeds};

const PACKAGE: &str = "bindings/node";
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Builds and tests the module; checks its types and that no panic can end the host's process.
pub(crate) fn test(workspace: &Workspace) -> Outcome<Ran> {
    let new_enough = ["--eval", "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)"];
    if !succeeds(workspace.command("node", ".").args(new_enough)) {
        return Ok(Ran::Without("node (20 or newer)"));
    }
    if !succeeds(workspace.command(NPM, ".").arg("--version")) {
        return Ok(Ran::Without("npm"));
    }
    let npm = |arguments: &[&str]| run(workspace.command(NPM, PACKAGE).args(arguments));

    step("Node: environment", || {
        let stamp = workspace.root.join(PACKAGE).join("node_modules").join(".installed");
        let lock = workspace.read(&format!("{PACKAGE}/package-lock.json"))?;
        once(&stamp, &lock, || npm(&["ci"]))
    })?;
    step("Node: every exported function catches panics", || catches_panics(workspace))?;
    step("Node: module", || npm(&["run", "--silent", "build:debug"]))?;
    step("Node: types", || npm(&["run", "--silent", "types"]))?;
    step("Node: tests", || npm(&["run", "--silent", "test"]))?;
    Ok(Ran::Fully)
}

fn catches_panics(workspace: &Workspace) -> Outcome {
    let folder = format!("{PACKAGE}/src");
    for file in files(&workspace.root.join(&folder), "rs") {
        let name = format!("{folder}/{}", file.file_name().unwrap_or_default().display());
        let source = workspace.read(&name)?;
        if source.contains(" Task for ") && !source.contains("catch_unwind(") {
            return Err(format!("{name}: a `Task` that calls no `catch_unwind`; napi lets its panics abort"));
        }
        if let Some(line) = uncaught(&source) {
            return Err(format!("{name}:{line}: a `#[napi]` function without `catch_unwind`"));
        }
    }
    Ok(())
}

/// The line of the first `#[napi]` function that would let a panic end the process, counted from 1.
fn uncaught(source: &str) -> Option<usize> {
    let mut open = None;
    let mut lines = (1..).zip(source.lines().map(str::trim_start));
    while let Some((number, line)) = lines.next() {
        if line.starts_with("#[") {
            let mut attribute = line.to_owned();
            while !attribute.ends_with(']') {
                attribute.push_str(lines.next()?.1);
            }
            if attribute.starts_with("#[napi") {
                open = (!attribute.contains("catch_unwind")).then_some(number);
            }
        } else if !line.starts_with("//") {
            if open.is_some() && line.contains("fn ") {
                return open;
            }
            open = None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::uncaught;

    #[test]
    fn a_function_that_lets_panics_through_is_found() {
        assert_eq!(
            uncaught("#[napi(catch_unwind)]\npub fn a() {}\n\n#[napi(getter)]\n/// B.\npub fn b() {}\n"),
            Some(4)
        );
        assert_eq!(
            uncaught("#[napi]\nimpl A {\n    #[napi(catch_unwind, getter)]\n    pub fn b() {}\n}\n"),
            None
        );
        assert_eq!(
            uncaught(
                "#[napi(\n    catch_unwind,\n    getter\n)]\nfn a() {}\n#[napi(\n    getter\n)]\nfn b() {}\n"
            ),
            Some(6)
        );
        assert_eq!(uncaught("#[napi(object)]\npub struct A {\n    pub b: u32,\n}\nfn c() {}\n"), None);
    }
}
