//! People from newline-delimited JSON: an object on each line, whose members are what columns are in CSV. Not here:
//! which member means what (`feed`), and what an attribute accepts, which is asked when updates are applied.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use matricula_core::rule::nearest;
use matricula_core::{Decimal, Error, ErrorKind, Input, UserUpdate};
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::Value as Json;

use crate::feed::{
    Blank, Mapping, Row, RowError, Seen, Target, absent_unknown, shortened, take_blank, take_text,
};

/// The rows of a feed. A row that cannot be read comes as an error and does not end the feed.
///
/// ```
/// use matricula_interop::{Blank, Mapping, ndjson::Rows};
///
/// let mapping = Mapping::from_pairs([("id", "key"), ("level", "user.level")])?;
/// let feed = br#"{"id": "ann", "level": 3}
/// {"id": 17, "level": null}"#;
/// let rows: Vec<_> = Rows::new(feed, &mapping, Blank::Clear).collect::<Result<_, _>>().unwrap();
/// assert_eq!((rows[0].line, rows[1].update.key.as_str()), (1, "17"));
/// # Ok::<(), matricula_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Rows<'a> {
    feed: &'a [u8],
    /// The byte up to which it has been read, and how many lines that were.
    place: usize,
    line: u64,
    columns: Vec<Column>,
    /// The members that are not mapped.
    others: BTreeSet<String>,
    seen: Seen,
}

#[derive(Debug)]
struct Column {
    name: String,
    target: Target,
    blank: Blank,
    /// Whether a row had it.
    there: bool,
}

impl<'a> Rows<'a> {
    /// Begins to read a feed.
    pub fn new(feed: &'a [u8], mapping: &Mapping, blank: Blank) -> Self {
        let feed = feed.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(feed);
        let column = |(name, target): &(String, Target)| Column {
            name: name.clone(),
            target: target.clone(),
            blank: mapping.blank(name, blank),
            there: false,
        };
        let columns = mapping.columns.iter().map(column).collect();
        Self { feed, place: 0, line: 0, columns, others: BTreeSet::new(), seen: Seen::default() }
    }

    /// The members that the mapping leaves alone, of the rows so far.
    pub fn ignored(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(String::as_str)
    }

    /// The keys of the attributes that members are mapped to.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter_map(|column| match &column.target {
            Target::Attribute(key) => Some(&**key),
            _ => None,
        })
    }

    /// The byte up to which the feed has been read.
    pub fn position(&self) -> u64 {
        self.place as u64
    }

    /// Whether the feed has named a key so far, in rows that are right and in rows that are not.
    pub fn names(&self, key: &str) -> bool {
        self.seen.names(key)
    }

    /// Whether each member that is mapped was there in some row. To be asked after the last one.
    ///
    /// # Errors
    /// `invalid_feed` if one was not, or there is no row.
    pub fn has_columns(&self) -> Result<(), Error> {
        let invalid = |message: String| Err(Error::new(ErrorKind::InvalidFeed, message));
        let Some(missing) = self.columns.iter().find(|column| !column.there) else { return Ok(()) };
        if self.line == 0 || self.columns.iter().all(|column| !column.there) && self.others.is_empty() {
            return invalid("the feed has no objects, expected one on each line".to_owned());
        }
        let near = nearest(&missing.name, self.others.iter().map(String::as_str));
        let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
        invalid(format!("no line of the feed has `{}`{hint}", missing.name))
    }

    /// Whether the feed says whom it is about, so that whoever it does not name is absent. To be asked after
    /// the last row.
    ///
    /// # Errors
    /// `invalid_feed` if it has no rows, or a row does not name anybody.
    pub fn names_everybody(&self) -> Result<(), Error> {
        self.seen.everybody().map_err(|why| absent_unknown(&why))
    }

    fn read(&mut self, line: u64, text: &[u8]) -> Result<UserUpdate, RowError> {
        let members = std::str::from_utf8(text).map_err(|_| "not UTF-8".to_owned()).and_then(members);
        let members = match members {
            Ok(members) => members,
            Err(reason) => {
                self.seen.nameless(line);
                return Err(RowError::of_row(line, reason));
            }
        };
        let mut update = UserUpdate::default();
        let mut wrong: Option<RowError> = None;
        let mut given: BTreeSet<&str> = BTreeSet::new();
        for (name, value) in &members {
            if !given.insert(name) {
                // Of two keys it cannot be said which is meant.
                if self.columns.iter().any(|column| column.name == *name && column.target == Target::Key) {
                    self.seen.nameless(line);
                }
                wrong = wrong.or(Some(RowError {
                    line,
                    column: Some(shortened(name)),
                    value: None,
                    reason: "it is there twice".to_owned(),
                }));
            }
            let Some(column) = self.columns.iter_mut().find(|column| column.name == *name) else {
                if !self.others.contains(name) {
                    self.others.insert(name.clone());
                }
                continue;
            };
            column.there = true;
            if let Err(reason) = take(&mut update, &column.target, value, column.blank) {
                let column = Some(column.name.clone());
                let value = Some(shortened(&match value {
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                }));
                wrong = wrong.or(Some(RowError { line, column, value, reason: reason.to_owned() }));
            }
        }
        self.seen.name(line, &update.key, &mut wrong)?;
        wrong.map_or(Ok(update), Err)
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.feed.get(self.place..).filter(|rest| !rest.is_empty())?;
            let length = rest.iter().position(|byte| *byte == b'\n');
            let text = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default().trim_ascii();
            self.place += length.map_or(rest.len(), |length| length + 1);
            self.line += 1;
            if !text.is_empty() {
                let line = self.line;
                return Some(self.read(line, text).map(|update| Row { line, update }));
            }
        }
    }
}

