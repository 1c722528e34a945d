//! A file of an earlier version: it is brought up in place, says what it said, and can be gone on with.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

mod common;

use std::path::{Path, PathBuf};

use common::{attribute, column, commit_at, options, replay};
use matricula_core::{
    Appended, AttributeDefinition, AttributeType, CategoryDefinition, Change, CourseDefinition, Draft,
    Exception, GrantDefinition, Instant, OptionDefinition, Salt, ScopeKey, SegmentDefinition, SegmentState,
    Snapshot, Store, UserUpdate,
};
use matricula_sqlite::Sqlite;
use rusqlite::Connection;

fn file_of(sql: &str, folder: &Path) -> PathBuf {
    let path = folder.join("old.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    path
}

fn version_1(folder: &Path) -> PathBuf {
    file_of(include_str!("golden/v1.sql"), folder)
}

fn version_2(folder: &Path) -> PathBuf {
    file_of(include_str!("golden/v2.sql"), folder)
}

fn version_3(folder: &Path) -> PathBuf {
    file_of(include_str!("golden/v3.sql"), folder)
}

fn instant(text: &str) -> Instant {
    text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().try_into().unwrap()
}

fn members(snapshot: &Snapshot, segment: &str) -> Vec<String> {
    let members = snapshot.members(segment).unwrap();
    members.iter().map(|row| snapshot.user_key(matricula_core::UserId(row)).to_owned()).collect()
}

#[test]
fn a_file_of_version_1_says_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = version_1(folder.path());
    let before = column(&path, "SELECT user || course || status || since || why FROM enrolments");
    let snapshot = Sqlite::at(&path).unwrap().load().unwrap();
    assert!(replay(&path).same_as(&snapshot));
    assert_eq!((snapshot.revision().0, snapshot.clock()), (3, Some(instant("2026-05-15T06:00:00Z"))));
    assert_eq!(column(&path, "SELECT user_version FROM pragma_user_version"), ["4"]);
    assert_eq!(column(&path, "SELECT user || course || status || since || why FROM enrolments"), before);
    assert_eq!(before.len(), 5);

    let created: Vec<(&str, Option<Instant>)> =
        snapshot.users().map(|user| (snapshot.user_key(user), snapshot.created(user))).collect();
    let [first, second, third] = ["2026-01-10T08:00:00Z", "2026-02-01T12:30:00.250Z", "2026-05-15T06:00:00Z"]
        .map(|at| Some(instant(at)));
    assert_eq!(created, [("ann", first), ("bob", first), ("cy", first), ("dora", second), ("eve", third)]);
    let people =
        "SELECT key || ' ' || status || ' ' || coalesce(department, '-') || ' ' || coalesce(country, '-')
        || ' ' || coalesce(hired_on, '-') || ' ' || coalesce(\"user.Status\", '-') || ' ' || created
        FROM users ORDER BY id";
    assert_eq!(
        column(&path, people),
        [
            "ann active IT - 2025-12-01 - 2026-01-10T08:00:00.000Z",
            "bob active IT ZA 2019-05-31 - 2026-01-10T08:00:00.000Z",
            "cy suspended Sales - - - 2026-01-10T08:00:00.000Z",
            "dora active Sales FR 2026-02-01 Ünïcode 🙂 2026-02-01T12:30:00.250Z",
            "eve active Sales - 2026-05-15 - 2026-05-15T06:00:00.000Z",
        ]
    );
    assert_eq!(
        column(&path, "SELECT key || ' ' || state || ' ' || rule_text FROM segments"),
        [
            r#"sales active user.department == "Sales""#,
            r#"germans active user.country in ["DE"] && !(user.department == "IT")"#,
            r#"new active user.hired_on >= today - days(90)"#,
            r#"lost active !has(user.department) || user.country != "ZA""#,
            r#"africans active user.country == "ZA""#,
        ]
    );
    let of_all: Vec<Vec<String>> =
        ["sales", "germans", "new", "lost", "africans"].map(|key| members(&snapshot, key)).to_vec();
    let expected: [&[&str]; 5] = [&["dora", "eve"], &[], &["eve"], &["dora"], &[]];
    assert_eq!(of_all, expected);
    let segment = snapshot.segments().next().unwrap();
    assert_eq!(
        (segment.state, segment.sql_rows, segment.owner.as_deref()),
        (SegmentState::Active, false, None)
    );
    assert_eq!(
        snapshot.schema().find("country").unwrap().option_keys().collect::<Vec<_>>(),
        ["ZA", "DE", "FR"]
    );
}

#[test]
fn a_file_of_version_2_says_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = version_2(folder.path());
    let enrolments = "SELECT user || course || status || since || why FROM enrolments";
    let people =
        "SELECT key || coalesce(department, '-') || coalesce(skills, '-') || coalesce(rate, '-') FROM users";
    let (enrolled, there) = (column(&path, enrolments), column(&path, people));
    let snapshot = Sqlite::at(&path).unwrap().load().unwrap();
    assert!(replay(&path).same_as(&snapshot));
    assert_eq!((snapshot.revision().0, snapshot.clock()), (3, Some(instant("2026-05-15T06:00:00Z"))));
    assert_eq!(column(&path, "SELECT user_version FROM pragma_user_version"), ["4"]);
    assert_eq!(column(&path, enrolments), enrolled);
    assert_eq!(column(&path, people), there);
    assert_eq!((enrolled.len(), there.len()), (6, 5));
    assert_eq!(members(&snapshot, "hand"), ["dora"]);
    let paused = snapshot.segments().find(|segment| segment.key == "new").unwrap();
    assert_eq!(paused.state, SegmentState::Paused);
}

