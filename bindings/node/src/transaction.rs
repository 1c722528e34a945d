//! A set of changes, of the host or of a person, until it is committed or given up. While work on it runs on the thread pool, nothing else
//! can be done to it: the JavaScript thread is told so instead of being made to wait.

use std::sync::{Arc, Mutex};

use matricula::{
    BulkEnrolment, CategoryDefinition, Change, CourseDefinition, Deletable, Exception, GrantId, Input,
    Override, Revision, SiteDefinition, time_zone,
};
use napi::Result;
use napi::bindgen_prelude::{AsyncTask, Either, Uint8Array};
use napi_derive::napi;

use crate::access::{CapabilityArguments, EffectArguments, GrantArguments, RoleArguments, at};
use crate::convert::{millis, number, whole};
use crate::definitions::{
    AttributeArguments, EnrolmentRuleArguments, RecordArguments, SegmentArguments, define_attribute, guard,
};
use crate::delta::{Delta, Preview};
use crate::due::{Due, due};
use crate::error::{Answer, Code, Problem, thrown};
use crate::import::{Feed, How, ImportArguments, ImportReport, ProgressFunction, teller};
use crate::job::Job;
use crate::registry::Handle;
use crate::snapshot::Snapshot;
use crate::state::{Lease, State, Work, lease, lock};
use crate::value::{Update, about_days};

/// A set of changes to a registry.
#[napi]
pub struct Transaction {
    registry: Handle,
    state: Arc<Mutex<State>>,
}

impl Transaction {
    pub(crate) fn new(registry: Handle, work: Work) -> Self {
        Self { registry, state: Arc::new(Mutex::new(State::Open(Box::new(work)))) }
    }

    /// Works on the transaction at once.
    fn with<T>(&self, work: impl FnOnce(&mut Work) -> Answer<T>) -> Result<T, Code> {
        self.lease()?.borrow(work).map_err(thrown)
    }

    /// Takes the transaction, for a while or for good.
    fn lease(&self) -> Result<Lease, Code> {
        self.registry.get().map_err(thrown)?;
        lease(&self.state)
    }
}

#[napi]
impl Transaction {
    /// The instant at which the changes take effect, in milliseconds.
    #[napi(catch_unwind)]
    pub fn at(&self) -> Result<f64, Code> {
        self.with(|transaction| Ok(millis(transaction.at())))
    }

    /// Defines a site.
    #[napi(catch_unwind)]
    pub fn define_site(&self, key: String, name: Option<String>, zone: Option<String>) -> Result<(), Code> {
        self.with(|transaction| {
            let zone = zone.as_deref().map(time_zone).transpose()?;
            transaction.apply(SiteDefinition { key, name, zone })
        })
    }

    /// Defines an attribute.
    #[napi(catch_unwind)]
    pub fn define_attribute(&self, attribute: AttributeArguments) -> Result<(), Code> {
        self.with(|transaction| define_attribute(transaction, attribute.into_definition()?))
    }

