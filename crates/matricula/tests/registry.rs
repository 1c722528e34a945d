//! The registry as a host uses it: define, import, preview, commit, read, explain, reopen.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use matricula::{
    Absent, Action, AttributeType, Blank, ErrorKind, ImportOptions, LeavePolicy, Mapping, Memory, Registry,
    Sqlite, Status, Transaction, UserUpdate,
};

fn at(day: &str) -> DateTime<Utc> {
    format!("{day}T08:00:00Z").parse().unwrap()
}

fn define(tx: &mut Transaction) {
    tx.define_attribute("department", AttributeType::Text).unwrap();
    let countries = ["ZA", "DE", "BR"].map(Into::into).to_vec();
    tx.define_attribute("country", AttributeType::Choice(countries)).unwrap();
    tx.define_attribute("hired_on", AttributeType::Date).unwrap();
    tx.define_course("gdpr").unwrap();
    tx.define_course("onboarding").unwrap();
    tx.define_segment("germans", r#"user.country == "DE""#).unwrap();
    tx.define_segment("starters", "user.hired_on > today - days(90)").unwrap();
    tx.define_enrolment_rule("gdpr-de", "germans", &["gdpr"], LeavePolicy::Suspend).unwrap();
    tx.define_enrolment_rule("onboard", "starters", &["onboarding"], LeavePolicy::Keep).unwrap();
}

const FEED: &str = "id,dept,country,hired\n\
    ann,Sales,DE,2026-10-01\n\
    bob,IT,ZA,2020-01-15\n\
    cy,IT,Germany,2026-11-01\n\
    dee,,DE,\n";

fn mapping() -> Mapping {
    let pairs =
        [("id", "key"), ("dept", "user.department"), ("country", "user.country"), ("hired", "user.hired_on")];
    Mapping::from_pairs(pairs).unwrap()
}

fn import(tx: &mut Transaction, feed: &str, absent: Absent) -> matricula::ImportReport {
    let options = ImportOptions { blank: Blank::Clear, absent, ..ImportOptions::default() };
    tx.import_users(feed.as_bytes(), &mapping(), options, |_| ControlFlow::Continue(())).unwrap()
}

fn keys(registry: &Registry, segment: &str) -> Vec<String> {
    let snapshot = registry.snapshot();
    let members = snapshot.members(segment).unwrap();
    members.iter().map(|row| snapshot.user_key(matricula::UserId(row)).to_owned()).collect()
}

#[test]
fn a_feed_becomes_enrolments_and_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = Registry::open(Sqlite::at(&path).unwrap()).unwrap();
    let mut tx = registry.as_host("hr").begin(at("2026-11-21")).unwrap();
    define(&mut tx);
    let report = import(&mut tx, FEED, Absent::Leave);
    assert_eq!((report.rows, report.created, report.errors.len()), (4, 3, 1));
    assert_eq!(
        report.errors[0].to_string(),
        "line 4, column country, value \"Germany\": unknown option `Germany` of `country`"
    );
    let preview = tx.preview().unwrap();
    let delta = tx.commit_expecting(&preview).unwrap();
    assert!(delta.same_as(preview.delta()));
    assert_eq!(keys(&registry, "germans"), ["ann", "dee"]);
    assert_eq!(keys(&registry, "starters"), ["ann"]);

    // A second day: ann moves to ZA, bob is gone.
    let mut tx = registry.as_host("hr").begin(at("2026-11-22")).unwrap();
    let report =
        import(&mut tx, "id,dept,country,hired\nann,Sales,ZA,2026-10-01\ndee,,DE,\n", Absent::Suspend);
    assert_eq!((report.changed, report.unchanged, report.suspended), (1, 1, 1));
    let delta = tx.commit().unwrap();
    let steps: Vec<_> =
        delta.steps().map(|step| (step.user, step.action, step.course, step.reason)).collect();
    assert_eq!(steps, [("ann", Action::Suspended, "gdpr", "gdpr-de")]);

    // Ninety days on, ann is no longer a starter, but the course is kept.
    let delta = registry.as_host("clock").advance(at("2027-02-01")).unwrap();
    let steps: Vec<_> = delta.steps().map(|step| (step.at.to_string(), step.user, step.action)).collect();
    assert_eq!(steps, [("2026-12-30T00:00:00Z".to_owned(), "ann", Action::Kept)]);

    let snapshot = registry.snapshot();
    let explanation = snapshot.explain_enrolment("ann", "onboarding").unwrap();
    assert!(explanation.to_string().starts_with("ann is enrolled in onboarding since 2026-11-21T08:00:00Z, because:\n- rule onboard no longer applies but keeps"), "{explanation}");
    assert_eq!(snapshot.status(snapshot.user_id("bob").unwrap()), Some(Status::Suspended));

    let reopened = Registry::open(Sqlite::at(&path).unwrap()).unwrap();
    assert!(reopened.snapshot().same_as(&snapshot));
    let deltas = reopened.deltas(matricula::Revision(0), 10).unwrap();
    assert_eq!(deltas.len(), 3);
}

