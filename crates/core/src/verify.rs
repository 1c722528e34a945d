//! Whether a journal is as it was sealed: walking along the chain, and saying where it breaks. Not here: whether tables say
//! what the journal says (`differ`), reading either from a store.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use matricula_rule::UserId;

use crate::erase::stubs_named_in;
use crate::seal::{Sealing, stand_in};
use crate::{Author, Commit, Entry, Hash, Head, JournalKey, KeyId, Part, Revision, RowSet, WrittenCommit};

/// What an audit of a registry found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// The last revision.
    pub revision: Revision,
    /// The end of the chain, to be kept in another place and given to the next audit; `None` if nothing is sealed.
    pub head: Option<Head>,
    /// The first commit that is sealed; those before were recorded by a version of the library that did not, and could be
    /// edited without trace.
    pub sealed_from: Option<Revision>,
    /// The first commit that is sealed with a journal key; whoever can write the store could make those before anew.
    pub keyed_from: Option<Revision>,
    /// The revision before the first commit that is here, if earlier ones are archived.
    pub archived_to: Option<Revision>,
    /// How many commits were read.
    pub commits: u64,
    /// How many entries, and words of commits, are erased: their seals hold, but what they were nobody can check.
    pub erased: u64,
    /// What is not as it should be, the first things first; at most [`MAX_DIFFERENCES`].
    pub differences: Vec<Difference>,
}

/// So many differences are told.
pub const MAX_DIFFERENCES: usize = 100;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The commit that it concerns, if it concerns one.
    pub revision: Option<Revision>,
    /// The entry of that commit, by position, if it concerns one.
    pub entry: Option<usize>,
    /// What is wrong.
    pub what: String,
}

impl Difference {
    /// Something about no commit in particular.
    pub fn somewhere(what: impl Into<String>) -> Self {
        Self { revision: None, entry: None, what: what.into() }
    }

    /// Something about a commit.
    pub fn at(revision: Revision, what: impl Into<String>) -> Self {
        Self { revision: Some(revision), entry: None, what: what.into() }
    }

    /// Something about an entry.
    pub fn of_entry(revision: Revision, entry: usize, what: impl Into<String>) -> Self {
        Self { revision: Some(revision), entry: Some(entry), what: what.into() }
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(revision) = self.revision {
            write!(f, "commit {revision}")?;
            if let Some(entry) = self.entry {
                write!(f, ", entry {entry}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.what)
    }
}

impl Verification {
    /// Whether everything is as it should be.
    pub fn is_intact(&self) -> bool {
        self.differences.is_empty()
    }

    /// Notes something that is wrong.
    pub fn note(&mut self, difference: Difference) {
        if self.differences.len() < MAX_DIFFERENCES {
            self.differences.push(difference);
        }
    }
}

impl Display for Verification {
    /// One line of what was read, then a line for each difference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} commits up to revision {}", self.commits, self.revision)?;
        match self.sealed_from {
            Some(first) => write!(f, ", sealed from {first} on")?,
            None => write!(f, ", none of them sealed")?,
        }
        if let Some(first) = self.keyed_from {
            write!(f, ", with a journal key from {first} on")?;
        }
        if let Some(archived) = self.archived_to {
            write!(f, ", archived up to {archived}")?;
        }
        if self.erased > 0 {
            write!(f, ", {} parts erased", self.erased)?;
        }
        match self.differences.len() {
            0 => write!(f, ": intact"),
            count => {
                write!(f, ": {count} differences")?;
                self.differences.iter().try_for_each(|difference| write!(f, "\n  {difference}"))
            }
        }
    }
}

/// Where a walk along the chain has come.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    last: Revision,
    previous: Option<Hash>,
    sealed_from: Option<Revision>,
    /// The key that commits are checked with.
    key: Option<JournalKey>,
    /// The key that the commit before is sealed with.
    previous_key: Option<KeyId>,
    keyed_from: Option<Revision>,
    /// The first commit whose key was not given, its key, and how many there are.
    unchecked: Option<(Revision, KeyId, u64)>,
    commits: u64,
    erased: u64,
    /// Who has stubs in the journal, each with the last.
    stubs: BTreeMap<UserId, (Revision, usize)>,
    /// Who was erased, and by which commit.
    erasures: BTreeMap<UserId, Revision>,
    /// Commits of which author, note and request are erased, with whom that can be for.
    redacted: Vec<(Revision, Reasons)>,
    /// Up to which revisions commits say that they archived.
    archives: BTreeSet<Revision>,
}

/// For whose sake words of a commit may have been erased.
#[derive(Clone, Debug, Default)]
struct Reasons {
    /// Whose stubs the words name.
    named: BTreeSet<UserId>,
    /// If the fingerprint of the request is gone: whom entries are about, and what was decided by hand.
    about: BTreeSet<UserId>,
    by_hand: Vec<RowSet>,
}

impl Reasons {
    fn of(commit: &Commit) -> Self {
        let mut reasons = Self::default();
        let author = match &commit.author {
            Author::Host(name) => Some(name),
            Author::Actor(_) => None,
        };
        let keyed = commit.idempotency.as_ref();
        for words in [author, Some(&commit.note), keyed.map(|keyed| &keyed.key)].into_iter().flatten() {
            reasons.named.extend(stubs_named_in(words));
        }
        if keyed.is_some_and(|keyed| keyed.asked.is_erased()) {
            reasons.about = commit.entries.iter().filter_map(Entry::person).collect();
            reasons.by_hand = commit.by_hand().map(|steps| steps.users.clone()).collect();
        }
        reasons
    }

