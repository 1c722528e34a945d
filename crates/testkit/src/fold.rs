//! One enrolment of the simulator, and what becomes of it when reasons come and go. Not here: which do (`simulator`).

use std::collections::BTreeMap;

use matricula_core::{Instant, LeavePolicy};

/// What holds an enrolment: `None` is "by hand", `Some` a rule.
pub(crate) type By = Option<String>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Enrolment {
    pub(crate) since: Option<Instant>,
    pub(crate) in_force: BTreeMap<By, Instant>,
    pub(crate) kept: BTreeMap<By, Instant>,
    pub(crate) suspended: BTreeMap<By, Instant>,
}

/// One enrolment after what came and went; whether there still is one.
pub(crate) fn fold(
    enrolment: &mut Enrolment,
    arrived: &[String],
    left: &[String],
    policy: impl Fn(&String) -> LeavePolicy,
    by_hand: Option<bool>,
    at: Instant,
) -> bool {
    let mut came = false;
    if by_hand == Some(true) && !enrolment.in_force.contains_key(&None) {
        enrolment.in_force.insert(None, at);
        came = true;
    }
    for rule in arrived {
        let by = Some(rule.clone());
        let since = enrolment.kept.remove(&by).unwrap_or(at);
        enrolment.in_force.insert(by, since);
        came = true;
    }
    if came {
        enrolment.suspended.clear();
        enrolment.since.get_or_insert(at);
    }
    let mut suspends = BTreeMap::new();
    let mut gone = false;
    if by_hand == Some(false) {
        gone |= enrolment.in_force.remove(&None).is_some();
        gone |= !enrolment.kept.is_empty() || !enrolment.suspended.is_empty();
        enrolment.kept.clear();
        enrolment.suspended.clear();
    }
    for rule in left {
        let by = Some(rule.clone());
        let Some(since) = enrolment.in_force.remove(&by) else {
            continue;
        };
        gone = true;
        match policy(rule) {
            LeavePolicy::Keep => {
                enrolment.kept.insert(by, since);
            }
            LeavePolicy::Suspend => {
                suspends.insert(by, since);
            }
            LeavePolicy::Unenrol => {}
        }
    }
    if enrolment.in_force.is_empty() && enrolment.kept.is_empty() && gone {
        enrolment.suspended = suspends;
    }
    !(enrolment.in_force.is_empty() && enrolment.kept.is_empty() && enrolment.suspended.is_empty())
}
