//! What is judged at the end of a transaction, when all of its changes have been made: whether people who were named
//! are there, required values, unique ones. Not here: what can be said of a value by itself (`accept`), and rows of a
//! feed that are left out one by one (`people`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use matricula_rule::{Attribute, AttributeId, Kind, UserId, Value};

use crate::accept::plain;
use crate::draft::Draft;
use crate::error::shown;
use crate::users::{ColumnId, folded_value};
use crate::{Entry, Error, ErrorKind, Status, UserEntry};

/// Something that keeps a transaction from being committed as it is, and the change that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which change, from 1, of those that the transaction has; those that were refused do not count.
    pub change: u32,
    /// The line of the feed, if the change was an import.
    pub line: Option<u64>,
    /// The key of the person concerned, if it is about one.
    pub user: Option<String>,
    /// The key of the attribute, if it is about one.
    pub attribute: Option<String>,
    /// The value, if there is one.
    pub value: Option<String>,
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// What is wrong, without where.
    pub reason: String,
}

impl std::fmt::Display for Problem {
    /// Such as: user `ann`: attribute `email` is required.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}, ")?;
        }
        match (&self.user, &self.attribute) {
            (Some(user), _) => write!(f, "user `{}`: {}", shown(user), self.reason),
            (None, Some(attribute)) => write!(f, "attribute `{attribute}`: {}", self.reason),
            (None, None) => f.write_str(&self.reason),
        }
    }
}

/// Everything that keeps a transaction from being committed: the cause of an error about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} problems", problems.len())]
pub struct Problems {
    /// In the order of the changes that they come from.
    pub problems: Vec<Problem>,
}

/// The error of a transaction of so many changes that has problems.
pub(crate) fn refuse(problems: &[Problem], changes: u32) -> Result<(), Error> {
    let Some(first) = problems.first() else { return Ok(()) };
    // Of a single change it is plain which one is meant.
    let place = if changes > 1 { format!("change {}, ", first.change) } else { String::new() };
    let more = match problems.len() {
        1 => String::new(),
        all => format!(" (and {} more)", all - 1),
    };
    let message = format!("{place}{first}{more}");
    Err(Error::caused_by(first.kind, message, Problems { problems: problems.to_vec() }))
}

/// Where something was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    change: u32,
    /// The line of a feed; 0 if it was none.
    line: u64,
}

/// A person named by key who was not there.
#[derive(Clone, Debug)]
struct Named {
    name: Arc<str>,
    origin: Origin,
}

/// What has to be looked at at the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pending {
    /// How many changes there are.
    pub(crate) changes: u32,
    /// Whose value of an attribute that demands something was last given, and where.
    given: BTreeMap<AttributeId, HashMap<UserId, Origin>>,
    created: Vec<(UserId, Origin)>,
    named: BTreeMap<(UserId, AttributeId), Named>,
    /// Who waits for a person of this key.
    waiting: HashMap<Arc<str>, Vec<(UserId, AttributeId)>>,
    /// Attributes that began to demand something.
    defined: BTreeMap<AttributeId, Origin>,
}

impl Pending {
    /// The origin of what is being asked for.
    pub(crate) fn origin(&self, line: Option<u64>) -> Origin {
        Origin { change: self.changes + 1, line: line.unwrap_or_default() }
    }

    pub(crate) fn note_created(&mut self, user: UserId, origin: Origin) {
        self.created.push((user, origin));
    }

    /// Notes that a person has been given a value, or none.
    pub(crate) fn note_given(&mut self, user: UserId, attribute: &Attribute, origin: Origin) {
        if attribute.required || attribute.unique {
            self.given.entry(attribute.id).or_default().insert(user, origin);
        }
    }

    /// Notes that a value names somebody who is not there yet; whether it did not name the same person before.
    pub(crate) fn note_named(
        &mut self,
        user: UserId,
        attribute: AttributeId,
        name: &str,
        origin: Origin,
    ) -> bool {
        let name: Arc<str> = name.into();
        let before = self.named.insert((user, attribute), Named { name: name.clone(), origin });
        let is_new = before.is_none_or(|before| before.name != name);
        if is_new {
            self.waiting.entry(name).or_default().push((user, attribute));
        }
        is_new
    }

    /// Forgets whom a value named: there is another one now.
    pub(crate) fn forget_named(&mut self, user: UserId, attribute: AttributeId) {
        if !self.named.is_empty() {
            self.named.remove(&(user, attribute));
        }
    }

    /// Forgets what was asked of an attribute: it is no longer there.
    pub(crate) fn forget_attribute(&mut self, attribute: AttributeId) {
        self.given.remove(&attribute);
        self.named.retain(|(_, of), _| *of != attribute);
        self.defined.remove(&attribute);
    }

