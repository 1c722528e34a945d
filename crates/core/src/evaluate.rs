//! Who passes: whole blocks of people at a time, every node once a block, on several threads; or one person.
//! Both read the same graph and ranges. Not here: how codes are compared, many at once (`scan`).
#![allow(clippy::indexing_slicing, reason = "places are computed within vectors of known size")]

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use matricula_rule::{Field, Glob, Matching, Person, Rule, Truth, Value, evaluate};
use roaring::RoaringBitmap;

use crate::RowSet;
use crate::block::{BLOCK, Block, WORDS, Words};
use crate::codes::Codes;
use crate::column::{Column, Range};
use crate::graph::{Node, NodeId, Rows};
use crate::roster::Roster;
use crate::scan::{scan, scan_codes};
use crate::schedule::{Schedule, Work};
use crate::state::{Hand, State};
use crate::users::Users;

/// Questions about the people of a state, by the rules that it has.
#[derive(Clone, Copy)]
pub(crate) struct Questions<'a>(pub(crate) &'a State);

/// The members of one slot within one block of people, where they are not those that it had.
pub(crate) struct Answer {
    pub(crate) slot: usize,
    pub(crate) members: Block,
    pub(crate) joined: Block,
    pub(crate) left: Block,
}

/// Fewer blocks than this are not worth a second thread.
const WORTH_A_THREAD: usize = 16;

