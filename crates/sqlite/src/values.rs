//! Values of attributes as cells of the table of users, there and back. A multi-choice has no cell; its options are
//! rows.

use std::borrow::Cow;

use chrono::NaiveDate;
use matricula_core::rule::{Kind, MAX_INTEGER, OptionId, Value, fold, path};
use matricula_core::{Decimal, Instant, UserId};
use rusqlite::types::{ToSqlOutput, ValueRef};

/// The type of the column of an attribute; `None` for a multi-choice.
pub(crate) fn type_of(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Text | Kind::Path | Kind::Date => Some("TEXT"),
        Kind::Integer
        | Kind::Decimal
        | Kind::Boolean
        | Kind::Timestamp
        | Kind::Choice { .. }
        | Kind::User => Some("INTEGER"),
        Kind::MultiChoice { .. } => None,
    }
}

pub(crate) const NULL: ToSqlOutput<'_> = ToSqlOutput::Borrowed(ValueRef::Null);

pub(crate) fn text(text: &str) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
}

/// The cell of a value, or of none.
pub(crate) fn cell(value: Option<&Value>) -> ToSqlOutput<'_> {
    match value {
        None | Some(Value::Choices(_)) => NULL,
        Some(Value::Text(plain) | Value::Path(plain)) => text(plain),
        Some(Value::Integer(number)) => (*number).into(),
        Some(Value::Decimal(number)) => number.millionths().into(),
        Some(Value::Boolean(value)) => (*value).into(),
        Some(Value::Date(date)) => date.to_string().into(),
        Some(Value::Timestamp(at)) => at.timestamp_millis().into(),
        Some(Value::Choice(option)) => option.0.into(),
        Some(Value::User(user)) => user.0.into(),
    }
}

/// The cell of a text as it is compared where case is ignored.
pub(crate) fn folded_cell(value: Option<&Value>) -> ToSqlOutput<'_> {
    match value {
        Some(Value::Text(plain)) => match fold(plain) {
            Cow::Borrowed(folded) => text(folded),
            Cow::Owned(folded) => folded.into(),
        },
        _ => NULL,
    }
}

/// The text of [`folded_cell`].
pub(crate) fn folded(value: Option<&Value>) -> Option<String> {
    match value {
        Some(Value::Text(plain)) => Some(fold(plain).into_owned()),
        _ => None,
    }
}

/// The value of a cell: none, one, or one that cannot be, where there are so many people.
pub(crate) fn value(cell: ValueRef<'_>, kind: &Kind, people: u32) -> Option<Option<Value>> {
    let text = || cell.as_str().ok();
    let number = || cell.as_i64().ok();
    let value = match kind {
        _ if cell == ValueRef::Null => return None,
        Kind::Text => text().map(|text| Value::Text(text.into())),
        Kind::Path => {
            text().filter(|text| path(text).as_deref() == Some(text)).map(|it| Value::Path(it.into()))
        }
        Kind::Date => {
            text().and_then(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).map(Value::Date)
        }
        Kind::Integer => {
            number().filter(|number| number.abs_diff(0) <= MAX_INTEGER.abs_diff(0)).map(Value::Integer)
        }
        Kind::Decimal => number().and_then(Decimal::from_millionths).map(Value::Decimal),
        Kind::Boolean => number().filter(|number| (0..=1).contains(number)).map(|it| Value::Boolean(it == 1)),
        Kind::Timestamp => number()
            .and_then(|millis| Instant::from_millis(millis).ok())
            .map(|instant| Value::Timestamp(instant.to_utc())),
        Kind::Choice { options } => {
            let option = number().and_then(|option| u32::try_from(option).ok()).map(OptionId);
            option.filter(|option| options.get(*option).is_some()).map(Value::Choice)
        }
        Kind::User => {
            let user = number().and_then(|user| u32::try_from(user).ok());
            user.filter(|user| *user < people).map(|user| Value::User(UserId(user)))
        }
        Kind::MultiChoice { .. } => None,
    };
    Some(value)
}
