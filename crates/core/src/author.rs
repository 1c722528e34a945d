//! Who commits, why, and as which request. Not here: what is committed (`commit`).

use serde::{Deserialize, Serialize};

use crate::{Error, Fingerprint, UserId, check_key};

/// Who made a commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A host, by the name that it gave.
    Host(String),
    /// A person, by number: the journal names nobody by key. [`Snapshot::author_name`](crate::Snapshot::author_name)
    /// says who it is.
    Actor(UserId),
}

impl From<&str> for Author {
    fn from(host: &str) -> Self {
        Self::Host(host.to_owned())
    }
}

impl From<String> for Author {
    fn from(host: String) -> Self {
        Self::Host(host)
    }
}

/// What makes a transaction the same one when it is asked for again: the host's key, and what was asked for under it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Idempotency {
    /// The host's key, of at most 255 bytes; no two commits of a registry have the same.
    pub key: String,
    /// What was asked for under it: see [`Asked`](crate::Asked).
    pub asked: Fingerprint,
}

impl Idempotency {
    /// A key in the form in which it is kept.
    ///
    /// # Errors
    /// `invalid_key` if it is empty, longer than 255 bytes, has control characters, or begins or ends with white
    /// space.
    pub fn check_key(key: &str) -> Result<String, Error> {
        check_key("idempotency", key).map(std::borrow::Cow::into_owned)
    }
}

/// What a commit says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Who.
    pub author: Author,
    /// Why, in the host's words; may be empty.
    pub note: String,
    /// As which request, if the host gave it a key.
    pub idempotency: Option<Idempotency>,
}
