//! From who came under a rule and who left it, and what was decided by hand, to what happens to enrolments: a pure,
//! ordered plan, applied as it is made. A second plan of the same is empty. Not here: who came and left (`movements`).

use std::borrow::Cow;

use chrono::NaiveDate;

use crate::due::Dates;
use crate::enrolment::{Enrolments, Hold, Planned, Record, is_halted, is_held};
use crate::ledger::{Stream, work_through};
use crate::{Action, CourseId, EnrolmentRuleId, Instant, LeavePolicy, Reason, RowSet, Steps};

/// Whom an enrolment rule newly holds in a course, and whom it no longer holds.
#[derive(Clone, Debug)]
pub(crate) struct Movement<'a> {
    pub(crate) rule: EnrolmentRuleId,
    pub(crate) course: CourseId,
    pub(crate) on_leave: LeavePolicy,
    pub(crate) arrived: Cow<'a, RowSet>,
    pub(crate) left: Cow<'a, RowSet>,
    /// Whom it has held, and now wants to be done on another day.
    pub(crate) redated: RowSet,
}

impl Movement<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.arrived.is_empty() && self.left.is_empty() && self.redated.is_empty()
    }
}

/// What can be decided by hand about an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Decision {
    Enrol,
    /// Enrol with many others, to be done by then.
    Bulk(Option<NaiveDate>),
    Unenrol,
    Suspend,
    Resume,
    /// Take back one of the reasons by hand, and no other.
    TakeBack(Reason),
    /// Take back the day by which an enrolment in bulk was to be done.
    Undate,
}

/// What was decided by hand about people in a course.
#[derive(Clone, Debug)]
pub(crate) struct ByHand {
    pub(crate) course: CourseId,
    pub(crate) decision: Decision,
    pub(crate) users: RowSet,
}

/// One thing that bears on one enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    EnrolledByHand,
    EnrolledInBulk(Option<NaiveDate>),
    Undated,
    Arrived(EnrolmentRuleId, Option<NaiveDate>),
    Redated(EnrolmentRuleId),
    ResumedByHand,
    SuspendedByHand,
    UnenrolledByHand,
    TakenBack(Reason),
    Left(EnrolmentRuleId, LeavePolicy),
}

impl From<Decision> for Cause {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Enrol => Self::EnrolledByHand,
            Decision::Bulk(due) => Self::EnrolledInBulk(due),
            Decision::Unenrol => Self::UnenrolledByHand,
            Decision::Suspend => Self::SuspendedByHand,
            Decision::Resume => Self::ResumedByHand,
            Decision::TakeBack(reason) => Self::TakenBack(reason),
            Decision::Undate => Self::Undated,
        }
    }
}

/// Adds the steps for one enrolment, given the records it has (none if the person is not enrolled) and everything
/// that bears on it, in order. `day` says when a rule wants somebody to be done whom it has held since an instant.
fn plan(
    records: &[Record],
    causes: &[Cause],
    day: impl Fn(EnrolmentRuleId, Instant) -> Option<NaiveDate>,
    steps: &mut Vec<Planned>,
) {
    let find = |hold: Hold| records.iter().find(|record| record.hold == hold);
    let leaves = |rule: EnrolmentRuleId| {
        causes.iter().any(|cause| matches!(cause, Cause::Left(left, _) if *left == rule))
    };
    let (mut enrolled, mut held) = (!records.is_empty(), is_held(records));
    let mut halted = is_halted(records);
    let mut arriving = false;
    for cause in causes {
        let (reason, due) = match *cause {
            Cause::EnrolledByHand => (Reason::Manual, None),
            Cause::EnrolledInBulk(due) => (Reason::Bulk, due),
            Cause::Undated => {
                if find(Hold::Bulk).is_some_and(|record| record.due.is_some()) {
                    steps.push((Action::DueChanged, Reason::Bulk, None));
                }
                continue;
            }
            Cause::Arrived(rule, due) => (Reason::Rule(rule), due),
            Cause::Redated(rule) => {
                let Some(record) = find(Hold::Rule(rule)).filter(|_| !leaves(rule)) else { continue };
                let due = day(rule, record.since);
                if due != record.due {
                    steps.push((Action::DueChanged, Reason::Rule(rule), due));
                }
                continue;
            }
            _ => break,
        };
        if let Some(record) = find(Hold::by(reason)) {
            // Once more in bulk: only what it says of the day is new.
            if reason == Reason::Bulk && due.is_some() && due != record.due {
                steps.push((Action::DueChanged, reason, due));
            }
            continue;
        }
        let kept = match reason {
            Reason::Rule(rule) => find(Hold::Kept(rule)).map(|record| (rule, record.since)),
            Reason::Manual | Reason::Bulk => None,
        };
        steps.push(match (kept, enrolled, held || halted) {
            (Some((rule, since)), ..) => (Action::ReasonRestored, reason, day(rule, since)),
            (None, false, _) => (Action::Enrolled, reason, due),
            (None, true, false) => (Action::Resumed, reason, due),
            // What is suspended by hand stays so, whatever holds it.
            (None, true, true) => (Action::ReasonAdded, reason, due),
        });
        (enrolled, held, arriving) = (true, true, true);
    }
    for (cause, action, after) in [
        (Cause::ResumedByHand, Action::ResumedByHand, false),
        (Cause::SuspendedByHand, Action::SuspendedByHand, true),
    ] {
        if enrolled && halted != after && causes.contains(&cause) {
            steps.push((action, Reason::Manual, None));
            halted = after;
        }
    }
    leave(records, causes, halted, arriving, steps);
}

