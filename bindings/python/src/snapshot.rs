//! The registry at a revision, for reading: definitions, people, members, enrolments, explanations.

use matricula::{SiteId, UserId};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use crate::convert::{Dict, Plain, When, options, plain, record};
use crate::error::Outcome;

record! {
    /// A site: an instance with its own members, courses and calendar.
    Site {
        /// The key.
        key: String,
        /// The name for people.
        name: String,
        /// The name of the time zone whose calendar days count here.
        zone: String,
    }
}

record! {
    /// A typed field of a person's profile.
    Attribute {
        /// The key: `department` in `user.department`.
        key: String,
        /// The type.
        r#type: &'static str,
        /// The options of a choice; `None` of any other type.
        options: Option<Vec<String>>,
    }
}

record! {
    /// A course of a site.
    Course {
        /// The key.
        key: String,
        /// The name for people.
        name: String,
        /// The key of its site.
        site: String,
    }
}

record! {
    /// People selected by a rule.
    Segment {
        /// The key.
        key: String,
        /// The name for people.
        name: String,
        /// The key of the site among whose members it selects; `None` for those of any site.
        site: Option<String>,
        /// The rule, as text.
        rule: String,
        /// The rule in English.
        description: String,
    }
}

record! {
    /// Members of a segment are enrolled in courses.
    EnrolmentRule {
        /// The key.
        key: String,
        /// The name for people.
        name: String,
        /// The key of the segment.
        segment: String,
        /// The keys of the courses.
        courses: Vec<String>,
        /// What happens on leaving the segment.
        on_leave: &'static str,
        /// Whether it acts.
        enabled: bool,
    }
}

record! {
    /// A person.
    User {
        /// The key.
        key: String,
        /// The person's status.
        status: &'static str,
        /// The values that the person has, by attribute.
        values: Dict<Plain>,
        /// The statuses of the person's memberships, by site.
        sites: Dict<&'static str>,
    }
}

record! {
    /// One reason for an enrolment.
    Reason {
        /// The key of the enrolment rule, or `manual`.
        reason: String,
        /// Whether it is in force.
        state: &'static str,
        /// Since when it has been there, in UTC.
        since: When,
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
    ) => {
        $(#[doc = $doc])*
        #[pyclass(frozen, eq, module = "matricula")]
        #[derive(Clone, PartialEq, Eq)]
        pub(crate) struct $name(matricula::$name);

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
                dict(py, serde_json::to_string(&self.0))
            }

            fn __str__(&self) -> String {
                self.0.to_string()
            }

            fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
                crate::convert::repr(slf.as_any(), stringify!($name), &[$(stringify!($field),)*])
            }
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

/// JSON as Python values, in the order in which it was written.
fn dict<'py>(py: Python<'py>, json: serde_json::Result<String>) -> PyResult<Bound<'py, PyAny>> {
    let json = json.map_err(|error| PyTypeError::new_err(error.to_string()))?;
    py.import("json")?.call_method1("loads", (json,))
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
    fn site_key(&self, site: SiteId) -> String {
        self.0.site(site).map(|site| site.key.clone()).unwrap_or_default()
    }

    fn enrolment(&self, enrolment: matricula::Enrolment) -> Enrolment {
        let reasons = enrolment.reasons.iter().map(|held| Reason {
            reason: self.0.reason_key(held.reason).to_owned(),
            state: held.state.name(),
            since: When(held.since),
        });
        Enrolment {
            user: self.0.user_key(enrolment.user).to_owned(),
            course: self.0.course(enrolment.course).map(|course| course.key.clone()).unwrap_or_default(),
            status: enrolment.status.name(),
            since: When(enrolment.since),
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
        let site = |site: &matricula::Site| Site {
            key: site.key.clone(),
            name: site.name.clone(),
            zone: site.zone.name().to_owned(),
        };
        self.0.sites().map(site).collect()
    }

    /// The attributes, in order of definition.
    #[getter]
    fn attributes(&self) -> Vec<Attribute> {
        let attribute = |attribute: &matricula::rule::Attribute| Attribute {
            key: attribute.key.clone(),
            r#type: attribute.kind.name(),
            options: options(&attribute.kind),
        };
        self.0.schema().attributes().iter().map(attribute).collect()
    }

    /// The courses, in order of definition.
    #[getter]
    fn courses(&self) -> Vec<Course> {
        let course = |course: &matricula::Course| Course {
            key: course.key.clone(),
            name: course.name.clone(),
            site: self.site_key(course.site),
        };
        self.0.courses().map(course).collect()
    }

    /// The segments, in order of definition.
    #[getter]
    fn segments(&self) -> Vec<Segment> {
        let segment = |segment: &matricula::Segment| Segment {
            key: segment.key.clone(),
            name: segment.name.clone(),
            site: segment.site.map(|site| self.site_key(site)),
            rule: matricula::rule::print(&segment.rule, self.0.schema()),
            description: matricula::rule::describe(&segment.rule, self.0.schema()),
        };
        self.0.segments().map(segment).collect()
    }

    /// The enrolment rules, in order of definition.
    #[getter]
    fn enrolment_rules(&self) -> Vec<EnrolmentRule> {
        let rule = |rule: &matricula::EnrolmentRule| EnrolmentRule {
            key: rule.key.clone(),
            name: rule.name.clone(),
            segment: self.0.segment(rule.segment).map(|segment| segment.key.clone()).unwrap_or_default(),
            courses: rule
                .courses
                .iter()
                .filter_map(|course| Some(self.0.course(*course)?.key.clone()))
                .collect(),
            on_leave: rule.on_leave.name(),
            enabled: rule.enabled,
        };
        self.0.enrolment_rules().map(rule).collect()
    }

    /// A person.
    fn user(&self, key: &str) -> Outcome<User> {
        let id = self.0.user_id(key)?;
        let values = self.0.schema().attributes().iter().filter_map(|attribute| {
            let value = self.0.value(id, attribute.id)?;
            Some((attribute.key.clone(), plain(attribute, value)))
        });
        let sites = self.0.sites().zip(0..).filter_map(|(site, index)| {
            Some((site.key.clone(), self.0.membership(id, SiteId(index))?.name()))
        });
        Ok(User {
            key: self.0.user_key(id).to_owned(),
            status: self.0.status(id).map_or("", matricula::Status::name),
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
