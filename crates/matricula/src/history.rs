//! The registry as it was, and what became of one person. Not here: what is in an archive (`transfer`).

use std::sync::Arc;

use matricula_core::rule::Value;
use matricula_core::{
    Action, Commit, Entry, Error, ErrorKind, Exception, GrantId, Instant, Revision, Snapshot, Status, UserId,
    Was,
};

use crate::Registry;
use crate::registry::BATCH;

/// A point in the history of a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// After this commit.
    Revision(Revision),
    /// After the last commit at or before this instant.
    Instant(Instant),
}

impl From<Revision> for AsOf {
    fn from(revision: Revision) -> Self {
        Self::Revision(revision)
    }
}

impl From<Instant> for AsOf {
    fn from(at: Instant) -> Self {
        Self::Instant(at)
    }
}

/// Something that happened to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserEvent {
    /// The commit that did it.
    pub revision: Revision,
    /// When.
    pub at: Instant,
    /// Who made the commit, by the name that the host gave.
    pub author: String,
    /// Why, in the host's words.
    pub note: String,
    /// What happened.
    pub what: Happened,
}

/// What can happen to a person. Everything is named by the key that it has now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happened {
    /// The person was created.
    Created,
    /// The person's status changed.
    Status(Status),
    /// A value was set, or taken away.
    Value {
        /// The key of the attribute.
        attribute: String,
        /// The value.
        value: Option<Value>,
    },
    /// A membership of a site began, changed or ended.
    Membership {
        /// The key of the site.
        site: String,
        /// Its status; `None` if it ended.
        status: Option<Status>,
    },
    /// Something was decided by hand about the person and a segment, or that was taken back.
    Decided {
        /// The key of the segment.
        segment: String,
        /// The decision.
        exception: Option<Exception>,
    },
    /// Something was recorded of the person in a course.
    Recorded {
        /// The key of the course.
        course: String,
    },
    /// The person joined a segment.
    Joined {
        /// The key of the segment.
        segment: String,
    },
    /// The person left a segment.
    Left {
        /// The key of the segment.
        segment: String,
    },
    /// Something happened to an enrolment.
    Step {
        /// What.
        action: Action,
        /// The key of the course.
        course: String,
        /// The key of the enrolment rule, or `manual`.
        reason: String,
    },
    /// Something that was erased since.
    Something,
    /// The person was given a role.
    Granted {
        /// The key of the role.
        role: String,
        /// By which grant.
        grant: GrantId,
    },
    /// A grant to the person was taken away.
    Revoked {
        /// Which.
        grant: GrantId,
    },
    /// The person was erased.
    Erased,
}

impl std::fmt::Display for Happened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Created => f.write_str("created"),
            Self::Status(status) => f.write_str(status.name()),
            Self::Value { attribute, value: Some(_) } => write!(f, "{attribute} set"),
            Self::Value { attribute, value: None } => write!(f, "{attribute} cleared"),
            Self::Membership { site, status: Some(status) } => write!(f, "{} in site {site}", status.name()),
            Self::Membership { site, status: None } => write!(f, "no longer in site {site}"),
            Self::Decided { segment, exception: Some(it) } => write!(f, "{} in segment {segment}", it.name()),
            Self::Decided { segment, exception: None } => write!(f, "released in segment {segment}"),
            Self::Recorded { course } => write!(f, "record of course {course}"),
            Self::Joined { segment } => write!(f, "joined segment {segment}"),
            Self::Left { segment } => write!(f, "left segment {segment}"),
            Self::Step { action, course, reason } => {
                write!(f, "{} {course} ({reason})", action.name().replace('_', " "))
            }
            Self::Something => f.write_str("something that was erased since"),
            Self::Granted { role, grant } => write!(f, "granted {role} (grant {})", grant.0),
            Self::Revoked { grant } => write!(f, "grant {} revoked", grant.0),
            Self::Erased => f.write_str("erased"),
        }
    }
}

