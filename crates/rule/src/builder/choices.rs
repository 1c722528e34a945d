//! Tests of attributes that have several options at once. Not here: attributes of one value (`test`).

use serde_json::Value as Json;

use super::field::attribute_key;
use super::group::{Combinator, parts};
use super::list::Elements;
use super::operator::Operator;
use super::place::{Object, Place, flag, name, property};
use super::test::{known_rule, plain_value, unsuited};
use super::value::{finished, option};
use crate::error::quoted;
use crate::json::described;
use crate::{
    AttributeId, Comparison, Field, Kind, MAX_DEPTH, Matching, Names, OptionId, Options, Quantity, Rule,
    RuleError, RuleErrorKind, limits, nearest,
};

/// A test of a multi-choice attribute by an operator.
pub(super) fn test(
    object: &Object,
    (attribute, kind, options): (AttributeId, &Kind, &Options),
    operator: Operator,
    place: &Place,
) -> Result<Rule, RuleError> {
    let of = |quantity, options| Ok(Rule::Options { attribute, quantity, options });
    let has = |negated| if negated { Quantity::None } else { Quantity::Any };
    let here = place.key("value");
    let one = || Ok(vec![one_option(object.get("value"), options, &here)?]);
    let some = || some_options(object.get("value"), options, &here);
    match operator {
        Operator::Null { negated: true } => Ok(Rule::Has(Field::Attribute(attribute))),
        Operator::Null { negated: false } => Ok(Rule::Not(Box::new(Rule::Has(Field::Attribute(attribute))))),
        Operator::Compare(Comparison::Equal) => of(Quantity::Any, one()?),
        Operator::Compare(Comparison::NotEqual) => of(Quantity::None, one()?),
        Operator::Match { how: Matching::Contains, negated } => of(has(negated), one()?),
        Operator::In { negated } => of(has(negated), some()?),
        Operator::Options(quantity) => of(quantity, some()?),
        _ => Err(unsuited(object, kind, operator, place)),
    }
}

fn one_option(json: Option<&Json>, options: &Options, place: &Place) -> Result<OptionId, RuleError> {
    let json = json.unwrap_or(&Json::Null);
    finished(json, place)?;
    match json {
        Json::String(text) => option(text, options, place),
        other => Err(place.expected(RuleErrorKind::WrongType, "the key of an option", other)),
    }
}

/// The options of a list, each once.
fn some_options(json: Option<&Json>, options: &Options, place: &Place) -> Result<Vec<OptionId>, RuleError> {
    let elements = Elements::read(json.unwrap_or(&Json::Null), false, place)?;
    let mut found = Vec::new();
    for id in elements.each(place, |json, place| one_option(Some(json), options, place))? {
        if !found.contains(&id) {
            found.push(id);
        }
    }
    Ok(found)
}

/// How many of the elements are to match.
#[derive(Clone, Copy)]
enum Mode {
    All,
    Some,
    None,
    AtLeast,
    AtMost,
    Exactly,
}

const MODES: [(&str, Mode); 6] = [
    ("all", Mode::All),
    ("some", Mode::Some),
    ("none", Mode::None),
    ("atLeast", Mode::AtLeast),
    ("atMost", Mode::AtMost),
    ("exactly", Mode::Exactly),
];

/// The `match` of a rule, if it has one with a mode.
pub(super) fn matching<'j>(object: &'j Object, place: &Place) -> Result<Option<&'j Object>, RuleError> {
    match property(object, "match") {
        None => Ok(None),
        Some(Json::Object(found)) if found.is_empty() => Ok(None),
        Some(Json::Object(found)) => match property(found, "mode") {
            Some(Json::String(mode)) if mode.is_empty() => Ok(None),
            // What else it says would otherwise say nothing.
            None => {
                Err(place.key("match").key("mode").error(RuleErrorKind::Unfinished, "the match has no mode"))
            }
            Some(_) => Ok(Some(found)),
        },
        Some(other) => {
            Err(place.key("match").expected(RuleErrorKind::Syntax, "a mode and a threshold", other))
        }
    }
}

