//! Changes of people that have been checked by themselves: what they come to together, and how they are applied; what
//! changes nothing is left out. Not here: what is looked at of each by itself (`checked`, `accept`), and definitions
//! (`attributes`).

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use matricula_rule::{Attribute, AttributeId, Kind, UserId, Value};

use crate::checked::{Checked, Given, Known, Strictness, check_users};
use crate::draft::Draft;
use crate::error::shown;
use crate::users::{Coded, ColumnId, folded_value, status_code};
use crate::{CheckedUsers, Entry, Error, ErrorKind, SiteId, Status, UserEntry, UserError, UserUpdate};

/// So many errors of a batch come with the nearest option.
const HINTS: usize = 100;

/// So often the updates of a batch are looked through again after some were left out; after that nobody is taken to
/// give up a value to somebody else.
const ROUNDS: usize = 32;

/// What many updates came to.
#[derive(Debug, Default)]
pub struct Updated {
    /// How many people were created.
    pub created: usize,
    /// How many people who were there were changed.
    pub changed: usize,
    /// How many updates said what was true already.
    pub unchanged: usize,
    /// What was wrong with the others.
    pub errors: Vec<UserError>,
}

/// When it is judged what updates come to together with others.
#[derive(Clone, Copy)]
enum Judged<'a> {
    /// It was.
    Already,
    /// At the end of the transaction; with the lines of a feed that the updates are from.
    AtEnd(&'a [u64]),
}

/// The values of a batch and their codes.
struct Values {
    known: Known,
    codes: Vec<Vec<Coded>>,
}

impl Values {
    /// The value that is given, if it is one, and its code.
    fn get(&self, given: &Given) -> (Option<&Value>, Coded) {
        let Some(place) = given.value else { return (None, Coded::default()) };
        let coded = self.codes.get(given.attribute.index()).and_then(|codes| codes.get(place as usize));
        (self.known.value(given), coded.copied().unwrap_or_default())
    }
}

/// Moves the updates in which a check finds something wrong; whether there were any.
fn leave_out(
    updates: &mut Vec<Checked>,
    errors: &mut Vec<UserError>,
    check: impl Fn(&[Checked]) -> Vec<UserError>,
) -> bool {
    let wrong = check(updates);
    if wrong.is_empty() {
        return false;
    }
    let indices: HashSet<usize> = wrong.iter().map(|error| error.index).collect();
    updates.retain(|update| !indices.contains(&update.index));
    errors.extend(wrong);
    true
}

impl Draft {
    /// Applies all updates or none.
    pub(crate) fn update_users(&mut self, updates: Vec<UserUpdate>) -> Result<(), Error> {
        let keys: Vec<String> = updates.iter().map(|update| update.key.clone()).collect();
        let mut checked = check_users(&self.next, updates, 1, Strictness::First);
        if let Some(UserError { index, error, .. }) = checked.errors.drain(..).next() {
            let key = keys.get(index).map_or("", String::as_str);
            return Err(match error.kind() {
                // The message names the key already.
                ErrorKind::InvalidKey => error,
                _ => error.within(format_args!("user `{}`", shown(key))),
            });
        }
        self.apply_updates(checked, Judged::AtEnd(&[])).map(drop)
    }

    /// Applies the updates that are right and says what is wrong with the others.
    ///
    /// # Errors
    /// `too_many` if there is no room for more people; nothing is then applied.
    pub fn update_users_leniently(&mut self, updates: Vec<UserUpdate>) -> Result<Updated, Error> {
        self.take_users_leniently(check_users(&self.next, updates, HINTS, Strictness::All))
    }

    /// The same of updates that give back what people had before.
    pub(crate) fn restore_users(&mut self, updates: Vec<UserUpdate>) -> Result<Updated, Error> {
        self.take_users_leniently(check_users(&self.next, updates, HINTS, Strictness::Restored))
    }