    /// Defines a course.
    #[napi(catch_unwind)]
    pub fn define_course(
        &self,
        key: String,
        name: Option<String>,
        site: Option<String>,
        category: Option<String>,
    ) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(CourseDefinition { key, name, site, category }))
    }

    /// Defines a category of courses.
    #[napi(catch_unwind)]
    pub fn define_category(
        &self,
        key: String,
        name: Option<String>,
        site: Option<String>,
        parent: Option<String>,
    ) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(CategoryDefinition { key, name, site, parent }))
    }

    /// Registers a capability of the host's own.
    #[napi(catch_unwind)]
    pub fn define_capability(&self, capability: CapabilityArguments) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(capability.into_definition()?))
    }

    /// Defines a role.
    #[napi(catch_unwind)]
    pub fn define_role(&self, role: RoleArguments) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(role.into_definition()))
    }

    /// Says what a role gives otherwise at a place.
    #[napi(catch_unwind)]
    pub fn override_role(
        &self,
        role: String,
        effects: EffectArguments,
        place: u32,
        key: String,
    ) -> Result<(), Code> {
        let scope = at(place, &key, "").scope_key();
        self.with(|transaction| transaction.apply(Override { role, scope, effects: effects.into_effects() }))
    }

    /// Locks a place, or unlocks it.
    #[napi(catch_unwind)]
    pub fn lock(&self, locked: bool, place: u32, key: String) -> Result<(), Code> {
        let scope = at(place, &key, "").scope_key();
        self.with(|transaction| transaction.apply(Change::Lock { scope, locked }))
    }

    /// Gives a role to a person or a segment.
    #[napi(catch_unwind)]
    pub fn grant(&self, grant: GrantArguments) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(grant.into_definition()?))
    }

    /// Takes a grant away.
    #[napi(catch_unwind)]
    pub fn revoke(&self, grant: f64) -> Result<(), Code> {
        self.with(|transaction| {
            // No grant has the greatest number.
            let number = u32::try_from(whole("grant", grant)?).unwrap_or(u32::MAX);
            transaction.apply(Change::Revoke(GrantId(number)))
        })
    }

    /// Deletes a role.
    #[napi(catch_unwind)]
    pub fn delete_role(&self, key: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::Delete(Deletable::Role, key)))
    }

    /// Defines a segment.
    #[napi(catch_unwind)]
    pub fn define_segment(&self, segment: SegmentArguments) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(segment.into_definition()?))
    }

    /// Defines an enrolment rule.
    #[napi(catch_unwind)]
    pub fn define_enrolment_rule(&self, rule: EnrolmentRuleArguments) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(rule.into_definition()?))
    }

    /// Creates or updates a person.
    #[napi(catch_unwind)]
    pub fn update_user(&self, update: Update) -> Result<(), Code> {
        self.with(|transaction| {
            let update = update.into_update()?;
            let given = update.values.iter();
            let instants = given.filter(|(_, value)| matches!(value, Some(Input::Timestamp(_))));
            let instants: Vec<Arc<str>> = instants.map(|(key, _)| key.clone()).collect();
            let done = transaction.apply(update);
            done.map_err(|error| about_days(error, instants.iter().map(|key| &**key)))
        })
    }

    /// Says from where on what a commit ends has to be confirmed.
    #[napi(catch_unwind)]
    pub fn define_guard(
        &self,
        percent: Option<f64>,
        count: Option<f64>,
        enabled: Option<bool>,
    ) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(guard(percent, count, enabled)?))
    }

    /// Puts a person into a segment by hand.
    #[napi(catch_unwind)]
    pub fn pin(&self, segment: String, user: String) -> Result<(), Code> {
        self.with(|transaction| {
            transaction.apply(Change::Exception { segment, user, exception: Some(Exception::Pinned) })
        })
    }

    /// Keeps a person out of a segment by hand.
    #[napi(catch_unwind)]
    pub fn ban(&self, segment: String, user: String) -> Result<(), Code> {
        self.with(|transaction| {
            transaction.apply(Change::Exception { segment, user, exception: Some(Exception::Banned) })
        })
    }

    /// Takes back what was decided by hand.
    #[napi(catch_unwind)]
    pub fn release(&self, segment: String, user: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::Exception { segment, user, exception: None }))
    }

    /// Records what a person did in a course.
    #[napi(catch_unwind)]
    pub fn record(&self, record: RecordArguments) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(record.into_update()?))
    }

    /// Enrols a person by hand.
    #[napi(catch_unwind)]
    pub fn enrol(&self, user: String, course: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::Enrol { user, course }))
    }

    /// Takes back an enrolment by hand.
    #[napi(catch_unwind)]
    pub fn unenrol(&self, user: String, course: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::Unenrol { user, course }))
    }

    /// Enrols the members of a segment once.
    #[napi(catch_unwind)]
    pub fn enrol_segment(
        &self,
        segment: String,
        courses: Vec<String>,
        #[napi(ts_arg_type = "number | string | null")] due: Option<Due>,
    ) -> Result<(), Code> {
        self.with(|transaction| {
            let enrolment = BulkEnrolment::of_segment(segment, courses);
            transaction.apply(BulkEnrolment { due: self::due(due)?, ..enrolment })
        })
    }

    /// Enrols people once.
    #[napi(catch_unwind)]
    pub fn enrol_users(
        &self,
        users: Vec<String>,
        courses: Vec<String>,
        #[napi(ts_arg_type = "number | string | null")] due: Option<Due>,
    ) -> Result<(), Code> {
        self.with(|transaction| {
            let enrolment = BulkEnrolment::of_users(users, courses);
            transaction.apply(BulkEnrolment { due: self::due(due)?, ..enrolment })
        })
    }

    /// Suspends an enrolment by hand.
    #[napi(catch_unwind)]
    pub fn suspend_enrolment(&self, user: String, course: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::SuspendEnrolment { user, course, suspended: true }))
    }

    /// Takes back a suspension by hand.
    #[napi(catch_unwind)]
    pub fn resume_enrolment(&self, user: String, course: String) -> Result<(), Code> {
        self.with(|transaction| {
            transaction.apply(Change::SuspendEnrolment { user, course, suspended: false })
        })
    }

    /// Deletes an enrolment rule.
    #[napi(catch_unwind)]
    pub fn delete_enrolment_rule(&self, key: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::Delete(Deletable::EnrolmentRule, key)))
    }

    /// Deletes a segment.
    #[napi(catch_unwind)]
    pub fn delete_segment(&self, key: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::Delete(Deletable::Segment, key)))
    }

    /// Deletes an attribute.
    #[napi(catch_unwind)]
    pub fn delete_attribute(&self, key: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::Delete(Deletable::Attribute, key)))
    }

    /// Archives a course.
    #[napi(catch_unwind)]
    pub fn archive_course(&self, key: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::Archive { course: key, archived: true }))
    }

    /// Restores a course.
    #[napi(catch_unwind)]
    pub fn restore_course(&self, key: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::Archive { course: key, archived: false }))
    }

    /// Closes a site.
    #[napi(catch_unwind)]
    pub fn close_site(&self, key: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::Close { site: key, closed: true }))
    }

    /// Reopens a site.
    #[napi(catch_unwind)]
    pub fn reopen_site(&self, key: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::Close { site: key, closed: false }))
    }

    /// Erases a person for good.
    #[napi(catch_unwind)]
    pub fn erase(&self, user: String) -> Result<(), Code> {
        self.with(|transaction| transaction.apply(Change::Erase { user }))
    }

    /// Undoes a commit, and gives what was left because it has been changed since.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<string>>")]
    pub fn revert(&self, revision: f64, how: String) -> Result<AsyncTask<Job<Vec<String>>>, Code> {
        let revision = whole("revision", revision).map(Revision).map_err(thrown)?;
        let how = how.parse().map_err(thrown)?;
        let lease = self.lease()?;
        Ok(Job::on_pool(move || lease.borrow(|transaction| transaction.host()?.revert(revision, how))))
    }

    /// The definitions and people as changed so far.
    #[napi(catch_unwind)]
    pub fn inputs(&self) -> Result<Snapshot, Code> {
        self.with(|transaction| Ok(transaction.host()?.inputs().into()))
    }

    /// What keeps the transaction from being committed as it is.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<Problem>>")]
    pub fn problems(&self) -> Result<AsyncTask<Job<Vec<Problem>>>, Code> {
        let lease = self.lease()?;
        Ok(Job::on_pool(move || {
            lease.borrow(|transaction| Ok(transaction.host()?.problems().iter().map(Problem::from).collect()))
        }))
    }

    /// Imports people from a file or from bytes, which nobody may change until it is done.
    #[napi(catch_unwind, ts_return_type = "Promise<ImportReport>")]
    pub fn import_users(
        &self,
        source: Either<String, Uint8Array>,
        how: ImportArguments,
        #[napi(ts_arg_type = "((rows: number, bytes: number, totalBytes: number) => boolean) | null")]
        on_progress: Option<ProgressFunction<'_>>,
    ) -> Result<AsyncTask<Job<ImportReport>>, Code> {
        let feed = Feed(source);
        let how = How::try_from(how).map_err(thrown)?;
        let on_progress = on_progress.map(teller).transpose()?;
        let lease = self.lease()?;
        Ok(Job::on_pool(move || {
            lease.borrow(|transaction| {
                feed.import(transaction.host()?, &how, on_progress.as_ref()).map(ImportReport::from)
            })
        }))
    }

    /// What would happen on commit.
    #[napi(catch_unwind, ts_return_type = "Promise<Preview>")]
    pub fn preview(&self) -> Result<AsyncTask<Job<Preview>>, Code> {
        let lease = self.lease()?;
        Ok(Job::on_pool(move || lease.borrow(|transaction| transaction.host()?.preview().map(Preview::from))))
    }

    /// Records the changes; if a preview is given, only if what follows is what it said.
    #[napi(catch_unwind, ts_return_type = "Promise<Delta>")]
    pub fn commit(&self, expect: Option<&Preview>) -> Result<AsyncTask<Job<Delta>>, Code> {
        let expected = expect.map(Preview::expected);
        let lease = self.lease()?;
        Ok(Job::on_pool(move || {
            let delta = lease.consume(|transaction| match expected {
                Some(preview) => transaction.of_host()?.commit_expecting(&preview),
                None => transaction.of_host()?.commit(),
            })?;
            Ok(delta.into())
        }))
    }

    /// Records what the guard holds, as somebody has confirmed it.
    #[napi(catch_unwind, ts_return_type = "Promise<Delta>")]
    pub fn confirm(&self, token: String) -> Result<AsyncTask<Job<Delta>>, Code> {
        let lease = self.lease()?;
        Ok(Job::on_pool(move || {
            Ok(lease.consume(|transaction| transaction.of_host()?.confirm(&token))?.into())
        }))
    }

    /// Of a person: fails if the changes cannot be committed as they are.
    #[napi(catch_unwind, ts_return_type = "Promise<void>")]
    pub fn check(&self) -> Result<AsyncTask<Job<()>>, Code> {
        let lease = self.lease()?;
        Ok(Job::on_pool(move || lease.borrow(|transaction| transaction.actor()?.check())))
    }

    /// Of a person: records the changes; the number of the commit.
    #[napi(catch_unwind, ts_return_type = "Promise<number>")]
    pub fn commit_of_actor(&self) -> Result<AsyncTask<Job<f64>>, Code> {
        let lease = self.lease()?;
        Ok(Job::on_pool(move || {
            let revision = lease.consume(|transaction| transaction.of_actor()?.commit())?;
            Ok(number(revision.0))
        }))
    }

    /// Whether it has neither been committed nor given up.
    #[napi(catch_unwind)]
    pub fn is_open(&self) -> bool {
        !matches!(*lock(&self.state), State::Closed)
    }

    /// Gives the changes up.
    #[napi(catch_unwind)]
    pub fn rollback(&self) -> Result<(), Code> {
        let lease = self.lease()?;
        lease.consume(|_| Ok(())).map_err(thrown)
    }

    /// Gives the changes up, if that has not been done and they have not been committed.
    #[napi(catch_unwind)]
    pub fn discard(&self) {
        *lock(&self.state) = State::Closed;
    }
}
