//! `cargo xtask budgets`: measures what the project promises.
//!
//! The measuring, its options and the promised figures are in `benches/`.

use crate::workspace::{Outcome, Workspace, run};

const PROGRAM: [&str; 8] =
    ["run", "--release", "--quiet", "--package", "matricula-benches", "--bin", "budgets", "--"];

/// Runs the measuring program in a release build and hands it all arguments.
pub(crate) fn measure(workspace: &Workspace, arguments: &[&str]) -> Outcome {
    run(workspace.cargo().args(PROGRAM).args(arguments))
}
