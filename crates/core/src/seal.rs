//! Seals: what makes any later edit of the journal show. Each commit is hashed together with the hash of the one before
//! it. What is hashed of an entry, and of the words that go with a commit, is a commitment: a hash of the bytes and of a
//! random salt. So the bytes and the salt can be thrown away when a person is erased, and the chain still holds,
//! while nobody can find out by guessing what had been there. Not here: where salts come from (hosts draw them, since core
//! has no randomness), walking along the chain (`verify`).

use std::fmt::{self, Display};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::journal_key::Chaining;
use crate::state::State;
use crate::{
    Commit, Entry, Error, ErrorKind, JournalKey, Moment, Outcome, Revision, RowSet, Snapshot, Steps, UserId,
    Was,
};

/// A hash of the chain: 32 bytes of SHA-256, written in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

/// Which journal key something is sealed with: what the key is called, which says nothing of what it is. Written in
/// hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 8]);

/// Random bytes that keep a commitment from being guessed, written in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Salt(pub [u8; 16]);

macro_rules! hexadecimal {
    ($type:ident, $length:literal) => {
        impl $type {
            /// From its bytes, if there are as many as it has.
            pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self)
            }
        }

        impl Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Display::fmt(self, f)
            }
        }

        impl FromStr for $type {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                let mut bytes = [0; $length];
                let digits = text.as_bytes().as_chunks::<2>();
                let whole = digits.1.is_empty() && digits.0.len() == bytes.len();
                let mut read = bytes.iter_mut().zip(digits.0).map(|(byte, [high, low])| {
                    *byte = digit(*high)? << 4 | digit(*low)?;
                    Some(())
                });
                if whole && read.all(|digit| digit.is_some()) {
                    return Ok(Self(bytes));
                }
                let message = format!(
                    "`{}` is no hash, expected {} digits of 0-9 and a-f",
                    crate::error::shown(text),
                    2 * $length
                );
                Err(Error::new(ErrorKind::InvalidValue, message))
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hexadecimal!(Hash, 32);
hexadecimal!(KeyId, 8);
hexadecimal!(Salt, 16);

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

/// The end of the chain: a revision and the hash of its commit. Whoever keeps it in another place can tell later
/// whether anything up to that revision has been edited. Written `12:` and the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// The revision.
    pub revision: Revision,
    /// The hash of its commit.
    pub hash: Hash,
}

impl Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.revision, self.hash)
    }
}

impl FromStr for Head {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let head = text.split_once(':').and_then(|(revision, hash)| {
            Some(Self { revision: Revision(revision.parse().ok()?), hash: hash.parse().ok()? })
        });
        head.ok_or_else(|| {
            let shown = crate::error::shown(text);
            let message =
                format!("`{shown}` is no head, expected a revision, `:` and 64 digits of 0-9 and a-f");
            Error::new(ErrorKind::InvalidValue, message)
        })
    }
}

/// What seals a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The words that go with it: who and why.
    pub words: Part,
    /// Its entries, in order.
    pub entries: Arc<Vec<Part>>,
    /// The hash of the commit, and through it of all before.
    pub hash: Hash,
    /// The journal key that the hash is made with; `None` if it is made without one.
    pub key: Option<KeyId>,
}

/// How one part of a commit is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// By its bytes.
    Open {
        /// The salt, if the part concerns a person.
        salt: Option<Salt>,
        /// The first four bytes of the commitment: where a commit does not fit its hash, it says which part is to blame.
        mark: u32,
    },
    /// Its bytes and salt are erased; this is the commitment that they had.
    Erased(Hash),
}

impl Part {
    fn new(salt: Option<Salt>, bytes: &[u8]) -> (Self, Hash) {
        let commitment = commitment(salt, bytes);
        (Self::Open { salt, mark: mark(&commitment) }, commitment)
    }

    /// A part as it is sealed.
    pub(crate) fn sealing(salt: Option<Salt>, bytes: &[u8]) -> Self {
        Self::new(salt, bytes).0
    }

    /// The commitment of the part, given its bytes as they are now.
    pub fn commitment(&self, bytes: &[u8]) -> Hash {
        match self {
            Self::Open { salt, .. } => commitment(*salt, bytes),
            Self::Erased(commitment) => *commitment,
        }
    }

    /// The same part without what would let anybody check a guess of its bytes.
    #[must_use]
    pub fn erased(&self, bytes: &[u8]) -> Self {
        Self::Erased(self.commitment(bytes))
    }

    /// Whether a commitment is the one that was sealed, as far as its mark says; of erased parts there is no other.
    pub(crate) fn is_marked(&self, commitment: &Hash) -> bool {
        match self {
            Self::Open { mark: expected, .. } => mark(commitment) == *expected,
            Self::Erased(expected) => commitment == expected,
        }
    }
}

fn mark(commitment: &Hash) -> u32 {
    let [a, b, c, d, ..] = commitment.0;
    u32::from_be_bytes([a, b, c, d])
}

