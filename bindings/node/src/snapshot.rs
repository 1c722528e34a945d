//! The registry at a revision, for reading: people, memberships, enrolments, and why. Not here: definitions
//! (`definitions`), and what is asked about rules (`rule`).

use matricula::{Exception, Instant, SiteId, UserId};
use napi::Result;
use napi::bindgen_prelude::AsyncTask;
use napi_derive::napi;
use serde::Serialize;

use crate::convert::{Pair, millis, number};
use crate::delta::Steps;
use crate::error::{Answer, Code, thrown};
use crate::job::Job;
use crate::value::{ValuePair, output};

/// The registry at a revision.
#[napi]
#[derive(Clone)]
pub struct Snapshot {
    pub(crate) snapshot: matricula::Snapshot,
}

impl From<matricula::Snapshot> for Snapshot {
    fn from(snapshot: matricula::Snapshot) -> Self {
        Self { snapshot }
    }
}

/// From where on what a commit ends has to be confirmed.
#[napi(object, object_from_js = false)]
pub struct Guard {
    /// More than so many of a hundred.
    pub percent: f64,
    /// And more than so many.
    pub count: f64,
    /// Whether anything is held at all.
    pub enabled: bool,
}

/// A person.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct User {
    /// The key.
    pub key: String,
    /// The status.
    #[napi(ts_type = "import('./index.js').UserStatus")]
    pub status: &'static str,
    /// When the person was created, in milliseconds.
    pub created: Option<f64>,
    /// Values by attribute.
    pub values: Vec<ValuePair>,
    /// Statuses of memberships by site.
    pub sites: Vec<Pair>,
}

/// A person's enrolment in a course.
#[napi(object, object_from_js = false, use_nullable = true)]
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
    /// The day on which the person is to be done.
    pub due: Option<String>,
    /// Since when it has been suspended by hand, in milliseconds.
    pub suspended_by_hand: Option<f64>,
    /// What holds it.
    pub reasons: Vec<Reason>,
}

/// One reason of an enrolment.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Reason {
    /// The key of the enrolment rule, or `manual` or `bulk`.
    pub reason: String,
    /// The key of the role.
    pub role: String,
    /// How it stands behind the enrolment.
    #[napi(ts_type = "'in_force' | 'kept' | 'suspended'")]
    pub state: &'static str,
    /// Since when, in milliseconds.
    pub since: f64,
    /// The day on which the person is to be done, by this reason.
    pub due: Option<String>,
}

