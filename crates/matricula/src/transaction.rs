//! A set of changes: made, previewed, and committed as a whole or not at all. Dropping it is giving it up.

use std::sync::Arc;

use matricula_core::{
    AttributeDefinition, AttributeType, Change, CourseDefinition, Delta, Draft, EnrolmentRuleDefinition,
    Error, ErrorKind, Exception, Instant, LeavePolicy, Outcome, RecordUpdate, SegmentDefinition,
    SiteDefinition, Snapshot, UserUpdate,
};

use crate::Registry;
use crate::import::Import;

/// A set of changes to a registry. Each is checked as it is made; one that fails changes nothing, and the
/// others stand.
#[derive(Debug)]
pub struct Transaction {
    registry: Registry,
    author: String,
    note: String,
    asked: Instant,
    draft: Draft,
    /// What was asked for, to ask for it again if another writer commits first.
    log: Vec<Asked>,
    previewed: Option<Outcome>,
}

/// One thing asked for.
#[derive(Clone, Debug)]
pub(crate) enum Asked {
    Change(Box<Change>),
    Import(Arc<Import>),
}

/// What a transaction would do if it were committed now: exactly what [`Transaction::commit`] would record.
#[derive(Clone, Debug)]
pub struct Preview {
    delta: Delta,
    snapshot: Snapshot,
}

impl Preview {
    /// What would happen.
    pub fn delta(&self) -> &Delta {
        &self.delta
    }

    /// The registry as it would be.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl std::fmt::Display for Preview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.delta.fmt(f)
    }
}

impl Transaction {
    pub(crate) fn new(registry: Registry, author: String, at: Instant) -> Self {
        let draft = Draft::new(&registry.snapshot(), at);
        Self { registry, author, note: String::new(), asked: at, draft, log: Vec::new(), previewed: None }
    }

    /// The instant at which the changes take effect.
    pub fn at(&self) -> Instant {
        self.draft.at()
    }

    /// Why, in the host's words; recorded with the commit.
    pub fn set_note(&mut self, note: impl Into<String>) {
        self.note = note.into();
        self.previewed = None;
    }

    /// Makes any change.
    ///
    /// # Errors
    /// What is wrong with it; nothing of it is then applied, and the transaction goes on.
    pub fn apply(&mut self, change: impl Into<Change>) -> Result<(), Error> {
        let change = change.into();
        self.draft.apply(change.clone())?;
        self.log.push(Asked::Change(Box::new(change)));
        self.previewed = None;
        Ok(())
    }

    /// Defines a site with the primary site's calendar. See [`SiteDefinition`] for all there is to say.
    ///
    /// # Errors
    /// `invalid_key`.
    pub fn define_site(&mut self, key: &str) -> Result<(), Error> {
        self.apply(SiteDefinition { key: key.to_owned(), name: None, zone: None })
    }

    /// Defines an attribute without further demands. See [`AttributeDefinition`] for all there is to say.
    ///
    /// # Errors
    /// `invalid_key`, `invalid_definition`, `not_possible` if it is there with another type.
    pub fn define_attribute(&mut self, key: &str, kind: AttributeType) -> Result<(), Error> {
        self.apply(AttributeDefinition::new(key, kind))
    }

    /// Defines a course of the primary site. See [`CourseDefinition`] for all there is to say.
    ///
    /// # Errors
    /// `invalid_key`.
    pub fn define_course(&mut self, key: &str) -> Result<(), Error> {
        self.apply(CourseDefinition { key: key.to_owned(), name: None, site: None })
    }

    /// Defines a registry-wide segment by a rule. See [`SegmentDefinition`] for all there is to say.
    ///
    /// # Errors
    /// `invalid_key`, `invalid_rule` with the position and the nearest name.
    pub fn define_segment(&mut self, key: &str, rule: &str) -> Result<(), Error> {
        self.apply(SegmentDefinition::with_rule(key, rule))
    }

    /// Puts a person into a segment by hand, whatever its rule says, as long as the person is active.
    ///
    /// # Errors
    /// `unknown_segment`, `unknown_user`.
    pub fn pin(&mut self, segment: &str, user: &str) -> Result<(), Error> {
        self.decide(segment, user, Some(Exception::Pinned))
    }

    /// Keeps a person out of a segment by hand, whatever its rule says.
    ///
    /// # Errors
    /// `unknown_segment`, `unknown_user`; `not_possible` for a segment without a rule.
    pub fn ban(&mut self, segment: &str, user: &str) -> Result<(), Error> {
        self.decide(segment, user, Some(Exception::Banned))
    }

    /// Takes back what was decided by hand about a person and a segment.
    ///
    /// # Errors
    /// `unknown_segment`, `unknown_user`.
    pub fn release(&mut self, segment: &str, user: &str) -> Result<(), Error> {
        self.decide(segment, user, None)
    }

    fn decide(&mut self, segment: &str, user: &str, exception: Option<Exception>) -> Result<(), Error> {
        self.apply(Change::Exception { segment: segment.to_owned(), user: user.to_owned(), exception })
    }

