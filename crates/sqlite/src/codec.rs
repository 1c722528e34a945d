//! How the library's values stand in columns: revisions, instants, reasons and bitmaps, there and back.

use matricula_core::{EnrolmentRuleId, Error, Instant, Reason, Revision, RowSet};
use rusqlite::Row;

use crate::{failed, invalid};

/// The rule number of an enrolment by hand.
const BY_HAND: i64 = -1;

pub(crate) fn rule_of(reason: Reason) -> i64 {
    match reason {
        Reason::Manual => BY_HAND,
        Reason::Rule(rule) => rule.0.into(),
    }
}

pub(crate) fn reason_of(rule: i64) -> Result<Reason, Error> {
    match u32::try_from(rule) {
        Ok(rule) => Ok(Reason::Rule(EnrolmentRuleId(rule))),
        Err(_) if rule == BY_HAND => Ok(Reason::Manual),
        Err(_) => Err(invalid(format!("unknown enrolment rule number {rule}"))),
    }
}

pub(crate) fn number(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

pub(crate) fn revision(number: i64) -> Result<Revision, Error> {
    u64::try_from(number).map(Revision).map_err(|_| invalid(format!("revision {number} is negative")))
}

pub(crate) fn instant(row: &Row<'_>, column: usize) -> Result<Instant, Error> {
    let millis = row.get(column).map_err(|error| failed("cannot read an instant", error))?;
    Instant::from_millis(millis).map_err(|error| invalid(error.message()))
}

/// People from a portable roaring bitmap.
pub(crate) fn people(bytes: &[u8]) -> Result<RowSet, Error> {
    RowSet::from_bytes(bytes).map_err(|error| invalid(format!("a bitmap cannot be read: {error}")))
}

/// How deep JSON may nest: a rule's nests about twice as deep as the rule, which has 64 levels at most.
const DEEPEST: usize = 400;

/// Reads JSON that this library wrote.
pub(crate) fn json<T: serde::de::DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    if depth(text) > DEEPEST {
        return Err(serde::de::Error::custom(format!("it nests more than {DEEPEST} levels deep")));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    let value = T::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// How deep brackets nest outside of strings.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_outside_of_strings_only() {
        assert_eq!(depth(r#"{"a": ["[[[", "\"[["]}"#), 2);
        assert_eq!(depth(&"[".repeat(1_000)), 1_000);
        assert!(json::<Vec<u8>>(&"[".repeat(10_000_000)).is_err());
        assert_eq!(json::<Vec<u8>>("[1, 2]").unwrap(), [1, 2]);
        assert!(json::<Vec<u8>>("[1] 2").is_err());
    }
}
