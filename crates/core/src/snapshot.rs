//! The registry at a revision, for reading: people, memberships, enrolments. It never changes, costs one
//! pointer to copy, and is read without a lock while others commit. Not here: why somebody is a member
//! (`explain`).

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use matricula_rule::{AttributeId, Decimal, Fact, Field, Named, Names, Person, RoleId, Schema, Value};

use crate::access::ByData;
use crate::draft::find;
use crate::model::position;
use crate::state::State;
use crate::{
    Author, Bytes, CapabilityId, CategoryId, Course, CourseId, Enrolment, EnrolmentRule, EnrolmentRuleId,
    Error, ErrorKind, Exception, Guard, Instant, LEARNER, Reason, Revision, RowSet, Segment, SegmentId, Site,
    SiteId, Status, UserId,
};

/// The registry at a revision. [`Snapshot::default`] is the empty one.
#[derive(Clone, Debug, Default)]
pub struct Snapshot(pub(crate) Arc<State>);

impl Snapshot {
    /// The revision; 0 for the empty registry.
    pub fn revision(&self) -> Revision {
        self.0.revision
    }

    /// The instant of the last commit.
    pub fn clock(&self) -> Option<Instant> {
        self.0.clock
    }

    /// The next instant at which time alone changes anything: the first at which [`Draft::new`](crate::Draft::new)
    /// finds something to do. `None` if it never does, as things are.
    pub fn next_change_at(&self) -> Option<Instant> {
        crate::clock::next_change(&self.0)
    }

    /// From where on what a commit ends has to be confirmed.
    pub fn guard(&self) -> Guard {
        self.0.watch.guard
    }

    /// Who made a commit: the name of the host, or the key of the person.
    pub fn author_name<'a>(&'a self, author: &'a Author) -> &'a str {
        match author {
            Author::Host(name) => name,
            Author::Actor(user) => self.user_key(*user),
        }
    }

    /// The attributes.
    pub fn schema(&self) -> &Schema {
        &self.0.schema
    }

    /// The sites, the primary one first.
    pub fn sites(&self) -> impl ExactSizeIterator<Item = &Site> {
        self.0.sites.values()
    }

    /// The courses, in order of definition.
    pub fn courses(&self) -> impl ExactSizeIterator<Item = &Course> {
        self.0.courses.values()
    }

