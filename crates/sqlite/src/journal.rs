//! The journal: commits as rows. Entries are JSON, facts are bitmaps of users by id. Not here: the tables of the
//! current state (`append`).

use std::sync::Arc;

use matricula_core::rule::from_json;
use matricula_core::{
    Action, Author, Commit, CourseId, Entry, Error, Fingerprint, Hash, Idempotency, Instant, KeyId, Losses,
    MembershipChange, Moment, Part, Revision, RowSet, Seal, SealBegun, Sealer, SegmentId, Steps, UserId,
    WrittenCommit,
};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::{codec, failed, invalid, seals, start, values};

/// Writes a commit; with what seals it, if it is not yet sealed. Gives the seal that was made here.
pub(crate) fn write(
    tx: &Transaction<'_>,
    commit: &Commit,
    sealer: Option<&Sealer<'_>>,
) -> Result<Option<Seal>, Error> {
    let sql = |error| failed("cannot write the journal", error);
    let revision = codec::number(commit.revision);
    // The hash of the commit is there after its last entry.
    let sealed = write_entries(tx, commit, sealer)?;
    let (author, actor) = match &commit.author {
        Author::Host(name) => (Some(name), None),
        Author::Actor(user) => (None, Some(user.0)),
    };
    let keyed = commit.idempotency.as_ref();
    let losses = (!commit.losses.is_empty()).then(|| serde_json::to_string(&commit.losses));
    let losses = losses.transpose().map_err(|error| invalid(format!("the losses have no JSON: {error}")))?;
    let seal = sealed.as_ref().or(commit.seal.as_ref());
    let [salt, mark, commitment] = seals::cells(seal.map(|seal| &seal.words));
    tx.prepare_cached(
        "INSERT INTO journal
             (revision, at, author, actor_id, note, idempotency, asked, losses, salt, mark, commitment, hash, key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )
    .and_then(|mut put| {
        put.execute(params![
            revision,
            commit.at.millis(),
            author,
            actor,
            commit.note,
            keyed.map(|keyed| &keyed.key),
            keyed.map(|keyed| keyed.asked.to_bytes()),
            losses,
            salt,
            mark,
            commitment,
            seal.map(|seal| seals::blob(&seal.hash.0)),
            seal.and_then(|seal| seal.key.as_ref()).map(|key| seals::blob(&key.0))
        ])
    })
    .map_err(sql)?;
    let mut put = tx
        .prepare_cached(
            "INSERT INTO journal_fact (revision, position, moment, at, fact, segment_id, course_id, rule_id, due, users)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
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
                    None::<String>,
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
                steps.due.map(|due| due.to_string()),
                steps.users.to_bytes()
            ])
            .map_err(sql)?;
            position += 1;
        }
    }
    Ok(sealed)
}

fn write_entries(
    tx: &Transaction<'_>,
    commit: &Commit,
    sealer: Option<&Sealer<'_>>,
) -> Result<Option<Seal>, Error> {
    let sql = |error| failed("cannot write the journal", error);
    let revision = codec::number(commit.revision);
    let mut put = tx
        .prepare_cached(
            "INSERT INTO journal_entry (revision, position, user_id, entry, salt, mark, commitment)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .map_err(sql)?;
    let mut begun = sealer.map(Sealer::begin);
    each_json(&commit.entries, begun.as_mut(), |place, entry, json, part| {
        let user = entry.person().map(|user| user.0);
        let part = part.or_else(|| commit.seal.as_ref()?.entries.get(place));
        let [salt, mark, commitment] = seals::cells(part);
        let position = i64::try_from(place).unwrap_or(i64::MAX);
        let json = values::text(json);
        put.execute(params![revision, position, user, json, salt, mark, commitment]).map_err(sql).map(drop)
    })?;
    Ok(begun.map(|begun| begun.finish(commit)))
}

/// So many entries are brought to JSON by a thread of its own: those of an import.
const MANY: usize = 8192;
/// So many of them at a time.
const PART: usize = 1024;

/// The JSON of some entries, one after the other, where each ends, and how it is sealed, if it is here.
#[derive(Default)]
struct Texts {
    text: Vec<u8>,
    ends: Vec<usize>,
    parts: Vec<Part>,
}

impl Texts {
    fn of(entries: &[Entry], mut begun: Option<&mut SealBegun<'_>>) -> Result<Self, Error> {
        let mut texts = Self::default();
        for entry in entries {
            let start = texts.text.len();
            serde_json::to_writer(&mut texts.text, entry)
                .map_err(|error| invalid(format!("an entry has no JSON: {error}")))?;
            texts.ends.push(texts.text.len());
            if let Some(begun) = &mut begun {
                texts.parts.push(begun.entry(entry, texts.text.get(start..).unwrap_or_default()));
            }
        }
        Ok(texts)
    }

    fn iter(&self) -> impl Iterator<Item = (&str, Option<&Part>)> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).enumerate().map(|(place, (start, end))| {
            let text = self.text.get(start..*end).unwrap_or_default();
            (std::str::from_utf8(text).unwrap_or_default(), self.parts.get(place))
        })
    }
}

