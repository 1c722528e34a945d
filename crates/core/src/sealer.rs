//! The seal of a new commit: of a whole one, its entries shared between threads, or entry by entry as a store writes them.
//! Not here: what is hashed (`seal`).

use std::sync::Arc;

use crate::ledger::cores;
use crate::seal::{Sealing, stand_in};
use crate::state::State;
use crate::{Commit, Entry, Hash, JournalKey, Outcome, Part, Salt, Seal};

/// What it takes to seal a commit. A store that writes many entries can have each sealed when its JSON is there anyhow; the
/// same seal comes of it either way.
#[derive(Debug)]
pub struct Sealer<'a> {
    previous: Option<Hash>,
    key: Option<&'a JournalKey>,
    /// Of the words.
    salt: Salt,
    /// Of the entries, in order; of those that concern a person.
    salts: Vec<Option<Salt>>,
}

/// A seal of which the first entries are there.
#[derive(Debug)]
pub struct SealBegun<'a> {
    sealer: &'a Sealer<'a>,
    parts: Vec<Part>,
    sealing: Sealing,
}

impl<'a> Sealer<'a> {
    /// For a commit after one with this hash, or for the first; with a journal key, if there is one. Each salt is to be
    /// random, and used once.
    pub fn new(
        commit: &Commit,
        previous: Option<Hash>,
        key: Option<&'a JournalKey>,
        mut salt: impl FnMut() -> Salt,
    ) -> Self {
        let words = salt();
        let salts = commit.entries.iter().map(|entry| entry.person().map(|_| salt())).collect();
        Self { previous, key, salt: words, salts }
    }

    /// The seal of the commit that this is for.
    pub fn seal(&self, commit: &Commit) -> Seal {
        let mut begun = self.begin();
        for ((part, commitment), entry) in
            seal_all(&commit.entries, &self.salts).into_iter().zip(&*commit.entries)
        {
            begun.put(part, commitment, entry);
        }
        begun.finish(commit)
    }

    /// The seal before the first entry.
    pub fn begin(&self) -> SealBegun<'_> {
        let parts = Vec::with_capacity(self.salts.len());
        SealBegun { sealer: self, parts, sealing: Sealing::default() }
    }
}

impl SealBegun<'_> {
    /// Seals the next entry, given its JSON.
    pub fn entry(&mut self, entry: &Entry, json: &[u8]) -> Part {
        let salt = self.sealer.salts.get(self.parts.len()).copied().flatten();
        let (part, commitment) = Part::new(salt, json);
        self.put(part, commitment, entry);
        part
    }

    fn put(&mut self, part: Part, commitment: Hash, entry: &Entry) {
        self.sealing.entry(commitment, stand_in(entry, &part));
        self.parts.push(part);
    }

    /// The seal, all entries of the commit having been given.
    pub fn finish(self, commit: &Commit) -> Seal {
        let Sealer { previous, key, salt, .. } = *self.sealer;
        let (words, commitment) = Part::new(Some(salt), &commit.words());
        let hash = self.sealing.finish(previous, commit, commitment, key);
        Seal { words, entries: Arc::new(self.parts), hash, key: key.map(JournalKey::id) }
    }
}

impl Commit {
    /// The same commit, sealed after one with this hash, or as the first; with a journal key, if there is one. Each salt is
    /// to be random, and used once.
    #[must_use]
    pub fn sealed(
        mut self,
        previous: Option<Hash>,
        key: Option<&JournalKey>,
        salt: impl FnMut() -> Salt,
    ) -> Self {
        self.seal = Some(Sealer::new(&self, previous, key, salt).seal(&self));
        self
    }
}

impl Outcome {
    /// The same outcome with its commit sealed, with a journal key if there is one, and the snapshot at the new end of the
    /// chain.
    #[must_use]
    pub fn sealed(self, key: Option<&JournalKey>, salt: impl FnMut() -> Salt) -> Self {
        let seal = self.sealer(key, salt).seal(&self.commit);
        self.with_seal(seal)
    }

