//! What follows from changed inputs: who joins and leaves which segment, and what that does to enrolments. A
//! few changed values are followed through the tests that they flip; many, or changed definitions, are
//! evaluated by blocks. Both ways give the same. Not here: the inputs themselves (`draft`, `clock`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::evaluate::blocks_of;
use crate::reconcile::{ByHand, Movement, reconcile};
use crate::row_set::BLOCK;
use crate::state::State;
use crate::users::ColumnId;
use crate::{CourseId, EnrolmentRule, EnrolmentRuleId, Instant, MembershipChange, Moment, RowSet};

/// Which values of which people changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Touched {
    /// The changed places, as long as they are few.
    cells: Vec<(u32, ColumnId)>,
    /// The changed blocks.
    blocks: BTreeSet<usize>,
    /// Whether `cells` is no longer complete.
    many: bool,
}

/// More changed places than this part of all people, and whole blocks are evaluated.
const MANY: usize = 64;
/// At least so many changed places are followed one by one.
const FEW: usize = 256;

impl Touched {
    pub(crate) fn note(&mut self, row: u32, column: ColumnId, count: u32) {
        self.blocks.insert(row as usize / BLOCK);
        if self.cells.len() >= FEW.max(count as usize / MANY) {
            self.many = true;
            self.cells = Vec::new();
        }
        if !self.many {
            self.cells.push((row, column));
        }
    }
}

/// Who joins and leaves each slot.
pub(crate) type Turnover = BTreeMap<usize, (RoaringBitmap, RoaringBitmap)>;

/// Changed inputs, and the state before them.
pub(crate) struct Changed<'a> {
    pub(crate) before: &'a State,
    pub(crate) touched: &'a Touched,
    /// Slots to be evaluated for everybody: their definition is new.
    pub(crate) stale: &'a BTreeSet<usize>,
    /// Enrolment rules that are new or defined otherwise.
    pub(crate) rules: &'a BTreeSet<EnrolmentRuleId>,
    pub(crate) by_hand: &'a [ByHand],
}

/// Brings memberships and enrolments of a state in step with its inputs.
pub(crate) fn derive(state: &mut State, changed: &Changed<'_>, at: Instant) -> Moment {
    let mut turnover = Turnover::new();
    let stale: Vec<usize> = changed.stale.iter().copied().collect();
    if !stale.is_empty() {
        let everybody: Vec<usize> = blocks_of(state.users.count()).collect();
        by_blocks(state, &stale, &everybody, &mut turnover);
    }
    if changed.touched.many {
        let others: Vec<usize> =
            (0..state.graph.slot_count()).filter(|slot| !changed.stale.contains(slot)).collect();
        let blocks: Vec<usize> = changed.touched.blocks.iter().copied().collect();
        by_blocks(state, &others, &blocks, &mut turnover);
    } else {
        let asked = flipped(state, changed);
        one_by_one(state, &asked, &mut turnover);
    }
    settle(state, turnover, Some(changed), at)
}

/// Evaluates slots for whole blocks, and puts the members in place.
fn by_blocks(state: &mut State, slots: &[usize], blocks: &[usize], turnover: &mut Turnover) {
    let mut answers = {
        let members = |slot: usize| state.members.get(slot).map(Arc::as_ref);
        state.questions().evaluate(slots, blocks, members)
    };
    answers.sort_unstable_by_key(|answer| (answer.slot, answer.block));
    for answers in answers.chunk_by(|a, b| a.slot == b.slot) {
        let Some(slot) = answers.first().map(|answer| answer.slot) else {
            continue;
        };
        let before = state.members.get(slot).cloned().unwrap_or_default();
        let mut after = RowSet::clone(&before);
        for answer in answers {
            after.replace(answer.block, answer.members.clone());
        }
        let (joined, left) = (after.difference(&before), before.difference(&after));
        turnover.insert(slot, (joined.to_roaring(), left.to_roaring()));
        state.set_members(slot, after);
    }
}

