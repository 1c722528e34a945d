//! What a registry asks of storage. Every store keeps the journal and the current state, passes the same
//! behaviour suite (`matricula-testkit`), and gives back what memory holds. Not here: any particular store.

use std::path::Path;
use std::sync::Arc;

use crate::{Commit, Error, ErrorKind, Revision, Snapshot};

/// A place where a registry is kept.
///
/// # Behavior
/// * A store begins empty, at revision 0.
/// * What [`append`](Store::append) acknowledged survives the process and, in a durable store, the machine.
/// * A failed call changes nothing.
/// * Several registries, in one process or many, may use stores on the same data at once.
pub trait Store: Send + Sync {
    /// The registry as it is now.
    ///
    /// # Behavior
    /// * An empty store gives [`Snapshot::default`].
    /// * What comes back equals the replay of all commits: `load()` then [`Snapshot::same_as`].
    /// * Data of a newer format, or that this library did not write, is refused.
    ///
    /// # Errors
    /// `store` if reading fails, `invalid_store` if what is there cannot be understood.
    fn load(&self) -> Result<Snapshot, Error>;

    /// Records a commit, if the newest revision is still the one before it.
    ///
    /// # Behavior
    /// * All of the commit becomes visible at once, or none of it.
    /// * `Ok(Appended::Conflict)` if another commit got there first; nothing is written.
    /// * The same if another commit has the idempotency key of this one.
    /// * Of several writers at once, exactly one wins a revision.
    ///
    /// # Errors
    /// `store` if writing fails; nothing is then written.
    fn append(&self, commit: &Arc<Commit>) -> Result<Appended, Error>;

    /// The commits after a revision, oldest first, at most `limit`.
    ///
    /// # Behavior
    /// * An empty answer means that there are none yet.
    /// * Each commit comes back as it was appended.
    ///
    /// # Errors
    /// `store` if reading fails, `invalid_store` if what is there cannot be understood.
    fn since(&self, after: Revision, limit: usize) -> Result<Vec<Arc<Commit>>, Error>;

    /// The commit that has an idempotency key.
    ///
    /// # Behavior
    /// * Keys are kept as long as their commits, whatever time passes.
    /// * A store that says nothing else reads the whole journal.
    ///
    /// # Errors
    /// `store` if reading fails, `invalid_store` if what is there cannot be understood.
    fn find(&self, idempotency: &str) -> Result<Option<Arc<Commit>>, Error> {
        let mut after = Revision::default();
        loop {
            let commits = self.since(after, 1000)?;
            let Some(last) = commits.last() else { return Ok(None) };
            after = last.revision;
            let is_it = |commit: &Arc<Commit>| commit.has_key(idempotency);
            if let Some(found) = commits.into_iter().find(is_it) {
                return Ok(Some(found));
            }
        }
    }

    /// The newest revision: a cheap way to see that nobody else has committed.
    ///
    /// # Behavior
    /// * It is the revision of what `load()` would give.
    ///
    /// # Errors
    /// `store` if reading fails.
    fn newest(&self) -> Result<Revision, Error> {
        Ok(self.load()?.revision())
    }

    /// The newest snapshot at or before a revision that the store has an image of; `None` if there is none. Commits
    /// from there on lead to the revision itself.
    ///
    /// # Behavior
    /// * What comes back equals the replay of the commits up to its revision.
    /// * Damaged images are as if they were not there.
    ///
    /// # Errors
    /// `store` if reading fails.
    fn image_before(&self, revision: Revision) -> Result<Option<Snapshot>, Error> {
        let _ = revision;
        Ok(None)
    }

    /// Whether an image of the newest snapshot would be worth its while: asked after each commit, and when the registry
    /// is closed.
    fn wants_image(&self, snapshot: &Snapshot, closing: bool) -> bool {
        let _ = (snapshot, closing);
        false
    }

    /// Keeps an image of a snapshot, so that it can be had again faster than from records.
    ///
    /// # Behavior
    /// * A store may forget any image at any time; nothing is lost with it.
    ///
    /// # Errors
    /// `store` if writing fails; the registry is none the worse.
    fn save_image(&self, snapshot: &Snapshot) -> Result<(), Error> {
        let _ = snapshot;
        Ok(())
    }

    /// Copies the newest state of the store to a new file, while others go on.
    ///
    /// # Errors
    /// `not_possible` of a store that is no file; `store` if writing fails, or the file is there already.
    fn backup(&self, path: &Path) -> Result<(), Error> {
        let _ = path;
        Err(Error::new(ErrorKind::NotPossible, "this store is no file and cannot be backed up to one"))
    }
}

/// Whether a commit was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It was.
    Done,
    /// Another commit has its revision, or its idempotency key.
    Conflict,
}
