//! What happens to enrolments, on the tables of enrolments and their reasons.

use chrono::NaiveDate;
use matricula_core::{Action, Instant, Steps};
use rusqlite::{Result, Transaction};

use crate::codec;

/// The same steps on tables as core applies to its records; all of one action.
pub(crate) fn write(tx: &Transaction<'_>, steps: &[Steps], at: Instant) -> Result<()> {
    let Some(action) = steps.first().map(|steps| steps.action) else { return Ok(()) };
    let mut rows: Vec<(u32, u32, i64, Option<NaiveDate>)> = Vec::new();
    for steps in steps {
        let rule = codec::rule_of(steps.reason);
        rows.extend(steps.users.iter().map(|user| (user, steps.course.0, rule, steps.due)));
    }
    // In the order of the tables, which is several times faster than from course to course.
    rows.sort_unstable();
    let each = |statement: &str| -> Result<()> {
        let mut statement = tx.prepare_cached(statement)?;
        let place = |name: &str| statement.parameter_index(name);
        let (user, course, rule, at_place, due_place) =
            (place(":user")?, place(":course")?, place(":rule")?, place(":at")?, place(":due")?);
        if let Some(place) = at_place {
            statement.raw_bind_parameter(place, at.millis())?;
        }
        for (user_id, course_id, rule_id, day) in &rows {
            for (place, value) in
                [(user, i64::from(*user_id)), (course, i64::from(*course_id)), (rule, *rule_id)]
            {
                if let Some(place) = place {
                    statement.raw_bind_parameter(place, value)?;
                }
            }
            if let Some(place) = due_place {
                statement.raw_bind_parameter(place, day.map(|day| day.to_string()))?;
            }
            statement.raw_execute()?;
        }
        Ok(())
    };
    let hold = "INSERT INTO enrolment_reason (user_id, course_id, rule_id, state, since, due)
                VALUES (:user, :course, :rule, 'in_force', :at, :due)";
    let release = "DELETE FROM enrolment_reason WHERE user_id = :user AND course_id = :course";
    let set = |what: &str| {
        format!(
            "UPDATE enrolment_reason SET {what}
             WHERE user_id = :user AND course_id = :course AND rule_id = :rule"
        )
    };
    let set_enrolment =
        |what: &str| format!("UPDATE enrolment SET {what} WHERE user_id = :user AND course_id = :course");
    match action {
        Action::Enrolled => {
            each(
                "INSERT INTO enrolment (user_id, course_id, status, since) VALUES (:user, :course, 'active', :at)",
            )?;
            each(hold)
        }
        Action::Resumed => {
            each(release)?;
            // What was suspended by hand stays so.
            each(&set_enrolment("status = iif(suspended_by_hand IS NULL, 'active', 'suspended')"))?;
            each(hold)
        }
        Action::ReasonAdded => {
            // Suspended by hand, an enrolment may have had none but suspended reasons.
            each(&format!("{release} AND state = 'suspended'"))?;
            each(hold)
        }
        Action::ReasonRestored => each(&set("state = 'in_force', due = :due")),
        Action::DueChanged => each(&set("due = :due")),
        Action::ResumedByHand => each(&set_enrolment(
            "suspended_by_hand = NULL,
             status = iif(EXISTS (SELECT 1 FROM enrolment_reason r WHERE r.user_id = enrolment.user_id
                 AND r.course_id = enrolment.course_id AND r.state <> 'suspended'), 'active', 'suspended')",
        )),
        Action::SuspendedByHand => each(&set_enrolment("suspended_by_hand = :at, status = 'suspended'")),
        Action::Kept => each(&set("state = 'kept'")),
        Action::ReasonDropped => each(&format!("{release} AND rule_id = :rule")),
        Action::Suspended => {
            each(&set("state = 'suspended'"))?;
            each(&set_enrolment("status = 'suspended'"))
        }
        Action::Unenrolled => {
            each(release)?;
            each("DELETE FROM enrolment WHERE user_id = :user AND course_id = :course")
        }
    }
}
