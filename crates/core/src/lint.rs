//! What is strange about a rule although it is right: that it can never be true, that it leaves people out for want
//! of a value, that another segment selects the same. Advice, not errors. Not here: errors (`matricula-rule`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use matricula_rule::{
    Attribute, AttributeId, Comparison, Field, Glob, Kind, Names, Operand, OptionId, Quantity, Rule,
    SegmentId, SiteId, UserId, Value, describe, fold, print,
};
use serde::Serialize;

use crate::column::{Column, Range};
use crate::compile::Compiler;
use crate::graph::{Graph, Node, NodeId, Test};
use crate::model::SegmentState;
use crate::ranges::Ranges;
use crate::state::State;
use crate::users::ColumnId;
use crate::{Instant, RowSet, Snapshot};

/// Something strange about a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "lint", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Lint {
    /// People are left out because a value is missing.
    LeftOutAsUnknown {
        /// How many.
        people: usize,
        /// The attributes that are missing, each with how many of them lack it.
        missing: Vec<(String, usize)>,
        /// What to write to have them in.
        instead: String,
    },
    /// A part can never be true.
    NeverTrue {
        /// The part, in English.
        part: String,
    },
    /// A part is true of everybody.
    AlwaysTrue {
        /// The part, in English.
        part: String,
    },
    /// No value that the attribute accepts passes, or none fails.
    Contradicts {
        /// The test, in English.
        part: String,
        /// The attribute's key.
        attribute: String,
    },
    /// Another segment has the same rule.
    Duplicate {
        /// The other segment's key.
        segment: String,
    },
    /// Everybody whom it selects is in another segment too.
    Subsumed {
        /// The other segment's key.
        segment: String,
    },
    /// Nobody has a value that it names.
    Unused {
        /// The attribute's key.
        attribute: String,
        /// The value.
        value: String,
    },
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftOutAsUnknown { people, missing, instead } => {
                let missing: Vec<String> =
                    missing.iter().map(|(attribute, count)| format!("{attribute} ({count})")).collect();
                let missing = missing.join(", ");
                let are =
                    if *people == 1 { "1 person is".to_owned() } else { format!("{people} people are") };
                write!(f, "{are} left out because a value is missing: {missing}; to have them in, {instead}")
            }
            Self::NeverTrue { part } => write!(f, "never true: {part}"),
            Self::AlwaysTrue { part } => write!(f, "always true: {part}"),
            Self::Contradicts { part, attribute } => {
                write!(f, "no value that `{attribute}` accepts makes a difference: {part}")
            }
            Self::Duplicate { segment } => write!(f, "segment `{segment}` has the same rule"),
            Self::Subsumed { segment } => {
                write!(f, "everybody whom it selects is in segment `{segment}` too")
            }
            Self::Unused { attribute, value } => write!(f, "nobody has `{value}` as `{attribute}`"),
        }
    }
}

/// Everything strange about a rule of a site, given the people whom it leaves out as unknown.
pub(crate) fn lints(
    snapshot: &Snapshot,
    rule: &Rule,
    site: Option<SiteId>,
    segment: Option<SegmentId>,
    unknown: &RowSet,
) -> Vec<Lint> {
    let state = &*snapshot.0;
    let mut found = Vec::new();
    found.extend(left_out(state, rule, unknown));
    let linter = Linter::new(state, rule, site);
    linter.parts(rule, snapshot, &mut found);
    // A rule that selects nobody is within every other, which says nothing more.
    if !linter.is_empty(linter.root) {
        linter.others(site, segment, &mut found);
    }
    contradictions(state, rule, snapshot, &mut found);
    unused(state, rule, &mut found);
    found
}

fn left_out(state: &State, rule: &Rule, unknown: &RowSet) -> Option<Lint> {
    if unknown.is_empty() {
        return None;
    }
    let mut fields: BTreeSet<Field> = BTreeSet::new();
    rule.visit(&mut |part| fields.extend(part.field().filter(|field| !field.is_never_unknown())));
    let mut missing: Vec<(String, usize)> = Vec::new();
    let mut instead = Vec::new();
    for field in fields {
        let (name, has) = match field {
            Field::Attribute(id) => {
                let key = &state.schema.get(id)?.key;
                (key.clone(), format!("!has(user.{key})"))
            }
            Field::Score(course) => {
                let has = print(&Rule::Not(Box::new(Rule::Has(field))), state);
                (format!("score in {}", state.course(course)?.key), has)
            }
            _ => continue,
        };
        let count = unknown.iter().filter(|row| state.users.field(UserId(*row), field).is_none()).count();
        if count > 0 {
            missing.push((name, count));
            instead.push(has);
        }
    }
    let instead = format!("add `|| {}`", instead.join(" || "));
    Some(Lint::LeftOutAsUnknown { people: unknown.len(), missing, instead })
}

