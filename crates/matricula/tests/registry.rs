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
    let countries = ["ZA", "DE", "BR"].map(str::to_owned).to_vec();
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
    let options = ImportOptions { blank: Blank::Clear, absent };
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
