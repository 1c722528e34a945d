//! What follows from changed inputs: who joins and leaves which segment, and what that does to enrolments, round by
//! round where segments name enrolments. A few changed values are followed through the tests that they flip
//! (`touched`); many, or changed definitions, are evaluated by blocks. Both ways give the same. Not here: the inputs
//! themselves (`draft`, `clock`), and whom rules hold because of it (`movements`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::ask::Asking;
use crate::block::{BLOCK, Block, bits};
use crate::due::Dates;
use crate::evaluate::blocks_of;
use crate::graph::{Node, Rows};
use crate::movements::movements;
use crate::reconcile::{ByHand, reconcile};
use crate::roster::Change;
use crate::state::State;
use crate::touched::Touched;
use crate::users::ColumnId;
use crate::{Action, CourseId, EnrolmentRuleId, Instant, MembershipChange, Moment, RowSet, Steps};

/// So many questions about single people and slots are answered by blocks.
const MANY: usize = 16 * 1024;

/// Who joins and leaves each slot.
pub(crate) type Turnover = BTreeMap<usize, (RowSet, RowSet)>;

/// Changed inputs, and the state before them.
pub(crate) struct Changed<'a> {
    pub(crate) before: &'a State,
    /// The instant for which the state before is right.
    pub(crate) before_at: Instant,
    pub(crate) touched: &'a Touched,
    /// Slots to be evaluated for everybody: their definition is new.
    pub(crate) stale: &'a BTreeSet<usize>,
    /// Enrolment rules that are new or defined otherwise, whose segment was paused and is no longer, or whose window
    /// opens or ends.
    pub(crate) rules: &'a BTreeSet<EnrolmentRuleId>,
    /// Courses that were archived and are no longer.
    pub(crate) restored: &'a BTreeSet<CourseId>,
    pub(crate) by_hand: &'a [ByHand],
}

/// What has to be asked anew.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    /// Slots to be evaluated for everybody.
    pub(crate) stale: BTreeSet<usize>,
    /// Blocks to be evaluated for all other slots.
    pub(crate) blocks: Vec<usize>,
    /// People and slots to be asked one by one.
    pub(crate) asked: Vec<(u32, u32)>,
}

/// Brings memberships and enrolments of a state in step with its inputs.
pub(crate) fn derive(state: &mut State, changed: &Changed<'_>, at: Instant) -> Moment {
    let mut agenda = changed.touched.agenda(changed.before, state);
    agenda.stale.clone_from(changed.stale);
    settle(state, agenda, Some(changed), at).0
}

/// People whose due date in a course is another than before.
pub(crate) type Redated = Vec<(ColumnId, u32)>;

/// Answers what is on the agenda, round by round, and says what followed.
pub(crate) fn settle(
    state: &mut State,
    agenda: Agenda,
    changed: Option<&Changed<'_>>,
    at: Instant,
) -> (Moment, Redated) {
    let dates = Dates::of(state);
    let mut redated = Redated::new();
    let mut turnover = Turnover::new();
    let mut steps: Vec<Steps> = Vec::new();
    let Agenda { stale, blocks, mut asked } = agenda;
    let everybody: Vec<usize> =
        if stale.is_empty() { Vec::new() } else { blocks_of(state.users.count()).collect() };
    let (levels, last) = (state.levels.clone(), state.graph.max_level() + 1);
    for round in 0..=last {
        // Courses that no segment names wait until all segments are settled.
        let is_now = |course: CourseId| levels.courses.get(&course).copied().unwrap_or(last) == round;
        let movements = movements(state, &turnover, changed, at, &is_now);
        let by_hand = changed.map_or(&[][..], |changed| changed.by_hand).iter();
        let by_hand: Vec<&ByHand> = by_hand.filter(|hand| is_now(hand.course)).collect();
        if !(movements.is_empty() && by_hand.is_empty()) {
            let new = reconcile(&mut state.enrolments, &movements, &by_hand, &dates, at);
            ask_enrolled(state, &new, &mut asked);
            let moved = state.follow_due(&new, at);
            ask_due(state, &moved, &mut asked);
            redated.extend(moved);
            steps.extend(new);
        }
        if round == last {
            break;
        }
        let of_round = |slot: usize| state.graph.level(slot) == round;
        let now: Vec<usize> = stale.iter().copied().filter(|slot| of_round(*slot)).collect();
        let others: Vec<usize> = if blocks.is_empty() {
            Vec::new()
        } else {
            (0..state.graph.slot_count()).filter(|slot| of_round(*slot) && !stale.contains(slot)).collect()
        };
        let mut single = Vec::with_capacity(asked.len());
        single.extend(asked.iter().copied().filter(|(_, slot)| of_round(*slot as usize)));
        let single = distinct(single);
        if !now.is_empty() {
            by_blocks(state, &now, &everybody, &mut turnover);
        }
        if !others.is_empty() {
            by_blocks(state, &others, &blocks, &mut turnover);
        }
        if single.len() >= MANY {
            // So many single questions take longer than whole blocks, whose other answers come out as they are.
            let slots: BTreeSet<usize> = single.iter().map(|(_, slot)| *slot as usize).collect();
            let blocks: BTreeSet<usize> = single.iter().map(|(row, _)| *row as usize / BLOCK).collect();
            let (slots, blocks): (Vec<_>, Vec<_>) =
                (slots.into_iter().collect(), blocks.into_iter().collect());
            by_blocks(state, &slots, &blocks, &mut turnover);
        } else if !single.is_empty() {
            // After whole blocks, members may be in place already that the state before did not have.
            let known = changed.filter(|_| stale.is_empty() && blocks.is_empty());
            one_by_one(state, &single, known.map(|changed| changed.before), &mut turnover);
        }
    }
    let mut memberships: Vec<MembershipChange> = turnover
        .into_iter()
        .filter(|(_, (joined, left))| !(joined.is_empty() && left.is_empty()))
        .filter_map(|(slot, (joined, left))| {
            let (segment, site) = *state.slots.get_index(slot)?;
            site.is_none().then_some(MembershipChange { segment, joined, left })
        })
        .collect();
    memberships.sort_unstable_by_key(|change| change.segment);
    (Moment { at, memberships, steps }, redated)
}

