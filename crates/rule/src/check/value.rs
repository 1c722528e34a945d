//! Makes typed values of constants. Not here: what bounds values have (`limits`).

use super::subject::{Subject, describe};
use crate::constant::{is_instant, is_within, looks_like_day, looks_like_timestamp, no_day, no_instant};
use crate::error::quoted;
use crate::limits::{integer, no_integer, no_path, wanted};
use crate::names::resolve;
use crate::{
    Attribute, Decimal, Expr, ExprKind, Kind, Literal, Named, Names, Offset, Operand, Period, RuleError,
    RuleErrorKind, Span, Unit, UserId, Value, nearest, normalise, path,
};

/// What a subject can be compared with.
pub(super) fn operand(subject: &Subject<'_>, expr: &Expr, names: &dyn Names) -> Result<Operand, RuleError> {
    Ok(match (subject.kind, &expr.kind) {
        (Kind::Date | Kind::Timestamp, ExprKind::Today(offset)) => Operand::Today(*offset),
        (Kind::Date | Kind::Timestamp, ExprKind::Period(period)) => Operand::Period(canonical(*period)),
        (Kind::Timestamp, ExprKind::Literal(Literal::Date(day))) => {
            if !is_within(*day) {
                return Err(no_day(quoted(&day.to_string())).at(expr.span));
            }
            Operand::Value(Value::Date(*day))
        }
        _ => Operand::Value(value(subject, expr, names)?),
    })
}

/// No distance is no distance in whatever unit.
fn canonical(period: Period) -> Period {
    match period.offset.count {
        0 => Period { offset: Offset { count: 0, unit: Unit::Days }, ..period },
        _ => period,
    }
}

/// A value that the subject can have.
pub(super) fn value(subject: &Subject<'_>, expr: &Expr, names: &dyn Names) -> Result<Value, RuleError> {
    let ExprKind::Literal(literal) = &expr.kind else {
        return Err(mismatch(subject, expr));
    };
    let value = match (subject.kind, literal) {
        (Kind::Text, Literal::Text(text)) => Ok(Value::text(text)),
        (Kind::Integer, Literal::Int(number)) => integer(*number).map(|()| Value::Integer(*number)),
        (Kind::Integer, Literal::Number(number)) if all_digits(number) => Err(no_integer(number)),
        (Kind::Decimal, Literal::Int(number)) => decimal(&number.to_string()),
        (Kind::Decimal, Literal::Number(number)) => decimal(number),
        (Kind::Boolean, Literal::Bool(value)) => Ok(Value::Boolean(*value)),
        (Kind::Date, Literal::Date(day)) => match is_within(*day) {
            true => Ok(Value::Date(*day)),
            false => Err(no_day(quoted(&day.to_string()))),
        },
        (Kind::Timestamp, Literal::Timestamp(at)) => match is_instant(*at) {
            true => Ok(Value::Timestamp(*at)),
            false => Err(no_instant(quoted(&at.to_rfc3339()))),
        },
        (Kind::Choice { .. }, Literal::Text(text)) => match subject.attribute {
            Some(attribute) => return option(attribute, text, expr.span),
            None => return Err(mismatch(subject, expr)),
        },
        (Kind::User, Literal::Text(text)) => {
            resolve(names, Named::User, text).map(|id| Value::User(UserId(id)))
        }
        (Kind::Path, Literal::Text(text)) => match path(text) {
            Some(path) => Ok(Value::Path(path)),
            None => Err(no_path(text)),
        },
        _ => return Err(mismatch(subject, expr)),
    };
    value.map_err(|error| error.at(expr.span))
}

/// Whether it is a whole number, of whatever length.
pub(super) fn all_digits(number: &str) -> bool {
    number.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit())
}

/// An exact decimal number.
fn decimal(written: &str) -> Result<Value, RuleError> {
    if let Ok(decimal) = written.parse::<Decimal>() {
        return Ok(Value::Decimal(decimal));
    }
    let plain = |char: char| char.is_ascii_digit() || matches!(char, '-' | '.');
    let invalid = |message: &str| {
        RuleError::new(RuleErrorKind::InvalidNumber, format!("{} {message}", quoted(written)))
    };
    let places = written.split_once('.').map_or(0, |(_, places)| places.trim_end_matches('0').len());
    Err(if !written.chars().all(plain) {
        invalid("is not written as a decimal number").hint("write digits, and a `.` before a fraction")
    } else if places > 6 {
        invalid("has more than 6 digits after its point").hint("round it")
    } else {
        invalid("is out of bounds").hint("numbers are below 1000000000000 either way")
    })
}

