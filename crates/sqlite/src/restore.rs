//! Filling an empty file from an export: with commits from the first on, or with the registry before them and then commits.

use std::sync::Arc;

use matricula_core::{
    Appended, Author, Commit, CourseId, Entry, Error, ErrorKind, Exception, Guard, Instant, Losses,
    MembershipChange, Moment, RecordEntry, Revision, RowSet, SiteId, Snapshot, Status, UserEntry, UserId,
    Was,
};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::schema::check_version;
use crate::{append, codec, erase, failed, seals, start};

pub(crate) fn restore(
    connection: &mut Connection,
    start: Option<&Snapshot>,
    commits: &mut dyn Iterator<Item = Result<Arc<Commit>, Error>>,
) -> Result<(), Error> {
    let sql = |error| failed("cannot write what is imported", error);
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    check_version(&tx)?;
    let revision: i64 = tx.query_row("SELECT revision FROM registry", [], |row| row.get(0)).map_err(sql)?;
    if revision != 0 {
        return Err(Error::new(ErrorKind::NotPossible, "the store has commits, expected an empty one"));
    }
    if let Some(snapshot) = start {
        put_snapshot(&tx, snapshot)?;
        start::write(&tx, snapshot)?;
    }
    for commit in commits {
        let commit = commit?;
        if append::put(&tx, &commit, None)?.appended() == Appended::Conflict {
            let message = format!("commit {} is out of order", commit.revision);
            return Err(Error::new(ErrorKind::InvalidArchive, message));
        }
    }
    tx.commit().map_err(sql)?;
    // It is all there. What could not be overwritten now is when the file is opened next.
    let _ = erase::clean(connection);
    Ok(())
}

/// Writes the tables of a registry into a file that has none of it.
fn put_snapshot(tx: &Transaction<'_>, snapshot: &Snapshot) -> Result<(), Error> {
    let sql = |error| failed("cannot write what is imported", error);
    let segments = || snapshot.segments_ever().map(|(id, _)| id);
    let memberships = segments().map(|segment| MembershipChange {
        segment,
        joined: snapshot.members_of(segment),
        left: RowSet::default(),
    });
    let at = snapshot.clock().unwrap_or(Instant::EPOCH);
    let moment = Moment { at, memberships: memberships.collect(), steps: Vec::new() };
    // As if one commit had made all of it; what only a history can make is put right below.
    let commit = Commit {
        revision: Revision(1),
        at,
        author: Author::Host(String::new()),
        note: String::new(),
        idempotency: None,
        entries: Arc::new(entries(snapshot)),
        moments: vec![moment],
        losses: Losses::default(),
        seal: None,
    };
    append::put(tx, &commit, None)?;
    tx.execute_batch("DELETE FROM segment_frozen").map_err(sql)?;
    let mut frozen = tx
        .prepare("INSERT INTO segment_frozen (segment_id, part, members) VALUES (?1, ?2, ?3)")
        .map_err(sql)?;
    for segment in segments() {
        for (part, members) in codec::parts(&snapshot.frozen_in(segment)) {
            frozen.execute(params![segment.0, part, members.to_bytes()]).map_err(sql)?;
        }
    }
    people(tx, snapshot).map_err(sql)?;
    let head = snapshot.head();
    let head = head.as_ref().map(|head| seals::blob(&head.hash.0));
    tx.execute(
        "UPDATE registry SET revision = ?1, clock = ?2, head = ?3",
        params![codec::number(snapshot.revision()), at.millis(), head],
    )
    .map(drop)
    .map_err(sql)
}

fn people(tx: &Transaction<'_>, snapshot: &Snapshot) -> rusqlite::Result<()> {
    let mut created = tx.prepare("UPDATE user SET created = ?2 WHERE id = ?1")?;
    let mut enrolment =
        tx.prepare("INSERT INTO enrolment (user_id, course_id, status, since, suspended_by_hand) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut reason = tx.prepare(
        "INSERT INTO enrolment_reason (user_id, course_id, rule_id, state, since, due) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for user in snapshot.users() {
        created.execute(params![user.0, snapshot.created(user).unwrap_or(Instant::EPOCH).millis()])?;
        for of in snapshot.enrolments_of(user) {
            let course = of.course.0;
            let by_hand = of.suspended_by_hand.map(Instant::millis);
            enrolment.execute(params![user.0, course, of.status.name(), of.since.millis(), by_hand])?;
            for held in &of.reasons {
                let (rule, since) = (codec::rule_of(held.reason), held.since.millis());
                let due = held.due.map(|due| due.to_string());
                reason.execute(params![user.0, course, rule, held.state.name(), since, due])?;
            }
        }
    }
    Ok(())
}

/// The entries that come to the definitions and people of a registry.
fn entries(snapshot: &Snapshot) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    if snapshot.guard() != Guard::default() {
        entries.push(Entry::Guard(snapshot.guard()));
    }
    entries.extend((0..).map(SiteId).zip(snapshot.sites()).map(|(id, site)| Entry::Site(id, site.clone())));
    entries.extend(snapshot.schema().attributes().iter().cloned().map(Entry::Attribute));
    let courses = || (0..).map(CourseId).zip(snapshot.courses());
    // Courses lie in categories; everything else about access names any of the rest.
    let about_access = || snapshot.access_entries();
    let is_category = |entry: &Entry| matches!(entry, Entry::Category(..));
    entries.extend(about_access().filter(is_category));
    entries.extend(courses().map(|(id, course)| Entry::Course(id, course.clone())));
    let segments = || snapshot.segments_ever();
    entries.extend(segments().map(|(id, segment)| Entry::Segment(id, segment.clone())));
    let rules = snapshot.enrolment_rules_ever();
    entries.extend(rules.map(|(id, rule)| Entry::EnrolmentRule(id, rule.clone())));
    entries.extend(snapshot.users().map(|user| person(snapshot, user)));
    for (segment, _) in segments() {
        for exception in [Exception::Pinned, Exception::Banned] {
            let people = snapshot.exceptions_of(segment, exception);
            let exception = Some(exception);
            entries.extend(people.iter().map(|row| Entry::Exception {
                segment,
                user: UserId(row),
                exception,
            }));
        }
    }
    for user in snapshot.users() {
        for (course, _) in courses() {
            let (completed, score) = (snapshot.completed(user, course), snapshot.score(user, course));
            if completed.is_some() || score.is_some() {
                let (completed, score) = (completed.map(Some), score.map(Some));
                entries.push(Entry::Record(RecordEntry { user, course, completed, score }));
            }
        }
    }
    entries.extend(about_access().filter(|entry| !is_category(entry)));
    entries
}

fn person(snapshot: &Snapshot, user: UserId) -> Entry {
    if snapshot.status(user) == Some(Status::Erased) {
        return Entry::Erased { user, was: Was::Created };
    }
    let attributes = snapshot.schema().attributes().iter().map(|attribute| attribute.id);
    let values = attributes.filter_map(|id| Some((id, Some(snapshot.value(user, id)?))));
    let sites = (0..).map(SiteId).take(snapshot.sites().len());
    let sites = sites.filter_map(|site| Some((site, Some(snapshot.membership(user, site)?))));
    Entry::User(UserEntry {
        id: user,
        key: Some(snapshot.user_key(user).to_owned()),
        status: snapshot.status(user),
        values: values.collect(),
        sites: sites.collect(),
    })
}
