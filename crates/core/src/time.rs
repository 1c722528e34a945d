//! Instants, and the calendar days that sites live by. Core never reads a clock: every instant comes in from
//! outside.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, SubsecRound, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind};

/// A moment in time, in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

/// The first and the last millisecond of the years 1 to 9999.
const FIRST: i64 = -62_135_596_800_000;
const LAST: i64 = 253_402_300_799_999;

impl Instant {
    /// 1970-01-01 UTC.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// `invalid_instant` outside the years 1 to 9999.
    pub fn from_millis(millis: i64) -> Result<Self, Error> {
        if (FIRST..=LAST).contains(&millis) {
            return Ok(Self(millis));
        }
        let message = format!("instant {millis} ms is outside the years 1 to 9999");
        Err(Error::new(ErrorKind::InvalidInstant, message))
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// The moment as a date and time in UTC.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// The calendar day in a time zone.
    pub fn day(self, zone: Tz) -> NaiveDate {
        self.to_utc().with_timezone(&zone).date_naive()
    }

    /// The first moment of a calendar day in a time zone.
    pub fn start_of(day: NaiveDate, zone: Tz) -> Self {
        let midnight = day.and_time(NaiveTime::MIN);
        // Where midnight is skipped (some zones change their clocks then) the day starts within hours.
        let start = (0..=96).find_map(|quarters| {
            zone.from_local_datetime(&(midnight + chrono::TimeDelta::minutes(15 * quarters))).earliest()
        });
        Self(start.map_or_else(|| midnight.and_utc().timestamp_millis(), |start| start.timestamp_millis()))
    }
}

impl TryFrom<DateTime<Utc>> for Instant {
    type Error = Error;

    fn try_from(at: DateTime<Utc>) -> Result<Self, Error> {
        Self::from_millis(at.trunc_subsecs(3).timestamp_millis())
    }
}

impl std::fmt::Display for Instant {
    /// RFC 3339 in UTC, with milliseconds only where there are any.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

/// The days after `from` up to `to`.
pub(crate) fn days_after(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = NaiveDate> {
    let mut day = from;
    std::iter::from_fn(move || {
        day = day.checked_add_days(Days::new(1)).filter(|next| *next <= to)?;
        Some(day)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_starts_at_its_first_moment_even_where_midnight_is_skipped() {
        let day = NaiveDate::from_ymd_opt(2018, 11, 4).unwrap();
        let start = Instant::start_of(day, chrono_tz::America::Sao_Paulo);
        assert_eq!(start.to_string(), "2018-11-04T03:00:00Z");
        assert_eq!(start.day(chrono_tz::America::Sao_Paulo), day);
        let johannesburg = Instant::start_of(day, chrono_tz::Africa::Johannesburg);
        assert_eq!(johannesburg.to_string(), "2018-11-03T22:00:00Z");
    }

    #[test]
    fn instants_outside_the_calendar_are_refused() {
        assert_eq!(Instant(FIRST).to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(Instant(LAST).to_string(), "9999-12-31T23:59:59.999Z");
        for outside in [i64::MIN, FIRST - 1, LAST + 1, i64::MAX] {
            assert!(Instant::from_millis(outside).is_err());
        }
        assert!(Instant::from_millis(0).is_ok());
    }
}
