//! The registry at a revision, for reading.

use matricula::rule::{Kind, Value, describe, print};
use matricula::{SiteId, UserId};
use napi::Result;
use napi_derive::napi;
use serde::Serialize;

use crate::convert::{Pair, millis, number};
use crate::error::{Answer, Code, thrown};

/// The registry at a revision.
#[napi]
pub struct Snapshot {
    snapshot: matricula::Snapshot,
}

impl From<matricula::Snapshot> for Snapshot {
    fn from(snapshot: matricula::Snapshot) -> Self {
        Self { snapshot }
    }
}

/// A site.
#[napi(object, object_from_js = false)]
pub struct Site {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// The zone of its calendar.
    pub zone: &'static str,
}

/// An attribute.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Attribute {
    /// The key.
    pub key: String,
    /// The type.
    #[napi(js_name = "type", ts_type = "'text' | 'choice' | 'date'")]
    pub kind: &'static str,
    /// The options of a choice.
    pub options: Option<Vec<String>>,
}

/// A course.
#[napi(object, object_from_js = false)]
pub struct Course {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// The key of its site.
    pub site: String,
}

/// A segment.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Segment {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// The key of its site.
    pub site: Option<String>,
    /// The rule as text.
    pub rule: String,
    /// The rule in English.
    pub description: String,
}

/// An enrolment rule.
#[napi(object, object_from_js = false)]
pub struct EnrolmentRule {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// The key of the segment.
    pub segment: String,
    /// The keys of the courses.
    pub courses: Vec<String>,
    /// What happens on leaving.
    #[napi(ts_type = "'keep' | 'suspend' | 'unenrol'")]
    pub on_leave: &'static str,
    /// Whether it acts.
    pub enabled: bool,
}

/// A person.
#[napi(object, object_from_js = false)]
pub struct User {
    /// The key.
    pub key: String,
    /// The status.
    #[napi(ts_type = "'active' | 'suspended'")]
    pub status: &'static str,
    /// Values by attribute.
    pub values: Vec<Pair>,
    /// Statuses of memberships by site.
    pub sites: Vec<Pair>,
}

/// A person's enrolment in a course.
#[napi(object, object_from_js = false)]
pub struct Enrolment {
    /// The user's key.
    pub user: String,
    /// The course's key.
    pub course: String,
    /// Whether it is in force.
    #[napi(ts_type = "'active' | 'suspended'")]
    pub status: &'static str,
    /// Since when, in milliseconds.
    pub since: f64,
    /// What holds it.
    pub reasons: Vec<Reason>,
}

/// One reason of an enrolment.
#[napi(object, object_from_js = false)]
pub struct Reason {
    /// The key of the enrolment rule, or `manual`.
    pub reason: String,
    /// How it stands behind the enrolment.
    #[napi(ts_type = "'in_force' | 'kept' | 'suspended'")]
    pub state: &'static str,
    /// Since when, in milliseconds.
    pub since: f64,
}

/// Why something is so, or not.
#[napi(object, object_from_js = false)]
pub struct Explanation {
    /// In English.
    pub text: String,
    /// For programs, as JSON.
    pub json: String,
}

impl Explanation {
    fn of(explanation: &(impl Serialize + ToString)) -> Result<Self, Code> {
        let json = serde_json::to_string(explanation);
        let json = json.map_err(|error| napi::Error::new("GenericFailure", error.to_string()))?;
        Ok(Self { text: explanation.to_string(), json })
    }
}

#[napi]
impl Snapshot {
    /// The revision.
    #[napi(catch_unwind)]
    pub fn revision(&self) -> f64 {
        number(self.snapshot.revision().0)
    }

    /// The instant of the last commit, in milliseconds.
    #[napi(catch_unwind)]
    pub fn clock(&self) -> Option<f64> {
        self.snapshot.clock().map(millis)
    }

    /// How many people there are.
    #[napi(catch_unwind)]
    pub fn user_count(&self) -> f64 {
        number(self.snapshot.user_count())
    }

    /// How many enrolments there are.
    #[napi(catch_unwind)]
    pub fn enrolment_count(&self) -> f64 {
        number(self.snapshot.enrolment_count())
    }

    /// The sites, the primary one first.
    #[napi(catch_unwind)]
    pub fn sites(&self) -> Vec<Site> {
        let site = |site: &matricula::Site| Site {
            key: site.key.clone(),
            name: site.name.clone(),
            zone: site.zone.name(),
        };
        self.snapshot.sites().map(site).collect()
    }

    /// The attributes, in order of definition.
    #[napi(catch_unwind)]
    pub fn attributes(&self) -> Vec<Attribute> {
        let attributes = self.snapshot.schema().attributes().iter();
        let attribute = |attribute: &matricula::rule::Attribute| Attribute {
            key: attribute.key.clone(),
            kind: attribute.kind.name(),
            options: matches!(attribute.kind, Kind::Choice { .. })
                .then(|| attribute.option_keys().map(str::to_owned).collect()),
        };
        attributes.map(attribute).collect()
    }

    /// The courses, in order of definition.
    #[napi(catch_unwind)]
    pub fn courses(&self) -> Vec<Course> {
        let course = |course: &matricula::Course| Course {
            key: course.key.clone(),
            name: course.name.clone(),
            site: self.site_key(course.site),
        };
        self.snapshot.courses().map(course).collect()
    }