/// The people and slots for whom some test flipped between the states.
fn flipped(state: &State, changed: &Changed<'_>) -> BTreeSet<(u32, u32)> {
    let mut asked = BTreeSet::new();
    let cells: BTreeSet<_> = changed.touched.cells.iter().collect();
    for &(row, column) in cells {
        let Some(now) = state.users.column(column) else {
            continue;
        };
        let new = now.get(row);
        let old = changed.before.users.column(column).map_or(0, |before| {
            let code = before.get(row);
            // Codes may have been renumbered in between; values have not.
            before.value(code).map_or(code, |value| now.code(&value).unwrap_or_default())
        });
        for test in state.ranges.flipped(column, old, new) {
            asked.extend(state.graph.dependants(test).iter().map(|slot| (*slot, row)));
        }
    }
    asked
}

/// Evaluates slots for single people, and puts the members in place.
pub(crate) fn one_by_one(state: &mut State, asked: &BTreeSet<(u32, u32)>, turnover: &mut Turnover) {
    for &(slot, row) in asked {
        let slot = slot as usize;
        let Some(root) = state.graph.root(slot) else {
            continue;
        };
        let passes = state.questions().passes(root, row);
        if state.members.get(slot).is_some_and(|members| members.contains(row)) == passes {
            continue;
        }
        if state.members.get(slot).is_none() {
            state.set_members(slot, RowSet::default());
        }
        if let Some(members) = state.members.get_mut(slot) {
            Arc::make_mut(members).set(row, passes);
        }
        let (joined, left) = turnover.entry(slot).or_default();
        if passes {
            joined.insert(row)
        } else {
            left.insert(row)
        };
    }
}

/// Turns turnover into facts: memberships as they changed, and what that does to enrolments.
pub(crate) fn settle(
    state: &mut State,
    turnover: Turnover,
    changed: Option<&Changed<'_>>,
    at: Instant,
) -> Moment {
    let movements = movements(state, &turnover, changed);
    let by_hand = changed.map_or(&[][..], |changed| changed.by_hand);
    let steps = reconcile(&mut state.enrolments, &movements, by_hand, at);
    let mut memberships: Vec<MembershipChange> = turnover
        .into_iter()
        .filter(|(_, (joined, left))| !(joined.is_empty() && left.is_empty()))
        .filter_map(|(slot, (joined, left))| {
            let (segment, site) = *state.slots.get_index(slot)?;
            site.is_none().then_some(MembershipChange { segment, joined, left })
        })
        .collect();
    memberships.sort_unstable_by_key(|change| change.segment);
    Moment { at, memberships, steps }
}

/// For each enrolment rule and course, whom the rule newly holds there and whom it no longer holds.
fn movements(state: &State, turnover: &Turnover, changed: Option<&Changed<'_>>) -> Vec<Movement> {
    let mut movements = Vec::new();
    for (rule, id) in state.rules.values().zip((0..).map(EnrolmentRuleId)) {
        let mut push = |course: CourseId, arrived: RoaringBitmap, left: RoaringBitmap| {
            movements.push(Movement { rule: id, course, on_leave: rule.on_leave, arrived, left });
        };
        match changed {
            Some(changed) if changed.rules.contains(&id) => {
                let old = changed.before.rule(id);
                let mut courses: BTreeSet<CourseId> = rule.courses.iter().copied().collect();
                courses.extend(old.iter().flat_map(|old| &old.courses));
                for course in courses {
                    let before = old.map(|old| held(changed.before, old, course)).unwrap_or_default();
                    let after = held(state, rule, course);
                    push(
                        course,
                        after.difference(&before).to_roaring(),
                        before.difference(&after).to_roaring(),
                    );
                }
            }
            _ if !rule.enabled => {}
            _ => {
                let slot = state.slot_of_rule(rule).and_then(|slot| state.slots.get_index_of(&slot));
                let Some((joined, left)) = slot.and_then(|slot| turnover.get(&slot)) else {
                    continue;
                };
                for &course in &rule.courses {
                    push(course, joined.clone(), left.clone());
                }
            }
        }
    }
    movements
}

/// Whom an enrolment rule holds in a course.
fn held(state: &State, rule: &EnrolmentRule, course: CourseId) -> Arc<RowSet> {
    if !rule.enabled || !rule.courses.contains(&course) {
        return Arc::default();
    }
    state.slot_of_rule(rule).map(|slot| state.members(slot)).unwrap_or_default()
}
