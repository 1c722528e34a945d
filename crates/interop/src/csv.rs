//! People from CSV (RFC 4180): which column means what, and each row as an update of one person. Not here: what
//! an attribute accepts; that is asked when updates are applied.

use std::str::FromStr;
use std::sync::Arc;

use hashbrown::HashMap;
use matricula_core::rule::nearest;
use matricula_core::{Error, ErrorKind, Input, Status, UserUpdate};
use serde::Serialize;

/// What a column means.
#[derive(Clone, Debug, PartialEq, Eq)]
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
/// use matricula_interop::csv::Mapping;
///
/// let mapping = Mapping::from_pairs([("employee_id", "key"), ("dept", "user.department")])?;
/// assert_eq!(mapping.column_of("department"), Some("dept"));
/// # Ok::<(), matricula_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    columns: Vec<(String, Target)>,
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
        Ok(Self { columns })
    }

    /// The column of an attribute.
    pub fn column_of(&self, attribute: &str) -> Option<&str> {
        let is_it = |target: &Target| matches!(target, Target::Attribute(key) if **key == *attribute);
        self.columns.iter().find(|(_, target)| is_it(target)).map(|(column, _)| column.as_str())
    }
}

/// What an empty cell says of an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// The rows of a feed. A row that cannot be read comes as an error and does not end the feed.
#[derive(Debug)]
pub struct Rows<'a> {
    reader: csv::Reader<&'a [u8]>,
    record: csv::ByteRecord,
    /// For each column of the feed, its name and what it means.
    columns: Vec<(String, Option<Target>)>,
    blank: Blank,
    /// The line of each key so far.
    lines: HashMap<String, u64>,
    feed: &'a [u8],
    /// How far lines have been counted: the byte and its line.
    counted: (usize, u64),
    /// The first row of which it cannot be said whom it is about.
    nameless: Option<u64>,
}

