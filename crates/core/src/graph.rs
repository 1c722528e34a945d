//! All rules of a registry as one graph: each distinct test and combination stands once, in an order in which
//! parts come before wholes; a segment that a rule names is a part like any other. Not here: how rules become
//! nodes (`compile`), codes (`ranges`), answers (`evaluate`).

use std::collections::{BTreeMap, HashMap};

use chrono_tz::Tz;
use matricula_rule::{AttributeId, CourseId, Matching, Operand, OptionId, Rule, SegmentId, UserId};

use crate::ask::Outline;
use crate::users::ColumnId;

/// The position of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(pub(crate) u32);

impl NodeId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A question about one column, two-valued: a person without a value does not pass, except for `Missing`, and for
/// `Codes` from 0 on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Test {
    /// There is no value.
    Missing,
    /// There is a value.
    Present,
    /// The code itself lies between these, both included.
    Codes(u64, u64),
    /// The value lies between these.
    Within(Edge, Edge),
}

impl Test {
    /// The points at which its range begins and ends.
    pub(crate) fn points(&self) -> impl Iterator<Item = &Point> {
        let edges = match self {
            Self::Within(from, to) => Some([from, to]),
            Self::Missing | Self::Present | Self::Codes(..) => None,
        };
        edges.into_iter().flatten().filter_map(|edge| match edge {
            Edge::Open => None,
            Edge::Before(point) | Edge::After(point) => Some(point),
        })
    }

    /// The points that move with time.
    pub(crate) fn moving_points(&self) -> impl Iterator<Item = &Moving> {
        self.points().filter_map(|point| match point {
            Point::Moving(moving) => Some(moving),
            Point::Key(_) | Point::Number(_) => None,
        })
    }
}

/// Where a range of values begins or ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Edge {
    /// At no value: it goes on as far as there are values.
    Open,
    /// Just before a value.
    Before(Point),
    /// Just after a value.
    After(Point),
}

/// A value at which a range begins or ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Point {
    /// Bytes, in a dictionary.
    Key(Box<[u8]>),
    /// A number, a day by its number, or an instant in milliseconds.
    Number(i64),
    /// A day that moves as time passes.
    Moving(Moving),
}

/// A day counted from today in a zone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Moving {
    pub(crate) day: Operand,
    /// The day after that.
    pub(crate) next: bool,
    /// Its first instant, rather than its number.
    pub(crate) instant: bool,
    pub(crate) zone: Tz,
}

/// People who are listed somewhere else in the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rows {
    /// Those who have an option of a multi-choice attribute.
    Option(AttributeId, OptionId),
    /// Those who were put into a segment by hand.
    Pinned(SegmentId),
    /// Those who were kept out of a segment by hand.
    Banned(SegmentId),
    /// Those who were in a segment when it was paused.
    Frozen(SegmentId),
    /// Those who are enrolled in a course.
    Enrolled(CourseId),
}

/// A node: a test, or a combination of nodes before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// A range of codes of a column.
    Test(ColumnId, Test),
    /// A text of a column matched otherwise than from its beginning.
    Match(ColumnId, Matching, Box<str>),
    /// A test of the person's key: a leaf of a rule.
    Key(Box<Rule>),
    /// The attribute leads to this person.
    Line(AttributeId, UserId),
    /// The person is listed.
    Rows(Rows),
    /// All of these; everybody if there are none.
    All(Box<[NodeId]>),
    /// Any of these; nobody if there are none.
    Any(Box<[NodeId]>),
    /// The first but not the second.
    Except(NodeId, NodeId),
    /// So many of these, at least.
    AtLeast(u32, Box<[NodeId]>),
}

impl Node {
    /// The nodes that it combines.
    pub(crate) fn parts(&self) -> impl Iterator<Item = NodeId> + '_ {
        let (list, pair): (&[NodeId], _) = match self {
            Self::All(parts) | Self::Any(parts) | Self::AtLeast(_, parts) => (parts, None),
            Self::Except(from, what) => (&[], Some([*from, *what])),
            Self::Test(..) | Self::Match(..) | Self::Key(_) | Self::Line(..) | Self::Rows(_) => (&[], None),
        };
        list.iter().copied().chain(pair.into_iter().flatten())
    }
}

/// Nodes, each distinct one once, and how to find those that a change concerns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    index: HashMap<Node, NodeId>,
    /// The nodes that stand for whole segments, by slot.
    roots: Vec<NodeId>,
    /// For each slot, how many rounds of enrolments have to be settled before it can be answered.
    levels: Vec<u32>,
    /// For each test, the slots whose roots depend on it.
    dependants: Vec<Vec<u32>>,
    /// Tests by column.
    tests: BTreeMap<ColumnId, Vec<NodeId>>,
    /// Matches by column.
    matches: BTreeMap<ColumnId, Vec<NodeId>>,
    /// Lines by attribute and by the person to whom they lead.
    lines: BTreeMap<AttributeId, HashMap<UserId, NodeId>>,
    /// Tests of people's keys.
    keys: Vec<NodeId>,
    /// Tests whose ranges move with time.
    moving: Vec<NodeId>,
    /// The zones by whose days they move.
    zones: Vec<Tz>,
    outline: Outline,
}

impl Graph {
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    pub(crate) fn outline(&self) -> &Outline {
        &self.outline
    }

    pub(crate) fn find(&self, node: &Node) -> Option<NodeId> {
        self.index.get(node).copied()
    }

    pub(crate) fn root(&self, slot: usize) -> Option<NodeId> {
        self.roots.get(slot).copied()
    }

