//! What a host asks for about many people at once, and what it can take away for good. Not here: all other changes
//! (`change`), and what becomes of them (`by_hand`, `retire`).

use serde::Serialize;

use crate::DueDate;

/// What can be deleted. Its key is free afterwards, its number never.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Deletable {
    /// An enrolment rule: whom it holds leaves it, under its policy.
    EnrolmentRule,
    /// A segment that nothing refers to.
    Segment,
    /// An attribute that no rule names, with everybody's value.
    Attribute,
    /// A role that nobody holds.
    Role,
}

/// Many people to be enrolled in courses once, by hand: what becomes of the segment later changes nothing.
///
/// ```
/// use matricula_core::{BulkEnrolment, DueDate};
///
/// let enrolment = BulkEnrolment::of_segment("starters", ["gdpr", "safety"]).due(DueDate::After(30));
/// assert_eq!(enrolment.courses.len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BulkEnrolment {
    /// Whom.
    pub whom: Whom,
    /// The keys of the courses; at least one.
    pub courses: Vec<String>,
    /// When they are to be done, if they are given a day; counted from the enrolment.
    pub due: Option<DueDate>,
}

/// Whom a bulk enrolment is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Whom {
    /// The members of the segment of this key at the end of the transaction who are active members of the course's site.
    Segment(String),
    /// The people of these keys, members of the courses' sites.
    Users(Vec<String>),
}

impl BulkEnrolment {
    /// The members of a segment in courses, without a due date.
    pub fn of_segment<C: Into<String>>(
        segment: impl Into<String>,
        courses: impl IntoIterator<Item = C>,
    ) -> Self {
        let courses = courses.into_iter().map(Into::into).collect();
        Self { whom: Whom::Segment(segment.into()), courses, due: None }
    }

    /// These people in courses, without a due date.
    pub fn of_users<U: Into<String>, C: Into<String>>(
        users: impl IntoIterator<Item = U>,
        courses: impl IntoIterator<Item = C>,
    ) -> Self {
        let users = users.into_iter().map(Into::into).collect();
        Self { whom: Whom::Users(users), courses: courses.into_iter().map(Into::into).collect(), due: None }
    }

    /// The same with a due date.
    #[must_use]
    pub fn due(mut self, due: DueDate) -> Self {
        self.due = Some(due);
        self
    }
}