    /// The segments, in order of definition.
    #[napi(catch_unwind)]
    pub fn segments(&self) -> Vec<Segment> {
        let schema = self.snapshot.schema();
        let segment = |segment: &matricula::Segment| Segment {
            key: segment.key.clone(),
            name: segment.name.clone(),
            site: segment.site.map(|site| self.site_key(site)),
            rule: print(&segment.rule, schema),
            description: describe(&segment.rule, schema),
        };
        self.snapshot.segments().map(segment).collect()
    }

    /// The enrolment rules, in order of definition.
    #[napi(catch_unwind)]
    pub fn enrolment_rules(&self) -> Vec<EnrolmentRule> {
        let segment_key =
            |id| self.snapshot.segment(id).map(|segment| segment.key.clone()).unwrap_or_default();
        let rule = |rule: &matricula::EnrolmentRule| EnrolmentRule {
            key: rule.key.clone(),
            name: rule.name.clone(),
            segment: segment_key(rule.segment),
            courses: rule.courses.iter().map(|course| self.course_key(*course)).collect(),
            on_leave: rule.on_leave.name(),
            enabled: rule.enabled,
        };
        self.snapshot.enrolment_rules().map(rule).collect()
    }

    /// A person.
    #[napi(catch_unwind)]
    pub fn user(&self, key: String) -> Result<User, Code> {
        let id = self.snapshot.user_id(&key).map_err(thrown)?;
        let values = self.snapshot.schema().attributes().iter().filter_map(|attribute| {
            let value = match self.snapshot.value(id, attribute.id)? {
                Value::Text(text) => text.into(),
                Value::Choice(option) => attribute.option_key(option).unwrap_or_default().to_owned(),
                Value::Date(date) => date.to_string(),
            };
            Some(Pair { key: attribute.key.clone(), value: Some(value) })
        });
        let sites = self.snapshot.sites().zip((0..).map(SiteId)).filter_map(|(site, number)| {
            let status = self.snapshot.membership(id, number)?.name().to_owned();
            Some(Pair { key: site.key.clone(), value: Some(status) })
        });
        Ok(User {
            key: self.snapshot.user_key(id).to_owned(),
            status: self.snapshot.status(id).map_or("", matricula::Status::name),
            values: values.collect(),
            sites: sites.collect(),
        })
    }

    /// The keys of the members of a segment, in order of creation.
    #[napi(catch_unwind)]
    pub fn members(&self, segment: String) -> Result<Vec<&str>, Code> {
        let members = self.snapshot.members(&segment).map_err(thrown)?;
        Ok(members.iter().map(|row| self.snapshot.user_key(UserId(row))).collect())
    }

    /// How many members a segment has.
    #[napi(catch_unwind)]
    pub fn member_count(&self, segment: String) -> Result<f64, Code> {
        Ok(number(self.snapshot.members(&segment).map_err(thrown)?.len()))
    }

    /// Whether a person is a member of a segment.
    #[napi(catch_unwind)]
    pub fn is_member(&self, user: String, segment: String) -> Result<bool, Code> {
        self.snapshot.is_member(&user, &segment).map_err(thrown)
    }

    /// The enrolments of a person, in a course, or both.
    #[napi(catch_unwind)]
    pub fn enrolments(&self, user: Option<String>, course: Option<String>) -> Result<Vec<Enrolment>, Code> {
        self.find_enrolments(user.as_deref(), course.as_deref()).map_err(thrown)
    }

    /// Why a person is, or is not, in a segment.
    #[napi(catch_unwind)]
    pub fn explain_membership(&self, user: String, segment: String) -> Result<Explanation, Code> {
        Explanation::of(&self.snapshot.explain_membership(&user, &segment).map_err(thrown)?)
    }

    /// Why a person is, or is not, enrolled in a course.
    #[napi(catch_unwind)]
    pub fn explain_enrolment(&self, user: String, course: String) -> Result<Explanation, Code> {
        Explanation::of(&self.snapshot.explain_enrolment(&user, &course).map_err(thrown)?)
    }
}

impl Snapshot {
    fn site_key(&self, id: SiteId) -> String {
        self.snapshot.site(id).map(|site| site.key.clone()).unwrap_or_default()
    }

    fn course_key(&self, id: matricula::CourseId) -> String {
        self.snapshot.course(id).map(|course| course.key.clone()).unwrap_or_default()
    }

    fn find_enrolments(&self, user: Option<&str>, course: Option<&str>) -> Answer<Vec<Enrolment>> {
        let user = user.map(|key| self.snapshot.user_id(key)).transpose()?;
        let course = course.map(|key| self.snapshot.course_id(key)).transpose()?;
        let found = |enrolment: matricula::Enrolment| Enrolment {
            user: self.snapshot.user_key(enrolment.user).to_owned(),
            course: self.course_key(enrolment.course),
            status: enrolment.status.name(),
            since: millis(enrolment.since),
            reasons: enrolment.reasons.iter().map(|held| self.reason(held)).collect(),
        };
        Ok(match (user, course) {
            (Some(user), Some(course)) => {
                self.snapshot.enrolment(user, course).into_iter().map(found).collect()
            }
            (Some(user), None) => self.snapshot.enrolments_of(user).map(found).collect(),
            (None, Some(course)) => self.snapshot.enrolments_in(course).map(found).collect(),
            (None, None) => Vec::new(),
        })
    }

    fn reason(&self, held: &matricula::HeldReason) -> Reason {
        Reason {
            reason: self.snapshot.reason_key(held.reason).to_owned(),
            state: held.state.name(),
            since: millis(held.since),
        }
    }
}