    /// Forgets what was said of a person, of whom nothing is demanded any longer.
    pub(crate) fn forget(&mut self, user: UserId) {
        for given in self.given.values_mut() {
            given.remove(&user);
        }
        self.created.retain(|(created, _)| *created != user);
        self.named.retain(|(naming, _), _| *naming != user);
    }

    pub(crate) fn note_defined(&mut self, attribute: AttributeId) {
        let origin = self.origin(None);
        self.defined.insert(attribute, origin);
    }

    pub(crate) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whose values wait for a person of this key.
    fn take_waiting(&mut self, key: &str) -> Vec<(UserId, AttributeId)> {
        let waiting = self.waiting.remove(key).unwrap_or_default();
        waiting
            .into_iter()
            .filter(|place| {
                let is_meant = self.named.get(place).is_some_and(|named| *named.name == *key);
                if is_meant {
                    self.named.remove(place);
                }
                is_meant
            })
            .collect()
    }

    fn is_quiet(&self) -> bool {
        self.given.is_empty() && self.created.is_empty() && self.named.is_empty() && self.defined.is_empty()
    }
}

impl Draft {
    /// How many changes the draft has; those that were refused do not count.
    pub fn changes(&self) -> u32 {
        self.pending.changes
    }

    /// Counts what people were updated with since the last change as one change: a feed that was imported.
    pub fn close_change(&mut self) {
        self.pending.changes += 1;
    }

    /// Gives people who were named before they were there to those who named them.
    pub(crate) fn name_created(&mut self, created: impl Iterator<Item = UserId>) {
        for user in created {
            let Some(key) = self.next.users.key(user).cloned() else { continue };
            for (naming, attribute) in self.pending.take_waiting(&key) {
                let value = Value::User(user);
                let (coded, renumbered) = self.next.users.learn(attribute, &[&value]);
                if renumbered {
                    self.renumbered.insert(ColumnId::Attribute(attribute));
                }
                let coded = coded.first().copied().unwrap_or_default();
                if self.next.users.put(naming, attribute, Some(&value), coded) {
                    self.touch_value(naming, attribute);
                    let values = vec![(attribute, Some(value))];
                    self.record(Entry::User(UserEntry { values, ..UserEntry::new(naming) }));
                }
            }
        }
    }

    /// What keeps the draft from being committed as it is, in the order of the changes that it comes from.
    pub fn problems(&self) -> Vec<Problem> {
        if self.pending.is_quiet() && self.hands.enrol_nobody() {
            return Vec::new();
        }
        let mut problems: Vec<(Origin, Problem)> = Vec::new();
        self.look_for_named(&mut problems);
        self.look_for_required(&mut problems);
        self.look_for_unique(&mut problems);
        for (&attribute, origin) in &self.pending.defined {
            let Some(attribute) = self.next.schema.get(attribute) else { continue };
            // Of people who were given something it has been told.
            let told: BTreeSet<&str> = problems
                .iter()
                .filter(|(_, problem)| problem.attribute.as_ref() == Some(&attribute.key))
                .filter_map(|(_, problem)| problem.user.as_deref())
                .collect();
            if let Some(reason) = self.unmet_by_people(attribute, &told) {
                let key = Some(attribute.key.clone());
                problems.push((*origin, problem(*origin, None, key, None, ErrorKind::NotPossible, reason)));
            }
        }
        self.look_for_hands(&mut |origin, user, reason| {
            let user = user.and_then(|user| self.key_of(user));
            problems.push((origin, problem(origin, user, None, None, ErrorKind::NotPossible, reason)));
        });
        problems.sort_by_key(|(origin, _)| *origin);
        problems.into_iter().map(|(_, problem)| problem).collect()
    }

    /// A problem of all changes together.
    pub(crate) fn problem_at_end(&self, kind: ErrorKind, reason: String) -> Problem {
        let origin = Origin { change: self.pending.changes.max(1), line: 0 };
        problem(origin, None, None, None, kind, reason)
    }

    fn key_of(&self, user: UserId) -> Option<String> {
        self.next.users.key(user).map(|key| key.to_string())
    }

    fn look_for_named(&self, problems: &mut Vec<(Origin, Problem)>) {
        for ((user, attribute), Named { name, origin }) in &self.pending.named {
            let attribute = self.next.schema.get(*attribute).map_or("", |attribute| &attribute.key);
            let reason = format!("there is no user `{}` for `{attribute}`", shown(name));
            let (user, value) = (self.key_of(*user), Some(name.to_string()));
            let kind = ErrorKind::InvalidValue;
            problems.push((*origin, problem(*origin, user, Some(attribute.to_owned()), value, kind, reason)));
        }
    }

