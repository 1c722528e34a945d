//! Files that somebody else has edited are found out; files from which somebody was erased have nothing left of it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says so by panicking"
)]

use std::path::{Path, PathBuf};

use matricula::core::{ERASED_KEY, Part, Salt};
use matricula::{
    AttributeDefinition, AttributeType, AudienceKey, CapabilityDefinition, CapabilityKind,
    CategoryDefinition, Change, CourseDefinition, Effect, Flag, GrantDefinition, GuardDefinition, Head,
    Instant, LeavePolicy, Override, RecordUpdate, Registry, Revision, RoleDefinition, ScopeKey,
    SegmentDefinition, SegmentState, Snapshot, Sqlite, Transaction, UserUpdate,
};
use rusqlite::Connection;
use rusqlite::types::Value;

fn day(day: i64) -> Instant {
    Instant::from_millis(1_769_904_000_000 + day * 86_400_000).unwrap()
}

fn open(path: &Path) -> Registry {
    Registry::open(Sqlite::at(path).unwrap()).unwrap()
}

fn commit(
    registry: &Registry,
    at: i64,
    note: &str,
    change: impl FnOnce(&mut Transaction),
) -> matricula::Delta {
    let mut tx = registry.as_host("hr").begin(day(at)).unwrap();
    tx.set_idempotency(&format!("day {at}")).unwrap();
    tx.set_note(note);
    change(&mut tx);
    tx.commit().unwrap()
}

fn text(key: &str, unique: bool, ignore_case: bool) -> AttributeDefinition {
    AttributeDefinition { unique, ignore_case, ..AttributeDefinition::new(key, AttributeType::Text) }
}

/// Something in every table about access.
fn access(tx: &mut Transaction) {
    for (key, parent) in [("safety", None), ("fire", Some("safety".to_owned()))] {
        let key = key.to_owned();
        tx.apply(CategoryDefinition { key, parent, ..CategoryDefinition::default() }).unwrap();
    }
    let course = CourseDefinition::new("gdpr".to_owned());
    tx.apply(CourseDefinition { category: Some("fire".to_owned()), ..course }).unwrap();
    tx.apply(CapabilityDefinition {
        name: "invoice.pay".to_owned(),
        kind: CapabilityKind::Read,
        innermost: "site".to_owned(),
        over: false,
        flags: vec![Flag::Many],
        sentence: "pay".to_owned(),
    })
    .unwrap();
    let auditor = RoleDefinition::new("auditor").allow("record.view").deny("course.edit");
    tx.apply(RoleDefinition { description: Some("looks".to_owned()), ..auditor }).unwrap();
    let scope = ScopeKey::Course("gdpr".to_owned());
    let effects = vec![("course.view".to_owned(), Effect::Allow)];
    tx.apply(Override { role: "auditor".to_owned(), scope: scope.clone(), effects }).unwrap();
    tx.apply(Change::Lock { scope: ScopeKey::Site("emea".to_owned()), locked: true }).unwrap();
    tx.apply(GrantDefinition::new("auditor", "ann", ScopeKey::Registry)).unwrap();
    let grant = GrantDefinition::new("auditor", "bob", scope).during(Some(day(1)), Some(day(9)));
    let grant = grant.over(AudienceKey::Segment("sales".to_owned()));
    tx.apply(GrantDefinition { note: "while away".to_owned(), ..grant }).unwrap();
}

