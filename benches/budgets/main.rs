//! `cargo xtask budgets`: every budget measured beside its reference, in one run, on this machine.
//!
//! `--help` says what it can be asked for.

mod access;
mod company;
mod opening;
mod past;
mod row;
mod segments;
mod sqlite;

use company::Bench;
use row::{Group, Options, Row};
use workforce::{median, timed};

fn main() {
    let options = match Options::from_arguments(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", row::HELP);
            return;
        }
        Err(message) => {
            eprintln!("{message}");
            std::process::exit(2);
        }
    };
    let mut report = row::Report::new(&options);
    let any = |groups: &[Group]| groups.iter().any(|group| options.wants(*group));
    if any(&[Group::Small]) {
        opening::small(&mut report);
    }
    if any(&[Group::Company, Group::Sqlite, Group::Opening]) {
        let bench = Bench::new(options.users);
        // The rows on disk are measured beside the same company in memory.
        let memory = any(&[Group::Company, Group::Sqlite]).then(|| company::in_memory(&bench, &mut report));
        if let Some(memory) = memory.filter(|_| any(&[Group::Sqlite])) {
            sqlite::on_disk(&bench, &memory, &mut report);
        }
        if any(&[Group::Opening]) {
            opening::large(&bench, &mut report);
        }
    }
    if options.names(Group::Import) {
        sqlite::imports(&Bench::new(options.users), &mut report);
    }
    if any(&[Group::Scratch, Group::Changes]) {
        segments::measure(&options, &mut report);
    }
    if any(&[Group::Access]) {
        access::measure(&mut report);
    }
    if !report.finish() {
        std::process::exit(1);
    }
}

/// A measured row against its reference.
fn against(name: &str, value: f64, unit: &'static str, reference: (&str, f64), budget: Option<f64>) -> Row {
    Row { name: name.to_owned(), value, unit, reference: Some((reference.0.to_owned(), reference.1)), budget }
}

/// A measured row that stands alone.
fn alone(name: &str, value: f64, unit: &'static str, budget: Option<f64>) -> Row {
    Row { name: name.to_owned(), value, unit, reference: None, budget }
}
