//! A snapshot put together from the records that a store keeps of the current state. Not here: reading them.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use matricula_rule::{Attribute, AttributeId, CourseId, Decimal, Value, validate_saved};

use crate::enrolment::Builder;
use crate::intersections::{Moved, follow_intersections};
use crate::isolation::{check_enrolment_rule, check_rule};
use crate::model::put;
use crate::nesting::levels;
use crate::state::State;
use crate::users::{ColumnId, status_code};
use crate::{
    Author, Course, Enrolment, EnrolmentRule, Entry, Error, ErrorKind, Exception, Guard, Hash, Instant,
    Losses, Reason, Revision, RowSet, Segment, SegmentId, Site, SiteId, Snapshot, Status, UserId,
};

/// Takes the records of a state, definitions first, everything in the order of ids.
#[derive(Debug, Default)]
pub struct Loader {
    state: State,
    /// Values that wait for their column to learn many at once.
    waiting: Vec<Waiting>,
    members: Vec<(SegmentId, RowSet)>,
    enrolments: EnrolmentLoader,
}

/// Takes the enrolments of a state, on a thread of its own if need be: there are more of them than of anything else.
#[derive(Debug, Default)]
pub struct EnrolmentLoader {
    done: Builder,
    last: Option<(UserId, CourseId)>,
    /// The greatest numbers that came, plus one.
    users: u32,
    courses: u32,
    rules: u32,
}

impl EnrolmentLoader {
    /// The next enrolment, in the order of users and then courses.
    ///
    /// # Errors
    /// `invalid_store` if it is out of order.
    pub fn enrolment(&mut self, enrolment: &Enrolment) -> Result<(), Error> {
        let (user, course) = (enrolment.user, enrolment.course);
        if self.last >= Some((user, course)) {
            return Err(Error::new(ErrorKind::InvalidStore, "the enrolments are out of order"));
        }
        self.last = Some((user, course));
        self.users = self.users.max(user.0.saturating_add(1));
        self.courses = self.courses.max(course.0.saturating_add(1));
        for held in &enrolment.reasons {
            if let Reason::Rule(rule) = held.reason {
                self.rules = self.rules.max(rule.0.saturating_add(1));
            }
        }
        self.done.push(enrolment);
        Ok(())
    }

    /// Makes sure that everything that enrolments name is there.
    fn check(&self, state: &State) -> Result<(), Error> {
        let there = self.users <= state.users.count()
            && self.courses as usize <= state.courses.len()
            && self.rules as usize <= state.rules.len();
        if there {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::InvalidStore,
            "an enrolment names a user, course or rule that is not there",
        ))
    }
}

/// Values of one attribute, each once: most of most attributes are those of many people.
#[derive(Debug, Default)]
struct Waiting {
    /// Who has which of the values.
    people: Vec<(UserId, u32)>,
    values: Vec<Value>,
    /// From a value to its place.
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Waiting {
    fn push(&mut self, user: UserId, value: Value) {
        let Self { people, values, places, hasher } = self;
        let at = |place: &u32| values.get(*place as usize);
        let hash = hasher.hash_one(&value);
        let place = match places.find(hash, |place| at(place) == Some(&value)) {
            Some(place) => *place,
            None => {
                let place = u32::try_from(values.len()).unwrap_or(u32::MAX);
                places
                    .insert_unique(hash, place, |place| at(place).map_or(0, |value| hasher.hash_one(value)));
                values.push(value);
                place
            }
        };
        people.push((user, place));
    }
}

/// People whose values of one attribute are learnt at once.
const BATCH: usize = 1 << 16;

impl Loader {
    /// The next site; the first is the primary one.
    pub fn site(&mut self, id: SiteId, site: Site) {
        let sites = Arc::make_mut(&mut self.state.sites);
        if id == SiteId(0) {
            sites.clear();
        }
        sites.insert(site.key.clone(), site);
        self.state.users.add_site(id);
    }

