//! What the tests of SQLite files share: committing to a file, and asking it with SQL.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::path::Path;

use matricula_core::{
    Appended, AttributeDefinition, AttributeType, Change, Draft, Instant, Revision, Snapshot, Store,
};
use matricula_sqlite::Sqlite;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// 2025-11-21T04:40:00Z
pub(crate) const NOW: i64 = 1_763_700_000_000;

pub(crate) fn attribute(key: &str, kind: AttributeType) -> Change {
    AttributeDefinition::new(key, kind).into()
}

pub(crate) fn options(keys: &[&str]) -> Vec<matricula_core::OptionDefinition> {
    keys.iter().map(|key| (*key).into()).collect()
}

/// Commits changes on top of what a file holds, and makes sure that the file then holds what memory does.
pub(crate) fn commit(path: &Path, changes: Vec<Change>) -> Snapshot {
    commit_at(path, NOW, changes)
}

pub(crate) fn commit_at(path: &Path, millis: i64, changes: Vec<Change>) -> Snapshot {
    let store = Sqlite::at(path).unwrap();
    let mut draft = Draft::new(&store.load().unwrap(), Instant::from_millis(millis).unwrap());
    for change in changes {
        draft.apply(change).unwrap();
    }
    let outcome = draft.finish("hr", "a note");
    assert_eq!(store.append(&outcome.commit).unwrap(), Appended::Done);
    let loaded = store.load().unwrap();
    let differences = outcome.snapshot.differences(&loaded, 10);
    assert!(loaded.same_as(&outcome.snapshot), "the tables differ from memory: {differences:?}");
    outcome.snapshot
}

/// What the journal of a file comes to.
pub(crate) fn replay(path: &Path) -> Snapshot {
    let commits = Sqlite::at(path).unwrap().since(Revision(0), usize::MAX).unwrap();
    commits.iter().fold(Snapshot::default(), |snapshot, commit| snapshot.replay(commit).unwrap())
}

/// One column of a query, as text.
pub(crate) fn column(path: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut select = connection.prepare(sql).unwrap();
    let rows = select.query_map([], |row| {
        Ok(match row.get_ref(0)? {
            ValueRef::Null => "NULL".to_owned(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => format!("{number:?}"),
            ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
        })
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}
