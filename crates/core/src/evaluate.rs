//! Who passes: whole blocks of people at a time, every node once a block, on several threads; or one person.
//! Both read the same graph and ranges. Not here: how codes are compared, many at once (`scan`).
#![allow(clippy::indexing_slicing, reason = "places are computed within vectors of known size")]

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use matricula_rule::{Field, Glob, Matching, Person, Rule, Truth, Value, evaluate};
use roaring::RoaringBitmap;

use crate::RowSet;
use crate::codes::Codes;
use crate::column::{Column, Range};
use crate::graph::{Node, NodeId, Rows};
use crate::row_set::{BLOCK, Block, WORDS, Words};
use crate::scan::{scan, scan_codes};
use crate::state::State;
use crate::users::Users;

/// Questions about the people of a state, by the rules that it has.
#[derive(Clone, Copy)]
pub(crate) struct Questions<'a>(pub(crate) &'a State);

/// The members of one slot within one block of people.
pub(crate) struct Answer {
    pub(crate) slot: usize,
    pub(crate) block: usize,
    pub(crate) members: Block,
}

/// What has been found out about one person, by node.
pub(crate) struct Memo {
    /// Twice the number of the person, and one more where the node passes; anything less is of an earlier person.
    marks: Vec<u64>,
    person: u64,
}

impl Memo {
    /// Of a person about whom nothing has been asked yet.
    pub(crate) fn new(state: &State) -> Self {
        Self { marks: vec![0; state.graph.nodes().len()], person: 1 }
    }

    /// Forgets everything: another person follows.
    pub(crate) fn clear(&mut self) {
        self.person += 1;
    }

    fn get(&self, node: NodeId) -> Option<bool> {
        let mark = self.marks.get(node.index()).copied()?;
        (mark >> 1 == self.person).then_some(mark & 1 == 1)
    }

    fn set(&mut self, node: NodeId, passes: bool) {
        if let Some(mark) = self.marks.get_mut(node.index()) {
            *mark = self.person << 1 | u64::from(passes);
        }
    }
}

/// Fewer blocks than this are not worth a second thread.
const WORTH_A_THREAD: usize = 16;