#[test]
fn a_file_of_version_3_says_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = version_3(folder.path());
    let said = [
        ("SELECT user || course || status || since || coalesce(due, '-') || why FROM enrolments", 6),
        ("SELECT key || status || coalesce(department, '-') || coalesce(skills, '-') FROM users", 4),
        ("SELECT key || state || coalesce(rule_text, '-') FROM segments", 3),
        ("SELECT key || site_id || archived FROM course", 3),
        ("SELECT key || role || coalesce(due_after, '-') FROM enrolment_rule", 2),
        ("SELECT key || closed FROM site", 3),
        ("SELECT revision || hex(hash) || hex(salt) FROM journal", 3),
        ("SELECT hex(head) || archived || erased FROM registry", 1),
    ];
    let rows = || said.map(|(select, _)| column(&path, select));
    let before = rows();
    assert_eq!(before.each_ref().map(Vec::len), said.map(|(_, rows)| rows));
    let store = Sqlite::at(&path).unwrap();
    let snapshot = store.load().unwrap();
    assert!(replay(&path).same_as(&snapshot));
    assert_eq!(store.check(&snapshot).unwrap().unwrap(), Vec::<String>::new());
    assert_eq!((snapshot.revision().0, snapshot.clock()), (3, Some(instant("2026-05-15T06:00:00Z"))));
    assert_eq!(column(&path, "SELECT user_version FROM pragma_user_version"), ["4"]);
    assert_eq!(rows(), before);
    // It has what is built in, nobody who holds it, and can be gone on with.
    assert_eq!(column(&path, "SELECT count(*) FROM role WHERE built_in = 1"), ["8"]);
    let category = CategoryDefinition { key: "law".to_owned(), ..CategoryDefinition::default() };
    let course =
        CourseDefinition { category: Some("law".to_owned()), ..CourseDefinition::new("gdpr".to_owned()) };
    let grant = GrantDefinition::new("instructor", "ann", ScopeKey::Course("gdpr".to_owned()));
    let mut draft = Draft::new(&snapshot, instant("2026-06-01T00:00:00Z"));
    for change in [Change::from(category), course.into(), grant.into()] {
        draft.apply(change).unwrap();
    }
    // Sealed as those before.
    let outcome = draft.finish("hr", "").sealed(None, || Salt([1; 16]));
    assert_eq!(store.append(&outcome.commit).unwrap(), Appended::Done);
    let snapshot = store.load().unwrap();
    assert!(snapshot.same_as(&outcome.snapshot));
    assert_eq!(column(&path, "SELECT role || user || scope_key FROM grants"), ["instructoranngdpr"]);
    assert!(replay(&path).same_as(&snapshot));
}