/// A rule and those of other segments in one graph, so that what is the same is one node.
struct Linter<'a> {
    state: &'a State,
    graph: Graph,
    ranges: Ranges,
    /// The columns in whose order something may always come between two values that are there.
    texts: BTreeSet<ColumnId>,
    root: NodeId,
    others: Vec<(SegmentId, NodeId)>,
    /// The nodes of parts for which they are true, and for which they are false.
    parts: HashMap<Rule, (NodeId, NodeId)>,
}

impl<'a> Linter<'a> {
    fn new(state: &'a State, rule: &Rule, site: Option<SiteId>) -> Self {
        let zone = state.zone(site);
        let mut graph = Graph::default();
        let mut compiler = Compiler::new(state, &mut graph);
        let root = compiler.rule(rule, zone, false);
        let mut parts = HashMap::new();
        rule.visit(&mut |part| {
            parts.insert(part.clone(), (compiler.rule(part, zone, false), compiler.rule(part, zone, true)));
        });
        let mut others = Vec::new();
        for (segment, id) in state.segments.values().zip((0..).map(SegmentId)) {
            if let (SegmentState::Active, Some(other)) = (segment.state, &segment.rule)
                && (segment.site == site || segment.site.is_none())
            {
                others.push((id, compiler.rule(other, state.zone(segment.site), false)));
            }
        }
        graph.finish();
        // Constants need a place in the order of their columns, which only a copy of the people may be given.
        let mut copy = state.clone();
        copy.graph = std::sync::Arc::new(graph.clone());
        copy.gather_due();
        copy.teach_constants();
        copy.teach_numbers();
        let ranges = Ranges::new(&graph, &copy.users, state.clock.unwrap_or(Instant::EPOCH));
        let is_text = |id: &ColumnId| copy.users.column(*id).is_some_and(Column::is_dictionary);
        let texts = graph.tests().map(|(column, _)| column).filter(is_text).collect();
        Self { state, graph, ranges, texts, root, others, parts }
    }

    /// Parts that are the same for everybody; of a part that is, its own parts are not told.
    fn parts(&self, rule: &Rule, names: &dyn Names, found: &mut Vec<Lint>) {
        if let Some((yes, no)) = self.parts.get(rule) {
            if self.is_empty(*yes) {
                found.push(Lint::NeverTrue { part: describe(rule, names) });
                return;
            }
            // True of everybody who has the values, or of everybody at all.
            if self.is_empty(*no) {
                found.push(Lint::AlwaysTrue { part: describe(rule, names) });
                return;
            }
        }
        match rule {
            Rule::All(parts) | Rule::Any(parts) | Rule::Xor(parts) => {
                parts.iter().for_each(|part| self.parts(part, names, found));
            }
            Rule::Not(part) => self.parts(part, names, found),
            _ => {}
        }
    }

    /// Whether a node can have nobody, whatever values people have: all its ways ask one column for two things.
    fn is_empty(&self, node: NodeId) -> bool {
        match self.graph.node(node) {
            Some(Node::Any(parts)) => parts.iter().all(|part| self.is_empty(*part)),
            Some(Node::All(parts)) => {
                if parts.iter().any(|part| self.is_empty(*part)) {
                    return true;
                }
                let mut by_column: BTreeMap<ColumnId, Range> = BTreeMap::new();
                let mut moving: BTreeSet<ColumnId> = BTreeSet::new();
                for part in self.conjuncts(parts) {
                    if let Some(Node::Test(column, _)) = self.graph.node(part) {
                        let (lo, hi) = self.ranges.get(part);
                        let range = by_column.entry(*column).or_insert((0, u64::MAX));
                        *range = (range.0.max(lo), range.1.min(hi));
                        // Neighbouring codes of texts leave nothing between them only as long as nothing comes.
                        let margin = u64::from(self.texts.contains(column));
                        moving.extend(self.is_moving(part).then_some(*column));
                        if range.0 > range.1.saturating_add(margin) && !moving.contains(column) {
                            return true;
                        }
                    }
                }
                false
            }
            Some(Node::Except(from, what)) => self.is_empty(*from) || self.implies(*from, *what, 0),
            Some(Node::AtLeast(count, parts)) => (parts.len() as u64) < u64::from(*count),
            _ => false,
        }
    }

