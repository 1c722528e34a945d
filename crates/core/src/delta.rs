//! What a commit did, with names: what hosts act on and people read. Not here: what is recorded (`commit`).

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::sync::Arc;

use chrono::NaiveDate;

use crate::{
    Action, Commit, CourseId, Entry, Instant, Outcome, Revision, SegmentId, Snapshot, Status, UserId,
    Warning, Was,
};

/// Everything that a commit did, or that a previewed one would do.
#[derive(Clone, Debug)]
pub struct Delta {
    /// The registry after it, in which its ids have names.
    snapshot: Snapshot,
    commit: Arc<Commit>,
    /// What to know besides what commit and snapshot say.
    pub(crate) noted: Vec<Warning>,
}

/// One thing that happened to one enrolment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// When.
    pub at: Instant,
    /// What happened.
    pub action: Action,
    /// The user's key.
    pub user: &'a str,
    /// The course's key.
    pub course: &'a str,
    /// The key of the enrolment rule, or `manual` or `bulk`.
    pub reason: &'a str,
    /// The due date that the reason has from then on, where the step gives one.
    pub due: Option<NaiveDate>,
}

/// One person joining or leaving one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipStep<'a> {
    /// When.
    pub at: Instant,
    /// The user's key.
    pub user: &'a str,
    /// The segment's key.
    pub segment: &'a str,
    /// Whether the person joined; otherwise left.
    pub joined: bool,
}

impl Delta {
    /// The delta of a commit, with the snapshot after it or any later one.
    pub fn new(snapshot: Snapshot, commit: Arc<Commit>) -> Self {
        Self { snapshot, commit, noted: Vec::new() }
    }

    /// The registry in which the delta's ids have names: as it was after the commit or, of a delta read back from
    /// the journal, as it is now.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What was recorded.
    pub fn commit(&self) -> &Commit {
        &self.commit
    }

    /// The same delta with its commit as the store has it.
    #[must_use]
    pub fn recorded_as(mut self, commit: Arc<Commit>) -> Self {
        self.commit = commit;
        self
    }

    /// The same delta with one more warning.
    #[must_use]
    pub fn with_warning(mut self, warning: Warning) -> Self {
        self.noted.push(warning);
        self
    }

    /// The revision of the commit; of the last one before it if there was nothing to record.
    pub fn revision(&self) -> Revision {
        if self.commit.is_recorded() { self.commit.revision } else { self.snapshot.revision() }
    }

    /// Who made it: the name of the host, or the key of the person.
    pub fn author(&self) -> &str {
        self.snapshot.author_name(&self.commit.author)
    }

    /// When it took effect.
    pub fn at(&self) -> Instant {
        self.commit.at
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.commit.is_empty()
    }

    /// How many people were created.
    pub fn users_created(&self) -> usize {
        let created = |entry: &&Entry| match entry {
            Entry::User(user) => user.key.is_some(),
            Entry::Erased { was, .. } => *was == Was::Created,
            _ => false,
        };
        self.commit.entries.iter().filter(created).count()
    }

    /// How many people who were there before were changed; each counts once.
    pub fn users_changed(&self) -> usize {
        let mut created = std::collections::BTreeSet::new();
        let mut changed = std::collections::BTreeSet::new();
        for entry in self.commit.entries.iter() {
            let (user, is_new) = match entry {
                Entry::User(user) => (user.id, user.key.is_some()),
                Entry::Erased { user, was: was @ (Was::Created | Was::Changed) } => {
                    (*user, *was == Was::Created)
                }
                _ => continue,
            };
            if is_new {
                created.insert(user);
            } else if !created.contains(&user) {
                changed.insert(user);
            }
        }
        changed.len()
    }

    /// How many people were suspended; they are among those who were changed.
    pub fn users_suspended(&self) -> usize {
        let mut suspended = std::collections::BTreeSet::new();
        for entry in self.commit.entries.iter() {
            if let Entry::User(user) = entry
                && user.key.is_none()
                && let Some(status) = user.status
            {
                match status {
                    Status::Suspended => suspended.insert(user.id),
                    Status::Active | Status::Erased => suspended.remove(&user.id),
                };
            }
        }
        suspended.len()
    }

