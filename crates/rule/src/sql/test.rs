//! Tests, and the columns and constants that they compare. Not here: what texts are matched with (`text`), tests of
//! rows in other tables (`rows`), combinations (`write`).

use super::rows::Rows;
use super::write::{Condition, Join, Writer};
use super::{Dialect, Parameter};
use crate::{AttributeId, Comparison, Field, Kind, Operand, Rule, RuleError, RuleErrorKind, Value, fold};

/// A list longer than this is bound as one JSON array.
const LONG_LIST: usize = 1_000;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text { folded: bool },
    Integer,
    Decimal,
    Boolean,
    Date,
    Timestamp,
    Choice,
    User,
    Path,
}

impl Type {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Integer => "an integer",
            Self::Decimal => "a decimal",
            Self::Boolean => "a boolean",
            Self::Date => "a date",
            Self::Timestamp => "a timestamp",
            Self::Choice => "a choice",
            Self::User => "a user",
            Self::Path => "a path",
        }
    }

    /// Whether the database compares it as text.
    fn is_text(self, dialect: Dialect) -> bool {
        match self {
            Self::Text { .. } | Self::Path => true,
            Self::Date => dialect == Dialect::Sqlite,
            _ => false,
        }
    }
}

/// What a test reads.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) sql: String,
    pub(super) of: Type,
}

/// Where the value of a field is.
pub(super) enum Place {
    /// In a column, or a scalar query in its place.
    Here(Column),
    /// In a column of one row of a person; a test is false without it.
    There(Rows, Column),
    /// In a column of one row of a person; a test is unknown without it.
    Perhaps(Rows, Column),
    /// In any number of rows.
    Many(Rows),
}

