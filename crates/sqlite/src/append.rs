//! Writing a commit: the journal, and the tables of the current state in step with it, all in one database
//! transaction.

use std::sync::Arc;

use matricula_core::rule::{AttributeId, Schema, Value, print};
use matricula_core::{
    Action, Appended, Commit, Entry, Error, Instant, MembershipChange, RoaringBitmap, Segment, SegmentId,
    Status, Steps, UserEntry,
};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{
    Connection, OptionalExtension, Result, Transaction, TransactionBehavior, params, params_from_iter,
};

use crate::schema::{column, put_attribute, put_site, show_users};
use crate::{codec, failed, journal, load};

pub(crate) fn append(
    connection: &mut Connection,
    commit: &Arc<Commit>,
) -> std::result::Result<Appended, Error> {
    let sql = |error| failed("cannot write the commit", error);
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    let newest: i64 = tx.query_row("SELECT revision FROM registry", [], |row| row.get(0)).map_err(sql)?;
    if codec::number(commit.revision) != newest + 1 {
        return Ok(Appended::Conflict);
    }
    journal::write(&tx, commit)?;
    let schema = load::schema(&tx)?;
    let mut writer = Writer { insert_user: insert_user(&schema), schema, tx: &tx };
    writer.entries(commit).map_err(sql)?;
    for moment in &commit.moments {
        for change in &moment.memberships {
            writer.membership(change)?;
        }
        for same in moment.steps.chunk_by(|a, b| a.action == b.action) {
            writer.steps(same, moment.at).map_err(sql)?;
        }
    }
    tx.prepare_cached("UPDATE registry SET revision = ?1, clock = ?2")
        .and_then(|mut update| update.execute(params![codec::number(commit.revision), commit.at.millis()]))
        .map_err(sql)?;
    tx.commit().map_err(sql)?;
    Ok(Appended::Done)
}

struct Writer<'a> {
    tx: &'a Transaction<'a>,
    schema: Schema,
    /// The statement for a new user, by this schema.
    insert_user: String,
}

/// The part of a bitmap that a row falls in.
const PART: u32 = 1 << 16;

