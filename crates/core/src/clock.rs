//! Time passing: a rule that counts from today changes its answer at midnight where its site is. Only people
//! whose day comes are looked at, boundary by boundary, in order. Not here: changes that a host makes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::column::Codes;
use crate::derive::{Turnover, one_by_one, settle};
use crate::graph::{Node, NodeId, Test};
use crate::state::State;
use crate::time::days_after;
use crate::users::ColumnId;
use crate::{Instant, Moment};

/// Crosses every boundary after the state's clock up to `to`, and says what followed at each.
pub(crate) fn cross(state: &mut State, to: Instant) -> Vec<Moment> {
    let Some(from) = state.clock.filter(|from| *from < to) else {
        return Vec::new();
    };
    let mut due: BTreeMap<Instant, BTreeSet<(u32, u32)>> = BTreeMap::new();
    let mut new_day = false;
    for (node, id) in state.graph.nodes().iter().zip((0..).map(NodeId)) {
        let Node::Test(column, Test::Today(_, offset, zone)) = node else {
            continue;
        };
        let (first, last) = (from.day(*zone), to.day(*zone));
        new_day |= first != last;
        // The days on which the day compared with moves, each with where from and where to.
        let mut moves = Vec::new();
        let mut threshold = offset.from(first);
        for day in days_after(first, last) {
            let next = offset.from(day);
            if next != threshold {
                moves.push((day, threshold, next));
                threshold = next;
            }
        }
        note_moves(state, *column, *zone, &moves, state.graph.dependants(id), &mut due);
    }
    let mut moments = Vec::new();
    for (at, asked) in due {
        state.measure(at);
        let mut turnover = Turnover::new();
        one_by_one(state, &asked, &mut turnover);
        let moment = settle(state, turnover, None, at);
        if !moment.is_empty() {
            moments.push(moment);
        }
    }
    if new_day {
        state.measure(to);
    }
    moments
}

/// Notes, for everybody whose date lies where the compared day passes, when it does. A date at either end of
/// a move may flip too, depending on the comparison; asking is cheap and settles it.
fn note_moves(
    state: &State,
    column: ColumnId,
    zone: Tz,
    moves: &[(NaiveDate, NaiveDate, NaiveDate)],
    slots: &[u32],
    due: &mut BTreeMap<Instant, BTreeSet<(u32, u32)>>,
) {
    let (Some(column), Some((_, first, _)), Some((_, _, last))) =
        (state.users.column(column), moves.first(), moves.last())
    else {
        return;
    };
    let code_at = |date: &NaiveDate| {
        let (below, equal, _) = column.split_at_date(*date);
        if equal.0 <= equal.1 { equal.0 } else { below.1 }
    };
    let moves: Vec<(NaiveDate, u32, u32)> =
        moves.iter().map(|(day, from, to)| (*day, code_at(from), code_at(to))).collect();
    let (low, high) = (code_at(first).max(1), code_at(last));
    each_between(column.codes(), low, high, |row, code| {
        let start = moves.partition_point(|(_, _, to)| *to < code);
        for (day, from, _) in moves.iter().skip(start) {
            if *from > code {
                break;
            }
            let at = Instant::start_of(*day, zone);
            due.entry(at).or_default().extend(slots.iter().map(|slot| (*slot, row)));
        }
    });
}

/// Visits every row whose code lies between two, both included.
fn each_between(codes: &Codes, low: u32, high: u32, mut visit: impl FnMut(u32, u32)) {
    let mut row = 0_u32;
    let mut visit_chunk = |codes: &mut dyn Iterator<Item = u32>, chunk: usize| {
        row = u32::try_from(chunk * crate::row_set::BLOCK).unwrap_or(u32::MAX);
        for code in codes {
            if (low..=high).contains(&code) {
                visit(row, code);
            }
            row = row.saturating_add(1);
        }
    };
    match codes {
        Codes::One(codes) => (0..codes.chunk_count())
            .for_each(|chunk| visit_chunk(&mut codes.chunk(chunk).iter().map(|code| (*code).into()), chunk)),
        Codes::Two(codes) => (0..codes.chunk_count())
            .for_each(|chunk| visit_chunk(&mut codes.chunk(chunk).iter().map(|code| (*code).into()), chunk)),
        Codes::Four(codes) => (0..codes.chunk_count())
            .for_each(|chunk| visit_chunk(&mut codes.chunk(chunk).iter().copied(), chunk)),
    }
}
