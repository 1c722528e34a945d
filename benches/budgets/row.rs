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

/// What the program can be asked for.
pub const HELP: &str = "\
budgets [--json] [--users N] [--group NAME]... [word...]

  --users N     so many people, a million if not said
  --json        one object a line
  --group NAME  only what is measured together under this name, and what it is built on; more than one can be named:
                  small     thousands of small registries
                  company   in memory: import, first plan, one value of one person, memory
                  sqlite    the same on disk, beside it (measures `company`, too)
                  opening   a large file from rows and from its cache, a second process
                  scratch   in memory: the members of all segments from scratch
                  changes   in memory: one value of one person, 1,000 and 10,000 segments
                  access    who may do what: 100,000 people with three grants each
                  import    an import on disk and its bare writer, five times in turn; only if it is named
  word          print only rows whose name contains it; everything is measured all the same
";

/// What is measured together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Small registries.
    Small,
    /// The company in memory.
    Company,
    /// The company on disk.
    Sqlite,
    /// Opening a large file.
    Opening,
    /// All members from scratch.
    Scratch,
    /// Single changes under many segments.
    Changes,
    /// Who may do what.
    Access,
    /// Imports on disk, again and again.
    Import,
}

impl Group {
    fn named(name: &str) -> Option<Self> {
        match name {
            "small" => Some(Self::Small),
            "company" => Some(Self::Company),
            "sqlite" => Some(Self::Sqlite),
            "opening" => Some(Self::Opening),
            "scratch" => Some(Self::Scratch),
            "changes" => Some(Self::Changes),
            "access" => Some(Self::Access),
            "import" => Some(Self::Import),
            _ => None,
        }
    }
}

/// What the command line asks for.
pub struct Options {
    /// The size of the company.
    pub users: usize,
    json: bool,
    groups: Vec<Group>,
    filter: Vec<String>,
}

impl Options {
    /// Whether a group was named.
    pub fn names(&self, group: Group) -> bool {
        self.groups.contains(&group)
    }

    /// Whether a group is to be measured: all are, if none was named.
    pub fn wants(&self, group: Group) -> bool {
        self.groups.is_empty() || self.groups.contains(&group)
    }

    /// Reads the arguments; none if they ask for help.
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self { users: 1_000_000, json: false, groups: Vec::new(), filter: Vec::new() };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--help" | "-h" => return Ok(None),
                "--json" => options.json = true,
                "--group" => {
                    let group = arguments.next().as_deref().and_then(Group::named);
                    options.groups.push(group.ok_or("--group wants a name that --help lists")?);
                }
                "--users" => {
                    let users = arguments.next().and_then(|users| users.parse().ok());
                    options.users =
                        users.filter(|users| *users > 0).ok_or("--users wants a number above 0")?;
                }
                option if option.starts_with('-') => return Err(format!("unknown option `{option}`")),
                word => options.filter.push(word.to_owned()),
            }
        }
        Ok(Some(options))
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
