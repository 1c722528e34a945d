//! Reads what a host gives as a value of an attribute, and says what is wrong with it. Not here: what concerns other
//! people too, such as uniqueness (`people`).

use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate};
use matricula_rule::{
    Attribute, Decimal, Glob, Kind, MAX_INTEGER, OptionId, Options, UserId, Value, fold, nearest, normalise,
    path,
};

use crate::error::shown;
use crate::{Error, ErrorKind, Input, Instant};

/// The greatest length of a text value, in bytes.
pub const MAX_TEXT_VALUE: usize = 64 * 1024;

/// Where the keys of people and, if wanted, the nearest options come from.
pub(crate) struct Reader<'a> {
    pub(crate) find_user: &'a dyn Fn(&str) -> Option<UserId>,
    /// Whether errors name the nearest option, for which all have to be looked at.
    pub(crate) hints: bool,
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::InvalidValue, message)
}

impl Reader<'_> {
    /// The value that an input stands for, if the attribute can have it; `None` for an empty list of options.
    pub(crate) fn read(&self, attribute: &Attribute, input: &Input) -> Result<Option<Value>, Error> {
        let expects = |found: &str| {
            Err(wrong(format!(
                "attribute `{}` is {}, found {found}",
                attribute.key,
                article(&attribute.kind)
            )))
        };
        let value = match (&attribute.kind, input) {
            (Kind::Text, Input::Text(text)) if text.len() > MAX_TEXT_VALUE => {
                return Err(wrong(format!(
                    "text of {} bytes, expected at most {MAX_TEXT_VALUE}",
                    text.len()
                )));
            }
            (Kind::Text, Input::Text(text)) => Value::text(text),
            (Kind::Integer, Input::Text(text)) => Value::Integer(number(text, "a whole number such as 12")?),
            (Kind::Integer, Input::Integer(number)) => Value::Integer(*number),
            (Kind::Decimal, Input::Text(text)) => Value::Decimal(decimal(text)?),
            (Kind::Decimal, Input::Integer(number)) => Value::Decimal(decimal(&number.to_string())?),
            (Kind::Decimal, Input::Decimal(decimal)) => Value::Decimal(*decimal),
            (Kind::Boolean, Input::Text(text)) => Value::Boolean(boolean(text)?),
            (Kind::Boolean, Input::Boolean(value)) => Value::Boolean(*value),
            (Kind::Date, Input::Text(text)) => Value::Date(parse_date(text).ok_or_else(|| {
                wrong(format!("`{}` is not a date, expected a day such as 2026-01-31", shown(text)))
            })?),
            (Kind::Date, Input::Date(date)) if (1..=9999).contains(&date.year()) => Value::Date(*date),
            (Kind::Date, Input::Date(date)) => {
                return Err(wrong(format!("date {date} is outside the years 1 to 9999")));
            }
            (Kind::Timestamp, Input::Text(text)) => Value::Timestamp(timestamp(text)?.to_utc()),
            (Kind::Timestamp, Input::Timestamp(at)) => Value::Timestamp(at.to_utc()),
            (Kind::Choice { options }, Input::Text(key)) => {
                Value::Choice(self.option(attribute, options, key)?)
            }
            (Kind::MultiChoice { options }, Input::Text(keys)) => {
                let keys = keys.split(';').map(str::trim).filter(|key| !key.is_empty());
                return self.options(attribute, options, keys);
            }
            (Kind::MultiChoice { options }, Input::List(keys)) => {
                return self.options(attribute, options, keys.iter().map(String::as_str));
            }
            (Kind::User, Input::Text(key)) => {
                Value::User((self.find_user)(&normalise(key)).ok_or_else(|| {
                    wrong(format!("there is no user `{}` for `{}`", shown(key), attribute.key))
                })?)
            }
            (Kind::Path, Input::Text(text)) => Value::Path(path(text).ok_or_else(|| {
                wrong(format!("`{}` is not a path, expected names with `/` between them", shown(text)))
            })?),
            (_, Input::Integer(_)) => return expects("a whole number"),
            (_, Input::Decimal(_)) => return expects("a decimal number"),
            (_, Input::Boolean(_)) => return expects("a boolean"),
            (_, Input::Date(_)) => return expects("a date"),
            (_, Input::Timestamp(_)) => return expects("a timestamp"),
            (_, Input::List(_)) => return expects("a list"),
        };
        satisfies(attribute, &value)?;
        Ok(Some(value))
    }

    fn options<'k>(
        &self,
        attribute: &Attribute,
        options: &Options,
        keys: impl Iterator<Item = &'k str>,
    ) -> Result<Option<Value>, Error> {
        let mut chosen: Vec<OptionId> =
            keys.map(|key| self.option(attribute, options, key)).collect::<Result<_, _>>()?;
        chosen.sort_unstable();
        chosen.dedup();
        Ok((!chosen.is_empty()).then(|| Value::Choices(chosen.into())))
    }

    fn option(&self, attribute: &Attribute, options: &Options, key: &str) -> Result<OptionId, Error> {
        let key = normalise(key);
        options.find(&key).ok_or_else(|| {
            let near = if self.hints { nearest(&key, attribute.option_keys()) } else { None };
            let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            wrong(format!("unknown option `{}` of `{}`{hint}", shown(&key), attribute.key))
        })
    }
}

