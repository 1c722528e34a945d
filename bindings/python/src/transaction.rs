//! The host's transactions: imports, previews and commits. Not here: the changes that they are made of (`changes`).

use std::ops::ControlFlow;
use std::sync::OnceLock;

use matricula::{Error, ImportOptions, Revision};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::changes::Changes;
use crate::convert::type_name;
use crate::delta::{Delta, Preview};
use crate::error::{Outcome, Problem};
use crate::import::{self, ImportReport, open_feed, tell, unreadable};
use crate::snapshot::Snapshot;
use crate::state::{State, Work};

/// A set of changes: made, previewed, and committed as a whole or not at all.
#[pyclass(frozen, extends = Changes, module = "matricula")]
pub(crate) struct Transaction {
    delta: OnceLock<matricula::Delta>,
}

impl Transaction {
    pub(crate) fn new(transaction: matricula::Transaction) -> PyClassInitializer<Self> {
        let changes = Changes::new(Work::Host(transaction));
        PyClassInitializer::from(changes).add_subclass(Self { delta: OnceLock::new() })
    }
}

/// The changes of a transaction.
fn of<'a>(transaction: &'a Bound<'_, Transaction>) -> &'a Changes {
    transaction.as_super().get()
}

fn finish(
    transaction: &Bound<'_, Transaction>,
    commit: impl FnOnce(matricula::Transaction) -> Result<matricula::Delta, Error> + Send,
) -> Outcome<matricula::Delta> {
    let changes = of(transaction);
    let delta = transaction.py().detach(|| {
        let mut state = changes.locked();
        commit(state.take(State::Finished)?.of_host()?)
    })?;
    Ok(transaction.get().delta.get_or_init(|| delta).clone())
}

#[pymethods]
impl Transaction {
    /// What the commit did; `None` before it and after a rollback.
    #[getter]
    fn delta(&self) -> Option<Delta> {
        self.delta.get().cloned().map(Delta)
    }

    /// Undoes a commit, and gives what was left because it has been changed since.
    #[pyo3(signature = (revision, how="strict"))]
    fn revert(slf: &Bound<'_, Self>, py: Python<'_>, revision: u64, how: &str) -> Outcome<Vec<String>> {
        let how = how.parse()?;
        let changes = of(slf);
        Ok(py.detach(|| changes.locked().open()?.revert(Revision(revision), how))?)
    }

    /// The definitions and people as changed so far.
    fn inputs(slf: &Bound<'_, Self>, py: Python<'_>) -> Outcome<Snapshot> {
        let changes = of(slf);
        Ok(Snapshot(py.detach(|| Ok::<_, Error>(changes.locked().open()?.inputs()))?))
    }

    /// What keeps the transaction from being committed as it is.
    fn problems(slf: &Bound<'_, Self>, py: Python<'_>) -> Outcome<Vec<Problem>> {
        let changes = of(slf);
        let problems = py.detach(|| Ok::<_, Error>(changes.locked().open()?.problems()))?;
        Ok(problems.iter().map(Problem::from).collect())
    }

    /// Imports people from CSV or newline-delimited JSON.
    #[pyo3(signature = (
        source, mapping, blank="clear", absent="leave", progress=None, *, bad_rows="skip_bad_rows", format="csv"
    ))]
    #[expect(clippy::too_many_arguments, reason = "in Python most of them are keywords")]
    fn import_users(
        slf: &Bound<'_, Self>,
        py: Python<'_>,
        source: &Bound<'_, PyAny>,
        mapping: &Bound<'_, PyAny>,
        blank: &str,
        absent: &str,
        progress: Option<Bound<'_, PyAny>>,
        bad_rows: &str,
        format: &str,
    ) -> Outcome<ImportReport> {
        let mapping = import::mapping(mapping)?;
        let options = ImportOptions {
            blank: blank.parse()?,
            absent: absent.parse()?,
            bad_rows: bad_rows.parse()?,
            format: format.parse()?,
        };
        if let Some(progress) = progress.as_ref().filter(|progress| !progress.is_callable()) {
            let message = format!("`progress`: expected a callable, found {}", type_name(progress));
            return Err(PyTypeError::new_err(message).into());
        }
        let progress = progress.map(Bound::unbind);
        let changes = of(slf);
        // Nothing of the feed is read by a transaction that takes no changes.
        changes.locked().open()?;
        let (feed, path) = open_feed(source)?;
        let mut work = changes.locked().take(State::Importing)?;
        let mut raised = None;
        let outcome = py.detach(|| {
            let report = work.host()?.import_users(feed, &mapping, options, |done| {
                match Python::attach(|py| tell(py, progress.as_ref(), done)) {
                    Ok(flow) => flow,
                    Err(error) => {
                        raised = Some(error);
                        ControlFlow::Break(())
                    }
                }
            });
            let mut state = changes.locked();
            if !matches!(*state, State::Importing) {
                // It was rolled back, or its registry closed, in the meantime.
                return Err(state.refusal());
            }
            *state = State::Open(work);
            report
        });
        match (raised, outcome) {
            (Some(error), _) => Err(error.into()),
            (None, outcome) => Ok(ImportReport(outcome.map_err(|error| unreadable(error, path))?)),
        }
    }

    /// What would happen on commit. Nothing is written, and more changes can follow.
    fn preview(slf: &Bound<'_, Self>, py: Python<'_>) -> Outcome<Preview> {
        let changes = of(slf);
        Ok(Preview(py.detach(|| changes.locked().open()?.preview())?))
    }

    /// Records the changes and everything that follows from them.
    #[pyo3(signature = (expect=None))]
    fn commit(slf: &Bound<'_, Self>, expect: Option<&Bound<'_, Preview>>) -> Outcome<Delta> {
        let expected = expect.map(|preview| &preview.get().0);
        let delta = finish(slf, |transaction| match expected {
            Some(preview) => transaction.commit_expecting(preview),
            None => transaction.commit(),
        })?;
        Ok(Delta(delta))
    }

    /// Records what the guard holds, as somebody has seen and confirmed it.
    fn confirm(slf: &Bound<'_, Self>, token: &str) -> Outcome<Delta> {
        Ok(Delta(finish(slf, |transaction| transaction.confirm(token))?))
    }

    fn __enter__(slf: Bound<'_, Self>) -> Outcome<Bound<'_, Self>> {
        of(&slf).check_open()?;
        Ok(slf)
    }

    /// Commits, unless the transaction is finished; rolls back if an exception leaves the block.
    #[pyo3(signature = (exc_type, exc_value, traceback, /))]
    #[expect(unused_variables, reason = "Python gives them to every context manager")]
    fn __exit__(
        slf: &Bound<'_, Self>,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> Outcome<()> {
        if !exc_type.is_none() {
            of(slf).abandon(py);
        } else if !of(slf).is_finished() {
            finish(slf, matricula::Transaction::commit)?;
        }
        Ok(())
    }

    fn __repr__(slf: &Bound<'_, Self>) -> String {
        let word = of(slf).word(slf.get().delta.get().is_some());
        format!("<Transaction at {}, {word}>", of(slf).when().0)
    }
}
