//! The people: keys, statuses, memberships of sites, one column per attribute, and what is recorded of them in
//! courses, all by row. Copies share every chunk that is not written. Not here: which of them a segment selects
//! (`evaluate`).

mod image;

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use matricula_rule::{Attribute, AttributeId, CourseId, Field, Kind, OptionId, Value, fold};

use crate::block::WORDS;
use crate::chunks::Chunks;
use crate::codes::Codes;
use crate::column::Column;
use crate::evaluate::blocks_of;
use crate::lines::{self, Lines};
use crate::roster::Roster;
use crate::scan::scan_codes;
use crate::sets::Sets;
use crate::{Bytes, Instant, RowSet, SiteId, Status, UserId};

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
    /// The value of an attribute; of a multi-choice, how many options.
    Attribute(AttributeId),
    /// The value of a text attribute that ignores case, folded.
    Folded(AttributeId),
    /// When the person was created.
    Created,
    /// When the person completed a course.
    Completed(CourseId),
    /// The person's score in a course.
    Score(CourseId),
    /// The day on which the person is to be done in a course; there only while a rule asks for it.
    Due(CourseId),
}

impl ColumnId {
    /// The column that a rule's field is compared in; none of a field that has no column.
    pub(crate) fn of_field(field: Field, ignores_case: bool) -> Option<Self> {
        match field {
            Field::Attribute(attribute) if ignores_case => Some(Self::Folded(attribute)),
            Field::Attribute(attribute) => Some(Self::Attribute(attribute)),
            Field::AccountCreated => Some(Self::Created),
            Field::Completed(course) => Some(Self::Completed(course)),
            Field::Score(course) => Some(Self::Score(course)),
            Field::Due(course) => Some(Self::Due(course)),
            Field::AccountKey => None,
        }
    }
}

/// The code of a status in its column: 0 is no person, or no membership.
pub(crate) const fn status_code(status: Option<Status>) -> u64 {
    match status {
        None => 0,
        Some(Status::Active) => 1,
        Some(Status::Suspended) => 2,
        Some(Status::Erased) => 3,
    }
}

fn status_of(code: u64) -> Option<Status> {
    match code {
        1 => Some(Status::Active),
        2 => Some(Status::Suspended),
        3 => Some(Status::Erased),
        _ => None,
    }
}

/// Everything that is kept of one attribute.
#[derive(Clone, Debug)]
struct Values {
    column: Arc<Column>,
    /// Of text that ignores case.
    folded: Option<Arc<Column>>,
    /// Of a multi-choice.
    sets: Option<Arc<Sets>>,
    /// Of a user attribute.
    lines: Option<Arc<Lines>>,
}

impl Values {
    fn new(attribute: &Attribute) -> Self {
        let kind = &attribute.kind;
        Self {
            column: Arc::new(Column::new(kind)),
            folded: attribute.ignore_case.then(|| Arc::new(Column::new(kind))),
            sets: matches!(kind, Kind::MultiChoice { .. }).then(Arc::default),
            lines: matches!(kind, Kind::User).then(Arc::default),
        }
    }
}

/// The codes that stand for a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coded {
    code: u64,
    folded: u64,
}

/// Columns by course; most have none.
type ByCourse = Chunks<Option<Arc<Column>>, 64>;

/// All people.
#[derive(Clone, Debug)]
pub(crate) struct Users {
    count: u32,
    keys: Chunks<Arc<str>, KEYS>,
    index: Arc<KeyIndex>,
    status: Arc<Column>,
    created: Arc<Column>,
    sites: Vec<Arc<Column>>,
    attributes: Vec<Values>,
    completed: ByCourse,
    scores: ByCourse,
    due: ByCourse,
}