impl Writer<'_> {
    /// The condition that a test is true, or that it is false.
    pub(super) fn test(&mut self, rule: &Rule, wanted: bool) -> Result<Condition, RuleError> {
        match rule {
            Rule::Has(field) => self.has(*field, wanted),
            Rule::Compare { field, .. }
            | Rule::Between { field, .. }
            | Rule::In { field, .. }
            | Rule::Match { field, .. } => match self.place(*field)? {
                Place::Here(column) => self.of_column(rule, &column, wanted),
                Place::There(rows, column) => {
                    let test = self.of_column(rule, &column, true)?;
                    Ok(self.some(&rows, Some(&test), wanted))
                }
                Place::Perhaps(rows, column) if self.exact => {
                    let test = self.of_column(rule, &column, true)?;
                    let test = self.some(&rows, Some(&test), true);
                    let there = self.some(&rows, Some(&not_null(&column, true)), true);
                    let (yes, no) = if wanted { ("1 = 1", "1 = 0") } else { ("1 = 0", "1 = 1") };
                    Ok(Condition::test(format!(
                        "CASE WHEN {} THEN {yes} WHEN {} THEN {no} END",
                        test.text, there.text
                    )))
                }
                Place::Perhaps(rows, column) => {
                    let test = self.of_column(rule, &column, wanted)?;
                    Ok(self.some(&rows, Some(&test), true))
                }
                Place::Many(_) => Err(wrong_type("a field with one value", "a multi_choice")),
            },
            Rule::Under { attribute, path, itself } => {
                let column = self.one(*attribute)?;
                match column.of {
                    Type::Path => self.under(&column, path, *itself, wanted),
                    other => Err(wrong_type("a path", other.word())),
                }
            }
            Rule::ReportsTo { attribute, user } => self.reports_to(*attribute, *user, wanted),
            Rule::Options { attribute, quantity, options } => {
                self.options(*attribute, *quantity, options, wanted)
            }
            Rule::Size { attribute, comparison, count } => {
                let rows = self.option_rows(*attribute)?;
                Ok(self.counted(&rows, *comparison, *count, wanted))
            }
            Rule::Is(fact) => Ok(self.fact(*fact, wanted)),
            Rule::All(_) | Rule::Any(_) | Rule::Not(_) | Rule::Xor(_) => {
                Err(wrong_type("a test", "a combination"))
            }
        }
    }

    pub(super) fn place(&mut self, field: Field) -> Result<Place, RuleError> {
        let here = |sql: &str, of| Ok(Place::Here(Column { sql: sql.to_owned(), of }));
        match field {
            Field::Attribute(id) => {
                let Some(attribute) = self.schema.get(id) else {
                    let message = format!("unknown attribute {}", id.0);
                    return Err(RuleError::new(RuleErrorKind::UnknownAttribute, message));
                };
                let folded = attribute.ignore_case;
                let of = match attribute.kind {
                    Kind::Text => Type::Text { folded },
                    Kind::Integer => Type::Integer,
                    Kind::Decimal => Type::Decimal,
                    Kind::Boolean => Type::Boolean,
                    Kind::Date => Type::Date,
                    Kind::Timestamp => Type::Timestamp,
                    Kind::Choice { .. } => Type::Choice,
                    Kind::User => Type::User,
                    Kind::Path => Type::Path,
                    Kind::MultiChoice { .. } => {
                        let which = format!("m.attribute_id = {}", self.integer(id.0.into()));
                        return Ok(Place::Many(Rows { table: "user_option", which }));
                    }
                };
                let letter = if of == (Type::Text { folded: true }) { 'f' } else { 'a' };
                here(&format!("u.{letter}{}", id.0), of)
            }
            Field::AccountKey => here("u.key", Type::Text { folded: false }),
            Field::AccountCreated => here("u.created", Type::Timestamp),
            Field::Score(course) => {
                let score = Column { sql: "m.score".to_owned(), of: Type::Decimal };
                Ok(Place::Perhaps(self.of_course("course_record", course), score))
            }
            Field::Completed(course) => {
                let completed = Column { sql: "m.completed".to_owned(), of: Type::Timestamp };
                Ok(Place::There(self.of_course("course_record", course), completed))
            }
            Field::Due(course) => {
                let due = Column { sql: "m.due".to_owned(), of: Type::Date };
                Ok(Place::There(self.of_course("due", course), due))
            }
        }
    }

    /// An attribute that has one value.
    pub(super) fn one(&mut self, attribute: AttributeId) -> Result<Column, RuleError> {
        match self.place(Field::Attribute(attribute))? {
            Place::Here(column) => Ok(column),
            Place::There(..) | Place::Perhaps(..) | Place::Many(_) => {
                Err(wrong_type("a field with one value", "a multi_choice"))
            }
        }
    }

    fn has(&mut self, field: Field, wanted: bool) -> Result<Condition, RuleError> {
        Ok(match self.place(field)? {
            // The shadow is there exactly when the value is.
            Place::Here(column) => not_null(&column, wanted),
            Place::There(rows, column) | Place::Perhaps(rows, column) => {
                self.some(&rows, Some(&not_null(&column, true)), wanted)
            }
            Place::Many(rows) => self.some(&rows, None, wanted),
        })
    }

    /// A test of a value that is in a column.
    fn of_column(&mut self, rule: &Rule, column: &Column, wanted: bool) -> Result<Condition, RuleError> {
        match rule {
            Rule::Compare { comparison, with, .. } => {
                let comparison = if wanted { *comparison } else { comparison.negated() };
                let with = self.operand(column.of, with)?;
                Ok(self.compare(column, comparison, with))
            }
            Rule::Between { from, to, .. } => {
                let (least, below) =
                    if wanted { (Comparison::GreaterOrEqual, true) } else { (Comparison::Less, false) };
                let from = self.operand(column.of, from)?;
                let mut parts = vec![self.compare(column, least, from)];
                match (column.of, to.day(self.asked.today)) {
                    (Type::Timestamp, Some(day)) => {
                        // The whole of the last day is included; a calendar that ends with it has no bound.
                        if let Some(next) = day.succ_opt() {
                            let next = self.start_of(next);
                            let below = if below { Comparison::Less } else { Comparison::GreaterOrEqual };
                            parts.push(self.compare(column, below, next));
                        }
                    }
                    _ => {
                        let below = if below { Comparison::LessOrEqual } else { Comparison::Greater };
                        let to = self.operand(column.of, to)?;
                        parts.push(self.compare(column, below, to));
                    }
                }
                Ok(Condition::joined(parts, if wanted { Join::And } else { Join::Or }))
            }
            Rule::In { values, .. } => {
                let mut list = Vec::with_capacity(values.len());
                for value in values {
                    list.push(self.constant(column.of, &Operand::Value(value.clone()))?);
                }
                self.one_of(column, list, wanted)
            }
            Rule::Match { how, text, .. } => {
                let Type::Text { folded } = column.of else {
                    return Err(wrong_type("text", column.of.word()));
                };
                let text = if folded { fold(text) } else { text.as_ref().into() };
                self.matching(column, *how, &text, wanted)
            }
            _ => Err(wrong_type("a test of a value", "another")),
        }
    }

    /// A column and a value that is written already, compared.
    pub(super) fn compare(&self, column: &Column, comparison: Comparison, with: String) -> Condition {
        let collation = match (column.of.is_text(self.dialect), self.dialect) {
            (false, _) => "",
            (true, Dialect::Sqlite) => " COLLATE BINARY",
            (true, Dialect::Postgres | Dialect::Duckdb) => " COLLATE \"C\"",
        };
        Condition::test(format!("{} {} {with}{collation}", column.sql, sign(comparison)))
    }

    /// The column, with a collation where the database compares it as text.
    pub(super) fn collated(&self, column: &Column) -> String {
        match (column.of.is_text(self.dialect), self.dialect) {
            (false, _) => column.sql.clone(),
            (true, Dialect::Sqlite) => format!("{} COLLATE BINARY", column.sql),
            (true, Dialect::Postgres | Dialect::Duckdb) => format!("{} COLLATE \"C\"", column.sql),
        }
    }

    /// The first moment of a day, bound.
    fn start_of(&mut self, day: chrono::NaiveDate) -> String {
        self.integer((self.asked.start_of)(day).timestamp_millis())
    }

    /// What a column is compared with, as it is stored.
    fn constant(&mut self, of: Type, with: &Operand) -> Result<Parameter, RuleError> {
        if let Some(day) = with.day(self.asked.today) {
            return match of {
                Type::Date => Ok(Parameter::Text(day.to_string())),
                Type::Timestamp => Ok(Parameter::Integer((self.asked.start_of)(day).timestamp_millis())),
                _ => Err(wrong_type(of.word(), "a day")),
            };
        }
        let Operand::Value(value) = with else { return Err(wrong_type(of.word(), "a day")) };
        Ok(match (of, value) {
            (Type::Text { folded: true }, Value::Text(text)) => Parameter::Text(fold(text).into_owned()),
            (Type::Text { folded: false }, Value::Text(text)) | (Type::Path, Value::Path(text)) => {
                Parameter::Text(text.to_string())
            }
            (Type::Integer, Value::Integer(integer)) => Parameter::Integer(*integer),
            (Type::Decimal, Value::Decimal(decimal)) => Parameter::Integer(decimal.millionths()),
            (Type::Timestamp, Value::Timestamp(at)) => Parameter::Integer(at.timestamp_millis()),
            (Type::Choice, Value::Choice(option)) => Parameter::Integer(option.0.into()),
            (Type::User, Value::User(user)) => Parameter::Integer(user.0.into()),
            (Type::Boolean, Value::Boolean(boolean)) => Parameter::Boolean(*boolean),
            (of, other) => return Err(wrong_type(of.word(), word(other))),
        })
    }

    fn operand(&mut self, of: Type, with: &Operand) -> Result<String, RuleError> {
        let constant = self.constant(of, with)?;
        self.bound(of, constant)
    }

    /// A constant, bound, as a value of the column's type.
    fn bound(&mut self, of: Type, constant: Parameter) -> Result<String, RuleError> {
        Ok(match constant {
            Parameter::Text(text) => {
                let text = self.text(&text)?;
                match (of, self.dialect) {
                    (Type::Date, Dialect::Postgres | Dialect::Duckdb) => format!("{text}::date"),
                    _ => text,
                }
            }
            Parameter::Integer(integer) => self.integer(integer),
            Parameter::Boolean(boolean) => self.boolean(boolean),
        })
    }

    /// Whether a column is one of some values.
    pub(super) fn one_of(
        &mut self,
        column: &Column,
        mut values: Vec<Parameter>,
        wanted: bool,
    ) -> Result<Condition, RuleError> {
        let mut seen = std::collections::HashSet::new();
        values.retain(|value| seen.insert(value.clone()));
        if values.is_empty() {
            return Err(RuleError::new(RuleErrorKind::EmptyList, "the list is empty, so nothing is in it"));
        }
        let list = if values.len() > LONG_LIST {
            self.long_list(column.of, &values)?
        } else {
            let values = values.into_iter().map(|value| self.bound(column.of, value));
            values.collect::<Result<Vec<_>, _>>()?.join(", ")
        };
        let sign = if wanted { "IN" } else { "NOT IN" };
        Ok(Condition::test(format!("{} {sign} ({list})", self.collated(column))))
    }

    /// The elements of one JSON array.
    fn long_list(&mut self, of: Type, values: &[Parameter]) -> Result<String, RuleError> {
        // A text that the database cannot hold is refused by itself, rather than within the array.
        let mut json = String::from("[");
        for value in values {
            if json.len() > 1 {
                json.push(',');
            }
            match value {
                Parameter::Text(text) => {
                    self.refuse_nul(text)?;
                    push_json(&mut json, text);
                }
                Parameter::Integer(integer) => json.push_str(&integer.to_string()),
                Parameter::Boolean(boolean) => json.push_str(if *boolean { "true" } else { "false" }),
            }
        }
        json.push(']');
        let json = self.text(&json)?;
        let element = match of {
            Type::Text { .. } | Type::Path => "text",
            Type::Date => "date",
            Type::Boolean => "boolean",
            _ => "bigint",
        };
        Ok(match self.dialect {
            Dialect::Sqlite => format!("SELECT e.value FROM json_each({json}) e"),
            Dialect::Postgres if element == "text" => {
                format!("SELECT e.value FROM json_array_elements_text({json}::json) e (value)")
            }
            Dialect::Postgres => {
                format!("SELECT e.value::{element} FROM json_array_elements_text({json}::json) e (value)")
            }
            Dialect::Duckdb => format!("SELECT unnest(from_json({json}, '[\"{element}\"]'))"),
        })
    }
}

pub(super) fn not_null(column: &Column, wanted: bool) -> Condition {
    Condition::test(format!("{} IS {}NULL", column.sql, if wanted { "NOT " } else { "" }))
}

pub(super) fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "<>",
        other => other.sign(),
    }
}

/// Adds a text to JSON, in quotes.
fn push_json(json: &mut String, text: &str) {
    json.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => json.extend(['\\', char]),
            '\0'..='\u{1f}' => json.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => json.push(char),
        }
    }
    json.push('"');
}

pub(super) fn wrong_type(expected: &str, found: &str) -> RuleError {
    RuleError::mismatch(RuleErrorKind::WrongType, expected, found)
}

fn word(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "text",
        Value::Integer(_) => "an integer",
        Value::Decimal(_) => "a decimal",
        Value::Boolean(_) => "a boolean",
        Value::Date(_) => "a date",
        Value::Timestamp(_) => "a timestamp",
        Value::Choice(_) => "an option",
        Value::Choices(_) => "options",
        Value::User(_) => "a user",
        Value::Path(_) => "a path",
    }
}
