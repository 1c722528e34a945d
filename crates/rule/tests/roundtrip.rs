//! A rule is the same rule in each of its forms.

mod common;

use common::{Someone, schema, schema_and_leaf, schema_and_rule, tokens};
use matricula_rule::{Rule, Truth, compile, describe, evaluate, parse, print, validate};
use proptest::prelude::*;

proptest! {
    #[test]
    fn text((schema, rule) in schema_and_rule()) {
        let text = print(&rule, &schema);
        let read = compile(&text, &schema).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        prop_assert_eq!(&read, &rule, "{}", text);
        prop_assert_eq!(print(&read, &schema), text);
        prop_assert_eq!(validate(&rule, &schema), Ok(()));
        prop_assert!(!describe(&rule, &schema).is_empty());
    }

    #[test]
    fn json((_, rule) in schema_and_rule()) {
        let json = serde_json::to_string(&rule).unwrap();
        prop_assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule);
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        let schema = schema();
        if let Ok(rule) = compile(&text, &schema) {
            prop_assert_eq!(validate(&rule, &schema), Ok(()));
        }
    }

    #[test]
    fn any_tokens_are_answered(text in tokens()) {
        let schema = schema();
        match compile(&text, &schema) {
            Ok(rule) => {
                prop_assert_eq!(validate(&rule, &schema), Ok(()));
                prop_assert_eq!(compile(&print(&rule, &schema), &schema), Ok(rule));
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
    fn any_cut_is_answered((schema, rule) in schema_and_rule(), at in any::<prop::sample::Index>()) {
        let text = print(&rule, &schema);
        let cut: String = text.chars().take(at.index(text.chars().count())).collect();
        if let Ok(rule) = compile(&cut, &schema) {
            prop_assert_eq!(validate(&rule, &schema), Ok(()));
        }
    }

    /// English says `not (x is y)` as `x is not y`, which is only right if both are unknown at once.
    #[test]
    fn a_negated_comparison_is_its_opposite(
        (schema, rule) in schema_and_leaf(),
        known in any::<bool>(),
        today in common::date(),
    ) {
        let Rule::Compare { attribute, comparison, with } = rule else { return Ok(()) };
        let mut values = std::collections::BTreeMap::new();
        if known {
            let value = match (&schema.get(attribute).unwrap().kind, &with) {
                (_, matricula_rule::Operand::Value(value)) => value.clone(),
                _ => matricula_rule::Value::Date(today),
            };
            values.insert(attribute, value);
        }
        let person = Someone { values, today };
        let plain = Rule::Compare { attribute, comparison, with: with.clone() };
        let opposite = Rule::Compare { attribute, comparison: comparison.negated(), with };
        let negated = Rule::Not(Box::new(plain));
        prop_assert_eq!(evaluate(&negated, &person), evaluate(&opposite, &person));
        prop_assert_eq!(evaluate(&negated, &person) == Truth::Unknown, !known);
        prop_assert_eq!(describe(&negated, &schema), describe(&opposite, &schema));
    }

    #[test]
    fn parentheses_change_nothing((schema, rule) in schema_and_rule()) {
        let text = print(&rule, &schema);
        prop_assert_eq!(compile(&format!("(\n( {text} )\t) // so"), &schema), Ok(rule));
        let unopened = format!("{text})");
        prop_assert!(parse(&unopened).is_err());
    }
}
