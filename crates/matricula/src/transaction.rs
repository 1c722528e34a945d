//! A set of changes: made, previewed, and committed as a whole or not at all. Dropping it is giving it up.

use std::sync::Arc;

use matricula_core::{
    Asked, AttributeDefinition, AttributeType, Author, Change, Commit, CourseDefinition, Delta, Draft,
    EnrolmentRuleDefinition, Error, ErrorKind, Exception, GuardDefinition, Hold, Idempotency, Instant,
    LeavePolicy, Outcome, Problem, Question, RecordUpdate, Reversal, Revert, Revision, SegmentDefinition,
    Signature, SiteDefinition, Snapshot, UserId, UserUpdate,
};

use crate::Registry;
use crate::history::no_revision;
use crate::import::Import;
use crate::registry::same_request;

/// A set of changes to a registry. Each is checked as it is made; one that fails changes nothing, and the
/// others stand.
#[derive(Debug)]
pub struct Transaction {
    registry: Registry,
    author: Author,
    note: String,
    keyed: Option<Keyed>,
    asked: Instant,
    draft: Draft,
    /// What was asked for, to ask for it again if another writer commits first.
    log: Vec<Logged>,
    /// Whether anything was asked for, refused or not.
    begun: bool,
    previewed: Option<Outcome>,
    /// Who makes the changes, if it is a person who may make only some.
    actor: Option<UserId>,
}

/// A draft of the host, or of a person.
fn draft_of(snapshot: &Snapshot, at: Instant, actor: Option<UserId>) -> Draft {
    match actor {
        Some(actor) => Draft::new_as(snapshot, at, actor),
        None => Draft::new(snapshot, at),
    }
}

/// The key under which the host asks, and what was asked for under it.
#[derive(Debug)]
struct Keyed {
    key: String,
    asked: Asked,
    /// The commit of the same key, if it was used before.
    first: Option<Arc<Commit>>,
}

impl Keyed {
    fn idempotency(&self) -> Idempotency {
        Idempotency { key: self.key.clone(), asked: self.asked.fingerprint() }
    }
}

/// One thing asked for.
#[derive(Clone, Debug)]
pub(crate) enum Logged {
    Change(Box<Change>),
    Import(Arc<Import>),
    /// With what was left.
    Revert(Arc<Reversal>, Revert, Vec<String>),
}

/// What a transaction would do if it were committed now: exactly what [`Transaction::commit`] would record.
#[derive(Clone, Debug)]
pub struct Preview {
    delta: Delta,
    snapshot: Snapshot,
    hold: Option<Hold>,
    repeats: bool,
}

impl Preview {
    /// What the guard holds it for, if it does: [`Transaction::commit`] would refuse it, and
    /// [`Transaction::confirm`] takes the hold's token.
    pub fn held(&self) -> Option<&Hold> {
        self.hold.as_ref()
    }

    /// Whether the same request was committed before, so that this is what it came to then, and nothing new would be
    /// recorded.
    pub fn repeats(&self) -> bool {
        self.repeats
    }

    /// What would happen.
    pub fn delta(&self) -> &Delta {
        &self.delta
    }

    /// The registry as it would be; as it is, if the request was committed before.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl std::fmt::Display for Preview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(hold) = &self.hold {
            writeln!(f, "{hold}")?;
        }
        self.delta.fmt(f)
    }
}

impl Transaction {
    pub(crate) fn new(registry: Registry, author: Author, at: Instant) -> Self {
        Self::begin(registry, author, at, None)
    }

    /// One of a person, who may make only the changes that their roles give.
    pub(crate) fn of_actor(registry: Registry, actor: UserId, at: Instant) -> Self {
        Self::begin(registry, Author::Actor(actor), at, Some(actor))
    }

    fn begin(registry: Registry, author: Author, at: Instant, actor: Option<UserId>) -> Self {
        let draft = draft_of(&registry.snapshot(), at, actor);
        let (note, log) = (String::new(), Vec::new());
        Self {
            registry,
            author,
            note,
            keyed: None,
            asked: at,
            draft,
            log,
            begun: false,
            previewed: None,
            actor,
        }
    }

