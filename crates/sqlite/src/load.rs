//! Reading the tables of the current state into a snapshot. Not here: attributes (`attributes`), the values of cells
//! (`values`), members and what was decided by hand (`load_members`).

use std::collections::BTreeMap;
use std::str::FromStr;

use matricula_core::rule::{AttributeId, Kind, OptionId, Schema, Value};
use matricula_core::{
    CategoryId, Course, CourseId, Decimal, DueDate, Enrolment, EnrolmentLoader, EnrolmentRule,
    EnrolmentStatus, Error, Guard, Hash, HeldReason, Instant, LeavePolicy, Loader, ReasonState, Segment,
    SegmentId, SegmentState, Site, SiteId, Snapshot, Status, Tz, UserId,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Transaction};

use crate::attributes::{column, schema};
use crate::link::{Held, Link};
use crate::load_members::load_members;
use crate::schema::check_version;
use crate::{access, cache, codec, failed, invalid, journal, texts, values};

pub(crate) fn load(connection: &mut Connection, held: &mut Held, link: &Link) -> Result<Snapshot, Error> {
    // One read transaction, so that all tables are of one state of the database.
    let tx = connection.transaction().map_err(sql)?;
    check_version(&tx)?;
    let newest = newest(&tx)?;
    let Some(clock) = newest.1 else {
        return Ok(Snapshot::default());
    };
    let revision = codec::revision(newest.0)?;
    if link.options.cache
        && let Some(snapshot) = cache::load(&tx, &mut held.kept, revision)
    {
        return Ok(snapshot);
    }
    rows(&tx, link, newest, clock)
}

/// The snapshot that the rows come to, whatever images there are.
pub(crate) fn load_tables(connection: &mut Connection, link: &Link) -> Result<Snapshot, Error> {
    let tx = connection.transaction().map_err(sql)?;
    check_version(&tx)?;
    let newest = newest(&tx)?;
    match newest.1 {
        Some(clock) => rows(&tx, link, newest, clock),
        None => Ok(Snapshot::default()),
    }
}

fn rows(
    tx: &Transaction<'_>,
    link: &Link,
    newest: (i64, Option<i64>),
    clock: i64,
) -> Result<Snapshot, Error> {
    let schema = schema(tx, None)?;
    let counts = Counts::of(tx).map_err(sql)?;
    let (mut loader, enrolments) = std::thread::scope(|scope| {
        // There are as many rows of enrolments as of all else: they are read at the same time, where that pays.
        let aside = (counts.users >= MANY)
            .then(|| std::thread::Builder::new().spawn_scoped(scope, || read_aside(link, newest)).ok());
        let loader = people(tx, &schema, &counts)?;
        // Where that was not possible they are read now.
        let read = aside.flatten().and_then(|thread| thread.join().ok().flatten());
        let enrolments = read.unwrap_or_else(|| enrolments(tx))?;
        Ok::<_, Error>((loader, enrolments))
    })?;
    loader.enrolments(enrolments);
    guard(tx, clock, &mut loader)?;
    loader.head(head(tx)?);
    let clock = Instant::from_millis(clock).map_err(|error| invalid(error.message()))?;
    loader.finish(codec::revision(newest.0)?, clock)
}

/// The hash of the last commit, if it is sealed.
fn head(tx: &Transaction<'_>) -> Result<Option<Hash>, Error> {
    let head: Option<Vec<u8>> =
        tx.query_row("SELECT head FROM registry", [], |row| row.get(0)).map_err(sql)?;
    head.map(|head| Hash::from_bytes(&head).ok_or_else(|| invalid("the head is no hash"))).transpose()
}

/// From so many people on reading is shared between threads.
const MANY: u32 = 20_000;