/// Visits entries with their JSON, in order, and seals them if a seal has been begun.
fn each_json(
    entries: &[Entry],
    mut begun: Option<&mut SealBegun<'_>>,
    mut visit: impl FnMut(usize, &Entry, &str, Option<&Part>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut some = |part: usize, entries: &[Entry], texts: Texts| {
        (part * PART..)
            .zip(entries.iter().zip(texts.iter()))
            .try_for_each(|(place, (entry, (json, sealed)))| visit(place, entry, json, sealed))
    };
    let parts = entries.chunks(PART);
    let mut done = 0;
    if entries.len() >= MANY {
        // It ends when it is through, or nobody takes its texts any longer.
        std::thread::scope(|scope| {
            let (sender, receiver) = std::sync::mpsc::sync_channel(8);
            let (mut texts, mut begun) = (parts.clone(), begun.as_deref_mut());
            let work = move || {
                texts.try_for_each(|texts| sender.send(Texts::of(texts, begun.as_deref_mut())).map_err(drop))
            };
            let helper = std::thread::Builder::new().spawn_scoped(scope, work);
            for (part, texts) in parts.clone().zip(receiver) {
                some(done, part, texts?)?;
                done += 1;
            }
            drop(helper);
            Ok::<(), Error>(())
        })?;
    }
    // All of few; and what is left if there was no thread to be had.
    for part in parts.skip(done) {
        some(done, part, Texts::of(part, begun.as_deref_mut())?)?;
        done += 1;
    }
    Ok(())
}

pub(crate) fn since(
    connection: &mut Connection,
    after: Revision,
    limit: usize,
) -> Result<Vec<Arc<Commit>>, Error> {
    // One read transaction, so that all parts of a commit are of one state of the database.
    let tx = connection.transaction().map_err(|error| failed("cannot read the journal", error))?;
    since_in(&tx, after, limit)
}

/// The same within a transaction.
pub(crate) fn since_in(
    tx: &Transaction<'_>,
    after: Revision,
    limit: usize,
) -> Result<Vec<Arc<Commit>>, Error> {
    check_archived(tx, after.next())?;
    let understood = read(tx, after, limit, |revision, place, json| {
        from_json(json).map_err(|error| {
            invalid(format!("entry {place} of commit {revision}: it cannot be understood: {error}"))
        })
    })?;
    Ok(understood
        .into_iter()
        .map(|(rest, entries)| Arc::new(Commit { entries: Arc::new(entries), ..rest }))
        .collect())
}

/// Makes sure that a revision is not archived.
fn check_archived(tx: &Transaction<'_>, revision: Revision) -> Result<(), Error> {
    revision.check_after(start::after(tx)?)
}

/// The last revision at or before an instant.
pub(crate) fn revision_at(connection: &Connection, at: Instant) -> Result<Revision, Error> {
    // Instants do not fall from one commit to the next: the last one at or before is the one to take.
    let select =
        "SELECT coalesce(max(revision), (SELECT archived FROM registry)) FROM journal WHERE at <= ?1";
    let number = connection.query_row(select, [at.millis()], |row| row.get(0));
    codec::revision(number.map_err(|error| failed("cannot read the journal", error))?)
}

pub(crate) fn written(
    connection: &mut Connection,
    after: Revision,
    limit: usize,
) -> Result<Vec<WrittenCommit>, Error> {
    let tx = connection.transaction().map_err(|error| failed("cannot read the journal", error))?;
    written_in(&tx, after, limit)
}

fn written_in(tx: &Transaction<'_>, after: Revision, limit: usize) -> Result<Vec<WrittenCommit>, Error> {
    check_archived(tx, after.next())?;
    let commits = read(tx, after, limit, |_, _, json| Ok(json.to_owned()))?;
    Ok(commits.into_iter().map(|(rest, entries)| WrittenCommit { rest, entries }).collect())
}

/// Commits as they are put together from their rows.
struct Parts<T> {
    number: i64,
    rest: Commit,
    words: Option<Part>,
    hash: (Option<Hash>, Option<KeyId>),
    entries: Vec<T>,
    seals: Vec<Option<Part>>,
}

/// The commits after a revision without their entries, which are apart, as what each text is made into. Each table is
/// read once for all commits, not once for each.
fn read<T>(
    tx: &Transaction<'_>,
    after: Revision,
    limit: usize,
    entry: impl Fn(i64, usize, &str) -> Result<T, Error>,
) -> Result<Vec<(Commit, Vec<T>)>, Error> {
    let sql = |error| failed("cannot read the journal", error);
    let after = codec::number(after);
    let mut commits: Vec<Parts<T>> = Vec::new();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let heads = format!("SELECT {HEAD} FROM journal WHERE revision > ?1 ORDER BY revision LIMIT ?2");
    each_row(tx, &heads, [after, limit], |row| {
        let (words, hash) = (seals::part(row, 8)?, seals::keyed_hash(row, 11)?);
        let (number, rest) = (row.get(0).map_err(sql)?, header(row)?);
        commits.push(Parts { number, rest, words, hash, entries: Vec::new(), seals: Vec::new() });
        Ok(())
    })?;
    let Some(last) = commits.last().map(|commit| commit.number) else { return Ok(Vec::new()) };
    let entries = "SELECT revision, entry, salt, mark, commitment FROM journal_entry
                   WHERE revision > ?1 AND revision <= ?2 ORDER BY revision, position";
    each_row(tx, entries, [after, last], |row| {
        let Some(commit) = commit_of(&mut commits, row)? else { return Ok(()) };
        let json = row.get_ref(1).map_err(sql)?;
        let json =
            json.as_str().map_err(|_| invalid(format!("an entry of commit {} is no text", commit.number)))?;
        commit.entries.push(entry(commit.number, commit.entries.len(), json)?);
        commit.seals.push(seals::part(row, 2)?);
        Ok(())
    })?;
    let facts =
        "SELECT revision, moment, at, fact, segment_id, course_id, rule_id, users, due FROM journal_fact
                 WHERE revision > ?1 AND revision <= ?2 ORDER BY revision, position";
    each_row(tx, facts, [after, last], |row| match commit_of(&mut commits, row)? {
        Some(commit) => put_fact(&mut commit.rest.moments, row, commit.number),
        None => Ok(()),
    })?;
    let whole = |parts: Parts<T>| {
        let seal = seals::seal(parts.words, parts.hash, parts.seals)
            .map_err(|error| error.within(format_args!("commit {}", parts.number)))?;
        Ok((Commit { seal, ..parts.rest }, parts.entries))
    };
    commits.into_iter().map(whole).collect()
}

fn each_row(
    tx: &Transaction<'_>,
    select: &str,
    params: [i64; 2],
    mut visit: impl FnMut(&Row<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let sql = |error| failed("cannot read the journal", error);
    let mut select = tx.prepare_cached(select).map_err(sql)?;
    let mut rows = select.query(params).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        visit(row)?;
    }
    Ok(())
}

/// The commit that a row is of, by its first column. Rows of none are no part of the journal; audits tell of them.
fn commit_of<'a, T>(commits: &'a mut [Parts<T>], row: &Row<'_>) -> Result<Option<&'a mut Parts<T>>, Error> {
    let number: i64 = row.get(0).map_err(|error| failed("cannot read the journal", error))?;
    let place = commits.binary_search_by_key(&number, |commit| commit.number);
    Ok(place.ok().and_then(|place| commits.get_mut(place)))
}

/// A commit without its entries and facts.
pub(crate) fn rest(tx: &Transaction<'_>, revision: i64) -> Result<Commit, Error> {
    let sql = |error| failed("cannot read the journal", error);
    let mut head =
        tx.prepare_cached(&format!("SELECT {HEAD} FROM journal WHERE revision = ?1")).map_err(sql)?;
    let mut rows = head.query([revision]).map_err(sql)?;
    let row = rows.next().map_err(sql)?.ok_or_else(|| invalid(format!("commit {revision} is not there")))?;
    let mut rest = header(row)?;
    let (words, (hash, key)) = (seals::part(row, 8)?, seals::keyed_hash(row, 11)?);
    rest.seal = words.zip(hash).map(|(words, hash)| Seal { words, hash, key, entries: Arc::default() });
    Ok(rest)
}

/// The commit with an idempotency key.
pub(crate) fn find(connection: &mut Connection, key: &str) -> Result<Option<Arc<Commit>>, Error> {
    let sql = |error| failed("cannot read the journal", error);
    let tx = connection.transaction().map_err(sql)?;
    let revision: Option<i64> = tx
        .prepare_cached("SELECT revision FROM journal WHERE idempotency = ?1")
        .and_then(|mut select| select.query_row([key], |row| row.get(0)).optional())
        .map_err(sql)?;
    let Some(revision) = revision else { return Ok(None) };
    Ok(since_in(&tx, codec::revision(revision - 1)?, 1)?.pop())
}

/// The journal key that a commit is sealed with.
pub(crate) fn key_of(connection: &Connection, revision: Revision) -> Result<Option<KeyId>, Error> {
    let sql = |error| failed("cannot read the journal", error);
    let mut select = connection.prepare_cached("SELECT key FROM journal WHERE revision = ?1").map_err(sql)?;
    let mut rows = select.query([codec::number(revision)]).map_err(sql)?;
    rows.next().map_err(sql)?.map_or(Ok(None), |row| seals::key(row, 0))
}

/// Whether a commit has an idempotency key.
pub(crate) fn has_key(tx: &Transaction<'_>, key: &str) -> Result<bool, Error> {
    tx.prepare_cached("SELECT 1 FROM journal WHERE idempotency = ?1")
        .and_then(|mut select| select.exists([key]))
        .map_err(|error| failed("cannot read the journal", error))
}

/// What [`header`] reads of a row, and the seal.
const HEAD: &str =
    "revision, at, author, actor_id, note, idempotency, asked, losses, salt, mark, commitment, hash, key";

/// What stands in the row of a commit, but for its seal.
fn header(row: &Row<'_>) -> Result<Commit, Error> {
    let sql = |error| failed("cannot read the journal", error);
    let number: i64 = row.get(0).map_err(sql)?;
    let wrong = |what: &str| invalid(format!("{what} of commit {number} cannot be understood"));
    let key: Option<String> = row.get(5).map_err(sql)?;
    let asked: Option<Vec<u8>> = row.get(6).map_err(sql)?;
    let idempotency = match (key, asked) {
        (None, None) => None,
        (Some(key), Some(asked)) => {
            let asked = Fingerprint::from_bytes(&asked).ok_or_else(|| wrong("the fingerprint"))?;
            Some(Idempotency { key, asked })
        }
        _ => return Err(wrong("the idempotency key")),
    };
    Ok(Commit {
        revision: codec::revision(number)?,
        at: codec::instant(row, 1)?,
        author: author(row, 2)?,
        note: row.get(4).map_err(sql)?,
        idempotency,
        entries: Arc::default(),
        moments: Vec::new(),
        losses: losses(row, 7)?,
        seal: None,
    })
}

/// The author, from the name of a host and the number of a person, of which one is there.
fn author(row: &Row<'_>, column: usize) -> Result<Author, Error> {
    let sql = |error| failed("cannot read the journal", error);
    match (row.get(column).map_err(sql)?, row.get(column + 1).map_err(sql)?) {
        (Some(host), None) => Ok(Author::Host(host)),
        (None, Some(user)) => Ok(Author::Actor(UserId(user))),
        _ => Err(invalid("a commit has no author, or two")),
    }
}

fn losses(row: &Row<'_>, column: usize) -> Result<Losses, Error> {
    let json: Option<String> = row.get(column).map_err(|error| failed("cannot read the journal", error))?;
    let read = |json: String| {
        from_json(&json).map_err(|error| invalid(format!("losses cannot be understood: {error}")))
    };
    json.map(read).transpose().map(Option::unwrap_or_default)
}

/// What commits ended of late, in their order: the newest ones until one is older than the guard looks back.
pub(crate) fn recent_losses(
    tx: &Transaction<'_>,
    after: i64,
) -> Result<Vec<(Instant, Author, Losses)>, Error> {
    let sql = |error| failed("cannot read the journal", error);
    let mut select =
        tx.prepare("SELECT at, author, actor_id, losses FROM journal ORDER BY revision DESC").map_err(sql)?;
    let mut rows = select.query([]).map_err(sql)?;
    let mut recent = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        let at = codec::instant(row, 0)?;
        if at.millis() <= after {
            break;
        }
        let losses = losses(row, 3)?;
        if !losses.is_empty() {
            recent.push((at, author(row, 1)?, losses));
        }
    }
    recent.reverse();
    // Commits of the last day may be archived.
    let mut earlier = crate::start::losses(tx)?;
    earlier.retain(|(at, ..)| at.millis() > after);
    earlier.extend(recent);
    Ok(earlier)
}

