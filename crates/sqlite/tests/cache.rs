//! The column cache: what is opened with it is what is opened without, whatever has become of it meanwhile.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

mod common;

use std::path::Path;

use common::{attribute, column, commit};
use matricula_core::{
    AttributeType, Change, CourseDefinition, Draft, EnrolmentRuleDefinition, LeavePolicy, Revision,
    SegmentDefinition, Snapshot, Store, UserUpdate,
};
use matricula_sqlite::Sqlite;
use matricula_testkit::behaviour::made;
use matricula_testkit::history::history;
use proptest::prelude::*;
use proptest::sample::Index;
use rusqlite::Connection;

fn company(path: &Path, people: u32) -> Snapshot {
    let person = |number: u32| {
        let department = ["Sales", "IT", "Finance"][number as usize % 3];
        let update = UserUpdate::new(format!("u{number}")).set("department", department);
        update.set("mail", format!("u{number}@acme.example"))
    };
    commit(
        path,
        vec![
            attribute("department", AttributeType::Text),
            attribute("mail", AttributeType::Text),
            CourseDefinition::new("selling".to_owned()).into(),
            SegmentDefinition::with_rule("sales", r#"user.department == "Sales""#).into(),
            EnrolmentRuleDefinition::new("selling", "sales", ["selling"], LeavePolicy::Suspend).into(),
            Change::Users((0..people).map(person).collect()),
        ],
    )
}

/// Loads from the cache, as is shown by a table that cannot be read.
fn loads_without_rows(path: &Path) -> bool {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("UPDATE enrolment SET status = 'x' || status").unwrap();
    let loaded = Sqlite::at(path).unwrap().load().is_ok();
    connection.execute_batch("UPDATE enrolment SET status = substr(status, 2)").unwrap();
    loaded
}

fn counts(path: &Path) -> (String, String) {
    let count = |table: &str| column(path, &format!("SELECT count(*) FROM {table}")).remove(0);
    (count("cache_image"), count("cache_chunk"))
}

fn rename(path: &Path, user: &str, department: &str) -> Snapshot {
    commit(path, vec![UserUpdate::new(user).set("department", department).into()])
}

#[test]
fn an_image_is_used_while_little_has_changed_since() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let snapshot = company(path, 20_000);
    assert!(!loads_without_rows(path), "there is no image yet");
    Sqlite::at(path).unwrap().save_image(&snapshot).unwrap();
    assert!(loads_without_rows(path));
    let changed = rename(path, "u7", "Sales");
    assert!(loads_without_rows(path));
    let loaded = Sqlite::at(path).unwrap().load().unwrap();
    assert!(loaded.same_as(&changed));
    assert!(!Sqlite::options().cache(false).open(path).unwrap().load().unwrap().same_as(&snapshot));
    let many = (0..8_000).map(|number| UserUpdate::new(format!("v{number}")));
    let grown = commit(path, vec![Change::Users(many.collect())]);
    assert!(!loads_without_rows(path), "replaying so much is no shorter");
    assert!(Sqlite::at(path).unwrap().load().unwrap().same_as(&grown));
}

#[test]
fn an_image_is_used_after_somebody_was_erased() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    company(path, 9_000);
    let erased = commit(path, vec![Change::Erase { user: "u7".to_owned() }]);
    let store = Sqlite::at(path).unwrap();
    store.save_image(&erased).unwrap();
    assert!(store.image_before(erased.revision()).unwrap().unwrap().same_as(&erased));
    assert!(loads_without_rows(path));
}

#[test]
fn images_share_what_has_not_changed_and_go_when_they_are_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let store = Sqlite::at(path).unwrap();
    store.save_image(&company(path, 20_000)).unwrap();
    let chunks: usize = counts(path).1.parse().unwrap();
    let mut past: Vec<Snapshot> = Vec::new();
    for round in 0..40 {
        let snapshot = rename(path, &format!("u{}", round * 3), "Engineering");
        store.save_image(&snapshot).unwrap();
        store.save_image(&snapshot).unwrap();
        past.push(snapshot);
    }
    let (images, all) = counts(path);
    let (images, all): (usize, usize) = (images.parse().unwrap(), all.parse().unwrap());
    assert!((5..25).contains(&images), "{images} of 41 images");
    assert!(all < chunks + images * 12, "{all} chunks of {images} images, {chunks} of the first");
    for snapshot in &past {
        let image = store.image_before(snapshot.revision()).unwrap().unwrap();
        assert!(image.revision() <= snapshot.revision());
        let then = past.iter().find(|then| then.revision() == image.revision());
        assert!(image.revision() == Revision(1) || then.unwrap().same_as(&image));
    }
    assert!(store.image_before(Revision(0)).unwrap().is_none());
}