/// The revision and the clock.
fn newest(tx: &Transaction<'_>) -> Result<(i64, Option<i64>), Error> {
    tx.query_row("SELECT revision, clock FROM registry", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(sql)
}

/// The enrolments over a connection of their own; `None` if that cannot be had, or sees another state of the database.
fn read_aside(link: &Link, of: (i64, Option<i64>)) -> Option<Result<EnrolmentLoader, Error>> {
    let mut connection = link.connect().ok()?;
    let tx = connection.transaction().ok()?;
    (newest(&tx).ok()? == of).then(|| enrolments(&tx))
}

/// Everything but the enrolments.
fn people(tx: &Transaction<'_>, schema: &Schema, counts: &Counts) -> Result<Loader, Error> {
    let mut loader = Loader::default();
    definitions(tx, schema, &mut loader)?;
    users(tx, schema, counts.users, &mut loader)?;
    options(tx, schema, counts.users, &mut loader)?;
    each(tx, "SELECT user_id, site_id, status FROM site_member ORDER BY user_id, site_id", |row| {
        loader.membership(UserId(get(row, 0)?), SiteId(get(row, 1)?), parse(row, 2)?);
        Ok(())
    })?;
    records(tx, counts, &mut loader)?;
    load_members(tx, counts, &mut loader)?;
    access::load(tx, &mut loader)?;
    Ok(loader)
}

/// The guard, and what was ended in the last day.
fn guard(tx: &Transaction<'_>, clock: i64, loader: &mut Loader) -> Result<(), Error> {
    each(tx, "SELECT percent, count, enabled FROM guard", |row| {
        let count = u64::try_from(get::<i64>(row, 1)?).map_err(|_| invalid("the guard counts below 0"))?;
        loader.guard(Guard { percent: get(row, 0)?, count, enabled: get(row, 2)? });
        Ok(())
    })?;
    for (at, author, losses) in journal::recent_losses(tx, clock.saturating_sub(24 * 3_600_000))? {
        loader.losses(at, &author, &losses);
    }
    Ok(())
}

/// How many there are of what other tables refer to.
pub(crate) struct Counts {
    pub(crate) users: u32,
    pub(crate) segments: u32,
    pub(crate) courses: u32,
}

impl Counts {
    fn of(tx: &Transaction<'_>) -> rusqlite::Result<Self> {
        // Numbers are dense, and the greatest is found without counting.
        let count = |table: &str| {
            tx.query_row(&format!("SELECT coalesce(max(id) + 1, 0) FROM {table}"), [], |row| row.get(0))
        };
        Ok(Self { users: count("user")?, segments: count("segment")?, courses: count("course")? })
    }
}

pub(crate) fn sql(error: rusqlite::Error) -> Error {
    failed("cannot read the tables", error)
}

pub(crate) fn get<T: rusqlite::types::FromSql>(row: &Row<'_>, column: usize) -> Result<T, Error> {
    row.get(column).map_err(sql)
}

/// A column with one of a few words in it.
pub(crate) fn parse<T: FromStr<Err = Error>>(row: &Row<'_>, column: usize) -> Result<T, Error> {
    let word = row.get_ref(column).map_err(sql)?;
    let word = word.as_str().map_err(|_| invalid("a word is no text"))?;
    word.parse().map_err(|error: Error| invalid(error.message()))
}

pub(crate) fn each(
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

fn definitions(tx: &Transaction<'_>, schema: &Schema, loader: &mut Loader) -> Result<(), Error> {
    each(tx, "SELECT id, key, name, zone, closed FROM site ORDER BY id", |row| {
        let zone: String = get(row, 3)?;
        let zone = Tz::from_str(&zone).map_err(|_| invalid(format!("unknown time zone `{zone}`")))?;
        let (key, name, closed) = (get(row, 1)?, get(row, 2)?, get(row, 4)?);
        loader.site(SiteId(get(row, 0)?), Site { key, name, zone, closed });
        Ok(())
    })?;
    schema.attributes().iter().cloned().for_each(|attribute| loader.attribute(attribute));
    each(tx, "SELECT key, name, site_id, category_id, archived FROM course ORDER BY id", |row| {
        let (key, name, archived) = (get(row, 0)?, get(row, 1)?, get(row, 4)?);
        let category = get::<Option<u32>>(row, 3)?.map(CategoryId);
        loader.course(Course { key, name, site: SiteId(get(row, 2)?), category, archived });
        Ok(())
    })?;
    let select = "SELECT id, key, name, site_id, rule, state, owner, description, sql_rows, deleted FROM segment ORDER BY id";
    each(tx, select, |row| {
        let (id, rule): (u32, Option<String>) = (get(row, 0)?, get(row, 4)?);
        loader.segment(Segment {
            key: get(row, 1)?,
            name: get(row, 2)?,
            site: get::<Option<u32>>(row, 3)?.map(SiteId),
            rule: rule.map(|rule| texts::parse(id, &rule)).transpose()?,
            state: parse::<SegmentState>(row, 5)?,
            owner: get(row, 6)?,
            description: get(row, 7)?,
            sql_rows: get(row, 8)?,
            deleted: get(row, 9)?,
        });
        Ok(())
    })?;
    let mut courses: BTreeMap<u32, Vec<CourseId>> = BTreeMap::new();
    each(tx, "SELECT rule_id, course_id FROM enrolment_rule_course ORDER BY rule_id, position", |row| {
        courses.entry(get(row, 0)?).or_default().push(CourseId(get(row, 1)?));
        Ok(())
    })?;
    let select =
        "SELECT id, key, name, segment_id, on_leave, enabled, role, acts_from, acts_until, due_on, due_after,
                      deleted
                  FROM enrolment_rule ORDER BY id";
    each(tx, select, |row| {
        let id: u32 = get(row, 0)?;
        loader.enrolment_rule(EnrolmentRule {
            key: get(row, 1)?,
            name: get(row, 2)?,
            segment: SegmentId(get(row, 3)?),
            courses: courses.remove(&id).unwrap_or_default(),
            on_leave: parse::<LeavePolicy>(row, 4)?,
            enabled: get(row, 5)?,
            role: get(row, 6)?,
            from: codec::perhaps_instant(row, 7)?,
            until: codec::perhaps_instant(row, 8)?,
            due: match (codec::day(row, 9)?, get::<Option<u32>>(row, 10)?) {
                (Some(day), _) => Some(DueDate::On(day)),
                (None, days) => days.map(DueDate::After),
            },
            deleted: get(row, 11)?,
        });
        Ok(())
    })
}

fn users(tx: &Transaction<'_>, schema: &Schema, count: u32, loader: &mut Loader) -> Result<(), Error> {
    let attributes: Vec<_> = schema
        .attributes()
        .iter()
        .filter(|attribute| values::type_of(&attribute.kind).is_some() && !attribute.deleted)
        .map(|attribute| (attribute, format!(", {}", column(attribute.id.0))))
        .collect();
    let columns: String = attributes.iter().map(|(_, column)| column.as_str()).collect();
    each(tx, &format!("SELECT id, key, status, created{columns} FROM user ORDER BY id"), |row| {
        let id = UserId(get(row, 0)?);
        let key = row.get_ref(1).map_err(sql)?;
        let key = key.as_str().map_err(|_| invalid(format!("the key of user {} is no text", id.0)))?;
        let status = match row.get_ref(2).map_err(sql)?.as_str() {
            Ok("erased") => Status::Erased,
            _ => parse::<Status>(row, 2)?,
        };
        loader.user(id, key, status, codec::instant(row, 3)?)?;
        for ((attribute, _), column) in attributes.iter().zip(4..) {
            if let Some(value) = values::value(row.get_ref(column).map_err(sql)?, &attribute.kind, count) {
                let wrong = || invalid(format!("user {} has an unknown value of {}", id.0, attribute.key));
                loader.value(id, attribute.id, value.ok_or_else(wrong)?);
            }
        }
        Ok(())
    })
}

/// The values of multi-choices, from the options of each person and attribute.
fn options(tx: &Transaction<'_>, schema: &Schema, count: u32, loader: &mut Loader) -> Result<(), Error> {
    let mut last: Option<(UserId, AttributeId)> = None;
    let mut options: Vec<OptionId> = Vec::new();
    let mut give = |of: Option<(UserId, AttributeId)>, options: &mut Vec<OptionId>| {
        if let Some((user, attribute)) = of {
            loader.value(user, attribute, Value::Choices(std::mem::take(options).into()));
        }
    };
    let select = "SELECT user_id, attribute_id, option_id FROM user_option
                  ORDER BY user_id, attribute_id, option_id";
    each(tx, select, |row| {
        let (user, id, option) = (UserId(get(row, 0)?), AttributeId(get(row, 1)?), OptionId(get(row, 2)?));
        let attribute = schema.get(id).filter(|it| matches!(it.kind, Kind::MultiChoice { .. }));
        let Some(attribute) = attribute.filter(|_| user.0 < count) else {
            return Err(invalid(format!("an option of user {} is of what is not there", user.0)));
        };
        if attribute.option_key(option).is_none() {
            return Err(invalid(format!("user {} has an unknown value of {}", user.0, attribute.key)));
        }
        if last != Some((user, id)) {
            give(last, &mut options);
            last = Some((user, id));
        }
        options.push(option);
        Ok(())
    })?;
    give(last, &mut options);
    Ok(())
}

fn records(tx: &Transaction<'_>, counts: &Counts, loader: &mut Loader) -> Result<(), Error> {
    let select = "SELECT user_id, course_id, completed, score FROM course_record ORDER BY user_id, course_id";
    each(tx, select, |row| {
        let (user, course) = (UserId(get(row, 0)?), CourseId(get(row, 1)?));
        if user.0 >= counts.users || course.0 >= counts.courses {
            return Err(invalid(format!("a record of user {} names what is not there", user.0)));
        }
        let completed = match get::<Option<i64>>(row, 2)? {
            Some(_) => Some(codec::instant(row, 2)?),
            None => None,
        };
        let score = match get::<Option<i64>>(row, 3)? {
            Some(score) => {
                let score = Decimal::from_millionths(score).filter(|_| (0..=1_000_000).contains(&score));
                Some(score.ok_or_else(|| invalid(format!("user {} has an unknown score", user.0)))?)
            }
            None => None,
        };
        loader.record(user, course, completed, score);
        Ok(())
    })
}

/// Both tables are read side by side, in the order of their keys.
fn enrolments(tx: &Transaction<'_>) -> Result<EnrolmentLoader, Error> {
    let mut loader = EnrolmentLoader::default();
    let mut select = tx
        .prepare(
            "SELECT user_id, course_id, rule_id, state, since, due FROM enrolment_reason
             ORDER BY user_id, course_id, rule_id",
        )
        .map_err(sql)?;
    let mut reasons = select.query([]).map_err(sql)?;
    let mut next = read_reason(&mut reasons)?;
    // One for all: its list of reasons is used again and again.
    let mut enrolment = Enrolment {
        user: UserId(0),
        course: CourseId(0),
        status: EnrolmentStatus::Active,
        since: Instant::EPOCH,
        suspended_by_hand: None,
        reasons: Vec::new(),
    };
    let select = "SELECT user_id, course_id, status, since, suspended_by_hand FROM enrolment
                  ORDER BY user_id, course_id";
    each(tx, select, |row| {
        let key = (UserId(get(row, 0)?), CourseId(get(row, 1)?));
        enrolment.status = match row.get_ref(2).map_err(sql)? {
            ValueRef::Text(b"active") => EnrolmentStatus::Active,
            ValueRef::Text(b"suspended") => EnrolmentStatus::Suspended,
            _ => return Err(invalid(format!("an enrolment of user {} has an unknown status", key.0.0))),
        };
        (enrolment.user, enrolment.course) = key;
        enrolment.since = codec::instant(row, 3)?;
        enrolment.reasons.clear();
        while let Some((_, reason)) = next.filter(|(of, _)| *of == key) {
            enrolment.reasons.push(reason);
            next = read_reason(&mut reasons)?;
        }
        if enrolment.reasons.is_empty() {
            return Err(invalid(format!("an enrolment of user {} has no reason", key.0.0)));
        }
        enrolment.suspended_by_hand = codec::perhaps_instant(row, 4)?;
        loader.enrolment(&enrolment)
    })?;
    match next {
        None => Ok(loader),
        Some(((user, _), _)) => Err(invalid(format!("a reason of user {} has no enrolment", user.0))),
    }
}

type KeyedReason = ((UserId, CourseId), HeldReason);

fn read_reason(rows: &mut rusqlite::Rows<'_>) -> Result<Option<KeyedReason>, Error> {
    let Some(row) = rows.next().map_err(sql)? else { return Ok(None) };
    let (user, course) = (UserId(get(row, 0)?), CourseId(get(row, 1)?));
    let reason = codec::reason_of(get(row, 2)?)?;
    let state = match row.get_ref(3).map_err(sql)? {
        ValueRef::Text(b"in_force") => ReasonState::InForce,
        ValueRef::Text(b"kept") => ReasonState::Kept,
        ValueRef::Text(b"suspended") => ReasonState::Suspended,
        _ => return Err(invalid(format!("a reason of user {} has an unknown state", user.0))),
    };
    let (since, due) = (codec::instant(row, 4)?, codec::day(row, 5)?);
    Ok(Some(((user, course), HeldReason { reason, state, since, due })))
}
