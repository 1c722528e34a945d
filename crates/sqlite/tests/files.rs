//! SQLite files as files: what is refused, what people see with SQL, and what survives.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

mod common;

use std::path::Path;

use common::{attribute, column, commit, options};
use matricula_core::{
    AttributeDefinition, AttributeType, Change, CourseDefinition, Draft, EnrolmentRuleDefinition, ErrorKind,
    LeavePolicy, SegmentDefinition, SiteDefinition, Snapshot, Store, UserUpdate,
};
use matricula_sqlite::Sqlite;
use rusqlite::Connection;

fn acme(path: &Path) -> Snapshot {
    let course = CourseDefinition::new("gdpr".to_owned());
    let segment = SegmentDefinition::with_rule("sales", r#"user.department == "Sales""#);
    let enrolment_rule =
        EnrolmentRuleDefinition::new("gdpr-for-sales", "sales", ["gdpr"], LeavePolicy::Suspend);
    commit(
        path,
        vec![
            attribute("department", AttributeType::Text),
            attribute("country", AttributeType::Choice(options(&["ZA", "DE"]))),
            course.into(),
            segment.into(),
            enrolment_rule.into(),
            UserUpdate::new("ann").set("department", "Sales").set("country", "DE").into(),
            UserUpdate::new("bob").set("department", "IT").into(),
            Change::Enrol { user: "bob".to_owned(), course: "gdpr".to_owned() },
        ],
    )
}

#[test]
fn who_is_enrolled_since_when_and_why_is_one_select() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    acme(&path);
    let sql = "SELECT user || ' since ' || since || ', ' || status || ': ' || why FROM enrolments WHERE course = 'gdpr'";
    assert_eq!(
        column(&path, sql),
        [
            "ann since 2025-11-21T04:40:00Z, active: rule gdpr-for-sales: in segment sales",
            "bob since 2025-11-21T04:40:00Z, active: enrolled by hand",
        ]
    );
    commit(&path, vec![UserUpdate::new("ann").set("department", "IT").into()]);
    assert_eq!(
        column(&path, "SELECT why FROM enrolments WHERE user = 'ann'"),
        ["rule gdpr-for-sales: no longer applies, suspended"]
    );
    assert_eq!(column(&path, "SELECT country FROM users ORDER BY key"), ["DE", "NULL"]);
    assert_eq!(column(&path, "SELECT rule_text FROM segment"), [r#"user.department == "Sales""#]);
    assert_eq!(column(&path, "SELECT author || note FROM commits"), ["hra note", "hra note"]);
}

#[test]
fn attributes_may_have_the_names_of_other_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let keys = ["status", "Status", "id", "KEY", "select", "a0", "created"];
    let mut changes: Vec<Change> = keys.iter().map(|key| attribute(key, AttributeType::Text)).collect();
    let update =
        keys.iter().fold(UserUpdate::new("ann"), |update, key| update.set(*key, format!("its {key}")));
    changes.push(update.into());
    let snapshot = commit(&path, changes);
    assert!(Sqlite::at(&path).unwrap().load().unwrap().same_as(&snapshot));
    let names = column(&path, "SELECT name FROM pragma_table_info('users')");
    let expected = [
        "id",
        "key",
        "status",
        "created",
        "user.status",
        "user.Status#1",
        "user.id",
        "user.KEY",
        "select",
        "a0",
        "user.created",
    ];
    assert_eq!(names, expected);
    assert_eq!(column(&path, r#"SELECT "user.Status#1" FROM users"#), ["its Status"]);
}

#[test]
fn any_text_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let texts =
        ["", "'; DROP TABLE user; --", "a\0b", "\"quoted\"", "🙂 e\u{301}", "line\nbreak"].map(str::to_owned);
    let long = "x".repeat(64 * 1024);
    let mut changes = vec![attribute("note", AttributeType::Text)];
    for (number, text) in texts.iter().chain([&long]).enumerate() {
        changes.push(UserUpdate::new(format!("u'{number}")).set("note", text.as_str()).into());
    }
    let snapshot = commit(&path, changes);
    let store = Sqlite::at(&path).unwrap();
    assert!(store.load().unwrap().same_as(&snapshot));
    let replayed = store.since(matricula_core::Revision(0), 10).unwrap();
    assert!(Snapshot::default().replay(&replayed[0]).unwrap().same_as(&snapshot));
}

#[test]
fn other_files_are_refused_and_left_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str| {
        let path = folder.path().join(name);
        let before = std::fs::read(&path).unwrap();
        let error = Sqlite::at(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidStore, "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{name} was changed");
        error.to_string()
    };
    std::fs::write(folder.path().join("letter.txt"), "Dear Sir or Madam, ".repeat(100)).unwrap();
    assert!(refused("letter.txt").ends_with("the file is not a database"));

    let other = Connection::open(folder.path().join("shop.db")).unwrap();
    other.execute_batch("CREATE TABLE goods (id INTEGER PRIMARY KEY)").unwrap();
    drop(other);
    assert!(refused("shop.db").ends_with("the database has other tables and is no registry"));

    let newer = Connection::open(folder.path().join("newer.db")).unwrap();
    newer
        .execute_batch("PRAGMA application_id = 0x4D747263; PRAGMA user_version = 999; CREATE TABLE t (x)")
        .unwrap();
    drop(newer);
    assert!(refused("newer.db").contains("version 999, expected at most 4"));
}

#[test]
fn a_file_that_a_newer_library_has_changed_meanwhile_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let snapshot = acme(&path);
    let store = Sqlite::at(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 5").unwrap();
    let mut draft = Draft::new(&snapshot, snapshot.clock().unwrap());
    draft.apply(UserUpdate::new("cy").into()).unwrap();
    let error = store.append(&draft.finish("hr", "").commit).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidStore);
    assert_eq!(store.load().unwrap_err().kind(), ErrorKind::InvalidStore);
    assert_eq!(column(&path, "SELECT count(*) FROM user"), ["2"]);
}