/// Adds the steps of those who leave, after those who arrived.
fn leave(records: &[Record], causes: &[Cause], halted: bool, arriving: bool, steps: &mut Vec<Planned>) {
    let holds = |hold: Hold| records.iter().any(|record| record.hold == hold);
    let arrives = |rule: EnrolmentRuleId| {
        causes.iter().any(|cause| matches!(cause, Cause::Arrived(arrived, _) if *arrived == rule))
    };
    let by_hand = causes.contains(&Cause::UnenrolledByHand);
    // Who leaves, by what becomes of it; what a rule keeps holds on, and is not dropped.
    let mut going: Vec<(LeavePolicy, Reason)> = Vec::new();
    for cause in causes {
        match *cause {
            Cause::Left(rule, LeavePolicy::Keep) if holds(Hold::Rule(rule)) => {
                steps.push((Action::Kept, Reason::Rule(rule), None));
            }
            Cause::Left(rule, policy) if holds(Hold::Rule(rule)) => {
                // What was suspended by hand is never ended by a rule, so that who comes back is suspended still.
                let policy = if halted && !by_hand { LeavePolicy::Suspend } else { policy };
                going.push((policy, Reason::Rule(rule)));
            }
            Cause::TakenBack(reason) if holds(Hold::by(reason)) => going.push((LeavePolicy::Unenrol, reason)),
            Cause::UnenrolledByHand => {
                // Only rules in force stand against a decision by hand.
                going.extend(records.iter().filter_map(|record| match record.hold {
                    Hold::Manual => Some((LeavePolicy::Unenrol, Reason::Manual)),
                    Hold::Bulk => Some((LeavePolicy::Unenrol, Reason::Bulk)),
                    Hold::Kept(rule) | Hold::Suspended(rule) if !arrives(rule) => {
                        Some((LeavePolicy::Unenrol, Reason::Rule(rule)))
                    }
                    Hold::Kept(_) | Hold::Suspended(_) | Hold::Opened | Hold::Halted | Hold::Rule(_) => None,
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
    let remains = |record: &Record| {
        let reason = match record.hold {
            Hold::Manual => Reason::Manual,
            Hold::Bulk => Reason::Bulk,
            Hold::Rule(rule) | Hold::Kept(rule) => Reason::Rule(rule),
            Hold::Opened | Hold::Halted | Hold::Suspended(_) => return false,
        };
        going.iter().all(|(_, gone)| *gone != reason)
    };
    if arriving || records.iter().any(remains) {
        // A suspended reason went when the enrolment was resumed; all others are dropped one by one.
        let suspended = |reason: Reason| matches!(reason, Reason::Rule(rule) if holds(Hold::Suspended(rule)));
        let dropped = going.iter().filter(|(_, reason)| !suspended(*reason));
        steps.extend(dropped.map(|(_, reason)| (Action::ReasonDropped, *reason, None)));
        return;
    }
    // Nothing holds it any longer. Suspending beats unenrolling.
    let suspends = going.iter().any(|(policy, _)| *policy == LeavePolicy::Suspend);
    let end = if suspends { LeavePolicy::Suspend } else { LeavePolicy::Unenrol };
    let (ending, dropped): (Vec<_>, Vec<_>) = going.into_iter().partition(|(policy, _)| *policy == end);
    steps.extend(dropped.into_iter().map(|(_, reason)| (Action::ReasonDropped, reason, None)));
    if suspends {
        steps.extend(ending.into_iter().map(|(_, reason)| (Action::Suspended, reason, None)));
    } else if let Some(((_, last), others)) = ending.split_last() {
        steps.extend(others.iter().map(|(_, reason)| (Action::ReasonDropped, *reason, None)));
        steps.push((Action::Unenrolled, *last, None));
    }
}

/// Plans and applies everything that follows for enrolments at one instant.
pub(crate) fn reconcile(
    enrolments: &mut Enrolments,
    movements: &[Movement<'_>],
    by_hand: &[&ByHand],
    dates: &Dates,
    at: Instant,
) -> Vec<Steps> {
    let hands = by_hand.iter().map(|hand| {
        let ByHand { course, decision, users } = *hand;
        Stream { rows: users, course: *course, cause: (*decision).into() }
    });
    let rules = movements.iter().flat_map(|movement| {
        let Movement { rule, course, on_leave, .. } = *movement;
        let stream = |rows, cause| Stream { rows, course, cause };
        [
            stream(&*movement.arrived, Cause::Arrived(rule, dates.of_rule(rule, course, at))),
            stream(&movement.redated, Cause::Redated(rule)),
            stream(&*movement.left, Cause::Left(rule, on_leave)),
        ]
    });
    work_through(enrolments, hands.chain(rules), at, |course, records, causes, steps| {
        plan(records, causes, |rule, since| dates.of_rule(rule, course, since), steps);
    })
}

/// Applies recorded steps again.
pub(crate) fn replay(enrolments: &mut Enrolments, steps: &[Steps], at: Instant) {
    let streams = steps.iter().enumerate().map(|(place, steps)| {
        let step: Planned = (steps.action, steps.reason, steps.due);
        Stream { rows: &steps.users, course: steps.course, cause: (place, step) }
    });
    work_through(enrolments, streams, at, |_, _, recorded, steps| {
        steps.extend(recorded.iter().map(|(_, step)| *step));
    });
}
