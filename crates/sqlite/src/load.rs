//! Reading the tables of the current state into a snapshot.

use std::str::FromStr;

use chrono::NaiveDate;
use matricula_core::rule::{Attribute, AttributeId, Choice, Kind, OptionId, Schema, Value};
use matricula_core::{
    Course, CourseId, Enrolment, EnrolmentRule, EnrolmentStatus, Error, HeldReason, Instant, LeavePolicy,
    Loader, ReasonState, RoaringBitmap, RowSet, Segment, SegmentId, Site, SiteId, Snapshot, Status, Tz,
    UserId,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Transaction};

use crate::schema::column;
use crate::{codec, failed, invalid};

pub(crate) fn load(connection: &mut Connection) -> Result<Snapshot, Error> {
    // One read transaction, so that all tables are of one state of the database.
    let tx = connection.transaction().map_err(sql)?;
    let (number, clock): (i64, Option<i64>) = tx
        .query_row("SELECT revision, clock FROM registry", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(sql)?;
    let Some(clock) = clock else {
        return Ok(Snapshot::default());
    };
    let mut loader = Loader::default();
    definitions(&tx, &mut loader)?;
    users(&tx, &mut loader)?;
    each(&tx, "SELECT user_id, site_id, status FROM site_member ORDER BY user_id, site_id", |row| {
        loader.membership(UserId(get(row, 0)?), SiteId(get(row, 1)?), parse(row, 2)?);
        Ok(())
    })?;
    members(&tx, &mut loader)?;
    enrolments(&tx, &mut loader)?;
    let clock = Instant::from_millis(clock).map_err(|error| invalid(error.message()))?;
    Ok(loader.finish(codec::revision(number)?, clock))
}

fn sql(error: rusqlite::Error) -> Error {
    failed("cannot read the tables", error)
}

fn get<T: rusqlite::types::FromSql>(row: &Row<'_>, column: usize) -> Result<T, Error> {
    row.get(column).map_err(sql)
}

/// A column with one of a few words in it.
fn parse<T: FromStr<Err = Error>>(row: &Row<'_>, column: usize) -> Result<T, Error> {
    let word = row.get_ref(column).map_err(sql)?;
    let word = word.as_str().map_err(|_| invalid("a word is no text"))?;
    word.parse().map_err(|error: Error| invalid(error.message()))
}

fn each(
    tx: &Transaction<'_>,
    select: &str,
    mut visit: impl FnMut(&Row<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut select = tx.prepare(select).map_err(sql)?;
    let mut rows = select.query([]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        visit(row)?;
    }
    Ok(())
}

/// The attributes.
pub(crate) fn schema(tx: &Transaction<'_>) -> Result<Schema, Error> {
    let mut attributes: Vec<Attribute> = Vec::new();
    each(tx, "SELECT id, key, type FROM attribute ORDER BY id", |row| {
        let kind = match get::<String>(row, 2)?.as_str() {
            "text" => Kind::Text,
            "date" => Kind::Date,
            "choice" => Kind::Choice { options: Vec::new() },
            other => return Err(invalid(format!("unknown attribute type `{other}`"))),
        };
        attributes.push(Attribute::new(AttributeId(get(row, 0)?), get::<String>(row, 1)?, kind));
        Ok(())
    })?;
    each(tx, "SELECT attribute_id, key FROM attribute_option ORDER BY attribute_id, id", |row| {
        let attribute = attributes.get_mut(get::<u32>(row, 0)? as usize);
        if let Some(Attribute { kind: Kind::Choice { options }, .. }) = attribute {
            options.push(Choice { key: get(row, 1)? });
        }
        Ok(())
    })?;
    let mut schema = Schema::default();
    attributes.into_iter().for_each(|attribute| schema.define(attribute));
    Ok(schema)
}

fn definitions(tx: &Transaction<'_>, loader: &mut Loader) -> Result<(), Error> {
    each(tx, "SELECT id, key, name, zone FROM site ORDER BY id", |row| {
        let zone: String = get(row, 3)?;
        let zone = Tz::from_str(&zone).map_err(|_| invalid(format!("unknown time zone `{zone}`")))?;
        loader.site(SiteId(get(row, 0)?), Site { key: get(row, 1)?, name: get(row, 2)?, zone });
        Ok(())
    })?;
    schema(tx)?.attributes().iter().cloned().for_each(|attribute| loader.attribute(attribute));
    each(tx, "SELECT key, name, site_id FROM course ORDER BY id", |row| {
        loader.course(Course { key: get(row, 0)?, name: get(row, 1)?, site: SiteId(get(row, 2)?) });
        Ok(())
    })?;
    each(tx, "SELECT key, name, site_id, rule FROM segment ORDER BY id", |row| {
        let (key, rule): (String, String) = (get(row, 0)?, get(row, 3)?);
        let rule = serde_json::from_str(&rule)
            .map_err(|error| invalid(format!("the rule of segment `{key}` cannot be understood: {error}")))?;
        loader.segment(Segment {
            key,
            name: get(row, 1)?,
            site: get::<Option<u32>>(row, 2)?.map(SiteId),
            rule,
        })
    })?;
    let mut courses: Vec<(u32, CourseId)> = Vec::new();
    each(tx, "SELECT rule_id, course_id FROM enrolment_rule_course ORDER BY rule_id, position", |row| {
        courses.push((get(row, 0)?, CourseId(get(row, 1)?)));
        Ok(())
    })?;
    each(tx, "SELECT id, key, name, segment_id, on_leave, enabled FROM enrolment_rule ORDER BY id", |row| {
        let id: u32 = get(row, 0)?;
        loader.enrolment_rule(EnrolmentRule {
            key: get(row, 1)?,
            name: get(row, 2)?,
            segment: SegmentId(get(row, 3)?),
            courses: courses.iter().filter(|(rule, _)| *rule == id).map(|(_, course)| *course).collect(),
            on_leave: parse::<LeavePolicy>(row, 4)?,
            enabled: get(row, 5)?,
        });
        Ok(())
    })
}

fn users(tx: &Transaction<'_>, loader: &mut Loader) -> Result<(), Error> {
    let schema = schema(tx)?;
    let columns: String =
        schema.attributes().iter().map(|attribute| format!(", {}", column(attribute.id))).collect();
    each(tx, &format!("SELECT id, key, status{columns} FROM user ORDER BY id"), |row| {
        let id = UserId(get(row, 0)?);
        let key = row.get_ref(1).map_err(sql)?;
        let key = key.as_str().map_err(|_| invalid(format!("the key of user {} is no text", id.0)))?;
        loader.user(id, key, parse::<Status>(row, 2)?)?;
        for (attribute, column) in schema.attributes().iter().zip(3..) {
            if let Some(value) = value(row.get_ref(column).map_err(sql)?, &attribute.kind) {
                let wrong = || invalid(format!("user {} has an unknown value of {}", id.0, attribute.key));
                loader.value(id, attribute.id, value.ok_or_else(wrong)?);
            }
        }
        Ok(())
    })
}

/// The value of a cell: none, one, or one that cannot be.
fn value(cell: ValueRef<'_>, kind: &Kind) -> Option<Option<Value>> {
    let value = match (kind, cell) {
        (_, ValueRef::Null) => return None,
        (Kind::Text, cell) => cell.as_str().ok().map(|text| Value::Text(text.into())),
        (Kind::Choice { options }, cell) => cell
            .as_i64()
            .ok()
            .and_then(|option| u32::try_from(option).ok())
            .filter(|option| (*option as usize) < options.len())
            .map(|option| Value::Choice(OptionId(option))),
        (Kind::Date, cell) => cell
            .as_str()
            .ok()
            .and_then(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
            .map(Value::Date),
    };
    Some(value)
}

fn members(tx: &Transaction<'_>, loader: &mut Loader) -> Result<(), Error> {
    let mut segments: Vec<(SegmentId, RoaringBitmap)> = Vec::new();
    each(tx, "SELECT segment_id, members FROM segment_members ORDER BY segment_id, part", |row| {
        let segment = SegmentId(get(row, 0)?);
        let part = row.get_ref(1).map_err(sql)?;
        let part =
            codec::bitmap(part.as_blob().map_err(|_| invalid("the members of a segment are no bitmap"))?)?;
        match segments.last_mut() {
            Some((last, members)) if *last == segment => *members |= part,
            _ => segments.push((segment, part)),
        }
        Ok(())
    })?;
    for (segment, members) in segments {
        loader.members(segment, RowSet::from_roaring(&members));
    }
    Ok(())
}

/// Both tables are read side by side, in the order of their keys.
fn enrolments(tx: &Transaction<'_>, loader: &mut Loader) -> Result<(), Error> {
    let mut select = tx
        .prepare(
            "SELECT user_id, course_id, rule_id, state, since FROM enrolment_reason
             ORDER BY user_id, course_id, rule_id",
        )
        .map_err(sql)?;
    let mut reasons = select.query([]).map_err(sql)?;
    let mut next = read_reason(&mut reasons)?;
    each(tx, "SELECT user_id, course_id, status, since FROM enrolment ORDER BY user_id, course_id", |row| {
        let key = (UserId(get(row, 0)?), CourseId(get(row, 1)?));
        let status = match row.get_ref(2).map_err(sql)?.as_str() {
            Ok("active") => EnrolmentStatus::Active,
            Ok("suspended") => EnrolmentStatus::Suspended,
            _ => return Err(invalid(format!("an enrolment of user {} has an unknown status", key.0.0))),
        };
        let mut held = Vec::with_capacity(1);
        while let Some((_, reason)) = next.filter(|(of, _)| *of == key) {
            held.push(reason);
            next = read_reason(&mut reasons)?;
        }
        if held.is_empty() {
            return Err(invalid(format!("an enrolment of user {} has no reason", key.0.0)));
        }
        let since = codec::instant(row, 3)?;
        loader.enrolment(&Enrolment { user: key.0, course: key.1, status, since, reasons: held })
    })?;
    match next {
        None => Ok(()),
        Some(((user, _), _)) => Err(invalid(format!("a reason of user {} has no enrolment", user.0))),
    }
}

type KeyedReason = ((UserId, CourseId), HeldReason);

fn read_reason(rows: &mut rusqlite::Rows<'_>) -> Result<Option<KeyedReason>, Error> {
    let Some(row) = rows.next().map_err(sql)? else { return Ok(None) };
    let (user, course) = (UserId(get(row, 0)?), CourseId(get(row, 1)?));
    let reason = codec::reason_of(get(row, 2)?)?;
    let state = match row.get_ref(3).map_err(sql)?.as_str() {
        Ok("in_force") => ReasonState::InForce,
        Ok("kept") => ReasonState::Kept,
        Ok("suspended") => ReasonState::Suspended,
        _ => return Err(invalid(format!("a reason of user {} has an unknown state", user.0))),
    };
    let since = codec::instant(row, 4)?;
    Ok(Some(((user, course), HeldReason { reason, state, since })))
}