/// What a member says of a target, put into an update.
fn take(update: &mut UserUpdate, target: &Target, value: &Json, blank: Blank) -> Result<(), &'static str> {
    let attribute = match (target, value) {
        (_, Json::String(text)) => return take_text(update, target, text.trim(), blank),
        (Target::Attribute(attribute), _) => attribute,
        (_, Json::Null) => return Ok(()),
        (Target::Key, Json::Number(number)) if number.is_i64() || number.is_u64() => {
            update.key = number.to_string();
            return Ok(());
        }
        (Target::Key, _) => return Err("expected text or a whole number"),
        (Target::Status, _) => return Err("expected active or suspended"),
        (Target::Site, _) => return Err("expected text"),
    };
    let mut put = |input: Input| update.values.push((Arc::clone(attribute), Some(input)));
    match value {
        Json::Null => take_blank(update, attribute, blank),
        Json::Bool(value) => put(Input::Boolean(*value)),
        Json::Number(number) => put(match number.as_i64() {
            Some(number) => Input::Integer(number),
            None => {
                let text = number.to_string();
                text.parse::<Decimal>().map_or(Input::Text(text), Input::Decimal)
            }
        }),
        Json::Array(elements) => {
            let text = |element: &Json| element.as_str().map(|text| text.trim().to_owned());
            let texts: Option<Vec<String>> = elements.iter().map(text).collect();
            put(Input::List(texts.ok_or("expected a list of texts")?));
        }
        Json::Object(_) => return Err("expected text, a number, true or false, or a list of texts"),
        Json::String(_) => {}
    }
    Ok(())
}

