//! A typed rule that is JSON text, read. Not here: whether it is a rule of these attributes (`validate`).

use serde::Deserialize;
use serde_json::Value as Json;

use crate::error::{escaped, quoted};
use crate::json::{described, read, step, too_deep};
use crate::{MAX_DEPTH, Rule, RuleError, RuleErrorKind, nearest};

/// What a rule can be, as [`Rule`] names it in JSON.
const FORMS: [&str; 14] = [
    "all",
    "any",
    "not",
    "xor",
    "has",
    "compare",
    "between",
    "in",
    "match",
    "options",
    "size",
    "under",
    "reports_to",
    "is",
];

/// So much is shown of what is wrong with a test.
const SHOWN: usize = 200;

/// Reads the typed tree of a rule, JSON text of at most [`MAX_JSON_TEXT`](crate::MAX_JSON_TEXT) bytes. Whether its
/// attributes exist is for [`validate`](crate::validate()) to say. Whatever the text is, little stack is used.
///
/// ```
/// use matricula_rule::{AttributeId, Field, Rule, parse_tree};
///
/// assert_eq!(parse_tree(r#"{"has": 0}"#)?, Rule::Has(Field::Attribute(AttributeId(0))));
///
/// let error = parse_tree(r#"{"not": {"hass": 0}}"#).unwrap_err();
/// assert_eq!(error.to_string(), "there is no `hass` in rules at `/not/hass`, did you mean `has`?");
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
///
/// # Errors
///
/// If it is too long, no JSON, not the tree of a rule, has a member twice, or nests deeper than [`MAX_DEPTH`].
pub fn parse_tree(text: &str) -> Result<Rule, RuleError> {
    let json = read(text)?;
    rule(json, &mut String::new(), 0)
}

// Keep this frame small: it is the only one that recurses.
fn rule(json: Json, pointer: &mut String, depth: usize) -> Result<Rule, RuleError> {
    let (form, value) = member(json, pointer)?;
    let length = pointer.len();
    pointer.push_str(&step(&form));
    let join = match form.as_str() {
        "not" => {
            bounded(pointer, length, depth)?;
            let part = rule(value, pointer, depth + 1)?;
            pointer.truncate(length);
            return Ok(Rule::Not(Box::new(part)));
        }
        "all" => Rule::All,
        "any" => Rule::Any,
        "xor" => Rule::Xor,
        _ => {
            let test = test(form, value, pointer)?;
            pointer.truncate(length);
            return Ok(test);
        }
    };
    bounded(pointer, length, depth)?;
    let Json::Array(parts) = value else {
        return Err(expected("a list of rules", &value, pointer));
    };
    let mut rules = Vec::with_capacity(parts.len());
    for (position, part) in parts.into_iter().enumerate() {
        let length = pointer.len();
        pointer.push_str(&format!("/{position}"));
        rules.push(rule(part, pointer, depth + 1)?);
        pointer.truncate(length);
    }
    pointer.truncate(length);
    Ok(join(rules))
}

/// The form of a rule and what stands under it: an object of one member.
#[inline(never)]
fn member(json: Json, pointer: &str) -> Result<(String, Json), RuleError> {
    const ONE: &str = "a rule, an object with one member";
    let Json::Object(object) = json else {
        return Err(expected(ONE, &json, pointer));
    };
    let count = object.len();
    let mut members = object.into_iter();
    match (members.next(), count) {
        (Some(member), 1) => Ok(member),
        _ => {
            let found = format!("an object with {count}");
            Err(RuleError::mismatch(RuleErrorKind::Syntax, ONE, found).at_pointer(pointer))
        }
    }
}

/// Checks the depth of what joins others, which is as deep as the pointer's first part says.
#[inline(never)]
fn bounded(pointer: &str, length: usize, depth: usize) -> Result<(), RuleError> {
    if depth < MAX_DEPTH {
        return Ok(());
    }
    Err(too_deep(pointer.get(..length).unwrap_or_default()))
}

/// A rule that joins no others.
#[inline(never)]
fn test(form: String, value: Json, pointer: &str) -> Result<Rule, RuleError> {
    if !FORMS.contains(&form.as_str()) {
        let message = format!("there is no {} in rules", quoted(&form));
        let error = RuleError::new(RuleErrorKind::Syntax, message).finding(quoted(&form));
        return Err(error.at_pointer(pointer).near(nearest(&form, FORMS)));
    }
    let whole = Json::Object([(form, value)].into_iter().collect());
    Rule::deserialize(whole).map_err(|error| {
        let said = escaped(&error.to_string(), SHOWN);
        RuleError::new(RuleErrorKind::Syntax, format!("the tree is not that of a rule: {said}"))
            .at_pointer(pointer)
    })
}

#[inline(never)]
fn expected(what: &str, found: &Json, pointer: &str) -> RuleError {
    RuleError::mismatch(RuleErrorKind::Syntax, what, described(found)).at_pointer(pointer)
}
