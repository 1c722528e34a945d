//! A set of people by row: who joined a segment, who is enrolled. Copies share blocks; kept and exchanged as a
//! portable roaring bitmap. Not here: blocks (`block`), and many sets of which single people change (`roster`).

use roaring::RoaringBitmap;

use crate::block::{BLOCK, Block, WORDS, Words, bits};
use crate::runs::Runs;

/// A set of rows.
///
/// ```
/// use matricula_core::RowSet;
///
/// let set: RowSet = [3, 1, 70_000].into_iter().collect();
/// assert!(set.contains(70_000) && !set.contains(2));
/// assert_eq!(set.iter().collect::<Vec<_>>(), [1, 3, 70_000]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSet {
    /// Blocks that have somebody, by their number, ascending.
    blocks: Runs,
    len: usize,
}

impl RowSet {
    /// How many rows are in the set.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the set has no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the set has this row.
    pub fn contains(&self, row: u32) -> bool {
        let row = row as usize;
        self.block(row / BLOCK).contains(row % BLOCK)
    }

    /// The lowest row, if there is any.
    pub fn min(&self) -> Option<u32> {
        self.iter().next()
    }

    /// The highest row, if there is any.
    pub fn max(&self) -> Option<u32> {
        let last = self.blocks.last()?;
        rows_of(last.0, &last.1).last()
    }

    /// Adds or removes a row; whether that changed anything.
    pub fn set(&mut self, row: u32, present: bool) -> bool {
        if self.contains(row) == present {
            return false;
        }
        let (index, place) = (row as usize / BLOCK, row as usize % BLOCK);
        let places = u16::try_from(place).into_iter();
        self.replace(index, self.block(index).flipped(places));
        true
    }

