//! Undoing one commit of the past: everything that it changed becomes again what it was before, where nothing has changed it
//! since. It is a change like others: what follows is derived, and later commits stay. Not here: what makes a change valid.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use matricula_rule::{Attribute, AttributeId, CourseId, Kind, SegmentId, SiteId, UserId, Value};

use crate::draft::{Draft, not_possible};
use crate::reconcile::Decision;
use crate::{
    Action, AttributeDefinition, AttributeType, BulkEnrolment, Change, Commit, CourseDefinition, DueDate,
    EnrolmentRuleDefinition, EnrolmentRuleId, Entry, Error, GuardDefinition, Input, Instant,
    OptionDefinition, Reason, RecordUpdate, SiteDefinition, Snapshot, Status, UserUpdate,
};

/// What happens to what has been changed again since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Revert {
    /// Nothing is undone if there is any.
    #[default]
    Strict,
    /// It is left as it is; the rest is undone.
    Skip,
}

impl std::str::FromStr for Revert {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        match word {
            "strict" => Ok(Self::Strict),
            "skip" => Ok(Self::Skip),
            _ => Err(crate::model::not_a_word("way to revert", word, &["strict", "skip"])),
        }
    }
}

/// A commit to be undone, and the registry before and after it.
#[derive(Clone, Debug)]
pub struct Reversal {
    commit: Arc<Commit>,
    pub(crate) before: Snapshot,
    pub(crate) after: Snapshot,
}

/// So many things that stand in the way are named.
const NAMED: usize = 20;

/// What a commit touched of one person.
#[derive(Debug, Default)]
struct Person {
    created: bool,
    status: bool,
    attributes: BTreeSet<AttributeId>,
    sites: BTreeSet<SiteId>,
}

/// Everything that a commit touched.
#[derive(Debug, Default)]
struct Touched {
    guard: bool,
    sites: BTreeSet<SiteId>,
    attributes: BTreeSet<AttributeId>,
    courses: BTreeSet<CourseId>,
    segments: BTreeSet<SegmentId>,
    rules: BTreeSet<EnrolmentRuleId>,
    people: BTreeMap<UserId, Person>,
    exceptions: BTreeSet<(SegmentId, UserId)>,
    completed: BTreeSet<(UserId, CourseId)>,
    scores: BTreeSet<(UserId, CourseId)>,
    by_hand: BTreeSet<(UserId, CourseId)>,
    suspended: BTreeSet<(UserId, CourseId)>,
    access: Vec<Entry>,
}

impl Reversal {
    /// What undoing a commit needs to know: the commit, and the registry before it.
    ///
    /// # Errors
    /// `invalid_store` if the commit does not follow that registry; `not_possible` if it is one that cannot be undone: it
    /// erases people, or records an archive.
    pub fn new(before: Snapshot, commit: Arc<Commit>) -> Result<Self, Error> {
        for entry in commit.entries.iter() {
            let what = match entry {
                Entry::Erase(_) => "erases people, which is for good",
                Entry::Archive { .. } => "records that commits were archived",
                _ => continue,
            };
            return Err(not_possible(format!("commit {} cannot be undone: it {what}", commit.revision)));
        }
        let after = before.replay(&commit)?;
        Ok(Self { commit, before, after })
    }

