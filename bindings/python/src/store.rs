//! How the file of a registry is opened, and how many files stay open. Not here: the registry (`registry`).

use std::time::Duration;

use matricula::{Error, Sqlite, SqliteOptions};
use pyo3::prelude::*;

/// The ways to open a file that Python gives.
pub(crate) fn options(
    read_only: bool,
    durability: &str,
    busy_timeout: Option<Duration>,
    secure_delete: bool,
    cache: bool,
    max_bytes: Option<u64>,
) -> Result<SqliteOptions, Error> {
    let mut options = Sqlite::options()
        .read_only(read_only)
        .durability(durability.parse()?)
        .secure_delete(secure_delete)
        .cache(cache);
    if let Some(timeout) = busy_timeout {
        options = options.busy_timeout(timeout);
    }
    if let Some(most) = max_bytes {
        options = options.max_bytes(most);
    }
    Ok(options)
}

/// Says how many files stay open in this process while nobody uses them.
#[pyfunction]
pub(crate) fn limit_connections(most: usize) {
    matricula::limit_connections(most);
}
