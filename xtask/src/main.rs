//! The chores of the repository, run as `cargo xtask`.
//!
//! This file reads the command line; each chore has a file of its own. Nothing here is shipped, and nothing
//! here holds a setting of another tool: those stay in `Cargo.toml`, `pyproject.toml` and `package.json`.

#![allow(clippy::print_stdout, reason = "a chore reports to the terminal")]

mod budgets;
mod compare;
mod journeys;
mod node;
mod oracle;
mod python;
mod rust;
mod test;
mod version;
mod workspace;

use std::process::ExitCode;

use workspace::{Outcome, Workspace};

const HELP: &str = "\
cargo xtask <chore>

  test [--only rust|oracle|python|node|journeys]
        everything that must hold before a change goes in: formatting, lints, tests and
        documentation in Rust, then the Python wheel and the Node module as users get them,
        then the examples, which print the same in all three
  bless
        rewrite the files in tests/golden/ from what the Rust examples print
  budgets [--json] [--users N] [--group NAME]... [word...]
        measure, in a release build, the figures that the project promises; `budgets --help`
        lists the groups
  compare [--json] [--users N] [--rules N] [--counts]
        the members of all segments, from scratch, beside DuckDB and Polars: first that every
        rule has as many in each, then the times, unless only the counts are asked for
  version X.Y.Z
        set the version of every package
  version --check
        say whether all packages have the same version
  help
        this text
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nfailed: {message}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[&str]) -> Outcome {
    match arguments {
        [] | ["help" | "--help" | "-h", ..] => {
            print!("{HELP}");
            Ok(())
        }
        ["test"] => test::run(&Workspace::find()?, None),
        ["test", "--only", part] => test::run(&Workspace::find()?, Some(part)),
        ["bless"] => journeys::bless(&Workspace::find()?),
        ["budgets", rest @ ..] => budgets::measure(&Workspace::find()?, rest),
        ["compare", rest @ ..] => compare::measure(&Workspace::find()?, rest),
        ["version", "--check"] => version::check(&Workspace::find()?),
        ["version", version] => version::set(&Workspace::find()?, version),
        _ => Err(format!("`{}` is no chore; `cargo xtask help` lists them", arguments.join(" "))),
    }
}
