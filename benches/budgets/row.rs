//! Rows and how they are printed. Not here: what is measured.

use serde_json::json;

/// One budget as it was measured.
pub struct Row {
    /// What was measured.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What it is compared with, measured in the same run.
    pub reference: Option<(String, f64)>,
    /// The most that is acceptable; `None` if the row is there to be known.
    pub budget: Option<f64>,
}

/// What the command line asks for.
pub struct Options {
    /// The size of the company.
    pub users: usize,
    json: bool,
    filter: Vec<String>,
}

impl Options {
    /// Reads the arguments.
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { users: 1_000_000, json: false, filter: Vec::new() };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--json" => options.json = true,
                "--users" => {
                    let users = arguments.next().and_then(|users| users.parse().ok());
                    options.users =
                        users.filter(|users| *users > 0).ok_or("--users wants a number above 0")?;
                }
                option if option.starts_with('-') => return Err(format!("unknown option `{option}`")),
                word => options.filter.push(word.to_owned()),
            }
        }
        Ok(options)
    }
}

impl Options {
    /// Whether this one word selects the rows.
    pub fn only(&self, word: &str) -> bool {
        matches!(&*self.filter, [only] if only == word)
    }
}

/// Prints rows as they come.
pub struct Report<'a> {
    options: &'a Options,
    missed: usize,
    printed: usize,
}

impl<'a> Report<'a> {
    /// Begins with a heading.
    pub fn new(options: &'a Options) -> Self {
        if !options.json {
            println!("{} people\n", options.users);
            println!("{:<58} {:>12} {:<5} {:>10} {:>8}  reference", "", "value", "unit", "budget", "ratio");
        }
        Self { options, missed: 0, printed: 0 }
    }

    /// Prints a row, if it was asked for.
    pub fn add(&mut self, row: &Row) {
        let wanted = &self.options.filter;
        if !wanted.is_empty() && !wanted.iter().any(|word| row.name.contains(word.as_str())) {
            return;
        }
        let met = row.budget.map(|budget| row.value <= budget);
        self.printed += 1;
        self.missed += usize::from(met == Some(false));
        let ratio = row.reference.as_ref().map(|(_, reference)| row.value / reference);
        if self.options.json {
            let reference =
                row.reference.as_ref().map(|(name, value)| json!({ "name": name, "value": value }));
            let line = json!({
                "name": row.name.trim(), "value": row.value, "unit": row.unit, "reference": reference,
                "ratio": ratio, "budget": row.budget, "met": met,
            });
            println!("{line}");
            return;
        }
        let budget = row.budget.map(short).unwrap_or_default();
        let verdict = if met == Some(false) { "  MISSED" } else { "" };
        let ratio = ratio.map(|ratio| format!("{ratio:.2}x")).unwrap_or_default();
        let reference = row
            .reference
            .as_ref()
            .map(|(name, value)| format!("{name}: {} {}", short(*value), row.unit))
            .unwrap_or_default();
        println!(
            "{:<58} {:>12} {:<5} {budget:>10} {ratio:>8}  {reference}{verdict}",
            row.name,
            short(row.value),
            row.unit
        );
    }

    /// Ends; whether every budget was met.
    pub fn finish(self) -> bool {
        if self.printed == 0 {
            eprintln!("no row has such a name");
            return false;
        }
        if !self.options.json {
            println!("\n{} of {} rows missed their budget", self.missed, self.printed);
        }
        self.missed == 0
    }
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}
