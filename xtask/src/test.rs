//! `cargo xtask test`: the one command that says whether a change may go in.
//!
//! It names the parts and their order; what a part does is in the part's own file.

use std::time::Instant;

use crate::workspace::{Outcome, Workspace, step};
use crate::{journeys, node, oracle, python, rust, version};

/// How far a part got.
pub(crate) enum Ran {
    /// To its end.
    Fully,
    /// Not at all, or only as far as it goes without this tool, which the machine lacks.
    Without(&'static str),
}

type Part = fn(&Workspace) -> Outcome<Ran>;

/// The parts, in the order in which they run: one that uses what others build comes after them.
const PARTS: [(&str, Part); 5] = [
    ("rust", rust::test),
    ("oracle", oracle::test),
    ("python", python::test),
    ("node", node::test),
    ("journeys", journeys::test),
];

/// Runs all parts, or the one named `only`, and stops at the first failure.
pub(crate) fn run(workspace: &Workspace, only: Option<&str>) -> Outcome {
    if let Some(name) = only.filter(|only| PARTS.iter().all(|(name, _)| name != only)) {
        let names = PARTS.map(|(name, _)| name).join(", ");
        return Err(format!("`{name}` is no part of the test; the parts are {names}"));
    }
    let start = Instant::now();
    step("One version everywhere", || version::check(workspace))?;
    let mut left_out = Vec::new();
    for (name, part) in PARTS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        if let Ran::Without(tool) = part(workspace)? {
            if in_ci() {
                return Err(format!("{name}: this machine has no {tool}, and CI leaves nothing out"));
            }
            left_out.push(format!("left out of {name}: this machine has no {tool}"));
        }
    }
    println!("\npassed in {:.0} s", start.elapsed().as_secs_f32());
    for line in left_out {
        println!("{line}");
    }
    Ok(())
}

fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}
