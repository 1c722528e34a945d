//! From who came under a rule and who left it to what happens to enrolments: a pure, ordered plan, applied as
//! it is made. A second plan of the same is empty. Not here: who came and left (`derive`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::enrolment::{Enrolments, Hold, Record, status_of};
use crate::ledger::{Stream, work_through};
use crate::{
    Action, CourseId, EnrolmentRuleId, EnrolmentStatus, Instant, LeavePolicy, Reason, RowSet, Steps, UserId,
};

/// Whom an enrolment rule newly holds in a course, and whom it no longer holds.
#[derive(Clone, Debug)]
pub(crate) struct Movement<'a> {
    pub(crate) rule: EnrolmentRuleId,
    pub(crate) course: CourseId,
    pub(crate) on_leave: LeavePolicy,
    pub(crate) arrived: Cow<'a, RowSet>,
    pub(crate) left: Cow<'a, RowSet>,
}

/// What a person did by hand: enrol somebody, or take that back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByHand {
    pub(crate) user: UserId,
    pub(crate) course: CourseId,
    pub(crate) enrol: bool,
}

/// One thing that bears on one enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    EnrolledByHand,
    Arrived(EnrolmentRuleId),
    UnenrolledByHand,
    Left(EnrolmentRuleId, LeavePolicy),
}

/// Adds the steps for one enrolment, given the records it has (none if the person is not enrolled) and everything
/// that bears on it, arrivals before departures.
fn plan(records: &[Record], causes: &[Cause], steps: &mut Vec<(Action, Reason)>) {
    let holds = |hold: Hold| records.iter().any(|record| record.hold == hold);
    let (mut enrolled, mut active) = match (records.is_empty(), status_of(records)) {
        (true, _) => (false, false),
        (false, status) => (true, status == EnrolmentStatus::Active),
    };
    for cause in causes {
        let reason = match cause {
            Cause::EnrolledByHand if !holds(Hold::Manual) => Reason::Manual,
            Cause::Arrived(rule) if !holds(Hold::Rule(*rule)) => Reason::Rule(*rule),
            _ => continue,
        };
        let kept = matches!(cause, Cause::Arrived(rule) if holds(Hold::Kept(*rule)));
        let action = match (kept, enrolled, active) {
            (true, ..) => Action::ReasonRestored,
            (_, false, _) => Action::Enrolled,
            (_, true, false) => Action::Resumed,
            (_, true, true) => Action::ReasonAdded,
        };
        steps.push((action, reason));
        (enrolled, active) = (true, true);
    }
    // Who leaves, by what becomes of it; what a rule keeps holds on, and is not dropped.
    let mut going: Vec<(LeavePolicy, Reason)> = Vec::new();
    for cause in causes {
        match cause {
            Cause::Left(rule, LeavePolicy::Keep) if holds(Hold::Rule(*rule)) => {
                steps.push((Action::Kept, Reason::Rule(*rule)));
            }
            Cause::Left(rule, policy) if holds(Hold::Rule(*rule)) => {
                going.push((*policy, Reason::Rule(*rule)))
            }
            Cause::UnenrolledByHand => {
                // Only rules in force stand against a decision by hand.
                going.extend(records.iter().filter_map(|record| match record.hold {
                    Hold::Manual => Some((LeavePolicy::Unenrol, Reason::Manual)),
                    Hold::Kept(rule) | Hold::Suspended(rule) if !causes.contains(&Cause::Arrived(rule)) => {
                        Some((LeavePolicy::Unenrol, Reason::Rule(rule)))
                    }
                    Hold::Kept(_) | Hold::Suspended(_) | Hold::Opened | Hold::Rule(_) => None,
                }));
            }
            _ => {}
        }
    }
    if going.is_empty() {
        return;
    }
    going.sort_unstable();
    going.dedup();
    let arriving = steps.iter().any(|(action, _)| *action != Action::Kept);
    let remains = |record: &Record| {
        let reason = match record.hold {
            Hold::Manual => Reason::Manual,
            Hold::Rule(rule) | Hold::Kept(rule) => Reason::Rule(rule),
            Hold::Opened | Hold::Suspended(_) => return false,
        };
        going.iter().all(|(_, gone)| *gone != reason)
    };
    if arriving || records.iter().any(remains) {
        // A suspended reason went when the enrolment was resumed; all others are dropped one by one.
        let suspended = |reason: Reason| matches!(reason, Reason::Rule(rule) if holds(Hold::Suspended(rule)));
        let dropped = going.iter().filter(|(_, reason)| !suspended(*reason));
        steps.extend(dropped.map(|(_, reason)| (Action::ReasonDropped, *reason)));
        return;
    }
    // Nothing holds it any longer. Suspending beats unenrolling.
    let suspends = going.iter().any(|(policy, _)| *policy == LeavePolicy::Suspend);
    let end = if suspends { LeavePolicy::Suspend } else { LeavePolicy::Unenrol };
    let (ending, dropped): (Vec<_>, Vec<_>) = going.into_iter().partition(|(policy, _)| *policy == end);
    steps.extend(dropped.into_iter().map(|(_, reason)| (Action::ReasonDropped, reason)));
    if suspends {
        steps.extend(ending.into_iter().map(|(_, reason)| (Action::Suspended, reason)));
    } else if let Some(((_, last), others)) = ending.split_last() {
        steps.extend(others.iter().map(|(_, reason)| (Action::ReasonDropped, *reason)));
        steps.push((Action::Unenrolled, *last));
    }
}

/// Plans and applies everything that follows for enrolments at one instant.
pub(crate) fn reconcile(
    enrolments: &mut Enrolments,
    movements: &[Movement<'_>],
    by_hand: &[ByHand],
    at: Instant,
) -> Vec<Steps> {
    let mut hands: BTreeMap<(CourseId, bool), RowSet> = BTreeMap::new();
    for hand in by_hand {
        hands.entry((hand.course, hand.enrol)).or_default().set(hand.user.0, true);
    }
    let hands = hands.iter().map(|((course, enrol), rows)| {
        let cause = if *enrol { Cause::EnrolledByHand } else { Cause::UnenrolledByHand };
        Stream { rows, course: *course, cause }
    });
    let both = movements.iter().flat_map(|movement| {
        let Movement { rule, course, on_leave, .. } = *movement;
        [
            Stream { rows: &*movement.arrived, course, cause: Cause::Arrived(rule) },
            Stream { rows: &*movement.left, course, cause: Cause::Left(rule, on_leave) },
        ]
    });
    work_through(enrolments, hands.chain(both), at, plan)
}

/// Applies recorded steps again.
pub(crate) fn replay(enrolments: &mut Enrolments, steps: &[Steps], at: Instant) {
    let streams = steps.iter().enumerate().map(|(place, steps)| Stream {
        rows: &steps.users,
        course: steps.course,
        cause: (place, steps.action, steps.reason),
    });
    work_through(enrolments, streams, at, |_, recorded, steps| {
        steps.extend(recorded.iter().map(|(_, action, reason)| (*action, *reason)));
    });
}