    /// Names the request that this transaction is, before its changes: should the host not learn that it was committed,
    /// it asks for the same again under the same key, and gets the first result. The key is kept as long as the
    /// commit, also of a transaction in which nothing changes.
    ///
    /// Where the key was used before, changes are not made again, whatever instant and note they come with. What was
    /// accepted then is accepted, and what was refused then is refused again, as the same kind of error, whatever would
    /// become of it by now. Only what was accepted is compared.
    ///
    /// # Errors
    /// `invalid_key` for a key that is empty, longer than 255 bytes, has control characters, or begins or ends with
    /// white space; `not_possible` after a change; `store`, `invalid_store`.
    pub fn set_idempotency(&mut self, key: &str) -> Result<(), Error> {
        let key = Idempotency::check_key(key)?;
        if self.begun {
            let message = "the idempotency key is given after a change, expected it before the first one";
            return Err(Error::new(ErrorKind::NotPossible, message));
        }
        let first = self.registry.find(&key)?;
        self.keyed = Some(Keyed { key, asked: Asked::default(), first });
        self.previewed = None;
        Ok(())
    }

    /// Whether the request was committed before, so that changes are compared and not made.
    fn first(&self) -> Option<(&Keyed, &Arc<Commit>)> {
        let keyed = self.keyed.as_ref()?;
        Some((keyed, keyed.first.as_ref()?))
    }

    pub(crate) fn is_repeated(&self) -> bool {
        self.first().is_some()
    }

    /// Begins to ask for something: its fingerprint, if the transaction has a key.
    pub(crate) fn ask(&mut self, question: impl FnOnce() -> Question) -> Option<Question> {
        self.begun = true;
        self.keyed.is_some().then(question)
    }

    /// The error of something that was refused when the request was first made: the one that it has now, if that is of
    /// the same kind.
    pub(crate) fn refused_then(
        &self,
        question: Option<Question>,
        now: impl FnOnce(Draft) -> Option<Error>,
    ) -> Option<Error> {
        let (keyed, first) = self.first()?;
        let kind = first.idempotency.as_ref()?.asked.refusal(&keyed.asked, question?)?;
        Some(now(self.draft.clone()).filter(|error| error.kind() == kind).unwrap_or_else(|| {
            let revision = first.revision;
            Error::new(
                kind,
                format!("refused as it was when the request was first made, in commit {revision}"),
            )
        }))
    }

    /// Takes note of what was accepted.
    pub(crate) fn accepted(&mut self, question: Option<Question>) {
        if let (Some(keyed), Some(question)) = (&mut self.keyed, question) {
            keyed.asked.accept(question);
        }
    }

