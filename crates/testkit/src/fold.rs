//! One enrolment of the simulator, and what becomes of it when reasons come and go. Not here: which do (`simulator`).

use std::collections::BTreeMap;

use chrono::NaiveDate;
use matricula_core::{Instant, LeavePolicy};

/// What holds an enrolment; a rule by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    Hand,
    Bulk,
    Rule(usize),
}

/// Since when a reason has been there, and when the person is to be done.
pub(crate) type Held = (Instant, Option<NaiveDate>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Enrolment {
    pub(crate) since: Option<Instant>,
    pub(crate) by_hand_suspended: Option<Instant>,
    pub(crate) in_force: BTreeMap<By, Held>,
    pub(crate) kept: BTreeMap<By, Held>,
    pub(crate) suspended: BTreeMap<By, Held>,
}

impl Enrolment {
    pub(crate) fn is_active(&self) -> bool {
        self.by_hand_suspended.is_none() && !(self.in_force.is_empty() && self.kept.is_empty())
    }

    pub(crate) fn due(&self) -> Option<NaiveDate> {
        let dates = self.in_force.values().filter_map(|(_, due)| *due);
        dates.min().filter(|_| self.is_active())
    }
}

/// What was decided by hand about one enrolment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hand {
    pub(crate) enrol: Option<bool>,
    pub(crate) suspend: Option<bool>,
    /// Enrolled with others, to be done by then.
    pub(crate) bulk: Option<Option<NaiveDate>>,
}

/// One enrolment after what came and went; whether there still is one. `day` says when a rule wants somebody to be done
/// whom it has held since an instant.
pub(crate) fn fold(
    enrolment: &mut Enrolment,
    arrived: &[usize],
    left: &[usize],
    policy: impl Fn(usize) -> LeavePolicy,
    day: impl Fn(usize, Instant) -> Option<NaiveDate>,
    hand: Hand,
    at: Instant,
) -> bool {
    let mut came = false;
    if hand.enrol == Some(true) && !enrolment.in_force.contains_key(&By::Hand) {
        enrolment.in_force.insert(By::Hand, (at, None));
        came = true;
    }
    match (hand.bulk, enrolment.in_force.get_mut(&By::Bulk)) {
        (Some(due), None) => {
            enrolment.in_force.insert(By::Bulk, (at, due));
            came = true;
        }
        (Some(Some(due)), Some(held)) => held.1 = Some(due),
        _ => {}
    }
    for &rule in arrived {
        let by = By::Rule(rule);
        let since = enrolment.kept.remove(&by).map_or(at, |(since, _)| since);
        enrolment.in_force.insert(by, (since, day(rule, since)));
        came = true;
    }
    if came {
        enrolment.suspended.clear();
        enrolment.since.get_or_insert(at);
    }
    if enrolment.since.is_some() {
        match hand.suspend {
            Some(true) => drop(enrolment.by_hand_suspended.get_or_insert(at)),
            Some(false) => enrolment.by_hand_suspended = None,
            None => {}
        }
    }
    let mut suspends = BTreeMap::new();
    let mut gone = false;
    if hand.enrol == Some(false) {
        gone |= enrolment.in_force.remove(&By::Hand).is_some();
        gone |= enrolment.in_force.remove(&By::Bulk).is_some();
        gone |= !enrolment.kept.is_empty() || !enrolment.suspended.is_empty();
        enrolment.kept.clear();
        enrolment.suspended.clear();
    }
    for &rule in left {
        let by = By::Rule(rule);
        let Some(held) = enrolment.in_force.remove(&by) else {
            continue;
        };
        gone = true;
        // A rule does not end what somebody suspended by hand.
        let halted = enrolment.by_hand_suspended.is_some() && hand.enrol != Some(false);
        match policy(rule) {
            LeavePolicy::Keep => drop(enrolment.kept.insert(by, held)),
            LeavePolicy::Unenrol if !halted => {}
            LeavePolicy::Suspend | LeavePolicy::Unenrol => drop(suspends.insert(by, held)),
        }
    }
    if enrolment.in_force.is_empty() && enrolment.kept.is_empty() && gone {
        enrolment.suspended = suspends;
    }
    !(enrolment.in_force.is_empty() && enrolment.kept.is_empty() && enrolment.suspended.is_empty())
}
