//! Checks a rule that arrived typed, as JSON. Not here: rules that arrive as text (`check`).

use crate::error::quoted;
use crate::operand::is_within;
use crate::{
    Attribute, AttributeId, Comparison, Kind, MAX_DEPTH, Operand, Rule, RuleError, RuleErrorKind, Schema,
    Value, normalise,
};

/// Checks that a typed rule is what [`check`](crate::check()) could have made: every attribute and option exists, every
/// value is of its attribute's type, in its normal form and within bounds, and no list is empty. An error says
/// where by JSON pointer ([`RuleError::pointer`]).
///
/// ```
/// use matricula_rule::{Attribute, AttributeId, Kind, Rule, Schema, validate};
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "manager", Kind::Text));
///
/// let rule: Rule = serde_json::from_str(r#"{"not":{"has":7}}"#)?;
/// let error = validate(&rule, &schema).unwrap_err();
/// assert_eq!(error.to_string(), "unknown attribute 7 at `/not/has`");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
///
/// If it is not.
pub fn validate(rule: &Rule, schema: &Schema) -> Result<(), RuleError> {
    visit(rule, schema, &mut String::new(), 0)
}

// Keep this frame small: it is the only one that recurses.
fn visit(rule: &Rule, schema: &Schema, pointer: &mut String, depth: usize) -> Result<(), RuleError> {
    match rule {
        Rule::All(parts) => visit_parts("/all", parts, schema, pointer, depth),
        Rule::Any(parts) => visit_parts("/any", parts, schema, pointer, depth),
        Rule::Not(part) => {
            too_deep(pointer, depth)?;
            pointer.push_str("/not");
            visit(part, schema, pointer, depth + 1)?;
            pointer.truncate(pointer.len() - "/not".len());
            Ok(())
        }
        leaf => check(leaf, schema, pointer),
    }
}

fn visit_parts(
    name: &str,
    parts: &[Rule],
    schema: &Schema,
    pointer: &mut String,
    depth: usize,
) -> Result<(), RuleError> {
    too_deep(pointer, depth)?;
    let length = pointer.len();
    pointer.push_str(name);
    if parts.len() < 2 {
        let message = format!("expected two conditions or more, found {}", parts.len());
        return Err(RuleError::new(RuleErrorKind::TooFewParts, message).at_pointer(pointer));
    }
    for (position, part) in parts.iter().enumerate() {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(&position.to_string());
        visit(part, schema, pointer, depth + 1)?;
        pointer.truncate(length);
    }
    pointer.truncate(length);
    Ok(())
}

fn too_deep(pointer: &str, depth: usize) -> Result<(), RuleError> {
    if depth < MAX_DEPTH {
        return Ok(());
    }
    let message = format!("the rule nests more than {MAX_DEPTH} levels deep");
    Err(RuleError::new(RuleErrorKind::TooDeep, message).at_pointer(pointer))
}

fn find<'s>(id: AttributeId, schema: &'s Schema, pointer: &str) -> Result<&'s Attribute, RuleError> {
    schema.get(id).ok_or_else(|| {
        let message = format!("unknown attribute {}", id.0);
        RuleError::new(RuleErrorKind::UnknownAttribute, message).finding(id.0.to_string()).at_pointer(pointer)
    })
}

/// Checks a rule that joins no others.
fn check(rule: &Rule, schema: &Schema, pointer: &str) -> Result<(), RuleError> {
    match rule {
        Rule::Has(attribute) => find(*attribute, schema, &format!("{pointer}/has")).map(|_| ()),
        Rule::Compare { attribute, comparison, with } => {
            let attribute = find(*attribute, schema, &format!("{pointer}/compare/attribute"))?;
            match with {
                Operand::Value(other) => value(attribute, other, &format!("{pointer}/compare/with/value"))?,
                Operand::Today(_) if attribute.kind == Kind::Date => {}
                Operand::Today(_) => {
                    let pointer = format!("{pointer}/compare/with/today");
                    return Err(mismatch(attribute, "a day counted from today", &pointer));
                }
            }
            let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
            if !equality && matches!(attribute.kind, Kind::Choice { .. }) {
                let key = quoted(&attribute.key);
                let message = format!("{key} is a choice, which has no order for `{}`", comparison.sign());
                let pointer = format!("{pointer}/compare/comparison");
                return Err(RuleError::new(RuleErrorKind::NoOrder, message).at_pointer(&pointer));
            }
            Ok(())
        }
        Rule::In { attribute, values } => {
            let attribute = find(*attribute, schema, &format!("{pointer}/in/attribute"))?;
            if values.is_empty() {
                let error =
                    RuleError::new(RuleErrorKind::EmptyList, "the list is empty, so nothing is in it");
                return Err(error.at_pointer(&format!("{pointer}/in/values")));
            }
            for (position, other) in values.iter().enumerate() {
                value(attribute, other, &format!("{pointer}/in/values/{position}"))?;
            }
            Ok(())
        }
        // These join others, and are visited.
        Rule::All(_) | Rule::Any(_) | Rule::Not(_) => Ok(()),
    }
}

fn mismatch(attribute: &Attribute, found: &str, pointer: &str) -> RuleError {
    let expected = match attribute.kind {
        Kind::Text => "text",
        Kind::Choice { .. } => "an option",
        Kind::Date => "a date",
    };
    let expected = format!("{expected} for {}", quoted(&attribute.key));
    RuleError::mismatch(RuleErrorKind::WrongType, expected, found).at_pointer(pointer)
}

/// Checks that the attribute can have this value.
fn value(attribute: &Attribute, value: &Value, pointer: &str) -> Result<(), RuleError> {
    match (&attribute.kind, value) {
        (Kind::Text, Value::Text(text)) => {
            if normalise(text) == **text {
                return Ok(());
            }
            let message = format!("{} is not in normalisation form c", quoted(text));
            Err(RuleError::new(RuleErrorKind::NotNormalised, message).at_pointer(pointer))
        }
        (Kind::Choice { .. }, Value::Choice(option)) => {
            if attribute.option_key(*option).is_some() {
                return Ok(());
            }
            let message = format!("{} has no option {}", quoted(&attribute.key), option.0);
            let error = RuleError::new(RuleErrorKind::UnknownOption, message).finding(option.0.to_string());
            Err(error.at_pointer(pointer))
        }
        (Kind::Date, Value::Date(day)) => {
            if is_within(*day) {
                return Ok(());
            }
            Err(RuleError::new(RuleErrorKind::InvalidDate, format!("there is no day `{day}`"))
                .at_pointer(pointer))
        }
        (_, Value::Text(_)) => Err(mismatch(attribute, "text", pointer)),
        (_, Value::Choice(_)) => Err(mismatch(attribute, "an option", pointer)),
        (_, Value::Date(_)) => Err(mismatch(attribute, "a date", pointer)),
    }
}
