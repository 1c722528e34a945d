//! People from CSV (RFC 4180). Not here: which column means what (`feed`), and what an attribute accepts, which is
//! asked when updates are applied.

use matricula_core::rule::nearest;
use matricula_core::{Error, ErrorKind, UserUpdate};

pub use crate::feed::{Blank, Mapping, Row, RowError, Target, shortened};
use crate::feed::{Seen, absent_unknown, take_text};

/// The rows of a feed. A row that cannot be read comes as an error and does not end the feed.
#[derive(Debug)]
pub struct Rows<'a> {
    reader: csv::Reader<&'a [u8]>,
    record: csv::ByteRecord,
    /// For each column of the feed, its name, what it means, and what an empty cell says.
    columns: Vec<(String, Option<Target>, Blank)>,
    seen: Seen,
    feed: &'a [u8],
    /// How far lines have been counted: the byte and its line.
    counted: (usize, u64),
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
        let column = |name: String| (name.clone(), target(&name), mapping.blank(&name, blank));
        let columns = names.into_iter().map(column).collect();
        let record = csv::ByteRecord::new();
        Ok(Self { reader, record, columns, seen: Seen::default(), feed, counted: (0, 1) })
    }

    /// Whether the feed says whom it is about, so that whoever it does not name is absent. To be asked after
    /// the last row.
    ///
    /// # Errors
    /// `invalid_feed` if it has no rows, a row does not name anybody, or a quote is not closed.
    pub fn names_everybody(&self) -> Result<(), Error> {
        self.seen.everybody().map_err(|why| absent_unknown(&why))?;
        if self.feed.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
            return Err(absent_unknown("a quote is not closed, and may hide rows"));
        }
        Ok(())
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
        self.columns.iter().filter(|(_, target, _)| target.is_none()).map(|(name, ..)| name.as_str())
    }

    /// The keys of the attributes that columns of the feed are mapped to.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter_map(|(_, target, _)| match target {
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
        self.seen.names(key)
    }

    fn read(&mut self, line: u64) -> Result<UserUpdate, RowError> {
        let (found, expected) = (self.record.len(), self.columns.len());
        let mut update = UserUpdate::default();
        update.values.reserve(self.columns.len());
        let mut wrong = None;
        for (index, (name, target, blank)) in self.columns.iter().enumerate() {
            let (Some(target), Some(cell)) = (target, self.record.get(index)) else {
                continue;
            };
            let error = |value: &str, reason: &str| RowError {
                line,
                column: Some(name.clone()),
                value: Some(shortened(value)),
                reason: reason.to_owned(),
            };
            let Ok(cell) = std::str::from_utf8(cell) else {
                wrong = wrong.or(Some(error(&String::from_utf8_lossy(cell), "not UTF-8")));
                continue;
            };
            let cell = cell.trim();
            // A quote that is not closed swallows the rows after it, up to the next quote.
            let many = |line: &str| line.matches(',').count() + 1 >= expected.max(3);
            if cell.contains('\n') && cell.lines().skip(1).any(many) {
                self.seen.nameless(line);
                wrong = wrong.or(Some(error(cell, "looks like several rows: is a quote not closed?")));
                continue;
            }
            if let Err(reason) = take_text(&mut update, target, cell, *blank) {
                wrong = wrong.or(Some(error(cell, reason)));
            }
        }
        self.seen.name(line, &update.key, &mut wrong)?;
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
                self.seen.nameless(line);
                Some(Err(RowError::of_row(line, error.to_string())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use matricula_core::Status;

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
