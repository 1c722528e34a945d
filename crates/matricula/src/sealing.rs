//! Sealing what is recorded: the one place where the library draws random numbers, the salts of seals.

use matricula_core::{Error, ErrorKind, Outcome, Salt};

/// The outcome with its commit sealed after the one before.
pub(crate) fn sealed(outcome: Outcome) -> Result<Outcome, Error> {
    const SALT: usize = size_of::<Salt>();
    let mut random = vec![0; outcome.commit.salts() * SALT];
    getrandom::fill(&mut random).map_err(|error| {
        let message = format!("the system gives no random numbers: {error}");
        Error::caused_by(ErrorKind::Store, message, error)
    })?;
    let mut salts = random.as_chunks::<SALT>().0.iter();
    // There are as many as were asked for.
    Ok(outcome.sealed(|| salts.next().map_or(Salt([0; SALT]), |salt| Salt(*salt))))
}
