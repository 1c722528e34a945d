//! Many sets of the same people, such as the members of every segment: kept block by block of people, because what
//! changes is one person and a few of the sets, or everybody. A change of one person is noted beside the block, and
//! worked into its sets once there are many. Not here: one set by itself (`row_set`).

mod image;

use std::sync::Arc;

use crate::block::{BLOCK, Block, WORDS, Words};
use crate::chunks::Chunks;
use crate::{Bytes, RowSet};

/// At least so many changes of a block are noted beside it.
const LATE: usize = 128;

/// So many changes at once are noted person by person.
const FEW: usize = 4096;

/// One person joining or leaving one set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) row: u32,
    pub(crate) set: u32,
    pub(crate) present: bool,
}

/// Sets of people, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster {
    layers: Chunks<Arc<Layer>, 8>,
    /// How many people are in each set.
    counts: Arc<Vec<u32>>,
}

/// One block of people in all sets.
#[derive(Clone, Debug, Default)]
struct Layer {
    /// By set.
    blocks: Arc<Vec<Block>>,
    /// Sets and people, ascending, of which `blocks` says the opposite of what is.
    late: Arc<Vec<(u32, u16)>>,
}

impl Layer {
    fn contains(&self, set: u32, place: u16) -> bool {
        let block = self.blocks.get(set as usize);
        let noted = block.is_some_and(|block| block.contains(place.into()));
        noted != self.late.binary_search(&(set, place)).is_ok()
    }

    /// The places in which `blocks` is wrong about a set, ascending.
    fn late_of(&self, set: u32) -> impl Iterator<Item = u16> {
        let start = self.late.partition_point(|(late, _)| *late < set);
        let those = self.late.iter().skip(start).take_while(move |(late, _)| *late == set);
        those.map(|(_, place)| *place)
    }

    fn block(&self, set: u32) -> Block {
        let block = self.blocks.get(set as usize).unwrap_or(&Block::Empty);
        if self.late_of(set).next().is_none() { block.clone() } else { block.flipped(self.late_of(set)) }
    }

    /// The people of a set as bits.
    fn copy_to(&self, set: u32, out: &mut Words) {
        self.blocks.get(set as usize).unwrap_or(&Block::Empty).copy_to(out);
        for place in self.late_of(set).map(usize::from) {
            if let Some(word) = out.get_mut(place / 64) {
                *word ^= 1 << (place % 64);
            }
        }
    }

    /// Works what was noted into the sets.
    fn settle(&mut self) {
        let late = std::mem::take(&mut self.late);
        if late.is_empty() {
            return;
        }
        let blocks = Arc::make_mut(&mut self.blocks);
        for same in late.chunk_by(|a, b| a.0 == b.0) {
            let Some(set) = same.first().map(|(set, _)| *set as usize) else { continue };
            if set >= blocks.len() {
                blocks.resize(set + 1, Block::Empty);
            }
            if let Some(block) = blocks.get_mut(set) {
                *block = block.flipped(same.iter().map(|(_, place)| *place));
            }
        }
    }

    fn replace(&mut self, sets: impl IntoIterator<Item = (usize, Block)>, counts: &mut Vec<u32>) {
        self.settle();
        let blocks = Arc::make_mut(&mut self.blocks);
        for (set, new) in sets {
            if set >= blocks.len() {
                // At once to as many as other blocks of people have: growing set by set copies and leaves half unused.
                blocks.resize(counts.len().max(set + 1), Block::Empty);
            }
            let Some(block) = blocks.get_mut(set) else { continue };
            add_count(counts, set, new.len() as i64 - block.len() as i64);
            *block = new;
        }
    }

    /// Notes that a person is in some sets (ascending) where until now not, or the other way round.
    fn flip(&mut self, place: u16, sets: &[u32]) {
        let mut late = Vec::with_capacity(self.late.len() + sets.len());
        let mut rest = self.late.as_slice();
        for &set in sets {
            let (before, others) = rest.split_at(rest.partition_point(|noted| *noted < (set, place)));
            late.extend_from_slice(before);
            rest = match others.split_first() {
                Some((noted, others)) if *noted == (set, place) => others,
                _ => {
                    late.push((set, place));
                    others
                }
            };
        }
        late.extend_from_slice(rest);
        self.late = Arc::new(late);
        // By then working everything in costs about as much as noting it did.
        if self.late.len() > self.blocks.len().max(LATE) {
            self.settle();
        }
    }
}

impl Roster {
    /// How many people are in a set.
    pub(crate) fn len(&self, set: usize) -> usize {
        self.counts.get(set).copied().unwrap_or_default() as usize
    }

    /// Whether a person is in a set.
    pub(crate) fn contains(&self, set: u32, row: u32) -> bool {
        let (index, place) = locate(row);
        self.layers.get(index).is_some_and(|layer| layer.contains(set, place))
    }

