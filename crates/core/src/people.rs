//! Changes of people: every value is checked first, then all of them are applied; what changes nothing is
//! left out. Not here: what a single value has to satisfy (`accept`), and definitions (`attributes`).

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use matricula_rule::{Attribute, AttributeId, Kind, UserId, Value};

use crate::accept::Reader;
use crate::draft::{Draft, not_possible};
use crate::erase::ERASED_KEY;
use crate::error::shown;
use crate::model::check_key;
use crate::users::{Coded, ColumnId, folded_value, status_code};
use crate::{Entry, Error, ErrorKind, Input, SiteId, Status, UserEntry, UserUpdate};

/// So many errors of a batch come with the nearest option.
const HINTS: usize = 100;

/// So often the updates of a batch are looked through again after some were left out; after that nobody is taken to
/// give up a value to somebody else.
const ROUNDS: usize = 32;

/// What is wrong with one update of many.
#[derive(Debug)]
pub struct UserError {
    /// Which update, by position.
    pub index: usize,
    /// Which attribute, if one is to blame.
    pub attribute: Option<Arc<str>>,
    /// What was given for that attribute.
    pub input: Option<Input>,
    /// What is wrong.
    pub error: Error,
}

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

/// An update whose names and values have been checked, as far as they do not depend on other updates.
struct Checked {
    index: usize,
    key: String,
    status: Option<Status>,
    values: Vec<Given>,
    sites: Vec<(SiteId, Option<Status>)>,
}

/// When it is judged what updates come to together with others.
#[derive(Clone, Copy)]
enum Judged<'a> {
    /// It was.
    Already,
    /// At the end of the transaction; with the lines of a feed that the updates are from.
    AtEnd(&'a [u64]),
}

/// A value given for an attribute.
struct Given {
    attribute: AttributeId,
    value: Option<Value>,
    /// The key of the person whom the value names, who may be created by another update.
    names: Option<String>,
    /// As it was given, for messages.
    name: Arc<str>,
    input: Option<Input>,
}

/// The distinct values of one attribute in a batch, and their codes.
#[derive(Default)]
struct CodesOf<'a> {
    places: HashMap<&'a Value, usize>,
    values: Vec<&'a Value>,
    coded: Vec<Coded>,
}

impl<'a> CodesOf<'a> {
    fn place(&mut self, value: &'a Value) -> usize {
        *self.places.entry(value).or_insert_with(|| {
            self.values.push(value);
            self.values.len() - 1
        })
    }
}

