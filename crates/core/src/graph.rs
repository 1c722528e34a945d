//! All rules of a registry as one graph: each distinct test and combination stands once, in an order in which
//! parts come before wholes. Rules are brought to a form without "not": a negated test is the complementary
//! test among those who have a value, which is what makes unknown come out as not selected. Not here: codes
//! (`ranges`) and answers (`evaluate`).

use std::collections::{BTreeSet, HashMap};

use chrono_tz::Tz;
use matricula_rule::{AttributeId, Comparison, Offset, Operand, Rule, Value};

use crate::users::ColumnId;

/// The position of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeId(pub(crate) u32);

impl NodeId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A question about one column, two-valued: a person without a value does not pass, except for `Missing`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Test {
    /// There is no value.
    Missing,
    /// There is a value.
    Present,
    /// The code itself is this one.
    Code(u32),
    /// The value compares so with a constant; never `NotEqual`.
    Value(Comparison, Value),
    /// The day compares so with a day counted from today in a zone; never `NotEqual`.
    Today(Comparison, Offset, Tz),
}

/// A node: a test of one column, or a combination of nodes before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Test(ColumnId, Test),
    /// All of these; everybody if there are none.
    All(Box<[NodeId]>),
    /// Any of these; nobody if there are none.
    Any(Box<[NodeId]>),
    /// The first but not the second.
    Except(NodeId, NodeId),
}

/// Nodes, each distinct one once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    index: HashMap<Node, NodeId>,
    /// The nodes that stand for whole segments, by slot.
    roots: Vec<NodeId>,
    /// For each node, the slots whose roots depend on it.
    dependants: Vec<Vec<u32>>,
}

impl Graph {
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    pub(crate) fn root(&self, slot: usize) -> Option<NodeId> {
        self.roots.get(slot).copied()
    }

    pub(crate) fn slot_count(&self) -> usize {
        self.roots.len()
    }

    /// The slots whose answer depends on a node.
    pub(crate) fn dependants(&self, node: NodeId) -> &[u32] {
        self.dependants.get(node.index()).map_or(&[], Vec::as_slice)
    }

    /// The nodes that the given slots need, parts before wholes.
    pub(crate) fn needed(&self, slots: &[usize]) -> Vec<NodeId> {
        let mut needed = BTreeSet::new();
        for root in slots.iter().filter_map(|&slot| self.root(slot)) {
            self.reach(root, &mut |node| needed.insert(node));
        }
        needed.into_iter().collect()
    }

    /// Visits a node and its parts; `visit` says whether to go on below.
    fn reach(&self, from: NodeId, visit: &mut impl FnMut(NodeId) -> bool) {
        let mut rest = vec![from];
        while let Some(node) = rest.pop() {
            if !visit(node) {
                continue;
            }
            match self.node(node) {
                Some(Node::All(parts) | Node::Any(parts)) => rest.extend(parts),
                Some(Node::Except(from, what)) => rest.extend([*from, *what]),
                Some(Node::Test(..)) | None => {}
            }
        }
    }

    /// Appends a slot for a segment: people who pass the rule and are in the universe.
    pub(crate) fn add_slot(&mut self, rule: &Rule, zone: Tz, universe: NodeId) {
        let rule = self.add_rule(rule, zone, false);
        let root = self.add_all(vec![universe, rule]);
        self.roots.push(root);
    }

    /// Notes which slots depend on which tests. To be called once after the last slot.
    pub(crate) fn finish(&mut self) {
        let mut dependants = vec![Vec::new(); self.nodes.len()];
        let mut seen = vec![u32::MAX; self.nodes.len()];
        for (slot, &root) in self.roots.iter().enumerate() {
            let slot = u32::try_from(slot).unwrap_or(u32::MAX);
            self.reach(root, &mut |node| {
                let Some(last) = seen.get_mut(node.index()) else {
                    return false;
                };
                if std::mem::replace(last, slot) == slot {
                    return false;
                }
                if let (Some(Node::Test(..)), Some(slots)) =
                    (self.node(node), dependants.get_mut(node.index()))
                {
                    slots.push(slot);
                }
                true
            });
        }
        self.dependants = dependants;
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

    pub(crate) fn add_code(&mut self, column: ColumnId, code: u32) -> NodeId {
        self.add(Node::Test(column, Test::Code(code)))
    }

    /// Adds the people for whom the rule is true or, `negated`, for whom it is false; never those for whom it
    /// is unknown.
    fn add_rule(&mut self, rule: &Rule, zone: Tz, negated: bool) -> NodeId {
        match rule {
            Rule::All(parts) | Rule::Any(parts) => {
                let all = matches!(rule, Rule::All(_)) != negated;
                let parts = parts.iter().map(|part| self.add_rule(part, zone, negated)).collect();
                if all { self.add_all(parts) } else { self.add_any(parts) }
            }
            Rule::Not(part) => self.add_rule(part, zone, !negated),
            Rule::Has(attribute) => {
                let test = if negated { Test::Missing } else { Test::Present };
                self.add_test(*attribute, test)
            }
            Rule::Compare { attribute, comparison, with } => {
                let comparison = if negated { comparison.negated() } else { *comparison };
                let unequal = comparison == Comparison::NotEqual;
                let comparison = if unequal { Comparison::Equal } else { comparison };
                let test = match with {
                    Operand::Value(value) => Test::Value(comparison, value.clone()),
                    Operand::Today(offset) => Test::Today(comparison, *offset, zone),
                };
                let test = self.add_test(*attribute, test);
                if unequal { self.add_others(*attribute, test) } else { test }
            }
            Rule::In { attribute, values } => {
                let equal = |value: &Value| Test::Value(Comparison::Equal, value.clone());
                let tests = values.iter().map(|value| self.add_test(*attribute, equal(value))).collect();
                let any = self.add_any(tests);
                if negated { self.add_others(*attribute, any) } else { any }
            }
        }
    }

    fn add_test(&mut self, attribute: AttributeId, test: Test) -> NodeId {
        self.add(Node::Test(ColumnId::Attribute(attribute), test))
    }

    /// Those who have a value, except these.
    fn add_others(&mut self, attribute: AttributeId, these: NodeId) -> NodeId {
        let present = self.add_test(attribute, Test::Present);
        self.add(Node::Except(present, these))
    }
}
