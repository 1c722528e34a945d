//! An inventory: the registry at a revision as lines of JSON, each of a definition, a person or an enrolment, and back.
//! A store keeps one in place of the commits that were archived, and an export begins with it where the first commits are
//! not in it. Not here: images, which are for the machine and may be lost (`image`).

use std::collections::BTreeSet;
use std::sync::Arc;

use matricula_rule::{
    Attribute, AttributeId, CourseId, Decimal, Kind, OptionId, SegmentId, SiteId, UserId, Value, from_json,
};
use serde::{Deserialize, Serialize};

use crate::intersections::{Moved, follow_intersections};
use crate::state::State;
use crate::{
    Author, Course, Enrolment, EnrolmentLoader, EnrolmentRule, Entry, Error, ErrorKind, Exception, Guard,
    Hash, Instant, Loader, Losses, Revision, Secrets, Segment, Site, Snapshot, Status, people_text,
};

/// One line of an inventory.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// Comes first: of when the inventory is.
    Inventory {
        revision: Revision,
        clock: Instant,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        head: Option<Hash>,
        people: u32,
    },
    Guard(Guard),
    Losses {
        at: Instant,
        author: Author,
        losses: Losses,
    },
    Site(Site),
    Attribute(Attribute),
    Course(Course),
    Segment(Segment),
    EnrolmentRule(EnrolmentRule),
    User {
        id: UserId,
        key: String,
        status: Status,
        created: Instant,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        values: Vec<(AttributeId, Value)>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sites: Vec<(SiteId, Status)>,
    },
    Record {
        user: UserId,
        course: CourseId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        completed: Option<Instant>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        score: Option<Decimal>,
    },
    Exceptions {
        segment: SegmentId,
        exception: Exception,
        users: String,
    },
    Frozen {
        segment: SegmentId,
        users: String,
    },
    Members {
        segment: SegmentId,
        users: String,
    },
    Enrolment(Enrolment),
    Access(Entry),
}

/// One line of an inventory, and whom it is about, if it is about somebody who could be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryLine {
    /// The line, without its end.
    pub json: String,
    /// Whom it is about.
    pub user: Option<UserId>,
}

impl Snapshot {
    /// The snapshot as lines; [`Inventory`] reads them back. There are none of the empty registry.
    ///
    /// # Errors
    /// What `take` fails with.
    pub fn write_inventory<E>(&self, mut take: impl FnMut(InventoryLine) -> Result<(), E>) -> Result<(), E> {
        let Some(clock) = self.clock() else { return Ok(()) };
        let people = u32::try_from(self.user_count()).unwrap_or(u32::MAX);
        let mut put = |line: &Line, user: Option<UserId>| {
            // What an inventory has are numbers, texts and words: it always has JSON.
            take(InventoryLine { json: serde_json::to_string(line).unwrap_or_default(), user })
        };
        put(&Line::Inventory { revision: self.revision(), clock, head: self.0.head, people }, None)?;
        put(&Line::Guard(self.guard()), None)?;
        for (at, author, by_site) in self.0.watch.recent() {
            let losses = Losses { by_site: by_site.to_vec(), confirmed: false };
            put(&Line::Losses { at, author: author.clone(), losses }, None)?;
        }
        for site in self.sites() {
            put(&Line::Site(site.clone()), None)?;
        }
        for attribute in self.schema().attributes() {
            put(&Line::Attribute(attribute.clone()), None)?;
        }
        for course in self.courses() {
            put(&Line::Course(course.clone()), None)?;
        }
        for (_, segment) in self.segments_ever() {
            put(&Line::Segment(segment.clone()), None)?;
        }
        for (_, rule) in self.enrolment_rules_ever() {
            put(&Line::EnrolmentRule(rule.clone()), None)?;
        }
        for user in self.users() {
            put(&self.line_of(user), Some(user))?;
        }
        for user in self.users() {
            for course in (0..self.courses().len()).map(CourseId::at) {
                let (completed, score) = (self.completed(user, course), self.score(user, course));
                if completed.is_some() || score.is_some() {
                    put(&Line::Record { user, course, completed, score }, None)?;
                }
            }
        }
        for (segment, _) in self.segments_ever() {
            for exception in [Exception::Pinned, Exception::Banned] {
                let users = people_text::written(&self.exceptions_of(segment, exception));
                if !users.is_empty() {
                    put(&Line::Exceptions { segment, exception, users }, None)?;
                }
            }
            let users = people_text::written(&self.frozen_in(segment));
            if !users.is_empty() {
                put(&Line::Frozen { segment, users }, None)?;
            }
            let users = people_text::written(&self.members_of(segment));
            if !users.is_empty() {
                put(&Line::Members { segment, users }, None)?;
            }
        }
        for entry in self.access_entries() {
            // Those of a person's grants go as wholes, and are found by what they say.
            put(&Line::Access(entry), None)?;
        }
        for user in self.users() {
            for enrolment in self.enrolments_of(user) {
                put(&Line::Enrolment(enrolment), None)?;
            }
        }
        Ok(())
    }

