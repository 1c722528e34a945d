//! Readers and writers together: a snapshot stays as it is, a commit copies only what it touches, and nobody
//! waits for anybody.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use matricula::{AttributeType, Change, LeavePolicy, Memory, Registry, UserUpdate};

const PEOPLE: usize = 40_000;

fn now() -> DateTime<Utc> {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

/// A registry of many people, half of them in Sales, where Sales learns to sell.
fn company() -> Registry {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(now()).unwrap();
    tx.define_attribute("department", AttributeType::Text).unwrap();
    tx.define_attribute("email", AttributeType::Text).unwrap();
    tx.define_course("selling").unwrap();
    tx.define_segment("sales", r#"user.department == "Sales""#).unwrap();
    tx.define_enrolment_rule("sales", "sales", &["selling"], LeavePolicy::Unenrol).unwrap();
    let person = |number: usize| {
        let department = if number.is_multiple_of(2) { "Sales" } else { "IT" };
        let email = format!("person{number}@acme.example");
        UserUpdate::new(format!("u{number}")).set("department", department).set("email", email)
    };
    tx.apply(Change::Users((0..PEOPLE).map(person).collect())).unwrap();
    tx.commit().unwrap();
    registry
}

fn transfer(registry: &Registry, user: usize, department: &str) {
    let mut tx = registry.as_host("hr").begin(now()).unwrap();
    tx.update_user(UserUpdate::new(format!("u{user}")).set("department", department)).unwrap();
    tx.commit().unwrap();
}

#[test]
fn a_snapshot_stays_as_it_is() {
    let registry = company();
    let before = registry.snapshot();
    transfer(&registry, 0, "IT");
    transfer(&registry, 1, "Sales");
    assert!(before.is_member("u0", "sales").unwrap() && !before.is_member("u1", "sales").unwrap());
    assert_eq!(before.enrolments_of(before.user_id("u0").unwrap()).count(), 1);
    let after = registry.snapshot();
    assert!(!after.is_member("u0", "sales").unwrap() && after.is_member("u1", "sales").unwrap());
    assert_eq!(after.enrolments_of(after.user_id("u0").unwrap()).count(), 0);
}

#[test]
fn a_commit_does_not_copy_the_state() {
    let registry = company();
    let before = registry.snapshot();
    transfer(&registry, 77, "Sales");
    let bytes = registry.snapshot().memory(Some(&before));
    assert!(bytes.held > PEOPLE * 100, "{bytes:?}");
    assert!(bytes.unshared * 50 < bytes.held, "{bytes:?}");
    let strangers = company().snapshot().memory(Some(&before));
    assert_eq!(strangers.unshared, strangers.held, "two companies share nothing");
}

#[test]
fn readers_see_whole_commits_while_a_writer_commits() {
    let registry = company();
    let (done, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = registry.snapshot().revision();
                while !done.load(Ordering::Relaxed) || reads.load(Ordering::Relaxed) < 100 {
                    let snapshot = registry.snapshot();
                    assert!(snapshot.revision() >= last, "time does not run backwards");
                    last = snapshot.revision();
                    // Every commit moves one person out and another in: a half commit would show.
                    let members = snapshot.members("sales").unwrap();
                    assert_eq!(members.len(), PEOPLE / 2);
                    let course = snapshot.course_id("selling").unwrap();
                    assert_eq!(members, snapshot.enrolled_in(course));
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 0..100 {
            let mut tx = registry.as_host("hr").begin(now()).unwrap();
            let (out, into) = (format!("u{}", 2 * round), format!("u{}", 2 * round + 1));
            tx.update_user(UserUpdate::new(out).set("department", "IT")).unwrap();
            tx.update_user(UserUpdate::new(into).set("department", "Sales")).unwrap();
            tx.commit().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(reads.load(Ordering::Relaxed) >= 100);
    assert_eq!(registry.snapshot().revision().0, 101);
}

#[test]
fn writers_on_one_registry_take_turns_and_lose_nothing() {
    let registry = company();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let registry = &registry;
            scope.spawn(move || {
                for round in 0..25 {
                    // All begin on whatever is current; whoever comes second is made again on top.
                    transfer(registry, 1000 + 100 * writer + 2 * round, "Legal");
                }
            });
        }
    });
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.revision().0, 101);
    assert_eq!(snapshot.members("sales").unwrap().len(), PEOPLE / 2 - 100);
}
