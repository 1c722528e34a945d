//! From who joined and left segments, and from what changed about enrolment rules, to whom each rule newly holds in each
//! course and whom it no longer holds. Not here: what that does to enrolments (`reconcile`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::derive::{Changed, Turnover};
use crate::model::SegmentState;
use crate::nesting::Part;
use crate::reconcile::Movement;
use crate::state::State;
use crate::{CourseId, EnrolmentRule, EnrolmentRuleId, Instant, RowSet, UserId};

/// For each enrolment rule and course of a round, whom the rule newly holds there and whom it no longer holds.
pub(crate) fn movements<'a>(
    state: &State,
    turnover: &'a Turnover,
    changed: Option<&Changed<'_>>,
    at: Instant,
    is_now: &impl Fn(CourseId) -> bool,
) -> Vec<Movement<'a>> {
    let pairs = changed.map(|changed| compared(state, changed)).unwrap_or_default();
    let mut movements = Vec::with_capacity(turnover.len());
    for (slot, (joined, left)) in turnover {
        let rules = state.rules_of.get(*slot).map_or(&[][..], Vec::as_slice);
        if rules.is_empty() {
            continue;
        }
        let paused = state.slots.get_index(*slot).is_some_and(|(segment, _)| {
            state.segment(*segment).is_some_and(|segment| segment.state == SegmentState::Paused)
        });
        for &id in rules {
            let Some(rule) = state.rule(id).filter(|rule| rule.acts(at)) else { continue };
            for &course in rule.courses.iter().filter(|course| is_now(**course)) {
                if pairs.contains(&(id, course)) || state.is_archived(course) {
                    continue;
                }
                movements.push(Movement {
                    rule: id,
                    course,
                    on_leave: rule.on_leave,
                    arrived: Cow::Borrowed(joined),
                    left: if paused { Cow::default() } else { Cow::Borrowed(left) },
                    redated: RowSet::default(),
                });
            }
        }
    }
    if let Some(changed) = changed {
        let mut in_force = InForce { state: changed.before, courses: BTreeMap::new() };
        let now = pairs.into_iter().filter(|(_, course)| is_now(*course));
        movements.extend(
            now.filter_map(|(rule, course)| comparison(state, changed, &mut in_force, rule, course, at)),
        );
    }
    movements.retain(|movement| !movement.is_empty());
    movements
}

/// The rules and courses of which it is compared whom the rule holds now and whom it held before.
fn compared(state: &State, changed: &Changed<'_>) -> BTreeSet<(EnrolmentRuleId, CourseId)> {
    let mut pairs = BTreeSet::new();
    for &id in changed.rules {
        let rules = [state.rule(id), changed.before.rule(id)];
        pairs.extend(rules.into_iter().flatten().flat_map(|rule| &rule.courses).map(|course| (id, *course)));
    }
    for &course in changed.restored {
        // Those that lead there now, and those that did and have not let go of everybody since.
        let rules = state.levels.rules(Part::Course(course)).iter().copied();
        let people = changed.before.enrolments.courses().get(course.index());
        let in_force = people.iter().flat_map(|row| changed.before.enrolments.rules_of(UserId(row), course));
        pairs.extend(rules.chain(in_force).map(|rule| (rule, course)));
    }
    pairs
}

fn comparison(
    state: &State,
    changed: &Changed<'_>,
    in_force: &mut InForce<'_>,
    id: EnrolmentRuleId,
    course: CourseId,
    at: Instant,
) -> Option<Movement<'static>> {
    let rule = state.rule(id)?;
    let old = changed.before.rule(id);
    let redated = match old {
        Some(old) if old.due != rule.due && rule.courses.contains(&course) => in_force.of(id, course),
        _ => RowSet::default(),
    };
    let mut movement = Movement {
        rule: id,
        course,
        on_leave: rule.on_leave,
        arrived: Cow::default(),
        left: Cow::default(),
        redated,
    };
    if state.is_archived(course) {
        return Some(movement);
    }
    let before = match old {
        None => RowSet::default(),
        // While its segment is paused, or the course archived, a rule holds people whom the segment has lost.
        Some(old) if changed.before.is_archived(course) || is_paused(changed.before, old) => {
            in_force.of(id, course)
        }
        Some(old) => held(changed.before, old, course, changed.before_at),
    };
    let after = held(state, rule, course, at);
    let still_paused = rule.acts(at)
        && rule.courses.contains(&course)
        && is_paused(state, rule)
        && old.is_some_and(|old| old.segment == rule.segment);
    if !still_paused {
        movement.left = Cow::Owned(before.difference(&after));
    }
    movement.arrived = Cow::Owned(after.difference(&before));
    Some(movement)
}

pub(crate) fn is_paused(state: &State, rule: &EnrolmentRule) -> bool {
    state.segment(rule.segment).is_some_and(|segment| segment.state == SegmentState::Paused)
}

/// Whom an enrolment rule holds in a course at an instant.
pub(crate) fn held(state: &State, rule: &EnrolmentRule, course: CourseId, at: Instant) -> RowSet {
    if !rule.acts(at) || !rule.courses.contains(&course) {
        return RowSet::default();
    }
    state.slot_of_rule(rule).map(|slot| state.members(slot)).unwrap_or_default()
}

/// Whose enrolments rules held, by the enrolments themselves: one look at everybody in a course for all rules.
struct InForce<'a> {
    state: &'a State,
    courses: BTreeMap<CourseId, BTreeMap<EnrolmentRuleId, RowSet>>,
}

impl InForce<'_> {
    fn of(&mut self, rule: EnrolmentRuleId, course: CourseId) -> RowSet {
        let enrolments = &self.state.enrolments;
        let rules = self.courses.entry(course).or_insert_with(|| {
            let mut rows: BTreeMap<EnrolmentRuleId, Vec<u32>> = BTreeMap::new();
            for row in enrolments.courses().get(course.index()).iter() {
                for rule in enrolments.rules_of(UserId(row), course) {
                    rows.entry(rule).or_default().push(row);
                }
            }
            rows.into_iter().map(|(rule, rows)| (rule, rows.into_iter().collect())).collect()
        });
        rules.get(&rule).cloned().unwrap_or_default()
    }
}
