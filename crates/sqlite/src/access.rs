//! Who may do what: categories, capabilities, roles, overrides, locks and grants as rows, and back. Roles that are built in
//! have rows like others, for those who read with SQL; the library reads only the ones that a commit has changed.

use std::collections::BTreeMap;

use matricula_core::rule::{AttributeId, RoleId};
use matricula_core::{
    Audience, CapabilityDefinition, CapabilityKind, Category, CategoryId, Commit, CourseId, Effect, Effects,
    Entry, Error, Grant, GrantId, Holder, Loader, Role, Scope, SegmentId, SiteId, Snapshot, UserId,
};
use rusqlite::{Result, Row, Transaction, params};

use crate::load::{each, get, parse, sql};
use crate::{codec, invalid, to_sql};

/// Writes an entry about access.
pub(crate) fn write(tx: &Transaction<'_>, entry: &Entry) -> Result<()> {
    match entry {
        Entry::Category(id, category) => put_category(tx, *id, category),
        Entry::Capability(own) => put_capability(tx, own),
        Entry::Role(id, role) => put_role(tx, *id, role, Snapshot::default().role(*id) == Some(role)),
        Entry::Override { role, scope, effects } => put_override(tx, *role, *scope, effects),
        Entry::Lock { scope, locked } => put_lock(tx, *scope, *locked),
        Entry::Grant(id, grant) => put_grant(tx, *id, grant),
        Entry::Revoke { grant, .. } => {
            tx.prepare_cached("DELETE FROM role_grant WHERE id = ?1")?.execute([grant.0]).map(drop)
        }
        _ => Ok(()),
    }
}

/// How many grants there were after a commit at least: one more than the greatest number in it.
pub(crate) fn grants(commit: &Commit) -> u32 {
    let number = |entry: &Entry| match entry {
        Entry::Grant(id, _) | Entry::Revoke { grant: id, .. } => Some(id.0.saturating_add(1)),
        _ => None,
    };
    commit.entries.iter().filter_map(number).max().unwrap_or(0)
}

/// The roles that are built in.
fn built_in(initial: &Snapshot) -> impl Iterator<Item = (RoleId, &Role)> {
    (0..).map(RoleId).map_while(|id| Some((id, initial.role(id)?)))
}

/// Writes the roles that are built in, but for those that a commit has changed. Whoever changes what is built in raises the
/// version of the tables, so that this is done again.
pub(crate) fn put_built_in(tx: &Transaction<'_>) -> Result<()> {
    for (id, role) in built_in(&Snapshot::default()) {
        if !tx.prepare("SELECT 1 FROM role WHERE id = ?1 AND built_in = 0")?.exists([id.0])? {
            put_role(tx, id, role, true)?;
        }
    }
    Ok(())
}

fn put_category(tx: &Transaction<'_>, id: CategoryId, category: &Category) -> Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO category (id, key, name, site_id, parent_id) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET key = ?2, name = ?3, site_id = ?4, parent_id = ?5",
    )?;
    let parent = category.parent.map(|parent| parent.0);
    put.execute(params![id.0, category.key, category.name, category.site.0, parent]).map(drop)
}

fn put_capability(tx: &Transaction<'_>, own: &CapabilityDefinition) -> Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO capability (position, name, kind, innermost, over_people, flags, sentence)
         VALUES ((SELECT coalesce(max(position) + 1, 0) FROM capability), ?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (name) DO UPDATE SET kind = ?2, innermost = ?3, over_people = ?4, flags = ?5, sentence = ?6",
    )?;
    let kind = match own.kind {
        CapabilityKind::Read => "read",
        CapabilityKind::Write => "write",
    };
    let flags = serde_json::to_string(&own.flags).map_err(to_sql)?;
    put.execute(params![own.name, kind, own.innermost, own.over, flags, own.sentence]).map(drop)
}

