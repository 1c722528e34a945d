//! A store that fails at every step, one after the other: the registry says so, goes on, and is what the store holds.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

use chrono::{DateTime, Utc};
use matricula::{
    AttributeType, Change, ErrorKind, LeavePolicy, Memory, Registry, Revision, Snapshot, Sqlite, Store,
    Transaction, UserUpdate,
};
use matricula_testkit::crashing::{Crashing, Fuse};

fn now() -> DateTime<Utc> {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

/// The transactions of a small company, of which each can be made a second time without doing more.
const TRANSACTIONS: &[fn(&mut Transaction)] = &[
    |tx| {
        tx.define_attribute("department", AttributeType::Text).unwrap();
        tx.define_course("selling").unwrap();
        tx.define_segment("sales", r#"user.department == "Sales""#).unwrap();
        tx.define_enrolment_rule("sales", "sales", &["selling"], LeavePolicy::Suspend).unwrap();
    },
    |tx| {
        let person = |number| UserUpdate::new(format!("u{number}")).set("department", "Sales");
        tx.apply(Change::Users((0..20).map(person).collect())).unwrap();
    },
    |tx| tx.update_user(UserUpdate::new("u3").set("department", "IT")).unwrap(),
    |tx| tx.ban("sales", "u5").unwrap(),
    |tx| tx.update_user(UserUpdate::new("u3").set("department", "Sales")).unwrap(),
];

fn commit(registry: &Registry, make: fn(&mut Transaction)) -> Result<(), matricula::Error> {
    let mut tx = registry.as_host("hr").begin(now())?;
    make(&mut tx);
    tx.commit().map(drop)
}

/// Runs the company with a step that fails; whether the steps came that far.
fn run<S: Store + 'static>(open: impl Fn() -> S, step: u32, expected: &Snapshot) -> bool {
    let fuse = Fuse::default();
    let registry = Registry::open(Crashing::new(open(), fuse.clone())).unwrap();
    fuse.light(step);
    for make in TRANSACTIONS {
        let before = registry.snapshot();
        if let Err(error) = commit(&registry, *make) {
            assert_eq!(error.kind(), ErrorKind::Store, "step {step}: {error}");
            assert!(fuse.is_blown(), "step {step}: {error}");
            assert!(registry.snapshot().same_as(&before), "what failed shows nowhere");
            // Whether it was recorded or not, it can be made again.
            commit(&registry, *make).unwrap();
        }
        assert!(registry.snapshot().same_as(&open().load().unwrap()), "step {step}");
        registry.refresh().or_else(|_| registry.refresh()).unwrap();
    }
    assert!(registry.snapshot().says_what(expected), "step {step}");
    let journal = open().since(Revision(0), usize::MAX).unwrap();
    assert_eq!(journal.len(), TRANSACTIONS.len(), "step {step}: nothing was recorded twice");
    let replayed = journal.iter().fold(Snapshot::default(), |on, commit| on.replay(commit).unwrap());
    assert!(replayed.same_as(&registry.snapshot()));
    fuse.is_blown()
}

fn expected() -> Snapshot {
    let registry = Registry::open(Memory::default()).unwrap();
    TRANSACTIONS.iter().for_each(|make| commit(&registry, *make).unwrap());
    registry.snapshot()
}

#[test]
fn memory_and_store_stay_in_step_whichever_step_fails() {
    let expected = expected();
    let steps = (0..).take_while(|step| {
        let memory = Memory::default();
        run(|| memory.clone(), *step, &expected)
    });
    assert!(steps.count() > 2 * TRANSACTIONS.len());
}

#[test]
fn a_registry_and_its_file_stay_in_step_whichever_step_fails() {
    let expected = expected();
    let steps = (0..).take_while(|step| {
        let folder = tempfile::tempdir().unwrap();
        run(|| Sqlite::at(folder.path().join("registry.db")).unwrap(), *step, &expected)
    });
    assert!(steps.count() > 2 * TRANSACTIONS.len());
}
