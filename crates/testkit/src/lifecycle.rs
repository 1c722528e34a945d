//! What histories and the simulator know of the ends of things: bulk enrolments, suspensions by hand, deletions, archives
//! and closed sites. Not here: everything else that changes (`history`, `simulator`).

use matricula_core::rule::{Fact, Field, Rule, SegmentId};
use matricula_core::{
    AttributeDefinition, AttributeType, BulkEnrolment, Change, Deletable, DueDate, EnrolmentRuleDefinition,
    Instant, LeavePolicy, SegmentState, Whom,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::fold::By;
use crate::history::{COURSES, SEGMENTS, day, instant, key, site_of_course};
use crate::simulator::Simulator;

/// A due date, or none.
pub(crate) fn due() -> impl Strategy<Value = Option<DueDate>> {
    prop_oneof![
        2 => Just(None),
        1 => (0..90_u64).prop_map(|offset| Some(DueDate::On(day(offset)))),
        2 => (0..30_u32).prop_map(|days| Some(DueDate::After(days))),
    ]
}

/// An end of a window: one of few, about midnights, so that several come at once.
pub(crate) fn end() -> impl Strategy<Value = Option<Instant>> {
    let few = select((16..60_u64).step_by(4).collect::<Vec<_>>())
        .prop_map(|offset| Some(Instant::start_of(day(offset), matricula_core::Tz::UTC)));
    prop_oneof![4 => Just(None), 1 => few, 1 => instant().prop_map(Some)]
}

/// An enrolment rule. Mostly a rule keeps its segment and its course, so that redefinitions meet those whom it holds.
pub(crate) fn enrolment_rule() -> impl Strategy<Value = Change> {
    // Of one site, as the courses of a rule have to be.
    let courses = prop_oneof![
        1 => prop::collection::vec(key(&COURSES[..3]), 1..3).prop_map(Some),
        1 => prop::collection::vec(key(&COURSES[3..]), 1).prop_map(Some),
        4 => Just(None),
    ];
    let segments = prop::option::weighted(0.3, key(SEGMENTS));
    let policy = select(vec![LeavePolicy::Keep, LeavePolicy::Suspend, LeavePolicy::Unenrol]);
    let role = select(vec!["learner", "learner", "instructor"]);
    (0..5_usize, segments, courses, policy, prop::bool::weighted(0.8), end(), end(), due(), role).prop_map(
        |(number, segment, courses, on_leave, enabled, from, until, due, role)| {
            let segment = segment.unwrap_or_else(|| SEGMENTS[number / 2].to_owned());
            let courses = courses.unwrap_or_else(|| vec![COURSES[number % 2].to_owned()]);
            let rule = EnrolmentRuleDefinition::new(format!("r{number}"), segment, courses, on_leave);
            Change::from(EnrolmentRuleDefinition { enabled, from, until, due, role: role.to_owned(), ..rule })
        },
    )
}

/// A person and a course; mostly of few, so that what is decided about them meets.
fn pair(anybody: impl Strategy<Value = String>) -> impl Strategy<Value = (String, String)> {
    let few = (0..3_u32).prop_map(|number| format!("u{number}"));
    prop_oneof![3 => (few, key(&COURSES[..2])), 1 => (anybody, key(COURSES))]
}

fn bulk(anybody: impl Strategy<Value = String>) -> impl Strategy<Value = Change> {
    let whom = prop_oneof![
        3 => key(SEGMENTS).prop_map(Whom::Segment),
        1 => prop::collection::vec(anybody, 0..4).prop_map(Whom::Users),
    ];
    (whom, prop::collection::vec(key(COURSES), 1..3), due())
        .prop_map(|(whom, courses, due)| BulkEnrolment { whom, courses, due }.into())
}

/// Attributes that come and go.
const PASSING: [&str; 3] = ["nick", "rate", "grade"];

fn delete() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (0..5_u32).prop_map(|number| Change::Delete(Deletable::EnrolmentRule, format!("r{number}"))),
        1 => key(SEGMENTS).prop_map(|segment| Change::Delete(Deletable::Segment, segment)),
        1 => select(PASSING.to_vec()).prop_map(|key| Change::Delete(Deletable::Attribute, key.to_owned())),
    ]
}

/// A rule, a course or a site that goes, or comes back.
pub(crate) fn passing(courses: &'static [&'static str]) -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => (0..4_u32).prop_map(|number| Change::Delete(Deletable::EnrolmentRule, format!("r{number}"))),
        2 => (key(courses), any::<bool>())
            .prop_map(|(course, archived)| Change::Archive { course, archived }),
        2 => (prop::bool::weighted(0.1), any::<bool>()).prop_map(|(primary, closed)| {
            let site = if primary { "primary" } else { "emea" };
            Change::Close { site: site.to_owned(), closed }
        }),
    ]
}

/// A change of what is there at all, or by hand.
pub(crate) fn change<A: Strategy<Value = String> + 'static>(
    anybody: impl Fn() -> A,
) -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => bulk(anybody()),
        4 => (pair(anybody()), prop::bool::weighted(0.6)).prop_map(|((user, course), suspended)| {
            Change::SuspendEnrolment { user, course, suspended }
        }),
        3 => (pair(anybody()), any::<bool>()).prop_map(|((user, course), enrol)| match enrol {
            true => Change::Enrol { user, course },
            false => Change::Unenrol { user, course },
        }),
        3 => delete(),
        4 => passing(COURSES),
        1 => Just(AttributeDefinition::new("rate", AttributeType::Decimal).into()),
    ]
}

