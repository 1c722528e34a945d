//! JavaScript values as the façade's, and back. Instants travel as milliseconds since 1970-01-01 UTC, numbers
//! as doubles that are checked: what napi reads as an integer it would wrap or cut without a word. Not here: values of
//! attributes (`value`).

use matricula::{Error, ErrorKind, Instant};
use napi_derive::napi;

use crate::error::Answer;

/// One property of an object used as a map. Pairs, because an object cannot be trusted with a key such as
/// `__proto__`.
#[napi(object, use_nullable = true)]
#[derive(Clone, Debug)]
pub struct Pair {
    /// The key.
    pub key: String,
    /// The value; `null` where it is to be cleared or ended.
    pub value: Option<String>,
}

/// The greatest whole number up to which doubles tell all of them apart.
pub(crate) const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// A whole number from 0 to 2^53 - 1.
pub(crate) fn whole(what: &str, number: f64) -> Answer<u64> {
    if (0.0..=MAX_SAFE).contains(&number) && number.fract() == 0.0 {
        return Ok(number as u64);
    }
    let message = format!("`{what}` is {number}, expected a whole number from 0 to {MAX_SAFE}");
    Err(Error::new(ErrorKind::InvalidDefinition, message))
}

/// A whole number as a double; exact up to 2^53, which no count and no revision reaches.
pub(crate) fn number(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or(u64::MAX) as f64
}

pub(crate) fn instant(millis: f64) -> Answer<Instant> {
    if millis.is_nan() {
        return Err(Error::new(ErrorKind::InvalidInstant, "the instant is not a number"));
    }
    Instant::from_millis(millis as i64)
}

pub(crate) fn millis(at: Instant) -> f64 {
    at.millis() as f64
}

/// Where something happened, for a message: the beginning of the key is enough.
pub(crate) fn place(what: &str, key: &str) -> String {
    let shown: String = key.chars().take(40).flat_map(char::escape_debug).collect();
    let more = if key.chars().nth(40).is_some() { "…" } else { "" };
    format!("{what} `{shown}{more}`")
}

/// The error for a word that is not one of a few.
pub(crate) fn not_a_word(what: &str, word: &str, words: &[&str]) -> Error {
    let near = matricula::rule::nearest(word, words.iter().copied());
    let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
    let message = format!("unknown {}, expected one of {}{hint}", place(what, word), words.join(", "));
    Error::new(ErrorKind::InvalidDefinition, message)
}
