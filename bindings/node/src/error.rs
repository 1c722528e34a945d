//! Errors of the library as JavaScript errors: the message, and the stable code as `code`. The class they get
//! is `lib/errors.js`'s affair.

use matricula::rule::RuleError;
use matricula::{Error, ErrorKind, Hold, Problems, RefusedRows};
use napi::{Env, JsError};
use napi_derive::napi;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::convert::number;

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
    let more = if let Some(rule) = error.rule() {
        Some(place(rule))
    } else if let Some(hold) = error.hold() {
        Some(json!({ "hold": held(hold) }))
    } else if let Some(problems) = error.cause::<Problems>() {
        let problems: Vec<Problem> = problems.problems.iter().map(Problem::from).collect();
        Some(json!({ "problems": problems }))
    } else {
        error.cause::<RefusedRows>().map(refused)
    };
    if let Some(more) = more {
        // `lib/errors.js` makes properties of it.
        thrown.set_cause(napi::Error::from_reason(more.to_string()));
    }
    thrown
}

/// Something that keeps a transaction from being committed as it is.
#[napi(object, object_from_js = false, use_nullable = true)]
#[derive(Serialize)]
pub struct Problem {
    /// Which change, from 1.
    pub change: u32,
    /// The line of the feed, if the change was an import.
    pub line: Option<f64>,
    /// The key of the person concerned, if it is about one.
    pub user: Option<String>,
    /// The key of the attribute, if it is about one.
    pub attribute: Option<String>,
    /// The value, if there is one.
    pub value: Option<String>,
    /// The kind of error that it is.
    #[napi(ts_type = "import('./index.js').ErrorCode")]
    pub code: &'static str,
    /// What is wrong.
    pub reason: String,
    /// The same with where, in English.
    pub message: String,
}

impl From<&matricula::Problem> for Problem {
    fn from(problem: &matricula::Problem) -> Self {
        let message = problem.to_string();
        let matricula::Problem { change, line, user, attribute, value, kind, reason } = problem.clone();
        let line = line.map(number);
        Self { change, line, user, attribute, value, code: kind.code(), reason, message }
    }
}

/// What holds a commit, as JSON.
pub(crate) fn held(hold: &Hold) -> Value {
    let excess = |excess: &matricula::Excess| {
        let matricula::Excess { site, what, count, earlier, of } = excess;
        json!({ "site": site, "what": what.name(), "count": count, "earlier": earlier, "of": of })
    };
    json!({
        "revision": hold.revision.0,
        "token": hold.token,
        "guard": hold.guard,
        "excesses": hold.excesses.iter().map(excess).collect::<Vec<_>>(),
        "summary": hold.to_string(),
    })
}

/// The rows for which a feed was refused, as JSON.
fn refused(rows: &RefusedRows) -> Value {
    let row = |error: &matricula::RowError| {
        let matricula::RowError { line, column, value, reason } = error;
        json!({ "line": line, "column": column, "value": value, "reason": reason, "text": error.to_string() })
    };
    json!({ "rows": rows.errors.iter().map(row).collect::<Vec<_>>() })
}

/// Where in a rule something is wrong, as JSON. Places in text are counted in code units, as JavaScript does.
fn place(rule: &RuleError) -> Value {
    let mut place = Map::new();
    if let Some(span) = rule.span() {
        place.insert("offset".into(), span.units.into());
        place.insert("line".into(), span.line.into());
        place.insert("column".into(), span.column.into());
    }
    for (name, value) in [("pointer", rule.pointer()), ("nearest", rule.nearest())] {
        place.extend(value.map(|value| (name.to_owned(), value.into())));
    }
    Value::Object(place)
}

/// The error with which to reject a promise.
pub(crate) fn rejected(env: Env, error: Error) -> napi::Error {
    JsError::from(thrown(error)).into_unknown(env).into()
}

/// Something that can no longer be used.
pub(crate) fn closed(what: &str) -> Error {
    Error::new(ErrorKind::Closed, format!("the {what} is closed"))
}