/// A register with something in every table, and its head.
fn acme(path: &Path) -> Head {
    let registry = open(path);
    commit(&registry, 0, "set-up", |tx| {
        tx.define_guard(GuardDefinition { count: Some(60), ..GuardDefinition::default() }).unwrap();
        tx.define_site("emea").unwrap();
        tx.apply(text("email", true, true)).unwrap();
        tx.apply(text("name", false, false)).unwrap();
        tx.define_attribute("department", AttributeType::Text).unwrap();
        tx.define_attribute("skills", AttributeType::MultiChoice(vec!["go".into(), "rust".into()])).unwrap();
        tx.define_attribute("manager", AttributeType::User).unwrap();
        tx.define_course("gdpr").unwrap();
        let sales = SegmentDefinition::with_rule("sales", r#"user.department == "Sales""#);
        let description = Some("who sells".to_owned());
        let owner = Some("hr".to_owned());
        tx.apply(SegmentDefinition { sql_rows: Some(true), description, owner, ..sales }).unwrap();
        tx.define_segment("anybody", "has(user.name)").unwrap();
        tx.define_enrolment_rule("gdpr-sales", "sales", &["gdpr"], LeavePolicy::Suspend).unwrap();
        for (key, name, department) in
            [("ann", "Ann Zweig", "Sales"), ("bob", "Bob Ypsilon", "IT"), ("cy", "Cy Xylo", "Sales")]
        {
            let update = UserUpdate::new(key).set("email", format!("{name}@Acme.ORG")).set("name", name);
            tx.update_user(update.set("department", department).set("skills", "rust").join("emea")).unwrap();
        }
        tx.update_user(UserUpdate::new("cy").set("manager", "ann").join("primary")).unwrap();
        tx.update_user(UserUpdate::new("ann").join("primary")).unwrap();
    });
    commit(&registry, 1, "more of it", |tx| {
        let paused =
            SegmentDefinition { state: Some(SegmentState::Paused), ..SegmentDefinition::new("anybody") };
        tx.apply(paused).unwrap();
        tx.pin("sales", "bob").unwrap();
        tx.ban("sales", "cy").unwrap();
        let (completed, score) = (Some(Some(day(1))), Some("0.5".parse().ok()));
        tx.record(RecordUpdate { user: "ann".to_owned(), course: "gdpr".to_owned(), completed, score })
            .unwrap();
        access(tx);
    });
    commit(&registry, 2, "", |tx| tx.update_user(UserUpdate::new("ann").set("department", "IT")).unwrap());
    registry.save_cache().unwrap();
    let head = registry.head().unwrap().unwrap();
    let verification = registry.verify(Some(head)).unwrap();
    assert!(verification.is_intact(), "{verification}");
    head
}

/// What an audit says of a file; `None` if all is well.
fn found(path: &Path, head: Head) -> Option<String> {
    let audited = Sqlite::at(path).and_then(Registry::open).and_then(|registry| registry.verify(Some(head)));
    match audited {
        Ok(verification) if verification.is_intact() => None,
        Ok(verification) => Some(verification.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

fn copy(path: &Path, name: &str) -> PathBuf {
    let copy = path.with_file_name(name);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(path.with_file_name(format!("{name}{end}")));
    }
    std::fs::copy(path, &copy).unwrap();
    copy
}

fn edited(path: &Path, sql: &str) -> PathBuf {
    let copy = copy(path, "edited.db");
    let connection = Connection::open(&copy).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection.execute_batch(sql).unwrap();
    copy
}

/// Another value of the same type.
fn other(value: &Value, kind: &str) -> Value {
    match value {
        Value::Null if kind == "INTEGER" => Value::Integer(1),
        Value::Null if kind == "BLOB" => Value::Blob(vec![7; 32]),
        Value::Null => Value::Text("x".to_owned()),
        Value::Integer(number) => Value::Integer(if *number == 1 { 0 } else { number + 1 }),
        Value::Text(text) if text.starts_with('{') => {
            Value::Text(text.replacen(':', ": ", 1).replacen("Sales", "Sells", 1))
        }
        Value::Text(text) => Value::Text(format!("{text}x")),
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            bytes.push(1);
            Value::Blob(bytes)
        }
        Value::Real(_) => unreachable!("tables have none"),
    }
}

/// Changes each column of some row of each table, and takes a row away: every time the audit has something to say.
fn assert_every_edit_is_found(path: &Path, head: Head) {
    let connection = Connection::open(path).unwrap();
    let names = |sql: &str| -> Vec<(String, String)> {
        let mut select = connection.prepare(sql).unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    // In one row, so that nothing is changed but this.
    let unseen = [
        ("registry", "id"),
        // Says that the file is to be rewritten when it is opened, which then happens.
        ("registry", "unclean"),
        // JSON with a space more is the same rule; the definition of a segment is compared as a whole.
        ("segment", "rule"),
        ("attribute", "definition"),
        // The rows of an image are read in this order only.
        ("journal_start", "position"),
    ];
    let (mut edits, mut missed) = (0, Vec::new());
    for (table, _) in
        names("SELECT name, type FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    {
        let columns = names(&format!("SELECT name, type FROM pragma_table_info('{table}')"));
        let list = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let last: Option<Vec<Value>> = {
            let mut select = connection.prepare(&format!("SELECT {list} FROM {table}")).unwrap();
            let rows = select.query_map([], |row| (0..columns.len()).map(|place| row.get(place)).collect());
            rows.unwrap().last().transpose().unwrap()
        };
        let Some(row) = last else {
            assert!(["journal_start"].contains(&table.as_str()), "table {table} is empty");
            continue;
        };
        let wheres: Vec<String> =
            (1..=columns.len()).map(|place| format!("\"{}\" IS ?{place}", columns[place - 1].0)).collect();
        let wheres = wheres.join(" AND ");
        for (place, (column, kind)) in columns.iter().enumerate() {
            if unseen.contains(&(table.as_str(), column.as_str())) {
                continue;
            }
            let copy = copy(path, "edited.db");
            let edit = Connection::open(&copy).unwrap();
            edit.pragma_update(None, "foreign_keys", false).unwrap();
            let set =
                format!("UPDATE OR REPLACE {table} SET \"{column}\" = ?{} WHERE {wheres}", columns.len() + 1);
            let values = row.iter().cloned().chain([other(&row[place], kind)]);
            let changed = edit.execute(&set, rusqlite::params_from_iter(values));
            drop(edit);
            if !matches!(changed, Ok(1)) {
                assert!(changed.is_err(), "{table}.{column}: {changed:?}");
                continue;
            }
            let said = found(&copy, head);
            if said.is_none() {
                missed.push(format!("{table}.{column} of {row:?}"));
            }
            edits += 1;
        }
        if table != "registry" {
            let copy = copy(path, "edited.db");
            let edit = Connection::open(&copy).unwrap();
            edit.pragma_update(None, "foreign_keys", false).unwrap();
            let deleted = edit.execute(
                &format!("DELETE FROM {table} WHERE {wheres}"),
                rusqlite::params_from_iter(row.iter()),
            );
            assert_eq!(deleted, Ok(1), "{table}");
            drop(edit);
            if found(&copy, head).is_none() {
                missed.push(format!("a row of {table} is gone"));
            }
            edits += 1;
        }
    }
    assert_eq!(missed, [] as [String; 0]);
    assert!(edits > 90, "{edits} edits");
}

#[test]
fn an_edit_of_any_column_of_any_table_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let head = acme(&path);
    assert_every_edit_is_found(&path, head);
}

#[test]
fn an_edit_is_found_where_earlier_commits_are_archived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    acme(&path);
    let registry = open(&path);
    registry.archive(Revision(2), "keeper", Vec::new()).unwrap();
    commit(&registry, 3, "after", |tx| {
        tx.update_user(UserUpdate::new("bob").set("department", "HR")).unwrap()
    });
    registry.save_cache().unwrap();
    let head = registry.head().unwrap().unwrap();
    drop(registry);
    assert_every_edit_is_found(&path, head);
}

#[test]
fn the_first_commit_and_entry_that_differ_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let head = acme(&path);
    let said = |sql: &str| found(&edited(&path, sql), head).unwrap_or_default();
    let lie = said(
        "UPDATE journal_entry SET entry = replace(entry, 'Ann Zweig', 'Ann Adams') WHERE entry LIKE '%Ann Zweig%'",
    );
    assert!(lie.contains("commit 1, entry 11: it is not as it was sealed"), "{lie}");
    assert!(lie.contains("user `ann`: attribute `email`, attribute `name` differ"), "{lie}");
    let lie = said("UPDATE journal SET author = 'mallory' WHERE revision = 2");
    assert!(lie.contains("commit 2: its author, note or request is not as it was sealed"), "{lie}");
    let lie =
        said("UPDATE journal SET at = at + 1 WHERE revision = 3; UPDATE registry SET clock = clock + 1");
    assert!(lie.contains("commit 3: it is not as it was sealed"), "{lie}");
    let gone = said(
        "DELETE FROM journal WHERE revision = 2; DELETE FROM journal_entry WHERE revision = 2; DELETE FROM journal_fact WHERE revision = 2",
    );
    assert!(gone.contains("commit 3: commit 2 is missing before it"), "{gone}");
    let cut = said(
        "DELETE FROM journal WHERE revision = 3; DELETE FROM journal_entry WHERE revision = 3;
         DELETE FROM journal_fact WHERE revision = 3",
    );
    assert!(cut.contains("the journal ends at revision 2, before the saved head of revision 3"), "{cut}");
    let hidden = said(
        "UPDATE journal_entry SET entry = '{\"erased\":{\"user\":1,\"was\":\"changed\"}}', salt = NULL, mark = NULL, commitment = randomblob(32) WHERE revision = 2 AND user_id = 1",
    );
    assert!(
        hidden.contains("commit 2: it is not as it was sealed")
            && hidden.contains("no commit erased user number 1"),
        "{hidden}"
    );
    // Nor with the true commitment of what had been there: what may stand in the place of an entry is sealed with it.
    for blank in [1, 2] {
        let forged = blanked(&path, blank);
        let said = found(&forged, head).unwrap_or_default();
        assert!(said.contains("commit 1: it is not as it was sealed"), "{said}");
    }
    let words = found(&words_erased(&path), head).unwrap_or_default();
    assert!(words.contains("commit 2: its author, note and request are erased, but nobody"), "{words}");
    let beyond = said(
        "INSERT INTO journal (revision, at, author, note) SELECT 9, at, author, note FROM journal WHERE revision = 3",
    );
    assert!(beyond.contains("commit 9: a row of table `journal` does not belong there"), "{beyond}");
    let unsealed = said(
        "UPDATE journal SET salt = NULL, mark = NULL, hash = NULL WHERE revision = 3; UPDATE journal_entry SET salt = NULL, mark = NULL WHERE revision = 3",
    );
    assert!(unsealed.contains("commit 3: it is not sealed, though the one before is"), "{unsealed}");
    let trigger = said("CREATE TRIGGER spy AFTER INSERT ON user BEGIN DELETE FROM journal; END");
    assert!(trigger.contains("trigger `spy` should not be there"), "{trigger}");
    let view = said("DROP VIEW commits; CREATE VIEW commits AS SELECT 1 AS revision");
    assert!(view.contains("view `commits` is not the one that this library makes"), "{view}");
    let row = said("DELETE FROM segment_row");
    assert!(row.contains("the rows of table `segment_row` of segment `sales` are not its members"), "{row}");
    // Somebody who makes the whole chain anew cannot make it lead through the saved head.
    let other = path.with_file_name("other.db");
    acme(&other);
    let forged = found(&other, head).unwrap_or_default();
    assert!(forged.contains("commit 3: its hash is not that of the saved head"), "{forged}");
}

