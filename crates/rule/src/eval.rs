//! The meaning of a rule for one person: Kleene's three-valued logic, said as plainly as it can be. The fast
//! evaluators are tested against this one, and explanations are drawn from it.

use std::ops::Not;

use chrono::NaiveDate;

use crate::{AttributeId, Comparison, Operand, Rule, Value};

/// True, false, or unknown for want of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It does not hold.
    False,
    /// It cannot be said: a value is missing.
    Unknown,
    /// It holds.
    True,
}

impl Truth {
    /// Both; the lesser of the two.
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Either; the greater of the two.
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// `true`, `false` or `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unknown => "unknown",
        }
    }
}

impl Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::Unknown => Self::Unknown,
            Self::False => Self::True,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// What a rule asks of a person.
pub trait Person {
    /// The person's value of an attribute, if there is one.
    fn value(&self, attribute: AttributeId) -> Option<Value>;
    /// The calendar day on which the question is asked, where the rule's site is.
    fn today(&self) -> NaiveDate;
}

/// Answers a rule for one person.
pub fn evaluate(rule: &Rule, person: &impl Person) -> Truth {
    match rule {
        Rule::All(parts) => parts.iter().fold(Truth::True, |so_far, part| so_far.and(evaluate(part, person))),
        Rule::Any(parts) => parts.iter().fold(Truth::False, |so_far, part| so_far.or(evaluate(part, person))),
        Rule::Not(part) => !evaluate(part, person),
        Rule::Has(attribute) => person.value(*attribute).is_some().into(),
        Rule::Compare { attribute, comparison, with } => match person.value(*attribute) {
            None => Truth::Unknown,
            Some(value) => test(&value, *comparison, with, person.today()).into(),
        },
        Rule::In { attribute, values } => match person.value(*attribute) {
            None => Truth::Unknown,
            Some(value) => values.contains(&value).into(),
        },
    }
}

/// Compares a value that is there with the other side of a comparison.
pub fn test(value: &Value, comparison: Comparison, with: &Operand, today: NaiveDate) -> bool {
    match with {
        Operand::Value(other) => comparison.holds(value.cmp(other)),
        Operand::Today(offset) => comparison.holds(value.cmp(&Value::Date(offset.from(today)))),
    }
}
