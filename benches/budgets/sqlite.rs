//! The engine on a file: a durable import beside a bare writer, the first plan, a single commit, and opening.

use std::path::Path;

use matricula::{Registry, Sqlite, UserUpdate};
use matricula_testkit::company::Random;
use rusqlite::{Connection, params, params_from_iter};

use crate::company::{Bench, SEGMENTS, define_attributes, define_rules, import, now};
use crate::row::Report;
use crate::{against, median, timed};

/// Measures a registry on disk; `memory` holds the same company.
pub fn on_disk(bench: &Bench, memory: &Registry, report: &mut Report<'_>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("company.db");
    let bare = folder.path().join("bare.db");
    let (bare_import, ()) = timed(|| write_people(&bare, bench));
    let registry = Registry::open(Sqlite::at(&path).unwrap()).unwrap();
    let host = registry.as_host("bench");
    let mut tx = host.begin(now()).unwrap();
    define_attributes(&mut tx);
    let (imported, ()) = timed(|| {
        import(&mut tx, &bench.feed);
        tx.commit().unwrap();
    });
    let reference = ("a bare writer of the same rows", bare_import);
    report.add(&against(
        "import from CSV, SQLite, durable",
        imported,
        "s",
        reference,
        Some(1.5 * bare_import),
    ));

    let mut tx = host.begin(now()).unwrap();
    define_rules(&mut tx, SEGMENTS);
    let (planned, _) = timed(|| tx.commit().unwrap());
    let (bare_plan, ()) = timed(|| write_enrolments(&bare, memory));
    let reference = ("a bare writer of the same rows", bare_plan);
    report.add(&against(
        "first evaluation and plan, SQLite, durable",
        planned,
        "s",
        reference,
        Some(1.5 * bare_plan),
    ));

    let (mut commits, mut appends) = (Vec::new(), Vec::new());
    let mut random = Random::new(3);
    let plain = Connection::open(&bare).unwrap();
    for round in 0..60 {
        let key = format!("E{}", 10_001 + random.below(bench.users));
        let department = random.pick(&["Sales", "Operations", "Engineering", "Finance"]);
        let (seconds, _) = timed(|| {
            let mut tx = host.begin(now()).unwrap();
            tx.update_user(UserUpdate::new(&*key).set("department", department)).unwrap();
            tx.commit().unwrap()
        });
        commits.push(seconds * 1e3);
        let insert = "INSERT INTO journal (revision, entry) VALUES (?1, ?2)";
        appends.push(timed(|| plain.execute(insert, params![1000 + round, key]).unwrap()).0 * 1e3);
    }
    let reference = ("a durable insert of one row", median(appends));
    report.add(&against(
        "one attribute of one person, SQLite, durable",
        median(commits),
        "ms",
        reference,
        None,
    ));

    let expected = registry.snapshot();
    drop(registry);
    let (scanned, _) = timed(|| read_everything(&path));
    let (opened, reopened) =
        timed(|| Registry::open(Sqlite::options().cache(false).open(&path).unwrap()).unwrap());
    let reference = ("reading every row of the tables", scanned);
    report.add(&against("open from rows", opened, "s", reference, Some(8.0)));
    assert!(reopened.snapshot().same_as(&expected), "what was opened is what was written");
}

/// A durable import and the bare writer in turn, each on a file of its own.
pub fn imports(bench: &Bench, report: &mut Report<'_>) {
    let (mut ours, mut reading, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let mut bare = || theirs.push(timed(|| write_people(&folder.path().join("bare.db"), bench)).0);
        if round % 2 == 0 {
            bare();
        }
        let registry = Registry::open(Sqlite::at(folder.path().join("company.db")).unwrap()).unwrap();
        let mut tx = registry.as_host("bench").begin(now()).unwrap();
        define_attributes(&mut tx);
        let (taken, ()) = timed(|| import(&mut tx, &bench.feed));
        let (committed, ()) = timed(|| drop(tx.commit().unwrap()));
        reading.push(taken);
        ours.push(taken + committed);
        drop(registry);
        if round % 2 == 1 {
            bare();
        }
    }
    let bare = median(theirs);
    let reference = ("a bare writer of the same rows", bare);
    report.add(&against("import from CSV, SQLite, durable", median(ours), "s", reference, Some(1.5 * bare)));
    report.add(&against("  import until the commit", median(reading), "s", reference, None));
}