/// What was decided by hand about a person and a segment.
#[napi(object, object_from_js = false)]
pub struct SegmentException {
    /// The user's key.
    pub user: String,
    /// The decision.
    #[napi(ts_type = "'pinned' | 'banned'")]
    pub exception: &'static str,
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
    pub(crate) fn of(explanation: &(impl Serialize + ToString)) -> Result<Self, Code> {
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

    /// When time alone next changes anything, in milliseconds.
    #[napi(catch_unwind, ts_return_type = "Promise<number | null>")]
    pub fn next_change_at(&self) -> AsyncTask<Job<Option<f64>>> {
        let snapshot = self.snapshot.clone();
        Job::on_pool(move || Ok(snapshot.next_change_at().map(millis)))
    }

    /// From where on what a commit ends has to be confirmed.
    #[napi(catch_unwind)]
    pub fn guard(&self) -> Guard {
        let matricula::Guard { percent, count, enabled } = self.snapshot.guard();
        Guard { percent: percent.into(), count: number(count), enabled }
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

    /// The keys of all people, in order of creation.
    #[napi(catch_unwind)]
    pub fn users(&self) -> Vec<&str> {
        self.snapshot.users().map(|user| self.snapshot.user_key(user)).collect()
    }

    /// A person.
    #[napi(catch_unwind)]
    pub fn user(&self, key: String) -> Result<User, Code> {
        let id = self.snapshot.user_id(&key).map_err(thrown)?;
        let values = self.snapshot.schema().live().filter_map(|attribute| {
            let value = self.snapshot.value(id, attribute.id)?;
            let value = Some(output(&self.snapshot, attribute, &value));
            Some(ValuePair { key: attribute.key.clone(), value })
        });
        let sites = self.snapshot.sites().zip((0..).map(SiteId)).filter_map(|(site, number)| {
            let status = self.snapshot.membership(id, number)?.name().to_owned();
            Some(Pair { key: site.key.clone(), value: Some(status) })
        });
        Ok(User {
            key: self.snapshot.user_key(id).to_owned(),
            status: self.snapshot.status(id).map_or("", matricula::Status::name),
            created: self.snapshot.created(id).map(millis),
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

    /// Who is in or out of a segment by hand, in order of creation.
    #[napi(catch_unwind)]
    pub fn exceptions(&self, segment: String) -> Result<Vec<SegmentException>, Code> {
        let segment = self.snapshot.segment_id(&segment).map_err(thrown)?;
        let mut found: Vec<(u32, Exception)> = Vec::new();
        for exception in [Exception::Pinned, Exception::Banned] {
            found.extend(self.snapshot.exceptions_of(segment, exception).iter().map(|row| (row, exception)));
        }
        found.sort_unstable();
        let record = |(row, exception): (u32, Exception)| SegmentException {
            user: self.snapshot.user_key(UserId(row)).to_owned(),
            exception: exception.name(),
        };
        Ok(found.into_iter().map(record).collect())
    }

    /// When a person last completed a course, in milliseconds.
    #[napi(catch_unwind)]
    pub fn completed(&self, user: String, course: String) -> Result<Option<f64>, Code> {
        let user = self.snapshot.user_id(&user).map_err(thrown)?;
        let course = self.snapshot.course_id(&course).map_err(thrown)?;
        Ok(self.snapshot.completed(user, course).map(millis))
    }

    /// A person's score in a course, exactly.
    #[napi(catch_unwind)]
    pub fn score(&self, user: String, course: String) -> Result<Option<String>, Code> {
        let user = self.snapshot.user_id(&user).map_err(thrown)?;
        let course = self.snapshot.course_id(&course).map_err(thrown)?;
        Ok(self.snapshot.score(user, course).map(|score| score.to_string()))
    }

    /// The enrolments of a person, in a course, or both.
    #[napi(catch_unwind)]
    pub fn enrolments(&self, user: Option<String>, course: Option<String>) -> Result<Vec<Enrolment>, Code> {
        self.find_enrolments(user.as_deref(), course.as_deref()).map_err(thrown)
    }

    /// What would have to happen to enrolments for them to be as the rules want them.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<Steps>>")]
    pub fn plan(&self) -> AsyncTask<Job<Vec<Steps>>> {
        let snapshot = self.clone();
        Job::on_pool(move || Ok(snapshot.planned()))
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
    fn find_enrolments(&self, user: Option<&str>, course: Option<&str>) -> Answer<Vec<Enrolment>> {
        let user = user.map(|key| self.snapshot.user_id(key)).transpose()?;
        let course = course.map(|key| self.snapshot.course_id(key)).transpose()?;
        let found = |enrolment: matricula::Enrolment| Enrolment {
            user: self.snapshot.user_key(enrolment.user).to_owned(),
            course: self.course_key(enrolment.course),
            status: enrolment.status.name(),
            since: millis(enrolment.since),
            due: enrolment.due().map(|due| due.to_string()),
            suspended_by_hand: enrolment.suspended_by_hand.map(millis),
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

    fn planned(&self) -> Vec<Steps> {
        let at = millis(self.snapshot.clock().unwrap_or(Instant::EPOCH));
        let plan = self.snapshot.plan();
        let steps = plan.iter().map(|steps| Steps {
            at,
            action: steps.action.name(),
            users: steps.users.iter().map(|row| self.snapshot.user_key(UserId(row)).to_owned()).collect(),
            course: self.course_key(steps.course),
            reason: self.snapshot.reason_key(steps.reason).to_owned(),
            due: steps.due.map(|due| due.to_string()),
        });
        steps.collect()
    }

    fn reason(&self, held: &matricula::HeldReason) -> Reason {
        Reason {
            reason: self.snapshot.reason_key(held.reason).to_owned(),
            role: self.snapshot.role_of(held.reason).to_owned(),
            state: held.state.name(),
            since: millis(held.since),
            due: held.due.map(|due| due.to_string()),
        }
    }
}
