//! Reads the text of constants: numbers, days, instants. Not here: where in a rule they stand (`operand`).

use chrono::{DateTime, NaiveDate, NaiveTime, Timelike, Utc};

use crate::error::quoted;
use crate::{Literal, Offset, RuleError, RuleErrorKind};

/// A number as it was written.
pub(crate) fn number(number: &str, negative: bool) -> Literal {
    let sign = if negative { "-" } else { "" };
    let written = format!("{sign}{number}");
    let value = match number.strip_prefix("0x").or_else(|| number.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(&format!("{sign}{hex}"), 16),
        None => written.parse(),
    };
    value.map_or(Literal::Number(written), Literal::Int)
}

/// The day that an ISO date names.
pub(crate) fn day(text: &str) -> Result<NaiveDate, RuleError> {
    if !looks_like_day(text) {
        let error =
            RuleError::mismatch(RuleErrorKind::InvalidDate, "a day such as `2026-01-31`", quoted(text));
        return Err(error);
    }
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) if is_within(day) => Ok(day),
        _ => Err(no_day(quoted(text))),
    }
}

/// There is no such day.
pub(crate) fn no_day(day: String) -> RuleError {
    RuleError::new(RuleErrorKind::InvalidDate, format!("there is no day {day}"))
}

/// Whether a rule can name this day.
pub(crate) fn is_within(day: NaiveDate) -> bool {
    let (first, last) = Offset::DAYS;
    first <= day && day <= last
}

/// Four digits, two digits, two digits.
pub(crate) fn looks_like_day(text: &str) -> bool {
    is_like(text, "0000-00-00")
}

/// Whether a text has digits where the other has zeros, and is the same elsewhere.
fn is_like(text: &str, like: &str) -> bool {
    text.len() == like.len()
        && text
            .bytes()
            .zip(like.bytes())
            .all(|(byte, like)| if like == b'0' { byte.is_ascii_digit() } else { byte == like })
}

/// The instant that an RFC 3339 timestamp names.
pub(crate) fn timestamp(text: &str) -> Result<DateTime<Utc>, RuleError> {
    const EXAMPLE: &str = "a timestamp such as `2026-01-31T08:00:00Z`";
    let wrong = || RuleError::mismatch(RuleErrorKind::InvalidTimestamp, EXAMPLE, quoted(text));
    if looks_like_day(text) {
        return Err(wrong().hint(format!("write `date(\"{text}\")` for a whole day")));
    }
    let Some((moment, rest)) = text.split_at_checked(19).filter(|(moment, _)| looks_like_moment(moment))
    else {
        return Err(wrong());
    };
    let digits = rest.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let zone = if rest.starts_with('.') { rest.get(digits + 1..) } else { Some(rest) }.unwrap_or_default();
    if zone.is_empty() {
        return Err(wrong().hint("write `Z` after it for utc, or the offset, such as `+02:00`"));
    }
    if (rest.starts_with('.') && digits == 0) || !(zone == "Z" || is_like(&zone.replace('-', "+"), "+00:00"))
    {
        return Err(wrong());
    }
    if digits > 3 {
        return Err(wrong().hint("write at most three digits after the seconds"));
    }
    let second = moment.get(17..).is_some_and(|second| second == "60");
    match DateTime::parse_from_rfc3339(text) {
        Ok(at) if !second && is_instant(at.to_utc()) => Ok(at.to_utc()),
        _ => Err(no_instant(quoted(text))),
    }
}

/// A day, and a time to the second.
fn looks_like_moment(text: &str) -> bool {
    is_like(text, "0000-00-00T00:00:00")
}

/// Whether a text begins as a timestamp does.
pub(crate) fn looks_like_timestamp(text: &str) -> bool {
    text.get(..19).is_some_and(looks_like_moment)
}

/// There is no such instant.
pub(crate) fn no_instant(at: String) -> RuleError {
    RuleError::new(RuleErrorKind::InvalidTimestamp, format!("there is no instant {at}"))
}

/// Whether a rule can name this instant: in the years 1 to 9999, in whole milliseconds.
pub(crate) fn is_instant(at: DateTime<Utc>) -> bool {
    let (first, last) = Offset::DAYS;
    let start = first.and_time(NaiveTime::MIN).and_utc();
    let end = last.succ_opt().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    // A leap second has more nanoseconds than a second.
    let whole = at.nanosecond() < 1_000_000_000 && at.nanosecond().is_multiple_of(1_000_000);
    whole && start <= at && end.is_none_or(|end| at < end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants() {
        for (text, meant) in [
            ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
            ("2026-01-31T10:00:00+02:00", "2026-01-31T08:00:00Z"),
            ("2024-02-29T23:30:00-01:30", "2024-03-01T01:00:00Z"),
            ("2026-01-31T08:00:00.5Z", "2026-01-31T08:00:00.500Z"),
            ("2026-01-31T08:00:00.000Z", "2026-01-31T08:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(timestamp(text).unwrap(), meant.parse::<DateTime<Utc>>().unwrap(), "{text}");
        }
        for text in [
            "",
            "soon",
            "2026-01-31",
            "2026-01-31T08:00:00",
            "2026-01-31T08:00Z",
            "2026-01-31 08:00:00Z",
            "2026-01-31t08:00:00z",
            "2026-01-31T08:00:00.Z",
            "2026-01-31T08:00:00.1234Z",
            "2026-01-31T08:00:00+0200",
            "2026-01-31T08:00:00+25:00",
            "2026-01-31T24:00:00Z",
            "2016-12-31T23:59:60Z",
            "2026-02-29T08:00:00Z",
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "2026-01-31T08:00:0\u{660}Z",
            "2026-01-31T08:00:00Zé",
        ] {
            assert_eq!(timestamp(text).unwrap_err().kind(), RuleErrorKind::InvalidTimestamp, "{text}");
        }
    }
}
