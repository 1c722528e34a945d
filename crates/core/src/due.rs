//! What an enrolment rule says beyond whom and in what: as which role, within which window, due when. Not here: what
//! follows when a window opens or ends (`clock`), and the dates that people have (`enrolment`).

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use chrono::{Datelike, Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::model::Catalog;
use crate::state::State;
use crate::{
    Course, CourseId, EnrolmentRule, EnrolmentRuleId, Error, ErrorKind, Instant, LeavePolicy, SegmentId, Site,
};

/// The role of those who are enrolled as nothing in particular.
pub const LEARNER: &str = "learner";

/// The greatest number of days in which something can be due: a hundred years.
pub const MAX_DUE_DAYS: u32 = 36_525;

/// When somebody who is enrolled is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueDate {
    /// On a day, for everybody.
    On(NaiveDate),
    /// So many days after the day on which the reason arose, in the zone of the course's site.
    After(u32),
}

impl DueDate {
    /// The day for a reason that arose on another.
    pub fn day(self, arose: NaiveDate) -> NaiveDate {
        match self {
            Self::On(day) => day,
            Self::After(days) => {
                let day = arose.checked_add_days(Days::new(days.into()));
                let last = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default();
                day.map_or(last, |day| day.min(last))
            }
        }
    }

    /// Refuses what is no due date.
    pub(crate) fn check(self) -> Result<(), Error> {
        let message = match self {
            Self::On(day) if !(1..=9999).contains(&day.year()) => {
                format!("due on {day}, expected a day of the years 1 to 9999")
            }
            Self::After(days) if days > MAX_DUE_DAYS => {
                format!("due after {days} days, expected at most {MAX_DUE_DAYS}")
            }
            Self::On(_) | Self::After(_) => return Ok(()),
        };
        Err(Error::new(ErrorKind::InvalidDefinition, message))
    }
}

pub(crate) fn learner() -> String {
    LEARNER.to_owned()
}

pub(crate) fn is_learner(role: &str) -> bool {
    role == LEARNER
}

impl EnrolmentRule {
    /// A rule that acts always, as learners, without due date.
    pub fn new(
        key: impl Into<String>,
        segment: SegmentId,
        courses: Vec<CourseId>,
        on_leave: LeavePolicy,
    ) -> Self {
        let key = key.into();
        Self {
            name: key.clone(),
            key,
            segment,
            courses,
            on_leave,
            enabled: true,
            role: learner(),
            from: None,
            until: None,
            due: None,
            deleted: false,
        }
    }

    /// Whether it acts at an instant: it is there, enabled, and within its window, whose end is not in it.
    pub fn acts(&self, at: Instant) -> bool {
        self.enabled
            && !self.deleted
            && self.from.is_none_or(|from| from <= at)
            && self.until.is_none_or(|until| at < until)
    }
}

/// When the windows of enrolment rules open and end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Boundaries(BTreeMap<Instant, Vec<EnrolmentRuleId>>);

impl Boundaries {
    pub(crate) fn of(rules: &Catalog<EnrolmentRule>) -> Self {
        let mut boundaries: BTreeMap<Instant, Vec<EnrolmentRuleId>> = BTreeMap::new();
        let acting = rules.values().zip((0..).map(EnrolmentRuleId)).filter(|(rule, _)| rule.enabled);
        for (rule, id) in acting {
            for at in [rule.from, rule.until].into_iter().flatten() {
                boundaries.entry(at).or_default().push(id);
            }
        }
        Self(boundaries)
    }

    /// Those after an instant and not after another, in order.
    pub(crate) fn between(
        &self,
        after: Instant,
        to: Instant,
    ) -> impl Iterator<Item = (Instant, &[EnrolmentRuleId])> {
        let range = (after < to).then(|| self.0.range((Bound::Excluded(after), Bound::Included(to))));
        range.into_iter().flatten().map(|(at, rules)| (*at, rules.as_slice()))
    }
}

/// Due dates, by what the definitions say.
#[derive(Clone, Debug)]
pub(crate) struct Dates {
    rules: Arc<Catalog<EnrolmentRule>>,
    courses: Arc<Catalog<Course>>,
    sites: Arc<Catalog<Site>>,
}

impl Dates {
    pub(crate) fn of(state: &State) -> Self {
        Self { rules: state.rules.clone(), courses: state.courses.clone(), sites: state.sites.clone() }
    }

    /// The day of a due date in a course, for a reason that arose at an instant.
    pub(crate) fn day(&self, due: DueDate, course: CourseId, arose: Instant) -> NaiveDate {
        match due {
            DueDate::On(day) => day,
            DueDate::After(_) => {
                let course = self.courses.get_index(course.index()).map(|(_, course)| course.site);
                let site = course.and_then(|site| self.sites.get_index(site.index()));
                due.day(arose.day(site.map_or(chrono_tz::Tz::UTC, |(_, site)| site.zone)))
            }
        }
    }

    /// When a rule wants somebody to be done whom it has held since an instant.
    pub(crate) fn of_rule(
        &self,
        rule: EnrolmentRuleId,
        course: CourseId,
        since: Instant,
    ) -> Option<NaiveDate> {
        let (_, rule) = self.rules.get_index(rule.index())?;
        rule.due.map(|due| self.day(due, course, since))
    }
}
