//! The records of a run of people in one block, and what changes of them. A change of one person is noted beside a big
//! block, and worked into it once there are a few. Not here: what records mean (`enrolment`).

use std::sync::Arc;

use crate::enrolment::Record;
use crate::{Bytes, CourseId, UserId};

/// People in a block of records.
pub(crate) const PEOPLE: usize = 16;

/// So many people of a block are noted beside it at most.
const LATE: usize = 4;

/// A block of no more records is written anew at once: copying it costs no more than another allocation does.
const SMALL: usize = 128;

/// The records of a run of people, each person's sorted by course.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    packed: Arc<Packed>,
    /// People by place, ascending, whose records are these and not those in `packed`.
    late: Vec<(usize, Arc<[Record]>)>,
}

/// Records back to back.
#[derive(Clone, Debug, Default)]
struct Packed {
    /// Where each person's records end.
    ends: [u32; PEOPLE],
    records: Vec<Record>,
}

impl Packed {
    fn of(&self, place: usize) -> &[Record] {
        let end = self.ends.get(place).copied().unwrap_or_default();
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        self.records.get(start.unwrap_or_default() as usize..end as usize).unwrap_or_default()
    }

    /// Notes that the records so far end with those of a person.
    fn close(&mut self, place: usize) {
        let end = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        self.ends.iter_mut().skip(place).for_each(|slot| *slot = end);
    }
}

impl Block {
    /// The records of people one after the other, each person's sorted; so many of each.
    pub(crate) fn packed(counts: &[usize], records: Vec<Record>) -> Self {
        let mut packed = Packed { records, ..Packed::default() };
        let mut end = 0;
        for (place, slot) in packed.ends.iter_mut().enumerate() {
            end += counts.get(place).copied().unwrap_or_default();
            *slot = u32::try_from(end).unwrap_or(u32::MAX);
        }
        Self { packed: Arc::new(packed), late: Vec::new() }
    }

    pub(crate) fn of(&self, place: usize) -> &[Record] {
        let late = self.late.iter().find(|(late, _)| *late == place);
        late.map_or_else(|| self.packed.of(place), |(_, records)| records)
    }

    /// How many people are noted beside the block.
    pub(crate) fn late_count(&self) -> usize {
        self.late.len()
    }

    /// The block with some enrolments changed.
    pub(crate) fn with(&self, changed: &Changed) -> Self {
        let by_person = || {
            let people = changed.enrolments.chunk_by(|a, b| a.user == b.user);
            people.filter_map(|of_person| Some((of_person.first()?.user.index() % PEOPLE, of_person)))
        };
        let is_late = |place: usize| self.late.iter().any(|(late, _)| *late == place);
        let late = self.late.len() + by_person().filter(|(place, _)| !is_late(*place)).count();
        if late <= LATE && self.packed.records.len() > SMALL {
            let mut block = self.clone();
            for (place, of_person) in by_person() {
                let mut records = Vec::with_capacity(self.of(place).len() + changed.records.len());
                changed.merge(self.of(place), of_person, &mut records);
                let found = block.late.binary_search_by_key(&place, |(late, _)| *late);
                let index = found.unwrap_or_else(|index| index);
                block.late.splice(index..index + usize::from(found.is_ok()), [(place, records.into())]);
            }
            return block;
        }
        let records = (0..PEOPLE).map(|place| self.of(place).len()).sum::<usize>() + changed.records.len();
        let mut packed = Packed { records: Vec::with_capacity(records), ..Packed::default() };
        let mut people = by_person().peekable();
        for place in 0..PEOPLE {
            match people.next_if(|(changed, _)| *changed == place) {
                Some((_, of_person)) => changed.merge(self.of(place), of_person, &mut packed.records),
                None => packed.records.extend(self.of(place)),
            }
            packed.close(place);
        }
        Self { packed: Arc::new(packed), late: Vec::new() }
    }

    /// Bytes held, and how many of them are not shared with another.
    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        let mut bytes = Bytes::default();
        let size = size_of::<Packed>() + self.packed.records.capacity() * size_of::<Record>();
        bytes.add_shared(&self.packed, other.map(|other| &other.packed), size);
        bytes.add_own(self.late.capacity() * size_of::<(usize, Arc<[Record]>)>());
        for (place, records) in &self.late {
            let theirs = other.and_then(|other| other.late.iter().find(|(other, _)| other == place));
            bytes.add_shared(records, theirs.map(|(_, records)| records), size_of_val(&**records));
        }
        bytes
    }
}

/// Enrolments as they are to be: for each its place in one list of records.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    /// Sorted by person and course.
    pub(crate) enrolments: Vec<ChangedEnrolment>,
    pub(crate) records: Vec<Record>,
}

#[derive(Debug)]
pub(crate) struct ChangedEnrolment {
    pub(crate) user: UserId,
    pub(crate) course: CourseId,
    pub(crate) records: std::ops::Range<usize>,
}

impl Changed {
    pub(crate) fn clear(&mut self) {
        self.enrolments.clear();
        self.records.clear();
    }

    /// Appends the records of a person with the changes of that person in place of what they change.
    fn merge(&self, mut kept: &[Record], of_person: &[ChangedEnrolment], out: &mut Vec<Record>) {
        for next in of_person {
            let (earlier, others) = kept.split_at(kept.partition_point(|record| record.course < next.course));
            out.extend(earlier);
            out.extend(self.records.get(next.records.clone()).unwrap_or_default());
            kept = others.get(of_course(others, next.course).len()..).unwrap_or_default();
        }
        out.extend(kept);
    }
}

/// The records of one course, of one person's.
pub(crate) fn of_course(records: &[Record], course: CourseId) -> &[Record] {
    let start = records.partition_point(|record| record.course < course);
    let end = records.partition_point(|record| record.course <= course);
    records.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::enrolment::Hold;
    use crate::{EnrolmentRuleId, Instant};

    proptest! {
        #[test]
        fn a_block_is_what_was_last_written(
            writes in prop::collection::vec(
                prop::collection::btree_map((0..16_u32, 0..30_u32), prop::collection::btree_set(0..9_u32, 0..9), 1..40),
                0..12,
            ),
            few in prop::collection::vec((0..16_u32, 0..30_u32, 0..9_u32), 0..20),
        ) {
            let since = Instant::from_millis(0).unwrap();
            let few = few.into_iter().map(|(user, course, rule)| BTreeMap::from([((user, course), [rule].into())]));
            let mut block = Block::default();
            let mut reference: BTreeMap<(u32, u32), Vec<Record>> = BTreeMap::new();
            for write in writes.into_iter().chain(few) {
                let mut changed = Changed::default();
                for ((user, course), rules) in write {
                    let hold = |rule: u32| Hold::Rule(EnrolmentRuleId(rule));
                    let record = |rule| Record { course: CourseId(course), hold: hold(rule), since, due: None };
                    let records: Vec<Record> = rules.into_iter().map(record).collect();
                    let start = changed.records.len();
                    changed.records.extend(&records);
                    changed.enrolments.push(ChangedEnrolment {
                        user: UserId(user),
                        course: CourseId(course),
                        records: start..changed.records.len(),
                    });
                    reference.insert((user, course), records);
                }
                let before = block.clone();
                block = before.with(&changed);
                prop_assert!(block.late.len() <= LATE);
                for user in 0..16 {
                    let expected: Vec<Record> =
                        reference.range((user, 0)..(user + 1, 0)).flat_map(|(_, records)| records.clone()).collect();
                    prop_assert_eq!(block.of(user as usize), expected);
                }
            }
        }
    }
}
