//! The tests of a graph as ranges of codes, as columns stand and on the days that it is, and the index from a
//! changed code to the tests that it flips. Measured anew when codes are renumbered or a day ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use crate::Instant;
use crate::column::{Column, NOTHING, PRESENT, Range};
use crate::graph::{Edge, Graph, Moving, Node, NodeId, Point, Test};
use crate::users::{ColumnId, Users};

/// A range of codes for every test, and where each range begins and ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges {
    /// By node; meaningless but for tests of columns.
    ranges: Vec<Range>,
    /// By column, the codes at which some test begins to hold or ceases to, ascending.
    edges: BTreeMap<ColumnId, Arc<Vec<(u64, NodeId)>>>,
}

impl Ranges {
    /// The ranges of all tests at an instant.
    pub(crate) fn new(graph: &Graph, users: &Users, at: Instant) -> Self {
        let mut ranges = Self { ranges: vec![NOTHING; graph.nodes().len()], edges: BTreeMap::new() };
        for (column, _) in graph.tests() {
            ranges.measure(column, graph, users, at);
        }
        ranges
    }

    /// Measures the tests of one column.
    pub(crate) fn measure(&mut self, id: ColumnId, graph: &Graph, users: &Users, at: Instant) {
        let tests = graph.tests_of(id);
        let mut edges = Vec::with_capacity(tests.len() * 2);
        for &node in tests {
            let Some(Node::Test(_, test)) = graph.node(node) else { continue };
            let range =
                users.column(id).map_or_else(|| without_column(test), |column| range(column, test, at));
            if range.0 <= range.1 {
                edges.push((range.0, node));
                edges.extend(range.1.checked_add(1).map(|end| (end, node)));
            }
            if let Some(slot) = self.ranges.get_mut(node.index()) {
                *slot = range;
            }
        }
        edges.sort_unstable();
        self.edges.insert(id, Arc::new(edges));
    }

    /// Measures the tests that move with time.
    pub(crate) fn follow_time(&mut self, graph: &Graph, users: &Users, at: Instant) {
        let columns: BTreeSet<ColumnId> = graph
            .moving()
            .iter()
            .filter_map(|node| match graph.node(*node) {
                Some(Node::Test(column, _)) => Some(*column),
                _ => None,
            })
            .collect();
        for column in columns {
            self.measure(column, graph, users, at);
        }
    }

    pub(crate) fn get(&self, node: NodeId) -> Range {
        self.ranges.get(node.index()).copied().unwrap_or(NOTHING)
    }

    /// The tests whose answer differs between two codes of a column; some may be named that do not differ.
    pub(crate) fn flipped(&self, column: ColumnId, old: u64, new: u64) -> impl Iterator<Item = NodeId> + '_ {
        let (low, high) = (old.min(new), old.max(new));
        let edges = self.edges.get(&column).map_or(&[][..], |edges| edges.as_slice());
        let start = edges.partition_point(|(code, _)| *code <= low);
        let between = edges.iter().skip(start).take_while(move |(code, _)| *code <= high);
        between.map(|(_, node)| *node)
    }
}

/// The range of a test where nobody has a value.
fn without_column(test: &Test) -> Range {
    match test {
        Test::Missing => (0, 0),
        Test::Codes(lo, hi) => (*lo, *hi),
        Test::Present | Test::Within(..) => NOTHING,
    }
}

fn range(column: &Column, test: &Test, at: Instant) -> Range {
    match test {
        Test::Missing => (0, 0),
        Test::Present => PRESENT,
        Test::Codes(lo, hi) => (*lo, *hi),
        Test::Within(from, to) => {
            let lo = match from {
                Edge::Open => Some(1),
                Edge::Before(point) => cut(column, point, false, at),
                Edge::After(point) => cut(column, point, true, at),
            };
            let end = match to {
                Edge::Open => return lo.map_or(NOTHING, |lo| (lo, u64::MAX)),
                Edge::Before(point) => cut(column, point, false, at),
                Edge::After(point) => cut(column, point, true, at),
            };
            match (lo, end) {
                // A range that ends before the first code is empty; so is one whose ends are crossed.
                (Some(lo), Some(end)) if end > lo => (lo, end - 1),
                _ => NOTHING,
            }
        }
    }
}

/// The first code at or (`after`) beyond a point.
fn cut(column: &Column, point: &Point, after: bool, at: Instant) -> Option<u64> {
    match point {
        Point::Key(key) => column.cut_key(key, after),
        Point::Number(number) => Some(column.cut_number(*number, after)),
        Point::Moving(moving) => Some(column.cut_number(number_at(moving, at.day(moving.zone)), after)),
    }
}

/// The number of a moving day when it is `today` in its zone.
pub(crate) fn number_at(moving: &Moving, today: NaiveDate) -> i64 {
    let day = moving.day.day(today).unwrap_or(today);
    let day = if moving.next { day.succ_opt().unwrap_or(day) } else { day };
    if moving.instant { Instant::start_of(day, moving.zone).millis() } else { day.num_days_from_ce().into() }
}