    /// What it takes to seal its commit, with a journal key if there is one.
    pub fn sealer<'a>(&self, key: Option<&'a JournalKey>, salt: impl FnMut() -> Salt) -> Sealer<'a> {
        Sealer::new(&self.commit, self.snapshot.0.head, key, salt)
    }

    /// The same outcome with its commit's seal, and the snapshot at the new end of the chain.
    #[must_use]
    pub fn with_seal(mut self, seal: Seal) -> Self {
        Arc::<State>::make_mut(&mut self.snapshot.0).head = Some(seal.hash);
        let commit = Arc::unwrap_or_clone(self.commit);
        self.commit = Arc::new(Commit { seal: Some(seal), ..commit });
        self
    }
}

/// Below so many entries one thread seals them sooner than two.
const MANY: usize = 4_096;

/// How entries are sealed, and their commitments, in order. Many are shared between threads, since writing them as JSON and
/// hashing that takes long.
fn seal_all(entries: &[Entry], salts: &[Option<Salt>]) -> Vec<(Part, Hash)> {
    let seal = |entries: &[Entry], salts: &[Option<Salt>]| -> Vec<(Part, Hash)> {
        let mut json = Vec::new();
        let seal_one = |(entry, salt): (&Entry, &Option<Salt>)| {
            json.clear();
            // Writing to a vector cannot fail.
            let _ = serde_json::to_writer(&mut json, entry);
            Part::new(*salt, &json)
        };
        entries.iter().zip(salts).map(seal_one).collect()
    };
    let threads = cores(entries.len() / (MANY / 2));
    if threads < 2 {
        return seal(entries, salts);
    }
    let share = entries.len().div_ceil(threads);
    std::thread::scope(|scope| {
        let shares = entries.chunks(share).zip(salts.chunks(share));
        let started: Vec<_> = shares
            .map(|(entries, salts)| {
                let seal = move || seal(entries, salts);
                (std::thread::Builder::new().spawn_scoped(scope, seal).ok(), entries, salts)
            })
            .collect();
        let mut sealed = Vec::with_capacity(entries.len());
        for (thread, entries, salts) in started {
            // Where there was no thread to be had it is done here.
            let done = thread.and_then(|thread| thread.join().ok());
            sealed.extend(done.unwrap_or_else(|| seal(entries, salts)));
        }
        sealed
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Snapshot, UserId};

    fn salt_of(number: u32) -> Salt {
        Salt([(number % 251) as u8; 16])
    }

    #[test]
    fn many_entries_are_sealed_as_one_after_the_other() {
        let entries: Vec<Entry> = (0..20_001).map(|number| Entry::Erase(UserId(number))).collect();
        let salts: Vec<Option<Salt>> =
            (0..20_001_u32).map(|number| (number % 3 > 0).then_some(salt_of(number))).collect();
        let one = |(entry, salt): (&Entry, &Option<Salt>)| seal_all(std::slice::from_ref(entry), &[*salt]);
        let alone: Vec<(Part, Hash)> = entries.iter().zip(&salts).flat_map(one).collect();
        assert_eq!(seal_all(&entries, &salts), alone);
    }

    #[test]
    fn entry_by_entry_it_is_the_same_seal() {
        for count in [0, 1, 5_000] {
            let outcome = crate::Draft::new(&Snapshot::default(), crate::Instant::EPOCH).finish("hr", "");
            let entries: Vec<Entry> = (0..count)
                .map(|number| match number % 3 {
                    0 => Entry::Archive { to: crate::Revision(number.into()) },
                    _ => Entry::Erase(UserId(number)),
                })
                .collect();
            let commit = Commit { entries: Arc::new(entries), ..Commit::clone(&outcome.commit) };
            let mut number = 0;
            let sealer = Sealer::new(&commit, Some(Hash([7; 32])), None, || {
                number += 1;
                salt_of(number)
            });
            let mut begun = sealer.begin();
            let parts: Vec<Part> =
                commit.entries.iter().map(|entry| begun.entry(entry, entry.json().as_bytes())).collect();
            let seal = begun.finish(&commit);
            assert_eq!(parts, *seal.entries);
            assert_eq!(seal, sealer.seal(&commit), "{count} entries");
        }
    }
}
