//! A transaction in the making: changes are checked and applied to a copy as they come; what follows from all
//! of them is derived once, at the end. Not here: the changes of attributes (`attributes`), segments (`segments`) and
//! people (`people`), decisions by hand (`by_hand`), and what is taken away (`retire`).

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexSet;

use crate::by_hand::Hands;
use crate::clock::cross;
use crate::demands::{Pending, refuse};
use crate::derive::{Changed, derive};
use crate::digest::of_delta;
use crate::erase::Secrets;
use crate::guard::{Held, excesses, losses};
use crate::isolation::check_enrolment_rule;
use crate::model::{Catalog, SegmentState, check_key, live_keys, position};
use crate::placing::Edit;
use crate::state::State;
use crate::touched::Touched;
use crate::users::ColumnId;
use crate::{
    Author, Change, Commit, Course, CourseDefinition, CourseId, Delta, EnrolmentRule,
    EnrolmentRuleDefinition, EnrolmentRuleId, Entry, Error, ErrorKind, Excess, Guard, Hold, Instant, Moment,
    Problem, RecordEntry, RecordUpdate, Segment, SegmentId, Signature, Site, SiteDefinition, SiteId,
    Snapshot, Status, UserId, Warning,
};

/// A set of changes to a snapshot, checked one by one as they are made. It reads no clock and writes nowhere.
///
/// ```
/// use matricula_core::{Draft, Instant, Snapshot, UserUpdate};
///
/// let mut draft = Draft::new(&Snapshot::default(), Instant::from_millis(0)?);
/// draft.apply(UserUpdate::new("ann").into())?;
/// let outcome = draft.finish("hr", "first day");
/// assert!(outcome.snapshot.find_user("ann").is_some());
/// # Ok::<(), matricula_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Draft {
    /// The state after time passed and before the first change.
    pub(crate) before: State,
    /// The inputs as changed so far; what follows from them is still as before.
    pub(crate) next: State,
    at: Instant,
    /// What followed from time passing.
    moments: Vec<Moment>,
    pub(crate) entries: Arc<Vec<Entry>>,
    pub(crate) touched: Touched,
    pub(crate) stale: BTreeSet<SegmentId>,
    pub(crate) rules: BTreeSet<EnrolmentRuleId>,
    pub(crate) hands: Hands,
    /// Whether the transaction erases somebody.
    pub(crate) erases: bool,
    /// What stands for them.
    pub(crate) secrets: Secrets,
    /// Those of them that this transaction said first: they are in no row and no entry, so that no store would know them.
    pub(crate) unrecorded: Secrets,
    /// What somebody should know who commits this.
    pub(crate) warnings: Vec<Warning>,
    /// Whether definitions that rules depend on changed.
    pub(crate) recompile: bool,
    /// The columns whose codes were renumbered.
    pub(crate) renumbered: BTreeSet<ColumnId>,
    /// Whether attributes changed since it was worked out what roles come to.
    pub(crate) access_stale: bool,
    /// What is judged at the end.
    pub(crate) pending: Pending,
    /// Who makes the changes, if it is somebody who may do only what their roles give.
    pub(crate) actor: Option<UserId>,
    /// The state that it began with, before time passed.
    origin: Snapshot,
}

/// What a draft comes to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The registry as it would be.
    pub snapshot: Snapshot,
    /// What would be recorded.
    pub commit: Arc<Commit>,
    /// What keeps it from being committed.
    pub problems: Vec<Problem>,
    /// How many changes there were.
    changes: u32,
    /// The guard that it was weighed by: the one before it.
    guard: Guard,
    /// Where it would end more than the guard lets pass.
    excesses: Vec<Excess>,
    /// What whoever commits it should know besides what the commit says; it is not recorded.
    pub(crate) warnings: Vec<Warning>,
}

impl Outcome {
    /// Whether nothing keeps it from being committed, but for the guard.
    ///
    /// # Errors
    /// Of the first of its problems: `invalid_value` for a person who was named and is not there, or a required value
    /// that is missing; `not_unique`; `not_possible` for people who do not satisfy what an attribute now demands. The
    /// cause is all of them: [`Problems`](crate::Problems).
    pub fn check(&self) -> Result<(), Error> {
        refuse(&self.problems, self.changes)
    }

    /// What the guard holds it for, if it does.
    pub fn hold(&self) -> Option<Hold> {
        (!self.excesses.is_empty()).then(|| Hold {
            revision: self.commit.revision,
            token: self.token(),
            guard: self.guard,
            excesses: self.excesses.clone(),
        })
    }

