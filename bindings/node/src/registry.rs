//! A registry opened on a store, until it is closed.

use std::sync::{Arc, Mutex, PoisonError};

use matricula::{Memory, Registry as Inner, Revision};
use napi::Result;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;

use crate::actor::Actor;
use crate::convert::{instant, millis, number, whole};
use crate::delta::Delta;
use crate::error::{Answer, Code, closed, thrown};
use crate::history::{UserEvent, Verification, When, when};
use crate::job::Job;
use crate::snapshot::Snapshot;
use crate::state::Work;
use crate::store::OpenArguments;
use crate::transaction::Transaction;

/// The registry until it is closed; its transactions look here before they do anything.
#[derive(Clone)]
pub(crate) struct Handle(Arc<Mutex<Option<Inner>>>);

impl Handle {
    fn new(registry: Inner) -> Self {
        Self(Arc::new(Mutex::new(Some(registry))))
    }

    pub(crate) fn get(&self) -> Answer<Inner> {
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        registry.clone().ok_or_else(|| closed("registry"))
    }

    fn close(&self) {
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(registry);
    }
}

/// A person joining or leaving a segment.
#[napi(object, object_from_js = false)]
pub struct MembershipEvent {
    /// The revision of the commit.
    pub revision: f64,
    /// When, in milliseconds.
    pub at: f64,
    /// Who.
    pub author: String,
    /// Why.
    pub note: String,
    /// Whether the person joined; otherwise left.
    pub joined: bool,
}

impl From<matricula::MembershipEvent> for MembershipEvent {
    fn from(event: matricula::MembershipEvent) -> Self {
        let matricula::MembershipEvent { revision, at, author, note, joined } = event;
        Self { revision: number(revision.0), at: millis(at), author, note, joined }
    }
}

/// One organisation's register.
#[napi]
pub struct Registry {
    handle: Handle,
}

impl From<Inner> for Registry {
    fn from(registry: Inner) -> Self {
        Self { handle: Handle::new(registry) }
    }
}

impl Registry {
    /// The registry, if it is open.
    pub(crate) fn get(&self) -> Result<Inner, Code> {
        self.handle.get().map_err(thrown)
    }
}

#[napi]
impl Registry {
    /// Opens an SQLite file, or creates it.
    #[napi(factory, catch_unwind)]
    pub fn open(path: String, options: OpenArguments) -> Result<Self, Code> {
        let store = options.into_options().and_then(|options| options.open(path));
        let registry = store.and_then(Inner::open).map_err(thrown)?;
        Ok(Self { handle: Handle::new(registry) })
    }

    /// Opens an empty registry in memory.
    #[napi(factory, catch_unwind)]
    pub fn memory() -> Result<Self, Code> {
        let registry = Inner::open(Memory::default()).map_err(thrown)?;
        Ok(Self { handle: Handle::new(registry) })
    }

