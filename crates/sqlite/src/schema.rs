//! The tables and views, their version, and how a file comes to have them. Not here: the columns that attributes add
//! (`attributes`), how files of earlier versions are brought up to this one (`migrate`), what is in the tables
//! (`append`, `load`).

use std::collections::HashSet;

use matricula_core::{Error, Site, SiteId, Snapshot};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::attributes::column;
use crate::options::{Durability, Options};
use crate::{access, failed, invalid, migrate};

/// Marks a file as a registry: `Mtrc`.
const APPLICATION: i32 = 0x4D74_7263;
/// The version of the tables that this library reads and writes.
pub(crate) const VERSION: i32 = 4;

const TABLES: &str = "
CREATE TABLE registry (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    clock INTEGER,
    head BLOB,
    archived INTEGER NOT NULL DEFAULT 0,
    erased INTEGER NOT NULL DEFAULT 0,
    unclean INTEGER NOT NULL DEFAULT 0,
    grants INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE site (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    closed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE attribute (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    type TEXT NOT NULL CHECK (type IN ('text', 'integer', 'decimal', 'boolean', 'date', 'timestamp', 'choice', 'multi_choice', 'user', 'path')),
    name TEXT,
    site_id INTEGER REFERENCES site,
    definition TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX attribute_by_key ON attribute (key) WHERE deleted = 0;
CREATE TABLE attribute_option (
    attribute_id INTEGER NOT NULL REFERENCES attribute,
    id INTEGER NOT NULL,
    key TEXT NOT NULL,
    name TEXT,
    retired INTEGER NOT NULL,
    PRIMARY KEY (attribute_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE TABLE user_option (
    user_id INTEGER NOT NULL,
    attribute_id INTEGER NOT NULL,
    option_id INTEGER NOT NULL,
    PRIMARY KEY (user_id, attribute_id, option_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_option_by_option ON user_option (attribute_id, option_id);
CREATE TABLE site_member (
    user_id INTEGER NOT NULL,
    site_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (user_id, site_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE category (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    site_id INTEGER NOT NULL REFERENCES site,
    parent_id INTEGER REFERENCES category
) STRICT;
CREATE TABLE course (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    site_id INTEGER NOT NULL REFERENCES site,
    category_id INTEGER REFERENCES category,
    archived INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    site_id INTEGER REFERENCES site,
    rule TEXT,
    rule_text TEXT,
    state TEXT NOT NULL,
    owner TEXT,
    description TEXT,
    sql_rows INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX segment_by_key ON segment (key) WHERE deleted = 0;
CREATE TABLE segment_pin (
    segment_id INTEGER NOT NULL REFERENCES segment,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (segment_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE segment_ban (
    segment_id INTEGER NOT NULL REFERENCES segment,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (segment_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE segment_members (
    segment_id INTEGER NOT NULL REFERENCES segment,
    part INTEGER NOT NULL,
    members BLOB NOT NULL,
    PRIMARY KEY (segment_id, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE segment_frozen (
    segment_id INTEGER NOT NULL REFERENCES segment,
    part INTEGER NOT NULL,
    members BLOB NOT NULL,
    PRIMARY KEY (segment_id, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE segment_row (
    segment_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (segment_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE enrolment_rule (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    segment_id INTEGER NOT NULL REFERENCES segment,
    on_leave TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    role TEXT NOT NULL DEFAULT 'learner',
    acts_from INTEGER,
    acts_until INTEGER,
    due_on TEXT,
    due_after INTEGER,
    deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX enrolment_rule_by_key ON enrolment_rule (key) WHERE deleted = 0;
CREATE TABLE enrolment_rule_course (
    rule_id INTEGER NOT NULL REFERENCES enrolment_rule,
    position INTEGER NOT NULL,
    course_id INTEGER NOT NULL REFERENCES course,
    PRIMARY KEY (rule_id, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE enrolment (
    user_id INTEGER NOT NULL,
    course_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    since INTEGER NOT NULL,
    suspended_by_hand INTEGER,
    PRIMARY KEY (user_id, course_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolment_by_course ON enrolment (course_id);
CREATE TABLE enrolment_reason (
    user_id INTEGER NOT NULL,
    course_id INTEGER NOT NULL,
    rule_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL,
    due TEXT,
    PRIMARY KEY (user_id, course_id, rule_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE course_record (
    user_id INTEGER NOT NULL,
    course_id INTEGER NOT NULL,
    completed INTEGER,
    score INTEGER,
    PRIMARY KEY (user_id, course_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX course_record_by_course ON course_record (course_id);
CREATE TABLE guard (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    percent INTEGER NOT NULL,
    count INTEGER NOT NULL,
    enabled INTEGER NOT NULL
) STRICT;
CREATE TABLE capability (
    position INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('read', 'write')),
    innermost TEXT NOT NULL CHECK (innermost IN ('registry', 'site', 'category', 'course')),
    over_people INTEGER NOT NULL,
    flags TEXT NOT NULL,
    sentence TEXT NOT NULL
) STRICT;
CREATE TABLE role (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    site_id INTEGER REFERENCES site,
    may_assign TEXT NOT NULL,
    needs_audience INTEGER NOT NULL,
    built_in INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX role_by_key ON role (key) WHERE deleted = 0;
CREATE TABLE role_effect (
    role_id INTEGER NOT NULL REFERENCES role,
    pattern TEXT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('withhold', 'allow', 'deny')),
    PRIMARY KEY (role_id, pattern)
) STRICT, WITHOUT ROWID;
CREATE TABLE role_override (
    role_id INTEGER NOT NULL REFERENCES role,
    scope TEXT NOT NULL CHECK (scope IN ('registry', 'site', 'category', 'course')),
    scope_id INTEGER NOT NULL,
    pattern TEXT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('withhold', 'allow', 'deny')),
    PRIMARY KEY (role_id, scope, scope_id, pattern)
) STRICT, WITHOUT ROWID;
CREATE TABLE scope_lock (
    scope TEXT NOT NULL CHECK (scope IN ('registry', 'site', 'category', 'course')),
    scope_id INTEGER NOT NULL,
    PRIMARY KEY (scope, scope_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE role_grant (
    id INTEGER PRIMARY KEY,
    role_id INTEGER NOT NULL REFERENCES role,
    user_id INTEGER,
    segment_id INTEGER REFERENCES segment,
    scope TEXT NOT NULL CHECK (scope IN ('registry', 'site', 'category', 'course')),
    scope_id INTEGER NOT NULL,
    audience TEXT CHECK (audience IN ('segment', 'reports', 'line', 'same')),
    audience_id INTEGER,
    begins INTEGER,
    ends INTEGER,
    note TEXT NOT NULL,
    CHECK ((user_id IS NULL) <> (segment_id IS NULL)),
    CHECK ((audience IS NULL) = (audience_id IS NULL))
) STRICT;
CREATE INDEX role_grant_by_user ON role_grant (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX role_grant_by_segment ON role_grant (segment_id) WHERE segment_id IS NOT NULL;
CREATE TABLE journal (
    revision INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    author TEXT,
    actor_id INTEGER,
    note TEXT NOT NULL,
    idempotency TEXT UNIQUE,
    asked BLOB,
    losses TEXT,
    salt BLOB,
    mark INTEGER,
    commitment BLOB,
    hash BLOB,
    key BLOB,
    CHECK ((author IS NULL) <> (actor_id IS NULL)),
    CHECK ((idempotency IS NULL) = (asked IS NULL))
) STRICT;
CREATE TABLE journal_entry (
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    user_id INTEGER,
    entry TEXT NOT NULL,
    salt BLOB,
    mark INTEGER,
    commitment BLOB,
    PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX journal_entry_by_user ON journal_entry (user_id) WHERE user_id IS NOT NULL;
CREATE TABLE journal_fact (
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    at INTEGER NOT NULL,
    fact TEXT NOT NULL,
    segment_id INTEGER,
    course_id INTEGER,
    rule_id INTEGER,
    due TEXT,
    users BLOB NOT NULL,
    PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE journal_start (
    position INTEGER PRIMARY KEY,
    user_id INTEGER,
    line TEXT NOT NULL
) STRICT;
CREATE TABLE cache_image (
    revision INTEGER PRIMARY KEY,
    format TEXT NOT NULL,
    chunks BLOB NOT NULL
) STRICT;
CREATE TABLE cache_chunk (
    id INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;
CREATE VIEW due AS
SELECT r.user_id AS user_id, r.course_id AS course_id, min(r.due) AS due
FROM enrolment_reason r JOIN enrolment e ON e.user_id = r.user_id AND e.course_id = r.course_id
WHERE e.status = 'active' AND r.state = 'in_force' AND r.due IS NOT NULL
GROUP BY r.user_id, r.course_id;
CREATE VIEW enrolments AS
SELECT u.key AS user, c.key AS course, e.status AS status,
    strftime('%Y-%m-%dT%H:%M:%SZ', e.since / 1000, 'unixepoch') AS since,
    (SELECT min(r.due) FROM enrolment_reason r
     WHERE r.user_id = e.user_id AND r.course_id = e.course_id
        AND r.state = 'in_force' AND e.status = 'active') AS due,
    iif(e.suspended_by_hand IS NULL, '', 'suspended by hand; ') ||
    (SELECT group_concat(CASE
            WHEN r.rule_id = -1 THEN 'enrolled by hand'
            WHEN r.rule_id = -2 THEN 'enrolled in bulk'
            WHEN r.state = 'in_force' THEN 'rule ' || er.key || ': in segment ' || s.key
            WHEN r.state = 'kept' THEN 'rule ' || er.key || ': no longer applies, kept'
            ELSE 'rule ' || er.key || ': no longer applies, suspended'
        END, '; ')
     FROM enrolment_reason r
     LEFT JOIN enrolment_rule er ON er.id = r.rule_id
     LEFT JOIN segment s ON s.id = er.segment_id
     WHERE r.user_id = e.user_id AND r.course_id = e.course_id) AS why
FROM enrolment e JOIN user u ON u.id = e.user_id JOIN course c ON c.id = e.course_id;
CREATE VIEW segments AS
SELECT s.key AS key, s.name AS name, (SELECT i.key FROM site i WHERE i.id = s.site_id) AS site, s.state AS state,
    s.owner AS owner, s.description AS description, s.rule_text AS rule_text
FROM segment s WHERE +s.deleted = 0;
CREATE VIEW records AS
SELECT u.key AS user, c.key AS course,
    strftime('%Y-%m-%dT%H:%M:%fZ', r.completed / 1000.0, 'unixepoch') AS completed, r.score / 1000000.0 AS score
FROM course_record r JOIN user u ON u.id = r.user_id JOIN course c ON c.id = r.course_id;
CREATE VIEW grants AS
SELECT g.id AS id, r.key AS role, u.key AS user, s.key AS segment, g.scope AS scope,
    CASE g.scope
        WHEN 'site' THEN (SELECT x.key FROM site x WHERE x.id = g.scope_id)
        WHEN 'category' THEN (SELECT x.key FROM category x WHERE x.id = g.scope_id)
        WHEN 'course' THEN (SELECT x.key FROM course x WHERE x.id = g.scope_id)
    END AS scope_key,
    g.audience AS audience,
    CASE g.audience
        WHEN 'segment' THEN (SELECT x.key FROM segment x WHERE x.id = g.audience_id)
        ELSE (SELECT x.key FROM attribute x WHERE x.id = g.audience_id)
    END AS audience_key,
    strftime('%Y-%m-%dT%H:%M:%fZ', g.begins / 1000.0, 'unixepoch') AS begins,
    strftime('%Y-%m-%dT%H:%M:%fZ', g.ends / 1000.0, 'unixepoch') AS ends, g.note AS note
FROM role_grant g JOIN role r ON r.id = g.role_id
LEFT JOIN user u ON u.id = g.user_id LEFT JOIN segment s ON s.id = g.segment_id;
CREATE VIEW commits AS
SELECT j.revision AS revision, strftime('%Y-%m-%dT%H:%M:%fZ', j.at / 1000.0, 'unixepoch') AS at,
    coalesce(j.author, (SELECT u.key FROM user u WHERE u.id = j.actor_id)) AS author, j.note AS note,
    j.idempotency AS idempotency
FROM journal j;
";

/// Creates the tables, brings those of an earlier version up to this one, or makes sure that those there are ones
/// that this library understands. While others do the same to a new file SQLite may say "busy" without having
/// waited; then it is tried again.
pub(crate) fn prepare(connection: &mut Connection, options: &Options) -> Result<(), Error> {
    let start = std::time::Instant::now();
    loop {
        match try_to_prepare(connection, options) {
            Err(Trouble::Sql(error)) if is_busy(&error) && start.elapsed() < options.busy_timeout => {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            Err(Trouble::Sql(error)) => return Err(failed("cannot prepare the tables", error)),
            Err(Trouble::Refused(error)) => return Err(error),
            Ok(()) => return Ok(()),
        }
    }
}

/// Why the tables cannot be used, or not yet.
pub(crate) enum Trouble {
    Sql(rusqlite::Error),
    Refused(Error),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

fn try_to_prepare(connection: &mut Connection, options: &Options) -> Result<(), Trouble> {
    // Recognised before anything is written, the write-ahead log included; in one view of the file.
    let tx = connection.transaction()?;
    recognise(&tx)?;
    if options.read_only {
        return match pragma(&tx, "user_version")? {
            VERSION => Ok(()),
            earlier => Err(Trouble::Refused(invalid(format!(
                "the tables are of version {earlier}, expected {VERSION}: they can be brought up to it where the file may be written"
            )))),
        };
    }
    tx.commit()?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match options.durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    if pragma(connection, "user_version")? != VERSION {
        // Tables are replaced that others refer to. It cannot be switched within a transaction.
        connection.pragma_update(None, "foreign_keys", false)?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        match pragma(&tx, "user_version")? {
            0 => create(&tx)?,
            1 => {
                migrate::from_version_1(&tx)?;
                migrate::by_columns(&tx)?;
            }
            2 | 3 => migrate::by_columns(&tx)?,
            _ => recognise(&tx)?,
        }
        tx.pragma_update(None, "user_version", VERSION)?;
        tx.commit()?;
    }
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

fn create(tx: &Transaction<'_>) -> Result<(), Trouble> {
    create_missing(tx)?;
    tx.execute("INSERT INTO registry (id, revision) VALUES (1, 0)", [])?;
    for (site, id) in Snapshot::default().sites().zip((0..).map(SiteId)) {
        put_site(tx, id, site)?;
    }
    access::put_built_in(tx)?;
    show_users(tx)?;
    tx.pragma_update(None, "application_id", APPLICATION)?;
    Ok(())
}

/// The statements that make the tables, indexes and views: what is made, its name, and how.
pub(crate) fn statements() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLES.split(";\n").filter_map(|statement| {
        let mut words = statement.split_whitespace().skip(1).filter(|word| *word != "UNIQUE");
        Some((words.next()?, words.next()?, statement.trim()))
    })
}

/// Creates the tables, indexes and views that are not there.
pub(crate) fn create_missing(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    create_missing_of(tx, &["TABLE", "INDEX", "VIEW"])
}

/// Creates what is not there of some kinds.
pub(crate) fn create_missing_of(tx: &Transaction<'_>, kinds: &[&str]) -> rusqlite::Result<()> {
    let mut names = tx.prepare("SELECT name FROM sqlite_schema")?;
    let there: HashSet<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for (_, name, statement) in statements().filter(|(what, ..)| kinds.contains(what)) {
        if !there.contains(name) {
            tx.execute_batch(statement)?;
        }
    }
    Ok(())
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

fn recognise(connection: &Connection) -> Result<(), Trouble> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (pragma(connection, "application_id")?, pragma(connection, "user_version")?) {
        (APPLICATION, 1..=VERSION) => Ok(()),
        (APPLICATION, newer) if newer > VERSION => Err(Trouble::Refused(is_newer(newer))),
        (0, 0) if tables == 0 => Ok(()),
        (0, 0) => Err(Trouble::Refused(invalid("the database has other tables and is no registry"))),
        _ => Err(Trouble::Refused(invalid("the database belongs to another application"))),
    }
}

fn is_newer(version: i32) -> Error {
    invalid(format!(
        "the tables are of version {version}, expected at most {VERSION}: a newer version of this library wrote them"
    ))
}

/// Makes sure that no newer library has changed the tables since they were opened.
pub(crate) fn check_version(tx: &Transaction<'_>) -> Result<(), Error> {
    match pragma(tx, "user_version").map_err(|error| failed("cannot read the version", error))? {
        VERSION => Ok(()),
        other => Err(is_newer(other)),
    }
}

pub(crate) fn put_site(tx: &Transaction<'_>, id: SiteId, site: &Site) -> rusqlite::Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO site (id, key, name, zone, closed) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET key = ?2, name = ?3, zone = ?4, closed = ?5",
    )?;
    put.execute(params![id.0, site.key, site.name, site.zone.name(), site.closed]).map(drop)
}

/// Makes the view `users` anew, with a named column for each attribute.
pub(crate) fn show_users(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute_batch(&format!("DROP VIEW IF EXISTS users; {}", users_view(tx)?))
}

/// The statement that makes the view `users` of the attributes that there are.
pub(crate) fn users_view(tx: &Transaction<'_>) -> rusqlite::Result<String> {
    let mut columns =
        format!("u.id AS id, u.key AS key, u.status AS status, {} AS created", instant("u.created"));
    let mut taken: Vec<String> = ["id", "key", "status", "created"].map(str::to_owned).to_vec();
    let mut attributes = tx.prepare("SELECT id, key, type FROM attribute WHERE deleted = 0 ORDER BY id")?;
    let mut rows = attributes.query([])?;
    while let Some(row) = rows.next()? {
        let (id, key, kind): (u32, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // SQL does not tell upper from lower case in names. Keys have no quotes in them.
        let name = if taken.contains(&key.to_ascii_lowercase()) { format!("user.{key}") } else { key };
        let name = if taken.contains(&name.to_ascii_lowercase()) { format!("{name}#{id}") } else { name };
        taken.push(name.to_ascii_lowercase());
        columns.push_str(&format!(", {} AS \"{name}\"", shown(id, &kind)));
    }
    Ok(format!("CREATE VIEW users AS SELECT {columns} FROM user u"))
}

/// An attribute of the row `u`, for people to read.
fn shown(id: u32, kind: &str) -> String {
    let column = format!("u.{}", column(id));
    match kind {
        "decimal" => format!("{column} / 1000000.0"),
        "timestamp" => instant(&column),
        "choice" => {
            format!("(SELECT o.key FROM attribute_option o WHERE o.attribute_id = {id} AND o.id = {column})")
        }
        // Sorted within, since not every SQLite can say how an aggregate is ordered.
        "multi_choice" => format!(
            "(SELECT group_concat(key, '; ') FROM (SELECT o.key AS key FROM user_option x \
             JOIN attribute_option o ON o.attribute_id = x.attribute_id AND o.id = x.option_id \
             WHERE x.user_id = u.id AND x.attribute_id = {id} ORDER BY x.option_id))"
        ),
        "user" => format!("(SELECT x.key FROM user x WHERE x.id = {column})"),
        _ => column,
    }
}

/// An instant in milliseconds as text.
fn instant(column: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%fZ', {column} / 1000.0, 'unixepoch')")
}
