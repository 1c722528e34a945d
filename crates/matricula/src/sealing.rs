//! Sealing what is recorded, with the host's journal key if it gave one; and the one place where the library draws random
//! numbers, the salts of seals.

use matricula_core::{Error, ErrorKind, JournalKey, KeyId, Outcome, Revision, Salt, Sealer};

/// What seals an outcome's commit after the one before.
pub(crate) fn sealer<'a>(outcome: &Outcome, key: Option<&'a JournalKey>) -> Result<Sealer<'a>, Error> {
    const SALT: usize = size_of::<Salt>();
    let mut random = vec![0; outcome.commit.salts() * SALT];
    getrandom::fill(&mut random).map_err(|error| {
        let message = format!("the system gives no random numbers: {error}");
        Error::caused_by(ErrorKind::Store, message, error)
    })?;
    let mut salts = random.as_chunks::<SALT>().0.iter();
    // There are as many as were asked for.
    Ok(outcome.sealer(key, || salts.next().map_or(Salt([0; SALT]), |salt| Salt(*salt))))
}

/// Makes sure that what follows a commit may be sealed with a key, or without one: once sealed with a key, a journal is
/// not continued without it.
pub(crate) fn check_key(
    last: Revision,
    sealed_with: Option<KeyId>,
    key: Option<&JournalKey>,
) -> Result<(), Error> {
    let Some(expected) = sealed_with.filter(|id| key.is_none_or(|key| key.id() != *id)) else {
        return Ok(());
    };
    let given =
        key.map_or_else(|| "none was given".to_owned(), |key| format!("the one given is `{}`", key.id()));
    let message = format!("commit {last} is sealed with journal key `{expected}`, {given}");
    Err(Error::new(ErrorKind::JournalKey, message))
}
