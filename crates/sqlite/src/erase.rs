//! Erasing people from the file: their rows, what the journal says of them, and then every byte that is left of either in
//! pages that are no longer used. Not here: what is left of an entry, and names in words (core's `erase`).

use std::collections::BTreeSet;

use matricula_core::rule::{AttributeId, from_json};
use matricula_core::{Author, Entry, Error, Fingerprint, Part, Revision, Secrets, UserId, erased_key};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::attributes::{self, column, columns, folded_column};
use crate::{cache, codec, failed, invalid, journal, seals, start};

/// Has what is deleted overwritten at once, or not; gives what was so before.
pub(crate) fn overwrite(connection: &Connection, on: i64) -> rusqlite::Result<i64> {
    let before = connection.pragma_query_value(None, "secure_delete", |row| row.get(0))?;
    connection.pragma_update(None, "secure_delete", on)?;
    Ok(before)
}

/// Leaves stubs of what the journal says of some people, before their rows are gone.
pub(crate) fn in_journal(
    tx: &Transaction<'_>,
    revision: Revision,
    erased: &BTreeSet<UserId>,
) -> Result<(), Error> {
    if erased.is_empty() {
        return Ok(());
    }
    let sql = |error| failed("cannot erase from the journal", error);
    let start = start::snapshot(tx)?;
    let mut unique = unique(tx)?;
    if let Some(start) = &start {
        let there = start.schema().attributes().iter().filter(|attribute| attribute.unique);
        unique.extend(there.map(|attribute| attribute.id));
    }
    let mut secrets = Secrets::default();
    for user in erased {
        current(tx, *user, &unique, &mut secrets).map_err(sql)?;
        in_entries(tx, *user, &unique, &mut secrets)?;
    }
    if let Some(start) = &start {
        start::erase(tx, start, erased, &mut secrets)?;
    }
    in_words(tx, erased, &secrets)?;
    // Images are of everybody; and nobody is to keep one later of how things were.
    cache::clear(tx).map_err(sql)?;
    tx.execute("UPDATE registry SET unclean = 1, erased = ?1", [codec::number(revision)])
        .map(drop)
        .map_err(sql)
}

/// The attributes of which no two people have the same value, now or ever.
fn unique(tx: &Transaction<'_>) -> Result<BTreeSet<AttributeId>, Error> {
    let sql = |error| failed("cannot read the attributes", error);
    let schema = attributes::schema(tx, Some(&BTreeSet::new()))?;
    let mut unique: BTreeSet<AttributeId> = schema
        .attributes()
        .iter()
        .filter(|attribute| attribute.unique)
        .map(|attribute| attribute.id)
        .collect();
    let mut select = tx
        .prepare("SELECT entry FROM journal_entry WHERE user_id IS NULL AND entry LIKE '{\"attribute\":%'")
        .map_err(sql)?;
    let mut rows = select.query([]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        let json: String = row.get(0).map_err(sql)?;
        if let Ok(Entry::Attribute(attribute)) = from_json(&json)
            && attribute.unique
        {
            unique.insert(attribute.id);
        }
    }
    Ok(unique)
}

/// What stands for a person now.
fn current(
    tx: &Transaction<'_>,
    user: UserId,
    unique: &BTreeSet<AttributeId>,
    secrets: &mut Secrets,
) -> rusqlite::Result<()> {
    let key: Option<String> =
        tx.query_row("SELECT key FROM user WHERE id = ?1", [user.0], |row| row.get(0)).optional()?;
    if let Some(key) = key {
        secrets.add(user, &key);
    }
    for of in columns(tx)?.iter().filter(|of| of.value && unique.contains(&AttributeId(of.attribute))) {
        let select = format!("SELECT {} FROM user WHERE id = ?1", column(of.attribute));
        let cell: Option<rusqlite::types::Value> =
            tx.query_row(&select, [user.0], |row| row.get(0)).optional()?;
        match cell {
            Some(rusqlite::types::Value::Text(text)) => secrets.add(user, &text),
            Some(rusqlite::types::Value::Integer(number)) => secrets.add(user, &number.to_string()),
            _ => {}
        }
    }
    Ok(())
}

fn in_entries(
    tx: &Transaction<'_>,
    user: UserId,
    unique: &BTreeSet<AttributeId>,
    secrets: &mut Secrets,
) -> Result<(), Error> {
    let sql = |error| failed("cannot erase from the journal", error);
    let mut stubs: Vec<(i64, i64, String, Option<Part>)> = Vec::new();
    let mut select = tx
        .prepare_cached(
            "SELECT revision, position, entry, salt, mark, commitment FROM journal_entry WHERE user_id = ?1",
        )
        .map_err(sql)?;
    let mut rows = select.query([user.0]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        let json: String = row.get(2).map_err(sql)?;
        let entry: Entry = from_json(&json)
            .map_err(|error| invalid(format!("an entry of the journal cannot be understood: {error}")))?;
        secrets.add_entry(&entry, unique);
        if let Some(stub) = entry.stub() {
            let part = seals::part(row, 3)?.map(|part| part.erased(json.as_bytes()));
            stubs.push((row.get(0).map_err(sql)?, row.get(1).map_err(sql)?, stub.json(), part));
        }
    }
    drop(rows);
    let mut update = tx
        .prepare_cached(
            "UPDATE journal_entry SET entry = ?3, salt = ?4, mark = ?5, commitment = ?6
             WHERE revision = ?1 AND position = ?2",
        )
        .map_err(sql)?;
    for (revision, position, json, part) in stubs {
        let [salt, mark, commitment] = seals::cells(part.as_ref());
        update.execute(params![revision, position, json, salt, mark, commitment]).map_err(sql)?;
    }
    Ok(())
}

