//! The slots that join a registry-wide segment with a site, kept in step with members and sites where no rule is
//! evaluated: in replay, and when a snapshot is put together.

use std::collections::{BTreeMap, BTreeSet};

use crate::roster::Change;
use crate::state::State;
use crate::{MembershipChange, SegmentId, SiteId, UserId};

/// Who may have come into such slots, or gone from them.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    /// The people who are new, or have another status or other sites.
    people: BTreeSet<u32>,
    /// Who joined and left segments, in the order in which that happened.
    members: Vec<(SegmentId, u32, bool)>,
}

impl Moved {
    /// Notes a person whose status or sites may be others: in each slot this has to be looked at.
    pub(crate) fn note(&mut self, user: UserId) {
        self.people.insert(user.0);
    }

    /// Notes who joined and left a segment.
    pub(crate) fn follow(&mut self, change: &MembershipChange) {
        let noted = |joined| move |row| (change.segment, row, joined);
        self.members
            .extend(change.joined.iter().map(noted(true)).chain(change.left.iter().map(noted(false))));
    }

    /// What became of each in each segment, the last word counting.
    fn last(&self) -> Vec<(SegmentId, u32, bool)> {
        let mut last = self.members.clone();
        // Stable, so that what came last stays last.
        last.sort_by_key(|(segment, row, _)| (*segment, *row));
        last.reverse();
        last.dedup_by_key(|(segment, row, _)| (*segment, *row));
        last
    }
}

/// Keeps the slots: for new ones, and those of sites that were closed or reopened, everybody in the segment is looked at,
/// for the others only who moved.
pub(crate) fn follow_intersections(
    state: &mut State,
    known: usize,
    moved: &Moved,
    turned: &BTreeSet<SiteId>,
) {
    let slots = state.slots.clone();
    let is_anew = |slot: usize, site: SiteId| slot >= known || turned.contains(&site);
    if known < slots.len() || !turned.is_empty() {
        for (slot, &(segment, site)) in slots.iter().enumerate() {
            let Some(site) = site.filter(|site| is_anew(slot, *site)) else { continue };
            let active = |row: &u32| state.counts_in(UserId(*row), site);
            let members = state.members((segment, None)).iter().filter(active).collect();
            state.members.put(slot, &members);
        }
    }
    let mut changes = Vec::new();
    let mut put = |slot: usize, row: u32, present: bool| {
        let set = u32::try_from(slot).unwrap_or(u32::MAX);
        changes.push(Change { row, set, present });
    };
    if !moved.people.is_empty() {
        for (slot, &(segment, site)) in slots.iter().enumerate() {
            let Some(site) = site.filter(|site| !is_anew(slot, *site)) else { continue };
            for &row in &moved.people {
                let is_member = || state.is_member((segment, None), UserId(row));
                put(slot, row, state.counts_in(UserId(row), site) && is_member());
            }
        }
    }
    let last = moved.last();
    let slots =
        slots_of(state, last.chunk_by(|a, b| a.0 == b.0).filter_map(|same| same.first()).map(|it| it.0));
    for same in last.chunk_by(|a, b| a.0 == b.0) {
        let Some((segment, ..)) = same.first() else { continue };
        for &(slot, site) in slots.get(segment).into_iter().flatten() {
            if is_anew(slot, site) {
                continue;
            }
            for &(_, row, joined) in same.iter().filter(|(_, row, _)| !moved.people.contains(row)) {
                put(slot, row, joined && state.counts_in(UserId(row), site));
            }
        }
    }
    changes.sort_unstable();
    state.members.apply(&changes);
}

/// The slots of some segments with their sites.
fn slots_of(
    state: &State,
    segments: impl Iterator<Item = SegmentId>,
) -> BTreeMap<SegmentId, Vec<(usize, SiteId)>> {
    let mut found: BTreeMap<SegmentId, Vec<(usize, SiteId)>> =
        segments.map(|segment| (segment, Vec::new())).collect();
    let sites = state.sites.len();
    if found.len().saturating_mul(sites) < state.slots.len() {
        for (segment, found) in &mut found {
            let of_site = |site| Some((state.slots.get_index_of(&(*segment, Some(site)))?, site));
            found.extend((0..sites).map(SiteId::at).filter_map(of_site));
        }
        return found;
    }
    for (slot, (segment, site)) in state.slots.iter().enumerate() {
        if let (Some(site), Some(found)) = (site, found.get_mut(segment)) {
            found.push((slot, *site));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RowSet;

    #[test]
    fn the_last_word_counts() {
        let (a, b) = (SegmentId(0), SegmentId(1));
        let mut moved = Moved::default();
        let set = |rows: &[u32]| rows.iter().copied().collect::<RowSet>();
        moved.follow(&MembershipChange { segment: a, joined: set(&[1, 2]), left: set(&[3]) });
        moved.follow(&MembershipChange { segment: b, joined: set(&[]), left: set(&[1]) });
        moved.follow(&MembershipChange { segment: a, joined: set(&[3]), left: set(&[2]) });
        let mut last = moved.last();
        last.sort_unstable();
        assert_eq!(last, [(a, 1, true), (a, 2, false), (a, 3, true), (b, 1, false)]);
    }
}
