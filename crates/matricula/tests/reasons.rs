//! What holds enrolments and what takes them away: windows, due dates, many people at once, suspensions by hand,
//! deletions, archives, closed sites; and the cases that were decided once.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

use chrono::{DateTime, Utc};
use matricula::{
    AttributeType, BulkEnrolment, CourseDefinition, DueDate, EnrolmentRuleDefinition, EnrolmentStatus, Error,
    Instant, LeavePolicy, Memory, Registry, SegmentDefinition, SegmentState, SiteDefinition, Transaction,
    UserUpdate,
};

fn at(text: &str) -> Instant {
    let text = if text.len() == 10 { format!("{text}T08:00:00Z") } else { text.to_owned() };
    text.parse::<DateTime<Utc>>().unwrap().try_into().unwrap()
}

/// A registry of two segments and a course.
fn registry() -> Registry {
    let registry = Registry::open(Memory::default()).unwrap();
    on(&registry, "2026-11-01", |tx| {
        tx.define_attribute("country", AttributeType::Text)?;
        tx.define_attribute("department", AttributeType::Text)?;
        tx.define_attribute("hired_on", AttributeType::Date)?;
        tx.define_course("gdpr")?;
        tx.define_course("safety")?;
        tx.define_segment("germans", r#"user.country == "DE""#)?;
        tx.define_segment("sales", r#"user.department == "Sales""#)
    });
    registry
}

/// Commits changes; what happened to enrolments, in words.
fn on(
    registry: &Registry,
    day: &str,
    changes: impl FnOnce(&mut Transaction) -> Result<(), Error>,
) -> Vec<String> {
    let mut tx = registry.as_host("hr").begin(at(day).to_utc()).unwrap();
    changes(&mut tx).unwrap();
    told(&tx.commit().unwrap())
}

fn told(delta: &matricula::Delta) -> Vec<String> {
    let step = |step: matricula::Step<'_>| {
        let due = step.due.map(|due| format!(", due {due}")).unwrap_or_default();
        format!("{} {} {} ({}{due})", step.user, step.action.name(), step.course, step.reason)
    };
    delta.steps().map(step).collect()
}

fn advance(registry: &Registry, day: &str) -> Vec<String> {
    let delta = registry.as_host("clock").advance(at(day).to_utc()).unwrap();
    delta.steps().zip(told(&delta)).map(|(step, told)| format!("{} {told}", step.at)).collect()
}

fn country(user: &str, country: &str) -> UserUpdate {
    UserUpdate::new(user).set("country", country)
}

fn status(registry: &Registry, user: &str) -> Option<EnrolmentStatus> {
    let snapshot = registry.snapshot();
    let course = snapshot.course_id("gdpr").unwrap();
    snapshot.enrolment(snapshot.find_user(user)?, course).map(|enrolment| enrolment.status)
}

fn why(registry: &Registry, user: &str) -> String {
    registry.snapshot().explain_enrolment(user, "gdpr").unwrap().to_string()
}

fn rule(key: &str, segment: &str, on_leave: LeavePolicy) -> EnrolmentRuleDefinition {
    EnrolmentRuleDefinition::new(key, segment, ["gdpr"], on_leave)
}

fn refused(registry: &Registry, change: impl FnOnce(&mut Transaction) -> Result<(), Error>) -> String {
    let mut tx = registry.as_host("hr").begin(at("2026-11-01").to_utc()).unwrap();
    let error = change(&mut tx).unwrap_err();
    format!("{}: {error}", error.code())
}

#[test]
fn a_reason_has_a_role_and_a_due_date_and_the_earliest_counts() {
    let registry = registry();
    let steps = on(&registry, "2026-11-02", |tx| {
        let instructor = EnrolmentRuleDefinition {
            role: "instructor".to_owned(),
            due: Some(DueDate::After(30)),
            ..rule("de", "germans", LeavePolicy::Keep)
        };
        tx.apply(instructor)?;
        let day = "2026-12-24".parse().unwrap();
        let fixed = EnrolmentRuleDefinition {
            due: Some(DueDate::On(day)),
            ..rule("s", "sales", LeavePolicy::Unenrol)
        };
        tx.apply(fixed)?;
        tx.update_user(country("ann", "DE").set("department", "Sales"))
    });
    assert_eq!(
        steps,
        ["ann enrolled gdpr (de, due 2026-12-02)", "ann reason_added gdpr (s, due 2026-12-24)"]
    );
    let explained = registry.snapshot().explain_enrolment("ann", "gdpr").unwrap();
    assert_eq!(explained.due.as_deref(), Some("2026-12-02"));
    let reasons: Vec<_> =
        explained.reasons.iter().map(|it| (&*it.reason, &*it.role, it.due.as_deref().unwrap())).collect();
    assert_eq!(reasons, [("de", "instructor", "2026-12-02"), ("s", "learner", "2026-12-24")]);
    assert!(explained.to_string().contains(", due 2026-12-02, because:"), "{explained}");
    assert!(explained.to_string().contains("as instructor, due 2026-12-02"), "{explained}");
    // What is only kept has no say in when somebody is to be done.
    assert_eq!(
        on(&registry, "2026-11-03", |tx| tx.update_user(country("ann", "ZA"))),
        ["ann kept gdpr (de)"]
    );
    let explained = registry.snapshot().explain_enrolment("ann", "gdpr").unwrap();
    assert_eq!(explained.due.as_deref(), Some("2026-12-24"));
    // Back again it is counted from when the reason arose.
    let steps = on(&registry, "2026-11-10", |tx| tx.update_user(country("ann", "DE")));
    assert_eq!(steps, ["ann reason_restored gdpr (de, due 2026-12-02)"]);
}

#[test]
fn a_due_date_follows_its_rule() {
    let registry = registry();
    let due = |due| EnrolmentRuleDefinition { due, ..rule("de", "germans", LeavePolicy::Unenrol) };
    on(&registry, "2026-11-02", |tx| {
        tx.apply(due(None))?;
        tx.update_user(country("ann", "DE"))
    });
    let steps = on(&registry, "2026-11-20", |tx| tx.apply(due(Some(DueDate::After(10)))));
    assert_eq!(steps, ["ann due_changed gdpr (de, due 2026-11-12)"]);
    let steps = on(&registry, "2026-11-20", |tx| tx.apply(due(None)));
    assert_eq!(steps, ["ann due_changed gdpr (de)"]);
    assert_eq!(registry.snapshot().explain_enrolment("ann", "gdpr").unwrap().due, None);
}

#[test]
fn windows_open_and_end_in_order_with_the_days_that_pass() {
    let registry = registry();
    on(&registry, "2026-11-02", |tx| {
        tx.define_segment("starters", "user.hired_on > today - days(10)")?;
        tx.apply(EnrolmentRuleDefinition {
            from: Some(at("2026-11-08T12:00:00Z")),
            until: Some(at("2026-11-20T12:00:00Z")),
            ..rule("starting", "starters", LeavePolicy::Suspend)
        })?;
        // ann is in until the tenth, bob until the twenty-second, cy from the tenth on.
        tx.update_user(UserUpdate::new("ann").set("hired_on", "2026-10-31"))?;
        tx.update_user(UserUpdate::new("bob").set("hired_on", "2026-11-12"))
    });
    assert_eq!(
        advance(&registry, "2026-11-30"),
        [
            "2026-11-08T12:00:00Z ann enrolled gdpr (starting)",
            "2026-11-08T12:00:00Z bob enrolled gdpr (starting)",
            "2026-11-10T00:00:00Z ann suspended gdpr (starting)",
            "2026-11-20T12:00:00Z bob suspended gdpr (starting)",
        ]
    );
    assert!(why(&registry, "bob").contains("the rule acted until 2026-11-20T12:00:00Z"));
    assert_eq!(
        refused(&registry, |tx| tx.apply(EnrolmentRuleDefinition {
            from: Some(at("2026-12-01")),
            until: Some(at("2026-12-01")),
            ..rule("none", "germans", LeavePolicy::Keep)
        })),
        "invalid_definition: enrolment rule `none`: it acts from 2026-12-01T08:00:00Z until 2026-12-01T08:00:00Z, \
         expected a later end"
    );
}

#[test]
fn what_becomes_due_is_known_at_once_and_as_days_pass() {
    let registry = registry();
    on(&registry, "2026-11-02", |tx| {
        tx.define_segment("starters", "user.hired_on <= today")?;
        tx.apply(EnrolmentRuleDefinition {
            due: Some(DueDate::After(10)),
            ..rule("starting", "starters", LeavePolicy::Keep)
        })?;
        tx.define_segment("soon", r#"dueWithin("gdpr", 3, "days")"#)?;
        tx.define_segment("late", r#"dueOn("gdpr") < today && !completed("gdpr")"#)?;
        tx.define_enrolment_rule("catch-up", "late", &["safety"], LeavePolicy::Unenrol)?;
        tx.update_user(UserUpdate::new("ann").set("hired_on", "2026-11-05"))
    });
    // All of it within one step of the clock: enrolled, due soon, late.
    let delta = registry.as_host("clock").advance(at("2026-11-30").to_utc()).unwrap();
    let memberships: Vec<String> = delta
        .memberships()
        .map(|it| format!("{} {} {}", it.at, if it.joined { "joined" } else { "left" }, it.segment))
        .collect();
    assert_eq!(
        memberships,
        [
            "2026-11-05T00:00:00Z joined starters",
            "2026-11-12T00:00:00Z joined soon",
            "2026-11-16T00:00:00Z left soon",
            "2026-11-16T00:00:00Z joined late",
        ]
    );
    assert_eq!(
        told(&delta),
        ["ann enrolled gdpr (starting, due 2026-11-15)", "ann enrolled safety (catch-up)"]
    );
    // A day that moves back is followed at once, and so is a suspension, during which nothing is due.
    on(&registry, "2026-11-30", |tx| {
        tx.apply(EnrolmentRuleDefinition {
            due: Some(DueDate::After(27)),
            ..rule("starting", "starters", LeavePolicy::Keep)
        })
    });
    assert_eq!(registry.snapshot().members("soon").unwrap().len(), 1);
    on(&registry, "2026-11-30", |tx| tx.suspend_enrolment("ann", "gdpr"));
    assert_eq!(registry.snapshot().members("soon").unwrap().len(), 0);
    on(&registry, "2026-11-30", |tx| tx.resume_enrolment("ann", "gdpr"));
    assert_eq!(registry.snapshot().members("soon").unwrap().len(), 1);
    assert_eq!(
        refused(&registry, |tx| tx.define_enrolment_rule("round", "soon", &["gdpr"], LeavePolicy::Keep)),
        "not_possible: enrolment rule `round`: membership would depend on itself: segment soon → enrolled → \
         enrolment rule round → segment soon"
    );
}

#[test]
fn many_are_enrolled_once_and_stay_until_somebody_unenrols_them() {
    let registry = registry();
    let steps = on(&registry, "2026-11-02", |tx| {
        tx.enrol_segment("germans", &["gdpr"])?;
        // What comes later in the transaction counts as well.
        tx.update_user(country("ann", "DE"))?;
        tx.update_user(country("bob", "DE"))
    });
    assert_eq!(steps, ["ann enrolled gdpr (bulk)", "bob enrolled gdpr (bulk)"]);
    assert_eq!(on(&registry, "2026-11-03", |tx| tx.update_user(country("ann", "ZA"))), [""; 0]);
    assert_eq!(on(&registry, "2026-11-03", |tx| tx.update_user(country("cy", "DE"))), [""; 0]);
    assert!(why(&registry, "ann").contains("enrolled in bulk, since 2026-11-02"));
    assert_eq!(on(&registry, "2026-11-04", |tx| tx.unenrol("ann", "gdpr")), ["ann unenrolled gdpr (bulk)"]);
    let steps = on(&registry, "2026-11-05", |tx| {
        tx.enrol_users(&["ann", "bob"], &["gdpr"])?;
        tx.apply(BulkEnrolment::of_users(["bob"], ["gdpr"]).due(DueDate::After(1)))
    });
    assert_eq!(steps, ["ann enrolled gdpr (bulk)", "bob due_changed gdpr (bulk, due 2026-11-06)"]);
    // A segment that asks who is enrolled can itself be enrolled.
    let steps = on(&registry, "2026-11-06", |tx| {
        tx.define_segment("without", r#"!enrolled("gdpr")"#)?;
        tx.enrol_segment("without", &["gdpr"])
    });
    assert_eq!(steps, ["cy enrolled gdpr (bulk)"]);
    assert!(registry.snapshot().members("without").unwrap().is_empty());
    assert_eq!(
        refused(&registry, |tx| tx.enrol_users(&["ann", "bbo"], &["gdpr"])),
        "unknown_user: unknown user `bbo`"
    );
}

#[test]
fn what_is_suspended_by_hand_stays_so_whatever_rules_do() {
    let registry = registry();
    on(&registry, "2026-11-02", |tx| {
        tx.apply(rule("de", "germans", LeavePolicy::Unenrol))?;
        tx.update_user(country("ann", "DE"))
    });
    let steps = on(&registry, "2026-11-03", |tx| tx.suspend_enrolment("ann", "gdpr"));
    assert_eq!(steps, ["ann suspended_by_hand gdpr (manual)"]);
    assert_eq!(status(&registry, "ann"), Some(EnrolmentStatus::Suspended));
    assert!(why(&registry, "ann").contains("but suspended by hand since 2026-11-03T08:00:00Z:"));
    // Leaving would end it, and coming back begin it anew: both leave it suspended.
    let steps = on(&registry, "2026-11-04", |tx| tx.update_user(country("ann", "ZA")));
    assert_eq!(steps, ["ann suspended gdpr (de)"]);
    let steps = on(&registry, "2026-11-05", |tx| tx.update_user(country("ann", "DE")));
    assert_eq!(steps, ["ann reason_added gdpr (de)"]);
    assert_eq!(status(&registry, "ann"), Some(EnrolmentStatus::Suspended));
    assert_eq!(
        refused(&registry, |tx| tx.suspend_enrolment("ann", "safety")),
        "not_possible: the enrolment of user `ann` in course `safety` cannot be suspended: there is none"
    );
    let steps = on(&registry, "2026-11-06", |tx| tx.resume_enrolment("ann", "gdpr"));
    assert_eq!(steps, ["ann resumed_by_hand gdpr (manual)"]);
    assert_eq!(status(&registry, "ann"), Some(EnrolmentStatus::Active));
    assert_eq!(
        refused(&registry, |tx| tx.resume_enrolment("ann", "gdpr")),
        "not_possible: the enrolment of user `ann` in course `gdpr` cannot be resumed: it was not suspended by hand"
    );
    // Undone within one transaction, it never was.
    let steps = on(&registry, "2026-11-07", |tx| {
        tx.suspend_enrolment("ann", "gdpr")?;
        tx.resume_enrolment("ann", "gdpr")
    });
    assert_eq!(steps, [""; 0]);
}

/// What keeps changes from being committed, in words.
fn problems(registry: &Registry, changes: impl FnOnce(&mut Transaction) -> Result<(), Error>) -> Vec<String> {
    let mut tx = registry.as_host("hr").begin(at("2026-11-09").to_utc()).unwrap();
    changes(&mut tx).unwrap();
    let problems: Vec<String> = tx
        .problems()
        .iter()
        .map(|problem| format!("change {}, {problem} ({})", problem.change, problem.kind.code()))
        .collect();
    assert_eq!(tx.commit().is_err(), !problems.is_empty());
    problems
}

#[test]
fn enrolling_by_hand_is_judged_by_what_the_transaction_leaves() {
    let registry = registry();
    on(&registry, "2026-11-02", |tx| {
        tx.define_site("labs")?;
        tx.apply(CourseDefinition { site: Some("labs".into()), ..CourseDefinition::new("bench") })?;
        tx.update_user(UserUpdate::new("ann").join("primary").join("labs"))?;
        tx.update_user(UserUpdate::new("bob").join("primary").join("labs"))
    });
    let archived = problems(&registry, |tx| {
        tx.enrol("ann", "gdpr")?;
        tx.enrol_users(&["ann", "bob"], &["gdpr"])?;
        tx.archive_course("gdpr")
    });
    let why = "course `gdpr` is archived, expected one that is not, or that is restored first (not_possible)";
    assert_eq!(archived, [format!("change 1, {why}"), format!("change 2, {why}")]);
    let left = problems(&registry, |tx| {
        tx.enrol("ann", "bench")?;
        tx.enrol_users(&["ann", "bob"], &["bench"])?;
        tx.update_user(UserUpdate::new("ann").leave("labs"))
    });
    let why = "user `ann`: not a member of the site of course `bench` (not_possible)";
    assert_eq!(left, [format!("change 1, {why}"), format!("change 2, {why}")]);
    let draft = problems(&registry, |tx| {
        tx.enrol_segment("sales", &["gdpr"])?;
        let state = Some(SegmentState::Draft);
        tx.apply(SegmentDefinition { state, ..SegmentDefinition::new("sales") })
    });
    assert_eq!(draft, ["change 1, segment `sales` is a draft, which nothing may refer to (not_possible)"]);
    // What is put right again, or taken back, is no problem.
    let undone = problems(&registry, |tx| {
        tx.enrol("ann", "gdpr")?;
        tx.archive_course("gdpr")?;
        tx.restore_course("gdpr")?;
        tx.enrol("bob", "safety")?;
        tx.unenrol("bob", "safety")?;
        tx.archive_course("safety")
    });
    assert_eq!(undone, [""; 0]);
}

#[test]
fn a_deleted_rule_lets_go_and_what_it_kept_is_still_explained() {
    let registry = registry();
    on(&registry, "2026-11-02", |tx| {
        tx.apply(rule("de", "germans", LeavePolicy::Keep))?;
        tx.apply(rule("s", "sales", LeavePolicy::Unenrol))?;
        tx.update_user(country("ann", "DE"))?;
        tx.update_user(UserUpdate::new("bob").set("department", "Sales"))
    });
    let steps = on(&registry, "2026-11-03", |tx| {
        tx.delete_enrolment_rule("de")?;
        tx.delete_enrolment_rule("s")
    });
    assert_eq!(steps, ["ann kept gdpr (de)", "bob unenrolled gdpr (s)"]);
    assert_eq!(registry.snapshot().enrolment_rules().count(), 0);
    assert!(why(&registry, "ann").contains("rule de no longer applies but keeps what it gave at"));
    assert!(why(&registry, "ann").contains(": the rule was deleted\n"));
    assert_eq!(
        refused(&registry, |tx| tx.delete_enrolment_rule("de")),
        "unknown_enrolment_rule: unknown enrolment rule `de`"
    );
    // The key is free; the rule of that name is another one.
    let steps = on(&registry, "2026-11-04", |tx| tx.apply(rule("de", "germans", LeavePolicy::Unenrol)));
    assert_eq!(steps, ["ann reason_added gdpr (de)"]);
    on(&registry, "2026-11-05", |tx| tx.update_user(country("ann", "ZA")));
    assert_eq!(status(&registry, "ann"), Some(EnrolmentStatus::Active));
    assert_eq!(on(&registry, "2026-11-06", |tx| tx.unenrol("ann", "gdpr")), ["ann unenrolled gdpr (de)"]);
}

#[test]
fn what_others_refer_to_is_not_deleted() {
    let registry = registry();
    on(&registry, "2026-11-02", |tx| {
        tx.apply(rule("de", "germans", LeavePolicy::Unenrol))?;
        tx.define_segment("both", r#"inSegment("germans") && inSegment("sales")"#)?;
        tx.update_user(country("ann", "DE"))
    });
    assert_eq!(
        refused(&registry, |tx| tx.delete_segment("germans")),
        "not_possible: segment `germans` cannot be deleted, since others refer to it: segment `both`, enrolment rule `de`"
    );
    assert_eq!(
        refused(&registry, |tx| tx.delete_attribute("country")),
        "not_possible: attribute `country` cannot be deleted, since others refer to it: segment `germans`"
    );
    assert_eq!(
        refused(&registry, |tx| {
            tx.enrol_segment("both", &["gdpr"])?;
            tx.delete_segment("both")
        }),
        "not_possible: segment `both` cannot be deleted, since others refer to it: a bulk enrolment of this transaction"
    );
    on(&registry, "2026-11-03", |tx| {
        tx.delete_enrolment_rule("de")?;
        tx.delete_segment("both")?;
        tx.delete_segment("germans")?;
        tx.delete_attribute("country")
    });
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.segments().map(|segment| segment.key.as_str()).collect::<Vec<_>>(), ["sales"]);
    assert!(snapshot.schema().find("country").is_none());
    assert_eq!(
        refused(&registry, |tx| tx.define_segment("x", r#"inSegment("germans")"#)),
        "invalid_rule: segment `x`: unknown segment `germans` at 1:11"
    );
    // All of it may come back, as something else.
    on(&registry, "2026-11-04", |tx| {
        tx.define_attribute("country", AttributeType::Integer)?;
        tx.define_segment("germans", "user.country == 49")?;
        tx.update_user(UserUpdate::new("ann").set("country", 49))
    });
    assert!(registry.snapshot().is_member("ann", "germans").unwrap());
}

#[test]
fn in_an_archived_course_nobody_arrives_and_nobody_leaves() {
    let registry = registry();
    on(&registry, "2026-11-02", |tx| {
        tx.apply(rule("de", "germans", LeavePolicy::Unenrol))?;
        tx.apply(rule("s", "sales", LeavePolicy::Suspend))?;
        tx.update_user(country("ann", "DE"))?;
        tx.update_user(UserUpdate::new("cy").set("department", "Sales"))
    });
    on(&registry, "2026-11-03", |tx| tx.archive_course("gdpr"));
    let steps = on(&registry, "2026-11-04", |tx| {
        tx.update_user(country("ann", "ZA"))?;
        tx.update_user(country("bob", "DE"))?;
        tx.delete_enrolment_rule("s")
    });
    assert_eq!(steps, [""; 0]);
    assert!(why(&registry, "bob").contains("course gdpr is archived: no rule enrols anybody there"));
    for refused in [
        refused(&registry, |tx| tx.enrol("bob", "gdpr")),
        refused(&registry, |tx| tx.enrol_segment("germans", &["gdpr"])),
    ] {
        assert_eq!(
            refused,
            "not_possible: course `gdpr` is archived, expected one that is not, or that is restored first"
        );
    }
    let steps = on(&registry, "2026-11-05", |tx| tx.restore_course("gdpr"));
    assert_eq!(steps, ["bob enrolled gdpr (de)", "cy suspended gdpr (s)", "ann unenrolled gdpr (de)"]);
}

#[test]
fn a_closed_site_counts_nobody_until_it_is_reopened() {
    let registry = registry();
    on(&registry, "2026-11-02", |tx| {
        tx.apply(SiteDefinition { key: "labs".into(), name: None, zone: None })?;
        tx.apply(matricula::CourseDefinition {
            site: Some("labs".into()),
            ..CourseDefinition::new("bench")
        })?;
        tx.apply(EnrolmentRuleDefinition::new("b", "germans", ["bench"], LeavePolicy::Suspend))?;
        tx.update_user(country("ann", "DE").join("labs"))?;
        tx.update_user(country("bob", "DE").join("labs").join("primary"))
    });
    let steps = on(&registry, "2026-11-03", |tx| tx.close_site("labs"));
    assert_eq!(steps, ["ann suspended bench (b)", "bob suspended bench (b)"]);
    let members: Vec<&str> = ["ann", "bob"]
        .into_iter()
        .filter(|user| registry.snapshot().is_member(user, "germans").unwrap())
        .collect();
    assert_eq!(members, ["bob"], "who is an active member of an open site");
    let explained = registry.snapshot().explain_enrolment("bob", "bench").unwrap().to_string();
    assert!(explained.contains("the course's site, labs, is closed"), "{explained}");
    assert_eq!(
        refused(&registry, |tx| tx.close_site("primary")),
        "not_possible: site `primary` is the primary one, which cannot be closed"
    );
    let steps = on(&registry, "2026-11-04", |tx| tx.reopen_site("labs"));
    assert_eq!(steps, ["ann resumed bench (b)", "bob resumed bench (b)"]);
}

#[test]
fn what_was_decided_once_holds() {
    // Taking back the manual reason while a rule holds keeps the enrolment.
    let registry = registry();
    on(&registry, "2026-11-02", |tx| {
        tx.apply(rule("de", "germans", LeavePolicy::Unenrol))?;
        tx.apply(rule("s", "sales", LeavePolicy::Suspend))?;
        tx.update_user(country("ann", "DE"))?;
        tx.enrol("ann", "gdpr")
    });
    assert_eq!(
        on(&registry, "2026-11-03", |tx| tx.unenrol("ann", "gdpr")),
        ["ann reason_dropped gdpr (manual)"]
    );
    // Several policies at once: suspending beats unenrolling, and coming back by either restores.
    on(&registry, "2026-11-04", |tx| tx.update_user(country("ann", "DE").set("department", "Sales")));
    let steps =
        on(&registry, "2026-11-05", |tx| tx.update_user(country("ann", "ZA").set("department", "IT")));
    assert_eq!(steps, ["ann reason_dropped gdpr (de)", "ann suspended gdpr (s)"]);
    let steps = on(&registry, "2026-11-06", |tx| tx.update_user(country("ann", "DE")));
    assert_eq!(steps, ["ann resumed gdpr (de)"]);
    let enrolled = registry.snapshot();
    let enrolment =
        enrolled.enrolment(enrolled.find_user("ann").unwrap(), enrolled.course_id("gdpr").unwrap()).unwrap();
    assert_eq!(enrolment.since, at("2026-11-02"), "without a break");
    // While a segment is paused, its rules end nothing; active again, they catch up.
    let state = |state| SegmentDefinition { state: Some(state), ..SegmentDefinition::new("germans") };
    on(&registry, "2026-11-07", |tx| tx.apply(state(SegmentState::Paused)));
    assert_eq!(on(&registry, "2026-11-08", |tx| tx.update_user(country("ann", "ZA"))), [""; 0]);
    let steps = on(&registry, "2026-11-09", |tx| tx.apply(state(SegmentState::Active)));
    assert_eq!(steps, ["ann unenrolled gdpr (de)"]);
    // Disabling is leaving, and a kept reason goes on holding.
    on(&registry, "2026-11-10", |tx| {
        tx.apply(rule("de", "germans", LeavePolicy::Keep))?;
        tx.update_user(country("ann", "DE"))
    });
    let steps = on(&registry, "2026-11-11", |tx| {
        tx.apply(EnrolmentRuleDefinition { enabled: false, ..rule("de", "germans", LeavePolicy::Keep) })
    });
    assert_eq!(steps, ["ann kept gdpr (de)"]);
    assert_eq!(status(&registry, "ann"), Some(EnrolmentStatus::Active));
}
