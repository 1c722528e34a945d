//! The engine against the slow simulator, over random histories.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use matricula_core::rule::{Field, Rule, Truth, evaluate};
use matricula_core::{
    Action, Change, CourseId, Draft, EnrolmentStatus, Instant, Outcome, Reason, SegmentDefinition, SiteId,
    Snapshot, Status, UserId, UserUpdate,
};
use matricula_testkit::behaviour::{leave_out, made};
use matricula_testkit::focus::focused_history;
use matricula_testkit::history::{
    Transaction, crowded_history, definition, history as any_history, without_access,
};
use matricula_testkit::simulator::Simulator;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// What is counted as things happen is what counting comes to.
fn assert_counts(snapshot: &Snapshot) {
    for (_, course) in snapshot.courses().zip((0..).map(CourseId)) {
        let active = snapshot.enrolments_in(course).filter(|it| it.status == EnrolmentStatus::Active);
        assert_eq!(snapshot.active_count_in(course), active.count());
    }
    let active = |user: &UserId| snapshot.status(*user) == Some(Status::Active);
    assert_eq!(snapshot.active_user_count(None), snapshot.users().filter(active).count());
    for (_, site) in snapshot.sites().zip((0..).map(SiteId)) {
        let at_site = |user: &UserId| snapshot.membership(*user, site) == Some(Status::Active);
        let there = snapshot.users().filter(active).filter(at_site).count();
        assert_eq!(snapshot.active_user_count(Some(site)), there);
    }
}

/// Runs a history through the engine and the simulator, comparing after each transaction; gives the last
/// snapshot.
fn run(history: &[Transaction]) -> Snapshot {
    let mut simulator = Simulator::default();
    let mut snapshot = Snapshot::default();
    for transaction in history {
        simulator.advance(transaction.at);
        let mut changes = transaction.changes.clone();
        let draft = loop {
            let mut draft = Draft::new(&snapshot, transaction.at);
            let mut trial = simulator.clone();
            changes.retain(|change| {
                let expected = trial.accepts(change);
                let result = draft.apply(change.clone());
                assert!(expected.is_none_or(|expected| expected == result.is_ok()), "{change:?}: {result:?}");
                if result.is_ok() {
                    trial.apply(change, draft.at());
                }
                result.is_ok()
            });
            let problems = draft.problems();
            assert_eq!(problems.is_empty(), !trial.refuses(), "{problems:?}");
            if problems.is_empty() {
                simulator = trial;
                break draft;
            }
            assert!(draft.finish("host", "").check().is_err());
            // Without the changes that it was refused for, it is tried again.
            leave_out(&mut changes, &problems);
        };
        let (outcome, again) = (draft.finish("host", ""), draft.finish("host", ""));
        assert_eq!(outcome.commit, again.commit, "the same changes come to the same");
        assert_losses(&snapshot, &outcome);
        assert_counts(&outcome.snapshot);
        if !outcome.commit.is_empty() {
            let replayed = snapshot.replay(&outcome.commit).unwrap();
            assert!(replayed.same_as(&outcome.snapshot), "replay is what happened");
            // Every other commit history goes on from what was replayed, as in another process.
            snapshot = if outcome.commit.revision.0 % 2 == 0 { replayed } else { outcome.snapshot };
            simulator.commit(transaction.at);
        } else {
            simulator.give_up();
        }
        simulator.assert_agrees(&snapshot);
        // Nothing is left to do: a full plan is empty, and a second transaction at the same instant has nothing to say.
        assert_eq!(snapshot.plan(), []);
        assert!(Draft::new(&snapshot, transaction.at).finish("host", "").commit.is_empty());
    }
    snapshot
}

/// What the guard counts is what there was before and is not after, looked at one by one. Where time passed, what ended
/// may be back by now.
fn assert_losses(before: &Snapshot, outcome: &Outcome) {
    let (after, commit) = (&outcome.snapshot, &outcome.commit);
    if commit.moments.iter().any(|moment| moment.at != commit.at) {
        return;
    }
    let mut counts: BTreeMap<Option<SiteId>, (u64, u64)> = BTreeMap::new();
    let sites: Vec<SiteId> = (0..).map(SiteId).take(before.sites().len()).collect();
    for user in before.users() {
        for was in before.enrolments_of(user) {
            let is = after.enrolment(user, was.course);
            let lost = was.status == EnrolmentStatus::Active
                && is.is_none_or(|is| is.status == EnrolmentStatus::Suspended);
            let site = after.course(was.course).unwrap().site;
            for site in [None, Some(site)].into_iter().filter(|_| lost) {
                counts.entry(site).or_default().0 += 1;
            }
        }
        let active = |snapshot: &Snapshot| snapshot.status(user) == Some(Status::Active);
        if active(before) && !active(after) {
            counts.entry(None).or_default().1 += 1;
        }
        for &site in &sites {
            let here = |snapshot: &Snapshot| {
                active(snapshot) && snapshot.membership(user, site) == Some(Status::Active)
            };
            if here(before) && !here(after) {
                counts.entry(Some(site)).or_default().1 += 1;
            }
        }
    }
    let counted = commit.losses.by_site.iter();
    let counted: BTreeMap<_, _> =
        counted.map(|losses| (losses.site, (losses.enrolments, losses.users))).collect();
    assert_eq!(counted, counts);
}

