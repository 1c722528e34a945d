//! JSON, from Python's values and back. Not here: what the library makes of it (`rule`).

use matricula::rule::{MAX_BUILDER_TEXT, MAX_DEPTH};
use matricula::{Error, ErrorKind};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};
use serde_json::{Map, Number, Value};

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

/// How deep JSON may nest: each level of a rule is an object and an array, and a test has a few more.
const DEEPEST: usize = 2 * MAX_DEPTH + 16;

/// Reads a rule given as a mapping of what JSON has: mappings, lists, tuples, text, numbers, truths and `None`.
///
/// # Errors
/// `TypeError` for anything else, `invalid_rule` for a number that JSON does not have, and for what nests deeper or
/// is longer than any rule, such as a list that contains itself.
pub(crate) fn read(what: &str, object: &Bound<'_, PyAny>) -> Outcome<Value> {
    if object.cast::<PyMapping>().is_err() {
        let found = type_name(object);
        return Err(PyTypeError::new_err(format!("`{what}`: expected a mapping, found {found}")).into());
    }
    Reader { what, left: MAX_BUILDER_TEXT }.value(object, 0)
}

struct Reader<'a> {
    what: &'a str,
    /// How much more there may be, in bytes of JSON, roughly.
    left: usize,
}

impl Reader<'_> {
    fn invalid(&self, message: &str) -> Failure {
        Error::new(ErrorKind::InvalidRule, format!("`{}`: {message}", self.what)).into()
    }

    fn spend(&mut self, bytes: usize) -> Outcome<()> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| {
            self.invalid(&format!("longer than any rule, expected at most {MAX_BUILDER_TEXT} bytes of JSON"))
        })?;
        Ok(())
    }

    fn value(&mut self, object: &Bound<'_, PyAny>, depth: usize) -> Outcome<Value> {
        if depth > DEEPEST {
            return Err(self.invalid(&format!("the rule nests more than {MAX_DEPTH} levels deep")));
        }
        self.spend(1)?;
        if object.is_none() {
            return Ok(Value::Null);
        }
        if let Ok(text) = object.cast::<PyString>() {
            let text: String = text.extract()?;
            self.spend(text.len())?;
            return Ok(Value::String(text));
        }
        if let Ok(truth) = object.cast::<PyBool>() {
            return Ok(Value::Bool(truth.is_true()));
        }
        if object.is_instance_of::<PyInt>() {
            let number = object.extract::<i64>().map(Number::from);
            let number = number.map_err(|_| self.invalid("a whole number of more than 64 bits"))?;
            return Ok(Value::Number(number));
        }
        if let Ok(number) = object.cast::<PyFloat>() {
            let number = Number::from_f64(number.value());
            return number
                .map(Value::Number)
                .ok_or_else(|| self.invalid("a number that is not finite, which JSON does not have"));
        }
        if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
            let values = object.try_iter()?.map(|item| self.value(&item?, depth + 1));
            return Ok(Value::Array(values.collect::<Outcome<_>>()?));
        }
        if object.cast::<PyMapping>().is_ok() {
            let mut map = Map::new();
            for (key, value) in items(self.what, object)? {
                self.spend(key.len())?;
                map.insert(key, self.value(&value, depth + 1)?);
            }
            return Ok(Value::Object(map));
        }
        let (what, found) = (self.what, type_name(object));
        let message = format!(
            "`{what}`: expected what JSON has (mappings, lists, str, int, float, bool, None), found {found}"
        );
        Err(PyTypeError::new_err(message).into())
    }
}
