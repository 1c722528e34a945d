//! Enrolments as they are: for each person the reasons that hold each course, and the steps that change them.
//! Not here: which steps follow from a change (`reconcile`).

use std::sync::Arc;

use crate::chunks::Chunks;
use crate::{Action, Bytes, CourseId, EnrolmentRuleId, Instant, Reason, RowSet, UserId};

/// People in a block of records.
pub(crate) const PEOPLE: usize = 512;

/// How a record holds its enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Hold {
    /// Not at all: only the instant since when the person has been enrolled, where no reason is that old.
    Opened,
    /// By hand.
    Manual,
    /// The rule's segment holds the person.
    Rule(EnrolmentRuleId),
    /// The rule's segment held the person, and the rule keeps what it gave.
    Kept(EnrolmentRuleId),
    /// The rule's segment held the person; the enrolment is suspended since.
    Suspended(EnrolmentRuleId),
}

impl Hold {
    fn by(reason: Reason) -> Self {
        match reason {
            Reason::Manual => Self::Manual,
            Reason::Rule(rule) => Self::Rule(rule),
        }
    }

    pub(crate) fn is_active(self) -> bool {
        matches!(self, Self::Manual | Self::Rule(_) | Self::Kept(_))
    }
}

/// One reason of one enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Record {
    pub(crate) course: CourseId,
    pub(crate) hold: Hold,
    pub(crate) since: Instant,
}

/// Whether an enrolment is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnrolmentStatus {
    /// It is.
    Active,
    /// It is not, but is restored when a reason comes back.
    Suspended,
}

impl EnrolmentStatus {
    /// `active` or `suspended`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

/// How a reason stands behind an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonState {
    /// It is in force.
    InForce,
    /// It has gone, but its rule keeps the enrolment.
    Kept,
    /// It has gone, and its rule suspended the enrolment.
    Suspended,
}

impl ReasonState {
    /// `in_force`, `kept` or `suspended`.
    pub fn name(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::Kept => "kept",
            Self::Suspended => "suspended",
        }
    }
}

/// One reason of an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldReason {
    /// Which.
    pub reason: Reason,
    /// Whether it is in force.
    pub state: ReasonState,
    /// Since when the reason has been there.
    pub since: Instant,
}

/// A person's enrolment in a course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Who.
    pub user: UserId,
    /// In what.
    pub course: CourseId,
    /// Whether it is in force.
    pub status: EnrolmentStatus,
    /// Since when, without a break, the person has been enrolled; a suspension is no break.
    pub since: Instant,
    /// What holds it, at least one.
    pub reasons: Vec<HeldReason>,
}

impl Enrolment {
    fn from_records(user: UserId, records: &[Record]) -> Option<Self> {
        let first = records.first()?;
        let status = status_of(records);
        let since = records.iter().map(|record| record.since).min()?;
        let reasons = records
            .iter()
            .filter_map(|record| {
                let (reason, state) = match record.hold {
                    Hold::Opened => return None,
                    Hold::Manual => (Reason::Manual, ReasonState::InForce),
                    Hold::Rule(rule) => (Reason::Rule(rule), ReasonState::InForce),
                    Hold::Kept(rule) => (Reason::Rule(rule), ReasonState::Kept),
                    Hold::Suspended(rule) => (Reason::Rule(rule), ReasonState::Suspended),
                };
                Some(HeldReason { reason, state, since: record.since })
            })
            .collect();
        Some(Self { user, course: first.course, status, since, reasons })
    }

    fn into_records(self) -> impl Iterator<Item = Record> {
        let (course, since) = (self.course, self.since);
        let oldest = self.reasons.iter().map(|held| held.since).min();
        let opened = (oldest != Some(since)).then_some(Record { course, hold: Hold::Opened, since });
        let held = self.reasons.into_iter().map(move |held| {
            let hold = match (held.reason, held.state) {
                (Reason::Manual, _) => Hold::Manual,
                (Reason::Rule(rule), ReasonState::InForce) => Hold::Rule(rule),
                (Reason::Rule(rule), ReasonState::Kept) => Hold::Kept(rule),
                (Reason::Rule(rule), ReasonState::Suspended) => Hold::Suspended(rule),
            };
            Record { course, hold, since: held.since }
        });
        opened.into_iter().chain(held)
    }
}

pub(crate) fn status_of(records: &[Record]) -> EnrolmentStatus {
    if records.iter().any(|record| record.hold.is_active()) {
        EnrolmentStatus::Active
    } else {
        EnrolmentStatus::Suspended
    }
}

