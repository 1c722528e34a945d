//! Reads one rule of a rule builder: a field, an operator, a value. Not here: several options at once (`choices`),
//! and groups (`group`).

use serde_json::Value as Json;

use super::field::{About, Subject, subject};
use super::list::Elements;
use super::operator::Operator;
use super::place::{Object, Place, flag, name, no_near_misses, property};
use super::value::{finished, value};
use super::{choices, dates};
use crate::error::quoted;
use crate::{
    Comparison, Field, Kind, Matching, Names, Offset, Operand, Rule, RuleError, RuleErrorKind, Unit, Value,
    limits, normalise,
};

/// Reads a rule.
#[inline(never)]
pub(super) fn test(object: &Object, place: &Place, names: &dyn Names) -> Result<Rule, RuleError> {
    known_rule(object, place)?;
    let field_name = name(object, "field", place)?;
    let subject = subject(field_name, &place.key("field"), names)?;
    let operator = Operator::read(name(object, "operator", place)?, &place.key("operator"))?;
    let rule = match (choices::matching(object, place)?, subject) {
        (Some(matching), Subject::Field(Field::Attribute(attribute), Kind::MultiChoice { options })) => {
            if !matches!(operator, Operator::Compare(Comparison::Equal) | Operator::In { negated: false }) {
                let message = format!("a match says itself how many, found {}", quoted(operator.name()));
                return Err(place.key("operator").not_supported(message).hint("leave the operator at `=`"));
            }
            choices::matched(object, matching, (attribute, options), place, names)?
        }
        (Some(_), _) => {
            let message = format!("{} is no list that a match could count", quoted(field_name));
            return Err(place.key("match").not_supported(message));
        }
        (None, subject) => {
            if !matches!(operator, Operator::Null { .. }) {
                plain_value(object, place)?;
            }
            match subject {
                Subject::Fact(about) => fact(object, about, operator, place, names)?,
                Subject::Field(Field::Attribute(attribute), kind @ Kind::MultiChoice { options }) => {
                    choices::test(object, (attribute, kind, options), operator, place)?
                }
                Subject::Field(field, kind) => scalar(object, (field, kind), operator, place, names)?,
            }
        }
    };
    match (flag(object, "includeMissing", place)?, subject) {
        (false, _) => Ok(rule),
        (true, subject) => or_missing(rule, subject, operator, place),
    }
}

/// Refuses what no rule can have.
pub(super) fn known_rule(object: &Object, place: &Place) -> Result<(), RuleError> {
    const KNOWN: [&str; 10] = [
        "field",
        "operator",
        "value",
        "valueSource",
        "match",
        "lhs",
        "muted",
        "not",
        "rules",
        "includeMissing",
    ];
    no_near_misses(object, &KNOWN, place)?;
    if property(object, "lhs").is_some() {
        let error = place.key("lhs").not_supported("expressions of fields are not supported");
        return Err(error.hint("name a field alone"));
    }
    if flag(object, "not", place)? {
        let error = place.key("not").not_supported("a rule cannot be negated by `not`");
        return Err(error.hint("put it in a group that has `not`, or take the negated operator"));
    }
    Ok(())
}

/// Refuses what is no value but says where to find one.
pub(super) fn plain_value(object: &Object, place: &Place) -> Result<(), RuleError> {
    let here = place.key("valueSource");
    match property(object, "valueSource") {
        None => Ok(()),
        Some(Json::String(source)) => match source.as_str() {
            "value" | "" => Ok(()),
            "field" => {
                let error = here.not_supported("two fields cannot be compared");
                Err(error.hint("compare the field with a value"))
            }
            other => Err(here.not_supported(format!("the value source {} is not supported", quoted(other)))),
        },
        Some(other) => Err(here.expected(RuleErrorKind::Syntax, "the name of a value source", other)),
    }
}

