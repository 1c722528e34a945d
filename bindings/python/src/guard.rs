//! What holds a commit that would end a lot, and from where on. Not here: previews and commits.

use matricula::{Error, ErrorKind, GuardDefinition};

use crate::convert::record;

record! {
    /// From where on what a commit ends has to be confirmed.
    Guard {
        /// More than so many of a hundred.
        percent: u8,
        /// And more than so many.
        count: u64,
        /// Whether anything is held at all.
        enabled: bool,
    }
}

record! {
    /// Where a commit would end more than the guard lets pass.
    Excess {
        /// The key of the site; none if it is the registry as a whole.
        site: Option<String>,
        /// What would end.
        what: &'static str,
        /// How many would end by this commit.
        count: u64,
        /// How many the same author ended in the 24 hours before, unconfirmed.
        earlier: u64,
        /// How many there are, those ended earlier included.
        of: u64,
    }
}

record! {
    /// A commit that has to be confirmed.
    Hold {
        /// The revision that the commit would be.
        revision: u64,
        /// What confirms exactly this commit.
        token: String,
        /// What the guard lets pass.
        guard: Guard,
        /// Where it is more.
        excesses: Vec<Excess>,
        /// The same in English.
        summary: String,
    }

    fn __str__(&self) -> &str {
        &self.summary
    }
}

/// What is to become of the guard.
pub(crate) fn definition(
    percent: Option<u64>,
    count: Option<u64>,
    enabled: Option<bool>,
) -> Result<GuardDefinition, Error> {
    let percent = percent.map(|percent| {
        u8::try_from(percent).map_err(|_| {
            let message = format!("guard: {percent} percent, expected at most 100");
            Error::new(ErrorKind::InvalidDefinition, message)
        })
    });
    Ok(GuardDefinition { percent: percent.transpose()?, count, enabled })
}

impl From<matricula::Guard> for Guard {
    fn from(guard: matricula::Guard) -> Self {
        let matricula::Guard { percent, count, enabled } = guard;
        Self { percent, count, enabled }
    }
}

impl From<&matricula::Hold> for Hold {
    fn from(hold: &matricula::Hold) -> Self {
        let excess = |excess: &matricula::Excess| {
            let matricula::Excess { site, what, count, earlier, of } = excess.clone();
            Excess { site, what: what.name(), count, earlier, of }
        };
        Self {
            revision: hold.revision.0,
            token: hold.token.clone(),
            guard: hold.guard.into(),
            excesses: hold.excesses.iter().map(excess).collect(),
            summary: hold.to_string(),
        }
    }
}