fn put_role(tx: &Transaction<'_>, id: RoleId, role: &Role, built_in: bool) -> Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO role (id, key, name, description, site_id, may_assign, needs_audience, built_in, deleted)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET key = ?2, name = ?3, description = ?4, site_id = ?5, may_assign = ?6,
             needs_audience = ?7, built_in = ?8, deleted = ?9",
    )?;
    let may_assign = serde_json::to_string(&role.may_assign).map_err(to_sql)?;
    put.execute(params![
        id.0,
        role.key,
        role.name,
        role.description,
        role.site.map(|site| site.0),
        may_assign,
        role.needs_audience,
        built_in,
        role.deleted,
    ])?;
    tx.prepare_cached("DELETE FROM role_effect WHERE role_id = ?1")?.execute([id.0])?;
    let mut put =
        tx.prepare_cached("INSERT INTO role_effect (role_id, pattern, effect) VALUES (?1, ?2, ?3)")?;
    for (pattern, effect) in &role.effects {
        put.execute(params![id.0, pattern, effect.name()])?;
    }
    Ok(())
}

fn put_override(tx: &Transaction<'_>, role: RoleId, scope: Scope, effects: &Effects) -> Result<()> {
    let (word, id) = cells(scope);
    tx.prepare_cached("DELETE FROM role_override WHERE role_id = ?1 AND scope = ?2 AND scope_id = ?3")?
        .execute(params![role.0, word, id])?;
    let mut put = tx.prepare_cached(
        "INSERT INTO role_override (role_id, scope, scope_id, pattern, effect) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (pattern, effect) in effects {
        put.execute(params![role.0, word, id, pattern, effect.name()])?;
    }
    Ok(())
}

fn put_lock(tx: &Transaction<'_>, scope: Scope, locked: bool) -> Result<()> {
    let (word, id) = cells(scope);
    let statement = match locked {
        true => "INSERT OR IGNORE INTO scope_lock (scope, scope_id) VALUES (?1, ?2)",
        false => "DELETE FROM scope_lock WHERE scope = ?1 AND scope_id = ?2",
    };
    tx.prepare_cached(statement)?.execute(params![word, id]).map(drop)
}

fn put_grant(tx: &Transaction<'_>, id: GrantId, grant: &Grant) -> Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO role_grant (id, role_id, user_id, segment_id, scope, scope_id, audience, audience_id,
             begins, ends, note)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (id) DO UPDATE SET role_id = ?2, user_id = ?3, segment_id = ?4, scope = ?5, scope_id = ?6,
             audience = ?7, audience_id = ?8, begins = ?9, ends = ?10, note = ?11",
    )?;
    let (user, segment) = match grant.holder {
        Holder::User(user) => (Some(user.0), None),
        Holder::Segment(segment) => (None, Some(segment.0)),
    };
    let (scope, scope_id) = cells(grant.scope);
    let (audience, audience_id) = match grant.audience {
        None => (None, None),
        Some(Audience::Segment(segment)) => (Some("segment"), Some(segment.0)),
        Some(Audience::Reports(attribute)) => (Some("reports"), Some(attribute.0)),
        Some(Audience::Line(attribute)) => (Some("line"), Some(attribute.0)),
        Some(Audience::Same(attribute)) => (Some("same"), Some(attribute.0)),
    };
    let (from, until) = (grant.from.map(|at| at.millis()), grant.until.map(|at| at.millis()));
    put.execute(params![
        id.0,
        grant.role.0,
        user,
        segment,
        scope,
        scope_id,
        audience,
        audience_id,
        from,
        until,
        grant.note,
    ])
    .map(drop)
}

/// A scope as its kind and number; the registry has number 0.
fn cells(scope: Scope) -> (&'static str, u32) {
    let id = match scope {
        Scope::Registry => 0,
        Scope::Site(id) => id.0,
        Scope::Category(id) => id.0,
        Scope::Course(id) => id.0,
    };
    (scope.kind(), id)
}

