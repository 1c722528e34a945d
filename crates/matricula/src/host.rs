//! The host's own view: full authority, recorded by name.

use matricula_core::{Author, Delta, Error, Instant};

use crate::{Registry, Transaction};

/// The registry as the host itself sees and changes it.
#[derive(Clone, Debug)]
pub struct HostView {
    registry: Registry,
    name: String,
}

impl HostView {
    pub(crate) fn new(registry: Registry, name: String) -> Self {
        Self { registry, name }
    }

    /// The name under which commits are recorded.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Begins a set of changes that take effect at an instant; at the registry's clock if that is later.
    ///
    /// # Errors
    /// `invalid_instant` outside the years 1 to 9999.
    pub fn begin<T>(&self, at: T) -> Result<Transaction, Error>
    where
        T: TryInto<Instant>,
        Error: From<T::Error>,
    {
        let author = Author::Host(self.name.clone());
        Ok(Transaction::new(self.registry.clone(), author, at.try_into()?))
    }

    /// Lets time pass up to an instant: people whom a rule about days concerns join and leave, as if the
    /// library had looked at every midnight. It is the same as committing an empty transaction.
    ///
    /// # Errors
    /// `invalid_instant`, `store`, `conflict`; `held` if more would end by it than the guard lets pass: begin a
    /// transaction at the instant, preview it, and confirm that.
    pub fn advance<T>(&self, to: T) -> Result<Delta, Error>
    where
        T: TryInto<Instant>,
        Error: From<T::Error>,
    {
        self.registry.advance(to.try_into()?, &Author::Host(self.name.clone()))
    }
}
