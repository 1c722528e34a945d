//! What a registry asks of storage. Every store keeps the journal and the current state, passes the same
//! behaviour suite (`matricula-testkit`), and gives back what memory holds. Not here: any particular store.

use std::path::Path;
use std::sync::Arc;

use crate::{Commit, Error, ErrorKind, Instant, KeyId, Revision, Seal, Sealer, Snapshot, WrittenCommit};

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

    /// Seals a commit and records it; gives the seal, or `None` for a conflict as in [`Store::append`].
    ///
    /// # Behavior
    /// * It comes to the same as sealing first and appending what is sealed. A store that brings many entries to JSON anyhow
    ///   seals them by the way.
    ///
    /// # Errors
    /// As [`Store::append`].
    fn append_sealing(&self, commit: &Arc<Commit>, sealer: &Sealer<'_>) -> Result<Option<Seal>, Error> {
        let seal = sealer.seal(commit);
        let sealed = Commit { seal: Some(seal.clone()), ..Commit::clone(commit) };
        Ok((self.append(&Arc::new(sealed))? == Appended::Done).then_some(seal))
    }

    /// The commits after a revision, oldest first, at most `limit`.
    ///
    /// # Behavior
    /// * An empty answer means that there are none yet.
    /// * Each commit comes back as it was appended.
    ///
    /// # Errors
    /// `store` if reading fails, `invalid_store` if what is there cannot be understood, `archived` if the first of them is in
    /// an archive.
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
        let mut after = self.start()?.map(|start| start.revision()).unwrap_or_default();
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

    /// The journal key that a commit is sealed with; `None` if it is sealed without one, or not here.
    ///
    /// # Errors
    /// `store` if reading fails, `invalid_store` if what is there cannot be understood.
    fn key_of(&self, revision: Revision) -> Result<Option<KeyId>, Error> {
        let Some(before) = revision.0.checked_sub(1) else { return Ok(None) };
        match self.since(Revision(before), 1) {
            Ok(commits) => {
                let commit = commits.first().filter(|commit| commit.revision == revision);
                Ok(commit.and_then(|commit| commit.seal.as_ref()?.key))
            }
            Err(error) if error.kind() == ErrorKind::Archived => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same commits as they are written, for audits and exports.
    ///
    /// # Behavior
    /// * Entries are the very text that the store keeps, whatever it says.
    ///
    /// # Errors
    /// As [`Store::since`].
    fn written(&self, after: Revision, limit: usize) -> Result<Vec<WrittenCommit>, Error> {
        Ok(self.since(after, limit)?.iter().map(|commit| WrittenCommit::from(&**commit)).collect())
    }

    /// The last revision at or before an instant; 0 if there is none.
    ///
    /// # Errors
    /// As [`Store::since`].
    fn revision_at(&self, at: Instant) -> Result<Revision, Error> {
        let mut last = self.start()?.map(|start| start.revision()).unwrap_or_default();
        loop {
            let commits = self.since(last, 1000)?;
            for commit in &commits {
                if commit.at > at {
                    return Ok(last);
                }
                last = commit.revision;
            }
            if commits.is_empty() {
                return Ok(last);
            }
        }
    }

    /// The registry as it was before the first commit that is here, if earlier ones are archived.
    ///
    /// # Errors
    /// `store` if reading fails, `invalid_store` if what is there cannot be understood.
    fn start(&self) -> Result<Option<Snapshot>, Error> {
        Ok(None)
    }

    /// The newest snapshot at or before a revision that the store has an image of; `None` if there is none. Commits
    /// from there on lead to the revision itself.
    ///
    /// # Behavior
    /// * What comes back equals the replay of the commits up to its revision.
    /// * Damaged images are as if they were not there.
    /// * No image says anything of somebody who has been erased since.
    ///
    /// # Errors
    /// `store` if reading fails.
    fn image_before(&self, revision: Revision) -> Result<Option<Snapshot>, Error> {
        let _ = revision;
        Ok(None)
    }

    /// The revisions of which there are images that this version can read, the newest first.
    ///
    /// # Errors
    /// `store` if reading fails.
    fn images(&self) -> Result<Vec<Revision>, Error> {
        Ok(Vec::new())
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
    /// The registry as it is now from what the store keeps for good, without any image.
    ///
    /// # Errors
    /// As [`Store::load`].
    fn load_tables(&self) -> Result<Snapshot, Error> {
        self.load()
    }

    /// What is wrong with the rest of what the store keeps, which [`Store::load_tables`] does not read, given what should
    /// be there; `None` if the store has moved on since.
    ///
    /// # Errors
    /// `store` if reading fails.
    fn check(&self, snapshot: &Snapshot) -> Result<Option<Vec<String>>, Error> {
        let _ = snapshot;
        Ok(Some(Vec::new()))
    }

    /// Records many commits in an empty store, all of them or, if one cannot be, none. If they do not begin with the first,
    /// `start` is the registry before them.
    ///
    /// # Behavior
    /// * What the store holds afterwards is what appending one after the other would have come to.
    ///
    /// # Errors
    /// `not_possible` if the store is not empty, what the commits fail with, `store` if writing fails.
    fn restore(
        &self,
        start: Option<&Snapshot>,
        commits: &mut dyn Iterator<Item = Result<Arc<Commit>, Error>>,
    ) -> Result<(), Error>;

    /// The revision before the first commit that is here: 0, unless earlier ones are archived.
    ///
    /// # Errors
    /// `store` if reading fails.
    fn begins_after(&self) -> Result<Revision, Error> {
        Ok(self.start()?.map(|start| start.revision()).unwrap_or_default())
    }

    /// Records a commit, and puts the registry as it was at an earlier revision in place of the commits up to it, of which
    /// the first is the one after `after`.
    ///
    /// # Behavior
    /// * Both happen, or neither; a conflict is one as in [`Store::append`].
    /// * If the journal does not begin after `after`, because others have archived meanwhile, that is a conflict as well.
    /// * [`Store::since`] fails with `archived` for commits that are no longer there.
    ///
    /// # Errors
    /// `store` if writing fails; nothing is then written.
    fn trim(&self, commit: &Arc<Commit>, after: Revision, start: &Snapshot) -> Result<Appended, Error>;

    /// Makes sure that nothing is left, in any place of the store, of what commits have erased.
    ///
    /// # Behavior
    /// * A commit that erases somebody is followed by this call; where it fails it is made again later.
    /// * It costs nothing if nothing was erased since the last time.
    ///
    /// # Errors
    /// `store` if the store is in use so that it cannot be now.
    fn clean(&self) -> Result<(), Error> {
        Ok(())
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
