//! When people are to be done: on a day, or so many days after the reason arose. In Python a `date`, or a `timedelta` of
//! whole days. Not here: the days that people have, which are dates.

use chrono::{NaiveDate, TimeDelta};
use matricula::{DueDate, Error, ErrorKind};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDateTime, PyDelta};

use crate::convert::type_name;
use crate::error::Outcome;

/// When people whom a rule enrols are to be done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, IntoPyObject)]
pub(crate) enum Due {
    On(NaiveDate),
    After(TimeDelta),
}

impl From<DueDate> for Due {
    fn from(due: DueDate) -> Self {
        match due {
            DueDate::On(day) => Self::On(day),
            DueDate::After(days) => Self::After(TimeDelta::try_days(days.into()).unwrap_or_default()),
        }
    }
}

/// Reads when people are to be done; `None` if on no day.
///
/// # Errors
/// `TypeError` for what is neither a `date` nor a `timedelta`, `invalid_definition` for a `timedelta` that is negative or
/// not of whole days.
pub(crate) fn due(given: Option<&Bound<'_, PyAny>>) -> Outcome<Option<DueDate>> {
    let Some(given) = given else { return Ok(None) };
    // A `datetime` is a `date` to Python.
    if given.is_instance_of::<PyDateTime>() {
        let message = "`due`: expected a date, since which day a datetime is depends on the zone";
        return Err(PyTypeError::new_err(message).into());
    }
    if given.is_instance_of::<PyDate>() {
        return Ok(Some(DueDate::On(given.extract()?)));
    }
    if !given.is_instance_of::<PyDelta>() {
        let found = type_name(given);
        let message = format!("`due`: expected date, timedelta or None, found {found}");
        return Err(PyTypeError::new_err(message).into());
    }
    let span: TimeDelta = given.extract()?;
    let days = u32::try_from(span.num_days()).ok().filter(|days| TimeDelta::days((*days).into()) == span);
    let days = days.ok_or_else(|| {
        let message = format!("due after {given}, expected whole days, and none before");
        Error::new(ErrorKind::InvalidDefinition, message)
    })?;
    Ok(Some(DueDate::After(days)))
}