    /// What stands for exactly this commit: its revision, and a fingerprint of what it does.
    pub fn token(&self) -> String {
        let digest = of_delta(&self.commit);
        let digits: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{digits}", self.commit.revision)
    }

    /// Itself, unless the guard holds it.
    ///
    /// # Errors
    /// `held`; [`Error::hold`] says what for, [`Error::delta`] what it would have done.
    pub fn unless_held(self) -> Result<Self, Error> {
        match self.hold() {
            None => Ok(self),
            Some(hold) => {
                let delta = Delta::from(&self);
                Err(Error::caused_by(ErrorKind::Held, hold.to_string(), Held { hold, delta }))
            }
        }
    }

    /// The same as somebody confirmed it: the guard lets it pass, and what it ends, or the same author ended in the day
    /// before, does not count against what follows.
    ///
    /// # Errors
    /// `invalid_token` if the token is not that of this very commit.
    pub fn confirmed(self, token: &str) -> Result<Self, Error> {
        if self.token() != token {
            let message = format!(
                "token `{}` is of another revision or of other changes, expected that of a preview of this transaction",
                crate::error::shown(token)
            );
            return Err(Error::new(ErrorKind::InvalidToken, message));
        }
        if self.excesses.is_empty() {
            return Ok(self);
        }
        let mut commit = Commit::clone(&self.commit);
        commit.losses.confirmed = true;
        let mut state = State::clone(&self.snapshot.0);
        Arc::make_mut(&mut state.watch).follow(commit.at, &commit.author, &commit.losses);
        let (snapshot, commit) = (Snapshot(Arc::new(state)), Arc::new(commit));
        Ok(Self { snapshot, commit, excesses: Vec::new(), ..self })
    }
}

impl Draft {
    /// Begins with a snapshot, at an instant; at the snapshot's own clock if that is later. Time passes first:
    /// every boundary up to the instant is crossed.
    pub fn new(snapshot: &Snapshot, at: Instant) -> Self {
        let mut before = State::clone(&snapshot.0);
        let at = before.clock.map_or(at, |clock| clock.max(at));
        let moments = cross(&mut before, at);
        before.clock = Some(at);
        Self {
            next: before.clone(),
            before,
            at,
            moments,
            entries: Arc::default(),
            touched: Touched::default(),
            stale: BTreeSet::new(),
            rules: BTreeSet::new(),
            hands: Hands::default(),
            erases: false,
            secrets: Secrets::default(),
            unrecorded: Secrets::default(),
            warnings: Vec::new(),
            recompile: false,
            renumbered: BTreeSet::new(),
            access_stale: false,
            pending: Pending::default(),
            actor: None,
            origin: snapshot.clone(),
        }
    }

    /// The instant at which the changes take effect.
    pub fn at(&self) -> Instant {
        self.at
    }

    /// The definitions and people as changed so far; what follows from the changes is not in it yet.
    pub fn inputs(&self) -> Snapshot {
        Snapshot(Arc::new(self.next.clone()))
    }

    /// Makes a change, or leaves everything as it was.
    ///
    /// # Errors
    /// What is wrong with the change; nothing of it is then applied.
    pub fn apply(&mut self, change: Change) -> Result<(), Error> {
        self.make(change)?;
        self.close_change();
        Ok(())
    }

    pub(crate) fn make(&mut self, change: Change) -> Result<(), Error> {
        self.authorise(&change)?;
        match change {
            Change::Site(definition) => self.define_site(definition),
            Change::Attribute(definition) => self.define_attribute(definition),
            Change::Course(definition) => self.define_course(definition),
            Change::Segment(definition) => self.define_segment(definition),
            Change::EnrolmentRule(definition) => self.define_enrolment_rule(definition),
            Change::Users(updates) => self.update_users(updates),
            Change::Guard(definition) => self.define_guard(definition),
            Change::Exception { segment, user, exception } => self.set_exception(&segment, &user, exception),
            Change::Record(record) => self.record_course(&record),
            Change::Enrol { user, course } => self.enrol(&user, &course, true),
            Change::Unenrol { user, course } => self.enrol(&user, &course, false),
            Change::EnrolMany(enrolment) => self.enrol_many(enrolment),
            Change::SuspendEnrolment { user, course, suspended } => self.suspend(&user, &course, suspended),
            Change::Archive { course, archived } => self.archive(&course, archived),
            Change::Close { site, closed } => self.close(&site, closed),
            Change::Delete(what, key) => self.delete(what, &key),
            Change::Category(definition) => self.define_category(definition),
            Change::Capability(definition) => self.define_capability(definition),
            Change::Role(definition) => self.define_role(definition),
            Change::Override(definition) => self.override_role(&definition),
            Change::Lock { scope, locked } => self.lock(&scope, locked),
            Change::Grant(definition) => self.grant(definition),
            Change::Revoke(grant) => self.revoke(grant),
            Change::Erase { user } => self.erase(&user),
        }
    }

