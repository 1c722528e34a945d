//! The store for tests and for registries that need not last: the journal in memory.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use matricula_rule::AttributeId;

use crate::{Appended, Commit, Entry, Error, ErrorKind, Revision, Secrets, Snapshot, Store};

/// A journal in memory. Clones share it, as connections to one database would.
///
/// ```
/// use matricula_core::{Memory, Snapshot, Store};
///
/// assert!(Memory::default().load()?.same_as(&Snapshot::default()));
/// # Ok::<(), matricula_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Memory {
    journal: Arc<Mutex<Journal>>,
}

#[derive(Debug, Default)]
struct Journal {
    /// The registry before the first commit, if earlier ones are archived.
    start: Option<Snapshot>,
    commits: Vec<Arc<Commit>>,
}

impl Journal {
    fn start(&self) -> Snapshot {
        self.start.clone().unwrap_or_default()
    }

    /// The revision before the first commit. Making an empty registry to ask for it would cost each commit its share.
    fn first(&self) -> Revision {
        self.start.as_ref().map(Snapshot::revision).unwrap_or_default()
    }

    fn newest(&self) -> Revision {
        self.commits.last().map_or_else(|| self.first(), |commit| commit.revision)
    }

    fn append(&mut self, commit: &Arc<Commit>) -> Appended {
        let newest = self.newest();
        let keyed = commit.idempotency.as_ref();
        let taken = keyed.is_some_and(|keyed| self.commits.iter().any(|other| other.has_key(&keyed.key)));
        if taken || commit.revision != newest.next() {
            return Appended::Conflict;
        }
        self.commits.push(commit.clone());
        let erased = commit.erases();
        if !erased.is_empty() {
            self.erase(&erased);
        }
        Appended::Done
    }

    /// Leaves stubs of what the journal says of some people.
    fn erase(&mut self, erased: &BTreeSet<crate::UserId>) {
        let start = self.start();
        let mut unique: BTreeSet<AttributeId> =
            start.schema().attributes().iter().filter(|it| it.unique).map(|it| it.id).collect();
        let entries = self.commits.iter().flat_map(|commit| commit.entries.iter());
        unique.extend(entries.filter_map(|entry| match entry {
            Entry::Attribute(attribute) => attribute.unique.then_some(attribute.id),
            _ => None,
        }));
        let mut secrets = Secrets::default();
        for user in erased {
            secrets.add_user(&start, *user);
        }
        for commit in &self.commits {
            let about = |entry: &&Entry| entry.person().is_some_and(|user| erased.contains(&user));
            commit.entries.iter().filter(about).for_each(|entry| secrets.add_entry(entry, &unique));
        }
        for commit in &mut self.commits {
            if let Some(redacted) = secrets.redacted(commit, erased) {
                *commit = Arc::new(redacted);
            }
        }
        if self.start.is_some() {
            self.start = Some(start.without(erased));
        }
    }

    fn check_start(&self, after: Revision) -> Result<(), Error> {
        after.next().check_after(self.first())
    }
}

impl Memory {
    fn journal(&self) -> std::sync::MutexGuard<'_, Journal> {
        // A push either happened or did not: a poisoned journal is as good as any.
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn load(&self) -> Result<Snapshot, Error> {
        let (start, commits) = {
            let journal = self.journal();
            (journal.start(), journal.commits.clone())
        };
        start.replay_all(commits.iter().map(|commit| &**commit))
    }

    fn append(&self, commit: &Arc<Commit>) -> Result<Appended, Error> {
        Ok(self.journal().append(commit))
    }

    fn since(&self, after: Revision, limit: usize) -> Result<Vec<Arc<Commit>>, Error> {
        let journal = self.journal();
        journal.check_start(after)?;
        let start = journal.commits.partition_point(|commit| commit.revision <= after);
        Ok(journal.commits.iter().skip(start).take(limit).cloned().collect())
    }

    fn start(&self) -> Result<Option<Snapshot>, Error> {
        Ok(self.journal().start.clone())
    }

    fn restore(
        &self,
        start: Option<&Snapshot>,
        commits: &mut dyn Iterator<Item = Result<Arc<Commit>, Error>>,
    ) -> Result<(), Error> {
        let mut restored = Journal { start: start.cloned(), commits: Vec::new() };
        for commit in commits {
            let commit = commit?;
            if restored.append(&commit) == Appended::Conflict {
                let message = format!("commit {} is out of order", commit.revision);
                return Err(Error::new(ErrorKind::InvalidArchive, message));
            }
        }
        let mut journal = self.journal();
        if journal.start.is_some() || !journal.commits.is_empty() {
            return Err(Error::new(ErrorKind::NotPossible, "the store has commits, expected an empty one"));
        }
        *journal = restored;
        Ok(())
    }

    fn trim(&self, commit: &Arc<Commit>, after: Revision, start: &Snapshot) -> Result<Appended, Error> {
        let mut journal = self.journal();
        if journal.first() != after || journal.append(commit) == Appended::Conflict {
            return Ok(Appended::Conflict);
        }
        journal.commits.retain(|commit| commit.revision > start.revision());
        journal.start = Some(start.clone());
        Ok(Appended::Done)
    }

    fn newest(&self) -> Result<Revision, Error> {
        Ok(self.journal().newest())
    }
}