    fn touched(&self) -> Touched {
        let mut touched = Touched::default();
        for entry in self.commit.entries.iter() {
            match entry {
                Entry::Site(id, _) => drop(touched.sites.insert(*id)),
                Entry::Attribute(attribute) => drop(touched.attributes.insert(attribute.id)),
                Entry::Course(id, _) => drop(touched.courses.insert(*id)),
                Entry::Segment(id, _) => drop(touched.segments.insert(*id)),
                Entry::EnrolmentRule(id, _) => drop(touched.rules.insert(*id)),
                Entry::User(entry) => {
                    let person = touched.people.entry(entry.id).or_default();
                    person.created |= entry.key.is_some();
                    person.status |= entry.status.is_some();
                    person.attributes.extend(entry.values.iter().map(|(attribute, _)| *attribute));
                    person.sites.extend(entry.sites.iter().map(|(site, _)| *site));
                }
                Entry::Exception { segment, user, .. } => drop(touched.exceptions.insert((*segment, *user))),
                Entry::Record(record) => {
                    let key = (record.user, record.course);
                    if record.completed.is_some() {
                        touched.completed.insert(key);
                    }
                    if record.score.is_some() {
                        touched.scores.insert(key);
                    }
                }
                Entry::Guard(_) => touched.guard = true,
                Entry::Category(..)
                | Entry::Capability(_)
                | Entry::Role(..)
                | Entry::Override { .. }
                | Entry::Lock { .. }
                | Entry::Grant(..)
                | Entry::Revoke { .. } => touched.access.push(entry.clone()),
                Entry::Erase(_) | Entry::Erased { .. } | Entry::Archive { .. } => {}
            }
        }
        for steps in self.commit.moments.iter().flat_map(|moment| &moment.steps) {
            if matches!(steps.action, Action::SuspendedByHand | Action::ResumedByHand) {
                touched.suspended.extend(steps.users.iter().map(|user| (UserId(user), steps.course)));
            } else if matches!(steps.reason, Reason::Manual | Reason::Bulk) {
                touched.by_hand.extend(steps.users.iter().map(|user| (UserId(user), steps.course)));
            }
        }
        touched
    }
}

/// What undoing has come to so far.
#[derive(Debug, Default)]
pub(crate) struct Undoing {
    /// What has been changed since, or cannot be as it was.
    left: Vec<String>,
}

impl Undoing {
    pub(crate) fn leave(&mut self, what: impl Into<String>) {
        self.left.push(what.into());
    }

    /// Whether something can be put back: it is what the commit left, and was something else before.
    pub(crate) fn is_due<T: PartialEq>(
        &mut self,
        before: &T,
        after: &T,
        now: &T,
        what: impl FnOnce() -> String,
    ) -> bool {
        if before == after || now == before {
            return false;
        }
        if now != after {
            self.leave(format!("{} has been changed since", what()));
        }
        now == after
    }
}

impl Draft {
    /// Undoes a commit. Definitions that it made stay, but for enrolment rules, which are disabled; people whom it created
    /// are suspended. Gives what was left because it has been changed since.
    ///
    /// # Errors
    /// `not_possible` if something has been changed since and is not to be left, with a list; `not_permitted` to an actor;
    /// nothing is then undone.
    pub fn revert(&mut self, reversal: &Reversal, how: Revert) -> Result<Vec<String>, Error> {
        self.refuse_actor("commits are undone")?;
        let saved = self.clone();
        let mut undoing = Undoing::default();
        let touched = reversal.touched();
        // Definitions refer to each other: what is refused may be possible once others are as they were.
        let mut refused = usize::MAX;
        while refused > 0 {
            let mut attempt = Undoing::default();
            self.revert_definitions(reversal, &touched, &mut attempt);
            if attempt.left.len() >= refused {
                undoing.left.append(&mut attempt.left);
                break;
            }
            refused = attempt.left.len();
        }
        // Values may fit the attributes only as they were, and attributes the values.
        let refused = self.revert_attributes(reversal, &touched.attributes, &mut Undoing::default());
        let updates = self.updates(reversal, &touched, &mut undoing);
        let refused_updates = self.try_updates(updates);
        self.revert_attributes(reversal, &refused, &mut undoing);
        let updates = refused_updates.into_iter().map(|(update, _)| update).collect();
        for (update, error) in self.try_updates(updates) {
            undoing.leave(format!("user `{}`: {error}", update.key));
        }
        self.revert_access(reversal, &touched.access, &mut undoing);
        self.revert_decisions(reversal, &touched, &mut undoing);
        if how == Revert::Strict && !undoing.left.is_empty() {
            *self = saved;
            return Err(in_the_way(&reversal.commit, &undoing.left));
        }
        self.close_change();
        Ok(undoing.left)
    }