    /// What happened to enrolments, in order.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        self.commit.moments.iter().flat_map(move |moment| {
            moment.steps.iter().flat_map(move |steps| {
                let course = self.snapshot.course(steps.course).map_or("", |course| &course.key);
                let reason = self.snapshot.reason_key(steps.reason);
                steps.users.iter().map(move |user| Step {
                    at: moment.at,
                    action: steps.action,
                    user: self.snapshot.user_key(UserId(user)),
                    course,
                    reason,
                    due: steps.due,
                })
            })
        })
    }

    /// Who joined and left which segment, in order.
    pub fn memberships(&self) -> impl Iterator<Item = MembershipStep<'_>> {
        self.commit.moments.iter().flat_map(move |moment| {
            moment.memberships.iter().flat_map(move |change| {
                let segment = self.snapshot.segment(change.segment).map_or("", |segment| &segment.key);
                let step = move |user: u32, joined| MembershipStep {
                    at: moment.at,
                    user: self.snapshot.user_key(UserId(user)),
                    segment,
                    joined,
                };
                let joined = change.joined.iter().map(move |user| step(user, true));
                joined.chain(change.left.iter().map(move |user| step(user, false)))
            })
        })
    }

    /// How many joined and left each segment, by key, in the order of definition.
    pub fn segment_counts(&self) -> Vec<(&str, u64, u64)> {
        let mut counts: BTreeMap<SegmentId, (u64, u64)> = BTreeMap::new();
        for change in self.commit.moments.iter().flat_map(|moment| &moment.memberships) {
            let (joined, left) = counts.entry(change.segment).or_default();
            *joined += change.joined.len() as u64;
            *left += change.left.len() as u64;
        }
        let named = counts.into_iter();
        named
            .filter_map(|(id, (joined, left))| Some((self.snapshot.segment(id)?.key.as_str(), joined, left)))
            .collect()
    }

    /// How often each thing happened in each course, by key, in the order of definition.
    pub fn course_counts(&self) -> Vec<(&str, Action, u64)> {
        let mut counts: BTreeMap<(CourseId, Action), u64> = BTreeMap::new();
        for steps in self.commit.moments.iter().flat_map(|moment| &moment.steps) {
            *counts.entry((steps.course, steps.action)).or_default() += steps.users.len() as u64;
        }
        let named = counts.into_iter();
        named
            .filter_map(|((id, action), count)| Some((self.snapshot.course(id)?.key.as_str(), action, count)))
            .collect()
    }

    /// Whether two deltas did the same, whatever their revisions.
    pub fn same_as(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.commit, &other.commit);
        ours.at == theirs.at && ours.entries == theirs.entries && ours.moments == theirs.moments
    }
}

impl From<&Outcome> for Delta {
    fn from(outcome: &Outcome) -> Self {
        Self {
            noted: outcome.warnings.clone(),
            ..Self::new(outcome.snapshot.clone(), outcome.commit.clone())
        }
    }
}

impl Display for Delta {
    /// A summary in English, one line a fact, such as `gdpr: 12 enrolled, 3 suspended`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing changes");
        }
        let (mut definitions, mut by_hand, mut records, mut erased) = (0_usize, 0_usize, 0_usize, 0_usize);
        for entry in self.commit.entries.iter() {
            match entry {
                Entry::User(_) | Entry::Erased { was: Was::Created | Was::Changed, .. } => {}
                Entry::Exception { .. } | Entry::Erased { was: Was::Decided, .. } => by_hand += 1,
                Entry::Erase(_) => erased += 1,
                Entry::Archive { .. } => {}
                Entry::Record(_) => records += 1,
                _ => definitions += 1,
            }
        }
        write!(f, "people: {} created, {} changed", self.users_created(), self.users_changed())?;
        let suspended = self.users_suspended();
        if suspended > 0 {
            write!(f, ", {suspended} of them suspended")?;
        }
        if definitions > 0 {
            write!(f, "; definitions: {definitions}")?;
        }
        if by_hand > 0 {
            write!(f, "; decisions by hand: {by_hand}")?;
        }
        if records > 0 {
            write!(f, "; records: {records}")?;
        }
        if erased > 0 {
            write!(f, "; erased: {erased}")?;
        }
        for (segment, joined, left) in self.segment_counts() {
            write!(f, "\nsegment {segment}: {joined} joined, {left} left")?;
        }
        let counts = self.course_counts();
        for course in counts.chunk_by(|a, b| a.0 == b.0) {
            let Some((key, ..)) = course.first() else { continue };
            write!(f, "\ncourse {key}: ")?;
            for (place, (_, action, count)) in course.iter().enumerate() {
                let comma = if place == 0 { "" } else { ", " };
                write!(f, "{comma}{count} {}", action.name().replace('_', " "))?;
            }
        }
        Ok(())
    }
}