    fn line_of(&self, user: UserId) -> Line {
        let attributes = self.schema().attributes().iter().map(|attribute| attribute.id);
        let sites = (0..self.sites().len()).map(SiteId::at);
        Line::User {
            id: user,
            key: self.user_key(user).to_owned(),
            status: self.status(user).unwrap_or(Status::Active),
            created: self.created(user).unwrap_or(Instant::EPOCH),
            values: attributes.filter_map(|id| Some((id, self.value(user, id)?))).collect(),
            sites: sites.filter_map(|site| Some((site, self.membership(user, site)?))).collect(),
        }
    }

    /// The line of a person in an inventory, as it is now.
    pub fn inventory_line(&self, user: UserId) -> InventoryLine {
        InventoryLine {
            json: serde_json::to_string(&self.line_of(user)).unwrap_or_default(),
            user: Some(user),
        }
    }

    /// The same registry with some people erased, as if that had been so by then.
    #[must_use]
    pub fn without(&self, erased: &BTreeSet<UserId>) -> Self {
        let there = |user: &&UserId| self.status(**user).is_some_and(|status| status != Status::Erased);
        let erased: Vec<UserId> = erased.iter().filter(there).copied().collect();
        if erased.is_empty() {
            return self.clone();
        }
        let mut state = State::clone(&self.0);
        let mut secrets = Secrets::default();
        erased.iter().for_each(|user| secrets.add_person(&state, *user));
        Arc::make_mut(&mut state.watch).scrub(&secrets);
        erased.iter().for_each(|user| state.erase(*user));
        let known = state.slots.len();
        let mut moved = Moved::default();
        erased.iter().for_each(|user| moved.note(*user));
        follow_intersections(&mut state, known, &moved, &BTreeSet::new());
        state.forget_texts();
        Self(Arc::new(state))
    }
}

impl Revision {
    /// Makes sure that a commit is still here, the journal beginning after another one.
    ///
    /// # Errors
    /// `archived`, naming the first revision that is here.
    pub fn check_after(self, archived: Self) -> Result<(), Error> {
        if self > archived {
            return Ok(());
        }
        let first = archived.next();
        let message = format!("commit {self} is archived, expected {first} or a later one");
        Err(Error::new(ErrorKind::Archived, message))
    }
}

impl InventoryLine {
    /// What is said about access, if the line says that.
    pub fn access(json: &str) -> Option<Entry> {
        match from_json(json).ok()? {
            Line::Access(entry) => Some(entry),
            _ => None,
        }
    }

    /// The line that says something about access.
    pub fn of_access(entry: Entry) -> Self {
        // As for the others.
        Self { json: serde_json::to_string(&Line::Access(entry)).unwrap_or_default(), user: None }
    }

    /// What a commit ended of late, if the line says that: when, by whom, what.
    pub fn losses(json: &str) -> Option<(Instant, Author, Losses)> {
        match from_json(json).ok()? {
            Line::Losses { at, author, losses } => Some((at, author, losses)),
            _ => None,
        }
    }

    /// The same line without names of people in it, of those that say what ended of late.
    pub fn scrubbed(json: &str, secrets: &Secrets) -> Option<String> {
        let (at, author, losses) = Self::losses(json)?;
        let Author::Host(name) = author else { return None };
        let author = Author::Host(secrets.scrubbed(&name)?);
        serde_json::to_string(&Line::Losses { at, author, losses }).ok()
    }
}

/// Puts a snapshot together from the lines of an inventory.
#[derive(Debug, Default)]
pub struct Inventory {
    loader: Loader,
    enrolments: EnrolmentLoader,
    /// The revision, clock and number of people, once the first line was read.
    of: Option<(Revision, Instant, u32)>,
    sites: u32,
}

