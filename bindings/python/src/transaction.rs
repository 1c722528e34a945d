//! Transactions: changes, imports, previews and commits. A transaction is held by a lock under which no Python
//! code ever runs, so that threads cannot wait for each other in a circle.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

use matricula::{
    AttributeDefinition, BulkEnrolment, Change, CourseDefinition, Deletable, EnrolmentRuleDefinition, Error,
    Exception, ImportOptions, RecordUpdate, Revision, SegmentDefinition, SiteDefinition, UserUpdate,
    time_zone,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::convert::{Given, When, instant, items, membership, place, texts, type_name};
use crate::definitions::Demands;
use crate::delta::{Delta, Preview};
use crate::due::due;
use crate::error::{Outcome, Problem};
use crate::guard;
use crate::import::{self, ImportReport, open_feed, tell, unreadable};
use crate::rule::source;
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::value::{self, about_days, input, instants, within};

/// A set of changes: made, previewed, and committed as a whole or not at all.
#[pyclass(frozen, module = "matricula")]
pub(crate) struct Transaction {
    state: Arc<Mutex<State>>,
    at: When,
    delta: OnceLock<matricula::Delta>,
}

impl Transaction {
    pub(crate) fn new(transaction: matricula::Transaction) -> Self {
        let at = When(transaction.at());
        let state = Arc::new(Mutex::new(State::Open(Box::new(transaction))));
        Self { state, at, delta: OnceLock::new() }
    }

    pub(crate) fn state(&self) -> &Arc<Mutex<State>> {
        &self.state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a change. It takes microseconds, so the interpreter is released only to wait for another thread.
    fn change(&self, py: Python<'_>, change: impl Into<Change>) -> Outcome<()> {
        let change = change.into();
        match self.state.try_lock() {
            Ok(mut state) => state.open()?.apply(change)?,
            Err(TryLockError::Poisoned(state)) => state.into_inner().open()?.apply(change)?,
            Err(TryLockError::WouldBlock) => py.detach(|| self.lock().open()?.apply(change))?,
        }
        Ok(())
    }

    fn finish(
        &self,
        py: Python<'_>,
        commit: impl FnOnce(matricula::Transaction) -> Result<matricula::Delta, Error> + Send,
    ) -> Outcome<matricula::Delta> {
        let delta = py.detach(|| {
            let mut state = self.lock();
            commit(*state.take(State::Finished)?)
        })?;
        Ok(self.delta.get_or_init(|| delta).clone())
    }
}

#[pymethods]
impl Transaction {
    /// The instant at which the changes take effect, in UTC.
    #[getter]
    fn at(&self) -> When {
        self.at
    }

    /// What the commit did; `None` before it and after a rollback.
    #[getter]
    fn delta(&self) -> Option<Delta> {
        self.delta.get().cloned().map(Delta)
    }

    /// Defines a site, or changes its name and zone.
    #[pyo3(signature = (key, name=None, zone=None))]
    fn define_site(
        &self,
        py: Python<'_>,
        key: String,
        name: Option<String>,
        zone: Option<&str>,
    ) -> Outcome<()> {
        let zone = zone.map(time_zone).transpose()?;
        self.change(py, SiteDefinition { key, name, zone })
    }

    /// Defines an attribute: what it is, and what its values have to satisfy.
    #[pyo3(signature = (
        key, r#type, options=None, *, name=None, help=None, site=None, required=false, unique=false,
        ignore_case=false, pattern=None, minimum=None, maximum=None, default=None, sensitivity="internal",
        self_writable=false
    ))]
    #[expect(clippy::too_many_arguments, reason = "in Python most of them are keywords")]
    fn define_attribute(
        &self,
        py: Python<'_>,
        key: String,
        r#type: &str,
        options: Option<&Bound<'_, PyAny>>,
        name: Option<String>,
        help: Option<String>,
        site: Option<String>,
        required: bool,
        unique: bool,
        ignore_case: bool,
        pattern: Option<String>,
        minimum: Option<&Bound<'_, PyAny>>,
        maximum: Option<&Bound<'_, PyAny>>,
        default: Option<&Bound<'_, PyAny>>,
        sensitivity: &str,
        self_writable: bool,
    ) -> Outcome<()> {
        let about = [key.clone()];
        let demands = Demands { options, minimum, maximum, default, sensitivity };
        let definition = AttributeDefinition {
            name,
            help,
            site,
            required,
            unique,
            ignore_case,
            pattern,
            self_writable,
            ..demands.definition(key, r#type)?
        };
        self.change(py, definition).map_err(|error| about_days(error, &about))
    }

    /// Defines a course, or changes its name.
    #[pyo3(signature = (key, name=None, site=None))]
    fn define_course(
        &self,
        py: Python<'_>,
        key: String,
        name: Option<String>,
        site: Option<String>,
    ) -> Outcome<()> {
        self.change(py, CourseDefinition { key, name, site, category: None })
    }

    /// Defines a segment, or changes what is given of it.
    #[pyo3(signature = (
        key, rule=None, name=None, site=None, *, rule_tree=None, builder=None, state=None, owner=None,
        description=None, sql_rows=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "in Python most of them are keywords")]
    fn define_segment(
        &self,
        py: Python<'_>,
        key: String,
        rule: Option<String>,
        name: Option<String>,
        site: Option<String>,
        rule_tree: Option<&Bound<'_, PyAny>>,
        builder: Option<&Bound<'_, PyAny>>,
        state: Option<&str>,
        owner: Option<String>,
        description: Option<String>,
        sql_rows: Option<bool>,
    ) -> Outcome<()> {
        let rule = source(rule, rule_tree, builder).map_err(|error| within(error, "segment", &key))?;
        let state = state.map(str::parse).transpose();
        let state = state.map_err(|error: Error| error.within(place("segment", &key)))?;
        self.change(py, SegmentDefinition { key, name, site, rule, state, owner, description, sql_rows })
    }

    /// Says from where on what a commit ends has to be confirmed.
    #[pyo3(signature = (*, percent=None, count=None, enabled=None))]
    fn define_guard(
        &self,
        py: Python<'_>,
        percent: Option<u64>,
        count: Option<u64>,
        enabled: Option<bool>,
    ) -> Outcome<()> {
        self.change(py, guard::definition(percent, count, enabled)?)
    }

    /// Puts a person into a segment by hand, whatever its rule says.
    fn pin(&self, py: Python<'_>, segment: String, user: String) -> Outcome<()> {
        self.change(py, Change::Exception { segment, user, exception: Some(Exception::Pinned) })
    }

    /// Keeps a person out of a segment by hand, whatever its rule says.
    fn ban(&self, py: Python<'_>, segment: String, user: String) -> Outcome<()> {
        self.change(py, Change::Exception { segment, user, exception: Some(Exception::Banned) })
    }

    /// Takes back what was decided by hand about a person and a segment.
    fn release(&self, py: Python<'_>, segment: String, user: String) -> Outcome<()> {
        self.change(py, Change::Exception { segment, user, exception: None })
    }

    /// Records what a person did in a course; `None` takes back, and what is left out stays.
    #[pyo3(signature = (user, course, *, completed=Given(None), score=Given(None)))]
    fn record(
        &self,
        py: Python<'_>,
        user: String,
        course: String,
        completed: Given<'_>,
        score: Given<'_>,
    ) -> Outcome<()> {
        let completed = match completed.0 {
            Some(at) if at.is_none() => Some(None),
            Some(at) => Some(Some(instant("completed", &at)?)),
            None => None,
        };
        let score = score.0.map(|score| value::score(&score)).transpose()?;
        self.change(py, RecordUpdate { user, course, completed, score })
    }

    /// Defines an enrolment rule, or replaces it.
    #[pyo3(signature = (
        key, segment, courses, on_leave="keep", name=None, enabled=true, *, role="learner", from_=None, until=None,
        due=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "in Python most of them are keywords")]
    fn define_enrolment_rule(
        &self,
        py: Python<'_>,
        key: String,
        segment: String,
        courses: &Bound<'_, PyAny>,
        on_leave: &str,
        name: Option<String>,
        enabled: bool,
        role: &str,
        from_: Option<&Bound<'_, PyAny>>,
        until: Option<&Bound<'_, PyAny>>,
        due: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<()> {
        let courses = texts("courses", courses)?;
        let (on_leave, role) = (on_leave.parse()?, role.to_owned());
        let from = from_.map(|from| instant("from_", from)).transpose()?;
        let until = until.map(|until| instant("until", until)).transpose()?;
        let due = self::due(due).map_err(|error| within(error, "enrolment rule", &key))?;
        let rule = EnrolmentRuleDefinition::new(key, segment, courses, on_leave);
        self.change(py, EnrolmentRuleDefinition { name, enabled, role, from, until, due, ..rule })
    }

    /// Creates or updates a person. What is left out stays as it is.
    #[pyo3(signature = (key, values=None, status=None, sites=None))]
    fn update_user(
        &self,
        py: Python<'_>,
        key: String,
        values: Option<&Bound<'_, PyAny>>,
        status: Option<&str>,
        sites: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<()> {
        let status = status.map(str::parse).transpose()?;
        let mut update = UserUpdate { status, ..UserUpdate::new(key) };
        for (attribute, value) in
            values.map(|values| items("values", values)).transpose()?.unwrap_or_default()
        {
            let value = input(&attribute, &value).map_err(|error| within(error, "user", &update.key))?;
            update.values.push((attribute.into(), value));
        }
        for (site, status) in sites.map(|sites| items("sites", sites)).transpose()?.unwrap_or_default() {
            let status = membership(&site, &status)?;
            update.sites.push((site.into(), status));
        }
        let instants = instants(&update);
        self.change(py, update).map_err(|error| about_days(error, &instants))
    }

    /// Enrols a person in a course by hand.
    fn enrol(&self, py: Python<'_>, user: String, course: String) -> Outcome<()> {
        self.change(py, Change::Enrol { user, course })
    }

    /// Takes back an enrolment by hand. An enrolment that a rule holds goes on for that reason.
    fn unenrol(&self, py: Python<'_>, user: String, course: String) -> Outcome<()> {
        self.change(py, Change::Unenrol { user, course })
    }

    /// Enrols the members of a segment in courses once.
    #[pyo3(signature = (segment, courses, *, due=None))]
    fn enrol_segment(
        &self,
        py: Python<'_>,
        segment: String,
        courses: &Bound<'_, PyAny>,
        due: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<()> {
        let enrolment = BulkEnrolment::of_segment(segment, texts("courses", courses)?);
        self.change(py, BulkEnrolment { due: self::due(due)?, ..enrolment })
    }

    /// Enrols people in courses once.
    #[pyo3(signature = (users, courses, *, due=None))]
    fn enrol_users(
        &self,
        py: Python<'_>,
        users: &Bound<'_, PyAny>,
        courses: &Bound<'_, PyAny>,
        due: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<()> {
        let enrolment = BulkEnrolment::of_users(texts("users", users)?, texts("courses", courses)?);
        let enrolment = BulkEnrolment { due: self::due(due)?, ..enrolment };
        // They may be many, and each is looked up.
        Ok(py.detach(|| self.lock().open()?.apply(enrolment))?)
    }

    /// Suspends an enrolment by hand, whatever rules do.
    fn suspend_enrolment(&self, py: Python<'_>, user: String, course: String) -> Outcome<()> {
        self.change(py, Change::SuspendEnrolment { user, course, suspended: true })
    }

    /// Takes back a suspension by hand.
    fn resume_enrolment(&self, py: Python<'_>, user: String, course: String) -> Outcome<()> {
        self.change(py, Change::SuspendEnrolment { user, course, suspended: false })
    }

    /// Deletes an enrolment rule: whom it holds leaves it, under its policy.
    fn delete_enrolment_rule(&self, py: Python<'_>, key: String) -> Outcome<()> {
        self.change(py, Change::Delete(Deletable::EnrolmentRule, key))
    }

    /// Deletes a segment to which nothing refers.
    fn delete_segment(&self, py: Python<'_>, key: String) -> Outcome<()> {
        self.change(py, Change::Delete(Deletable::Segment, key))
    }

    /// Deletes an attribute that no rule names, with everybody's value.
    fn delete_attribute(&self, py: Python<'_>, key: String) -> Outcome<()> {
        self.change(py, Change::Delete(Deletable::Attribute, key))
    }

    /// Archives a course: rules bring nobody and let nobody go.
    fn archive_course(&self, py: Python<'_>, key: String) -> Outcome<()> {
        self.change(py, Change::Archive { course: key, archived: true })
    }

    /// Restores a course that was archived: rules catch up.
    fn restore_course(&self, py: Python<'_>, key: String) -> Outcome<()> {
        self.change(py, Change::Archive { course: key, archived: false })
    }

    /// Closes a site: its memberships count as inactive.
    fn close_site(&self, py: Python<'_>, key: String) -> Outcome<()> {
        self.change(py, Change::Close { site: key, closed: true })
    }

    /// Reopens a site that was closed.
    fn reopen_site(&self, py: Python<'_>, key: String) -> Outcome<()> {
        self.change(py, Change::Close { site: key, closed: false })
    }

    /// Erases a person for good: key, values, memberships and decisions by hand go, here and in every earlier commit.
    fn erase(&self, py: Python<'_>, user: String) -> Outcome<()> {
        self.change(py, Change::Erase { user })
    }

    /// Undoes a commit, and gives what was left because it has been changed since.
    #[pyo3(signature = (revision, how="strict"))]
    fn revert(&self, py: Python<'_>, revision: u64, how: &str) -> Outcome<Vec<String>> {
        let how = how.parse()?;
        Ok(py.detach(|| self.lock().open()?.revert(Revision(revision), how))?)
    }

    /// The definitions and people as changed so far.
    fn inputs(&self, py: Python<'_>) -> Outcome<Snapshot> {
        Ok(Snapshot(py.detach(|| Ok::<_, Error>(self.lock().open()?.inputs()))?))
    }

    /// What keeps the transaction from being committed as it is.
    fn problems(&self, py: Python<'_>) -> Outcome<Vec<Problem>> {
        let problems = py.detach(|| Ok::<_, Error>(self.lock().open()?.problems()))?;
        Ok(problems.iter().map(Problem::from).collect())
    }

    /// Imports people from CSV or newline-delimited JSON.
    #[pyo3(signature = (
        source, mapping, blank="clear", absent="leave", progress=None, *, bad_rows="skip_bad_rows", format="csv"
    ))]
    #[expect(clippy::too_many_arguments, reason = "in Python most of them are keywords")]
    fn import_users(
        &self,
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
        // Nothing of the feed is read by a transaction that takes no changes.
        self.lock().open()?;
        let (feed, path) = open_feed(source)?;
        let mut transaction = self.lock().take(State::Importing)?;
        let mut raised = None;
        let outcome = py.detach(|| {
            let report = transaction.import_users(feed, &mapping, options, |done| {
                match Python::attach(|py| tell(py, progress.as_ref(), done)) {
                    Ok(flow) => flow,
                    Err(error) => {
                        raised = Some(error);
                        ControlFlow::Break(())
                    }
                }
            });
            let mut state = self.lock();
            if !matches!(*state, State::Importing) {
                // It was rolled back, or its registry closed, in the meantime.
                return Err(state.refusal());
            }
            *state = State::Open(transaction);
            report
        });
        match (raised, outcome) {
            (Some(error), _) => Err(error.into()),
            (None, outcome) => Ok(ImportReport(outcome.map_err(|error| unreadable(error, path))?)),
        }
    }

    /// What would happen on commit. Nothing is written, and more changes can follow.
    fn preview(&self, py: Python<'_>) -> Outcome<Preview> {
        Ok(Preview(py.detach(|| self.lock().open()?.preview())?))
    }

    /// Records the changes and everything that follows from them.
    #[pyo3(signature = (expect=None))]
    fn commit(&self, py: Python<'_>, expect: Option<&Bound<'_, Preview>>) -> Outcome<Delta> {
        let expected = expect.map(|preview| &preview.get().0);
        let delta = self.finish(py, |transaction| match expected {
            Some(preview) => transaction.commit_expecting(preview),
            None => transaction.commit(),
        })?;
        Ok(Delta(delta))
    }

    /// Records what the guard holds, as somebody has seen and confirmed it.
    fn confirm(&self, py: Python<'_>, token: &str) -> Outcome<Delta> {
        Ok(Delta(self.finish(py, |transaction| transaction.confirm(token))?))
    }

    /// Gives up the changes.
    fn rollback(&self, py: Python<'_>) -> Outcome<()> {
        py.detach(|| {
            let transaction = self.lock().take(State::Finished)?;
            drop(transaction);
            Ok::<_, Error>(())
        })?;
        Ok(())
    }

    fn __enter__(slf: Bound<'_, Self>) -> Outcome<Bound<'_, Self>> {
        let refusal = match &*slf.get().lock() {
            State::Open(_) => None,
            other => Some(other.refusal()),
        };
        refusal.map_or(Ok(slf), |refusal| Err(refusal.into()))
    }

    /// Commits, unless the transaction is finished; rolls back if an exception leaves the block.
    #[pyo3(signature = (exc_type, exc_value, traceback, /))]
    #[expect(unused_variables, reason = "Python gives them to every context manager")]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> Outcome<()> {
        if !exc_type.is_none() {
            py.detach(|| {
                let given_up = std::mem::replace(&mut *self.lock(), State::Finished);
                drop(given_up);
            });
        } else if !matches!(*self.lock(), State::Finished) {
            self.finish(py, matricula::Transaction::commit)?;
        }
        Ok(())
    }

    fn __repr__(&self) -> String {
        let state = match &*self.lock() {
            State::Open(_) => "open",
            State::Importing => "importing",
            State::Finished if self.delta.get().is_some() => "committed",
            State::Finished | State::Abandoned => "closed",
        };
        format!("<Transaction at {}, {state}>", self.at.0)
    }
}
