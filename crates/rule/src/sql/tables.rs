//! The tables that the SQL of rules reads, for databases that have none yet. Not here: the tables of a registry's
//! own store, which has these and more.

use std::fmt::Write;

use super::Dialect;
use crate::{Attribute, Kind, Schema};

/// A column of the table `user`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, with its collation where there is a choice.
    pub of: &'static str,
    /// Whether it has the text as [`fold`](crate::fold()) makes it, beside the column with the text itself.
    pub folded: bool,
}

/// The columns of an attribute in the table `user`: `a` and its number and, where case is ignored, `f` and its
/// number. None for a multi-choice, whose options are rows of `user_option`.
///
/// ```
/// use matricula_rule::sql::{Dialect, columns};
/// use matricula_rule::{Attribute, AttributeId, Kind};
///
/// let hired_on = Attribute::new(AttributeId(3), "hired_on", Kind::Date);
/// let columns = columns(&hired_on, Dialect::Postgres);
/// assert_eq!((columns[0].name.as_str(), columns[0].of), ("a3", "date"));
/// ```
pub fn columns(attribute: &Attribute, dialect: Dialect) -> Vec<Column> {
    let types = Types::of(dialect);
    let of = match attribute.kind {
        Kind::Text | Kind::Path => types.text,
        Kind::Integer | Kind::Decimal | Kind::Timestamp | Kind::Choice { .. } | Kind::User => types.integer,
        Kind::Boolean => types.boolean,
        Kind::Date => types.date,
        Kind::MultiChoice { .. } => return Vec::new(),
    };
    let id = attribute.id.0;
    let mut columns = vec![Column { name: format!("a{id}"), of, folded: false }];
    if attribute.kind == Kind::Text && attribute.ignore_case {
        columns.push(Column { name: format!("f{id}"), of, folded: true });
    }
    columns
}

/// The statements that make all the tables that conditions read, and the indexes that they use. Indexes on
/// attributes are for whoever knows which are asked for.
pub fn tables(schema: &Schema, dialect: Dialect) -> String {
    let Types { text, integer, date, strict, rowless, .. } = Types::of(dialect);
    let mut user = format!(
        "CREATE TABLE \"user\" (\n    id {} PRIMARY KEY,\n    key {text} NOT NULL UNIQUE,\n    \
         status {text} NOT NULL,\n    created {integer} NOT NULL",
        if dialect == Dialect::Sqlite { "INTEGER" } else { integer }
    );
    for column in schema.live().flat_map(|attribute| columns(attribute, dialect)) {
        // Writing to a string does not fail.
        let _ = write!(user, ",\n    {} {}", column.name, column.of);
    }
    let mut all = format!("{user}\n){strict};\n");
    let mut table = |name: &str, keys: [&str; 2], first: Option<&str>, more: &[(&str, &str)]| {
        let _ = writeln!(all, "CREATE TABLE {name} (");
        for column in keys.iter().chain(&first) {
            let _ = writeln!(all, "    {column} {integer} NOT NULL,");
        }
        for (column, of) in more {
            let _ = writeln!(all, "    {column} {of},");
        }
        let key = keys.into_iter().chain(first).collect::<Vec<_>>().join(", ");
        let _ = write!(all, "    PRIMARY KEY ({key})\n){rowless};\n");
    };
    let status = format!("{text} NOT NULL");
    let since = format!("{integer} NOT NULL");
    let due = format!("{date} NOT NULL");
    table("user_option", ["user_id", "attribute_id"], Some("option_id"), &[]);
    table("site_member", ["user_id", "site_id"], None, &[("status", &status)]);
    table("segment_row", ["segment_id", "user_id"], None, &[]);
    table("segment_pin", ["segment_id", "user_id"], None, &[]);
    table("segment_ban", ["segment_id", "user_id"], None, &[]);
    table("group_member", ["group_id", "user_id"], None, &[]);
    table("role_holder", ["role_id", "user_id"], None, &[]);
    table("enrolment", ["user_id", "course_id"], None, &[("status", &status), ("since", &since)]);
    table("course_record", ["user_id", "course_id"], None, &[("completed", integer), ("score", integer)]);
    table("due", ["user_id", "course_id"], None, &[("due", &due)]);
    all.push_str(
        "CREATE INDEX user_option_by_option ON user_option (attribute_id, option_id);\n\
         CREATE INDEX site_member_by_site ON site_member (site_id);\n\
         CREATE INDEX enrolment_by_course ON enrolment (course_id);\n\
         CREATE INDEX course_record_by_course ON course_record (course_id);\n\
         CREATE INDEX due_by_course ON due (course_id);\n",
    );
    all
}

struct Types {
    text: &'static str,
    integer: &'static str,
    boolean: &'static str,
    date: &'static str,
    strict: &'static str,
    rowless: &'static str,
}

impl Types {
    fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => Self {
                text: "TEXT",
                integer: "INTEGER",
                boolean: "INTEGER",
                date: "TEXT",
                strict: " STRICT",
                rowless: " STRICT, WITHOUT ROWID",
            },
            Dialect::Postgres => Self {
                text: "text COLLATE \"C\"",
                integer: "bigint",
                boolean: "boolean",
                date: "date",
                strict: "",
                rowless: "",
            },
            Dialect::Duckdb => Self {
                text: "text",
                integer: "bigint",
                boolean: "boolean",
                date: "date",
                strict: "",
                rowless: "",
            },
        }
    }
}
