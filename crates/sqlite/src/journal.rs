//! The journal: commits as rows. Entries are JSON, facts are bitmaps of users by id. Not here: the tables of the
//! current state (`append`).

use std::sync::Arc;

use matricula_core::rule::from_json;
use matricula_core::{
    Action, Commit, CourseId, Entry, Error, MembershipChange, Moment, Revision, RowSet, SegmentId, Steps,
};
use rusqlite::{Connection, Transaction, params};

use crate::{codec, failed, invalid};

pub(crate) fn write(tx: &Transaction<'_>, commit: &Commit) -> Result<(), Error> {
    let sql = |error| failed("cannot write the journal", error);
    let revision = codec::number(commit.revision);
    tx.prepare_cached("INSERT INTO journal (revision, at, author, note) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut put| put.execute(params![revision, commit.at.millis(), commit.author, commit.note]))
        .map_err(sql)?;
    let mut put = tx
        .prepare_cached(
            "INSERT INTO journal_entry (revision, position, user_id, entry) VALUES (?1, ?2, ?3, ?4)",
        )
        .map_err(sql)?;
    for (entry, position) in commit.entries.iter().zip(0_i64..) {
        let user = match entry {
            Entry::User(user) => Some(user.id.0),
            Entry::Exception { user, .. } => Some(user.0),
            Entry::Record(record) => Some(record.user.0),
            _ => None,
        };
        let json = serde_json::to_string(entry)
            .map_err(|error| invalid(format!("an entry has no JSON: {error}")))?;
        put.execute(params![revision, position, user, json]).map_err(sql)?;
    }
    let mut put = tx
        .prepare_cached(
            "INSERT INTO journal_fact (revision, position, moment, at, fact, segment_id, course_id, rule_id, users)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .map_err(sql)?;
    let mut position = 0_i64;
    for (moment, index) in commit.moments.iter().zip(0_i64..) {
        let at = moment.at.millis();
        for change in &moment.memberships {
            for (fact, users) in [("joined", &change.joined), ("left", &change.left)] {
                let (course, rule) = (None::<u32>, None::<i64>);
                let segment = change.segment.0;
                put.execute(params![
                    revision,
                    position,
                    index,
                    at,
                    fact,
                    segment,
                    course,
                    rule,
                    users.to_bytes()
                ])
                .map_err(sql)?;
                position += 1;
            }
        }
        for steps in &moment.steps {
            let rule = codec::rule_of(steps.reason);
            let (fact, course, segment) = (steps.action.name(), steps.course.0, None::<u32>);
            put.execute(params![
                revision,
                position,
                index,
                at,
                fact,
                segment,
                course,
                rule,
                steps.users.to_bytes()
            ])
            .map_err(sql)?;
            position += 1;
        }
    }
    Ok(())
}

pub(crate) fn since(
    connection: &mut Connection,
    after: Revision,
    limit: usize,
) -> Result<Vec<Arc<Commit>>, Error> {
    let sql = |error| failed("cannot read the journal", error);
    // One read transaction, so that all parts of a commit are of one state of the database.
    let tx = connection.transaction().map_err(sql)?;
    let mut heads = tx
        .prepare_cached(
            "SELECT revision, at, author, note FROM journal WHERE revision > ?1 ORDER BY revision LIMIT ?2",
        )
        .map_err(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = heads.query(params![codec::number(after), limit]).map_err(sql)?;
    let mut commits = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        let number: i64 = row.get(0).map_err(sql)?;
        commits.push(Arc::new(Commit {
            revision: codec::revision(number)?,
            at: codec::instant(row, 1)?,
            author: row.get(2).map_err(sql)?,
            note: row.get(3).map_err(sql)?,
            entries: Arc::new(entries(&tx, number)?),
            moments: moments(&tx, number)?,
        }));
    }
    Ok(commits)
}

fn entries(tx: &Transaction<'_>, revision: i64) -> Result<Vec<Entry>, Error> {
    let sql = |error| failed("cannot read the journal", error);
    let mut get = tx
        .prepare_cached("SELECT entry FROM journal_entry WHERE revision = ?1 ORDER BY position")
        .map_err(sql)?;
    let mut rows = get.query([revision]).map_err(sql)?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        let json = row.get_ref(0).map_err(sql)?;
        let json = json.as_str().map_err(|_| invalid(format!("an entry of commit {revision} is no text")))?;
        let entry = from_json(json).map_err(|error| {
            invalid(format!("an entry of commit {revision} cannot be understood: {error}"))
        })?;
        entries.push(entry);
    }
    Ok(entries)
}

fn moments(tx: &Transaction<'_>, revision: i64) -> Result<Vec<Moment>, Error> {
    let sql = |error| failed("cannot read the journal", error);
    let mut get = tx
        .prepare_cached(
            "SELECT moment, at, fact, segment_id, course_id, rule_id, users
             FROM journal_fact WHERE revision = ?1 ORDER BY position",
        )
        .map_err(sql)?;
    let mut rows = get.query([revision]).map_err(sql)?;
    let mut moments: Vec<Moment> = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        let index: u32 = row.get(0).map_err(sql)?;
        let index = index as usize;
        if index >= moments.len() {
            moments.push(Moment { at: codec::instant(row, 1)?, memberships: Vec::new(), steps: Vec::new() });
        }
        let last = moments.len() == index + 1;
        let Some(moment) = moments.last_mut().filter(|_| last) else {
            return Err(invalid(format!("the facts of commit {revision} are out of order")));
        };
        let fact: String = row.get(2).map_err(sql)?;
        let users = row.get_ref(6).map_err(sql)?;
        let users = codec::people(users.as_blob().map_err(|_| invalid("a fact has no users"))?)?;
        match fact.as_str() {
            "joined" | "left" => {
                let segment = SegmentId(row.get(3).map_err(sql)?);
                put_members(&mut moment.memberships, segment, fact == "joined", users);
            }
            _ => {
                let action = Action::ALL.iter().find(|action| action.name() == fact);
                let action = *action
                    .ok_or_else(|| invalid(format!("commit {revision} has an unknown fact `{fact}`")))?;
                let rule: i64 = row.get(5).map_err(sql)?;
                let reason = codec::reason_of(rule)?;
                let course = CourseId(row.get(4).map_err(sql)?);
                moment.steps.push(Steps { action, course, reason, users });
            }
        }
    }
    Ok(moments)
}

fn put_members(changes: &mut Vec<MembershipChange>, segment: SegmentId, joined: bool, users: RowSet) {
    if changes.last().is_none_or(|last| last.segment != segment) {
        changes.push(MembershipChange { segment, joined: RowSet::default(), left: RowSet::default() });
    }
    if let Some(last) = changes.last_mut() {
        if joined { last.joined = users } else { last.left = users }
    }
}