    /// The rows, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.blocks.iter().flat_map(|(index, block)| rows_of(*index, block))
    }

    /// The rows of this set that another lacks.
    pub fn difference(&self, other: &Self) -> Self {
        self.blocks
            .iter()
            .map(|(index, block)| (*index, block.except(other.block(*index as usize))))
            .collect()
    }

    /// The rows that both sets have.
    pub fn intersection(&self, other: &Self) -> Self {
        let both = |(index, block): &(u32, Block)| {
            (*index, block.combine(other.block(*index as usize), |ours, theirs| ours & theirs))
        };
        self.blocks.iter().map(both).collect()
    }

    /// The rows that either set has.
    pub fn union(&self, other: &Self) -> Self {
        let mut either = self.clone();
        for (index, block) in other.blocks.iter() {
            let index = *index as usize;
            either.replace(
                index,
                match either.block(index) {
                    Block::Empty => block.clone(),
                    ours => ours.combine(block, |ours, theirs| ours | theirs),
                },
            );
        }
        either
    }

    /// The rows of this set from one on, up to but not including another.
    pub fn range(&self, from: u32, to: u32) -> Self {
        let (from, to) = (from as usize, to as usize);
        let within = |(index, block): &(u32, Block)| {
            let start = *index as usize * BLOCK;
            if start >= to || start + BLOCK <= from {
                return (*index, Block::Empty);
            }
            let upper = block.clone().up_to(to - start);
            (*index, upper.except(&Block::Full.up_to(from.saturating_sub(start))))
        };
        self.blocks.iter().map(within).collect()
    }

    pub(crate) fn block(&self, index: usize) -> &Block {
        self.find(index)
            .ok()
            .and_then(|place| self.blocks.get(place))
            .map_or(&Block::Empty, |(_, block)| block)
    }

    /// Where a block is, or would be.
    fn find(&self, index: usize) -> Result<usize, usize> {
        self.blocks.binary_search_by_key(&index, |(index, _)| *index as usize)
    }

    pub(crate) fn blocks(&self) -> impl Iterator<Item = (usize, &Block)> {
        self.blocks.iter().map(|(index, block)| (*index as usize, block))
    }

    pub(crate) fn replace(&mut self, index: usize, block: Block) {
        self.len = self.len - self.block(index).len() + block.len();
        match (self.find(index), block) {
            (Ok(place), Block::Empty) => {
                self.blocks.remove(place);
            }
            (Ok(place), block) => {
                if let Some(old) = self.blocks.get_mut(place) {
                    old.1 = block;
                }
            }
            (Err(_), Block::Empty) => {}
            (Err(place), block) => {
                self.blocks.insert(place, (u32::try_from(index).unwrap_or(u32::MAX), block));
            }
        }
    }

    /// As a roaring bitmap.
    fn to_roaring(&self) -> RoaringBitmap {
        let mut bitmap = RoaringBitmap::new();
        // A roaring bitmap is put together fastest from the bytes of whole containers.
        for container in self.blocks.chunk_by(|a, b| a.0 / CONTAINER == b.0 / CONTAINER) {
            let Some(first) = container.first().map(|(index, _)| index / CONTAINER) else { continue };
            if let [(index, block @ (Block::One(_) | Block::List(_)))] = container {
                bitmap.extend(rows_of(*index, block));
                continue;
            }
            let mut bytes = vec![0; CONTAINER as usize * BLOCK / 8];
            for (index, block) in container {
                let start = (index % CONTAINER) as usize * (BLOCK / 8);
                for (bytes, word) in
                    bytes.get_mut(start..).unwrap_or_default().as_chunks_mut().0.iter_mut().zip(block.words())
                {
                    *bytes = word.to_le_bytes();
                }
            }
            bitmap |= RoaringBitmap::from_lsb0_bytes(first * (1 << 16), &bytes);
        }
        bitmap
    }

    /// From a roaring bitmap.
    fn from_roaring(bitmap: &RoaringBitmap) -> Self {
        bitmap.iter().collect()
    }

    /// In the portable roaring format, run-length encoded where that is shorter.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bitmap = self.to_roaring();
        bitmap.optimize();
        let mut bytes = Vec::with_capacity(bitmap.serialized_size());
        // Writing to a vector cannot fail.
        let _ = bitmap.serialize_into(&mut bytes);
        bytes
    }

    /// From the portable roaring format.
    ///
    /// # Errors
    /// If the bytes are not in that format.
    pub fn from_bytes(bytes: &[u8]) -> std::io::Result<Self> {
        let mut rest = bytes;
        let bitmap = RoaringBitmap::deserialize_from(&mut rest)?;
        if !rest.is_empty() {
            return Err(std::io::Error::other("there are bytes after its end"));
        }
        Ok(Self::from_roaring(&bitmap))
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> crate::Bytes {
        let mut bytes = crate::Bytes::default();
        bytes.add_own(self.blocks.bytes());
        for (index, block) in self.blocks() {
            bytes.add(block.bytes(other.map(|other| other.block(index))));
        }
        bytes
    }
}

/// Blocks in a roaring container.
const CONTAINER: u32 = (1 << 16) / BLOCK as u32;

static FULL: Words = [u64::MAX; WORDS];

/// The rows of a block, ascending.
fn rows_of(index: u32, block: &Block) -> impl Iterator<Item = u32> + '_ {
    let base = index * BLOCK as u32;
    let (list, words): (&[u16], &[u64]) = match block {
        Block::Empty => (&[], &[]),
        Block::Full => (&[], FULL.as_slice()),
        Block::One(only) => (std::slice::from_ref(only), &[]),
        Block::List(list) => (list, &[]),
        Block::Dense(_, words) => (&[], words.as_slice()),
    };
    let listed = list.iter().map(move |place| base + u32::from(*place));
    listed.chain(bits(words).map(move |place| base + place))
}

impl FromIterator<(u32, Block)> for RowSet {
    /// From blocks, each number once, in any order: threads give theirs as they come.
    fn from_iter<I: IntoIterator<Item = (u32, Block)>>(blocks: I) -> Self {
        let mut blocks: Runs = blocks.into_iter().filter(|(_, block)| !block.is_empty()).collect();
        if !blocks.is_sorted_by_key(|(index, _)| *index) {
            blocks.sort_unstable_by_key(|(index, _)| *index);
        }
        Self { len: blocks.iter().map(|(_, block)| block.len()).sum(), blocks }
    }
}

