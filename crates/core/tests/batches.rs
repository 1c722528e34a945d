//! Batches of people in which some updates are wrong, and rules and clocks that ask for much work.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

use std::collections::BTreeSet;

use matricula_core::rule::{AttributeId, Field, Rule};
use matricula_core::{
    AttributeDefinition, AttributeType, Draft, Instant, OptionDefinition, SegmentDefinition, Snapshot,
    UserUpdate,
};

fn draft(attributes: Vec<AttributeDefinition>) -> Draft {
    let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    attributes.into_iter().for_each(|attribute| draft.apply(attribute.into()).unwrap());
    draft
}

fn badge() -> AttributeDefinition {
    AttributeDefinition { unique: true, ..AttributeDefinition::new("badge", AttributeType::Text) }
}

fn badges(draft: &Draft) -> Vec<String> {
    let inputs = draft.inputs();
    let mut badges: Vec<String> = inputs
        .users()
        .filter_map(|user| inputs.value(user, AttributeId(0)))
        .map(|value| format!("{value:?}"))
        .collect();
    badges.sort();
    badges
}

#[test]
fn an_update_that_is_left_out_gives_up_no_unique_value() {
    let manager = AttributeDefinition::new("manager", AttributeType::User);
    let mut draft = draft(vec![badge(), manager]);
    for (user, value) in [("a", "1"), ("c", "3")] {
        draft.apply(UserUpdate::new(user).set("badge", value).into()).unwrap();
    }
    let taken = [UserUpdate::new("a").set("badge", "3"), UserUpdate::new("d").set("badge", "1")];
    assert_eq!(draft.update_users_leniently(taken.into()).unwrap().errors.len(), 2);
    let named = [
        UserUpdate::new("a").set("badge", "2").set("manager", "nobody"),
        UserUpdate::new("d").set("badge", "1"),
    ];
    assert_eq!(draft.update_users_leniently(named.into()).unwrap().errors.len(), 2);
    let badges = badges(&draft);
    assert_eq!(badges.iter().collect::<BTreeSet<_>>().len(), badges.len(), "{badges:?}");
    // Two who exchange theirs are both right.
    let swapped = [UserUpdate::new("a").set("badge", "3"), UserUpdate::new("c").set("badge", "1")];
    assert!(draft.update_users_leniently(swapped.into()).unwrap().errors.is_empty());
}

/// With or without regard to case texts come in another order, and nothing may lie between two of them any longer.
#[test]
fn a_rule_that_case_has_made_impossible_is_never_true_and_can_be_loaded() {
    let name = |ignore_case| AttributeDefinition {
        ignore_case,
        ..AttributeDefinition::new("name", AttributeType::Text)
    };
    let mut draft = draft(vec![name(false)]);
    draft.apply(SegmentDefinition::with_rule("s", r#"user.name.between("Z", "a")"#).into()).unwrap();
    draft.apply(UserUpdate::new("u").set("name", "Zoe").into()).unwrap();
    let before = draft.finish("host", "").snapshot;
    assert!(before.is_member("u", "s").unwrap());
    let mut draft = Draft::new(&before, Instant::EPOCH);
    draft.apply(name(true).into()).unwrap();
    let after = draft.finish("host", "").snapshot;
    assert!(!after.is_member("u", "s").unwrap());
    let mut chunks = Vec::new();
    after
        .write_image(|chunk| {
            chunks.push(chunk.to_vec());
            Ok(())
        })
        .unwrap();
    let mut chunks = chunks.into_iter();
    assert!(Snapshot::read_image(|| Ok(chunks.next())).unwrap().same_as(&after));
}

#[test]
fn nobody_is_created_without_a_required_value_by_a_second_update() {
    let name =
        AttributeDefinition { required: true, ..AttributeDefinition::new("name", AttributeType::Text) };
    let mut draft = draft(vec![name, AttributeDefinition::new("dept", AttributeType::Text)]);
    let updates = [UserUpdate::new("a").set("dept", "x"), UserUpdate::new("a").set("dept", "y")];
    assert_eq!(draft.update_users_leniently(updates.into()).unwrap().errors.len(), 2);
    assert!(draft.inputs().find_user("a").is_none());
}

#[test]
fn a_long_chain_of_people_of_whom_the_first_is_wrong_is_left_out_at_once() {
    let mut draft = draft(vec![AttributeDefinition::new("manager", AttributeType::User)]);
    let manager =
        |number: usize| number.checked_sub(1).map_or("nobody".to_owned(), |above| format!("u{above}"));
    let updates =
        (0..200_000).map(|number| UserUpdate::new(format!("u{number}")).set("manager", manager(number)));
    assert_eq!(draft.update_users_leniently(updates.collect()).unwrap().errors.len(), 200_000);
}

#[test]
fn a_retired_option_is_no_default() {
    let retired = OptionDefinition { retired: true, ..OptionDefinition::new("old") };
    let kind = AttributeType::Choice(vec![OptionDefinition::new("new"), retired]);
    let grade =
        AttributeDefinition { default: Some("old".into()), ..AttributeDefinition::new("grade", kind) };
    let error = Draft::new(&Snapshot::default(), Instant::EPOCH).apply(grade.into()).unwrap_err();
    assert_eq!(error.to_string(), "attribute `grade`: the default `old` is retired");
}

#[test]
fn an_xor_within_an_xor_sixty_levels_deep_is_compiled_and_explained() {
    let mut draft = draft(vec![
        AttributeDefinition::new("a", AttributeType::Text),
        AttributeDefinition::new("b", AttributeType::Text),
    ]);
    let has = |id: u32| Rule::Has(Field::Attribute(AttributeId(id)));
    let deep = (0..60).fold(has(0), |rule, level| Rule::Xor(vec![rule, has(level % 2)]));
    draft.apply(UserUpdate::new("ann").set("a", "x").into()).unwrap();
    draft.apply(SegmentDefinition::with_rule("deep", deep).into()).unwrap();
    let snapshot = draft.finish("host", "").snapshot;
    // `a` stands 31 times, and `b` 30 times: an odd number of them hold.
    assert!(snapshot.is_member("ann", "deep").unwrap());
    assert!(!snapshot.explain_membership("ann", "deep").unwrap().flips.is_empty());
}

#[test]
fn the_clock_may_be_set_far_ahead() {
    let mut draft = draft(vec![AttributeDefinition::new("hired_on", AttributeType::Date)]);
    draft.apply(UserUpdate::new("ann").set("hired_on", "1970-01-10").into()).unwrap();
    for days in 0..200 {
        let rule = format!("user.hired_on > today - days({days})");
        draft.apply(SegmentDefinition::with_rule(format!("s{days}"), rule).into()).unwrap();
    }
    let snapshot = draft.finish("host", "").snapshot;
    let far = Instant::from_millis(253_370_764_800_000).unwrap();
    let outcome = Draft::new(&snapshot, far).finish("clock", "");
    assert!(!outcome.snapshot.is_member("ann", "s199").unwrap());
    let left: usize = outcome.commit.moments.iter().map(|moment| moment.memberships.len()).sum();
    assert_eq!(left, 200);
}
