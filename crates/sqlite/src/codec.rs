//! How the library's values stand in columns: revisions, instants, reasons and bitmaps, there and back.

use chrono::NaiveDate;
use matricula_core::{EnrolmentRuleId, Error, Instant, Reason, Revision, RowSet};
use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::{failed, invalid};

/// The rule number of an enrolment by hand.
const BY_HAND: i64 = -1;
/// The rule number of an enrolment by hand, with many others.
const IN_BULK: i64 = -2;

pub(crate) fn rule_of(reason: Reason) -> i64 {
    match reason {
        Reason::Manual => BY_HAND,
        Reason::Bulk => IN_BULK,
        Reason::Rule(rule) => rule.0.into(),
    }
}

pub(crate) fn reason_of(rule: i64) -> Result<Reason, Error> {
    match u32::try_from(rule) {
        Ok(rule) => Ok(Reason::Rule(EnrolmentRuleId(rule))),
        Err(_) if rule == BY_HAND => Ok(Reason::Manual),
        Err(_) if rule == IN_BULK => Ok(Reason::Bulk),
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

/// The part of a bitmap that a row falls in.
pub(crate) const PART: u32 = 1 << 16;

/// The parts of a set that have somebody in them.
pub(crate) fn parts(people: &RowSet) -> impl Iterator<Item = (u32, RowSet)> + '_ {
    let range = people.min().zip(people.max()).map(|(first, last)| first / PART..=last / PART);
    let in_part = |part: u32| (part, people.range(part * PART, (part * PART).saturating_add(PART)));
    range.into_iter().flatten().map(in_part).filter(|(_, people)| !people.is_empty())
}

/// People from a portable roaring bitmap.
pub(crate) fn people(bytes: &[u8]) -> Result<RowSet, Error> {
    RowSet::from_bytes(bytes).map_err(|error| invalid(format!("a bitmap cannot be read: {error}")))
}

/// A day, or none.
pub(crate) fn day(row: &Row<'_>, column: usize) -> Result<Option<NaiveDate>, Error> {
    let text = row.get_ref(column).and_then(|value| Ok(value.as_str_or_null()?));
    match text.map_err(|error| failed("cannot read a day", error))? {
        None => Ok(None),
        Some(text) => {
            let day = text.parse().map_err(|_| invalid(format!("`{text}` is no day")))?;
            Ok(Some(day))
        }
    }
}

/// An instant, or none.
pub(crate) fn perhaps_instant(row: &Row<'_>, column: usize) -> Result<Option<Instant>, Error> {
    let there = row.get_ref(column).map_err(|error| failed("cannot read an instant", error))?;
    if there == ValueRef::Null { Ok(None) } else { instant(row, column).map(Some) }
}
