//! Journal keys: a secret of the host's without which nobody can make the hash of a commit, nor so of any after it. Not
//! here: what is hashed (`seal`).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{Error, ErrorKind, Hash, KeyId};

/// The least bytes of a key.
const SHORTEST: usize = 16;

/// A secret that commits are sealed with: their hashes are then HMAC-SHA-256 under it, and whoever can write the store
/// but does not have the key cannot make a journal that an audit with the key takes for genuine.
///
/// The key is kept in memory only, in a form in which it can be used. It is never written, nor shown by `Debug`.
///
/// ```
/// use matricula_core::JournalKey;
///
/// let key = JournalKey::new(b"32 random bytes, kept elsewhere.")?;
/// assert_eq!(format!("{key:?}"), format!("JournalKey({})", key.id()));
/// assert!(JournalKey::new(b"short").is_err());
/// # Ok::<(), matricula_core::Error>(())
/// ```
#[derive(Clone)]
pub struct JournalKey {
    mac: Hmac<Sha256>,
    id: KeyId,
}

impl JournalKey {
    /// A key from its bytes, at least 16. They should be random, 32 of them.
    ///
    /// # Errors
    /// `invalid_value` if there are fewer.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, Error> {
        let bytes = bytes.as_ref();
        let mac = Hmac::<Sha256>::new_from_slice(bytes).ok().filter(|_| bytes.len() >= SHORTEST);
        let Some(mac) = mac else {
            let message =
                format!("a journal key of {} bytes is too short, expected at least {SHORTEST}", bytes.len());
            return Err(Error::new(ErrorKind::InvalidValue, message));
        };
        let name = mac.clone().chain_update(b"matricula journal key\n").finalize().into_bytes();
        let mut id = [0; 8];
        id.iter_mut().zip(name).for_each(|(byte, of)| *byte = of);
        Ok(Self { mac, id: KeyId(id) })
    }

    /// What the key is called. It stands beside every commit that is sealed with the key, and says nothing of what the
    /// key is.
    pub fn id(&self) -> KeyId {
        self.id
    }
}

impl fmt::Debug for JournalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JournalKey({})", self.id)
    }
}

/// The hash that chains commits: SHA-256 or, with a key, HMAC-SHA-256.
pub(crate) enum Chaining {
    Open(Sha256),
    Keyed(Hmac<Sha256>),
}

impl Chaining {
    pub(crate) fn new(key: Option<&JournalKey>) -> Self {
        key.map_or_else(|| Self::Open(Sha256::new()), |key| Self::Keyed(key.mac.clone()))
    }

    pub(crate) fn update(&mut self, bytes: impl AsRef<[u8]>) {
        match self {
            Self::Open(hasher) => hasher.update(bytes),
            Self::Keyed(mac) => mac.update(bytes.as_ref()),
        }
    }

    pub(crate) fn finish(self) -> Hash {
        match self {
            Self::Open(hasher) => Hash(hasher.finalize().into()),
            Self::Keyed(mac) => Hash(mac.finalize().into_bytes().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HMAC as its definition says it.
    fn by_hand(key: &[u8], message: &[u8]) -> [u8; 32] {
        let mut block = [0; 64];
        if key.len() > 64 {
            block[..32].copy_from_slice(&Sha256::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let inner = Sha256::digest([&block.map(|byte| byte ^ 0x36), message].concat());
        Sha256::digest([&block.map(|byte| byte ^ 0x5c), inner.as_slice()].concat()).into()
    }

    #[test]
    fn a_key_makes_the_hmac_of_what_is_hashed_and_none_its_hash() {
        for key in [&b"sixteen bytes ok"[..], &[7; 32], &[200; 64], &[9; 65], &[1; 300]] {
            let (secret, message) = (JournalKey::new(key).unwrap(), b"some words".as_slice());
            let hash = |key: Option<&JournalKey>| {
                let mut hasher = Chaining::new(key);
                message.chunks(3).for_each(|part| hasher.update(part));
                hasher.finish().0
            };
            assert_eq!(hash(Some(&secret)), by_hand(key, message));
            assert_eq!(hash(None), <[u8; 32]>::from(Sha256::digest(message)));
            assert_eq!(secret.id().0, by_hand(key, b"matricula journal key\n")[..8]);
        }
    }

    #[test]
    fn a_key_is_not_shown_and_is_long_enough() {
        let shown = format!("{:?}", JournalKey::new("a secret of the host").unwrap());
        assert!(!shown.contains("secret"), "{shown}");
        let error = JournalKey::new([0; 15]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidValue);
        assert_eq!(error.message(), "a journal key of 15 bytes is too short, expected at least 16");
    }
}
