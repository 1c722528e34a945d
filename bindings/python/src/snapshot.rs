//! The registry at a revision, for reading: people, members, enrolments, explanations. Not here: definitions
//! (`definitions`), and what is asked about rules (`rule`).

use chrono::NaiveDate;
use matricula::{Exception, Instant, SiteId, UserId};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::access::{self, Capability, Category, Grant, Role};
use crate::convert::{Dict, When, instant, record};
use crate::definitions::{self, Attribute, Course, EnrolmentRule, Segment, Site, course_key};
use crate::delta::{Step, planned};
use crate::error::Outcome;
use crate::guard::Guard;
use crate::json;
use crate::rule::{self, Lint, RulePreview, Sql};
use crate::value::{Exact, Plain, plain};

record! {
    /// A person.
    User {
        /// The key.
        key: String,
        /// The person's status.
        status: &'static str,
        /// When the person was created, in UTC.
        created: When,
        /// The values that the person has, by attribute.
        values: Dict<Plain>,
        /// The statuses of the person's memberships, by site.
        sites: Dict<&'static str>,
    }
}

record! {
    /// What was decided by hand about a person and a segment.
    SegmentException {
        /// The user's key.
        user: String,
        /// The decision.
        exception: &'static str,
    }
}

record! {
    /// One reason for an enrolment.
    Reason {
        /// The key of the enrolment rule, or `manual` or `bulk`.
        reason: String,
        /// The key of the role that it enrols the person as.
        role: String,
        /// Whether it is in force.
        state: &'static str,
        /// Since when it has been there, in UTC.
        since: When,
        /// The day on which the person is to be done, by this reason; `None` for no day.
        due: Option<NaiveDate>,
    }
}

record! {
    /// A person's enrolment in a course.
    Enrolment {
        /// The user's key.
        user: String,
        /// The course's key.
        course: String,
        /// Whether it is in force.
        status: &'static str,
        /// Since when, without a break, in UTC; a suspension is no break.
        since: When,
        /// The day on which the person is to be done; `None` for no day, and while it is suspended.
        due: Option<NaiveDate>,
        /// Since when it has been suspended by hand, in UTC; `None` if it is not.
        suspended_by_hand: Option<When>,
        /// What holds it.
        reasons: Vec<Reason>,
    }
}