#[test]
fn two_handles_on_one_file_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let one = Registry::open(Sqlite::at(&path).unwrap()).unwrap();
    let two = Registry::open(Sqlite::at(&path).unwrap()).unwrap();
    let mut tx = one.as_host("one").begin(at("2026-11-21")).unwrap();
    define(&mut tx);
    tx.commit().unwrap();
    // The second handle is behind: its changes are made again on the new head.
    let mut tx = two.as_host("two").begin(at("2026-11-21")).unwrap();
    tx.update_user(UserUpdate::new("ann")).unwrap();
    tx.commit().unwrap();
    let mut tx = one.as_host("one").begin(at("2026-11-21")).unwrap();
    tx.update_user(UserUpdate::new("ann").set("country", "DE")).unwrap();
    tx.commit().unwrap();
    assert!(one.snapshot().same_as(&two.refresh().unwrap()));
    assert_eq!(keys(&two, "germans"), ["ann"]);
}

#[test]
fn nothing_to_record_is_not_recorded() {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(at("2026-11-21")).unwrap();
    tx.update_user(UserUpdate::new("ann")).unwrap();
    tx.commit().unwrap();
    let mut tx = registry.as_host("hr").begin(at("2026-11-22")).unwrap();
    tx.update_user(UserUpdate::new("ann").join("primary")).unwrap();
    let delta = tx.commit().unwrap();
    assert!(delta.is_empty());
    assert_eq!(registry.snapshot().revision().0, 1);
}

#[test]
fn a_change_that_fails_changes_nothing() {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(at("2026-11-21")).unwrap();
    define(&mut tx);
    let before = tx.inputs();
    let error = tx.define_segment("x", r#"user.departmnt == "Sales""#).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRule);
    assert_eq!(
        error.to_string(),
        "segment `x`: unknown attribute `departmnt` at 1:6, did you mean `department`?"
    );
    let bad = vec![
        UserUpdate::new("ann").set("department", "Sales"),
        UserUpdate::new("bob").set("hired_on", "soon"),
    ];
    let error = tx.apply(matricula::Change::Users(bad)).unwrap_err();
    assert_eq!(error.to_string(), "user `bob`: `soon` is not a date, expected a day such as 2026-01-31");
    assert!(tx.inputs().same_as(&before));
}

#[test]
fn a_preview_that_no_longer_holds_is_refused() {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(at("2026-11-21")).unwrap();
    define(&mut tx);
    let preview = tx.preview().unwrap();
    tx.define_course("extra").unwrap();
    assert_eq!(tx.commit_expecting(&preview).unwrap_err().kind(), ErrorKind::PreviewOutdated);
    assert_eq!(registry.snapshot().revision().0, 0);
}

/// Two handles on one file, with the definitions committed by the first.
fn two_handles(folder: &std::path::Path) -> (Registry, Registry) {
    let path = folder.join("acme.db");
    let one = Registry::open(Sqlite::at(&path).unwrap()).unwrap();
    let mut tx = one.as_host("one").begin(at("2026-11-21")).unwrap();
    define(&mut tx);
    tx.update_user(UserUpdate::new("ann").set("department", "IT")).unwrap();
    tx.commit().unwrap();
    let two = Registry::open(Sqlite::at(&path).unwrap()).unwrap();
    (one, two)
}

fn set_department(registry: &Registry, day: &str, department: &str) -> matricula::Delta {
    let mut tx = registry.as_host("hr").begin(at(day)).unwrap();
    tx.update_user(UserUpdate::new("ann").set("department", department)).unwrap();
    tx.commit().unwrap()
}

#[test]
fn what_looks_like_no_change_to_a_stale_handle_is_made_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = two_handles(folder.path());
    set_department(&one, "2026-11-22", "Sales");
    // To the second handle ann is in IT still.
    let delta = set_department(&two, "2026-11-23", "IT");
    assert_eq!(delta.users_changed(), 1);
    let snapshot = one.refresh().unwrap();
    let ann = snapshot.user_id("ann").unwrap();
    let department = snapshot.schema().find("department").unwrap().id;
    assert_eq!(snapshot.value(ann, department), Some(matricula::rule::Value::text("IT")));
}

#[test]
fn an_import_is_made_again_on_what_another_writer_did() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = two_handles(folder.path());
    let mut tx = two.as_host("two").begin(at("2026-11-22")).unwrap();
    import(&mut tx, FEED, Absent::Leave);
    tx.update_user(UserUpdate::new("zoe")).unwrap();
    set_department(&one, "2026-11-22", "Legal");
    tx.commit().unwrap();
    let snapshot = one.refresh().unwrap();
    assert!(snapshot.same_as(&two.snapshot()));
    assert!(["ann", "bob", "dee", "zoe"].iter().all(|user| snapshot.find_user(user).is_some()));
    let department = snapshot.schema().find("department").unwrap().id;
    let ann = snapshot.user_id("ann").unwrap();
    assert_eq!(
        snapshot.value(ann, department),
        Some(matricula::rule::Value::text("Sales")),
        "the later one wins"
    );
}

