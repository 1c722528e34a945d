//! Who reports to whom, downwards: the people whose user attribute names somebody, and theirs, and so on. Upwards is
//! the attribute's own column. Copies share what is not written.

use std::sync::Arc;

use crate::chunks::Chunks;
use crate::column::Column;
use crate::{Bytes, RowSet};

/// People in a chunk.
const CHUNK: usize = 1024;

/// Lists of direct reports, linked through the people in them; numbers are rows plus one, 0 for none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    first: Chunks<u32, CHUNK>,
    next: Chunks<u32, CHUNK>,
    previous: Chunks<u32, CHUNK>,
}

fn read(links: &Chunks<u32, CHUNK>, row: u32) -> u32 {
    links.get(row as usize).copied().unwrap_or_default()
}

fn write(links: &mut Chunks<u32, CHUNK>, row: u32, link: u32) {
    if read(links, row) != link {
        links.set(row as usize, link);
    }
}

impl Lines {
    /// Those of a column of so many people.
    pub(crate) fn of(column: &Column, people: u32) -> Self {
        let people_there = people as usize;
        let [mut first, mut next, mut previous] = [0, 1, 2].map(|_| vec![0_u32; people_there]);
        for row in 0..people {
            let manager = column.get(row).checked_sub(1).and_then(|manager| usize::try_from(manager).ok());
            let Some(head) = manager.and_then(|manager| first.get_mut(manager)) else { continue };
            let after = std::mem::replace(head, row + 1);
            if let Some(next) = next.get_mut(row as usize) {
                *next = after;
            }
            if let Some(previous) = after.checked_sub(1).and_then(|after| previous.get_mut(after as usize)) {
                *previous = row + 1;
            }
        }
        let [first, next, previous] = [first, next, previous].map(|links| {
            Chunks::from_chunks(links.chunks(CHUNK).map(|links| Arc::new(links.to_vec())).collect())
        });
        Self { first, next, previous }
    }

    /// Moves a person from one manager's list to another's.
    pub(crate) fn transfer(&mut self, row: u32, from: Option<u32>, to: Option<u32>) {
        let me = row.saturating_add(1);
        if let Some(from) = from {
            let (before, after) = (read(&self.previous, row), read(&self.next, row));
            match before.checked_sub(1) {
                Some(before) => write(&mut self.next, before, after),
                None => write(&mut self.first, from, after),
            }
            if let Some(after) = after.checked_sub(1) {
                write(&mut self.previous, after, before);
            }
        }
        let head = to.map_or(0, |to| read(&self.first, to));
        write(&mut self.next, row, head);
        write(&mut self.previous, row, 0);
        if let Some(head) = head.checked_sub(1) {
            write(&mut self.previous, head, me);
        }
        if let Some(to) = to {
            write(&mut self.first, to, me);
        }
    }

    /// The people who name this one, in no particular order.
    pub(crate) fn reports(&self, row: u32) -> impl Iterator<Item = u32> + '_ {
        let mut link = read(&self.first, row);
        std::iter::from_fn(move || {
            let report = link.checked_sub(1)?;
            link = read(&self.next, report);
            Some(report)
        })
    }

    /// Everybody from whom the attribute leads to this one: the reports, theirs, and so on. A person in a cycle is
    /// below itself.
    pub(crate) fn below(&self, row: u32) -> RowSet {
        let mut found = RowSet::default();
        let mut rest: Vec<u32> = self.reports(row).collect();
        while let Some(report) = rest.pop() {
            if found.set(report, true) {
                rest.extend(self.reports(report));
            }
        }
        found
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        let mut bytes = self.first.bytes(other.map(|other| &other.first));
        bytes.add(self.next.bytes(other.map(|other| &other.next)));
        bytes.add(self.previous.bytes(other.map(|other| &other.previous)));
        bytes
    }
}

/// The people to whom the attribute leads from a row, nearest first, until somebody names nobody or comes up a
/// second time.
pub(crate) fn above(column: &Column, row: u32) -> impl Iterator<Item = u32> + '_ {
    let named = |row: u32| column.get(row).checked_sub(1).and_then(|row| u32::try_from(row).ok());
    let mut next = named(row);
    // Brent's way to notice a cycle: a marker that is moved ahead at growing distances.
    let (mut marker, mut steps, mut limit) = (row, 0_u32, 1_u32);
    std::iter::from_fn(move || {
        let current = next?;
        // The marker itself is named once more, which does no harm to a question of whether somebody is there.
        next = if current == marker { None } else { named(current) };
        steps += 1;
        if steps == limit {
            (marker, steps, limit) = (current, 0, limit.saturating_mul(2));
        }
        Some(current)
    })
}

/// Whether the attribute leads from a row to another.
pub(crate) fn leads_to(column: &Column, row: u32, target: u32) -> bool {
    above(column, row).any(|person| person == target)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use matricula_rule::{Kind, UserId, Value};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn down_is_up_reversed(moves in prop::collection::vec((0..12_u32, prop::option::of(0..12_u32)), 0..60)) {
            let mut column = Column::new(&Kind::User);
            let mut lines = Lines::default();
            let mut manager = [None; 12];
            for (row, to) in moves {
                lines.transfer(row, manager[row as usize], to);
                column.set(row, to.and_then(|to| column.code(&Value::User(UserId(to)))).unwrap_or_default());
                manager[row as usize] = to;
            }
            let at_once = Lines::of(&column, 12);
            for person in 0..12 {
                prop_assert_eq!(at_once.below(person), lines.below(person));
                // The definition: follow until nobody, or somebody for the second time.
                let mut seen = BTreeSet::new();
                let mut next = manager[person as usize];
                while let Some(current) = next {
                    next = if seen.insert(current) { manager[current as usize] } else { None };
                }
                let found: BTreeSet<u32> = above(&column, person).collect();
                prop_assert_eq!(&found, &seen);
                for target in 0..12 {
                    prop_assert_eq!(lines.below(target).contains(person), seen.contains(&target));
                    prop_assert_eq!(leads_to(&column, person, target), seen.contains(&target));
                }
                let reports: BTreeSet<u32> = lines.reports(person).collect();
                let direct: BTreeSet<u32> = (0..12).filter(|row| manager[*row as usize] == Some(person)).collect();
                prop_assert_eq!(reports, direct);
            }
        }
    }
}
