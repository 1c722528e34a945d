//! Where the journal begins when earlier commits are archived: an inventory of the registry, a row for each of its lines.

use std::collections::BTreeSet;

use matricula_core::{
    Author, Entry, Error, Holder, Instant, Inventory, InventoryLine, Losses, Revision, Secrets, Snapshot,
    UserId,
};
use rusqlite::{Connection, Transaction, params};

use crate::{codec, failed, invalid};

/// Puts an inventory in place of the commits up to its revision.
pub(crate) fn write(tx: &Transaction<'_>, start: &Snapshot) -> Result<(), Error> {
    let sql = |error| failed("cannot archive commits", error);
    let last = codec::number(start.revision());
    for table in ["journal_fact", "journal_entry", "journal"] {
        tx.execute(&format!("DELETE FROM {table} WHERE revision <= ?1"), [last]).map_err(sql)?;
    }
    tx.execute("DELETE FROM journal_start", []).map_err(sql)?;
    let mut put = tx.prepare("INSERT INTO journal_start (user_id, line) VALUES (?1, ?2)").map_err(sql)?;
    start.write_inventory(|line| {
        put.execute(params![line.user.map(|user| user.0), line.json]).map(drop).map_err(sql)
    })?;
    // No image may be of a commit up to here, so that it need not be known that one of them erased somebody.
    let update = "UPDATE registry SET archived = ?1, erased = iif(erased <= ?1, 0, erased)";
    tx.execute(update, [last]).map(drop).map_err(sql)
}

/// The revision up to which commits are archived.
pub(crate) fn after(connection: &Connection) -> Result<Revision, Error> {
    let archived: i64 = connection
        .prepare_cached("SELECT archived FROM registry")
        .and_then(|mut select| select.query_row([], |row| row.get(0)))
        .map_err(|error| failed("cannot read where the journal begins", error))?;
    codec::revision(archived)
}

/// The registry before the first commit, if earlier ones are archived.
pub(crate) fn read(connection: &mut Connection) -> Result<Option<Snapshot>, Error> {
    let tx =
        connection.transaction().map_err(|error| failed("cannot read where the journal begins", error))?;
    let start = snapshot(&tx)?;
    let archived = after(&tx)?;
    if start.as_ref().map(Snapshot::revision).unwrap_or_default() != archived {
        return Err(invalid(format!(
            "commits up to {archived} are archived, but the journal does not begin there"
        )));
    }
    Ok(start)
}

/// The same within a database transaction.
pub(crate) fn snapshot(tx: &Transaction<'_>) -> Result<Option<Snapshot>, Error> {
    read_inventory(tx)?.map(Inventory::finish).transpose()
}

fn read_inventory(tx: &Transaction<'_>) -> Result<Option<Inventory>, Error> {
    let sql = |error| failed("cannot read where the journal begins", error);
    let mut inventory = Inventory::default();
    let mut select = tx.prepare("SELECT line FROM journal_start ORDER BY position").map_err(sql)?;
    let mut rows = select.query([]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        let line = row.get_ref(0).map_err(sql)?;
        inventory.line(line.as_str().map_err(|_| invalid("a line of an inventory is no text"))?)?;
    }
    Ok((!inventory.is_empty()).then_some(inventory))
}

/// What commits that are archived ended of late.
pub(crate) fn losses(tx: &Transaction<'_>) -> Result<Vec<(Instant, Author, Losses)>, Error> {
    let sql = |error| failed("cannot read where the journal begins", error);
    let mut select = tx.prepare(LOSSES).map_err(sql)?;
    let mut rows = select.query([]).map_err(sql)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        let line: String = row.get(1).map_err(sql)?;
        found.push(
            InventoryLine::losses(&line)
                .ok_or_else(|| invalid("a line of an inventory cannot be understood"))?,
        );
    }
    Ok(found)
}

const LOSSES: &str =
    "SELECT position, line FROM journal_start WHERE line LIKE '{\"losses\":%' ORDER BY position";

