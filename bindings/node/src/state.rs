//! What can be done to a transaction now, and who has it. Not here: what is done (`transaction`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use matricula::{ActorTransaction, Change, Error, ErrorKind, Instant, Transaction};
use napi::Result;

use crate::error::{Answer, Code, closed, thrown};

/// Changes under way.
pub(crate) enum Work {
    /// The host's.
    Host(Transaction),
    /// A person's.
    Actor(ActorTransaction),
}

impl Work {
    /// Makes a change.
    pub(crate) fn apply(&mut self, change: impl Into<Change>) -> Answer<()> {
        match self {
            Self::Host(transaction) => transaction.apply(change),
            Self::Actor(transaction) => transaction.apply(change),
        }
    }

    /// When the changes take effect.
    pub(crate) fn at(&self) -> Instant {
        match self {
            Self::Host(transaction) => transaction.at(),
            Self::Actor(transaction) => transaction.at(),
        }
    }

    /// The host's transaction.
    pub(crate) fn host(&mut self) -> Answer<&mut Transaction> {
        match self {
            Self::Host(transaction) => Ok(transaction),
            Self::Actor(_) => Err(another_s()),
        }
    }

    /// The same for good.
    pub(crate) fn of_host(self) -> Answer<Transaction> {
        match self {
            Self::Host(transaction) => Ok(transaction),
            Self::Actor(_) => Err(another_s()),
        }
    }

    /// A person's transaction.
    pub(crate) fn actor(&mut self) -> Answer<&mut ActorTransaction> {
        match self {
            Self::Actor(transaction) => Ok(transaction),
            Self::Host(_) => Err(another_s()),
        }
    }

    /// The same for good.
    pub(crate) fn of_actor(self) -> Answer<ActorTransaction> {
        match self {
            Self::Actor(transaction) => Ok(transaction),
            Self::Host(_) => Err(another_s()),
        }
    }
}

/// Each class of `lib/` makes changes of its own kind, so nobody sees this.
fn another_s() -> Error {
    Error::new(ErrorKind::NotPossible, "the transaction is of another kind")
}

/// What can be done to a transaction now.
pub(crate) enum State {
    /// Anything.
    Open(Box<Work>),
    /// Nothing: somebody works on it.
    Busy,
    /// Nothing any more.
    Closed,
}

/// Somebody's hold on a transaction. When it is dropped, the transaction is open again if it was put back, and
/// closed otherwise: so also after a panic, which may have left it half changed.
pub(crate) struct Lease {
    transaction: Option<Box<Work>>,
    state: Arc<Mutex<State>>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        if matches!(*state, State::Busy) {
            *state = self.transaction.take().map_or(State::Closed, State::Open);
        }
    }
}

pub(crate) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn busy() -> Error {
    let message = "the transaction is still at work, expected the earlier promise to be awaited first";
    Error::new(ErrorKind::NotPossible, message)
}

/// Takes a transaction, for a while or for good.
pub(crate) fn lease(state: &Arc<Mutex<State>>) -> Result<Lease, Code> {
    let mut now = lock(state);
    match std::mem::replace(&mut *now, State::Busy) {
        State::Open(transaction) => Ok(Lease { transaction: Some(transaction), state: state.clone() }),
        State::Busy => Err(thrown(busy())),
        State::Closed => {
            *now = State::Closed;
            Err(thrown(closed("transaction")))
        }
    }
}

impl Lease {
    /// Works on the transaction and puts it back.
    pub(crate) fn borrow<T>(mut self, work: impl FnOnce(&mut Work) -> Answer<T>) -> Answer<T> {
        let Some(mut transaction) = self.transaction.take() else { return Err(closed("transaction")) };
        let result = work(&mut transaction);
        self.transaction = Some(transaction);
        result
    }

    /// Uses the transaction up.
    pub(crate) fn consume<T>(mut self, work: impl FnOnce(Work) -> Answer<T>) -> Answer<T> {
        let Some(transaction) = self.transaction.take() else { return Err(closed("transaction")) };
        work(*transaction)
    }
}
