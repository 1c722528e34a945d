//! Who has which options of a multi-choice attribute: by person, and for each option as a set of people. Copies share
//! what is not written. Not here: how many options each person has, which is a column.

mod image;

use std::sync::Arc;

use matricula_rule::OptionId;

use crate::Bytes;
use crate::chunks::Chunks;
use crate::roster::{Change, Roster};

/// People in a pack.
const PACK: usize = 64;

/// The options of the people of one pack, back to back.
#[derive(Clone, Debug, Default)]
struct Pack {
    /// Where each person's options end; people beyond have none.
    ends: Vec<u32>,
    options: Vec<OptionId>,
}

impl Pack {
    fn get(&self, place: usize) -> &[OptionId] {
        let Some(&end) = self.ends.get(place) else { return &[] };
        let start =
            place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.options.get(start as usize..end as usize).unwrap_or_default()
    }

    fn with(&self, place: usize, options: &[OptionId]) -> Self {
        let mut pack = Self::default();
        for other in 0..self.ends.len().max(place + 1) {
            pack.options.extend_from_slice(if other == place { options } else { self.get(other) });
            pack.ends.push(u32::try_from(pack.options.len()).unwrap_or(u32::MAX));
        }
        pack
    }
}

/// Sets of options, by person and by option.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sets {
    packs: Chunks<Option<Arc<Pack>>, 64>,
    people: Roster,
}

impl Sets {
    /// The options of a person, ascending.
    pub(crate) fn get(&self, row: u32) -> &[OptionId] {
        let row = row as usize;
        let pack = self.packs.get(row / PACK).and_then(Option::as_ref);
        pack.map_or(&[], |pack| pack.get(row % PACK))
    }

    /// The people who have each option.
    pub(crate) fn people(&self) -> &Roster {
        &self.people
    }

    /// Gives a person just these options (ascending, none twice); whether that changed anything.
    pub(crate) fn set(&mut self, row: u32, options: &[OptionId]) -> bool {
        let before = self.get(row).to_vec();
        if before == options {
            return false;
        }
        let place = row as usize;
        let pack = self.packs.get(place / PACK).cloned().flatten().unwrap_or_default();
        self.packs.set(place / PACK, Some(Arc::new(pack.with(place % PACK, options))));
        let change = |option: &OptionId, present| Change { row, set: option.0, present };
        let gone = before.iter().filter(|option| options.binary_search(option).is_err());
        let mut changes: Vec<Change> = gone.map(|option| change(option, false)).collect();
        let new = options.iter().filter(|option| before.binary_search(option).is_err());
        changes.extend(new.map(|option| change(option, true)));
        changes.sort_unstable();
        self.people.apply(&changes);
        true
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        let pack = |pack: &Option<Arc<Pack>>| {
            pack.as_ref().map_or(0, |pack| {
                (pack.ends.capacity() + pack.options.capacity()) * 4 + size_of::<Pack>() + 16
            })
        };
        let mut bytes = self.packs.bytes_with(other.map(|other| &other.packs), pack);
        bytes.add(self.people.bytes(other.map(|other| &other.people)));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_directions_agree(writes in prop::collection::vec((0..200_u32, prop::collection::btree_set(0..6_u32, 0..5)), 0..60)) {
            let mut sets = Sets::default();
            let mut reference: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
            for (row, options) in writes {
                let ids: Vec<OptionId> = options.iter().copied().map(OptionId).collect();
                let changed = reference.insert(row, options.clone()).unwrap_or_default() != options;
                prop_assert_eq!(sets.set(row, &ids), changed);
            }
            for row in 0..200 {
                let has: BTreeSet<u32> = sets.get(row).iter().map(|option| option.0).collect();
                prop_assert_eq!(&has, &reference.get(&row).cloned().unwrap_or_default());
                for option in 0..6 {
                    prop_assert_eq!(sets.people().contains(option, row), has.contains(&option));
                }
            }
        }
    }
}
