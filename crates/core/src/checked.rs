//! Updates of people, checked by themselves, all but what depends on other people and other updates: they can be checked
//! while others are applied. Values are looked at once each and kept apart from the people who are given them. Not
//! here: what updates come to together, and how they are applied (`people`).

use std::borrow::Cow;
use std::sync::Arc;

use hashbrown::HashMap;
use matricula_rule::{Attribute, AttributeId, Kind, Schema, Value};

use crate::accept::Reader;
use crate::draft::{find, not_possible};
use crate::erase::ERASED_KEY;
use crate::error::shown;
use crate::model::{Catalog, check_key};
use crate::state::State;
use crate::{Error, ErrorKind, Input, Site, SiteId, Snapshot, Status, UserUpdate};

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

/// Updates of people, each checked by itself: those that are right so far, and what is wrong with the others.
///
/// ```
/// use matricula_core::{Draft, Instant, Snapshot, UserUpdate};
///
/// let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
/// // On another thread, if there are many.
/// let checked = draft.inputs().check_users(vec![UserUpdate::new("ann"), UserUpdate::new("")], 10);
/// let updated = draft.take_users_leniently(checked)?;
/// assert_eq!((updated.created, updated.errors.len()), (1, 1));
/// # Ok::<(), matricula_core::Error>(())
/// ```
#[derive(Debug)]
pub struct CheckedUsers {
    pub(crate) updates: Vec<Checked>,
    pub(crate) known: Known,
    /// What is wrong with the updates that are not among them.
    pub(crate) errors: Vec<UserError>,
    /// How many updates there were.
    count: usize,
    /// By what they were checked.
    schema: Arc<Schema>,
    sites: Arc<Catalog<Site>>,
}

/// An update whose names and values have been checked, as far as they do not depend on other updates.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) index: usize,
    pub(crate) key: String,
    pub(crate) status: Option<Status>,
    pub(crate) values: Vec<Given>,
    pub(crate) sites: Vec<(SiteId, Option<Status>)>,
}

/// A value given for an attribute.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) attribute: AttributeId,
    /// Which of the values that are known; none if it is taken away.
    pub(crate) value: Option<u32>,
    /// The key of the person whom the value names, who may be created by another update.
    pub(crate) names: Option<String>,
    /// As it was given, for messages, of attributes of which other people matter.
    pub(crate) input: Option<Input>,
}

/// The values that updates give, of each attribute once or a few times.
#[derive(Debug, Default)]
pub(crate) struct Known {
    of: Vec<Vec<Value>>,
}

impl Known {
    /// All values of an attribute, by place.
    pub(crate) fn values(&self, attribute: AttributeId) -> &[Value] {
        self.of.get(attribute.index()).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn value(&self, given: &Given) -> Option<&Value> {
        self.values(given.attribute).get(given.value? as usize)
    }

    /// Adds a value; its place.
    pub(crate) fn add(&mut self, attribute: AttributeId, value: Value) -> u32 {
        if self.of.len() <= attribute.index() {
            self.of.resize_with(attribute.index() + 1, Vec::new);
        }
        let Some(values) = self.of.get_mut(attribute.index()) else { return u32::MAX };
        values.push(value);
        u32::try_from(values.len() - 1).unwrap_or(u32::MAX)
    }

    /// How many attributes there may be values of.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = AttributeId> + use<> {
        (0..u32::try_from(self.of.len()).unwrap_or(u32::MAX)).map(AttributeId)
    }

    /// Adds those of others, which then have their places after these.
    fn append(&mut self, others: Self, updates: &mut [Checked]) {
        self.of.resize_with(self.of.len().max(others.of.len()), Vec::new);
        for given in updates.iter_mut().flat_map(|update| &mut update.values) {
            let before = self.of.get(given.attribute.index()).map_or(0, Vec::len);
            if let Some(place) = &mut given.value {
                *place = place.saturating_add(u32::try_from(before).unwrap_or(u32::MAX));
            }
        }
        for (values, others) in self.of.iter_mut().zip(others.of) {
            values.extend(others);
        }
    }
}

impl CheckedUsers {
    /// How many updates there were, right or wrong.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many of them are wrong.
    pub fn wrong(&self) -> usize {
        self.errors.len()
    }

    /// Adds others, which come after these, checked by the same definitions.
    ///
    /// # Errors
    /// `not_possible` if they were checked by other ones.
    pub fn append(&mut self, mut others: Self) -> Result<(), Error> {
        self.check(&others.schema, &others.sites)?;
        self.known.append(others.known, &mut others.updates);
        let after = self.count;
        self.updates.extend(
            others.updates.into_iter().map(|update| Checked { index: update.index + after, ..update }),
        );
        self.errors
            .extend(others.errors.into_iter().map(|error| UserError { index: error.index + after, ..error }));
        self.count += others.count;
        Ok(())
    }

