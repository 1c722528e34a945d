//! A commit that fails at each row that it writes, one after the other, by way of triggers: nothing of it is there, the
//! store goes on, and the same commit succeeds when nothing stands in its way.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

mod common;

use std::path::Path;

use common::{attribute, column, commit, replay};
use matricula_core::{
    Appended, AttributeType, Change, CourseDefinition, Draft, EnrolmentRuleDefinition, ErrorKind, Exception,
    Instant, LeavePolicy, Outcome, RecordUpdate, SegmentDefinition, SegmentState, SiteDefinition, Snapshot,
    Store, UserUpdate,
};
use matricula_sqlite::Sqlite;
use rusqlite::Connection;

fn course(key: &str) -> Change {
    CourseDefinition::new(key.to_owned()).into()
}

fn rule(key: &str, segment: &str, course: &str, on_leave: LeavePolicy) -> Change {
    EnrolmentRuleDefinition::new(key, segment, [course], on_leave).into()
}

fn begin(path: &Path) -> Snapshot {
    let person = |number| {
        let department = if number % 2 == 0 { "Sales" } else { "IT" };
        UserUpdate::new(format!("u{number}")).set("department", department)
    };
    commit(
        path,
        vec![
            attribute("department", AttributeType::Text),
            attribute("skills", AttributeType::MultiChoice(common::options(&["go", "rust"]))),
            course("selling"),
            course("safety"),
            SegmentDefinition::with_rule("sales", r#"user.department == "Sales""#).into(),
            SegmentDefinition::with_rule("it", r#"user.department == "IT""#).into(),
            rule("selling", "sales", "selling", LeavePolicy::Unenrol),
            rule("safety", "it", "safety", LeavePolicy::Suspend),
            Change::Users((0..10).map(person).collect()),
        ],
    )
}

/// A commit that inserts, updates and deletes in most tables.
fn next(on: &Snapshot) -> Outcome {
    let mut draft = Draft::new(on, on.clock().unwrap());
    let exception = |user: &str, exception| Change::Exception {
        segment: "sales".to_owned(),
        user: user.to_owned(),
        exception,
    };
    let record = RecordUpdate {
        user: "u2".to_owned(),
        course: "selling".to_owned(),
        completed: Some(Some(Instant::EPOCH)),
        score: None,
    };
    let changes: Vec<Change> = vec![
        SiteDefinition { key: "labs".to_owned(), name: None, zone: None }.into(),
        attribute("city", AttributeType::Text),
        course("late"),
        SegmentDefinition { sql_rows: Some(true), ..SegmentDefinition::with_rule("here", "!has(user.city)") }
            .into(),
        SegmentDefinition { state: Some(SegmentState::Paused), ..SegmentDefinition::new("it") }.into(),
        rule("late", "here", "late", LeavePolicy::Keep),
        UserUpdate::new("new")
            .set("department", "Sales")
            .set("skills", "go;rust")
            .set("city", "Paarl")
            .into(),
        UserUpdate::new("u0").set("department", "IT").into(),
        UserUpdate::new("u1").set("department", "Sales").set("skills", "go").into(),
        exception("u3", Some(Exception::Pinned)),
        exception("u4", Some(Exception::Banned)),
        record.into(),
        Change::Enrol { user: "u5".to_owned(), course: "selling".to_owned() },
    ];
    changes.into_iter().for_each(|change| draft.apply(change).unwrap());
    draft.finish("hr", "")
}

/// Lets the write fail that comes after so many others, in any table.
fn lay(path: &Path, how: &str) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("CREATE TABLE fuse (remaining INTEGER); INSERT INTO fuse VALUES (1000000)")
        .unwrap();
    let tables = column(path, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'fuse'");
    for table in tables {
        for what in ["INSERT", "UPDATE", "DELETE"] {
            let trigger = format!(
                "CREATE TRIGGER fuse_{what}_{table} BEFORE {what} ON {table} BEGIN
                     UPDATE fuse SET remaining = remaining - 1;
                     SELECT RAISE({how}, 'disk I/O error') FROM fuse WHERE remaining < 0;
                 END"
            );
            connection.execute_batch(&trigger).unwrap();
        }
    }
}

fn light(path: &Path, steps: u32) {
    Connection::open(path).unwrap().execute("UPDATE fuse SET remaining = ?1", [steps]).unwrap();
}

fn fail_at_each_row(how: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let before = begin(path);
    let outcome = next(&before);
    lay(path, how);
    // One store for all, so that each failure is one that it has to recover from.
    let store = Sqlite::options().cache(false).open(path).unwrap();
    let mut steps = 0;
    loop {
        light(path, steps);
        match store.append(&outcome.commit) {
            Ok(appended) => {
                assert_eq!(appended, Appended::Done);
                break;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Store, "{error}");
                assert!(error.message().ends_with("disk I/O error"), "{error}");
                assert_eq!(store.newest().unwrap(), before.revision());
                light(path, 1_000_000);
                assert!(store.load().unwrap().same_as(&before), "after {steps} rows");
                assert!(replay(path).same_as(&before), "after {steps} rows");
            }
        }
        steps += 1;
    }
    assert!(steps > 60, "{steps} rows");
    assert!(store.load().unwrap().same_as(&outcome.snapshot));
    assert!(replay(path).same_as(&outcome.snapshot));
    assert_eq!(store.newest().unwrap(), outcome.snapshot.revision());
}

#[test]
fn a_commit_that_fails_at_any_row_leaves_nothing_behind() {
    fail_at_each_row("ABORT");
}

#[test]
fn nor_does_one_that_sqlite_itself_rolls_back() {
    fail_at_each_row("ROLLBACK");
}
