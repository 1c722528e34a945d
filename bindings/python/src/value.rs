//! Values of attributes, from Python and back: text, numbers, truths, days, instants and lists of option keys. Not
//! here: which of them an attribute takes, which is for the library to say.

use chrono::NaiveDate;
use matricula::rule::{self, Attribute, NotADecimal};
use matricula::{Decimal, Error, ErrorKind, Input, Instant, Snapshot, UserUpdate};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyDate, PyDateTime, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple, PyType,
};

use crate::convert::{When, instant, place, shown, text, type_name};
use crate::error::{Failure, Outcome};

/// The value of an attribute.
#[derive(Clone, PartialEq, Eq, Hash, IntoPyObject)]
pub(crate) enum Plain {
    Text(String),
    Integer(i64),
    Decimal(Exact),
    Boolean(bool),
    Date(NaiveDate),
    Timestamp(When),
    List(Vec<String>),
}

/// A decimal number: in Python a `Decimal`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Exact(pub(crate) Decimal);

impl<'py> IntoPyObject<'py> for Exact {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        decimal_type(py)?.call1((self.0.to_string(),))
    }
}

fn decimal_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    DECIMAL.import(py, "decimal", "Decimal")
}

/// The value of an attribute as Python sees it: options and people by their keys.
pub(crate) fn plain(snapshot: &Snapshot, attribute: &Attribute, value: &rule::Value) -> Plain {
    let option = |id| attribute.option_key(id).unwrap_or_default().to_owned();
    match value {
        rule::Value::Text(text) | rule::Value::Path(text) => Plain::Text(text.to_string()),
        rule::Value::Integer(number) => Plain::Integer(*number),
        rule::Value::Decimal(number) => Plain::Decimal(Exact(*number)),
        rule::Value::Boolean(truth) => Plain::Boolean(*truth),
        rule::Value::Date(day) => Plain::Date(*day),
        rule::Value::Timestamp(at) => {
            Plain::Timestamp(When(Instant::try_from(*at).unwrap_or(Instant::EPOCH)))
        }
        rule::Value::Choice(id) => Plain::Text(option(*id)),
        rule::Value::Choices(ids) => Plain::List(ids.iter().map(|id| option(*id)).collect()),
        rule::Value::User(user) => Plain::Text(snapshot.user_key(*user).to_owned()),
    }
}

fn invalid(message: String) -> Failure {
    Error::new(ErrorKind::InvalidValue, message).into()
}

/// Reads a value of an attribute; `None` clears it. `what` begins messages.
///
/// # Errors
/// `TypeError` for what is no value of any attribute, `ValueError` for a `datetime` without a time zone,
/// `invalid_value` for a number that none can have.
pub(crate) fn input(what: &str, value: &Bound<'_, PyAny>) -> Outcome<Option<Input>> {
    if value.is_none() {
        return Ok(None);
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Some(Input::Text(text.extract()?)));
    }
    // A `bool` is an `int` to Python.
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(Some(Input::Boolean(truth.is_true())));
    }
    if let Ok(number) = value.cast::<PyInt>() {
        return Ok(Some(Input::Integer(integer(what, number)?)));
    }
    if value.is_instance_of::<PyFloat>() || value.is_instance(decimal_type(value.py())?)? {
        return Ok(Some(Input::Decimal(decimal(what, value)?)));
    }
    // A `datetime` is a `date` to Python, but which day it is depends on where one is.
    if value.is_instance_of::<PyDateTime>() {
        return Ok(Some(Input::Timestamp(instant(what, value)?)));
    }
    if value.is_instance_of::<PyDate>() {
        return Ok(Some(Input::Date(value.extract()?)));
    }
    if value.is_instance_of::<PyList>()
        || value.is_instance_of::<PyTuple>()
        || value.is_instance_of::<PySet>()
        || value.is_instance_of::<PyFrozenSet>()
    {
        let keys = value.try_iter()?.map(|item| text(what, "items", &item?));
        return Ok(Some(Input::List(keys.collect::<PyResult<_>>()?)));
    }
    let found = type_name(value);
    let message = format!(
        "`{what}`: expected str, int, float, Decimal, bool, date, datetime, a list of str or None, found {found}"
    );
    Err(PyTypeError::new_err(message).into())
}

fn integer(what: &str, number: &Bound<'_, PyInt>) -> Outcome<i64> {
    number.extract().map_err(|_| {
        let greatest = rule::MAX_INTEGER;
        invalid(format!("`{what}`: a whole number of more than 64 bits is beyond {greatest} either way"))
    })
}

