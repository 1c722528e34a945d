//! Time passing: a rule that counts from today changes its answer at midnight where its site is. Only people
//! whose day comes are looked at, boundary by boundary, in order. Not here: changes that a host makes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Days;

use crate::derive::{Agenda, settle};
use crate::graph::{Moving, Node, NodeId};
use crate::ranges::number_at;
use crate::state::State;
use crate::time::days_after;
use crate::users::ColumnId;
use crate::{Instant, Moment};

/// Values over which the point of a test passes at an instant, as codes, both included.
struct Pass {
    low: u64,
    high: u64,
    at: Instant,
    node: NodeId,
}

/// Crosses every boundary after the state's clock up to `to`, and says what followed at each.
pub(crate) fn cross(state: &mut State, to: Instant) -> Vec<Moment> {
    let Some(from) = state.clock.filter(|from| *from < to) else {
        return Vec::new();
    };
    if state.graph.zones().iter().all(|zone| from.day(*zone) == to.day(*zone)) {
        return Vec::new();
    }
    let mut passes: BTreeMap<ColumnId, Vec<Pass>> = BTreeMap::new();
    for &node in state.graph.moving() {
        let Some(Node::Test(id, test)) = state.graph.node(node) else { continue };
        for moving in test.moving_points() {
            passes.entry(*id).or_default().extend(passes_of(state, *id, node, moving, from, to));
        }
    }
    let mut due: BTreeMap<Instant, Vec<(u32, u32)>> = BTreeMap::new();
    for (id, passes) in passes {
        note_due(state, id, &passes, &mut due);
    }
    let mut moments = Vec::new();
    let mut now = from;
    for (at, asked) in due {
        state.follow_time(now, at);
        now = at;
        let moment = settle(state, Agenda { asked, ..Agenda::default() }, None, at);
        if !moment.is_empty() {
            moments.push(moment);
        }
    }
    state.follow_time(now, to);
    moments
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

/// What one point of a test passes over, day by day.
fn passes_of(
    state: &State,
    id: ColumnId,
    node: NodeId,
    moving: &Moving,
    from: Instant,
    to: Instant,
) -> Vec<Pass> {
    let Some(column) = state.users.column(id) else { return Vec::new() };
    let (mut first, last) = (from.day(moving.zone), to.day(moving.zone));
    // Days on which the point is before all values, or beyond them, pass over nobody.
    let Some((least, greatest)) = column.span() else { return Vec::new() };
    let distance = u64::try_from(last.signed_duration_since(first).num_days()).unwrap_or_default();
    let (mut low, mut high) = (0, distance);
    while low < high {
        let middle = low + (high - low) / 2;
        let day = first.checked_add_days(Days::new(middle)).unwrap_or(last);
        if number_at(moving, day) < least { low = middle + 1 } else { high = middle }
    }
    first = first.checked_add_days(Days::new(low.saturating_sub(1))).unwrap_or(last);
    let mut number = number_at(moving, first);
    let mut passes = Vec::new();
    for day in days_after(first, last) {
        if number > greatest {
            break;
        }
        let next = number_at(moving, day);
        if next != number {
            // A value at either end may flip too, depending on the comparison; asking settles it.
            let (low, high) = (column.cut_number(number, false), column.cut_number(next, true) - 1);
            if low <= high {
                passes.push(Pass { low, high, at: Instant::start_of(day, moving.zone), node });
            }
            number = next;
        }
    }
    passes
}

/// Notes, for everybody over whose value a point passes, when it does: one look at the column for all of them.
fn note_due(state: &State, id: ColumnId, passes: &[Pass], due: &mut BTreeMap<Instant, Vec<(u32, u32)>>) {
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
