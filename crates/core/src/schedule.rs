//! In which order nodes are worked out for a block of people, and where each answer lies for as long as another node
//! needs it. Flat, because it is gone through for every block. Not here: the answers of tests (`evaluate`).
#![allow(clippy::indexing_slicing, reason = "places are computed within vectors of known size")]

use crate::block::{WORDS, Words};
use crate::graph::{Graph, Node, NodeId};

/// The order of work.
pub(crate) struct Schedule {
    /// Parts before wholes.
    pub(crate) turns: Vec<Turn>,
    /// The tests among the nodes, in the order of their turns.
    pub(crate) tests: Vec<NodeId>,
    /// How many answers have to be at hand at once: each lies on a desk, and desks are used again, so that they stay
    /// close to the processor.
    pub(crate) desks: usize,
    /// The desks on which parts lie, one combination after the other.
    parts: Vec<u32>,
    /// By whom answers are asked for, one turn after the other.
    names: Vec<usize>,
}

/// One node's turn.
pub(crate) struct Turn {
    pub(crate) work: Work,
    /// None where no other node needs the answer.
    pub(crate) desk: Option<u32>,
    names: (u32, u32),
}

/// What there is to do; lists of parts by where they begin and end.
pub(crate) enum Work {
    /// A test, by its place among the tests.
    Test(u32),
    All(u32, u32),
    Any(u32, u32),
    Except(u32, u32),
    AtLeast(u32, u32, u32),
}

impl Schedule {
    /// The order in which nodes, each asked for under a name, are worked out.
    pub(crate) fn new(graph: &Graph, roots: &[(usize, NodeId)]) -> Self {
        let nodes: Vec<NodeId> = roots.iter().map(|(_, node)| *node).collect();
        let needed = graph.needed_by(&nodes);
        let mut places = vec![usize::MAX; graph.nodes().len()];
        let mut last_needed = vec![0; needed.len()];
        for (place, id) in needed.iter().enumerate() {
            places[id.index()] = place;
            for part in graph.node(*id).into_iter().flat_map(Node::parts) {
                last_needed[places[part.index()]] = place;
            }
        }
        let mut named: Vec<Vec<usize>> = vec![Vec::new(); needed.len()];
        for (name, root) in roots {
            named[places[root.index()]].push(*name);
        }
        let mut schedule = Self {
            turns: Vec::with_capacity(needed.len()),
            tests: Vec::new(),
            desks: 0,
            parts: Vec::new(),
            names: Vec::new(),
        };
        let mut free = Vec::new();
        for (place, &id) in needed.iter().enumerate() {
            let start = number(schedule.parts.len());
            for part in graph.node(id).into_iter().flat_map(Node::parts) {
                let part = places[part.index()];
                let desk = schedule.turns[part].desk.unwrap_or_default();
                schedule.parts.push(desk);
                // A part may be named more than once.
                if std::mem::take(&mut last_needed[part]) == place {
                    free.push(desk);
                }
            }
            let end = number(schedule.parts.len());
            let work = match graph.node(id) {
                Some(Node::All(_)) => Work::All(start, end),
                Some(Node::Any(_)) => Work::Any(start, end),
                Some(Node::Except(..)) => {
                    Work::Except(schedule.parts[start as usize], schedule.parts[end as usize - 1])
                }
                Some(Node::AtLeast(count, _)) => Work::AtLeast(*count, start, end),
                _ => {
                    schedule.tests.push(id);
                    Work::Test(number(schedule.tests.len() - 1))
                }
            };
            let desk = (last_needed[place] > place).then(|| {
                free.pop().unwrap_or_else(|| {
                    schedule.desks += 1;
                    number(schedule.desks - 1)
                })
            });
            let first = number(schedule.names.len());
            schedule.names.append(&mut named[place]);
            let names = (first, number(schedule.names.len()));
            schedule.turns.push(Turn { work, desk, names });
        }
        schedule
    }

    /// By whom the answer of a turn is asked for.
    pub(crate) fn names(&self, turn: &Turn) -> &[usize] {
        &self.names[turn.names.0 as usize..turn.names.1 as usize]
    }

    /// Combines the answers that lie on desks.
    pub(crate) fn combine(&self, work: &Work, out: &mut Words, desks: &[Words]) {
        let parts = |start: &u32, end: &u32| &self.parts[*start as usize..*end as usize];
        match work {
            Work::Test(_) => {}
            Work::All(start, end) => fold(out, u64::MAX, parts(start, end), desks, |a, b| a & b),
            Work::Any(start, end) => fold(out, 0, parts(start, end), desks, |a, b| a | b),
            Work::Except(from, what) => {
                both(out, &desks[*from as usize], &desks[*what as usize], |a, b| a & !b)
            }
            Work::AtLeast(count, start, end) => at_least(*count, parts(start, end), out, desks),
        }
    }
}

fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn fold(out: &mut Words, start: u64, parts: &[u32], desks: &[Words], word: impl Fn(u64, u64) -> u64 + Copy) {
    match parts {
        [] => *out = [start; WORDS],
        [only] => *out = desks[*only as usize],
        [first, second, others @ ..] => {
            both(out, &desks[*first as usize], &desks[*second as usize], word);
            for other in others {
                more(out, &desks[*other as usize], word);
            }
        }
    }
}

// Not inlined: with several loops in one function compilers keep half a block in registers that there are not.
#[inline(never)]
fn both(out: &mut Words, a: &Words, b: &Words, word: impl Fn(u64, u64) -> u64) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = word(*a, *b);
    }
}

#[inline(never)]
fn more(out: &mut Words, part: &Words, word: impl Fn(u64, u64) -> u64) {
    for (out, part) in out.iter_mut().zip(part) {
        *out = word(*out, *part);
    }
}

/// Counts bit by bit in planes, one for each binary digit of the count, 64 people at a time.
fn at_least(count: u32, parts: &[u32], out: &mut Words, desks: &[Words]) {
    let digits = (usize::BITS - parts.len().leading_zeros()) as usize;
    for (word, out) in out.iter_mut().enumerate() {
        let mut planes = [0_u64; 32];
        for part in parts {
            let mut carry = desks[*part as usize][word];
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