/// The same tables, indexes and journal rows as the store writes for an import, written by hand.
fn write_people(path: &Path, bench: &Bench) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE user (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, status TEXT NOT NULL,
                created INTEGER NOT NULL, a0 TEXT, a1 TEXT, a2 TEXT, a3 TEXT, a4 TEXT, a5 TEXT, a6 INTEGER, a7 INTEGER, a8 TEXT) STRICT;
             CREATE TABLE site_member (user_id INTEGER NOT NULL, site_id INTEGER NOT NULL, status TEXT NOT NULL,
                PRIMARY KEY (user_id, site_id)) STRICT, WITHOUT ROWID;
             CREATE TABLE journal_entry (revision INTEGER NOT NULL, position INTEGER NOT NULL, user_id INTEGER,
                entry TEXT NOT NULL, salt BLOB, mark INTEGER, commitment BLOB,
                PRIMARY KEY (revision, position)) STRICT, WITHOUT ROWID;
             CREATE INDEX journal_entry_by_user ON journal_entry (user_id) WHERE user_id IS NOT NULL;
             CREATE TABLE journal (revision INTEGER PRIMARY KEY, entry TEXT) STRICT;
             CREATE TABLE enrolment (user_id INTEGER NOT NULL, course_id INTEGER NOT NULL, status TEXT NOT NULL,
                since INTEGER NOT NULL, PRIMARY KEY (user_id, course_id)) STRICT, WITHOUT ROWID;
             CREATE INDEX enrolment_by_course ON enrolment (course_id);
             CREATE TABLE enrolment_reason (user_id INTEGER NOT NULL, course_id INTEGER NOT NULL,
                rule_id INTEGER NOT NULL, state TEXT NOT NULL, since INTEGER NOT NULL,
                PRIMARY KEY (user_id, course_id, rule_id)) STRICT, WITHOUT ROWID;
             BEGIN IMMEDIATE",
        )
        .unwrap();
    let mut user = connection
        .prepare("INSERT INTO user VALUES (?1,?2,'active',1800000000000,?3,?4,?5,?6,?7,?8,?9,?10,?11)")
        .unwrap();
    let mut site = connection.prepare("INSERT INTO site_member VALUES (?1, ?2, 'active')").unwrap();
    let mut entry =
        connection.prepare("INSERT INTO journal_entry VALUES (1, ?1, ?1, ?2, ?3, ?4, NULL)").unwrap();
    for (line, id) in bench.feed.lines().skip(1).zip(0_i64..) {
        let mut cells: Vec<&str> = Vec::with_capacity(11);
        let mut rest = line;
        // Only titles are quoted, and only for a comma.
        while !rest.is_empty() {
            let (cell, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once("\",").unwrap(),
                None => rest.split_once(',').unwrap_or((rest, "")),
            };
            cells.push(cell);
            rest = after;
        }
        user.execute(params![
            id, cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[10], 1, 2, cells[8]
        ])
        .unwrap();
        site.execute(params![id, i64::from(cells[9] == "labs")]).unwrap();
        let json = format!(
            r#"{{"user":{{"id":{id},"key":"{}","values":[[0,{{"text":"{}"}}],[1,{{"text":"{}"}}],[2,{{"text":"{}"}}],[3,{{"text":"{}"}}],[4,{{"text":"{}"}}],[6,{{"choice":1}}],[7,{{"choice":2}}],[8,{{"date":"{}"}}],[5,{{"text":"{}"}}]],"sites":[[0,"active"]]}}}}"#,
            cells[0], cells[1], cells[2], cells[3], cells[4], cells[5], cells[8], cells[10]
        );
        let salt = (id.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64.cast_signed())).to_be_bytes();
        let salt = [salt, salt].concat();
        entry.execute(params![id, json, salt, (id * 2_654_435_761) & 0xFFFF_FFFF]).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}

/// The same enrolments and reasons, written by hand in the order of people.
fn write_enrolments(path: &Path, registry: &Registry) {
    let snapshot = registry.snapshot();
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA synchronous = FULL; BEGIN IMMEDIATE").unwrap();
    let mut enrolment = connection.prepare("INSERT INTO enrolment VALUES (?1, ?2, 'active', ?3)").unwrap();
    let mut reason =
        connection.prepare("INSERT INTO enrolment_reason VALUES (?1, ?2, ?3, 'in_force', ?4)").unwrap();
    for user in snapshot.users() {
        for held in snapshot.enrolments_of(user) {
            let since = held.since.millis();
            enrolment.execute(params![user.0, held.course.0, since]).unwrap();
            for (_, number) in held.reasons.iter().zip(0_i64..) {
                reason.execute(params![user.0, held.course.0, number, since]).unwrap();
            }
        }
    }
    connection.execute_batch("COMMIT").unwrap();
}

/// Every row of the tables that opening reads, touched once.
pub fn read_everything(path: &Path) -> usize {
    let connection = Connection::open(path).unwrap();
    let mut bytes = 0;
    for table in ["user", "site_member", "enrolment", "enrolment_reason", "segment_members"] {
        let mut select = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = select.column_count();
        let mut rows = select.query(params_from_iter(std::iter::empty::<i64>())).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                bytes +=
                    row.get_ref(column).unwrap().as_bytes_or_null().ok().flatten().map_or(8, <[u8]>::len);
            }
        }
    }
    bytes
}
