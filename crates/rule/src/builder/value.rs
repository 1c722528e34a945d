//! Reads one value of a field. Not here: several of them (`list`), and days that move with time (`dates`).

use serde_json::Value as Json;

use super::list::trim;
use super::place::{PLACEHOLDER, Place, property};
use crate::error::quoted;
use crate::limits::{integer as within_bounds, no_integer, no_path, wanted};
use crate::names::resolve;
use crate::{
    Decimal, Kind, Named, Names, OptionId, Options, RuleError, RuleErrorKind, UserId, Value, constant,
    nearest, normalise, path,
};

/// Refuses what says that somebody has yet to write or choose a value.
pub(super) fn finished(json: &Json, place: &Place) -> Result<(), RuleError> {
    match json {
        Json::Null => Err(place.unfinished("the value is missing")),
        Json::String(text) if text == PLACEHOLDER => Err(place.unfinished("the value is not chosen yet")),
        Json::String(text) if text.is_empty() => Err(place.unfinished("the value is missing")),
        _ => Ok(()),
    }
}

/// Reads a value of this type.
pub(super) fn value(json: &Json, kind: &Kind, place: &Place, names: &dyn Names) -> Result<Value, RuleError> {
    finished(json, place)?;
    let wrong = || place.expected(RuleErrorKind::WrongType, wanted(kind), json);
    let text = json.as_str();
    Ok(match kind {
        Kind::Text => Value::text(text.ok_or_else(wrong)?),
        Kind::Integer => Value::Integer(integer(json, place)?),
        Kind::Decimal => Value::Decimal(decimal(json, place)?),
        Kind::Boolean => match (json, text.map(trim)) {
            (Json::Bool(value), _) => Value::Boolean(*value),
            (_, Some("true")) => Value::Boolean(true),
            (_, Some("false")) => Value::Boolean(false),
            _ => return Err(wrong()),
        },
        Kind::Date => {
            let day = constant::day(trim(text.ok_or_else(wrong)?));
            Value::Date(day.map_err(|error| place.of(error))?)
        }
        Kind::Timestamp => Value::Timestamp(instant(trim(text.ok_or_else(wrong)?), place)?),
        Kind::Choice { options } | Kind::MultiChoice { options } => {
            Value::Choice(option(text.ok_or_else(wrong)?, options, place)?)
        }
        Kind::User => {
            let id = resolve(names, Named::User, text.ok_or_else(wrong)?);
            Value::User(UserId(id.map_err(|error| place.of(error))?))
        }
        Kind::Path => {
            let text = text.ok_or_else(wrong)?;
            Value::Path(path(text).ok_or_else(|| place.of(no_path(text)))?)
        }
    })
}

/// A number in digits: as it is written, if it is a text or one that no float has been through; else as short as
/// it can be said, if that is sure to be what was written.
fn digits(json: &Json, place: &Place) -> Result<Option<String>, RuleError> {
    Ok(match json {
        Json::String(text) => Some(trim(text).to_owned()),
        Json::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => Some(float_digits(float, place)?),
            _ => Some(number.to_string()),
        },
        Json::Object(object) => property(object, "$bigint").and_then(Json::as_str).map(str::to_owned),
        _ => None,
    })
}

/// Every number of up to so many digits survives being a float.
pub(super) const FLOAT_DIGITS: usize = 15;

fn float_digits(number: f64, place: &Place) -> Result<String, RuleError> {
    // Without an exponent, whatever its size.
    let text = number.to_string();
    // Whole ones are exact, or too great for any attribute.
    if number.fract() == 0.0 {
        return Ok(text);
    }
    let significant = text.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    if significant > FLOAT_DIGITS {
        let message = format!("the number {} has more digits than json numbers keep", quoted(&text));
        return Err(place.error(RuleErrorKind::InvalidNumber, message).hint("write it as a text"));
    }
    Ok(text)
}

/// A whole number within bounds.
pub(super) fn integer(json: &Json, place: &Place) -> Result<i64, RuleError> {
    let Some(digits) = digits(json, place)? else {
        return Err(place.expected(RuleErrorKind::WrongType, "a whole number", json));
    };
    let bare = digits.strip_prefix('-').unwrap_or(&digits);
    if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_digit()) {
        // Whether it is a number of another kind decides which mistake it is.
        let kind = match digits.parse::<f64>() {
            Ok(_) => RuleErrorKind::InvalidNumber,
            Err(_) => RuleErrorKind::WrongType,
        };
        return Err(place.expected(kind, "a whole number", json));
    }
    let number = digits.parse::<i64>().map_err(|_| place.of(no_integer(&digits)))?;
    within_bounds(number).map_err(|error| place.of(error))?;
    Ok(number)
}

fn decimal(json: &Json, place: &Place) -> Result<Decimal, RuleError> {
    let Some(digits) = digits(json, place)? else {
        return Err(place.expected(RuleErrorKind::WrongType, "a number", json));
    };
    digits.parse().map_err(|_| {
        if digits.parse::<f64>().is_err() {
            return place.expected(RuleErrorKind::WrongType, "a number", json);
        }
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
        let places = digits.split_once('.').map_or(0, |(_, places)| places.trim_end_matches('0').len());
        let wrong = |message: &str| {
            let message = format!("{} {message}", quoted(&digits));
            place.error(RuleErrorKind::InvalidNumber, message).finding(quoted(&digits))
        };
        match places {
            _ if !plain => {
                wrong("is not written as a decimal number").hint("write digits, and a `.` before a fraction")
            }
            0..=6 => wrong("is out of bounds").hint("numbers are below 1000000000000 either way"),
            _ => wrong("has more than 6 digits after its point").hint("round it"),
        }
    })
}

/// The instant that an ISO date and time with an offset names.
fn instant(text: &str, place: &Place) -> Result<chrono::DateTime<chrono::Utc>, RuleError> {
    if constant::looks_like_day(text) {
        let error =
            place.error(RuleErrorKind::InvalidTimestamp, format!("{} is a day, no instant", quoted(text)));
        return Err(
            error.hint("instants are compared with days, or lie between them, but days are not listed")
        );
    }
    constant::timestamp(text).map_err(|error| {
        let local = text.len() == LOCAL && constant::looks_like_timestamp(&format!("{text}:00"));
        place.of(match local {
            true => {
                error.hint("write the seconds, and `Z` after them for utc, or the offset, such as `+02:00`")
            }
            false => error,
        })
    })
}

/// The length of `2026-01-31T08:00`, which an input of a web page gives.
const LOCAL: usize = 16;

/// The option that has this key.
pub(super) fn option(text: &str, options: &Options, place: &Place) -> Result<OptionId, RuleError> {
    const SHOWN: usize = 5;
    options.find(text).or_else(|| options.find(&normalise(text))).ok_or_else(|| {
        let error = place.error(RuleErrorKind::UnknownOption, format!("unknown option {}", quoted(text)));
        let mut keys = options.iter().map(|option| option.key.as_str());
        let shown: Vec<String> = keys.by_ref().take(SHOWN).map(quoted).collect();
        let more = if keys.next().is_some() { ", …" } else { "" };
        let near = nearest(text, options.iter().map(|option| option.key.as_str()));
        error.finding(quoted(text)).hint(format!("there are {}{more}", shown.join(", "))).near(near)
    })
}
