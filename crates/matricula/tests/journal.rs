//! The registry as it was, exported, archived, erased from and undone, over random histories in memory and in files.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says so by panicking"
)]

use std::collections::BTreeSet;

use matricula::core::{Entry, Fingerprint};
use matricula::{
    AttributeDefinition, AttributeType, BulkEnrolment, Change, DueDate, ErrorKind, Exception, Instant,
    LeavePolicy, Memory, OptionDefinition, Reason, RecordUpdate, Registry, Revert, Revision,
    SegmentDefinition, SegmentState, Snapshot, Sqlite, Status, Store, Transaction, UserId, UserUpdate,
};
use matricula_testkit::behaviour::leave_out;
use matricula_testkit::history::{self, history};
use proptest::prelude::*;

/// Makes a history on a registry; gives the snapshot after each revision, the empty one first.
fn live(registry: &Registry, history: &[history::Transaction]) -> Vec<Snapshot> {
    let mut snapshots = vec![registry.snapshot()];
    for transaction in history {
        let mut changes = transaction.changes.clone();
        let delta = loop {
            let mut tx = registry.as_host("host").begin(transaction.at).unwrap();
            // A change that is refused leaves the others standing.
            changes.retain(|change| tx.apply(change.clone()).is_ok());
            let problems = tx.problems();
            if problems.is_empty() {
                let token = tx.preview().unwrap().held().map(|hold| hold.token.clone());
                break match token {
                    Some(token) => tx.confirm(&token),
                    None => tx.commit(),
                };
            }
            leave_out(&mut changes, &problems);
        };
        if !delta.unwrap().is_empty() {
            snapshots.push(registry.snapshot());
        }
    }
    snapshots
}

fn erased(snapshot: &Snapshot) -> BTreeSet<UserId> {
    snapshot.users().filter(|user| snapshot.status(*user) == Some(Status::Erased)).collect()
}

fn exported(registry: &Registry) -> Vec<u8> {
    let mut bytes = Vec::new();
    registry.export(&mut bytes).unwrap();
    bytes
}

/// Every revision is there as it was, but for who has been erased since.
fn assert_remembered(as_of: impl Fn(Revision) -> Snapshot, lived: &[Snapshot]) {
    let erased = erased(lived.last().unwrap());
    for was in lived {
        let (expected, found) = (was.without(&erased), as_of(was.revision()));
        assert!(found.same_as(&expected), "{}: {:?}", was.revision(), expected.differences(&found, 5));
    }
}

fn check<S: Store + 'static>(history: &[history::Transaction], fresh: impl Fn() -> S) {
    let registry = Registry::open(fresh()).unwrap();
    let lived = live(&registry, history);
    let last = lived.last().unwrap().clone();
    let verification = registry.verify(registry.head().unwrap()).unwrap();
    assert!(verification.is_intact(), "{verification}");
    assert_eq!(verification.sealed_from, Some(Revision(1)));
    assert_eq!(verification.commits, last.revision().0);
    assert_remembered(|revision| registry.as_of(revision).unwrap(), &lived);
    for (was, next) in lived.iter().zip(&lived[1..]) {
        if let Some(clock) = was.clock()
            && next.clock() > Some(clock)
        {
            assert_eq!(registry.as_of(clock).unwrap().revision(), was.revision());
        }
    }
    let beyond = registry.as_of(last.revision().next()).unwrap_err();
    assert_eq!(beyond.kind(), ErrorKind::UnknownRevision, "{beyond}");

    let bytes = exported(&registry);
    let copy = Registry::import(fresh(), bytes.as_slice()).unwrap();
    assert_eq!(exported(&copy), bytes, "what was imported is exported again");
    assert!(copy.snapshot().same_as(&last));
    assert_eq!(copy.head().unwrap(), registry.head().unwrap());

    if last.revision() < Revision(2) {
        // There is nothing before the last commit to archive.
        return;
    }
    let middle = Revision(last.revision().0 / 2 + 1);
    let saved = registry.head().unwrap();
    let mut archive = Vec::new();
    let archived = copy.archive(middle, "keeper", &mut archive).unwrap();
    assert_eq!((archived.from, archived.to.next()), (Revision(1), middle));
    let verification = copy.verify(saved).unwrap();
    assert!(verification.is_intact(), "{verification}");
    assert_eq!(verification.archived_to, Some(archived.to));
    let (before, rest): (Vec<_>, Vec<_>) = lived.iter().cloned().partition(|it| it.revision() < archived.to);
    assert_remembered(|revision| copy.as_of(revision).unwrap(), &rest);
    let all: Vec<Snapshot> = before.iter().chain(&rest[..1]).cloned().chain([last.clone()]).collect();
    assert_remembered(
        |revision| match revision {
            revision if revision == last.revision() => copy.as_of(revision).unwrap(),
            revision => copy.as_of_in(archive.as_slice(), revision).unwrap(),
        },
        &all,
    );
    let gone = copy.as_of(Revision(0)).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Archived, "{gone}");
    assert_eq!(copy.deltas(Revision(0), 1).unwrap_err().kind(), ErrorKind::Archived);
    // What is left goes out and comes in again as well, and a second archive continues the first.
    let bytes = exported(&copy);
    let again = Registry::import(fresh(), bytes.as_slice()).unwrap();
    assert_eq!(exported(&again), bytes);
    if last.revision() > middle {
        let mut second = Vec::new();
        let next = again.archive(last.revision(), "keeper", &mut second).unwrap();
        assert_eq!(next.from, middle);
        let revision = rest[1].revision().min(next.to);
        assert_eq!(again.as_of_in(second.as_slice(), revision).unwrap().revision(), revision);
    }
    assert!(again.verify(saved).unwrap().is_intact());
}