/// Where the answer of a node comes from; other nodes by their places among those needed.
enum Source<'a> {
    Nobody,
    Codes(&'a Codes, Range),
    /// The codes of the texts that match.
    Texts(&'a Codes, RoaringBitmap),
    Keys(&'a Rule),
    Rows(Arc<RowSet>),
    All(Vec<usize>),
    Any(Vec<usize>),
    Except(usize, usize),
    AtLeast(u32, Vec<usize>),
}

impl<'a> Questions<'a> {
    fn users(&self) -> &'a Users {
        &self.0.users
    }

    /// Whether a person passes a node; what has been found out about the person stands in `memo`.
    pub(crate) fn passes(&self, node: NodeId, row: u32, memo: &mut Memo) -> bool {
        if let Some(known) = memo.get(node) {
            return known;
        }
        let passes = self.ask(node, row, memo);
        memo.set(node, passes);
        passes
    }

    fn ask(&self, node: NodeId, row: u32, memo: &mut Memo) -> bool {
        match self.0.graph.node(node) {
            Some(Node::Test(column, _)) => {
                let code = self.users().column(*column).map_or(0, |column| column.get(row));
                let (lo, hi) = self.0.ranges.get(node);
                (lo..=hi).contains(&code)
            }
            Some(Node::All(parts)) => parts.iter().all(|part| self.passes(*part, row, memo)),
            Some(Node::Any(parts)) => parts.iter().any(|part| self.passes(*part, row, memo)),
            Some(Node::Except(from, what)) => self.passes(*from, row, memo) && !self.passes(*what, row, memo),
            Some(Node::AtLeast(count, parts)) => {
                parts.iter().filter(|part| self.passes(**part, row, memo)).count() >= *count as usize
            }
            Some(Node::Match(column, how, text)) => {
                let Some(column) = self.users().column(*column) else { return false };
                column.text(column.get(row)).is_some_and(|value| matches(*how, value, text))
            }
            Some(Node::Key(rule)) => self.key_passes(rule, row),
            Some(Node::Line(attribute, user)) => self.users().leads_to(*attribute, row, *user),
            Some(Node::Rows(Rows::Option(attribute, option))) => {
                self.users().options(crate::UserId(row), *attribute).binary_search(option).is_ok()
            }
            Some(Node::Rows(rows)) => self.rows(*rows).is_some_and(|rows| rows.contains(row)),
            None => false,
        }
    }

    fn key_passes(&self, rule: &Rule, row: u32) -> bool {
        let key = self.users().key(crate::UserId(row));
        key.is_some_and(|key| evaluate(rule, &Key(key)) == Truth::True)
    }

    fn rows(&self, rows: Rows) -> Option<Arc<RowSet>> {
        match rows {
            Rows::Option(attribute, option) => {
                self.users().people_with(attribute, option).cloned().map(Arc::new)
            }
            Rows::Pinned(segment) => self.0.hand(segment).map(|hand| hand.pinned.clone()),
            Rows::Banned(segment) => self.0.hand(segment).map(|hand| hand.banned.clone()),
            Rows::Frozen(segment) => self.0.hand(segment).map(|hand| hand.frozen.clone()),
            Rows::Enrolled(course) => Some(self.0.enrolments.in_course(course)),
        }
    }

    /// Where the answers of nodes come from, each by its place in `needed`.
    fn sources(&self, needed: &[NodeId]) -> (Vec<Source<'a>>, Vec<usize>) {
        let graph = &self.0.graph;
        let mut places = vec![usize::MAX; graph.nodes().len()];
        for (place, node) in needed.iter().enumerate() {
            places[node.index()] = place;
        }
        let all = |parts: &[NodeId]| parts.iter().map(|part| places[part.index()]).collect();
        let source = |id: &NodeId| match graph.node(*id) {
            Some(Node::Test(column, _)) => {
                let range = self.0.ranges.get(*id);
                match self.users().codes(*column) {
                    Some(codes) if range.0 <= range.1 => Source::Codes(codes, range),
                    // Where nobody has a value, only a test that 0 passes holds.
                    None if range.0 == 0 => Source::All(Vec::new()),
                    _ => Source::Nobody,
                }
            }
            Some(Node::Match(column, how, text)) => match self.users().column(*column) {
                Some(column) => Source::Texts(column.codes(), matching_codes(column, *how, text)),
                None => Source::Nobody,
            },
            Some(Node::Key(rule)) => Source::Keys(rule),
            Some(Node::Line(attribute, user)) => {
                Source::Rows(Arc::new(self.users().below(*attribute, *user)))
            }
            Some(Node::Rows(rows)) => self.rows(*rows).map_or(Source::Nobody, Source::Rows),
            Some(Node::All(parts)) => Source::All(all(parts)),
            Some(Node::Any(parts)) => Source::Any(all(parts)),
            Some(Node::Except(from, what)) => Source::Except(places[from.index()], places[what.index()]),
            Some(Node::AtLeast(count, parts)) => Source::AtLeast(*count, all(parts)),
            None => Source::Nobody,
        };
        (needed.iter().map(source).collect(), places)
    }

    /// Evaluates slots for whole blocks of people; answers that equal what `members` has now are left out.
    /// The answers come in no particular order.
    pub(crate) fn evaluate<'m>(
        &self,
        slots: &[usize],
        blocks: &[usize],
        members: impl Fn(usize) -> Option<&'m RowSet> + Sync,
    ) -> Vec<Answer> {
        let roots: Vec<(usize, NodeId)> =
            slots.iter().filter_map(|&slot| Some((slot, self.0.graph.root(slot)?))).collect();
        self.for_blocks(&roots, blocks, |slot, block, words, answers| {
            let old = members(slot).map_or(&Block::Empty, |members| members.block(block));
            if !old.is(words) {
                answers.push(Answer { slot, block, members: Block::from_words(words) });
            }
        })
    }

    /// The people who pass each of some nodes.
    pub(crate) fn sets(&self, nodes: &[NodeId]) -> Vec<RowSet> {
        let blocks: Vec<usize> = blocks_of(self.users().count()).collect();
        let roots: Vec<(usize, NodeId)> = nodes.iter().copied().enumerate().collect();
        let answers = self.for_blocks(&roots, &blocks, |place, block, words, answers| {
            answers.push((place, block, Block::from_words(words)));
        });
        let mut sets = vec![RowSet::default(); nodes.len()];
        let last = self.users().count() as usize;
        for (place, block, members) in answers {
            sets[place].replace(block, members.up_to(last.saturating_sub(block * BLOCK)));
        }
        sets
    }

    /// Evaluates nodes block by block; `take` is given each one's answer and gathers what it makes of it.
    fn for_blocks<A: Send>(
        &self,
        roots: &[(usize, NodeId)],
        blocks: &[usize],
        take: impl Fn(usize, usize, &Words, &mut Vec<A>) + Sync,
    ) -> Vec<A> {
        let nodes: Vec<NodeId> = roots.iter().map(|(_, node)| *node).collect();
        let needed = self.0.graph.needed_by(&nodes);
        let (sources, places) = self.sources(&needed);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut scratch = vec![[0_u64; WORDS]; needed.len()];
            let mut answers = Vec::new();
            while let Some(&block) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
                for (place, source) in sources.iter().enumerate() {
                    let (before, rest) = scratch.split_at_mut(place);
                    if let Some(words) = rest.first_mut() {
                        self.fill(source, block, words, before);
                    }
                }
                for &(name, root) in roots {
                    take(name, block, &scratch[places[root.index()]], &mut answers);
                }
            }
            answers
        };
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = cores.min(blocks.len() / WORTH_A_THREAD);
        if threads < 2 {
            return work();
        }
        std::thread::scope(|scope| {
            // Where the system refuses a thread, the others do its work.
            let helper = || std::thread::Builder::new().spawn_scoped(scope, work).ok();
            let others: Vec<_> = (1..threads).filter_map(|_| helper()).collect();
            let mut answers = work();
            for other in others {
                match other.join() {
                    Ok(more) => answers.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            answers
        })
    }

    fn fill(&self, source: &Source<'_>, block: usize, out: &mut Words, before: &[Words]) {
        match source {
            Source::Nobody => *out = [0; WORDS],
            Source::Codes(codes, range) => scan_codes(codes, *range, block, out),
            Source::Texts(codes, matching) => {
                let passes = |code: u64| u32::try_from(code).is_ok_and(|code| matching.contains(code));
                match codes {
                    Codes::One(codes) => scan(codes.chunk(block), out, |code| passes(code.into())),
                    Codes::Two(codes) => scan(codes.chunk(block), out, |code| passes(code.into())),
                    Codes::Four(codes) => scan(codes.chunk(block), out, |code| passes(code.into())),
                    Codes::Eight(codes) => scan(codes.chunk(block), out, passes),
                }
            }
            Source::Keys(rule) => {
                *out = [0; WORDS];
                let start = block * BLOCK;
                for place in 0..BLOCK.min((self.users().count() as usize).saturating_sub(start)) {
                    let row = u32::try_from(start + place).unwrap_or(u32::MAX);
                    out[place / 64] |= u64::from(self.key_passes(rule, row)) << (place % 64);
                }
            }
            Source::Rows(rows) => *out = rows.block(block).words(),
            Source::All(parts) => {
                combine(out, u64::MAX, parts.iter().map(|part| &before[*part]), |a, b| a & b)
            }
            Source::Any(parts) => combine(out, 0, parts.iter().map(|part| &before[*part]), |a, b| a | b),
            Source::Except(from, what) => {
                for ((out, from), what) in out.iter_mut().zip(&before[*from]).zip(&before[*what]) {
                    *out = from & !what;
                }
            }
            Source::AtLeast(count, parts) => at_least(*count, parts, out, before),
        }
    }
}