impl<'a> Rows<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// `invalid_feed` if there is no header, it is not UTF-8, or mapped columns are missing or there twice.
    pub fn new(feed: &'a [u8], mapping: &Mapping, blank: Blank) -> Result<Self, Error> {
        let invalid = |message: String| Error::new(ErrorKind::InvalidFeed, message);
        let feed = feed.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(feed);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(feed);
        let header =
            reader.headers().map_err(|error| invalid(format!("the header cannot be read: {error}")))?;
        let names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        if names.iter().all(String::is_empty) {
            return Err(invalid("the feed is empty, expected a header line".to_owned()));
        }
        for (column, _) in &mapping.columns {
            match names.iter().filter(|name| *name == column).count() {
                1 => {}
                0 => {
                    let near = nearest(column, names.iter().map(String::as_str));
                    let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
                    return Err(invalid(format!("the feed has no column `{column}`{hint}")));
                }
                _ => return Err(invalid(format!("the feed has column `{column}` more than once"))),
            }
        }
        let target = |name: &String| {
            mapping.columns.iter().find(|(column, _)| column == name).map(|(_, target)| target.clone())
        };
        let columns = names.into_iter().map(|name| (name.clone(), target(&name))).collect();
        Ok(Self {
            reader,
            record: csv::ByteRecord::new(),
            columns,
            blank,
            lines: HashMap::new(),
            feed,
            counted: (0, 1),
            nameless: None,
        })
    }

    /// Whether the feed says whom it is about, so that whoever it does not name is absent. To be asked after
    /// the last row.
    ///
    /// # Errors
    /// `invalid_feed` if it has no rows, a row does not name anybody, or a quote is not closed.
    pub fn names_everybody(&self) -> Result<(), Error> {
        let why = match self.nameless {
            Some(line) => format!("the row on line {line} does not say whom it is about"),
            None if self.lines.is_empty() => "the feed has no rows".to_owned(),
            None if self.feed.iter().filter(|byte| **byte == b'"').count() % 2 == 1 => {
                "a quote is not closed, and may hide rows".to_owned()
            }
            None => return Ok(()),
        };
        Err(Error::new(ErrorKind::InvalidFeed, format!("who is absent cannot be told: {why}")))
    }

    /// The line on which a byte stands; CR, LF and CR LF each end one.
    fn line_of(&mut self, byte: usize) -> u64 {
        let (from, mut line) = self.counted;
        let mut before = from.checked_sub(1).and_then(|place| self.feed.get(place)).copied();
        for &this in self.feed.get(from..byte).unwrap_or_default() {
            line += u64::from(this == b'\r' || this == b'\n' && before != Some(b'\r'));
            before = Some(this);
        }
        self.counted = (byte.max(from), line);
        line
    }

    /// The columns of the feed that the mapping leaves alone.
    pub fn ignored(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|(_, target)| target.is_none()).map(|(name, _)| name.as_str())
    }

    /// The keys of the attributes that columns of the feed are mapped to.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter_map(|(_, target)| match target {
            Some(Target::Attribute(key)) => Some(&**key),
            _ => None,
        })
    }

    /// The byte up to which the feed has been read.
    pub fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    /// The keys that the feed has named so far, in rows that are right and in rows that are not.
    pub fn names(&self, key: &str) -> bool {
        self.lines.contains_key(key)
    }

    fn read(&mut self, line: u64) -> Result<UserUpdate, RowError> {
        let (found, expected) = (self.record.len(), self.columns.len());
        let mut update = UserUpdate::default();
        let mut wrong = None;
        for (index, (name, target)) in self.columns.iter().enumerate() {
            let (Some(target), Some(cell)) = (target, self.record.get(index)) else {
                continue;
            };
            let error = |value: String, reason: &str| RowError {
                line,
                column: Some(name.clone()),
                value: Some(shortened(&value)),
                reason: reason.to_owned(),
            };
            let Ok(cell) = std::str::from_utf8(cell) else {
                wrong = wrong.or(Some(error(String::from_utf8_lossy(cell).into_owned(), "not UTF-8")));
                continue;
            };
            let cell = cell.trim();
            // A quote that is not closed swallows the rows after it, up to the next quote.
            if cell.lines().skip(1).any(|line| line.matches(',').count() + 1 >= expected.max(3)) {
                self.nameless = self.nameless.or(Some(line));
                wrong =
                    wrong.or(Some(error(cell.to_owned(), "looks like several rows: is a quote not closed?")));
                continue;
            }
            match target {
                Target::Key => update.key = cell.to_owned(),
                Target::Status | Target::Site if cell.is_empty() => {}
                Target::Status => match cell.to_ascii_lowercase().parse::<Status>() {
                    Ok(status) => update.status = Some(status),
                    Err(_) => {
                        wrong = wrong.or(Some(error(cell.to_owned(), "expected active or suspended")));
                    }
                },
                Target::Site => update.sites.push((cell.into(), Some(Status::Active))),
                Target::Attribute(attribute) => match (cell.is_empty(), self.blank) {
                    (true, Blank::Leave) => {}
                    (true, Blank::Clear) => update.values.push((attribute.clone(), None)),
                    (false, _) => update.values.push((attribute.clone(), Some(Input::Text(cell.to_owned())))),
                },
            }
        }
        // A row that is wrong still names its person, who is then not absent from the feed.
        if update.key.is_empty() {
            self.nameless = self.nameless.or(Some(line));
            return Err(wrong.unwrap_or_else(|| RowError::of_row(line, "the key is empty")));
        }
        let key = matricula_core::rule::normalise(&update.key).into_owned();
        if let Some(first) = self.lines.get(&key) {
            let reason = format!("user `{}` is on line {first} already", shortened(&key));
            return Err(RowError::of_row(line, reason));
        }
        self.lines.insert(key, line);
        if found != expected {
            return Err(RowError::of_row(
                line,
                format!("{found} cells, expected {expected} as in the header"),
            ));
        }
        wrong.map_or(Ok(update), Err)
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.reader.read_byte_record(&mut self.record);
        // A record begins after what is left of the line before it, and after empty lines.
        let start = self.record.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let is_end = |byte: &&u8| matches!(**byte, b'\r' | b'\n');
        let ends = self.feed.get(start..).unwrap_or_default().iter().take_while(is_end).count();
        match result {
            Ok(false) => None,
            Ok(true) => {
                let line = self.line_of(start + ends);
                Some(self.read(line).map(|update| Row { line, update }))
            }
            Err(error) => {
                let line = self.line_of(start + ends);
                self.nameless = self.nameless.or(Some(line));
                Some(Err(RowError::of_row(line, error.to_string())))
            }
        }
    }
}