/// Puts a fact where it belongs, facts being given in order.
fn put_fact(moments: &mut Vec<Moment>, row: &Row<'_>, revision: i64) -> Result<(), Error> {
    let sql = |error| failed("cannot read the journal", error);
    let index: u32 = row.get(1).map_err(sql)?;
    let index = index as usize;
    if index >= moments.len() {
        moments.push(Moment { at: codec::instant(row, 2)?, memberships: Vec::new(), steps: Vec::new() });
    }
    let last = moments.len() == index + 1;
    let Some(moment) = moments.last_mut().filter(|_| last) else {
        return Err(invalid(format!("the facts of commit {revision} are out of order")));
    };
    let fact = row.get_ref(3).map_err(sql)?;
    let fact = fact.as_str().map_err(|_| invalid(format!("a fact of commit {revision} is no text")))?;
    let users = row.get_ref(7).map_err(sql)?;
    let users = codec::people(users.as_blob().map_err(|_| invalid("a fact has no users"))?)?;
    if matches!(fact, "joined" | "left") {
        let segment = SegmentId(row.get(4).map_err(sql)?);
        put_members(&mut moment.memberships, segment, fact == "joined", users);
        return Ok(());
    }
    let action = Action::ALL.iter().find(|action| action.name() == fact);
    let action = *action.ok_or_else(|| invalid(format!("commit {revision} has an unknown fact `{fact}`")))?;
    let reason = codec::reason_of(row.get(6).map_err(sql)?)?;
    let course = CourseId(row.get(5).map_err(sql)?);
    moment.steps.push(Steps { action, course, reason, due: codec::day(row, 8)?, users });
    Ok(())
}

