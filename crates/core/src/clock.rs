//! Time passing: a rule that counts from today changes its answer at midnight where its site is, and the window of an
//! enrolment rule opens or ends. Only people whose day comes are looked at, boundary by boundary, in order. Not here:
//! changes that a host makes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use hashbrown::HashSet;

use crate::column::{Column, number_of};
use crate::derive::{Agenda, Changed, settle};
use crate::graph::{Moving, Node, NodeId};
use crate::ranges::number_at;
use crate::state::State;
use crate::touched::Touched;
use crate::users::ColumnId;
use crate::{EnrolmentRuleId, Instant, Moment};

/// Values over which the point of a test passes at an instant, as codes, both included.
struct Pass {
    low: u64,
    high: u64,
    at: Instant,
    node: NodeId,
}

/// From so many milliseconds on it is worth looking which values there are: a year.
const LONG: i64 = 366 * 24 * 3_600_000;

/// Who is to be asked at which boundary, and about which slots.
type Due = BTreeMap<Instant, Vec<(u32, u32)>>;

/// Crosses every boundary after the state's clock up to `to`, and says what followed at each.
pub(crate) fn cross(state: &mut State, to: Instant) -> Vec<Moment> {
    let Some(from) = state.clock.filter(|from| *from < to) else {
        return Vec::new();
    };
    let boundaries = state.boundaries.clone();
    let mut windows: BTreeMap<Instant, BTreeSet<EnrolmentRuleId>> =
        boundaries.between(from, to).map(|(at, rules)| (at, rules.iter().copied().collect())).collect();
    let same_days = state.graph.zones().iter().all(|zone| from.day(*zone) == to.day(*zone));
    if same_days && windows.is_empty() {
        return Vec::new();
    }
    let mut due = if same_days { Due::new() } else { passes(state, from, to) };
    let mut moments = Vec::new();
    let mut now = from;
    loop {
        let next = [due.keys().next(), windows.keys().next()].into_iter().flatten().min().copied();
        let Some(at) = next else { break };
        let asked = due.remove(&at).unwrap_or_default();
        let agenda = Agenda { asked, ..Agenda::default() };
        let (moment, redated) = match windows.remove(&at) {
            Some(rules) => {
                let before = state.clone();
                state.follow_time(now, at);
                let changed = Changed {
                    before: &before,
                    before_at: now,
                    touched: &Touched::default(),
                    stale: &BTreeSet::new(),
                    rules: &rules,
                    restored: &BTreeSet::new(),
                    by_hand: &[],
                };
                settle(state, agenda, Some(&changed), at)
            }
            None => {
                state.follow_time(now, at);
                settle(state, agenda, None, at)
            }
        };
        now = at;
        for (column, row) in redated {
            note_redated(state, column, row, at, to, &mut due);
        }
        if !moment.is_empty() {
            moments.push(moment);
        }
    }
    state.follow_time(now, to);
    moments
}

/// Whom days that pass concern, as values stand.
fn passes(state: &State, from: Instant, to: Instant) -> Due {
    let mut passes: BTreeMap<ColumnId, Vec<Pass>> = BTreeMap::new();
    let mut there: BTreeMap<ColumnId, Vec<i64>> = BTreeMap::new();
    let is_long = to.millis().saturating_sub(from.millis()) > LONG;
    for &node in state.graph.moving() {
        let Some(Node::Test(id, test)) = state.graph.node(node) else { continue };
        let Some(column) = state.users.column(*id) else { continue };
        // Over many years there are far fewer values than days: a date such as 9999-12-31 stands for "never".
        let numbers = is_long.then(|| &**there.entry(*id).or_insert_with(|| numbers_in(column)));
        for moving in test.moving_points() {
            passes.entry(*id).or_default().extend(passes_of(column, numbers, node, moving, from, to));
        }
    }
    let mut due = Due::new();
    for (id, passes) in passes {
        note_due(state, id, &passes, &mut due);
    }
    due
}