impl FromIterator<u32> for RowSet {
    fn from_iter<I: IntoIterator<Item = u32>>(rows: I) -> Self {
        let mut set = Self::default();
        let mut rows = rows.into_iter().peekable();
        while let Some(row) = rows.next() {
            let index = row as usize / BLOCK;
            let place = |row: u32| row as usize % BLOCK;
            let mut next = rows.next_if(|next| *next as usize / BLOCK == index);
            let before = set.block(index);
            if next.is_none()
                && before.is_empty()
                && let Ok(only) = u16::try_from(place(row))
            {
                // Most sets are of one person, whom a commit changed.
                set.replace(index, Block::One(only));
                continue;
            }
            let mut words = before.words();
            let mut open = Some(row);
            while let Some(row) = open {
                if let Some(word) = words.get_mut(place(row) / 64) {
                    *word |= 1 << (place(row) % 64);
                }
                open = next.take().or_else(|| rows.next_if(|next| *next as usize / BLOCK == index));
            }
            set.replace(index, Block::from_words(&words));
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn rows() -> impl Strategy<Value = BTreeSet<u32>> {
        prop_oneof![
            prop::collection::btree_set(0..20_000_u32, 0..300),
            prop::collection::btree_set(0..200_000_u32, 0..20),
            (0..9_000_u32, 0..9_000_u32).prop_map(|(from, count)| (from..from + count).collect()),
        ]
    }

    proptest! {
        #[test]
        fn behaves_as_a_plain_set(a in rows(), b in rows(), toggles in prop::collection::vec((0..20_000_u32, any::<bool>()), 0..50), (from, to) in (0..20_000_u32, 0..20_000_u32)) {
            let (x, y): (RowSet, RowSet) = (a.iter().copied().collect(), b.iter().copied().collect());
            let plain = |set: &RowSet| set.iter().collect::<BTreeSet<_>>();
            prop_assert_eq!(plain(&x), a.clone());
            prop_assert_eq!(x.len(), a.len());
            prop_assert_eq!((x.min(), x.max()), (a.first().copied(), a.last().copied()));
            prop_assert_eq!(plain(&x.union(&y)), a.union(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(plain(&x.intersection(&y)), a.intersection(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(plain(&x.difference(&y)), a.difference(&b).copied().collect::<BTreeSet<_>>());
            let within: RowSet = a.iter().copied().filter(|row| (from..to).contains(row)).collect();
            prop_assert_eq!(x.range(from, to), within);
            prop_assert_eq!(x.to_roaring().iter().collect::<BTreeSet<_>>(), a.clone());
            prop_assert_eq!(&RowSet::from_bytes(&x.to_bytes()).unwrap(), &x);
            let (mut set, mut reference) = (x, a);
            for (row, present) in toggles {
                let changed = if present { reference.insert(row) } else { reference.remove(&row) };
                prop_assert_eq!(set.set(row, present), changed);
            }
            prop_assert_eq!(&reference.iter().copied().collect::<RowSet>(), &set);
        }
    }

    proptest! {
        #[test]
        fn blocks_come_in_any_order(a in rows(), shuffle in any::<prop::sample::Index>()) {
            let set: RowSet = a.into_iter().collect();
            let mut blocks: Vec<(u32, Block)> = set.blocks.to_vec();
            if !blocks.is_empty() {
                let first = shuffle.index(blocks.len());
                blocks.rotate_left(first);
                blocks[first / 2..].reverse();
            }
            prop_assert_eq!(blocks.into_iter().collect::<RowSet>(), set);
        }
    }

    #[test]
    fn bytes_that_are_no_bitmap_are_an_error() {
        assert!(RowSet::from_bytes(b"nonsense").is_err());
    }
}
