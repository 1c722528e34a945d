//! Writes a rule as text, the one canonical way. Not here: how text is read (`parse`), and English (`describe`).

use std::fmt::{self, Write};

use crate::error::is_hidden;
use crate::{AttributeId, Kind, Offset, Operand, OptionId, Rule, Schema, Value};

/// Writes a rule as text. Parentheses are as few as can be, and strings are in double quotes.
///
/// Reading it back ([`crate::compile`]) gives the same rule if [`crate::validate`] accepts it and no "all" is directly
/// within an "all" nor "any" within "any"; those come back as one. An attribute or option that the schema lacks is
/// written so that it cannot be read: `user.<attribute 7>`.
///
/// ```
/// use matricula_rule::{Attribute, AttributeId, Kind, Schema, compile, print};
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "city", Kind::Text));
///
/// let rule = compile("((user.city != 'Cape Town')) || user.city == null", &schema)?;
/// assert_eq!(print(&rule, &schema), r#"user.city != "Cape Town" || !has(user.city)"#);
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
pub fn print(rule: &Rule, schema: &Schema) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_rule(&mut out, rule, schema, Place::Top);
    out
}

/// What a rule is written within, which says when it needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Any,
    All,
    Not,
}

fn write_rule(out: &mut String, rule: &Rule, schema: &Schema, place: Place) -> fmt::Result {
    match rule {
        Rule::All(parts) => {
            let needed = matches!(place, Place::All | Place::Not);
            write_joined(out, parts, schema, " && ", Place::All, needed)
        }
        Rule::Any(parts) => write_joined(out, parts, schema, " || ", Place::Any, place != Place::Top),
        Rule::Not(part) => {
            out.push('!');
            write_rule(out, part, schema, Place::Not)
        }
        Rule::Has(attribute) => {
            out.push_str("has(");
            write_attribute(out, *attribute, schema)?;
            out.push(')');
            Ok(())
        }
        Rule::Compare { .. } | Rule::In { .. } if place == Place::Not => {
            out.push('(');
            write_test(out, rule, schema)?;
            out.push(')');
            Ok(())
        }
        Rule::Compare { .. } | Rule::In { .. } => write_test(out, rule, schema),
    }
}

fn write_joined(
    out: &mut String,
    parts: &[Rule],
    schema: &Schema,
    sign: &str,
    place: Place,
    parentheses: bool,
) -> fmt::Result {
    if parentheses {
        out.push('(');
    }
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            out.push_str(sign);
        }
        write_rule(out, part, schema, place)?;
    }
    if parentheses {
        out.push(')');
    }
    Ok(())
}

fn write_test(out: &mut String, rule: &Rule, schema: &Schema) -> fmt::Result {
    match rule {
        Rule::Compare { attribute, comparison, with } => {
            write_attribute(out, *attribute, schema)?;
            write!(out, " {} ", comparison.sign())?;
            match with {
                Operand::Value(value) => write_value(out, value, *attribute, schema),
                Operand::Today(offset) => write_today(out, *offset),
            }
        }
        Rule::In { attribute, values } => {
            write_attribute(out, *attribute, schema)?;
            out.push_str(" in [");
            for (position, value) in values.iter().enumerate() {
                if position > 0 {
                    out.push_str(", ");
                }
                write_value(out, value, *attribute, schema)?;
            }
            out.push(']');
            Ok(())
        }
        Rule::All(_) | Rule::Any(_) | Rule::Not(_) | Rule::Has(_) => Ok(()),
    }
}

fn write_attribute(out: &mut String, id: AttributeId, schema: &Schema) -> fmt::Result {
    match schema.get(id) {
        Some(attribute) if is_name(&attribute.key) => write!(out, "user.{}", attribute.key),
        Some(attribute) => write!(out, "user.`{}`", attribute.key),
        None => write!(out, "user.<attribute {}>", id.0),
    }
}

/// Whether a key can be written without backticks.
fn is_name(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
        && !matches!(key, "true" | "false" | "null" | "in")
}

fn write_value(out: &mut String, value: &Value, attribute: AttributeId, schema: &Schema) -> fmt::Result {
    match value {
        Value::Text(text) => {
            write_text(out, text);
            Ok(())
        }
        Value::Date(day) => write!(out, "date(\"{day}\")"),
        Value::Choice(option) => write_option(out, *option, attribute, schema),
    }
}

/// The option's key in double quotes, or that there is none.
pub(crate) fn write_option(
    out: &mut String,
    option: OptionId,
    attribute: AttributeId,
    schema: &Schema,
) -> fmt::Result {
    let attribute = schema.get(attribute).filter(|attribute| matches!(attribute.kind, Kind::Choice { .. }));
    match attribute.and_then(|attribute| attribute.option_key(option)) {
        Some(key) => {
            write_text(out, key);
            Ok(())
        }
        None => write!(out, "<option {}>", option.0),
    }
}

fn write_today(out: &mut String, offset: Offset) -> fmt::Result {
    let Offset { count, unit } = offset;
    if offset.count == 0 && unit == crate::Unit::Days {
        out.push_str("today");
        return Ok(());
    }
    let sign = if count < 0 { '-' } else { '+' };
    write!(out, "today {sign} {}({})", unit.name(), count.unsigned_abs())
}

/// Text in double quotes; what cannot be seen is escaped.
pub(crate) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // All of these are below U+10000.
            _ if is_hidden(char) => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => out.push(char),
        }
    }
    out.push('"');
}
