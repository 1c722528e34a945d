//! The people: keys, statuses, memberships of sites, and one column per attribute, all by row. Copies share
//! every chunk that is not written. Not here: which of them a segment selects (`evaluate`).

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use matricula_rule::{AttributeId, Kind, Value};

use crate::chunks::Chunks;
use crate::column::{Codes, Column};
use crate::{Bytes, SiteId, Status, UserId};

/// Rows in a chunk of keys.
const KEYS: usize = 4096;
/// Parts of the table from key to row; a new person copies one part.
const PARTS: usize = 256;

/// A column, by what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ColumnId {
    /// The person's own status, as [`status_code`].
    Status,
    /// The status of the membership of a site, as [`status_code`].
    Site(SiteId),
    /// The value of an attribute.
    Attribute(AttributeId),
}

/// The code of a status in its column: 0 is no person, or no membership.
pub(crate) const fn status_code(status: Option<Status>) -> u32 {
    match status {
        None => 0,
        Some(Status::Active) => 1,
        Some(Status::Suspended) => 2,
    }
}

fn status_of(code: u32) -> Option<Status> {
    match code {
        1 => Some(Status::Active),
        2 => Some(Status::Suspended),
        _ => None,
    }
}

/// All people.
#[derive(Clone, Debug)]
pub(crate) struct Users {
    count: u32,
    keys: Chunks<Arc<str>, KEYS>,
    index: Arc<KeyIndex>,
    status: Arc<Column>,
    sites: Vec<Arc<Column>>,
    attributes: Vec<Arc<Column>>,
}

impl Default for Users {
    fn default() -> Self {
        Self {
            count: 0,
            keys: Chunks::default(),
            index: Arc::default(),
            status: Arc::new(Column::plain()),
            sites: Vec::new(),
            attributes: Vec::new(),
        }
    }
}

impl Users {
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    pub(crate) fn key(&self, user: UserId) -> Option<&Arc<str>> {
        self.keys.get(user.index())
    }

    pub(crate) fn find(&self, key: &str) -> Option<UserId> {
        self.index.find(key, &self.keys)
    }

    /// Adds a person, active and without values; `None` if the rows are used up.
    pub(crate) fn add(&mut self, key: &str) -> Option<UserId> {
        let user = UserId(self.count);
        self.count = self.count.checked_add(1)?;
        self.keys.set(user.index(), key.into());
        Arc::make_mut(&mut self.index).insert(user, &self.keys);
        self.set_code(ColumnId::Status, user, status_code(Some(Status::Active)));
        Some(user)
    }

    pub(crate) fn status(&self, user: UserId) -> Option<Status> {
        status_of(self.status.get(user.0))
    }

    pub(crate) fn membership(&self, user: UserId, site: SiteId) -> Option<Status> {
        status_of(self.sites.get(site.index())?.get(user.0))
    }

    pub(crate) fn value(&self, user: UserId, attribute: AttributeId) -> Option<Value> {
        let column = self.attributes.get(attribute.0 as usize)?;
        column.value(column.get(user.0))
    }

    /// Makes room for the columns of a site.
    pub(crate) fn add_site(&mut self, site: SiteId) {
        if site.index() >= self.sites.len() {
            self.sites.resize_with(site.index() + 1, || Arc::new(Column::plain()));
        }
    }

    /// Makes room for the column of an attribute.
    pub(crate) fn add_attribute(&mut self, attribute: AttributeId, kind: &Kind) {
        if attribute.0 as usize >= self.attributes.len() {
            self.attributes.push(Arc::new(match kind {
                Kind::Text => Column::text(),
                Kind::Choice { .. } => Column::choice(),
                Kind::Date => Column::date(),
            }));
        }
    }

    pub(crate) fn column(&self, id: ColumnId) -> Option<&Column> {
        match id {
            ColumnId::Status => Some(&self.status),
            ColumnId::Site(site) => self.sites.get(site.index()).map(Arc::as_ref),
            ColumnId::Attribute(attribute) => self.attributes.get(attribute.0 as usize).map(Arc::as_ref),
        }
    }

