//! The one exception of the library, and how a failure becomes it. Wrong types of arguments are `TypeError`s
//! and never come here.

use matricula::rule::RuleError;
use matricula::{ErrorKind, Problems, RefusedRows};
use pyo3::exceptions::{PyBaseException, PyException};
use pyo3::prelude::*;

use crate::convert::record;
use crate::delta::Delta;
use crate::guard::Hold;
use crate::import::RowError;

pyo3::create_exception!(
    matricula,
    MatriculaError,
    PyException,
    "What went wrong, in words, with a stable `code` such as `unknown_user`, and what there is to know of it: where in a rule, what was held, which rows."
);

record! {
    /// Something that keeps a transaction from being committed as it is, and the change that it comes from.
    Problem {
        /// Which change of the transaction, from 1; those that were refused do not count.
        change: u32,
        /// The line of the feed, if the change was an import.
        line: Option<u64>,
        /// The key of the person concerned, if it is about one.
        user: Option<String>,
        /// The key of the attribute, if it is about one.
        attribute: Option<String>,
        /// The value, if there is one.
        value: Option<String>,
        /// The kind of error that it is.
        code: &'static str,
        /// What is wrong.
        reason: String,
        /// The same with where, in English.
        message: String,
    }

    fn __str__(&self) -> &str {
        &self.message
    }
}

impl From<&matricula::Problem> for Problem {
    fn from(problem: &matricula::Problem) -> Self {
        let message = problem.to_string();
        let matricula::Problem { change, line, user, attribute, value, kind, reason } = problem.clone();
        Self { change, line, user, attribute, value, code: kind.code(), reason, message }
    }
}

/// What a call comes to.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why a call failed: the library says so, or Python does.
#[derive(Debug)]
pub(crate) enum Failure {
    Library(matricula::Error),
    Python(PyErr),
}

impl From<matricula::Error> for Failure {
    fn from(error: matricula::Error) -> Self {
        Self::Library(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        let error = match failure {
            Failure::Library(error) => error,
            Failure::Python(error) => return error,
        };
        Python::attach(|py| {
            let raised = MatriculaError::new_err(error.message().to_owned());
            described(raised.value(py), &error).map_or_else(|unexpected| unexpected, |()| raised)
        })
    }
}

/// Gives an exception what programs ask of it. Places in text are counted in characters, as Python does.
fn described(raised: &Bound<'_, PyBaseException>, error: &matricula::Error) -> PyResult<()> {
    let rule = error.rule();
    let span = rule.and_then(RuleError::span);
    raised.setattr("code", error.code())?;
    raised.setattr("offset", span.map(|span| span.characters))?;
    raised.setattr("line", span.map(|span| span.line))?;
    raised.setattr("column", span.map(|span| span.column))?;
    raised.setattr("pointer", rule.and_then(RuleError::pointer))?;
    raised.setattr("nearest", rule.and_then(RuleError::nearest))?;
    raised.setattr("hold", error.hold().map(Hold::from))?;
    raised.setattr("delta", error.delta().cloned().map(Delta))?;
    let refused = error.cause::<RefusedRows>();
    let rows = refused.map(|refused| refused.errors.iter().map(RowError::from).collect::<Vec<_>>());
    raised.setattr("rows", rows)?;
    let problems = error.cause::<Problems>();
    let problems = problems.map(|problems| problems.problems.iter().map(Problem::from).collect::<Vec<_>>());
    raised.setattr("problems", problems)
}

/// The error of something that is closed.
pub(crate) fn closed(what: &str) -> matricula::Error {
    matricula::Error::new(ErrorKind::Closed, format!("the {what} is closed"))
}
