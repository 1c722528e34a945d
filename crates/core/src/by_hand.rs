//! What is decided by hand about enrolments: enrolling and unenrolling one person or many, suspending and resuming. Not
//! here: what follows from it (`reconcile`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use matricula_rule::{CourseId, SegmentId, UserId};

use crate::demands::Origin;
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
    /// Whether to enrol, or to take that back, and by which change.
    enrol: BTreeMap<(UserId, CourseId), (bool, Origin)>,
    /// Whether to suspend, or to take that back.
    suspend: BTreeMap<(UserId, CourseId), bool>,
    /// What a commit that is undone gave by hand.
    take_back: BTreeSet<(UserId, CourseId, Decision)>,
    bulk: Vec<Bulk>,
}

/// Many people to be enrolled at once.
#[derive(Clone, Debug)]
struct Bulk {
    whom: Crowd,
    courses: Vec<CourseId>,
    due: Option<DueDate>,
    origin: Origin,
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
        let enrol = self.enrol.iter().map(|(pair, (wanted, _))| {
            let decision = if *wanted { Decision::Enrol } else { Decision::Unenrol };
            (pair, decision)
        });
        let suspend = self.suspend.iter().map(|(pair, wanted)| {
            let decision = if *wanted { Decision::Suspend } else { Decision::Resume };
            (pair, decision)
        });
        let take_back = self.take_back.iter().map(|(user, course, decision)| ((*user, *course), *decision));
        let all = enrol.chain(suspend).map(|(pair, decision)| (*pair, decision)).chain(take_back);
        for ((user, course), decision) in all {
            decisions.entry((course, decision)).or_default().set(user.0, true);
        }
        let decisions = decisions.into_iter();
        decisions.map(|((course, decision), users)| ByHand { course, decision, users }).collect()
    }

    /// Gives up what was asked for about a person.
    pub(crate) fn forget(&mut self, user: UserId) {
        self.enrol.retain(|(of, _), _| *of != user);
        self.suspend.retain(|(of, _), _| *of != user);
        self.take_back.retain(|(of, ..)| *of != user);
        for bulk in &mut self.bulk {
            if let Crowd::Users(users) = &mut bulk.whom {
                users.set(user.0, false);
            }
        }
    }

    /// Whether nobody is to be enrolled.
    pub(crate) fn enrol_nobody(&self) -> bool {
        self.enrol.is_empty() && self.bulk.is_empty()
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
        match self.stranger(user, course) {
            Some(reason) => {
                let user = self.next.users.key(user).map_or("", |key| key);
                Err(not_possible(format!("user `{user}` is {reason}")))
            }
            None => Ok(()),
        }
    }

    /// What somebody is who cannot be enrolled in a course.
    fn stranger(&self, user: UserId, course: CourseId) -> Option<String> {
        let course = self.next.course(course)?;
        let is_member = self.next.users.membership(user, course.site).is_some();
        (!is_member).then(|| format!("not a member of the site of course `{}`", course.key))
    }

    fn check_course(&self, id: CourseId) -> Result<(), Error> {
        self.closed_course(id).map_or(Ok(()), |reason| Err(not_possible(reason)))
    }

    /// Why nobody can be enrolled in a course.
    fn closed_course(&self, id: CourseId) -> Option<String> {
        let course = self.next.course(id).filter(|course| course.archived)?;
        Some(format!(
            "course `{}` is archived, expected one that is not, or that is restored first",
            course.key
        ))
    }

    /// Enrolments by hand that later changes of the transaction do not go with.
    pub(crate) fn look_for_hands(&self, found: &mut impl FnMut(Origin, Option<UserId>, String)) {
        for (&(user, course), &(wanted, origin)) in &self.hands.enrol {
            if !wanted {
                continue;
            }
            if let Some(reason) = self.closed_course(course) {
                found(origin, None, reason);
            } else if let Some(reason) = self.stranger(user, course) {
                found(origin, Some(user), reason);
            }
        }
        for Bulk { whom, courses, origin, .. } in &self.hands.bulk {
            for &course in courses {
                if let Some(reason) = self.closed_course(course) {
                    found(*origin, None, reason);
                    continue;
                }
                let Crowd::Users(users) = whom else { continue };
                for user in users.iter().map(UserId) {
                    if let Some(reason) = self.stranger(user, course) {
                        found(*origin, Some(user), reason);
                    }
                }
            }
            let Crowd::Segment(id) = whom else { continue };
            let segment = self.next.segment(*id);
            if let Some(segment) = segment.filter(|segment| segment.state == SegmentState::Draft) {
                found(*origin, None, draft_segment(&segment.key));
            }
        }
    }

    pub(crate) fn enrol(&mut self, user: &str, course: &str, enrol: bool) -> Result<(), Error> {
        let key @ (id, course_id) = self.pair(user, course)?;
        if enrol {
            self.living(user)?;
            self.check_enrolling(id, course_id)?;
        }
        let pending = self.hands.enrol.get(&key).map(|(wanted, _)| *wanted);
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
                let origin = self.pending.origin(None);
                self.hands.enrol.insert(key, (enrol, origin));
            }
        }
        Ok(())
    }

    /// Takes back a part of what holds an enrolment by hand.
    pub(crate) fn take_back(&mut self, user: UserId, course: CourseId, decision: Decision) {
        self.hands.take_back.insert((user, course, decision));
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
        if suspend && enrolment.is_none() && self.hands.enrol.get(&key).is_none_or(|(wanted, _)| !wanted) {
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
                    return Err(not_possible(draft_segment(&key)));
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
        let origin = self.pending.origin(None);
        self.hands.bulk.push(Bulk { whom, courses, due, origin });
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

    /// Whom bulk enrolments enrol in each course, by the day on which they are to be done: of several about the same
    /// people the last one that says so.
    fn bulk_by_day(&self, state: &State) -> Vec<ByHand> {
        let dates = Dates::of(state);
        let mut by_course: BTreeMap<CourseId, BTreeMap<u32, Option<NaiveDate>>> = BTreeMap::new();
        for bulk in &self.hands.bulk {
            for &course in &bulk.courses {
                let day = bulk.due.map(|due| dates.day(due, course, self.at()));
                let days = by_course.entry(course).or_default();
                let mut note = |row: u32| {
                    let known = days.entry(row).or_default();
                    *known = day.or(*known);
                };
                match &bulk.whom {
                    Crowd::Users(users) => users.iter().for_each(note),
                    Crowd::Segment(segment) => {
                        let site = state.course(course).map_or(SiteId(0), |course| course.site);
                        let members = state.members((*segment, None));
                        members.iter().filter(|row| state.counts_in(UserId(*row), site)).for_each(&mut note);
                    }
                }
            }
        }
        let mut by_hand = Vec::new();
        for (course, days) in by_course {
            let mut rows: BTreeMap<Option<NaiveDate>, Vec<u32>> = BTreeMap::new();
            for (row, day) in days {
                rows.entry(day).or_default().push(row);
            }
            by_hand.extend(rows.into_iter().map(|(day, rows)| {
                let users = rows.into_iter().collect();
                ByHand { course, decision: Decision::Bulk(day), users }
            }));
        }
        by_hand
    }

    /// What bulk enrolments come to, and what follows from them, once everything else has been derived.
    pub(crate) fn enrol_in_bulk(&self, state: &mut State) -> Option<Moment> {
        if self.hands.bulk.is_empty() {
            return None;
        }
        let by_hand = self.bulk_by_day(state);
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

fn draft_segment(key: &str) -> String {
    format!("segment `{key}` is a draft, which nothing may refer to")
}