    fn has(&self, user: UserId) -> bool {
        self.named.contains(&user)
            || self.about.contains(&user)
            || self.by_hand.iter().any(|users| users.contains(user.0))
    }
}

impl Chain {
    /// Begins after a revision, with the hash of its commit if that was sealed.
    pub fn after(revision: Revision, hash: Option<Hash>) -> Self {
        Self::default().begun_after(revision, hash)
    }

    pub(crate) fn begun_after(self, revision: Revision, hash: Option<Hash>) -> Self {
        Self { last: revision, previous: hash, ..self }
    }

    /// The same chain, checked with a journal key. Without it the hashes of commits that are sealed with one are taken as
    /// they are, which [`Chain::finish`] tells.
    #[must_use]
    pub fn keyed(self, key: Option<JournalKey>) -> Self {
        Self { key, ..self }
    }

    /// The next commit, as it is written and as it was read. Goes on from what the commit says of itself, also if that is
    /// wrong.
    ///
    /// # Errors
    /// Where it does not follow the one before, or is not as it was sealed.
    pub fn follow(&mut self, written: &WrittenCommit, commit: Option<&Commit>) -> Result<(), Difference> {
        let revision = written.rest.revision;
        let expected = std::mem::replace(&mut self.last, revision).next();
        let previous = self.previous;
        self.previous = written.rest.seal.as_ref().map(|seal| seal.hash);
        let key = written.rest.seal.as_ref().and_then(|seal| seal.key);
        let previous_key = std::mem::replace(&mut self.previous_key, key);
        if self.keyed_from.is_none() && key.is_some() {
            self.keyed_from = Some(revision);
        }
        self.commits += 1;
        if self.sealed_from.is_none() && self.previous.is_some() {
            self.sealed_from = Some(revision);
        }
        if let Some(commit) = commit {
            self.note_people(commit);
        }
        if revision != expected {
            let what = format!("commit {expected} is missing before it");
            return Err(Difference::at(revision, what));
        }
        let Some(seal) = &written.rest.seal else {
            if previous.is_some() {
                return Err(Difference::at(revision, "it is not sealed, though the one before is"));
            }
            return Ok(());
        };
        if seal.entries.len() != written.entries.len() {
            let what =
                format!("it has {} entries, but {} were sealed", written.entries.len(), seal.entries.len());
            return Err(Difference::at(revision, what));
        }
        let mut sealing = Sealing::default();
        let mut misfit = None;
        for (place, (part, json)) in seal.entries.iter().zip(&written.entries).enumerate() {
            self.erased += u64::from(matches!(part, Part::Erased(_)));
            let commitment = part.commitment(json.as_bytes());
            if misfit.is_none() && !part.is_marked(&commitment) {
                misfit = Some(place);
            }
            let entry = commit.and_then(|commit| commit.entries.get(place));
            sealing.entry(commitment, entry.and_then(|entry| stand_in(entry, part)));
        }
        if let Part::Erased(_) = seal.words {
            self.erased += 1;
            self.redacted.push((revision, commit.map(Reasons::of).unwrap_or_default()));
        }
        if let Some(commit) = commit {
            check_stubs(commit, &seal.entries)?;
        }
        if let Some(place) = misfit {
            return Err(Difference::of_entry(revision, place, "it is not as it was sealed"));
        }
        let words = seal.words.commitment(&written.rest.words());
        if !seal.words.is_marked(&words) {
            return Err(Difference::at(revision, "its author, note or request is not as it was sealed"));
        }
        if key != previous_key
            && let Some(before) = previous_key
        {
            let now = key.map_or_else(
                || "without a journal key".to_owned(),
                |key| format!("with journal key `{key}`"),
            );
            let what = format!("it is sealed {now}, though the one before is with journal key `{before}`");
            return Err(Difference::at(revision, what));
        }
        let given = key.map(|key| self.key.as_ref().filter(|given| given.id() == key));
        if let (Some(key), Some(None)) = (key, given) {
            return self.leave_unchecked(revision, key);
        }
        if sealing.finish(previous, &written.rest, words, given.flatten()) == seal.hash {
            return Ok(());
        }
        let what = "it is not as it was sealed: its revision, instant or facts, an entry, or the commit before it differ";
        Err(Difference::at(revision, what))
    }

