//! What feeds of people have in common, whatever their format: which column means what, rows as updates of one person
//! each, what is wrong with a row, and whom the feed names. Not here: the formats (`csv`, `ndjson`), and what an
//! attribute accepts, which is asked when updates are applied.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use hashbrown::HashMap;
use matricula_core::rule::nearest;
use matricula_core::{Error, ErrorKind, Input, Status, UserUpdate};
use serde::{Serialize, Serializer};

use crate::{csv, ndjson};

/// What a column means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The user's key; exactly one column has it.
    Key,
    /// The person's status: `active` or `suspended`.
    Status,
    /// The key of a site that the person becomes an active member of.
    Site,
    /// The value of the attribute of this key.
    Attribute(Arc<str>),
}

impl FromStr for Target {
    type Err = Error;

    /// Reads `key`, `status`, `site`, or an attribute as rules write it: `user.department`.
    fn from_str(target: &str) -> Result<Self, Error> {
        match target {
            "key" => Ok(Self::Key),
            "status" => Ok(Self::Status),
            "site" => Ok(Self::Site),
            _ => match target.strip_prefix("user.") {
                Some(attribute) => Ok(Self::Attribute(attribute.into())),
                None => Err(Error::new(
                    ErrorKind::InvalidDefinition,
                    format!(
                        "unknown target `{target}`, expected key, status, site, or an attribute such as user.department"
                    ),
                )),
            },
        }
    }
}

/// Which column of a feed means what. Columns that are not mapped are left alone.
///
/// ```
/// use matricula_interop::Mapping;
///
/// let mapping = Mapping::from_pairs([("employee_id", "key"), ("dept", "user.department")])?;
/// assert_eq!(mapping.column_of("department"), Some("dept"));
/// # Ok::<(), matricula_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// In which order they are given means nothing.
    #[serde(serialize_with = "by_column")]
    pub(crate) columns: Vec<(String, Target)>,
    /// What an empty cell says, of columns for which that is said.
    blanks: BTreeMap<String, Blank>,
}

fn by_column<S: Serializer>(columns: &[(String, Target)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer
        .collect_map(columns.iter().map(|(column, target)| (column, target)).collect::<BTreeMap<_, _>>())
}

impl Mapping {
    /// From pairs of a column's name and its target, as [`Target::from_str`] reads it.
    ///
    /// # Errors
    /// `invalid_definition` if a target is not known, given twice, or no column is the key.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        let mut columns: Vec<(String, Target)> = Vec::new();
        let wrong = |message: String| Err(Error::new(ErrorKind::InvalidDefinition, message));
        for (column, target) in pairs {
            let target =
                target.parse::<Target>().map_err(|error| error.within(format_args!("column `{column}`")))?;
            if columns.iter().any(|(_, other)| *other == target) {
                return wrong(format!("column `{column}` has the same target as another column"));
            }
            if columns.iter().any(|(other, _)| other == column) {
                return wrong(format!("column `{column}` is mapped twice"));
            }
            columns.push((column.to_owned(), target));
        }
        if columns.iter().all(|(_, target)| *target != Target::Key) {
            return wrong("no column is mapped to `key`, expected exactly one".to_owned());
        }
        Ok(Self { columns, blanks: BTreeMap::new() })
    }

    /// The same, with what an empty cell says in one column, whatever it says in others.
    ///
    /// ```
    /// use matricula_interop::{Blank, Mapping};
    ///
    /// let mapping = Mapping::from_pairs([("id", "key"), ("phone", "user.phone")])?;
    /// let mapping = mapping.with_blank("phone", Blank::Leave)?;
    /// assert!(mapping.with_blank("id", Blank::Leave).is_err());
    /// # Ok::<(), matricula_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_definition` unless the column is mapped to an attribute.
    pub fn with_blank(mut self, column: &str, blank: Blank) -> Result<Self, Error> {
        match self.columns.iter().find(|(name, _)| name == column) {
            Some((_, Target::Attribute(_))) => {
                self.blanks.insert(column.to_owned(), blank);
                Ok(self)
            }
            Some(_) => {
                let message = format!(
                    "column `{column}` is mapped to no attribute, so that empty cells of it say nothing"
                );
                Err(Error::new(ErrorKind::InvalidDefinition, message))
            }
            None => {
                let near = nearest(column, self.columns.iter().map(|(name, _)| name.as_str()));
                let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
                let message = format!("column `{column}` is not mapped{hint}");
                Err(Error::new(ErrorKind::InvalidDefinition, message))
            }
        }
    }

    /// What an empty cell of a column says.
    pub(crate) fn blank(&self, column: &str, otherwise: Blank) -> Blank {
        self.blanks.get(column).copied().unwrap_or(otherwise)
    }

    /// The column of an attribute.
    pub fn column_of(&self, attribute: &str) -> Option<&str> {
        let is_it = |target: &Target| matches!(target, Target::Attribute(key) if **key == *attribute);
        self.columns.iter().find(|(_, target)| is_it(target)).map(|(column, _)| column.as_str())
    }
}

