//! A store that fails at a step of one's choice: before anything is written, or after everything is, with the answer
//! lost. What comes of it is for registries to bear.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use matricula_core::{
    Appended, Commit, Error, ErrorKind, Instant, KeyId, Revision, Snapshot, Store, WrittenCommit,
};

/// Counts the steps of a [`Crashing`] store down to the one that fails.
#[derive(Clone, Debug)]
pub struct Fuse(Arc<AtomicI64>);

impl Default for Fuse {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(-1)))
    }
}

impl Fuse {
    /// Lets the step fail that comes after so many others; none before or behind it.
    pub fn light(&self, steps: u32) {
        self.0.store(steps.into(), Ordering::SeqCst);
    }

    /// Whether the step has come that fails.
    pub fn is_blown(&self) -> bool {
        self.0.load(Ordering::SeqCst) < 0
    }

    fn step(&self, what: &str) -> Result<(), Error> {
        if self.0.fetch_sub(1, Ordering::SeqCst) == 0 {
            return Err(Error::new(ErrorKind::Store, format!("cannot {what}: disk I/O error")));
        }
        Ok(())
    }
}

/// A store whose steps fail as a fuse says.
#[derive(Debug)]
pub struct Crashing<S> {
    store: S,
    fuse: Fuse,
}

impl<S> Crashing<S> {
    /// Puts a fuse into a store.
    pub fn new(store: S, fuse: Fuse) -> Self {
        Self { store, fuse }
    }
}

impl<S: Store> Store for Crashing<S> {
    fn load(&self) -> Result<Snapshot, Error> {
        self.fuse.step("load")?;
        self.store.load()
    }

    fn append(&self, commit: &Arc<Commit>) -> Result<Appended, Error> {
        self.fuse.step("begin to append")?;
        let appended = self.store.append(commit)?;
        self.fuse.step("say that it was appended")?;
        Ok(appended)
    }

    fn since(&self, after: Revision, limit: usize) -> Result<Vec<Arc<Commit>>, Error> {
        self.fuse.step("read the journal")?;
        self.store.since(after, limit)
    }

    fn find(&self, idempotency: &str) -> Result<Option<Arc<Commit>>, Error> {
        self.fuse.step("look up a request")?;
        self.store.find(idempotency)
    }

    fn key_of(&self, revision: Revision) -> Result<Option<KeyId>, Error> {
        self.fuse.step("look up a journal key")?;
        self.store.key_of(revision)
    }

    fn written(&self, after: Revision, limit: usize) -> Result<Vec<WrittenCommit>, Error> {
        self.fuse.step("read the journal as it is written")?;
        self.store.written(after, limit)
    }

    fn revision_at(&self, at: Instant) -> Result<Revision, Error> {
        self.fuse.step("look up an instant")?;
        self.store.revision_at(at)
    }

    fn start(&self) -> Result<Option<Snapshot>, Error> {
        self.fuse.step("read where the journal begins")?;
        self.store.start()
    }

    fn load_tables(&self) -> Result<Snapshot, Error> {
        self.fuse.step("load the tables")?;
        self.store.load_tables()
    }

    fn check(&self, snapshot: &Snapshot) -> Result<Option<Vec<String>>, Error> {
        self.fuse.step("check the rest")?;
        self.store.check(snapshot)
    }

    fn restore(
        &self,
        start: Option<&Snapshot>,
        commits: &mut dyn Iterator<Item = Result<Arc<Commit>, Error>>,
    ) -> Result<(), Error> {
        self.fuse.step("begin to restore")?;
        self.store.restore(start, commits)?;
        self.fuse.step("say that it was restored")
    }

    fn trim(&self, commit: &Arc<Commit>, after: Revision, start: &Snapshot) -> Result<Appended, Error> {
        self.fuse.step("begin to trim")?;
        let appended = self.store.trim(commit, after, start)?;
        self.fuse.step("say that it was trimmed")?;
        Ok(appended)
    }

    fn clean(&self) -> Result<(), Error> {
        self.fuse.step("clean")?;
        self.store.clean()
    }

    fn newest(&self) -> Result<Revision, Error> {
        self.fuse.step("read the revision")?;
        self.store.newest()
    }

    fn images(&self) -> Result<Vec<Revision>, Error> {
        self.store.images()
    }

    fn image_before(&self, revision: Revision) -> Result<Option<Snapshot>, Error> {
        self.fuse.step("read an image")?;
        self.store.image_before(revision)
    }

    fn wants_image(&self, _: &Snapshot, _: bool) -> bool {
        // So that keeping one fails too.
        true
    }

    fn save_image(&self, snapshot: &Snapshot) -> Result<(), Error> {
        self.fuse.step("keep an image")?;
        self.store.save_image(snapshot)
    }

    fn backup(&self, path: &Path) -> Result<(), Error> {
        self.fuse.step("back up")?;
        self.store.backup(path)
    }
}