/// The values that people have in a column, ascending.
fn numbers_in(column: &Column) -> Vec<i64> {
    let mut codes = HashSet::new();
    column.codes().each_between(1, u64::MAX, |_, code| {
        codes.insert(code);
    });
    let number = |code| column.value(code).as_ref().and_then(number_of);
    let mut numbers: Vec<i64> = codes.into_iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// Notes, for somebody who has just been given another due date, when points of tests pass over it.
fn note_redated(state: &State, id: ColumnId, row: u32, from: Instant, to: Instant, due: &mut Due) {
    let Some(column) = state.users.column(id) else { return };
    let Some(number) = column.value(column.get(row)).as_ref().and_then(number_of) else { return };
    for &node in state.graph.tests_of(id) {
        let Some(Node::Test(_, test)) = state.graph.node(node) else { continue };
        for moving in test.moving_points() {
            let (first, last) = (from.day(moving.zone), to.day(moving.zone));
            // The first days on which the point is at the value, and beyond it.
            for reached in [number, number.saturating_add(1)] {
                let day = first_day(moving, first, last, reached);
                let Some(day) = day.filter(|day| *day > first) else { continue };
                let slots = state.graph.dependants(node);
                let at = Instant::start_of(day, moving.zone);
                due.entry(at).or_default().extend(slots.iter().map(|slot| (row, *slot)));
            }
        }
    }
}

/// The first day, of those from one to another, on which a point has reached a number.
fn first_day(moving: &Moving, first: NaiveDate, last: NaiveDate, number: i64) -> Option<NaiveDate> {
    let day = |days: u64| first.checked_add_days(Days::new(days)).unwrap_or(last);
    let distance = u64::try_from(last.signed_duration_since(first).num_days()).unwrap_or_default();
    let (mut low, mut high) = (0, distance);
    while low < high {
        let middle = low + (high - low) / 2;
        if number_at(moving, day(middle)) < number { low = middle + 1 } else { high = middle }
    }
    (number_at(moving, day(low)) >= number).then(|| day(low))
}

/// The first instant after the state's clock at which crossing boundaries does something.
///
/// It asks [`cross`] itself, about stretches of time that become longer, so that whatever moves with time counts.
pub(crate) fn next_change(state: &State) -> Option<Instant> {
    let mut state = state.clone();
    let mut stretch = 24 * 3_600_000_i64;
    loop {
        let from = state.clock.filter(|from| *from < Instant::LAST)?;
        let to = Instant::from_millis(from.millis().saturating_add(stretch)).unwrap_or(Instant::LAST);
        if let Some(first) = cross(&mut state, to).first() {
            return Some(first.at);
        }
        state.clock = Some(to);
        stretch = stretch.saturating_mul(2);
    }
}

/// What one point of a test passes over: from day to day or, if it is known which numbers there are, from one of them to
/// the next.
fn passes_of(
    column: &Column,
    numbers: Option<&[i64]>,
    node: NodeId,
    moving: &Moving,
    from: Instant,
    to: Instant,
) -> Vec<Pass> {
    let (mut first, last) = (from.day(moving.zone), to.day(moving.zone));
    // Days on which the point is before all values, or beyond them, pass over nobody.
    let Some((least, greatest)) = column.span() else { return Vec::new() };
    let reached = first_day(moving, first, last, least).unwrap_or(last);
    first = reached.pred_opt().unwrap_or(first).max(first);
    let mut number = number_at(moving, first);
    let mut passes = Vec::new();
    while number <= greatest {
        // A value at which the point stands is passed when the point moves at all.
        let next_value = match numbers {
            None => Some(number),
            Some(numbers) => numbers.get(numbers.partition_point(|there| *there < number)).copied(),
        };
        let Some(value) = next_value else { break };
        let Some(day) = next_day(moving, first, last, value.max(number.saturating_add(1))) else { break };
        let next = number_at(moving, day);
        // A value at either end may flip too, depending on the comparison; asking settles it.
        let (low, high) = (column.cut_number(number, false), column.cut_number(next, true) - 1);
        if low <= high {
            passes.push(Pass { low, high, at: Instant::start_of(day, moving.zone), node });
        }
        (first, number) = (day, next);
    }
    passes
}

/// The first day after one, of those up to another, on which a point has reached a number. It is often the very next one.
fn next_day(moving: &Moving, day: NaiveDate, last: NaiveDate, number: i64) -> Option<NaiveDate> {
    let mut from = day.succ_opt().filter(|next| *next <= last)?;
    let mut days = 1;
    while number_at(moving, from) < number {
        let ahead = from.checked_add_days(Days::new(days)).unwrap_or(last).min(last);
        if number_at(moving, ahead) >= number {
            return first_day(moving, from, ahead, number);
        }
        if ahead == last {
            return None;
        }
        (from, days) = (ahead, days * 2);
    }
    Some(from)
}

/// Notes, for everybody over whose value a point passes, when it does: one look at the column for all of them.
fn note_due(state: &State, id: ColumnId, passes: &[Pass], due: &mut Due) {
    // Between two neighbouring bounds every code is passed over by the same.
    let bounds: BTreeSet<u64> =
        passes.iter().flat_map(|pass| [pass.low, pass.high.saturating_add(1)]).collect();
    let bounds: Vec<u64> = bounds.into_iter().collect();
    let (Some(codes), Some(first), Some(last)) = (state.users.codes(id), bounds.first(), bounds.last())
    else {
        return;
    };
    let mut between: Vec<Vec<&Pass>> = vec![Vec::new(); bounds.len()];
    for pass in passes {
        let start = bounds.partition_point(|bound| *bound < pass.low);
        let end = bounds.partition_point(|bound| *bound <= pass.high);
        for over in between.get_mut(start..end).unwrap_or_default() {
            over.push(pass);
        }
    }
    codes.each_between(*first, last.saturating_sub(1), |row, code| {
        let place = bounds.partition_point(|bound| *bound <= code);
        for pass in place.checked_sub(1).and_then(|place| between.get(place)).into_iter().flatten() {
            let slots = state.graph.dependants(pass.node);
            due.entry(pass.at).or_default().extend(slots.iter().map(|slot| (row, *slot)));
        }
    });
}
