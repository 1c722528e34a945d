//! Rules as the JSON of a rule builder in a web page: read, and written for it. Not here: the rule itself (`rule`),
//! and rules as text (`parse`, `print`).
//!
//! The JSON is that of the `react-querybuilder` family: groups of rules joined by a combinator. `docs/rule-builder.md`
//! says what each operator means.

mod choices;
mod dates;
mod field;
mod group;
mod list;
mod operator;
mod place;
mod test;
mod value;
mod write;

use serde_json::Value as Json;

use crate::json::read;
use crate::{Names, Rule, RuleError, validate};

/// Reads a query of a rule builder: groups that have one combinator, and groups with a combinator between each
/// two rules, of which `and` binds tighter than `xor`, and `xor` tighter than `or`. What is muted is left out.
/// An "and" directly within an "and" becomes part of it, and likewise "or"; a group of one rule is that rule.
///
/// ```
/// use matricula_rule::{Attribute, AttributeId, Kind, Schema, compile, from_builder};
/// use serde_json::json;
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "department", Kind::Text));
/// schema.define(Attribute::new(AttributeId(1), "level", Kind::Integer));
///
/// let query = json!({"combinator": "and", "rules": [
///     {"field": "department", "operator": "beginsWith", "value": "Sales"},
///     {"field": "level", "operator": ">=", "value": "3"},
/// ]});
/// let rule = compile(r#"user.department.startsWith("Sales") && user.level >= 3"#, &schema)?;
/// assert_eq!(from_builder(&query, &schema)?, rule);
///
/// let query = json!({"combinator": "and", "rules": [{"field": "levle", "operator": "=", "value": "3"}]});
/// let error = from_builder(&query, &schema).unwrap_err();
/// assert_eq!(error.to_string(), "unknown field `levle` at `/rules/0/field`, did you mean `level`?");
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
///
/// # Errors
///
/// If it is not such a query, is not finished, names what does not exist, compares a field with what it cannot hold,
/// asks for what rules do not have, or nests deeper than [`MAX_DEPTH`](crate::MAX_DEPTH). [`RuleError::pointer`] says where.
pub fn from_builder(json: &Json, names: &dyn Names) -> Result<Rule, RuleError> {
    let rule = group::root(json, names)?;
    // What is wrong with the whole rather than with a part of it: its depth and its size.
    validate(&rule, names).map_err(|error| error.at_pointer(""))?;
    Ok(rule)
}

/// Reads a query of a rule builder that is JSON text, of at most [`MAX_JSON_TEXT`](crate::MAX_JSON_TEXT) bytes.
/// Whatever the text is, little stack is used.
///
/// ```
/// use matricula_rule::{Attribute, AttributeId, Field, Kind, Rule, Schema, from_builder_text};
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "level", Kind::Integer));
///
/// let text = r#"{"combinator": "and", "rules": [{"field": "level", "operator": "notNull", "value": ""}]}"#;
/// assert_eq!(from_builder_text(text, &schema)?, Rule::Has(Field::Attribute(AttributeId(0))));
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
///
/// # Errors
///
/// If it is too long, no JSON or has a member twice, and as [`from_builder`].
pub fn from_builder_text(text: &str, names: &dyn Names) -> Result<Rule, RuleError> {
    from_builder(&read(text)?, names)
}

/// Writes a rule as a query that a rule builder can edit: a group, whatever the rule. Reading it gives the rule back,
/// with "and" within "and" joined, no distance as no days, and `== ""` as a list of one.
///
/// ```
/// use matricula_rule::{Attribute, AttributeId, Kind, Schema, compile, to_builder};
/// use serde_json::json;
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "level", Kind::Integer));
///
/// let rule = compile("!(user.level in [1, 2])", &schema)?;
/// let query = json!({"combinator": "and", "rules": [{"field": "level", "operator": "notIn", "value": [1, 2]}]});
/// assert_eq!(to_builder(&rule, &schema)?, query);
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
///
/// # Errors
///
/// `not_supported` if a rule builder has no words for a part of it, and if the rule names what does not exist or nests
/// deeper than [`MAX_DEPTH`](crate::MAX_DEPTH). [`RuleError::pointer`] says where in the rule's JSON form.
pub fn to_builder(rule: &Rule, names: &dyn Names) -> Result<Json, RuleError> {
    write::root(rule, names)
}

/// The example of the page about rule builders is a test.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/rule-builder.md")]
struct Page;
