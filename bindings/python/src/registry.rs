//! The registry and the host's view of it. Not here: transactions and snapshots.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use matricula::{Error, ErrorKind, Memory, Revision};
use pyo3::prelude::*;

use crate::actor::Actor;
use crate::convert::{When, instant, record};
use crate::delta::Delta;
use crate::error::{Outcome, closed};
use crate::history::{UserEvent, Verification, when};
use crate::import::{open_feed, unreadable};
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::store;
use crate::transaction::Transaction;
use crate::transfer::{Archived, new_file};

/// The registry while it is open, and the transactions that closing it gives up.
pub(crate) struct Handle {
    registry: RwLock<Option<matricula::Registry>>,
    transactions: Mutex<Vec<Weak<Mutex<State>>>>,
}

impl Handle {
    pub(crate) fn registry(&self) -> Result<matricula::Registry, matricula::Error> {
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
        registry.clone().ok_or_else(|| closed("registry"))
    }

    fn transactions(&self) -> MutexGuard<'_, Vec<Weak<Mutex<State>>>> {
        self.transactions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a transaction, so that closing gives it up; the error if it came too late for that.
    pub(crate) fn watch(&self, state: &Arc<Mutex<State>>) -> Result<(), matricula::Error> {
        let mut transactions = self.transactions();
        // Under the lock: closing first closes and then takes it.
        self.registry()?;
        transactions.retain(|transaction| transaction.strong_count() > 0);
        transactions.push(Arc::downgrade(state));
        Ok(())
    }

    fn close(&self) {
        let registry = self.registry.write().unwrap_or_else(PoisonError::into_inner).take();
        let transactions = std::mem::take(&mut *self.transactions());
        for state in transactions.iter().filter_map(Weak::upgrade) {
            let abandoned = State::abandon(&state);
            drop(abandoned);
        }
        drop(registry);
    }
}

record! {
    /// A person joining or leaving a segment, and the commit that did it.
    MembershipEvent {
        /// The revision of the commit.
        revision: u64,
        /// When, in UTC.
        at: When,
        /// The name of the host that made the commit.
        author: String,
        /// Why, in the host's words; may be empty.
        note: String,
        /// Whether the person joined; otherwise left.
        joined: bool,
    }
}

impl From<matricula::MembershipEvent> for MembershipEvent {
    fn from(event: matricula::MembershipEvent) -> Self {
        let matricula::MembershipEvent { revision, at, author, note, joined } = event;
        Self { revision: revision.0, at: When(at), author, note, joined }
    }
}

/// One organisation's register, opened on a store.
#[pyclass(frozen, module = "matricula")]
pub(crate) struct Registry {
    handle: Arc<Handle>,
}

impl Registry {
    pub(crate) fn new(registry: matricula::Registry) -> Self {
        let (registry, transactions) = (RwLock::new(Some(registry)), Mutex::default());
        Self { handle: Arc::new(Handle { registry, transactions }) }
    }
}

/// Opens the registry in an SQLite file, which is created if it is missing.
#[pyfunction]
#[pyo3(signature = (
    path, *, read_only=false, durability="full", busy_timeout=None, secure_delete=false, cache=true, max_bytes=None
))]
#[expect(clippy::too_many_arguments, reason = "in Python most of them are keywords")]
pub(crate) fn open(
    py: Python<'_>,
    path: PathBuf,
    read_only: bool,
    durability: &str,
    busy_timeout: Option<Duration>,
    secure_delete: bool,
    cache: bool,
    max_bytes: Option<u64>,
) -> Outcome<Registry> {
    let options = store::options(read_only, durability, busy_timeout, secure_delete, cache, max_bytes)?;
    Ok(Registry::new(py.detach(|| matricula::Registry::open(options.open(path)?))?))
}

/// For so long a thread waits without looking whether it is to be interrupted.
const PATIENCE: Duration = Duration::from_millis(50);

/// A new registry in memory.
#[pyfunction]
pub(crate) fn memory() -> Outcome<Registry> {
    Ok(Registry::new(matricula::Registry::open(Memory::default())?))
}

#[pymethods]
impl Registry {
    /// The revision: how many commits there have been.
    #[getter]
    fn revision(&self) -> Outcome<u64> {
        Ok(self.handle.registry()?.snapshot().revision().0)
    }

    /// The instant of the last commit, in UTC.
    #[getter]
    fn clock(&self) -> Outcome<Option<When>> {
        Ok(self.handle.registry()?.snapshot().clock().map(When))
    }