/// Adds those who have no value.
fn or_missing(rule: Rule, subject: Subject, operator: Operator, place: &Place) -> Result<Rule, RuleError> {
    let here = place.key("includeMissing");
    match (operator, subject) {
        (_, Subject::Fact(_) | Subject::Field(Field::AccountKey | Field::AccountCreated, _)) => {
            Err(here.not_supported("the field is never missing"))
        }
        (Operator::Null { negated: false }, _) => Ok(rule),
        (Operator::Null { negated: true }, _) => {
            Err(here.error(RuleErrorKind::ConstantRule, "present or missing is everybody"))
        }
        (_, Subject::Field(field, _)) => Ok(Rule::Any(vec![rule, negate(Rule::Has(field))])),
    }
}

fn negate(rule: Rule) -> Rule {
    Rule::Not(Box::new(rule))
}

/// A test of what holds of a person or not.
fn fact(
    object: &Object,
    about: About,
    operator: Operator,
    place: &Place,
    names: &dyn Names,
) -> Result<Rule, RuleError> {
    let here = place.key("value");
    let json = object.get("value").unwrap_or(&Json::Null);
    let one = |json: &Json, here: &Place| {
        finished(json, here)?;
        match json {
            Json::String(key) => about.of(key, here, names),
            other => Err(here.expected(RuleErrorKind::WrongType, "a key", other)),
        }
    };
    let (rule, negated) = match operator {
        Operator::Compare(Comparison::Equal) => (one(json, &here)?, false),
        Operator::Compare(Comparison::NotEqual) => (one(json, &here)?, true),
        Operator::In { negated } => {
            let rules = Elements::read(json, false, &here)?.each(&here, one)?;
            let joined = super::group::join(super::group::Combinator::Or, rules);
            (joined.ok_or_else(|| here.unfinished("the value is missing"))?, negated)
        }
        _ => {
            let field = object.get("field").and_then(Json::as_str).unwrap_or_default();
            let sign = quoted(operator.name());
            let found = format!("{sign} for {}", quoted(field));
            let error = RuleError::mismatch(RuleErrorKind::WrongType, "`=`, `!=`, `in` or `notIn`", found);
            return Err(place.key("operator").of(error));
        }
    };
    Ok(if negated { negate(rule) } else { rule })
}

/// A test of a field that has at most one value.
fn scalar(
    object: &Object,
    (field, kind): (Field, &Kind),
    operator: Operator,
    place: &Place,
    names: &dyn Names,
) -> Result<Rule, RuleError> {
    let here = place.key("value");
    let json = object.get("value").unwrap_or(&Json::Null);
    let is_temporal = matches!(kind, Kind::Date | Kind::Timestamp);
    let reference = |value| match (operator, field, value) {
        (Operator::Under { itself }, Field::Attribute(attribute), Value::Path(path)) => {
            Ok(Rule::Under { attribute, path, itself })
        }
        (Operator::ReportsTo, Field::Attribute(attribute), Value::User(user)) => {
            Ok(Rule::ReportsTo { attribute, user })
        }
        _ => Err(unsuited(object, kind, operator, place)),
    };
    match operator {
        Operator::Null { negated } => {
            limits::presence(field).map_err(|error| place.key("operator").of(error))?;
            let rule = Rule::Has(field);
            Ok(if negated { rule } else { negate(rule) })
        }
        Operator::Compare(comparison) => {
            if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) && !kind.is_ordered() {
                return Err(unsuited(object, kind, operator, place));
            }
            if is_temporal {
                return dates::compare(field, comparison, json, kind, &here, names);
            }
            Ok(Rule::Compare { field, comparison, with: Operand::Value(one(json, kind, &here, names)?) })
        }
        Operator::In { negated } => {
            let values = Elements::read(json, false, &here)?
                .each(&here, |json, place| element(json, kind, place, names))?;
            let rule = Rule::In { field, values };
            Ok(if negated { negate(rule) } else { rule })
        }
        Operator::Between { negated } if kind.is_ordered() => {
            let ends = Elements::read(json, true, &here)?;
            let rule = if is_temporal {
                dates::between(field, &ends, kind, &here, names)?
            } else {
                plain_between(&ends, (field, kind), &here, names)?
            };
            Ok(if negated { negate(rule) } else { rule })
        }
        Operator::Match { how, negated } if *kind == Kind::Text => {
            let rule = Rule::Match { field, how, text: pattern(json, how, &here)? };
            Ok(if negated { negate(rule) } else { rule })
        }
        Operator::WithinLast | Operator::WithinNext | Operator::OlderThan if is_temporal => {
            Ok(within(field, operator, dates::length(json, &here)?))
        }
        Operator::Under { .. } if *kind == Kind::Path => reference(one(json, kind, &here, names)?),
        Operator::ReportsTo if *kind == Kind::User => reference(one(json, kind, &here, names)?),
        _ => Err(unsuited(object, kind, operator, place)),
    }
}

