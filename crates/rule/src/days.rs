//! Days that move with time: counted from today, or from an end of the current week, month, quarter or year. Not
//! here: instants and zones, which the application knows.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// A distance in calendar time, negative for the past. `Offset { count: 0, .. }` is today itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offset {
    /// How many units.
    pub count: i32,
    /// Of what.
    pub unit: Unit,
}

/// A unit of calendar time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Days.
    Days,
    /// Weeks of seven days.
    Weeks,
    /// Calendar months; a day that the target month lacks becomes its last day.
    Months,
    /// Calendar years; 29 February becomes 28 February in a common year.
    Years,
}

impl Unit {
    /// The unit's name, plural, as in rule text: `days`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Weeks => "weeks",
            Self::Months => "months",
            Self::Years => "years",
        }
    }
}

impl Offset {
    /// The first and the last day that a rule can name: 0001-01-01 and 9999-12-31.
    pub const DAYS: (NaiveDate, NaiveDate) =
        match (NaiveDate::from_ymd_opt(1, 1, 1), NaiveDate::from_ymd_opt(9999, 12, 31)) {
            (Some(first), Some(last)) => (first, last),
            _ => (NaiveDate::MIN, NaiveDate::MAX),
        };

    /// The day this far from `today`, kept within [`Offset::DAYS`]. It never decreases as `today` increases.
    ///
    /// ```
    /// use chrono::NaiveDate;
    /// use matricula_rule::{Offset, Unit};
    ///
    /// let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
    /// let month_ago = Offset { count: -1, unit: Unit::Months };
    /// assert_eq!(month_ago.from(day(2026, 3, 31)), day(2026, 2, 28));
    /// ```
    pub fn from(self, today: NaiveDate) -> NaiveDate {
        let count = u64::from(self.count.unsigned_abs());
        let past = self.count < 0;
        let days = |days: u64| {
            let days = Days::new(days);
            if past { today.checked_sub_days(days) } else { today.checked_add_days(days) }
        };
        let months = |months: u64| {
            let months = Months::new(u32::try_from(months).unwrap_or(u32::MAX));
            if past { today.checked_sub_months(months) } else { today.checked_add_months(months) }
        };
        let moved = match self.unit {
            Unit::Days => days(count),
            Unit::Weeks => days(count.saturating_mul(7)),
            Unit::Months => months(count),
            Unit::Years => months(count.saturating_mul(12)),
        };
        let (first, last) = Self::DAYS;
        moved.unwrap_or(if past { first } else { last }).clamp(first, last)
    }
}

/// An end of the current week, month, quarter or year, and a distance from it. `startOfMonth() - months(1)` is the
/// first day of last month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "PeriodForm", into = "PeriodForm")]
pub struct Period {
    /// Which end.
    pub edge: Edge,
    /// Of what.
    pub of: Calendar,
    /// How far from there.
    pub offset: Offset,
}

/// A period in JSON: one object, in which nothing else may stand.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodForm {
    edge: Edge,
    of: Calendar,
    count: i32,
    unit: Unit,
}

impl From<PeriodForm> for Period {
    fn from(form: PeriodForm) -> Self {
        let PeriodForm { edge, of, count, unit } = form;
        Self { edge, of, offset: Offset { count, unit } }
    }
}

impl From<Period> for PeriodForm {
    fn from(period: Period) -> Self {
        let Period { edge, of, offset: Offset { count, unit } } = period;
        Self { edge, of, count, unit }
    }
}

/// An end of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// Its first day.
    Start,
    /// Its last day.
    End,
}

/// A period of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calendar {
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three months from January, April, July or October on.
    Quarter,
    /// A calendar year.
    Year,
}

impl Period {
    /// The day, as of `today`, kept within [`Offset::DAYS`]. It never decreases as `today` increases.
    ///
    /// ```
    /// use chrono::NaiveDate;
    /// use matricula_rule::{Calendar, Edge, Offset, Period, Unit};
    ///
    /// let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
    /// let offset = Offset { count: -1, unit: Unit::Months };
    /// let last_month = Period { edge: Edge::Start, of: Calendar::Month, offset };
    /// assert_eq!(last_month.from(day(2026, 3, 31)), day(2026, 2, 1));
    /// ```
    pub fn from(self, today: NaiveDate) -> NaiveDate {
        let month = |first: u32, months: u32| {
            let start = NaiveDate::from_ymd_opt(today.year(), first, 1)?;
            match self.edge {
                Edge::Start => Some(start),
                Edge::End => start.checked_add_months(Months::new(months))?.pred_opt(),
            }
        };
        let edge = match self.of {
            Calendar::Week => {
                let monday = Days::new(today.weekday().num_days_from_monday().into());
                let monday = today.checked_sub_days(monday);
                match self.edge {
                    Edge::Start => monday,
                    Edge::End => monday.and_then(|monday| monday.checked_add_days(Days::new(6))),
                }
            }
            Calendar::Month => month(today.month(), 1),
            Calendar::Quarter => month(today.month0() / 3 * 3 + 1, 3),
            Calendar::Year => month(1, 12),
        };
        let (first, last) = Offset::DAYS;
        // Only the ends of the calendar have no such day.
        let edge = edge.unwrap_or(match self.edge {
            Edge::Start => first,
            Edge::End => last,
        });
        self.offset.from(edge.clamp(first, last))
    }
}
