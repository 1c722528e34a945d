//! The documentation held to the code where that is cheap: error codes, tables and columns, the rules of the rule
//! language's tables, and every relative link.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by panicking"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use matricula::rule::Truth;
use matricula::{AttributeType, Change, ErrorKind, Memory, Registry, UserUpdate};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn every_error_code_is_documented() {
    let errors = read("docs/errors.md");
    let documented = |code: &str| errors.contains(&format!("### `{code}`"));
    for kind in ErrorKind::ALL {
        assert!(documented(kind.code()), "docs/errors.md has no section `{}`", kind.code());
    }
    // Kinds of rule errors are an enum without a list; their codes are read from where they are given.
    let source = read("crates/rule/src/error.rs");
    let codes: Vec<&str> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once("=> \"")?.1.strip_suffix("\","))
        .collect();
    assert!(codes.len() > 10, "the codes are written otherwise by now: {codes:?}");
    for code in codes {
        assert!(errors.contains(&format!("| `{code}` |")), "docs/errors.md has no row `{code}`");
    }
}

/// The tables of the schema with their columns, and the views.
fn schema() -> Vec<(String, Vec<String>)> {
    let source = read("crates/sqlite/src/schema.rs");
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    let mut within = false;
    for line in source.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix("CREATE TABLE ") {
            tables.push((table.trim_end_matches(" (").to_owned(), Vec::new()));
            within = true;
        } else if line.starts_with(')') {
            within = false;
        } else if within && !line.starts_with("PRIMARY KEY") && !line.starts_with("CHECK") {
            let column = line.split(' ').next().unwrap().to_owned();
            tables.last_mut().unwrap().1.push(column);
        }
        for view in line.split("CREATE VIEW ").skip(1) {
            tables.push((view.split(' ').next().unwrap().to_owned(), Vec::new()));
        }
    }
    tables
}

#[test]
fn every_table_column_and_view_is_documented() {
    let storage = read("docs/storage.md");
    let tables = schema();
    assert!(tables.len() > 15, "the schema is written otherwise by now: {tables:?}");
    for (table, columns) in tables {
        let heading = format!("### `{table}`");
        let section =
            storage.split(&heading).nth(1).unwrap_or_else(|| panic!("docs/storage.md has no {heading}"));
        let section = section.split("\n## ").next().unwrap().split("\n### ").next().unwrap();
        for column in columns {
            assert!(
                section.contains(&format!("| `{column}` |")),
                "docs/storage.md: `{table}` has no `{column}`"
            );
        }
    }
}

/// The cells of the tables of a page whose first heading is one of these, with the headings.
fn rows(page: &str, first: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let cells = |line: &str| -> Vec<String> {
        let line = line.replace("\\|", "\u{1}");
        let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
        inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
    };
    let mut rows = Vec::new();
    let mut headings: Option<Vec<String>> = None;
    for line in page.lines() {
        if !line.starts_with('|') {
            headings = None;
        } else if let Some(headings) = &headings {
            if !line.starts_with("|-") && headings[0] == first {
                rows.push((headings.clone(), cells(line)));
            }
        } else {
            headings = Some(cells(line));
        }
    }
    rows
}

fn code(cell: &str) -> &str {
    match cell.strip_prefix("``").and_then(|cell| cell.strip_suffix("``")) {
        Some(code) => code,
        None => cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).unwrap(),
    }
}

/// A registry with the people of `docs/rule-language.md`, as the page's own table has them.
fn people(page: &str) -> Registry {
    let at: DateTime<Utc> = "2026-11-22T08:00:00Z".parse().unwrap();
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("docs").begin(at).unwrap();
    let mut people = ["ann", "bob", "cy"].map(UserUpdate::new);
    for (_, cells) in rows(page, "attribute") {
        let (kind, options) = match cells[1].split_once(" of ") {
            Some((kind, options)) => (kind, Some(options.split(", ").map(Into::into).collect())),
            None => (cells[1].as_str(), None),
        };
        let key = code(&cells[0]);
        tx.define_attribute(key, AttributeType::named(kind, options).unwrap()).unwrap();
        for (person, value) in people.iter_mut().zip(&cells[2..]) {
            let value = if kind == "multi_choice" { value.replace(", ", ";") } else { value.clone() };
            if !value.is_empty() {
                *person = std::mem::take(person).set(key, value);
            }
        }
    }
    tx.apply(Change::Users(people.into())).unwrap();
    tx.commit().unwrap();
    registry
}

/// What the crate of the language checks by its plainest evaluator is checked here by the engine.
#[test]
fn every_rule_selects_whom_its_row_says() {
    let page = read("docs/rule-language.md");
    let registry = people(&page);
    let rows = rows(&page, "rule");
    assert!(rows.len() > 90);
    let mut tx = registry.as_host("docs").begin(registry.snapshot().clock().unwrap()).unwrap();
    for (index, (_, cells)) in rows.iter().enumerate() {
        let rule = code(&cells[0]);
        tx.define_segment(&format!("s{index}"), rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
    }
    tx.commit().unwrap();
    let snapshot = registry.snapshot();
    for (index, (headings, cells)) in rows.iter().enumerate() {
        assert_eq!(*headings, ["rule", "ann", "bob", "cy", "English"]);
        let segment = format!("s{index}");
        assert_eq!(snapshot.rule_in_english(&segment).unwrap().unwrap(), cells[4], "{}", cells[0]);
        for (user, said) in headings.iter().zip(cells).skip(1).take(3) {
            let why = snapshot.explain_membership(user, &segment).unwrap();
            assert_eq!(why.rule.unwrap().truth.name(), said, "{}, of {user}", cells[0]);
            assert_eq!(
                snapshot.is_member(user, &segment).unwrap(),
                said == "true",
                "{}, of {user}",
                cells[0]
            );
        }
    }
}

#[test]
fn the_table_of_truth_is_kleenes() {
    let truth = |name: &str| {
        [Truth::False, Truth::Unknown, Truth::True].into_iter().find(|truth| truth.name() == name).unwrap()
    };
    let rows = rows(&read("docs/rule-language.md"), "a");
    assert_eq!(rows.len(), 9);
    for (_, cells) in rows {
        let (a, b) = (truth(&cells[0]), truth(&cells[1]));
        assert_eq!([a.and(b), a.or(b), !a].map(Truth::name), cells[2..5], "{cells:?}");
    }
}

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// What a heading is called in a link, as GitHub makes it.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter_map(|line| line.strip_prefix('#'));
    headings
        .map(|heading| {
            let plain = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = plain.chars().filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'));
            kept.map(|char| if char == ' ' { '-' } else { char }).collect()
        })
        .collect()
}

#[test]
fn every_relative_link_leads_somewhere() {
    let root = Path::new(ROOT);
    let mut found = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(|file| root.join(file))
        .to_vec();
    pages(&root.join("docs"), &mut found);
    let mut links = 0;
    for path in found {
        let page = std::fs::read_to_string(&path).unwrap();
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.contains(' ') {
                continue;
            }
            links += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: `{link}` leads nowhere", path.display());
            if !anchor.is_empty() {
                let there = anchors(&std::fs::read_to_string(&target).unwrap());
                assert!(there.contains(anchor), "{}: `{link}` has no such heading", path.display());
            }
        }
    }
    assert!(links > 20);
}