impl Writer<'_> {
    fn entries(&mut self, commit: &Commit) -> Result<()> {
        for entry in commit.entries.iter() {
            match entry {
                Entry::Site(id, site) => put_site(self.tx, *id, site)?,
                Entry::Attribute(attribute) => {
                    put_attribute(self.tx, attribute)?;
                    self.schema.define(attribute.clone());
                    self.insert_user = insert_user(&self.schema);
                    show_users(self.tx, self.schema.attributes())?;
                }
                Entry::Course(id, course) => {
                    let mut put = self.tx.prepare_cached(
                        "INSERT INTO course (id, key, name, site_id) VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT (id) DO UPDATE SET key = ?2, name = ?3, site_id = ?4",
                    )?;
                    put.execute(params![id.0, course.key, course.name, course.site.0])?;
                }
                Entry::Segment(id, segment) => self.segment(*id, segment)?,
                Entry::EnrolmentRule(id, rule) => {
                    let mut put = self.tx.prepare_cached(
                        "INSERT INTO enrolment_rule (id, key, name, segment_id, on_leave, enabled)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                         ON CONFLICT (id) DO UPDATE
                         SET key = ?2, name = ?3, segment_id = ?4, on_leave = ?5, enabled = ?6",
                    )?;
                    let leave = rule.on_leave.name();
                    put.execute(params![id.0, rule.key, rule.name, rule.segment.0, leave, rule.enabled])?;
                    self.tx
                        .prepare_cached("DELETE FROM enrolment_rule_course WHERE rule_id = ?1")?
                        .execute([id.0])?;
                    let mut put = self.tx.prepare_cached(
                        "INSERT INTO enrolment_rule_course (rule_id, position, course_id) VALUES (?1, ?2, ?3)",
                    )?;
                    for (course, position) in rule.courses.iter().zip(0_u32..) {
                        put.execute(params![id.0, position, course.0])?;
                    }
                }
                Entry::User(user) => self.user(user)?,
            }
        }
        Ok(())
    }

    fn segment(&self, id: SegmentId, segment: &Segment) -> Result<()> {
        let rule = serde_json::to_string(&segment.rule).map_err(to_sql)?;
        let text = print(&segment.rule, &self.schema);
        let mut put = self.tx.prepare_cached(
            "INSERT INTO segment (id, key, name, site_id, rule, rule_text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET key = ?2, name = ?3, site_id = ?4, rule = ?5, rule_text = ?6",
        )?;
        let site = segment.site.map(|site| site.0);
        put.execute(params![id.0, segment.key, segment.name, site, rule, text]).map(drop)
    }

    fn user(&self, entry: &UserEntry) -> Result<()> {
        let id = entry.id.0;
        if let Some(key) = &entry.key {
            self.new_user(entry, key)?;
        } else {
            if let Some(status) = entry.status {
                let mut set = self.tx.prepare_cached("UPDATE user SET status = ?2 WHERE id = ?1")?;
                set.execute(params![id, status.name()])?;
            }
            for (attribute, value) in &entry.values {
                let set = format!("UPDATE user SET {} = ?2 WHERE id = ?1", column(*attribute));
                self.tx.prepare_cached(&set)?.execute(params![id, to_value(value.as_ref())])?;
            }
        }
        for (site, status) in &entry.sites {
            match status {
                Some(status) => {
                    let mut put = self.tx.prepare_cached(
                        "INSERT INTO site_member (user_id, site_id, status) VALUES (?1, ?2, ?3)
                         ON CONFLICT (user_id, site_id) DO UPDATE SET status = ?3",
                    )?;
                    put.execute(params![id, site.0, status.name()])?;
                }
                None => {
                    let mut end = self
                        .tx
                        .prepare_cached("DELETE FROM site_member WHERE user_id = ?1 AND site_id = ?2")?;
                    end.execute(params![id, site.0])?;
                }
            }
        }
        Ok(())
    }

    fn new_user(&self, entry: &UserEntry, key: &str) -> Result<()> {
        let status = entry.status.unwrap_or(Status::Active);
        let text = |text| ToSqlOutput::Borrowed(ValueRef::Text(text));
        let mut values = vec![entry.id.0.into(), text(key.as_bytes()), text(status.name().as_bytes())];
        values.resize(3 + self.schema.attributes().len(), to_value(None));
        for (AttributeId(attribute), value) in &entry.values {
            if let Some(place) = values.get_mut(3 + *attribute as usize) {
                *place = to_value(value.as_ref());
            }
        }
        self.tx.prepare_cached(&self.insert_user)?.execute(params_from_iter(values)).map(drop)
    }

    fn membership(&self, change: &MembershipChange) -> std::result::Result<(), Error> {
        let sql = |error| failed("cannot write members", error);
        let first = change.joined.min().into_iter().chain(change.left.min()).min();
        let last = change.joined.max().into_iter().chain(change.left.max()).max();
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(());
        };
        for part in first / PART..=last / PART {
            let (joined, left) = (in_part(&change.joined, part), in_part(&change.left, part));
            if joined.is_empty() && left.is_empty() {
                continue;
            }
            let segment = change.segment.0;
            let old: Option<Vec<u8>> = self
                .tx
                .prepare_cached("SELECT members FROM segment_members WHERE segment_id = ?1 AND part = ?2")
                .and_then(|mut get| get.query_row(params![segment, part], |row| row.get(0)).optional())
                .map_err(sql)?;
            let mut members = match old {
                Some(bytes) => codec::bitmap(&bytes)?,
                None => RoaringBitmap::new(),
            };
            members -= left;
            members |= joined;
            self.tx
                .prepare_cached(
                    "INSERT OR REPLACE INTO segment_members (segment_id, part, members) VALUES (?1, ?2, ?3)",
                )
                .and_then(|mut put| put.execute(params![segment, part, codec::bytes(&members)]))
                .map_err(sql)?;
        }
        Ok(())
    }

    /// The same steps on tables as core applies to its records; all of one action.
    fn steps(&self, steps: &[Steps], at: Instant) -> Result<()> {
        let Some(action) = steps.first().map(|steps| steps.action) else { return Ok(()) };
        let mut rows: Vec<(u32, u32, i64)> = Vec::new();
        for steps in steps {
            let rule = codec::rule_of(steps.reason);
            rows.extend(steps.users.iter().map(|user| (user, steps.course.0, rule)));
        }
        // In the order of the tables, which is several times faster than from course to course.
        rows.sort_unstable();
        let each = |statement: &str| -> Result<()> {
            let mut statement = self.tx.prepare_cached(statement)?;
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
}

fn in_part(bitmap: &RoaringBitmap, part: u32) -> RoaringBitmap {
    let start = part * PART;
    bitmap.range(start..=start + (PART - 1)).collect()
}

fn to_value(value: Option<&Value>) -> ToSqlOutput<'_> {
    match value {
        None => ToSqlOutput::Borrowed(ValueRef::Null),
        Some(Value::Text(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Some(Value::Choice(option)) => option.0.into(),
        Some(Value::Date(date)) => date.to_string().into(),
    }
}

/// The statement for a new user, with a place for every attribute, so that it is prepared once for a whole feed.
fn insert_user(schema: &Schema) -> String {
    let columns: String =
        schema.attributes().iter().map(|attribute| format!(", {}", column(attribute.id))).collect();
    let places = ", ?".repeat(schema.attributes().len());
    format!("INSERT INTO user (id, key, status{columns}) VALUES (?, ?, ?{places})")
}

fn to_sql(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}
