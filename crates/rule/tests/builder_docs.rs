//! The page about the rule builder, held to the code: every row of its tables is read.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod builder_names;

use builder_names::{Known, names};
use matricula_rule::{Attribute, AttributeId, Kind, compile, from_builder};
use serde_json::{Value as Json, json};

/// The rows of all tables whose headings are these; `\|` is no border of a cell.
fn rows(headings: &[&str]) -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rule-builder.md"));
    let cells = |line: &str| -> Option<Vec<String>> {
        let inner = line.strip_prefix('|')?.strip_suffix('|')?.replace(r"\|", "\u{1}");
        Some(inner.split('|').map(|cell| cell.trim().trim_matches('`').replace('\u{1}', "|")).collect())
    };
    let mut found = Vec::new();
    let mut within = false;
    for line in page.unwrap().lines() {
        match cells(line) {
            None => within = false,
            Some(row) if row == headings => within = true,
            Some(row) if row.iter().all(|cell| cell == "---") => {}
            Some(row) if within => found.push(row),
            Some(_) => {}
        }
    }
    found
}

/// The names of the cases, and a flag.
fn known() -> Known {
    let mut names = names();
    let flag = u32::try_from(names.attributes.attributes().len()).unwrap();
    names.attributes.define(Attribute::new(AttributeId(flag), "flag", Kind::Boolean));
    names
}

fn query(json: &Json) -> (Json, &'static str) {
    if json.get("rules").is_some() { (json.clone(), "") } else { (json!({"rules": [json]}), "/rules/0") }
}

#[test]
fn queries_mean_what_the_page_says() {
    let (rows, names) = (rows(&["query", "rule"]), known());
    assert!(rows.len() > 40, "{}", rows.len());
    for row in rows {
        let [json, rule] = row.as_slice() else { panic!("{row:?}") };
        let (json, _) = query(&serde_json::from_str(json).unwrap());
        assert_eq!(from_builder(&json, &names).unwrap(), compile(rule, &names).unwrap(), "{json}");
    }
}

#[test]
fn queries_are_refused_as_the_page_says() {
    let (rows, names) = (rows(&["query", "code", "where"]), known());
    assert!(rows.len() > 10, "{}", rows.len());
    for row in rows {
        let [json, code, place] = row.as_slice() else { panic!("{row:?}") };
        let json = serde_json::from_str(json).unwrap();
        let (json, before) = query(&json);
        let error = from_builder(&json, &names).unwrap_err();
        assert_eq!(
            (error.kind().code(), error.pointer()),
            (&**code, Some(&*format!("{before}{place}"))),
            "{json}"
        );
    }
}
