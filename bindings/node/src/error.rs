//! Errors of the library as JavaScript errors: the message, and the stable code as `code`. The class they get
//! is `lib/errors.js`'s affair.

use matricula::rule::RuleError;
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
    let mut thrown = napi::Error::new(error.code(), error.message());
    if let Some(rule) = error.rule() {
        // `lib/errors.js` makes properties of it.
        thrown.set_cause(napi::Error::from_reason(place(rule)));
    }
    thrown
}

/// Where in a rule something is wrong, as JSON. Places in text are counted in code units, as JavaScript does.
fn place(rule: &RuleError) -> String {
    let mut place = serde_json::Map::new();
    if let Some(span) = rule.span() {
        place.insert("offset".into(), span.units.into());
        place.insert("line".into(), span.line.into());
        place.insert("column".into(), span.column.into());
    }
    for (name, value) in [("pointer", rule.pointer()), ("nearest", rule.nearest())] {
        place.extend(value.map(|value| (name.to_owned(), value.into())));
    }
    serde_json::Value::Object(place).to_string()
}

/// The error with which to reject a promise.
pub(crate) fn rejected(env: Env, error: Error) -> napi::Error {
    JsError::from(thrown(error)).into_unknown(env).into()
}

/// Something that can no longer be used.
pub(crate) fn closed(what: &str) -> Error {
    Error::new(ErrorKind::Closed, format!("the {what} is closed"))
}
