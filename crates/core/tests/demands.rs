//! What is judged at the end of a transaction, and which change is named for it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

use matricula_core::{
    AttributeDefinition, AttributeType, Change, Draft, ErrorKind, Instant, Problems, SegmentDefinition,
    Snapshot, UserUpdate,
};

fn finished(draft: &Draft) -> Snapshot {
    let outcome = draft.finish("hr", "");
    outcome.check().unwrap();
    outcome.snapshot
}

/// Two people with badges, and a manager's attribute.
fn two_people() -> Snapshot {
    let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    let badge =
        AttributeDefinition { unique: true, ..AttributeDefinition::new("badge", AttributeType::Text) };
    draft.apply(badge.into()).unwrap();
    draft.apply(AttributeDefinition::new("manager", AttributeType::User).into()).unwrap();
    draft.apply(UserUpdate::new("ann").set("badge", "1").into()).unwrap();
    draft.apply(UserUpdate::new("bob").set("badge", "2").into()).unwrap();
    finished(&draft)
}

fn draft(on: &Snapshot, changes: impl IntoIterator<Item = UserUpdate>) -> Draft {
    let mut draft = Draft::new(on, Instant::EPOCH);
    changes.into_iter().for_each(|change| draft.apply(change.into()).unwrap());
    draft
}

fn value(snapshot: &Snapshot, user: &str, attribute: &str) -> String {
    let id = snapshot.schema().find(attribute).unwrap().id;
    format!("{:?}", snapshot.value(snapshot.user_id(user).unwrap(), id))
}

fn refusal(draft: &Draft) -> (ErrorKind, String) {
    let error = draft.finish("hr", "").check().unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn two_people_exchange_their_badges_in_two_calls() {
    let before = two_people();
    let both = [UserUpdate::new("ann").set("badge", "2"), UserUpdate::new("bob").set("badge", "1")];
    let after = finished(&draft(&before, both));
    assert_eq!(value(&after, "ann", "badge"), value(&before, "bob", "badge"));
    assert_eq!(value(&after, "bob", "badge"), value(&before, "ann", "badge"));
    // One of the two calls alone is refused, and names the change.
    let one = draft(&before, [UserUpdate::new("cy"), UserUpdate::new("ann").set("badge", "2")]);
    let message = "change 2, user `ann`: `2` is taken, expected a value of `badge` that nobody else has";
    assert_eq!(refusal(&one), (ErrorKind::NotUnique, message.to_owned()));
    // Of two who are given the same, the later one is to blame.
    let same = [("x", "9"), ("y", "8"), ("z", "9")];
    let same = draft(&before, same.map(|(user, badge)| UserUpdate::new(user).set("badge", badge)));
    assert_eq!(same.problems().iter().map(|problem| problem.change).collect::<Vec<_>>(), [3]);
}

#[test]
fn a_manager_may_come_in_a_later_call() {
    let before = two_people();
    let changes = [
        UserUpdate::new("ann").set("manager", "eve"),
        UserUpdate::new("bob").set("manager", "zoe"),
        UserUpdate::new("eve").set("manager", "ann"),
        UserUpdate::new("bob").set("manager", "ann"),
    ];
    let mut made = draft(&before, changes);
    let staff = SegmentDefinition::with_rule("staff", r#"user.manager.reportsTo("ann")"#);
    made.apply(staff.into()).unwrap();
    let outcome = made.finish("hr", "");
    outcome.check().unwrap();
    let after = &outcome.snapshot;
    let id = |user| format!("Some(User({:?}))", after.user_id(user).unwrap());
    assert_eq!(value(after, "ann", "manager"), id("eve"));
    assert_eq!(value(after, "bob", "manager"), id("ann"));
    let members: Vec<_> = after.members("staff").unwrap().iter().collect();
    assert_eq!(members, [0, 1, 2], "a circle included");
    assert!(before.replay(&outcome.commit).unwrap().same_as(after));
    // Nobody who is only named is created, and every problem is told.
    let changes = [UserUpdate::new("ann").set("manager", "nobody"), UserUpdate::new("cy").set("badge", "1")];
    let wrong = draft(&before, changes);
    let message = "change 1, user `ann`: there is no user `nobody` for `manager` (and 1 more)";
    assert_eq!(refusal(&wrong), (ErrorKind::InvalidValue, message.to_owned()));
    let error = wrong.finish("hr", "").check().unwrap_err();
    let problems = &error.cause::<Problems>().unwrap().problems;
    assert_eq!(
        problems[1].to_string(),
        "user `cy`: `1` is taken, expected a value of `badge` that nobody else has"
    );
    assert_eq!((problems[0].value.as_deref(), problems[1].change), (Some("nobody"), 2));
}

#[test]
fn a_required_value_may_come_in_a_later_call() {
    let required = |key: &str| -> Change {
        AttributeDefinition { required: true, ..AttributeDefinition::new(key, AttributeType::Text) }.into()
    };
    let before = two_people();
    let mut made = Draft::new(&before, Instant::EPOCH);
    made.apply(required("email")).unwrap();
    let (kind, message) = refusal(&made);
    assert_eq!(kind, ErrorKind::NotPossible);
    assert_eq!(message, "attribute `email`: 2 people would lack a required value, `ann` among them");
    made.apply(UserUpdate::new("ann").set("email", "a@acme.com").into()).unwrap();
    made.apply(UserUpdate::new("bob").set("email", "b@acme.com").into()).unwrap();
    made.apply(UserUpdate::new("cy").into()).unwrap();
    let message = "change 4, user `cy`: attribute `email` is required";
    assert_eq!(refusal(&made), (ErrorKind::InvalidValue, message.to_owned()));
    made.apply(UserUpdate::new("cy").set("email", "c@acme.com").into()).unwrap();
    made.apply(UserUpdate::new("ann").clear("email").into()).unwrap();
    let message = "change 6, user `ann`: attribute `email` is required";
    assert_eq!(refusal(&made), (ErrorKind::InvalidValue, message.to_owned()));
    made.apply(UserUpdate::new("ann").set("email", "a@acme.com").into()).unwrap();
    assert_eq!(finished(&made).user_count(), 3);
}

#[test]
fn what_can_be_known_at_once_is_refused_at_once() {
    let mut draft = Draft::new(&two_people(), Instant::EPOCH);
    let wrong = UserUpdate::new("ann").set("badge", 7_i64).set("manager", "nobody");
    assert_eq!(draft.apply(wrong.into()).unwrap_err().kind(), ErrorKind::InvalidValue);
    let wrong = UserUpdate::new("ann").set("manager", "nobody").set("bage", "1");
    let error = draft.apply(wrong.into()).unwrap_err();
    assert_eq!(error.to_string(), "user `ann`: unknown attribute `bage`, did you mean `badge`?");
    // Nothing of what was refused is judged at the end.
    assert!(draft.problems().is_empty());
    assert_eq!(draft.changes(), 0);
}