    /// Everybody in a set.
    pub(crate) fn get(&self, set: usize) -> RowSet {
        let (Ok(set), false) = (u32::try_from(set), self.len(set) == 0) else { return RowSet::default() };
        // Where nobody of a block was ever in any set there is no layer.
        let block = |(index, layer): (usize, &Arc<Layer>)| {
            (u32::try_from(index).unwrap_or(u32::MAX), layer.block(set))
        };
        self.layers.iter().map(block).collect()
    }

    /// The people of one block who are in a set.
    pub(crate) fn block(&self, set: usize, index: usize) -> Block {
        match (self.layers.get(index), u32::try_from(set)) {
            (Some(layer), Ok(set)) => layer.block(set),
            _ => Block::Empty,
        }
    }

    /// Writes down the people of one block who are in a set.
    pub(crate) fn copy_to(&self, set: usize, index: usize, out: &mut Words) {
        match (self.layers.get(index), u32::try_from(set)) {
            (Some(layer), Ok(set)) => layer.copy_to(set, out),
            _ => *out = [0; WORDS],
        }
    }

    /// Whether the people of one block who are in a set are just these.
    pub(crate) fn is(&self, set: usize, index: usize, words: &Words) -> bool {
        match self.layers.get(index) {
            Some(layer) if layer.late.is_empty() => layer.blocks.get(set).unwrap_or(&Block::Empty).is(words),
            _ => {
                let mut ours = [0; WORDS];
                self.copy_to(set, index, &mut ours);
                ours == *words
            }
        }
    }

    /// Puts people into sets and takes them out; changes come by row and then by set, ascending.
    pub(crate) fn apply(&mut self, changes: &[Change]) {
        let is_real = |change: &&Change| self.contains(change.set, change.row) != change.present;
        let real: Vec<Change> = changes.iter().filter(is_real).copied().collect();
        self.turn(&real);
    }

    /// The same, where it is known of each that it changes something. Looking that up in many sets would take as many
    /// trips to memory.
    pub(crate) fn turn(&mut self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let counts = Arc::make_mut(&mut self.counts);
        for change in changes {
            add_count(counts, change.set as usize, i64::from(change.present) * 2 - 1);
        }
        let mut sets = Vec::with_capacity(changes.len());
        for of_person in changes.chunk_by(|a, b| a.row == b.row) {
            let Some((index, place)) = of_person.first().map(|change| locate(change.row)) else { continue };
            sets.clear();
            sets.extend(of_person.iter().map(|change| change.set));
            if let Some(layer) = self.layer_mut(index) {
                layer.flip(place, &sets);
            }
        }
    }

    /// Replaces the people of one block in some sets.
    pub(crate) fn replace(&mut self, index: usize, sets: impl IntoIterator<Item = (usize, Block)>) {
        let mut counts = std::mem::take(&mut self.counts);
        if let Some(layer) = self.layer_mut(index) {
            layer.replace(sets, Arc::make_mut(&mut counts));
        }
        self.counts = counts;
    }

    /// Takes people out of sets and puts others in: for each set who joins and who leaves. `known` says that none of
    /// them was in or out already.
    pub(crate) fn merge<'a>(
        &mut self,
        turnover: impl Iterator<Item = (u32, &'a RowSet, &'a RowSet)> + Clone,
        known: bool,
    ) {
        let count: usize = turnover.clone().map(|(_, joined, left)| joined.len() + left.len()).sum();
        if count <= FEW {
            let change = |set, present| move |row| Change { row, set, present };
            let both = |(set, joined, left): (u32, &'a RowSet, &'a RowSet)| {
                joined.iter().map(change(set, true)).chain(left.iter().map(change(set, false)))
            };
            let mut changes: Vec<Change> = turnover.flat_map(both).collect();
            changes.sort_unstable();
            if known {
                self.turn(&changes)
            } else {
                self.apply(&changes)
            }
            return;
        }
        for (set, joined, left) in turnover {
            let set = set as usize;
            for (index, block) in left.blocks() {
                self.replace(index, [(set, self.block(set, index).except(block))]);
            }
            for (index, block) in joined.blocks() {
                let new = match self.block(set, index) {
                    Block::Empty => block.clone(),
                    old => old.combine(block, |old, joined| old | joined),
                };
                self.replace(index, [(set, new)]);
            }
        }
    }

    /// Puts just these people into a set.
    pub(crate) fn put(&mut self, set: usize, rows: &RowSet) {
        let last = rows.blocks().last().map_or(0, |(index, _)| index + 1);
        let there = self.bound();
        for index in 0..there.max(last) {
            let block = rows.block(index);
            if index >= there || self.block(set, index) != *block {
                self.replace(index, [(set, block.clone())]);
            }
        }
    }

    /// No layer has this number or one above.
    fn bound(&self) -> usize {
        self.layers.iter().last().map_or(0, |(index, _)| index + 1)
    }

    fn layer_mut(&mut self, index: usize) -> Option<&mut Layer> {
        if self.layers.get(index).is_none() {
            self.layers.set(index, Arc::default());
        }
        self.layers.get_mut(index).map(Arc::make_mut)
    }

    /// Bytes held, and how many of them are not shared with another.
    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        let mut bytes = self.layers.bytes(other.map(|other| &other.layers));
        bytes.add_shared(&self.counts, other.map(|other| &other.counts), self.counts.capacity() * 4);
        for (index, layer) in self.layers.iter() {
            let theirs = other.and_then(|other| other.layers.get(index));
            bytes.add_shared(layer, theirs, size_of::<Layer>());
            let size = layer.late.capacity() * size_of::<(u32, u16)>();
            bytes.add_shared(&layer.late, theirs.map(|theirs| &theirs.late), size);
            let other = theirs.map(|theirs| &theirs.blocks);
            bytes.add_shared(&layer.blocks, other, layer.blocks.capacity() * size_of::<Block>());
            let same = other.is_some_and(|other| Arc::ptr_eq(other, &layer.blocks));
            for (set, block) in layer.blocks.iter().enumerate() {
                let theirs = if same { Some(block) } else { other.and_then(|other| other.get(set)) };
                bytes.add(block.bytes(theirs));
            }
        }
        bytes
    }
}

