//! Writes rules for a rule builder. Not here: how they are read (`group`, `test`).

use chrono::SecondsFormat;
use serde_json::{Number, Value as Json, json};

use super::dates::written;
use super::field::{About, attribute_key, field_name, key};
use super::list::trim;
use super::operator::Operator;
use super::place::{PLACEHOLDER, Place};
use super::value::FLOAT_DIGITS;
use crate::check::too_few;
use crate::{
    AttributeId, Comparison, Decimal, Field, Kind, MAX_DEPTH, Named, Names, Operand, OptionId, Quantity,
    Rule, RuleError, RuleErrorKind, Value, limits,
};

/// Why an empty text cannot be written.
const EMPTY: &str = "a rule builder takes an empty text for an unfinished rule";

/// Writes a rule as a group.
pub(super) fn root(rule: &Rule, names: &dyn Names) -> Result<Json, RuleError> {
    let json = part(rule, &Place::ROOT, names, 0)?;
    Ok(if json.get("rules").is_some() { json } else { json!({"combinator": "and", "rules": [json]}) })
}

// Keep this frame small: it is the only one that recurses.
fn part(rule: &Rule, place: &Place, names: &dyn Names, level: usize) -> Result<Json, RuleError> {
    let (combinator, key, parts) = match rule {
        Rule::All(parts) => ("and", "all", parts),
        Rule::Any(parts) => ("or", "any", parts),
        Rule::Xor(parts) => ("xor", "xor", parts),
        Rule::Not(inner) => {
            if level >= MAX_DEPTH {
                return Err(place.too_deep());
            }
            let here = place.key("not");
            if let Some(json) = negated(inner, &here, names)? {
                return Ok(json);
            }
            let json = part(inner, &here, names, level + 1)?;
            return Ok(negate(json));
        }
        leaf => return test(leaf, place, names),
    };
    if level >= MAX_DEPTH {
        return Err(place.too_deep());
    }
    let here = place.key(key);
    if parts.len() < 2 {
        return Err(here.of(too_few(parts.len())));
    }
    let mut rules = Vec::with_capacity(parts.len());
    for (index, inner) in parts.iter().enumerate() {
        rules.push(part(inner, &here.index(index), names, level + 1)?);
    }
    Ok(json!({"combinator": combinator, "rules": rules}))
}

/// Negates a group, or puts what is none into one that is negated.
fn negate(mut json: Json) -> Json {
    match json.as_object_mut() {
        Some(group) if group.contains_key("rules") && !group.contains_key("not") => {
            group.insert("not".into(), Json::Bool(true));
            json
        }
        _ => json!({"combinator": "and", "not": true, "rules": [json]}),
    }
}

/// A test that has an operator for its opposite, said by that.
fn negated(rule: &Rule, place: &Place, names: &dyn Names) -> Result<Option<Json>, RuleError> {
    if let Some((about, key)) = About::said_by(rule, place, names)? {
        return Ok(Some(rule_of(about.name(place, names)?, Comparison::NotEqual, said(&key, place)?)));
    }
    let (operator, opposite) = match rule {
        Rule::Has(_) => (Operator::Null { negated: true }, Operator::Null { negated: false }),
        Rule::In { .. } => (Operator::In { negated: false }, Operator::In { negated: true }),
        Rule::Between { .. } => (Operator::Between { negated: false }, Operator::Between { negated: true }),
        Rule::Match { how, .. } if *how != crate::Matching::Glob => {
            (Operator::Match { how: *how, negated: false }, Operator::Match { how: *how, negated: true })
        }
        _ => return Ok(None),
    };
    let mut json = test(rule, place, names)?;
    Ok(match json.get_mut("operator") {
        Some(name) if *name == operator.name() => {
            *name = opposite.name().into();
            Some(json)
        }
        _ => None,
    })
}

fn rule_of(field: String, comparison: Comparison, value: impl Into<Json>) -> Json {
    let value: Json = value.into();
    json!({"field": field, "operator": Operator::Compare(comparison).name(), "value": value})
}

