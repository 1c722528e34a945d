//! The typed rule: what stores keep, and what every evaluator and face reads. Not here: how it is written as
//! text (`parse`, `print`) or answered (`eval`).

use chrono::{Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::{AttributeId, Value};

/// A rule that has been checked: every attribute exists and every value is of its type.
///
/// Its JSON form is the canonical one:
///
/// ```
/// use matricula_rule::{AttributeId, Comparison, Operand, Rule, Value};
///
/// let rule = Rule::Compare {
///     attribute: AttributeId(3),
///     comparison: Comparison::Equal,
///     with: Operand::Value(Value::text("Sales")),
/// };
/// assert_eq!(
///     serde_json::to_string(&rule)?,
///     r#"{"compare":{"attribute":3,"comparison":"==","with":{"value":{"text":"Sales"}}}}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// All of these; at least two.
    All(Vec<Rule>),
    /// Any of these; at least two.
    Any(Vec<Rule>),
    /// Not this.
    Not(Box<Rule>),
    /// The person has a value. Never unknown.
    Has(AttributeId),
    /// The person's value compared with another; unknown if the person has none.
    Compare {
        /// Whose value.
        attribute: AttributeId,
        /// How.
        comparison: Comparison,
        /// With what.
        with: Operand,
    },
    /// The person's value is one of these (at least one); unknown if the person has none.
    In {
        /// Whose value.
        attribute: AttributeId,
        /// The values.
        values: Vec<Value>,
    },
}

/// How two values are compared. Only dates and text have an order; text is ordered by code point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// `==`
    #[serde(rename = "==")]
    Equal,
    /// `!=`
    #[serde(rename = "!=")]
    NotEqual,
    /// `<`
    #[serde(rename = "<")]
    Less,
    /// `<=`
    #[serde(rename = "<=")]
    LessOrEqual,
    /// `>`
    #[serde(rename = ">")]
    Greater,
    /// `>=`
    #[serde(rename = ">=")]
    GreaterOrEqual,
}

impl Comparison {
    /// The sign, as in rule text.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether the comparison holds for an ordering of left against right.
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }

    /// The comparison that holds exactly when this one does not.
    pub fn negated(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }

    /// The same comparison with its sides exchanged: `a < b` is `b > a`.
    pub fn flipped(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// A constant.
    Value(Value),
    /// A day counted from today: `today`, `today - days(90)`.
    Today(Offset),
}

/// A distance in calendar time, negative for the past. `Offset { count: 0, .. }` is today itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