    /// What the changes so far come to: the registry after them, and what there is to record. The same
    /// changes of the same snapshot always come to the same.
    ///
    /// It is an outcome also if there are [problems](Draft::problems); whoever records it asks
    /// [`Outcome::check`] first.
    pub fn finish(&self, author: impl Into<Author>, note: &str) -> Outcome {
        self.finish_as(Signature { author: author.into(), note: note.to_owned(), idempotency: None })
    }

    /// The same, with everything that a commit says of itself.
    pub fn finish_as(&self, signature: Signature) -> Outcome {
        let Signature { author, note, idempotency } = signature;
        let mut state = self.next.clone();
        if self.recompile {
            state.compile(self.at);
        } else {
            state.measure_columns(self.renumbered.iter().copied(), self.at);
        }
        if self.access_stale {
            state.compile_access();
        }
        let known = self.before.slots.len();
        let mut stale: BTreeSet<usize> = (known..state.slots.len()).collect();
        let stale_segments = self.stale_segments();
        if !stale_segments.is_empty() {
            let slots = state.slots.iter().enumerate();
            stale.extend(
                slots.filter(|(_, (segment, _))| stale_segments.contains(segment)).map(|(slot, _)| slot),
            );
        }
        let restored = self.restored();
        let by_hand = self.hands.by_hand();
        let changed = Changed {
            before: &self.before,
            before_at: self.at,
            touched: &self.touched,
            stale: &stale,
            rules: &self.rules,
            restored: &restored,
            by_hand: &by_hand,
        };
        let moment = derive(&mut state, &changed, self.at);
        for &id in &self.stale {
            let was = self.before.segment(id).map(|segment| segment.state);
            let is = state.segment(id).map(|segment| segment.state);
            if is == Some(SegmentState::Paused) && was != Some(SegmentState::Paused) {
                let members = state.members((id, None));
                state.set_frozen(id, members);
            }
        }
        let mut moments = self.moments.clone();
        moments.push(moment);
        moments.extend(self.enrol_in_bulk(&mut state));
        moments.retain(|moment| !moment.is_empty());
        let revision = self.before.revision.next();
        let losses = losses(&self.origin.0, &state, &self.entries, &moments);
        let excesses = excesses(&self.origin.0, &losses, &author, self.at);
        if self.erases {
            state.forget_texts();
        }
        let mut commit = Commit {
            revision,
            at: self.at,
            author,
            note,
            idempotency,
            entries: self.entries.clone(),
            moments,
            losses,
            seal: None,
        };
        if self.erases {
            commit.scrub(&self.unrecorded, true);
        }
        if commit.is_recorded() {
            state.revision = revision;
            if state.watch.concerns(self.at, &commit.losses) {
                Arc::make_mut(&mut state.watch).follow(self.at, &commit.author, &commit.losses);
            }
            if self.erases {
                Arc::make_mut(&mut state.watch).scrub(&self.secrets);
            }
        }
        let (snapshot, commit) = (Snapshot(Arc::new(state)), Arc::new(commit));
        let mut problems = self.problems();
        let about_access = self.access_problems(&snapshot.0).into_iter();
        problems.extend(about_access.map(|reason| self.problem_at_end(ErrorKind::NotPossible, reason)));
        let escalation = self.escalation(&snapshot.0, &commit.moments);
        problems.extend(escalation.map(|reason| self.problem_at_end(ErrorKind::NotPermitted, reason)));
        let (changes, guard) = (self.changes(), self.origin.guard());
        let warnings = self.warnings.clone();
        Outcome { snapshot, commit, problems, changes, guard, excesses, warnings }
    }

    /// The same with one more entry, of what is no change.
    pub fn finish_with(mut self, author: impl Into<Author>, note: &str, entry: Entry) -> Outcome {
        self.record(entry);
        self.finish(author, note)
    }

    pub(crate) fn record(&mut self, entry: Entry) {
        Arc::make_mut(&mut self.entries).push(entry);
    }

