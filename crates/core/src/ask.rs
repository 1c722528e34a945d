//! Whether single people pass, as things are and as they were, both at once: what a change flips. Not here: whole blocks
//! of people (`evaluate`).

use std::collections::HashMap;

use matricula_rule::{AttributeId, OptionId, UserId};

use crate::column::Column;
use crate::graph::{Node, NodeId, Rows};
use crate::state::State;
use crate::users::ColumnId;

/// The nodes of a graph without what they test: small and in one piece, because questions about one person read it all
/// over the place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outline {
    shapes: Vec<Shape>,
    /// The parts of combinations, one after the other.
    parts: Vec<NodeId>,
    /// The columns that are tested.
    columns: Vec<ColumnId>,
    /// The attributes whose options are tested.
    attributes: Vec<AttributeId>,
}

/// One node.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// A range of codes of a column, by its place.
    Test(u32),
    /// An option of an attribute, by its place.
    Option(u32, OptionId),
    /// Any other test.
    Other,
    All(Parts),
    Any(Parts),
    Except(NodeId, NodeId),
    AtLeast(u32, Parts),
}

/// Where parts begin and end.
#[derive(Clone, Copy, Debug)]
struct Parts(u32, u32);

impl Outline {
    pub(crate) fn new(nodes: &[Node]) -> Self {
        let mut outline = Self::default();
        let (mut places, mut attributes) = (HashMap::new(), HashMap::new());
        for node in nodes {
            let shape = match node {
                Node::Test(column, _) => Shape::Test(*places.entry(*column).or_insert_with(|| {
                    outline.columns.push(*column);
                    number(outline.columns.len() - 1)
                })),
                Node::Rows(Rows::Option(attribute, option)) => {
                    let place = attributes.entry(*attribute).or_insert_with(|| {
                        outline.attributes.push(*attribute);
                        number(outline.attributes.len() - 1)
                    });
                    Shape::Option(*place, *option)
                }
                Node::Match(..) | Node::Key(_) | Node::Line(..) | Node::Rows(_) => Shape::Other,
                Node::All(parts) => Shape::All(outline.add(parts)),
                Node::Any(parts) => Shape::Any(outline.add(parts)),
                Node::Except(from, what) => Shape::Except(*from, *what),
                Node::AtLeast(count, parts) => Shape::AtLeast(*count, outline.add(parts)),
            };
            outline.shapes.push(shape);
        }
        outline
    }

    fn add(&mut self, parts: &[NodeId]) -> Parts {
        let start = self.parts.len();
        self.parts.extend_from_slice(parts);
        Parts(number(start), number(self.parts.len()))
    }

    fn parts(&self, Parts(start, end): Parts) -> &[NodeId] {
        self.parts.get(start as usize..end as usize).unwrap_or_default()
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Two answers: the lower bit as things are, the upper one as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answers(u8);

impl Answers {
    const YES: Self = Self(0b11);
    const NO: Self = Self(0);

    fn new(is: bool, was: bool) -> Self {
        Self(u8::from(is) | u8::from(was) << 1)
    }

    pub(crate) fn is(self) -> bool {
        self.0 & 1 == 1
    }

    pub(crate) fn was(self) -> bool {
        self.0 >> 1 == 1
    }
}

/// Asks about people, one after the other.
pub(crate) struct Asking<'a> {
    state: &'a State,
    /// The state before, if it had the same graph.
    before: Option<&'a State>,
    row: u32,
    /// By node, the answers about a person under the person's mark; anything else is of an earlier person. Bytes,
    /// because most nodes are not asked about, and all have a place here.
    marks: Vec<u8>,
    mark: u8,
    /// The person's codes by column, as they are and as they were, once a test has looked.
    codes: Vec<Option<(u64, u64)>>,
    /// The same for options, by attribute.
    options: Vec<Option<(&'a [OptionId], &'a [OptionId])>>,
}

/// So many people have marks of their own before marks begin again.
const MARKS: u8 = 63;

impl<'a> Asking<'a> {
    pub(crate) fn new(state: &'a State, before: Option<&'a State>) -> Self {
        let outline = state.graph.outline();
        Self {
            state,
            before,
            row: 0,
            marks: vec![0; outline.shapes.len()],
            mark: 0,
            codes: vec![None; outline.columns.len()],
            options: vec![None; outline.attributes.len()],
        }
    }