    fn revert_definitions(&mut self, reversal: &Reversal, touched: &Touched, undoing: &mut Undoing) {
        let Reversal { before, after, .. } = reversal;
        let (was, made, is) = (before.guard(), after.guard(), self.inputs().guard());
        if touched.guard && undoing.is_due(&was, &made, &is, || "the guard".to_owned()) {
            let (percent, count, enabled) = (Some(was.percent), Some(was.count), Some(was.enabled));
            self.undo(GuardDefinition { percent, count, enabled }, undoing);
        }
        for &id in &touched.sites {
            let now = self.inputs();
            let Some(was) = before.site(id) else { continue };
            if undoing.is_due(&Some(was), &after.site(id), &now.site(id), || format!("site `{}`", was.key)) {
                let (name, zone) = (Some(was.name.clone()), Some(was.zone));
                let change = SiteDefinition { key: was.key.clone(), name, zone };
                self.undo(change, undoing);
                self.undo(Change::Close { site: was.key.clone(), closed: was.closed }, undoing);
            }
        }
        for &id in &touched.courses {
            let now = self.inputs();
            let Some(was) = before.course(id) else { continue };
            let what = || format!("course `{}`", was.key);
            if undoing.is_due(&Some(was), &after.course(id), &now.course(id), what) {
                let name = Some(was.name.clone());
                let (key, category) = (was.key.clone(), None);
                self.undo(CourseDefinition { key, name, site: None, category }, undoing);
                self.undo(Change::Archive { course: was.key.clone(), archived: was.archived }, undoing);
            }
        }
        for &id in &touched.segments {
            let now = self.inputs();
            let Some(was) = before.segment(id) else { continue };
            if now.segment(id).is_some_and(|is| is.deleted && !was.deleted) {
                undoing.leave(format!("segment `{}` was deleted, for good", was.key));
                continue;
            }
            let what = || format!("segment `{}`", was.key);
            if undoing.is_due(&Some(was), &after.segment(id), &now.segment(id), what)
                && let Err(error) = self.restore_segment(id, was.clone())
            {
                undoing.leave(error.message());
            }
        }
        for &id in &touched.rules {
            let now = self.inputs();
            let Some(made) = after.enrolment_rule(id) else { continue };
            let what = || format!("enrolment rule `{}`", made.key);
            if now.enrolment_rule(id).is_some_and(|is| is.deleted) {
                if before.enrolment_rule(id).is_some_and(|was| !was.deleted) {
                    undoing.leave(format!("{} was deleted, for good", what()));
                }
                continue;
            }
            // One that the commit made did not act before.
            let was = before.enrolment_rule(id).cloned();
            let was = was.unwrap_or_else(|| crate::EnrolmentRule { enabled: false, ..made.clone() });
            if undoing.is_due(&Some(&was), &Some(made), &now.enrolment_rule(id), what) {
                let course = |id: &CourseId| now.course(*id).map(|course| course.key.clone());
                let definition = EnrolmentRuleDefinition {
                    key: was.key.clone(),
                    name: Some(was.name.clone()),
                    segment: now.segment(was.segment).map_or_else(String::new, |segment| segment.key.clone()),
                    courses: was.courses.iter().filter_map(course).collect(),
                    on_leave: was.on_leave,
                    enabled: was.enabled,
                    role: was.role.clone(),
                    from: was.from,
                    until: was.until,
                    due: was.due,
                };
                self.undo(definition, undoing);
            }
        }
    }

    pub(crate) fn undo(&mut self, change: impl Into<Change>, undoing: &mut Undoing) {
        if let Err(error) = self.make(change.into()) {
            undoing.leave(error.message());
        }
    }