/// Where the answer of a test comes from.
enum Source<'a> {
    Nobody,
    Everybody,
    Codes(&'a Codes, Range),
    /// The codes of the texts that match.
    Texts(&'a Codes, RoaringBitmap),
    Keys(&'a Rule),
    Rows(Arc<RowSet>),
    Listed(&'a Roster, usize),
}

impl<'a> Questions<'a> {
    fn users(&self) -> &'a Users {
        &self.0.users
    }

    /// Whether a person passes a test that is no range of codes. Options are asked of people instead, who have few.
    pub(crate) fn test_passes(&self, node: NodeId, row: u32) -> bool {
        match self.0.graph.node(node) {
            Some(Node::Match(column, how, text)) => {
                let Some(column) = self.users().column(*column) else { return false };
                column.text(column.get(row)).is_some_and(|value| matches(*how, value, text))
            }
            Some(Node::Key(rule)) => self.key_passes(rule, row),
            Some(Node::Line(attribute, user)) => self.users().leads_to(*attribute, row, *user),
            Some(Node::Rows(rows)) => match self.rows(*rows) {
                Source::Rows(rows) => rows.contains(row),
                Source::Listed(roster, set) => roster.contains(u32::try_from(set).unwrap_or(u32::MAX), row),
                _ => false,
            },
            _ => false,
        }
    }

    fn key_passes(&self, rule: &Rule, row: u32) -> bool {
        let key = self.users().key(crate::UserId(row));
        key.is_some_and(|key| evaluate(rule, &Key(key)) == Truth::True)
    }

    fn rows(&self, rows: Rows) -> Source<'a> {
        let by_hand = |segment, set: fn(&Hand) -> &Arc<RowSet>| {
            self.0.hand(segment).map_or(Source::Nobody, |hand| Source::Rows(set(hand).clone()))
        };
        match rows {
            Rows::Option(attribute, option) => {
                let people = self.0.users.people_with(attribute);
                people.map_or(Source::Nobody, |people| Source::Listed(people, option.index()))
            }
            Rows::Pinned(segment) => by_hand(segment, |hand| &hand.pinned),
            Rows::Banned(segment) => by_hand(segment, |hand| &hand.banned),
            Rows::Frozen(segment) => by_hand(segment, |hand| &hand.frozen),
            Rows::Enrolled(course) => Source::Listed(self.0.enrolments.courses(), course.index()),
        }
    }

    /// Where the answers of a test come from.
    fn source(&self, node: NodeId) -> Source<'a> {
        match self.0.graph.node(node) {
            Some(Node::Test(column, _)) => {
                let range = self.0.ranges.get(node);
                match self.users().codes(*column) {
                    Some(codes) if range.0 <= range.1 => Source::Codes(codes, range),
                    // Where nobody has a value, only a test that 0 passes holds.
                    None if range.0 == 0 => Source::Everybody,
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
            Some(Node::Rows(rows)) => self.rows(*rows),
            _ => Source::Nobody,
        }
    }

    /// Evaluates slots for whole blocks of people; answers that are the same as before are left out.
    pub(crate) fn evaluate(&self, slots: &[usize], blocks: &[usize]) -> Vec<(usize, Vec<Answer>)> {
        let roots: Vec<(usize, NodeId)> =
            slots.iter().filter_map(|&slot| Some((slot, self.0.graph.root(slot)?))).collect();
        self.for_blocks(&roots, blocks, |slot, block, words, answers| {
            if !self.0.members.is(slot, block, words) {
                let (old, members) = (self.0.members.block(slot, block), Block::from_words(words));
                let (joined, left) = (members.except(&old), old.except(&members));
                answers.push(Answer { slot, members, joined, left });
            }
        })
    }

    /// The people who pass each of some nodes.
    pub(crate) fn sets(&self, nodes: &[NodeId]) -> Vec<RowSet> {
        let blocks: Vec<usize> = blocks_of(self.users().count()).collect();
        let roots: Vec<(usize, NodeId)> = nodes.iter().copied().enumerate().collect();
        let answers = self.for_blocks(&roots, &blocks, |place, block, words, answers| {
            let last = self.users().count() as usize;
            answers.push((place, Block::from_words(words).up_to(last.saturating_sub(block * BLOCK))));
        });
        let mut sets = vec![RowSet::default(); nodes.len()];
        for (block, answers) in answers {
            for (place, members) in answers {
                sets[place].replace(block, members);
            }
        }
        sets
    }

    /// Evaluates nodes block by block; `take` is given each one's answer and gathers what it makes of it. Blocks come in
    /// no particular order.
    fn for_blocks<A: Send>(
        &self,
        roots: &[(usize, NodeId)],
        blocks: &[usize],
        take: impl Fn(usize, usize, &Words, &mut Vec<A>) + Sync,
    ) -> Vec<(usize, Vec<A>)> {
        let schedule = Schedule::new(&self.0.graph, roots);
        let sources: Vec<Source<'a>> = schedule.tests.iter().map(|test| self.source(*test)).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            let mut desks = vec![[0_u64; WORDS]; schedule.desks];
            let mut answers = Vec::new();
            let mut words = [0_u64; WORDS];
            while let Some(&block) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
                let mut of_block = Vec::new();
                for turn in &schedule.turns {
                    match turn.work {
                        Work::Test(test) => self.fill(&sources[test as usize], block, &mut words),
                        ref work => schedule.combine(work, &mut words, &desks),
                    }
                    for &name in schedule.names(turn) {
                        take(name, block, &words, &mut of_block);
                    }
                    if let Some(desk) = turn.desk {
                        desks[desk as usize] = words;
                    }
                }
                answers.push((block, of_block));
            }
            answers
        };
        let threads = match blocks.len() / WORTH_A_THREAD {
            few @ 0..2 => few,
            worth => std::thread::available_parallelism().map_or(1, NonZero::get).min(worth),
        };
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

    fn fill(&self, source: &Source<'_>, block: usize, out: &mut Words) {
        match source {
            Source::Nobody => *out = [0; WORDS],
            Source::Everybody => *out = [u64::MAX; WORDS],
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
            Source::Rows(rows) => rows.block(block).copy_to(out),
            Source::Listed(roster, set) => roster.copy_to(*set, block, out),
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

/// The blocks that hold this many people.
pub(crate) fn blocks_of(count: u32) -> std::ops::Range<usize> {
    0..(count as usize).div_ceil(BLOCK)
}
