//! The engine against the slow simulator, over random histories.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

use matricula_core::{Draft, Snapshot};
use matricula_testkit::history::{Transaction, history};
use matricula_testkit::simulator::Simulator;
use proptest::prelude::*;

/// Runs a history through the engine and the simulator, comparing after each transaction; gives the last
/// snapshot.
fn run(history: &[Transaction]) -> Snapshot {
    let mut simulator = Simulator::default();
    let mut snapshot = Snapshot::default();
    for transaction in history {
        let mut draft = Draft::new(&snapshot, transaction.at);
        simulator.advance(transaction.at);
        for change in &transaction.changes {
            if draft.apply(change.clone()).is_ok() {
                simulator.apply(change, draft.at());
            }
        }
        let (outcome, again) = (draft.finish("host", ""), draft.finish("host", ""));
        assert_eq!(outcome.commit, again.commit, "the same changes come to the same");
        if !outcome.commit.is_empty() {
            let replayed = snapshot.replay(&outcome.commit).unwrap();
            assert!(replayed.same_as(&outcome.snapshot), "replay is what happened");
            // Every other commit history goes on from what was replayed, as in another process.
            snapshot = if outcome.commit.revision.0 % 2 == 0 { replayed } else { outcome.snapshot };
            simulator.commit(transaction.at);
        }
        simulator.assert_agrees(&snapshot);
        // Nothing is left to do: a second transaction at the same instant has nothing to say.
        assert!(Draft::new(&snapshot, transaction.at).finish("host", "").commit.is_empty());
    }
    snapshot
}

proptest! {
    #![proptest_config(matricula_testkit::cases(192))]

    #[test]
    fn the_engine_does_what_the_semantics_say(history in history(14)) {
        run(&history);
    }

    #[test]
    fn time_in_steps_is_time_at_once(history in history(8), days in 1..60_i64) {
        let snapshot = run(&history);
        let start = snapshot.clock().unwrap();
        let later = |hours: i64| matricula_core::Instant::from_millis(start.millis() + hours * 3_600_000).unwrap();
        let at_once = Draft::new(&snapshot, later(days * 24)).finish("clock", "");
        let mut in_steps = snapshot.clone();
        let mut moments = Vec::new();
        for step in 1..=days * 4 {
            let outcome = Draft::new(&in_steps, later(step * 6)).finish("clock", "");
            if !outcome.commit.is_empty() {
                moments.extend(outcome.commit.moments.clone());
                in_steps = outcome.snapshot;
            }
        }
        prop_assert_eq!(&at_once.commit.moments, &moments);
        prop_assert_eq!(at_once.snapshot.enrolment_count(), in_steps.enrolment_count());
    }
}
