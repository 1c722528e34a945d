//! A growable sequence in shared chunks: a copy costs one pointer a chunk, a write copies one chunk that a
//! snapshot still holds. Places never written read as the default. Not here: what the numbers mean (`column`).

use std::sync::Arc;

/// Chunks that hang together on one branch. A write copies the pointers of its branch and of the root, not those
/// of all chunks: counting up a reference to a chunk that nobody has looked at lately costs a trip to memory.
const FAN: usize = 32;

/// The chunks of one branch, in one piece: whoever looks for a place takes one trip to memory less than with a list.
type Branch<T> = [Arc<Vec<T>>];

/// A sequence of `T` in chunks of `N`.
#[derive(Clone, Debug)]
pub(crate) struct Chunks<T, const N: usize> {
    branches: Vec<Arc<Branch<T>>>,
}

impl<T, const N: usize> Default for Chunks<T, N> {
    fn default() -> Self {
        Self { branches: Vec::new() }
    }
}

impl<T, const N: usize> Chunks<T, N> {
    /// One chunk as far as it has been written; empty beyond the end.
    pub(crate) fn chunk(&self, index: usize) -> &[T] {
        let chunk = self.branches.get(index / FAN).and_then(|branch| branch.get(index % FAN));
        chunk.map_or(&[], |chunk| chunk.as_slice())
    }

    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.chunk(index / N).get(index % N)
    }

    /// How many chunks there are, the last of them perhaps not full.
    pub(crate) fn chunk_count(&self) -> usize {
        let last = self.branches.last().map_or(0, |branch| branch.len());
        self.branches.len().saturating_sub(1) * FAN + last
    }

    /// All places that have been written or lie before one that has.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let chunks = (0..self.chunk_count()).map(|index| (index * N, self.chunk(index)));
        chunks.flat_map(|(start, chunk)| {
            chunk.iter().enumerate().map(move |(place, item)| (start + place, item))
        })
    }

    /// The same sequence with every element translated.
    pub(crate) fn map<U>(&self, translate: impl Fn(&T) -> U) -> Chunks<U, N> {
        let chunk = |chunk: &Arc<Vec<T>>| Arc::new(chunk.iter().map(&translate).collect());
        let branch = |branch: &Arc<Branch<T>>| branch.iter().map(chunk).collect();
        Chunks { branches: self.branches.iter().map(branch).collect() }
    }

    /// Bytes held, and how many of them are not shared with `other`.
    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        self.bytes_with(other, |_| 0)
    }

    /// The same, where each item holds more elsewhere, which is shared where its chunk is.
    pub(crate) fn bytes_with(&self, other: Option<&Self>, more: impl Fn(&T) -> usize) -> Bytes {
        let mut bytes = Bytes::default();
        bytes.add_own(self.branches.capacity() * size_of::<Arc<Branch<T>>>());
        for (index, branch) in self.branches.iter().enumerate() {
            let theirs = other.and_then(|other| other.branches.get(index));
            bytes.add_shared(branch, theirs, size_of_val(&**branch));
            for (index, chunk) in branch.iter().enumerate() {
                let theirs = theirs.and_then(|theirs| theirs.get(index));
                let more: usize = chunk.iter().map(&more).sum();
                let size = chunk.capacity() * size_of::<T>() + size_of::<Vec<T>>() + more;
                bytes.add_shared(chunk, theirs, size);
            }
        }
        bytes
    }
}

impl<T, const N: usize> Chunks<T, N> {
    /// A sequence of chunks, none of which is longer than `N`.
    pub(crate) fn from_chunks(chunks: Vec<Arc<Vec<T>>>) -> Self {
        let mut branches = Vec::with_capacity(chunks.len().div_ceil(FAN));
        let mut chunks = chunks.into_iter().peekable();
        while chunks.peek().is_some() {
            branches.push(chunks.by_ref().take(FAN).collect());
        }
        Self { branches }
    }
}

/// Looks at what is about to be copied: each copy counts up a reference beside what it looks at. Those looks overlap,
/// while counting waits for one trip to memory after the other.
fn look_ahead<T>(shared: &Arc<[T]>, look: impl Fn(&T) -> usize) {
    if Arc::strong_count(shared) > 1 {
        look_at(shared, look);
    }
}

fn look_at<T>(items: &[T], look: impl Fn(&T) -> usize) {
    for item in items {
        std::hint::black_box(look(item));
    }
}

impl<T, const N: usize> Chunks<Arc<T>, N> {
    /// The same before one of the items of a chunk is written.
    pub(crate) fn look_around(&self, index: usize, look: impl Fn(&T) -> usize) {
        let chunk = index / N;
        let chunk = self.branches.get(chunk / FAN).and_then(|branch| branch.get(chunk % FAN));
        if let Some(chunk) = chunk {
            look_at(chunk, |item| look(item));
        }
    }
}

impl<T: Clone + Default, const N: usize> Chunks<T, N> {
    /// Replaces the chunks for which `new` gives others; those for which it gives none stay shared.
    pub(crate) fn update(&mut self, new: impl Fn(&[T]) -> Option<Vec<T>>) {
        for branch in &mut self.branches {
            for index in 0..branch.len() {
                let Some(changed) = branch.get(index).and_then(|chunk| new(chunk)) else { continue };
                if let Some(chunk) = Arc::make_mut(branch).get_mut(index) {
                    *chunk = Arc::new(changed);
                }
            }
        }
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let chunk = index / N;
        let branch = self.branches.get_mut(chunk / FAN)?;
        look_ahead(branch, |chunk| chunk.len());
        let branch = Arc::make_mut(branch);
        Arc::make_mut(branch.get_mut(chunk % FAN)?).get_mut(index % N)
    }

    /// Writes one place, growing the sequence up to it.
    pub(crate) fn set(&mut self, index: usize, value: T) {
        let (chunk, place) = (index / N, index % N);
        if chunk >= self.chunk_count() {
            self.grow(chunk);
        }
        let Some(branch) = self.branches.get_mut(chunk / FAN) else { return };
        look_ahead(branch, |chunk| chunk.len());
        let Some(chunk) = Arc::make_mut(branch).get_mut(chunk % FAN) else { return };
        let chunk = Arc::make_mut(chunk);
        if place >= chunk.len() {
            chunk.resize(place + 1, T::default());
        }
        if let Some(slot) = chunk.get_mut(place) {
            *slot = value;
        }
    }

    /// Makes room for a chunk and all before it.
    fn grow(&mut self, chunk: usize) {
        let empty = Arc::new(Vec::new());
        let more = chunk + 1 - self.chunk_count().min(chunk + 1);
        let last = self.branches.pop_if(|branch| branch.len() < FAN);
        let last = last.iter().flat_map(|branch| branch.iter().cloned());
        let chunks: Vec<_> = last.chain(std::iter::repeat_n(empty, more)).collect();
        self.branches.extend(chunks.chunks(FAN).map(Arc::from));
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
