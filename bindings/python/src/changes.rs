//! What transactions of the host and of persons have in common: the changes that they are made of. A transaction is held
//! by a lock under which no Python code ever runs, so that threads cannot wait for each other in a circle. Not here: how
//! they end (`transaction`, `actor`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use matricula::{
    AttributeDefinition, BulkEnrolment, CapabilityDefinition, CategoryDefinition, Change, CourseDefinition,
    Deletable, EnrolmentRuleDefinition, Error, Exception, GrantDefinition, GrantId, Override, RecordUpdate,
    RoleDefinition, SegmentDefinition, SiteDefinition, UserUpdate, time_zone,
};
use pyo3::prelude::*;

use crate::access::{at, audience, effects, holder};
use crate::convert::{Given, When, instant, items, membership, place, texts};
use crate::definitions::Demands;
use crate::due::due;
use crate::error::Outcome;
use crate::guard;
use crate::rule::source;
use crate::state::{State, Work};
use crate::value::{self, about_days, input, instants, within};

/// A set of changes, of the host or of a person.
#[pyclass(frozen, subclass, module = "matricula")]
pub(crate) struct Changes {
    pub(crate) state: Arc<Mutex<State>>,
    at: When,
}

impl Changes {
    pub(crate) fn new(work: Work) -> Self {
        let at = When(work.at());
        Self { state: Arc::new(Mutex::new(State::Open(Box::new(work)))), at }
    }

    pub(crate) fn when(&self) -> When {
        self.at
    }

    pub(crate) fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a change. It takes microseconds, so the interpreter is released only to wait for another thread.
    fn change(&self, py: Python<'_>, change: impl Into<Change>) -> Outcome<()> {
        let change = change.into();
        match self.state.try_lock() {
            Ok(mut state) => state.apply(change)?,
            Err(TryLockError::Poisoned(state)) => state.into_inner().apply(change)?,
            Err(TryLockError::WouldBlock) => py.detach(|| self.locked().apply(change))?,
        }
        Ok(())
    }

    /// Gives up the changes, whatever is under way.
    pub(crate) fn abandon(&self, py: Python<'_>) {
        py.detach(|| {
            let given_up = std::mem::replace(&mut *self.locked(), State::Finished);
            drop(given_up);
        });
    }

    /// Fails unless it takes changes.
    pub(crate) fn check_open(&self) -> Outcome<()> {
        match &*self.locked() {
            State::Open(_) => Ok(()),
            other => Err(other.refusal().into()),
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        matches!(*self.locked(), State::Finished)
    }

    /// How far it has come, in a word.
    pub(crate) fn word(&self, committed: bool) -> &'static str {
        match &*self.locked() {
            State::Open(_) => "open",
            State::Importing => "importing",
            State::Finished if committed => "committed",
            State::Finished | State::Abandoned => "closed",
        }
    }
}