    /// Closes it; closing again does nothing. Work that is under way keeps the file open until it is done.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.handle.close();
    }

    /// Fails if it is closed.
    #[napi(catch_unwind)]
    pub fn check_open(&self) -> Result<(), Code> {
        self.handle.get().map(drop).map_err(thrown)
    }

    /// The revision.
    #[napi(catch_unwind)]
    pub fn revision(&self) -> Result<f64, Code> {
        let registry = self.handle.get().map_err(thrown)?;
        Ok(number(registry.snapshot().revision().0))
    }

    /// The instant of the last commit, in milliseconds.
    #[napi(catch_unwind)]
    pub fn clock(&self) -> Result<Option<f64>, Code> {
        let registry = self.handle.get().map_err(thrown)?;
        Ok(registry.snapshot().clock().map(millis))
    }

    /// When time alone next changes anything, in milliseconds.
    #[napi(catch_unwind, ts_return_type = "Promise<number | null>")]
    pub fn next_change_at(&self) -> Result<AsyncTask<Job<Option<f64>>>, Code> {
        let registry = self.handle.get().map_err(thrown)?;
        Ok(Job::on_pool(move || Ok(registry.next_change_at().map(millis))))
    }

    /// The registry as it is now.
    #[napi(catch_unwind)]
    pub fn snapshot(&self) -> Result<Snapshot, Code> {
        let registry = self.handle.get().map_err(thrown)?;
        Ok(registry.snapshot().into())
    }

    /// Reads in what other writers have committed.
    #[napi(catch_unwind, ts_return_type = "Promise<Snapshot>")]
    pub fn refresh(&self) -> Result<AsyncTask<Job<Snapshot>>, Code> {
        let registry = self.handle.get().map_err(thrown)?;
        Ok(Job::on_pool(move || registry.refresh().map(Snapshot::from)))
    }

    /// Keeps an image of the current snapshot in the file.
    #[napi(catch_unwind, ts_return_type = "Promise<void>")]
    pub fn save_cache(&self) -> Result<AsyncTask<Job<()>>, Code> {
        let registry = self.handle.get().map_err(thrown)?;
        Ok(Job::on_pool(move || registry.save_cache()))
    }

    /// Copies what the file holds to a new one.
    #[napi(catch_unwind, ts_return_type = "Promise<void>")]
    pub fn backup(&self, path: String) -> Result<AsyncTask<Job<()>>, Code> {
        let registry = self.handle.get().map_err(thrown)?;
        Ok(Job::on_pool(move || registry.backup(path)))
    }

    /// The commits after a revision.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<Delta>>")]
    pub fn deltas(&self, after: f64, limit: f64) -> Result<AsyncTask<Job<Vec<Delta>>>, Code> {
        let registry = self.handle.get().map_err(thrown)?;
        let after = whole("after", after).map(Revision).map_err(thrown)?;
        let limit = whole("limit", limit).map_err(thrown)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(Job::on_pool(move || {
            let deltas = registry.deltas(after, limit)?;
            Ok(deltas.into_iter().map(Delta::from).collect())
        }))
    }

    /// When a person joined and left a segment.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<MembershipEvent>>")]
    pub fn membership_history(
        &self,
        user: String,
        segment: String,
    ) -> Result<AsyncTask<Job<Vec<MembershipEvent>>>, Code> {
        let registry = self.handle.get().map_err(thrown)?;
        Ok(Job::on_pool(move || {
            let events = registry.membership_history(&user, &segment)?;
            Ok(events.into_iter().map(MembershipEvent::from).collect())
        }))
    }

    /// The registry as it was.
    #[napi(catch_unwind, ts_return_type = "Promise<Snapshot>")]
    pub fn as_of(
        &self,
        #[napi(ts_arg_type = "number | Moment")] when: When,
    ) -> Result<AsyncTask<Job<Snapshot>>, Code> {
        let (registry, when) = (self.get()?, self::when(when).map_err(thrown)?);
        Ok(Job::on_pool(move || registry.as_of(when).map(Snapshot::from)))
    }

    /// Everything that happened to a person.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<UserEvent>>")]
    pub fn history_of_user(&self, user: String) -> Result<AsyncTask<Job<Vec<UserEvent>>>, Code> {
        let registry = self.get()?;
        Ok(Job::on_pool(move || {
            let events = registry.history_of_user(&user)?;
            let snapshot = registry.snapshot();
            Ok(events.into_iter().map(|event| UserEvent::new(event, &snapshot)).collect())
        }))
    }

    /// The end of the chain of sealed commits.
    #[napi(catch_unwind, ts_return_type = "Promise<string | null>")]
    pub fn head(&self) -> Result<AsyncTask<Job<Option<String>>>, Code> {
        let registry = self.get()?;
        Ok(Job::on_pool(move || Ok(registry.head()?.map(|head| head.to_string()))))
    }

    /// Looks through everything, whether it is as it was sealed.
    #[napi(catch_unwind, ts_return_type = "Promise<Verification>")]
    pub fn verify(&self, saved: Option<String>) -> Result<AsyncTask<Job<Verification>>, Code> {
        let registry = self.get()?;
        let saved = saved.map(|saved| saved.parse()).transpose().map_err(thrown)?;
        Ok(Job::on_pool(move || registry.verify(saved).map(Verification::from)))
    }

    /// Makes sure that nothing of what was erased is left in the file.
    #[napi(catch_unwind, ts_return_type = "Promise<void>")]
    pub fn clean(&self) -> Result<AsyncTask<Job<()>>, Code> {
        let registry = self.get()?;
        Ok(Job::on_pool(move || registry.clean()))
    }

    /// Lets time pass.
    #[napi(catch_unwind, ts_return_type = "Promise<Delta>")]
    pub fn advance(&self, author: String, to: f64) -> Result<AsyncTask<Job<Delta>>, Code> {
        let registry = self.handle.get().map_err(thrown)?;
        let to = instant(to).map_err(thrown)?;
        Ok(Job::on_pool(move || registry.as_host(author).advance(to).map(Delta::from)))
    }

    /// The view of a person.
    #[napi(catch_unwind)]
    pub fn as_actor(&self, key: String, at: f64) -> Result<Actor, Code> {
        let at = instant(at).map_err(thrown)?;
        Ok(Actor::new(&self.get()?.snapshot(), &key, at))
    }

    /// Begins a transaction of a person.
    #[napi(catch_unwind, ts_return_type = "Promise<Transaction>")]
    pub fn begin_as(
        &self,
        actor: String,
        at: f64,
        note: String,
        idempotency: Option<String>,
    ) -> Result<AsyncTask<Job<Transaction>>, Code> {
        let registry = self.handle.get().map_err(thrown)?;
        let at = instant(at).map_err(thrown)?;
        let handle = self.handle.clone();
        Ok(Job::on_pool(move || {
            let mut transaction = registry.as_actor(&actor, at).begin(at)?;
            transaction.set_note(note);
            if let Some(key) = idempotency {
                transaction.set_idempotency(&key)?;
            }
            Ok(Transaction::new(handle, Work::Actor(transaction)))
        }))
    }

    /// Begins a transaction.
    #[napi(catch_unwind, ts_return_type = "Promise<Transaction>")]
    pub fn begin(
        &self,
        author: String,
        at: f64,
        note: String,
        idempotency: Option<String>,
    ) -> Result<AsyncTask<Job<Transaction>>, Code> {
        let registry = self.handle.get().map_err(thrown)?;
        let at = instant(at).map_err(thrown)?;
        let handle = self.handle.clone();
        Ok(Job::on_pool(move || {
            let mut transaction = registry.as_host(author).begin(at)?;
            transaction.set_note(note);
            if let Some(key) = idempotency {
                transaction.set_idempotency(&key)?;
            }
            Ok(Transaction::new(handle, Work::Host(transaction)))
        }))
    }
}
