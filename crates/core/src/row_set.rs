//! A set of people by row, in blocks of 4,096: the membership of a segment. Copies share blocks; a block is
//! empty, full, a short list or 64 words, whichever is smallest, in one canonical form. Kept and exchanged as
//! a portable roaring bitmap.
#![allow(clippy::indexing_slicing, reason = "word and bit positions are computed within fixed-size blocks")]

use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::chunks::Chunks;

/// Rows in a block.
pub(crate) const BLOCK: usize = 4096;
/// 64-bit words in a block.
pub(crate) const WORDS: usize = BLOCK / 64;
/// The longest list that takes no more room than half the words do.
const LIST: usize = 128;

/// One block as bits.
pub(crate) type Words = [u64; WORDS];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Block {
    #[default]
    Empty,
    Full,
    List(Arc<[u16]>),
    Dense(Arc<Words>),
}

impl Block {
    pub(crate) fn from_words(words: &Words) -> Self {
        let count: usize = words.iter().map(|word| word.count_ones() as usize).sum();
        match count {
            0 => Self::Empty,
            BLOCK => Self::Full,
            1..=LIST => Self::List(places(words).collect()),
            _ => Self::Dense(Arc::new(*words)),
        }
    }

    /// Whether the block has just these bits.
    pub(crate) fn is(&self, words: &Words) -> bool {
        match self {
            Self::Empty => words.iter().all(|word| *word == 0),
            Self::Full => words.iter().all(|word| *word == u64::MAX),
            Self::Dense(ours) => **ours == *words,
            Self::List(_) => self.words() == *words,
        }
    }

    /// The block without the places from this one on.
    pub(crate) fn up_to(self, count: usize) -> Self {
        if count >= BLOCK {
            return self;
        }
        let mut words = self.words();
        for (index, word) in words.iter_mut().enumerate() {
            let kept = count.saturating_sub(index * 64).min(64);
            *word &= if kept == 64 { u64::MAX } else { (1 << kept) - 1 };
        }
        Self::from_words(&words)
    }

    pub(crate) fn words(&self) -> Words {
        match self {
            Self::Empty => [0; WORDS],
            Self::Full => [u64::MAX; WORDS],
            Self::List(list) => {
                let mut words = [0; WORDS];
                for &place in list.iter() {
                    words[usize::from(place) / 64] |= 1 << (place % 64);
                }
                words
            }
            Self::Dense(words) => **words,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Full => BLOCK,
            Self::List(list) => list.len(),
            Self::Dense(words) => words.iter().map(|word| word.count_ones() as usize).sum(),
        }
    }

    fn contains(&self, place: usize) -> bool {
        match self {
            Self::Empty => false,
            Self::Full => true,
            Self::List(list) => list.binary_search_by_key(&place, |&listed| usize::from(listed)).is_ok(),
            Self::Dense(words) => words[place / 64] >> (place % 64) & 1 == 1,
        }
    }
}

/// Rows gathered block by block, in ascending order, into a roaring bitmap.
#[derive(Default)]
pub(crate) struct Gathering {
    bitmap: RoaringBitmap,
    /// The rows of one roaring container, and which one; empty if there are none.
    bytes: Vec<u8>,
    container: usize,
}

/// Blocks in a roaring container.
const CONTAINER: usize = (1 << 16) / BLOCK;

impl Gathering {
    /// Adds the rows of a block that are in the first words and not in the second.
    pub(crate) fn add(&mut self, block: usize, rows: &Words, except: &Words) {
        if rows.iter().zip(except).all(|(rows, except)| rows & !except == 0) {
            return;
        }
        if block / CONTAINER != self.container {
            self.flush();
            self.container = block / CONTAINER;
        }
        self.bytes.resize(1 << 13, 0);
        let start = block % CONTAINER * (BLOCK / 8);
        let places = self.bytes[start..start + BLOCK / 8].as_chunks_mut::<8>().0;
        for ((bytes, rows), except) in places.iter_mut().zip(rows).zip(except) {
            *bytes = (rows & !except).to_le_bytes();
        }
    }

    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            let start = u32::try_from(self.container << 16).unwrap_or(u32::MAX);
            self.bitmap |= RoaringBitmap::from_lsb0_bytes(start, &self.bytes);
            self.bytes.clear();
        }
    }

    pub(crate) fn finish(mut self) -> RoaringBitmap {
        self.flush();
        self.bitmap
    }
}

/// The places of the bits that are set, ascending.
pub(crate) fn places(words: &Words) -> impl Iterator<Item = u16> + '_ {
    words.iter().enumerate().flat_map(|(index, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let bit = rest.trailing_zeros();
            rest &= rest.checked_sub(1)?;
            u16::try_from(index * 64 + bit as usize).ok()
        })
    })
}

/// A set of rows.
///
/// ```
/// use matricula_core::RowSet;
///
/// let set: RowSet = [3, 1, 70_000].into_iter().collect();
/// assert!(set.contains(70_000) && !set.contains(2));
/// assert_eq!(set.iter().collect::<Vec<_>>(), [1, 3, 70_000]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct RowSet {
    blocks: Chunks<Block, 16>,
    len: usize,
}

impl PartialEq for RowSet {
    fn eq(&self, other: &Self) -> bool {
        let blocks = self.block_count().max(other.block_count());
        self.len == other.len && (0..blocks).all(|index| self.block(index) == other.block(index))
    }
}

