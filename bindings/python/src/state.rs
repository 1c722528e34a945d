//! How far a transaction has come, and what can be done to it by then. Not here: what is done (`transaction`).

use std::sync::{Mutex, PoisonError};

use matricula::{Change, Error, ErrorKind, Instant};

use crate::error::closed;

/// Changes under way.
pub(crate) enum Work {
    /// The host's.
    Host(matricula::Transaction),
    /// A person's.
    Actor(matricula::ActorTransaction),
}

impl Work {
    /// When the changes take effect.
    pub(crate) fn at(&self) -> Instant {
        match self {
            Self::Host(transaction) => transaction.at(),
            Self::Actor(transaction) => transaction.at(),
        }
    }

    /// The host's transaction.
    pub(crate) fn host(&mut self) -> Result<&mut matricula::Transaction, Error> {
        match self {
            Self::Host(transaction) => Ok(transaction),
            Self::Actor(_) => Err(another_s()),
        }
    }

    /// The same for good.
    pub(crate) fn of_host(self) -> Result<matricula::Transaction, Error> {
        match self {
            Self::Host(transaction) => Ok(transaction),
            Self::Actor(_) => Err(another_s()),
        }
    }

    /// A person's transaction.
    pub(crate) fn actor(&mut self) -> Result<&mut matricula::ActorTransaction, Error> {
        match self {
            Self::Actor(transaction) => Ok(transaction),
            Self::Host(_) => Err(another_s()),
        }
    }

    /// The same for good.
    pub(crate) fn of_actor(self) -> Result<matricula::ActorTransaction, Error> {
        match self {
            Self::Actor(transaction) => Ok(transaction),
            Self::Host(_) => Err(another_s()),
        }
    }
}

/// Each class makes changes of its own kind, so nobody sees this.
fn another_s() -> Error {
    Error::new(ErrorKind::NotPossible, "the transaction is of another kind")
}

/// How far a transaction has come.
pub(crate) enum State {
    /// It takes changes.
    Open(Box<Work>),
    /// An import has it, and may be running the host's `progress`.
    Importing,
    /// It was committed or rolled back, or its commit failed.
    Finished,
    /// Its registry was closed.
    Abandoned,
}

impl State {
    fn work(&mut self) -> Result<&mut Work, Error> {
        match self {
            Self::Open(work) => Ok(work),
            other => Err(other.refusal()),
        }
    }

    /// Makes a change.
    pub(crate) fn apply(&mut self, change: Change) -> Result<(), Error> {
        match self.work()? {
            Work::Host(transaction) => transaction.apply(change),
            Work::Actor(transaction) => transaction.apply(change),
        }
    }

    /// The host's transaction, to work on it.
    pub(crate) fn open(&mut self) -> Result<&mut matricula::Transaction, Error> {
        self.work()?.host()
    }

    /// A person's transaction, to work on it.
    pub(crate) fn open_actor(&mut self) -> Result<&mut matricula::ActorTransaction, Error> {
        self.work()?.actor()
    }

    /// Takes the transaction out and leaves another state behind; the error if it is not there.
    pub(crate) fn take(&mut self, next: Self) -> Result<Box<Work>, Error> {
        match std::mem::replace(self, next) {
            Self::Open(work) => Ok(work),
            other => {
                let refusal = other.refusal();
                *self = other;
                Err(refusal)
            }
        }
    }

    /// Why it takes no changes.
    pub(crate) fn refusal(&self) -> Error {
        match self {
            Self::Open(_) | Self::Importing => {
                let message = "the transaction is importing people, expected no other call until that ends";
                Error::new(ErrorKind::NotPossible, message)
            }
            Self::Finished => closed("transaction"),
            Self::Abandoned => closed("registry"),
        }
    }

    /// Gives up a transaction whose registry closes. What is returned is to be dropped without the lock.
    pub(crate) fn abandon(state: &Mutex<Self>) -> Option<Self> {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let open = matches!(*state, Self::Open(_) | Self::Importing);
        open.then(|| std::mem::replace(&mut *state, Self::Abandoned))
    }
}
