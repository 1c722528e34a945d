//! What every store must do (see [`Store`]'s "Behavior" lists), run against each of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use matricula_core::rule::{Comparison, Field, MAX_DEPTH, Operand, Rule, Value};
use matricula_core::{
    Appended, Asked, Author, Change, Commit, Draft, Entry, Error, ErrorKind, GuardDefinition, Idempotency,
    Instant, JournalKey, Memory, Outcome, Problem, Question, Revision, Salt, SegmentDefinition, Signature,
    Snapshot, Status, Store, UserId, UserUpdate,
};
use proptest::prop_oneof;
use proptest::test_runner::TestRunner;

use crate::focus::focused_history;
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
    a_request_is_found_by_its_key(&fresh());
    the_guard_and_what_it_has_counted_come_back(&fresh());
    random_histories_come_back(&fresh);
}

/// Salts for tests: the same in every run, and never the same twice within one.
pub fn salts(seed: u64) -> impl FnMut() -> Salt {
    let mut last = u128::from(seed) << 64;
    move || {
        last += 1;
        Salt(last.to_be_bytes())
    }
}

/// A journal key for tests.
///
/// # Panics
/// Never: it is long enough.
pub fn key() -> JournalKey {
    JournalKey::new(b"sixteen or more bytes").unwrap()
}

/// What a transaction of a history comes to on a snapshot, without the changes that it is refused for.
///
/// # Panics
/// If the transaction is refused for a change that it does not have.
pub fn made(transaction: &Transaction, on: &Snapshot) -> Outcome {
    let mut changes = transaction.changes.clone();
    loop {
        let mut draft = Draft::new(on, transaction.at);
        // A change that is refused at once leaves the others standing.
        changes.retain(|change| draft.apply(change.clone()).is_ok());
        let problems = draft.problems();
        if problems.is_empty() {
            let authors = [Author::from("host"), Author::from("other"), Author::Actor(UserId(0))];
            // Somebody has to be there first.
            let turn = if on.user_count() == 0 { 0 } else { changes.len() % 3 };
            return draft.finish(authors[turn].clone(), "a note");
        }
        leave_out(&mut changes, &problems);
    }
}

/// Leaves out the changes that problems come from.
///
/// # Panics
/// If there is no such change.
pub fn leave_out(changes: &mut Vec<Change>, problems: &[Problem]) {
    let wrong: BTreeSet<usize> = problems.iter().map(|problem| problem.change as usize).collect();
    assert!(wrong.iter().all(|change| (1..=changes.len()).contains(change)), "{problems:?}");
    let mut number = 0;
    changes.retain(|_| {
        number += 1;
        !wrong.contains(&number)
    });
}

fn one_commit(on: &Snapshot, user: &str) -> (Snapshot, Arc<Commit>) {
    let mut draft = Draft::new(on, Instant::from_millis(1_769_904_000_000).unwrap());
    draft.apply(UserUpdate::new(user).into()).unwrap();
    let outcome = draft.finish("host", "");
    (outcome.snapshot, outcome.commit)
}

fn keyed(on: &Snapshot, user: &str, key: &str) -> Outcome {
    let mut draft = Draft::new(on, Instant::from_millis(1_769_904_000_000).unwrap());
    draft.apply(UserUpdate::new(user).into()).unwrap();
    let mut asked = Asked::default();
    asked.refuse(Question::of("refused", &key, b""), ErrorKind::InvalidKey);
    asked.accept(Question::of("accepted", &user, b""));
    let idempotency = Some(Idempotency { key: key.to_owned(), asked: asked.fingerprint() });
    draft.finish_as(Signature { author: "host".into(), note: String::new(), idempotency })
}

fn a_request_is_found_by_its_key(place: &impl Place) {
    let store = place.open();
    assert!(store.find("a").unwrap().is_none());
    let first = keyed(&Snapshot::default(), "ann", "a");
    assert_eq!(store.append(&first.commit).unwrap(), Appended::Done);
    // The key is taken, also by a commit that would follow; another is not.
    let rival = keyed(&first.snapshot, "bob", "a");
    assert_eq!(store.append(&rival.commit).unwrap(), Appended::Conflict);
    assert!(store.load().unwrap().same_as(&first.snapshot));
    let second = keyed(&first.snapshot, "bob", "A");
    assert_eq!(store.append(&second.commit).unwrap(), Appended::Done);
    // Nothing but its key is a reason to record a commit.
    let third = keyed(&second.snapshot, "bob", "again");
    assert!(third.commit.is_empty() && third.commit.is_recorded());
    assert_eq!(store.append(&third.commit).unwrap(), Appended::Done);
    let again = place.open();
    assert!(again.load().unwrap().same_as(&third.snapshot));
    assert_eq!(again.find("a").unwrap(), Some(first.commit.clone()));
    assert_eq!(again.find("A").unwrap(), Some(second.commit.clone()));
    assert_eq!(again.since(Revision(0), 10).unwrap(), [first.commit, second.commit, third.commit]);
    assert!(again.find("b").unwrap().is_none());
}

