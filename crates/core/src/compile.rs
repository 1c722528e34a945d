//! From rules to the graph. Rules are brought to a form without "not": a negated test is the complementary test
//! among those who have a value, which is what makes unknown come out as not selected. Not here: the graph itself
//! (`graph`), and which rules may name which segments (`nesting`).

use std::collections::HashMap;

use chrono::Datelike;
use chrono_tz::Tz;
use matricula_rule::{
    AttributeId, Comparison, Fact, Field, Kind, Matching, Operand, OptionId, Quantity, Rule, SegmentId,
    SiteId, Value, fold,
};

use crate::column::{number_of, path_key};
use crate::graph::{Edge, Graph, Moving, Node, NodeId, Point, Rows, Test};
use crate::model::SegmentState;
use crate::nesting::MAX_NESTING;
use crate::state::State;
use crate::users::{ColumnId, status_code};
use crate::{Instant, Status};

/// Puts the rules of a state into a graph.
pub(crate) struct Compiler<'a> {
    state: &'a State,
    graph: &'a mut Graph,
    segments: HashMap<SegmentId, NodeId>,
    depth: usize,
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(state: &'a State, graph: &'a mut Graph) -> Self {
        Self { state, graph, segments: HashMap::new(), depth: 0 }
    }

    /// The node of the people who can be members: active, with an active membership of the site, or of any.
    pub(crate) fn universe(&mut self, site: Option<SiteId>) -> NodeId {
        let member = match site {
            Some(site) => self.member_of(site),
            None => {
                let sites =
                    (0..self.state.sites.len()).map(|site| self.member_of(SiteId::at(site))).collect();
                self.graph.add_any(sites)
            }
        };
        let active = self.code(ColumnId::Status, status_code(Some(Status::Active)));
        self.graph.add_all(vec![active, member])
    }

    /// Those of some people who are active members of a site.
    pub(crate) fn intersection(&mut self, people: NodeId, site: SiteId) -> NodeId {
        let here = self.member_of(site);
        self.graph.add_all(vec![people, here])
    }

    fn member_of(&mut self, site: SiteId) -> NodeId {
        if !self.state.is_open(site) {
            return self.graph.nobody();
        }
        self.code(ColumnId::Site(site), status_code(Some(Status::Active)))
    }

    fn code(&mut self, column: ColumnId, code: u64) -> NodeId {
        self.graph.add(Node::Test(column, Test::Codes(code, code)))
    }

    /// The node of the members of a segment.
    pub(crate) fn segment(&mut self, id: SegmentId) -> NodeId {
        if let Some(node) = self.segments.get(&id) {
            return *node;
        }
        let Some(segment) = self.state.segment(id).filter(|_| self.depth < MAX_NESTING) else {
            return self.graph.nobody();
        };
        self.depth += 1;
        // Decisions by hand are few: where there never were any, nobody has to be asked about them.
        let by_hand = self.state.hand(id).is_some();
        let pinned = match by_hand {
            true => self.graph.add(Node::Rows(Rows::Pinned(id))),
            false => self.graph.nobody(),
        };
        let chosen = match (segment.state, &segment.rule) {
            (SegmentState::Draft, _) => self.graph.nobody(),
            (SegmentState::Paused, _) => self.graph.add(Node::Rows(Rows::Frozen(id))),
            (SegmentState::Active, None) => pinned,
            (SegmentState::Active, Some(rule)) => {
                let mut node = self.rule(rule, self.state.zone(segment.site), false);
                if by_hand {
                    node = self.graph.add_any(vec![node, pinned]);
                    let banned = self.graph.add(Node::Rows(Rows::Banned(id)));
                    node = self.graph.add(Node::Except(node, banned));
                }
                node
            }
        };
        let universe = self.universe(segment.site);
        let node = self.graph.add_all(vec![universe, chosen]);
        self.depth -= 1;
        self.segments.insert(id, node);
        node
    }

    /// The people for whom a rule is true or, `negated`, for whom it is false; never those for whom it is unknown.
    pub(crate) fn rule(&mut self, rule: &Rule, zone: Tz, negated: bool) -> NodeId {
        match rule {
            Rule::All(parts) | Rule::Any(parts) => {
                let all = matches!(rule, Rule::All(_)) != negated;
                let parts = parts.iter().map(|part| self.rule(part, zone, negated)).collect();
                if all { self.graph.add_all(parts) } else { self.graph.add_any(parts) }
            }
            Rule::Not(part) => self.rule(part, zone, !negated),
            Rule::Xor(parts) => {
                let (odd, even) = self.parity(parts, zone);
                if negated { even } else { odd }
            }
            leaf => self.leaf(leaf, zone, negated),
        }
    }

    /// The people for whom a rule is true, and those for whom it is false, in one walk: asking for each in turn would
    /// double the work at every "xor" within another.
    fn both(&mut self, rule: &Rule, zone: Tz) -> (NodeId, NodeId) {
        match rule {
            Rule::All(parts) | Rule::Any(parts) => {
                let (yes, no): (Vec<NodeId>, Vec<NodeId>) =
                    parts.iter().map(|part| self.both(part, zone)).unzip();
                match rule {
                    Rule::All(_) => (self.graph.add_all(yes), self.graph.add_any(no)),
                    _ => (self.graph.add_any(yes), self.graph.add_all(no)),
                }
            }
            Rule::Not(part) => {
                let (yes, no) = self.both(part, zone);
                (no, yes)
            }
            Rule::Xor(parts) => self.parity(parts, zone),
            leaf => (self.leaf(leaf, zone, false), self.leaf(leaf, zone, true)),
        }
    }

    /// An odd number of parts, and an even one, among those for whom every part is known.
    fn parity(&mut self, parts: &[Rule], zone: Tz) -> (NodeId, NodeId) {
        let mut odd = self.graph.nobody();
        let mut even = self.graph.everybody();
        for part in parts {
            let (yes, no) = self.both(part, zone);
            let mut either = |a: [NodeId; 2], b: [NodeId; 2]| {
                let parts = vec![self.graph.add_all(a.to_vec()), self.graph.add_all(b.to_vec())];
                self.graph.add_any(parts)
            };
            (odd, even) = (either([odd, no], [even, yes]), either([odd, yes], [even, no]));
        }
        (odd, even)
    }

    fn leaf(&mut self, rule: &Rule, zone: Tz, negated: bool) -> NodeId {
        match rule {
            Rule::Has(Field::AccountKey | Field::AccountCreated) => {
                let node = self.graph.everybody();
                self.two_valued(node, negated)
            }
            Rule::Has(field) => match ColumnId::of_field(*field, false) {
                Some(column) => {
                    let test = if negated { Test::Missing } else { Test::Present };
                    self.graph.add(Node::Test(column, test))
                }
                None => {
                    let node = self.graph.nobody();
                    self.two_valued(node, negated)
                }
            },
            Rule::Options { attribute, quantity, options } => {
                let node = self.options(*attribute, *quantity, options);
                self.two_valued(node, negated)
            }
            Rule::Size { attribute, comparison, count } => {
                let count = u64::from(*count);
                let comparison = if negated { comparison.negated() } else { *comparison };
                let (lo, hi) = match comparison {
                    Comparison::Equal | Comparison::NotEqual => (count, count),
                    Comparison::Less => (1, count),
                    Comparison::LessOrEqual => (0, count),
                    Comparison::Greater => (count + 1, u64::MAX),
                    Comparison::GreaterOrEqual => (count, u64::MAX),
                };
                let column = ColumnId::Attribute(*attribute);
                let node = match comparison {
                    Comparison::Less if count == 0 => self.graph.nobody(),
                    Comparison::Less => self.graph.add(Node::Test(column, Test::Codes(0, count - 1))),
                    _ => self.graph.add(Node::Test(column, Test::Codes(lo, hi))),
                };
                self.two_valued(node, comparison == Comparison::NotEqual)
            }
            Rule::Is(fact) => {
                let node = match fact {
                    Fact::Segment(segment) => self.segment(*segment),
                    Fact::Site(site) => self.member_of(*site),
                    Fact::Enrolled(course) => self.graph.add(Node::Rows(Rows::Enrolled(*course))),
                    // There are neither groups nor holders of roles yet, so that no saved rule names them.
                    Fact::Group(..) | Fact::Role(_) => self.graph.nobody(),
                };
                self.two_valued(node, negated)
            }
            Rule::ReportsTo { attribute, user } => {
                let node = self.graph.add(Node::Line(*attribute, *user));
                self.among_present(ColumnId::Attribute(*attribute), node, negated)
            }
            Rule::Under { attribute, path, itself } => {
                let mut end = path_key(path);
                let start = Point::Key(end.clone().into());
                // Nothing but what is under the path has a byte below 1 after it.
                end.push(1);
                let from = if *itself { Edge::Before(start) } else { Edge::After(start) };
                let test = Test::Within(from, Edge::Before(Point::Key(end.into())));
                let column = ColumnId::Attribute(*attribute);
                let node = self.graph.add(Node::Test(column, test));
                self.among_present(column, node, negated)
            }
            Rule::Compare { field, .. }
            | Rule::Between { field, .. }
            | Rule::In { field, .. }
            | Rule::Match { field, .. } => self.of_field(rule, *field, zone, negated),
            // These combine others.
            Rule::All(_) | Rule::Any(_) | Rule::Not(_) | Rule::Xor(_) => self.graph.nobody(),
        }
    }

    /// A test that is never unknown: those for whom it is not true are those for whom it is false.
    fn two_valued(&mut self, node: NodeId, negated: bool) -> NodeId {
        if !negated {
            return node;
        }
        let everybody = self.graph.everybody();
        self.graph.add(Node::Except(everybody, node))
    }

    /// A test that is false only for those who have a value.
    fn among_present(&mut self, column: ColumnId, node: NodeId, negated: bool) -> NodeId {
        if !negated {
            return node;
        }
        let present = self.graph.add(Node::Test(column, Test::Present));
        self.graph.add(Node::Except(present, node))
    }

    fn options(&mut self, attribute: AttributeId, quantity: Quantity, options: &[OptionId]) -> NodeId {
        let mut nodes: Vec<NodeId> = options
            .iter()
            .map(|option| self.graph.add(Node::Rows(Rows::Option(attribute, *option))))
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        let graph = &mut *self.graph;
        let mut at_least = |count: u32| match count {
            0 => graph.everybody(),
            1 => graph.add_any(nodes.clone()),
            _ if count as usize == nodes.len() => graph.add_all(nodes.clone()),
            _ if count as usize > nodes.len() => graph.nobody(),
            _ => graph.add(Node::AtLeast(count, nodes.clone().into())),
        };
        let of = u32::try_from(options.len()).unwrap_or(u32::MAX);
        let (least, most) = match quantity {
            Quantity::Any => (1, u32::MAX),
            Quantity::All => (of, u32::MAX),
            Quantity::None => (0, 0),
            Quantity::AtLeast(least) => (least, u32::MAX),
            Quantity::AtMost(most) => (0, most),
            Quantity::Exactly(exactly) => (exactly, exactly),
        };
        let enough = at_least(least);
        match most.checked_add(1) {
            None => enough,
            Some(over) => {
                let too_many = at_least(over);
                self.graph.add(Node::Except(enough, too_many))
            }
        }
    }

    /// A test of a field's value.
    fn of_field(&mut self, rule: &Rule, field: Field, zone: Tz, negated: bool) -> NodeId {
        if field == Field::AccountKey {
            let node = self.graph.add(Node::Key(Box::new(rule.clone())));
            return self.two_valued(node, negated);
        }
        let attribute = field.attribute().and_then(|attribute| self.state.schema.get(attribute));
        let ignores_case = attribute.is_some_and(|attribute| attribute.ignore_case);
        let (Some(column), Some(kind)) =
            (ColumnId::of_field(field, ignores_case), field.kind(&self.state.schema).cloned())
        else {
            let node = self.graph.nobody();
            return self.two_valued(node, negated);
        };
        let of = Of { column, kind, ignores_case, zone };
        if let Rule::Compare { comparison, with, .. } = rule
            && !field.is_never_unknown()
        {
            let comparison = if negated { comparison.negated() } else { *comparison };
            return match comparison {
                Comparison::NotEqual => {
                    let equal = self.compare(&of, Comparison::Equal, with);
                    self.among_present(column, equal, true)
                }
                comparison => self.compare(&of, comparison, with),
            };
        }
        let node = match rule {
            Rule::Compare { comparison: Comparison::NotEqual, with, .. } => {
                let equal = self.compare(&of, Comparison::Equal, with);
                self.among_present(column, equal, true)
            }
            Rule::Compare { comparison, with, .. } => self.compare(&of, *comparison, with),
            Rule::Between { from, to, .. } => {
                let from = self.point(&of, from, false).map(Edge::Before);
                let whole_day = of.kind == Kind::Timestamp && is_day(to);
                let to = self.point(&of, to, whole_day);
                let to = to.map(|to| if whole_day { Edge::Before(to) } else { Edge::After(to) });
                self.within(column, from.zip(to))
            }
            Rule::In { values, .. } => {
                let equal =
                    |value: &Value| self.compare(&of, Comparison::Equal, &Operand::Value(value.clone()));
                let parts = values.iter().map(equal).collect();
                self.graph.add_any(parts)
            }
            Rule::Match { how: Matching::StartsWith, text, .. } => {
                let key = of.text(text).into_bytes();
                let mut end = key.clone();
                // No byte of a text is 255.
                if let Some(last) = end.last_mut() {
                    *last = last.saturating_add(1);
                }
                let edges = (Edge::Before(Point::Key(key.into())), Edge::Before(Point::Key(end.into())));
                self.within(column, Some(edges))
            }
            Rule::Match { how, text, .. } => self.graph.add(Node::Match(column, *how, of.text(text).into())),
            _ => self.graph.nobody(),
        };
        if field.is_never_unknown() {
            return self.two_valued(node, negated);
        }
        self.among_present(column, node, negated)
    }

    /// Those whose value compares so; the comparison is not "not equal".
    fn compare(&mut self, of: &Of, comparison: Comparison, with: &Operand) -> NodeId {
        let code = match with {
            Operand::Value(Value::Boolean(value)) => Some(1 + u64::from(*value)),
            Operand::Value(Value::Choice(option)) => Some(u64::from(option.0) + 1),
            Operand::Value(Value::User(user)) => Some(u64::from(user.0) + 1),
            _ => None,
        };
        if let Some(code) = code {
            return match comparison {
                Comparison::Equal => self.code(of.column, code),
                _ => self.graph.nobody(),
            };
        }
        let before = |point: Point| Edge::Before(point);
        let edges = self.point(of, with, false).map(|point| match comparison {
            Comparison::Less => (Edge::Open, before(point)),
            Comparison::LessOrEqual => (Edge::Open, Edge::After(point)),
            Comparison::Greater => (Edge::After(point), Edge::Open),
            Comparison::GreaterOrEqual => (before(point), Edge::Open),
            Comparison::Equal | Comparison::NotEqual => (before(point.clone()), Edge::After(point)),
        });
        self.within(of.column, edges)
    }

    fn within(&mut self, column: ColumnId, edges: Option<(Edge, Edge)>) -> NodeId {
        match edges {
            Some((from, to)) => self.graph.add(Node::Test(column, Test::Within(from, to))),
            None => self.graph.nobody(),
        }
    }

    /// The other side of a comparison as a point of the column; or the day after, if it is a day.
    fn point(&self, of: &Of, operand: &Operand, next: bool) -> Option<Point> {
        let instant = of.kind == Kind::Timestamp;
        match operand {
            Operand::Value(Value::Text(text)) => Some(Point::Key(of.text(text).into_bytes().into())),
            Operand::Value(Value::Path(path)) => Some(Point::Key(path_key(path).into())),
            Operand::Value(Value::Date(day)) if instant => {
                let day = if next { day.succ_opt().unwrap_or(*day) } else { *day };
                Some(Point::Number(Instant::start_of(day, of.zone).millis()))
            }
            Operand::Value(Value::Date(day)) => {
                Some(Point::Number(i64::from(day.num_days_from_ce()) + i64::from(next)))
            }
            Operand::Value(value) => number_of(value).map(Point::Number),
            Operand::Today(_) | Operand::Period(_) => {
                Some(Point::Moving(Moving { day: operand.clone(), next, instant, zone: of.zone }))
            }
        }
    }
}

/// What a test is about.
struct Of {
    column: ColumnId,
    kind: Kind,
    ignores_case: bool,
    zone: Tz,
}

impl Of {
    /// A constant as the column has it.
    fn text(&self, text: &str) -> String {
        if self.ignores_case { fold(text).into_owned() } else { text.to_owned() }
    }
}

fn is_day(operand: &Operand) -> bool {
    matches!(operand, Operand::Value(Value::Date(_)) | Operand::Today(_) | Operand::Period(_))
}
