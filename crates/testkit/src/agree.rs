//! Whether the engine says what the simulator does, of everybody.

use std::collections::{BTreeMap, BTreeSet};

use matricula_core::{EnrolmentStatus, Reason, ReasonState, SiteId, Snapshot, Status};

use crate::fold::{By, Enrolment};
use crate::simulator::Simulator;

impl Simulator {
    /// Checks that the engine says the same.
    ///
    /// # Panics
    /// If it does not.
    pub fn assert_agrees(&self, snapshot: &Snapshot) {
        let mut members = BTreeSet::new();
        for segment in snapshot.segments() {
            for row in snapshot.members(&segment.key).unwrap().iter() {
                let user = snapshot.user_key(matricula_core::UserId(row)).to_owned();
                members.insert((segment.key.clone(), user));
            }
        }
        assert_eq!(members, self.members, "members at {:?}", self.clock.map(|at| at.to_string()));
        let mut enrolments = BTreeMap::new();
        for user in snapshot.users() {
            for enrolment in snapshot.enrolments_of(user) {
                let mut plain = Enrolment {
                    since: Some(enrolment.since),
                    by_hand_suspended: enrolment.suspended_by_hand,
                    ..Enrolment::default()
                };
                for held in &enrolment.reasons {
                    let by = match held.reason {
                        Reason::Manual => By::Hand,
                        Reason::Bulk => By::Bulk,
                        Reason::Rule(rule) => {
                            assert_eq!(snapshot.reason_key(held.reason), self.rules[rule.0 as usize].key);
                            By::Rule(rule.0 as usize)
                        }
                    };
                    let since = (held.since, held.due);
                    match held.state {
                        ReasonState::InForce => plain.in_force.insert(by, since),
                        ReasonState::Kept => plain.kept.insert(by, since),
                        ReasonState::Suspended => plain.suspended.insert(by, since),
                    };
                }
                assert_eq!(enrolment.status == EnrolmentStatus::Active, plain.is_active());
                assert_eq!(enrolment.due(), plain.due());
                let course = snapshot.course(enrolment.course).unwrap().key.clone();
                assert!(snapshot.enrolled_in(enrolment.course).contains(user.0));
                enrolments.insert((snapshot.user_key(user).to_owned(), course), plain);
            }
        }
        assert_eq!(enrolments, self.enrolments, "enrolments at {:?}", self.clock.map(|at| at.to_string()));
        assert_eq!(snapshot.enrolment_count(), self.enrolments.len());
        for (key, someone) in &self.people {
            let user = snapshot.find_user(key).unwrap();
            for attribute in snapshot.schema().attributes() {
                assert_eq!(snapshot.value(user, attribute.id).as_ref(), someone.values.get(&attribute.id));
            }
            assert_eq!(snapshot.status(user) == Some(Status::Erased), someone.erased);
            assert_eq!(snapshot.membership(user, SiteId(0)), someone.sites.get("primary").copied());
            assert_eq!(snapshot.created(user), someone.created);
            for course in snapshot.courses() {
                let id = snapshot.course_id(&course.key).unwrap();
                assert_eq!(snapshot.completed(user, id), someone.completed.get(&course.key).copied());
                assert_eq!(snapshot.score(user, id), someone.scores.get(&course.key).copied());
            }
        }
        assert!(!self.refuses());
    }
}