    /// The parts of an "all", those of its own "all"s included.
    fn conjuncts(&self, parts: &[NodeId]) -> Vec<NodeId> {
        let mut rest = parts.to_vec();
        let mut flat = Vec::new();
        while let Some(part) = rest.pop() {
            match self.graph.node(part) {
                Some(Node::All(parts)) => rest.extend_from_slice(parts),
                _ => flat.push(part),
            }
        }
        flat
    }

    fn is_moving(&self, node: NodeId) -> bool {
        self.graph.moving().contains(&node)
    }

    /// Whether everybody who passes one node certainly passes another.
    fn implies(&self, one: NodeId, other: NodeId, depth: usize) -> bool {
        if one == other {
            return true;
        }
        if depth > 64 {
            return false;
        }
        let (Some(a), Some(b)) = (self.graph.node(one), self.graph.node(other)) else { return false };
        let deeper = |one: NodeId, other: NodeId| self.implies(one, other, depth + 1);
        match (a, b) {
            (_, Node::All(parts)) => parts.iter().all(|part| deeper(one, *part)),
            (Node::Any(parts), _) => parts.iter().all(|part| deeper(*part, other)),
            (_, Node::Any(parts)) if parts.iter().any(|part| deeper(one, *part)) => true,
            (Node::All(parts), _) => parts.iter().any(|part| deeper(*part, other)),
            (Node::Except(from, _), _) => deeper(*from, other),
            (Node::Test(left, _), Node::Test(right, test)) if left == right => {
                let ((lo, hi), (low, high)) = (self.ranges.get(one), self.ranges.get(other));
                let fixed = !self.is_moving(one) && !self.is_moving(other);
                fixed && (*test == Test::Present && lo > 0 || low <= lo && hi <= high && lo <= hi)
            }
            (Node::Match(column, ..), Node::Test(other, Test::Present)) => column == other,
            (Node::Line(attribute, _), Node::Test(other, Test::Present)) => {
                *other == ColumnId::Attribute(*attribute)
            }
            _ => false,
        }
    }

    fn others(&self, site: Option<SiteId>, segment: Option<SegmentId>, found: &mut Vec<Lint>) {
        for (id, node) in self.others.iter().filter(|(id, _)| Some(*id) != segment) {
            let Some(other) = self.state.segment(*id) else { continue };
            let segment = other.key.clone();
            if *node == self.root && other.site == site {
                found.push(Lint::Duplicate { segment });
            } else if self.implies(self.root, *node, 0) {
                found.push(Lint::Subsumed { segment });
            }
        }
    }
}

/// Tests that are the same for every value that the attribute's own definition accepts.
fn contradictions(state: &State, rule: &Rule, names: &dyn Names, found: &mut Vec<Lint>) {
    rule.visit(&mut |part| {
        let attribute = part.field().and_then(Field::attribute).and_then(|id| state.schema.get(id));
        if let Some(attribute) = attribute
            && contradicts(part, attribute)
        {
            found.push(Lint::Contradicts { part: describe(part, names), attribute: attribute.key.clone() });
        }
    });
}

