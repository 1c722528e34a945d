//! Journals sealed with a host's key: what an audit proves with it, says without it, and how a registry comes by a key and
//! gives it up.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

mod children;

use std::path::Path;

use children::{commit_one, now, set_up};
use matricula::{ErrorKind, JournalKey, Memory, Registry, Revision, Sqlite, UserUpdate, Verification};
use rusqlite::Connection;

const SECRET: &[u8] = b"a secret of thirty-two bytes ...";

fn key() -> JournalKey {
    JournalKey::new(SECRET).unwrap()
}

fn other() -> JournalKey {
    JournalKey::new(b"another secret of somebody else.").unwrap()
}

fn keyed(path: &Path) -> Registry {
    Registry::open_keyed(Sqlite::at(path).unwrap(), key()).unwrap()
}

fn plain(path: &Path) -> Registry {
    Registry::open(Sqlite::at(path).unwrap()).unwrap()
}

/// A registry in a file, sealed with the key from the first commit on: three commits.
fn sealed(path: &Path) -> Registry {
    drop(set_up(path));
    let exported = exported(&plain(path));
    std::fs::remove_file(path).unwrap();
    let store = Sqlite::at(path).unwrap();
    let registry = Registry::import_resealed(store, exported.as_slice(), None, Some(key())).unwrap();
    commit_one(&registry, "hr", "ann", "Sales");
    commit_one(&registry, "hr", "bob", "IT");
    registry
}

fn exported(registry: &Registry) -> Vec<u8> {
    let mut lines = Vec::new();
    registry.export(&mut lines).unwrap();
    lines
}

fn only_difference(verification: &Verification) -> String {
    assert_eq!(verification.differences.len(), 1, "{verification}");
    verification.differences.first().unwrap().to_string()
}

fn edit(path: &Path, sql: &str) {
    assert_eq!(Connection::open(path).unwrap().execute(sql, []).unwrap(), 1, "{sql}");
}

#[test]
fn what_is_sealed_with_a_key_is_proved_with_it_and_cannot_be_checked_without() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = sealed(&path);
    let head = registry.head().unwrap();
    let verification = registry.verify(head).unwrap();
    assert!(verification.is_intact(), "{verification}");
    assert_eq!(verification.keyed_from, Some(Revision(1)));
    assert_eq!(
        verification.to_string(),
        "3 commits up to revision 3, sealed from 1 on, with a journal key from 1 on: intact"
    );
    drop(registry);
    let verification = plain(&path).verify(head).unwrap();
    assert_eq!(
        only_difference(&verification),
        format!(
            "3 commits from 1 on are sealed with journal key `{}`, which was not given: whether they are as they were \
             sealed cannot be checked",
            key().id()
        )
    );
}

#[test]
fn an_edit_that_makes_hashes_anew_is_found_with_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    drop(sealed(&path));
    let before = std::fs::read(&path).unwrap();
    for (edited, expected) in [
        ("UPDATE journal SET at = at + 1 WHERE revision = 3", "commit 3: it is not as it was sealed"),
        ("UPDATE journal SET key = NULL WHERE revision = 3", "commit 3: it is sealed without a journal key"),
        (
            "UPDATE journal SET key = x'0102030405060708' WHERE revision = 2",
            "commit 2: it is sealed with journal key",
        ),
        ("UPDATE journal SET hash = zeroblob(32) WHERE revision = 2", "commit 2: it is not as it was sealed"),
    ] {
        std::fs::write(&path, &before).unwrap();
        // Opened before, since a key that is taken away from the last commit is not missed on opening.
        let registry = keyed(&path);
        edit(&path, edited);
        let verification = registry.verify(None).unwrap();
        let first = verification.differences.first().unwrap().to_string();
        assert!(first.starts_with(expected), "{edited}: {verification}");
    }
    // Whoever makes the whole journal anew has no key to do it with: with another one, or with none.
    std::fs::write(&path, &before).unwrap();
    let lines = exported(&keyed(&path));
    let forged = |with: Option<JournalKey>| {
        let path = folder.path().join("forged.db");
        let _ = std::fs::remove_file(&path);
        drop(Registry::import_resealed(Sqlite::at(&path).unwrap(), lines.as_slice(), None, with).unwrap());
        path
    };
    let error = Registry::open_keyed(Sqlite::at(forged(Some(other()))).unwrap(), key()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JournalKey);
    let forged = keyed(&forged(None));
    assert_eq!(forged.verify(None).unwrap().keyed_from, None, "what the key proves is nothing");
    let head = keyed(&path).head().unwrap();
    assert!(!forged.verify(head).unwrap().is_intact());
}

#[test]
fn a_journal_that_has_a_key_is_not_continued_without_it_or_with_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let last = sealed(&path).snapshot();
    let error = Registry::open_keyed(Sqlite::at(&path).unwrap(), other()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JournalKey);
    let expected =
        format!("commit 3 is sealed with journal key `{}`, the one given is `{}`", key().id(), other().id());
    assert_eq!(error.message(), expected);
    let reader = plain(&path);
    assert!(reader.snapshot().same_as(&last), "it can be read");
    let mut tx = reader.as_host("hr").begin(now()).unwrap();
    tx.update_user(UserUpdate::new("cy")).unwrap();
    let error = tx.commit().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JournalKey);
    let expected = format!("commit 3 is sealed with journal key `{}`, none was given", key().id());
    assert_eq!(error.message(), expected);
    let error = reader.archive(Revision(2), "hr", Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::JournalKey);
    assert!(reader.refresh().unwrap().same_as(&last), "nothing of it is written");
    // Nor by a handle that was open before the key came.
    let path = folder.path().join("later.db");
    let old = set_up(&path);
    commit_one(&keyed(&path), "hr", "ann", "Sales");
    let mut tx = old.as_host("hr").begin(now()).unwrap();
    tx.update_user(UserUpdate::new("cy")).unwrap();
    assert_eq!(tx.commit().unwrap_err().kind(), ErrorKind::JournalKey);
    assert_eq!(old.refresh().unwrap().revision(), Revision(2));
}