/// Applies one step to the records of one enrolment. This is the only way in which enrolments change, live
/// and in replay.
pub(crate) fn apply_step(
    records: &mut Vec<Record>,
    course: CourseId,
    action: Action,
    reason: Reason,
    at: Instant,
) {
    let opened = records.iter().map(|record| record.since).min();
    match action {
        Action::Enrolled | Action::ReasonAdded => {
            records.push(Record { course, hold: Hold::by(reason), since: at });
        }
        Action::Resumed => {
            records.clear();
            records.push(Record { course, hold: Hold::by(reason), since: at });
        }
        Action::ReasonRestored | Action::Kept | Action::Suspended => {
            let Reason::Rule(rule) = reason else { return };
            let hold = match action {
                Action::ReasonRestored => Hold::Rule(rule),
                Action::Kept => Hold::Kept(rule),
                _ => Hold::Suspended(rule),
            };
            for record in records.iter_mut() {
                if matches!(record.hold, Hold::Rule(held) | Hold::Kept(held) if held == rule) {
                    record.hold = hold;
                }
            }
        }
        Action::ReasonDropped => records.retain(|record| match (record.hold, reason) {
            (Hold::Manual, Reason::Manual) => false,
            (Hold::Rule(held) | Hold::Kept(held), Reason::Rule(rule)) => held != rule,
            _ => true,
        }),
        Action::Unenrolled => records.clear(),
    }
    let oldest = records.iter().map(|record| record.since).min();
    if let (Some(opened), Some(oldest)) = (opened, oldest)
        && opened < oldest
    {
        records.push(Record { course, hold: Hold::Opened, since: opened });
    }
    records.sort_unstable();
}

/// The records of a run of people, each person's sorted by course.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    /// Where each person's records end.
    ends: Vec<u32>,
    records: Vec<Record>,
}

impl Block {
    pub(crate) fn of(&self, place: usize) -> &[Record] {
        let end = self.ends.get(place).copied().unwrap_or_default() as usize;
        let start =
            place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.records.get(start as usize..end).unwrap_or_default()
    }

    /// Appends to the records of a person, after whom nobody has any yet.
    fn extend(&mut self, place: usize, records: &[Record]) {
        let before = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        self.records.extend(records);
        self.ends.resize(place.max(self.ends.len()), before);
        self.ends.resize(place + 1, before);
        if let Some(end) = self.ends.get_mut(place) {
            *end = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        }
    }

    /// Replaces the records of one person.
    fn replace(&mut self, place: usize, records: &[Record]) {
        while self.ends.len() <= place {
            self.ends.push(u32::try_from(self.records.len()).unwrap_or(u32::MAX));
        }
        let old = self.of(place).len();
        let end = self.ends.get(place).copied().unwrap_or_default() as usize;
        self.records.splice(end - old..end, records.iter().copied());
        for end in self.ends.iter_mut().skip(place) {
            let moved = (*end as usize + records.len()).saturating_sub(old);
            *end = u32::try_from(moved).unwrap_or(u32::MAX);
        }
    }
}

/// All enrolments, by person and by course.
#[derive(Clone, Debug, Default)]
pub(crate) struct Enrolments {
    blocks: Chunks<Arc<Block>, 64>,
    /// Who is enrolled in each course, suspended or not.
    courses: Chunks<Arc<RowSet>, 64>,
    count: usize,
}