/// What an empty cell says of an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Blank {
    /// The person has no value.
    #[default]
    Clear,
    /// Nothing: the value stays as it is.
    Leave,
}

impl FromStr for Blank {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        match word {
            "clear" => Ok(Self::Clear),
            "leave" => Ok(Self::Leave),
            _ => Err(Error::new(
                ErrorKind::InvalidDefinition,
                format!("unknown treatment of blank cells `{word}`, expected clear or leave"),
            )),
        }
    }
}

/// A row that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowError {
    /// The line on which the row begins; the header is line 1.
    pub line: u64,
    /// The column to blame, if one is.
    pub column: Option<String>,
    /// What stands there, shortened if it is long.
    pub value: Option<String>,
    /// What is wrong.
    pub reason: String,
}

impl RowError {
    /// An error about a row as a whole.
    pub fn of_row(line: u64, reason: impl Into<String>) -> Self {
        Self { line, column: None, value: None, reason: reason.into() }
    }
}

impl std::fmt::Display for RowError {
    /// `line 12, column country, value "ZAA": unknown option …`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(value) = &self.value {
            write!(f, ", value \"{value}\"")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// One row: where it begins and what it says of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line on which the row begins.
    pub line: u64,
    /// What it says.
    pub update: UserUpdate,
}

/// How a feed is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values with a header line.
    #[default]
    Csv,
    /// A JSON object on each line.
    NdJson,
}

impl Format {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::NdJson => "ndjson",
        }
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        match word {
            "csv" => Ok(Self::Csv),
            "ndjson" => Ok(Self::NdJson),
            _ => Err(Error::new(
                ErrorKind::InvalidDefinition,
                format!("unknown format of a feed `{word}`, expected csv or ndjson"),
            )),
        }
    }
}

/// The rows of a feed of any format. A row that cannot be read comes as an error and does not end the feed.
#[derive(Debug)]
pub enum Rows<'a> {
    /// Of comma-separated values.
    Csv(csv::Rows<'a>),
    /// Of JSON objects.
    NdJson(ndjson::Rows<'a>),
}

macro_rules! either {
    ($self:ident, $rows:ident => $value:expr) => {
        match $self {
            Self::Csv($rows) => $value,
            Self::NdJson($rows) => $value,
        }
    };
}

impl<'a> Rows<'a> {
    /// Begins to read a feed.
    ///
    /// # Errors
    /// `invalid_feed` if it has no header that fits the mapping, in a format with a header.
    pub fn new(feed: &'a [u8], format: Format, mapping: &Mapping, blank: Blank) -> Result<Self, Error> {
        Ok(match format {
            Format::Csv => Self::Csv(csv::Rows::new(feed, mapping, blank)?),
            Format::NdJson => Self::NdJson(ndjson::Rows::new(feed, mapping, blank)),
        })
    }

    /// The columns of the feed that the mapping leaves alone; in a format without a header, of the rows so far.
    pub fn ignored(&self) -> Vec<String> {
        either!(self, rows => rows.ignored().map(str::to_owned).collect())
    }

    /// The keys of the attributes that columns are mapped to.
    pub fn attributes(&self) -> Vec<&str> {
        either!(self, rows => rows.attributes().collect())
    }

    /// The byte up to which the feed has been read.
    pub fn position(&self) -> u64 {
        either!(self, rows => rows.position())
    }

    /// Whether the feed has named a key so far, in rows that are right and in rows that are not.
    pub fn names(&self, key: &str) -> bool {
        either!(self, rows => rows.names(key))
    }

    /// Whether the feed has what is mapped. To be asked after the last row.
    ///
    /// # Errors
    /// `invalid_feed` if it has not.
    pub fn has_columns(&self) -> Result<(), Error> {
        match self {
            // Its header was looked at first.
            Self::Csv(_) => Ok(()),
            Self::NdJson(rows) => rows.has_columns(),
        }
    }

    /// Whether the feed says whom it is about, so that whoever it does not name is absent. To be asked after the
    /// last row.
    ///
    /// # Errors
    /// `invalid_feed` if it has no rows, a row does not name anybody, or a quote is not closed.
    pub fn names_everybody(&self) -> Result<(), Error> {
        either!(self, rows => rows.names_everybody())
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        either!(self, rows => rows.next())
    }
}

/// Whom a feed has named so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The line of each key so far.
    lines: HashMap<String, u64>,
    /// The first row of which it cannot be said whom it is about.
    nameless: Option<u64>,
}