fn the_guard_and_what_it_has_counted_come_back(place: &impl Place) {
    let store = place.open();
    let mut snapshot = Snapshot::default();
    let mut commit = |hours: i64, author: &str, change: Change| {
        let at = Instant::from_millis(1_769_904_000_000 + hours * 3_600_000).unwrap();
        let mut draft = Draft::new(&snapshot, at);
        draft.apply(change).unwrap();
        let outcome = draft.finish(author, "");
        // Whatever is held is confirmed.
        let token = outcome.token();
        let held = outcome.hold().is_some();
        let outcome = outcome.confirmed(&token).unwrap();
        assert_eq!(store.append(&outcome.commit).unwrap(), Appended::Done);
        assert!(store.load().unwrap().same_as(&outcome.snapshot), "after {}", outcome.commit.revision);
        snapshot = outcome.snapshot;
        held
    };
    let people = |from: u32, to: u32, status: Status| {
        Change::Users((from..to).map(|number| UserUpdate::new(format!("u{number}")).status(status)).collect())
    };
    assert!(!commit(0, "hr", people(0, 40, Status::Active)));
    let guard = GuardDefinition { percent: Some(20), count: Some(5), enabled: None };
    assert!(!commit(0, "hr", guard.into()));
    assert!(!commit(1, "hr", people(0, 5, Status::Suspended)));
    assert!(!commit(2, "clerk", people(5, 10, Status::Suspended)));
    assert!(!commit(3, "hr", people(10, 12, Status::Suspended)));
    assert!(commit(4, "hr", people(12, 14, Status::Suspended)), "9 of 35 within four hours");
    // What was confirmed does not count, nor what another author did, nor what is a day old.
    assert!(!commit(5, "hr", people(14, 19, Status::Suspended)));
    assert!(!commit(26, "clerk", people(19, 24, Status::Suspended)));
    assert_eq!((snapshot.guard().percent, snapshot.guard().count), (20, 5));
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

/// Images are what was, of whichever revision they are; and with one of each second commit the store loads as without.
fn images(store: &dyn Store, past: &[Snapshot]) {
    let Some(lived) = past.last() else { return };
    if lived.revision().0.is_multiple_of(2) {
        store.save_image(lived).unwrap();
        assert!(store.load().unwrap().same_as(lived), "after an image of {}", lived.revision());
    }
    for wanted in past {
        if let Some(image) = store.image_before(wanted.revision()).unwrap() {
            assert!(image.revision() <= wanted.revision());
            let then = past.iter().find(|then| then.revision() == image.revision());
            assert!(then.is_some_and(|then| then.same_as(&image)), "the image of {}", image.revision());
        }
    }
}

/// A history restored into another store is the same; so is one whose first commits are archived, here and restored.
fn it_comes_back_whole_and_from_any_revision_on<P: Place>(
    store: &dyn Store,
    memory: &Memory,
    fresh: &impl Fn() -> P,
) {
    let commits = memory.since(Revision(0), usize::MAX).unwrap();
    let lived = memory.load().unwrap();
    let middle = Revision(lived.revision().0 / 2);
    assert_eq!(store.revision_at(Instant::EPOCH).unwrap(), Revision(0));
    for commit in &commits {
        let last = commits.iter().rfind(|other| other.at <= commit.at).unwrap();
        assert_eq!(store.revision_at(commit.at).unwrap(), last.revision);
    }
    assert!(store.load_tables().unwrap().same_as(&lived));
    let restored = fresh();
    let again = restored.open();
    let fails = Err(Error::new(ErrorKind::InvalidArchive, "cut off"));
    let cut_off = commits.iter().cloned().map(Ok).take(2).chain([fails]);
    assert_eq!(again.restore(None, &mut cut_off.into_iter()).unwrap_err().kind(), ErrorKind::InvalidArchive);
    assert!(again.load().unwrap().same_as(&Snapshot::default()), "nothing of what was cut off");
    again.restore(None, &mut commits.iter().cloned().map(Ok)).unwrap();
    assert!(again.load().unwrap().same_as(&lived));
    assert_eq!(again.since(Revision(0), usize::MAX).unwrap(), commits);
    assert_eq!(again.check(&lived).unwrap(), Some(Vec::new()));
    let full = again.restore(None, &mut commits.iter().cloned().map(Ok)).unwrap_err();
    assert_eq!(full.kind(), ErrorKind::NotPossible);

    if middle == Revision(0) {
        return;
    }
    // What follows is on the restored store.
    let upto = commits.iter().take_while(|commit| commit.revision <= middle);
    let start = upto.fold(Snapshot::default(), |snapshot, commit| snapshot.replay(commit).unwrap());
    let archive = Draft::new(&lived, lived.clock().unwrap())
        .finish_with("host", "", Entry::Archive { to: middle })
        .sealed(Some(&key()), salts(1 << 32));
    let first = Revision::default();
    assert_eq!(again.trim(&commits[commits.len() - 1], first, &start).unwrap(), Appended::Conflict);
    assert_eq!(again.trim(&archive.commit, first.next(), &start).unwrap(), Appended::Conflict);
    assert!(again.start().unwrap().is_none(), "a conflict changes nothing");
    assert!(restored.open().load().unwrap().same_as(&lived), "a conflict changes nothing");
    assert_eq!(again.begins_after().unwrap(), first);
    assert_eq!(again.trim(&archive.commit, first, &start).unwrap(), Appended::Done);
    assert_eq!(again.begins_after().unwrap(), middle);
    let begins = again.start().unwrap().unwrap();
    assert!(begins.same_as(&start), "{:?}", start.differences(&begins, 10));
    assert!(restored.open().load().unwrap().same_as(&archive.snapshot));
    let rest = again.since(middle, usize::MAX).unwrap();
    assert_eq!(rest.first().map(|commit| commit.revision), Some(middle.next()));
    let replayed = rest.iter().fold(begins.clone(), |snapshot, commit| snapshot.replay(commit).unwrap());
    assert!(replayed.same_as(&archive.snapshot));
    let gone = again.since(Revision(middle.0 - 1), 1).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Archived, "{gone}");

    let third = fresh().open();
    third.restore(Some(&begins), &mut rest.iter().cloned().map(Ok)).unwrap();
    let loaded = third.load().unwrap();
    assert!(loaded.same_as(&archive.snapshot), "{:?}", archive.snapshot.differences(&loaded, 10));
    assert_eq!(third.key_of(archive.commit.revision).unwrap(), Some(key().id()));
    assert_eq!(third.key_of(middle).unwrap(), None, "what is archived has none any longer");
    assert!(third.start().unwrap().unwrap().same_as(&begins));
    assert_eq!(third.since(middle, usize::MAX).unwrap(), rest);
    assert_eq!(third.check(&loaded).unwrap(), Some(Vec::new()));
}

