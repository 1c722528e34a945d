//! Ways to open a file: how durable, how patient, to be read only, zeros for what is deleted, how large.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use common::{attribute, commit};
use matricula_core::{
    Appended, AttributeType, Change, Draft, ErrorKind, Outcome, Revision, Snapshot, Store, UserUpdate,
};
use matricula_sqlite::{Durability, Sqlite};
use rusqlite::Connection;

fn acme(path: &Path) -> Snapshot {
    commit(
        path,
        vec![attribute("city", AttributeType::Text), UserUpdate::new("ann").set("city", "Paarl").into()],
    )
}

fn next(on: &Snapshot, user: &str) -> Outcome {
    let mut draft = Draft::new(on, on.clock().unwrap());
    draft.apply(UserUpdate::new(user).into()).unwrap();
    draft.finish("hr", "")
}

fn files(folder: &Path) -> Vec<(String, u64, std::time::SystemTime)> {
    let file = |entry: std::fs::DirEntry| {
        let data = entry.metadata().unwrap();
        (entry.file_name().into_string().unwrap(), data.len(), data.modified().unwrap())
    };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| file(entry.unwrap())).collect();
    files.sort();
    files
}

#[test]
fn durability_is_full_or_normal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    assert_eq!(Sqlite::options().open(&path).unwrap().synchronous().unwrap(), 2);
    let store = Sqlite::options().durability(Durability::Normal).open(&path).unwrap();
    assert_eq!(store.synchronous().unwrap(), 1);
    assert_eq!(store.append(&next(&acme_of(&store), "bob").commit).unwrap(), Appended::Done);
}

#[test]
fn durability_is_a_word_elsewhere() {
    assert_eq!("full".parse::<Durability>().unwrap(), Durability::Full);
    assert_eq!("normal".parse::<Durability>().unwrap(), Durability::Normal);
    let error = "Full\n".parse::<Durability>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidDefinition);
    assert_eq!(error.message(), "unknown durability `Full\\n`, expected full or normal");
}

/// The registry of an empty store, at an instant.
fn acme_of(store: &Sqlite) -> Snapshot {
    let mut draft = Draft::new(&store.load().unwrap(), matricula_core::Instant::EPOCH);
    draft.apply(UserUpdate::new("ann").into()).unwrap();
    let outcome = draft.finish("hr", "");
    assert_eq!(store.append(&outcome.commit).unwrap(), Appended::Done);
    outcome.snapshot
}

#[test]
fn a_writer_waits_as_long_as_it_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let snapshot = acme(&path);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let store = Sqlite::options().busy_timeout(Duration::from_millis(120)).open(&path).unwrap();
    let start = Instant::now();
    let error = store.append(&next(&snapshot, "bob").commit).unwrap_err();
    assert!(start.elapsed() >= Duration::from_millis(100));
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(
        error.message().ends_with("another process has held the database for longer than the busy timeout")
    );
    // Readers do not wait at all.
    assert!(store.load().unwrap().same_as(&snapshot));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.append(&next(&snapshot, "bob").commit).unwrap(), Appended::Done);
}

#[test]
fn a_file_that_is_only_read_is_left_as_it_is_and_nothing_is_put_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme é%?#.db");
    let snapshot = acme(&path);
    let before = files(folder.path());
    assert_eq!(before.len(), 1);
    let store = Sqlite::options().read_only(true).open(&path).unwrap();
    assert!(store.load().unwrap().same_as(&snapshot));
    assert_eq!(store.newest().unwrap(), Revision(1));
    assert_eq!(store.since(Revision(0), 10).unwrap().len(), 1);
    let error = store.append(&next(&snapshot, "bob").commit).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert_eq!(error.message(), "cannot write: the file was opened to be read only");
    assert_eq!(store.save_image(&snapshot).unwrap_err().kind(), ErrorKind::Store);
    assert!(!store.wants_image(&snapshot, true));
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_reader_follows_a_writer_that_comes_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let mut snapshot = acme(&path);
    let reader = Sqlite::options().read_only(true).open(&path).unwrap();
    for round in 0..3 {
        let writer = Sqlite::at(&path).unwrap();
        let outcome = next(&snapshot, &format!("u{round}"));
        assert_eq!(writer.append(&outcome.commit).unwrap(), Appended::Done);
        snapshot = outcome.snapshot;
        assert!(reader.load().unwrap().same_as(&snapshot), "while the writer is there");
        assert_eq!(reader.newest().unwrap(), snapshot.revision());
        drop(writer);
        assert!(reader.load().unwrap().same_as(&snapshot), "once the writer has gone");
        assert_eq!(reader.newest().unwrap(), snapshot.revision());
    }
}

#[test]
fn what_cannot_be_read_as_it_is_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let read = |path: &Path| Sqlite::options().read_only(true).open(path).unwrap_err();
    let missing = folder.path().join("missing.db");
    assert_eq!(read(&missing).kind(), ErrorKind::Store);
    assert!(!missing.exists());
    let old = folder.path().join("old.db");
    let connection = Connection::open(&old).unwrap();
    connection.execute_batch(include_str!("golden/v1.sql")).unwrap();
    drop(connection);
    let error = read(&old);
    assert_eq!(error.kind(), ErrorKind::InvalidStore);
    assert!(error.message().contains("the tables are of version 1, expected 4"), "{error}");
    let empty = folder.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    assert_eq!(read(&empty).kind(), ErrorKind::InvalidStore);
}

#[test]
fn what_is_deleted_is_overwritten_where_that_is_asked() {
    for (secure, there) in [(false, true), (true, false)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.db");
        let secret = "a-city-that-nobody-else-lives-in";
        commit(
            &path,
            vec![
                attribute("skills", AttributeType::MultiChoice(common::options(&["go"]))),
                Change::Users(vec![]),
            ],
        );
        // More of it than the next image takes the places of.
        let connection = Connection::open(&path).unwrap();
        for _ in 0..40 {
            let insert = "INSERT INTO cache_chunk (bytes) VALUES (CAST(?1 AS BLOB))";
            connection.execute(insert, [secret.repeat(250)]).unwrap();
        }
        drop(connection);
        let store = Sqlite::options().secure_delete(secure).open(&path).unwrap();
        // Of another format: it goes when the next image is kept.
        let other = Connection::open(&path).unwrap();
        other.execute_batch("INSERT INTO cache_image VALUES (1, 'old', x'')").unwrap();
        drop(other);
        let snapshot = store.load().unwrap();
        store.save_image(&snapshot).unwrap();
        drop(store);
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert_eq!(found, there, "secure_delete {secure}");
    }
}

#[test]
fn a_connection_that_was_closed_is_opened_again_and_a_file_that_is_gone_is_not_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let snapshot = acme(&path);
    let store = Sqlite::at(&path).unwrap();
    let others: Vec<Sqlite> =
        (0..100).map(|number| Sqlite::at(folder.path().join(format!("{number}.db"))).unwrap()).collect();
    assert!(!folder.path().join("acme.db-wal").exists(), "its connection is closed");
    assert!(store.load().unwrap().same_as(&snapshot));
    assert_eq!(store.newest().unwrap(), Revision(1));
    others.iter().for_each(|other| assert_eq!(other.newest().unwrap(), Revision(0)));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(store.load().unwrap_err().kind(), ErrorKind::Store);
    assert!(!path.exists());
}