impl Simulator {
    pub(crate) fn apply_lifecycle(&mut self, change: &Change) {
        match change {
            Change::EnrolMany(bulk) => self.bulk.push(bulk.clone()),
            Change::SuspendEnrolment { user, course, suspended } => {
                self.hand(user, course).suspend = Some(*suspended);
            }
            Change::Archive { course, archived: true } => drop(self.archived.insert(course.clone())),
            Change::Archive { course, archived: false } => drop(self.archived.remove(course)),
            Change::Close { site, closed: true } => drop(self.closed.insert(site.clone())),
            Change::Close { site, closed: false } => drop(self.closed.remove(site)),
            Change::Delete(Deletable::EnrolmentRule, key) => {
                let rule = self.live_rule(key).unwrap();
                self.rules[rule].deleted = true;
            }
            Change::Delete(Deletable::Segment, key) => drop(self.segments.remove(key)),
            Change::Delete(Deletable::Attribute, key) => {
                let mut attribute = self.schema.find(key).unwrap().clone();
                attribute.deleted = true;
                attribute.required = false;
                attribute.default = None;
                self.people.values_mut().for_each(|someone| drop(someone.values.remove(&attribute.id)));
                self.schema.define(attribute);
            }
            other => unreachable!("a change that histories do not make: {other:?}"),
        }
    }

    /// Whether a change of this kind has to be accepted, as far as that is said here.
    pub(crate) fn accepts_lifecycle(&self, change: &Change) -> Option<bool> {
        Some(match change {
            Change::Archive { .. } => true,
            Change::Close { site, closed } => !(site == "primary" && *closed),
            Change::SuspendEnrolment { user, course, suspended } => {
                let pair = (user.clone(), course.clone());
                if !self.people.contains_key(user) {
                    return Some(false);
                }
                let hand = self.by_hand.get(&pair).copied().unwrap_or_default();
                let enrolment = self.enrolments.get(&pair);
                let was = enrolment.is_some_and(|enrolment| enrolment.by_hand_suspended.is_some());
                match suspended {
                    true => enrolment.is_some() || hand.enrol == Some(true),
                    false => hand.suspend.unwrap_or(was),
                }
            }
            Change::Enrol { user, course } => self.may_enrol(user, course),
            Change::EnrolMany(bulk) => match &bulk.whom {
                Whom::Users(users) => bulk.courses.iter().all(|course| {
                    !self.archived.contains(course) && users.iter().all(|user| self.may_enrol(user, course))
                }),
                Whom::Segment(key) => self.segments.get(key).is_some_and(|segment| {
                    let fits = |course: &String| {
                        let own = segment.site.as_ref().is_none_or(|site| site == site_of_course(course));
                        own && !self.archived.contains(course)
                    };
                    segment.state != SegmentState::Draft && bulk.courses.iter().all(fits)
                }),
            },
            Change::Delete(Deletable::EnrolmentRule, key) => self.live_rule(key).is_some(),
            Change::Delete(Deletable::Segment, key) => {
                let id = self.segment_keys.iter().rposition(|other| other == key);
                let id = id.map(SegmentId::at);
                let names =
                    |part: &Rule| matches!(part, Rule::Is(Fact::Segment(named)) if Some(*named) == id);
                let waits = |bulk: &BulkEnrolment| bulk.whom == Whom::Segment(key.clone());
                self.segments.contains_key(key)
                    && !self.is_named(names)
                    && !self.rules.iter().any(|rule| !rule.deleted && rule.segment == *key)
                    && !self.bulk.iter().any(waits)
            }
            Change::Delete(Deletable::Attribute, key) => self.schema.find(key).is_some_and(|attribute| {
                !self.is_named(|part| part.field() == Some(Field::Attribute(attribute.id)))
            }),
            _ => return None,
        })
    }

    /// Whether somebody is to be enrolled by hand who cannot be.
    pub(crate) fn refuses_hands(&self) -> bool {
        let enrolling = self.by_hand.iter().filter(|(_, hand)| hand.enrol == Some(true));
        // Who has been enrolled by hand before is not enrolled now.
        let mut new = enrolling.filter(|(pair, _)| {
            self.enrolments.get(*pair).is_none_or(|enrolment| !enrolment.in_force.contains_key(&By::Hand))
        });
        let mut bulk = self.bulk.iter().map(|bulk| Change::EnrolMany(bulk.clone()));
        new.any(|((user, course), _)| !self.may_enrol(user, course))
            || bulk.any(|change| self.accepts_lifecycle(&change) == Some(false))
    }

    fn may_enrol(&self, user: &str, course: &str) -> bool {
        let someone = self.people.get(user);
        someone.is_some_and(|someone| someone.sites.contains_key(site_of_course(course)))
            && !self.archived.contains(course)
    }

    /// Whether the rule of some segment has a part like this.
    fn is_named(&self, is_it: impl Fn(&Rule) -> bool) -> bool {
        let mut found = false;
        for rule in self.segments.values().filter_map(|segment| segment.rule.as_ref()) {
            rule.visit(&mut |part| found |= is_it(part));
        }
        found
    }
}