#[pymethods]
impl Changes {
    /// The instant at which the changes take effect, in UTC.
    #[getter]
    fn at(&self) -> When {
        self.at
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

    /// Defines a course, changes its name, or moves it into a category.
    #[pyo3(signature = (key, name=None, site=None, *, category=None))]
    fn define_course(
        &self,
        py: Python<'_>,
        key: String,
        name: Option<String>,
        site: Option<String>,
        category: Option<String>,
    ) -> Outcome<()> {
        self.change(py, CourseDefinition { key, name, site, category })
    }

    /// Defines a category of courses, or changes its name.
    #[pyo3(signature = (key, name=None, site=None, *, parent=None))]
    fn define_category(
        &self,
        py: Python<'_>,
        key: String,
        name: Option<String>,
        site: Option<String>,
        parent: Option<String>,
    ) -> Outcome<()> {
        self.change(py, CategoryDefinition { key, name, site, parent })
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
        Ok(py.detach(|| self.locked().apply(enrolment.into()))?)
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

    /// Registers a capability of the host's own.
    #[pyo3(signature = (name, kind, *, innermost="course", over=false, flags=None, sentence=""))]
    #[expect(clippy::too_many_arguments, reason = "in Python most of them are keywords")]
    fn define_capability(
        &self,
        py: Python<'_>,
        name: String,
        kind: &str,
        innermost: &str,
        over: bool,
        flags: Option<&Bound<'_, PyAny>>,
        sentence: &str,
    ) -> Outcome<()> {
        let flags = flags.map(|flags| texts("flags", flags)).transpose()?.unwrap_or_default();
        let flags = flags.iter().map(|flag| flag.parse()).collect::<Result<_, Error>>();
        let here = |error: Error| error.within(place("capability", &name));
        let (kind, flags) = (kind.parse().map_err(here)?, flags.map_err(here)?);
        let (innermost, sentence) = (innermost.to_owned(), sentence.to_owned());
        self.change(py, CapabilityDefinition { name, kind, innermost, over, flags, sentence })
    }

    /// Defines a role: what it gives, withholds and denies.
    #[pyo3(signature = (
        key, *, name=None, description=None, site=None, like=None, allow=None, withhold=None, deny=None,
        may_assign=None, needs_audience=false
    ))]
    #[expect(clippy::too_many_arguments, reason = "in Python most of them are keywords")]
    fn define_role(
        &self,
        py: Python<'_>,
        key: String,
        name: Option<String>,
        description: Option<String>,
        site: Option<String>,
        like: Option<&Bound<'_, PyAny>>,
        allow: Option<&Bound<'_, PyAny>>,
        withhold: Option<&Bound<'_, PyAny>>,
        deny: Option<&Bound<'_, PyAny>>,
        may_assign: Option<&Bound<'_, PyAny>>,
        needs_audience: bool,
    ) -> Outcome<()> {
        let keys = |what, keys: Option<&Bound<'_, PyAny>>| {
            keys.map(|keys| texts(what, keys)).transpose().map(Option::unwrap_or_default)
        };
        let (like, may_assign) = (keys("like", like)?, keys("may_assign", may_assign)?);
        let effects = effects(allow, withhold, deny)?;
        let role = RoleDefinition { key, name, description, site, like, effects, may_assign, needs_audience };
        self.change(py, role)
    }

    /// Says what a role gives otherwise at a place and within; it replaces what was said there before.
    #[pyo3(signature = (
        role, *, allow=None, withhold=None, deny=None, site=None, category=None, course=None
    ))]
    #[expect(clippy::too_many_arguments, reason = "in Python most of them are keywords")]
    fn override_role(
        &self,
        py: Python<'_>,
        role: String,
        allow: Option<&Bound<'_, PyAny>>,
        withhold: Option<&Bound<'_, PyAny>>,
        deny: Option<&Bound<'_, PyAny>>,
        site: Option<&str>,
        category: Option<&str>,
        course: Option<&str>,
    ) -> Outcome<()> {
        let scope = at(site, category, course)?.scope_key();
        self.change(py, Override { role, scope, effects: effects(allow, withhold, deny)? })
    }

    /// Locks a place: nothing in it can be changed, by nobody but the host.
    #[pyo3(signature = (*, site=None, category=None, course=None))]
    fn lock(
        &self,
        py: Python<'_>,
        site: Option<&str>,
        category: Option<&str>,
        course: Option<&str>,
    ) -> Outcome<()> {
        self.change(py, Change::Lock { scope: at(site, category, course)?.scope_key(), locked: true })
    }

    /// Unlocks a place.
    #[pyo3(signature = (*, site=None, category=None, course=None))]
    fn unlock(
        &self,
        py: Python<'_>,
        site: Option<&str>,
        category: Option<&str>,
        course: Option<&str>,
    ) -> Outcome<()> {
        self.change(py, Change::Lock { scope: at(site, category, course)?.scope_key(), locked: false })
    }

    /// Gives a role to a person, or to whoever is in a segment.
    #[pyo3(signature = (
        role, *, user=None, segment=None, site=None, category=None, course=None, over=None, from_=None, until=None,
        note=""
    ))]
    #[expect(clippy::too_many_arguments, reason = "in Python most of them are keywords")]
    fn grant(
        &self,
        py: Python<'_>,
        role: String,
        user: Option<String>,
        segment: Option<String>,
        site: Option<&str>,
        category: Option<&str>,
        course: Option<&str>,
        over: Option<&Bound<'_, PyAny>>,
        from_: Option<&Bound<'_, PyAny>>,
        until: Option<&Bound<'_, PyAny>>,
        note: &str,
    ) -> Outcome<()> {
        let scope = at(site, category, course)?.scope_key();
        let (holder, audience) = (holder(user, segment)?, over.map(audience).transpose()?);
        let from = from_.map(|from| instant("from_", from)).transpose()?;
        let until = until.map(|until| instant("until", until)).transpose()?;
        let note = note.to_owned();
        self.change(py, GrantDefinition { role, holder, scope, audience, from, until, note })
    }

    /// Takes a grant away, by its number.
    fn revoke(&self, py: Python<'_>, grant: u32) -> Outcome<()> {
        self.change(py, Change::Revoke(GrantId(grant)))
    }

    /// Deletes a role that nobody holds.
    fn delete_role(&self, py: Python<'_>, key: String) -> Outcome<()> {
        self.change(py, Change::Delete(Deletable::Role, key))
    }
    /// Gives up the changes.
    fn rollback(&self, py: Python<'_>) -> Outcome<()> {
        py.detach(|| {
            let work = self.locked().take(State::Finished)?;
            drop(work);
            Ok::<_, Error>(())
        })?;
        Ok(())
    }
}