    /// Puts attributes back; gives those that could not be.
    fn revert_attributes(
        &mut self,
        reversal: &Reversal,
        attributes: &BTreeSet<AttributeId>,
        undoing: &mut Undoing,
    ) -> BTreeSet<AttributeId> {
        let mut refused = BTreeSet::new();
        for &id in attributes {
            let now = self.inputs();
            let (was, made) = (reversal.before.schema().get(id), reversal.after.schema().get(id));
            let (Some(was), Some(is)) = (was, now.schema().attributes().get(id.index())) else { continue };
            if is.deleted {
                if !was.deleted {
                    undoing.leave(format!("attribute `{}` was deleted, for good", was.key));
                    // The first attempt tells nobody.
                    refused.insert(id);
                }
                continue;
            }
            let what = || format!("attribute `{}`", was.key);
            if !undoing.is_due(&Some(was), &made, &Some(is), what) {
                // If it is not as the commit left it, the second attempt says so.
                if now.schema().get(id) != Some(was) {
                    refused.insert(id);
                }
                continue;
            }
            if let Err(error) = self.make(definition_of(was, is, &now).into()) {
                undoing.leave(error.message());
                refused.insert(id);
            }
        }
        refused
    }

    /// What is to be true of people again.
    fn updates(&self, reversal: &Reversal, touched: &Touched, undoing: &mut Undoing) -> Vec<UserUpdate> {
        let (Reversal { before, after, .. }, now) = (reversal, self.inputs());
        let mut updates = Vec::new();
        for (&user, person) in &touched.people {
            let key = now.user_key(user);
            if now.status(user) == Some(Status::Erased) {
                undoing.leave(format!("user number {} has been erased since", user.0));
                continue;
            }
            let mut update = UserUpdate::new(key);
            let mut is_changed = false;
            let status = || format!("user `{key}`: the status");
            if person.created {
                let (made, is) = (after.status(user), now.status(user));
                if undoing.is_due(&Some(Status::Suspended), &made, &is, status) {
                    updates.push(update.status(Status::Suspended));
                }
                continue;
            }
            if person.status
                && undoing.is_due(&before.status(user), &after.status(user), &now.status(user), status)
            {
                update.status = before.status(user);
                is_changed = true;
            }
            for &site in &person.sites {
                let site_key = now.site(site).map_or("", |site| &site.key);
                let (was, made) = (before.membership(user, site), after.membership(user, site));
                let what = || format!("user `{key}`: the membership of site `{site_key}`");
                if undoing.is_due(&was, &made, &now.membership(user, site), what) {
                    update.sites.push((site_key.into(), was));
                    is_changed = true;
                }
            }
            for &id in &person.attributes {
                let Some(attribute) = now.schema().get(id) else { continue };
                let (was, made) = (before.value(user, id), after.value(user, id));
                let what = || format!("user `{key}`: `{}`", attribute.key);
                if !undoing.is_due(&was, &made, &now.value(user, id), what) {
                    continue;
                }
                let input = was.and_then(|was| input_of(&was, attribute, &now));
                update.values.push((attribute.key.as_str().into(), input));
                is_changed = true;
            }
            if is_changed {
                updates.push(update);
            }
        }
        updates
    }

    /// Applies the updates that are right, and gives the others with what is wrong.
    fn try_updates(&mut self, updates: Vec<UserUpdate>) -> Vec<(UserUpdate, Error)> {
        if updates.is_empty() {
            return Vec::new();
        }
        match self.restore_users(updates.clone()) {
            Ok(updated) => {
                let wrong = updated.errors.into_iter();
                wrong.filter_map(|wrong| Some((updates.get(wrong.index)?.clone(), wrong.error))).collect()
            }
            // There is no room for more people, of whom there are none in these.
            Err(_) => Vec::new(),
        }
    }