    pub(crate) fn slot_count(&self) -> usize {
        self.roots.len()
    }

    pub(crate) fn level(&self, slot: usize) -> u32 {
        self.levels.get(slot).copied().unwrap_or_default()
    }

    pub(crate) fn max_level(&self) -> u32 {
        self.levels.iter().copied().max().unwrap_or_default()
    }

    /// The slots whose answer depends on a test.
    pub(crate) fn dependants(&self, node: NodeId) -> &[u32] {
        self.dependants.get(node.index()).map_or(&[], Vec::as_slice)
    }

    /// The tests of each column.
    pub(crate) fn tests(&self) -> impl Iterator<Item = (ColumnId, &[NodeId])> {
        self.tests.iter().map(|(column, nodes)| (*column, nodes.as_slice()))
    }

    pub(crate) fn tests_of(&self, column: ColumnId) -> &[NodeId] {
        self.tests.get(&column).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn matches_of(&self, column: ColumnId) -> &[NodeId] {
        self.matches.get(&column).map_or(&[], Vec::as_slice)
    }

    /// The people to whom lines along an attribute are asked for.
    pub(crate) fn lines_of(&self, attribute: AttributeId) -> impl Iterator<Item = (&UserId, &NodeId)> {
        self.lines.get(&attribute).into_iter().flatten()
    }

    /// The test whether an attribute leads to a person.
    pub(crate) fn line(&self, attribute: AttributeId, user: UserId) -> Option<NodeId> {
        self.lines.get(&attribute)?.get(&user).copied()
    }

    /// Tests of people's keys.
    pub(crate) fn keys(&self) -> &[NodeId] {
        &self.keys
    }

    /// The tests whose ranges move with time.
    pub(crate) fn moving(&self) -> &[NodeId] {
        &self.moving
    }

    /// The zones at whose midnights ranges move.
    pub(crate) fn zones(&self) -> &[Tz] {
        &self.zones
    }

    /// Some nodes and all that they need, parts before wholes.
    pub(crate) fn needed_by(&self, nodes: &[NodeId]) -> Vec<NodeId> {
        let mut needed = vec![false; self.nodes.len()];
        for &node in nodes {
            self.reach(node, &mut |node| {
                needed.get_mut(node.index()).is_some_and(|needed| !std::mem::replace(needed, true))
            });
        }
        let ids = (0..).map(NodeId);
        needed.iter().zip(ids).filter(|(needed, _)| **needed).map(|(_, id)| id).collect()
    }

    /// Visits a node and its parts; `visit` says whether to go on below.
    pub(crate) fn reach(&self, from: NodeId, visit: &mut impl FnMut(NodeId) -> bool) {
        let mut rest = vec![from];
        while let Some(id) = rest.pop() {
            if !visit(id) {
                continue;
            }
            if let Some(node) = self.node(id) {
                rest.extend(node.parts());
            }
        }
    }

    /// Appends a slot, whose answer is a node.
    pub(crate) fn add_slot(&mut self, root: NodeId, level: u32) {
        self.roots.push(root);
        self.levels.push(level);
    }

    /// Notes how to find what a change concerns. To be called once after the last slot.
    pub(crate) fn finish(&mut self) {
        let mut dependants = vec![Vec::new(); self.nodes.len()];
        let mut seen = vec![u32::MAX; self.nodes.len()];
        for (slot, &root) in self.roots.iter().enumerate() {
            let slot = u32::try_from(slot).unwrap_or(u32::MAX);
            self.reach(root, &mut |id| {
                let Some(last) = seen.get_mut(id.index()) else {
                    return false;
                };
                if std::mem::replace(last, slot) == slot {
                    return false;
                }
                let is_test = self.node(id).is_some_and(|node| node.parts().next().is_none());
                if let Some(slots) = dependants.get_mut(id.index()).filter(|_| is_test) {
                    slots.push(slot);
                }
                true
            });
        }
        self.dependants = dependants;
        let mut zones = BTreeMap::new();
        for (node, id) in self.nodes.iter().zip((0..).map(NodeId)) {
            match node {
                Node::Test(column, test) => {
                    self.tests.entry(*column).or_default().push(id);
                    if test.moving_points().next().is_some() {
                        self.moving.push(id);
                    }
                    zones.extend(test.moving_points().map(|point| (point.zone.name(), point.zone)));
                }
                Node::Match(column, ..) => self.matches.entry(*column).or_default().push(id),
                Node::Line(attribute, user) => {
                    self.lines.entry(*attribute).or_default().insert(*user, id);
                }
                Node::Key(_) => self.keys.push(id),
                _ => {}
            }
        }
        self.zones = zones.into_values().collect();
        self.outline = Outline::new(&self.nodes);
    }

    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        if let Some(&id) = self.index.get(&node) {
            return id;
        }
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node.clone());
        self.index.insert(node, id);
        id
    }

    pub(crate) fn add_all(&mut self, mut parts: Vec<NodeId>) -> NodeId {
        parts.sort_unstable();
        parts.dedup();
        match parts.as_slice() {
            [only] => *only,
            _ => self.add(Node::All(parts.into())),
        }
    }

    pub(crate) fn add_any(&mut self, mut parts: Vec<NodeId>) -> NodeId {
        parts.sort_unstable();
        parts.dedup();
        match parts.as_slice() {
            [only] => *only,
            _ => self.add(Node::Any(parts.into())),
        }
    }

    pub(crate) fn everybody(&mut self) -> NodeId {
        self.add(Node::All(Box::default()))
    }

    pub(crate) fn nobody(&mut self) -> NodeId {
        self.add(Node::Any(Box::default()))
    }
}