    /// The next attribute.
    pub fn attribute(&mut self, attribute: Attribute) {
        self.state.users.define_attribute(&attribute);
        self.waiting.push(Waiting::default());
        Arc::make_mut(&mut self.state.schema).define(attribute);
    }

    /// Something about access, once the sites, attributes, courses, segments and people are there, as
    /// [`Snapshot::access_entries`] gives it.
    ///
    /// # Errors
    /// `invalid_store` if it names what is not there.
    pub fn access(&mut self, entry: &Entry) -> Result<(), Error> {
        self.state.take_access(entry)
    }

    /// The next course.
    pub fn course(&mut self, course: Course) {
        Arc::make_mut(&mut self.state.courses).insert(course.key.clone(), course);
    }

    /// The next segment. Its rule is checked at the end, when everything that it names is there.
    pub fn segment(&mut self, segment: Segment) {
        let segments = Arc::make_mut(&mut self.state.segments);
        put(segments, segments.len(), &segment.key.clone(), segment.deleted, segment);
    }

    /// The next enrolment rule.
    pub fn enrolment_rule(&mut self, rule: EnrolmentRule) {
        let rules = Arc::make_mut(&mut self.state.rules);
        put(rules, rules.len(), &rule.key.clone(), rule.deleted, rule);
    }

    /// What has been put together so far.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// The hash of the last commit, if it is sealed.
    pub fn head(&mut self, head: Option<Hash>) {
        self.state.head = head;
    }

    /// The next user.
    ///
    /// # Errors
    /// `invalid_store` if the id is not the next one.
    pub fn user(&mut self, id: UserId, key: &str, status: Status, created: Instant) -> Result<(), Error> {
        if self.state.users.add(key) != Some(id) {
            let message = format!("user number {} is out of order", id.0);
            return Err(Error::new(ErrorKind::InvalidStore, message));
        }
        if status != Status::Active {
            self.state.users.set_code(ColumnId::Status, id, status_code(Some(status)));
        }
        self.state.users.set_created(std::iter::once(id), created);
        Ok(())
    }

    /// A value of a user.
    pub fn value(&mut self, user: UserId, attribute: AttributeId, value: Value) {
        let Some(waiting) = self.waiting.get_mut(attribute.0 as usize) else {
            return;
        };
        waiting.push(user, value);
        if waiting.people.len() >= BATCH {
            self.settle(attribute);
        }
    }

    fn settle(&mut self, attribute: AttributeId) {
        let Some(waiting) = self.waiting.get_mut(attribute.0 as usize) else {
            return;
        };
        let Waiting { people, values, .. } = std::mem::take(waiting);
        let coded = self.state.users.learn(attribute, &values.iter().collect::<Vec<_>>()).0;
        for (user, place) in people {
            let coded = coded.get(place as usize).copied().unwrap_or_default();
            self.state.users.put(user, attribute, values.get(place as usize), coded);
        }
    }

    /// A membership of a site.
    pub fn membership(&mut self, user: UserId, site: SiteId, status: Status) {
        self.state.users.set_code(ColumnId::Site(site), user, status_code(Some(status)));
    }

    /// What was recorded of a person in a course.
    pub fn record(
        &mut self,
        user: UserId,
        course: CourseId,
        completed: Option<Instant>,
        score: Option<Decimal>,
    ) {
        let completed = completed.map(|at| Value::Timestamp(at.to_utc()));
        for (id, value) in
            [(ColumnId::Completed(course), completed), (ColumnId::Score(course), score.map(Value::Decimal))]
        {
            if let Some(value) = value
                && let Some(column) = self.state.users.column_mut(id)
            {
                let code = column.learn(&[&value]).codes.first().copied().unwrap_or_default();
                column.set(user.0, code);
            }
        }
    }