/// Makes a history without asking the simulator; gives the last snapshot.
fn make(history: &[Transaction]) -> Snapshot {
    history.iter().fold(Snapshot::default(), |snapshot, transaction| made(transaction, &snapshot).snapshot)
}

fn hours_after(snapshot: &Snapshot, hours: i64) -> Instant {
    Instant::from_millis(snapshot.clock().unwrap().millis() + hours * 3_600_000).unwrap()
}

/// What a preview says of a segment's rule is what saving it comes to, or is refused as saving it is.
fn assert_foretold(snapshot: &Snapshot, definition: &SegmentDefinition, at: Instant) {
    let source = definition.rule.as_ref().unwrap();
    let segment = snapshot.segment_id(&definition.key).is_ok().then_some(definition.key.as_str());
    let preview = snapshot.preview_rule(source, definition.site.as_deref(), segment, at);
    let mut draft = Draft::new(snapshot, at);
    let before = match segment {
        Some(segment) => draft.inputs().members(segment).unwrap(),
        None => Default::default(),
    };
    let saved = draft.apply(definition.clone().into());
    let preview = match (preview, saved) {
        (Ok(preview), Ok(())) => preview,
        (Err(foretold), Err(error)) => {
            let error = error.to_string();
            let error = error.strip_prefix(&format!("segment `{}`: ", definition.key)).unwrap();
            return assert_eq!(foretold.to_string(), error);
        }
        (foretold, saved) => panic!("{definition:?}: foretold {foretold:?}, saved {saved:?}"),
    };
    let after = draft.finish("host", "").snapshot;
    let members = after.members(&definition.key).unwrap();
    assert_eq!(preview.members, members);
    assert_eq!(preview.joining, members.difference(&before));
    assert_eq!(preview.leaving, before.difference(&members));
    let site = after.segment(after.segment_id(&definition.key).unwrap()).unwrap().site;
    let sites: Vec<SiteId> = (0..).map(SiteId).take(after.sites().len()).collect();
    let unknown = after.users().filter(|user| {
        let open = |site: &SiteId| after.site(*site).is_some_and(|site| !site.closed);
        let here = |site: &SiteId| after.membership(*user, *site) == Some(Status::Active) && open(site);
        let counts = match site {
            Some(site) => here(&site),
            None => sites.iter().any(here),
        };
        let person = after.person(*user, site, at);
        counts
            && after.status(*user) == Some(Status::Active)
            && evaluate(&preview.rule, &person) == Truth::Unknown
    });
    let unknown: BTreeSet<UserId> = unknown.collect();
    assert_eq!(preview.unknown.iter().map(UserId).collect::<BTreeSet<_>>(), unknown);
}

/// The simulator knows nothing of access.
fn history(most: usize) -> impl Strategy<Value = Vec<Transaction>> {
    any_history(most).prop_map(without_access)
}

proptest! {
    #![proptest_config(matricula_testkit::cases(192))]

    #[test]
    fn the_engine_does_what_the_semantics_say(history in history(14)) {
        run(&history);
    }

    #[test]
    fn few_enrolments_come_to_what_the_semantics_say(history in focused_history(24)) {
        run(&history);
    }

    #[test]
    fn time_in_steps_is_time_at_once(
        history in prop_oneof![history(8), focused_history(12)],
        days in 1..60_i64,
    ) {
        let snapshot = run(&history);
        let later = |hours: i64| hours_after(&snapshot, hours);
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
        prop_assert!(at_once.snapshot.says_what(&in_steps));
        // Whatever comes next comes to the same, too.
        let next = |snapshot: &Snapshot| {
            let mut draft = Draft::new(snapshot, later(days * 24 + 30));
            // Somebody new, if that person has been erased, and then perhaps without what everybody has to have.
            let _ = draft.apply(UserUpdate::new("u1").set("hired_on", "2026-02-20").set("level", 3).into());
            draft.finish("host", "")
        };
        let (at_once, in_steps) = (next(&at_once.snapshot), next(&in_steps));
        prop_assert_eq!(&at_once.commit.entries, &in_steps.commit.entries);
        prop_assert_eq!(&at_once.commit.moments, &in_steps.commit.moments);
        prop_assert!(at_once.snapshot.says_what(&in_steps.snapshot));
    }

    #[test]
    fn the_next_change_is_when_time_alone_first_changes_anything(history in history(8)) {
        let snapshot = make(&history);
        let nothing_until = |at: Instant| Draft::new(&snapshot, at).finish("clock", "").commit.is_empty();
        match snapshot.next_change_at() {
            Some(at) => {
                prop_assert!(at > snapshot.clock().unwrap());
                prop_assert!(nothing_until(Instant::from_millis(at.millis() - 1).unwrap()));
                prop_assert!(!nothing_until(at));
            }
            None => prop_assert!(nothing_until(Instant::LAST)),
        }
    }

    #[test]
    fn a_preview_of_a_rule_is_what_saving_it_comes_to(
        history in history(8),
        definitions in prop::collection::vec(definition(), 1..6),
        hours in prop_oneof![Just(0_i64), 1..30_i64, 1..1_000_i64],
    ) {
        let snapshot = make(&history);
        for definition in &definitions {
            assert_foretold(&snapshot, definition, hours_after(&snapshot, hours));
        }
    }
}