    fn look_for_required(&self, problems: &mut Vec<(Origin, Problem)>) {
        let pending = &self.pending;
        for attribute in self.next.schema.attributes().iter().filter(|attribute| attribute.required) {
            let given = pending.given.get(&attribute.id);
            let given_to = |user: &UserId| given.is_some_and(|given| given.contains_key(user));
            let created = pending.created.iter().filter(|(user, _)| !given_to(user)).copied();
            let given = given.into_iter().flatten().map(|(user, origin)| (*user, *origin));
            for (user, origin) in given.chain(created) {
                let has = self.next.users.value(user, attribute.id).is_some();
                if has || pending.named.contains_key(&(user, attribute.id)) {
                    continue;
                }
                let reason = format!("attribute `{}` is required", attribute.key);
                let (user, key) = (self.key_of(user), Some(attribute.key.clone()));
                problems.push((origin, problem(origin, user, key, None, ErrorKind::InvalidValue, reason)));
            }
        }
        problems.sort_by(|a, b| (a.0, &a.1.user).cmp(&(b.0, &b.1.user)));
    }

    /// Values that are given to somebody while somebody else has them, or was given them before.
    fn look_for_unique(&self, problems: &mut Vec<(Origin, Problem)>) {
        for (&id, given) in &self.pending.given {
            let Some(attribute) = self.next.schema.get(id).filter(|attribute| attribute.unique) else {
                continue;
            };
            let mut values: Vec<(Origin, UserId, Value, Value)> = Vec::with_capacity(given.len());
            for (&user, &origin) in given {
                let Some(value) = self.next.users.value(user, id) else { continue };
                let compared = if attribute.ignore_case { folded_value(&value) } else { value.clone() };
                values.push((origin, user, value, compared));
            }
            values.sort_unstable_by_key(|(origin, user, ..)| (*origin, *user));
            let wanted: HashSet<Value> = values.iter().map(|(.., compared)| compared.clone()).collect();
            let changing: HashSet<UserId> = given.keys().copied().collect();
            let mut taken: HashMap<Value, String> = HashMap::new();
            self.holders(attribute, &wanted, &changing, &mut taken);
            for (origin, user, value, compared) in values {
                let Some(key) = self.key_of(user) else { continue };
                if taken.get(&compared).is_some_and(|holder| *holder != key) {
                    let value = self.shown_value(attribute, &value);
                    let reason = format!(
                        "`{}` is taken, expected a value of `{}` that nobody else has",
                        shown(&value),
                        attribute.key
                    );
                    let (user, of) = (Some(key), Some(attribute.key.clone()));
                    let kind = ErrorKind::NotUnique;
                    problems.push((origin, problem(origin, user, of, Some(value), kind, reason)));
                } else {
                    taken.insert(compared, key);
                }
            }
        }
    }

    /// A value as the text that stands for it.
    fn shown_value(&self, attribute: &Attribute, value: &Value) -> String {
        match (value, &attribute.kind) {
            (Value::User(user), _) => self.key_of(*user).unwrap_or_default(),
            (Value::Choice(option), Kind::Choice { .. }) => {
                attribute.option_key(*option).unwrap_or_default().to_owned()
            }
            _ => plain(value),
        }
    }

    /// What people, but for those of whom it is told, do not satisfy of what an attribute began to demand in this draft, in
    /// words.
    fn unmet_by_people(&self, attribute: &Attribute, told: &BTreeSet<&str>) -> Option<String> {
        let users = &self.next.users;
        let old = self.before.schema.get(attribute.id);
        let is_told =
            |user: UserId| !told.is_empty() && users.key(user).is_some_and(|key| told.contains(&**key));
        if attribute.required {
            let lacks = |user: &UserId| {
                users.status(*user) != Some(Status::Erased)
                    && users.code(ColumnId::Attribute(attribute.id), *user) == 0
                    && !is_told(*user)
            };
            let mut lacking = (0..users.count()).map(UserId).filter(lacks);
            if let Some(first) = lacking.next() {
                let (count, first) = (1 + lacking.count(), users.key(first).map_or("", |key| key));
                let (one, many, what) = match old {
                    Some(_) => ("has", "have", "no value"),
                    None => ("would", "would", "lack a required value"),
                };
                let people = crate::attributes::counted(count, one, many);
                return Some(format!("{people} {what}, `{first}` among them"));
            }
        }
        if attribute.unique {
            let mut seen = HashSet::new();
            for user in (0..users.count()).map(UserId) {
                let Some(value) = users.value(user, attribute.id).filter(|_| !is_told(user)) else {
                    continue;
                };
                let value = if attribute.ignore_case { folded_value(&value) } else { value };
                if !seen.insert(value) {
                    let key = users.key(user).map_or("", |key| key);
                    return Some(format!("the value of user `{key}` is somebody else's too"));
                }
            }
        }
        None
    }
}

fn problem(
    origin: Origin,
    user: Option<String>,
    attribute: Option<String>,
    value: Option<String>,
    kind: ErrorKind,
    reason: String,
) -> Problem {
    let line = (origin.line > 0).then_some(origin.line);
    Problem { change: origin.change, line, user, attribute, value, kind, reason }
}