/// The first commit with an entry that is about nobody put away as one about somebody who is erased by a later commit.
fn blanked(path: &Path, position: i64) -> PathBuf {
    let edited = copy(path, "blanked.db");
    commit(&open(&edited), 5, "", |tx| tx.erase("bob").unwrap());
    let connection = Connection::open(&edited).unwrap();
    let select = "SELECT entry, salt FROM journal_entry WHERE revision = 1 AND position = ?1";
    let (entry, salt): (String, Option<Vec<u8>>) =
        connection.query_row(select, [position], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let salt = salt.map(|salt| Salt::from_bytes(&salt).unwrap());
    let commitment = Part::Open { salt, mark: 0 }.commitment(entry.as_bytes());
    let update =
        "UPDATE journal_entry SET entry = '{\"erased\":{\"user\":1,\"was\":\"changed\"}}', user_id = 1,
                      salt = NULL, mark = NULL, commitment = ?1 WHERE revision = 1 AND position = ?2";
    assert_eq!(connection.execute(update, rusqlite::params![&commitment.0[..], position]), Ok(1));
    edited
}

/// The second commit with other words, and the true commitment of those that were there.
fn words_erased(path: &Path) -> PathBuf {
    let edited = copy(path, "words.db");
    let registry = open(&edited);
    let commit = registry.recorded(Revision(2)).unwrap().unwrap();
    let words = commit.seal.as_ref().unwrap().words.commitment(&commit.words());
    drop(registry);
    let update =
        "UPDATE journal SET author = 'alice', note = 'nothing', salt = NULL, mark = NULL, commitment = ?1
                  WHERE revision = 2";
    assert_eq!(Connection::open(&edited).unwrap().execute(update, [&words.0[..]]), Ok(1));
    edited
}

#[test]
fn names_are_taken_out_of_notes_also_where_they_were_unique_before_the_journal_begins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = open(&path);
    commit(&registry, 0, "set-up", |tx| {
        tx.apply(text("email", true, false)).unwrap();
        tx.apply(AttributeDefinition {
            unique: true,
            ..AttributeDefinition::new("badge", AttributeType::Integer)
        })
        .unwrap();
        tx.update_user(UserUpdate::new("ann").set("email", "zweig@acme.org").set("badge", 774_411)).unwrap();
    });
    commit(&registry, 1, "", |tx| tx.define_course("gdpr").unwrap());
    registry.archive(Revision(2), "keeper", Vec::new()).unwrap();
    commit(&registry, 2, "zweig@acme.org of badge 774411 has moved", |tx| {
        tx.update_user(UserUpdate::new("ann").set("email", "other@acme.org")).unwrap();
    });
    commit(&registry, 3, "", |tx| tx.apply(text("email", false, false)).unwrap());
    commit(&registry, 4, "", |tx| tx.erase("ann").unwrap());
    let note = &registry.recorded(Revision(4)).unwrap().unwrap().note;
    assert_eq!(note, "erased:0 of badge erased:0 has moved");
    drop(registry);
    assert_eq!(files_with(folder.path(), &["zweig", "774411"]), [""; 0]);
    assert!(open(&path).verify(None).unwrap().is_intact());
}