proptest! {
    #![proptest_config(matricula_testkit::cases(24))]

    #[test]
    fn histories_are_remembered_exported_and_archived_in_memory(history in history(10)) {
        check(&history, Memory::default);
    }
}

proptest! {
    #![proptest_config(matricula_testkit::cases(8))]

    #[test]
    fn histories_are_remembered_exported_and_archived_in_files(history in history(8)) {
        check(&history, || Sqlite::in_memory().unwrap());
    }
}

fn day(day: i64) -> Instant {
    Instant::from_millis(1_769_904_000_000 + day * 86_400_000).unwrap()
}

fn commit(
    registry: &Registry,
    at: i64,
    note: &str,
    change: impl FnOnce(&mut Transaction),
) -> matricula::Delta {
    let mut tx = registry.as_host("hr").begin(day(at)).unwrap();
    tx.set_note(note);
    change(&mut tx);
    tx.commit().unwrap()
}

fn acme(store: impl Store + 'static) -> Registry {
    let registry = Registry::open(store).unwrap();
    commit(&registry, 0, "set-up", |tx| {
        let unique =
            |key| AttributeDefinition { unique: true, ..AttributeDefinition::new(key, AttributeType::Text) };
        tx.apply(unique("email")).unwrap();
        tx.define_attribute("department", AttributeType::Text).unwrap();
        tx.define_attribute("manager", AttributeType::User).unwrap();
        let skills = AttributeType::MultiChoice(vec!["go".into(), "rust".into()]);
        tx.define_attribute("skills", skills).unwrap();
        tx.define_course("gdpr").unwrap();
        tx.define_segment("sales", r#"user.department == "Sales""#).unwrap();
        tx.define_segment("anns", r#"user.manager == "ann""#).unwrap_err();
        tx.define_enrolment_rule("gdpr-sales", "sales", &["gdpr"], LeavePolicy::Unenrol).unwrap();
        for (key, department) in [("ann", "Sales"), ("bob", "IT"), ("cy", "Sales")] {
            let email = format!("{key}@acme.org");
            tx.update_user(UserUpdate::new(key).set("email", email).set("department", department)).unwrap();
        }
        tx.update_user(UserUpdate::new("cy").set("manager", "ann")).unwrap();
    });
    registry
}

#[test]
fn an_erased_person_is_a_number_everywhere() {
    let registry = acme(Memory::default());
    let other = registry.clone();
    commit(&registry, 1, "ann married", |tx| {
        tx.update_user(UserUpdate::new("ann").set("email", "ann.bo@acme.org")).unwrap();
        tx.pin("sales", "ann").unwrap();
        tx.define_segment("boss", r#"user.manager == "ann" || user.email == "ann.bo@acme.org""#).unwrap();
    });
    let saved = registry.head().unwrap();
    let before = registry.snapshot();
    let delta = commit(&registry, 2, "request of ann@acme.org, Ann", |tx| tx.erase("ann").unwrap());
    assert_eq!(delta.warnings().len(), 1, "{:?}", delta.warnings());
    assert!(
        delta.warnings()[0].to_string().starts_with("segment boss: the rule names"),
        "{:?}",
        delta.warnings()
    );
    assert!(delta.to_string().contains("erased: 1"), "{delta}");
    let snapshot = other.snapshot();
    let ann = UserId(0);
    assert_eq!(snapshot.user_key(ann), "erased:0");
    assert_eq!(snapshot.status(ann), Some(Status::Erased));
    assert!(
        snapshot.schema().attributes().iter().all(|attribute| snapshot.value(ann, attribute.id).is_none())
    );
    assert_eq!(snapshot.find_user("ann"), None);
    assert_eq!(
        snapshot.value(UserId(2), snapshot.schema().find("manager").unwrap().id).unwrap(),
        matricula::rule::Value::User(ann)
    );
    assert_eq!(snapshot.user_count(), before.user_count());
    let sales = snapshot.segment_id("sales").unwrap();
    assert_eq!(snapshot.exception(sales, ann), None);
    // The journal says what it can, and the chain holds.
    let commits = registry.deltas(Revision(0), 10).unwrap();
    assert_eq!(commits[0].users_created(), 3);
    assert_eq!(commits[1].commit().note, "erased:0 married");
    assert_eq!(commits[2].commit().note, "request of erased:0, erased:0");
    assert_eq!(
        commits[1].commit().entries.iter().filter(|entry| matches!(entry, Entry::Erased { .. })).count(),
        2
    );
    let verification = registry.verify(saved).unwrap();
    assert!(verification.is_intact(), "{verification}");
    // Of the first commit one entry; of the second two, and its note; of the third its note.
    assert_eq!(verification.erased, 5, "{verification}");
    let text = String::from_utf8(exported(&registry)).unwrap();
    assert!(
        !text.to_lowercase().contains("ann@") && !text.contains("\"ann\"") && !text.contains("married ann")
    );
    // The key is free for somebody else, the stub is left alone.
    let mut tx = registry.as_host("hr").begin(day(3)).unwrap();
    tx.update_user(UserUpdate::new("ann")).unwrap();
    let refused = [
        tx.update_user(UserUpdate::new("erased:0").set("department", "IT")).unwrap_err(),
        tx.pin("sales", "erased:0").unwrap_err(),
        tx.enrol("erased:0", "gdpr").unwrap_err(),
        tx.erase("erased:0").unwrap_err(),
    ];
    assert!(refused.iter().all(|error| error.kind() == ErrorKind::NotPossible), "{refused:?}");
    assert_eq!(tx.update_user(UserUpdate::new("erased:9")).unwrap_err().kind(), ErrorKind::InvalidKey);
    let status = tx.update_user(UserUpdate::new("bob").status(Status::Erased)).unwrap_err();
    assert_eq!(status.kind(), ErrorKind::InvalidValue);
    assert_eq!(tx.erase("nobody").unwrap_err().kind(), ErrorKind::UnknownUser);
    tx.commit().unwrap();
    assert_eq!(registry.snapshot().find_user("ann"), Some(UserId(3)));
}

#[test]
fn what_one_transaction_says_of_somebody_it_erases_is_not_recorded() {
    let registry = acme(Memory::default());
    let delta = commit(&registry, 1, "Zora was a mistake, and so was hidden@acme.org", |tx| {
        tx.update_user(UserUpdate::new("zora").set("email", "secret@acme.org")).unwrap();
        tx.update_user(UserUpdate::new("bob").set("email", "hidden@acme.org")).unwrap();
        tx.enrol("zora", "gdpr").unwrap();
        tx.erase("zora").unwrap();
        tx.erase("bob").unwrap();
    });
    let said = format!("{:?}", delta.commit()).to_lowercase();
    assert!(!said.contains("secret") && !said.contains("hidden") && !said.contains("zora"), "{said}");
    assert_eq!(delta.commit().note, "erased:3 was a mistake, and so was erased:1");
    assert_eq!(delta.users_created(), 1);
    assert_eq!(registry.snapshot().enrolment_count(), 2);
    let verification = registry.verify(None).unwrap();
    assert!(verification.is_intact(), "{verification}");
}

#[test]
fn a_request_about_somebody_erased_leaves_no_fingerprint_to_try_names_with() {
    let registry = acme(Memory::default());
    let keyed = |key: &str, at: i64, change: &dyn Fn(&mut Transaction)| {
        let mut tx = registry.as_host("hr").begin(day(at)).unwrap();
        tx.set_idempotency(key).unwrap();
        change(&mut tx);
        tx.commit().unwrap().revision()
    };
    let enrolled = keyed("a", 1, &|tx| tx.enrol("ann", "gdpr").unwrap());
    let recorded = keyed("b", 1, &|tx| {
        let (user, course) = ("bob".to_owned(), "gdpr".to_owned());
        tx.record(RecordUpdate { user, course, completed: Some(Some(day(1))), score: None }).unwrap();
    });
    let of_others = keyed("c", 1, &|tx| tx.enrol("cy", "gdpr").unwrap());
    let erased = keyed("gdpr-17", 2, &|tx| {
        tx.erase("ann").unwrap();
        tx.erase("bob").unwrap();
    });
    let digest = |revision| {
        registry.recorded(revision).unwrap().unwrap().idempotency.as_ref().map(|keyed| keyed.asked.clone())
    };
    for revision in [enrolled, recorded, erased] {
        assert_eq!(digest(revision), Some(Fingerprint::default()), "commit {revision}");
    }
    assert_ne!(digest(of_others), Some(Fingerprint::default()));
    let verification = registry.verify(None).unwrap();
    assert!(verification.is_intact(), "{verification}");
}

#[test]
fn names_are_found_in_any_script_and_form_but_not_in_dates() {
    let registry = Registry::open(Memory::default()).unwrap();
    let names = ["21", "ΝΙΚΟΣ", "Jos\u{e9}", "田中", "Strau\u{df}"];
    commit(&registry, 0, "set-up", |tx| {
        names.iter().for_each(|name| tx.update_user(UserUpdate::new(*name)).unwrap());
    });
    for note in [
        "feed-2026-11-21",
        "number 21 left",
        "Νικος left",
        "Jose\u{301} left",
        "田中さんの退職",
        "STRAU\u{1e9e} left",
    ] {
        let update = |tx: &mut Transaction| tx.update_user(UserUpdate::new(format!("for {note}"))).unwrap();
        commit(&registry, 1, note, update);
    }
    commit(&registry, 2, "", |tx| names.iter().for_each(|name| tx.erase(name).unwrap()));
    let notes: Vec<String> =
        registry.deltas(Revision(1), 6).unwrap().iter().map(|delta| delta.commit().note.clone()).collect();
    assert_eq!(
        notes,
        [
            "feed-2026-11-21",
            "number erased:0 left",
            "erased:1 left",
            "erased:2 left",
            "erased:3さんの退職",
            "erased:4 left"
        ]
    );
}

#[test]
fn of_two_who_archive_at_once_one_is_told_so_and_nothing_is_lost() {
    let store = Memory::default();
    let registry = acme(store.clone());
    for number in 1..6 {
        commit(&registry, number, "", |tx| tx.update_user(UserUpdate::new(format!("n{number}"))).unwrap());
    }
    let other = Registry::open(store).unwrap();
    /// Writes nowhere, and has another archive first.
    struct Slow(Option<Registry>);
    impl std::io::Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            if let Some(other) = self.0.take() {
                other.archive(Revision(5), "quick", Vec::new()).unwrap();
            }
            Ok(())
        }
    }
    let error = registry.archive(Revision(3), "slow", Slow(Some(other.clone()))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    let revisions: Vec<u64> =
        other.deltas(Revision(4), 10).unwrap().iter().map(|delta| delta.revision().0).collect();
    assert_eq!(revisions, [5, 6, 7]);
    assert!(other.verify(None).unwrap().is_intact());
}

#[test]
fn a_handle_that_was_left_behind_an_archive_goes_on() {
    let store = Memory::default();
    let behind = acme(store.clone());
    let registry = Registry::open(store).unwrap();
    for number in 1..4 {
        commit(&registry, number, "", |tx| tx.update_user(UserUpdate::new(format!("n{number}"))).unwrap());
    }
    registry.archive(Revision(4), "keeper", Vec::new()).unwrap();
    assert!(behind.refresh().unwrap().same_as(&registry.snapshot()));
    commit(&behind, 5, "", |tx| tx.update_user(UserUpdate::new("late")).unwrap());
    assert!(registry.refresh().unwrap().find_user("late").is_some());
}

#[test]
fn an_archive_says_nothing_of_what_came_after_it() {
    let registry = acme(Memory::default());
    commit(&registry, 1, "", |tx| tx.update_user(UserUpdate::new("bob").set("department", "Sales")).unwrap());
    commit(&registry, 20, "", |tx| tx.update_user(UserUpdate::new("bob").set("department", "IT")).unwrap());
    let mut first = Vec::new();
    registry.archive(Revision(3), "keeper", &mut first).unwrap();
    let between = registry.as_of_in(first.as_slice(), day(19)).unwrap();
    assert_eq!(between.revision(), Revision(2), "the next commit is known to be later");
    let late = registry.as_of_in(first.as_slice(), day(20)).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::UnknownRevision, "{late}");
    let mut stranger = Vec::new();
    let other = acme(Memory::default());
    commit(&other, 1, "", |tx| tx.update_user(UserUpdate::new("eve")).unwrap());
    commit(&other, 20, "", |tx| tx.update_user(UserUpdate::new("fay")).unwrap());
    other.archive(Revision(3), "keeper", &mut stranger).unwrap();
    let wrong = registry.as_of_in(stranger.as_slice(), Revision(2)).unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::InvalidArchive, "{wrong}");
}