    pub(crate) fn column_mut(&mut self, id: ColumnId) -> Option<&mut Column> {
        match id {
            ColumnId::Status => Some(Arc::make_mut(&mut self.status)),
            ColumnId::Site(site) => self.sites.get_mut(site.index()).map(Arc::make_mut),
            ColumnId::Attribute(attribute) => {
                self.attributes.get_mut(attribute.0 as usize).map(Arc::make_mut)
            }
        }
    }

    pub(crate) fn code(&self, id: ColumnId, user: UserId) -> u32 {
        self.column(id).map_or(0, |column| column.get(user.0))
    }

    pub(crate) fn set_code(&mut self, id: ColumnId, user: UserId, code: u32) {
        if let Some(column) = self.column_mut(id) {
            column.set(user.0, code);
        }
    }

    /// Sets a value, teaching the column if it is new; for replaying what was recorded.
    pub(crate) fn set_value(&mut self, user: UserId, attribute: AttributeId, value: Option<&Value>) {
        let Some(column) = self.column_mut(ColumnId::Attribute(attribute)) else {
            return;
        };
        let code = match value {
            None => 0,
            Some(value) => match column.code(value) {
                Some(code) => code,
                None => {
                    column.learn(&[value]);
                    column.code(value).unwrap_or_default()
                }
            },
        };
        column.set(user.0, code);
    }

    pub(crate) fn codes(&self, id: ColumnId) -> Option<&Codes> {
        self.column(id).map(Column::codes)
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        // A key is an allocation of its own with two counters.
        let mut bytes = self.keys.bytes_with(other.map(|other| &other.keys), |key| key.len() + 16);
        bytes.add(self.index.bytes(other.map(|other| &*other.index)));
        let columns = |users: &Self| -> Vec<Arc<Column>> {
            let attributes = users.attributes.iter().chain(&users.sites);
            std::iter::once(&users.status).chain(attributes).cloned().collect()
        };
        let theirs = other.map(columns).unwrap_or_default();
        for (index, column) in columns(self).iter().enumerate() {
            bytes.add(column.bytes(theirs.get(index).map(Arc::as_ref)));
        }
        bytes
    }
}

/// From key to row. The table holds rows only; the keys themselves stand in the chunks.
#[derive(Clone, Debug)]
struct KeyIndex {
    parts: Vec<Arc<HashTable<u32>>>,
    hasher: DefaultHashBuilder,
}

impl Default for KeyIndex {
    fn default() -> Self {
        let empty = Arc::new(HashTable::new());
        Self { parts: vec![empty; PARTS], hasher: DefaultHashBuilder::default() }
    }
}

/// The part of the index that a hash belongs to; taken from bits that the table itself uses least.
fn part_of(hash: u64) -> usize {
    usize::try_from(hash >> 40).unwrap_or_default() % PARTS
}

impl KeyIndex {
    fn find(&self, key: &str, keys: &Chunks<Arc<str>, KEYS>) -> Option<UserId> {
        let hash = self.hasher.hash_one(key);
        let matches = |row: &u32| keys.get(*row as usize).is_some_and(|candidate| **candidate == *key);
        self.parts.get(part_of(hash))?.find(hash, matches).copied().map(UserId)
    }

    fn insert(&mut self, user: UserId, keys: &Chunks<Arc<str>, KEYS>) {
        let hash_of = |row: &u32| self.hasher.hash_one(keys.get(*row as usize).map_or("", |key| &**key));
        let hash = hash_of(&user.0);
        if let Some(part) = self.parts.get_mut(part_of(hash)) {
            Arc::make_mut(part).insert_unique(hash, user.0, hash_of);
        }
    }

    fn bytes(&self, other: Option<&Self>) -> Bytes {
        let mut bytes = Bytes::default();
        for (index, part) in self.parts.iter().enumerate() {
            let theirs = other.and_then(|other| other.parts.get(index));
            bytes.add_shared(part, theirs, part.allocation_size());
        }
        bytes.add_own(self.parts.capacity() * size_of::<usize>());
        bytes
    }
}