/// Declares why somebody is, or is not, something: attributes for the obvious answers, the whole as `dict`
/// and, with `str()`, in English.
macro_rules! explanation {
    (
        $(#[doc = $doc:literal])*
        $name:ident { $($(#[doc = $field_doc:literal])* $field:ident: $type:ty,)* }
        $($more:item)*
    ) => {
        $(#[doc = $doc])*
        #[pyclass(frozen, eq, module = "matricula")]
        #[derive(Clone, PartialEq, Eq)]
        pub(crate) struct $name(pub(crate) matricula::$name);

        #[pymethods]
        impl $name {
            $(
                $(#[doc = $field_doc])*
                #[getter]
                fn $field(&self) -> $type {
                    self.0.$field.clone()
                }
            )*

            /// The explanation as plain values: all that there is to know, part by part.
            fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                let text = serde_json::to_string(&self.0).map_err(|error| json::unwritable(&error))?;
                json::loads(py, &text)
            }

            fn __str__(&self) -> String {
                self.0.to_string()
            }

            fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
                crate::convert::repr(slf.as_any(), stringify!($name), &[$(stringify!($field),)*])
            }

            $($more)*
        }
    };
}

explanation! {
    /// Why a person is, or is not, in a segment.
    MembershipExplanation {
        /// The user's key.
        user: String,
        /// The segment's key.
        segment: String,
        /// Whether the person is a member.
        member: bool,
        /// Whether the segment selects.
        state: &'static str,
        /// What was decided by hand; `None` if nothing was.
        exception: Option<&'static str>,
    }

    /// What would have to be otherwise for the answer to be otherwise; a new list each time.
    #[getter]
    fn flips<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let text = serde_json::to_string(&self.0.flips).map_err(|error| json::unwritable(&error))?;
        json::loads(py, &text)
    }
}

explanation! {
    /// Why a person is, or is not, enrolled in a course.
    EnrolmentExplanation {
        /// The user's key.
        user: String,
        /// The course's key.
        course: String,
        /// Whether the enrolment is in force; `None` if the person is not enrolled.
        status: Option<&'static str>,
    }
}

/// The registry at a revision. It never changes and is read without waiting for writers.
#[pyclass(frozen, eq, module = "matricula")]
#[derive(Clone)]
pub(crate) struct Snapshot(pub(crate) matricula::Snapshot);

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.0.same_as(&other.0)
    }
}

impl Snapshot {
    fn enrolment(&self, enrolment: matricula::Enrolment) -> Enrolment {
        let reasons = enrolment.reasons.iter().map(|held| Reason {
            reason: self.0.reason_key(held.reason).to_owned(),
            role: self.0.role_of(held.reason).to_owned(),
            state: held.state.name(),
            since: When(held.since),
            due: held.due,
        });
        Enrolment {
            user: self.0.user_key(enrolment.user).to_owned(),
            course: course_key(&self.0, enrolment.course),
            status: enrolment.status.name(),
            since: When(enrolment.since),
            due: enrolment.due(),
            suspended_by_hand: enrolment.suspended_by_hand.map(When),
            reasons: reasons.collect(),
        }
    }
}

#[pymethods]
impl Snapshot {
    /// The revision; 0 for the empty registry.
    #[getter]
    fn revision(&self) -> u64 {
        self.0.revision().0
    }

    /// The instant of the last commit, in UTC.
    #[getter]
    fn clock(&self) -> Option<When> {
        self.0.clock().map(When)
    }

    /// From where on what a commit ends has to be confirmed.
    #[getter]
    fn guard(&self) -> Guard {
        self.0.guard().into()
    }

    /// When time alone next changes anything, in UTC.
    fn next_change_at(&self, py: Python<'_>) -> Option<When> {
        py.detach(|| self.0.next_change_at()).map(When)
    }

    /// How many people there are.
    #[getter]
    fn user_count(&self) -> usize {
        self.0.user_count()
    }

    /// How many enrolments there are, suspended ones included.
    #[getter]
    fn enrolment_count(&self) -> usize {
        self.0.enrolment_count()
    }

    /// The sites, the primary one first.
    #[getter]
    fn sites(&self) -> Vec<Site> {
        definitions::sites(&self.0)
    }

    /// The attributes, in order of definition.
    #[getter]
    fn attributes(&self) -> Vec<Attribute> {
        definitions::attributes(&self.0)
    }

    /// The courses, in order of definition.
    #[getter]
    fn courses(&self) -> Vec<Course> {
        definitions::courses(&self.0)
    }

    /// The segments, in order of definition.
    #[getter]
    fn segments(&self) -> Vec<Segment> {
        definitions::segments(&self.0)
    }

    /// The enrolment rules, in order of definition.
    #[getter]
    fn enrolment_rules(&self) -> Vec<EnrolmentRule> {
        definitions::enrolment_rules(&self.0)
    }

    /// The categories, in order of definition.
    fn categories(&self) -> Vec<Category> {
        access::categories(&self.0)
    }

    /// All capabilities: those that are built in, the host's own, then two for each attribute.
    fn capabilities(&self) -> Vec<Capability> {
        access::capabilities(&self.0)
    }

    /// The roles, those that are built in first.
    fn roles(&self) -> Vec<Role> {
        access::roles(&self.0)
    }

    /// The grants, in the order in which they were given.
    fn grants(&self) -> Vec<Grant> {
        access::grants(&self.0)
    }

    /// The keys of everybody who may do something at an instant.
    #[pyo3(signature = (capability, at, *, site=None, category=None, course=None, over=None))]
    #[expect(clippy::too_many_arguments, reason = "in Python most of them are keywords")]
    fn who_can(
        &self,
        py: Python<'_>,
        capability: &str,
        at: &Bound<'_, PyAny>,
        site: Option<&str>,
        category: Option<&str>,
        course: Option<&str>,
        over: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<Vec<String>> {
        let at = instant("at", at)?;
        let place = access::over(access::at(site, category, course)?, over)?;
        Ok(py.detach(|| matricula::who_can(&self.0, capability, place, at))?)
    }

    /// The keys of all people, in the order in which they were created.
    fn users(&self) -> Vec<&str> {
        self.0.users().map(|user| self.0.user_key(user)).collect()
    }

    /// A person.
    fn user(&self, key: &str) -> Outcome<User> {
        let id = self.0.user_id(key)?;
        let values = self.0.schema().live().filter_map(|attribute| {
            let value = self.0.value(id, attribute.id)?;
            Some((attribute.key.clone(), plain(&self.0, attribute, &value)))
        });
        let sites = self.0.sites().zip(0..).filter_map(|(site, index)| {
            Some((site.key.clone(), self.0.membership(id, SiteId(index))?.name()))
        });
        Ok(User {
            key: self.0.user_key(id).to_owned(),
            status: self.0.status(id).map_or("", matricula::Status::name),
            created: When(self.0.created(id).unwrap_or(Instant::EPOCH)),
            values: Dict(values.collect()),
            sites: Dict(sites.collect()),
        })
    }

    /// The keys of a segment's members, in the order in which people were created.
    fn members(&self, segment: &str) -> Outcome<Vec<&str>> {
        let members = self.0.members(segment)?;
        Ok(members.iter().map(|row| self.0.user_key(UserId(row))).collect())
    }

    /// How many members a segment has.
    fn member_count(&self, segment: &str) -> Outcome<usize> {
        Ok(self.0.members(segment)?.len())
    }

    /// Whether a person is a member of a segment.
    fn is_member(&self, user: &str, segment: &str) -> Outcome<bool> {
        Ok(self.0.is_member(user, segment)?)
    }

    /// Who is in or out of a segment by hand, in the order in which people were created.
    fn exceptions(&self, segment: &str) -> Outcome<Vec<SegmentException>> {
        let segment = self.0.segment_id(segment)?;
        let mut found: Vec<(u32, Exception)> = Vec::new();
        for exception in [Exception::Pinned, Exception::Banned] {
            found.extend(self.0.exceptions_of(segment, exception).iter().map(|row| (row, exception)));
        }
        found.sort_unstable();
        let named = |(row, exception): (u32, Exception)| SegmentException {
            user: self.0.user_key(UserId(row)).to_owned(),
            exception: exception.name(),
        };
        Ok(found.into_iter().map(named).collect())
    }

    /// When a person last completed a course, in UTC; `None` if never.
    fn completed(&self, user: &str, course: &str) -> Outcome<Option<When>> {
        let (user, course) = (self.0.user_id(user)?, self.0.course_id(course)?);
        Ok(self.0.completed(user, course).map(When))
    }

    /// A person's score in a course, from 0 to 1; `None` without one.
    fn score(&self, user: &str, course: &str) -> Outcome<Option<Exact>> {
        let (user, course) = (self.0.user_id(user)?, self.0.course_id(course)?);
        Ok(self.0.score(user, course).map(Exact))
    }

    /// What a rule would select, before it is saved.
    #[pyo3(signature = (rule=None, *, rule_tree=None, builder=None, site=None, segment=None, at=None))]
    #[expect(clippy::too_many_arguments, reason = "in Python most of them are keywords")]
    fn preview_rule(
        &self,
        py: Python<'_>,
        rule: Option<String>,
        rule_tree: Option<&Bound<'_, PyAny>>,
        builder: Option<&Bound<'_, PyAny>>,
        site: Option<&str>,
        segment: Option<&str>,
        at: Option<&Bound<'_, PyAny>>,
    ) -> Outcome<RulePreview> {
        let source = rule::source(rule, rule_tree, builder)?;
        let at = at.map(|at| instant("at", at)).transpose()?;
        Ok(py.detach(|| RulePreview::new(&self.0, source.as_ref(), site, segment, at))?)
    }

    /// What is strange about the rule of a segment.
    fn lints(&self, py: Python<'_>, segment: &str) -> Outcome<Vec<Lint>> {
        Ok(py.detach(|| rule::lints(&self.0, segment))?)
    }

    /// The rule of a segment as a query of a rule builder; `None` where members are put in by hand.
    fn rule_builder<'py>(&self, py: Python<'py>, segment: &str) -> Outcome<Option<Bound<'py, PyAny>>> {
        let query = self.0.rule_builder(segment)?;
        Ok(query.map(|query| json::loads(py, &query)).transpose()?)
    }

    /// The rule of a segment as the typed tree; `None` where members are put in by hand.
    fn rule_tree<'py>(&self, py: Python<'py>, segment: &str) -> Outcome<Option<Bound<'py, PyAny>>> {
        let segment = self.0.segment(self.0.segment_id(segment)?);
        let Some(rule) = segment.and_then(|segment| segment.rule.as_ref()) else { return Ok(None) };
        let tree = serde_json::to_string(rule).map_err(|error| json::unwritable(&error))?;
        Ok(Some(json::loads(py, &tree)?))
    }

    /// A query for the ids of a segment's members.
    #[pyo3(signature = (segment, dialect, at=None))]
    fn segment_sql(&self, segment: &str, dialect: &str, at: Option<&Bound<'_, PyAny>>) -> Outcome<Sql> {
        let at = at.map(|at| instant("at", at)).transpose()?;
        Ok(rule::sql(&self.0, segment, dialect, at)?)
    }

    /// The enrolments of a person, or in a course, or of a person in a course.
    #[pyo3(signature = (*, user=None, course=None))]
    fn enrolments(&self, user: Option<&str>, course: Option<&str>) -> Outcome<Vec<Enrolment>> {
        let user = user.map(|user| self.0.user_id(user)).transpose()?;
        let course = course.map(|course| self.0.course_id(course)).transpose()?;
        let enrolment = |enrolment| self.enrolment(enrolment);
        Ok(match (user, course) {
            (Some(user), Some(course)) => self.0.enrolment(user, course).map(enrolment).into_iter().collect(),
            (Some(user), None) => self.0.enrolments_of(user).map(enrolment).collect(),
            (None, Some(course)) => self.0.enrolments_in(course).map(enrolment).collect(),
            (None, None) => {
                let message = "enrolments() needs `user`, `course` or both";
                return Err(PyTypeError::new_err(message).into());
            }
        })
    }

    /// What would have to happen to enrolments for them to be as the rules want them.
    fn plan(&self, py: Python<'_>) -> Vec<Step> {
        py.detach(|| planned(&self.0))
    }

    /// Why a person is, or is not, in a segment.
    fn explain_membership(&self, user: &str, segment: &str) -> Outcome<MembershipExplanation> {
        Ok(self.0.explain_membership(user, segment).map(MembershipExplanation)?)
    }

    /// Why a person is, or is not, enrolled in a course.
    fn explain_enrolment(&self, user: &str, course: &str) -> Outcome<EnrolmentExplanation> {
        Ok(self.0.explain_enrolment(user, course).map(EnrolmentExplanation)?)
    }

    fn __repr__(&self) -> String {
        let (revision, users) = (self.0.revision(), self.0.user_count());
        format!("<Snapshot of revision {revision}: {users} users, {} enrolments>", self.0.enrolment_count())
    }
}
