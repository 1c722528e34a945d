//! Values of attributes, from JavaScript and back: text, numbers, truths, instants and lists of option keys. Not here:
//! which of them an attribute takes, which is for the library to say.

use std::sync::Arc;

use matricula::rule::{self, Attribute, NotADecimal};
use matricula::{Decimal, Error, ErrorKind, Input, Instant, Snapshot, Status, UserUpdate};
use napi::bindgen_prelude::Either5;
use napi_derive::napi;

use crate::convert::{MAX_SAFE, Pair, instant, millis, place};
use crate::error::Answer;

/// An instant, told apart from a number.
#[napi(object)]
#[derive(Clone, Debug)]
pub struct Moment {
    /// Milliseconds since 1970-01-01 UTC.
    pub millis: f64,
}

/// A value. Days and decimals are text.
pub type Value = Either5<String, f64, bool, Vec<String>, Moment>;

/// A value of an attribute. A pair, because an object cannot be trusted with a key such as `__proto__`.
#[napi(object, use_nullable = true)]
pub struct ValuePair {
    /// The attribute's key.
    pub key: String,
    /// The value; `null` where it is to be cleared.
    #[napi(ts_type = "string | number | boolean | Array<string> | Moment | null")]
    pub value: Option<Value>,
}

/// What is to be true of one person.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct Update {
    /// The user's key.
    pub key: String,
    /// The person's status.
    pub status: Option<String>,
    /// Values by attribute.
    pub values: Vec<ValuePair>,
    /// Statuses of memberships by site.
    pub sites: Vec<Pair>,
}

impl Update {
    pub(crate) fn into_update(self) -> Answer<UserUpdate> {
        let value = |pair: ValuePair| {
            let value = pair.value.map(|value| input(&pair.key, value)).transpose();
            let value = value.map_err(|error| error.within(place("user", &self.key)))?;
            Ok((Arc::from(pair.key), value))
        };
        let site = |pair: Pair| {
            Ok((Arc::from(pair.key), pair.value.map(|word| word.parse::<Status>()).transpose()?))
        };
        Ok(UserUpdate {
            status: self.status.map(|word| word.parse()).transpose()?,
            values: self.values.into_iter().map(value).collect::<Answer<_>>()?,
            sites: self.sites.into_iter().map(site).collect::<Answer<_>>()?,
            key: self.key,
        })
    }
}

/// What an attribute is given. A number with a fraction is the decimal that its shortest text says.
pub(crate) fn input(attribute: &str, value: Value) -> Answer<Input> {
    Ok(match value {
        Either5::A(text) => Input::Text(text),
        Either5::B(number) if number.fract() == 0.0 && number.abs() <= MAX_SAFE => {
            Input::Integer(number as i64)
        }
        Either5::B(number) => Input::Decimal(
            decimal(&number.to_string())
                .map_err(|error| error.within(format_args!("attribute `{}`", attribute.escape_debug())))?,
        ),
        Either5::C(truth) => Input::Boolean(truth),
        Either5::D(keys) => Input::List(keys),
        Either5::E(moment) => Input::Timestamp(instant(moment.millis)?),
    })
}

/// A score: a number or text.
pub(crate) fn score(value: Value) -> Answer<Decimal> {
    let text = match value {
        Either5::A(text) => text,
        Either5::B(number) => number.to_string(),
        // The files of `lib/` give nothing else.
        _ => String::new(),
    };
    decimal(&text).map_err(|error| error.within("score"))
}

fn decimal(text: &str) -> Answer<Decimal> {
    text.parse().map_err(|error: NotADecimal| {
        let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
        Error::new(ErrorKind::InvalidValue, format!("`{shown}` does not fit, {error}"))
    })
}

/// The same error; where it is about an instant given for a day, also why that is none.
pub(crate) fn about_days<'k>(error: Error, attributes: impl IntoIterator<Item = &'k str>) -> Error {
    let is = |key: &str| error.message().contains(&format!("attribute `{key}` is a date, found a timestamp"));
    if !attributes.into_iter().any(is) {
        return error;
    }
    let hint = "expected text such as 2026-01-31, since which day a Date is depends on the zone";
    Error::new(error.kind(), format!("{}, {hint}", error.message()))
}

/// A value as JavaScript reads it.
pub(crate) fn output(snapshot: &Snapshot, attribute: &Attribute, value: &rule::Value) -> Value {
    let option = |id| attribute.option_key(id).unwrap_or_default().to_owned();
    match value {
        rule::Value::Text(text) | rule::Value::Path(text) => Either5::A(text.to_string()),
        rule::Value::Integer(number) => Either5::B(*number as f64),
        rule::Value::Decimal(number) => Either5::A(number.to_string()),
        rule::Value::Boolean(truth) => Either5::C(*truth),
        rule::Value::Date(day) => Either5::A(day.to_string()),
        rule::Value::Timestamp(at) => {
            Either5::E(Moment { millis: Instant::try_from(*at).map(millis).unwrap_or_default() })
        }
        rule::Value::Choice(id) => Either5::A(option(*id)),
        rule::Value::Choices(ids) => Either5::D(ids.iter().map(|id| option(*id)).collect()),
        rule::Value::User(user) => Either5::A(snapshot.user_key(*user).to_owned()),
    }
}