    /// When time alone next changes anything, in UTC.
    fn next_change_at(&self, py: Python<'_>) -> Outcome<Option<When>> {
        let registry = self.handle.registry()?;
        Ok(py.detach(move || registry.next_change_at()).map(When))
    }

    /// The registry as it is now, for reading: it stays as it is while others commit.
    fn snapshot(&self) -> Outcome<Snapshot> {
        Ok(Snapshot(self.handle.registry()?.snapshot()))
    }

    /// Reads in what other processes have committed, and returns the current snapshot.
    fn refresh(&self, py: Python<'_>) -> Outcome<Snapshot> {
        let registry = self.handle.registry()?;
        Ok(Snapshot(py.detach(move || registry.refresh())?))
    }

    /// A snapshot in which a commit is, which may be another process's: read in, or waited for.
    fn snapshot_at_least(&self, py: Python<'_>, revision: u64, timeout: Duration) -> Outcome<Snapshot> {
        let start = Instant::now();
        loop {
            // Asked for each time, so that closing the registry ends the wait.
            let registry = self.handle.registry()?;
            let left = timeout.saturating_sub(start.elapsed());
            let found = py.detach(move || {
                let found = registry.snapshot_at_least(Revision(revision), left.min(PATIENCE));
                found.map_err(|error| (error, registry.snapshot().revision()))
            });
            match found {
                Ok(snapshot) => return Ok(Snapshot(snapshot)),
                Err((error, _)) if error.kind() != ErrorKind::Stale => return Err(error.into()),
                Err(_) if left > PATIENCE => py.check_signals()?,
                Err((_, now)) => {
                    let message = format!(
                        "the registry is at revision {now}, expected at least {revision} within {timeout:?}"
                    );
                    return Err(Error::new(ErrorKind::Stale, message).into());
                }
            }
        }
    }

    /// Keeps an image of the current snapshot in the file, so that opening it again is fast.
    fn save_cache(&self, py: Python<'_>) -> Outcome<()> {
        let registry = self.handle.registry()?;
        Ok(py.detach(move || registry.save_cache())?)
    }

    /// Copies what the file holds to a new one, while others read and commit.
    fn backup(&self, py: Python<'_>, path: PathBuf) -> Outcome<()> {
        let registry = self.handle.registry()?;
        Ok(py.detach(move || registry.backup(path))?)
    }

    /// The host's own view, which may do everything; the name is recorded with every commit.
    fn as_host(&self, name: String) -> Outcome<Host> {
        self.handle.registry()?;
        Ok(Host { handle: Arc::clone(&self.handle), name })
    }

    /// The view of a person at an instant, who may do and see what their roles give.
    fn as_actor(&self, key: String, at: &Bound<'_, PyAny>) -> Outcome<Actor> {
        Actor::new(Arc::clone(&self.handle), key, When(instant("at", at)?))
    }

    /// The commits after a revision, oldest first, at most `limit`.
    #[pyo3(signature = (after=0, limit=1000))]
    fn deltas(&self, py: Python<'_>, after: u64, limit: usize) -> Outcome<Vec<Delta>> {
        let registry = self.handle.registry()?;
        let deltas = py.detach(move || registry.deltas(Revision(after), limit))?;
        Ok(deltas.into_iter().map(Delta).collect())
    }

    /// When a person joined and left a segment, oldest first.
    fn membership_history(
        &self,
        py: Python<'_>,
        user: String,
        segment: String,
    ) -> Outcome<Vec<MembershipEvent>> {
        let registry = self.handle.registry()?;
        let events = py.detach(move || registry.membership_history(&user, &segment))?;
        Ok(events.into_iter().map(MembershipEvent::from).collect())
    }

    /// The registry as it was after a commit, or after the last one at or before an instant.
    fn as_of(&self, py: Python<'_>, when: &Bound<'_, PyAny>) -> Outcome<Snapshot> {
        let (when, registry) = (self::when(when)?, self.handle.registry()?);
        Ok(Snapshot(py.detach(move || registry.as_of(when))?))
    }

    /// The registry as it was, from an archive that has it.
    fn as_of_in(
        &self,
        py: Python<'_>,
        source: &Bound<'_, PyAny>,
        when: &Bound<'_, PyAny>,
    ) -> Outcome<Snapshot> {
        let (when, registry) = (self::when(when)?, self.handle.registry()?);
        let (archive, path) = open_feed(source)?;
        let snapshot = py.detach(move || registry.as_of_in(archive, when));
        Ok(Snapshot(snapshot.map_err(|error| unreadable(error, path))?))
    }