impl Registry {
    /// The registry as it was at a revision, or at an instant: after the last commit at or before it. Before the
    /// first commit it is empty. People who have been erased since are stubs in it.
    ///
    /// # Errors
    /// `unknown_revision` if there is no such revision yet, `archived` if it is in an archive, for which see
    /// [`Registry::as_of_in`]; `store` or `invalid_store`.
    ///
    /// ```
    /// use matricula::{Instant, Memory, Registry, Revision, UserUpdate};
    ///
    /// let registry = Registry::open(Memory::default())?;
    /// for (day, user) in (0..).zip(["ann", "bob"]) {
    ///     let mut tx = registry.as_host("hr").begin(Instant::from_millis(day * 86_400_000)?)?;
    ///     tx.update_user(UserUpdate::new(user))?;
    ///     tx.commit()?;
    /// }
    /// assert_eq!(registry.as_of(Revision(1))?.user_count(), 1);
    /// assert_eq!(registry.as_of(Instant::from_millis(2 * 86_400_000)?)?.user_count(), 2);
    /// # Ok::<(), matricula::Error>(())
    /// ```
    pub fn as_of(&self, when: impl Into<AsOf>) -> Result<Snapshot, Error> {
        let current = self.refresh()?;
        let revision = match when.into() {
            AsOf::Revision(revision) => revision,
            AsOf::Instant(at) if current.clock().is_some_and(|clock| clock <= at) => return Ok(current),
            AsOf::Instant(at) => {
                let revision = self.store().revision_at(at)?;
                if self.store().begins_after()? == revision
                    && let Some(start) = self.store().start()?
                    && start.clock().is_some_and(|clock| clock > at)
                {
                    let message = format!(
                        "what was so at {at} is archived, expected an instant from {} on",
                        start.clock().map(|clock| clock.to_string()).unwrap_or_default()
                    );
                    return Err(Error::new(ErrorKind::Archived, message));
                }
                revision
            }
        };
        if revision == current.revision() {
            return Ok(current);
        }
        if revision > current.revision() {
            return Err(no_revision(revision, current.revision()));
        }
        let mut snapshot = self.replay_from(revision)?;
        while snapshot.revision() < revision {
            let room = revision.0 - snapshot.revision().0;
            let limit = usize::try_from(room).unwrap_or(BATCH).min(BATCH);
            let commits = self.store().since(snapshot.revision(), limit)?;
            if commits.is_empty() {
                return Err(no_revision(revision, snapshot.revision()));
            }
            snapshot = snapshot.replay_all(commits.iter().map(|commit| &**commit))?;
        }
        Ok(snapshot)
    }

    /// Where replaying towards a revision begins.
    fn replay_from(&self, revision: Revision) -> Result<Snapshot, Error> {
        // Of what is archived there are no images. Where the journal begins is a registry of its own to read: only if there
        // is no image.
        let image = self.store().image_before(revision)?;
        if let Some(image) = image.filter(|image| image.revision() <= revision) {
            return Ok(image);
        }
        let Some(start) = self.store().start()? else { return Ok(Snapshot::default()) };
        if revision != start.revision() {
            revision.check_after(start.revision())?;
        }
        Ok(start)
    }

    /// Everything that happened to a person, oldest first, as far as the journal is here. It reads the whole journal.
    ///
    /// # Errors
    /// `unknown_user`, `store` or `invalid_store`.
    pub fn history_of_user(&self, user: &str) -> Result<Vec<UserEvent>, Error> {
        let snapshot = self.refresh()?;
        let user = snapshot.user_id(user)?;
        let mut events = Vec::new();
        self.each_commit(|commit| events_of(commit, user, &snapshot, &mut events))?;
        Ok(events)
    }

