//! `cargo xtask compare`: the library beside DuckDB and Polars, over the same people and rules.
//!
//! The measuring, its options, and what the others are asked are in `benches/peers`. Here is the environment that
//! they need, under `target/peers`.

use std::path::PathBuf;

use crate::python;
use crate::workspace::{Outcome, Workspace, run};

const REQUIREMENTS: &str = "benches/peers/requirements.txt";
const PROGRAM: [&str; 6] = ["--quiet", "--package", "matricula-benches", "--bin", "peers", "--"];

/// Measures, in a release build, and hands the measuring program all arguments.
pub(crate) fn measure(workspace: &Workspace, arguments: &[&str]) -> Outcome {
    let mut program = workspace.cargo();
    program.args(["run", "--release"]).args(PROGRAM).args(given(workspace)?).args(arguments);
    run(&mut program)
}

/// Only compares the members, of fewer people and rules.
pub(crate) fn check(workspace: &Workspace) -> Outcome {
    let few = ["--users", "2000", "--rules", "50", "--counts"];
    run(workspace.cargo().arg("run").args(PROGRAM).args(given(workspace)?).args(few))
}

/// The Python that has the others, and a folder for what they are given.
fn given(workspace: &Workspace) -> Outcome<[PathBuf; 2]> {
    let system = python::find(workspace).ok_or("this machine has no python3 (3.11 or newer)")?;
    let home = workspace.target.join("peers");
    python::environment(workspace, system, &home, REQUIREMENTS)?;
    Ok([python::interpreter(&home), home.join("given")])
}
