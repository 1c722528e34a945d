//! Queries of a real rule builder, and what each means: `tests/builder/cases.json`. How the queries were made is in
//! `tests/builder/generate.mjs`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod builder_names;

use builder_names::Known;
use matricula_rule::{
    Attribute, AttributeId, Kind, Rule, compile, from_builder, from_builder_text, print, to_builder, validate,
};
use serde::Deserialize;
use serde_json::{Value as Json, json};

#[derive(Deserialize)]
struct File {
    names: Known,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    case: String,
    given: Json,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expect {
    Rule { rule: String },
    Error { error: String, at: String },
}

fn file() -> File {
    serde_json::from_str(include_str!("../../../tests/builder/cases.json")).unwrap()
}

/// The first cases that are not as expected, in words.
fn differences(mut found: impl FnMut(&Known, &Case) -> Result<(), String>) {
    let file = file();
    let wrong: Vec<String> = file
        .cases
        .iter()
        .filter_map(|case| found(&file.names, case).err().map(|why| format!("{}: {why}", case.case)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), file.cases.len(), wrong.join("\n"));
}

fn read(names: &Known, case: &Case) -> Result<Rule, String> {
    from_builder(&case.given, names).map_err(|error| format!("refused: {error}"))
}

#[test]
fn every_case() {
    assert!(file().cases.len() > 120);
    differences(|names, case| match (&case.expect, from_builder(&case.given, names)) {
        (Expect::Rule { rule }, Ok(found)) => {
            let expected = compile(rule, names).map_err(|error| format!("the expectation: {error}"))?;
            if expected != found {
                return Err(format!("expected {rule}, found {}", print(&found, names)));
            }
            validate(&found, names).map_err(|error| error.to_string())
        }
        (Expect::Rule { rule }, Err(error)) => Err(format!("expected {rule}, refused: {error}")),
        (Expect::Error { error, .. }, Ok(found)) => {
            Err(format!("expected {error}, found {}", print(&found, names)))
        }
        (Expect::Error { error, at }, Err(found)) => {
            if (found.kind().code(), found.pointer()) != (error, Some(at)) {
                return Err(format!("expected {error} at {at}, found {}: {found}", found.kind()));
            }
            Ok(())
        }
    });
}

#[test]
fn as_text_it_is_the_same() {
    differences(|names, case| {
        let found = from_builder_text(&case.given.to_string(), names);
        if found == from_builder(&case.given, names) { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

#[test]
fn written_and_read_again() {
    differences(|names, case| {
        let Expect::Rule { rule } = &case.expect else { return Ok(()) };
        let found = read(names, case)?;
        let json = to_builder(&found, names).map_err(|error| format!("{rule} cannot be written: {error}"))?;
        let again = from_builder(&json, names).map_err(|error| format!("{json}: {error}"))?;
        // An end of a day that was counted to the next is written as the next, and so on: the same rule.
        if again == found { Ok(()) } else { Err(format!("{rule} became {}: {json}", print(&again, names))) }
    });
}

#[test]
fn an_attribute_comes_before_a_fact() {
    let mut names = file().names;
    let id = AttributeId(u32::try_from(names.attributes.attributes().len()).unwrap());
    names.attributes.define(Attribute::new(id, "role", Kind::Text));
    for (field, rule) in [("role", r#"user.role == "instructor""#), ("fact:role", r#"hasRole("instructor")"#)]
    {
        let json = json!({"combinator": "and", "rules": [
            {"field": field, "operator": "=", "value": "instructor"},
        ]});
        let found = from_builder(&json, &names).unwrap();
        assert_eq!(found, compile(rule, &names).unwrap());
        assert_eq!(to_builder(&found, &names), Ok(json));
    }
}

#[test]
fn messages_follow_the_rules_of_messages() {
    differences(|names, case| {
        let Err(error) = from_builder(&case.given, names) else { return Ok(()) };
        let message = error.message();
        let outside: String = message.split('`').step_by(2).collect();
        let fits = !message.ends_with('.') && outside.to_lowercase() == outside && !message.is_empty();
        if fits { Ok(()) } else { Err(message.to_owned()) }
    });
}
