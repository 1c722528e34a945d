//! `cargo xtask compare`: all segments from scratch here, in DuckDB and in Polars, over the same people and rules, in
//! one run on this machine.
//!
//! The first argument is the Python that has both, the second a folder for what they are given. `--users N` and
//! `--rules N` set the sizes, `--json` prints one object, `--counts` compares the members and times nothing.
//!
//! Here: the course of a comparison. Not here: what the others are given (`export`), how they do it (the Python files),
//! how it is printed (`table`).

mod export;
mod table;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use serde::Deserialize;
use workforce::median;

/// How often each way is measured, after once that does not count.
const ROUNDS: usize = 3;

/// What the command line asks for.
struct Options {
    python: String,
    folder: String,
    users: usize,
    rules: usize,
    json: bool,
    counts: bool,
}

impl Options {
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (Some(python), Some(folder)) = (arguments.next(), arguments.next()) else {
            return Err("start it as `cargo xtask compare`".to_owned());
        };
        let mut options = Self { python, folder, users: 1_000_000, rules: 200, json: false, counts: false };
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let number = arguments.next().and_then(|number| number.parse().ok());
                number.filter(|number| *number > 0).ok_or(format!("{argument} wants a number above 0"))
            };
            match argument.as_str() {
                "--users" => options.users = number()?,
                "--rules" => options.rules = number()?,
                "--json" => options.json = true,
                "--counts" => options.counts = true,
                other => return Err(format!("unknown option `{other}`")),
            }
        }
        Ok(options)
    }
}

/// What one engine says of itself, as the Python files print it.
#[derive(Deserialize)]
struct Said {
    version: String,
    threads: usize,
    ways: Vec<Way>,
}

/// One way of asking an engine for all rules.
#[derive(Deserialize)]
struct Way {
    name: String,
    /// Whether the members are kept, rather than only counted.
    kept: bool,
    /// The members of each rule.
    counts: Vec<usize>,
    /// Empty if nothing was to be timed.
    seconds: Vec<f64>,
}

impl Way {
    fn seconds(&self) -> f64 {
        median(self.seconds.clone())
    }
}

/// How much was asked, and what it came to.
#[derive(Clone, Copy)]
struct Sizes {
    users: usize,
    rules: usize,
    memberships: usize,
}

/// An engine and its ways.
struct Engine {
    name: &'static str,
    said: Said,
}

fn main() -> ExitCode {
    let compared = Options::from_arguments(std::env::args().skip(1)).and_then(|options| compare(&options));
    if let Err(message) = compared {
        eprintln!("{message}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn compare(options: &Options) -> Result<(), String> {
    let folder = Path::new(&options.folder);
    std::fs::create_dir_all(folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    let ours = ours(options, folder)?;
    let mut engines = vec![ours];
    for (name, file) in [("DuckDB", "in_duckdb.py"), ("Polars", "in_polars.py")] {
        engines.push(Engine { name, said: ask(options, folder, name, file)? });
    }
    let (ours, peers) = engines.split_first().unwrap();
    for peer in peers {
        for way in &peer.said.ways {
            same_counts(folder, &ours.said.ways[0].counts, peer.name, way)?;
        }
    }
    let memberships = ours.said.ways[0].counts.iter().sum();
    let sizes = Sizes { users: options.users, rules: options.rules, memberships };
    if options.counts {
        let Sizes { users, rules, memberships } = sizes;
        println!(
            "{users} people, {rules} rules: as many members of every rule in each, {memberships} together"
        );
    } else if options.json {
        println!("{}", table::json(sizes, &engines));
    } else {
        table::print(sizes, &engines);
    }
    Ok(())
}

/// Measures the library as `cargo xtask budgets` does, and leaves the files for the others. The registry is gone when it returns.
fn ours(options: &Options, folder: &Path) -> Result<Engine, String> {
    let registry = workforce::people(options.users);
    let (_, preview) = workforce::from_scratch(&registry, options.rules);
    let snapshot = preview.snapshot();
    export::write(snapshot, folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    let counts = snapshot.segments().map(|segment| snapshot.member_count(&segment.key).unwrap()).collect();
    drop(preview);
    let rounds = if options.counts { 0 } else { ROUNDS };
    let seconds = (0..rounds).map(|_| workforce::from_scratch(&registry, options.rules).0).collect();
    let way = Way { name: "one preview".to_owned(), kept: true, counts, seconds };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let version = matricula::VERSION.to_owned();
    Ok(Engine { name: "Matricula", said: Said { version, threads, ways: vec![way] } })
}

/// Lets another engine do the same, in a process of its own.
fn ask(options: &Options, folder: &Path, name: &str, file: &str) -> Result<Said, String> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(file);
    let rounds = if options.counts { 0 } else { ROUNDS };
    let mut command = Command::new(&options.python);
    // Where the file lies nothing else is to be left.
    command.arg("-B").arg(program).arg(folder).arg(rounds.to_string()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("`{}`: {error}", options.python))?;
    if !output.status.success() {
        return Err(format!("{name} ended with {}", output.status));
    }
    let mut said: Said =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("{name}: {error}"))?;
    said.ways.sort_by_key(|way| !way.kept);
    Ok(said)
}

/// Whether an engine finds as many members of every rule.
fn same_counts(folder: &Path, ours: &[usize], name: &str, way: &Way) -> Result<(), String> {
    if ours.len() != way.counts.len() {
        return Err(format!("{name}, {}: {} rules instead of {}", way.name, way.counts.len(), ours.len()));
    }
    match ours.iter().zip(&way.counts).position(|(ours, theirs)| ours != theirs) {
        None => Ok(()),
        Some(rule) => Err(format!(
            "rule s{rule}: Matricula finds {} members, {name} ({}) {}; the rule is number {rule} in `{}`",
            ours[rule],
            way.name,
            way.counts[rule],
            folder.join("rules.json").display()
        )),
    }
}

impl Engine {
    /// The fastest way that keeps the members, or that only counts them, with its seconds.
    fn best(&self, kept: bool) -> Option<(&Way, f64)> {
        let ways = self.said.ways.iter().filter(|way| way.kept == kept);
        ways.map(|way| (way, way.seconds())).min_by(|(_, a), (_, b)| a.total_cmp(b))
    }
}
