//! The part of the test that asks other engines: SQLite, PostgreSQL, DuckDB and CEL say of random rules and people what
//! the library says. `MATRICULA_DEEP=1` asks for much more.
//!
//! DuckDB comes in a virtual environment under `target/oracle`; PostgreSQL is a throwaway server, if the machine has
//! `pg_virtualenv`. What is missing is named by the test itself, and fails it in CI.

use std::path::{Path, PathBuf};

use crate::python;
use crate::test::Ran;
use crate::workspace::{Outcome, Workspace, once, run, step, succeeds};

const REQUIREMENTS: &str = "crates/oracle/requirements.txt";

/// Compares the engines that are here.
pub(crate) fn test(workspace: &Workspace) -> Outcome<Ran> {
    let home = workspace.target.join("oracle");
    let system = python::find(workspace);
    if let Some(system) = system {
        step("Oracles: environment", || environment(workspace, system, &home))?;
    }
    step("Oracles: the same answers everywhere", || {
        let mut tests = workspace.cargo();
        tests.args(["test", "--package", "matricula-oracle"]);
        if std::env::var_os("MATRICULA_DEEP").is_some() {
            tests.arg("--release");
        }
        if system.is_some() {
            tests.env("MATRICULA_DUCKDB_PYTHON", python::interpreter(&home));
        }
        run(&mut tests)
    })?;
    Ok(if system.is_some() { Ran::Fully } else { Ran::Without("python3 (3.11 or newer)") })
}

/// Makes the virtual environment with DuckDB, unless it is there.
fn environment(workspace: &Workspace, system: &str, home: &Path) -> Outcome {
    let interpreter: PathBuf = python::interpreter(home);
    let stamp = home.join("installed");
    if !succeeds(workspace.command(&interpreter, ".").arg("--version")) {
        std::fs::remove_file(&stamp).ok();
    }
    once(&stamp, &workspace.read(REQUIREMENTS)?, || {
        run(workspace.command(system, ".").args(["-m", "venv", "--clear"]).arg(home))?;
        let pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--requirement"];
        run(workspace.command(&interpreter, ".").args(pip).arg(workspace.root.join(REQUIREMENTS)))
    })
}