impl Seen {
    /// Notes a row of which it cannot be said whom it is about.
    pub(crate) fn nameless(&mut self, line: u64) {
        self.nameless = self.nameless.or(Some(line));
    }

    /// Notes whom a row is about. A row that is wrong still names its person, who is then not absent from the feed.
    pub(crate) fn name(
        &mut self,
        line: u64,
        key: &str,
        wrong: &mut Option<RowError>,
    ) -> Result<(), RowError> {
        if key.is_empty() {
            self.nameless(line);
            return Err(wrong.take().unwrap_or_else(|| RowError::of_row(line, "the key is empty")));
        }
        let key = matricula_core::rule::normalise(key).into_owned();
        if let Some(first) = self.lines.get(&key) {
            let reason = format!("user `{}` is on line {first} already", shortened(&key));
            return Err(RowError::of_row(line, reason));
        }
        self.lines.insert(key, line);
        Ok(())
    }

    pub(crate) fn names(&self, key: &str) -> bool {
        self.lines.contains_key(key)
    }

    /// Why it cannot be told who is absent, if it cannot.
    pub(crate) fn everybody(&self) -> Result<(), String> {
        match self.nameless {
            Some(line) => Err(format!("the row on line {line} does not say whom it is about")),
            None if self.lines.is_empty() => Err("the feed has no rows".to_owned()),
            None => Ok(()),
        }
    }
}

/// What a text says of a target, put into an update.
pub(crate) fn take_text(
    update: &mut UserUpdate,
    target: &Target,
    text: &str,
    blank: Blank,
) -> Result<(), &'static str> {
    match target {
        Target::Key => text.clone_into(&mut update.key),
        Target::Status | Target::Site if text.is_empty() => {}
        Target::Status => match text.to_ascii_lowercase().parse::<Status>() {
            Ok(status) => update.status = Some(status),
            Err(_) => return Err("expected active or suspended"),
        },
        Target::Site => update.sites.push((text.into(), Some(Status::Active))),
        Target::Attribute(attribute) if text.is_empty() => take_blank(update, attribute, blank),
        Target::Attribute(attribute) => {
            update.values.push((attribute.clone(), Some(Input::Text(text.to_owned()))));
        }
    }
    Ok(())
}

/// What it says of an attribute that there is nothing.
pub(crate) fn take_blank(update: &mut UserUpdate, attribute: &Arc<str>, blank: Blank) {
    match blank {
        Blank::Leave => {}
        Blank::Clear => update.values.push((attribute.clone(), None)),
    }
}

pub(crate) fn absent_unknown(why: &str) -> Error {
    Error::new(ErrorKind::InvalidFeed, format!("who is absent cannot be told: {why}"))
}

/// At most forty characters, for messages.
pub fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}