#[test]
fn a_journal_that_began_without_a_key_gets_one_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    drop(set_up(&path));
    commit_one(&plain(&path), "hr", "ann", "Sales");
    let registry = keyed(&path);
    let verification = registry.verify(None).unwrap();
    assert!(verification.is_intact() && verification.keyed_from.is_none(), "{verification}");
    commit_one(&registry, "hr", "bob", "IT");
    commit_one(&registry, "hr", "cy", "IT");
    let verification = registry.verify(registry.head().unwrap()).unwrap();
    assert!(verification.is_intact(), "{verification}");
    assert_eq!((verification.sealed_from, verification.keyed_from), (Some(Revision(1)), Some(Revision(3))));
    // The commits before are in the chain: an edit of them shows as it did.
    edit(&path, "UPDATE journal SET note = 'x' WHERE revision = 2");
    assert!(!registry.verify(None).unwrap().is_intact());
}

#[test]
fn a_key_is_given_changed_and_given_up_by_sealing_an_export_anew() {
    let registry = Registry::open_keyed(Memory::default(), key()).unwrap();
    for name in ["ann", "bob"] {
        let mut tx = registry.as_host("hr").begin(now()).unwrap();
        tx.update_user(UserUpdate::new(name)).unwrap();
        tx.commit().unwrap();
    }
    let lines = exported(&registry);
    let reseal = |old, new| Registry::import_resealed(Memory::default(), lines.as_slice(), old, new);
    for (old, new) in [
        (Some(key()), Some(other())),
        (Some(key()), None),
        // Of a key that is lost nothing is checked.
        (None, Some(other())),
        (None, None),
    ] {
        let again = reseal(old, new.clone()).unwrap();
        assert_ne!(again.head().unwrap(), registry.head().unwrap());
        let verification = again.verify(again.head().unwrap()).unwrap();
        assert!(verification.is_intact(), "{verification}");
        assert_eq!(verification.keyed_from, new.map(|_| Revision(1)));
        let differences = registry.snapshot().differences(&again.snapshot(), 10);
        assert!(
            differences.iter().all(|what| what.contains("head") || what.contains("hash")),
            "{differences:?}"
        );
        let mut tx = again.as_host("hr").begin(now()).unwrap();
        tx.update_user(UserUpdate::new("cy")).unwrap();
        tx.commit().unwrap();
    }
    let error = reseal(Some(other()), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArchive);
    let expected =
        format!("it is sealed with journal key `{}`, the one given is `{}`", key().id(), other().id());
    assert!(error.message().ends_with(&expected), "{error}");
    // Sealed anew with the same key it is the same, to the byte.
    let same = reseal(Some(key()), Some(key())).unwrap();
    assert_eq!(exported(&same), lines);
}

#[test]
fn exports_archives_and_erasures_keep_to_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = sealed(&path);
    let lines = exported(&registry);
    let imported = |name: &str| Sqlite::at(folder.path().join(name)).unwrap();
    let copy = Registry::import_keyed(imported("copy.db"), lines.as_slice(), key()).unwrap();
    assert_eq!(exported(&copy), lines);
    let error = Registry::import_keyed(imported("wrong.db"), lines.as_slice(), other()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArchive);
    let unchecked = Registry::import(imported("unchecked.db"), lines.as_slice()).unwrap();
    assert_eq!(exported(&unchecked), lines);
    let mut tx = copy.as_host("hr").begin(now()).unwrap();
    tx.erase("ann").unwrap();
    tx.commit().unwrap();
    let verification = copy.verify(copy.head().unwrap()).unwrap();
    assert!(verification.is_intact() && verification.erased > 0, "{verification}");
    let mut archive = Vec::new();
    copy.archive(Revision(3), "hr", &mut archive).unwrap();
    assert_eq!(copy.as_of_in(archive.as_slice(), Revision(2)).unwrap().revision(), Revision(2));
    let verification = copy.verify(copy.head().unwrap()).unwrap();
    assert!(verification.is_intact(), "{verification}");
    let again = Registry::import_keyed(imported("again.db"), exported(&copy).as_slice(), key()).unwrap();
    assert!(again.verify(copy.head().unwrap()).unwrap().is_intact());
}

#[test]
fn the_key_is_in_no_file_and_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = sealed(&path);
    registry.save_cache().unwrap();
    std::fs::write(folder.path().join("export.jsonl"), exported(&registry)).unwrap();
    let hexadecimal: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
    let shown = format!("{registry:?} {:?}", key());
    let mut files: Vec<Vec<u8>> = vec![shown.into_bytes()];
    for file in std::fs::read_dir(folder.path()).unwrap() {
        files.push(std::fs::read(file.unwrap().path()).unwrap());
    }
    assert!(files.len() >= 3);
    // Not even the first bytes of it.
    for secret in [&SECRET[..12], hexadecimal.get(..24).unwrap().as_bytes()] {
        assert!(files.iter().all(|bytes| !bytes.windows(secret.len()).any(|window| window == secret)));
    }
}
