//! The page about the rule language, held to the code: every row of its tables is compiled, said in English and
//! answered for the people that it names.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Someone, TestNames, choice, day, instant, multi_choice};
use matricula_rule::{
    Attribute, AttributeId, Field, Kind, Rule, Schema, Truth, UserId, Value, compile, describe, evaluate,
    print, validate,
};

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rule-language.md")).unwrap()
}

/// The rows of all tables whose first heading is this one; `\|` is no border of a cell.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Option<Vec<String>> {
        let inner = line.strip_prefix('|')?.strip_suffix('|')?.replace(r"\|", "\u{1}");
        Some(inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect())
    };
    let mut found = Vec::new();
    let mut within = false;
    for line in page.lines() {
        match cells(line) {
            None => within = false,
            Some(row) if row.first().is_some_and(|first| first == heading) => within = true,
            Some(row) if row.iter().all(|cell| cell.chars().all(|char| char == '-')) => {}
            Some(row) if within => found.push(row),
            Some(_) => {}
        }
    }
    found
}

/// What stands between backticks, one or two of them.
fn code(cell: &str) -> &str {
    match cell.strip_prefix("``") {
        Some(rest) => rest.strip_suffix("``").unwrap(),
        None => cell.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).unwrap(),
    }
}

fn names() -> TestNames {
    let kinds = [
        ("department", Kind::Text),
        ("country", choice(&["ZA", "DE", "BR"])),
        ("hired_on", Kind::Date),
        ("manager", Kind::User),
        ("flag", Kind::Boolean),
        ("level", Kind::Integer),
        ("rate", Kind::Decimal),
        ("last_login", Kind::Timestamp),
        ("skills", multi_choice(&["rust", "go", "sql"])),
        ("org", Kind::Path),
    ];
    let mut schema = Schema::default();
    for (position, (key, kind)) in kinds.into_iter().enumerate() {
        schema.define(Attribute::new(AttributeId::at(position), key, kind));
    }
    let list = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    TestNames {
        schema,
        users: list(&["ann", "bob", "cy"]),
        segments: list(&["starters"]),
        sites: list(&["emea"]),
        courses: list(&["gdpr"]),
        groups: vec![list(&["monday"])],
        roles: list(&["reporter"]),
    }
}

/// The people, as their table has them.
fn people(page: &str, names: &TestNames) -> [Someone; 3] {
    let today = day(2026, 11, 22);
    let value = |kind: &Kind, text: &str| match kind {
        Kind::Text => Value::text(text),
        Kind::Integer => Value::Integer(text.parse().unwrap()),
        Kind::Decimal => Value::Decimal(text.parse().unwrap()),
        Kind::Boolean => Value::Boolean(text.parse().unwrap()),
        Kind::Date => Value::Date(text.parse().unwrap()),
        Kind::Timestamp => Value::Timestamp(instant(text)),
        Kind::Choice { options } => Value::Choice(options.find(text).unwrap()),
        Kind::MultiChoice { options } => {
            Value::Choices(text.split(", ").map(|key| options.find(key).unwrap()).collect())
        }
        Kind::User => Value::User(UserId(
            u32::try_from(names.users.iter().position(|key| key == text).unwrap()).unwrap(),
        )),
        Kind::Path => Value::Path(text.into()),
    };
    let rows = rows(page, "attribute");
    assert_eq!(rows.len(), names.schema.attributes().len());
    [("ann", 2), ("bob", 3), ("cy", 4)].map(|(key, column)| {
        let mut values: BTreeMap<Field, Value> = BTreeMap::from([
            (Field::AccountKey, Value::text(key)),
            (Field::AccountCreated, Value::Timestamp(instant("2026-11-22T08:00:00Z"))),
        ]);
        for row in &rows {
            let attribute = names.schema.find(code(&row[0])).unwrap();
            assert!(row[1].starts_with(attribute.kind.name()), "{row:?}");
            if !row[column].is_empty() {
                values.insert(attribute.id.into(), value(&attribute.kind, &row[column]));
            }
        }
        let above = match values.get(&Field::Attribute(AttributeId(3))) {
            Some(Value::User(user)) => BTreeSet::from([(AttributeId(3), *user)]),
            _ => BTreeSet::new(),
        };
        Someone { values, above, today, ..Someone::default() }
    })
}

#[test]
fn every_rule_means_what_its_row_says() {
    let (page, names) = (page(), names());
    let people = people(&page, &names);
    let rows = rows(&page, "rule");
    assert!(rows.len() > 90, "{}", rows.len());
    for row in rows {
        let rule = compile(code(&row[0]), &names).unwrap();
        let mut row_found = vec![row[0].clone()];
        row_found.extend(people.iter().map(|person| evaluate(&rule, person).name().to_owned()));
        row_found.push(describe(&rule, &names));
        assert_eq!(row, row_found);
    }
    for row in self::rows(&page, "test") {
        let rule = compile(code(&row[0]), &names).unwrap();
        assert_eq!(row[1], describe(&rule, &names));
        // It is written in its shortest form.
        assert_eq!(print(&rule, &names), code(&row[0]));
    }
}

#[test]
fn every_wrong_rule_has_the_message_of_its_row() {
    let (page, names) = (page(), names());
    let rows = rows(&page, "wrong rule");
    assert!(rows.len() > 20, "{}", rows.len());
    for row in rows {
        let error = compile(code(&row[0]), &names).unwrap_err();
        assert_eq!(row[1], error.to_string(), "{}", row[0]);
    }
}

#[test]
fn every_typed_form_is_read() {
    let (page, names) = (page(), names());
    let mut read = 0;
    for row in rows(&page, "node") {
        for form in row[1].split('`').skip(1).step_by(2).filter(|form| form.starts_with('{')) {
            // Those with a gap are patterns.
            if form.contains('…') || row[0].starts_with("a ") || row[0].starts_with("with") {
                continue;
            }
            let Ok(rule) = serde_json::from_str::<Rule>(form) else { continue };
            assert_eq!(validate(&rule, &names), Ok(()), "{form}");
            read += 1;
        }
    }
    assert!(read >= 7, "{read}");
}

#[test]
fn the_table_of_truth_is_kleenes() {
    let truth = |name: &str| {
        [Truth::False, Truth::Unknown, Truth::True].into_iter().find(|truth| truth.name() == name).unwrap()
    };
    let rows = rows(&page(), "a");
    assert_eq!(rows.len(), 9);
    for row in rows {
        let (a, b) = (truth(&row[0]), truth(&row[1]));
        assert_eq!([a.and(b), a.or(b), !a].map(Truth::name).as_slice(), &row[2..5]);
    }
}
