//! A registry opened on a store: the current snapshot for readers, and the one place where commits are made.
//! Not here: what a commit contains (`transaction`).

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use matricula_core::{
    Appended, Author, Commit, Delta, Draft, Error, ErrorKind, Idempotency, Instant, JournalKey, Outcome,
    Revision, Snapshot, Store,
};

use crate::HostView;
use crate::actor::ActorView;
use crate::sealing::{check_key, sealed};

/// One organisation's register. Clones are handles to the same one.
///
/// ```
/// use matricula::{Memory, Registry};
///
/// let registry = Registry::open(Memory::default())?;
/// assert_eq!(registry.snapshot().user_count(), 0);
/// # Ok::<(), matricula::Error>(())
/// ```
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    store: Box<dyn Store>,
    /// What commits are sealed with.
    key: Option<JournalKey>,
    current: ArcSwap<Snapshot>,
    /// Held while a commit is made or others are read in; readers never take it.
    writer: Mutex<()>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let snapshot = Snapshot::clone(&self.current.load());
        if !std::thread::panicking() && self.store.wants_image(&snapshot, true) {
            // There is nobody left to tell, and nothing is lost.
            let _ = self.store.save_image(&snapshot);
        }
    }
}

/// A person joining or leaving a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipEvent {
    /// The commit that did it.
    pub revision: Revision,
    /// When.
    pub at: Instant,
    /// Who made the commit: the name of the host, or the key of the person.
    pub author: String,
    /// Why, in the host's words.
    pub note: String,
    /// Whether the person joined; otherwise left.
    pub joined: bool,
}

/// How many commits of other writers are read in at a time.
pub(crate) const BATCH: usize = 1000;
/// How often a commit is made again on a newer revision before giving up, and at least for how long.
pub(crate) const ATTEMPTS: usize = 16;
const PATIENCE: Duration = Duration::from_secs(5);

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("revision", &self.snapshot().revision()).finish_non_exhaustive()
    }
}

impl Registry {
    /// Opens what the store holds; an empty store is an empty registry with its primary site.
    ///
    /// # Errors
    /// `store` if it cannot be read, `invalid_store` if what it holds cannot be understood.
    pub fn open(store: impl Store + 'static) -> Result<Self, Error> {
        Self::open_with(store, None)
    }

    /// Opens what the store holds, and seals commits with a journal key from now on. [`Registry::verify`] then proves also
    /// that nobody without the key has made the journal anew. A journal that has commits sealed with a key is continued
    /// with that key only; without one it can be read.
    ///
    /// # Errors
    /// Those of [`Registry::open`]; `journal_key` if the last commit is sealed with another key.
    ///
    /// ```
    /// use matricula::{Instant, JournalKey, Memory, Registry, UserUpdate};
    ///
    /// let key = JournalKey::new(b"32 random bytes, kept elsewhere.")?;
    /// let registry = Registry::open_keyed(Memory::default(), key)?;
    /// let mut tx = registry.as_host("hr").begin(Instant::EPOCH)?;
    /// tx.update_user(UserUpdate::new("ann"))?;
    /// let first = tx.commit()?.revision();
    /// assert_eq!(registry.verify(None)?.keyed_from, Some(first));
    /// # Ok::<(), matricula::Error>(())
    /// ```
    pub fn open_keyed(store: impl Store + 'static, key: JournalKey) -> Result<Self, Error> {
        Self::open_with(store, Some(key))
    }