/// At most forty characters, for messages.
pub fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: &str = "\u{feff}id,dept,note,where,state\n\
        ann, Sales ,x,emea,\n\
        bob,,x,,suspended\n\
        ann,IT,x,,\n\
        \"eve\nadams\",IT,x,,gone\n\
        ,IT,x,,\n\
        joe,IT\n\
        \"joe, junior\",\"said \"\"hi\"\"\",,,ACTIVE\n";

    fn mapping() -> Mapping {
        let pairs = [("id", "key"), ("dept", "user.department"), ("where", "site"), ("state", "status")];
        Mapping::from_pairs(pairs).unwrap()
    }

    #[test]
    fn rows_become_updates_and_bad_rows_say_where() {
        let rows = Rows::new(FEED.as_bytes(), &mapping(), Blank::Clear).unwrap();
        assert_eq!(rows.ignored().collect::<Vec<_>>(), ["note"]);
        let (good, bad): (Vec<_>, Vec<_>) = rows.partition(Result::is_ok);
        let good: Vec<Row> = good.into_iter().map(Result::unwrap).collect();
        let bad: Vec<String> = bad.into_iter().map(|error| error.unwrap_err().to_string()).collect();
        let expected = [
            (2, UserUpdate::new("ann").set("department", "Sales").join("emea")),
            (3, UserUpdate::new("bob").clear("department").status(Status::Suspended)),
            (9, UserUpdate::new("joe, junior").set("department", "said \"hi\"").status(Status::Active)),
        ];
        assert_eq!(good.into_iter().map(|row| (row.line, row.update)).collect::<Vec<_>>(), expected);
        assert_eq!(
            bad,
            [
                "line 4: user `ann` is on line 2 already",
                "line 5, column state, value \"gone\": expected active or suspended",
                "line 7: the key is empty",
                "line 8: 2 cells, expected 5 as in the header",
            ]
        );
    }

    #[test]
    fn lines_are_counted_however_they_end() {
        for feed in [
            "id,dept,where,state\nann,IT,,\n\n\nbob,IT,,gone\n",
            "id,dept,where,state\r\nann,IT,,\r\n\r\n\r\nbob,IT,,gone\r\n",
            "id,dept,where,state\rann,IT,,\r\r\rbob,IT,,gone",
        ] {
            let rows: Vec<_> = Rows::new(feed.as_bytes(), &mapping(), Blank::Clear).unwrap().collect();
            assert_eq!(rows[0].as_ref().unwrap().line, 2, "{feed:?}");
            assert_eq!(rows[1].as_ref().unwrap_err().line, 5, "{feed:?}");
        }
    }

    #[test]
    fn a_feed_that_may_hide_people_does_not_say_who_is_absent() {
        let told = |feed: &[u8]| {
            let pairs = [("id", "key"), ("dept", "user.department"), ("title", "user.title")];
            let mut rows = Rows::new(feed, &Mapping::from_pairs(pairs).unwrap(), Blank::Clear).unwrap();
            let bad = rows.by_ref().filter(Result::is_err).count();
            (bad, rows.names_everybody().map_err(|error| error.to_string()))
        };
        let cannot = |why: &str| Err(format!("who is absent cannot be told: {why}"));
        assert_eq!(told(b"id,dept,title\nann,IT,x\n\"bob, jr\",\"a\nb, c\",x\n"), (0, Ok(())));
        assert_eq!(told(b"id,dept,title\n"), (0, cannot("the feed has no rows")));
        let nobody = |line: u64| cannot(&format!("the row on line {line} does not say whom it is about"));
        assert_eq!(told(b"id,dept,title\nann,IT,x\n,IT,x\n"), (1, nobody(3)));
        assert_eq!(told(b"id,dept,title\n\xff,IT,x\n"), (1, nobody(2)));
        let swallowed = b"id,dept,title\nann,IT,x\nbob,\"IT,x\ncy,IT,x\ndee,IT\",x\n";
        assert_eq!(told(swallowed), (1, nobody(3)));
        let open = b"id,dept,title\nann,\"IT,x\n";
        assert_eq!(told(open), (1, cannot("a quote is not closed, and may hide rows")));
    }

    #[test]
    fn blank_cells_can_leave_values_alone() {
        let mut rows = Rows::new(
            b"id,dept\nann,\n",
            &Mapping::from_pairs([("id", "key"), ("dept", "user.d")]).unwrap(),
            Blank::Leave,
        )
        .unwrap();
        assert_eq!(rows.next().unwrap().unwrap().update, UserUpdate::new("ann"));
    }

    #[test]
    fn a_feed_that_does_not_fit_the_mapping_is_refused() {
        let error =
            |feed: &str| Rows::new(feed.as_bytes(), &mapping(), Blank::Clear).unwrap_err().to_string();
        assert_eq!(error("id,dep,where,state\n"), "the feed has no column `dept`, did you mean `dep`?");
        assert_eq!(error("id,dept,dept,where,state\n"), "the feed has column `dept` more than once");
        assert_eq!(error(""), "the feed is empty, expected a header line");
    }

    #[test]
    fn bytes_that_are_not_utf8_spoil_their_row_only() {
        let feed = b"id,dept,where,state\nann,\xff,,\nbob,IT,,\n";
        let rows: Vec<_> = Rows::new(feed, &mapping(), Blank::Clear).unwrap().collect();
        assert_eq!(rows[0].as_ref().unwrap_err().reason, "not UTF-8");
        assert!(rows[1].is_ok());
    }

    #[test]
    fn a_mapping_is_checked() {
        let error =
            |pairs: &[(&str, &str)]| Mapping::from_pairs(pairs.iter().copied()).unwrap_err().to_string();
        assert_eq!(error(&[("id", "user.id")]), "no column is mapped to `key`, expected exactly one");
        assert!(
            error(&[("id", "key"), ("dept", "department")])
                .starts_with("column `dept`: unknown target `department`")
        );
        assert_eq!(
            error(&[("id", "key"), ("nr", "key")]),
            "column `nr` has the same target as another column"
        );
    }
}
