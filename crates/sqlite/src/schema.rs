//! The tables and views, their version, and what changes with the attributes: one column each. Not here: what is
//! in them (`append`, `load`).

use matricula_core::rule::{Attribute, AttributeId, Kind};
use matricula_core::{Error, Site, SiteId, Snapshot};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::{PATIENCE, failed, invalid};

/// Marks a file as a registry: `Mtrc`.
const APPLICATION: i32 = 0x4D74_7263;
/// The version of the tables that this library writes.
const VERSION: i32 = 1;

const TABLES: &str = "
CREATE TABLE registry (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    clock INTEGER
) STRICT;
CREATE TABLE site (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    zone TEXT NOT NULL
) STRICT;
CREATE TABLE attribute (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL CHECK (type IN ('text', 'choice', 'date'))
) STRICT;
CREATE TABLE attribute_option (
    attribute_id INTEGER NOT NULL REFERENCES attribute,
    id INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (attribute_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL
) STRICT;
CREATE TABLE site_member (
    user_id INTEGER NOT NULL,
    site_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (user_id, site_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE course (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    site_id INTEGER NOT NULL REFERENCES site
) STRICT;
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    site_id INTEGER REFERENCES site,
    rule TEXT NOT NULL,
    rule_text TEXT NOT NULL
) STRICT;
CREATE TABLE segment_members (
    segment_id INTEGER NOT NULL REFERENCES segment,
    part INTEGER NOT NULL,
    members BLOB NOT NULL,
    PRIMARY KEY (segment_id, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE enrolment_rule (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    segment_id INTEGER NOT NULL REFERENCES segment,
    on_leave TEXT NOT NULL,
    enabled INTEGER NOT NULL
) STRICT;
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
    PRIMARY KEY (user_id, course_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolment_by_course ON enrolment (course_id);
CREATE TABLE enrolment_reason (
    user_id INTEGER NOT NULL,
    course_id INTEGER NOT NULL,
    rule_id INTEGER NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (user_id, course_id, rule_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE journal (
    revision INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE TABLE journal_entry (
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    user_id INTEGER,
    entry TEXT NOT NULL,
    PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE journal_fact (
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    at INTEGER NOT NULL,
    fact TEXT NOT NULL,
    segment_id INTEGER,
    course_id INTEGER,
    rule_id INTEGER,
    users BLOB NOT NULL,
    PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;
CREATE VIEW enrolments AS
SELECT u.key AS user, c.key AS course, e.status AS status,
    strftime('%Y-%m-%dT%H:%M:%SZ', e.since / 1000, 'unixepoch') AS since,
    (SELECT group_concat(CASE
            WHEN r.rule_id = -1 THEN 'enrolled by hand'
            WHEN r.state = 'in_force' THEN 'rule ' || er.key || ': in segment ' || s.key
            WHEN r.state = 'kept' THEN 'rule ' || er.key || ': no longer applies, kept'
            ELSE 'rule ' || er.key || ': no longer applies, suspended'
        END, '; ')
     FROM enrolment_reason r
     LEFT JOIN enrolment_rule er ON er.id = r.rule_id
     LEFT JOIN segment s ON s.id = er.segment_id
     WHERE r.user_id = e.user_id AND r.course_id = e.course_id) AS why
FROM enrolment e JOIN user u ON u.id = e.user_id JOIN course c ON c.id = e.course_id;
CREATE VIEW commits AS
SELECT revision, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS at, author, note FROM journal;
";

/// Creates the tables, or makes sure that those there are ones that this library understands. While others do
/// the same to a new file SQLite may say "busy" without having waited; then it is tried again.
pub(crate) fn prepare(connection: &mut Connection) -> Result<(), Error> {
    let start = std::time::Instant::now();
    loop {
        match try_to_prepare(connection) {
            Err(Trouble::Sql(error)) if is_busy(&error) && start.elapsed() < PATIENCE => {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            Err(Trouble::Sql(error)) => return Err(failed("cannot prepare the tables", error)),
            Err(Trouble::Refused(error)) => return Err(error),
            Ok(()) => return Ok(()),
        }
    }
}

enum Trouble {
    Sql(rusqlite::Error),
    Refused(Error),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

fn try_to_prepare(connection: &mut Connection) -> Result<(), Trouble> {
    // Recognised before anything is written, the write-ahead log included; in one view of the file.
    let tx = connection.transaction()?;
    recognise(&tx)?;
    tx.commit()?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if pragma(connection, "user_version")? == VERSION {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    if pragma(&tx, "user_version")? != VERSION {
        tx.execute_batch(TABLES)?;
        tx.execute("INSERT INTO registry (id, revision) VALUES (1, 0)", [])?;
        for (site, id) in Snapshot::default().sites().zip((0..).map(SiteId)) {
            put_site(&tx, id, site)?;
        }
        show_users(&tx, &[])?;
        tx.pragma_update(None, "application_id", APPLICATION)?;
        tx.pragma_update(None, "user_version", VERSION)?;
    }
    tx.commit()?;
    Ok(())
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

fn recognise(connection: &Connection) -> Result<(), Trouble> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (pragma(connection, "application_id")?, pragma(connection, "user_version")?) {
        (APPLICATION, VERSION) => Ok(()),
        (APPLICATION, newer) if newer > VERSION => Err(Trouble::Refused(invalid(format!(
            "the tables are of version {newer}, expected at most {VERSION}: a newer version of this library wrote them"
        )))),
        (0, 0) if tables == 0 => Ok(()),
        (0, 0) => Err(Trouble::Refused(invalid("the database has other tables and is no registry"))),
        _ => Err(Trouble::Refused(invalid("the database belongs to another application"))),
    }
}

pub(crate) fn put_site(tx: &Transaction<'_>, id: SiteId, site: &Site) -> rusqlite::Result<()> {
    let mut put = tx.prepare_cached(
        "INSERT INTO site (id, key, name, zone) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET key = ?2, name = ?3, zone = ?4",
    )?;
    put.execute(params![id.0, site.key, site.name, site.zone.name()]).map(drop)
}

/// The column of an attribute in the table of users.
pub(crate) fn column(id: AttributeId) -> String {
    format!("a{}", id.0)
}

/// Puts an attribute in place, with its column if it is new.
pub(crate) fn put_attribute(tx: &Transaction<'_>, attribute: &Attribute) -> rusqlite::Result<()> {
    let id = attribute.id;
    let new = tx
        .prepare_cached("INSERT OR IGNORE INTO attribute (id, key, type) VALUES (?1, ?2, ?3)")?
        .execute(params![id.0, attribute.key, attribute.kind.name()])?;
    if new == 1 {
        let of = match attribute.kind {
            Kind::Text | Kind::Date => "TEXT",
            Kind::Choice { .. } => "INTEGER",
        };
        tx.execute_batch(&format!("ALTER TABLE user ADD COLUMN {} {of}", column(id)))?;
    }
    let mut option = tx.prepare_cached(
        "INSERT OR IGNORE INTO attribute_option (attribute_id, id, key) VALUES (?1, ?2, ?3)",
    )?;
    for (key, position) in attribute.option_keys().zip(0_u32..) {
        option.execute(params![id.0, position, key])?;
    }
    Ok(())
}

/// Makes the view `users` anew, with a named column for each attribute.
pub(crate) fn show_users(tx: &Transaction<'_>, attributes: &[Attribute]) -> rusqlite::Result<()> {
    let mut columns = String::from("u.id AS id, u.key AS key, u.status AS status");
    let mut taken: Vec<String> = ["id", "key", "status"].map(str::to_owned).to_vec();
    for attribute in attributes {
        // SQL does not tell upper from lower case in names. Keys have no quotes in them.
        let plain = attribute.key.to_ascii_lowercase();
        let name =
            if taken.contains(&plain) { format!("user.{}", attribute.key) } else { attribute.key.clone() };
        let name = if taken.contains(&name.to_ascii_lowercase()) {
            format!("{name}#{}", attribute.id.0)
        } else {
            name
        };
        taken.push(name.to_ascii_lowercase());
        let column = column(attribute.id);
        let value = match attribute.kind {
            Kind::Text | Kind::Date => format!("u.{column}"),
            Kind::Choice { .. } => format!(
                "(SELECT o.key FROM attribute_option o WHERE o.attribute_id = {} AND o.id = u.{column})",
                attribute.id.0
            ),
        };
        columns.push_str(&format!(", {value} AS \"{name}\""));
    }
    tx.execute_batch(&format!("DROP VIEW IF EXISTS users; CREATE VIEW users AS SELECT {columns} FROM user u"))
}
