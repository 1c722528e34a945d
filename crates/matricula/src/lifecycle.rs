//! Changes of what is there at all, and decisions about enrolments: many people enrolled at once, enrolments suspended by
//! hand, definitions deleted, courses archived, sites closed. Not here: defining things (`transaction`).

use matricula_core::{BulkEnrolment, Change, Deletable, Error};

use crate::Transaction;

fn owned(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|&key| key.to_owned()).collect()
}

impl Transaction {
    /// Enrols the members of a segment in courses once, as they are at the end of the transaction: its other changes
    /// come first, and what becomes of the segment later changes nothing. Members who are no active members of a
    /// course's site are left out. See [`BulkEnrolment`] for a due date.
    ///
    /// ```
    /// use matricula::{BulkEnrolment, DueDate, Memory, Registry, UserUpdate};
    ///
    /// let registry = Registry::open(Memory::default())?;
    /// let mut tx = registry.as_host("hr").begin("2026-11-20T08:00:00Z".parse::<chrono::DateTime<chrono::Utc>>()?)?;
    /// tx.define_course("gdpr")?;
    /// tx.define_segment("everybody", r#"account.key != """#)?;
    /// tx.update_user(UserUpdate::new("ann"))?;
    /// tx.enrol_segment("everybody", &["gdpr"])?;
    /// tx.apply(BulkEnrolment::of_users(["ann"], ["gdpr"]).due(DueDate::After(30)))?;
    /// let delta = tx.commit()?;
    /// let step = delta.steps().next().unwrap();
    /// assert_eq!((step.user, step.reason, step.due), ("ann", "bulk", "2026-12-20".parse().ok()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `unknown_segment`, `unknown_course`, `invalid_definition` for no courses and for those of another site than the
    /// segment's; `not_possible` for a draft and for an archived course.
    pub fn enrol_segment(&mut self, segment: &str, courses: &[&str]) -> Result<(), Error> {
        self.apply(BulkEnrolment::of_segment(segment, courses.iter().copied()))
    }

    /// Enrols people in courses once, as [`Transaction::enrol_segment`] does.
    ///
    /// # Errors
    /// `unknown_user`, `unknown_course`, `invalid_definition` for no courses; `not_possible` for somebody who is no member
    /// of a course's site and for an archived course. Nobody is then enrolled.
    pub fn enrol_users(&mut self, users: &[&str], courses: &[&str]) -> Result<(), Error> {
        self.apply(BulkEnrolment::of_users(owned(users), owned(courses)))
    }

    /// Suspends an enrolment by hand. It stays suspended whatever rules do, and no rule ends it, until it is resumed or
    /// unenrolled by hand. It is no error if it is suspended by hand already.
    ///
    /// # Errors
    /// `unknown_user`, `unknown_course`, `not_possible` if the person is not enrolled.
    pub fn suspend_enrolment(&mut self, user: &str, course: &str) -> Result<(), Error> {
        self.halt(user, course, true)
    }

    /// Takes back a suspension by hand: the enrolment is as its reasons have it.
    ///
    /// # Errors
    /// `unknown_user`, `unknown_course`, `not_possible` if it was not suspended by hand.
    pub fn resume_enrolment(&mut self, user: &str, course: &str) -> Result<(), Error> {
        self.halt(user, course, false)
    }

    fn halt(&mut self, user: &str, course: &str, suspended: bool) -> Result<(), Error> {
        let (user, course) = (user.to_owned(), course.to_owned());
        self.apply(Change::SuspendEnrolment { user, course, suspended })
    }

    /// Deletes an enrolment rule: whom it holds leaves it, under its policy. Its key is free afterwards.
    ///
    /// # Errors
    /// `unknown_enrolment_rule`.
    pub fn delete_enrolment_rule(&mut self, key: &str) -> Result<(), Error> {
        self.apply(Change::Delete(Deletable::EnrolmentRule, key.to_owned()))
    }

    /// Deletes a segment to which nothing refers. Its key is free afterwards.
    ///
    /// # Errors
    /// `unknown_segment`; `not_possible`, with their list, while enrolment rules or segments refer to it.
    pub fn delete_segment(&mut self, key: &str) -> Result<(), Error> {
        self.apply(Change::Delete(Deletable::Segment, key.to_owned()))
    }

    /// Deletes an attribute that no rule names, with everybody's value. Its key is free afterwards.
    ///
    /// # Errors
    /// `unknown_attribute`; `not_possible`, with their list, while rules of segments name it.
    pub fn delete_attribute(&mut self, key: &str) -> Result<(), Error> {
        self.apply(Change::Delete(Deletable::Attribute, key.to_owned()))
    }

    /// Archives a course: rules enrol nobody there and let nobody go, and nobody is enrolled by hand, until it is restored.
    ///
    /// # Errors
    /// `unknown_course`.
    pub fn archive_course(&mut self, key: &str) -> Result<(), Error> {
        self.apply(Change::Archive { course: key.to_owned(), archived: true })
    }

    /// Restores a course that was archived: rules catch up.
    ///
    /// # Errors
    /// `unknown_course`.
    pub fn restore_course(&mut self, key: &str) -> Result<(), Error> {
        self.apply(Change::Archive { course: key.to_owned(), archived: false })
    }

    /// Closes a site: its memberships count as inactive, with everything that follows, until it is reopened.
    ///
    /// # Errors
    /// `unknown_site`, `not_possible` for the primary site.
    pub fn close_site(&mut self, key: &str) -> Result<(), Error> {
        self.apply(Change::Close { site: key.to_owned(), closed: true })
    }

    /// Reopens a site that was closed: its memberships count again.
    ///
    /// # Errors
    /// `unknown_site`.
    pub fn reopen_site(&mut self, key: &str) -> Result<(), Error> {
        self.apply(Change::Close { site: key.to_owned(), closed: false })
    }
}
