//! The guard against a change that takes away more than anybody meant: what a commit ends, by site and in all, what
//! its author ended in the day before (`watch`), and whether that has to be confirmed. Not here: whether a host asks for
//! confirmation, and how.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::draft::Draft;
use crate::enrolment::is_active;
use crate::state::State;
use crate::{
    Action, Author, CourseId, Delta, Entry, Error, ErrorKind, Instant, Moment, Revision, RowSet, SiteId,
    Status, UserId,
};

/// The greatest count that every language and store has as a whole number.
const MAX_COUNT: u64 = (1 << 53) - 1;

/// From where on what a commit ends has to be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// More than so many of a hundred.
    pub percent: u8,
    /// And more than so many.
    pub count: u64,
    /// Whether anything is held at all.
    pub enabled: bool,
}

impl Default for Guard {
    fn default() -> Self {
        Self { percent: 10, count: 50, enabled: true }
    }
}

/// A guard to be. What is left out stays as it is.
///
/// ```
/// use matricula_core::{Draft, GuardDefinition, Instant, Snapshot};
///
/// let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
/// draft.apply(GuardDefinition { percent: Some(5), ..GuardDefinition::default() }.into())?;
/// let guard = draft.finish("hr", "").snapshot.guard();
/// assert_eq!((guard.percent, guard.count), (5, 50));
/// # Ok::<(), matricula_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GuardDefinition {
    /// More than so many of a hundred, from 0 to 100.
    pub percent: Option<u8>,
    /// And more than so many.
    pub count: Option<u64>,
    /// Whether anything is held at all.
    pub enabled: Option<bool>,
}

/// What a commit ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// By site; the first, without one, is the registry as a whole. Where nothing ended there is none.
    pub by_site: Vec<SiteLosses>,
    /// Whether somebody confirmed it, so that it does not count against what follows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirmed: bool,
}

/// What ended at a site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteLosses {
    /// Which; the registry as a whole if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// How many enrolments ended or were suspended.
    #[serde(default, skip_serializing_if = "is_none")]
    pub enrolments: u64,
    /// How many people were suspended; at a site, also those whose membership was suspended or ended.
    #[serde(default, skip_serializing_if = "is_none")]
    pub users: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Losses {
    /// Whether nothing is to be kept of it.
    pub fn is_empty(&self) -> bool {
        self.by_site.is_empty() && !self.confirmed
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lost {
    /// Enrolments that end or are suspended.
    Enrolments,
    /// People who are suspended.
    Users,
}

impl Lost {
    /// The word for it, in data and in all three languages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enrolments => "enrolments",
            Self::Users => "users",
        }
    }
}

/// Where a commit would end more than the guard lets pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// The key of the site; the registry as a whole if none is given.
    pub site: Option<String>,
    /// What would end.
    pub what: Lost,
    /// How many would end by this commit.
    pub count: u64,
    /// How many the same author ended in the 24 hours before, unconfirmed.
    pub earlier: u64,
    /// How many there are, those ended earlier included.
    pub of: u64,
}

/// The cause of an error about a commit that has to be confirmed.
#[derive(Debug, thiserror::Error)]
#[error("{hold}")]
pub(crate) struct Held {
    pub(crate) hold: Hold,
    pub(crate) delta: Delta,
}

/// A commit that has to be confirmed, since it would end more than the guard lets pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Hold {
    /// The revision that the commit would be.
    pub revision: Revision,
    /// What confirms exactly this commit: its revision, and a fingerprint of what it does.
    pub token: String,
    /// What the guard lets pass.
    pub guard: Guard,
    /// Where it is more; at least one place.
    pub excesses: Vec<Excess>,
}

impl fmt::Display for Hold {
    /// A sentence such as "held: 120 of 300 enrolments would end or be suspended at site `labs` …".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("held: ")?;
        for (place, excess) in self.excesses.iter().enumerate() {
            let Excess { site, what, count, earlier, of } = excess;
            let total = count + earlier;
            let (what, end) = match what {
                Lost::Enrolments => ("enrolments", "would end or be suspended"),
                Lost::Users => ("people", "would be suspended"),
            };
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{total} of {of} {what} {end}")?;
            match site {
                Some(site) => write!(f, " at site `{site}`")?,
                None => f.write_str(" in the registry")?,
            }
            if *earlier > 0 {
                write!(f, " ({earlier} of them already within the last 24 hours)")?;
            }
        }
        let Guard { percent, count, .. } = self.guard;
        write!(f, "; more than {percent} % and more than {count} has to be confirmed")
    }
}

/// Whether something ended by a step.
fn ends(action: Action) -> bool {
    match action {
        Action::SuspendedByHand | Action::Suspended | Action::Unenrolled => true,
        Action::Enrolled
        | Action::Resumed
        | Action::ReasonAdded
        | Action::ReasonRestored
        | Action::DueChanged
        | Action::ResumedByHand
        | Action::Kept
        | Action::ReasonDropped => false,
    }
}