/// Makes sure that the rows are the lines of what they come to.
pub(crate) fn check(tx: &Transaction<'_>, wrong: &mut Vec<String>) -> Result<(), Error> {
    let sql = |error| failed("cannot read where the journal begins", error);
    let Some(start) = snapshot(tx)? else { return Ok(()) };
    let mut select = tx.prepare("SELECT user_id, line FROM journal_start ORDER BY position").map_err(sql)?;
    let mut rows = select.query([]).map_err(sql)?;
    let mut differs = false;
    start.write_inventory(|expected| {
        let Some(row) = rows.next().map_err(sql)? else {
            differs = true;
            return Ok::<(), Error>(());
        };
        let (user, line): (Option<u32>, String) = (row.get(0).map_err(sql)?, row.get(1).map_err(sql)?);
        differs |= user != expected.user.map(|user| user.0) || line != expected.json;
        Ok(())
    })?;
    if differs || rows.next().map_err(sql)?.is_some() {
        wrong.push("the rows of table `journal_start` are not those that this library writes".to_owned());
    }
    Ok(())
}

fn lines(tx: &Transaction<'_>, select: &str) -> Result<Vec<(i64, String)>, Error> {
    let sql = |error| failed("cannot read where the journal begins", error);
    let mut select = tx.prepare(select).map_err(sql)?;
    let lines = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(sql)?;
    lines.collect::<Result<_, _>>().map_err(sql)
}

const ACCESS: &str =
    "SELECT position, line FROM journal_start WHERE substr(line, 1, 10) = '{\"access\":' ORDER BY position";

/// Takes away what some people held. In place of the last grant stands that it was taken away, if it was one of those.
fn erase_grants(
    tx: &Transaction<'_>,
    start: &Snapshot,
    stubs: &Snapshot,
    erased: &BTreeSet<UserId>,
) -> Result<(), Error> {
    let sql = |error| failed("cannot erase from where the journal begins", error);
    if !start.grants().any(|(_, grant)| matches!(grant.holder, Holder::User(user) if erased.contains(&user)))
    {
        return Ok(());
    }
    let mut last = None;
    for (position, line) in lines(tx, ACCESS)? {
        let person = InventoryLine::access(&line).and_then(|entry| entry.person());
        if person.is_some_and(|user| erased.contains(&user)) {
            tx.execute("DELETE FROM journal_start WHERE position = ?1", [position]).map_err(sql)?;
            last = Some(position);
        }
    }
    let revoked = |snapshot: &Snapshot| {
        snapshot.access_entries().last().filter(|entry| matches!(entry, Entry::Revoke { .. }))
    };
    if let (None, Some(entry), Some(position)) = (revoked(start), revoked(stubs), last) {
        let line = InventoryLine::of_access(entry).json;
        tx.execute("INSERT INTO journal_start (position, line) VALUES (?1, ?2)", params![position, line])
            .map_err(sql)?;
    }
    Ok(())
}

/// Leaves stubs of some people in it.
pub(crate) fn erase(
    tx: &Transaction<'_>,
    start: &Snapshot,
    erased: &BTreeSet<UserId>,
    secrets: &mut Secrets,
) -> Result<(), Error> {
    let sql = |error| failed("cannot erase from where the journal begins", error);
    erased.iter().for_each(|user| secrets.add_user(start, *user));
    let stubs = start.without(erased);
    for user in erased.iter().filter(|user| (user.0 as usize) < start.user_count()) {
        let line = stubs.inventory_line(*user).json;
        tx.execute("UPDATE journal_start SET line = ?2 WHERE user_id = ?1", params![user.0, line])
            .map_err(sql)?;
    }
    erase_grants(tx, start, &stubs, erased)?;
    for (position, line) in lines(tx, LOSSES)? {
        if let Some(scrubbed) = InventoryLine::scrubbed(&line, secrets) {
            tx.execute("UPDATE journal_start SET line = ?2 WHERE position = ?1", params![position, scrubbed])
                .map_err(sql)?;
        }
    }
    Ok(())
}