#[test]
fn names_that_are_no_files_are_refused() {
    for name in ["", ":memory:"] {
        let error = Sqlite::at(name).unwrap_err();
        assert_eq!(error.to_string(), format!("`{name}` is not the path of a file"));
    }
    let folder = tempfile::tempdir().unwrap();
    let uri = format!("file:{}/acme.db?mode=memory", folder.path().display());
    assert!(Sqlite::at(&uri).is_err(), "the folder `file:…` is not there, and a URI is not meant");
    let error = Sqlite::at("no/such/folder/acme.db").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
}

#[test]
fn several_may_create_one_file_at_once() {
    for round in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("{round}.db"));
        std::thread::scope(|scope| {
            let openers: Vec<_> = (0..4).map(|_| scope.spawn(|| Sqlite::at(&path).map(drop))).collect();
            openers.into_iter().for_each(|opener| opener.join().unwrap().unwrap());
        });
    }
}

#[test]
fn commits_are_durable_when_they_return() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    drop(Sqlite::at(&path).unwrap());
    assert_eq!(column(&path, "SELECT journal_mode FROM pragma_journal_mode"), ["wal"]);
    // What a connection of the store itself says; others have their own setting.
    assert_eq!(Sqlite::at(&path).unwrap().synchronous().unwrap(), 2);
}

#[test]
fn a_suspended_enrolment_that_is_resumed_has_one_reason_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    acme(&path);
    let department = |name: &str| vec![UserUpdate::new("ann").set("department", name).into()];
    commit(&path, department("IT"));
    let snapshot = commit(&path, department("Sales"));
    assert!(Sqlite::at(&path).unwrap().load().unwrap().same_as(&snapshot));
    assert_eq!(
        column(&path, "SELECT why FROM enrolments WHERE user = 'ann'"),
        ["rule gdpr-for-sales: in segment sales"]
    );
}

#[test]
fn members_beyond_the_first_part_are_kept_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    acme(&path);
    let person = |number: usize| {
        let department = if number.is_multiple_of(3) { "Sales" } else { "IT" };
        UserUpdate::new(format!("p{number}")).set("department", department)
    };
    let snapshot = commit(&path, vec![Change::Users((0..70_000).map(person).collect())]);
    assert!(Sqlite::at(&path).unwrap().load().unwrap().same_as(&snapshot));
    let moved = commit(&path, vec![person(69_999).set("department", "IT").into()]);
    assert!(Sqlite::at(&path).unwrap().load().unwrap().same_as(&moved));
}

