//! Random histories about few enrolments: three people, a few rules that stay what they are about, and everything that can
//! happen to them, so that it meets. Not here: histories of everything else (`history`).

use matricula_core::rule::{AttributeId, Comparison, CourseId, Field, Offset, Operand, Rule, Unit, Value};
use matricula_core::{
    BulkEnrolment, Change, EnrolmentRuleDefinition, LeavePolicy, RuleSource, SegmentDefinition, SegmentState,
    Status, Tz, UserUpdate, Whom,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::history::{COURSES, Transaction, day, definitions, from_steps, site, site_of_segment};
use crate::lifecycle::{due, end, passing};

/// The rules of these histories: segment and courses of each, by number.
const RULES: [(&str, &[&str]); 4] =
    [("s0", &["gdpr"]), ("s1", &["gdpr", "safety"]), ("s2", &["welcome"]), ("s3", &["emea-only"])];

fn today(offset: i32) -> Operand {
    Operand::Today(Offset { count: offset, unit: Unit::Days })
}

/// Their segments: by a flag, by a date, by what is due soon, and of another site.
fn segment(number: usize) -> Rule {
    let flag = Rule::Compare {
        field: Field::Attribute(AttributeId(6)),
        comparison: Comparison::Equal,
        with: Operand::Value(Value::Boolean(true)),
    };
    match number {
        1 => Rule::Compare {
            field: Field::Attribute(AttributeId(2)),
            comparison: Comparison::Greater,
            with: today(-10),
        },
        2 => Rule::Between { field: Field::Due(CourseId(0)), from: today(0), to: today(5) },
        _ => flag,
    }
}

fn somebody() -> impl Strategy<Value = String> + Clone {
    (0..3_u32).prop_map(|number| format!("u{number}"))
}

fn somewhere() -> impl Strategy<Value = String> + Clone {
    select(&COURSES[..2]).prop_map(str::to_owned)
}

/// One of the rules, always about the same.
fn rule() -> impl Strategy<Value = Change> {
    let policy = select(vec![LeavePolicy::Keep, LeavePolicy::Suspend, LeavePolicy::Unenrol]);
    (0..RULES.len(), policy, prop::bool::weighted(0.85), end(), end(), due()).prop_map(
        |(number, on_leave, enabled, from, until, due)| {
            let (segment, courses) = RULES[number];
            let courses = courses.iter().copied();
            let rule = EnrolmentRuleDefinition::new(format!("r{number}"), segment, courses, on_leave);
            Change::from(EnrolmentRuleDefinition { enabled, from, until, due, ..rule })
        },
    )
}

fn update() -> impl Strategy<Value = Change> {
    let flagged = (somebody(), any::<bool>()).prop_map(|(key, flag)| UserUpdate::new(key).set("flag", flag));
    let hired =
        (somebody(), 10..60_u64).prop_map(|(key, days)| UserUpdate::new(key).set("hired_on", day(days)));
    let status = (somebody(), any::<bool>()).prop_map(|(key, active)| {
        UserUpdate::new(key).status(if active { Status::Active } else { Status::Suspended })
    });
    let joined = (somebody(), any::<bool>()).prop_map(|(key, joins)| {
        let update = UserUpdate::new(key);
        if joins { update.join("emea") } else { update.leave("emea") }
    });
    prop_oneof![5 => flagged, 2 => hired, 1 => status, 1 => joined]
        .prop_map(|update| Change::Users(vec![update]))
}

/// What somebody decides about one enrolment, or a few.
fn decision() -> impl Strategy<Value = Change> {
    let users = prop_oneof![
        2 => somebody().prop_map(|user| Whom::Users(vec![user])),
        1 => (0..3_usize).prop_map(|number| Whom::Segment(RULES[number].0.to_owned())),
    ];
    prop_oneof![
        2 => (somebody(), somewhere()).prop_map(|(user, course)| Change::Enrol { user, course }),
        3 => (somebody(), somewhere()).prop_map(|(user, course)| Change::Unenrol { user, course }),
        6 => (somebody(), somewhere(), any::<bool>())
            .prop_map(|(user, course, suspended)| Change::SuspendEnrolment { user, course, suspended }),
        3 => (users, somewhere(), due())
            .prop_map(|(whom, course, due)| BulkEnrolment { whom, courses: vec![course], due }.into()),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let states = select(vec![SegmentState::Active, SegmentState::Active, SegmentState::Paused]);
    let paused = (0..RULES.len(), states).prop_map(|(number, state)| {
        Change::from(SegmentDefinition { state: Some(state), ..SegmentDefinition::new(RULES[number].0) })
    });
    let zones = select(vec![Tz::UTC, Tz::America__Sao_Paulo, Tz::Pacific__Auckland]);
    prop_oneof![
        8 => update(),
        4 => rule(),
        8 => decision(),
        2 => paused,
        2 => passing(&COURSES[..2]),
        1 => zones.prop_map(|zone| site("primary", zone).into()),
    ]
}

/// A random history of few enrolments, of at most this many transactions after those that set it up.
pub fn focused_history(most: usize) -> impl Strategy<Value = Vec<Transaction>> {
    let hours = prop_oneof![1 => Just(0_i64), 3 => 1..30_i64, 2 => 24..24 * 14_i64];
    let step = (hours, prop::collection::vec(change(), 1..4));
    let rules = prop::collection::vec(rule(), 3..8);
    (rules, prop::collection::vec(step, most / 2..most)).prop_map(|(rules, steps)| {
        let mut first: Vec<Change> = (0..RULES.len())
            .map(|number| {
                let key = RULES[number].0;
                let rule = Some(RuleSource::Typed(segment(number)));
                let site = site_of_segment(key).map(str::to_owned);
                SegmentDefinition { site, rule, ..SegmentDefinition::new(key) }.into()
            })
            .collect();
        first.extend(rules);
        from_steps(vec![definitions(), first], steps)
    })
}