    pub(crate) fn find_site(&self, key: &str) -> Result<SiteId, Error> {
        find(&self.next.sites, key, ErrorKind::UnknownSite, "site").map(SiteId::at)
    }

    fn define_site(&mut self, definition: SiteDefinition) -> Result<(), Error> {
        let key = check_key("site", &definition.key)?.into_owned();
        let old = self.next.sites.get_full(&key).map(|(id, _, site)| (id, site.clone()));
        let zone = definition
            .zone
            .unwrap_or_else(|| old.as_ref().map_or_else(|| self.next.zone(None), |(_, site)| site.zone));
        let name = definition.name.or_else(|| old.as_ref().map(|(_, site)| site.name.clone()));
        let closed = old.as_ref().is_some_and(|(_, old)| old.closed);
        let site = Site { name: name.unwrap_or_else(|| key.clone()), key: key.clone(), zone, closed };
        if old.as_ref().is_some_and(|(_, old)| *old == site) {
            return Ok(());
        }
        let id = SiteId::at(old.as_ref().map_or(self.next.sites.len(), |(id, _)| *id));
        if old.is_none_or(|(_, old)| old.zone != zone) {
            self.unsettle_site(id);
        }
        self.next.users.add_site(id);
        Arc::make_mut(&mut self.next.sites).insert(key, site.clone());
        self.record(Entry::Site(id, site));
        Ok(())
    }

    /// Notes that the calendar or the members of a site are no longer what they were.
    pub(crate) fn unsettle_site(&mut self, id: SiteId) {
        // Registry-wide segments count members of any site and days in the primary one's zone.
        let concerned = |segment: &Segment| segment.site.is_none_or(|site| site == id);
        let segments = self.next.segments.values().zip(0_u32..);
        self.stale
            .extend(segments.filter(|(segment, _)| concerned(segment)).map(|(_, index)| SegmentId(index)));
        self.recompile = true;
    }

    fn define_course(&mut self, definition: CourseDefinition) -> Result<(), Error> {
        let key = check_key("course", &definition.key)?.into_owned();
        let within = |error: Error| error.within(format_args!("course `{key}`"));
        let site = definition.site.as_deref().map(|site| self.find_site(site)).transpose().map_err(within)?;
        let category =
            definition.category.as_deref().map(|key| self.find_category(key)).transpose().map_err(within)?;
        let above = category.and_then(|category| self.next.access.category(category)).map(|it| it.site);
        let old = self.next.courses.get_full(&key);
        let (id, course) = match old {
            Some((id, _, old)) => {
                if site.is_some_and(|site| site != old.site) {
                    return Err(not_possible(format!(
                        "course `{key}` belongs to another site and cannot move"
                    )));
                }
                let name = definition.name.unwrap_or_else(|| old.name.clone());
                let category = category.or(old.category);
                (id, Course { key: key.clone(), name, site: old.site, category, archived: old.archived })
            }
            None => {
                let name = definition.name.unwrap_or_else(|| key.clone());
                let site = site.or(above).unwrap_or(SiteId(0));
                (self.next.courses.len(), Course { key: key.clone(), name, site, category, archived: false })
            }
        };
        if above.is_some_and(|above| above != course.site) {
            let message = "it lies in a category of another site";
            return Err(within(Error::new(ErrorKind::InvalidDefinition, message)));
        }
        if old.is_some_and(|(_, _, old)| *old == course) {
            return Ok(());
        }
        Arc::make_mut(&mut self.next.courses).insert(key, course.clone());
        self.record(Entry::Course(CourseId::at(id), course));
        Ok(())
    }

    fn define_enrolment_rule(&mut self, definition: EnrolmentRuleDefinition) -> Result<(), Error> {
        let key = check_key("enrolment rule", &definition.key)?.into_owned();
        if key == "manual" || key == "bulk" {
            let message = format!("enrolment rule key `{key}` stands for enrolments by hand");
            return Err(Error::new(ErrorKind::InvalidKey, message));
        }
        let within = |error: Error| error.within(format_args!("enrolment rule `{key}`"));
        let segment = find(&self.next.segments, &definition.segment, ErrorKind::UnknownSegment, "segment")
            .map_err(within)
            .map(SegmentId::at)?;
        let courses = self.courses_of_rule(&definition.courses).map_err(within)?;
        let old = self.next.rules.get_full(&key).map(|(id, _, rule)| (id, rule.clone()));
        let name = definition.name.or_else(|| old.as_ref().map(|(_, old)| old.name.clone()));
        let rule = EnrolmentRule {
            name: name.unwrap_or_else(|| key.clone()),
            key: key.clone(),
            segment,
            courses,
            on_leave: definition.on_leave,
            enabled: definition.enabled,
            role: self.role_of_rule(&definition.role).map_err(within)?,
            from: definition.from,
            until: definition.until,
            due: definition.due,
            deleted: false,
        };
        check_enrolment_rule(&rule, &self.next).map_err(within)?;
        if old.as_ref().is_some_and(|(_, old)| *old == rule) {
            return Ok(());
        }
        let id = EnrolmentRuleId::at(old.as_ref().map_or(self.next.rules.len(), |(id, _)| *id));
        self.put_in_place(Edit::Rule(id, &rule)).map_err(within)?;
        Arc::make_mut(&mut self.next.rules).insert(key, rule.clone());
        self.rules.insert(id);
        self.recompile = true;
        self.record(Entry::EnrolmentRule(id, rule));
        Ok(())
    }

