//! What happens to enrolments, on the tables of enrolments and their reasons.

use matricula_core::{Action, Instant, Steps};
use rusqlite::{Result, Transaction};

use crate::codec;

/// The same steps on tables as core applies to its records; all of one action.
pub(crate) fn write(tx: &Transaction<'_>, steps: &[Steps], at: Instant) -> Result<()> {
    let Some(action) = steps.first().map(|steps| steps.action) else { return Ok(()) };
    let mut rows: Vec<(u32, u32, i64)> = Vec::new();
    for steps in steps {
        let rule = codec::rule_of(steps.reason);
        rows.extend(steps.users.iter().map(|user| (user, steps.course.0, rule)));
    }
    // In the order of the tables, which is several times faster than from course to course.
    rows.sort_unstable();
    let each = |statement: &str| -> Result<()> {
        let mut statement = tx.prepare_cached(statement)?;
        let place = |name: &str| statement.parameter_index(name);
        let (user, course, rule, at_place) =
            (place(":user")?, place(":course")?, place(":rule")?, place(":at")?);
        if let Some(place) = at_place {
            statement.raw_bind_parameter(place, at.millis())?;
        }
        for (user_id, course_id, rule_id) in &rows {
            for (place, value) in
                [(user, i64::from(*user_id)), (course, i64::from(*course_id)), (rule, *rule_id)]
            {
                if let Some(place) = place {
                    statement.raw_bind_parameter(place, value)?;
                }
            }
            statement.raw_execute()?;
        }
        Ok(())
    };
    let hold = "INSERT INTO enrolment_reason (user_id, course_id, rule_id, state, since)
                VALUES (:user, :course, :rule, 'in_force', :at)";
    let release = "DELETE FROM enrolment_reason WHERE user_id = :user AND course_id = :course";
    let set = |state: &str| {
        format!(
            "UPDATE enrolment_reason SET state = '{state}'
             WHERE user_id = :user AND course_id = :course AND rule_id = :rule"
        )
    };
    let set_status = |status: &str| {
        format!("UPDATE enrolment SET status = '{status}' WHERE user_id = :user AND course_id = :course")
    };
    match action {
        Action::Enrolled => {
            each(
                "INSERT INTO enrolment (user_id, course_id, status, since) VALUES (:user, :course, 'active', :at)",
            )?;
            each(hold)
        }
        Action::Resumed => {
            each(release)?;
            each(&set_status("active"))?;
            each(hold)
        }
        Action::ReasonAdded => each(hold),
        Action::ReasonRestored => each(&set("in_force")),
        Action::Kept => each(&set("kept")),
        Action::ReasonDropped => each(&format!("{release} AND rule_id = :rule")),
        Action::Suspended => {
            each(&set("suspended"))?;
            each(&set_status("suspended"))
        }
        Action::Unenrolled => {
            each(release)?;
            each("DELETE FROM enrolment WHERE user_id = :user AND course_id = :course")
        }
    }
}