impl Inventory {
    /// The next line.
    ///
    /// # Errors
    /// `invalid_store` if it is none, or names what is not there.
    pub fn line(&mut self, json: &str) -> Result<(), Error> {
        let line: Line = from_json(json)
            .map_err(|error| invalid(format!("a line of an inventory cannot be understood: {error}")))?;
        let people = |text: &str| {
            let count = self.of.map_or(0, |(.., count)| count);
            people_text::read(text, count)
                .ok_or_else(|| invalid("a line of an inventory has people who are not there"))
        };
        if self.of.is_none() != matches!(line, Line::Inventory { .. }) {
            return Err(invalid("an inventory begins with what it is of"));
        }
        self.check(&line)?;
        match line {
            Line::Inventory { revision, clock, head, people } => {
                self.of = Some((revision, clock, people));
                self.loader.head(head);
            }
            Line::Guard(guard) => self.loader.guard(guard),
            Line::Losses { at, author, losses } => self.loader.losses(at, &author, &losses),
            Line::Site(site) => {
                self.loader.site(SiteId(self.sites), site);
                self.sites += 1;
            }
            Line::Attribute(attribute) => self.loader.attribute(attribute),
            Line::Course(course) => self.loader.course(course),
            Line::Segment(segment) => self.loader.segment(segment),
            Line::EnrolmentRule(rule) => self.loader.enrolment_rule(rule),
            Line::User { id, key, status, created, values, sites } => {
                self.loader.user(id, &key, status, created)?;
                values.into_iter().for_each(|(attribute, value)| self.loader.value(id, attribute, value));
                sites.into_iter().for_each(|(site, status)| self.loader.membership(id, site, status));
            }
            Line::Record { user, course, completed, score } => {
                self.loader.record(user, course, completed, score)
            }
            Line::Exceptions { segment, exception, users } => {
                let users = people(&users)?;
                self.loader.exceptions(segment, exception, &users);
            }
            Line::Frozen { segment, users } => {
                let users = people(&users)?;
                self.loader.frozen(segment, users);
            }
            Line::Members { segment, users } => {
                let users = people(&users)?;
                self.loader.members(segment, users);
            }
            Line::Enrolment(enrolment) => self.enrolments.enrolment(&enrolment)?,
            Line::Access(entry) => self.loader.access(&entry)?,
        }
        Ok(())
    }

    /// Makes sure that what a line of a person or of decisions by hand names is there.
    fn check(&self, line: &Line) -> Result<(), Error> {
        let state = self.loader.state();
        let people = self.of.map_or(0, |(.., people)| people);
        let fits = |(id, value): &(AttributeId, Value)| {
            let Some(attribute) = state.schema.get(*id) else { return false };
            let option = |option: &OptionId| attribute.option_key(*option).is_some();
            match (&attribute.kind, value) {
                (Kind::Text, Value::Text(_))
                | (Kind::Path, Value::Path(_))
                | (Kind::Integer, Value::Integer(_))
                | (Kind::Decimal, Value::Decimal(_))
                | (Kind::Boolean, Value::Boolean(_))
                | (Kind::Date, Value::Date(_))
                | (Kind::Timestamp, Value::Timestamp(_)) => true,
                (Kind::Choice { .. }, Value::Choice(it)) => option(it),
                (Kind::MultiChoice { .. }, Value::Choices(options)) => {
                    !options.is_empty() && options.is_sorted_by(|a, b| a < b) && options.iter().all(option)
                }
                (Kind::User, Value::User(user)) => user.0 < people,
                _ => false,
            }
        };
        let there = match line {
            Line::User { values, sites, .. } => {
                values.iter().all(fits) && sites.iter().all(|(site, _)| site.0 < self.sites)
            }
            Line::Record { user, course, score, .. } => {
                user.0 < people
                    && state.course(*course).is_some()
                    && score.is_none_or(|score| (0..=1_000_000).contains(&score.millionths()))
            }
            Line::Exceptions { segment, .. }
            | Line::Frozen { segment, .. }
            | Line::Members { segment, .. } => state.segment(*segment).is_some(),
            Line::Course(course) => course.site.0 < self.sites,
            Line::Attribute(attribute) => attribute.id.0 as usize == state.schema.attributes().len(),
            Line::Inventory { .. }
            | Line::Guard(_)
            | Line::Losses { .. }
            | Line::Site(_)
            | Line::Segment(_)
            | Line::EnrolmentRule(_)
            | Line::Access(_)
            | Line::Enrolment(_) => true,
        };
        if there { Ok(()) } else { Err(invalid("a line of an inventory names what is not there")) }
    }

    /// Whether no line was read yet.
    pub fn is_empty(&self) -> bool {
        self.of.is_none()
    }

    /// The snapshot, all lines having been read.
    ///
    /// # Errors
    /// `invalid_store` if something is missing, or a rule does not fit what it names.
    pub fn finish(self) -> Result<Snapshot, Error> {
        let Some((revision, clock, people)) = self.of else {
            return Err(invalid("an inventory has no lines"));
        };
        let Self { mut loader, enrolments, .. } = self;
        loader.enrolments(enrolments);
        let snapshot = loader.finish(revision, clock)?;
        if snapshot.user_count() != people as usize {
            return Err(invalid(format!(
                "an inventory has {} people, expected {people}",
                snapshot.user_count()
            )));
        }
        Ok(snapshot)
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidStore, message)
}