/// The value is of another type than the subject.
pub(super) fn mismatch(subject: &Subject<'_>, expr: &Expr) -> RuleError {
    let expected = format!("{} for {}", wanted(subject.kind), subject.quoted());
    let found = match (subject.kind, &expr.kind) {
        (Kind::Integer, ExprKind::Literal(Literal::Number(number))) => quoted(number),
        _ => describe(expr).to_owned(),
    };
    let error = RuleError::mismatch(RuleErrorKind::WrongType, expected, found).at(expr.span);
    match &expr.kind {
        ExprKind::Literal(literal) => instead(error, subject, literal),
        _ => error,
    }
}

/// Adds what to write instead of a constant of the wrong type.
fn instead(error: RuleError, subject: &Subject<'_>, literal: &Literal) -> RuleError {
    let write = |text: &str| format!("write {}", quoted(text));
    match (subject.kind, literal) {
        (Kind::MultiChoice { .. }, Literal::Text(_)) => error.hint(subject.write(".anyOf([ … ])")),
        (Kind::Date | Kind::Timestamp, Literal::Text(text)) if looks_like_day(text) => {
            error.hint(write(&format!("date(\"{text}\")")))
        }
        (Kind::Timestamp, Literal::Text(text)) if looks_like_timestamp(text) => {
            error.hint(write(&format!("timestamp(\"{text}\")")))
        }
        (Kind::Date, Literal::Text(_)) => error.hint("write `date(\"2026-01-31\")` or `today`"),
        (Kind::Timestamp, Literal::Text(_)) => {
            error.hint("write `timestamp(\"2026-01-31T08:00:00Z\")`, `date(\"2026-01-31\")` or `today`")
        }
        (Kind::Date, Literal::Timestamp(at)) => {
            error.hint(write(&format!("date(\"{}\")", at.format("%Y-%m-%d"))))
        }
        (Kind::Integer, Literal::Number(number)) => match number.split_once('.') {
            Some((whole, part)) if part.bytes().all(|byte| byte == b'0') && !part.is_empty() => {
                error.hint(write(whole))
            }
            Some(_) => error,
            None => error.hint("write digits only"),
        },
        (Kind::Integer | Kind::Decimal, Literal::Text(text)) if text.parse::<Decimal>().is_ok() => {
            error.hint(write(text))
        }
        (Kind::Boolean, Literal::Text(text)) if matches!(text.as_str(), "true" | "false") => {
            error.hint(write(text))
        }
        (Kind::Text | Kind::Choice { .. } | Kind::User | Kind::Path, literal) => match literal {
            Literal::Bool(value) => error.hint(write(&format!("\"{value}\""))),
            Literal::Int(value) => error.hint(write(&format!("\"{value}\""))),
            Literal::Number(value) => error.hint(write(&format!("\"{value}\""))),
            Literal::Date(value) => error.hint(write(&format!("\"{value}\""))),
            Literal::Text(_) | Literal::Null | Literal::Timestamp(_) => error,
        },
        _ => error,
    }
}

/// The option of this name.
fn option(attribute: &Attribute, key: &str, span: Span) -> Result<Value, RuleError> {
    if let Some(option) = attribute.option(key).or_else(|| attribute.option(&normalise(key))) {
        return Ok(Value::Choice(option));
    }
    let message = format!("{} has no option {}", quoted(&attribute.key), quoted(key));
    let error = RuleError::new(RuleErrorKind::UnknownOption, message).finding(quoted(key)).at(span);
    let near = nearest(key, attribute.option_keys());
    Err(if near.is_some() { error.near(near) } else { options(error, attribute) })
}

/// The option of a multi-choice that an element of a list names.
pub(super) fn option_of(subject: &Subject<'_>, expr: &Expr) -> Result<crate::OptionId, RuleError> {
    let (ExprKind::Literal(Literal::Text(text)), Some(attribute)) = (&expr.kind, subject.attribute) else {
        let expected = format!("an option for {}", subject.quoted());
        return Err(RuleError::mismatch(RuleErrorKind::WrongType, expected, describe(expr)).at(expr.span));
    };
    match option(attribute, text, expr.span)? {
        Value::Choice(option) => Ok(option),
        _ => Err(mismatch(subject, expr)),
    }
}

/// Lists the options, or the first few.
fn options(error: RuleError, attribute: &Attribute) -> RuleError {
    const SHOWN: usize = 5;
    let shown: Vec<String> = attribute.option_keys().take(SHOWN).map(quoted).collect();
    let more = if attribute.option_keys().nth(SHOWN).is_some() { ", …" } else { "" };
    if shown.is_empty() {
        error.hint("it has none")
    } else {
        error.hint(format!("it has {}{more}", shown.join(", ")))
    }
}
