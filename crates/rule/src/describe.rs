//! Says a rule in English. Not here: the text that can be read back (`print`).

use crate::print::{write_option, write_text};
use crate::{AttributeId, Comparison, Offset, Operand, Rule, Schema, Unit, Value};

/// Says a rule in English. Parentheses show what belongs together wherever "and" and "or" meet; a "not" is said
/// by the test itself where there are words for it, for a test on a missing value is unknown either way.
///
/// A part of a rule that is said alone reads as well, so explanations can say it test by test.
///
/// ```
/// use matricula_rule::{Attribute, AttributeId, Kind, Schema, compile, describe};
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "city", Kind::Text));
/// schema.define(Attribute::new(AttributeId(1), "hired_on", Kind::Date));
///
/// let text = r#"user.city in ["Paarl", "Worcester"] && (!has(user.hired_on) || user.hired_on > today - weeks(1))"#;
/// let english = r#"city is one of "Paarl", "Worcester" and (hired_on is missing or hired_on is after 1 week ago)"#;
/// assert_eq!(describe(&compile(text, &schema)?, &schema), english);
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
pub fn describe(rule: &Rule, schema: &Schema) -> String {
    let mut out = String::new();
    say(&mut out, rule, schema, false, false);
    out
}

fn say(out: &mut String, rule: &Rule, schema: &Schema, negated: bool, within: bool) {
    match rule {
        Rule::All(parts) => say_joined(out, parts, schema, " and ", negated, within),
        Rule::Any(parts) => say_joined(out, parts, schema, " or ", negated, within),
        Rule::Not(part) => say(out, part, schema, !negated, within),
        test => say_test(out, test, schema, negated),
    }
}

fn say_joined(out: &mut String, parts: &[Rule], schema: &Schema, word: &str, negated: bool, within: bool) {
    if negated {
        out.push_str("not ");
    }
    if negated || within {
        out.push('(');
    }
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            out.push_str(word);
        }
        say(out, part, schema, false, true);
    }
    if negated || within {
        out.push(')');
    }
}

fn say_test(out: &mut String, rule: &Rule, schema: &Schema, negated: bool) {
    match rule {
        Rule::Has(attribute) => {
            say_attribute(out, *attribute, schema);
            out.push_str(if negated { " is missing" } else { " has a value" });
        }
        Rule::Compare { attribute, comparison, with } => {
            let comparison = if negated { comparison.negated() } else { *comparison };
            say_attribute(out, *attribute, schema);
            match with {
                Operand::Value(value) => {
                    let dates = matches!(value, Value::Date(_));
                    out.push_str(words(comparison, dates));
                    say_value(out, value, *attribute, schema);
                }
                Operand::Today(offset) => {
                    out.push_str(words(comparison, true));
                    say_day(out, *offset, comparison);
                }
            }
        }
        Rule::In { attribute, values } => {
            say_attribute(out, *attribute, schema);
            out.push_str(match (values.len(), negated) {
                (1, false) => " is ",
                (1, true) => " is not ",
                (_, false) => " is one of ",
                (_, true) => " is none of ",
            });
            for (position, value) in values.iter().enumerate() {
                if position > 0 {
                    out.push_str(", ");
                }
                say_value(out, value, *attribute, schema);
            }
        }
        Rule::All(_) | Rule::Any(_) | Rule::Not(_) => {}
    }
}

fn words(comparison: Comparison, dates: bool) -> &'static str {
    match (comparison, dates) {
        (Comparison::Equal, _) => " is ",
        (Comparison::NotEqual, _) => " is not ",
        (Comparison::Less, true) => " is before ",
        (Comparison::LessOrEqual, true) => " is on or before ",
        (Comparison::Greater, true) => " is after ",
        (Comparison::GreaterOrEqual, true) => " is on or after ",
        (Comparison::Less, false) => " comes before ",
        (Comparison::LessOrEqual, false) => " is or comes before ",
        (Comparison::Greater, false) => " comes after ",
        (Comparison::GreaterOrEqual, false) => " is or comes after ",
    }
}

fn say_attribute(out: &mut String, id: AttributeId, schema: &Schema) {
    match schema.get(id) {
        Some(attribute) => out.push_str(&attribute.key),
        None => out.push_str(&format!("attribute {}", id.0)),
    }
}

fn say_value(out: &mut String, value: &Value, attribute: AttributeId, schema: &Schema) {
    match value {
        Value::Text(text) => write_text(out, text),
        Value::Date(day) => out.push_str(&day.to_string()),
        Value::Choice(option) => {
            // Writing to a string does not fail.
            let _ = write_option(out, *option, attribute, schema);
        }
    }
}

/// `today`, `90 days ago`, `in 2 weeks`; and `2 weeks from today` after "before" and "after".
fn say_day(out: &mut String, offset: Offset, comparison: Comparison) {
    let Offset { count, unit } = offset;
    if count == 0 {
        out.push_str("today");
        return;
    }
    let distance = count.unsigned_abs();
    let unit = match (unit, distance) {
        (Unit::Days, 1) => "day",
        (Unit::Weeks, 1) => "week",
        (Unit::Months, 1) => "month",
        (Unit::Years, 1) => "year",
        (unit, _) => unit.name(),
    };
    out.push_str(&if count < 0 {
        format!("{distance} {unit} ago")
    } else if matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
        format!("in {distance} {unit}")
    } else {
        format!("{distance} {unit} from today")
    });
}
