//! The store for tests and for registries that need not last: the journal in memory.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{Appended, Commit, Error, Revision, Snapshot, Store};

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
    journal: Arc<Mutex<Vec<Arc<Commit>>>>,
}

impl Memory {
    fn journal(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Commit>>> {
        // A push either happened or did not: a poisoned journal is as good as any.
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn load(&self) -> Result<Snapshot, Error> {
        let commits = self.journal().clone();
        commits.iter().try_fold(Snapshot::default(), |snapshot, commit| snapshot.replay(commit))
    }

    fn append(&self, commit: &Arc<Commit>) -> Result<Appended, Error> {
        let mut journal = self.journal();
        let newest = journal.last().map_or(Revision::default(), |commit| commit.revision);
        let keyed = commit.idempotency.as_ref();
        let taken = keyed.is_some_and(|keyed| journal.iter().any(|other| other.has_key(&keyed.key)));
        if taken || commit.revision != newest.next() {
            return Ok(Appended::Conflict);
        }
        journal.push(commit.clone());
        Ok(Appended::Done)
    }

    fn since(&self, after: Revision, limit: usize) -> Result<Vec<Arc<Commit>>, Error> {
        let journal = self.journal();
        let start = journal.partition_point(|commit| commit.revision <= after);
        Ok(journal.iter().skip(start).take(limit).cloned().collect())
    }

    fn newest(&self) -> Result<Revision, Error> {
        Ok(self.journal().last().map_or(Revision::default(), |commit| commit.revision))
    }
}
