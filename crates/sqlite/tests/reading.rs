//! Files that are only read: nothing is put beside them, nor left there, whoever else comes and goes.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

mod common;

use std::path::Path;
use std::time::{Duration, SystemTime};

use common::{attribute, commit};
use matricula_core::{
    Appended, AttributeType, Change, CourseDefinition, Draft, EnrolmentRuleDefinition, ErrorKind,
    LeavePolicy, Outcome, Revision, SegmentDefinition, Snapshot, Store, UserUpdate,
};
use matricula_sqlite::Sqlite;

/// People enough that enrolments are read on another thread.
const MANY: u32 = 20_000;

fn company(path: &Path) -> Snapshot {
    let person = |number: u32| {
        let department = if number.is_multiple_of(2) { "Sales" } else { "IT" };
        UserUpdate::new(format!("u{number}")).set("department", department)
    };
    commit(
        path,
        vec![
            attribute("department", AttributeType::Text),
            CourseDefinition::new("selling".to_owned()).into(),
            SegmentDefinition::with_rule("sales", r#"user.department == "Sales""#).into(),
            EnrolmentRuleDefinition::new("selling", "sales", ["selling"], LeavePolicy::Suspend).into(),
            Change::Users((0..MANY).map(person).collect()),
        ],
    )
}

fn reader(path: &Path) -> Sqlite {
    Sqlite::options().read_only(true).open(path).unwrap()
}

fn next(on: &Snapshot, user: &str) -> Outcome {
    let mut draft = Draft::new(on, on.clock().unwrap());
    draft.apply(UserUpdate::new(user).into()).unwrap();
    draft.finish("hr", "")
}

/// The names of the files, and for each how long it is and when it was written.
fn files(folder: &Path) -> Vec<(String, u64, SystemTime)> {
    let file = |entry: std::fs::DirEntry| {
        let data = entry.metadata().unwrap();
        (entry.file_name().into_string().unwrap(), data.len(), data.modified().unwrap())
    };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| file(entry.unwrap())).collect();
    files.sort();
    files
}

fn names(folder: &Path) -> Vec<String> {
    files(folder).into_iter().map(|(name, ..)| name).collect()
}

#[test]
fn a_large_file_in_a_folder_that_cannot_be_written_is_read_and_backed_up_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let snapshot = company(&path);
    let before = files(folder.path());
    let writable = std::fs::metadata(folder.path()).unwrap().permissions();
    let mut closed = writable.clone();
    closed.set_readonly(true);
    std::fs::set_permissions(folder.path(), closed).unwrap();
    let store = reader(&path);
    assert!(store.load().unwrap().same_as(&snapshot));
    assert!(store.load_tables().unwrap().same_as(&snapshot));
    assert_eq!(store.check(&snapshot).unwrap(), Some(Vec::new()));
    assert_eq!(store.since(Revision(0), 10).unwrap().len(), 1);
    assert_eq!(store.newest().unwrap(), Revision(1));
    let copy = elsewhere.path().join("copy.db");
    store.backup(&copy).unwrap();
    assert_eq!(files(folder.path()), before, "while it is open");
    drop(store);
    assert_eq!(files(folder.path()), before, "once it is closed");
    std::fs::set_permissions(folder.path(), writable).unwrap();
    assert_eq!(names(elsewhere.path()), ["copy.db"]);
    let copied = reader(&copy);
    assert!(copied.load().unwrap().same_as(&snapshot));
    assert_eq!(names(elsewhere.path()), ["copy.db"]);
}

#[test]
fn what_a_writer_has_in_its_log_is_read_and_backed_up_and_the_log_goes_with_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let mut snapshot = company(&path);
    let store = reader(&path);
    for round in 0..3 {
        let writer = Sqlite::at(&path).unwrap();
        let outcome = next(&snapshot, &format!("n{round}"));
        assert_eq!(writer.append(&outcome.commit).unwrap(), Appended::Done);
        snapshot = outcome.snapshot;
        assert!(std::fs::metadata(folder.path().join("acme.db-wal")).unwrap().len() > 0, "it is in the log");
        assert!(store.load().unwrap().same_as(&snapshot));
        assert!(store.load_tables().unwrap().same_as(&snapshot));
        assert_eq!(store.newest().unwrap(), snapshot.revision());
        let copy = folder.path().join("copy.db");
        store.backup(&copy).unwrap();
        assert!(reader(&copy).load().unwrap().same_as(&snapshot));
        std::fs::remove_file(copy).unwrap();
        // The reader is still there; it has nothing open that would keep the log.
        drop(writer);
        assert_eq!(names(folder.path()), ["acme.db"]);
        assert!(store.load().unwrap().same_as(&snapshot));
        assert_eq!(store.newest().unwrap(), snapshot.revision());
        assert_eq!(names(folder.path()), ["acme.db"]);
    }
}

#[test]
fn a_log_without_its_index_is_refused_and_no_index_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let snapshot = commit(&path, vec![attribute("city", AttributeType::Text)]);
    let writer = Sqlite::at(&path).unwrap();
    let outcome = next(&snapshot, "ann");
    assert_eq!(writer.append(&outcome.commit).unwrap(), Appended::Done);
    let copied = tempfile::tempdir().unwrap();
    let copy = copied.path().join("copy.db");
    std::fs::copy(folder.path().join("acme.db-wal"), copied.path().join("copy.db-wal")).unwrap();
    std::fs::copy(&path, &copy).unwrap();
    let error = Sqlite::options().read_only(true).open(&copy).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.message().contains("is without `-shm`, expected both or neither"), "{error}");
    assert_eq!(names(copied.path()), ["copy.db", "copy.db-wal"]);
    // Opened once to be written it is whole.
    drop(Sqlite::at(&copy).unwrap());
    assert_eq!(names(copied.path()), ["copy.db"]);
    assert!(reader(&copy).load().unwrap().same_as(&outcome.snapshot));
}

#[test]
fn a_reader_that_has_seen_a_quiet_file_sees_what_is_written_to_it_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let snapshot = commit(&path, vec![attribute("city", AttributeType::Text)]);
    // As if it had been written long ago: then the times of the files say that nothing is new.
    let long_ago = SystemTime::now() - Duration::from_secs(3_600);
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(long_ago).unwrap();
    drop(file);
    let store = reader(&path);
    for _ in 0..3 {
        assert_eq!(store.newest().unwrap(), Revision(1));
    }
    let writer = Sqlite::at(&path).unwrap();
    assert_eq!(store.newest().unwrap(), Revision(1));
    let outcome = next(&snapshot, "ann");
    writer.append(&outcome.commit).unwrap();
    assert_eq!(store.newest().unwrap(), Revision(2), "in the log");
    let outcome = next(&outcome.snapshot, "bob");
    writer.append(&outcome.commit).unwrap();
    assert_eq!(store.newest().unwrap(), Revision(3), "just after the other");
    drop(writer);
    assert_eq!(store.newest().unwrap(), Revision(3));
}
