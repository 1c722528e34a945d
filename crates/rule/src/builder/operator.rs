//! The operators by name. Not here: what they mean for a field (`test`, `choices`).

use super::place::Place;
use crate::error::quoted;
use crate::{Comparison, Matching, Quantity, RuleError, nearest};

/// What a rule asks of its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Compare(Comparison),
    Match { how: Matching, negated: bool },
    Null { negated: bool },
    In { negated: bool },
    Between { negated: bool },
    Under { itself: bool },
    Options(Quantity),
    ReportsTo,
    WithinLast,
    WithinNext,
    OlderThan,
}

/// All operators: those that every rule builder has, then those that are added for Matricula.
pub(super) const OPERATORS: [(&str, Operator); 28] = [
    ("=", Operator::Compare(Comparison::Equal)),
    ("!=", Operator::Compare(Comparison::NotEqual)),
    ("<", Operator::Compare(Comparison::Less)),
    (">", Operator::Compare(Comparison::Greater)),
    ("<=", Operator::Compare(Comparison::LessOrEqual)),
    (">=", Operator::Compare(Comparison::GreaterOrEqual)),
    ("contains", Operator::Match { how: Matching::Contains, negated: false }),
    ("beginsWith", Operator::Match { how: Matching::StartsWith, negated: false }),
    ("endsWith", Operator::Match { how: Matching::EndsWith, negated: false }),
    ("doesNotContain", Operator::Match { how: Matching::Contains, negated: true }),
    ("doesNotBeginWith", Operator::Match { how: Matching::StartsWith, negated: true }),
    ("doesNotEndWith", Operator::Match { how: Matching::EndsWith, negated: true }),
    ("null", Operator::Null { negated: false }),
    ("notNull", Operator::Null { negated: true }),
    ("in", Operator::In { negated: false }),
    ("notIn", Operator::In { negated: true }),
    ("between", Operator::Between { negated: false }),
    ("notBetween", Operator::Between { negated: true }),
    ("under", Operator::Under { itself: true }),
    ("below", Operator::Under { itself: false }),
    ("glob", Operator::Match { how: Matching::Glob, negated: false }),
    ("anyOf", Operator::Options(Quantity::Any)),
    ("allOf", Operator::Options(Quantity::All)),
    ("noneOf", Operator::Options(Quantity::None)),
    ("reportsTo", Operator::ReportsTo),
    ("withinLast", Operator::WithinLast),
    ("withinNext", Operator::WithinNext),
    ("olderThan", Operator::OlderThan),
];

impl Operator {
    /// The operator of this name, whatever its letter case.
    pub(super) fn read(name: &str, place: &Place) -> Result<Self, RuleError> {
        if let Some((_, operator)) = OPERATORS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) {
            return Ok(*operator);
        }
        let error = place.not_supported(format!("unknown operator {}", quoted(name))).finding(quoted(name));
        Err(error.near(nearest(name, OPERATORS.map(|(known, _)| known))))
    }

    /// What a field must be for this operator, unless any will do, or any that has an order.
    pub(super) fn suits(self) -> Option<&'static str> {
        match self {
            Self::Match { .. } => Some("a text"),
            Self::Under { .. } => Some("a path"),
            Self::Options(_) => Some("a multi-choice"),
            Self::ReportsTo => Some("a user"),
            Self::WithinLast | Self::WithinNext | Self::OlderThan => Some("a date or a timestamp"),
            Self::Compare(_) | Self::Null { .. } | Self::In { .. } | Self::Between { .. } => None,
        }
    }

    /// The operator's name.
    pub(super) fn name(self) -> &'static str {
        OPERATORS.iter().find(|(_, operator)| *operator == self).map_or("", |(name, _)| name)
    }
}
