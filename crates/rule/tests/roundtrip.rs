//! A rule is the same rule in each of its forms.

mod common;

use std::collections::BTreeMap;

use common::{Someone, all_names, names, names_and_leaf, names_and_rule, tokens, wild_leaf};
use matricula_rule::{
    Field, Kind, Operand, Rule, Truth, compile, describe, evaluate, parse, print, validate,
};
use proptest::prelude::*;

proptest! {
    #[test]
    fn text((names, rule) in names_and_rule()) {
        let text = print(&rule, &names);
        let read = compile(&text, &names).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        prop_assert_eq!(&read, &rule, "{}", text);
        prop_assert_eq!(print(&read, &names), text);
        prop_assert_eq!(validate(&rule, &names), Ok(()));
        prop_assert!(!describe(&rule, &names).is_empty());
    }

    #[test]
    fn json((_, rule) in names_and_rule()) {
        let json = serde_json::to_string(&rule).unwrap();
        prop_assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule);
    }

    /// What is accepted typed can be written: there is no rule that text cannot say.
    #[test]
    fn what_is_valid_can_be_written(names in all_names(), rule in wild_leaf()) {
        let text = print(&rule, &names);
        prop_assert!(!describe(&rule, &names).is_empty());
        match validate(&rule, &names) {
            Ok(()) => prop_assert_eq!(compile(&text, &names), Ok(rule), "{}", text),
            Err(error) => {
                let json = serde_json::to_value(&rule).unwrap();
                prop_assert!(json.pointer(error.pointer().unwrap()).is_some(), "{} {}", error, json);
                prop_assert!(compile(&text, &names).as_ref() != Ok(&rule), "{error}: {text}");
            }
        }
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        let names = names();
        if let Ok(rule) = compile(&text, &names) {
            prop_assert_eq!(validate(&rule, &names), Ok(()));
        }
    }

    #[test]
    fn any_tokens_are_answered(text in tokens()) {
        let names = names();
        match compile(&text, &names) {
            Ok(rule) => {
                prop_assert_eq!(validate(&rule, &names), Ok(()));
                prop_assert_eq!(compile(&print(&rule, &names), &names), Ok(rule));
            }
            Err(error) => {
                let span = error.span().unwrap();
                prop_assert!(span.start <= span.end && span.end <= text.len(), "{:?}", error);
                prop_assert!(span.of(&text).is_some());
                let before = &text[..span.start];
                prop_assert_eq!(span.line as usize, before.matches('\n').count() + 1);
                let line = before.rsplit('\n').next().unwrap();
                prop_assert_eq!(span.column as usize, line.chars().count() + 1);
                prop_assert!(!error.message().is_empty() && !error.message().ends_with('.'));
            }
        }
    }

    #[test]
    fn any_cut_is_answered((names, rule) in names_and_rule(), at in any::<prop::sample::Index>()) {
        let text = print(&rule, &names);
        let cut: String = text.chars().take(at.index(text.chars().count())).collect();
        if let Ok(rule) = compile(&cut, &names) {
            prop_assert_eq!(validate(&rule, &names), Ok(()));
        }
    }

    /// English says `not (x is y)` as `x is not y`, which is only right if both are unknown at once.
    #[test]
    fn a_negated_comparison_is_its_opposite(
        (names, rule) in names_and_leaf(),
        known in any::<bool>(),
        today in common::date(),
    ) {
        let Rule::Compare { field, comparison, with } = rule else { return Ok(()) };
        if field.is_never_unknown() {
            return Ok(());
        }
        let mut values = BTreeMap::new();
        if known {
            let value = match (field.kind(&names.schema).unwrap(), &with) {
                (Kind::Timestamp, _) => {
                    matricula_rule::Value::Timestamp(today.and_time(chrono::NaiveTime::MIN).and_utc())
                }
                (_, Operand::Value(value)) => value.clone(),
                _ => matricula_rule::Value::Date(today),
            };
            values.insert(field, value);
        }
        let person = Someone { values, today, ..Someone::default() };
        let plain = Rule::Compare { field, comparison, with: with.clone() };
        let opposite = Rule::Compare { field, comparison: comparison.negated(), with };
        let negated = Rule::Not(Box::new(plain));
        prop_assert_eq!(evaluate(&negated, &person), evaluate(&opposite, &person));
        prop_assert_eq!(evaluate(&negated, &person) == Truth::Unknown, !known);
        prop_assert_eq!(describe(&negated, &names), describe(&opposite, &names));
    }

    /// A test of a course that is not completed, or of one without a due date, is false; so English keeps its "not".
    #[test]
    fn tests_of_courses_are_never_unknown((names, rule) in names_and_leaf(), today in common::date()) {
        let Some(Field::Completed(_) | Field::Due(_)) = rule.field() else { return Ok(()) };
        let person = Someone { today, ..Someone::default() };
        prop_assert_eq!(evaluate(&rule, &person), Truth::False);
        let negated = Rule::Not(Box::new(rule.clone()));
        prop_assert_eq!(evaluate(&negated, &person), Truth::True);
        let english = describe(&negated, &names);
        prop_assert!(english.contains(" not ") || english.contains(" no "), "{}", english);
    }

    #[test]
    fn parentheses_change_nothing((names, rule) in names_and_rule()) {
        let text = print(&rule, &names);
        prop_assert_eq!(compile(&format!("(\n( {text} )\t) // so"), &names), Ok(rule));
        let unopened = format!("{text})");
        prop_assert!(parse(&unopened).is_err());
    }
}