    /// Visits the commits that are here, oldest first.
    pub(crate) fn each_commit(&self, mut visit: impl FnMut(&Arc<Commit>)) -> Result<(), Error> {
        let mut after = self.store().begins_after()?;
        loop {
            let commits = self.store().since(after, BATCH)?;
            commits.iter().for_each(&mut visit);
            match commits.last() {
                Some(last) if commits.len() == BATCH => after = last.revision,
                _ => return Ok(()),
            }
        }
    }
}

pub(crate) fn no_revision(revision: Revision, last: Revision) -> Error {
    let message = format!("there is no commit {revision}, the last one is {last}");
    Error::new(ErrorKind::UnknownRevision, message)
}

fn events_of(commit: &Commit, user: UserId, names: &Snapshot, events: &mut Vec<UserEvent>) {
    let mut put = |at: Instant, what: Happened| {
        let (author, note) = (names.author_name(&commit.author).to_owned(), commit.note.clone());
        events.push(UserEvent { revision: commit.revision, at, author, note, what });
    };
    let segment_key = |id| names.segment(id).map_or_else(String::new, |segment| segment.key.clone());
    let course_key = |id| names.course(id).map_or_else(String::new, |course| course.key.clone());
    // What time brought comes before the changes; the commit's own facts after them.
    let (passed, own): (Vec<_>, Vec<_>) = commit.moments.iter().partition(|moment| moment.at < commit.at);
    let facts = |moments: Vec<&matricula_core::Moment>, put: &mut dyn FnMut(Instant, Happened)| {
        for moment in moments {
            for change in &moment.memberships {
                let segment = segment_key(change.segment);
                if change.joined.contains(user.0) {
                    put(moment.at, Happened::Joined { segment });
                } else if change.left.contains(user.0) {
                    put(moment.at, Happened::Left { segment });
                }
            }
            for steps in moment.steps.iter().filter(|steps| steps.users.contains(user.0)) {
                let (course, reason) = (course_key(steps.course), names.reason_key(steps.reason).to_owned());
                put(moment.at, Happened::Step { action: steps.action, course, reason });
            }
        }
    };
    facts(passed, &mut put);
    for entry in commit.entries.iter().filter(|entry| entry.person() == Some(user)) {
        match entry {
            Entry::User(entry) => {
                if entry.key.is_some() {
                    put(commit.at, Happened::Created);
                }
                if let Some(status) = entry.status {
                    put(commit.at, Happened::Status(status));
                }
                for (site, status) in &entry.sites {
                    let site = names.site(*site).map_or_else(String::new, |site| site.key.clone());
                    put(commit.at, Happened::Membership { site, status: *status });
                }
                for (attribute, value) in &entry.values {
                    let attribute =
                        names.schema().get(*attribute).map_or_else(String::new, |it| it.key.clone());
                    put(commit.at, Happened::Value { attribute, value: value.clone() });
                }
            }
            Entry::Exception { segment, exception, .. } => {
                put(commit.at, Happened::Decided { segment: segment_key(*segment), exception: *exception });
            }
            Entry::Record(record) => put(commit.at, Happened::Recorded { course: course_key(record.course) }),
            Entry::Erased { was: Was::Created, .. } => put(commit.at, Happened::Created),
            Entry::Erased { .. } => put(commit.at, Happened::Something),
            Entry::Erase(_) => put(commit.at, Happened::Erased),
            Entry::Grant(grant, definition) => {
                let role = names.role(definition.role).map_or_else(String::new, |role| role.key.clone());
                put(commit.at, Happened::Granted { role, grant: *grant });
            }
            Entry::Revoke { grant, .. } => put(commit.at, Happened::Revoked { grant: *grant }),
            Entry::Site(..)
            | Entry::Attribute(_)
            | Entry::Course(..)
            | Entry::Segment(..)
            | Entry::EnrolmentRule(..)
            | Entry::Guard(_)
            | Entry::Category(..)
            | Entry::Capability(_)
            | Entry::Role(..)
            | Entry::Override { .. }
            | Entry::Lock { .. }
            | Entry::Archive { .. } => {}
        }
    }
    facts(own, &mut put);
}