    /// Asks about another person from now on.
    pub(crate) fn about(&mut self, row: u32) {
        self.row = row;
        if self.mark == MARKS {
            self.marks.fill(0);
            self.mark = 0;
        }
        self.mark += 1;
        self.codes.fill(None);
        self.options.fill(None);
    }

    /// Whether the person passes a node, and did. Without a state before, both are as things are.
    pub(crate) fn ask(&mut self, node: NodeId) -> Answers {
        match self.marks.get(node.index()) {
            Some(mark) if mark >> 2 == self.mark => return Answers(mark & 0b11),
            _ => {}
        }
        let answers = self.work_out(node);
        if let Some(mark) = self.marks.get_mut(node.index()) {
            *mark = self.mark << 2 | answers.0;
        }
        answers
    }

    fn work_out(&mut self, node: NodeId) -> Answers {
        let outline = self.state.graph.outline();
        match outline.shapes.get(node.index()).copied() {
            Some(Shape::Test(column)) => {
                let (is, was) = self.codes_in(column);
                let within = |state: &State, code: u64| {
                    let (lo, hi) = state.ranges.get(node);
                    (lo..=hi).contains(&code)
                };
                Answers::new(within(self.state, is), within(self.before.unwrap_or(self.state), was))
            }
            Some(Shape::Option(attribute, option)) => {
                let (is, was) = self.options_of(attribute);
                let has = |options: &[OptionId]| options.binary_search(&option).is_ok();
                Answers::new(has(is), has(was))
            }
            Some(Shape::Other) => {
                let is = self.state.questions().test_passes(node, self.row);
                let was = self.before.map_or(is, |before| before.questions().test_passes(node, self.row));
                Answers::new(is, was)
            }
            Some(Shape::All(parts)) => {
                let mut all = Answers::YES;
                for part in outline.parts(parts) {
                    all.0 &= self.ask(*part).0;
                    if all == Answers::NO {
                        break;
                    }
                }
                all
            }
            Some(Shape::Any(parts)) => {
                let mut any = Answers::NO;
                for part in outline.parts(parts) {
                    any.0 |= self.ask(*part).0;
                    if any == Answers::YES {
                        break;
                    }
                }
                any
            }
            Some(Shape::Except(from, what)) => {
                let from = self.ask(from);
                if from == Answers::NO { from } else { Answers(from.0 & !self.ask(what).0) }
            }
            Some(Shape::AtLeast(count, parts)) => {
                let (mut is, mut was) = (0, 0);
                for part in outline.parts(parts) {
                    let answers = self.ask(*part);
                    is += u32::from(answers.is());
                    was += u32::from(answers.was());
                }
                Answers::new(is >= count, was >= count)
            }
            None => Answers::NO,
        }
    }

    /// The person's codes in a column, by its place.
    fn codes_in(&mut self, column: u32) -> (u64, u64) {
        let column = column as usize;
        if let Some(Some(codes)) = self.codes.get(column) {
            return *codes;
        }
        let Some(&id) = self.state.graph.outline().columns.get(column) else { return (0, 0) };
        let code = |column: Option<&Column>| column.map_or(0, |column| column.get(self.row));
        let column_now = self.state.users.column(id);
        let is = code(column_now);
        let was = self.before.map_or(is, |before| match (column_now, before.users.column(id)) {
            // A column that is shared has the same code.
            (Some(now), Some(then)) if std::ptr::eq(now, then) => is,
            (_, then) => code(then),
        });
        let codes = (is, was);
        if let Some(known) = self.codes.get_mut(column) {
            *known = Some(codes);
        }
        codes
    }

    /// The person's options of an attribute, by its place: they are few, and the sets of people who have each far apart.
    fn options_of(&mut self, attribute: u32) -> (&'a [OptionId], &'a [OptionId]) {
        let attribute = attribute as usize;
        if let Some(Some(options)) = self.options.get(attribute) {
            return *options;
        }
        let Some(&id) = self.state.graph.outline().attributes.get(attribute) else { return (&[], &[]) };
        let is = self.state.users.options(UserId(self.row), id);
        let was = self.before.map_or(is, |before| before.users.options(UserId(self.row), id));
        if let Some(known) = self.options.get_mut(attribute) {
            *known = Some((is, was));
        }
        (is, was)
    }
}
