//! What is in the file besides what opening reads, held against what it should be: rows for SQL readers, texts as they are
//! compared, rules as text, the columns by which the journal is looked through, tables and views themselves.

use std::collections::{BTreeMap, BTreeSet};

use matricula_core::rule::{Kind, Value, from_json, print};
use matricula_core::{CourseId, Entry, Error, Losses, RowSet, Snapshot, UserId};
use rusqlite::{Connection, Transaction};

use crate::attributes::folded_column;
use crate::load::{each, get, sql};
use crate::schema::{statements, users_view};
use crate::{access, cache, codec, invalid, start, values};

/// What is wrong, in words; `None` if the file is of another revision.
pub(crate) fn check(connection: &mut Connection, snapshot: &Snapshot) -> Result<Option<Vec<String>>, Error> {
    let tx = connection.transaction().map_err(sql)?;
    let revision: i64 = tx.query_row("SELECT revision FROM registry", [], |row| row.get(0)).map_err(sql)?;
    if revision != codec::number(snapshot.revision()) {
        return Ok(None);
    }
    let mut wrong = Vec::new();
    pages(&tx, &mut wrong)?;
    schema(&tx, &mut wrong)?;
    journal(&tx, &mut wrong)?;
    segments(&tx, snapshot, &mut wrong)?;
    folded(&tx, snapshot, &mut wrong)?;
    enrolments(&tx, snapshot, &mut wrong)?;
    access::check(&tx, &mut wrong)?;
    start::check(&tx, &mut wrong)?;
    cache::check(&tx, &mut wrong)?;
    Ok(Some(wrong))
}

/// What SQLite itself finds.
fn pages(tx: &Transaction<'_>, wrong: &mut Vec<String>) -> Result<(), Error> {
    each(tx, "PRAGMA integrity_check(10)", |row| {
        let said: String = get(row, 0)?;
        if said != "ok" {
            wrong.push(format!("SQLite finds: {said}"));
        }
        Ok(())
    })?;
    each(tx, "PRAGMA foreign_key_check", |row| {
        let table: String = get(row, 0)?;
        wrong.push(format!("a row of table `{table}` refers to what is not there"));
        Ok(())
    })
}

/// Tables, indexes and views are the ones that this library makes. The table of people grows with attributes and is left out.
fn schema(tx: &Transaction<'_>, wrong: &mut Vec<String>) -> Result<(), Error> {
    let mut there: BTreeMap<String, String> = BTreeMap::new();
    each(tx, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL", |row| {
        there.insert(get(row, 0)?, get(row, 1)?);
        Ok(())
    })?;
    let users = users_view(tx).map_err(sql)?;
    let expected = statements().map(|(what, name, statement)| (what, name, statement.trim_end_matches(';')));
    for (what, name, statement) in expected.chain([("VIEW", "users", users.as_str())]) {
        let what = what.to_lowercase();
        match there.remove(name) {
            None => wrong.push(format!("{what} `{name}` is missing")),
            Some(sql) if name != "user" && sql != statement => {
                wrong.push(format!("{what} `{name}` is not the one that this library makes"));
            }
            Some(_) => {}
        }
    }
    for (name, sql) in there {
        if sql.starts_with("CREATE TRIGGER") {
            wrong.push(format!("trigger `{name}` should not be there"));
        }
    }
    Ok(())
}

/// The columns beside entries and facts say what those say.
fn journal(tx: &Transaction<'_>, wrong: &mut Vec<String>) -> Result<(), Error> {
    each(
        tx,
        "SELECT revision, position, user_id, entry FROM journal_entry ORDER BY revision, position",
        |row| {
            let (revision, position): (i64, i64) = (get(row, 0)?, get(row, 1)?);
            let (user, json): (Option<u32>, String) = (get(row, 2)?, get(row, 3)?);
            let person = from_json::<Entry>(&json).ok().map(|entry| entry.person().map(|user| user.0));
            if person.is_some_and(|person| person != user) {
                wrong.push(format!(
                    "commit {revision}, entry {position}: its column `user_id` is of somebody else"
                ));
            }
            Ok(())
        },
    )?;
    let erased = "SELECT erased <> (SELECT coalesce(max(revision), 0) FROM journal_entry WHERE entry LIKE '{\"erase\":%')
                  FROM registry";
    if tx.query_row(erased, [], |row| row.get(0)).map_err(sql)? {
        wrong.push(
            "the column `erased` of table `registry` is not the last commit that erased somebody".to_owned(),
        );
    }
    let strays = "SELECT 'journal', j.revision FROM journal j, registry r
                        WHERE j.revision > r.revision OR j.revision <= r.archived
                  UNION SELECT 'journal_entry', revision FROM journal_entry WHERE revision NOT IN (SELECT revision FROM journal)
                  UNION SELECT 'journal_fact', revision FROM journal_fact WHERE revision NOT IN (SELECT revision FROM journal)
                  UNION SELECT 'journal_fact', f.revision FROM journal_fact f
                        WHERE (fact IN ('joined', 'left')) <> (segment_id IS NOT NULL)
                           OR (segment_id IS NULL) <> (course_id IS NOT NULL)
                           OR (course_id IS NULL) <> (rule_id IS NULL)";
    each(tx, strays, |row| {
        let (table, revision): (String, i64) = (get(row, 0)?, get(row, 1)?);
        wrong.push(format!("commit {revision}: a row of table `{table}` does not belong there"));
        Ok(())
    })?;
    let dense = "SELECT revision FROM journal_entry GROUP BY revision
                 HAVING min(position) <> 0 OR max(position) + 1 <> count(*)
                 UNION SELECT revision FROM journal_fact GROUP BY revision
                 HAVING min(position) <> 0 OR max(position) + 1 <> count(*)";
    each(tx, dense, |row| {
        let revision: i64 = get(row, 0)?;
        wrong.push(format!("commit {revision}: its rows are not numbered from 0 without gaps"));
        Ok(())
    })?;
    each(tx, "SELECT revision, losses FROM journal WHERE losses IS NOT NULL", |row| {
        let (revision, json): (i64, String) = (get(row, 0)?, get(row, 1)?);
        let losses = from_json::<Losses>(&json).ok().and_then(|losses| serde_json::to_string(&losses).ok());
        if losses.as_ref() != Some(&json) {
            wrong.push(format!("commit {revision}: its losses are not in the words of this library"));
        }
        Ok(())
    })?;
    let courses = "SELECT rule_id FROM enrolment_rule_course GROUP BY rule_id
                   HAVING min(position) <> 0 OR max(position) + 1 <> count(*)";
    each(tx, courses, |row| {
        let rule: i64 = get(row, 0)?;
        wrong.push(format!(
            "the courses of enrolment rule number {rule} are not numbered from 0 without gaps"
        ));
        Ok(())
    })?;
    let moments = "SELECT DISTINCT revision FROM journal_fact GROUP BY revision, moment
                   HAVING min(at) <> max(at)";
    each(tx, moments, |row| {
        let revision: i64 = get(row, 0)?;
        wrong.push(format!("commit {revision}: facts of one moment are of several instants"));
        Ok(())
    })
}