    /// The segments, in order of definition.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.0.segments.values().filter(|segment| !segment.deleted)
    }

    /// The enrolment rules, in order of definition.
    pub fn enrolment_rules(&self) -> impl Iterator<Item = &EnrolmentRule> {
        self.0.rules.values().filter(|rule| !rule.deleted)
    }

    /// All segments that there ever were with their ids, also those that were deleted.
    pub fn segments_ever(&self) -> impl Iterator<Item = (SegmentId, &Segment)> {
        (0..).map(SegmentId).zip(self.0.segments.values())
    }

    /// All enrolment rules that there ever were with their ids, also those that were deleted.
    pub fn enrolment_rules_ever(&self) -> impl Iterator<Item = (EnrolmentRuleId, &EnrolmentRule)> {
        (0..).map(EnrolmentRuleId).zip(self.0.rules.values())
    }

    /// A site by id.
    pub fn site(&self, id: SiteId) -> Option<&Site> {
        self.0.sites.get_index(id.index()).map(|(_, site)| site)
    }

    /// A course by id.
    pub fn course(&self, id: CourseId) -> Option<&Course> {
        self.0.course(id)
    }

    /// A segment by id, also one that was deleted.
    pub fn segment(&self, id: SegmentId) -> Option<&Segment> {
        self.0.segment(id)
    }

    /// An enrolment rule by id, also one that was deleted, which can still be the reason of an enrolment.
    pub fn enrolment_rule(&self, id: EnrolmentRuleId) -> Option<&EnrolmentRule> {
        self.0.rule(id)
    }

    /// The id of a course.
    ///
    /// # Errors
    /// `unknown_course`, with the nearest key.
    pub fn course_id(&self, key: &str) -> Result<CourseId, Error> {
        find(&self.0.courses, key, ErrorKind::UnknownCourse, "course").map(CourseId::at)
    }

    /// The id of a site.
    ///
    /// # Errors
    /// `unknown_site`, with the nearest key.
    pub fn site_id(&self, key: &str) -> Result<SiteId, Error> {
        find(&self.0.sites, key, ErrorKind::UnknownSite, "site").map(SiteId::at)
    }

    /// The id of a category.
    ///
    /// # Errors
    /// `unknown_category`, with the nearest key.
    pub fn category_id(&self, key: &str) -> Result<CategoryId, Error> {
        find(&self.0.access.categories, key, ErrorKind::UnknownCategory, "category").map(CategoryId::at)
    }

    /// The site of a key, if there is one. Unlike [`Snapshot::site_id`] it looks for no other that may have been meant, and
    /// neither do those beside it: questions about permissions come with keys that strangers give.
    pub fn find_site(&self, key: &str) -> Option<SiteId> {
        position(&self.0.sites, &matricula_rule::normalise(key)).map(SiteId::at)
    }

    /// The category of a key, if there is one.
    pub fn find_category(&self, key: &str) -> Option<CategoryId> {
        position(&self.0.access.categories, &matricula_rule::normalise(key)).map(CategoryId::at)
    }

    /// The course of a key, if there is one.
    pub fn find_course(&self, key: &str) -> Option<CourseId> {
        position(&self.0.courses, &matricula_rule::normalise(key)).map(CourseId::at)
    }

    /// The capability of a name, if there is one.
    pub fn find_capability(&self, name: &str) -> Option<CapabilityId> {
        self.0.find_capability(name)
    }

    /// The id of a role.
    ///
    /// # Errors
    /// `unknown_role`, with the nearest key.
    pub fn role_id(&self, key: &str) -> Result<RoleId, Error> {
        find(&self.0.access.roles, key, ErrorKind::UnknownRole, "role")
            .map(|place| RoleId(u32::try_from(place).unwrap_or(u32::MAX)))
    }

    /// The id of a segment.
    ///
    /// # Errors
    /// `unknown_segment`, with the nearest key.
    pub fn segment_id(&self, key: &str) -> Result<SegmentId, Error> {
        find(&self.0.segments, key, ErrorKind::UnknownSegment, "segment").map(SegmentId::at)
    }

    /// How many people there are.
    pub fn user_count(&self) -> usize {
        self.0.users.count() as usize
    }

    /// All people, in order of creation.
    pub fn users(&self) -> impl Iterator<Item = UserId> {
        (0..self.0.users.count()).map(UserId)
    }

    /// The id of a person, if there is one of this key.
    pub fn find_user(&self, key: &str) -> Option<UserId> {
        self.0.users.find(&matricula_rule::normalise(key))
    }

    /// The id of a person.
    ///
    /// # Errors
    /// `unknown_user`.
    pub fn user_id(&self, key: &str) -> Result<UserId, Error> {
        Self::user_in(&self.0, key)
    }

    pub(crate) fn user_in(state: &State, key: &str) -> Result<UserId, Error> {
        state.users.find(&matricula_rule::normalise(key)).ok_or_else(|| {
            Error::new(ErrorKind::UnknownUser, format!("unknown user `{}`", crate::error::shown(key)))
        })
    }

    /// The key of a person; empty for an id that nobody has.
    pub fn user_key(&self, user: UserId) -> &str {
        self.0.users.key(user).map_or("", |key| key)
    }

    /// A person's status.
    pub fn status(&self, user: UserId) -> Option<Status> {
        self.0.users.status(user)
    }

    /// A person's membership of a site.
    pub fn membership(&self, user: UserId, site: SiteId) -> Option<Status> {
        self.0.users.membership(user, site)
    }

    /// A person's value of an attribute.
    pub fn value(&self, user: UserId, attribute: AttributeId) -> Option<Value> {
        self.0.users.value(user, attribute)
    }

    /// When a person was created.
    pub fn created(&self, user: UserId) -> Option<Instant> {
        self.0.users.created(user)
    }

    /// When a person last completed a course.
    pub fn completed(&self, user: UserId, course: CourseId) -> Option<Instant> {
        match self.0.users.field(user, Field::Completed(course))? {
            Value::Timestamp(at) => Instant::try_from(at).ok(),
            _ => None,
        }
    }

    /// A person's score in a course, from 0 to 1.
    pub fn score(&self, user: UserId, course: CourseId) -> Option<Decimal> {
        match self.0.users.field(user, Field::Score(course))? {
            Value::Decimal(score) => Some(score),
            _ => None,
        }
    }

    /// What was decided by hand about a person and a segment.
    pub fn exception(&self, segment: SegmentId, user: UserId) -> Option<Exception> {
        self.0.exception(segment, user)
    }

    /// The people about whom something was decided by hand, as rows: the numbers of [`UserId`]s.
    pub fn exceptions_of(&self, segment: SegmentId, exception: Exception) -> RowSet {
        let hand = self.0.hand(segment);
        hand.map(|hand| match exception {
            Exception::Pinned => RowSet::clone(&hand.pinned),
            Exception::Banned => RowSet::clone(&hand.banned),
        })
        .unwrap_or_default()
    }

    /// Who was in a segment when it was paused; nobody unless it is.
    pub fn frozen_in(&self, segment: SegmentId) -> RowSet {
        self.0.hand(segment).map(|hand| RowSet::clone(&hand.frozen)).unwrap_or_default()
    }

    /// The members of a segment, as rows: the numbers of [`UserId`]s.
    pub fn members_of(&self, segment: SegmentId) -> RowSet {
        self.0.members((segment, None))
    }

    /// The members of a segment.
    ///
    /// # Errors
    /// `unknown_segment`.
    pub fn members(&self, segment: &str) -> Result<RowSet, Error> {
        Ok(self.members_of(self.segment_id(segment)?))
    }

    /// How many members a segment has.
    ///
    /// # Errors
    /// `unknown_segment`.
    pub fn member_count(&self, segment: &str) -> Result<usize, Error> {
        let slot = self.0.slots.get_index_of(&(self.segment_id(segment)?, None));
        Ok(slot.map_or(0, |slot| self.0.members.len(slot)))
    }

    /// Whether a person is a member of a segment.
    ///
    /// # Errors
    /// `unknown_user`, `unknown_segment`.
    pub fn is_member(&self, user: &str, segment: &str) -> Result<bool, Error> {
        let segment = self.segment_id(segment)?;
        Ok(self.0.is_member((segment, None), self.user_id(user)?))
    }

    /// How many enrolments there are, suspended ones included.
    pub fn enrolment_count(&self) -> usize {
        self.0.enrolments.count()
    }

    /// A person's enrolments, in the order in which courses were defined.
    pub fn enrolments_of(&self, user: UserId) -> impl Iterator<Item = Enrolment> + '_ {
        self.0.enrolments.of_user(user)
    }

    /// The enrolments in a course, in the order in which people were created.
    pub fn enrolments_in(&self, course: CourseId) -> impl Iterator<Item = Enrolment> + '_ {
        let users: Vec<u32> = self.enrolled_in(course).iter().collect();
        users.into_iter().filter_map(move |user| self.0.enrolments.get(UserId(user), course))
    }

    /// Who is enrolled in a course, suspended or not, as rows: the numbers of [`UserId`]s.
    pub fn enrolled_in(&self, course: CourseId) -> RowSet {
        self.0.enrolments.courses().get(course.index())
    }

    /// How many enrolments in a course are in force, that is not suspended; known without looking at them.
    pub fn active_count_in(&self, course: CourseId) -> usize {
        self.0.enrolments.active_in(course)
    }

    /// How many people are active; with a site, active members of it. It looks at everybody's status.
    pub fn active_user_count(&self, site: Option<SiteId>) -> usize {
        self.0.users.count_active(site)
    }

    /// A person's enrolment in a course.
    pub fn enrolment(&self, user: UserId, course: CourseId) -> Option<Enrolment> {
        self.0.enrolments.get(user, course)
    }

    /// A reason by the key of its rule, or `manual` or `bulk`.
    pub fn reason_key(&self, reason: Reason) -> &str {
        match reason {
            Reason::Manual => "manual",
            Reason::Bulk => "bulk",
            Reason::Rule(rule) => self.0.rule(rule).map_or("", |rule| &rule.key),
        }
    }

    /// The key of the role that a reason enrols people as: the rule's, and `learner` by hand.
    pub fn role_of(&self, reason: Reason) -> &str {
        match reason {
            Reason::Manual | Reason::Bulk => LEARNER,
            Reason::Rule(rule) => self.0.rule(rule).map_or(LEARNER, |rule| &rule.role),
        }
    }

    /// A person as rules of a site see one, at an instant; registry-wide if no site is given.
    pub fn person(&self, user: UserId, site: Option<SiteId>, at: Instant) -> impl Person + '_ {
        self.0.person(user, site, at, None)
    }

    /// Whether everything that can be read from two snapshots is the same. It compares every person and is
    /// meant for tests and audits.
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.revision == other.0.revision
            && self.0.clock == other.0.clock
            && self.0.watch == other.0.watch
            && self.0.head == other.0.head
            && self.says_what(other)
    }

    /// Whether two snapshots say the same of everybody, however many commits each took and whenever they were. It
    /// compares every person and is meant for tests and audits.
    pub fn says_what(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.0, &other.0);
        ours.sites == theirs.sites
            && ours.watch.guard == theirs.watch.guard
            && ours.schema == theirs.schema
            && ours.courses == theirs.courses
            && ours.segments == theirs.segments
            && ours.rules == theirs.rules
            && ours.access.says_what(&theirs.access)
            && ours.users.count() == theirs.users.count()
            && ours.enrolments.count() == theirs.enrolments.count()
            && (0..ours.segments.len())
                .map(|segment| (SegmentId::at(segment), None))
                .chain(self.enrolment_rules().filter_map(|rule| ours.slot_of_rule(rule)))
                .all(|slot| ours.members(slot) == theirs.members(slot))
            && (0..ours.courses.len()).map(CourseId::at).all(|course| {
                self.enrolled_in(course) == other.enrolled_in(course)
                    && self.active_count_in(course) == other.active_count_in(course)
            })
            && (0..ours.segments.len()).map(SegmentId::at).all(|segment| {
                [Exception::Pinned, Exception::Banned].into_iter().all(|exception| {
                    self.exceptions_of(segment, exception) == other.exceptions_of(segment, exception)
                }) && self.frozen_in(segment) == other.frozen_in(segment)
            })
            && self.users().all(|user| self.same_user(other, user))
    }

    pub(crate) fn same_user(&self, other: &Self, user: UserId) -> bool {
        let sites = (0..self.0.sites.len()).map(SiteId::at);
        let mut attributes = self.schema().attributes().iter().map(|attribute| attribute.id);
        let mut courses = (0..self.0.courses.len()).map(CourseId::at);
        let fields = |snapshot: &Self, field| snapshot.0.users.field(user, field);
        let same = |field| fields(self, field) == fields(other, field);
        self.user_key(user) == other.user_key(user)
            && same(Field::AccountCreated)
            && courses.all(|course| same(Field::Completed(course)) && same(Field::Score(course)))
            && self.status(user) == other.status(user)
            && sites.into_iter().all(|site| self.membership(user, site) == other.membership(user, site))
            && attributes.all(|attribute| self.value(user, attribute) == other.value(user, attribute))
            && self.enrolments_of(user).eq(other.enrolments_of(user))
    }

    /// The memory that the snapshot holds, and the part that it does not share with another. Small parts that
    /// are the same at any size of company (definitions, the graph of rules) are left out.
    pub fn memory(&self, other: Option<&Self>) -> Bytes {
        self.0.bytes(other.map(|other| &*other.0))
    }
}