/// A crowd takes as long as many histories of few people.
fn fewer() -> ProptestConfig {
    let config = matricula_testkit::cases(192);
    ProptestConfig { cases: config.cases / 64, ..config }
}

proptest! {
    #![proptest_config(fewer())]

    #[test]
    fn a_crowd_is_what_the_semantics_say(history in crowded_history(5).prop_map(without_access), definition in definition()) {
        let snapshot = run(&history);
        prop_assert!(snapshot.user_count() > 4_096, "more than one block of rows");
        assert_foretold(&snapshot, &definition, hours_after(&snapshot, 20));
    }
}

/// What a history shows, by name.
fn seen_in(history: &[Transaction]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut snapshot = Snapshot::default();
    for transaction in history {
        let mut draft = Draft::new(&snapshot, transaction.at);
        for change in &transaction.changes {
            let accepted = draft.apply(change.clone()).is_ok();
            seen.insert(match change {
                Change::Delete(what, _) => format!("{what:?} deleted: {accepted}"),
                Change::Archive { archived, .. } => format!("archived {archived}: {accepted}"),
                Change::Close { closed, .. } => format!("closed {closed}: {accepted}"),
                Change::EnrolMany(_) => format!("many: {accepted}"),
                Change::SuspendEnrolment { suspended, .. } => format!("suspended {suspended}: {accepted}"),
                _ => continue,
            });
        }
        let (before, outcome) = (draft.inputs(), draft.finish("host", ""));
        for moment in &outcome.commit.moments {
            for steps in &moment.steps {
                let due = if steps.due.is_some() { " with a due date" } else { "" };
                let on_the_way = if moment.at < outcome.commit.at { " as time passed" } else { "" };
                seen.insert(format!("{}{due}{on_the_way}", steps.action.name()));
                if steps.reason == Reason::Bulk {
                    seen.insert(format!("{} by bulk", steps.action.name()));
                }
            }
            for change in &moment.memberships {
                let rule = before.segment(change.segment).and_then(|segment| segment.rule.as_ref());
                let mut asks = false;
                let mut visit = |part: &Rule| asks |= matches!(part.field(), Some(Field::Due(_)));
                if let Some(rule) = rule {
                    rule.visit(&mut visit);
                }
                if asks && moment.at < outcome.commit.at {
                    seen.insert("a segment by due dates as time passed".to_owned());
                }
            }
        }
        snapshot = outcome.snapshot;
    }
    seen
}

#[test]
fn histories_show_everything_that_can_happen_to_enrolments() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..300 {
        seen.extend(seen_in(&focused_history(24).new_tree(&mut runner).unwrap().current()));
        seen.extend(seen_in(&history(14).new_tree(&mut runner).unwrap().current()));
    }
    let mut expected: BTreeSet<String> = Action::ALL.iter().map(|action| action.name().to_owned()).collect();
    for action in ["enrolled", "resumed", "reason_added", "reason_restored", "due_changed"] {
        expected.insert(format!("{action} with a due date"));
    }
    for action in ["enrolled", "reason_added", "kept", "suspended", "unenrolled", "reason_dropped"] {
        expected.insert(format!("{action} as time passed"));
    }
    for action in ["enrolled", "resumed", "reason_added", "due_changed", "reason_dropped", "unenrolled"] {
        expected.insert(format!("{action} by bulk"));
    }
    for change in [
        "EnrolmentRule deleted",
        "Segment deleted",
        "Attribute deleted",
        "closed true",
        "many",
        "suspended true",
        "suspended false",
    ] {
        expected.extend([format!("{change}: true"), format!("{change}: false")]);
    }
    for change in ["archived true: true", "archived false: true", "closed false: true"] {
        expected.insert(change.to_owned());
    }
    expected.insert("a segment by due dates as time passed".to_owned());
    assert_eq!(expected.difference(&seen).collect::<Vec<_>>(), Vec::<&String>::new());
}
