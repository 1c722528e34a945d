//! What SQL sees of due dates, suspensions by hand, bulk enrolments, archived courses, closed sites, and of what was
//! deleted. Every commit is also read back.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

mod common;

use std::path::Path;

use common::{NOW, attribute, column, commit, commit_at, options, replay};
use matricula_core::{
    AttributeType, BulkEnrolment, Change, CourseDefinition, Deletable, DueDate, EnrolmentRuleDefinition,
    LeavePolicy, SegmentDefinition, SiteDefinition, Store, UserUpdate,
};
use matricula_sqlite::Sqlite;

const DAY: i64 = 86_400_000;

fn course(key: &str) -> Change {
    CourseDefinition::new(key.to_owned()).into()
}

fn delete(what: Deletable, key: &str) -> Change {
    Change::Delete(what, key.to_owned())
}

fn rule(key: &str, due: Option<DueDate>) -> EnrolmentRuleDefinition {
    let rule = EnrolmentRuleDefinition::new(key, "sales", ["gdpr"], LeavePolicy::Suspend);
    EnrolmentRuleDefinition { due, role: "instructor".to_owned(), ..rule }
}

/// ann by a rule, bob in bulk.
fn start(path: &Path) {
    commit(
        path,
        vec![
            attribute("department", AttributeType::Text),
            attribute("skills", AttributeType::MultiChoice(options(&["go", "sql"]))),
            attribute("level", AttributeType::Choice(options(&["a", "b"]))),
            course("gdpr"),
            SegmentDefinition::with_rule("sales", r#"user.department == "Sales""#).into(),
            rule("s", Some(DueDate::After(30))).into(),
            UserUpdate::new("ann").set("department", "Sales").set("skills", "go").set("level", "b").into(),
            UserUpdate::new("bob").into(),
            BulkEnrolment::of_users(["bob"], ["gdpr"]).into(),
        ],
    );
}

fn enrolments(path: &Path) -> Vec<String> {
    column(
        path,
        "SELECT user || ' ' || status || ' ' || coalesce(due, '-') || ' ' || why FROM enrolments ORDER BY user",
    )
}

#[test]
fn due_dates_and_suspensions_by_hand_stand_in_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    start(path);
    assert_eq!(
        enrolments(path),
        ["ann active 2025-12-21 rule s: in segment sales", "bob active - enrolled in bulk"]
    );
    assert_eq!(column(path, "SELECT user_id || ' ' || due FROM due"), ["0 2025-12-21"]);
    assert_eq!(column(path, "SELECT role || ' ' || due_after FROM enrolment_rule"), ["instructor 30"]);
    assert_eq!(
        column(
            path,
            "SELECT fact || ' ' || rule_id || ' ' || coalesce(due, '-') FROM journal_fact WHERE course_id = 0"
        ),
        ["enrolled 0 2025-12-21", "enrolled -2 -"]
    );
    let suspend =
        |suspended| Change::SuspendEnrolment { user: "ann".to_owned(), course: "gdpr".to_owned(), suspended };
    commit_at(path, NOW + DAY, vec![suspend(true), rule("s", Some(DueDate::After(31))).into()]);
    assert_eq!(enrolments(path)[0], "ann suspended - suspended by hand; rule s: in segment sales");
    assert_eq!(column(path, "SELECT count(*) FROM due"), ["0"]);
    assert_eq!(
        column(path, "SELECT suspended_by_hand FROM enrolment WHERE user_id = 0"),
        [(NOW + DAY).to_string()]
    );
    // Left and resumed, it is suspended by the rule alone.
    commit_at(path, NOW + 2 * DAY, vec![UserUpdate::new("ann").clear("department").into()]);
    commit_at(path, NOW + 3 * DAY, vec![suspend(false)]);
    assert_eq!(enrolments(path)[0], "ann suspended - rule s: no longer applies, suspended");
    commit_at(path, NOW + 4 * DAY, vec![UserUpdate::new("ann").set("department", "Sales").into()]);
    assert_eq!(enrolments(path)[0], "ann active 2025-12-26 rule s: in segment sales");
    assert!(replay(path).same_as(&Sqlite::at(path).unwrap().load().unwrap()));
}