    /// Puts back what was decided by hand, recorded, and enrolled by hand.
    fn revert_decisions(&mut self, reversal: &Reversal, touched: &Touched, undoing: &mut Undoing) {
        let (Reversal { before, after, .. }, now) = (reversal, self.inputs());
        let lives = |user: UserId| now.status(user).is_some_and(|status| status != Status::Erased);
        for &(segment, user) in touched.exceptions.iter().filter(|(_, user)| lives(*user)) {
            let (was, made) = (before.exception(segment, user), after.exception(segment, user));
            let (key, name) = (now.user_key(user), now.segment(segment).map_or("", |segment| &segment.key));
            let what = || format!("user `{key}`: what was decided by hand in segment `{name}`");
            if undoing.is_due(&was, &made, &now.exception(segment, user), what) {
                let change =
                    Change::Exception { segment: name.to_owned(), user: key.to_owned(), exception: was };
                self.undo(change, undoing);
            }
        }
        let course_key = |course: CourseId| now.course(course).map_or("", |course| &course.key);
        let records: BTreeSet<_> = touched.completed.union(&touched.scores).copied().collect();
        for (user, course) in records.into_iter().filter(|(user, _)| lives(*user)) {
            let (key, course_key) = (now.user_key(user), course_key(course));
            let mut update = RecordUpdate {
                user: key.to_owned(),
                course: course_key.to_owned(),
                completed: None,
                score: None,
            };
            let what = || format!("user `{key}`: the record of course `{course_key}`");
            let completed = |snapshot: &Snapshot| -> Option<Instant> { snapshot.completed(user, course) };
            if touched.completed.contains(&(user, course))
                && undoing.is_due(&completed(before), &completed(after), &completed(&now), what)
            {
                update.completed = Some(completed(before));
            }
            let score = |snapshot: &Snapshot| snapshot.score(user, course);
            if touched.scores.contains(&(user, course))
                && undoing.is_due(&score(before), &score(after), &score(&now), what)
            {
                update.score = Some(score(before));
            }
            if update.completed.is_some() || update.score.is_some() {
                self.undo(update, undoing);
            }
        }
        for &(user, course) in touched.by_hand.iter().filter(|(user, _)| lives(*user)) {
            let (was, made, is) = [before, after, &now].map(|it| ByHand::of(it, user, course)).into();
            let (key, course_key) = (now.user_key(user), course_key(course));
            let what = || format!("user `{key}`: the enrolment by hand in course `{course_key}`");
            if undoing.is_due(&was, &made, &is, what) {
                for part in was.parts_taken_from(&is) {
                    self.take_back(user, course, part);
                }
                for change in was.changes_from(&is, key, course_key) {
                    self.undo(change, undoing);
                }
            }
        }
        for &(user, course) in touched.suspended.iter().filter(|(user, _)| lives(*user)) {
            let suspended = |snapshot: &Snapshot| {
                snapshot
                    .enrolment(user, course)
                    .is_some_and(|enrolment| enrolment.suspended_by_hand.is_some())
            };
            let (key, course) = (now.user_key(user).to_owned(), course_key(course).to_owned());
            let was = suspended(before);
            let what = || format!("user `{key}`: the suspension by hand in course `{course}`");
            if undoing.is_due(&was, &suspended(after), &suspended(&now), what) {
                let (user, course) = (key.clone(), course.clone());
                self.undo(Change::SuspendEnrolment { user, course, suspended: was }, undoing);
            }
        }
    }
}

/// What holds an enrolment by hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ByHand {
    manual: bool,
    /// In bulk, and when the person is to be done.
    bulk: Option<Option<NaiveDate>>,
}

impl ByHand {
    fn of(snapshot: &Snapshot, user: UserId, course: CourseId) -> Self {
        let enrolment = snapshot.enrolment(user, course);
        let reasons = enrolment.iter().flat_map(|enrolment| &enrolment.reasons);
        reasons.fold(Self::default(), |by_hand, held| match held.reason {
            Reason::Manual => Self { manual: true, ..by_hand },
            Reason::Bulk => Self { bulk: Some(held.due), ..by_hand },
            Reason::Rule(_) => by_hand,
        })
    }

    /// What something else has and this has not.
    fn parts_taken_from(&self, now: &Self) -> Vec<Decision> {
        [
            (now.manual && !self.manual, Decision::TakeBack(Reason::Manual)),
            (now.bulk.is_some() && self.bulk.is_none(), Decision::TakeBack(Reason::Bulk)),
            (now.bulk.flatten().is_some() && self.bulk == Some(None), Decision::Undate),
        ]
        .into_iter()
        .filter_map(|(taken, decision)| taken.then_some(decision))
        .collect()
    }

