//! How the file of a registry is opened, and how many files stay open. Not here: the registry (`registry`).

use std::time::Duration;

use matricula::{Sqlite, SqliteOptions};
use napi::Result;
use napi_derive::napi;

use crate::convert::whole;
use crate::error::{Answer, Code, thrown};

/// The ways to open a file.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct OpenArguments {
    /// Whether it is only read.
    pub read_only: bool,
    /// How far a commit goes to last.
    pub durability: String,
    /// How long a commit waits for another process, in milliseconds.
    pub busy_timeout: Option<f64>,
    /// Whether what is deleted is overwritten.
    pub secure_delete: bool,
    /// Whether the column cache is used.
    pub cache: bool,
    /// The most that the file grows to.
    pub max_bytes: Option<f64>,
}

impl OpenArguments {
    pub(crate) fn into_options(self) -> Answer<SqliteOptions> {
        let mut options = Sqlite::options()
            .read_only(self.read_only)
            .durability(self.durability.parse()?)
            .secure_delete(self.secure_delete)
            .cache(self.cache);
        if let Some(millis) = self.busy_timeout {
            options = options.busy_timeout(Duration::from_millis(whole("busyTimeout", millis)?));
        }
        if let Some(most) = self.max_bytes {
            options = options.max_bytes(whole("maxBytes", most)?);
        }
        Ok(options)
    }
}

/// Says how many files stay open in this process while nobody uses them.
#[napi(catch_unwind)]
pub fn limit_connections(most: f64) -> Result<(), Code> {
    let most = whole("most", most).map_err(thrown)?;
    matricula::limit_connections(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(())
}