    /// The same of updates that have been checked by themselves.
    ///
    /// # Errors
    /// `too_many` if there is no room for more people, `not_possible` if attributes or sites were defined since they were
    /// checked, `not_permitted` to an actor; nothing is then applied.
    pub fn take_users_leniently(&mut self, mut checked: CheckedUsers) -> Result<Updated, Error> {
        self.refuse_actor("people are updated many at once")?;
        checked.check(&self.next.schema, &self.next.sites)?;
        let errors = self.judge(&mut checked);
        let updated = self.apply_updates(checked, Judged::Already)?;
        Ok(Updated { errors, ..updated })
    }

    /// Applies all updates, which have been checked by themselves, or none and says what is wrong with each. Who is named and
    /// not there, required values and unique ones are judged at the end, with the line of a feed that each update is from.
    ///
    /// # Errors
    /// `too_many` if there is no room for more people, `not_possible` if attributes or sites were defined since they were
    /// checked, `not_permitted` to an actor; nothing is then applied.
    pub fn take_users_together(&mut self, checked: CheckedUsers, lines: &[u64]) -> Result<Updated, Error> {
        self.refuse_actor("people are updated many at once")?;
        checked.check(&self.next.schema, &self.next.sites)?;
        if !checked.errors.is_empty() {
            return Ok(Updated { errors: checked.errors, ..Updated::default() });
        }
        self.apply_updates(checked, Judged::AtEnd(lines))
    }

    /// Leaves the updates that are right, together and with who is there; what is wrong with the others, in order.
    fn judge(&self, checked: &mut CheckedUsers) -> Vec<UserError> {
        let CheckedUsers { updates, known, errors, .. } = checked;
        // An update that is left out creates nobody and gives up no value, so that others may have to be left out too.
        for round in 0..=ROUNDS {
            let unique = |updates: &[Checked]| self.check_unique(updates, known, round < ROUNDS);
            let mut left_out = leave_out(updates, errors, |updates| self.check_complete(updates));
            left_out |= leave_out(updates, errors, unique);
            left_out |= leave_out(updates, errors, |updates| self.check_named(updates));
            if !left_out {
                break;
            }
        }
        errors.sort_by_key(|error| error.index);
        std::mem::take(errors)
    }

    /// Updates that leave somebody without a required value.
    fn check_complete(&self, checked: &[Checked]) -> Vec<UserError> {
        let required: Vec<&Attribute> =
            self.next.schema.attributes().iter().filter(|attribute| attribute.required).collect();
        if required.is_empty() {
            return Vec::new();
        }
        let mut created: HashSet<&str> = HashSet::new();
        let mut errors = Vec::new();
        for update in checked {
            let is_new = self.next.users.find(&update.key).is_none() && !created.contains(&*update.key);
            let mut complete = true;
            for attribute in &required {
                let given = update.values.iter().rev().find(|given| given.attribute == attribute.id);
                let lacks = match given {
                    Some(given) => given.value.is_none() && given.names.is_none(),
                    None => is_new && attribute.default.is_none(),
                };
                if lacks {
                    let message = format!("attribute `{}` is required", attribute.key);
                    let error = Error::new(ErrorKind::InvalidValue, message);
                    let attribute = Some(attribute.key.as_str().into());
                    errors.push(UserError { index: update.index, attribute, input: None, error });
                    complete = false;
                    break;
                }
            }
            if complete {
                created.insert(&update.key);
            }
        }
        errors
    }