impl Default for Users {
    fn default() -> Self {
        Self {
            count: 0,
            keys: Chunks::default(),
            index: Arc::default(),
            status: Arc::new(Column::plain()),
            created: Arc::new(Column::new(&Kind::Timestamp)),
            sites: Vec::new(),
            attributes: Vec::new(),
            completed: Chunks::default(),
            scores: Chunks::default(),
            due: Chunks::default(),
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

    /// Gives a person another key.
    pub(crate) fn rename(&mut self, user: UserId, key: &str) {
        let index = Arc::make_mut(&mut self.index);
        index.remove(user, &self.keys);
        self.keys.set(user.index(), key.into());
        index.insert(user, &self.keys);
    }

    /// Notes when people were created; whether codes were renumbered for it.
    pub(crate) fn set_created(&mut self, people: impl Iterator<Item = UserId>, at: Instant) -> bool {
        let column = Arc::make_mut(&mut self.created);
        let learnt = column.learn(&[&Value::Timestamp(at.to_utc())]);
        let code = learnt.codes.first().copied().unwrap_or_default();
        people.for_each(|user| column.set(user.0, code));
        learnt.renumbered
    }

    pub(crate) fn created(&self, user: UserId) -> Option<Instant> {
        match self.created.value(self.created.get(user.0))? {
            Value::Timestamp(at) => Instant::try_from(at).ok(),
            _ => None,
        }
    }

    pub(crate) fn status(&self, user: UserId) -> Option<Status> {
        status_of(self.status.get(user.0))
    }

    /// How many people are active; with a site, active members of it.
    pub(crate) fn count_active(&self, site: Option<SiteId>) -> usize {
        let active = status_code(Some(Status::Active));
        let at_site = match site {
            None => None,
            Some(site) => match self.sites.get(site.index()) {
                Some(column) => Some(column),
                None => return 0,
            },
        };
        let mut count = 0;
        for block in blocks_of(self.count) {
            let (mut people, mut members) = ([0; WORDS], [u64::MAX; WORDS]);
            scan_codes(self.status.codes(), (active, active), block, &mut people);
            if let Some(column) = at_site {
                scan_codes(column.codes(), (active, active), block, &mut members);
            }
            let both = people.iter().zip(&members).map(|(person, member)| (person & member).count_ones());
            count += both.sum::<u32>() as usize;
        }
        count
    }

    pub(crate) fn membership(&self, user: UserId, site: SiteId) -> Option<Status> {
        status_of(self.sites.get(site.index())?.get(user.0))
    }

    pub(crate) fn value(&self, user: UserId, attribute: AttributeId) -> Option<Value> {
        let values = self.attributes.get(attribute.index())?;
        match &values.sets {
            Some(sets) => {
                let options = sets.get(user.0);
                (!options.is_empty()).then(|| Value::Choices(options.into()))
            }
            None => values.column.value(values.column.get(user.0)),
        }
    }

    /// The value of any field that has a column.
    pub(crate) fn field(&self, user: UserId, field: Field) -> Option<Value> {
        match field {
            Field::Attribute(attribute) => self.value(user, attribute),
            Field::AccountKey => self.key(user).map(|key| Value::text(key)),
            _ => {
                let column = self.column(ColumnId::of_field(field, false)?)?;
                column.value(column.get(user.0))
            }
        }
    }

    /// The options that a person has of a multi-choice attribute.
    pub(crate) fn options(&self, user: UserId, attribute: AttributeId) -> &[OptionId] {
        let sets = self.attributes.get(attribute.index()).and_then(|values| values.sets.as_deref());
        sets.map_or(&[], |sets| sets.get(user.0))
    }

    /// The people who have an option of a multi-choice attribute.
    pub(crate) fn people_with(&self, attribute: AttributeId) -> Option<&Roster> {
        self.attributes.get(attribute.index())?.sets.as_ref().map(|sets| sets.people())
    }

    /// The people below one along a user attribute.
    pub(crate) fn below(&self, attribute: AttributeId, user: UserId) -> RowSet {
        let lines = self.attributes.get(attribute.index()).and_then(|values| values.lines.as_ref());
        lines.map_or_else(RowSet::default, |lines| lines.below(user.0))
    }

    /// Whether a user attribute leads from a row to a person.
    pub(crate) fn leads_to(&self, attribute: AttributeId, row: u32, user: UserId) -> bool {
        self.column(ColumnId::Attribute(attribute)).is_some_and(|column| lines::leads_to(column, row, user.0))
    }

    /// The people to whom a user attribute leads from a row, nearest first; one may be named twice.
    pub(crate) fn above(&self, attribute: AttributeId, row: u32) -> impl Iterator<Item = UserId> + '_ {
        let column = self.column(ColumnId::Attribute(attribute));
        column.into_iter().flat_map(move |column| lines::above(column, row)).map(UserId)
    }

    /// Makes room for the columns of a site.
    pub(crate) fn add_site(&mut self, site: SiteId) {
        if site.index() >= self.sites.len() {
            self.sites.resize_with(site.index() + 1, || Arc::new(Column::plain()));
        }
    }

    /// Makes room for an attribute, or follows its definition where that matters to its columns.
    pub(crate) fn define_attribute(&mut self, attribute: &Attribute) {
        let Some(values) = self.attributes.get_mut(attribute.id.index()) else {
            self.attributes.push(Values::new(attribute));
            return;
        };
        if values.folded.is_some() == attribute.ignore_case {
            return;
        }
        values.folded = None;
        if attribute.ignore_case {
            let original = values.column.clone();
            let mut folded = Column::new(&attribute.kind);
            let texts: Vec<(Value, u32)> = original
                .texts()
                .map(|(text, code)| (Value::Text(fold(text).into_owned().into()), code))
                .collect();
            let codes = folded.learn(&texts.iter().map(|(text, _)| text).collect::<Vec<_>>()).codes;
            let mut by_code: Vec<(u32, u64)> =
                texts.iter().zip(codes).map(|((_, original), code)| (*original, code)).collect();
            by_code.sort_unstable();
            for row in 0..self.count {
                let code = original.get(row);
                let place = by_code.binary_search_by_key(&code, |(original, _)| u64::from(*original));
                if let Some((_, folded_code)) = place.ok().and_then(|place| by_code.get(place)) {
                    folded.set(row, *folded_code);
                }
            }
            values.folded = Some(Arc::new(folded));
        }
    }

    pub(crate) fn column(&self, id: ColumnId) -> Option<&Column> {
        let of_attribute = |attribute: AttributeId| self.attributes.get(attribute.index());
        match id {
            ColumnId::Status => Some(&self.status),
            ColumnId::Created => Some(&self.created),
            ColumnId::Site(site) => self.sites.get(site.index()).map(Arc::as_ref),
            ColumnId::Attribute(attribute) => of_attribute(attribute).map(|values| &*values.column),
            ColumnId::Folded(attribute) => of_attribute(attribute)?.folded.as_deref(),
            ColumnId::Completed(course) => self.completed.get(course.index())?.as_deref(),
            ColumnId::Score(course) => self.scores.get(course.index())?.as_deref(),
            ColumnId::Due(course) => self.due.get(course.index())?.as_deref(),
        }
    }

    pub(crate) fn column_mut(&mut self, id: ColumnId) -> Option<&mut Column> {
        fn of_course<'a>(columns: &'a mut ByCourse, course: CourseId, kind: &Kind) -> Option<&'a mut Column> {
            if columns.get(course.index()).is_none_or(Option::is_none) {
                columns.set(course.index(), Some(Arc::new(Column::new(kind))));
            }
            columns.get_mut(course.index())?.as_mut().map(Arc::make_mut)
        }
        match id {
            ColumnId::Status => Some(Arc::make_mut(&mut self.status)),
            ColumnId::Created => Some(Arc::make_mut(&mut self.created)),
            ColumnId::Site(site) => self.sites.get_mut(site.index()).map(Arc::make_mut),
            ColumnId::Attribute(attribute) => {
                self.attributes.get_mut(attribute.index()).map(|values| Arc::make_mut(&mut values.column))
            }
            ColumnId::Folded(attribute) => {
                self.attributes.get_mut(attribute.index())?.folded.as_mut().map(Arc::make_mut)
            }
            ColumnId::Completed(course) => of_course(&mut self.completed, course, &Kind::Timestamp),
            ColumnId::Score(course) => of_course(&mut self.scores, course, &Kind::Decimal),
            ColumnId::Due(course) => of_course(&mut self.due, course, &Kind::Date),
        }
    }

    /// Forgets every due date that no rule of these courses asks for.
    pub(crate) fn keep_due(&mut self, asked: impl Fn(CourseId) -> bool) {
        let courses = self.due.iter().filter(|(_, column)| column.is_some());
        let gone: Vec<usize> =
            courses.map(|(course, _)| course).filter(|course| !asked(CourseId::at(*course))).collect();
        gone.into_iter().for_each(|course| self.due.set(course, None));
    }

    /// Takes away everybody's value of an attribute.
    pub(crate) fn clear_attribute(&mut self, attribute: &Attribute) {
        if let Some(values) = self.attributes.get_mut(attribute.id.index()) {
            *values = Values::new(attribute);
        }
    }

    pub(crate) fn code(&self, id: ColumnId, user: UserId) -> u64 {
        self.column(id).map_or(0, |column| column.get(user.0))
    }

    pub(crate) fn set_code(&mut self, id: ColumnId, user: UserId, code: u64) {
        if let Some(column) = self.column_mut(id) {
            column.set(user.0, code);
        }
    }

    /// Makes sure that values of an attribute have codes, and gives them out in the same order; and whether other
    /// codes changed.
    pub(crate) fn learn(&mut self, attribute: AttributeId, values: &[&Value]) -> (Vec<Coded>, bool) {
        let Some(of) = self.attributes.get_mut(attribute.index()) else { return (Vec::new(), false) };
        if of.sets.is_some() {
            let count = |value: &&Value| match value {
                Value::Choices(options) => u64::try_from(options.len()).unwrap_or(u64::MAX),
                _ => 0,
            };
            let coded = values.iter().map(|value| Coded { code: count(value), folded: 0 });
            return (coded.collect(), false);
        }
        let learnt = Arc::make_mut(&mut of.column).learn(values);
        let mut renumbered = learnt.renumbered;
        let mut coded: Vec<Coded> = learnt.codes.into_iter().map(|code| Coded { code, folded: 0 }).collect();
        if let Some(folded) = &mut of.folded {
            let texts: Vec<Value> = values.iter().map(|value| folded_value(value)).collect();
            let learnt = Arc::make_mut(folded).learn(&texts.iter().collect::<Vec<_>>());
            renumbered |= learnt.renumbered;
            for (coded, code) in coded.iter_mut().zip(learnt.codes) {
                coded.folded = code;
            }
        }
        (coded, renumbered)
    }

    /// Gives a person a value by its codes, or takes it away; whether that changed anything.
    pub(crate) fn put(
        &mut self,
        user: UserId,
        attribute: AttributeId,
        value: Option<&Value>,
        coded: Coded,
    ) -> bool {
        let Some(of) = self.attributes.get_mut(attribute.index()) else { return false };
        let old = of.column.get(user.0);
        if let Some(sets) = &mut of.sets {
            let options = match value {
                Some(Value::Choices(options)) => &**options,
                _ => &[],
            };
            if sets.get(user.0) == options {
                return false;
            }
            Arc::make_mut(sets).set(user.0, options);
            if old != coded.code {
                Arc::make_mut(&mut of.column).set(user.0, coded.code);
            }
            return true;
        }
        if old == coded.code {
            return false;
        }
        Arc::make_mut(&mut of.column).set(user.0, coded.code);
        if let Some(folded) = &mut of.folded {
            Arc::make_mut(folded).set(user.0, coded.folded);
        }
        if let Some(lines) = &mut of.lines {
            let row = |code: u64| code.checked_sub(1).and_then(|row| u32::try_from(row).ok());
            Arc::make_mut(lines).transfer(user.0, row(old), row(coded.code));
        }
        true
    }

    /// Sets a value, teaching the column if it is new; for replaying what was recorded.
    pub(crate) fn set_value(&mut self, user: UserId, attribute: AttributeId, value: Option<&Value>) {
        let coded = match value {
            None => Coded::default(),
            Some(value) => self.learn(attribute, &[value]).0.first().copied().unwrap_or_default(),
        };
        self.put(user, attribute, value, coded);
    }

    pub(crate) fn codes(&self, id: ColumnId) -> Option<&Codes> {
        self.column(id).map(Column::codes)
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        // A key is an allocation of its own with two counters.
        let mut bytes = self.keys.bytes_with(other.map(|other| &other.keys), |key| key.len() + 16);
        bytes.add(self.index.bytes(other.map(|other| &*other.index)));
        let columns = |users: &Self| -> Vec<Option<Arc<Column>>> {
            let attributes = users
                .attributes
                .iter()
                .flat_map(|values| [Some(values.column.clone()), values.folded.clone()]);
            let courses =
                [&users.completed, &users.scores, &users.due].into_iter().flat_map(|columns| columns.iter());
            [Some(users.status.clone()), Some(users.created.clone())]
                .into_iter()
                .chain(users.sites.iter().cloned().map(Some))
                .chain(attributes)
                .chain(courses.map(|(_, column)| column.clone()))
                .collect()
        };
        let theirs = other.map(columns).unwrap_or_default();
        for (index, column) in columns(self).iter().enumerate() {
            let Some(column) = column else { continue };
            bytes.add(column.bytes(theirs.get(index).and_then(Option::as_deref)));
        }
        for (index, values) in self.attributes.iter().enumerate() {
            let theirs = other.and_then(|other| other.attributes.get(index));
            if let Some(sets) = &values.sets {
                bytes.add(sets.bytes(theirs.and_then(|theirs| theirs.sets.as_deref())));
            }
            if let Some(lines) = &values.lines {
                bytes.add(lines.bytes(theirs.and_then(|theirs| theirs.lines.as_deref())));
            }
        }
        bytes
    }
}

