//! So many people at once that several threads answer: what comes of it is what each person alone says.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

use matricula_core::{
    AttributeDefinition, AttributeType, Change, CourseDefinition, Draft, EnrolmentRuleDefinition, Instant,
    LeavePolicy, SegmentDefinition, Snapshot, UserId, UserUpdate,
};

/// More than thirty-two blocks of 4,096 people, from which on a second thread helps.
const PEOPLE: u32 = 150_000;

const SEGMENTS: [(&str, i64); 3] = [("some", 3), ("many", 6), ("most", 9)];

fn key(number: u32) -> String {
    format!("u{number}")
}

fn level(number: u32, round: u32) -> i64 {
    i64::from((number.wrapping_mul(2_654_435_761) >> 7).wrapping_add(round * 3) % 10)
}

/// Members and reasons are those that the levels of all people come to.
fn assert_is(snapshot: &Snapshot, level: impl Fn(u32) -> i64) {
    for (segment, below) in SEGMENTS {
        let members = snapshot.members(segment).unwrap();
        let expected = (0..PEOPLE).filter(|number| level(*number) < below);
        assert!(members.iter().eq(expected), "{segment}");
    }
    let course = snapshot.course_id("course").unwrap();
    for number in 0..PEOPLE {
        let reasons = SEGMENTS.iter().filter(|(_, below)| level(number) < *below).count();
        let found = snapshot.enrolment(UserId(number), course).map_or(0, |enrolment| enrolment.reasons.len());
        assert_eq!(found, reasons, "{number}");
    }
    assert_eq!(snapshot.plan(), []);
}

#[test]
fn a_crowd_is_what_each_of_its_people_is() {
    let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    draft.apply(AttributeDefinition::new("level", AttributeType::Integer).into()).unwrap();
    draft.apply(CourseDefinition::new("course").into()).unwrap();
    for (segment, below) in SEGMENTS {
        let rule = format!("user.level < {below}");
        draft.apply(SegmentDefinition::with_rule(segment, rule.as_str()).into()).unwrap();
        let rule = EnrolmentRuleDefinition::new(segment, segment, ["course"], LeavePolicy::Unenrol);
        draft.apply(rule.into()).unwrap();
    }
    let people = (0..PEOPLE).map(|number| UserUpdate::new(key(number)).set("level", level(number, 0)));
    draft.apply(Change::Users(people.collect())).unwrap();
    let mut outcome = draft.finish("hr", "");
    assert_is(&outcome.snapshot, |number| level(number, 0));
    // Then every ninth person changes, which is answered by whole blocks as well.
    for round in 1..4 {
        let before = outcome.snapshot;
        let mut draft = Draft::new(&before, Instant::EPOCH);
        let changed = |number: &u32| number % 9 == round;
        let update = |number: u32| UserUpdate::new(key(number)).set("level", level(number, round));
        draft.apply(Change::Users((0..PEOPLE).filter(changed).map(update).collect())).unwrap();
        outcome = draft.finish("hr", "");
        let last = |number: u32| if (1..=round).contains(&(number % 9)) { number % 9 } else { 0 };
        assert_is(&outcome.snapshot, |number| level(number, last(number)));
        let replayed = before.replay(&outcome.commit).unwrap();
        assert!(replayed.same_as(&outcome.snapshot), "{:?}", replayed.differences(&outcome.snapshot, 5));
    }
}