/// Whether an enrolment that was active is no longer: ended or suspended. One that was suspended before has been counted
/// then.
fn is_lost(before: &State, after: &State, user: UserId, course: CourseId) -> bool {
    let (was, is) = (before.enrolments.records(user, course), after.enrolments.records(user, course));
    is_active(was) && !is_active(is)
}

/// What changes and what followed from them ended.
pub(crate) fn losses(before: &State, after: &State, entries: &[Entry], moments: &[Moment]) -> Losses {
    let mut counts: BTreeMap<Option<SiteId>, SiteLosses> = BTreeMap::new();
    let mut count = |site: Option<SiteId>, add: &dyn Fn(&mut SiteLosses)| {
        add(counts.entry(site).or_insert_with(|| SiteLosses { site, ..SiteLosses::default() }));
    };
    let mut ended: BTreeMap<CourseId, RowSet> = BTreeMap::new();
    for steps in moments.iter().flat_map(|moment| &moment.steps).filter(|steps| ends(steps.action)) {
        let of_course = ended.entry(steps.course).or_default();
        *of_course = of_course.union(&steps.users);
    }
    for (course, users) in ended {
        // One enrolment can be ended by several steps, and be restored by others.
        let lost = |row: &u32| is_lost(before, after, UserId(*row), course);
        let lost = users.iter().filter(lost).count() as u64;
        let site = after.course(course).map_or(SiteId(0), |course| course.site);
        for site in [None, Some(site)].into_iter().filter(|_| lost > 0) {
            count(site, &|losses| losses.enrolments += lost);
        }
    }
    let sites: Vec<SiteId> = (0..before.sites.len()).map(SiteId::at).collect();
    let mut seen: BTreeSet<UserId> = BTreeSet::new();
    for entry in entries {
        let (user, may_end) = match entry {
            Entry::User(entry) => {
                (entry.id, entry.key.is_none() && (entry.status.is_some() || !entry.sites.is_empty()))
            }
            Entry::Erase(user) => (*user, true),
            _ => continue,
        };
        if !may_end || !seen.insert(user) {
            continue;
        }
        let is_active = |state: &State| state.users.status(user) == Some(Status::Active);
        let is_active_at = |state: &State, site: SiteId| {
            is_active(state) && state.users.membership(user, site) == Some(Status::Active)
        };
        if is_active(before) && !is_active(after) {
            count(None, &|losses| losses.users += 1);
        }
        for &site in sites.iter().filter(|site| is_active_at(before, **site) && !is_active_at(after, **site))
        {
            count(Some(site), &|losses| losses.users += 1);
        }
    }
    Losses { by_site: counts.into_values().collect(), confirmed: false }
}

/// Where losses are more than the guard of the state before them lets pass.
pub(crate) fn excesses(before: &State, losses: &Losses, author: &Author, at: Instant) -> Vec<Excess> {
    let watch = &before.watch;
    let mut excesses = Vec::new();
    if !watch.guard.enabled {
        return excesses;
    }
    for now in &losses.by_site {
        let earlier = watch.earlier(author, at, now.site);
        for (what, count, earlier) in
            [(Lost::Enrolments, now.enrolments, earlier.enrolments), (Lost::Users, now.users, earlier.users)]
        {
            let total = count + earlier;
            // Counting people takes time: only where the number alone lets it come to that.
            if count == 0 || total <= watch.guard.count {
                continue;
            }
            let of = there_are(before, now.site, what) + earlier;
            if u128::from(total) * 100 > u128::from(of) * u128::from(watch.guard.percent) {
                let site = now.site.and_then(|site| before.sites.get_index(site.index()));
                let site = site.map(|(key, _)| key.clone());
                excesses.push(Excess { site, what, count, earlier, of });
            }
        }
    }
    excesses
}

/// How many there are, at a site or in all: enrolments that are in force, or people who are active.
fn there_are(state: &State, site: Option<SiteId>, what: Lost) -> u64 {
    let count = match what {
        Lost::Enrolments => {
            let courses = state.courses.values().zip((0..).map(CourseId));
            let there = courses.filter(|(course, _)| site.is_none_or(|site| course.site == site));
            there.map(|(_, id)| state.enrolments.active_in(id)).sum()
        }
        Lost::Users => state.users.count_active(site),
    };
    count as u64
}

impl Draft {
    pub(crate) fn define_guard(&mut self, definition: GuardDefinition) -> Result<(), Error> {
        let old = self.next.watch.guard;
        let guard = Guard {
            percent: definition.percent.unwrap_or(old.percent),
            count: definition.count.unwrap_or(old.count),
            enabled: definition.enabled.unwrap_or(old.enabled),
        };
        if guard.percent > 100 {
            let message = format!("guard: {} percent, expected at most 100", guard.percent);
            return Err(Error::new(ErrorKind::InvalidDefinition, message));
        }
        if guard.count > MAX_COUNT {
            let message = format!("guard: a count of {}, expected at most {MAX_COUNT}", guard.count);
            return Err(Error::new(ErrorKind::InvalidDefinition, message));
        }
        if guard != old {
            Arc::make_mut(&mut self.next.watch).guard = guard;
            self.record(Entry::Guard(guard));
        }
        Ok(())
    }
}
