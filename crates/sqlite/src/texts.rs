//! The rules of segments as text for people, with everything under the name that it has now.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;

use matricula_core::Error;
use matricula_core::rule::{AttributeId, Field, Named, Names, Rule, Schema, from_json, print};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::{attributes, failed, invalid};

/// Writes the text of the rules of some segments, and of those that name an attribute whose options have other keys
/// now. Everything that they name is there.
pub(crate) fn write(
    tx: &Transaction<'_>,
    segments: &BTreeSet<u32>,
    renamed: &BTreeSet<AttributeId>,
) -> Result<(), Error> {
    let sql = |error| failed("cannot write the text of rules", error);
    let mut rules = Vec::new();
    if renamed.is_empty() {
        let mut select =
            tx.prepare_cached("SELECT rule FROM segment WHERE id = ?1 AND rule IS NOT NULL").map_err(sql)?;
        for &segment in segments {
            let rule: Option<String> =
                select.query_row([segment], |row| row.get(0)).optional().map_err(sql)?;
            if let Some(rule) = rule {
                rules.push((segment, parse(segment, &rule)?));
            }
        }
    } else {
        let mut select =
            tx.prepare_cached("SELECT id, rule FROM segment WHERE rule IS NOT NULL").map_err(sql)?;
        let mut rows = select.query([]).map_err(sql)?;
        while let Some(row) = rows.next().map_err(sql)? {
            let (segment, rule): (u32, String) = (row.get(0).map_err(sql)?, row.get(1).map_err(sql)?);
            let rule = parse(segment, &rule)?;
            if segments.contains(&segment) || !attributes_of(&rule).is_disjoint(renamed) {
                rules.push((segment, rule));
            }
        }
    }
    if rules.is_empty() {
        return Ok(());
    }
    let wanted = rules.iter().flat_map(|(_, rule)| attributes_of(rule)).collect();
    let schema = attributes::schema(tx, Some(&wanted))?;
    let names = Tables { tx, schema, trouble: RefCell::default() };
    let mut update = tx.prepare_cached("UPDATE segment SET rule_text = ?2 WHERE id = ?1").map_err(sql)?;
    for (segment, rule) in rules {
        let text = print(&rule, &names);
        if let Some(error) = names.trouble.take() {
            return Err(sql(error));
        }
        update.execute(params![segment, text]).map_err(sql)?;
    }
    Ok(())
}

/// A rule from its JSON.
pub(crate) fn parse(segment: u32, rule: &str) -> Result<Rule, Error> {
    from_json(rule).map_err(|error| {
        invalid(format!("the rule of segment number {segment} cannot be understood: {error}"))
    })
}

/// The attributes that a rule names.
fn attributes_of(rule: &Rule) -> BTreeSet<AttributeId> {
    let mut found = BTreeSet::new();
    rule.visit(&mut |part| found.extend(part.field().and_then(Field::attribute)));
    found
}

/// What rules can name, looked up in the tables.
struct Tables<'a> {
    tx: &'a Transaction<'a>,
    /// With the options that are needed.
    schema: Schema,
    /// What went wrong in looking something up.
    trouble: RefCell<Option<rusqlite::Error>>,
}

impl Names for Tables<'_> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn key(&self, what: Named, id: u32) -> Option<Cow<'_, str>> {
        let select = match what {
            Named::User => "SELECT key FROM user WHERE id = ?1",
            Named::Segment => "SELECT key FROM segment WHERE id = ?1",
            Named::Site => "SELECT key FROM site WHERE id = ?1",
            Named::Course => "SELECT key FROM course WHERE id = ?1",
            Named::Group(_) | Named::Role => return None,
        };
        let key = self
            .tx
            .prepare_cached(select)
            .and_then(|mut select| select.query_row([id], |row| row.get::<_, String>(0)).optional());
        key.unwrap_or_else(|error| {
            self.trouble.replace(Some(error));
            None
        })
        .map(Cow::Owned)
    }
}
