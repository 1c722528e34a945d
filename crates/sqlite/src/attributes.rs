//! Attributes: their rows, their options, and the columns that they add to the table of users. Not here: what is in
//! those columns (`values`, `people`).

use std::collections::BTreeSet;

use matricula_core::Error;
use matricula_core::rule::{Attribute, AttributeId, Choice, Kind, OptionId, Options, Schema};
use rusqlite::types::ToSqlOutput;
use rusqlite::{OptionalExtension, Result, Transaction, params};

use crate::{failed, invalid, to_sql, values};

/// The column of an attribute in the table of users.
pub(crate) fn column(attribute: u32) -> String {
    format!("a{attribute}")
}

/// The column of an attribute that ignores case with its texts as they are compared.
pub(crate) fn folded_column(attribute: u32) -> String {
    format!("f{attribute}")
}

/// Which columns the table of users has for an attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    pub(crate) attribute: u32,
    /// Whether there is one with the value.
    pub(crate) value: bool,
    /// Whether there is one with the text as it is compared.
    pub(crate) folded: bool,
}

/// The columns of all attributes. Options, of which there may be very many, are left alone.
pub(crate) fn columns(tx: &Transaction<'_>) -> Result<Vec<Columns>> {
    let mut select = tx.prepare_cached(
        "SELECT id, type <> 'multi_choice' AND deleted = 0,
             coalesce(type = 'text' AND json_extract(definition, '$.ignore_case'), 0)
         FROM attribute ORDER BY id",
    )?;
    let rows = select.query_map([], |row| {
        Ok(Columns { attribute: row.get(0)?, value: row.get(1)?, folded: row.get(2)? })
    })?;
    rows.collect()
}

/// What a definition did to an attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Put {
    /// It was not there.
    pub(crate) new: bool,
    /// It was there, and is no longer.
    pub(crate) gone: bool,
    /// An option has another key.
    pub(crate) renamed: bool,
}

/// Puts an attribute in place with its columns and options, or follows its definition.
pub(crate) fn put(tx: &Transaction<'_>, attribute: &Attribute) -> Result<Put> {
    let id = attribute.id.0;
    let was_folded: Option<bool> = tx
        .prepare_cached(
            "SELECT coalesce(json_extract(definition, '$.ignore_case'), 0) FROM attribute WHERE id = ?1",
        )?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let kind = attribute.kind.name();
    let site = attribute.site.map(|site| site.0);
    let definition = definition(attribute).map_err(to_sql)?;
    tx.prepare_cached(
        "INSERT INTO attribute (id, key, type, name, site_id, definition, deleted)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE
         SET key = ?2, type = ?3, name = ?4, site_id = ?5, definition = ?6, deleted = ?7",
    )?
    .execute(params![id, attribute.key, kind, attribute.name, site, definition, attribute.deleted])?;
    let new = was_folded.is_none();
    if attribute.deleted {
        if !new {
            drop_columns(tx, attribute, was_folded.unwrap_or_default())?;
        }
        return Ok(Put { new: false, gone: true, renamed: false });
    }
    if let Some(of) = values::type_of(&attribute.kind)
        && new
    {
        tx.execute_batch(&format!("ALTER TABLE user ADD COLUMN {} {of}", column(id)))?;
    }
    if attribute.kind == Kind::Text {
        let folded = folded_column(id);
        match (was_folded.unwrap_or_default(), attribute.ignore_case) {
            (false, true) => {
                tx.execute_batch(&format!("ALTER TABLE user ADD COLUMN {folded} TEXT"))?;
                if !new {
                    fold_all(tx, id)?;
                }
            }
            (true, false) => tx.execute_batch(&format!("ALTER TABLE user DROP COLUMN {folded}"))?,
            _ => {}
        }
    }
    let renamed = match attribute.kind.options() {
        Some(options) => put_options(tx, id, options)?,
        None => false,
    };
    Ok(Put { new, gone: false, renamed })
}

/// Takes away an attribute's columns and options, with everybody's value.
fn drop_columns(tx: &Transaction<'_>, attribute: &Attribute, folded: bool) -> Result<()> {
    let id = attribute.id.0;
    // The view reads the columns; it is made anew at the end.
    tx.execute_batch("DROP VIEW IF EXISTS users")?;
    if values::type_of(&attribute.kind).is_some() {
        tx.execute_batch(&format!("ALTER TABLE user DROP COLUMN {}", column(id)))?;
    }
    if folded {
        tx.execute_batch(&format!("ALTER TABLE user DROP COLUMN {}", folded_column(id)))?;
    }
    tx.execute("DELETE FROM user_option WHERE attribute_id = ?1", [id])?;
    tx.execute("DELETE FROM attribute_option WHERE attribute_id = ?1", [id]).map(drop)
}

/// The definition as JSON. Its list of options is empty: they have a table.
fn definition(attribute: &Attribute) -> serde_json::Result<String> {
    let kind = match &attribute.kind {
        Kind::Choice { .. } => Kind::Choice { options: Options::default() },
        Kind::MultiChoice { .. } => Kind::MultiChoice { options: Options::default() },
        other => other.clone(),
    };
    serde_json::to_string(&Attribute { kind, ..attribute.clone() })
}