    pub(crate) fn open_with(store: impl Store + 'static, key: Option<JournalKey>) -> Result<Self, Error> {
        let snapshot = store.load()?;
        if key.is_some() {
            let last = snapshot.revision();
            check_key(last, store.key_of(last)?, key.as_ref())?;
        }
        let current = ArcSwap::from_pointee(snapshot);
        let inner = Inner { store: Box::new(store), key, current, writer: Mutex::new(()) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The registry as it is now, for reading: it stays as it is while others commit.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::clone(&self.inner.current.load())
    }

    /// The next instant at which time alone changes anything, as the registry is now: see
    /// [`Snapshot::next_change_at`].
    pub fn next_change_at(&self) -> Option<Instant> {
        self.snapshot().next_change_at()
    }

    /// The view of the host itself, which may do everything; the name is recorded with every commit.
    pub fn as_host(&self, name: impl Into<String>) -> HostView {
        HostView::new(self.clone(), name.into())
    }

    /// The view of a person at an instant, who may do and see what their roles give. A key that nobody has is one who may do
    /// nothing. It is of the snapshot as it is now: [`ActorView::refreshed`] is of a later one.
    pub fn as_actor(&self, key: &str, at: Instant) -> ActorView {
        ActorView::new(self.clone(), key, at)
    }

    /// Reads in what other writers have committed to the store, and returns the current snapshot. If they have
    /// committed nothing, that is seen in microseconds.
    ///
    /// # Errors
    /// `store` or `invalid_store`; the snapshot then stays as it was, or at the last commit that was read.
    pub fn refresh(&self) -> Result<Snapshot, Error> {
        let snapshot = self.snapshot();
        if self.inner.store.newest()? <= snapshot.revision() {
            return Ok(snapshot);
        }
        let _writer = self.lock();
        self.catch_up()
    }

    /// A snapshot in which a commit is, which may be another process's: read in, or waited for. For readers that must
    /// not answer by what was true before it.
    ///
    /// # Errors
    /// `stale` if the store has not come that far in time; `store` or `invalid_store`.
    pub fn snapshot_at_least(&self, revision: Revision, timeout: Duration) -> Result<Snapshot, Error> {
        let start = std::time::Instant::now();
        let mut pause = Duration::from_micros(500);
        loop {
            let mut snapshot = self.snapshot();
            if snapshot.revision() < revision {
                snapshot = self.refresh()?;
            }
            let waited = start.elapsed();
            if snapshot.revision() >= revision {
                return Ok(snapshot);
            }
            if waited >= timeout {
                let message = format!(
                    "the registry is at revision {}, expected at least {revision} within {timeout:?}",
                    snapshot.revision()
                );
                return Err(Error::new(ErrorKind::Stale, message));
            }
            std::thread::sleep(pause.min(timeout - waited));
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Keeps an image of the current snapshot in the store, so that opening it again is fast. It is done without
    /// being asked when the last handle is dropped, and from time to time after commits, if much has changed.
    ///
    /// # Errors
    /// `store` if it cannot be written. The registry is none the worse.
    pub fn save_cache(&self) -> Result<(), Error> {
        self.inner.store.save_image(&self.snapshot())
    }

    /// Copies what the store holds to a new file, which can be opened as this one, while others read and commit: all
    /// commits up to some moment, and nothing of later ones.
    ///
    /// # Errors
    /// `not_possible` for a store that is no file; `store` if the file is there already or cannot be written.
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.inner.store.backup(path.as_ref())
    }

    /// The commits after a revision, oldest first, at most `limit`: the feed for a host's mails and webhooks.
    ///
    /// # Errors
    /// `archived` if the first of them is in an archive; `store` or `invalid_store`.
    pub fn deltas(&self, after: Revision, limit: usize) -> Result<Vec<Delta>, Error> {
        let commits = self.inner.store.since(after, limit)?;
        let newest = commits.last().map(|commit| commit.revision);
        // Names come from a snapshot that knows everything that the commits name.
        let snapshot =
            if newest > Some(self.snapshot().revision()) { self.refresh()? } else { self.snapshot() };
        Ok(commits.into_iter().map(|commit| Delta::new(snapshot.clone(), commit)).collect())
    }

    /// When a person joined and left a segment, oldest first, as the journal has it.
    ///
    /// # Errors
    /// `unknown_user`, `unknown_segment`, `store` or `invalid_store`.
    pub fn membership_history(&self, user: &str, segment: &str) -> Result<Vec<MembershipEvent>, Error> {
        let snapshot = self.snapshot();
        let (row, segment) = (snapshot.user_id(user)?.0, snapshot.segment_id(segment)?);
        let mut events = Vec::new();
        self.each_commit(|commit| {
            for moment in &commit.moments {
                let change = moment.memberships.iter().find(|change| change.segment == segment);
                let joined = change.map(|change| (change.joined.contains(row), change.left.contains(row)));
                if let Some((joined, left)) = joined
                    && (joined || left)
                {
                    let (revision, at) = (commit.revision, moment.at);
                    let author = snapshot.author_name(&commit.author).to_owned();
                    let note = commit.note.clone();
                    events.push(MembershipEvent { revision, at, author, note, joined });
                }
            }
        })?;
        Ok(events)
    }

    /// The key that commits are sealed with.
    pub(crate) fn key(&self) -> Option<&JournalKey> {
        self.inner.key.as_ref()
    }

    /// The outcome, which follows the current revision, with its commit sealed.
    pub(crate) fn sealed(&self, outcome: Outcome) -> Result<Outcome, Error> {
        let last = Revision(outcome.commit.revision.0.saturating_sub(1));
        check_key(last, self.inner.store.key_of(last)?, self.key())?;
        sealed(outcome, self.key())
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.inner.store
    }

    /// Takes the writer's lock.
    pub(crate) fn writer(&self) -> MutexGuard<'_, ()> {
        self.lock()
    }

    /// Reads in what others have committed, under the writer's lock.
    pub(crate) fn catch_up_to_store(&self, _writer: &MutexGuard<'_, ()>) -> Result<Snapshot, Error> {
        self.catch_up()
    }

    /// Makes what was recorded the current snapshot, under the writer's lock.
    pub(crate) fn publish(&self, _writer: &MutexGuard<'_, ()>, outcome: &Outcome) {
        self.inner.current.store(Arc::new(outcome.snapshot.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        // Nothing is ever half done under this lock: the snapshot is replaced as a whole, last.
        self.inner.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn catch_up(&self) -> Result<Snapshot, Error> {
        loop {
            let mut snapshot = self.snapshot();
            let commits = match self.inner.store.since(snapshot.revision(), BATCH) {
                Ok(commits) => commits,
                // Others have archived what this handle has not read: there is only the registry as it is now.
                Err(error) if error.kind() == ErrorKind::Archived => {
                    let snapshot = self.inner.store.load()?;
                    self.inner.current.store(Arc::new(snapshot.clone()));
                    return Ok(snapshot);
                }
                Err(error) => return Err(error),
            };
            snapshot = snapshot.replay_all(commits.iter().map(|commit| &**commit))?;
            self.inner.current.store(Arc::new(snapshot.clone()));
            if commits.len() < BATCH {
                return Ok(snapshot);
            }
        }
    }

    /// Records an outcome, or makes it again on what another writer committed first. A request that was dealt with
    /// already is answered with what it came to then.
    pub(crate) fn record(
        &self,
        mut outcome: Outcome,
        again: impl Fn(&Snapshot) -> Result<Outcome, Error>,
    ) -> Result<Delta, Error> {
        let _writer = self.lock();
        let (author, idempotency) = (outcome.commit.author.clone(), outcome.commit.idempotency.clone());
        let start = std::time::Instant::now();
        let mut attempts = 0;
        while attempts < ATTEMPTS || start.elapsed() < PATIENCE {
            attempts += 1;
            // Whoever commits the same request after this look at the store is in the way of the revision, too.
            if let Some(keyed) = &idempotency
                && let Some(first) = self.inner.store.find(&keyed.key)?
            {
                same_request(&first, keyed, &author)?;
                let known = first.revision <= self.snapshot().revision();
                let snapshot = if known { self.snapshot() } else { self.catch_up()? };
                return Ok(Delta::new(snapshot, first));
            }
            let current = self.snapshot();
            if !outcome.commit.is_recorded() {
                // Nothing to record, if nobody else has changed that in the meantime.
                let newest = self.catch_up()?;
                if outcome.snapshot.revision() == newest.revision() {
                    return Ok(Delta::from(&outcome));
                }
                outcome = again(&newest)?;
                continue;
            }
            if outcome.commit.revision == current.revision().next() {
                let sealed = self.sealed(outcome)?;
                match self.inner.store.append(&sealed.commit)? {
                    Appended::Done => {
                        self.inner.current.store(Arc::new(sealed.snapshot.clone()));
                        let delta = self.cleaned(&sealed);
                        if self.inner.store.wants_image(&sealed.snapshot, false) {
                            // The commit is made. An image that cannot be kept now can be later.
                            let _ = self.inner.store.save_image(&sealed.snapshot);
                        }
                        return Ok(delta);
                    }
                    Appended::Conflict => {
                        self.catch_up()?;
                        if idempotency.is_some() {
                            outcome = self.again_unless_keyed(sealed, &again)?;
                            continue;
                        }
                    }
                }
            }
            outcome = again(&self.snapshot())?;
        }
        let message = format!("another writer committed first, {attempts} times in a row");
        Err(Error::new(ErrorKind::Conflict, message))
    }

    /// Makes an outcome again, unless its request has been dealt with by another writer, whose changes may be in its
    /// way.
    fn again_unless_keyed(
        &self,
        outcome: Outcome,
        again: &impl Fn(&Snapshot) -> Result<Outcome, Error>,
    ) -> Result<Outcome, Error> {
        let keyed = outcome.commit.idempotency.as_ref();
        match keyed.map(|keyed| self.inner.store.find(&keyed.key)).transpose()?.flatten() {
            Some(_) => Ok(outcome),
            None => again(&self.snapshot()),
        }
    }

    /// The commit that has an idempotency key.
    pub(crate) fn find(&self, key: &str) -> Result<Option<Arc<Commit>>, Error> {
        self.inner.store.find(key)
    }

    /// A snapshot that knows everything that a commit names.
    pub(crate) fn knowing(&self, commit: &Commit) -> Result<Snapshot, Error> {
        let snapshot = self.snapshot();
        if commit.revision <= snapshot.revision() { Ok(snapshot) } else { self.refresh() }
    }

    /// The delta of what was recorded. If it erased somebody, the store is cleaned, or the delta says that it has to be.
    fn cleaned(&self, outcome: &Outcome) -> Delta {
        let delta = Delta::from(outcome);
        if outcome.commit.erases().is_empty() {
            return delta;
        }
        // The store has taken names out of the words of this commit as well.
        let recorded = self.recorded(outcome.commit.revision);
        let recorded = recorded.and_then(|commit| self.inner.store.clean().map(|()| commit));
        match recorded {
            Ok(Some(commit)) => delta.recorded_as(commit),
            Ok(None) => delta,
            Err(error) => {
                delta.with_warning(matricula_core::Warning::Unclean { reason: error.message().to_owned() })
            }
        }
    }

    /// Makes sure that nothing of what was erased is left in the store's files. Erasing does so itself; where it could not,
    /// because others were reading, its delta has a warning, and this is to be called later. It costs nothing if
    /// there is nothing to do.
    ///
    /// # Errors
    /// `store` if others are still reading, or it cannot be written.
    pub fn clean(&self) -> Result<(), Error> {
        let _writer = self.lock();
        self.inner.store.clean()
    }

    /// Lets time pass up to an instant, with everything that follows from it.
    ///
    /// # Errors
    /// `store` if the commit cannot be written, `conflict` if other writers were always faster, `held` if too much would
    /// end.
    pub(crate) fn advance(&self, to: Instant, author: &Author) -> Result<Delta, Error> {
        let make = |snapshot: &Snapshot| Draft::new(snapshot, to).finish(author.clone(), "").unless_held();
        self.record(make(&self.snapshot())?, make)
    }

    /// The commit that was recorded as a revision, if there is one.
    ///
    /// # Errors
    /// `archived` if it is in an archive; `store` or `invalid_store`.
    pub fn recorded(&self, revision: Revision) -> Result<Option<Arc<Commit>>, Error> {
        let before = Revision(revision.0.saturating_sub(1));
        let commits = self.inner.store.since(before, 1)?;
        Ok(commits.into_iter().find(|commit| commit.revision == revision))
    }
}

/// Makes sure that a request is the one for which its key was used.
pub(crate) fn same_request(first: &Commit, keyed: &Idempotency, author: &Author) -> Result<(), Error> {
    let asked = first.idempotency.as_ref().is_some_and(|asked| asked.asked.accepts_same(&keyed.asked));
    if asked && first.author == *author {
        return Ok(());
    }
    let what = if asked { "by another author" } else { "for other changes" };
    let message = format!(
        "idempotency key `{}` was used {what} in commit {}, expected a new one",
        keyed.key, first.revision
    );
    Err(Error::new(ErrorKind::IdempotencyConflict, message))
}
