//! How far a transaction has come, and what can be done to it by then. Not here: what is done (`transaction`).

use std::sync::{Mutex, PoisonError};

use matricula::{Error, ErrorKind};

use crate::error::closed;

/// How far a transaction has come.
pub(crate) enum State {
    /// It takes changes.
    Open(Box<matricula::Transaction>),
    /// An import has it, and may be running the host's `progress`.
    Importing,
    /// It was committed or rolled back, or its commit failed.
    Finished,
    /// Its registry was closed.
    Abandoned,
}

impl State {
    pub(crate) fn open(&mut self) -> Result<&mut matricula::Transaction, Error> {
        match self {
            Self::Open(transaction) => Ok(transaction),
            other => Err(other.refusal()),
        }
    }

    /// Takes the transaction out and leaves another state behind; the error if it is not there.
    pub(crate) fn take(&mut self, next: Self) -> Result<Box<matricula::Transaction>, Error> {
        match std::mem::replace(self, next) {
            Self::Open(transaction) => Ok(transaction),
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