    /// What was decided by hand about people and a segment.
    pub fn exceptions(&mut self, segment: SegmentId, exception: Exception, users: &RowSet) {
        for user in users.iter() {
            self.state.set_exception(segment, UserId(user), Some(exception));
        }
    }

    /// Who was in a segment when it was paused.
    pub fn frozen(&mut self, segment: SegmentId, members: RowSet) {
        self.state.set_frozen(segment, members);
    }

    /// The members of a segment.
    pub fn members(&mut self, segment: SegmentId, members: RowSet) {
        self.members.push((segment, members));
    }

    /// The enrolments, once all of them are there.
    pub fn enrolments(&mut self, enrolments: EnrolmentLoader) {
        self.enrolments = enrolments;
    }

    /// From where on what a commit ends has to be confirmed.
    pub fn guard(&mut self, guard: Guard) {
        Arc::make_mut(&mut self.state.watch).guard = guard;
    }

    /// What a commit ended, of those less than 24 hours before the last one, in their order. Where nothing ended,
    /// it may be left out.
    pub fn losses(&mut self, at: Instant, author: &Author, losses: &Losses) {
        Arc::make_mut(&mut self.state.watch).follow(at, author, losses);
    }

    /// The snapshot, at the revision and instant of its last commit.
    ///
    /// # Errors
    /// `invalid_store` if a rule does not fit what it names.
    pub fn finish(mut self, revision: Revision, clock: Instant) -> Result<Snapshot, Error> {
        for attribute in 0..self.waiting.len() {
            self.settle(AttributeId(u32::try_from(attribute).unwrap_or(u32::MAX)));
        }
        let mut state = self.state;
        check_definitions(&state)?;
        self.enrolments.check(&state)?;
        state.enrolments = self.enrolments.done.finish();
        state.compile(clock);
        state.compile_access();
        for (segment, members) in self.members {
            if let Some(slot) = state.slots.get_index_of(&(segment, None)) {
                state.members.put(slot, &members);
            }
        }
        follow_intersections(&mut state, 0, &Moved::default(), &BTreeSet::new());
        state.revision = revision;
        state.clock = Some(clock);
        let nobody = Author::Host(String::new());
        Arc::make_mut(&mut state.watch).follow(clock, &nobody, &Losses::default());
        Ok(Snapshot(Arc::new(state)))
    }
}

impl Snapshot {
    /// Makes sure that the definitions fit each other, as opening a store does.
    ///
    /// # Errors
    /// `invalid_store`.
    pub fn check_definitions(&self) -> Result<(), Error> {
        check_definitions(&self.0)
    }
}

/// Makes sure that the definitions of a state fit each other.
pub(crate) fn check_definitions(state: &State) -> Result<(), Error> {
    for segment in state.segments.values() {
        let Some(rule) = &segment.rule else { continue };
        let checked = validate_saved(rule, state).map_err(Error::from);
        if let Err(error) = checked.and_then(|()| check_rule(rule, segment.site, state)) {
            let message = format!("the rule of segment `{}` cannot be: {error}", segment.key);
            return Err(Error::caused_by(ErrorKind::InvalidStore, message, error));
        }
    }
    for rule in state.rules.values().filter(|rule| !rule.deleted) {
        if let Err(error) = check_enrolment_rule(rule, state) {
            let message = format!("enrolment rule `{}` cannot be: {error}", rule.key);
            return Err(Error::caused_by(ErrorKind::InvalidStore, message, error));
        }
    }
    for course in state.courses.values() {
        let of = |id| state.access.category(id).map(|category| category.site);
        if course.category.is_some_and(|id| of(id) != Some(course.site)) {
            let message = format!("course `{}` lies in a category that its site does not have", course.key);
            return Err(Error::new(ErrorKind::InvalidStore, message));
        }
    }
    if let Err(error) = levels(&state.segments, &state.rules) {
        return Err(Error::new(ErrorKind::InvalidStore, error.message()));
    }
    Ok(())
}