#[test]
fn a_byte_changed_anywhere_is_found_or_means_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let head = acme(&path);
    let exported = |path: &Path| {
        let mut bytes = Vec::new();
        Sqlite::at(path)
            .and_then(Registry::open)
            .and_then(|registry| registry.export(&mut bytes))
            .ok()
            .map(|_| bytes)
    };
    let expected = exported(&path);
    let bytes = std::fs::read(&path).unwrap();
    // Most of a small file is room that nothing has used yet.
    let used: Vec<usize> = (100..bytes.len()).filter(|place| bytes[*place] != 0).collect();
    let mut harmless = 0;
    for turn in 0..150_usize {
        let edited = copy(&path, "edited.db");
        let mut changed = bytes.clone();
        let place = used[turn.wrapping_mul(0x9E37_79B9) % used.len()];
        changed[place] ^= 0x11;
        std::fs::write(&edited, changed).unwrap();
        if found(&edited, head).is_none() {
            assert_eq!(exported(&edited), expected, "byte {place}");
            harmless += 1;
        }
    }
    assert!(harmless < 75, "{harmless} of 150 bytes mean nothing");
}

/// Every file of a folder that has one of some texts in it.
fn files_with(folder: &Path, texts: &[&str]) -> Vec<String> {
    let mut with = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        for text in texts {
            let text = text.to_ascii_lowercase();
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                with.push(format!("{}: {text}", path.display()));
            }
        }
    }
    with
}