    /// Makes sure that they were checked by these definitions.
    pub(crate) fn check(&self, schema: &Arc<Schema>, sites: &Arc<Catalog<Site>>) -> Result<(), Error> {
        if Arc::ptr_eq(&self.schema, schema) && Arc::ptr_eq(&self.sites, sites) {
            return Ok(());
        }
        Err(not_possible("the definitions have changed since the updates were checked".to_owned()))
    }
}

impl Snapshot {
    /// Checks updates of people by themselves: names, types, and what attributes demand of a single value. So many of
    /// those that are wrong are told with the nearest option, which takes time. Each update is let go of before the next is
    /// asked for.
    pub fn check_users(&self, updates: impl IntoIterator<Item = UserUpdate>, hints: usize) -> CheckedUsers {
        check_users(&self.0, updates, hints, Strictness::All)
    }
}

/// How updates are checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// All of them.
    All,
    /// Up to the first that is wrong.
    First,
    /// All of them; they give back what people had, retired options included.
    Restored,
}

/// Checks updates.
pub(crate) fn check_users(
    state: &State,
    updates: impl IntoIterator<Item = UserUpdate>,
    hints: usize,
    strictness: Strictness,
) -> CheckedUsers {
    let (updates, mut errors, mut count) = (updates.into_iter(), Vec::new(), 0);
    let (least, most) = updates.size_hint();
    let mut checked = Vec::with_capacity(least);
    let keeps = most.is_none_or(|most| most >= TRIED);
    let mut checker =
        Checker { state, strictness, known: Known::default(), keeps, seen: Vec::new(), columns: Vec::new() };
    for (index, update) in updates.enumerate() {
        count += 1;
        match checker.update(index, update, errors.len() < hints) {
            Ok(update) => checked.push(update),
            Err(error) => errors.push(UserError { index, ..error }),
        }
        if strictness == Strictness::First && !errors.is_empty() {
            break;
        }
    }
    let (schema, sites) = (state.schema.clone(), state.sites.clone());
    CheckedUsers { updates: checked, known: checker.known, errors, count, schema, sites }
}

/// The texts that were given for an attribute, as long as that saves work.
#[derive(Default)]
struct Seen {
    texts: HashMap<String, u32>,
    asked: usize,
    found: usize,
    /// Whether they are no longer kept, or never are.
    off: bool,
}

/// So many texts are looked up before it is weighed whether that saves work.
const TRIED: usize = 256;

struct Checker<'a> {
    state: &'a State,
    strictness: Strictness,
    known: Known,
    /// Whether there are so many updates that texts come again.
    keeps: bool,
    seen: Vec<Seen>,
    /// The attributes by the place at which updates name them: mostly the same one each time.
    columns: Vec<(Arc<str>, AttributeId)>,
}

impl<'a> Checker<'a> {
    fn update(&mut self, index: usize, update: UserUpdate, hints: bool) -> Result<Checked, UserError> {
        let plain = |error| UserError { index, attribute: None, input: None, error };
        let UserUpdate { key, status, values: inputs, sites } = update;
        let normal = match check_key("user", &key).map_err(plain)? {
            Cow::Borrowed(_) => None,
            Cow::Owned(normal) => Some(normal),
        };
        let key = normal.unwrap_or(key);
        refuse_erased(self.state, &key, status, &sites).map_err(plain)?;
        let mut values = Vec::with_capacity(inputs.len());
        for (place, (attribute, input)) in inputs.into_iter().enumerate() {
            match self.value(&key, (place, &attribute), input, hints) {
                Ok(given) => values.push(given),
                Err((input, error)) => {
                    return Err(UserError { index, attribute: Some(attribute), input, error });
                }
            }
        }
        let site = |(site, status): (Arc<str>, Option<Status>)| {
            let id = find(&self.state.sites, &site, ErrorKind::UnknownSite, "site").map(SiteId::at)?;
            Ok((id, status))
        };
        let sites = sites.into_iter().map(site).collect::<Result<_, _>>().map_err(plain)?;
        Ok(Checked { index, key, status, values, sites })
    }

