//! The meaning of the library as data, run in Rust: see `tests/vectors/README.md`. Python and Node run the same
//! files. The names that those two have are compared here too, since that needs neither of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says so by panicking"
)]

#[path = "runner/access.rs"]
mod access;
#[path = "runner/access_tables.rs"]
mod access_tables;
#[path = "runner/answers.rs"]
mod answers;
#[path = "runner/calls.rs"]
mod calls;
#[path = "runner/changes.rs"]
mod changes;
#[path = "names/names.rs"]
mod names;

use std::collections::BTreeSet;
use std::path::Path;

use chrono::DateTime;
use matricula::{Delta, Error, Memory, Registry};
use serde_json::{Value, json};

use answers::answer;
use calls::{File, Step};
use changes::Changing;

fn take(registry: &Registry, step: Step) -> Result<Delta, Error> {
    let host = registry.as_host("vectors");
    match step {
        Step::Commit { at, changes } => {
            let mut tx = host.begin(at)?;
            for change in changes {
                change.make(&mut tx)?;
            }
            tx.commit()
        }
        Step::Advance { advance } => host.advance(advance),
    }
}

/// Makes a change, to see whether it, or the transaction at its end, is refused, and gives it up.
fn attempt(registry: &Registry, change: Changing) -> Result<Value, Error> {
    let at = registry.snapshot().clock().map_or(DateTime::UNIX_EPOCH, |clock| clock.to_utc());
    let mut tx = registry.as_host("vectors").begin(at)?;
    change.make(&mut tx)?;
    tx.preview()?;
    Ok(Value::Null)
}

/// Whether what was found is what was expected: objects by the keys that are expected, `null` of what is not there.
fn matches(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            expected.iter().all(|(key, expected)| matches(expected, found.get(key).unwrap_or(&Value::Null)))
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(expected, found)| matches(expected, found))
        }
        _ => expected == found,
    }
}

/// What programs ask of an error.
fn fields(error: &Error) -> Value {
    let rule = error.rule();
    json!({
        "code": error.code(),
        "message": error.message(),
        "offset": rule.and_then(|rule| rule.offset()),
        "line": rule.and_then(|rule| rule.line()),
        "column": rule.and_then(|rule| rule.column()),
        "pointer": rule.and_then(|rule| rule.pointer()),
        "nearest": rule.and_then(|rule| rule.nearest()),
    })
}

/// The cases of a file that do not hold, each in words.
fn failures(name: &str, text: &str) -> Vec<String> {
    let read = || serde_json::from_str::<File>(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let names: BTreeSet<String> = read().cases.into_iter().map(|case| case.case).collect();
    let file = read();
    assert!(!file.description.is_empty(), "{name}: it has no description");
    assert!(!file.cases.is_empty(), "{name}: it has no case");
    assert_eq!(names.len(), file.cases.len(), "{name}: two cases have the same name");
    let mut failures = Vec::new();
    for case in file.cases {
        let registry = Registry::open(Memory::default()).unwrap();
        let given = read().given.into_iter().chain(case.given);
        if let Some(error) = given.filter_map(|step| take(&registry, step).err()).next() {
            failures.push(format!("{name}: {}: given: {error}", case.case));
            continue;
        }
        let found = match (serde_json::from_value(case.ask.clone()), serde_json::from_value(case.ask)) {
            (Ok(change), _) => attempt(&registry, change),
            (_, Ok(question)) => answer(&registry, question),
            (Err(as_change), Err(as_question)) => {
                panic!("{name}: {}: no call: {as_change}; {as_question}", case.case)
            }
        };
        let found = found.unwrap_or_else(|error| json!({"error": fields(&error)}));
        if !matches(&case.expect, &found) {
            failures.push(format!("{name}: {}\n  expected {}\n  found    {found}", case.case, case.expect));
        }
    }
    failures
}

#[test]
fn every_case_of_every_file_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let folders = [folder.join("access"), folder];
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let entries = entries.map(|entry| entry.unwrap().path());
    let files: BTreeSet<_> =
        entries.filter(|path| path.extension().is_some_and(|found| found == "json")).collect();
    assert!(!files.is_empty(), "there are no vectors");
    let mut found = Vec::new();
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.extend(failures(&name, &std::fs::read_to_string(&path).unwrap()));
    }
    assert!(found.is_empty(), "{} cases:\n{}", found.len(), found.join("\n"));
}

/// The tables say what the vectors of access are; `MATRICULA_WRITE_VECTORS=1` writes them anew.
#[test]
fn the_vectors_of_access_are_what_their_tables_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/access");
    for (name, text) in access_tables::files() {
        let path = folder.join(name);
        if std::env::var_os("MATRICULA_WRITE_VECTORS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == text,
            "{name} is not what the tables say: run this test with MATRICULA_WRITE_VECTORS=1"
        );
    }
}

/// A runner that finds nothing wrong must be able to.
#[test]
fn a_case_that_does_not_hold_is_told() {
    let file = r#"{"description": "wrong", "cases": [
        {"case": "nobody is one", "ask": {"user_count": {}}, "expect": 1},
        {"case": "nobody is nobody", "ask": {"user_count": {}}, "expect": 0},
        {"case": "no such step", "given": [{"at": "2026-11-20T08:00:00Z", "do": [{"pin": {"segment": "s", "user": "u"}}]}],
         "ask": {"user_count": {}}, "expect": 0}]}"#;
    assert_eq!(
        failures("wrong.json", file),
        [
            "wrong.json: nobody is one\n  expected 1\n  found    0",
            "wrong.json: no such step: given: unknown segment `s`"
        ]
    );
}
