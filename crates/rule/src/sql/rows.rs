//! Tests of rows in other tables: options, facts, records of courses, and the line of managers. Not here: tests of what
//! is in a column (`test`).

use super::test::{Column, Place, Type, sign, wrong_type};
use super::write::{Condition, Join, Writer};
use super::{Dialect, Parameter};
use crate::{AttributeId, Comparison, CourseId, Fact, Field, OptionId, Quantity, RuleError, UserId};

/// A table with rows `m` of people, and which of its rows are meant.
pub(super) struct Rows {
    pub(super) table: &'static str,
    pub(super) which: String,
}

impl Writer<'_> {
    /// What is known of people in a course.
    pub(super) fn of_course(&mut self, table: &'static str, course: CourseId) -> Rows {
        Rows { table, which: format!("m.course_id = {}", self.integer(course.0.into())) }
    }

    /// Whether following an attribute leads to a user.
    pub(super) fn reports_to(
        &mut self,
        attribute: AttributeId,
        user: UserId,
        wanted: bool,
    ) -> Result<Condition, RuleError> {
        let column = self.one(attribute)?;
        if column.of != Type::User {
            return Err(wrong_type("a user", column.of.word()));
        }
        let user = self.integer(user.0.into());
        let sign = if wanted { "IN" } else { "NOT IN" };
        let up = format!("a{}", attribute.0);
        // Who is that user, or reports to them. `UNION` leaves out who is there already, so that a cycle ends.
        Ok(Condition::test(format!(
            "{} {sign} (WITH RECURSIVE line (id) AS (SELECT {user} UNION SELECT w.id FROM \"user\" w \
             JOIN line l ON w.{up} = l.id) SELECT l.id FROM line l)",
            column.sql,
        )))
    }

    /// The rows of an attribute's options.
    pub(super) fn option_rows(&mut self, attribute: AttributeId) -> Result<Rows, RuleError> {
        match self.place(Field::Attribute(attribute))? {
            Place::Many(rows) => Ok(rows),
            Place::Here(column) | Place::There(_, column) | Place::Perhaps(_, column) => {
                Err(wrong_type("a multi_choice", column.of.word()))
            }
        }
    }

    /// How many of some options the person has.
    pub(super) fn options(
        &mut self,
        attribute: AttributeId,
        quantity: Quantity,
        options: &[OptionId],
        wanted: bool,
    ) -> Result<Condition, RuleError> {
        let mut rows = self.option_rows(attribute)?;
        let option = Column { sql: "m.option_id".to_owned(), of: Type::Choice };
        let list = options.iter().map(|option| Parameter::Integer(option.0.into())).collect();
        let among = self.one_of(&option, list, true)?;
        rows.which = format!("{} AND {}", rows.which, among.text);
        let of = u32::try_from(options.len()).unwrap_or(u32::MAX);
        let (comparison, count) = match quantity {
            Quantity::Any => (Comparison::GreaterOrEqual, 1),
            Quantity::None => (Comparison::Less, 1),
            Quantity::All => (Comparison::Equal, of),
            Quantity::AtLeast(least) => (Comparison::GreaterOrEqual, least),
            Quantity::AtMost(most) => (Comparison::LessOrEqual, most),
            Quantity::Exactly(exactly) => (Comparison::Equal, exactly),
        };
        Ok(self.counted(&rows, comparison, count, wanted))
    }

    /// Whether a fact holds.
    pub(super) fn fact(&mut self, fact: Fact, wanted: bool) -> Condition {
        let (table, column, id) = match fact {
            Fact::Segment(segment) => ("segment_row", "segment_id", segment.0),
            Fact::Site(site) => ("site_member", "site_id", site.0),
            Fact::Group(_, group) => ("group_member", "group_id", group.0),
            Fact::Role(role) => ("role_holder", "role_id", role.0),
            Fact::Enrolled(course) => ("enrolment", "course_id", course.0),
        };
        let mut which = format!("m.{column} = {}", self.integer(id.into()));
        if matches!(fact, Fact::Site(_)) {
            which.push_str(" AND m.status = 'active'");
        }
        self.some(&Rows { table, which }, None, wanted)
    }

    /// Whether the person has a row that passes a test. Never null.
    ///
    /// Each database has its own best way. PostgreSQL plans `EXISTS` as it does a join, and falls back on an index
    /// rather than on reading all rows for each person. DuckDB plans `IN` as a join, but takes ever longer over
    /// queries about the outer row. SQLite begins with what `IN` finds, and looks each person up for `NOT EXISTS`.
    pub(super) fn some(
        &self,
        Rows { table, which }: &Rows,
        test: Option<&Condition>,
        wanted: bool,
    ) -> Condition {
        let test = match test {
            None => String::new(),
            Some(Condition { text, join: Join::Or }) => format!(" AND ({text})"),
            Some(Condition { text, .. }) => format!(" AND {text}"),
        };
        let not = if wanted { "" } else { "NOT " };
        let rows = format!("FROM {table} m WHERE {which}{test}");
        Condition::test(match (self.dialect, wanted) {
            (Dialect::Postgres, _) | (Dialect::Sqlite, false) => {
                format!("{not}EXISTS (SELECT 1 {rows} AND m.user_id = u.id)")
            }
            (Dialect::Duckdb, _) | (Dialect::Sqlite, true) => {
                format!("u.id {not}IN (SELECT m.user_id {rows})")
            }
        })
    }

    /// Whether the number of the person's rows compares in a way with another. Never null.
    pub(super) fn counted(
        &mut self,
        rows: &Rows,
        comparison: Comparison,
        count: u32,
        wanted: bool,
    ) -> Condition {
        let comparison = if wanted { comparison } else { comparison.negated() };
        match (comparison, count) {
            (Comparison::GreaterOrEqual, 1) | (Comparison::Greater, 0) => return self.some(rows, None, true),
            (Comparison::Less, 1) | (Comparison::LessOrEqual, 0) => return self.some(rows, None, false),
            _ => {}
        }
        let number = self.integer(count.into());
        let Rows { table, which } = rows;
        Condition::test(match self.dialect {
            Dialect::Sqlite | Dialect::Postgres => format!(
                "(SELECT count(*) FROM {table} m WHERE {which} AND m.user_id = u.id) {} {number}",
                sign(comparison)
            ),
            Dialect::Duckdb => {
                // Who has no row is in no group: found as those who are not among the others.
                let none = comparison.holds(0.cmp(&count));
                let (not, having) = if none { ("NOT ", comparison.negated()) } else { ("", comparison) };
                format!(
                    "u.id {not}IN (SELECT m.user_id FROM {table} m WHERE {which} GROUP BY m.user_id \
                     HAVING count(*) {} {number})",
                    sign(having)
                )
            }
        })
    }
}