/// Writes a rule that joins no others.
#[inline(never)]
fn test(rule: &Rule, place: &Place, names: &dyn Names) -> Result<Json, RuleError> {
    if let Some((about, key)) = About::said_by(rule, place, names)? {
        return Ok(rule_of(about.name(place, names)?, Comparison::Equal, said(&key, place)?));
    }
    let (field, operator, value) = match rule {
        Rule::Has(field) => {
            limits::presence(*field).map_err(|error| place.of(error))?;
            (*field, Operator::Null { negated: true }, Json::Null)
        }
        Rule::Compare { field, comparison, with } => {
            return compare(*field, *comparison, with, &place.key("compare"), names);
        }
        Rule::Between { field, from, to } => {
            let here = place.key("between");
            let value = between((*field, from, to), &here, names)?;
            (*field, Operator::Between { negated: false }, value)
        }
        Rule::In { field, values } => {
            let here = place.key("in");
            let values_place = here.key("values");
            let values = values
                .iter()
                .enumerate()
                .map(|(index, value)| listed(value, *field, &values_place.index(index), names));
            let values = list(values.collect::<Result<_, _>>()?, &values_place)?;
            (*field, Operator::In { negated: false }, values)
        }
        Rule::Match { field, how, text } => {
            let here = place.key("match");
            let here = here.key("text");
            limits::matching(*how, text).map_err(|error| here.of(error))?;
            if text.is_empty() {
                return Err(here.not_supported(EMPTY));
            }
            (*field, Operator::Match { how: *how, negated: false }, said(text, &here)?)
        }
        Rule::Options { attribute, quantity, options } => {
            return chosen(*attribute, *quantity, options, &place.key("options"), names);
        }
        Rule::Under { attribute, path, itself } => {
            let value = said(path, &place.key("under"))?;
            (Field::Attribute(*attribute), Operator::Under { itself: *itself }, value)
        }
        Rule::ReportsTo { attribute, user } => {
            let here = place.key("reports_to");
            let value = said(&key(Named::User, user.0, &here, names)?, &here)?;
            (Field::Attribute(*attribute), Operator::ReportsTo, value)
        }
        Rule::Size { .. } => {
            return Err(place
                .key("size")
                .not_supported("a rule builder cannot count all options of somebody"));
        }
        Rule::All(_) | Rule::Any(_) | Rule::Not(_) | Rule::Xor(_) | Rule::Is(_) => {
            return Err(place.not_supported("expected a test of one field"));
        }
    };
    Ok(json!({"field": field_name(field, place, names)?, "operator": operator.name(), "value": value}))
}

fn kind_of<'n>(field: Field, place: &Place, names: &'n dyn Names) -> Result<&'n Kind, RuleError> {
    field_name(field, place, names)?;
    field.kind(names.schema()).ok_or_else(|| place.not_supported("the field has no type"))
}

fn compare(
    field: Field,
    comparison: Comparison,
    with: &Operand,
    place: &Place,
    names: &dyn Names,
) -> Result<Json, RuleError> {
    let name = field_name(field, place, names)?;
    let here = place.key("with");
    let value = match with {
        Operand::Value(Value::Text(text)) if text.is_empty() => {
            let negated = match comparison {
                Comparison::Equal => false,
                Comparison::NotEqual => true,
                _ => {
                    return Err(here.not_supported(EMPTY));
                }
            };
            return Ok(json!({"field": name, "operator": Operator::In { negated }.name(), "value": [""]}));
        }
        Operand::Value(value) => constant(value, &here, names, field)?,
        Operand::Period(period)
            if period.edge == crate::Edge::End && *kind_of(field, place, names)? == Kind::Timestamp =>
        {
            return Err(here.not_supported("a rule builder takes the end of a period for its last moment"));
        }
        moving => written(moving, false, &here)?,
    };
    Ok(rule_of(name, comparison, value))
}

fn between(
    (field, from, to): (Field, &Operand, &Operand),
    place: &Place,
    names: &dyn Names,
) -> Result<Json, RuleError> {
    let kind = kind_of(field, place, names)?;
    let (first, last) = (place.key("from"), place.key("to"));
    let attribute = field.attribute().and_then(|id| names.schema().get(id));
    limits::between(from, to, attribute).map_err(|error| place.of(error))?;
    let is_instant = *kind == Kind::Timestamp;
    let is_end =
        |operand: &Operand| matches!(operand, Operand::Period(period) if period.edge == crate::Edge::End);
    if is_instant && is_end(from) {
        return Err(first.not_supported("a rule builder takes the end of a period for its last moment"));
    }
    if is_instant && matches!(to, Operand::Period(_)) && !is_end(to) {
        return Err(last.not_supported("a rule builder takes the start of a period for its first moment"));
    }
    let end = |operand: &Operand, whole_day, place: &Place| match operand {
        Operand::Value(value) => constant(value, place, names, field),
        moving => written(moving, whole_day, place),
    };
    if [from, to].iter().any(|end| matches!(end, Operand::Value(Value::Text(text)) if text.is_empty())) {
        return Err(place.not_supported(EMPTY));
    }
    list(vec![end(from, false, &first)?, end(to, is_instant, &last)?], place)
}