/// The scope of two columns.
fn scope(row: &Row<'_>, column: usize) -> Result<Scope, Error> {
    let (word, id): (String, u32) = (get(row, column)?, get(row, column + 1)?);
    Ok(match (word.as_str(), id) {
        ("registry", 0) => Scope::Registry,
        ("site", _) => Scope::Site(SiteId(id)),
        ("category", _) => Scope::Category(CategoryId(id)),
        ("course", _) => Scope::Course(CourseId(id)),
        _ => return Err(invalid(format!("unknown scope `{word}` number {id}"))),
    })
}

/// Gives the loader everything about access but the categories of courses. Everything else is there.
pub(crate) fn load(tx: &Transaction<'_>, loader: &mut Loader) -> Result<(), Error> {
    each(tx, "SELECT id, key, name, site_id, parent_id FROM category ORDER BY id", |row| {
        let (key, name, site) = (get(row, 1)?, get(row, 2)?, SiteId(get(row, 3)?));
        let parent = get::<Option<u32>>(row, 4)?.map(CategoryId);
        loader.access(&Entry::Category(CategoryId(get(row, 0)?), Category { key, name, site, parent }))
    })?;
    let select =
        "SELECT name, kind, innermost, over_people, flags, sentence FROM capability ORDER BY position";
    each(tx, select, |row| {
        let kind: String = get(row, 1)?;
        loader.access(&Entry::Capability(CapabilityDefinition {
            name: get(row, 0)?,
            kind: match kind.as_str() {
                "read" => CapabilityKind::Read,
                "write" => CapabilityKind::Write,
                _ => return Err(invalid(format!("unknown kind of capability `{kind}`"))),
            },
            innermost: get(row, 2)?,
            over: get(row, 3)?,
            flags: list(row, 4)?,
            sentence: get(row, 5)?,
        }))
    })?;
    for (id, role) in roles(tx, false)? {
        loader.access(&Entry::Role(id, role))?;
    }
    let mut overrides: BTreeMap<(RoleId, Scope), Effects> = BTreeMap::new();
    each(tx, "SELECT role_id, scope, scope_id, pattern, effect FROM role_override", |row| {
        let of = overrides.entry((RoleId(get(row, 0)?), scope(row, 1)?)).or_default();
        of.insert(get(row, 3)?, parse::<Effect>(row, 4)?);
        Ok(())
    })?;
    for ((role, scope), effects) in overrides {
        loader.access(&Entry::Override { role, scope, effects })?;
    }
    each(tx, "SELECT scope, scope_id FROM scope_lock", |row| {
        loader.access(&Entry::Lock { scope: scope(row, 0)?, locked: true })
    })?;
    load_grants(tx, loader)
}

fn load_grants(tx: &Transaction<'_>, loader: &mut Loader) -> Result<(), Error> {
    let given: u32 = tx.query_row("SELECT grants FROM registry", [], |row| row.get(0)).map_err(sql)?;
    let mut next = 0;
    let select =
        "SELECT id, role_id, user_id, segment_id, scope, scope_id, audience, audience_id, begins, ends, note
                  FROM role_grant ORDER BY id";
    each(tx, select, |row| {
        let id: u32 = get(row, 0)?;
        if id >= given {
            return Err(invalid(format!("grant number {id} was not given, expected one below {given}")));
        }
        next = id.saturating_add(1);
        let holder = match (get::<Option<u32>>(row, 2)?, get::<Option<u32>>(row, 3)?) {
            (Some(user), None) => Holder::User(UserId(user)),
            (None, Some(segment)) => Holder::Segment(SegmentId(segment)),
            _ => return Err(invalid(format!("grant number {id} has no holder, or two"))),
        };
        let (audience, of): (Option<String>, Option<u32>) = (get(row, 6)?, get(row, 7)?);
        let audience = match (audience.as_deref(), of) {
            (None, None) => None,
            (Some("segment"), Some(id)) => Some(Audience::Segment(SegmentId(id))),
            (Some("reports"), Some(id)) => Some(Audience::Reports(AttributeId(id))),
            (Some("line"), Some(id)) => Some(Audience::Line(AttributeId(id))),
            (Some("same"), Some(id)) => Some(Audience::Same(AttributeId(id))),
            _ => return Err(invalid(format!("grant number {id} has an unknown audience"))),
        };
        let grant = Grant {
            role: RoleId(get(row, 1)?),
            holder,
            scope: scope(row, 4)?,
            audience,
            from: codec::perhaps_instant(row, 8)?,
            until: codec::perhaps_instant(row, 9)?,
            note: get(row, 10)?,
        };
        loader.access(&Entry::Grant(GrantId(id), grant))
    })?;
    if next < given {
        // The last one was taken away. Who held it is of no account, only that its number is not given again.
        let (grant, holder) = (GrantId(given - 1), Holder::Segment(SegmentId(0)));
        loader.access(&Entry::Revoke { grant, holder })?;
    }
    Ok(())
}

