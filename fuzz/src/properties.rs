//! What must be so for every rule, whichever way it came. A property that does not hold is a panic.

use chrono::NaiveDate;
use matricula_rule::sql::{Asked, Dialect, emit};
use matricula_rule::{
    Comparison, MAX_TEXT, Offset, Operand, Rule, RuleError, RuleErrorKind, Truth, Unit, Value, compile,
    describe, evaluate, from_builder, print, to_builder, validate,
};
use serde_json::Value as Json;

use crate::{people, world};

/// A rule that is there is valid, can be said in English, kept as JSON, answered, and asked of databases.
pub fn check_rule(rule: &Rule) {
    let names = world();
    assert_eq!(validate(rule, names), Ok(()), "{rule:?}");
    assert!(!describe(rule, names).is_empty(), "{rule:?}");
    let json = serde_json::to_string(rule).unwrap();
    match serde_json::from_str::<Rule>(&json) {
        Ok(read) => assert_eq!(read, *rule, "{json}"),
        // The reader of JSON has a bound of its own.
        Err(error) => assert!(error.to_string().starts_with("recursion limit"), "{error}: {json}"),
    }
    let answers = answers(rule);
    assert_eq!(self::answers(&Rule::Not(Box::new(rule.clone()))), answers.map(|truth| !truth), "{json}");
    let today = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    for day in [today, Offset::DAYS.0, Offset::DAYS.1] {
        for dialect in Dialect::ALL {
            match emit(rule, names, &Asked::utc(day), dialect) {
                Ok(sql) => assert!(!sql.text.is_empty(), "{json}"),
                Err(error) => assert_eq!(error.kind(), RuleErrorKind::NotSupported, "{error}: {json}"),
            }
        }
    }
}

/// The text of a rule is read as the same rule, with "and" within "and" and "or" within "or" joined; and that is
/// written as the same text.
pub fn check_text_of(rule: &Rule) {
    let names = world();
    let text = print(rule, names);
    if text.len() > MAX_TEXT {
        return;
    }
    let read = compile(&text, names).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(read, joined(rule.clone()), "{text}");
    assert_eq!(print(&read, names), text, "{rule:?}");
    assert_eq!(answers(&read), answers(rule), "{text}");
}

/// A rule is written for a rule builder and read back, or it cannot be said there, and the error says where.
pub fn check_written_for_builder(rule: &Rule) {
    let names = world();
    match to_builder(rule, names) {
        Ok(json) => {
            let read = from_builder(&json, names).unwrap_or_else(|error| panic!("{error}: {json}"));
            assert_eq!(read, as_built(joined(rule.clone())), "{json}");
            assert_eq!(answers(&read), answers(rule), "{json}");
            let again = to_builder(&read, names).unwrap_or_else(|error| panic!("{error}: {json}"));
            assert_eq!(from_builder(&again, names), Ok(read), "{again}");
        }
        Err(error) => {
            assert_eq!(error.kind(), RuleErrorKind::NotSupported, "{error}: {rule:?}");
            let json = serde_json::to_value(rule).unwrap();
            let pointer = error.pointer().unwrap_or_else(|| panic!("no pointer: {error}"));
            assert!(json.pointer(pointer).is_some(), "{error}: {json}");
        }
    }
}

/// An error has something to say, and says where: in a text, or in JSON.
pub fn check_error(error: &RuleError, text: Option<&str>, json: Option<&Json>) {
    assert!(!error.message().is_empty());
    assert!(error.to_string().chars().count() < 1_000, "{error}");
    if let (Some(span), Some(text)) = (error.span(), text) {
        assert!(span.start <= span.end && span.end <= text.len(), "{error:?}");
        assert!(span.of(text).is_some(), "{error:?}");
        let before = &text[..span.start];
        assert_eq!(span.line as usize, before.matches('\n').count() + 1, "{error:?}");
        let line = before.rsplit('\n').next().unwrap_or_default();
        assert_eq!(span.column as usize, line.chars().count() + 1, "{error:?}");
    }
    if let (Some(pointer), Some(json)) = (error.pointer(), json) {
        // What is missing is not there; what it is missing from is.
        let above = pointer.rsplit_once('/').map_or("", |(above, _)| above);
        assert!(json.pointer(pointer).or_else(|| json.pointer(above)).is_some(), "{pointer} {error}");
    }
}

fn answers(rule: &Rule) -> [Truth; 4] {
    std::array::from_fn(|index| evaluate(rule, &people()[index]))
}

fn joined(rule: Rule) -> Rule {
    match rule {
        Rule::All(parts) => {
            let parts = parts.into_iter().map(joined);
            Rule::All(
                parts.flat_map(|part| if let Rule::All(more) = part { more } else { vec![part] }).collect(),
            )
        }
        Rule::Any(parts) => {
            let parts = parts.into_iter().map(joined);
            Rule::Any(
                parts.flat_map(|part| if let Rule::Any(more) = part { more } else { vec![part] }).collect(),
            )
        }
        Rule::Xor(parts) => Rule::Xor(parts.into_iter().map(joined).collect()),
        Rule::Not(part) => Rule::Not(Box::new(joined(*part))),
        test => test,
    }
}

/// No distance as no days, and `== ""` as a list of one.
fn as_built(rule: Rule) -> Rule {
    let today = |operand| match operand {
        Operand::Today(offset) if offset.count == 0 => Operand::Today(Offset { count: 0, unit: Unit::Days }),
        operand => operand,
    };
    match rule {
        Rule::All(parts) => Rule::All(parts.into_iter().map(as_built).collect()),
        Rule::Any(parts) => Rule::Any(parts.into_iter().map(as_built).collect()),
        Rule::Xor(parts) => Rule::Xor(parts.into_iter().map(as_built).collect()),
        Rule::Not(part) => Rule::Not(Box::new(as_built(*part))),
        Rule::Compare { field, comparison, with: Operand::Value(Value::Text(text)) } if text.is_empty() => {
            let rule = Rule::In { field, values: vec![Value::Text(text)] };
            if comparison == Comparison::Equal { rule } else { Rule::Not(Box::new(rule)) }
        }
        Rule::Compare { field, comparison, with } => Rule::Compare { field, comparison, with: today(with) },
        Rule::Between { field, from, to } => Rule::Between { field, from: today(from), to: today(to) },
        test => test,
    }
}
