//! The meaning of a rule for one person: Kleene's three-valued logic, said as plainly as it can be. The fast
//! evaluators are tested against this one, and explanations are drawn from it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Not;

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    AttributeId, Comparison, Fact, Field, Glob, Matching, Operand, Rule, UserId, Value, fold, is_under,
};

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

    /// One but not the other; unknown if either is.
    pub fn xor(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            _ => (self != other).into(),
        }
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

/// What a rule asks of a person, and of the day and place where the question is asked.
pub trait Person {
    /// The person's value of a field, if there is one.
    fn value(&self, field: Field) -> Option<Value>;

    /// The calendar day on which the question is asked, where the rule's site is.
    fn today(&self) -> NaiveDate;

    /// The first moment of a calendar day, where the rule's site is; in UTC unless it is said otherwise.
    fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        day.and_time(chrono::NaiveTime::MIN).and_utc()
    }

    /// Whether a fact holds of the person.
    fn is(&self, fact: Fact) -> bool {
        let _ = fact;
        false
    }

    /// Whether following a user attribute from this person to the next and so on leads to a user.
    fn reports_to(&self, attribute: AttributeId, user: UserId) -> bool {
        let _ = (attribute, user);
        false
    }

    /// Whether an attribute is compared without regard to case.
    fn ignores_case(&self, attribute: AttributeId) -> bool {
        let _ = attribute;
        false
    }
}

/// Answers a rule for one person.
pub fn evaluate(rule: &Rule, person: &impl Person) -> Truth {
    match rule {
        Rule::All(parts) => parts.iter().fold(Truth::True, |so_far, part| so_far.and(evaluate(part, person))),
        Rule::Any(parts) => parts.iter().fold(Truth::False, |so_far, part| so_far.or(evaluate(part, person))),
        Rule::Not(part) => !evaluate(part, person),
        Rule::Xor(parts) => {
            parts.iter().fold(Truth::False, |so_far, part| so_far.xor(evaluate(part, person)))
        }
        Rule::Has(field) => person.value(*field).is_some().into(),
        Rule::Options { attribute, quantity, options } => {
            let has = chosen(person, *attribute);
            let count = options.iter().filter(|option| has.contains(option)).count();
            quantity.holds(count, options.len()).into()
        }
        Rule::Size { attribute, comparison, count } => {
            let has = chosen(person, *attribute).len();
            comparison.holds(has.cmp(&(*count as usize))).into()
        }
        Rule::Is(fact) => person.is(*fact).into(),
        Rule::Compare { field, .. }
        | Rule::Between { field, .. }
        | Rule::In { field, .. }
        | Rule::Match { field, .. } => {
            let Some(value) = person.value(*field) else {
                return if field.is_never_unknown() { Truth::False } else { Truth::Unknown };
            };
            let ignore_case = field.attribute().is_some_and(|attribute| person.ignores_case(attribute));
            test(rule, &value, ignore_case, person).into()
        }
        Rule::Under { attribute, .. } | Rule::ReportsTo { attribute, .. } => {
            match person.value(Field::Attribute(*attribute)) {
                None => Truth::Unknown,
                Some(value) => test(rule, &value, false, person).into(),
            }
        }
    }
}

/// The options that a person has.
fn chosen(person: &impl Person, attribute: AttributeId) -> Vec<crate::OptionId> {
    match person.value(Field::Attribute(attribute)) {
        Some(Value::Choices(options)) => options.into_vec(),
        _ => Vec::new(),
    }
}

/// A test of a value that is there.
fn test(rule: &Rule, value: &Value, ignore_case: bool, person: &impl Person) -> bool {
    match rule {
        Rule::Compare { comparison, with, .. } => {
            let ordering = order(value, with, ignore_case, person);
            // Nothing but "not equal" holds between values of different types; checked rules have none.
            ordering.map_or(*comparison == Comparison::NotEqual, |ordering| comparison.holds(ordering))
        }
        Rule::Between { from, to, .. } => {
            let above = order(value, from, ignore_case, person).is_some_and(Ordering::is_ge);
            let below = match (value, to.day(person.today())) {
                (Value::Timestamp(at), Some(day)) => {
                    day.succ_opt().is_none_or(|next| *at < person.start_of(next))
                }
                _ => order(value, to, ignore_case, person).is_some_and(Ordering::is_le),
            };
            above && below
        }
        Rule::In { values, .. } => values.iter().any(|other| {
            order(value, &Operand::Value(other.clone()), ignore_case, person).is_some_and(Ordering::is_eq)
        }),
        Rule::Match { how, text, .. } => {
            let Value::Text(value) = value else { return false };
            let (value, text) = (folded(value, ignore_case), folded(text, ignore_case));
            match how {
                Matching::StartsWith => value.starts_with(&*text),
                Matching::EndsWith => value.ends_with(&*text),
                Matching::Contains => value.contains(&*text),
                Matching::Glob => Glob::new(&text).is_ok_and(|glob| glob.matches(&value)),
            }
        }
        Rule::Under { path, itself, .. } => {
            let Value::Path(value) = value else { return false };
            is_under(value, path) && (*itself || value != path)
        }
        Rule::ReportsTo { attribute, user } => person.reports_to(*attribute, *user),
        // These are no tests of one value.
        Rule::All(_) | Rule::Any(_) | Rule::Not(_) | Rule::Xor(_) | Rule::Has(_) => false,
        Rule::Options { .. } | Rule::Size { .. } | Rule::Is(_) => false,
    }
}

/// How a value is ordered against the other side of a comparison; `None` if they are of different types.
fn order(value: &Value, with: &Operand, ignore_case: bool, person: &impl Person) -> Option<Ordering> {
    if let Some(day) = with.day(person.today()) {
        return match value {
            Value::Date(date) => Some(date.cmp(&day)),
            Value::Timestamp(at) => Some(at.cmp(&person.start_of(day))),
            _ => None,
        };
    }
    let Operand::Value(other) = with else { return None };
    match (value, other) {
        (Value::Text(text), Value::Text(other)) => {
            Some(folded(text, ignore_case).cmp(&folded(other, ignore_case)))
        }
        _ if std::mem::discriminant(value) == std::mem::discriminant(other) => Some(value.cmp(other)),
        _ => None,
    }
}

fn folded(text: &str, ignore_case: bool) -> Cow<'_, str> {
    if ignore_case { fold(text) } else { Cow::Borrowed(text) }
}