#[test]
fn damage_of_any_chunk_is_noticed_and_mended_with_the_next_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let snapshot = company(path, 9_000);
    Sqlite::at(path).unwrap().save_image(&snapshot).unwrap();
    let connection = Connection::open(path).unwrap();
    let ids = column(path, "SELECT id FROM cache_chunk");
    assert!(ids.len() > 20);
    let mut damages: Vec<String> = ids
        .iter()
        .flat_map(|id| {
            [
                format!("UPDATE cache_chunk SET bytes = zeroblob(length(bytes)) WHERE id = {id}"),
                format!("UPDATE cache_chunk SET bytes = substr(bytes, 1, length(bytes) - 1) WHERE id = {id}"),
                format!("DELETE FROM cache_chunk WHERE id = {id}"),
            ]
        })
        .collect();
    damages.push("UPDATE cache_image SET chunks = x''".to_owned());
    damages.push("UPDATE cache_image SET chunks = substr(chunks, 25)".to_owned());
    damages.push("UPDATE cache_image SET revision = revision - 1".to_owned());
    for damage in &damages {
        connection.execute_batch(&format!("PRAGMA ignore_check_constraints = 1; {damage}")).unwrap();
        let store = Sqlite::at(path).unwrap();
        assert!(store.load().unwrap().same_as(&snapshot), "{damage}");
        assert!(!loads_without_rows(path), "{damage}");
        store.save_image(&snapshot).unwrap();
        assert!(loads_without_rows(path), "after {damage}");
    }
    // And it may be taken away.
    connection.execute_batch("DELETE FROM cache_image; DELETE FROM cache_chunk").unwrap();
    assert!(Sqlite::at(path).unwrap().load().unwrap().same_as(&snapshot));
}

#[test]
fn an_image_of_another_format_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let snapshot = company(path, 5_000);
    let store = Sqlite::at(path).unwrap();
    store.save_image(&snapshot).unwrap();
    Connection::open(path).unwrap().execute_batch("UPDATE cache_image SET format = 'x' || format").unwrap();
    assert!(!loads_without_rows(path));
    assert!(store.image_before(snapshot.revision()).unwrap().is_none());
    store.save_image(&snapshot).unwrap();
    assert_eq!(counts(path).0, "1");
    assert!(loads_without_rows(path));
}

#[test]
fn an_image_of_what_was_never_committed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let snapshot = company(path, 10);
    let mut draft = Draft::new(&snapshot, snapshot.clock().unwrap());
    draft.apply(UserUpdate::new("new").into()).unwrap();
    let store = Sqlite::at(path).unwrap();
    let error = store.save_image(&draft.finish("hr", "").snapshot).unwrap_err();
    assert_eq!(error.code(), "invalid_store");
    assert_eq!(counts(path).0, "0");
}

proptest! {
    #![proptest_config(matricula_testkit::cases(12))]

    #[test]
    fn no_flipped_byte_makes_another_snapshot(
        history in history(8),
        flips in prop::collection::vec((any::<Index>(), any::<Index>(), 1..=255_u8), 1..25),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = &folder.path().join("acme.db");
        let store = Sqlite::at(path).unwrap();
        let mut lived = Snapshot::default();
        for transaction in &history {
            let outcome = made(transaction, &lived);
            if !outcome.commit.is_empty() {
                store.append(&outcome.commit).unwrap();
                lived = outcome.snapshot;
            }
        }
        prop_assume!(lived.clock().is_some());
        store.save_image(&lived).unwrap();
        let connection = Connection::open(path).unwrap();
        let ids: Vec<i64> =
            column(path, "SELECT id FROM cache_chunk").iter().map(|id| id.parse().unwrap()).collect();
        for (chunk, place, flip) in flips {
            let id = ids[chunk.index(ids.len())];
            let select = "SELECT bytes FROM cache_chunk WHERE id = ?1";
            let bytes: Vec<u8> = connection.query_row(select, [id], |row| row.get(0)).unwrap();
            if bytes.is_empty() {
                continue;
            }
            let mut flipped = bytes.clone();
            flipped[place.index(bytes.len())] ^= flip;
            let put = |bytes: &[u8]| {
                let update = "UPDATE cache_chunk SET bytes = ?2 WHERE id = ?1";
                connection.execute(update, rusqlite::params![id, bytes]).unwrap();
            };
            put(&flipped);
            let opened = Sqlite::at(path).unwrap();
            prop_assert!(opened.load().unwrap().same_as(&lived));
            prop_assert!(opened.image_before(lived.revision()).unwrap().is_none());
            put(&bytes);
            prop_assert!(Sqlite::at(path).unwrap().image_before(lived.revision()).unwrap().is_some());
        }
    }
}