/// Rows of members, and rules as text.
fn segments(tx: &Transaction<'_>, snapshot: &Snapshot, wrong: &mut Vec<String>) -> Result<(), Error> {
    let mut rows: BTreeMap<u32, RowSet> = BTreeMap::new();
    each(tx, "SELECT segment_id, user_id FROM segment_row", |row| {
        rows.entry(get(row, 0)?).or_default().set(get(row, 1)?, true);
        Ok(())
    })?;
    for (id, segment) in snapshot.segments_ever() {
        let expected = if segment.sql_rows { snapshot.members_of(id) } else { RowSet::default() };
        if rows.remove(&id.0).unwrap_or_default() != expected {
            wrong.push(format!(
                "the rows of table `segment_row` of segment `{}` are not its members",
                segment.key
            ));
        }
        let text: Option<String> = tx
            .query_row("SELECT rule_text FROM segment WHERE id = ?1", [id.0], |row| row.get(0))
            .map_err(sql)?;
        if text != segment.rule.as_ref().map(|rule| print(rule, snapshot)) {
            wrong.push(format!("the column `rule_text` of segment `{}` is not its rule", segment.key));
        }
    }
    for table in ["segment_members", "segment_frozen"] {
        each(tx, &format!("SELECT segment_id, part, members FROM {table}"), |row| {
            let (segment, part): (u32, u32) = (get(row, 0)?, get(row, 1)?);
            let people = row.get_ref(2).map_err(sql)?;
            let people = codec::people(people.as_blob().map_err(|_| invalid("members are no bitmap"))?)?;
            if !codec::parts(&people).all(|(of, _)| of == part) {
                wrong.push(format!("table `{table}` has people of segment number {segment} in another part"));
            }
            Ok(())
        })?;
    }
    let strays: BTreeSet<u32> = rows.into_keys().collect();
    if let Some(segment) = strays.first() {
        wrong.push(format!("table `segment_row` has rows of segment number {segment}, which is not there"));
    }
    Ok(())
}

/// Since when people are enrolled, which opening takes from the reasons where it can.
fn enrolments(tx: &Transaction<'_>, snapshot: &Snapshot, wrong: &mut Vec<String>) -> Result<(), Error> {
    each(tx, "SELECT user_id, course_id, since FROM enrolment", |row| {
        let (user, course) = (UserId(get(row, 0)?), CourseId(get(row, 1)?));
        let since: i64 = get(row, 2)?;
        if snapshot.enrolment(user, course).is_some_and(|enrolment| enrolment.since.millis() != since) {
            let (user, course) = (snapshot.user_key(user), snapshot.course(course).map_or("", |it| &it.key));
            wrong.push(format!(
                "user `{user}`: the column `since` of the enrolment in course `{course}` differs"
            ));
        }
        Ok(())
    })
}

/// Texts as they are compared.
fn folded(tx: &Transaction<'_>, snapshot: &Snapshot, wrong: &mut Vec<String>) -> Result<(), Error> {
    let attributes = snapshot.schema().attributes().iter();
    for attribute in attributes
        .filter(|attribute| attribute.kind == Kind::Text && attribute.ignore_case && !attribute.deleted)
    {
        let select = format!("SELECT id, {} FROM user ORDER BY id", folded_column(attribute.id.0));
        each(tx, &select, |row| {
            let user = UserId(get(row, 0)?);
            let value: Option<Value> = snapshot.value(user, attribute.id);
            let found: Option<String> = get(row, 1)?;
            if found != values::folded(value.as_ref()) {
                let (user, key) = (snapshot.user_key(user), &attribute.key);
                wrong.push(format!(
                    "user `{user}`: the text by which `{key}` is compared is not that of its value"
                ));
            }
            Ok(())
        })?;
    }
    Ok(())
}