fn contradicts(part: &Rule, attribute: &Attribute) -> bool {
    // A day compared with instants is none of them.
    let alike = |a: &Value, b: &Value| std::mem::discriminant(a) == std::mem::discriminant(b);
    let below = |value: &Value| {
        attribute.minimum.as_ref().is_some_and(|minimum| alike(value, minimum) && value < minimum)
    };
    let above = |value: &Value| {
        attribute.maximum.as_ref().is_some_and(|maximum| alike(value, maximum) && value > maximum)
    };
    let mismatched = |value: &Value| match (&attribute.pattern, value) {
        (Some(pattern), Value::Text(text)) => {
            let folded =
                |text: &str| if attribute.ignore_case { fold(text).into_owned() } else { text.to_owned() };
            Glob::new(&folded(pattern)).is_ok_and(|glob| !glob.matches(&folded(text)))
        }
        _ => false,
    };
    match part {
        Rule::Has(_) => attribute.required,
        Rule::Compare { comparison, with: Operand::Value(value), .. } => match comparison {
            Comparison::Equal | Comparison::NotEqual => below(value) || above(value) || mismatched(value),
            Comparison::Less | Comparison::GreaterOrEqual => {
                below(value) || above(value) || attribute.minimum.as_ref() == Some(value)
            }
            Comparison::Greater | Comparison::LessOrEqual => {
                below(value) || above(value) || attribute.maximum.as_ref() == Some(value)
            }
        },
        Rule::In { values, .. } => {
            values.iter().all(|value| below(value) || above(value) || mismatched(value))
        }
        Rule::Between { from: Operand::Value(from), to: Operand::Value(to), .. } => above(from) || below(to),
        _ => false,
    }
}

/// Values that a rule names and nobody has.
fn unused(state: &State, rule: &Rule, found: &mut Vec<Lint>) {
    let mut values: BTreeMap<AttributeId, BTreeSet<&Value>> = BTreeMap::new();
    let mut options: BTreeSet<(AttributeId, OptionId)> = BTreeSet::new();
    rule.visit(&mut |part| {
        let attribute = part.field().and_then(Field::attribute);
        match (part, attribute) {
            (
                Rule::Compare {
                    comparison: Comparison::Equal | Comparison::NotEqual,
                    with: Operand::Value(value),
                    ..
                },
                Some(attribute),
            ) => {
                values.entry(attribute).or_default().insert(value);
            }
            (Rule::In { values: listed, .. }, Some(attribute)) => {
                values.entry(attribute).or_default().extend(listed);
            }
            (Rule::Options { attribute, options: listed, quantity }, _) if *quantity != Quantity::None => {
                options.extend(listed.iter().map(|option| (*attribute, *option)));
            }
            _ => {}
        }
    });
    for (attribute, values) in values {
        let Some(definition) = state.schema.get(attribute) else { continue };
        let folds = definition.ignore_case;
        let id = if folds { ColumnId::Folded(attribute) } else { ColumnId::Attribute(attribute) };
        let Some(column) = state.users.column(id) else { continue };
        // Booleans have two values, and a rule on either is no mistake.
        if definition.kind == Kind::Boolean {
            continue;
        }
        let coded = values.iter().map(|value| {
            let sought = if folds { crate::users::folded_value(value) } else { Value::clone(value) };
            (column.code(&sought), *value)
        });
        let mut by_code: HashMap<u64, &Value> = HashMap::new();
        let mut nobody: Vec<&Value> = Vec::new();
        for (code, value) in coded {
            match code {
                Some(code) => drop(by_code.insert(code, value)),
                None => nobody.push(value),
            }
        }
        if let (Some(low), Some(high)) = (by_code.keys().min().copied(), by_code.keys().max().copied()) {
            column.codes().each_between(low.max(1), high, |_, code| {
                by_code.remove(&code);
            });
        }
        nobody.extend(by_code.into_values());
        nobody.sort_unstable();
        found.extend(nobody.into_iter().map(|value| Lint::Unused {
            attribute: definition.key.clone(),
            value: shown(state, definition, value),
        }));
    }
    for (attribute, option) in options {
        let Some(definition) = state.schema.get(attribute) else { continue };
        if state.users.people_with(attribute).is_none_or(|people| people.len(option.index()) == 0) {
            let value = definition.option_key(option).unwrap_or_default().to_owned();
            found.push(Lint::Unused { attribute: definition.key.clone(), value });
        }
    }
}

fn shown(state: &State, attribute: &Attribute, value: &Value) -> String {
    match value {
        Value::Choice(option) => attribute.option_key(*option).unwrap_or_default().to_owned(),
        Value::User(UserId(row)) => {
            state.users.key(UserId(*row)).map(|key| key.to_string()).unwrap_or_default()
        }
        other => crate::accept::plain(other),
    }
}
