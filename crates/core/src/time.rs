//! Instants, and the calendar days that sites live by. Core never reads a clock: every instant comes in from
//! outside.

use chrono::{DateTime, MappedLocalTime, NaiveDate, NaiveTime, SubsecRound, TimeZone, Timelike, Utc};
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

    /// The last millisecond of the year 9999 UTC.
    pub const LAST: Self = Self(LAST);

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

    /// The calendar day in a time zone. It never falls as time goes on: where clocks are put back across
    /// midnight, the new day begins after that.
    pub fn day(self, zone: Tz) -> NaiveDate {
        let local = self.to_utc().with_timezone(&zone);
        let day = local.date_naive();
        // Clocks are put back by a few hours at most.
        if local.time().hour() < 4 && self < Self::start_of(day, zone) {
            return day.pred_opt().unwrap_or(day);
        }
        day
    }

    /// The first moment of a calendar day in a time zone.
    pub fn start_of(day: NaiveDate, zone: Tz) -> Self {
        let midnight = day.and_time(NaiveTime::MIN);
        let date_at = |millis: i64| {
            DateTime::from_timestamp_millis(millis).map(|at| at.with_timezone(&zone).date_naive())
        };
        match zone.from_local_datetime(&midnight) {
            MappedLocalTime::Single(start) => Self(start.timestamp_millis()),
            MappedLocalTime::Ambiguous(first, second) => {
                let falls = date_at(second.timestamp_millis() - 1).is_some_and(|before| before < day);
                Self(if falls { second } else { first }.timestamp_millis())
            }
            // Midnight is skipped: the day begins where the clocks are put forward.
            MappedLocalTime::None => {
                let noon = midnight.and_utc().timestamp_millis();
                let span = 36 * 3_600_000;
                let (mut before, mut after) = (noon - span, noon + span);
                while after - before > 1 {
                    let middle = before + (after - before) / 2;
                    if date_at(middle).is_some_and(|date| date >= day) {
                        after = middle
                    } else {
                        before = middle
                    }
                }
                Self(after)
            }
        }
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
    fn days_begin_once_and_never_fall() {
        let zones = [
            (chrono_tz::Africa::Monrovia, "1972-01-07", "1972-01-07T00:44:30Z"),
            (chrono_tz::America::St_Johns, "2010-11-07", "2010-11-07T03:30:00Z"),
            (chrono_tz::America::Havana, "2026-11-01", "2026-11-01T04:00:00Z"),
        ];
        for (zone, day, start) in zones {
            let day: NaiveDate = day.parse().unwrap();
            assert_eq!(Instant::start_of(day, zone).to_string(), start, "{zone}");
            let middle = Instant::start_of(day, zone).millis();
            let mut last = NaiveDate::MIN;
            for minute in -180..180 {
                let at = Instant(middle + minute * 60_000);
                assert!(at.day(zone) >= last, "{zone} {at}");
                last = at.day(zone);
                assert_eq!(at.day(zone) >= day, minute >= 0, "{zone} {at}");
            }
        }
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