    /// Updates that give somebody a value that must be unique and somebody else has, or is given before. Whoever is
    /// given another value in this batch leaves the old one to others, if that `counts`.
    fn check_unique(&self, checked: &[Checked], known: &Known, counts: bool) -> Vec<UserError> {
        let mut errors = Vec::new();
        for attribute in self.next.schema.attributes().iter().filter(|attribute| attribute.unique) {
            let value_of = |given: &Given| match &given.names {
                Some(name) => Some(Value::Text(name.as_str().into())),
                None => known.value(given).map(folded_if(attribute.ignore_case)),
            };
            let last =
                |update: &Checked| update.values.iter().rposition(|given| given.attribute == attribute.id);
            let changing: HashSet<UserId> = checked
                .iter()
                .filter(|update| counts && last(update).is_some())
                .filter_map(|update| self.next.users.find(&update.key))
                .collect();
            let mut taken: HashMap<Value, String> = HashMap::new();
            let wanted: HashSet<Value> =
                checked.iter().filter_map(|update| value_of(update.values.get(last(update)?)?)).collect();
            if wanted.is_empty() {
                continue;
            }
            self.holders(attribute, &wanted, &changing, &mut taken);
            for update in checked {
                let Some(given) = last(update).and_then(|place| update.values.get(place)) else { continue };
                let Some(value) = value_of(given) else { continue };
                match taken.get(&value) {
                    Some(holder) if *holder != update.key => {
                        let message = format!(
                            "`{}` is taken, expected a value of `{}` that nobody else has",
                            given.input.as_ref().map(|input| shown(&input.to_string())).unwrap_or_default(),
                            attribute.key
                        );
                        let error = Error::new(ErrorKind::NotUnique, message);
                        let (name, input) = (Some(attribute.key.as_str().into()), given.input.clone());
                        errors.push(UserError { index: update.index, attribute: name, input, error });
                    }
                    _ => {
                        taken.insert(value, update.key.clone());
                    }
                }
            }
        }
        // One error an update is enough.
        let mut seen = HashSet::new();
        errors.retain(|error| seen.insert(error.index));
        errors
    }

    /// Who has which of some values already, but for those who are about to change.
    pub(crate) fn holders(
        &self,
        attribute: &Attribute,
        wanted: &HashSet<Value>,
        changing: &HashSet<UserId>,
        taken: &mut HashMap<Value, String>,
    ) {
        let users = &self.next.users;
        let folded = attribute.ignore_case;
        let id = if folded { ColumnId::Folded(attribute.id) } else { ColumnId::Attribute(attribute.id) };
        let Some(column) = users.column(id) else { return };
        let mut by_code: HashMap<u64, &Value> = HashMap::new();
        for value in wanted {
            let value_in_column = match (&attribute.kind, value) {
                (Kind::User, Value::Text(key)) => users.find(key).map(Value::User),
                _ => Some(value.clone()),
            };
            if let Some(code) = value_in_column.and_then(|value| column.code(&value)) {
                by_code.insert(code, value);
            }
        }
        let (Some(low), Some(high)) = (by_code.keys().min(), by_code.keys().max()) else { return };
        column.codes().each_between((*low).max(1), *high, |row, code| {
            if let Some(value) = by_code.get(&code)
                && !changing.contains(&UserId(row))
                && let Some(key) = users.key(UserId(row))
            {
                taken.insert(Value::clone(value), key.to_string());
            }
        });
    }