/// The one value of a comparison.
fn one(json: &Json, kind: &Kind, place: &Place, names: &dyn Names) -> Result<Value, RuleError> {
    match json {
        Json::String(text) if text.is_empty() && *kind == Kind::Text => Err(place
            .unfinished("the value is missing")
            .hint("the empty text is written as a list, `[\"\"]`, with `in`")),
        Json::Array(_) => {
            Err(place.expected(RuleErrorKind::WrongType, "one value", json).hint("lists are for `in`"))
        }
        _ => value(json, kind, place, names),
    }
}

/// A value in a list, where the empty text is one.
fn element(json: &Json, kind: &Kind, place: &Place, names: &dyn Names) -> Result<Value, RuleError> {
    match json {
        Json::String(text) if text.is_empty() && *kind == Kind::Text => Ok(Value::text(text)),
        Json::Object(_) if matches!(kind, Kind::Date | Kind::Timestamp) => {
            let error = place.not_supported("a list holds no days that move with time");
            Err(error.hint("join rules with `=` by `or`"))
        }
        _ => value(json, kind, place, names),
    }
}

fn plain_between(
    ends: &Elements,
    (field, kind): (Field, &Kind),
    place: &Place,
    names: &dyn Names,
) -> Result<Rule, RuleError> {
    let (mut from, mut to) = ends.two(place, |json, place| value(json, kind, place, names))?;
    // Numbers are brought into their order; texts are not.
    if to < from && *kind != Kind::Text {
        std::mem::swap(&mut from, &mut to);
    }
    let (from, to) = (Operand::Value(from), Operand::Value(to));
    let attribute = field.attribute().and_then(|id| names.schema().get(id));
    limits::between(&from, &to, attribute).map_err(|error| place.of(error))?;
    Ok(Rule::Between { field, from, to })
}

/// What a text is matched with.
fn pattern(json: &Json, how: Matching, place: &Place) -> Result<Box<str>, RuleError> {
    finished(json, place)?;
    let Json::String(text) = json else {
        return Err(place.expected(RuleErrorKind::WrongType, "a text", json));
    };
    let text: Box<str> = normalise(text).into();
    limits::matching(how, &text).map_err(|error| match error.kind() {
        RuleErrorKind::ConstantRule => place.of(error).hint("ask for any value by `notNull`"),
        _ => place.of(error),
    })?;
    Ok(text)
}

/// A test of how far from today a day is.
fn within(field: Field, operator: Operator, length: Offset) -> Rule {
    let today = Operand::Today(Offset { count: 0, unit: Unit::Days });
    let ahead = if length.count == 0 { today.clone() } else { Operand::Today(length) };
    // A count is not negative, and so has an opposite.
    let back = Offset { count: length.count.saturating_neg(), ..length };
    let back = if back.count == 0 { today.clone() } else { Operand::Today(back) };
    match operator {
        Operator::WithinNext => Rule::Between { field, from: today, to: ahead },
        Operator::WithinLast => Rule::Between { field, from: back, to: today },
        _ => Rule::Compare { field, comparison: Comparison::Less, with: back },
    }
}

/// An operator that does not suit the type of its field.
pub(super) fn unsuited(object: &Object, kind: &Kind, operator: Operator, place: &Place) -> RuleError {
    let field = quoted(object.get("field").and_then(Json::as_str).unwrap_or_default());
    let here = place.key("operator");
    let sign = quoted(operator.name());
    let Some(suits) = operator.suits() else { return here.of(limits::no_order(kind, &field, &sign)) };
    let found = format!("{field}, {}", limits::type_name(kind));
    here.of(RuleError::mismatch(RuleErrorKind::WrongType, format!("{suits} for {sign}"), found))
}
