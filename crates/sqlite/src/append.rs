//! Writing a commit: the journal, and the tables of the current state in step with it, all in one database
//! transaction. Here: definitions, and the order of everything. Not here: what is written of people (`people`),
//! members (`members`) and enrolments (`steps`).

use std::collections::BTreeSet;
use std::sync::Arc;

use matricula_core::rule::AttributeId;
use matricula_core::{
    Appended, Commit, Course, CourseId, DueDate, EnrolmentRule, EnrolmentRuleId, Entry, Error, Guard,
    Instant, Seal, Sealer, Segment, SegmentId, Was,
};
use rusqlite::{Connection, Result, Transaction, TransactionBehavior, params};

use crate::members::Members;
use crate::people::People;
use crate::schema::{check_version, put_site, show_users};
use crate::{access, attributes, codec, erase, failed, journal, seals, steps, texts, to_sql};

pub(crate) fn append(
    connection: &mut Connection,
    commit: &Arc<Commit>,
    sealer: Option<&Sealer<'_>>,
) -> std::result::Result<Put, Error> {
    let sql = |error| failed("cannot write the commit", error);
    let erased = commit.erases();
    if !erased.is_empty() {
        let before = erase::overwrite(connection, 1).map_err(sql)?;
        let appended = append_in(connection, commit, sealer, |_| Ok(Appended::Done));
        // What is recorded is recorded: overwriting more than is asked for does no harm.
        let _ = erase::overwrite(connection, before);
        return appended;
    }
    append_in(connection, commit, sealer, |_| Ok(Appended::Done))
}

/// What came of a commit.
#[derive(Debug)]
pub(crate) enum Put {
    /// It is written; with the seal, if it was sealed here.
    Done(Option<Seal>),
    /// It is not the next one, or its idempotency key was used.
    Conflict,
}

impl Put {
    pub(crate) fn appended(&self) -> Appended {
        match self {
            Self::Done(_) => Appended::Done,
            Self::Conflict => Appended::Conflict,
        }
    }
}

/// Appends a commit, and does something more in the same database transaction, which may find that there is a conflict.
pub(crate) fn append_in(
    connection: &mut Connection,
    commit: &Commit,
    sealer: Option<&Sealer<'_>>,
    more: impl FnOnce(&Transaction<'_>) -> std::result::Result<Appended, Error>,
) -> std::result::Result<Put, Error> {
    let sql = |error| failed("cannot write the commit", error);
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    check_version(&tx)?;
    let put = put(&tx, commit, sealer)?;
    if put.appended() == Appended::Conflict || more(&tx)? == Appended::Conflict {
        return Ok(Put::Conflict);
    }
    tx.commit().map_err(sql)?;
    Ok(put)
}

/// Writes a commit, if it is the next one; with what seals it, if it is not yet sealed.
pub(crate) fn put(
    tx: &Transaction<'_>,
    commit: &Commit,
    sealer: Option<&Sealer<'_>>,
) -> std::result::Result<Put, Error> {
    let sql = |error| failed("cannot write the commit", error);
    let newest: i64 = tx.query_row("SELECT revision FROM registry", [], |row| row.get(0)).map_err(sql)?;
    if codec::number(commit.revision) != newest + 1 {
        return Ok(Put::Conflict);
    }
    if let Some(keyed) = &commit.idempotency
        && journal::has_key(tx, &keyed.key)?
    {
        return Ok(Put::Conflict);
    }
    let sealed = journal::write(tx, commit, sealer)?;
    erase::in_journal(tx, commit.revision, &commit.erases())?;
    let members = Members::new(tx, commit).map_err(sql)?;
    let mut definitions = Definitions::default();
    write_entries(tx, commit, &members, &mut definitions).map_err(sql)?;
    if definitions.attributes {
        show_users(tx).map_err(sql)?;
    }
    if !commit.erases().is_empty() {
        // Their texts name people by keys.
        definitions.segments.extend(ruled_segments(tx).map_err(sql)?);
    }
    texts::write(tx, &definitions.segments, &definitions.renamed)?;
    for moment in &commit.moments {
        for change in &moment.memberships {
            members.follow(change)?;
        }
        for same in moment.steps.chunk_by(|a, b| a.action == b.action) {
            steps::write(tx, same, moment.at).map_err(sql)?;
        }
    }
    members.settle()?;
    let seal = sealed.as_ref().or(commit.seal.as_ref());
    let head = seal.map(|seal| seals::blob(&seal.hash.0));
    tx.prepare_cached("UPDATE registry SET revision = ?1, clock = ?2, head = ?3, grants = max(grants, ?4)")
        .and_then(|mut update| {
            let grants = access::grants(commit);
            update.execute(params![codec::number(commit.revision), commit.at.millis(), head, grants])
        })
        .map_err(sql)?;
    Ok(Put::Done(sealed))
}

/// The segments that have a rule.
fn ruled_segments(tx: &Transaction<'_>) -> Result<Vec<u32>> {
    let mut select = tx.prepare("SELECT id FROM segment WHERE rule IS NOT NULL")?;
    select.query_map([], |row| row.get(0))?.collect()
}

/// What was defined.
#[derive(Default)]
struct Definitions {
    /// Whether attributes are new, or gone.
    attributes: bool,
    /// Attributes whose options have other keys.
    renamed: BTreeSet<AttributeId>,
    segments: BTreeSet<u32>,
}

fn write_entries(
    tx: &Transaction<'_>,
    commit: &Commit,
    members: &Members<'_>,
    definitions: &mut Definitions,
) -> Result<()> {
    // By the attributes as they are by then.
    let mut people: Option<People<'_>> = None;
    for entry in commit.entries.iter() {
        match entry {
            Entry::Site(id, site) => put_site(tx, *id, site)?,
            Entry::Attribute(attribute) => {
                let put = attributes::put(tx, attribute)?;
                definitions.attributes |= put.new || put.gone;
                definitions.renamed.extend(put.renamed.then_some(attribute.id));
                people = None;
            }
            Entry::Course(id, course) => put_course(tx, *id, course)?,
            Entry::Segment(id, segment) => {
                put_segment(tx, *id, segment)?;
                if segment.deleted {
                    members.forget(*id)?;
                }
                definitions.segments.insert(id.0);
            }
            Entry::EnrolmentRule(id, rule) => put_rule(tx, *id, rule)?,
            Entry::Guard(guard) => put_guard(tx, guard)?,
            Entry::Exception { segment, user, exception } => members.decide(*segment, *user, *exception)?,
            Entry::Erase(user) => erase::in_tables(tx, *user)?,
            Entry::Archive { .. } => {}
            Entry::Category(..)
            | Entry::Capability(_)
            | Entry::Role(..)
            | Entry::Override { .. }
            | Entry::Lock { .. }
            | Entry::Grant(..)
            | Entry::Revoke { .. } => access::write(tx, entry)?,
            Entry::User(_) | Entry::Record(_) | Entry::Erased { .. } => {
                let people = match &people {
                    Some(people) => people,
                    None => people.insert(People::new(tx, commit.at)?),
                };
                match entry {
                    Entry::User(user) => people.write(user)?,
                    Entry::Record(record) => people.record(record)?,
                    Entry::Erased { user, was: Was::Created } => people.create_stub(*user)?,
                    _ => {}
                }
            }
        }
    }
    Ok(())
}

fn put_course(tx: &Transaction<'_>, id: CourseId, course: &Course) -> Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO course (id, key, name, site_id, category_id, archived) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET key = ?2, name = ?3, site_id = ?4, category_id = ?5, archived = ?6",
    )?;
    let category = course.category.map(|category| category.0);
    put.execute(params![id.0, course.key, course.name, course.site.0, category, course.archived]).map(drop)
}

