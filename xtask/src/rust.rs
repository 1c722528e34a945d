//! The Rust part of the test: formatting, lints, tests, documentation.

use crate::python;
use crate::test::Ran;
use crate::workspace::{Outcome, Workspace, run, step};

/// Checks the whole workspace, then tests the packages that need neither Python nor Node, and this one.
pub(crate) fn test(workspace: &Workspace) -> Outcome<Ran> {
    let cargo = |arguments: &[&str]| run(workspace.cargo().args(arguments));
    step("Rust: formatting", || cargo(&["fmt", "--all", "--check"]))?;
    step("Rust: lints", || {
        let mut clippy = workspace.cargo();
        clippy.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
        if python::find(workspace).is_none() {
            // Checking the code of the Python module needs no Python, but pyo3 looks for one unless told not to.
            clippy.env("PYO3_NO_PYTHON", "1").env("PYO3_BUILD_EXTENSION_MODULE", "1");
        }
        run(&mut clippy)
    })?;
    step("Rust: tests of the chores", || cargo(&["test", "--quiet", "--package", "xtask"]))?;
    step("Rust: unit, integration and doc tests", || cargo(&["test"]))?;
    step("Rust: documentation", || {
        run(workspace.cargo().args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    Ok(Ran::Fully)
}