#[test]
fn redefinitions_reach_the_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    acme(&path);
    let name = Some("Renamed".to_owned());
    let segment = SegmentDefinition {
        name: name.clone(),
        ..SegmentDefinition::with_rule("sales", r#"user.department == "IT""#)
    };
    let course = CourseDefinition { key: "gdpr".to_owned(), name, site: None, category: None };
    let snapshot = commit(&path, vec![segment.into(), course.into()]);
    assert!(Sqlite::at(&path).unwrap().load().unwrap().same_as(&snapshot));
    assert_eq!(column(&path, "SELECT rule_text FROM segment"), [r#"user.department == "IT""#]);
    assert_eq!(column(&path, "SELECT name FROM course UNION ALL SELECT name FROM segment"), ["Renamed"; 2]);
}

#[test]
fn a_damaged_table_is_an_error_and_not_a_panic() {
    let damage = [
        "UPDATE enrolment SET status = 'perhaps'",
        "UPDATE enrolment_reason SET state = 'unsure'",
        "DELETE FROM enrolment_reason",
        "DELETE FROM enrolment",
        "UPDATE enrolment SET course_id = 9; UPDATE enrolment_reason SET course_id = 9",
        "UPDATE enrolment_reason SET rule_id = 9 WHERE rule_id = 0",
        "UPDATE enrolment_reason SET rule_id = -5",
        "UPDATE user SET status = 'gone'",
        "UPDATE user SET id = id + 10",
        "UPDATE user SET a1 = 99",
        "UPDATE segment SET rule = '{'",
        "UPDATE segment SET rule = '{\"has\":77}'",
        "UPDATE segment_members SET members = x'00'",
        "UPDATE site SET zone = 'Mars/Base'",
        "UPDATE registry SET revision = -1",
        "UPDATE registry SET clock = 9e18",
        "PRAGMA ignore_check_constraints = 1; UPDATE attribute SET type = 'colour'",
        "UPDATE attribute SET type = 'text'",
        "UPDATE attribute SET key = 'other' WHERE id = 0",
        "UPDATE attribute SET definition = '{'",
        "UPDATE attribute SET id = id + 5",
        "DELETE FROM attribute_option WHERE id = 0",
        "UPDATE attribute_option SET key = 'same'",
        "UPDATE user SET created = 9e18",
        "INSERT INTO user_option VALUES (0, 1, 0)",
        "INSERT INTO course_record VALUES (0, 9, 0, NULL)",
        "INSERT INTO course_record VALUES (0, 0, NULL, 5000000)",
        "INSERT INTO segment_pin VALUES (0, 99)",
        "INSERT INTO segment_ban VALUES (99, 0)",
        "INSERT INTO segment_frozen VALUES (0, 0, x'00')",
        "UPDATE segment SET state = 'asleep'",
    ];
    for sql in damage {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.db");
        acme(&path);
        Connection::open(&path).unwrap().execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
        let error = Sqlite::at(&path).unwrap().load().expect_err(sql);
        assert!(matches!(error.kind(), ErrorKind::InvalidStore | ErrorKind::Store), "{sql}: {error}");
    }
}

#[test]
fn rules_that_name_what_is_another_sites_are_not_loaded() {
    let damage = [
        (
            r#"UPDATE segment SET rule = '{"is":{"segment":1}}' WHERE key = 'people'"#,
            "the rule of segment `people` cannot be: segment `lab-people` belongs to site `labs`, expected it in segments of that site only",
        ),
        (
            r#"UPDATE segment SET rule = '{"is":{"enrolled":0}}' WHERE key = 'lab-people'"#,
            "the rule of segment `lab-people` cannot be: course `gdpr` belongs to site `primary`, expected it in segments of that site and registry-wide ones only",
        ),
        (
            "UPDATE segment SET site_id = NULL WHERE key = 'lab-people'",
            "the rule of segment `lab-people` cannot be: attribute `bench` belongs to site `labs`, expected it in segments of that site only",
        ),
        (
            "UPDATE course SET site_id = 0 WHERE key = 'safety'",
            "enrolment rule `safety-for-labs` cannot be: course `safety` belongs to site `primary`, expected courses of site `labs`, as the rule's segment is",
        ),
        (
            "UPDATE segment SET state = 'draft' WHERE key = 'lab-people'",
            "enrolment rule `safety-for-labs` cannot be: segment `lab-people` is a draft, which nothing may refer to",
        ),
    ];
    let labs = || Some("labs".to_owned());
    let course = |key: &str, site| CourseDefinition { key: key.to_owned(), name: None, site, category: None };
    for (sql, message) in damage {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.db");
        let bench =
            AttributeDefinition { site: labs(), ..AttributeDefinition::new("bench", AttributeType::Text) };
        let lab_people = SegmentDefinition {
            site: labs(),
            ..SegmentDefinition::with_rule("lab-people", "has(user.bench)")
        };
        let rule =
            EnrolmentRuleDefinition::new("safety-for-labs", "lab-people", ["safety"], LeavePolicy::Keep);
        commit(
            &path,
            vec![
                SiteDefinition { key: "labs".to_owned(), name: None, zone: None }.into(),
                bench.into(),
                course("gdpr", None).into(),
                course("safety", labs()).into(),
                SegmentDefinition::with_rule("people", r#"account.key != """#).into(),
                lab_people.into(),
                rule.into(),
            ],
        );
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let error = Sqlite::at(&path).unwrap().load().expect_err(sql);
        assert_eq!(error.kind(), ErrorKind::InvalidStore, "{error}");
        assert!(error.to_string().ends_with(message), "{error}");
    }
}
