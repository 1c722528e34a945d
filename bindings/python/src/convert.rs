//! What arguments and answers are made of, on its way between Python and Rust: instants, words, mappings, and the
//! records that calls return. Not here: values of attributes (`value`), JSON (`json`), errors (`error`).

use std::hash::{DefaultHasher, Hash, Hasher};

use matricula::rule::nearest;
use matricula::{Error, ErrorKind, Instant, Status};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDateTime, PyDict, PyEllipsis, PyMapping, PySequence, PyString};

use crate::error::Outcome;

/// An instant: in Python an aware `datetime` in UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct When(pub(crate) Instant);

impl<'py> IntoPyObject<'py> for When {
    type Target = PyDateTime;
    type Output = Bound<'py, PyDateTime>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        self.0.to_utc().into_pyobject(py)
    }
}

/// A `dict` in the order given. Python gets a new one each time, so that a record never changes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Dict<T>(pub(crate) Vec<(String, T)>);

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for Dict<T> {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let dict = PyDict::new(py);
        for (key, value) in self.0 {
            dict.set_item(key, value)?;
        }
        Ok(dict)
    }
}

/// An argument for which `None` says something: left out, or `...`, it says nothing.
pub(crate) struct Given<'py>(pub(crate) Option<Bound<'py, PyAny>>);

impl<'py> FromPyObject<'_, 'py> for Given<'py> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let left_out = object.is_instance_of::<PyEllipsis>();
        Ok(Self((!left_out).then(|| object.to_owned())))
    }
}

/// Declares an immutable record: a frozen class with these attributes, `__repr__`, `__eq__` and `__hash__`.
macro_rules! record {
    (
        $(#[doc = $doc:literal])*
        $name:ident { $($(#[doc = $field_doc:literal])* $field:ident: $type:ty,)* }
        $($more:item)*
    ) => {
        $(#[doc = $doc])*
        #[pyo3::pyclass(frozen, get_all, eq, module = "matricula")]
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub(crate) struct $name {
            $($(#[doc = $field_doc])* pub(crate) $field: $type,)*
        }

        #[pyo3::pymethods]
        impl $name {
            fn __repr__(slf: &pyo3::Bound<'_, Self>) -> pyo3::PyResult<String> {
                crate::convert::repr(slf.as_any(), stringify!($name), &[$(stringify!($field),)*])
            }

            fn __hash__(&self) -> u64 {
                crate::convert::hash(self)
            }

            $($more)*
        }
    };
}
pub(crate) use record;

/// `Name(field=…, …)`, as dataclasses do it.
pub(crate) fn repr(record: &Bound<'_, PyAny>, name: &str, fields: &[&str]) -> PyResult<String> {
    let mut shown = Vec::with_capacity(fields.len());
    for field in fields {
        let field = field.trim_start_matches("r#");
        shown.push(format!("{field}={}", record.getattr(field)?.repr()?));
    }
    Ok(format!("{name}({})", shown.join(", ")))
}

/// A hash for Python: equal records have equal ones.
pub(crate) fn hash(record: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    record.hash(&mut hasher);
    hasher.finish()
}

/// The name of an object's type, for messages.
pub(crate) fn type_name(object: &Bound<'_, PyAny>) -> String {
    object.get_type().name().map_or_else(|_| "something else".to_owned(), |name| name.to_string())
}

/// Reads an instant. Fractions of a millisecond are cut off.
///
/// # Errors
/// `TypeError` if it is no `datetime`, `ValueError` if it has no time zone, `invalid_instant` outside the
/// years 1 to 9999 in UTC.
pub(crate) fn instant(what: &str, at: &Bound<'_, PyAny>) -> Outcome<Instant> {
    static EPOCH: PyOnceLock<Py<PyDateTime>> = PyOnceLock::new();
    let py = at.py();
    if !at.is_instance_of::<PyDateTime>() {
        let message = format!("`{what}`: expected an aware datetime, found {}", type_name(at));
        return Err(PyTypeError::new_err(message).into());
    }
    if at.call_method0(intern!(py, "utcoffset"))?.is_none() {
        let message = format!("`{what}`: expected an aware datetime, found one without a time zone");
        return Err(PyValueError::new_err(message).into());
    }
    let epoch = EPOCH.get_or_try_init(py, || Instant::EPOCH.to_utc().into_pyobject(py).map(Bound::unbind))?;
    let since = at.sub(epoch)?;
    let part = |name| since.getattr(name)?.extract::<i64>();
    let (days, seconds) = (part(intern!(py, "days"))?, part(intern!(py, "seconds"))?);
    let micros = part(intern!(py, "microseconds"))?;
    // A `timedelta` counts at most a thousand million days; the other parts are never negative.
    let millis = days
        .checked_mul(86_400_000)
        .and_then(|millis| millis.checked_add(seconds.checked_mul(1000)?))
        .and_then(|millis| millis.checked_add(micros / 1000));
    Ok(Instant::from_millis(millis.unwrap_or(i64::MAX))?)
}

/// The items of a mapping whose keys are text.
pub(crate) fn items<'py>(
    what: &str,
    mapping: &Bound<'py, PyAny>,
) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
    let Ok(mapping) = mapping.cast::<PyMapping>() else {
        let found = type_name(mapping);
        return Err(PyTypeError::new_err(format!("`{what}`: expected a mapping, found {found}")));
    };
    let mut items = Vec::new();
    for item in mapping.items()? {
        let (key, value): (Bound<'py, PyAny>, Bound<'py, PyAny>) = item.extract()?;
        items.push((text(what, "keys", &key)?, value));
    }
    Ok(items)
}

/// Text within an argument.
pub(crate) fn text(what: &str, part: &str, object: &Bound<'_, PyAny>) -> PyResult<String> {
    let Ok(text) = object.cast::<PyString>() else {
        let found = type_name(object);
        return Err(PyTypeError::new_err(format!("`{what}`: expected {part} of type str, found {found}")));
    };
    text.extract()
}

/// Text in a sequence; a text alone is none, though Python takes it for one.
pub(crate) fn texts(what: &str, sequence: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let found = || format!("`{what}`: expected a sequence of str, found {}", type_name(sequence));
    if sequence.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err(found()));
    }
    let Ok(items) = sequence.cast::<PySequence>() else { return Err(PyTypeError::new_err(found())) };
    items.try_iter()?.map(|item| text(what, "items", &item?)).collect()
}

/// Reads the status of a membership; `None` ends it.
pub(crate) fn membership(site: &str, status: &Bound<'_, PyAny>) -> Outcome<Option<Status>> {
    if status.is_none() {
        return Ok(None);
    }
    let Ok(word) = status.cast::<PyString>() else {
        let found = type_name(status);
        let message = format!("membership of `{site}`: expected str or None, found {found}");
        return Err(PyTypeError::new_err(message).into());
    };
    Ok(Some(word.extract::<String>()?.parse()?))
}

/// Where something happened, for a message: the beginning of the key is enough.
pub(crate) fn place(what: &str, key: &str) -> String {
    format!("{what} `{}`", shown(key))
}

/// What a host gave, cut and escaped for a message.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}

/// The error for a word that is not one of a few.
pub(crate) fn not_a_word(what: &str, word: &str, words: &[&str]) -> Error {
    let near = nearest(word, words.iter().copied());
    let hint = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
    let message = format!("unknown {}, expected one of {}{hint}", place(what, word), words.join(", "));
    Error::new(ErrorKind::InvalidDefinition, message)
}