    /// What has to be asked for so that something else has all that this has.
    fn changes_from(&self, now: &Self, user: &str, course: &str) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.manual && !now.manual {
            changes.push(Change::Enrol { user: user.to_owned(), course: course.to_owned() });
        }
        if let Some(due) = self.bulk.filter(|_| self.bulk != now.bulk) {
            let mut bulk = BulkEnrolment::of_users([user], [course]);
            bulk.due = due.map(DueDate::On);
            changes.push(Change::EnrolMany(bulk));
        }
        changes
    }
}

fn in_the_way(commit: &Commit, left: &[String]) -> Error {
    let named = left.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
    let more = match left.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    not_possible(format!("commit {} cannot be undone as a whole: {named}{more}", commit.revision))
}

/// The definition that makes an attribute what it was. Options that have come since stay, retired.
fn definition_of(was: &Attribute, is: &Attribute, now: &Snapshot) -> AttributeDefinition {
    let options = || -> Vec<OptionDefinition> {
        let (Some(had), Some(has)) = (was.kind.options(), is.kind.options()) else { return Vec::new() };
        let mut had = had.iter();
        let option = |option: &matricula_rule::Choice| match had.next() {
            Some(had) => OptionDefinition {
                key: had.key.clone(),
                name: had.name.clone(),
                retired: had.retired,
                was: (had.key != option.key).then(|| option.key.clone()),
            },
            None => OptionDefinition {
                key: option.key.clone(),
                name: option.name.clone(),
                retired: true,
                was: None,
            },
        };
        has.iter().map(option).collect()
    };
    let kind = match &was.kind {
        Kind::Text => AttributeType::Text,
        Kind::Integer => AttributeType::Integer,
        Kind::Decimal => AttributeType::Decimal,
        Kind::Boolean => AttributeType::Boolean,
        Kind::Date => AttributeType::Date,
        Kind::Timestamp => AttributeType::Timestamp,
        Kind::Choice { .. } => AttributeType::Choice(options()),
        Kind::MultiChoice { .. } => AttributeType::MultiChoice(options()),
        Kind::User => AttributeType::User,
        Kind::Path => AttributeType::Path,
    };
    let input = |value: &Option<Value>| value.as_ref().and_then(|value| input_of(value, was, now));
    AttributeDefinition {
        name: was.name.clone(),
        help: was.help.clone(),
        required: was.required,
        unique: was.unique,
        ignore_case: was.ignore_case,
        pattern: was.pattern.clone(),
        minimum: input(&was.minimum),
        maximum: input(&was.maximum),
        default: input(&was.default),
        sensitivity: was.sensitivity,
        self_writable: was.self_writable,
        ..AttributeDefinition::new(was.key.clone(), kind)
    }
}

/// A value as a host would give it; `None` for an instant outside the years there are.
fn input_of(value: &Value, attribute: &Attribute, now: &Snapshot) -> Option<Input> {
    let key =
        |option: &matricula_rule::OptionId| attribute.option_key(*option).unwrap_or_default().to_owned();
    Some(match value {
        Value::Text(text) | Value::Path(text) => Input::Text(text.to_string()),
        Value::Integer(number) => Input::Integer(*number),
        Value::Decimal(number) => Input::Decimal(*number),
        Value::Boolean(value) => Input::Boolean(*value),
        Value::Date(date) => Input::Date(*date),
        Value::Timestamp(at) => Input::Timestamp(Instant::try_from(*at).ok()?),
        Value::Choice(option) => Input::Text(key(option)),
        Value::Choices(options) => Input::List(options.iter().map(key).collect()),
        // The stub of somebody erased is named by its key as well.
        Value::User(user) => Input::Text(now.user_key(*user).to_owned()),
    })
}