/// How many of some options somebody has.
fn chosen(
    attribute: AttributeId,
    quantity: Quantity,
    options: &[OptionId],
    place: &Place,
    names: &dyn Names,
) -> Result<Json, RuleError> {
    let name = attribute_key(attribute, place, names)?;
    let here = place.key("options");
    let keys =
        options.iter().enumerate().map(|(index, id)| option_key(attribute, *id, &here.index(index), names));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let (mode, threshold) = match quantity {
        Quantity::Any | Quantity::None if options.len() == 1 => {
            let comparison = if quantity == Quantity::Any { Comparison::Equal } else { Comparison::NotEqual };
            return Ok(rule_of(name, comparison, keys.into_iter().next()));
        }
        Quantity::Any | Quantity::All | Quantity::None => {
            let keys = list(keys, &here)?;
            let operator = match quantity {
                Quantity::Any => Operator::In { negated: false },
                Quantity::None => Operator::In { negated: true },
                _ => Operator::Options(quantity),
            };
            return Ok(json!({"field": name, "operator": operator.name(), "value": keys}));
        }
        Quantity::AtLeast(count) => ("atLeast", count),
        Quantity::AtMost(count) => ("atMost", count),
        Quantity::Exactly(count) => ("exactly", count),
    };
    limits::quantity(quantity, options.len()).map_err(|error| place.of(error))?;
    Ok(json!({
        "field": name,
        "operator": "=",
        "match": {"mode": mode, "threshold": threshold},
        "value": {"combinator": "or", "rules": [{"field": "", "operator": "in", "value": list(keys, &here)?}]},
    }))
}

fn option_key(
    attribute: AttributeId,
    id: OptionId,
    place: &Place,
    names: &dyn Names,
) -> Result<Json, RuleError> {
    let found = names.schema().get(attribute).and_then(|attribute| attribute.option_key(id));
    let key = found.ok_or_else(|| {
        place
            .error(RuleErrorKind::UnknownOption, format!("unknown option {}", id.0))
            .finding(id.0.to_string())
    })?;
    said(key, place)
}

/// Some values of which no text loses anything in a list.
fn list(values: Vec<Json>, place: &Place) -> Result<Json, RuleError> {
    if values.is_empty() {
        return Err(place.of(limits::empty_list()));
    }
    if values.iter().filter_map(Json::as_str).any(|text| trim(text).len() < text.len()) {
        return Err(
            place.not_supported("a rule builder takes the white space from around the texts of a list")
        );
    }
    Ok(Json::Array(values))
}

/// A text that stands for nothing else in a rule builder.
fn said(text: &str, place: &Place) -> Result<Json, RuleError> {
    if text == PLACEHOLDER {
        return Err(place.not_supported("a rule builder takes `~` for a value to be chosen"));
    }
    Ok(text.into())
}

/// A value in a list, where texts lose the white space around them.
fn listed(value: &Value, field: Field, place: &Place, names: &dyn Names) -> Result<Json, RuleError> {
    if matches!(value, Value::Date(_)) && *kind_of(field, place, names)? == Kind::Timestamp {
        return Err(place.not_supported("a rule builder lists instants, not days, of a timestamp"));
    }
    match value {
        Value::Text(text) if text.is_empty() => Ok("".into()),
        other => constant(other, place, names, field),
    }
}

fn constant(value: &Value, place: &Place, names: &dyn Names, field: Field) -> Result<Json, RuleError> {
    match value {
        Value::Text(text) | Value::Path(text) => said(text, place),
        Value::Integer(number) => Ok((*number).into()),
        Value::Decimal(number) => Ok(decimal(*number)),
        Value::Boolean(value) => Ok((*value).into()),
        Value::Date(day) => Ok(day.to_string().into()),
        Value::Timestamp(instant) => Ok(instant.to_rfc3339_opts(SecondsFormat::AutoSi, true).into()),
        Value::Choice(id) => match field.attribute() {
            Some(attribute) => option_key(attribute, *id, place, names),
            None => Err(place.not_supported("only attributes have options")),
        },
        Value::User(id) => said(&key(Named::User, id.0, place, names)?, place),
        Value::Choices(_) => Err(place.not_supported("several options are no one value")),
    }
}

/// A number, if JSON is sure to keep it; else its text.
fn decimal(number: Decimal) -> Json {
    let text = number.to_string();
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    match text.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(number) if digits <= FLOAT_DIGITS => number.into(),
        _ => text.into(),
    }
}
