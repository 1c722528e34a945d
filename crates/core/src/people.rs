//! Changes of people: every value is checked first, then all of them are applied; what changes nothing is
//! left out. Not here: definitions (`draft`).

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use hashbrown::HashMap;
use matricula_rule::{Attribute, AttributeId, Kind, Value, nearest};

use crate::draft::Draft;
use crate::error::shown;
use crate::model::check_key;
use crate::users::{ColumnId, status_code};
use crate::{Entry, Error, ErrorKind, Input, SiteId, Status, UserEntry, UserId, UserUpdate};

/// The greatest length of a text value, in bytes.
pub const MAX_TEXT_VALUE: usize = 64 * 1024;

/// So many errors of a batch come with the nearest option.
const HINTS: usize = 100;

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

/// An update whose names and values have been checked.
struct Checked {
    key: String,
    status: Option<Status>,
    values: Vec<(AttributeId, Option<Value>)>,
    sites: Vec<(SiteId, Option<Status>)>,
}

/// The distinct values of one attribute in a batch, and their codes.
#[derive(Default)]
struct CodesOf<'a> {
    places: HashMap<&'a Value, usize>,
    values: Vec<&'a Value>,
    codes: Vec<u32>,
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
        let mut checked = Vec::with_capacity(updates.len());
        for update in updates {
            let key = update.key.clone();
            let update = self.check_update(update, true);
            checked.push(update.map_err(|UserError { error, .. }| match error.kind() {
                // The message names the key already.
                ErrorKind::InvalidKey => error,
                _ => error.within(format_args!("user `{}`", shown(&key))),
            })?);
        }
        self.apply_updates(checked).map(drop)
    }

    /// Applies the updates that are right and says what is wrong with the others.
    ///
    /// # Errors
    /// `too_many` if there is no room for more people; nothing is then applied.
    pub fn update_users_leniently(&mut self, updates: Vec<UserUpdate>) -> Result<Updated, Error> {
        let mut errors = Vec::new();
        let mut checked = Vec::with_capacity(updates.len());
        for (index, update) in updates.into_iter().enumerate() {
            // Looking for the nearest option takes time: many errors alike are not worth it.
            match self.check_update(update, errors.len() < HINTS) {
                Ok(update) => checked.push(update),
                Err(error) => errors.push(UserError { index, ..error }),
            }
        }
        let updated = self.apply_updates(checked)?;
        Ok(Updated { errors, ..updated })
    }

    fn check_update(&self, update: UserUpdate, hints: bool) -> Result<Checked, UserError> {
        let plain = |error| UserError { index: 0, attribute: None, input: None, error };
        let key = check_key("user", &update.key).map_err(plain)?.into_owned();
        let mut values = Vec::with_capacity(update.values.len());
        for (attribute, input) in update.values {
            match self.check_value(&attribute, input.as_ref(), hints) {
                Ok(value) => values.push(value),
                Err(error) => {
                    return Err(UserError { index: 0, attribute: Some(attribute), input, error });
                }
            }
        }
        let site = |(site, status): (Arc<str>, Option<Status>)| Ok((self.find_site(&site)?, status));
        let sites = update.sites.into_iter().map(site).collect::<Result<_, _>>().map_err(plain)?;
        Ok(Checked { key, status: update.status, values, sites })
    }

    fn check_value(
        &self,
        key: &str,
        input: Option<&Input>,
        hints: bool,
    ) -> Result<(AttributeId, Option<Value>), Error> {
        let schema = &self.next.schema;
        let attribute = schema.find(key).ok_or_else(|| {
            let keys = schema.attributes().iter().map(|attribute| attribute.key.as_str());
            Error::unknown(ErrorKind::UnknownAttribute, "attribute", key, keys)
        })?;
        let value = input.map(|input| parse_value(attribute, input, hints)).transpose()?;
        Ok((attribute.id, value))
    }

    fn apply_updates(&mut self, updates: Vec<Checked>) -> Result<Updated, Error> {
        let room = u32::MAX - self.next.users.count();
        if u32::try_from(updates.len()).is_ok_and(|count| count > room) {
            return Err(Error::new(ErrorKind::TooMany, "no room for more people in this registry"));
        }
        let codes = self.codes_of(&updates);
        let mut codes = codes.into_iter();
        let mut updated = Updated::default();
        for update in updates {
            match self.apply_update(update, &mut codes) {
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
        Ok(updated)
    }

    /// The codes of all values of all updates, in order; new values are learnt, all at once.
    fn codes_of(&mut self, updates: &[Checked]) -> Vec<u32> {
        let mut known: Vec<CodesOf<'_>> = Vec::new();
        known.resize_with(self.next.schema.attributes().len(), CodesOf::default);
        let mut places = Vec::with_capacity(updates.iter().map(|update| update.values.len()).sum());
        for (attribute, value) in updates.iter().flat_map(|update| &update.values) {
            let known = known.get_mut(attribute.0 as usize);
            places.push(known.zip(value.as_ref()).map(|(known, value)| known.place(value)));
        }
        for (known, attribute) in known.iter_mut().zip((0..).map(AttributeId)) {
            let column = ColumnId::Attribute(attribute);
            if known.values.is_empty() {
                continue;
            }
            let Some(column) = self.next.users.column_mut(column) else { continue };
            let learnt = column.learn(&known.values);
            self.renumbered |= learnt.renumbered;
            known.codes = learnt.codes;
        }
        let code = |place: Option<usize>, known: &CodesOf<'_>| Some(*known.codes.get(place?)?);
        let attributes = updates.iter().flat_map(|update| &update.values).map(|(attribute, _)| *attribute);
        let codes = attributes.zip(places).map(|(attribute, place)| {
            known.get(attribute.0 as usize).and_then(|known| code(place, known)).unwrap_or_default()
        });
        codes.collect()
    }

    /// Applies an update, its values by their codes; the entry to be recorded, if it changed anything.
    fn apply_update(&mut self, update: Checked, codes: &mut impl Iterator<Item = u32>) -> Option<UserEntry> {
        let mut sites = update.sites;
        let (user, mut entry) = match self.next.users.find(&update.key) {
            Some(user) => (user, UserEntry::new(user)),
            None => {
                let user = self.next.users.add(&update.key)?;
                self.touch(user, ColumnId::Status);
                if sites.is_empty() {
                    sites.push((SiteId(0), Some(Status::Active)));
                }
                (user, UserEntry { key: Some(update.key), ..UserEntry::new(user) })
            }
        };
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
        for (attribute, value) in update.values {
            let code = codes.next().unwrap_or_default();
            if self.set_code(user, ColumnId::Attribute(attribute), code) {
                entry.values.retain(|(earlier, _)| *earlier != attribute);
                entry.values.push((attribute, value));
            }
        }
        (!entry.is_empty()).then_some(entry)
    }

    /// Sets a code; whether that changed it.
    fn set_code(&mut self, user: UserId, column: ColumnId, code: u32) -> bool {
        if self.next.users.code(column, user) == code {
            return false;
        }
        self.next.users.set_code(column, user, code);
        self.touch(user, column);
        true
    }
}

/// Reads what a host gave as a value of an attribute.
fn parse_value(attribute: &Attribute, input: &Input, hints: bool) -> Result<Value, Error> {
    let wrong = |message: String| Error::new(ErrorKind::InvalidValue, message);
    let expects = |found: &str| {
        wrong(format!("attribute `{}` is a {}, found {found}", attribute.key, attribute.kind.name()))
    };
    match (&attribute.kind, input) {
        (Kind::Text, Input::Text(text)) if text.len() > MAX_TEXT_VALUE => {
            Err(wrong(format!("text of {} bytes, expected at most {MAX_TEXT_VALUE}", text.len())))
        }
        (Kind::Text, Input::Text(text)) => Ok(Value::text(text)),
        (Kind::Choice { .. }, Input::Text(text)) => {
            let option = matricula_rule::normalise(text);
            attribute.option(&option).map(Value::Choice).ok_or_else(|| {
                let hint = hints.then(|| nearest(&option, attribute.option_keys())).flatten();
                let hint = hint.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
                wrong(format!("unknown option `{}` of `{}`{hint}", shown(&option), attribute.key))
            })
        }
        (Kind::Date, Input::Text(text)) => parse_date(text).map(Value::Date).ok_or_else(|| {
            wrong(format!("`{}` is not a date, expected a day such as 2026-01-31", shown(text)))
        }),
        (Kind::Date, Input::Date(date)) if (1..=9999).contains(&date.year()) => Ok(Value::Date(*date)),
        (Kind::Date, Input::Date(date)) => Err(wrong(format!("date {date} is outside the years 1 to 9999"))),
        (Kind::Text | Kind::Choice { .. }, Input::Date(_)) => Err(expects("a date")),
    }
}

/// A calendar day as ISO 8601 writes it, ten characters long.
fn parse_date(text: &str) -> Option<NaiveDate> {
    let digits =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok())?;
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let year = i32::try_from(digits(year)?).ok()?;
    NaiveDate::from_ymd_opt(year, digits(month)?, digits(day)?).filter(|date| date.year() >= 1)
}