fn locate(row: u32) -> (usize, u16) {
    let row = row as usize;
    (row / BLOCK, u16::try_from(row % BLOCK).unwrap_or(u16::MAX))
}

fn add_count(counts: &mut Vec<u32>, set: usize, more: i64) {
    if set >= counts.len() {
        counts.resize(set + 1, 0);
    }
    if let Some(count) = counts.get_mut(set) {
        *count = u32::try_from(i64::from(*count) + more).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const SETS: u32 = 12;

    #[derive(Clone, Debug)]
    enum Step {
        Apply(Vec<(u32, u32, bool)>),
        Put(u32, BTreeSet<u32>),
        Replace(usize, Vec<(u32, BTreeSet<u16>)>),
    }

    fn step() -> impl Strategy<Value = Step> {
        let row = prop_oneof![0..300_u32, 4_000..4_200_u32, 9_000..9_010_u32, 50_000..50_010_u32];
        prop_oneof![
            8 => prop::collection::vec((row.clone(), 0..SETS, any::<bool>()), 0..400).prop_map(Step::Apply),
            1 => (0..SETS, prop::collection::btree_set(row, 0..300)).prop_map(|(set, rows)| Step::Put(set, rows)),
            1 => (0..3_usize, prop::collection::vec((0..SETS, prop::collection::btree_set(0..4096_u16, 0..300)), 0..4))
                .prop_map(|(block, sets)| Step::Replace(block, sets)),
        ]
    }

    proptest! {
        #[test]
        fn behaves_as_plain_sets(steps in prop::collection::vec(step(), 0..12)) {
            let mut roster = Roster::default();
            let mut reference = vec![BTreeSet::<u32>::new(); SETS as usize];
            for step in steps {
                let before = (roster.clone(), reference.clone());
                match step {
                    Step::Apply(changes) => {
                        let once: std::collections::BTreeMap<(u32, u32), bool> =
                            changes.into_iter().map(|(row, set, present)| ((row, set), present)).collect();
                        let changes: Vec<Change> = once
                            .into_iter()
                            .map(|((row, set), present)| Change { row, set, present })
                            .collect();
                        roster.apply(&changes);
                        for Change { row, set, present } in changes {
                            let set = &mut reference[set as usize];
                            if present { set.insert(row) } else { set.remove(&row) };
                        }
                    }
                    Step::Put(set, rows) => {
                        roster.put(set as usize, &rows.iter().copied().collect());
                        reference[set as usize] = rows;
                    }
                    Step::Replace(index, sets) => {
                        let blocks: Vec<(usize, Block)> = sets
                            .iter()
                            .map(|(set, places)| {
                                let mut words = [0; crate::block::WORDS];
                                places.iter().for_each(|place| words[usize::from(*place) / 64] |= 1 << (place % 64));
                                (*set as usize, Block::from_words(&words))
                            })
                            .collect();
                        roster.replace(index, blocks);
                        for (set, places) in sets {
                            let start = (index * BLOCK) as u32;
                            let set = &mut reference[set as usize];
                            set.retain(|row| !(start..start + BLOCK as u32).contains(row));
                            set.extend(places.into_iter().map(|place| start + u32::from(place)));
                        }
                    }
                }
                // What others hold is not written to.
                for (roster, reference) in [(&roster, &reference), (&before.0, &before.1)] {
                    for (set, rows) in reference.iter().enumerate() {
                        prop_assert_eq!(&roster.get(set).iter().collect::<BTreeSet<_>>(), rows);
                        prop_assert_eq!(roster.len(set), rows.len());
                        for row in [0, 5, 4_100, 9_005] {
                            prop_assert_eq!(roster.contains(set as u32, row), rows.contains(&row));
                        }
                        let words = roster.block(set, 1).words();
                        prop_assert!(roster.is(set, 1, &words));
                        let mut copy = [7; WORDS];
                        roster.copy_to(set, 1, &mut copy);
                        prop_assert_eq!(copy, words);
                    }
                }
            }
        }
    }
}