fn commitment(salt: Option<Salt>, bytes: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    match salt {
        None => hasher.update([0]),
        Some(salt) => {
            hasher.update([1]);
            hasher.update(salt.0);
        }
    }
    hasher.update(bytes);
    Hash(hasher.finalize().into())
}

/// What is left of an entry when a person is erased: whose it is, and what it had been. It is sealed with the entry, so that
/// nothing else can be put in its place.
pub(crate) type StandIn = Option<(UserId, Was)>;

/// What may stand, or stands, in the place of an entry.
pub(crate) fn stand_in(entry: &Entry, part: &Part) -> StandIn {
    let stub = match part {
        Part::Open { .. } => entry.stub()?,
        Part::Erased(_) => entry.clone(),
    };
    match stub {
        Entry::Erased { user, was } => Some((user, was)),
        _ => None,
    }
}

/// The hash of a commit: of the one before, of what is its own, and of what it is made of.
#[derive(Debug)]
pub(crate) struct Sealing {
    entries: Sha256,
    count: u64,
}

impl Default for Sealing {
    fn default() -> Self {
        Self { entries: Sha256::new(), count: 0 }
    }
}

impl Sealing {
    /// The next entry: its commitment, and what alone may ever stand in its place.
    pub(crate) fn entry(&mut self, commitment: Hash, stand_in: StandIn) {
        self.entries.update(commitment.0);
        match stand_in {
            None => self.entries.update([0]),
            Some((user, was)) => {
                self.entries.update([1 + was as u8]);
                self.entries.update(user.0.to_be_bytes());
            }
        }
        self.count += 1;
    }

    /// The hash, all entries having been given: with a key, if there is one.
    pub(crate) fn finish(
        self,
        previous: Option<Hash>,
        commit: &Commit,
        words: Hash,
        key: Option<&JournalKey>,
    ) -> Hash {
        let mut hasher = Chaining::new(key);
        hasher.update(b"matricula commit 1\n");
        hasher.update(previous.map_or([0; 32], |previous| previous.0));
        hasher.update(commit.revision.0.to_be_bytes());
        hasher.update(commit.at.millis().to_be_bytes());
        hasher.update(words.0);
        hasher.update(self.count.to_be_bytes());
        hasher.update(self.entries.finalize());
        hasher.update(hash_of_facts(&commit.moments).0);
        let losses = json_of(&commit.losses);
        hasher.update(length_of(&losses));
        hasher.update(&losses);
        hasher.finish()
    }
}

/// The hash of what followed. It is of numbers of people and definitions only, and stays when somebody is erased.
fn hash_of_facts(moments: &[Moment]) -> Hash {
    let mut hasher = Sha256::new();
    for Moment { at, memberships, steps } in moments {
        hasher.update(b"m");
        hasher.update(at.millis().to_be_bytes());
        for change in memberships {
            hasher.update(b"s");
            hasher.update(change.segment.0.to_be_bytes());
            hash_people(&mut hasher, &change.joined);
            hash_people(&mut hasher, &change.left);
        }
        for Steps { action, course, reason, due, users } in steps {
            hasher.update(b"e");
            hash_bytes(&mut hasher, &json_of(&(action, course, reason, due)));
            hash_people(&mut hasher, users);
        }
    }
    Hash(hasher.finalize().into())
}

fn hash_bytes(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update(length_of(bytes));
    hasher.update(bytes);
}

fn length_of(bytes: &[u8]) -> [u8; 8] {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes()
}

/// How many runs of consecutive numbers, then the first and the last of each.
fn hash_people(hasher: &mut Sha256, people: &RowSet) {
    let mut runs = Vec::with_capacity(8 * people.len().min(1 << 16));
    let mut count = 0_u64;
    for (first, last) in runs_of(people) {
        runs.extend(first.to_be_bytes());
        runs.extend(last.to_be_bytes());
        count += 1;
    }
    hasher.update(count.to_be_bytes());
    hasher.update(&runs);
}

/// The runs of consecutive numbers in a set, each by its first and last.
pub(crate) fn runs_of(people: &RowSet) -> impl Iterator<Item = (u32, u32)> + '_ {
    let mut rows = people.iter().peekable();
    std::iter::from_fn(move || {
        let first = rows.next()?;
        let mut last = first;
        while let Some(next) = rows.next_if(|row| Some(*row) == last.checked_add(1)) {
            last = next;
        }
        Some((first, last))
    })
}

fn json_of(value: &impl Serialize) -> Vec<u8> {
    // What is serialised here has numbers, texts and words only: it always has JSON.
    serde_json::to_vec(value).unwrap_or_default()
}

impl Commit {
    /// The words that go with a commit, as they are sealed: who, why, and as which request. What the request was refused on
    /// the way is not sealed, since it goes whenever anybody is erased.
    pub fn words(&self) -> Vec<u8> {
        let keyed = self.idempotency.as_ref().map(|keyed| (&keyed.key, keyed.asked.accepted()));
        json_of(&(&self.author, &self.note, keyed))
    }

    /// How many salts it takes to seal the commit.
    pub fn salts(&self) -> usize {
        1 + self.entries.iter().filter(|entry| entry.person().is_some()).count()
    }