/// A test of how many of a person's options match a nested group.
pub(super) fn matched(
    object: &Object,
    matching: &Object,
    (attribute, options): (AttributeId, &Options),
    place: &Place,
    names: &dyn Names,
) -> Result<Rule, RuleError> {
    let place_of_match = place.key("match");
    let mode = mode(matching, &place_of_match)?;
    plain_value(object, place)?;
    let here = place.key("value");
    let mut found = Vec::new();
    match property(object, "value") {
        Some(Json::Object(group)) if group.contains_key("rules") => {
            let key = attribute_key(attribute, place, names)?;
            members(group, (&key, options), &here, 0, &mut found)?;
        }
        None => return Err(here.unfinished("the group of the match is missing")),
        Some(other) => {
            return Err(here.expected(RuleErrorKind::WrongType, "a group, which a match needs", other));
        }
    }
    let quantity = match mode {
        Mode::All => {
            // Nothing but these: nothing of all that there is besides.
            let others = (0..options.len()).map(OptionId::at).filter(|id| !found.contains(id)).collect();
            found = others;
            if found.is_empty() {
                let message = "every option is listed, so the match is the same for everybody";
                return Err(here.error(RuleErrorKind::ConstantRule, message));
            }
            Quantity::None
        }
        Mode::Some => Quantity::Any,
        Mode::None => Quantity::None,
        Mode::AtLeast | Mode::AtMost | Mode::Exactly => {
            let count = threshold(matching, &place_of_match)?;
            let quantity = match mode {
                Mode::AtMost => Quantity::AtMost(count),
                Mode::Exactly => Quantity::Exactly(count),
                _ => Quantity::AtLeast(count),
            };
            let wrong = |error| place_of_match.key("threshold").of(error);
            limits::quantity(quantity, found.len()).map_err(wrong)?;
            quantity
        }
    };
    Ok(Rule::Options { attribute, quantity, options: found })
}

fn mode(matching: &Object, place: &Place) -> Result<Mode, RuleError> {
    let text = name(matching, "mode", place)?;
    if let Some((_, mode)) = MODES.iter().find(|(known, _)| text.eq_ignore_ascii_case(known)) {
        return Ok(*mode);
    }
    let error =
        place.key("mode").not_supported(format!("unknown mode {}", quoted(text))).finding(quoted(text));
    Err(error.near(nearest(text, MODES.map(|(name, _)| name))))
}

/// A whole number of elements.
fn threshold(matching: &Object, place: &Place) -> Result<u32, RuleError> {
    let here = place.key("threshold");
    let Some(json) = property(matching, "threshold") else {
        return Err(here.unfinished("the `threshold` of the match is missing"));
    };
    let number = json.as_f64();
    if number.is_some_and(|number| 0.0 < number && number < 1.0) {
        let error = here.not_supported("a share of the options cannot be asked for");
        return Err(error.hint("give a whole number of options"));
    }
    let whole = number.filter(|number| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number));
    match whole {
        // It is whole and within the bounds of the type.
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked in the line above"
        )]
        Some(number) => Ok(number as u32),
        None => Err(here.expected(RuleErrorKind::InvalidNumber, "a whole number of options", json)),
    }
}

/// The options that a nested group lists, in their order, each once.
fn members(
    group: &Object,
    (key, options): (&str, &Options),
    place: &Place,
    level: usize,
    found: &mut Vec<OptionId>,
) -> Result<(), RuleError> {
    if level >= MAX_DEPTH {
        return Err(place.too_deep());
    }
    let parts = parts(group, place)?;
    if flag(group, "not", place)? {
        return Err(place.key("not").not_supported("a group within a match cannot be negated"));
    }
    let rules = place.key("rules");
    for (position, part) in parts.iter().enumerate() {
        let here = rules.index(part.index);
        if position > 0 && part.before != Combinator::Or {
            let error = here.not_supported("the rules of a match can only be joined by `or`");
            return Err(error.hint("an element of the list is one option"));
        }
        if part.object.contains_key("rules") {
            members(part.object, (key, options), &here, level + 1, found)?;
        } else {
            member(part.object, (key, options), &here, found)?;
        }
    }
    Ok(())
}

fn member(
    object: &Object,
    (key, options): (&str, &Options),
    place: &Place,
    found: &mut Vec<OptionId>,
) -> Result<(), RuleError> {
    known_rule(object, place)?;
    match property(object, "field") {
        None => {}
        Some(Json::String(field)) if field.is_empty() || field == key => {}
        Some(Json::String(field)) if field == super::place::PLACEHOLDER => {
            return Err(place.key("field").unfinished("the field is not chosen yet"));
        }
        Some(other) => {
            let field = other.as_str().map_or_else(|| described(other), quoted);
            let message = format!("an element of {} has no field {field}", quoted(key));
            return Err(place.key("field").not_supported(message).hint("leave the field empty"));
        }
    }
    if matching(object, place)?.is_some() {
        return Err(place.key("match").not_supported("a match within a match is not supported"));
    }
    if flag(object, "includeMissing", place)? {
        return Err(place.key("includeMissing").not_supported("an element of a list is never missing"));
    }
    let operator = Operator::read(name(object, "operator", place)?, &place.key("operator"))?;
    plain_value(object, place)?;
    let here = place.key("value");
    let ids = match operator {
        Operator::Compare(Comparison::Equal) => vec![one_option(object.get("value"), options, &here)?],
        Operator::In { negated: false } => some_options(object.get("value"), options, &here)?,
        _ => {
            let message = format!("an element of a list cannot be tested by {}", quoted(operator.name()));
            return Err(place.key("operator").not_supported(message).hint("list options with `=` or `in`"));
        }
    };
    for id in ids {
        if !found.contains(&id) {
            found.push(id);
        }
    }
    Ok(())
}
