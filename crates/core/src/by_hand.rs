//! What is decided by hand about enrolments: enrolling and unenrolling one person or many, suspending and resuming. Not
//! here: what follows from it (`reconcile`).

use std::collections::BTreeMap;

use matricula_rule::{CourseId, SegmentId, UserId};

use crate::derive::{Agenda, Changed, settle};
use crate::draft::{Draft, find, not_possible};
use crate::due::{Dates, DueDate};
use crate::reconcile::{ByHand, Decision};
use crate::state::State;
use crate::touched::Touched;
use crate::{
    BulkEnrolment, Error, ErrorKind, HeldReason, Moment, Reason, ReasonState, RowSet, SegmentState, SiteId,
    Snapshot, Whom,
};

/// What has been decided so far in a transaction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hands {
    /// Whether to enrol, or to take that back.
    enrol: BTreeMap<(UserId, CourseId), bool>,
    /// Whether to suspend, or to take that back.
    suspend: BTreeMap<(UserId, CourseId), bool>,
    bulk: Vec<Bulk>,
}

/// Many people to be enrolled at once.
#[derive(Clone, Debug)]
struct Bulk {
    whom: Crowd,
    courses: Vec<CourseId>,
    due: Option<DueDate>,
}

#[derive(Clone, Debug)]
enum Crowd {
    Segment(SegmentId),
    Users(RowSet),
}

impl Hands {
    /// What was decided about single people, by course and decision.
    pub(crate) fn by_hand(&self) -> Vec<ByHand> {
        let mut decisions: BTreeMap<(CourseId, Decision), RowSet> = BTreeMap::new();
        for (map, yes, no) in [
            (&self.enrol, Decision::Enrol, Decision::Unenrol),
            (&self.suspend, Decision::Suspend, Decision::Resume),
        ] {
            for (&(user, course), &wanted) in map {
                let decision = if wanted { yes } else { no };
                decisions.entry((course, decision)).or_default().set(user.0, true);
            }
        }
        let decisions = decisions.into_iter();
        decisions.map(|((course, decision), users)| ByHand { course, decision, users }).collect()
    }

    /// Gives up what was asked for about a person.
    pub(crate) fn forget(&mut self, user: UserId) {
        self.enrol.retain(|(of, _), _| *of != user);
        self.suspend.retain(|(of, _), _| *of != user);
        for bulk in &mut self.bulk {
            if let Crowd::Users(users) = &mut bulk.whom {
                users.set(user.0, false);
            }
        }
    }

    /// Whether a segment is to be enrolled at the end of the transaction.
    pub(crate) fn wait_for(&self, segment: SegmentId) -> bool {
        self.bulk.iter().any(|bulk| matches!(bulk.whom, Crowd::Segment(id) if id == segment))
    }
}

impl Draft {
    /// A person and a course by their keys.
    fn pair(&self, user: &str, course: &str) -> Result<(UserId, CourseId), Error> {
        let id = Snapshot::user_in(&self.next, user)?;
        let course = find(&self.next.courses, course, ErrorKind::UnknownCourse, "course")?;
        Ok((id, CourseId::at(course)))
    }

    /// Refuses to enrol somebody who is no member of the course's site, and anybody in an archived course.
    fn check_enrolling(&self, user: UserId, course: CourseId) -> Result<(), Error> {
        self.check_course(course)?;
        let Some(course) = self.next.course(course) else { return Ok(()) };
        if self.next.users.membership(user, course.site).is_none() {
            let user = self.next.users.key(user).map_or("", |key| key);
            return Err(not_possible(format!(
                "user `{user}` is not a member of the site of course `{}`",
                course.key
            )));
        }
        Ok(())
    }

    fn check_course(&self, id: CourseId) -> Result<(), Error> {
        match self.next.course(id) {
            Some(course) if course.archived => Err(not_possible(format!(
                "course `{}` is archived, expected one that is not, or that is restored first",
                course.key
            ))),
            _ => Ok(()),
        }
    }

    pub(crate) fn enrol(&mut self, user: &str, course: &str, enrol: bool) -> Result<(), Error> {
        let key @ (id, course_id) = self.pair(user, course)?;
        if enrol {
            self.living(user)?;
            self.check_enrolling(id, course_id)?;
        }
        let pending = self.hands.enrol.get(&key).copied();
        let enrolment = self.before.enrolments.get(id, course_id);
        let mut reasons = enrolment.iter().flat_map(|enrolment| &enrolment.reasons);
        // What a decision by hand can end: all but rules in force.
        let can_end =
            |held: &HeldReason| !matches!((held.reason, held.state), (Reason::Rule(_), ReasonState::InForce));
        let (by_hand, endable) =
            (reasons.clone().any(|held| held.reason == Reason::Manual), reasons.any(can_end));
        match (enrol, pending) {
            (true, _) if by_hand => {
                self.hands.enrol.remove(&key);
            }
            (false, Some(true)) if !endable => {
                self.hands.enrol.remove(&key);
                if enrolment.is_none() {
                    self.hands.suspend.remove(&key);
                }
            }
            (false, None) if !endable => {
                let held = enrolment.is_some();
                let why = if held { "only by rules, which hold the enrolment" } else { "not at all" };
                return Err(not_possible(format!(
                    "user `{user}` cannot be unenrolled from course `{course}`: enrolled {why}"
                )));
            }
            _ => {
                self.hands.enrol.insert(key, enrol);
            }
        }
        Ok(())
    }