    /// The same commit, sealed after one with this hash, or as the first; with a journal key, if there is one. Each salt is
    /// to be random, and used once.
    #[must_use]
    pub fn sealed(
        mut self,
        previous: Option<Hash>,
        key: Option<&JournalKey>,
        mut salt: impl FnMut() -> Salt,
    ) -> Self {
        let (words, commitment) = Part::new(Some(salt()), &self.words());
        let salts: Vec<Option<Salt>> =
            self.entries.iter().map(|entry| entry.person().map(|_| salt())).collect();
        let mut sealing = Sealing::default();
        let seal_entry = |((part, commitment), entry): ((Part, Hash), &Entry)| {
            let stand_in = stand_in(entry, &part);
            sealing.entry(commitment, stand_in);
            part
        };
        let sealed = seal_all(&self.entries, &salts);
        let entries = Arc::new(sealed.into_iter().zip(self.entries.iter()).map(seal_entry).collect());
        let hash = sealing.finish(previous, &self, commitment, key);
        self.seal = Some(Seal { words, entries, hash, key: key.map(JournalKey::id) });
        self
    }

    /// The same commit after another one, or with another journal key or none: what its parts are sealed with stays. One
    /// that is not sealed stays so.
    #[must_use]
    pub fn resealed(mut self, previous: Option<Hash>, key: Option<&JournalKey>) -> Self {
        let Some(seal) = self.seal.take() else { return self };
        let mut sealing = Sealing::default();
        for (entry, part) in self.entries.iter().zip(seal.entries.iter()) {
            sealing.entry(part.commitment(&json_of(entry)), stand_in(entry, part));
        }
        let words = seal.words.commitment(&self.words());
        let hash = sealing.finish(previous, &self, words, key);
        self.seal = Some(Seal { hash, key: key.map(JournalKey::id), ..seal });
        self
    }
}

/// Below so many entries one thread seals them sooner than two, and sooner than it takes to ask how many cores there are:
/// the answer is read from files.
const MANY: usize = 4_096;

/// How entries are sealed, and their commitments, in order. Many are shared between threads: writing them as JSON and
/// hashing that is most of what recording an import costs beside the store.
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
    if entries.len() < MANY {
        return seal(entries, salts);
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
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

impl Entry {
    /// The entry as the journal has it: one line of JSON.
    pub fn json(&self) -> String {
        String::from_utf8(json_of(self)).unwrap_or_default()
    }
}

impl Outcome {
    /// The same outcome with its commit sealed, with a journal key if there is one, and the snapshot at the new end of the
    /// chain.
    #[must_use]
    pub fn sealed(mut self, key: Option<&JournalKey>, salt: impl FnMut() -> Salt) -> Self {
        let previous = self.snapshot.0.head;
        let commit = Arc::unwrap_or_clone(self.commit).sealed(previous, key, salt);
        Arc::<State>::make_mut(&mut self.snapshot.0).head = commit.seal.as_ref().map(|seal| seal.hash);
        self.commit = Arc::new(commit);
        self
    }
}

impl Snapshot {
    /// The end of the chain of sealed commits; `None` if the last commit is not sealed.
    pub fn head(&self) -> Option<Head> {
        Some(Head { revision: self.revision(), hash: self.0.head? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_written_and_read() {
        let head = Head { revision: Revision(12), hash: Hash([0xA5; 32]) };
        assert_eq!(head.to_string(), format!("12:{}", "a5".repeat(32)));
        assert_eq!(head.to_string().parse::<Head>().unwrap(), head);
        for wrong in ["", "12", "12:", "x:aa", "12:aa", &format!("12:{}", "A5".repeat(32))] {
            assert_eq!(wrong.parse::<Head>().unwrap_err().kind(), ErrorKind::InvalidValue, "{wrong}");
        }
        assert!("é".repeat(16).parse::<Salt>().is_err());
    }

    #[test]
    fn many_entries_are_sealed_as_one_after_the_other() {
        let entries: Vec<Entry> = (0..20_001).map(|number| Entry::Erase(crate::UserId(number))).collect();
        let salts: Vec<Option<Salt>> = (0..20_001_u32)
            .map(|number| (number % 3 > 0).then_some(Salt([(number % 251) as u8; 16])))
            .collect();
        let one = |(entry, salt): (&Entry, &Option<Salt>)| seal_all(std::slice::from_ref(entry), &[*salt]);
        let alone: Vec<(Part, Hash)> = entries.iter().zip(&salts).flat_map(one).collect();
        assert_eq!(seal_all(&entries, &salts), alone);
    }

    #[test]
    fn a_set_is_its_runs() {
        let set: RowSet = [0, 1, 2, 5, 7, 8, u32::MAX].into_iter().collect();
        assert_eq!(runs_of(&set).collect::<Vec<_>>(), [(0, 2), (5, 5), (7, 8), (u32::MAX, u32::MAX)]);
        assert_eq!(runs_of(&RowSet::default()).next(), None);
    }
}