    /// Takes note of what was refused, unless that says nothing of what was asked for.
    pub(crate) fn refused(&mut self, question: Option<Question>, error: &Error) {
        let chance =
            matches!(error.kind(), ErrorKind::Cancelled | ErrorKind::Store | ErrorKind::InvalidStore);
        if let (Some(keyed), Some(question), false) = (&mut self.keyed, question, chance) {
            keyed.asked.refuse(question, error.kind());
        }
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
    /// What is wrong with it; nothing of it is then applied, and the transaction goes on. What depends on changes to
    /// come is judged by [`Transaction::preview`] and [`Transaction::commit`]: people who were named and are not there,
    /// required values, unique ones.
    pub fn apply(&mut self, change: impl Into<Change>) -> Result<(), Error> {
        let change = change.into();
        let question = self.ask(|| Question::of_change(&change));
        if let Some(error) = self.refused_then(question, |mut draft| draft.apply(change.clone()).err()) {
            return Err(error);
        }
        let applied = self.draft.apply(change.clone());
        self.previewed = None;
        match applied {
            Err(error) if !self.is_repeated() => {
                self.refused(question, &error);
                return Err(error);
            }
            _ => self.accepted(question),
        }
        if !self.is_repeated() {
            self.log.push(Logged::Change(Box::new(change)));
        }
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
        self.apply(CourseDefinition::new(key.to_owned()))
    }

    /// Defines a registry-wide segment by a rule. See [`SegmentDefinition`] for all there is to say.
    ///
    /// # Errors
    /// `invalid_key`, `invalid_rule` with the position and the nearest name.
    pub fn define_segment(&mut self, key: &str, rule: &str) -> Result<(), Error> {
        self.apply(SegmentDefinition::with_rule(key, rule))
    }

    /// Says from where on what a commit ends has to be confirmed, from the next commit on.
    ///
    /// # Errors
    /// `invalid_definition` for more than 100 percent.
    pub fn define_guard(&mut self, definition: GuardDefinition) -> Result<(), Error> {
        self.apply(definition)
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
        self.apply(EnrolmentRuleDefinition::new(key, segment, courses.iter().copied(), on_leave))
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
    /// `unknown_user`, `unknown_course`, `not_possible` if the person is not a member of the course's site, or the course
    /// is archived.
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

    /// Erases a person for good: key, values, memberships and decisions by hand go, here and in every earlier commit; a
    /// number stays, with facts about enrolments and what is recorded in courses. It cannot be undone. The preview
    /// and the delta warn of rules that go on naming the person.
    ///
    /// # Errors
    /// `unknown_user`, `not_possible` if the person is erased already.
    pub fn erase(&mut self, user: &str) -> Result<(), Error> {
        self.apply(Change::Erase { user: user.to_owned() })
    }

    /// Undoes a commit: values, statuses, memberships, decisions by hand, records, enrolments by hand and definitions
    /// become what they were before it, where nothing has changed them since; what follows is derived. Definitions that the
    /// commit made stay, but for enrolment rules, which are disabled under their own policies; people whom it created are
    /// suspended. Gives what was left because it has been changed since.
    ///
    /// # Errors
    /// `unknown_revision`, `archived`; `not_possible` if something has been changed since and is not to be skipped, with
    /// a list, or if the commit erases people. Nothing is then undone, and the transaction goes on.
    pub fn revert(&mut self, revision: Revision, how: Revert) -> Result<Vec<String>, Error> {
        let said = if how == Revert::Skip { "skip" } else { "strict" };
        let question = self.ask(|| Question::of("revert", &(revision, said), b""));
        if let Some(error) = self.refused_then(question, |_| None) {
            return Err(error);
        }
        if self.is_repeated() {
            self.accepted(question);
            return Ok(Vec::new());
        }
        let reverted = self.revert_now(revision, how);
        match &reverted {
            Ok(_) => self.accepted(question),
            Err(error) => self.refused(question, error),
        }
        reverted
    }

    fn revert_now(&mut self, revision: Revision, how: Revert) -> Result<Vec<String>, Error> {
        let last = self.registry.refresh()?.revision();
        let commit = self.registry.recorded(revision)?;
        let commit = commit.ok_or_else(|| no_revision(revision, last))?;
        let before = self.registry.as_of(Revision(revision.0.saturating_sub(1)))?;
        let reversal = Reversal::new(before, commit)?;
        let left = self.draft.revert(&reversal, how)?;
        self.log.push(Logged::Revert(Arc::new(reversal), how, left.clone()));
        self.previewed = None;
        Ok(left)
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
        self.log.push(Logged::Import(Arc::new(import)));
    }

    fn signature(&self) -> Signature {
        let (author, note) = (self.author.clone(), self.note.clone());
        Signature { author, note, idempotency: self.keyed.as_ref().map(Keyed::idempotency) }
    }

    fn outcome(&mut self) -> Outcome {
        let signature = self.signature();
        let draft = &self.draft;
        self.previewed.get_or_insert_with(|| draft.finish_as(signature)).clone()
    }

    /// The first result, if the request was committed before.
    fn repeated(&self) -> Result<Option<Delta>, Error> {
        let Some((keyed, first)) = self.first() else { return Ok(None) };
        same_request(first, &keyed.idempotency(), &self.author)?;
        Ok(Some(Delta::new(self.registry.knowing(first)?, first.clone())))
    }

    /// What keeps the transaction from being committed as it is, each with the change that it comes from: people who
    /// were named and are not there, required values, unique ones.
    pub fn problems(&self) -> Vec<Problem> {
        if self.is_repeated() { Vec::new() } else { self.draft.problems() }
    }

    /// What would happen on commit. Nothing is written, and more changes can follow.
    ///
    /// # Errors
    /// What keeps the transaction from being committed, see [`Transaction::problems`]: `invalid_value`, `not_unique`,
    /// `not_possible`. `idempotency_conflict` if the key was used for something else.
    pub fn preview(&mut self) -> Result<Preview, Error> {
        if let Some(delta) = self.repeated()? {
            let snapshot = self.registry.snapshot();
            return Ok(Preview { delta, snapshot, hold: None, repeats: true });
        }
        let outcome = self.outcome();
        outcome.check()?;
        let (delta, hold) = (Delta::from(&outcome), outcome.hold());
        Ok(Preview { delta, snapshot: outcome.snapshot, hold, repeats: false })
    }

    /// Records the changes and everything that follows from them, all or nothing. If another process committed
    /// in the meantime, the changes are made again on top of that. Where nothing changes, nothing is recorded, unless
    /// the transaction has an idempotency key. Where the same request was committed before, this is the first result.
    ///
    /// # Errors
    /// `store` if it cannot be written; `conflict` if other writers were always faster; `held` if more would end than
    /// the guard lets pass; `idempotency_conflict` if the key was used for something else; what keeps the transaction
    /// from being committed, see [`Transaction::problems`]; and whatever a change may fail with, if it cannot be made
    /// on top of what another writer did.
    pub fn commit(self) -> Result<Delta, Error> {
        self.commit_if(Outcome::unless_held)
    }

    /// Records the changes if what follows from them is exactly what a preview said.
    ///
    /// # Errors
    /// `preview_outdated` if anything differs by now, and the errors of [`Transaction::commit`].
    pub fn commit_expecting(self, preview: &Preview) -> Result<Delta, Error> {
        self.commit_if(|outcome| {
            if Delta::from(&outcome).same_as(&preview.delta) {
                return outcome.unless_held();
            }
            let message =
                "the registry or the transaction has changed since the preview, expected the same delta";
            Err(Error::new(ErrorKind::PreviewOutdated, message))
        })
    }

    /// Records what the guard holds, as somebody has seen and confirmed it: exactly the delta that the token is of. What
    /// was confirmed, and what the same author ended in the 24 hours before, does not count against later commits.
    ///
    /// ```
    /// # use matricula::{Memory, Registry, Status, UserUpdate, Change, GuardDefinition, Instant, ErrorKind};
    /// # let registry = Registry::open(Memory::default())?;
    /// # let host = registry.as_host("hr");
    /// # let at = Instant::EPOCH;
    /// # let people = || (0..100).map(|number| UserUpdate::new(format!("u{number}")));
    /// # let mut tx = host.begin(at)?;
    /// # tx.apply(Change::Users(people().collect()))?;
    /// # tx.commit()?;
    /// let suspended = || Change::Users(people().map(|user| user.status(Status::Suspended)).collect());
    /// let mut tx = host.begin(at)?;
    /// tx.apply(suspended())?;
    /// let token = tx.preview()?.held().unwrap().token.clone();
    /// assert_eq!(tx.commit().unwrap_err().kind(), ErrorKind::Held);
    ///
    /// // Somebody has looked at it, and the host asks again.
    /// let mut tx = host.begin(at)?;
    /// tx.apply(suspended())?;
    /// tx.confirm(&token)?;
    /// # Ok::<(), matricula::Error>(())
    /// ```
    ///
    /// # Errors
    /// `invalid_token` if the token is not of the preview of this very transaction on this very revision; and the
    /// errors of [`Transaction::commit`] but `held`.
    pub fn confirm(self, token: &str) -> Result<Delta, Error> {
        self.commit_if(|outcome| outcome.confirmed(token))
    }

    fn commit_if(mut self, judge: impl Fn(Outcome) -> Result<Outcome, Error>) -> Result<Delta, Error> {
        if let Some(first) = self.repeated()? {
            return Ok(first);
        }
        let judge = |outcome: Outcome| {
            outcome.check()?;
            judge(outcome)
        };
        let outcome = match (judge(self.outcome()), &mut self.keyed) {
            (Ok(outcome), _) => outcome,
            (Err(error), None) => return Err(error),
            // Another process may have dealt with the request since it was begun here.
            (Err(error), Some(keyed)) => {
                keyed.first = self.registry.find(&keyed.key)?;
                return self.repeated()?.ok_or(error);
            }
        };
        // The copies of the state that the draft holds are given up before the commit publishes its own.
        self.previewed = None;
        let signature = self.signature();
        let Self { registry, asked, draft, log, actor, .. } = self;
        drop(draft);
        registry.record(outcome, |snapshot| {
            let mut draft = draft_of(snapshot, asked, actor);
            for logged in &log {
                match logged {
                    Logged::Change(change) => draft.apply(Change::clone(change))?,
                    Logged::Import(import) => import.apply_again(&mut draft)?,
                    Logged::Revert(reversal, how, left) => {
                        if draft.revert(reversal, *how)? != *left {
                            let message = "another writer changed what the commit that is undone had changed";
                            return Err(Error::new(ErrorKind::Conflict, message));
                        }
                    }
                }
            }
            judge(draft.finish_as(signature.clone()))
        })
    }
}
