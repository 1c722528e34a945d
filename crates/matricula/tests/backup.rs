//! Backups of a registry that is being written, and readers that demand a revision.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

mod children;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use children::{Replay, commit_one, set_up};
use matricula::{ErrorKind, Memory, Registry, Revision, Sqlite, Store};

#[test]
fn a_backup_is_one_state_of_a_registry_that_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = set_up(&path);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Another handle, as of another process.
            let writer = Registry::open(Sqlite::at(&path).unwrap()).unwrap();
            let mut number = 0;
            while !done.load(Ordering::Relaxed) || number < 20 {
                commit_one(&writer, "writer", &format!("u{number}"), "Sales");
                number += 1;
            }
        });
        for round in 0..8 {
            let copy = folder.path().join(format!("copy-{round}.db"));
            let before = registry.refresh().unwrap().revision();
            registry.backup(&copy).unwrap();
            let after = registry.refresh().unwrap().revision();
            let store = Sqlite::at(&copy).unwrap();
            let mut replay = Replay::default();
            replay.follow(&store);
            assert!(replay.0.revision() >= before && replay.0.revision() <= after);
            // It is a registry of its own.
            let restored = Registry::open(store).unwrap();
            commit_one(&restored, "restored", "new", "IT");
        }
        done.store(true, Ordering::Relaxed);
    });
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("unfinished")), "{left:?}");
}

#[test]
fn a_backup_replaces_nothing_and_says_what_stands_in_its_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = set_up(&path);
    let taken = folder.path().join("taken.db");
    std::fs::write(&taken, "mine").unwrap();
    let error = registry.backup(&taken).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.message().ends_with("there is a file of this name already"), "{error}");
    assert_eq!(std::fs::read(&taken).unwrap(), b"mine");
    assert_eq!(registry.backup(&path).unwrap_err().kind(), ErrorKind::Store);
    assert_eq!(registry.backup(folder.path().join("no/folder.db")).unwrap_err().kind(), ErrorKind::Store);
    // A backup that was interrupted is begun again.
    std::fs::write(folder.path().join("copy.db.unfinished"), "half").unwrap();
    registry.backup(folder.path().join("copy.db")).unwrap();
    assert!(Sqlite::at(folder.path().join("copy.db")).unwrap().load().unwrap().same_as(&registry.snapshot()));
    // One that is only read can be backed up too.
    drop(registry);
    let reader = Sqlite::options().read_only(true).open(&path).unwrap();
    Registry::open(reader).unwrap().backup(folder.path().join("read.db")).unwrap();
    let memory = Registry::open(Memory::default()).unwrap();
    assert_eq!(memory.backup(folder.path().join("memory.db")).unwrap_err().kind(), ErrorKind::NotPossible);
}

#[test]
fn a_reader_that_demands_a_revision_gets_it_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let reader = set_up(&path);
    let writer = Registry::open(Sqlite::at(&path).unwrap()).unwrap();
    let revision = commit_one(&writer, "writer", "ann", "Sales");
    assert!(reader.snapshot().find_user("ann").is_none());
    let snapshot = reader.snapshot_at_least(revision, Duration::ZERO).unwrap();
    assert!(snapshot.find_user("ann").is_some());
    let error = reader.snapshot_at_least(revision.next(), Duration::from_millis(30)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stale);
    assert_eq!(error.message(), "the registry is at revision 2, expected at least 3 within 30ms");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| reader.snapshot_at_least(Revision(3), Duration::from_secs(30)).unwrap());
        std::thread::sleep(Duration::from_millis(20));
        commit_one(&writer, "writer", "bob", "IT");
        assert!(waiting.join().unwrap().find_user("bob").is_some());
    });
}

#[test]
fn closing_a_large_registry_leaves_an_image_and_closing_a_small_one_does_not() {
    use matricula::{Change, UserUpdate};
    let folder = tempfile::tempdir().unwrap();
    for (people, expected) in [(50, false), (5_000, true)] {
        let path = folder.path().join(format!("{people}.db"));
        let registry = set_up(&path);
        let mut tx = registry.as_host("hr").begin(children::now()).unwrap();
        tx.apply(Change::Users((0..people).map(|number| UserUpdate::new(format!("u{number}"))).collect()))
            .unwrap();
        tx.commit().unwrap();
        let last = registry.snapshot();
        let image = || Sqlite::at(&path).unwrap().image_before(last.revision()).unwrap();
        assert!(image().is_none());
        drop(registry);
        assert_eq!(image().is_some_and(|image| image.same_as(&last)), expected, "{people}");
        let again = Registry::open(Sqlite::at(&path).unwrap()).unwrap();
        assert!(again.snapshot().same_as(&last));
        again.save_cache().unwrap();
        assert!(image().unwrap().same_as(&last));
    }
}