/// Whether a value satisfies what the attribute demands of it by itself.
pub(crate) fn satisfies(attribute: &Attribute, value: &Value) -> Result<(), Error> {
    let key = &attribute.key;
    if let Value::Integer(number) = value
        && number.unsigned_abs() > MAX_INTEGER.unsigned_abs()
    {
        return Err(wrong(format!("integer {number} is beyond {MAX_INTEGER} either way, in `{key}`")));
    }
    if let (Some(pattern), Value::Text(text)) = (&attribute.pattern, value) {
        let folded =
            |text: &str| if attribute.ignore_case { fold(text).into_owned() } else { text.to_owned() };
        if !Glob::new(&folded(pattern)).is_ok_and(|glob| glob.matches(&folded(text))) {
            return Err(wrong(format!(
                "`{}` does not match the pattern `{pattern}` of `{key}`",
                shown(text)
            )));
        }
    }
    if let Some(minimum) = &attribute.minimum
        && value < minimum
    {
        let (value, minimum) = (plain(value), plain(minimum));
        return Err(wrong(format!("{value} is below {minimum}, the minimum of `{key}`")));
    }
    if let Some(maximum) = &attribute.maximum
        && value > maximum
    {
        let (value, maximum) = (plain(value), plain(maximum));
        return Err(wrong(format!("{value} is above {maximum}, the maximum of `{key}`")));
    }
    Ok(())
}

/// A value of a type that stands for itself, for messages.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Path(text) => text.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Timestamp(at) => Instant::try_from(*at).map(|at| at.to_string()).unwrap_or_default(),
        Value::Choice(_) | Value::Choices(_) | Value::User(_) => String::new(),
    }
}

pub(crate) fn article(kind: &Kind) -> String {
    let name = kind.name().replace('_', "-");
    if kind.name() == "integer" { format!("an {name}") } else { format!("a {name}") }
}

fn number<T: FromStr>(text: &str, expected: &str) -> Result<T, Error> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if plain { text.parse().ok() } else { None };
    number.ok_or_else(|| wrong(format!("`{}` is not a number, expected {expected}", shown(text))))
}

fn decimal(text: &str) -> Result<Decimal, Error> {
    text.parse().map_err(|error| wrong(format!("`{}` does not fit, {error}", shown(text))))
}

fn boolean(text: &str) -> Result<bool, Error> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(wrong(format!("`{}` is not a boolean, expected true or false", shown(text)))),
    }
}

fn timestamp(text: &str) -> Result<Instant, Error> {
    let at = DateTime::parse_from_rfc3339(text).ok();
    at.and_then(|at| Instant::try_from(at.to_utc()).ok()).ok_or_else(|| {
        wrong(format!(
            "`{}` is not a timestamp, expected an instant such as 2026-01-31T08:00:00Z",
            shown(text)
        ))
    })
}

/// A calendar day as ISO 8601 writes it, ten characters long.
fn parse_date(text: &str) -> Option<NaiveDate> {
    let digits =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok())?;
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let year = i32::try_from(digits(year)?).ok()?;
    NaiveDate::from_ymd_opt(year, digits(month)?, digits(day)?).filter(|date| date.year() >= 1)
}
