//! Registries going out of a file and in again: exports, archives. Not here: feeds of people (`import`).

use std::path::PathBuf;

use matricula::{Memory, NewFile, Sqlite};
use pyo3::prelude::*;

use crate::delta::Delta;
use crate::error::Outcome;
use crate::import::{open_feed, os_error, unreadable};
use crate::registry::Registry;

/// What became of an archiving.
#[pyclass(frozen, eq, get_all, module = "matricula")]
#[derive(Clone, PartialEq)]
pub(crate) struct Archived {
    /// The first revision in the archive.
    from_: u64,
    /// The last one.
    to: u64,
    /// What the commit did that records it.
    delta: Delta,
}

#[pymethods]
impl Archived {
    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        crate::convert::repr(slf.as_any(), "Archived", &["from_", "to", "delta"])
    }
}

impl From<matricula::Archived> for Archived {
    fn from(archived: matricula::Archived) -> Self {
        let matricula::Archived { from, to, delta } = archived;
        Self { from_: from.0, to: to.0, delta: Delta(delta) }
    }
}

/// A new file to write to.
pub(crate) fn new_file(py: Python<'_>, path: PathBuf) -> Outcome<NewFile> {
    let file = py.detach(|| NewFile::create(&path));
    Ok(file.map_err(|error| os_error(&error, Some(path)))?)
}

/// Fills a new registry with what was exported.
#[pyfunction]
#[pyo3(signature = (source, path=None))]
pub(crate) fn import_registry(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    path: Option<PathBuf>,
) -> Outcome<Registry> {
    let (source, from) = open_feed(source)?;
    let registry = py.detach(|| match path {
        Some(path) => matricula::Registry::import(Sqlite::at(path)?, source),
        None => matricula::Registry::import(Memory::default(), source),
    });
    Ok(Registry::new(registry.map_err(|error| unreadable(error, from))?))
}
