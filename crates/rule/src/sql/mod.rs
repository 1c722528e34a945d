//! A rule as a condition in SQL, for databases that hold the same people: SQLite, PostgreSQL and DuckDB give the
//! answers of [`evaluate`](crate::evaluate). Here: what is asked for, and what comes out. Not here: how combinations
//! (`write`), tests (`test`, `text`, `rows`) and tables (`tables`) are written; running any of it, which is up to the host.

mod rows;
mod tables;
mod test;
mod text;
mod write;

use chrono::{DateTime, NaiveDate, Utc};

use crate::{Names, Rule, RuleError, SegmentId, SiteId};

pub use tables::{Column, columns, tables};

/// Whose SQL is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite, 3.38 or later, with a database in UTF-8.
    Sqlite,
    /// PostgreSQL, 12 or later, with a database in UTF-8.
    Postgres,
    /// DuckDB, 1.0 or later.
    Duckdb,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Duckdb];

    /// The name, as people write it in code: `postgres`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Duckdb => "duckdb",
        }
    }
}

/// The day and place for which a rule is answered. Relative days and local midnights become constants, so SQL is
/// good for that day only.
pub struct Asked<'a> {
    /// The calendar day, where the rule's site is.
    pub today: NaiveDate,
    /// The first moment of a calendar day, where the rule's site is.
    pub start_of: &'a dyn Fn(NaiveDate) -> DateTime<Utc>,
}

impl<'a> Asked<'a> {
    /// On this day, in a place that keeps this clock.
    pub fn new(today: NaiveDate, start_of: &'a dyn Fn(NaiveDate) -> DateTime<Utc>) -> Self {
        Self { today, start_of }
    }

    /// On this day, by UTC.
    pub fn utc(today: NaiveDate) -> Asked<'static> {
        Asked { today, start_of: &|day| day.and_time(chrono::NaiveTime::MIN).and_utc() }
    }
}

/// SQL with its parameters. The first is `?1` in SQLite and `$1` elsewhere; one may be used several times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sql {
    /// The text. No value from a rule is part of it.
    pub text: String,
    /// The values to bind, in order.
    pub parameters: Vec<Parameter>,
}

/// A value to bind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// Text; also a day, `2026-01-31`, and a long list, as a JSON array.
    Text(String),
    /// A 64-bit integer; also an instant in milliseconds since 1970, a decimal in millionths, and every id.
    Integer(i64),
    /// Yes or no; never in SQLite, where it is an integer.
    Boolean(bool),
}

/// Who is looked for: the members of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a> {
    /// Who belongs to it; without a rule, only those pinned do.
    pub rule: Option<&'a Rule>,
    /// Whose members; `None` for those of any site.
    pub site: Option<SiteId>,
    /// The segment whose pins and bans count; `None` if it has neither.
    pub segment: Option<SegmentId>,
}

/// A condition on the row `u` of the table `user` that is true for the people for whom the rule is true. For the
/// others it is false or, where the rule is unknown, null.
///
/// ```
/// use chrono::NaiveDate;
/// use matricula_rule::sql::{Asked, Dialect, Parameter, emit};
/// use matricula_rule::{Attribute, AttributeId, Comparison, Kind, Operand, Rule, Schema, Value};
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "country", Kind::Text));
/// let rule = Rule::Not(Box::new(Rule::Compare {
///     field: AttributeId(0).into(),
///     comparison: Comparison::Equal,
///     with: Operand::Value(Value::text("ZA")),
/// }));
///
/// let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
/// let sql = emit(&rule, &schema, &Asked::utc(today), Dialect::Sqlite)?;
/// assert_eq!(sql.text, "u.a0 <> ?1 COLLATE BINARY");
/// assert_eq!(sql.parameters, [Parameter::Text("ZA".into())]);
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
///
/// # Errors
///
/// `not_supported` if the database cannot hold a constant of the rule or cannot be asked for it exactly: see the
/// chapter on SQL of the documentation. `unknown_attribute` and `wrong_type` if the rule is not one that
/// [`validate`](crate::validate()) accepts.
pub fn emit(rule: &Rule, names: &dyn Names, asked: &Asked<'_>, dialect: Dialect) -> Result<Sql, RuleError> {
    let mut writer = write::Writer::new(names.schema(), asked, dialect);
    let condition = writer.condition(rule)?;
    writer.finish(condition.text)
}

/// A query for the ids of a segment's members: active people with an active membership of the site, for whom the
/// rule is true or who are pinned, and who are not banned. In no particular order.
///
/// ```
/// use chrono::NaiveDate;
/// use matricula_rule::sql::{Asked, Dialect, Members, members};
/// use matricula_rule::{Attribute, AttributeId, Field, Kind, Rule, Schema, SegmentId, SiteId};
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "country", Kind::Text));
/// let rule = Rule::Has(Field::Attribute(AttributeId(0)));
///
/// let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
/// let segment = Members { rule: Some(&rule), site: Some(SiteId(0)), segment: Some(SegmentId(3)) };
/// let sql = members(&segment, &schema, &Asked::utc(today), Dialect::Postgres)?;
/// assert!(sql.text.starts_with(r#"SELECT u.id FROM "user" u WHERE u.status = 'active' AND "#));
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
///
/// # Errors
///
/// As [`emit`].
pub fn members(
    of: &Members<'_>,
    names: &dyn Names,
    asked: &Asked<'_>,
    dialect: Dialect,
) -> Result<Sql, RuleError> {
    let mut writer = write::Writer::new(names.schema(), asked, dialect);
    let text = writer.members(of)?;
    writer.finish(text)
}