/// The members of an object, in order, also where two have the same name.
fn members(text: &str) -> Result<Vec<(String, Json)>, String> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(Members);
    members.and_then(|members| deserializer.end().map(|()| members)).map_err(|error| {
        let said = error.to_string();
        let what = said.split(" at line ").next().unwrap_or_default();
        format!("no JSON object: {what} at column {}", error.column())
    })
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, Json)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use matricula_core::Status;

    use super::*;

    fn mapping() -> Mapping {
        let pairs =
            [("id", "key"), ("dept", "user.department"), ("langs", "user.langs"), ("state", "status")];
        Mapping::from_pairs(pairs).unwrap().with_blank("langs", Blank::Leave).unwrap()
    }

    fn told(feed: &[u8]) -> Vec<String> {
        let rows = Rows::new(feed, &mapping(), Blank::Clear);
        rows.filter_map(Result::err).map(|error| error.to_string()).collect()
    }

    #[test]
    fn members_become_values_and_blanks_are_taken_as_their_column_says() {
        let feed =
            br#"{"id": " ann ", "dept": "Sales", "langs": ["de", " en "], "state": "SUSPENDED", "more": {}}

{"dept": null, "id": 7, "langs": ""}"#;
        let mut rows = Rows::new(feed, &mapping(), Blank::Clear);
        let first = rows.next().unwrap().unwrap();
        let langs = Input::List(vec!["de".to_owned(), "en".to_owned()]);
        let ann = UserUpdate::new("ann").set("department", "Sales").set("langs", langs);
        assert_eq!((first.line, first.update), (1, ann.status(Status::Suspended)));
        let second = rows.next().unwrap().unwrap();
        assert_eq!((second.line, second.update), (3, UserUpdate::new("7").clear("department")));
        assert!(rows.next().is_none());
        assert_eq!(rows.ignored().collect::<Vec<_>>(), ["more"]);
        assert_eq!(rows.position(), feed.len() as u64);
        assert!(rows.has_columns().is_ok() && rows.names_everybody().is_ok());
    }

    #[test]
    fn of_two_keys_on_a_line_it_cannot_be_said_which_is_meant() {
        let feed = b"{\"id\": \"c\", \"id\": \"d\"}\n{\"id\": \"e\", \"dept\": \"x\", \"dept\": \"y\"}";
        let mut rows = Rows::new(feed, &mapping(), Blank::Clear);
        assert!(rows.next().unwrap().is_err());
        let error = rows.names_everybody().unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");
        let second = feed.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let mut rows = Rows::new(&feed[second..], &mapping(), Blank::Clear);
        assert!(rows.next().unwrap().is_err());
        assert!(rows.names_everybody().is_ok(), "the person is named all the same");
    }

    #[test]
    fn each_line_that_is_wrong_says_where_and_why() {
        let feed = b"{\"id\": \"a\", \"dept\": {\"name\": \"x\"}}\n[1]\n{\"id\": \"b\",}\n{\"id\": 1.5}\n\
            {\"id\": \"a\"}\n{\"id\": \"c\", \"id\": \"d\"}\n{\"dept\": \"x\"}\n{\"id\": \"e\", \"state\": 1}\n\xFF\n\
            {\"id\": \"f\", \"langs\": [1]}\n{\"id\": \"g\"} x";
        assert_eq!(
            told(feed),
            [
                r#"line 1, column dept, value "{"name":"x"}": expected text, a number, true or false, or a list of texts"#,
                "line 2: no JSON object: invalid type: sequence, expected an object at column 0",
                "line 3: no JSON object: trailing comma at column 12",
                r#"line 4, column id, value "1.5": expected text or a whole number"#,
                "line 5: user `a` is on line 1 already",
                "line 6, column id: it is there twice",
                "line 7: the key is empty",
                r#"line 8, column state, value "1": expected active or suspended"#,
                "line 9: not UTF-8",
                r#"line 10, column langs, value "[1]": expected a list of texts"#,
                "line 11: no JSON object: trailing characters at column 13",
            ]
        );
    }

    #[test]
    fn a_member_that_no_line_has_is_missed_at_the_end() {
        let missed = |feed: &[u8]| {
            let mut rows = Rows::new(feed, &mapping(), Blank::Clear);
            rows.by_ref().for_each(drop);
            rows.has_columns().unwrap_err().to_string()
        };
        assert_eq!(missed(b"\n \n"), "the feed has no objects, expected one on each line");
        assert_eq!(
            missed(b"{\"id\": \"a\", \"depts\": 1, \"langs\": null}"),
            "no line of the feed has `dept`, did you mean `depts`?"
        );
    }
}
