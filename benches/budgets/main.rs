//! `cargo xtask budgets`: every budget measured beside its reference, in one run, on this machine.
//!
//! `--users N` sets the size of the company (a million unless told otherwise), `--json` prints one object a line,
//! and words select rows whose name contains them; `import` alone measures nothing else, five times in turn.

mod company;
mod opening;
mod row;
mod segments;
mod sqlite;

use company::Bench;
use row::{Options, Row};
use workforce::{median, timed};

fn main() {
    let options = match Options::from_arguments(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            std::process::exit(2);
        }
    };
    let mut report = row::Report::new(&options);
    let bench = Bench::new(options.users);
    if options.only("import") {
        sqlite::imports(&bench, &mut report);
        std::process::exit(i32::from(!report.finish()));
    }
    opening::small(&mut report);
    let memory = company::in_memory(&bench, &mut report);
    segments::measure(options.users, &mut report);
    sqlite::on_disk(&bench, &memory, &mut report);
    drop(memory);
    opening::large(&bench, &mut report);
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
