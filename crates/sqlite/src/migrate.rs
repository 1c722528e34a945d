//! Bringing the tables of an earlier version up to this one, in place and in one transaction. Nothing of the journal
//! is rewritten: core reads entries of every version.

use std::collections::{BTreeMap, BTreeSet};

use matricula_core::rule::{Attribute, AttributeId, Choice, Kind};
use matricula_core::{Error, Segment, SegmentId, SegmentState, SiteId};
use rusqlite::{OptionalExtension, Transaction};

use crate::append::put_segment;
use crate::attributes::column;
use crate::schema::{Trouble, create_missing, create_missing_of, show_users, statements};
use crate::{access, attributes, invalid, texts};

/// From version 1, which had three types of attributes, and segments with nothing but a rule. Foreign keys are not
/// watched meanwhile.
pub(crate) fn from_version_1(tx: &Transaction<'_>) -> Result<(), Trouble> {
    let attributes = attributes_of_version_1(tx)?;
    let segments = segments_of_version_1(tx)?;
    tx.execute_batch(
        "DROP VIEW users;
         DROP VIEW enrolments;
         DROP VIEW commits;
         DROP TABLE attribute_option;
         DROP TABLE attribute;
         DROP TABLE segment;
         ALTER TABLE user RENAME TO user_of_version_1;",
    )?;
    // Indexes are over columns that other tables do not have yet.
    create_missing_of(tx, &["TABLE"])?;
    for attribute in &attributes {
        attributes::put(tx, attribute)?;
    }
    move_people(tx, &attributes)?;
    let mut ids = BTreeSet::new();
    for (id, segment) in &segments {
        put_segment(tx, *id, segment)?;
        ids.insert(id.0);
    }
    texts::write(tx, &ids, &BTreeSet::new())?;
    show_users(tx)?;
    if tx.prepare("PRAGMA foreign_key_check")?.exists([])? {
        return Err(invalid("a table of version 1 refers to what is not there").into());
    }
    Ok(())
}

/// From version 2 or 3: tables whose columns have changed since are made anew, with what was in the columns that stayed;
/// new ones have their defaults. `user` has columns of its own in each file, and is not among them.
pub(crate) fn by_columns(tx: &Transaction<'_>) -> Result<(), Trouble> {
    let views: Vec<&str> =
        statements().filter(|(what, ..)| *what == "VIEW").map(|(_, name, _)| name).collect();
    for name in views.into_iter().chain(["users"]) {
        tx.execute_batch(&format!("DROP VIEW IF EXISTS {name}"))?;
    }
    for (_, name, statement) in statements().filter(|(what, name, _)| *what == "TABLE" && *name != "user") {
        let there: Option<String> = tx
            .query_row("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", [name], |row| {
                row.get(0)
            })
            .optional()?;
        let Some(there) = there.filter(|there| there != statement) else { continue };
        // Renaming would make other tables refer to the old one.
        let old = format!("{name}_of_earlier_version");
        tx.execute_batch(&there.replacen(name, &old, 1))?;
        tx.execute_batch(&format!("INSERT INTO {old} SELECT * FROM {name}; DROP TABLE {name}; {statement}"))?;
        let stayed = columns(tx, &old)?;
        let stayed: Vec<String> =
            columns(tx, name)?.into_iter().filter(|column| stayed.contains(column)).collect();
        let stayed = stayed.join(", ");
        tx.execute_batch(&format!(
            "INSERT INTO {name} ({stayed}) SELECT {stayed} FROM {old}; DROP TABLE {old}"
        ))?;
    }
    create_missing(tx)?;
    access::put_built_in(tx)?;
    show_users(tx)?;
    Ok(())
}

fn columns(tx: &Transaction<'_>, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut select = tx.prepare("SELECT name FROM pragma_table_info(?1)")?;
    select.query_map([table], |row| row.get(0))?.collect()
}

fn attributes_of_version_1(tx: &Transaction<'_>) -> Result<Vec<Attribute>, Trouble> {
    let mut options: BTreeMap<u32, Vec<Choice>> = BTreeMap::new();
    let mut select =
        tx.prepare("SELECT attribute_id, key FROM attribute_option ORDER BY attribute_id, id")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        options.entry(row.get(0)?).or_default().push(Choice::new(row.get::<_, String>(1)?));
    }
    let mut select = tx.prepare("SELECT id, key, type FROM attribute ORDER BY id")?;
    let mut rows = select.query([])?;
    let mut attributes = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, key, of): (u32, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let kind = match of.as_str() {
            "text" => Kind::Text,
            "date" => Kind::Date,
            "choice" => {
                Kind::Choice { options: options.remove(&id).unwrap_or_default().into_iter().collect() }
            }
            _ => return Err(invalid(format!("unknown attribute type `{of}`")).into()),
        };
        attributes.push(Attribute::new(AttributeId(id), key, kind));
    }
    Ok(attributes)
}

fn segments_of_version_1(tx: &Transaction<'_>) -> Result<Vec<(SegmentId, Segment)>, Error> {
    let sql = crate::load::sql;
    let mut select =
        tx.prepare("SELECT id, key, name, site_id, rule FROM segment ORDER BY id").map_err(sql)?;
    let mut rows = select.query([]).map_err(sql)?;
    let mut segments = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        let (id, rule): (u32, String) = (row.get(0).map_err(sql)?, row.get(4).map_err(sql)?);
        let site: Option<u32> = row.get(3).map_err(sql)?;
        let segment = Segment {
            key: row.get(1).map_err(sql)?,
            name: row.get(2).map_err(sql)?,
            site: site.map(SiteId),
            rule: Some(texts::parse(id, &rule)?),
            state: SegmentState::Active,
            owner: None,
            description: None,
            sql_rows: false,
            deleted: false,
        };
        segments.push((SegmentId(id), segment));
    }
    Ok(segments)
}

/// People are as they were, and created by the commit that has their key.
fn move_people(tx: &Transaction<'_>, attributes: &[Attribute]) -> Result<(), Trouble> {
    let columns: String =
        attributes.iter().map(|attribute| format!(", {}", column(attribute.id.0))).collect();
    let moved = tx.execute(
        &format!(
            "INSERT INTO user (id, key, status, created{columns})
             SELECT id, key, status, at{columns}
             FROM user_of_version_1
             JOIN (SELECT e.user_id AS user_id, min(j.at) AS at
                   FROM journal_entry e JOIN journal j ON j.revision = e.revision
                   WHERE e.user_id IS NOT NULL AND json_extract(e.entry, '$.user.key') IS NOT NULL
                   GROUP BY e.user_id) ON user_id = id
             ORDER BY id"
        ),
        [],
    )?;
    let people: i64 = tx.query_row("SELECT count(*) FROM user_of_version_1", [], |row| row.get(0))?;
    if usize::try_from(people) != Ok(moved) {
        return Err(invalid("the journal does not say when everybody was created").into());
    }
    tx.execute_batch("DROP TABLE user_of_version_1")?;
    Ok(())
}
