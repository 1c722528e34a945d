//! A growable sequence in shared chunks: a copy costs one pointer a chunk, a write copies one chunk that a
//! snapshot still holds. Places never written read as the default. Not here: what the numbers mean (`column`).

use std::sync::Arc;

/// A sequence of `T` in chunks of `N`.
#[derive(Clone, Debug)]
pub(crate) struct Chunks<T, const N: usize> {
    chunks: Vec<Arc<Vec<T>>>,
}

impl<T, const N: usize> Default for Chunks<T, N> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T: Clone + Default, const N: usize> Chunks<T, N> {
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.chunks.get(index / N)?.get(index % N)
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        Arc::make_mut(self.chunks.get_mut(index / N)?).get_mut(index % N)
    }

    /// Writes one place, growing the sequence up to it.
    pub(crate) fn set(&mut self, index: usize, value: T) {
        let (chunk, place) = (index / N, index % N);
        if chunk >= self.chunks.len() {
            let empty = Arc::new(Vec::new());
            self.chunks.resize(chunk + 1, empty);
        }
        let Some(chunk) = self.chunks.get_mut(chunk) else {
            return;
        };
        let chunk = Arc::make_mut(chunk);
        if place >= chunk.len() {
            chunk.resize(place + 1, T::default());
        }
        if let Some(slot) = chunk.get_mut(place) {
            *slot = value;
        }
    }

    /// One chunk as far as it has been written; empty beyond the end.
    pub(crate) fn chunk(&self, index: usize) -> &[T] {
        self.chunks.get(index).map_or(&[], |chunk| chunk.as_slice())
    }

    pub(crate) fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// The same sequence with every element translated.
    pub(crate) fn map<U>(&self, translate: impl Fn(&T) -> U) -> Chunks<U, N> {
        let chunks =
            self.chunks.iter().map(|chunk| Arc::new(chunk.iter().map(&translate).collect())).collect();
        Chunks { chunks }
    }

    /// Bytes held, and how many of them are not shared with `other`.
    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        let mut bytes = Bytes::default();
        for (index, chunk) in self.chunks.iter().enumerate() {
            let theirs = other.and_then(|other| other.chunks.get(index));
            bytes.add_shared(chunk, theirs, chunk.capacity() * size_of::<T>() + size_of::<Vec<T>>());
        }
        bytes.add_own(self.chunks.capacity() * size_of::<Arc<Vec<T>>>());
        bytes
    }
}

/// Memory held by a snapshot, and the part of it that it does not share with another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// All bytes that the snapshot reaches.
    pub held: usize,
    /// The bytes that the other snapshot does not reach.
    pub unshared: usize,
}

impl Bytes {
    pub(crate) fn add_own(&mut self, bytes: usize) {
        self.held += bytes;
        self.unshared += bytes;
    }

    pub(crate) fn add_shared<T: ?Sized>(&mut self, ours: &Arc<T>, theirs: Option<&Arc<T>>, bytes: usize) {
        self.held += bytes;
        if !theirs.is_some_and(|theirs| Arc::ptr_eq(ours, theirs)) {
            self.unshared += bytes;
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.held += other.held;
        self.unshared += other.unshared;
    }
}
