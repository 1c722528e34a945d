//! The tests of a graph as ranges of codes, as columns stand and on the days that it is, and the index from a
//! changed code to the tests that it flips. Made anew when codes are renumbered or a day ends.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use matricula_rule::Comparison;

use crate::Instant;
use crate::column::{Column, NOTHING, PRESENT, Range};
use crate::graph::{Graph, Node, NodeId, Test};
use crate::users::{ColumnId, Users};

/// A range of codes for every test, and where each range begins and ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges {
    /// By node; meaningless for combinations.
    ranges: Vec<Range>,
    /// By column, the codes at which some test begins to hold or ceases to, ascending.
    edges: BTreeMap<ColumnId, Vec<(u32, NodeId)>>,
}

impl Ranges {
    /// The ranges of all tests at an instant.
    pub(crate) fn new(graph: &Graph, users: &Users, at: Instant) -> Self {
        let mut ranges = Vec::with_capacity(graph.nodes().len());
        let mut edges: BTreeMap<ColumnId, Vec<(u32, NodeId)>> = BTreeMap::new();
        let mut days: BTreeMap<&'static str, NaiveDate> = BTreeMap::new();
        for (node, id) in graph.nodes().iter().zip((0..).map(NodeId)) {
            let Node::Test(column_id, test) = node else {
                ranges.push(NOTHING);
                continue;
            };
            let day = |zone: Tz| *days.entry(zone.name()).or_insert_with(|| at.day(zone));
            let range = users.column(*column_id).map_or(NOTHING, |column| range(column, test, day));
            if range.0 <= range.1 {
                let edges = edges.entry(*column_id).or_default();
                edges.push((range.0, id));
                if let Some(end) = range.1.checked_add(1) {
                    edges.push((end, id));
                }
            }
            ranges.push(range);
        }
        for edges in edges.values_mut() {
            edges.sort_unstable();
        }
        Self { ranges, edges }
    }

    pub(crate) fn get(&self, node: NodeId) -> Range {
        self.ranges.get(node.index()).copied().unwrap_or(NOTHING)
    }

    /// The tests whose answer differs between two codes of a column; some may be named that do not differ.
    pub(crate) fn flipped(&self, column: ColumnId, old: u32, new: u32) -> impl Iterator<Item = NodeId> + '_ {
        let (low, high) = (old.min(new), old.max(new));
        let edges = self.edges.get(&column).map_or(&[][..], Vec::as_slice);
        let start = edges.partition_point(|(code, _)| *code <= low);
        let between = edges.iter().skip(start).take_while(move |(code, _)| *code <= high);
        between.map(|(_, node)| *node)
    }
}

fn range(column: &Column, test: &Test, mut day: impl FnMut(Tz) -> NaiveDate) -> Range {
    let (comparison, (below, equal, above)) = match test {
        Test::Missing => return (0, 0),
        Test::Present => return PRESENT,
        Test::Code(code) => return (*code, *code),
        Test::Value(comparison, value) => (comparison, column.split_at(value)),
        Test::Today(comparison, offset, zone) => (comparison, column.split_at_date(offset.from(day(*zone)))),
    };
    match comparison {
        Comparison::Equal => equal,
        Comparison::Less => below,
        Comparison::LessOrEqual => join(below, equal),
        Comparison::Greater => above,
        Comparison::GreaterOrEqual => join(equal, above),
        Comparison::NotEqual => NOTHING,
    }
}

/// Two ranges next to each other as one.
fn join(low: Range, high: Range) -> Range {
    if low.0 > low.1 {
        high
    } else if high.0 > high.1 {
        low
    } else {
        (low.0, high.1)
    }
}
