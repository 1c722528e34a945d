//! Errors of the library as JavaScript errors: the message, and the stable code as `code`. The class they get
//! is `lib/errors.js`'s affair.

use matricula::{Error, ErrorKind};
use napi::{Env, JsError};
use napi_derive::napi;

/// The `code` of a JavaScript error.
pub(crate) type Code = &'static str;

/// What the façade answers.
pub(crate) type Answer<T> = Result<T, Error>;

/// Every code that an error of the library can have.
#[napi(catch_unwind)]
pub fn error_codes() -> Vec<&'static str> {
    ErrorKind::ALL.iter().map(|kind| kind.code()).collect()
}

/// The error to throw.
pub(crate) fn thrown(error: Error) -> napi::Error<Code> {
    napi::Error::new(error.code(), error.message())
}

/// The error with which to reject a promise.
pub(crate) fn rejected(env: Env, error: Error) -> napi::Error {
    JsError::from(thrown(error)).into_unknown(env).into()
}

/// Something that can no longer be used.
pub(crate) fn closed(what: &str) -> Error {
    Error::new(ErrorKind::Closed, format!("the {what} is closed"))
}