/// Whatever happens, the tables, the replayed journal and memory are the same, after every commit; and a history that goes
/// on from what was loaded comes to the same as one that never stopped.
fn random_histories_come_back<P: Place>(fresh: &impl Fn() -> P) {
    let mut runner = TestRunner::new(crate::cases(24));
    let result = runner.run(&prop_oneof![history(10), focused_history(16)], |history| {
        let (place, memory) = (fresh(), Memory::default());
        let store = place.open();
        let (mut lived, mut loaded, mut replayed) =
            (Snapshot::default(), store.load().unwrap(), memory.load().unwrap());
        let mut past = vec![lived.clone()];
        for transaction in &history {
            let outcome = made(transaction, &lived);
            let sealed = outcome.clone().sealed(None, salts(lived.revision().0));
            for (other, how) in [(&loaded, "tables"), (&replayed, "replay")] {
                let again = made(transaction, other).commit;
                assert_eq!(again, outcome.commit, "{how} before {}", outcome.commit.revision);
            }
            if outcome.commit.is_empty() {
                continue;
            }
            let outcome = sealed;
            assert_eq!(store.append(&outcome.commit).unwrap(), Appended::Done);
            assert_eq!(memory.append(&outcome.commit).unwrap(), Appended::Done);
            (lived, loaded, replayed) = (outcome.snapshot, store.load().unwrap(), memory.load().unwrap());
            past.push(lived.clone());
            assert_eq!(store.newest().unwrap(), lived.revision());
            images(&*store, &past);
            assert!(loaded.same_as(&lived), "tables after {}", lived.revision());
            assert!(replayed.same_as(&lived), "replay after {}", lived.revision());
        }
        let everything = |store: &dyn Store| store.since(Revision(0), usize::MAX).unwrap();
        assert_eq!(everything(&*place.open()), everything(&memory));
        assert_eq!(store.check(&lived).unwrap(), Some(Vec::new()), "what else the store keeps");
        let written = store.written(Revision(0), usize::MAX).unwrap();
        assert_eq!(written, memory.written(Revision(0), usize::MAX).unwrap());
        it_comes_back_whole_and_from_any_revision_on(&*store, &memory, fresh);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