#[test]
fn a_commit_that_made_a_draft_active_and_used_it_is_undone_in_the_right_order() {
    let registry = acme(Memory::default());
    let state = |state| SegmentDefinition { state: Some(state), ..SegmentDefinition::new("later") };
    commit(&registry, 1, "", |tx| {
        tx.define_segment("later", r#"user.department == "HR""#).unwrap();
        tx.apply(state(SegmentState::Draft)).unwrap();
        tx.define_enrolment_rule("r", "sales", &["gdpr"], LeavePolicy::Unenrol).unwrap();
    });
    let before = registry.snapshot();
    let used = commit(&registry, 2, "", |tx| {
        tx.apply(state(SegmentState::Active)).unwrap();
        tx.define_enrolment_rule("r", "later", &["gdpr"], LeavePolicy::Unenrol).unwrap();
    });
    let mut tx = registry.as_host("hr").begin(day(3)).unwrap();
    assert_eq!(tx.revert(used.revision(), Revert::Strict).unwrap(), [""; 0]);
    tx.commit().unwrap();
    let after = registry.snapshot();
    assert!(before.segments().eq(after.segments()) && before.enrolment_rules().eq(after.enrolment_rules()));
}

#[test]
fn enrolments_in_bulk_get_back_what_they_were() {
    let registry = acme(Memory::default());
    let bulk = |tx: &mut Transaction, due: Option<&str>| {
        let bulk = BulkEnrolment::of_users(["bob"], ["gdpr"]);
        tx.apply(due.map_or(bulk.clone(), |due| bulk.due(DueDate::On(due.parse().unwrap())))).unwrap();
    };
    let reasons = || {
        let snapshot = registry.snapshot();
        let enrolment = snapshot.enrolment(UserId(1), snapshot.course_id("gdpr").unwrap());
        let held = enrolment.iter().flat_map(|enrolment| &enrolment.reasons);
        held.map(|held| format!("{:?} {:?}", held.reason, held.due)).collect::<Vec<_>>()
    };
    let undo = |revision| {
        let mut tx = registry.as_host("hr").begin(day(9)).unwrap();
        let left = tx.revert(revision, Revert::Strict)?;
        assert_eq!(left, [""; 0]);
        tx.commit()
    };
    let begun = commit(&registry, 1, "", |tx| bulk(tx, Some("2026-03-01")));
    let redated = commit(&registry, 2, "", |tx| bulk(tx, Some("2026-04-01")));
    assert_eq!(reasons(), ["Bulk Some(2026-04-01)"]);
    undo(redated.revision()).unwrap();
    assert_eq!(reasons(), ["Bulk Some(2026-03-01)"]);
    let ended = commit(&registry, 9, "", |tx| tx.unenrol("bob", "gdpr").unwrap());
    undo(ended.revision()).unwrap();
    assert_eq!(reasons(), ["Bulk Some(2026-03-01)"]);
    let added = commit(&registry, 9, "", |tx| tx.enrol("bob", "gdpr").unwrap());
    assert_eq!(reasons(), ["Manual None", "Bulk Some(2026-03-01)"]);
    undo(added.revision()).unwrap();
    assert_eq!(reasons(), ["Bulk Some(2026-03-01)"], "what was added to it is taken back alone");
    let undated = commit(&registry, 9, "", |tx| {
        tx.unenrol("bob", "gdpr").unwrap();
    });
    commit(&registry, 9, "", |tx| bulk(tx, None));
    let dated = commit(&registry, 9, "", |tx| bulk(tx, Some("2026-05-01")));
    undo(dated.revision()).unwrap();
    assert_eq!(reasons(), ["Bulk None"]);
    assert_eq!(undo(undated.revision()).unwrap_err().kind(), ErrorKind::NotPossible);
    assert_eq!(undo(begun.revision()).unwrap_err().kind(), ErrorKind::NotPossible);
}

#[test]
fn what_was_deleted_for_good_is_told() {
    let registry = acme(Memory::default());
    let deleted = commit(&registry, 1, "", |tx| tx.delete_attribute("skills").unwrap());
    let mut tx = registry.as_host("hr").begin(day(2)).unwrap();
    let error = tx.revert(deleted.revision(), Revert::Strict).unwrap_err();
    assert!(error.message().contains("attribute `skills` was deleted, for good"), "{error}");
    let left = tx.revert(deleted.revision(), Revert::Skip).unwrap();
    assert!(left.iter().any(|what| what == "attribute `skills` was deleted, for good"), "{left:?}");
}

#[test]
fn erasing_reaches_where_a_journal_begins_and_archives_are_read_without_the_erased() {
    let registry = acme(Memory::default());
    commit(&registry, 1, "", |tx| tx.update_user(UserUpdate::new("bob").set("department", "Sales")).unwrap());
    commit(&registry, 2, "", |tx| tx.update_user(UserUpdate::new("bob").set("department", "IT")).unwrap());
    let mut archive = Vec::new();
    registry.archive(Revision(3), "keeper", &mut archive).unwrap();
    commit(&registry, 3, "", |tx| tx.erase("bob").unwrap());
    let text = String::from_utf8(exported(&registry)).unwrap();
    assert!(!text.contains("bob"), "{text}");
    let then = registry.as_of_in(archive.as_slice(), day(1)).unwrap();
    assert_eq!((then.revision(), then.user_key(UserId(1))), (Revision(2), "erased:1"));
    assert!(then.is_member("erased:1", "sales").unwrap(), "facts stay");
    let verification = registry.verify(None).unwrap();
    assert!(verification.is_intact(), "{verification}");
    let early = registry.as_of(day(0)).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::Archived, "{early}");
    let mut second = Vec::new();
    registry.archive(Revision(4), "keeper", &mut second).unwrap();
    let early = registry.as_of_in(second.as_slice(), Revision(1)).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::Archived, "{early}");
    let late = registry.as_of_in(second.as_slice(), Revision(4)).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::UnknownRevision, "{late}");
    let nothing = registry.archive(Revision(4), "keeper", Vec::new()).unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::NotPossible, "{nothing}");
    assert_eq!(
        registry.archive(Revision(99), "keeper", Vec::new()).unwrap_err().kind(),
        ErrorKind::UnknownRevision
    );
}

