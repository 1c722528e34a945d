//! Who passes: whole blocks of people at a time, every node once a block, on several threads; or one person.
//! Both read the same graph and ranges.
#![allow(clippy::indexing_slicing, reason = "word positions are computed within blocks of fixed size")]

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::column::{Codes, Range};
use crate::graph::{Graph, Node, NodeId};
use crate::ranges::Ranges;
use crate::row_set::{BLOCK, Block, RowSet, WORDS, Words};
use crate::users::{ColumnId, Users};

/// Everything that an answer depends on.
#[derive(Clone, Copy)]
pub(crate) struct Questions<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) ranges: &'a Ranges,
    pub(crate) users: &'a Users,
}

/// The members of one slot within one block of people.
pub(crate) struct Answer {
    pub(crate) slot: usize,
    pub(crate) block: usize,
    pub(crate) members: Block,
}

/// Fewer blocks than this are not worth a second thread.
const WORTH_A_THREAD: usize = 16;

impl Questions<'_> {
    /// Whether a person passes a node.
    pub(crate) fn passes(&self, node: NodeId, row: u32) -> bool {
        match self.graph.node(node) {
            Some(Node::Test(column, _)) => {
                let code = self.users.column(*column).map_or(0, |column| column.get(row));
                let (lo, hi) = self.ranges.get(node);
                (lo..=hi).contains(&code)
            }
            Some(Node::All(parts)) => parts.iter().all(|part| self.passes(*part, row)),
            Some(Node::Any(parts)) => parts.iter().any(|part| self.passes(*part, row)),
            Some(Node::Except(from, what)) => self.passes(*from, row) && !self.passes(*what, row),
            None => false,
        }
    }

    /// Evaluates slots for whole blocks of people; answers that equal what `members` has now are left out.
    /// The answers come in no particular order.
    pub(crate) fn evaluate<'m>(
        &self,
        slots: &[usize],
        blocks: &[usize],
        members: impl Fn(usize) -> Option<&'m RowSet> + Sync,
    ) -> Vec<Answer> {
        let needed = self.graph.needed(slots);
        let mut places = vec![usize::MAX; self.graph.nodes().len()];
        for (place, node) in needed.iter().enumerate() {
            places[node.index()] = place;
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut scratch = vec![[0_u64; WORDS]; needed.len()];
            let mut answers = Vec::new();
            while let Some(&block) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
                for (place, &node) in needed.iter().enumerate() {
                    let (before, rest) = scratch.split_at_mut(place);
                    if let Some(words) = rest.first_mut() {
                        self.fill(node, block, words, |part| &before[places[part.index()]]);
                    }
                }
                for &slot in slots {
                    let Some(root) = self.graph.root(slot) else {
                        continue;
                    };
                    let words = &scratch[places[root.index()]];
                    let old = members(slot).map(|members| members.block(block)).unwrap_or_default();
                    if old.words() != *words {
                        answers.push(Answer { slot, block, members: Block::from_words(words) });
                    }
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

    fn fill<'s>(&self, node: NodeId, block: usize, out: &mut Words, part: impl Fn(NodeId) -> &'s Words) {
        match self.graph.node(node) {
            Some(Node::Test(column, _)) => self.fill_test(*column, self.ranges.get(node), block, out),
            Some(Node::All(parts)) => combine(out, u64::MAX, parts.iter().map(|id| part(*id)), |a, b| a & b),
            Some(Node::Any(parts)) => combine(out, 0, parts.iter().map(|id| part(*id)), |a, b| a | b),
            Some(Node::Except(from, what)) => {
                for ((out, from), what) in out.iter_mut().zip(part(*from)).zip(part(*what)) {
                    *out = from & !what;
                }
            }
            None => *out = [0; WORDS],
        }
    }

    fn fill_test(&self, column: ColumnId, (lo, hi): Range, block: usize, out: &mut Words) {
        match self.users.codes(column) {
            Some(Codes::One(codes)) if lo <= u8::MAX.into() && lo <= hi => {
                let hi = u8::try_from(hi).unwrap_or(u8::MAX);
                let lo = u8::try_from(lo).unwrap_or_default();
                scan(codes.chunk(block), out, |code: u8| code.wrapping_sub(lo) <= hi - lo);
            }
            Some(Codes::Two(codes)) if lo <= u16::MAX.into() && lo <= hi => {
                let hi = u16::try_from(hi).unwrap_or(u16::MAX);
                let lo = u16::try_from(lo).unwrap_or_default();
                scan(codes.chunk(block), out, |code: u16| code.wrapping_sub(lo) <= hi - lo);
            }
            Some(Codes::Four(codes)) if lo <= hi => {
                scan(codes.chunk(block), out, |code: u32| code.wrapping_sub(lo) <= hi - lo);
            }
            _ => *out = [0; WORDS],
        }
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

/// One bit per code: whether it passes. Rows never written read as 0, "no value".
fn scan<T: Copy + Default>(codes: &[T], out: &mut Words, passes: impl Fn(T) -> bool) {
    let (groups, rest) = codes.as_chunks::<64>();
    let outside = if passes(T::default()) { u64::MAX } else { 0 };
    *out = [outside; WORDS];
    for (out, group) in out.iter_mut().zip(groups) {
        // A byte for each code first: compilers turn this loop, and the packing below, into vector code.
        let mut bytes = [0_u8; 64];
        for (byte, code) in bytes.iter_mut().zip(group) {
            *byte = passes(*code).into();
        }
        *out = pack(&bytes);
    }
    if let Some(out) = out.get_mut(groups.len())
        && !rest.is_empty()
    {
        for place in 0..64 {
            let code = rest.get(place).copied().unwrap_or_default();
            *out = *out & !(1 << place) | u64::from(passes(code)) << place;
        }
    }
}

/// The lowest bits of 64 bytes as one word.
fn pack(bytes: &[u8; 64]) -> u64 {
    let mut word = 0;
    for (index, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
        // Multiplying by this constant gathers the lowest bit of each byte in the highest byte.
        let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word |= gathered << (8 * index);
    }
    word
}

/// The blocks that hold this many people.
pub(crate) fn blocks_of(count: u32) -> std::ops::Range<usize> {
    0..(count as usize).div_ceil(BLOCK)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_scan_is_the_test_of_each_code(codes in prop::collection::vec(0..6_u16, 0..300), lo in 0..6_u16, width in 0..3_u16) {
            let passes = |code: u16| code.wrapping_sub(lo) <= width;
            let mut out = [7; WORDS];
            scan(&codes, &mut out, passes);
            for row in 0..BLOCK {
                let code = codes.get(row).copied().unwrap_or_default();
                prop_assert_eq!(out[row / 64] >> (row % 64) & 1 == 1, passes(code));
            }
        }
    }
}
