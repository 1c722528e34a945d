//! What can be done to a transaction now, and who has it. Not here: what is done (`transaction`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use matricula::{Error, ErrorKind, Transaction};
use napi::Result;

use crate::error::{Answer, Code, closed, thrown};

/// What can be done to a transaction now.
pub(crate) enum State {
    /// Anything.
    Open(Box<Transaction>),
    /// Nothing: somebody works on it.
    Busy,
    /// Nothing any more.
    Closed,
}

/// Somebody's hold on a transaction. When it is dropped, the transaction is open again if it was put back, and
/// closed otherwise: so also after a panic, which may have left it half changed.
pub(crate) struct Lease {
    transaction: Option<Box<Transaction>>,
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
    pub(crate) fn borrow<T>(mut self, work: impl FnOnce(&mut Transaction) -> Answer<T>) -> Answer<T> {
        let Some(mut transaction) = self.transaction.take() else { return Err(closed("transaction")) };
        let result = work(&mut transaction);
        self.transaction = Some(transaction);
        result
    }

    /// Uses the transaction up.
    pub(crate) fn consume<T>(mut self, work: impl FnOnce(Transaction) -> Answer<T>) -> Answer<T> {
        let Some(transaction) = self.transaction.take() else { return Err(closed("transaction")) };
        work(*transaction)
    }
}