/// A text as attributes that ignore case compare it.
pub(crate) fn folded_value(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(fold(text).into_owned().into()),
        other => other.clone(),
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
    fn hash(&self, key: &str) -> u64 {
        self.hasher.hash_one(key)
    }

    fn find(&self, key: &str, keys: &Chunks<Arc<str>, KEYS>) -> Option<UserId> {
        let hash = self.hash(key);
        let matches = |row: &u32| keys.get(*row as usize).is_some_and(|candidate| **candidate == *key);
        self.parts.get(part_of(hash))?.find(hash, matches).copied().map(UserId)
    }

    fn insert(&mut self, user: UserId, keys: &Chunks<Arc<str>, KEYS>) {
        let hasher = &self.hasher;
        let hash_of = |row: &u32| hasher.hash_one(keys.get(*row as usize).map_or("", |key| &**key));
        let hash = hash_of(&user.0);
        if let Some(part) = self.parts.get_mut(part_of(hash)) {
            Arc::make_mut(part).insert_unique(hash, user.0, hash_of);
        }
    }

    fn remove(&mut self, user: UserId, keys: &Chunks<Arc<str>, KEYS>) {
        let hash = self.hasher.hash_one(keys.get(user.index()).map_or("", |key| &**key));
        if let Some(part) = self.parts.get_mut(part_of(hash))
            && let Ok(entry) = Arc::make_mut(part).find_entry(hash, |row| *row == user.0)
        {
            entry.remove();
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