impl Draft {
    /// Applies all updates or none.
    pub(crate) fn update_users(&mut self, updates: Vec<UserUpdate>) -> Result<(), Error> {
        let keys: Vec<String> = updates.iter().map(|update| update.key.clone()).collect();
        let (checked, errors) = self.check_each(updates, true);
        if let Some(UserError { index, error, .. }) = errors.into_iter().next() {
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
        let (checked, errors) = self.check_updates(updates);
        let updated = self.apply_updates(checked, Judged::Already)?;
        Ok(Updated { errors, ..updated })
    }

    /// Applies all updates, or none and says what is wrong with each. Who is named and not there, required values and
    /// unique ones are judged at the end, with the line of a feed that each update is from.
    ///
    /// # Errors
    /// `too_many` if there is no room for more people; nothing is then applied.
    pub fn update_users_together(
        &mut self,
        updates: Vec<UserUpdate>,
        lines: &[u64],
    ) -> Result<Updated, Error> {
        let (checked, errors) = self.check_each(updates, false);
        if !errors.is_empty() {
            return Ok(Updated { errors, ..Updated::default() });
        }
        self.apply_updates(checked, Judged::AtEnd(lines))
    }

    /// The updates that are right by themselves, and what is wrong with the others, in order; `first` is enough if so
    /// asked.
    fn check_each(&self, updates: Vec<UserUpdate>, first: bool) -> (Vec<Checked>, Vec<UserError>) {
        let mut errors: Vec<UserError> = Vec::new();
        let mut checked = Vec::with_capacity(updates.len());
        for (index, update) in updates.into_iter().enumerate() {
            // Looking for the nearest option takes time: many errors alike are not worth it.
            match self.check_update(index, update, errors.len() < HINTS) {
                Ok(update) => checked.push(update),
                Err(error) => errors.push(UserError { index, ..error }),
            }
            if first && !errors.is_empty() {
                break;
            }
        }
        (checked, errors)
    }

    /// The updates that are right, together and with who is there, and what is wrong with the others, in order.
    fn check_updates(&self, updates: Vec<UserUpdate>) -> (Vec<Checked>, Vec<UserError>) {
        let (mut checked, mut errors) = self.check_each(updates, false);
        // An update that is left out creates nobody and gives up no value, so that others may have to be left out too.
        for round in 0..=ROUNDS {
            let unique = |draft: &Self, checked: &[Checked]| draft.check_unique(checked, round < ROUNDS);
            let mut left_out = self.leave_out(&mut checked, &mut errors, Self::check_complete);
            left_out |= self.leave_out(&mut checked, &mut errors, unique);
            left_out |= self.leave_out(&mut checked, &mut errors, Self::check_named);
            if !left_out {
                break;
            }
        }
        errors.sort_by_key(|error| error.index);
        (checked, errors)
    }

    /// Moves the updates in which a check finds something wrong; whether there were any.
    fn leave_out(
        &self,
        checked: &mut Vec<Checked>,
        errors: &mut Vec<UserError>,
        check: impl Fn(&Self, &[Checked]) -> Vec<UserError>,
    ) -> bool {
        let wrong = check(self, checked);
        let indices: HashSet<usize> = wrong.iter().map(|error| error.index).collect();
        checked.retain(|update| !indices.contains(&update.index));
        errors.extend(wrong);
        !indices.is_empty()
    }

    fn check_update(&self, index: usize, update: UserUpdate, hints: bool) -> Result<Checked, UserError> {
        let plain = |error| UserError { index, attribute: None, input: None, error };
        let key = check_key("user", &update.key).map_err(plain)?.into_owned();
        self.refuse_erased(&key, &update).map_err(plain)?;
        let mut values = Vec::with_capacity(update.values.len());
        for (attribute, input) in update.values {
            match self.check_value(&key, &attribute, input.as_ref(), hints) {
                Ok((id, value, names)) => {
                    values.push(Given { attribute: id, value, names, name: attribute, input });
                }
                Err(error) => return Err(UserError { index, attribute: Some(attribute), input, error }),
            }
        }
        let site = |(site, status): (Arc<str>, Option<Status>)| Ok((self.find_site(&site)?, status));
        let sites = update.sites.into_iter().map(site).collect::<Result<_, _>>().map_err(plain)?;
        Ok(Checked { index, key, status: update.status, values, sites })
    }

    /// Nobody is given the key of somebody erased, nor is anybody erased by an update.
    fn refuse_erased(&self, key: &str, update: &UserUpdate) -> Result<(), Error> {
        if key.starts_with(ERASED_KEY) {
            let message = match self.next.users.find(key) {
                Some(_) => return Err(not_possible(format!("user `{key}` is erased"))),
                None => format!("user key `{}` begins as the keys of erased people do", shown(key)),
            };
            return Err(Error::new(ErrorKind::InvalidKey, message));
        }
        let mut statuses =
            update.status.into_iter().chain(update.sites.iter().filter_map(|(_, status)| *status));
        if statuses.any(|status| status == Status::Erased) {
            let message = "the status `erased` cannot be given, people are erased by a change of its own";
            return Err(Error::new(ErrorKind::InvalidValue, message));
        }
        Ok(())
    }

    fn check_value(
        &self,
        user: &str,
        key: &str,
        input: Option<&Input>,
        hints: bool,
    ) -> Result<(AttributeId, Option<Value>, Option<String>), Error> {
        let schema = &self.next.schema;
        let attribute = schema.find(key).ok_or_else(|| {
            let keys = schema.live().map(|attribute| attribute.key.as_str());
            Error::unknown(ErrorKind::UnknownAttribute, "attribute", key, keys)
        })?;
        let Some(input) = input else {
            return Ok((attribute.id, None, None));
        };
        if let (Kind::User, Input::Text(named)) = (&attribute.kind, input) {
            return Ok((attribute.id, None, Some(matricula_rule::normalise(named).into_owned())));
        }
        let reader = Reader { find_user: &|key| self.next.users.find(key), hints };
        let value = reader.read(attribute, input)?;
        self.refuse_retired(user, attribute, value.as_ref())?;
        Ok((attribute.id, value, None))
    }

    /// Nobody is given a retired option; who has it keeps it.
    fn refuse_retired(&self, user: &str, attribute: &Attribute, value: Option<&Value>) -> Result<(), Error> {
        let (Some(options), Some(value)) = (attribute.kind.options(), value) else { return Ok(()) };
        let given = match value {
            Value::Choice(option) => std::slice::from_ref(option),
            Value::Choices(options) => options,
            _ => &[],
        };
        let retired = given.iter().filter(|id| options.get(**id).is_some_and(|option| option.retired));
        for option in retired {
            let user = self.next.users.find(user);
            let had = user.and_then(|user| self.next.users.value(user, attribute.id));
            let has = match &had {
                Some(Value::Choice(had)) => had == option,
                Some(Value::Choices(had)) => had.contains(option),
                _ => false,
            };
            if !has {
                let key = attribute.option_key(*option).unwrap_or_default();
                let message = format!("option `{}` of `{}` is retired", shown(key), attribute.key);
                return Err(Error::new(ErrorKind::InvalidValue, message));
            }
        }
        Ok(())
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
    fn check_unique(&self, checked: &[Checked], counts: bool) -> Vec<UserError> {
        let mut errors = Vec::new();
        for attribute in self.next.schema.attributes().iter().filter(|attribute| attribute.unique) {
            let value_of = |given: &Given| match &given.names {
                Some(name) => Some(Value::Text(name.as_str().into())),
                None => given.value.as_ref().map(folded_if(attribute.ignore_case)),
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
                        let (name, input) = (Some(given.name.clone()), given.input.clone());
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
                let attribute = given.map(|given| given.name.clone());
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

    fn apply_updates(&mut self, mut updates: Vec<Checked>, judged: Judged<'_>) -> Result<Updated, Error> {
        let room = u32::MAX - self.next.users.count();
        if u32::try_from(updates.len()).is_ok_and(|count| count > room) {
            return Err(Error::new(ErrorKind::TooMany, "no room for more people in this registry"));
        }
        let created = self.create(&mut updates);
        for given in updates.iter_mut().flat_map(|update| &mut update.values) {
            if let Some(name) = &given.names {
                given.value = self.next.users.find(name).map(Value::User);
            }
        }
        let codes = self.codes_of(&updates);
        let mut codes = codes.into_iter();
        let mut updated = Updated::default();
        let new: Vec<UserId> = created.iter().map(|(_, user)| *user).collect();
        let mut created = created.into_iter().peekable();
        for update in updates {
            let new = created.next_if(|(index, _)| *index == update.index).map(|(_, user)| user);
            match self.apply_update(update, new, &mut codes, judged) {
                Some(entry) => {
                    if entry.key.is_some() {
                        updated.created += 1
                    } else {
                        updated.changed += 1
                    }
                    self.record(Entry::User(entry));
                }
                None => updated.unchanged += 1,
            }
        }
        if self.pending.waits() {
            self.name_created(new.into_iter());
        }
        Ok(updated)
    }

    /// Creates the people who are not there yet, with what is theirs by default. Gives the updates that created
    /// somebody, and whom.
    fn create(&mut self, updates: &mut [Checked]) -> Vec<(usize, UserId)> {
        let defaults: Vec<(AttributeId, Arc<str>, Value)> = self
            .next
            .schema
            .attributes()
            .iter()
            .filter_map(|attribute| {
                Some((attribute.id, attribute.key.as_str().into(), attribute.default.clone()?))
            })
            .collect();
        let mut created = Vec::new();
        for update in updates {
            if self.next.users.find(&update.key).is_some() {
                continue;
            }
            let Some(user) = self.next.users.add(&update.key) else { continue };
            created.push((update.index, user));
            for (attribute, name, value) in &defaults {
                if update.values.iter().all(|given| given.attribute != *attribute) {
                    let (attribute, value) = (*attribute, Some(value.clone()));
                    update.values.push(Given {
                        attribute,
                        value,
                        names: None,
                        name: name.clone(),
                        input: None,
                    });
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

    /// The codes of all values of all updates, in order; new values are learnt, all at once.
    fn codes_of(&mut self, updates: &[Checked]) -> Vec<Coded> {
        let mut known: Vec<CodesOf<'_>> = Vec::new();
        known.resize_with(self.next.schema.attributes().len(), CodesOf::default);
        let mut places = Vec::with_capacity(updates.iter().map(|update| update.values.len()).sum());
        for given in updates.iter().flat_map(|update| &update.values) {
            let known = known.get_mut(given.attribute.index());
            places.push(known.zip(given.value.as_ref()).map(|(known, value)| known.place(value)));
        }
        for (known, attribute) in known.iter_mut().zip((0..).map(AttributeId)) {
            if known.values.is_empty() {
                continue;
            }
            let (coded, renumbered) = self.next.users.learn(attribute, &known.values);
            if renumbered {
                self.renumbered.extend([ColumnId::Attribute(attribute), ColumnId::Folded(attribute)]);
            }
            known.coded = coded;
        }
        let coded = |place: Option<usize>, known: &CodesOf<'_>| Some(*known.coded.get(place?)?);
        let attributes = updates.iter().flat_map(|update| &update.values).map(|given| given.attribute);
        let codes = attributes.zip(places).map(|(attribute, place)| {
            known.get(attribute.index()).and_then(|known| coded(place, known)).unwrap_or_default()
        });
        codes.collect()
    }

    /// Applies an update, its values by their codes; the entry to be recorded, if it changed anything.
    fn apply_update(
        &mut self,
        update: Checked,
        new: Option<UserId>,
        codes: &mut impl Iterator<Item = Coded>,
        judged: Judged<'_>,
    ) -> Option<UserEntry> {
        let mut sites = update.sites;
        let user = self.next.users.find(&update.key)?;
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
        for given in update.values {
            let coded = codes.next().unwrap_or_default();
            if let (Some(origin), Some(attribute)) = (origin, self.next.schema.get(given.attribute)) {
                self.pending.note_given(user, attribute, origin);
            }
            if let (None, Some(name), Some(origin)) = (&given.value, &given.names, origin) {
                self.pending.note_named(user, given.attribute, name, origin);
                continue;
            }
            self.pending.forget_named(user, given.attribute);
            if self.next.users.put(user, given.attribute, given.value.as_ref(), coded) {
                self.touch_value(user, given.attribute);
                entry.values.retain(|(earlier, _)| *earlier != given.attribute);
                entry.values.push((given.attribute, given.value));
            }
        }
        (!entry.is_empty()).then_some(entry)
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
