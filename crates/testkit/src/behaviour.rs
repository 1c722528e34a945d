//! What every store must do (see [`Store`]'s "Behavior" lists), run against each of them.

use std::sync::Arc;

use matricula_core::rule::{Comparison, Field, MAX_DEPTH, Operand, Rule, Value};
use matricula_core::{
    Appended, Commit, Draft, Instant, Memory, Outcome, Revision, SegmentDefinition, Snapshot, Store,
    UserUpdate,
};
use proptest::test_runner::TestRunner;

use crate::history::{Transaction, history};

/// A place to open stores on: each call of `open` is another handle on the same data.
pub trait Place {
    /// A handle on the data.
    fn open(&self) -> Box<dyn Store>;
}

impl<F: Fn() -> Box<dyn Store>> Place for F {
    fn open(&self) -> Box<dyn Store> {
        self()
    }
}

/// Runs the whole suite; `fresh` makes a new, empty place.
///
/// # Panics
/// If the store does not behave.
pub fn suite<P: Place>(fresh: impl Fn() -> P) {
    an_empty_store_is_an_empty_registry(&fresh());
    a_commit_comes_back_as_it_was(&fresh());
    only_the_next_revision_is_taken(&fresh());
    of_several_writers_one_wins(&fresh());
    the_journal_is_read_in_parts(&fresh());
    the_deepest_rule_comes_back(&fresh());
    random_histories_come_back(&fresh);
}

/// What a transaction of a history comes to on a snapshot.
pub fn made(transaction: &Transaction, on: &Snapshot) -> Outcome {
    let mut draft = Draft::new(on, transaction.at);
    for change in &transaction.changes {
        // A change that is refused leaves the others standing.
        let _ = draft.apply(change.clone());
    }
    draft.finish("host", "a note")
}

fn one_commit(on: &Snapshot, user: &str) -> (Snapshot, Arc<Commit>) {
    let mut draft = Draft::new(on, Instant::from_millis(1_769_904_000_000).unwrap());
    draft.apply(UserUpdate::new(user).into()).unwrap();
    let outcome = draft.finish("host", "");
    (outcome.snapshot, outcome.commit)
}

fn the_deepest_rule_comes_back(place: &impl Place) {
    let key = |text: &str| Rule::Compare {
        field: Field::AccountKey,
        comparison: Comparison::Equal,
        with: Operand::Value(Value::text(text)),
    };
    let deepest = (0..MAX_DEPTH).fold(key("ann"), |rule, level| match level % 2 {
        0 => Rule::All(vec![rule, key("ann")]),
        _ => Rule::Any(vec![rule, key("bob")]),
    });
    let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    draft.apply(UserUpdate::new("ann").into()).unwrap();
    draft.apply(SegmentDefinition::with_rule("deep", deepest).into()).unwrap();
    let outcome = draft.finish("host", "");
    assert!(outcome.snapshot.is_member("ann", "deep").unwrap());
    assert_eq!(place.open().append(&outcome.commit).unwrap(), Appended::Done);
    let again = place.open();
    assert!(again.load().unwrap().same_as(&outcome.snapshot));
    assert_eq!(again.since(Revision(0), 10).unwrap(), [outcome.commit]);
}

fn an_empty_store_is_an_empty_registry(place: &impl Place) {
    let store = place.open();
    assert!(store.load().unwrap().same_as(&Snapshot::default()));
    assert!(store.since(Revision(0), 10).unwrap().is_empty());
}

fn a_commit_comes_back_as_it_was(place: &impl Place) {
    let (after, commit) = one_commit(&Snapshot::default(), "ann");
    assert_eq!(place.open().append(&commit).unwrap(), Appended::Done);
    let again = place.open();
    assert!(again.load().unwrap().same_as(&after));
    assert_eq!(again.since(Revision(0), 10).unwrap(), [commit]);
}