    /// A value, or what was given and what is wrong with it.
    fn value(
        &mut self,
        user: &str,
        (place, key): (usize, &Arc<str>),
        input: Option<Input>,
        hints: bool,
    ) -> Result<Given, (Option<Input>, Error)> {
        let state = self.state;
        let attribute = match self.attribute(place, key) {
            Ok(attribute) => attribute,
            Err(error) => return Err((input, error)),
        };
        let mut given = Given { attribute: attribute.id, value: None, names: None, input: None };
        let Some(input) = input else { return Ok(given) };
        if let (Kind::User, Input::Text(named)) = (&attribute.kind, &input) {
            given.names = Some(matricula_rule::normalise(named).into_owned());
            given.input = Some(input);
            return Ok(given);
        }
        if let Input::Text(text) = &input
            && let Some(place) = self.find(attribute, text)
        {
            given.value = Some(place);
            return Ok(given);
        }
        let reader = Reader { find_user: &|key| state.users.find(key), hints };
        let read = reader.read(attribute, &input).and_then(|value| {
            if self.strictness != Strictness::Restored {
                refuse_retired(state, user, attribute, value.as_ref())?;
            }
            Ok(value)
        });
        match read {
            Ok(value) => given.value = value.map(|value| self.known.add(attribute.id, value)),
            Err(error) => return Err((Some(input), error)),
        }
        match input {
            Input::Text(text) if !attribute.unique => self.keep(attribute.id, text, given.value),
            input => given.input = attribute.unique.then_some(input),
        }
        Ok(given)
    }

    fn attribute(&mut self, place: usize, key: &Arc<str>) -> Result<&'a Attribute, Error> {
        let schema = &self.state.schema;
        if let Some((known, id)) = self.columns.get(place)
            && Arc::ptr_eq(known, key)
            && let Some(attribute) = schema.get(*id)
        {
            return Ok(attribute);
        }
        let attribute = schema.find(key).ok_or_else(|| {
            let keys = schema.live().map(|attribute| attribute.key.as_str());
            Error::unknown(ErrorKind::UnknownAttribute, "attribute", key, keys)
        })?;
        if self.columns.len() == place {
            self.columns.push((key.clone(), attribute.id));
        }
        Ok(attribute)
    }

    /// The place of the value that a text stood for before.
    fn find(&mut self, attribute: &Attribute, text: &str) -> Option<u32> {
        if !self.keeps {
            return None;
        }
        if self.seen.len() <= attribute.id.index() {
            self.seen.resize_with(attribute.id.index() + 1, Seen::default);
        }
        let seen = self.seen.get_mut(attribute.id.index()).filter(|seen| !seen.off)?;
        seen.asked += 1;
        if seen.asked == 1 {
            // Whether an option that is retired may be given depends on the person; other people matter to what is unique.
            let retired =
                attribute.kind.options().is_some_and(|options| options.iter().any(|option| option.retired));
            seen.off = retired || attribute.unique;
        }
        let place = seen.texts.get(text).copied();
        seen.found += usize::from(place.is_some());
        place
    }

    /// Keeps the value that a text stands for.
    fn keep(&mut self, attribute: AttributeId, text: String, value: Option<u32>) {
        let (Some(seen), Some(value)) = (self.seen.get_mut(attribute.index()), value) else { return };
        if !seen.off && seen.asked >= TRIED && seen.found * 2 < seen.asked {
            *seen = Seen { off: true, ..Seen::default() };
        }
        if !seen.off {
            seen.texts.insert(text, value);
        }
    }
}

/// Nobody is given the key of somebody erased, nor is anybody erased by an update.
fn refuse_erased(
    state: &State,
    key: &str,
    status: Option<Status>,
    sites: &[(Arc<str>, Option<Status>)],
) -> Result<(), Error> {
    if key.starts_with(ERASED_KEY) {
        let message = match state.users.find(key) {
            Some(_) => return Err(not_possible(format!("user `{key}` is erased"))),
            None => format!("user key `{}` begins as the keys of erased people do", shown(key)),
        };
        return Err(Error::new(ErrorKind::InvalidKey, message));
    }
    let mut statuses = status.into_iter().chain(sites.iter().filter_map(|(_, status)| *status));
    if statuses.any(|status| status == Status::Erased) {
        let message = "the status `erased` cannot be given, people are erased by a change of its own";
        return Err(Error::new(ErrorKind::InvalidValue, message));
    }
    Ok(())
}

/// Nobody is given a retired option; who has it keeps it, and who had it when a commit that took it is undone has it again.
fn refuse_retired(
    state: &State,
    user: &str,
    attribute: &Attribute,
    value: Option<&Value>,
) -> Result<(), Error> {
    let (Some(options), Some(value)) = (attribute.kind.options(), value) else { return Ok(()) };
    let given = match value {
        Value::Choice(option) => std::slice::from_ref(option),
        Value::Choices(options) => options,
        _ => &[],
    };
    let retired = given.iter().filter(|id| options.get(**id).is_some_and(|option| option.retired));
    for option in retired {
        let user = state.users.find(user);
        let had = user.and_then(|user| state.users.value(user, attribute.id));
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