    /// The key of a role that people can be enrolled as.
    fn role_of_rule(&self, role: &str) -> Result<String, Error> {
        let id = self.find_role(role)?;
        let role = self.next.access.role(id);
        Ok(role.map_or_else(String::new, |role| role.key.clone()))
    }

    /// Courses by their keys, without repeats.
    pub(crate) fn courses_of_rule(&self, keys: &[String]) -> Result<Vec<CourseId>, Error> {
        let mut courses = IndexSet::with_capacity(keys.len());
        for key in keys {
            let course = find(&self.next.courses, key, ErrorKind::UnknownCourse, "course")?;
            courses.insert(CourseId::at(course));
        }
        Ok(courses.into_iter().collect())
    }

    /// Records what a person did in a course.
    fn record_course(&mut self, record: &RecordUpdate) -> Result<(), Error> {
        let user = self.living(&record.user)?;
        let course =
            find(&self.next.courses, &record.course, ErrorKind::UnknownCourse, "course").map(CourseId::at)?;
        if let Some(Some(score)) = record.score
            && !(0..=1_000_000).contains(&score.millionths())
        {
            let message = format!("score {score} is not between 0 and 1");
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        let mut entry = RecordEntry { user, course, completed: None, score: None };
        if let Some(completed) = record.completed {
            let value = completed.map(|at| matricula_rule::Value::Timestamp(at.to_utc()));
            if self.put_field(user, ColumnId::Completed(course), value.as_ref()) {
                entry.completed = Some(completed);
            }
        }
        if let Some(score) = record.score {
            let value = score.map(matricula_rule::Value::Decimal);
            if self.put_field(user, ColumnId::Score(course), value.as_ref()) {
                entry.score = Some(score);
            }
        }
        if entry.completed.is_some() || entry.score.is_some() {
            self.record(Entry::Record(entry));
        }
        Ok(())
    }

    /// Sets the value of a column that is no attribute's; whether that changed it.
    fn put_field(&mut self, user: UserId, id: ColumnId, value: Option<&matricula_rule::Value>) -> bool {
        if self.next.users.column(id).is_none() && value.is_none() {
            return false;
        }
        let Some(column) = self.next.users.column_mut(id) else { return false };
        let learnt = value.map(|value| column.learn(&[value]));
        let code = learnt.as_ref().and_then(|learnt| learnt.codes.first()).copied().unwrap_or_default();
        let changed = column.get(user.0) != code;
        column.set(user.0, code);
        if learnt.is_some_and(|learnt| learnt.renumbered) {
            self.renumbered.insert(id);
        }
        if changed {
            self.touch(user, id);
        }
        changed
    }

    /// The id of a person who is not erased.
    pub(crate) fn living(&self, key: &str) -> Result<UserId, Error> {
        let user = Snapshot::user_in(&self.next, key)?;
        if self.next.users.status(user) == Some(Status::Erased) {
            return Err(not_possible(format!("user `{key}` is erased")));
        }
        Ok(user)
    }

    /// Notes that a value of a person changed.
    pub(crate) fn touch(&mut self, user: UserId, column: ColumnId) {
        self.touched.note(user.0, column, self.next.users.count());
    }
}

pub(crate) fn not_possible(message: String) -> Error {
    Error::new(ErrorKind::NotPossible, message)
}

/// The position of a definition, or an error with the nearest key.
pub(crate) fn find<T>(catalog: &Catalog<T>, key: &str, kind: ErrorKind, what: &str) -> Result<usize, Error> {
    position(catalog, &matricula_rule::normalise(key))
        .ok_or_else(|| Error::unknown(kind, what, key, live_keys(catalog)))
}