fn only_the_next_revision_is_taken(place: &impl Place) {
    let store = place.open();
    let (first, commit) = one_commit(&Snapshot::default(), "ann");
    let (_, rival) = one_commit(&Snapshot::default(), "bob");
    let (second, next) = one_commit(&first, "bob");
    let (_, too_far) = one_commit(&second, "cy");
    assert_eq!(store.append(&commit).unwrap(), Appended::Done);
    for refused in [&commit, &rival, &too_far] {
        assert_eq!(store.append(refused).unwrap(), Appended::Conflict);
        assert!(store.load().unwrap().same_as(&first));
    }
    assert_eq!(place.open().append(&next).unwrap(), Appended::Done);
    assert!(store.load().unwrap().same_as(&second));
}

fn of_several_writers_one_wins(place: &impl Place) {
    let stores: Vec<Box<dyn Store>> = (0..4).map(|_| place.open()).collect();
    let mut snapshot = Snapshot::default();
    for round in 0..10 {
        let made: Vec<_> =
            (0..stores.len()).map(|writer| one_commit(&snapshot, &format!("u{round}-{writer}"))).collect();
        let results: Vec<Appended> = std::thread::scope(|scope| {
            let writers = stores.iter().zip(&made);
            let threads: Vec<_> =
                writers.map(|(store, (_, commit))| scope.spawn(|| store.append(commit).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winners: Vec<usize> =
            (0..results.len()).filter(|&index| results[index] == Appended::Done).collect();
        assert_eq!(winners.len(), 1, "round {round}: {results:?}");
        snapshot = made[winners[0]].0.clone();
        assert!(stores.iter().all(|store| store.load().unwrap().same_as(&snapshot)));
    }
}

fn the_journal_is_read_in_parts(place: &impl Place) {
    let store = place.open();
    let mut snapshot = Snapshot::default();
    for user in 0..5 {
        let (after, commit) = one_commit(&snapshot, &format!("u{user}"));
        assert_eq!(store.append(&commit).unwrap(), Appended::Done);
        snapshot = after;
    }
    let revisions = |after, limit| -> Vec<u64> {
        store.since(Revision(after), limit).unwrap().iter().map(|commit| commit.revision.0).collect()
    };
    assert_eq!(revisions(0, 2), [1, 2]);
    assert_eq!(revisions(2, 10), [3, 4, 5]);
    assert!(revisions(5, 10).is_empty());
}

/// Whatever happens, the tables, the replayed journal and memory are the same, after every commit; and a history that goes
/// on from what was loaded comes to the same as one that never stopped.
fn random_histories_come_back<P: Place>(fresh: &impl Fn() -> P) {
    let mut runner = TestRunner::new(crate::cases(24));
    let result = runner.run(&history(10), |history| {
        let (place, memory) = (fresh(), Memory::default());
        let store = place.open();
        let (mut lived, mut loaded, mut replayed) =
            (Snapshot::default(), store.load().unwrap(), memory.load().unwrap());
        for transaction in &history {
            let outcome = made(transaction, &lived);
            for (other, how) in [(&loaded, "tables"), (&replayed, "replay")] {
                let again = made(transaction, other).commit;
                assert_eq!(again, outcome.commit, "{how} before {}", outcome.commit.revision);
            }
            if outcome.commit.is_empty() {
                continue;
            }
            assert_eq!(store.append(&outcome.commit).unwrap(), Appended::Done);
            assert_eq!(memory.append(&outcome.commit).unwrap(), Appended::Done);
            (lived, loaded, replayed) = (outcome.snapshot, store.load().unwrap(), memory.load().unwrap());
            assert!(loaded.same_as(&lived), "tables after {}", lived.revision());
            assert!(replayed.same_as(&lived), "replay after {}", lived.revision());
        }
        let everything = |store: &dyn Store| store.since(Revision(0), usize::MAX).unwrap();
        assert_eq!(everything(&*place.open()), everything(&memory));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
