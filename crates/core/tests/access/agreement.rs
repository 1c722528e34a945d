//! The engine against the reference, over random registries.

use matricula_core::{CourseId, Instant, Inventory, Over, Scope, Snapshot, UserId};
use matricula_testkit::access_history::{CAPABILITIES, PEOPLE, Story, changes, instant};
use matricula_testkit::access_reference::Reference;
use matricula_testkit::cases;
use proptest::prelude::*;

use super::{overs, scopes};

/// What the engine says, in a word.
fn engine(snapshot: &Snapshot, actor: UserId, name: &str, scope: Scope, over: Over, at: Instant) -> String {
    let asking = snapshot.as_actor_of(actor, at);
    match snapshot.capability_id(name) {
        Ok(capability) => asking.decide(capability, scope, over).name().to_owned(),
        // Names that nobody has are no question to the engine; who asks is looked at first.
        Err(_) => match snapshot.status(actor) {
            None => "unknown_actor".to_owned(),
            Some(matricula_core::Status::Active) => "unknown_capability".to_owned(),
            Some(_) => "inactive_actor".to_owned(),
        },
    }
}

fn expected(
    reference: &Reference,
    actor: UserId,
    name: &str,
    scope: Scope,
    over: Over,
    at: Instant,
) -> String {
    reference.can(actor, name, scope, over, at).err().unwrap_or("allowed").to_owned()
}

/// The instants that are asked about: the edges of windows, just before and after.
fn instants() -> impl Strategy<Value = Instant> {
    (0..3_i64, -1..=1_i64).prop_map(|(place, beside)| instant(place * 1000 + beside))
}

fn names() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(&CAPABILITIES[..], 3)
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn the_engine_decides_as_the_reference_does(
        changes in changes(60),
        names in names(),
        actors in proptest::sample::subsequence((0..=PEOPLE).collect::<Vec<_>>(), 4),
        at in instants(),
    ) {
        let story = Story::of(&changes);
        let snapshot = story.last();
        let reference = Reference::new(snapshot);
        for actor in actors.into_iter().map(UserId) {
            for name in &names {
                for scope in scopes(snapshot) {
                    let mut over_whom = Vec::new();
                    for over in overs() {
                        let found = engine(snapshot, actor, name, scope, over, at);
                        let expected = expected(&reference, actor, name, scope, over, at);
                        prop_assert_eq!(&found, &expected, "{:?} {} {:?} {:?} {}", actor, name, scope, over, at);
                        if let (Over::User(user), "allowed") = (over, expected.as_str()) {
                            over_whom.push(user.0);
                        }
                    }
                    if let Ok(capability) = snapshot.capability_id(name) {
                        let audience = snapshot.as_actor_of(actor, at).audience(capability, scope);
                        prop_assert!(
                            audience.iter().eq(over_whom.iter().copied()),
                            "{:?} {} {:?} {}: {:?}, {:?}", actor, name, scope, at, audience, over_whom
                        );
                    }
                }
            }
        }
    }

    /// Replayed from its commits and read from an inventory, a registry answers the same.
    #[test]
    fn however_it_was_read_a_registry_answers_the_same(
        changes in changes(60),
        names in names(),
        at in instants(),
    ) {
        let story = Story::of(&changes);
        let mut replayed = Snapshot::default();
        for (commit, after) in story.commits.iter().zip(&story.snapshots[1..]) {
            replayed = replayed.replay(commit).unwrap();
            prop_assert!(replayed.same_as(after), "{:?}", replayed.differences(after, 5));
        }
        let snapshot = story.last();
        let mut inventory = Inventory::default();
        snapshot.write_inventory(|line| inventory.line(&line.json)).unwrap();
        let read = inventory.finish().unwrap();
        prop_assert!(read.same_as(snapshot), "{:?}", read.differences(snapshot, 5));
        for other in [&replayed, &read] {
            for actor in (0..PEOPLE).map(UserId) {
                for name in &names {
                    for scope in scopes(snapshot) {
                        for over in [Over::Nobody, Over::Any, Over::All, Over::User(UserId(3))] {
                            prop_assert_eq!(
                                engine(other, actor, name, scope, over, at),
                                engine(snapshot, actor, name, scope, over, at)
                            );
                        }
                    }
                }
            }
        }
    }

    /// Who can, where, and everything at once, is what deciding one by one comes to; and explanations say the same.
    #[test]
    fn lists_are_many_decisions(
        changes in changes(60),
        names in names(),
        at in instants(),
    ) {
        let story = Story::of(&changes);
        let snapshot = story.last();
        let actors: Vec<_> = (0..=PEOPLE).map(|user| snapshot.as_actor_of(UserId(user), at)).collect();
        for name in &names {
            let Ok(capability) = snapshot.capability_id(name) else { continue };
            for scope in scopes(snapshot) {
                for over in overs() {
                    let one_by_one: Vec<u32> = actors
                        .iter()
                        .filter(|actor| actor.may(capability, scope, over))
                        .filter_map(|actor| actor.user())
                        .map(|user| user.0)
                        .collect();
                    let who = snapshot.who_can(capability, scope, over, at);
                    prop_assert!(
                        who.iter().eq(one_by_one.iter().copied()),
                        "{} {:?} {:?} {}: {:?}, {:?}", name, scope, over, at, who, one_by_one
                    );
                }
            }
            let over = if snapshot.capability(capability).unwrap().over { Over::Any } else { Over::Nobody };
            for actor in &actors {
                let courses = (0..u32::try_from(snapshot.courses().len()).unwrap()).map(CourseId);
                let may = |course: &CourseId| actor.may(capability, Scope::Course(*course), over);
                let courses: Vec<CourseId> = courses.filter(may).collect();
                prop_assert_eq!(actor.courses(capability), courses);
                let proof = actor.explain(capability, Scope::Registry, over);
                prop_assert_eq!(proof.allowed, actor.may(capability, Scope::Registry, over));
                let counting = |effect| {
                    let considered = proof.considered.iter();
                    considered.filter(|it| it.effect == Some(effect) && it.discounted.is_none()).count()
                };
                if proof.because == "allowed" {
                    prop_assert!(counting("allow") > 0, "{}", proof);
                } else if proof.because == "denied" {
                    prop_assert!(counting("deny") > 0, "{}", proof);
                }
            }
        }
    }
}
