//! The part of the test that asks other engines: SQLite, PostgreSQL, DuckDB and CEL say of random rules and people what
//! the library says. `MATRICULA_DEEP=1` asks for much more.
//!
//! DuckDB comes in a virtual environment under `target/oracle`; PostgreSQL is a throwaway server, if the machine has
//! `pg_virtualenv`. What is missing is named by the test itself, and fails it in CI. The peers of the budgets, DuckDB and
//! Polars, have to find as many members too: see `compare`.

use crate::test::Ran;
use crate::workspace::{Outcome, Workspace, run, step};
use crate::{compare, python};

const REQUIREMENTS: &str = "crates/oracle/requirements.txt";

/// Compares the engines that are here.
pub(crate) fn test(workspace: &Workspace) -> Outcome<Ran> {
    let home = workspace.target.join("oracle");
    let system = python::find(workspace);
    if let Some(system) = system {
        step("Oracles: environment", || python::environment(workspace, system, &home, REQUIREMENTS))?;
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
    if system.is_some() {
        step("Oracles: the peers of the budgets count the same", || compare::check(workspace))?;
    }
    Ok(if system.is_some() { Ran::Fully } else { Ran::Without("python3 (3.11 or newer)") })
}
