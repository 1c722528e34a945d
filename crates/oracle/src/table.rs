//! A company as rows of the documented tables. Not here: how each engine takes them in.

use matricula_rule::sql::{Dialect, columns};
use matricula_rule::{Fact, Kind, Value, fold};

use crate::company::{Company, Someone};

/// A value in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// None.
    Null,
    /// A number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Yes or no; a number in SQLite.
    Boolean(bool),
    /// A day, as `2026-01-31`.
    Date(String),
}

/// Rows of a table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name, in quotes where it needs them.
    pub name: &'static str,
    /// The columns, with the types that the database knows.
    pub columns: Vec<(String, &'static str)>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// All tables of a company.
pub fn tables(company: &Company, dialect: Dialect) -> Vec<Table> {
    let mut all = vec![users(company, dialect)];
    let mut rows_of =
        |name, keys: &[&str], more: &[(&str, &'static str)], rows: &dyn Fn(&Someone, i64) -> _| {
            let columns = keys.iter().map(|key| ((*key).to_owned(), "bigint"));
            let columns = columns.chain(more.iter().map(|(name, of)| ((*name).to_owned(), *of))).collect();
            let people = company.people.iter().zip(0_i64..);
            let rows: Vec<Vec<Cell>> =
                people.flat_map(|(someone, id)| -> Vec<Vec<Cell>> { rows(someone, id) }).collect();
            all.push(Table { name, columns, rows });
        };
    let int = |number: u32| Cell::Integer(number.into());
    rows_of("user_option", &["user_id", "attribute_id", "option_id"], &[], &|someone, id| {
        let options = someone.values.iter().filter_map(|(attribute, value)| match value {
            Value::Choices(options) => Some(options.iter().map(move |option| (attribute, option))),
            _ => None,
        });
        options
            .flatten()
            .map(|(attribute, option)| vec![Cell::Integer(id), int(attribute.0), int(option.0)])
            .collect()
    });
    rows_of("site_member", &["user_id", "site_id"], &[("status", "text")], &|someone, id| {
        let sites = someone.sites.iter();
        sites.map(|(site, active)| vec![Cell::Integer(id), int(*site), status(*active)]).collect()
    });
    for (name, key, of) in [
        ("segment_row", "segment_id", segment as fn(&Fact) -> Option<u32>),
        ("group_member", "group_id", group),
        ("role_holder", "role_id", role),
    ] {
        rows_of(name, &[key, "user_id"], &[], &|someone, id| {
            someone.facts.iter().filter_map(of).map(|of| vec![int(of), Cell::Integer(id)]).collect()
        });
    }
    rows_of("segment_pin", &["segment_id", "user_id"], &[], &|someone, id| {
        someone.pins.iter().map(|segment| vec![int(*segment), Cell::Integer(id)]).collect()
    });
    rows_of("segment_ban", &["segment_id", "user_id"], &[], &|someone, id| {
        someone.bans.iter().map(|segment| vec![int(*segment), Cell::Integer(id)]).collect()
    });
    let more = [("status", "text"), ("since", "bigint")];
    rows_of("enrolment", &["user_id", "course_id"], &more, &|someone, id| {
        let enrolled = someone.facts.iter().filter_map(enrolled);
        let row = |course| vec![Cell::Integer(id), int(course), status(id % 3 != 0), Cell::Integer(0)];
        enrolled.map(row).collect()
    });
    let more = [("completed", "bigint"), ("score", "bigint")];
    rows_of("course_record", &["user_id", "course_id"], &more, &|someone, id| {
        let records = someone.records.iter().map(|(course, record)| {
            let completed = record.completed.map_or(Cell::Null, |at| Cell::Integer(at.timestamp_millis()));
            vec![Cell::Integer(id), int(*course), completed, record.score.map_or(Cell::Null, Cell::Integer)]
        });
        records.collect()
    });
    let date = if dialect == Dialect::Sqlite { "text" } else { "date" };
    rows_of("due", &["user_id", "course_id"], &[("due", date)], &|someone, id| {
        let due = someone.due.iter();
        due.map(|(course, day)| vec![Cell::Integer(id), int(*course), Cell::Date(day.to_string())]).collect()
    });
    all
}

fn segment(fact: &Fact) -> Option<u32> {
    if let Fact::Segment(id) = fact { Some(id.0) } else { None }
}

fn group(fact: &Fact) -> Option<u32> {
    if let Fact::Group(_, id) = fact { Some(id.0) } else { None }
}

fn role(fact: &Fact) -> Option<u32> {
    if let Fact::Role(id) = fact { Some(id.0) } else { None }
}

fn enrolled(fact: &Fact) -> Option<u32> {
    if let Fact::Enrolled(id) = fact { Some(id.0) } else { None }
}

fn status(active: bool) -> Cell {
    Cell::Text(if active { "active" } else { "suspended" }.to_owned())
}

fn users(company: &Company, dialect: Dialect) -> Table {
    let attributes = company.schema.attributes();
    let fixed = [("id", "bigint"), ("key", "text"), ("status", "text"), ("created", "bigint")];
    let mut all: Vec<(String, &'static str)> = fixed.map(|(name, of)| (name.to_owned(), of)).to_vec();
    for attribute in attributes {
        all.extend(columns(attribute, dialect).into_iter().map(|column| (column.name, column.of)));
    }
    let rows = company.people.iter().zip(0_i64..).map(|(someone, id)| {
        let mut row = vec![
            Cell::Integer(id),
            Cell::Text(someone.key.clone()),
            status(someone.active),
            Cell::Integer(someone.created.timestamp_millis()),
        ];
        for attribute in
            attributes.iter().filter(|attribute| !matches!(attribute.kind, Kind::MultiChoice { .. }))
        {
            let value = someone.values.get(&attribute.id);
            for column in columns(attribute, dialect) {
                row.push(value.map_or(Cell::Null, |value| cell(value, column.folded)));
            }
        }
        row
    });
    Table { name: "\"user\"", columns: all, rows: rows.collect() }
}

fn cell(value: &Value, folded: bool) -> Cell {
    match value {
        Value::Text(text) if folded => Cell::Text(fold(text).into_owned()),
        Value::Text(text) | Value::Path(text) => Cell::Text(text.to_string()),
        Value::Integer(integer) => Cell::Integer(*integer),
        Value::Decimal(decimal) => Cell::Integer(decimal.millionths()),
        Value::Boolean(boolean) => Cell::Boolean(*boolean),
        Value::Date(day) => Cell::Date(day.to_string()),
        Value::Timestamp(at) => Cell::Integer(at.timestamp_millis()),
        Value::Choice(option) => Cell::Integer(option.0.into()),
        Value::User(user) => Cell::Integer(user.0.into()),
        // Rows of another table.
        Value::Choices(_) => Cell::Null,
    }
}
