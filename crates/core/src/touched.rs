//! Which values of which people changed, and which slots have to be asked about whom because of it: those of the
//! tests that flipped. Not here: the answers (`derive`).

use std::collections::BTreeSet;

use matricula_rule::{AttributeId, SegmentId, UserId};

use crate::RowSet;
use crate::block::BLOCK;
use crate::derive::Agenda;
use crate::evaluate::matches;
use crate::graph::{Node, NodeId, Rows};
use crate::state::State;
use crate::users::ColumnId;

/// Which values of which people changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Touched {
    /// The changed places, as long as they are few.
    cells: Vec<(u32, ColumnId)>,
    /// The changed blocks.
    blocks: BTreeSet<usize>,
    /// The block of the last change.
    last: Option<usize>,
    /// Whether `cells` is no longer complete.
    many: bool,
    /// The user attributes of which values changed.
    lines: BTreeSet<AttributeId>,
    /// The people about whom something was decided by hand.
    hands: BTreeSet<(SegmentId, u32)>,
}

/// More changed places than this part of all people, and whole blocks are evaluated.
const MANY: usize = 64;
/// At least so many changed places are followed one by one.
const FEW: usize = 256;

impl Touched {
    /// Notes that a value changed, among so many people.
    pub(crate) fn note(&mut self, row: u32, column: ColumnId, count: u32) {
        let block = row as usize / BLOCK;
        if self.last != Some(block) {
            self.last = Some(block);
            self.blocks.insert(block);
        }
        if !self.many && self.cells.len() >= FEW.max(count as usize / MANY) {
            self.many = true;
            self.cells = Vec::new();
        }
        if !self.many {
            self.cells.push((row, column));
        }
    }

    /// Notes that somebody names another person than before.
    pub(crate) fn note_line(&mut self, attribute: AttributeId) {
        self.lines.insert(attribute);
    }

    /// Notes that something was decided by hand.
    pub(crate) fn note_hand(&mut self, segment: SegmentId, row: u32) {
        self.hands.insert((segment, row));
    }

    /// What has to be asked anew.
    pub(crate) fn agenda(&self, before: &State, after: &State) -> Agenda {
        let mut agenda = Agenda::default();
        // Whom to ask about what is written down at once, in a list that does not have to grow.
        let mut flips: Vec<(NodeId, u32)> = Vec::new();
        let mut ask = |node: NodeId, row: u32| flips.push((node, row));
        for &(segment, row) in &self.hands {
            for rows in [Rows::Pinned(segment), Rows::Banned(segment)] {
                if let Some(node) = after.graph.find(&Node::Rows(rows)) {
                    ask(node, row);
                }
            }
        }
        if self.many {
            let mut blocks = self.blocks.clone();
            for attribute in &self.lines {
                for (user, _) in after.graph.lines_of(*attribute) {
                    let was = before.users.below(*attribute, *user);
                    let is = after.users.below(*attribute, *user);
                    let moved = was.difference(&is).union(&is.difference(&was));
                    blocks.extend(moved.iter().map(|row| row as usize / BLOCK));
                }
            }
            agenda.blocks = blocks.into_iter().collect();
            return agenda;
        }
        let cells: BTreeSet<_> = self.cells.iter().copied().collect();
        for (row, column) in cells {
            for node in flipped(before, after, row, column) {
                ask(node, row);
            }
            if let ColumnId::Attribute(attribute) = column
                && self.lines.contains(&attribute)
            {
                let (nodes, people) = moved_lines(before, after, row, attribute);
                for node in nodes {
                    people.iter().for_each(|person| ask(node, person));
                }
            }
        }
        let slots = |node: NodeId| after.graph.dependants(node);
        agenda.asked.reserve_exact(flips.iter().map(|(node, _)| slots(*node).len()).sum());
        for (node, row) in flips {
            agenda.asked.extend(slots(node).iter().map(|slot| (row, *slot)));
        }
        agenda
    }
}

/// The tests that a changed value of a person flips; some may be named that it does not.
fn flipped(before: &State, after: &State, row: u32, id: ColumnId) -> Vec<NodeId> {
    let Some(column) = after.users.column(id) else { return Vec::new() };
    let new = column.get(row);
    let earlier = before.users.column(id);
    let old = earlier.map_or(0, |earlier| {
        let code = earlier.get(row);
        // Codes may have been renumbered in between; values have not.
        earlier.value(code).map_or(code, |value| column.code(&value).unwrap_or_default())
    });
    let mut nodes: Vec<NodeId> = after.ranges.flipped(id, old, new).collect();
    for &node in after.graph.matches_of(id) {
        let Some(Node::Match(_, how, text)) = after.graph.node(node) else { continue };
        let passes = |value: Option<&str>| value.is_some_and(|value| matches(*how, value, text));
        let was = earlier.is_some_and(|earlier| passes(earlier.text(earlier.get(row))));
        if was != passes(column.text(new)) {
            nodes.push(node);
        }
    }
    if let ColumnId::Attribute(attribute) = id {
        let (was, is) =
            (before.users.options(UserId(row), attribute), after.users.options(UserId(row), attribute));
        let moved = was.iter().filter(|option| is.binary_search(option).is_err());
        for option in moved.chain(is.iter().filter(|option| was.binary_search(option).is_err())) {
            nodes.extend(after.graph.find(&Node::Rows(Rows::Option(attribute, *option))));
        }
    }
    if id == ColumnId::Status && row >= before.users.count() {
        nodes.extend_from_slice(after.graph.keys());
    }
    nodes
}

/// The lines that begin or cease to pass through a person, and everybody whose line passes through there: the
/// person, and all below. Whoever's line leads past nobody that changed is where it was.
fn moved_lines(before: &State, after: &State, row: u32, attribute: AttributeId) -> (Vec<NodeId>, RowSet) {
    if after.graph.lines_of(attribute).next().is_none() {
        return (Vec::new(), RowSet::default());
    }
    let chain = |state: &State| -> BTreeSet<UserId> { state.users.above(attribute, row).collect() };
    let (was, is) = (chain(before), chain(after));
    let nodes: Vec<NodeId> =
        was.symmetric_difference(&is).filter_map(|user| after.graph.line(attribute, *user)).collect();
    if nodes.is_empty() {
        return (nodes, RowSet::default());
    }
    let mut people = after.users.below(attribute, UserId(row));
    people.set(row, true);
    (nodes, people)
}