/// People who are to be done on another day than before are asked about where segments ask for it.
fn ask_due(state: &State, moved: &Redated, asked: &mut Vec<(u32, u32)>) {
    for same in moved.chunk_by(|a, b| a.0 == b.0) {
        let Some((column, _)) = same.first() else { continue };
        let tests = state.graph.tests_of(*column).iter();
        let slots: BTreeSet<u32> = tests.flat_map(|test| state.graph.dependants(*test)).copied().collect();
        asked.extend(same.iter().flat_map(|(_, row)| slots.iter().map(|slot| (*row, *slot))));
    }
}

/// Enrolments that began or ended are asked about where segments name them.
fn ask_enrolled(state: &State, steps: &[Steps], asked: &mut Vec<(u32, u32)>) {
    for steps in steps.iter().filter(|steps| matches!(steps.action, Action::Enrolled | Action::Unenrolled)) {
        let Some(node) = state.graph.find(&Node::Rows(Rows::Enrolled(steps.course))) else { continue };
        for &slot in state.graph.dependants(node) {
            asked.extend(steps.users.iter().map(|row| (row, slot)));
        }
    }
}

/// Blocks of people by their number, ascending.
type Blocks = Vec<(u32, Block)>;

/// Evaluates slots for whole blocks, and puts the members in place.
fn by_blocks(state: &mut State, slots: &[usize], blocks: &[usize], turnover: &mut Turnover) {
    let answers = state.questions().evaluate(slots, blocks);
    let mut changed: Vec<(Blocks, Blocks)> = Vec::new();
    changed.resize_with(state.slots.len(), Default::default);
    for (index, answers) in answers {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let members = answers.into_iter().map(|answer| {
            if let Some((joined, left)) = changed.get_mut(answer.slot) {
                joined.push((number, answer.joined));
                left.push((number, answer.left));
            }
            (answer.slot, answer.members)
        });
        state.members.replace(index, members);
    }
    for (slot, (joined, left)) in
        changed.into_iter().enumerate().filter(|(_, (joined, _))| !joined.is_empty())
    {
        add(turnover, slot, joined.into_iter().collect(), left.into_iter().collect());
    }
}

fn add(turnover: &mut Turnover, slot: usize, joined: RowSet, left: RowSet) {
    let (all_joined, all_left) = turnover.entry(slot).or_default();
    for (all, more) in [(all_joined, joined), (all_left, left)] {
        *all = if all.is_empty() { more } else { all.union(&more) };
    }
}

/// Each pair once, those of one person together.
fn distinct(mut asked: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    let only = asked.first().map(|(row, _)| *row);
    let Some(row) = only.filter(|only| asked.iter().all(|(row, _)| row == only)) else {
        asked.sort_unstable();
        asked.dedup();
        return asked;
    };
    // Of one person, marking slots is faster than sorting them.
    let last = asked.iter().map(|(_, slot)| *slot as usize).max().unwrap_or_default();
    let mut marks = vec![0_u64; last / 64 + 1];
    for (_, slot) in &asked {
        if let Some(marks) = marks.get_mut(*slot as usize / 64) {
            *marks |= 1 << (slot % 64);
        }
    }
    asked.clear();
    asked.extend(bits(&marks).map(|slot| (row, slot)));
    asked
}

/// Evaluates slots for single people, and puts the members in place. What is asked comes person by person.
///
/// What the answers were is worked out too where the state before has the same rules: looking it up in thousands of
/// memberships takes as many trips to memory, while the few values that tests look at are at hand.
fn one_by_one(state: &mut State, asked: &[(u32, u32)], before: Option<&State>, turnover: &mut Turnover) {
    let before = before.filter(|before| Arc::ptr_eq(&before.graph, &state.graph));
    let mut flips: Vec<(u32, u32, bool)> = Vec::new();
    let mut asking = Asking::new(state, before);
    for same in asked.chunk_by(|a, b| a.0 == b.0) {
        let Some(row) = same.first().map(|(row, _)| *row) else { continue };
        asking.about(row);
        for &(_, slot) in same {
            let Some(root) = state.graph.root(slot as usize) else { continue };
            let answers = asking.ask(root);
            let was = if before.is_some() { answers.was() } else { state.members.contains(slot, row) };
            if was != answers.is() {
                flips.push((slot, row, answers.is()));
            }
        }
    }
    let mut changes: Vec<Change> =
        flips.iter().map(|&(set, row, present)| Change { row, set, present }).collect();
    changes.sort_unstable();
    // Each differs from what was.
    state.members.turn(&changes);
    flips.sort_unstable();
    for same in flips.chunk_by(|a, b| a.0 == b.0) {
        let Some(slot) = same.first().map(|(slot, ..)| *slot as usize) else { continue };
        let those =
            |passing| same.iter().filter(move |(.., passes)| *passes == passing).map(|(_, row, _)| *row);
        add(turnover, slot, those(true).collect(), those(false).collect());
    }
}