    /// Updates that name people who are not there and are not created by these updates.
    fn check_named(&self, checked: &[Checked]) -> Vec<UserError> {
        let named = |update: &Checked| update.values.iter().any(|given| given.names.is_some());
        if !checked.iter().any(named) {
            return Vec::new();
        }
        let is_there = |key: &str| self.next.users.find(key).is_some();
        // How many updates would create somebody, and which updates name whom.
        let mut creating: HashMap<&str, usize> = HashMap::new();
        let mut naming: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, update) in checked.iter().enumerate() {
            if !is_there(&update.key) {
                *creating.entry(&update.key).or_default() += 1;
            }
            for name in update.values.iter().filter_map(|given| given.names.as_deref()) {
                naming.entry(name).or_default().push(place);
            }
        }
        let mut errors = Vec::new();
        let mut left_out = vec![false; checked.len()];
        let mut unknown: Vec<&str> =
            naming.keys().copied().filter(|name| !is_there(name) && !creating.contains_key(name)).collect();
        while let Some(name) = unknown.pop() {
            for &place in naming.get(name).map_or(&[][..], Vec::as_slice) {
                let (Some(update), Some(out)) = (checked.get(place), left_out.get_mut(place)) else {
                    continue;
                };
                if std::mem::replace(out, true) {
                    continue;
                }
                let given = update.values.iter().find(|given| given.names.as_deref() == Some(name));
                let attribute = given.and_then(|given| self.next.schema.get(given.attribute));
                let attribute: Option<Arc<str>> = attribute.map(|attribute| attribute.key.as_str().into());
                let of = attribute.as_deref().unwrap_or_default();
                let message = format!("there is no user `{}` for `{of}`", shown(name));
                let error = Error::new(ErrorKind::InvalidValue, message);
                let input = given.and_then(|given| given.input.clone());
                errors.push(UserError { index: update.index, attribute, input, error });
                // The last update that would create somebody is gone: whoever names that person goes too.
                if let Some(count) = creating.get_mut(&*update.key) {
                    *count -= 1;
                    if *count == 0 {
                        unknown.push(&update.key);
                    }
                }
            }
        }
        errors
    }

    fn apply_updates(&mut self, checked: CheckedUsers, judged: Judged<'_>) -> Result<Updated, Error> {
        let CheckedUsers { mut updates, mut known, .. } = checked;
        let room = u32::MAX - self.next.users.count();
        if u32::try_from(updates.len()).is_ok_and(|count| count > room) {
            return Err(Error::new(ErrorKind::TooMany, "no room for more people in this registry"));
        }
        let created = self.create(&mut updates, &mut known);
        for given in updates.iter_mut().flat_map(|update| &mut update.values) {
            if let Some(name) = &given.names {
                let user = self.next.users.find(name);
                given.value = user.map(|user| known.add(given.attribute, Value::User(user)));
            }
        }
        let codes = self.codes_of(&known);
        let values = Values { known, codes };
        let mut updated = Updated::default();
        let new: Vec<UserId> = created.iter().map(|(_, user)| *user).collect();
        let mut created = created.into_iter().peekable();
        Arc::make_mut(&mut self.entries).reserve(updates.len());
        for update in updates {
            let new = created.next_if(|(index, _)| *index == update.index).map(|(_, user)| user);
            let (entry, waits) = self.apply_update(update, new, &values, judged);
            match &entry {
                Some(entry) if entry.key.is_some() => updated.created += 1,
                None if !waits => updated.unchanged += 1,
                _ => updated.changed += 1,
            }
            if let Some(entry) = entry {
                self.record(Entry::User(entry));
            }
        }
        if self.pending.waits() {
            self.name_created(new.into_iter());
        }
        Ok(updated)
    }

    /// Creates the people who are not there yet, with what is theirs by default. Gives the updates that created
    /// somebody, and whom.
    fn create(&mut self, updates: &mut [Checked], known: &mut Known) -> Vec<(usize, UserId)> {
        let defaults = |attribute: &Attribute| Some((attribute.id, attribute.default.clone()?));
        let defaults: Vec<(AttributeId, Value)> =
            self.next.schema.attributes().iter().filter_map(defaults).collect();
        let mut places: Vec<Option<u32>> = vec![None; defaults.len()];
        let mut created = Vec::new();
        for update in updates {
            if self.next.users.find(&update.key).is_some() {
                continue;
            }
            let Some(user) = self.next.users.add(&update.key) else { continue };
            created.push((update.index, user));
            for ((attribute, value), place) in defaults.iter().zip(&mut places) {
                if update.values.iter().all(|given| given.attribute != *attribute) {
                    let value = *place.get_or_insert_with(|| known.add(*attribute, value.clone()));
                    let (attribute, value) = (*attribute, Some(value));
                    update.values.push(Given { attribute, value, names: None, input: None });
                }
            }
        }
        if !created.is_empty() {
            let people = created.iter().map(|(_, user)| *user);
            if self.next.users.set_created(people, self.at()) {
                self.renumbered.insert(ColumnId::Created);
            }
        }
        created
    }

    /// The codes of all values, of each attribute by place; new values are learnt, all at once.
    fn codes_of(&mut self, known: &Known) -> Vec<Vec<Coded>> {
        let mut codes = Vec::new();
        for attribute in known.attributes() {
            let values: Vec<&Value> = known.values(attribute).iter().collect();
            if values.is_empty() {
                codes.push(Vec::new());
                continue;
            }
            let (coded, renumbered) = self.next.users.learn(attribute, &values);
            if renumbered {
                self.renumbered.extend([ColumnId::Attribute(attribute), ColumnId::Folded(attribute)]);
            }
            codes.push(coded);
        }
        codes
    }

    /// Applies an update, its values by their codes; the entry to be recorded, if it changed anything, and whether it
    /// will change something when somebody is there whom it names.
    fn apply_update(
        &mut self,
        update: Checked,
        new: Option<UserId>,
        values: &Values,
        judged: Judged<'_>,
    ) -> (Option<UserEntry>, bool) {
        let (mut sites, mut waits) = (update.sites, false);
        let Some(user) = new.or_else(|| self.next.users.find(&update.key)) else { return (None, waits) };
        let origin = match judged {
            Judged::Already => None,
            Judged::AtEnd(lines) => Some(self.pending.origin(lines.get(update.index).copied())),
        };
        let mut entry = UserEntry::new(user);
        if new.is_some() {
            self.touch(user, ColumnId::Status);
            self.touch(user, ColumnId::Created);
            if let Some(origin) = origin {
                self.pending.note_created(user, origin);
            }
            if sites.is_empty() {
                sites.push((SiteId(0), Some(Status::Active)));
            }
            entry.key = Some(update.key);
        }
        if let Some(status) = update.status
            && self.set_code(user, ColumnId::Status, status_code(Some(status)))
        {
            entry.status = Some(status);
        }
        for (site, status) in sites {
            if self.set_code(user, ColumnId::Site(site), status_code(status)) {
                entry.sites.retain(|(earlier, _)| *earlier != site);
                entry.sites.push((site, status));
            }
        }
        entry.values.reserve(update.values.len());
        for given in update.values {
            let (value, coded) = values.get(&given);
            if let Some(origin) = origin
                && let Some(attribute) = self.next.schema.get(given.attribute)
            {
                self.pending.note_given(user, attribute, origin);
            }
            if let (None, Some(name), Some(origin)) = (value, &given.names, origin) {
                waits |= self.pending.note_named(user, given.attribute, name, origin);
                continue;
            }
            self.pending.forget_named(user, given.attribute);
            if self.next.users.put(user, given.attribute, value, coded) {
                self.touch_value(user, given.attribute);
                if entry.values.iter().any(|(earlier, _)| *earlier == given.attribute) {
                    entry.values.retain(|(earlier, _)| *earlier != given.attribute);
                }
                entry.values.push((given.attribute, value.cloned()));
            }
        }
        ((!entry.is_empty()).then_some(entry), waits)
    }

    /// Notes that a value of an attribute changed.
    pub(crate) fn touch_value(&mut self, user: UserId, attribute: AttributeId) {
        self.touch(user, ColumnId::Attribute(attribute));
        let Some(definition) = self.next.schema.get(attribute) else { return };
        let (folds, names) = (definition.ignore_case, matches!(definition.kind, Kind::User));
        if folds {
            self.touch(user, ColumnId::Folded(attribute));
        }
        if names {
            self.touched.note_line(attribute);
        }
    }

    /// Sets a code; whether that changed it.
    fn set_code(&mut self, user: UserId, column: ColumnId, code: u64) -> bool {
        if self.next.users.code(column, user) == code {
            return false;
        }
        self.next.users.set_code(column, user, code);
        self.touch(user, column);
        true
    }

    /// How many people have a value that fails a test, and one of them by key.
    pub(crate) fn failing(
        &self,
        attribute: AttributeId,
        fails: impl Fn(Option<&Value>) -> bool,
    ) -> Option<(usize, String)> {
        let users = &self.next.users;
        let mut seen: HashMap<u64, bool> = HashMap::new();
        let mut found: BTreeSet<UserId> = BTreeSet::new();
        for user in (0..users.count()).map(UserId) {
            if users.status(user) == Some(Status::Erased) {
                continue;
            }
            let code = users.code(ColumnId::Attribute(attribute), user);
            if *seen.entry(code).or_insert_with(|| fails(users.value(user, attribute).as_ref())) {
                found.insert(user);
            }
        }
        let first = users.key(*found.first()?)?;
        Some((found.len(), first.to_string()))
    }
}

fn folded_if(folds: bool) -> impl Fn(&Value) -> Value {
    move |value| if folds { folded_value(value) } else { value.clone() }
}