fn put_guard(tx: &Transaction<'_>, guard: &Guard) -> Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO guard (id, percent, count, enabled) VALUES (1, ?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET percent = ?1, count = ?2, enabled = ?3",
    )?;
    // Greater counts are refused where the guard is defined.
    let count = i64::try_from(guard.count).unwrap_or(i64::MAX);
    put.execute(params![guard.percent, count, guard.enabled]).map(drop)
}

/// Puts a segment in place. The text of its rule is written when everything is there that it may name.
pub(crate) fn put_segment(tx: &Transaction<'_>, id: SegmentId, segment: &Segment) -> Result<()> {
    let rule = segment.rule.as_ref().map(serde_json::to_string).transpose().map_err(to_sql)?;
    let mut put = tx.prepare_cached(
        "INSERT INTO segment (id, key, name, site_id, rule, state, owner, description, sql_rows, deleted)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (id) DO UPDATE SET key = ?2, name = ?3, site_id = ?4, rule = ?5, rule_text = NULL,
             state = ?6, owner = ?7, description = ?8, sql_rows = ?9, deleted = ?10",
    )?;
    put.execute(params![
        id.0,
        segment.key,
        segment.name,
        segment.site.map(|site| site.0),
        rule,
        segment.state.name(),
        segment.owner,
        segment.description,
        segment.sql_rows,
        segment.deleted,
    ])
    .map(drop)
}

fn put_rule(tx: &Transaction<'_>, id: EnrolmentRuleId, rule: &EnrolmentRule) -> Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO enrolment_rule (id, key, name, segment_id, on_leave, enabled, role, acts_from, acts_until,
             due_on, due_after, deleted)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (id) DO UPDATE
         SET key = ?2, name = ?3, segment_id = ?4, on_leave = ?5, enabled = ?6, role = ?7, acts_from = ?8,
             acts_until = ?9, due_on = ?10, due_after = ?11, deleted = ?12",
    )?;
    let (due_on, due_after) = match rule.due {
        None => (None, None),
        Some(DueDate::On(day)) => (Some(day.to_string()), None),
        Some(DueDate::After(days)) => (None, Some(days)),
    };
    put.execute(params![
        id.0,
        rule.key,
        rule.name,
        rule.segment.0,
        rule.on_leave.name(),
        rule.enabled,
        rule.role,
        rule.from.map(Instant::millis),
        rule.until.map(Instant::millis),
        due_on,
        due_after,
        rule.deleted,
    ])?;
    tx.prepare_cached("DELETE FROM enrolment_rule_course WHERE rule_id = ?1")?.execute([id.0])?;
    let mut put = tx.prepare_cached(
        "INSERT INTO enrolment_rule_course (rule_id, position, course_id) VALUES (?1, ?2, ?3)",
    )?;
    for (course, position) in rule.courses.iter().zip(0_u32..) {
        put.execute(params![id.0, position, course.0])?;
    }
    Ok(())
}
