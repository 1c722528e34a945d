//! The blocks of one set: none, one in place, or a list. Most sets in a journal are of one person, whose block then
//! needs no allocation. Not here: what the blocks say (`row_set`).

use std::ops::{Deref, DerefMut};

use crate::block::Block;

/// A block and its number.
type Run = (u32, Block);

/// Blocks by their number, ascending.
#[derive(Clone, Debug)]
pub(crate) enum Runs {
    One([Run; 1]),
    /// None, or any number of them.
    Many(Vec<Run>),
}

impl Runs {
    pub(crate) fn insert(&mut self, place: usize, run: Run) {
        match self {
            Self::Many(runs) if runs.is_empty() => *self = Self::One([run]),
            Self::Many(runs) => runs.insert(place.min(runs.len()), run),
            Self::One([only]) => {
                let only = std::mem::take(only);
                *self = Self::Many(if place == 0 { vec![run, only] } else { vec![only, run] });
            }
        }
    }

    pub(crate) fn remove(&mut self, place: usize) {
        match self {
            Self::Many(runs) if place < runs.len() => drop(runs.remove(place)),
            Self::Many(_) => {}
            Self::One(_) => *self = Self::default(),
        }
    }

    /// Bytes held beside this value itself and the blocks.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::One(_) => 0,
            Self::Many(runs) => runs.capacity() * size_of::<Run>(),
        }
    }
}

impl Default for Runs {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Deref for Runs {
    type Target = [Run];

    fn deref(&self) -> &[Run] {
        match self {
            Self::One(one) => one,
            Self::Many(runs) => runs,
        }
    }
}

impl DerefMut for Runs {
    fn deref_mut(&mut self) -> &mut [Run] {
        match self {
            Self::One(one) => one,
            Self::Many(runs) => runs,
        }
    }
}

impl PartialEq for Runs {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Runs {}

impl FromIterator<Run> for Runs {
    fn from_iter<I: IntoIterator<Item = Run>>(runs: I) -> Self {
        let mut runs = runs.into_iter();
        match (runs.next(), runs.next()) {
            (Some(only), None) => Self::One([only]),
            (first, second) => Self::Many(first.into_iter().chain(second).chain(runs).collect()),
        }
    }
}