impl Names for Snapshot {
    fn schema(&self) -> &Schema {
        &self.0.schema
    }

    fn find(&self, what: Named, key: &str) -> Option<u32> {
        self.0.find(what, key)
    }

    fn key(&self, what: Named, id: u32) -> Option<Cow<'_, str>> {
        self.0.key(what, id)
    }

    fn keys(&self, what: Named) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        self.0.keys(what)
    }
}

/// A person as rules see one.
struct PersonAt<'a> {
    state: &'a State,
    user: UserId,
    today: NaiveDate,
    zone: Tz,
    /// If so asked, the person as if active everywhere.
    by_data: Option<&'a ByData<'a>>,
}

impl State {
    /// A person as rules of a site see one; if so asked as if the person and all memberships were active.
    pub(crate) fn person<'a>(
        &'a self,
        user: UserId,
        site: Option<SiteId>,
        at: Instant,
        by_data: Option<&'a ByData<'a>>,
    ) -> impl Person + 'a {
        let zone = self.zone(site);
        PersonAt { state: self, user, today: at.day(zone), zone, by_data }
    }
}

impl Person for PersonAt<'_> {
    fn value(&self, field: Field) -> Option<Value> {
        match field {
            Field::Due(course) => self.state.enrolments.due(self.user, course).map(Value::Date),
            _ => self.state.users.field(self.user, field),
        }
    }

    fn today(&self) -> NaiveDate {
        self.today
    }

    fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        Instant::start_of(day, self.zone).to_utc()
    }

    fn is(&self, fact: Fact) -> bool {
        match fact {
            Fact::Segment(segment) => match self.by_data {
                Some(by_data) => by_data.is_in(segment),
                None => self.state.is_member((segment, None), self.user),
            },
            Fact::Site(site) => match self.by_data {
                Some(_) => self.state.users.membership(self.user, site).is_some(),
                None => self.state.counts_in(self.user, site),
            },
            Fact::Enrolled(course) => !self.state.enrolments.records(self.user, course).is_empty(),
            Fact::Group(..) | Fact::Role(_) => false,
        }
    }

    fn reports_to(&self, attribute: AttributeId, user: UserId) -> bool {
        self.state.users.leads_to(attribute, self.user.0, user)
    }

    fn ignores_case(&self, attribute: AttributeId) -> bool {
        self.state.schema.get(attribute).is_some_and(|attribute| attribute.ignore_case)
    }
}