fn put_members(changes: &mut Vec<MembershipChange>, segment: SegmentId, joined: bool, users: RowSet) {
    if changes.last().is_none_or(|last| last.segment != segment) {
        changes.push(MembershipChange { segment, joined: RowSet::default(), left: RowSet::default() });
    }
    if let Some(last) = changes.last_mut() {
        if joined { last.joined = users } else { last.left = users }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_any_number_have_the_json_that_each_has() {
        for count in [0, 1, PART, PART + 1, MANY, MANY + 3 * PART + 7] {
            let entries: Vec<Entry> = (0..).map(UserId).take(count).map(Entry::Erase).collect();
            let mut told = Vec::new();
            let read = each_json(&entries, None, |place, entry, json, _| {
                told.push((place, entry.clone(), json.to_owned()));
                Ok(())
            });
            assert!(read.is_ok());
            let one_by_one =
                entries.iter().enumerate().map(|(place, entry)| (place, entry.clone(), entry.json()));
            assert!(told.into_iter().eq(one_by_one), "{count} entries");
        }
    }

    #[test]
    fn an_error_ends_it() {
        let entries: Vec<Entry> = (0..100_000).map(UserId).map(Entry::Erase).collect();
        let mut told = 0;
        let read = each_json(&entries, None, |place, _, _, _| {
            told += 1;
            if place == 5_000 { Err(invalid("enough")) } else { Ok(()) }
        });
        assert_eq!((read.unwrap_err().message(), told), ("enough", 5_001));
    }
}
