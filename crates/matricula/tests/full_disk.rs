//! Files that cannot grow: what was acknowledged is there, what failed is not, and the error says what it was.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

mod children;

use children::{Replay, Worker, command, commit_one, now, say, set_up, task};
use matricula::{Change, ErrorKind, Registry, Revision, Sqlite, Store, UserUpdate};

/// Commits until that fails, and some times more.
#[test]
#[ignore = "run by other tests, as a process of its own"]
fn child() {
    let Some(words) = task() else { return };
    let [path] = words.as_slice() else { return };
    let registry = Registry::open(Sqlite::at(path).unwrap()).unwrap();
    let mut failed = 0;
    for number in 0..100_000 {
        let before = registry.snapshot();
        let people =
            (0..50).map(|person| UserUpdate::new(format!("u{number}-{person}")).set("department", "Sales"));
        let mut tx = registry.as_host("child").begin(now()).unwrap();
        tx.set_note(format!("{number}"));
        tx.apply(Change::Users(people.collect())).unwrap();
        match tx.commit() {
            Ok(delta) => {
                say(format_args!("{} {number}", delta.revision()));
                // It takes up room, too, and where there is none for it that is no harm.
                let _ = registry.save_cache();
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Store, "{error}");
                assert!(registry.snapshot().same_as(&before));
                failed += 1;
                if failed == 5 {
                    say(format_args!("failed: {error}"));
                    return;
                }
            }
        }
    }
}

#[test]
#[cfg(unix)]
fn when_the_system_lets_no_file_grow_nothing_that_was_acknowledged_is_lost() {
    // In units of 512 or 1,024 bytes, as the shell has it; of different parts of a commit.
    for blocks in [1_200, 1_203, 1_301, 2_002] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registry.db");
        drop(set_up(&path));
        let plain = command(&[path.to_str().unwrap()]);
        let mut limited = std::process::Command::new("sh");
        // Without the signal that comes with it, writing beyond the limit is an error of the call.
        limited.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks} && exec \"$0\" \"$@\""));
        limited.arg(plain.get_program()).args(plain.get_args());
        limited.envs(plain.get_envs().filter_map(|(key, value)| Some((key, value?))));
        limited.stdout(std::process::Stdio::piped());
        let mut worker = Worker::spawn(&mut limited);
        let mut said = worker.rest();
        assert!(worker.succeeded(), "{blocks}: {said:?}");
        let failure = said.pop().unwrap();
        assert!(failure.starts_with("failed: cannot write"), "{blocks}: {failure}");
        let mut replay = Replay::default();
        let store = Sqlite::at(&path).unwrap();
        let notes = replay.follow(&store);
        let there: Vec<String> =
            (1..).zip(&notes).skip(1).map(|(revision, note)| format!("{revision} {note}")).collect();
        assert_eq!(said, there, "{blocks}");
        // With room again it goes on.
        let registry = Registry::open(store).unwrap();
        commit_one(&registry, "host", "after", "IT");
        replay.follow(&Sqlite::at(&path).unwrap());
    }
}

#[test]
fn a_commit_fails_at_every_page_that_it_lacks_and_succeeds_with_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    drop(set_up(&path));
    let page = 4096;
    let begun = std::fs::metadata(&path).unwrap().len() / page;
    let (mut failures, mut replay) = (0, Replay::default());
    replay.follow(&Sqlite::at(&path).unwrap());
    for pages in begun.. {
        let store = Sqlite::options().max_bytes(pages * page).open(&path).unwrap();
        let registry = Registry::open(store).unwrap();
        let before = registry.snapshot();
        assert!(before.same_as(&replay.0));
        let people = (0..400).map(|number| {
            UserUpdate::new(format!("u{number}"))
                .set("department", if number % 2 == 0 { "Sales" } else { "IT" })
        });
        let mut tx = registry.as_host("hr").begin(now()).unwrap();
        tx.apply(Change::Users(people.collect())).unwrap();
        tx.define_course("late").unwrap();
        match tx.commit() {
            Ok(_) => {
                assert_eq!(replay.follow(&Sqlite::at(&path).unwrap()).len(), 1);
                assert!(registry.snapshot().same_as(&replay.0));
                break;
            }
            Err(error) => {
                let expected = "the disk is full, or the file has reached its greatest size";
                assert!(error.message().ends_with(expected), "{error}");
                assert_eq!(error.kind(), ErrorKind::Store);
                assert!(registry.snapshot().same_as(&before));
                assert!(registry.refresh().unwrap().same_as(&before));
                assert!(replay.follow(&Sqlite::at(&path).unwrap()).is_empty());
                failures += 1;
            }
        }
    }
    assert!(failures > 20, "{failures}");
}

/// People enough that an image of them takes up room.
fn many(registry: &Registry) {
    let people = (0..20_000).map(|number| UserUpdate::new(format!("m{number}")).set("department", "IT"));
    let mut tx = registry.as_host("hr").begin(now()).unwrap();
    tx.apply(Change::Users(people.collect())).unwrap();
    tx.commit().unwrap();
}

fn size(path: &std::path::Path) -> u64 {
    std::fs::metadata(path).unwrap().len()
}

#[test]
fn images_give_way_to_commits_that_would_not_fit_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let registry = set_up(&path);
    many(&registry);
    registry.save_cache().unwrap();
    drop(registry);
    let full = size(&path);
    let store = Sqlite::options().max_bytes(full).open(&path).unwrap();
    assert!(store.image_before(Revision(u64::MAX)).unwrap().is_some());
    let registry = Registry::open(store).unwrap();
    // Together more than the pages that happen to be free.
    for number in 0..16 {
        let people =
            (0..20).map(|person| UserUpdate::new(format!("n{number}-{person}")).set("department", "Sales"));
        let mut tx = registry.as_host("hr").begin(now()).unwrap();
        tx.apply(Change::Users(people.collect())).unwrap();
        tx.commit().unwrap();
    }
    let last = registry.snapshot();
    drop(registry);
    assert!(size(&path) <= full);
    let mut replay = Replay::default();
    let store = Sqlite::at(&path).unwrap();
    replay.follow(&store);
    assert!(replay.0.same_as(&last));
    assert!(store.image_before(Revision(u64::MAX)).unwrap().is_none(), "it made room");
    let verification = Registry::open(store).unwrap().verify(last.head()).unwrap();
    assert!(verification.is_intact(), "{verification}");
}

#[test]
fn an_image_that_would_leave_no_room_for_commits_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let registry = set_up(&path);
    many(&registry);
    drop(registry);
    // The one that closing left is forgotten.
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("DELETE FROM cache_image; DELETE FROM cache_chunk; VACUUM").unwrap();
    drop(connection);
    let bare = size(&path);
    let limited = |most: u64| Registry::open(Sqlite::options().max_bytes(most).open(&path).unwrap()).unwrap();
    for most in [bare, bare + bare / 16, bare + bare / 8] {
        let registry = limited(most);
        let error = registry.save_cache().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(error.message().contains("cannot"), "{error}");
        drop(registry);
        assert_eq!(size(&path), bare, "nothing of it stays");
    }
    let registry = limited(bare * 2);
    registry.save_cache().unwrap();
    drop(registry);
    assert!(size(&path) > bare && size(&path) <= bare * 2 * 7 / 8);
    assert!(Sqlite::at(&path).unwrap().image_before(Revision(u64::MAX)).unwrap().is_some());
}