impl Eq for RowSet {}

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
        self.blocks.get(row / BLOCK).is_some_and(|block| block.contains(row % BLOCK))
    }

    /// Adds or removes a row; whether that changed anything.
    pub fn set(&mut self, row: u32, present: bool) -> bool {
        if self.contains(row) == present {
            return false;
        }
        let row = row as usize;
        let mut words = self.block(row / BLOCK).words();
        words[row % BLOCK / 64] ^= 1 << (row % 64);
        self.replace(row / BLOCK, Block::from_words(&words));
        true
    }

    /// The rows, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.blocks.iter().flat_map(|(index, block)| {
            let base = index * BLOCK;
            let words = block.words();
            let mut word = 0;
            let mut rest = words[0];
            std::iter::from_fn(move || {
                while rest == 0 {
                    word += 1;
                    rest = *words.get(word)?;
                }
                let bit = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                u32::try_from(base + word * 64 + bit).ok()
            })
        })
    }

    /// The rows of this set that another lacks.
    pub fn difference(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| ours & !theirs)
    }

    /// The rows that both sets have.
    pub fn intersection(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| ours & theirs)
    }

    /// The rows that either set has.
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, |ours, theirs| ours | theirs)
    }

    fn combine(&self, other: &Self, word: impl Fn(u64, u64) -> u64) -> Self {
        let mut result = Self::default();
        for index in 0..self.block_count().max(other.block_count()) {
            let (mut ours, theirs) = (self.block(index).words(), other.block(index).words());
            for (ours, theirs) in ours.iter_mut().zip(theirs) {
                *ours = word(*ours, theirs);
            }
            result.replace(index, Block::from_words(&ours));
        }
        result
    }

    pub(crate) fn block(&self, index: usize) -> &Block {
        self.blocks.get(index).unwrap_or(&Block::Empty)
    }

    /// No block from here on has anybody.
    fn block_count(&self) -> usize {
        self.blocks.chunk_count() * 16
    }

    pub(crate) fn replace(&mut self, index: usize, block: Block) {
        let old = self.blocks.get(index).map_or(0, Block::len);
        if old == 0 && block == Block::Empty {
            return;
        }
        self.len = self.len - old + block.len();
        self.blocks.set(index, block);
    }

    /// As a roaring bitmap.
    pub fn to_roaring(&self) -> RoaringBitmap {
        RoaringBitmap::from_sorted_iter(self.iter()).unwrap_or_default()
    }

    /// From a roaring bitmap.
    pub fn from_roaring(bitmap: &RoaringBitmap) -> Self {
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
        RoaringBitmap::deserialize_from(bytes).map(|bitmap| Self::from_roaring(&bitmap))
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> crate::Bytes {
        let mut bytes = crate::Bytes::default();
        bytes.add(self.blocks.bytes(other.map(|other| &other.blocks)));
        for (index, block) in self.blocks.iter() {
            let theirs = other.and_then(|other| other.blocks.get(index));
            match (block, theirs) {
                (Block::List(ours), Some(Block::List(theirs))) => {
                    bytes.add_shared(ours, Some(theirs), size_of_val(&**ours));
                }
                (Block::List(ours), _) => bytes.add_own(size_of_val(&**ours)),
                (Block::Dense(ours), Some(Block::Dense(theirs))) => {
                    bytes.add_shared(ours, Some(theirs), size_of::<Words>());
                }
                (Block::Dense(_), _) => bytes.add_own(size_of::<Words>()),
                (Block::Empty | Block::Full, _) => {}
            }
        }
        bytes
    }
}

impl FromIterator<u32> for RowSet {
    fn from_iter<I: IntoIterator<Item = u32>>(rows: I) -> Self {
        let mut set = Self::default();
        let mut open: Option<(usize, Words)> = None;
        for row in rows {
            let (index, place) = (row as usize / BLOCK, row as usize % BLOCK);
            if open.as_ref().is_none_or(|(open, _)| *open != index) {
                if let Some((index, words)) = open.take() {
                    set.replace(index, Block::from_words(&words));
                }
                open = Some((index, set.block(index).words()));
            }
            if let Some((_, words)) = &mut open {
                words[place / 64] |= 1 << (place % 64);
            }
        }
        if let Some((index, words)) = open {
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
            (0..9_000_u32, 0..9_000_u32).prop_map(|(from, count)| (from..from + count).collect()),
        ]
    }

    proptest! {
        #[test]
        fn behaves_as_a_plain_set(a in rows(), b in rows(), toggles in prop::collection::vec((0..20_000_u32, any::<bool>()), 0..50)) {
            let (x, y): (RowSet, RowSet) = (a.iter().copied().collect(), b.iter().copied().collect());
            let plain = |set: &RowSet| set.iter().collect::<BTreeSet<_>>();
            prop_assert_eq!(plain(&x), a.clone());
            prop_assert_eq!(x.len(), a.len());
            prop_assert_eq!(plain(&x.union(&y)), a.union(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(plain(&x.intersection(&y)), a.intersection(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(plain(&x.difference(&y)), a.difference(&b).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(&RowSet::from_bytes(&x.to_bytes()).unwrap(), &x);
            let (mut set, mut reference) = (x, a);
            for (row, present) in toggles {
                let changed = if present { reference.insert(row) } else { reference.remove(&row) };
                prop_assert_eq!(set.set(row, present), changed);
            }
            prop_assert_eq!(&reference.iter().copied().collect::<RowSet>(), &set);
        }
    }

    #[test]
    fn bytes_that_are_no_bitmap_are_an_error() {
        assert!(RowSet::from_bytes(b"nonsense").is_err());
    }
}