#[test]
fn a_reason_that_comes_back_while_suspended_by_hand_takes_the_place_of_suspended_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    start(path);
    let department = |department: &str| UserUpdate::new("ann").set("department", department).into();
    let suspend =
        Change::SuspendEnrolment { user: "ann".to_owned(), course: "gdpr".to_owned(), suspended: true };
    commit_at(path, NOW + DAY, vec![suspend]);
    commit_at(path, NOW + 2 * DAY, vec![department("IT")]);
    assert_eq!(
        enrolments(path)[0],
        "ann suspended - suspended by hand; rule s: no longer applies, suspended"
    );
    commit_at(path, NOW + 3 * DAY, vec![department("Sales")]);
    assert_eq!(enrolments(path)[0], "ann suspended - suspended by hand; rule s: in segment sales");
    commit_at(path, NOW + 4 * DAY, vec![department("IT")]);
    // Another reason than the one that is gone.
    let enrol = Change::Enrol { user: "ann".to_owned(), course: "gdpr".to_owned() };
    commit_at(path, NOW + 5 * DAY, vec![enrol]);
    assert_eq!(enrolments(path)[0], "ann suspended - suspended by hand; enrolled by hand");
    assert!(replay(path).same_as(&Sqlite::at(path).unwrap().load().unwrap()));
}

#[test]
fn what_is_deleted_leaves_its_number_and_frees_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    start(path);
    commit_at(
        path,
        NOW + DAY,
        vec![
            delete(Deletable::EnrolmentRule, "s"),
            delete(Deletable::Segment, "sales"),
            delete(Deletable::Attribute, "department"),
            delete(Deletable::Attribute, "skills"),
            delete(Deletable::Attribute, "level"),
        ],
    );
    assert_eq!(column(path, "SELECT key FROM segments"), [""; 0]);
    assert_eq!(enrolments(path)[0], "ann suspended - rule s: no longer applies, suspended");
    assert_eq!(
        column(path, "SELECT name FROM pragma_table_info('user')"),
        ["id", "key", "status", "created"]
    );
    assert_eq!(
        column(path, "SELECT name FROM pragma_table_info('users')"),
        ["id", "key", "status", "created"]
    );
    for table in ["user_option", "attribute_option", "segment_members WHERE length(members) > 8"] {
        assert_eq!(column(path, &format!("SELECT count(*) FROM {table}")), ["0"], "{table}");
    }
    // The same keys once more, for other things.
    commit_at(
        path,
        NOW + 2 * DAY,
        vec![
            attribute("department", AttributeType::Integer),
            SegmentDefinition::with_rule("sales", "user.department == 7").into(),
            rule("s", None).into(),
            UserUpdate::new("ann").set("department", 7).into(),
        ],
    );
    assert_eq!(column(path, "SELECT id FROM enrolment_rule WHERE key = 's' AND deleted = 0"), ["1"]);
    assert_eq!(column(path, "SELECT department FROM users WHERE key = 'ann'"), ["7"]);
    assert_eq!(enrolments(path)[0], "ann active - rule s: in segment sales");
    assert!(replay(path).same_as(&Sqlite::at(path).unwrap().load().unwrap()));
}

#[test]
fn archives_and_closed_sites_stand_in_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    start(path);
    let snapshot = commit_at(
        path,
        NOW + DAY,
        vec![
            SiteDefinition { key: "labs".to_owned(), name: None, zone: None }.into(),
            Change::Archive { course: "gdpr".to_owned(), archived: true },
            Change::Close { site: "labs".to_owned(), closed: true },
        ],
    );
    assert_eq!(column(path, "SELECT archived FROM course"), ["1"]);
    assert_eq!(column(path, "SELECT closed FROM site ORDER BY id"), ["0", "1"]);
    // The tables of memberships do not say that a site is closed, so that no query over them would be right.
    let at = snapshot.clock().unwrap();
    let refused = snapshot.segment_sql("sales", matricula_core::rule::sql::Dialect::Sqlite, at).unwrap_err();
    assert_eq!(refused.to_string(), "site `labs` is closed, which the tables of memberships do not say");
}