    /// Notes a commit whose key was not given. That another one was is a difference of the first of them.
    fn leave_unchecked(&mut self, revision: Revision, key: KeyId) -> Result<(), Difference> {
        let (_, _, count) = self.unchecked.get_or_insert((revision, key, 0));
        *count += 1;
        match &self.key {
            Some(given) if *count == 1 => {
                let what =
                    format!("it is sealed with journal key `{key}`, the one given is `{}`", given.id());
                Err(Difference::at(revision, what))
            }
            _ => Ok(()),
        }
    }

    fn note_people(&mut self, commit: &Commit) {
        for (place, entry) in commit.entries.iter().enumerate() {
            match entry {
                Entry::Erased { user, .. } => {
                    self.stubs.insert(*user, (commit.revision, place));
                }
                Entry::Erase(user) => {
                    self.erasures.insert(*user, commit.revision);
                }
                Entry::Archive { to } => {
                    self.archives.insert(*to);
                }
                _ => {}
            }
        }
    }

    /// The end of the chain so far, if the last commit is sealed.
    pub fn head(&self) -> Option<Head> {
        Some(Head { revision: self.last, hash: self.previous? })
    }

    /// What is wrong with the journal as a whole, all commits having been followed: entries that are said to be erased of
    /// people whom no commit erased.
    pub fn finish(self, verification: &mut Verification) {
        for (user, (revision, entry)) in &self.stubs {
            if self.erasures.get(user).is_none_or(|erasure| erasure < revision) {
                let what = format!("it is erased, but no commit erased user number {}", user.0);
                verification.note(Difference::of_entry(*revision, *entry, what));
            }
        }
        for (revision, reasons) in &self.redacted {
            let mut later = self.erasures.iter().filter(|(_, erasure)| *erasure >= revision);
            if !later.any(|(user, _)| reasons.has(*user)) {
                let what = "its author, note and request are erased, but nobody whom they name was";
                verification.note(Difference::at(*revision, what));
            }
        }
        if let Some(to) = verification.archived_to.filter(|to| !self.archives.contains(to)) {
            let what = format!("the commits up to {to} are gone, but no commit says that they were archived");
            verification.note(Difference::somewhere(what));
        }
        if let Some((first, key, count)) = self.unchecked.filter(|_| self.key.is_none()) {
            let what = format!(
                "{count} commits from {first} on are sealed with journal key `{key}`, which was not given: whether they \
                 are as they were sealed cannot be checked"
            );
            verification.note(Difference::somewhere(what));
        }
        verification.keyed_from = self.keyed_from;
        verification.revision = self.last;
        verification.head = self.head();
        verification.sealed_from = self.sealed_from;
        verification.commits = self.commits;
        verification.erased = self.erased;
    }
}

/// Only stubs have commitments in place of salts.
fn check_stubs(commit: &Commit, parts: &[Part]) -> Result<(), Difference> {
    let wrong = commit.entries.iter().zip(parts).position(|(entry, part)| {
        matches!(part, Part::Erased(_)) != matches!(entry, Entry::Erased { .. })
            // What one transaction both changed and erased is sealed as a stub.
            && !matches!((entry, part), (Entry::Erased { .. }, Part::Open { .. }))
    });
    match wrong {
        Some(place) => Err(Difference::of_entry(commit.revision, place, "its seal is erased, but it is not")),
        None => Ok(()),
    }
}