/// The roles that are as built in, or the others, by number.
fn roles(tx: &Transaction<'_>, built_in: bool) -> Result<Vec<(RoleId, Role)>, Error> {
    let mut effects: BTreeMap<RoleId, Effects> = BTreeMap::new();
    let select = format!(
        "SELECT e.role_id, e.pattern, e.effect FROM role_effect e LEFT JOIN role r ON r.id = e.role_id
         WHERE coalesce(r.built_in, 0) = {built_in}"
    );
    each(tx, &select, |row| {
        let of = effects.entry(RoleId(get(row, 0)?)).or_default();
        of.insert(get(row, 1)?, parse::<Effect>(row, 2)?);
        Ok(())
    })?;
    let mut roles = Vec::new();
    let select = format!(
        "SELECT id, key, name, description, site_id, may_assign, needs_audience, deleted FROM role
         WHERE built_in = {built_in} ORDER BY id"
    );
    each(tx, &select, |row| {
        let id = RoleId(get(row, 0)?);
        let role = Role {
            key: get(row, 1)?,
            name: get(row, 2)?,
            description: get(row, 3)?,
            site: get::<Option<u32>>(row, 4)?.map(SiteId),
            effects: effects.remove(&id).unwrap_or_default(),
            may_assign: list(row, 5)?,
            needs_audience: get(row, 6)?,
            deleted: get(row, 7)?,
        };
        roles.push((id, role));
        Ok(())
    })?;
    match effects.keys().next() {
        None => Ok(roles),
        Some(id) => Err(invalid(format!("an effect is of role number {}, which is not there", id.0))),
    }
}

/// A column with a list as JSON.
fn list<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<Vec<T>, Error> {
    let json: String = get(row, column)?;
    serde_json::from_str(&json).map_err(|error| invalid(format!("a list cannot be understood: {error}")))
}

/// What opening does not read: the roles that are as built in, and the positions of capabilities.
pub(crate) fn check(tx: &Transaction<'_>, wrong: &mut Vec<String>) -> Result<(), Error> {
    let initial = Snapshot::default();
    let changed: Vec<RoleId> = roles(tx, false)?.into_iter().map(|(id, _)| id).collect();
    let expected = built_in(&initial).filter(|(id, _)| !changed.contains(id));
    let expected: Vec<(RoleId, Role)> = expected.map(|(id, role)| (id, role.clone())).collect();
    if roles(tx, true)? != expected {
        wrong.push("the rows of roles that are built in are not those that this library writes".to_owned());
    }
    let dense =
        "SELECT count(*) > 0 AND (min(position) <> 0 OR max(position) + 1 <> count(*)) FROM capability";
    if tx.query_row(dense, [], |row| row.get(0)).map_err(sql)? {
        wrong.push("capabilities are not numbered from 0 without gaps".to_owned());
    }
    Ok(())
}