#[test]
fn a_file_that_was_brought_up_has_the_tables_of_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = version_1(folder.path());
    drop(Sqlite::at(&path).unwrap());
    let new = folder.path().join("new.db");
    let choice = AttributeType::Choice(options(&["ZA"]));
    let kinds = [
        ("department", AttributeType::Text),
        ("country", choice),
        ("hired_on", AttributeType::Date),
        ("Status", AttributeType::Text),
    ];
    common::commit(&new, kinds.map(|(key, kind)| attribute(key, kind)).to_vec());
    let schema = |path: &Path| {
        column(path, "SELECT name || ': ' || sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
    };
    assert_eq!(schema(&path), schema(&new));
}

#[test]
fn a_file_that_was_brought_up_can_be_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = version_1(folder.path());
    let at = instant("2026-06-01T00:00:00Z").millis();
    let renamed = OptionDefinition { was: Some("ZA".to_owned()), ..OptionDefinition::new("RSA") };
    let kind = AttributeType::Choice(vec![renamed, OptionDefinition::new("DE"), OptionDefinition::new("FR")]);
    let snapshot = commit_at(
        &path,
        at,
        vec![
            AttributeDefinition::new("country", kind).into(),
            AttributeDefinition {
                ignore_case: true,
                ..AttributeDefinition::new("department", AttributeType::Text)
            }
            .into(),
            attribute("skills", AttributeType::MultiChoice(options(&["go", "rust"]))),
            attribute("boss", AttributeType::User),
            UserUpdate::new("ann").set("department", "SALES").set("skills", "rust").set("boss", "eve").into(),
            UserUpdate::new("fay").set("department", "sales").into(),
            SegmentDefinition { sql_rows: Some(true), ..SegmentDefinition::new("sales") }.into(),
            Change::Exception {
                segment: "sales".to_owned(),
                user: "dora".to_owned(),
                exception: Some(Exception::Banned),
            },
        ],
    );
    assert_eq!(members(&snapshot, "sales"), ["ann", "eve", "fay"]);
    assert_eq!(column(&path, "SELECT user_id FROM segment_row ORDER BY user_id"), ["0", "4", "5"]);
    assert_eq!(
        column(&path, "SELECT rule_text FROM segment WHERE key = 'africans'"),
        [r#"user.country == "RSA""#]
    );
    assert!(replay(&path).same_as(&snapshot));
}

#[test]
fn several_may_bring_one_file_up_at_once() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = version_1(folder.path());
        std::thread::scope(|scope| {
            let openers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| Sqlite::at(&path).unwrap().load().unwrap())).collect();
            for opener in openers {
                assert_eq!(opener.join().unwrap().user_count(), 5);
            }
        });
    }
}

#[test]
fn a_file_that_cannot_be_brought_up_stays_as_it_was() {
    let damage = [
        ("UPDATE segment SET rule = '{'", "rule of segment number 0"),
        ("DELETE FROM journal_entry WHERE user_id = 4", "does not say when everybody was created"),
        ("PRAGMA ignore_check_constraints = 1; UPDATE attribute SET type = 'colour'", "type `colour`"),
        ("DELETE FROM course WHERE id = 0", "refers to what is not there"),
    ];
    for (sql, said) in damage {
        let folder = tempfile::tempdir().unwrap();
        let path = version_1(folder.path());
        Connection::open(&path).unwrap().execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
        let dump = "SELECT coalesce(sql, name) FROM sqlite_schema";
        let before = column(&path, dump);
        let error = Sqlite::at(&path).unwrap_err();
        assert_eq!(error.code(), "invalid_store", "{error}");
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(column(&path, dump), before, "{sql}");
        assert_eq!(column(&path, "SELECT user_version FROM pragma_user_version"), ["1"]);
    }
}