#[test]
fn a_preview_that_another_writer_outdates_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = two_handles(folder.path());
    let mut tx = two.as_host("two").begin(at("2026-11-22")).unwrap();
    tx.update_user(UserUpdate::new("ann").set("country", "DE")).unwrap();
    let preview = tx.preview().unwrap();
    let mut other = one.as_host("one").begin(at("2026-11-22")).unwrap();
    other.update_user(UserUpdate::new("ann").set("country", "DE")).unwrap();
    other.commit().unwrap();
    assert_eq!(tx.commit_expecting(&preview).unwrap_err().kind(), ErrorKind::PreviewOutdated);
    assert_eq!(one.refresh().unwrap().revision().0, 2);
}

#[test]
fn an_import_that_fails_or_is_stopped_leaves_nothing_behind() {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(at("2026-11-21")).unwrap();
    define(&mut tx);
    let before = tx.inputs();
    let stop = |_| ControlFlow::Break(());
    let stopped = tx.import_users(FEED.as_bytes(), &mapping(), ImportOptions::default(), stop);
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Cancelled);
    assert!(tx.inputs().same_as(&before));
    // A row without a key: it cannot be told who is absent.
    let options = ImportOptions { blank: Blank::Clear, absent: Absent::Suspend, ..ImportOptions::default() };
    let feed = format!("{FEED},IT,ZA,\n");
    let refused = tx.import_users(feed.as_bytes(), &mapping(), options, |_| ControlFlow::Continue(()));
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidFeed);
    assert_eq!(
        error.to_string(),
        "who is absent cannot be told: the row on line 6 does not say whom it is about"
    );
    assert!(tx.inputs().same_as(&before));
}

#[test]
fn errors_of_an_import_come_in_the_order_of_lines() {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(at("2026-11-21")).unwrap();
    define(&mut tx);
    let report = import(&mut tx, "id,dept,country,hired\na,,XX,\n,,,\nb,,,soon\n", Absent::Leave);
    let errors: Vec<_> = report.errors.iter().map(|error| (error.line, error.column.as_deref())).collect();
    assert_eq!(errors, [(2, Some("country")), (3, None), (4, Some("hired"))]);
}

#[test]
fn a_refresh_reads_as_many_commits_as_there_are() {
    let store = Memory::default();
    let (one, two) = (Registry::open(store.clone()).unwrap(), Registry::open(store).unwrap());
    for number in 0..1100 {
        let mut tx = one.as_host("hr").begin(at("2026-11-21")).unwrap();
        tx.update_user(UserUpdate::new(format!("u{number}"))).unwrap();
        tx.commit().unwrap();
    }
    assert!(two.refresh().unwrap().same_as(&one.snapshot()));
    assert_eq!(two.recorded(matricula::Revision(7)).unwrap().unwrap().revision.0, 7);
    assert!(two.recorded(matricula::Revision(1101)).unwrap().is_none());
}

#[test]
fn what_is_decided_by_hand_in_one_transaction_is_the_last_word() {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(at("2026-11-21")).unwrap();
    define(&mut tx);
    tx.update_user(UserUpdate::new("ann").set("hired_on", "2026-11-01")).unwrap();
    tx.commit().unwrap();
    let mut tx = registry.as_host("hr").begin(at("2026-11-22")).unwrap();
    tx.update_user(UserUpdate::new("ann").clear("hired_on")).unwrap();
    tx.commit().unwrap();
    // The rule keeps what it gave; only a decision by hand ends it.
    let mut tx = registry.as_host("hr").begin(at("2026-11-23")).unwrap();
    tx.enrol("ann", "onboarding").unwrap();
    tx.unenrol("ann", "onboarding").unwrap();
    tx.unenrol("ann", "onboarding").unwrap();
    tx.commit().unwrap();
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.enrolments_of(snapshot.user_id("ann").unwrap()).count(), 0);
}

#[test]
fn an_explanation_says_what_keeps_a_rule_from_applying() {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(at("2026-11-21")).unwrap();
    define(&mut tx);
    tx.define_site("labs").unwrap();
    let course = matricula::CourseDefinition {
        site: Some("labs".into()),
        ..matricula::CourseDefinition::new("safety")
    };
    tx.apply(course).unwrap();
    tx.define_enrolment_rule("safe", "germans", &["safety"], LeavePolicy::Unenrol).unwrap();
    tx.update_user(UserUpdate::new("ann").set("country", "DE")).unwrap();
    let error = tx.define_enrolment_rule("manual", "germans", &["gdpr"], LeavePolicy::Keep).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidKey);
    tx.commit().unwrap();
    let explanation = registry.snapshot().explain_enrolment("ann", "safety").unwrap().to_string();
    let expected = "ann is not enrolled in safety.\n\
                    - rule safe does not apply: ann is not an active member of the course's site, labs\n";
    assert!(explanation.starts_with(expected), "{explanation}");
}