    /// Everything that happened to a person, oldest first.
    fn history_of_user(&self, py: Python<'_>, user: String) -> Outcome<Vec<UserEvent>> {
        let registry = self.handle.registry()?;
        Ok(py.detach(move || {
            let events = registry.history_of_user(&user)?;
            let snapshot = registry.snapshot();
            let events = events.into_iter().map(|event| UserEvent::new(event, &snapshot));
            Ok::<_, Error>(events.collect())
        })?)
    }

    /// The end of the chain of sealed commits, to be kept in another place.
    fn head(&self, py: Python<'_>) -> Outcome<Option<String>> {
        let registry = self.handle.registry()?;
        Ok(py.detach(move || registry.head())?.map(|head| head.to_string()))
    }

    /// Looks through everything, whether it is as it was sealed.
    #[pyo3(signature = (saved=None))]
    fn verify(&self, py: Python<'_>, saved: Option<&str>) -> Outcome<Verification> {
        let (saved, registry) = (saved.map(str::parse).transpose()?, self.handle.registry()?);
        Ok(py.detach(move || registry.verify(saved))?.into())
    }

    /// Writes the whole registry to a new file.
    fn export(&self, py: Python<'_>, target: PathBuf) -> Outcome<u64> {
        let registry = self.handle.registry()?;
        let file = new_file(py, target)?;
        Ok(py.detach(move || registry.export(file))?.0)
    }

    /// Moves the commits before a revision into a new file.
    fn archive(&self, py: Python<'_>, before: u64, author: &str, target: PathBuf) -> Outcome<Archived> {
        let registry = self.handle.registry()?;
        let file = new_file(py, target)?;
        Ok(py.detach(move || registry.archive(Revision(before), author, file))?.into())
    }

    /// Makes sure that nothing of what was erased is left in the file.
    fn clean(&self, py: Python<'_>) -> Outcome<()> {
        let registry = self.handle.registry()?;
        Ok(py.detach(move || registry.clean())?)
    }

    /// Closes the registry and gives up its open transactions. Closing again does nothing.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.handle.close());
    }

    fn __enter__(slf: Bound<'_, Self>) -> Outcome<Bound<'_, Self>> {
        slf.get().handle.registry()?;
        Ok(slf)
    }

    #[pyo3(signature = (exc_type, exc_value, traceback, /))]
    #[expect(unused_variables, reason = "Python gives them to every context manager")]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) {
        self.close(py);
    }

    fn __repr__(&self) -> String {
        match self.handle.registry() {
            Ok(registry) => format!("<Registry at revision {}>", registry.snapshot().revision()),
            Err(_) => "<Registry, closed>".to_owned(),
        }
    }
}

/// The registry as the host itself sees and changes it.
#[pyclass(frozen, module = "matricula")]
pub(crate) struct Host {
    handle: Arc<Handle>,
    /// The name under which commits are recorded.
    #[pyo3(get)]
    name: String,
}

#[pymethods]
impl Host {
    /// Begins a set of changes that take effect at an instant; at the registry's clock if that is later.
    #[pyo3(signature = (at, note="", *, idempotency=None))]
    fn transaction(
        &self,
        py: Python<'_>,
        at: &Bound<'_, PyAny>,
        note: &str,
        idempotency: Option<&str>,
    ) -> Outcome<Py<Transaction>> {
        let (at, registry) = (instant("at", at)?, self.handle.registry()?);
        let transaction = py.detach(|| {
            let mut transaction = registry.as_host(self.name.as_str()).begin(at)?;
            transaction.set_note(note);
            idempotency.map_or(Ok(()), |key| transaction.set_idempotency(key))?;
            Ok::<_, matricula::Error>(transaction)
        })?;
        let transaction = Py::new(py, Transaction::new(transaction))?;
        self.handle.watch(&transaction.bind(py).as_super().get().state)?;
        Ok(transaction)
    }

    /// Lets time pass up to an instant, with everything that follows from it.
    fn advance(&self, py: Python<'_>, to: &Bound<'_, PyAny>) -> Outcome<Delta> {
        let (to, registry) = (instant("to", to)?, self.handle.registry()?);
        Ok(Delta(py.detach(|| registry.as_host(self.name.as_str()).advance(to))?))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        crate::convert::repr(slf.as_any(), "Host", &["name"])
    }
}
