//! JavaScript values as the façade's, and back. Instants travel as milliseconds since 1970-01-01 UTC, numbers
//! as doubles that are checked: what napi reads as an integer it would wrap or cut without a word.

use std::sync::Arc;

use matricula::{Error, ErrorKind, Input, Instant, Status, UserUpdate};
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

/// What is to be true of one person.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct Update {
    /// The user's key.
    pub key: String,
    /// The person's status.
    pub status: Option<String>,
    /// Values by attribute.
    pub values: Vec<Pair>,
    /// Statuses of memberships by site.
    pub sites: Vec<Pair>,
}

impl Update {
    pub(crate) fn into_update(self) -> Answer<UserUpdate> {
        let value = |pair: Pair| (Arc::from(pair.key), pair.value.map(Input::Text));
        let site = |pair: Pair| {
            Ok((Arc::from(pair.key), pair.value.map(|word| word.parse::<Status>()).transpose()?))
        };
        Ok(UserUpdate {
            status: self.status.map(|word| word.parse()).transpose()?,
            values: self.values.into_iter().map(value).collect(),
            sites: self.sites.into_iter().map(site).collect::<Answer<_>>()?,
            key: self.key,
        })
    }
}

/// The greatest whole number up to which doubles tell all of them apart.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

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