/// A person of whom only the key is known.
struct Key<'a>(&'a str);

impl Person for Key<'_> {
    fn value(&self, field: Field) -> Option<Value> {
        (field == Field::AccountKey).then(|| Value::Text(self.0.into()))
    }

    fn today(&self) -> chrono::NaiveDate {
        chrono::NaiveDate::default()
    }
}

/// Whether a text is matched by another that is not its beginning.
pub(crate) fn matches(how: Matching, value: &str, text: &str) -> bool {
    match how {
        Matching::StartsWith => value.starts_with(text),
        Matching::EndsWith => value.ends_with(text),
        Matching::Contains => value.contains(text),
        Matching::Glob => Glob::new(text).is_ok_and(|glob| glob.matches(value)),
    }
}

fn matching_codes(column: &Column, how: Matching, text: &str) -> RoaringBitmap {
    let glob = if how == Matching::Glob { Glob::new(text).ok() } else { None };
    let fits = |value: &str| match &glob {
        Some(glob) => glob.matches(value),
        None => matches(how, value, text),
    };
    column.texts().filter(|(value, _)| fits(value)).map(|(_, code)| code).collect()
}

/// Counts bit by bit in planes, one for each binary digit of the count, 64 people at a time.
fn at_least(count: u32, parts: &[usize], out: &mut Words, before: &[Words]) {
    let digits = (usize::BITS - parts.len().leading_zeros()) as usize;
    for (word, out) in out.iter_mut().enumerate() {
        let mut planes = [0_u64; 32];
        for part in parts {
            let mut carry = before[*part][word];
            for plane in planes.iter_mut().take(digits) {
                (*plane, carry) = (*plane ^ carry, *plane & carry);
            }
        }
        let (mut more, mut equal) = (0, u64::MAX);
        for digit in (0..32).rev() {
            if count >> digit & 1 == 1 {
                equal &= planes[digit];
            } else {
                more |= equal & planes[digit];
                equal &= !planes[digit];
            }
        }
        *out = more | equal;
    }
}

fn combine<'s>(
    out: &mut Words,
    start: u64,
    parts: impl Iterator<Item = &'s Words>,
    word: impl Fn(u64, u64) -> u64,
) {
    *out = [start; WORDS];
    for part in parts {
        for (out, part) in out.iter_mut().zip(part) {
            *out = word(*out, *part);
        }
    }
}

/// The blocks that hold this many people.
pub(crate) fn blocks_of(count: u32) -> std::ops::Range<usize> {
    0..(count as usize).div_ceil(BLOCK)
}