impl Enrolments {
    /// How many enrolments there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn block(&self, index: usize) -> Arc<Block> {
        self.blocks.get(index).cloned().unwrap_or_default()
    }

    fn records_of(&self, user: UserId) -> &[Record] {
        self.blocks.get(user.index() / PEOPLE).map_or(&[], |block| block.of(user.index() % PEOPLE))
    }

    /// The records of one person in one course.
    pub(crate) fn records(&self, user: UserId, course: CourseId) -> &[Record] {
        of_course(self.records_of(user), course)
    }

    /// The enrolments of one person, by course.
    pub(crate) fn of_user(&self, user: UserId) -> impl Iterator<Item = Enrolment> + '_ {
        self.records_of(user)
            .chunk_by(|a, b| a.course == b.course)
            .filter_map(move |records| Enrolment::from_records(user, records))
    }

    pub(crate) fn get(&self, user: UserId, course: CourseId) -> Option<Enrolment> {
        Enrolment::from_records(user, self.records(user, course))
    }

    /// Who is enrolled in a course, suspended or not.
    pub(crate) fn in_course(&self, course: CourseId) -> Arc<RowSet> {
        self.courses.get(course.index()).cloned().unwrap_or_default()
    }

    /// Writes the records of enrolments of one block, sorted by person and course. With more than `few` the
    /// block is written anew as a whole. Who is enrolled in each course is told by [`Self::replace_course`].
    pub(crate) fn write(
        &mut self,
        index: usize,
        before: Arc<Block>,
        changed: &[(UserId, CourseId, Vec<Record>)],
        few: usize,
    ) {
        let merged = |place: usize, changed: &[(UserId, CourseId, Vec<Record>)]| {
            let replaced =
                |course: CourseId| changed.binary_search_by_key(&course, |change| change.1).is_ok();
            let kept = before.of(place).iter().filter(|record| !replaced(record.course));
            let mut records: Vec<Record> = kept.copied().collect();
            records.extend(changed.iter().flat_map(|change| &change.2));
            records.sort_unstable();
            records
        };
        let mut people = changed.chunk_by(|a, b| a.0 == b.0).peekable();
        if changed.is_empty() {
            return;
        }
        if changed.len() <= few {
            if self.blocks.get(index).is_none() {
                self.blocks.set(index, Arc::default());
            }
            let replaced: Vec<(usize, Vec<Record>)> = people
                .filter_map(|person| {
                    let place = person.first()?.0.index() % PEOPLE;
                    Some((place, merged(place, person)))
                })
                .collect();
            // Given up first, so that a block that nobody else holds is changed in place.
            drop(before);
            let Some(block) = self.blocks.get_mut(index).map(Arc::make_mut) else {
                return;
            };
            for (place, records) in replaced {
                block.replace(place, &records);
            }
            return;
        }
        let mut block = Block::default();
        for place in 0..PEOPLE {
            let is_here = |person: &&[(UserId, CourseId, Vec<Record>)]| {
                person.first().is_some_and(|(user, ..)| user.index() % PEOPLE == place)
            };
            match people.next_if(is_here) {
                Some(person) => block.extend(place, &merged(place, person)),
                None => block.extend(place, before.of(place)),
            }
        }
        self.blocks.set(index, Arc::new(block));
    }

    /// Replaces who is enrolled in a course, after its blocks were replaced.
    pub(crate) fn replace_course(&mut self, course: CourseId, enrolled: Arc<RowSet>) {
        self.count = self.count + enrolled.len() - self.in_course(course).len();
        self.courses.set(course.index(), enrolled);
    }

    /// From enrolments in the order of users and, of each user, of courses.
    pub(crate) fn from_sorted(enrolments: impl IntoIterator<Item = Enrolment>) -> Self {
        let mut result = Self::default();
        let mut courses: Vec<Vec<u32>> = Vec::new();
        let mut block = (0, Block::default());
        let mut records: Vec<Record> = Vec::new();
        for enrolment in enrolments {
            let (user, course) = (enrolment.user, enrolment.course);
            let (index, place) = (user.index() / PEOPLE, user.index() % PEOPLE);
            if index != block.0 {
                result.blocks.set(block.0, Arc::new(std::mem::take(&mut block.1)));
                block.0 = index;
            }
            records.clear();
            records.extend(enrolment.into_records());
            records.sort_unstable();
            block.1.extend(place, &records);
            if course.index() >= courses.len() {
                courses.resize_with(course.index() + 1, Vec::new);
            }
            if let Some(rows) = courses.get_mut(course.index()) {
                rows.push(user.0);
            }
        }
        result.blocks.set(block.0, Arc::new(block.1));
        for (index, rows) in courses.into_iter().enumerate() {
            if !rows.is_empty() {
                result.replace_course(CourseId::at(index), Arc::new(rows.into_iter().collect()));
            }
        }
        result
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        let mut bytes = self.blocks.bytes(other.map(|other| &other.blocks));
        let blocks = |of: &Self, index: usize| of.blocks.get(index).cloned();
        for index in 0..self.blocks.chunk_count() * 64 {
            let Some(ours) = self.blocks.get(index) else {
                continue;
            };
            let theirs = other.and_then(|other| blocks(other, index));
            let size = ours.ends.capacity() * 4 + ours.records.capacity() * size_of::<Record>();
            bytes.add_shared(ours, theirs.as_ref(), size);
        }
        for index in 0..self.courses.chunk_count() * 64 {
            let Some(ours) = self.courses.get(index) else {
                continue;
            };
            let theirs = other.and_then(|other| other.courses.get(index));
            bytes.add(ours.bytes(theirs.map(Arc::as_ref)));
        }
        bytes
    }
}

pub(crate) fn of_course(records: &[Record], course: CourseId) -> &[Record] {
    let start = records.partition_point(|record| record.course < course);
    let end = records.partition_point(|record| record.course <= course);
    records.get(start..end).unwrap_or_default()
}