    /// Records what a person did in a course: rules that ask about completions and scores follow at once.
    ///
    /// # Errors
    /// `unknown_user`, `unknown_course`, `invalid_value` for a score that is not from 0 to 1.
    pub fn record(&mut self, record: RecordUpdate) -> Result<(), Error> {
        self.apply(record)
    }

    /// Defines an enrolment rule. See [`EnrolmentRuleDefinition`] for all there is to say.
    ///
    /// # Errors
    /// `invalid_key`, `invalid_definition`, `unknown_segment`, `unknown_course`.
    pub fn define_enrolment_rule(
        &mut self,
        key: &str,
        segment: &str,
        courses: &[&str],
        on_leave: LeavePolicy,
    ) -> Result<(), Error> {
        self.apply(EnrolmentRuleDefinition {
            key: key.to_owned(),
            name: None,
            segment: segment.to_owned(),
            courses: courses.iter().map(|&course| course.to_owned()).collect(),
            on_leave,
            enabled: true,
        })
    }

    /// Creates or updates a person.
    ///
    /// # Errors
    /// `invalid_key`, `invalid_value`, `unknown_attribute`, `unknown_site`.
    pub fn update_user(&mut self, update: UserUpdate) -> Result<(), Error> {
        self.apply(update)
    }

    /// Enrols a person in a course by hand. It is no error if the person is enrolled already.
    ///
    /// # Errors
    /// `unknown_user`, `unknown_course`, `not_possible` if the person is not a member of the course's site.
    pub fn enrol(&mut self, user: &str, course: &str) -> Result<(), Error> {
        self.apply(Change::Enrol { user: user.to_owned(), course: course.to_owned() })
    }

    /// Takes back an enrolment by hand. An enrolment that a rule holds goes on for that reason.
    ///
    /// # Errors
    /// `unknown_user`, `unknown_course`, `not_possible` if nothing is there to take back.
    pub fn unenrol(&mut self, user: &str, course: &str) -> Result<(), Error> {
        self.apply(Change::Unenrol { user: user.to_owned(), course: course.to_owned() })
    }

    /// The definitions and people as changed so far. Memberships and enrolments are as before: see
    /// [`Transaction::preview`] for what follows.
    pub fn inputs(&self) -> Snapshot {
        self.draft.inputs()
    }

    pub(crate) fn draft_mut(&mut self) -> &mut Draft {
        self.previewed = None;
        &mut self.draft
    }

    pub(crate) fn remember(&mut self, import: Import) {
        self.log.push(Asked::Import(Arc::new(import)));
    }

    fn outcome(&mut self) -> Outcome {
        let (draft, author, note) = (&self.draft, &self.author, &self.note);
        self.previewed.get_or_insert_with(|| draft.finish(author, note)).clone()
    }

    /// What would happen on commit. Nothing is written, and more changes can follow.
    ///
    /// # Errors
    /// None yet; kept for what later checks a transaction as a whole.
    pub fn preview(&mut self) -> Result<Preview, Error> {
        let outcome = self.outcome();
        Ok(Preview { delta: Delta::from(&outcome), snapshot: outcome.snapshot })
    }

    /// Records the changes and everything that follows from them, all or nothing. If another process committed
    /// in the meantime, the changes are made again on top of that. Where nothing changes, nothing is recorded.
    ///
    /// # Errors
    /// `store` if it cannot be written; `conflict` if other writers were always faster; and whatever a change
    /// may fail with, if it cannot be made on top of what another writer did.
    pub fn commit(self) -> Result<Delta, Error> {
        self.commit_if(|_| Ok(()))
    }

    /// Records the changes if what follows from them is exactly what a preview said.
    ///
    /// # Errors
    /// `preview_outdated` if anything differs by now, and the errors of [`Transaction::commit`].
    pub fn commit_expecting(self, preview: &Preview) -> Result<Delta, Error> {
        self.commit_if(|outcome| {
            if Delta::from(outcome).same_as(&preview.delta) {
                return Ok(());
            }
            let message =
                "the registry or the transaction has changed since the preview, expected the same delta";
            Err(Error::new(ErrorKind::PreviewOutdated, message))
        })
    }

    fn commit_if(mut self, accept: impl Fn(&Outcome) -> Result<(), Error>) -> Result<Delta, Error> {
        let outcome = self.outcome();
        accept(&outcome)?;
        // The copies of the state that the draft holds are given up before the commit publishes its own.
        self.previewed = None;
        let Self { registry, author, note, asked, draft, log, .. } = self;
        drop(draft);
        registry.record(outcome, |snapshot| {
            let mut draft = Draft::new(snapshot, asked);
            for asked in &log {
                match asked {
                    Asked::Change(change) => draft.apply(Change::clone(change))?,
                    Asked::Import(import) => import.apply_again(&mut draft)?,
                }
            }
            let outcome = draft.finish(&author, &note);
            accept(&outcome)?;
            Ok(outcome)
        })
    }
}