    /// Suspends an enrolment by hand, or takes that back.
    pub(crate) fn suspend(&mut self, user: &str, course: &str, suspend: bool) -> Result<(), Error> {
        let key @ (id, course_id) = self.pair(user, course)?;
        let enrolment = self.before.enrolments.get(id, course_id);
        let was = enrolment.as_ref().is_some_and(|enrolment| enrolment.suspended_by_hand.is_some());
        let pending = self.hands.suspend.get(&key).copied();
        let wrong = |why: &str| {
            let verb = if suspend { "suspended" } else { "resumed" };
            let message =
                format!("the enrolment of user `{user}` in course `{course}` cannot be {verb}: {why}");
            Err(not_possible(message))
        };
        if suspend && enrolment.is_none() && self.hands.enrol.get(&key) != Some(&true) {
            return wrong("there is none");
        }
        if !suspend && !pending.unwrap_or(was) {
            return wrong("it was not suspended by hand");
        }
        if suspend == was {
            self.hands.suspend.remove(&key);
        } else {
            self.hands.suspend.insert(key, suspend);
        }
        Ok(())
    }

    /// Enrols many people once, as things are at the end of the transaction.
    pub(crate) fn enrol_many(&mut self, enrolment: BulkEnrolment) -> Result<(), Error> {
        let BulkEnrolment { whom, courses, due } = enrolment;
        let courses = self.courses_of_rule(&courses)?;
        if courses.is_empty() {
            let message = "no courses, expected at least one";
            return Err(Error::new(ErrorKind::InvalidDefinition, message));
        }
        due.map_or(Ok(()), DueDate::check)?;
        courses.iter().try_for_each(|course| self.check_course(*course))?;
        let whom = match whom {
            Whom::Segment(key) => {
                let id = find(&self.next.segments, &key, ErrorKind::UnknownSegment, "segment")?;
                let id = SegmentId::at(id);
                let segment = self.next.segment(id);
                if segment.is_some_and(|segment| segment.state == SegmentState::Draft) {
                    let message = format!("segment `{key}` is a draft, which nothing may refer to");
                    return Err(not_possible(message));
                }
                self.check_sites(segment.and_then(|segment| segment.site), &courses)?;
                Crowd::Segment(id)
            }
            Whom::Users(keys) => {
                let mut users = Vec::with_capacity(keys.len());
                for key in keys {
                    let user = self.living(&key)?;
                    courses.iter().try_for_each(|course| self.check_enrolling(user, *course))?;
                    users.push(user.0);
                }
                users.sort_unstable();
                users.dedup();
                Crowd::Users(users.into_iter().collect())
            }
        };
        self.hands.bulk.push(Bulk { whom, courses, due });
        Ok(())
    }

    /// Refuses courses of other sites than the segment's.
    fn check_sites(&self, site: Option<SiteId>, courses: &[CourseId]) -> Result<(), Error> {
        let Some(site) = site else { return Ok(()) };
        let mut courses = courses.iter().filter_map(|id| self.next.course(*id));
        match courses.find(|course| course.site != site) {
            None => Ok(()),
            Some(course) => {
                let key = |site: SiteId| self.next.sites.get_index(site.index()).map_or("", |(key, _)| key);
                let message = format!(
                    "course `{}` belongs to site `{}`, expected courses of site `{}`, as the segment is",
                    course.key,
                    key(course.site),
                    key(site)
                );
                Err(Error::new(ErrorKind::InvalidDefinition, message))
            }
        }
    }

    /// What bulk enrolments come to, and what follows from them, once everything else has been derived.
    pub(crate) fn enrol_in_bulk(&self, state: &mut State) -> Option<Moment> {
        if self.hands.bulk.is_empty() {
            return None;
        }
        let dates = Dates::of(state);
        // Of several about the same people the last one says when they are due.
        let mut due_of: BTreeMap<CourseId, Vec<(Option<DueDate>, RowSet)>> = BTreeMap::new();
        for bulk in &self.hands.bulk {
            for &course in &bulk.courses {
                let users = match &bulk.whom {
                    Crowd::Users(users) => users.clone(),
                    Crowd::Segment(segment) => {
                        let site = state.course(course).map_or(SiteId(0), |course| course.site);
                        let members = state.members((*segment, None));
                        members.iter().filter(|row| state.counts_in(UserId(*row), site)).collect()
                    }
                };
                let earlier = due_of.entry(course).or_default();
                for (due, others) in earlier.iter_mut() {
                    if bulk.due.is_some() || due.is_none() {
                        *others = others.difference(&users);
                    }
                }
                let rest = earlier.iter().fold(users, |rest, (_, others)| rest.difference(others));
                earlier.push((bulk.due, rest));
            }
        }
        let by_hand: Vec<ByHand> = due_of
            .into_iter()
            .flat_map(|(course, crowds)| crowds.into_iter().map(move |(due, users)| (course, due, users)))
            .map(|(course, due, users)| {
                let due = due.map(|due| dates.day(due, course, self.at()));
                ByHand { course, decision: Decision::Bulk(due), users }
            })
            .collect();
        let before = state.clone();
        let nothing = Touched::default();
        let (stale, rules, restored) = Default::default();
        let changed = Changed {
            before: &before,
            before_at: self.at(),
            touched: &nothing,
            stale: &stale,
            rules: &rules,
            restored: &restored,
            by_hand: &by_hand,
        };
        Some(settle(state, Agenda::default(), Some(&changed), self.at()).0)
    }
}
