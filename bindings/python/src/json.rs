//! JSON, from Python's values and back. Not here: what the library makes of it (`rule`).

use matricula::rule::{MAX_DEPTH, MAX_JSON_DEPTH, MAX_JSON_TEXT};
use matricula::{Error, ErrorKind};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};
use serde_json::{Number, Value};

use crate::convert::{items, type_name};
use crate::error::{Failure, Outcome};

/// JSON as Python values, in the order in which it was written.
pub(crate) fn loads<'py>(py: Python<'py>, json: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (json,))
}

/// JSON that cannot be written, which does not happen.
pub(crate) fn unwritable(error: &serde_json::Error) -> PyErr {
    PyTypeError::new_err(error.to_string())
}

/// A rule as JSON text: given as such, or as a mapping of what JSON has, which are mappings, lists, tuples, text,
/// numbers, truths and `None`.
///
/// # Errors
/// `TypeError` for anything else, `invalid_rule` for a number that JSON does not have, and for what nests deeper or
/// is longer than any rule, such as a list that contains itself.
pub(crate) fn text(what: &str, object: &Bound<'_, PyAny>) -> Outcome<String> {
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(text.extract()?);
    }
    if object.cast::<PyMapping>().is_err() {
        let found = type_name(object);
        let message = format!("`{what}`: expected a mapping or JSON text, found {found}");
        return Err(PyTypeError::new_err(message).into());
    }
    let mut writer = Writer { what, json: String::new() };
    writer.value(object, 1)?;
    Ok(writer.json)
}

/// Writes JSON, with every member that there is: whoever reads it refuses one that is there twice.
struct Writer<'a> {
    what: &'a str,
    json: String,
}

impl Writer<'_> {
    fn invalid(&self, message: &str) -> Failure {
        Error::new(ErrorKind::InvalidRule, format!("`{}`: {message}", self.what)).into()
    }

    fn push(&mut self, json: &str) -> Outcome<()> {
        if self.json.len() + json.len() > MAX_JSON_TEXT {
            let message = format!("longer than any rule, expected at most {MAX_JSON_TEXT} bytes of JSON");
            return Err(self.invalid(&message));
        }
        self.json.push_str(json);
        Ok(())
    }

    fn value(&mut self, object: &Bound<'_, PyAny>, depth: usize) -> Outcome<()> {
        if depth > MAX_JSON_DEPTH {
            return Err(self.invalid(&format!("the rule nests more than {MAX_DEPTH} levels deep")));
        }
        if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
            self.push("[")?;
            for (position, item) in object.try_iter()?.enumerate() {
                self.push(if position > 0 { "," } else { "" })?;
                self.value(&item?, depth + 1)?;
            }
            return self.push("]");
        }
        let single = if object.is_none() {
            Value::Null
        } else if let Ok(text) = object.cast::<PyString>() {
            Value::String(text.extract()?)
        } else if let Ok(truth) = object.cast::<PyBool>() {
            Value::Bool(truth.is_true())
        } else if object.is_instance_of::<PyInt>() {
            let number = object.extract::<i64>();
            number.map_err(|_| self.invalid("a whole number of more than 64 bits"))?.into()
        } else if let Ok(number) = object.cast::<PyFloat>() {
            let finite = Number::from_f64(number.value());
            let infinite = || self.invalid("a number that is not finite, which JSON does not have");
            Value::Number(finite.ok_or_else(infinite)?)
        } else if object.cast::<PyMapping>().is_ok() {
            self.push("{")?;
            for (position, (key, value)) in items(self.what, object)?.into_iter().enumerate() {
                self.push(if position > 0 { "," } else { "" })?;
                self.push(&Value::String(key).to_string())?;
                self.push(":")?;
                self.value(&value, depth + 1)?;
            }
            return self.push("}");
        } else {
            let (what, found) = (self.what, type_name(object));
            let message = format!(
                "`{what}`: expected what JSON has (mappings, lists, str, int, float, bool, None), found {found}"
            );
            return Err(PyTypeError::new_err(message).into());
        };
        self.push(&single.to_string())
    }
}