/// Takes names of people out of what was said with commits.
fn in_words(tx: &Transaction<'_>, erased: &BTreeSet<UserId>, secrets: &Secrets) -> Result<(), Error> {
    let sql = |error| failed("cannot erase from the journal", error);
    let concerned = concerned(tx, erased)?;
    let mut redacted = Vec::new();
    let mut select = tx
        .prepare(
            "SELECT revision, author, note, idempotency, coalesce(length(asked), 0) > ?1
             FROM journal",
        )
        .map_err(sql)?;
    let mut rows = select.query([Fingerprint::ACCEPTED]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        let revision: i64 = row.get(0).map_err(sql)?;
        let words: [Option<String>; 3] =
            [row.get(1).map_err(sql)?, row.get(2).map_err(sql)?, row.get(3).map_err(sql)?];
        let names = words.iter().flatten().any(|text| secrets.scrubbed(text).is_some());
        let says = words.last().is_some_and(Option::is_some) && concerned.contains(&revision);
        // Of what was refused nobody knows whom it was about.
        let refused: bool = row.get(4).map_err(sql)?;
        if names || says || refused {
            redacted.push((revision, says));
        }
    }
    drop(rows);
    redacted.into_iter().try_for_each(|(revision, says)| in_words_of(tx, revision, says, secrets))
}

/// The commits that are about some people: by an entry, or by what followed from a decision by hand.
fn concerned(tx: &Transaction<'_>, people: &BTreeSet<UserId>) -> Result<BTreeSet<i64>, Error> {
    let sql = |error| failed("cannot erase from the journal", error);
    let mut concerned = BTreeSet::new();
    let mut select =
        tx.prepare("SELECT DISTINCT revision FROM journal_entry WHERE user_id = ?1").map_err(sql)?;
    for user in people {
        let mut rows = select.query([user.0]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            concerned.insert(row.get(0).map_err(sql)?);
        }
    }
    let by_hand = "SELECT f.revision, f.users FROM journal_fact f JOIN journal j ON j.revision = f.revision
                   WHERE f.rule_id < 0 AND j.idempotency IS NOT NULL";
    let mut select = tx.prepare(by_hand).map_err(sql)?;
    let mut rows = select.query([]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        let users = row.get_ref(1).map_err(sql)?;
        let users = codec::people(users.as_blob().map_err(|_| invalid("people are no bitmap"))?)?;
        if people.iter().any(|user| users.contains(user.0)) {
            concerned.insert(row.get(0).map_err(sql)?);
        }
    }
    Ok(concerned)
}

fn in_words_of(tx: &Transaction<'_>, revision: i64, says: bool, secrets: &Secrets) -> Result<(), Error> {
    let sql = |error| failed("cannot erase from the journal", error);
    let mut rest = journal::rest(tx, revision)?;
    let words = rest.words();
    let scrubbed = rest.scrub(secrets, says);
    let forgotten = rest.idempotency.as_mut().is_some_and(|keyed| keyed.asked.forget_refused());
    if !scrubbed && !forgotten {
        return Ok(());
    }
    let part = rest.seal.as_ref().map(|seal| if scrubbed { seal.words.erased(&words) } else { seal.words });
    let [salt, mark, commitment] = seals::cells(part.as_ref());
    let author = match &rest.author {
        Author::Host(name) => Some(name),
        Author::Actor(_) => None,
    };
    let keyed = rest.idempotency.as_ref();
    tx.execute(
        "UPDATE journal SET author = ?2, note = ?3, idempotency = ?4, asked = ?5,
             salt = ?6, mark = ?7, commitment = ?8
         WHERE revision = ?1",
        params![
            revision,
            author,
            rest.note,
            keyed.map(|keyed| &keyed.key),
            keyed.map(|keyed| keyed.asked.to_bytes()),
            salt,
            mark,
            commitment
        ],
    )
    .map(drop)
    .map_err(sql)
}

/// Leaves of a person's rows what core leaves of a person.
pub(crate) fn in_tables(tx: &Transaction<'_>, user: UserId) -> rusqlite::Result<()> {
    let mut set = "UPDATE user SET key = ?2, status = 'erased'".to_owned();
    for of in columns(tx)? {
        if of.value {
            set.push_str(&format!(", {} = NULL", column(of.attribute)));
        }
        if of.folded {
            set.push_str(&format!(", {} = NULL", folded_column(of.attribute)));
        }
    }
    tx.execute(&format!("{set} WHERE id = ?1"), params![user.0, erased_key(user)])?;
    for table in ["user_option", "site_member", "segment_pin", "segment_ban", "role_grant"] {
        tx.execute(&format!("DELETE FROM {table} WHERE user_id = ?1"), [user.0])?;
    }
    Ok(())
}

/// Rewrites the file without the pages that are no longer used, and empties the write-ahead log, if that is due.
pub(crate) fn clean(connection: &Connection) -> Result<(), Error> {
    let sql = |error| failed("cannot overwrite what was erased", error);
    let (unclean, erased): (bool, i64) = connection
        .query_row("SELECT unclean, erased FROM registry", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(sql)?;
    if !unclean {
        return Ok(());
    }
    connection.execute_batch("VACUUM").map_err(sql)?;
    empty_log(connection)?;
    // Not what another process has erased since.
    connection.execute("UPDATE registry SET unclean = 0 WHERE erased = ?1", [erased]).map_err(sql)?;
    Ok(())
}

fn empty_log(connection: &Connection) -> Result<(), Error> {
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(|error| failed("cannot overwrite what was erased", error))?;
    if busy == 0 {
        return Ok(());
    }
    let message = "cannot overwrite what was erased: another process is reading the write-ahead log";
    Err(Error::new(matricula_core::ErrorKind::Store, message))
}