/// Reads a score: a number or text, `None` for none.
pub(crate) fn score(value: &Bound<'_, PyAny>) -> Outcome<Option<Decimal>> {
    let what = "score";
    if value.is_none() {
        return Ok(None);
    }
    if let Ok(text) = value.cast::<PyString>() {
        let text: String = text.extract()?;
        return text.parse().map(Some).map_err(|error| does_not_fit(what, &text, error));
    }
    if !value.is_instance_of::<PyBool>() {
        if let Ok(number) = value.cast::<PyInt>() {
            let text = integer(what, number)?.to_string();
            return text.parse().map(Some).map_err(|error| does_not_fit(what, &text, error));
        }
        if value.is_instance_of::<PyFloat>() || value.is_instance(decimal_type(value.py())?)? {
            return decimal(what, value).map(Some);
        }
    }
    let found = type_name(value);
    let message = format!("`{what}`: expected Decimal, float, int, str or None, found {found}");
    Err(PyTypeError::new_err(message).into())
}

fn does_not_fit(what: &str, text: &str, error: NotADecimal) -> Failure {
    invalid(format!("`{what}`: `{}` does not fit, {error}", shown(text)))
}

/// Reads a `float`, as the decimal that its shortest text says, or a `Decimal`.
fn decimal(what: &str, value: &Bound<'_, PyAny>) -> Outcome<Decimal> {
    if let Ok(number) = value.cast::<PyFloat>() {
        let text = number.value().to_string();
        return text.parse().map_err(|error| does_not_fit(what, &text, error));
    }
    // Its text may have an exponent of a thousand million: the number is made of its digits.
    let parts = value.call_method0(intern!(value.py(), "as_tuple"))?;
    let (negative, digits, exponent): (bool, Vec<u8>, Bound<'_, PyAny>) = {
        let (sign, digits, exponent): (u8, Vec<u8>, Bound<'_, PyAny>) = parts.extract()?;
        (sign != 0, digits, exponent)
    };
    let millionths = exponent.extract().ok().and_then(|exponent| millionths(&digits, exponent));
    let number = millionths.map(|number| if negative { -number } else { number });
    match number.and_then(Decimal::from_millionths) {
        Some(number) => Ok(number),
        None => Err(does_not_fit(what, &value.str()?.extract::<String>()?, NotADecimal)),
    }
}

/// `digits` times ten to an exponent, in millionths, if it is a whole number of them below a million millions.
fn millionths(digits: &[u8], exponent: i64) -> Option<i64> {
    let end = digits.iter().rposition(|digit| *digit != 0).map_or(0, |last| last + 1);
    let zeros = i64::try_from(digits.len() - end).ok()?;
    let digits = digits.get(..end)?;
    let digits = digits.get(digits.iter().position(|digit| *digit != 0).unwrap_or(0)..)?;
    if digits.is_empty() {
        return Some(0);
    }
    let shift = u32::try_from(exponent.checked_add(zeros)?.checked_add(6)?).ok()?;
    let number = digits
        .iter()
        .try_fold(0_i64, |number, digit| number.checked_mul(10)?.checked_add((*digit).into()))?;
    number.checked_mul(10_i64.checked_pow(shift)?)
}

/// The attributes to which an update gives instants, for [`about_days`].
pub(crate) fn instants(update: &UserUpdate) -> Vec<String> {
    let given = update.values.iter().filter(|(_, value)| matches!(value, Some(Input::Timestamp(_))));
    given.map(|(key, _)| key.to_string()).collect()
}

/// The same failure; where it is about an instant given for a day, also why that is none.
pub(crate) fn about_days(failure: Failure, attributes: &[String]) -> Failure {
    let Failure::Library(error) = failure else { return failure };
    let is =
        |key: &String| error.message().contains(&format!("attribute `{key}` is a date, found a timestamp"));
    if !attributes.iter().any(is) {
        return error.into();
    }
    let hint = "expected a date, since which day a datetime is depends on the zone";
    Error::new(error.kind(), format!("{}, {hint}", error.message())).into()
}

/// The failure with the place where it happened, if the library says what is wrong.
pub(crate) fn within(failure: Failure, what: &str, key: &str) -> Failure {
    match failure {
        Failure::Library(error) => error.within(place(what, key)).into(),
        other => other,
    }
}
