//! Feeds of people: where they are read from, what is told meanwhile, and what they came to. Not here: the
//! import itself (`transaction`).

use std::fs::File;
use std::io::{Cursor, Read};
use std::ops::ControlFlow;
use std::path::PathBuf;

use matricula::{Error, Mapping};
use pyo3::exceptions::{PyKeyError, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBool, PyBytes, PyMapping, PyString};

use crate::convert::{items, record, shown, text, type_name};
use crate::error::{Failure, Outcome};

record! {
    /// How far an import has come.
    Progress {
        /// Rows read so far.
        rows: usize,
        /// Bytes read so far.
        bytes: u64,
        /// Bytes of the feed.
        total_bytes: u64,
    }
}

record! {
    /// A row that was left out, and why.
    RowError {
        /// The line on which the row begins; the header is line 1.
        line: u64,
        /// The column to blame, if one is.
        column: Option<String>,
        /// What stands there, shortened if it is long.
        value: Option<String>,
        /// What is wrong.
        reason: String,
    }

    fn __str__(&self) -> String {
        let Self { line, column, value, reason } = self.clone();
        matricula::RowError { line, column, value, reason }.to_string()
    }
}

impl From<&matricula::RowError> for RowError {
    fn from(error: &matricula::RowError) -> Self {
        let matricula::RowError { line, column, value, reason } = error.clone();
        Self { line, column, value, reason }
    }
}

/// Reads what columns mean: the target of each, or a mapping of `target` and `blank`.
pub(crate) fn mapping(given: &Bound<'_, PyAny>) -> Outcome<Mapping> {
    let (mut pairs, mut blanks) = (Vec::new(), Vec::new());
    for (column, target) in items("mapping", given)? {
        if target.is_instance_of::<PyString>() {
            pairs.push((column, text("mapping", "values", &target)?));
            continue;
        }
        if target.cast::<PyMapping>().is_err() {
            let found = type_name(&target);
            let message = format!("`mapping`: expected values of type str or mapping, found {found}");
            return Err(PyTypeError::new_err(message).into());
        }
        let mut means = None;
        for (name, value) in items("mapping", &target)? {
            match name.as_str() {
                "target" => means = Some(text("mapping", "`target`", &value)?),
                "blank" if value.is_none() => {}
                "blank" => blanks.push((column.clone(), text("mapping", "`blank`", &value)?)),
                _ => {
                    let message =
                        format!("`mapping`: unexpected `{}`, expected target and blank", shown(&name));
                    return Err(PyTypeError::new_err(message).into());
                }
            }
        }
        let Some(means) = means else {
            let message = format!("`mapping`: column `{}` without `target`", shown(&column));
            return Err(PyKeyError::new_err(message).into());
        };
        pairs.push((column, means));
    }
    let pairs = pairs.iter().map(|(column, target)| (column.as_str(), target.as_str()));
    let mapping = Mapping::from_pairs(pairs)?;
    let with =
        |mapping: Mapping, (column, blank): &(String, String)| mapping.with_blank(column, blank.parse()?);
    Ok(blanks.iter().try_fold(mapping, with)?)
}

/// What an import came to.
#[pyclass(frozen, eq, module = "matricula")]
#[derive(Clone, PartialEq)]
pub(crate) struct ImportReport(pub(crate) matricula::ImportReport);

#[pymethods]
impl ImportReport {
    /// Rows read.
    #[getter]
    fn rows(&self) -> usize {
        self.0.rows
    }

    /// People created.
    #[getter]
    fn created(&self) -> usize {
        self.0.created
    }

    /// People changed, not counting those suspended because they are absent.
    #[getter]
    fn changed(&self) -> usize {
        self.0.changed
    }

    /// Rows that said what was true already.
    #[getter]
    fn unchanged(&self) -> usize {
        self.0.unchanged
    }

    /// People suspended because the feed does not name them.
    #[getter]
    fn suspended(&self) -> usize {
        self.0.suspended
    }

    /// Columns that the mapping leaves alone.
    #[getter]
    fn ignored_columns(&self) -> Vec<String> {
        self.0.ignored_columns.clone()
    }

    /// The rows that were left out, in order; a new list each time.
    #[getter]
    fn errors(&self) -> Vec<RowError> {
        self.0.errors.iter().map(RowError::from).collect()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        let summary = self.0.to_string();
        format!("<ImportReport: {}>", summary.lines().next().unwrap_or_default())
    }
}

/// Tells the host how far an import has come; whether it goes on.
pub(crate) fn tell(
    py: Python<'_>,
    progress: Option<&Py<PyAny>>,
    done: matricula::Progress,
) -> PyResult<ControlFlow<()>> {
    // Ctrl-C stops an import that tells nobody, too.
    py.check_signals()?;
    let Some(progress) = progress else {
        return Ok(ControlFlow::Continue(()));
    };
    let matricula::Progress { rows, bytes, total_bytes } = done;
    let answer = progress.bind(py).call1((Progress { rows, bytes, total_bytes },))?;
    let stop = answer.is(PyBool::new(py, false));
    Ok(if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
}

/// A feed to read, and where it comes from if that is a path.
pub(crate) fn open_feed(source: &Bound<'_, PyAny>) -> Outcome<(Box<dyn Read + Send>, Option<PathBuf>)> {
    if source.is_instance_of::<PyBytes>() {
        let bytes: PyBackedBytes = source.extract().map_err(PyErr::from)?;
        return Ok((Box::new(Cursor::new(bytes)), None));
    }
    if source.is_instance_of::<PyString>() || source.hasattr("__fspath__")? {
        let path: PathBuf = source.extract()?;
        let file = source.py().detach(|| File::open(&path));
        let file = file.map_err(|error| os_error(&error, Some(path.clone())))?;
        return Ok((Box::new(file), Some(path)));
    }
    if !source.hasattr("read")? {
        let found = type_name(source);
        let message = format!("`source`: expected a path, bytes or a binary file, found {found}");
        return Err(PyTypeError::new_err(message).into());
    }
    let read = source.call_method0("read")?;
    if !read.is_instance_of::<PyBytes>() {
        let found = type_name(&read);
        let message = format!("`source`: expected a file opened in binary mode, whose read() gave {found}");
        return Err(PyTypeError::new_err(message).into());
    }
    let bytes: PyBackedBytes = read.extract().map_err(PyErr::from)?;
    Ok((Box::new(Cursor::new(bytes)), None))
}

/// A feed that the system could not read is the system's error, as for any file in Python.
pub(crate) fn unreadable(error: Error, path: Option<PathBuf>) -> Failure {
    let cause = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<std::io::Error>());
    match cause {
        Some(cause) => os_error(cause, path).into(),
        None => error.into(),
    }
}

pub(crate) fn os_error(error: &std::io::Error, path: Option<PathBuf>) -> PyErr {
    let Some(number) = error.raw_os_error() else {
        // Such as a path with a null character, which never reached the system.
        return PyValueError::new_err(error.to_string());
    };
    let said = error.to_string();
    let said = said.split(" (os error").next().unwrap_or_default().to_owned();
    PyOSError::new_err((number, said, path.map(PathBuf::into_os_string)))
}