#[test]
fn an_archive_that_cannot_be_written_removes_nothing() {
    struct Full(usize);
    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            match self.0.checked_sub(bytes.len()) {
                Some(rest) => self.0 = rest,
                None => return Err(std::io::Error::other("the disk is full")),
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let registry = acme(Memory::default());
    commit(&registry, 1, "", |tx| tx.erase("bob").unwrap());
    for room in [0, 200, 500] {
        let error = registry.archive(Revision(2), "keeper", Full(room)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store, "{error}");
        assert_eq!(registry.export(Full(room)).unwrap_err().kind(), ErrorKind::Store);
    }
    assert_eq!(registry.as_of(Revision(0)).unwrap().user_count(), 0);
    assert_eq!(registry.snapshot().revision(), Revision(2));
}

#[test]
fn what_is_cut_off_or_altered_is_refused_with_its_line() {
    let registry = acme(Memory::default());
    commit(&registry, 1, "a note", |tx| tx.erase("bob").unwrap());
    let text = String::from_utf8(exported(&registry)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let refused = |text: &str| {
        let store = Memory::default();
        let error = Registry::import(store.clone(), text.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArchive, "{error}");
        assert!(store.load().unwrap().same_as(&Snapshot::default()), "nothing is imported");
        let message = error.message().to_owned();
        let line = message
            .strip_prefix("line ")
            .and_then(|rest| rest.split_once(':'))
            .map(|(line, _)| line.to_owned());
        (line.unwrap_or_else(|| panic!("{message}")).parse::<usize>().unwrap(), message)
    };
    for number in 1..=lines.len() {
        let joined = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        // Cut off before a line, and within it.
        let cut = joined(&lines[..number - 1]);
        assert_eq!(refused(&cut).0, number);
        assert_eq!(refused(&format!("{cut}{}", &lines[number - 1][..5])).0, number);
        // A line left out: the one after it does not fit.
        let mut without = lines.clone();
        without.remove(number - 1);
        assert_eq!(refused(&joined(&without)).0, number);
        // A letter changed.
        let mut altered: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let middle = altered[number - 1].len() / 2;
        let letter = if &altered[number - 1][middle..=middle] == "7" { "8" } else { "7" };
        altered[number - 1].replace_range(middle..=middle, letter);
        let altered: Vec<&str> = altered.iter().map(String::as_str).collect();
        assert_eq!(refused(&joined(&altered)).0, number);
    }
    assert_eq!(refused(&format!("{text}{text}")).0, lines.len() + 1);
    assert_eq!(refused("\u{0}\n").0, 1);
    // Whoever makes the checks fit as well still breaks the chain.
    for (from, to) in [("Sales", "Sells"), ("a note", "a lie"), (r#""joined":"0,2""#, r#""joined":"0-2""#)] {
        let (line, message) = refused(&forged(&text, |line| line.replace(from, to)));
        assert!(lines[line - 1].starts_with(r#"{"commit":"#), "{message}");
        assert!(message.contains("it is not as it was sealed"), "{message}");
    }
    let format = forged(&text, |line| line.replace(r#""format":1"#, r#""format":2"#));
    assert_eq!(refused(&format), (1, "line 1: the format is 2, expected 1".to_owned()));
    let nobody = forged(&text, |line| line.replace(r#""joined":"0,2""#, r#""joined":"0,9""#));
    assert!(refused(&nobody).1.contains("people who are not there"), "{}", refused(&nobody).1);
}

/// The lines with something replaced, and checks that fit.
fn forged(text: &str, change: impl Fn(&str) -> String) -> String {
    use sha2::{Digest, Sha256};
    let (mut hasher, mut forged) = (Sha256::new(), String::new());
    for line in text.lines() {
        let line = change(line);
        let contents = &line[..line.len() - r#","check":"00000000"}"#.len()];
        hasher.update(format!("{contents}\n"));
        let check: String = hasher.clone().finalize()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        forged.push_str(&format!("{contents},\"check\":\"{check}\"}}\n"));
    }
    forged
}

#[test]
fn everything_that_happened_to_a_person_is_told() {
    let registry = acme(Memory::default());
    commit(&registry, 1, "moved", |tx| {
        tx.update_user(UserUpdate::new("ann").set("department", "IT")).unwrap();
        tx.ban("sales", "ann").unwrap();
    });
    let told = |key: &str| -> Vec<String> {
        let events = registry.history_of_user(key).unwrap();
        events.iter().map(|event| format!("{} {}: {}", event.revision, event.note, event.what)).collect()
    };
    assert_eq!(
        told("ann"),
        [
            "1 set-up: created",
            "1 set-up: active in site primary",
            "1 set-up: email set",
            "1 set-up: department set",
            "1 set-up: joined segment sales",
            "1 set-up: enrolled gdpr (gdpr-sales)",
            "2 moved: department set",
            "2 moved: banned in segment sales",
            "2 moved: left segment sales",
            "2 moved: unenrolled gdpr (gdpr-sales)",
        ]
    );
    commit(&registry, 2, "gone", |tx| tx.erase("ann").unwrap());
    assert_eq!(
        told("erased:0"),
        [
            "1 set-up: created",
            "1 set-up: joined segment sales",
            "1 set-up: enrolled gdpr (gdpr-sales)",
            "2 moved: something that was erased since",
            "2 moved: something that was erased since",
            "2 moved: left segment sales",
            "2 moved: unenrolled gdpr (gdpr-sales)",
            "3 gone: erased",
        ]
    );
    assert_eq!(registry.history_of_user("ann").unwrap_err().kind(), ErrorKind::UnknownUser);
}

#[test]
fn a_bad_import_is_undone() {
    let registry = acme(Memory::default());
    let before = registry.snapshot();
    commit(&registry, 1, "a bad feed", |tx| {
        for key in ["ann", "bob", "cy"] {
            tx.update_user(UserUpdate::new(key).clear("department").set("email", format!("{key}@wrong")))
                .unwrap();
        }
        // They exchange a value that nobody else may have.
        tx.update_user(UserUpdate::new("bob").set("email", "x@wrong")).unwrap();
        tx.update_user(UserUpdate::new("ann").set("email", "bob@acme.org").set("skills", "rust")).unwrap();
        tx.update_user(UserUpdate::new("bob").set("email", "ann@acme.org").status(Status::Suspended))
            .unwrap();
        tx.update_user(UserUpdate::new("dee").set("department", "Sales")).unwrap();
        tx.pin("sales", "bob").unwrap();
        tx.enrol("cy", "gdpr").unwrap();
        tx.define_segment("sales", r#"user.department == "IT""#).unwrap();
        tx.define_enrolment_rule("more", "sales", &["gdpr"], LeavePolicy::Unenrol).unwrap();
    });
    assert_eq!(registry.snapshot().enrolment_count(), 1, "only by hand");
    let mut tx = registry.as_host("hr").begin(day(2)).unwrap();
    assert!(tx.revert(Revision(2), Revert::Strict).unwrap().is_empty());
    let preview = tx.preview().unwrap();
    assert_eq!(preview.delta().users_created(), 0);
    let delta = tx.commit_expecting(&preview).unwrap();
    assert_eq!(delta.revision(), Revision(3));
    let after = registry.snapshot();
    assert_eq!(after.status(UserId(3)), Some(Status::Suspended), "whom it created");
    for (row, key) in ["ann", "bob", "cy"].into_iter().enumerate() {
        let user = UserId(u32::try_from(row).unwrap());
        assert_eq!(after.status(user), before.status(user), "{key}");
        for attribute in before.schema().attributes() {
            assert_eq!(
                after.value(user, attribute.id),
                before.value(user, attribute.id),
                "{key} {}",
                attribute.key
            );
        }
        let reasons = |snapshot: &Snapshot| -> Vec<Reason> {
            snapshot
                .enrolments_of(user)
                .flat_map(|enrolment| enrolment.reasons)
                .map(|held| held.reason)
                .collect()
        };
        assert_eq!(reasons(&after), reasons(&before), "{key}");
    }
    assert_eq!(after.members("sales").unwrap(), before.members("sales").unwrap());
    let sales = after.segment_id("sales").unwrap();
    assert_eq!(after.segment(sales), before.segment(sales));
    assert_eq!(after.exceptions_of(sales, Exception::Pinned).len(), 0);
    assert!(!after.enrolment_rules().find(|rule| rule.key == "more").unwrap().enabled);
    // Undone again, what was undone is back.
    let mut tx = registry.as_host("hr").begin(day(3)).unwrap();
    assert!(tx.revert(Revision(3), Revert::Strict).unwrap().is_empty());
    tx.commit().unwrap();
    let bad = registry.as_of(Revision(2)).unwrap();
    let redone = registry.snapshot();
    assert!(redone.says_what(&bad) || redone.differences(&bad, 9).iter().all(|it| !it.contains("attribute")));
    assert_eq!(redone.members("sales").unwrap(), bad.members("sales").unwrap());
}

#[test]
fn what_has_been_changed_since_stands_in_the_way_or_is_left() {
    let registry = acme(Memory::default());
    commit(&registry, 1, "", |tx| {
        tx.update_user(UserUpdate::new("ann").set("department", "IT").set("email", "a@acme.org")).unwrap();
        tx.update_user(UserUpdate::new("bob").set("department", "HR")).unwrap();
    });
    commit(&registry, 2, "", |tx| {
        tx.update_user(UserUpdate::new("ann").set("department", "Legal")).unwrap();
        tx.update_user(UserUpdate::new("dee").set("email", "ann@acme.org")).unwrap();
    });
    let mut tx = registry.as_host("hr").begin(day(3)).unwrap();
    let error = tx.revert(Revision(2), Revert::Strict).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotPossible);
    assert_eq!(
        error.message(),
        "commit 2 cannot be undone as a whole: user `ann`: `department` has been changed since; \
         user `ann`: `ann@acme.org` is taken, expected a value of `email` that nobody else has"
    );
    assert!(tx.preview().unwrap().delta().is_empty(), "nothing is undone");
    let left = tx.revert(Revision(2), Revert::Skip).unwrap();
    assert_eq!(left.len(), 2, "{left:?}");
    tx.commit().unwrap();
    let snapshot = registry.snapshot();
    let department = snapshot.schema().find("department").unwrap().id;
    let value = |row| snapshot.value(UserId(row), department).unwrap();
    assert_eq!(value(0), matricula::rule::Value::text("Legal"));
    assert_eq!(value(1), matricula::rule::Value::text("IT"));

    commit(&registry, 4, "", |tx| tx.erase("bob").unwrap());
    let mut tx = registry.as_host("hr").begin(day(5)).unwrap();
    assert_eq!(tx.revert(Revision(5), Revert::Skip).unwrap_err().kind(), ErrorKind::NotPossible);
    assert_eq!(tx.revert(Revision(9), Revert::Skip).unwrap_err().kind(), ErrorKind::UnknownRevision);
    assert_eq!(tx.revert(Revision(0), Revert::Skip).unwrap_err().kind(), ErrorKind::UnknownRevision);
    let gone = tx.revert(Revision(4), Revert::Strict).unwrap();
    assert!(gone.is_empty(), "bob has only stubs there: {gone:?}");
}

#[test]
fn who_had_an_option_that_is_retired_has_it_again() {
    let registry = Registry::open(Memory::default()).unwrap();
    let grades = |retired| {
        let options =
            [OptionDefinition::new("a"), OptionDefinition { retired, ..OptionDefinition::new("b") }];
        AttributeDefinition::new("grade", AttributeType::Choice(options.to_vec()))
    };
    commit(&registry, 1, "", |tx| {
        tx.apply(grades(false)).unwrap();
        tx.update_user(UserUpdate::new("ann").set("grade", "b")).unwrap();
    });
    commit(&registry, 2, "", |tx| tx.apply(grades(true)).unwrap());
    commit(&registry, 3, "", |tx| tx.update_user(UserUpdate::new("ann").set("grade", "a")).unwrap());
    let mut tx = registry.as_host("hr").begin(day(4)).unwrap();
    assert!(tx.revert(Revision(3), Revert::Strict).unwrap().is_empty());
    tx.commit().unwrap();
    let snapshot = registry.snapshot();
    let grade = snapshot.schema().find("grade").unwrap();
    let ann = snapshot.user_id("ann").unwrap();
    assert_eq!(snapshot.value(ann, grade.id), registry.as_of(Revision(2)).unwrap().value(ann, grade.id));
    let mut tx = registry.as_host("hr").begin(day(4)).unwrap();
    let error = tx.update_user(UserUpdate::new("bob").set("grade", "b")).unwrap_err();
    assert_eq!(error.message(), "user `bob`: option `b` of `grade` is retired");
}

proptest! {
    #![proptest_config(matricula_testkit::cases(48))]

    /// The last commit of a history, undone at once, leaves nothing in the way, and everything that it changed is again
    /// what it was before. Definitions that a commit makes stay, so it is one that makes none.
    #[test]
    fn the_last_commit_can_always_be_undone(mut history in history(6)) {
        let registry = Registry::open(Memory::default()).unwrap();
        let of_people = |change: &Change| {
            use Change::{Enrol, EnrolMany, Exception, Record, SuspendEnrolment, Unenrol, Users};
            matches!(
                change,
                Users(_) | Exception { .. } | Record(_) | Enrol { .. } | Unenrol { .. } | EnrolMany(_)
                    | SuspendEnrolment { .. }
            )
        };
        if let Some(last) = history.last_mut() {
            last.changes.retain(of_people);
        }
        let lived = live(&registry, &history);
        let [.., before, last] = lived.as_slice() else { return Ok(()) };
        let commit = registry.recorded(last.revision()).unwrap().unwrap();
        let defines = |entry: &Entry| !matches!(entry, Entry::User(_) | Entry::Exception { .. } | Entry::Record(_));
        // The last transaction may have come to nothing.
        prop_assume!(!commit.entries.iter().any(defines));
        let mut tx = registry.as_host("host").begin(last.clock().unwrap()).unwrap();
        tx.revert(last.revision(), Revert::Strict).unwrap();
        let token = tx.preview().unwrap().held().map(|hold| hold.token.clone());
        match token {
            Some(token) => tx.confirm(&token).unwrap(),
            None => tx.commit().unwrap(),
        };
        let after = registry.snapshot();
        for user in before.users() {
            prop_assert_eq!(after.status(user), before.status(user));
            for attribute in before.schema().attributes() {
                prop_assert_eq!(after.value(user, attribute.id), before.value(user, attribute.id));
            }
        }
        for segment in before.segments() {
            let members = after.members(&segment.key).unwrap();
            if last.clock() == before.clock() {
                prop_assert_eq!(members, before.members(&segment.key).unwrap());
            }
        }
        for user in after.users().skip(before.user_count()) {
            prop_assert_ne!(after.status(user), Some(Status::Active));
        }
    }
}

/// What a registry says about access that a commit can undo: roles that there are, overrides, locks, and grants but for their
/// numbers, which are never given again.
fn said_of_access(snapshot: &Snapshot, roles: usize) -> Vec<String> {
    let mut said: Vec<String> = snapshot
        .access_entries()
        .filter_map(|entry| match entry {
            Entry::Grant(_, grant) => Some(format!("{:?}", snapshot.grant_definition(&grant))),
            Entry::Role(id, role) if (id.0 as usize) < roles => Some(format!("{role:?}")),
            Entry::Override { .. } | Entry::Lock { .. } => Some(format!("{entry:?}")),
            _ => None,
        })
        .collect();
    said.sort();
    said
}

proptest! {
    #![proptest_config(matricula_testkit::cases(48))]

    /// The same of who may do what.
    #[test]
    fn what_the_last_commit_says_about_access_can_be_undone(
        mut history in history(6),
        changes in history::access_changes(8),
    ) {
        let registry = Registry::open(Memory::default()).unwrap();
        let at = history.last().map_or(Instant::EPOCH, |last| last.at);
        history.push(history::Transaction { at, changes });
        let lived = live(&registry, &history);
        let [.., before, last] = lived.as_slice() else { return Ok(()) };
        let commit = registry.recorded(last.revision()).unwrap().unwrap();
        prop_assume!(commit.entries.iter().all(|entry| matches!(
            entry,
            Entry::Role(..) | Entry::Override { .. } | Entry::Lock { .. } | Entry::Grant(..) | Entry::Revoke { .. }
        )));
        let roles = (0..).take_while(|id| before.role(matricula::core::rule::RoleId(*id)).is_some()).count();
        let mut tx = registry.as_host("host").begin(last.clock().unwrap()).unwrap();
        tx.revert(last.revision(), Revert::Strict).unwrap();
        tx.commit().unwrap();
        prop_assert_eq!(said_of_access(&registry.snapshot(), roles), said_of_access(before, roles));
    }
}

#[test]
fn changes_are_asked_for_by_name() {
    assert_eq!("skip".parse::<Revert>().unwrap(), Revert::Skip);
    assert_eq!("strict".parse::<Revert>().unwrap(), Revert::default());
    assert!("srict".parse::<Revert>().unwrap_err().message().contains("did you mean `strict`?"));
    let change = Change::Erase { user: "ann".to_owned() };
    assert_eq!(change.clone(), change);
}
