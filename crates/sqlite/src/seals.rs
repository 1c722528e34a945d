//! The seals of commits as columns of the journal, there and back.

use std::sync::Arc;

use matricula_core::{Error, Hash, KeyId, Part, Salt, Seal};
use rusqlite::Row;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::values::NULL;
use crate::{failed, invalid};

/// A part in the columns `salt`, `mark` and `commitment`.
pub(crate) fn cells(part: Option<&Part>) -> [ToSqlOutput<'_>; 3] {
    match part {
        None => [NULL; 3],
        Some(Part::Open { salt, mark }) => {
            let salt = salt.as_ref().map_or(NULL, |salt| blob(&salt.0));
            [salt, (*mark).into(), NULL]
        }
        Some(Part::Erased(commitment)) => [NULL, NULL, blob(&commitment.0)],
    }
}

pub(crate) fn blob(bytes: &[u8]) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(ValueRef::Blob(bytes))
}

/// A part from three columns, the first of which is `salt`; `None` if it is not sealed.
pub(crate) fn part(row: &Row<'_>, first: usize) -> Result<Option<Part>, Error> {
    let sql = |error| failed("cannot read a seal", error);
    let salt = bytes(row, first)?.map(|bytes| Salt::from_bytes(bytes).ok_or_else(broken)).transpose()?;
    let mark: Option<u32> = row.get(first + 1).map_err(sql)?;
    let commitment = hash(row, first + 2)?;
    match (salt, mark, commitment) {
        (None, None, None) => Ok(None),
        (salt, Some(mark), None) => Ok(Some(Part::Open { salt, mark })),
        (None, None, Some(commitment)) => Ok(Some(Part::Erased(commitment))),
        _ => Err(broken()),
    }
}

/// A hash, if there is one.
pub(crate) fn hash(row: &Row<'_>, column: usize) -> Result<Option<Hash>, Error> {
    bytes(row, column)?.map(|bytes| Hash::from_bytes(bytes).ok_or_else(broken)).transpose()
}

/// The hash of a commit and the key that it is made with, from two columns.
pub(crate) fn keyed_hash(row: &Row<'_>, first: usize) -> Result<(Option<Hash>, Option<KeyId>), Error> {
    Ok((hash(row, first)?, key(row, first + 1)?))
}

/// The name of a journal key, if there is one.
pub(crate) fn key(row: &Row<'_>, column: usize) -> Result<Option<KeyId>, Error> {
    bytes(row, column)?.map(|bytes| KeyId::from_bytes(bytes).ok_or_else(broken)).transpose()
}

fn bytes<'a>(row: &'a Row<'_>, column: usize) -> Result<Option<&'a [u8]>, Error> {
    let cell = row.get_ref(column).map_err(|error| failed("cannot read a seal", error))?;
    cell.as_blob_or_null().map_err(|_| broken())
}

fn broken() -> Error {
    invalid("a seal in the journal is none")
}

/// The seal of a commit, if it and all its parts have one.
pub(crate) fn seal(
    words: Option<Part>,
    (hash, key): (Option<Hash>, Option<KeyId>),
    entries: Vec<Option<Part>>,
) -> Result<Option<Seal>, Error> {
    let (Some(words), Some(hash)) = (words, hash) else {
        let none = words.is_none() && hash.is_none() && key.is_none() && entries.iter().all(Option::is_none);
        return if none { Ok(None) } else { Err(broken()) };
    };
    let entries: Option<Vec<Part>> = entries.into_iter().collect();
    Ok(Some(Seal { words, hash, key, entries: Arc::new(entries.ok_or_else(broken)?) }))
}