/// Writes the options that differ; whether one of them has another key than before.
fn put_options(tx: &Transaction<'_>, attribute: u32, options: &Options) -> Result<bool> {
    let mut old = Vec::new();
    options_of(tx, attribute, |_, option| old.push(option))?;
    let mut put = tx.prepare_cached(
        "INSERT INTO attribute_option (attribute_id, id, key, name, retired) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (attribute_id, id) DO UPDATE SET key = ?3, name = ?4, retired = ?5",
    )?;
    let mut renamed = false;
    for (position, option) in options.iter().enumerate() {
        let was = old.get(position);
        if was != Some(option) {
            renamed |= was.is_some_and(|was| was.key != option.key);
            put.execute(params![
                attribute,
                OptionId::at(position).0,
                option.key,
                option.name,
                option.retired
            ])?;
        }
    }
    Ok(renamed)
}

/// Visits the options of an attribute in the order of their ids.
fn options_of(tx: &Transaction<'_>, attribute: u32, mut visit: impl FnMut(u32, Choice)) -> Result<()> {
    let mut select = tx.prepare_cached(
        "SELECT id, key, name, retired FROM attribute_option WHERE attribute_id = ?1 ORDER BY id",
    )?;
    let mut rows = select.query([attribute])?;
    while let Some(row) = rows.next()? {
        visit(row.get(0)?, Choice { key: row.get(1)?, name: row.get(2)?, retired: row.get(3)? });
    }
    Ok(())
}

/// Fills the folded column of an attribute that has begun to ignore case.
fn fold_all(tx: &Transaction<'_>, attribute: u32) -> Result<()> {
    /// People at a time.
    const BATCH: usize = 10_000;
    let (plain, folded) = (column(attribute), folded_column(attribute));
    let mut select = tx.prepare(&format!(
        "SELECT id, {plain} FROM user WHERE id > ?1 AND {plain} IS NOT NULL ORDER BY id LIMIT {BATCH}"
    ))?;
    let mut update = tx.prepare(&format!("UPDATE user SET {folded} = ?2 WHERE id = ?1"))?;
    let mut last = -1_i64;
    loop {
        let rows = select.query_map([last], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let batch: Vec<(i64, String)> = rows.collect::<Result<_>>()?;
        for (user, text) in &batch {
            let text: ToSqlOutput<'_> = matricula_core::rule::fold(text).into_owned().into();
            update.execute(params![user, text])?;
        }
        match batch.last() {
            Some((user, _)) if batch.len() == BATCH => last = *user,
            _ => return Ok(()),
        }
    }
}

/// The attributes, with the options of those wanted only, or of all.
pub(crate) fn schema(
    tx: &Transaction<'_>,
    wanted: Option<&BTreeSet<AttributeId>>,
) -> std::result::Result<Schema, Error> {
    let sql = |error| failed("cannot read the attributes", error);
    let mut schema = Schema::default();
    let mut select = tx
        .prepare_cached("SELECT id, key, type, name, site_id, definition FROM attribute ORDER BY id")
        .map_err(sql)?;
    let mut rows = select.query([]).map_err(sql)?;
    while let Some(row) = rows.next().map_err(sql)? {
        let key: String = row.get(1).map_err(sql)?;
        let definition: String = row.get(5).map_err(sql)?;
        let mut attribute: Attribute = serde_json::from_str(&definition).map_err(|error| {
            invalid(format!("the definition of attribute `{key}` cannot be understood: {error}"))
        })?;
        let (id, name, site): (u32, Option<String>, Option<u32>) =
            (row.get(0).map_err(sql)?, row.get(3).map_err(sql)?, row.get(4).map_err(sql)?);
        let of: String = row.get(2).map_err(sql)?;
        let agrees = attribute.id.0 == id
            && attribute.key == key
            && attribute.kind.name() == of
            && attribute.name == name
            && attribute.site.map(|site| site.0) == site;
        if !agrees {
            return Err(invalid(format!("the definition of attribute `{key}` does not agree with its row")));
        }
        if attribute.id != AttributeId::at(schema.attributes().len()) {
            return Err(invalid(format!("attribute number {id} is out of order")));
        }
        if let Kind::Choice { options } | Kind::MultiChoice { options } = &mut attribute.kind
            && wanted.is_none_or(|wanted| wanted.contains(&AttributeId(id)))
        {
            let mut found = Vec::new();
            let mut in_order = true;
            options_of(tx, id, |option, choice| {
                in_order &= option as usize == found.len();
                found.push(choice);
            })
            .map_err(sql)?;
            let count = found.len();
            *options = found.into_iter().collect();
            if !in_order || options.len() != count {
                return Err(invalid(format!("the options of attribute `{key}` are out of order")));
            }
        }
        schema.define(attribute);
    }
    Ok(schema)
}