const SECRETS: &[&str] = &["zoe-4711", "Zoe Quarz", "zoe.alt@acme.org", "zoe.neu@acme.org", "Quarzeria"];

/// A register in which one of many people has a past.
fn with_a_past(path: &Path) -> Registry {
    let registry = open(path);
    let people = |tx: &mut Transaction, from: u32, to: u32| {
        for number in from..to {
            let update = UserUpdate::new(format!("u{number}")).set("email", format!("u{number}@acme.org"));
            tx.update_user(update.set("name", format!("Name {number}")).set("department", "Sales")).unwrap();
        }
    };
    commit(&registry, 0, "set-up", |tx| {
        tx.apply(text("email", true, true)).unwrap();
        tx.apply(text("name", false, true)).unwrap();
        tx.define_attribute("department", AttributeType::Text).unwrap();
        tx.define_attribute("manager", AttributeType::User).unwrap();
        tx.define_course("gdpr").unwrap();
        tx.define_segment("sales", r#"user.department == "Sales""#).unwrap();
        tx.define_enrolment_rule("gdpr-sales", "sales", &["gdpr"], LeavePolicy::Keep).unwrap();
        people(tx, 0, 300);
        let zoe = UserUpdate::new("zoe-4711").set("email", "zoe.alt@acme.org").set("name", "Zoe Quarz");
        tx.update_user(zoe.set("department", "Sales")).unwrap();
        people(tx, 300, 600);
    });
    commit(&registry, 1, "zoe-4711 has another address", |tx| {
        let zoe = UserUpdate::new("zoe-4711").set("email", "zoe.neu@acme.org").set("department", "Quarzeria");
        tx.update_user(zoe).unwrap();
        tx.update_user(UserUpdate::new("u5").set("manager", "zoe-4711")).unwrap();
        tx.define_segment("team", r#"user.manager == "zoe-4711""#).unwrap();
        tx.pin("sales", "zoe-4711").unwrap();
    });
    commit(&registry, 2, "", |tx| people(tx, 100, 500));
    commit(&registry, 3, "writes to ZOE.ALT@acme.org", |tx| {
        tx.update_user(UserUpdate::new("zoe-4711").set("department", "Sales")).unwrap();
        people(tx, 600, 900);
    });
    registry
}

#[test]
fn nothing_is_left_in_the_files_of_somebody_who_was_erased() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = with_a_past(&path);
    let other = open(&path);
    let late = open(&path);
    let saved = registry.head().unwrap();
    let before = registry.snapshot();
    let counts = |snapshot: &Snapshot| (snapshot.user_count(), snapshot.enrolment_count());
    let delta = commit(&registry, 4, "request of zoe-4711", |tx| tx.erase("zoe-4711").unwrap());
    // The rule goes on naming the number, and is warned of.
    assert_eq!(delta.warnings().len(), 1, "{:?}", delta.warnings());
    assert!(delta.warnings()[0].to_string().starts_with("segment team: the rule names"));
    assert_eq!(registry.snapshot().members("team").unwrap().len(), 1);
    assert_eq!(counts(&registry.snapshot()), counts(&before), "kept by the rule's policy");
    // Another handle hears of it, and commits on top.
    assert!(other.refresh().unwrap().same_as(&registry.snapshot()));
    commit(&late, 5, "", |tx| tx.update_user(UserUpdate::new("u7").set("name", "Somebody Else")).unwrap());
    assert!(registry.refresh().unwrap().same_as(&late.snapshot()));
    let verification = registry.verify(saved).unwrap();
    assert!(verification.is_intact(), "{verification}");
    assert!(verification.erased > 5, "{verification}");
    drop((registry, other, late));
    assert_eq!(files_with(folder.path(), SECRETS), [] as [&str; 0]);
    assert!(!files_with(folder.path(), &[ERASED_KEY]).is_empty());
    let again = open(&path);
    assert!(again.verify(saved).unwrap().is_intact());
    let replayed = again.as_of(Revision(4)).unwrap();
    assert_eq!(counts(&replayed), counts(&before));
    assert!(replayed.is_member("erased:300", "sales").unwrap(), "facts stay");
}

#[test]
fn what_was_erased_goes_from_the_files_when_others_have_stopped_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = with_a_past(&path);
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let count: i64 = reader.query_row("SELECT count(*) FROM user", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 901);
    let delta = commit(&registry, 4, "", |tx| tx.erase("zoe-4711").unwrap());
    assert_eq!(delta.warnings().len(), 2, "{:?}", delta.warnings());
    assert!(
        delta.warnings()[1].to_string().starts_with("what was erased is still in the store's files"),
        "{:?}",
        delta.warnings()
    );
    assert_eq!(registry.snapshot().find_user("zoe-4711"), None, "it is erased all the same");
    reader.execute_batch("COMMIT").unwrap();
    registry.clean().unwrap();
    registry.clean().unwrap();
    drop((registry, reader));
    assert_eq!(files_with(folder.path(), SECRETS), [] as [&str; 0]);
}

#[test]
fn an_erasure_that_was_interrupted_is_finished_when_the_file_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = with_a_past(&path);
    drop(registry);
    // The commit alone, as if the process had ended right after it.
    let store = Sqlite::at(&path).unwrap();
    let mut draft = matricula::core::Draft::new(&matricula::Store::load(&store).unwrap(), day(4));
    draft.apply(matricula::Change::Erase { user: "zoe-4711".to_owned() }).unwrap();
    let outcome = draft.finish("hr", "");
    matricula::Store::append(&store, &outcome.commit).unwrap();
    drop(store);
    let unclean = || -> bool {
        let connection = Connection::open(&path).unwrap();
        connection.query_row("SELECT unclean FROM registry", [], |row| row.get(0)).unwrap()
    };
    assert!(unclean());
    drop(open(&path));
    assert!(!unclean());
    assert_eq!(files_with(folder.path(), SECRETS), [] as [&str; 0]);
}
