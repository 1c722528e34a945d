//! 4,096 people of a set: nobody, everybody, one, a short list or 64 words, whichever is smallest, in one canonical form.
//! Copies share what is written. Not here: sets of more people (`row_set`, `roster`).
#![allow(clippy::indexing_slicing, reason = "word and bit positions are computed within fixed-size blocks")]

use std::sync::Arc;

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
    /// Just one: most sets in a journal are of one person, and those cost no allocation.
    One(u16),
    /// At least two.
    List(Arc<[u16]>),
    /// How many there are, and which.
    Dense(u16, Arc<Words>),
}

impl Block {
    pub(crate) fn from_words(words: &Words) -> Self {
        let count: u32 = words.iter().map(|word| word.count_ones()).sum();
        match (count as usize, u16::try_from(count)) {
            (0, _) => Self::Empty,
            (BLOCK, _) => Self::Full,
            (1, _) => places(words).next().map_or(Self::Empty, Self::One),
            (count @ 2..=LIST, _) => {
                let mut list = [0; LIST];
                for (slot, place) in list.iter_mut().zip(places(words)) {
                    *slot = place;
                }
                Self::List(list[..count].into())
            }
            (_, count) => Self::Dense(count.unwrap_or(u16::MAX), Arc::new(*words)),
        }
    }

    /// Whether the block has just these bits.
    pub(crate) fn is(&self, words: &Words) -> bool {
        match self {
            Self::Empty => words.iter().all(|word| *word == 0),
            Self::Full => words.iter().all(|word| *word == u64::MAX),
            Self::Dense(_, ours) => **ours == *words,
            Self::One(_) | Self::List(_) => self.words() == *words,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::Empty
    }

    /// The places that this block has and another lacks.
    pub(crate) fn except(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Empty, _) | (_, Self::Full) => Self::Empty,
            (_, Self::Empty) => self.clone(),
            _ => self.combine(other, |ours, theirs| ours & !theirs),
        }
    }

    /// The places that this block and another make of theirs, word by word.
    pub(crate) fn combine(&self, other: &Self, word: impl Fn(u64, u64) -> u64) -> Self {
        let (mut ours, theirs) = (self.words(), other.words());
        for (ours, theirs) in ours.iter_mut().zip(theirs) {
            *ours = word(*ours, theirs);
        }
        Self::from_words(&ours)
    }

    /// The block with some places the other way round.
    pub(crate) fn flipped(&self, places: impl Iterator<Item = u16>) -> Self {
        let mut words = self.words();
        for place in places.map(usize::from) {
            words[place / 64] ^= 1 << (place % 64);
        }
        Self::from_words(&words)
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
        let mut words = [0; WORDS];
        self.copy_to(&mut words);
        words
    }

    /// Writes the block as bits.
    pub(crate) fn copy_to(&self, out: &mut Words) {
        match self {
            Self::Empty => *out = [0; WORDS],
            Self::Full => *out = [u64::MAX; WORDS],
            Self::One(place) => {
                *out = [0; WORDS];
                out[usize::from(*place) / 64] = 1 << (place % 64);
            }
            Self::List(list) => {
                *out = [0; WORDS];
                for &place in list.iter() {
                    out[usize::from(place) / 64] |= 1 << (place % 64);
                }
            }
            Self::Dense(_, words) => *out = **words,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Full => BLOCK,
            Self::One(_) => 1,
            Self::List(list) => list.len(),
            Self::Dense(count, _) => usize::from(*count),
        }
    }

    pub(crate) fn contains(&self, place: usize) -> bool {
        match self {
            Self::Empty => false,
            Self::Full => true,
            Self::One(only) => usize::from(*only) == place,
            Self::List(list) => list.binary_search_by_key(&place, |&listed| usize::from(listed)).is_ok(),
            Self::Dense(_, words) => words[place / 64] >> (place % 64) & 1 == 1,
        }
    }

    /// Bytes held beside the block itself, and whether another holds the same ones.
    pub(crate) fn bytes(&self, other: Option<&Self>) -> crate::Bytes {
        let mut bytes = crate::Bytes::default();
        match (self, other) {
            (Self::List(ours), Some(Self::List(theirs))) => {
                bytes.add_shared(ours, Some(theirs), size_of_val(&**ours));
            }
            (Self::List(ours), _) => bytes.add_own(size_of_val(&**ours)),
            (Self::Dense(_, ours), Some(Self::Dense(_, theirs))) => {
                bytes.add_shared(ours, Some(theirs), size_of::<Words>());
            }
            (Self::Dense(..), _) => bytes.add_own(size_of::<Words>()),
            (Self::Empty | Self::Full | Self::One(_), _) => {}
        }
        bytes
    }
}

/// The places of the bits that are set, ascending.
pub(crate) fn places(words: &Words) -> impl Iterator<Item = u16> + '_ {
    bits(words).filter_map(|place| u16::try_from(place).ok())
}

/// The same of however many words.
pub(crate) fn bits(words: &[u64]) -> impl Iterator<Item = u32> + '_ {
    (0_u32..).zip(words).flat_map(|(number, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let bit = rest.trailing_zeros();
            rest &= rest.checked_sub(1)?;
            Some(number * 64 + bit)
        })
    })
}
