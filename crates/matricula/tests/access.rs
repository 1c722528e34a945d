//! Roles given and held, and what people may change: the façade's view of a person.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by panicking"
)]

use matricula::{
    AttributeDefinition, AttributeType, AudienceKey, Change, CourseDefinition, ErrorKind, GrantDefinition,
    GrantId, HolderKey, Instant, LeavePolicy, Memory, Override, Registry, RoleDefinition, ScopeKey,
    Sensitivity, SiteDefinition, Status, Transaction, UserUpdate, course, registry, site,
};

fn day(day: i64) -> Instant {
    Instant::from_millis(1_769_904_000_000 + day * 86_400_000).unwrap()
}

fn host(registry: &Registry, change: impl FnOnce(&mut Transaction)) {
    let mut tx = registry.as_host("hr").begin(day(1)).unwrap();
    change(&mut tx);
    tx.commit().unwrap();
}

/// Two sites, a course in each, a manager line, an administrator of everything and one of a site.
fn acme() -> Registry {
    let acme = Registry::open(Memory::default()).unwrap();
    host(&acme, |tx| {
        tx.apply(SiteDefinition { key: "emea".into(), name: None, zone: None }).unwrap();
        tx.define_course("gdpr").unwrap();
        tx.apply(CourseDefinition { site: Some("emea".into()), ..CourseDefinition::new("safety") }).unwrap();
        tx.define_attribute("department", AttributeType::Text).unwrap();
        tx.define_attribute("manager", AttributeType::User).unwrap();
        let salary = AttributeDefinition::new("salary", AttributeType::Integer);
        tx.apply(AttributeDefinition { sensitivity: Sensitivity::Sensitive, ..salary }).unwrap();
        for key in ["root", "ann", "bob", "cy", "dee", "eve"] {
            tx.update_user(UserUpdate::new(key).join("primary").join("emea")).unwrap();
        }
        tx.update_user(UserUpdate::new("bob").set("manager", "ann").set("salary", 10)).unwrap();
        tx.update_user(UserUpdate::new("cy").set("manager", "bob").set("department", "Sales")).unwrap();
        tx.define_segment("sales", r#"user.department == "Sales""#).unwrap();
        tx.apply(GrantDefinition::new("administrator", "root", ScopeKey::Registry)).unwrap();
        tx.apply(GrantDefinition::new("administrator", "dee", ScopeKey::Site("emea".into()))).unwrap();
        let managing = GrantDefinition::new("manager", "ann", ScopeKey::Site("primary".into()));
        tx.apply(managing.over(AudienceKey::Line("manager".into()))).unwrap();
    });
    acme
}

fn refused(registry: &Registry, who: &str, change: impl Into<Change>) -> String {
    let mut tx = registry.as_actor(who, day(1)).begin(day(1)).unwrap();
    let error = match tx.apply(change) {
        Err(error) => error,
        Ok(()) => tx.commit().unwrap_err(),
    };
    assert_eq!(error.kind(), ErrorKind::NotPermitted, "{error}");
    error.message().to_owned()
}

fn may(registry: &Registry, who: &str, change: impl Into<Change>) {
    let mut tx = registry.as_actor(who, day(1)).begin(day(1)).unwrap();
    tx.apply(change).unwrap();
    tx.commit().unwrap();
}

#[test]
fn a_manager_sees_the_people_of_the_line_and_no_others() {
    let acme = acme();
    let ann = acme.as_actor("ann", day(1));
    assert_eq!(ann.people(site("primary")), ["ann", "bob", "cy"]);
    assert!(ann.can("report.view", site("primary").over("cy")).unwrap());
    assert!(ann.can("report.view", site("primary").over_any()).unwrap());
    assert!(!ann.can("report.view", site("primary").over_all()).unwrap());
    assert!(!ann.can("report.view", site("primary").over("dee")).unwrap());
    assert!(!ann.can("report.view", site("emea").over("bob")).unwrap(), "nor where the role is not held");
    let error = ann.can("report.view", site("primary")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidQuestion);
    assert!(!ann.can("report.fly", site("primary")).unwrap());
    let bob = acme.snapshot().user_id("bob").unwrap();
    let read: Vec<&str> = ann
        .actor()
        .profile(bob, matricula::Scope::Site(matricula::SiteId(0)))
        .into_iter()
        .map(|(attribute, _)| attribute.key.as_str())
        .collect();
    assert_eq!(read, ["manager"], "not the salary");
}

#[test]
fn an_explanation_names_every_role() {
    let acme = acme();
    let ann = acme.as_actor("ann", day(1));
    let proof = ann.explain("report.view", site("primary").over("dee")).unwrap();
    assert_eq!(
        proof.to_string(),
        "user `ann` may not `report.view` in site `primary` over user `dee`: not given\n  \
         role `manager` in site `primary` (grant 2), over those who report to the holder by `manager`, at any depth: \
         allow; it is not held over this person\n  \
         role `authenticated` in site `primary` (an active member of the site): says nothing of it\n  \
         role `self` in the registry (the person in question): says nothing of it; it is not held over this person"
    );
}

#[test]
fn nobody_gives_what_they_lack() {
    let acme = acme();
    let to_eve = |role: &str, scope| GrantDefinition::new(role, "eve", scope);
    let emea = || ScopeKey::Site("emea".into());
    may(&acme, "dee", to_eve("instructor", emea()));
    assert!(
        refused(&acme, "dee", to_eve("administrator", ScopeKey::Registry))
            .contains("`role.assign` in the registry")
    );
    assert!(
        refused(&acme, "dee", to_eve("instructor", ScopeKey::Site("primary".into())))
            .contains("site `primary`")
    );
    assert!(refused(&acme, "eve", to_eve("learner", emea())).contains("`role.assign` in site `emea`"));
    // An administrator of the site to whom something is denied does not give that either.
    host(&acme, |tx| {
        tx.apply(RoleDefinition::new("no-erasing-content").deny("content.delete")).unwrap();
        tx.apply(GrantDefinition::new("no-erasing-content", "dee", emea())).unwrap();
    });
    let message = refused(&acme, "dee", to_eve("course_creator", emea()));
    assert_eq!(
        message,
        "not permitted: it would give role `course_creator` to user `eve`, and with it `content.delete` in site \
         `emea`, which the actor lacks"
    );
}

#[test]
fn nobody_gains_through_data() {
    let acme = acme();
    host(&acme, |tx| {
        tx.apply(GrantDefinition::to(
            "administrator",
            HolderKey::Segment("sales".into()),
            ScopeKey::Registry,
        ))
        .unwrap();
        tx.apply(RoleDefinition::new("clerk").allow("field.write.*").allow("segment.pin").allow("user.view"))
            .unwrap();
        tx.apply(GrantDefinition::new("clerk", "eve", ScopeKey::Registry)).unwrap();
    });
    // The clerk may write departments, but not such that somebody becomes an administrator by it.
    may(&acme, "eve", Change::from(UserUpdate::new("bob").set("department", "IT")));
    let message = refused(&acme, "eve", Change::from(UserUpdate::new("eve").set("department", "Sales")));
    assert!(message.contains("role `administrator` to those who join segment `sales`"), "{message}");
    let pin = Change::Exception {
        segment: "sales".into(),
        user: "eve".into(),
        exception: Some(matricula::Exception::Pinned),
    };
    refused(&acme, "eve", pin);
    // Nor does anybody become somebody's manager over people whom the clerk is not over.
    let message = refused(&acme, "eve", Change::from(UserUpdate::new("dee").set("manager", "bob")));
    assert!(message.contains("user `ann` over more people"), "{message}");
    may(&acme, "root", Change::from(UserUpdate::new("dee").set("manager", "bob")));
}

#[test]
fn rules_that_enrol_as_more_than_learners_need_it_too() {
    let acme = acme();
    host(&acme, |tx| {
        let ruling = RoleDefinition::new("planner").allow("rule.*").allow("segment.*").allow("enrolment.*");
        tx.apply(ruling).unwrap();
        tx.apply(GrantDefinition::new("planner", "eve", ScopeKey::Site("primary".into()))).unwrap();
    });
    let rule = |role: &str| matricula::EnrolmentRuleDefinition {
        role: role.to_owned(),
        ..matricula::EnrolmentRuleDefinition::new("r", "sales", ["gdpr"], LeavePolicy::Unenrol)
    };
    let message = refused(&acme, "eve", rule("instructor"));
    assert!(message.contains("role `instructor` to those who are enrolled by a rule"), "{message}");
    may(&acme, "eve", rule("learner"));
    let cy = acme.as_actor("cy", day(1));
    assert!(cy.can("content.view", course("gdpr")).unwrap(), "a reason is a grant");
    host(&acme, |tx| tx.suspend_enrolment("cy", "gdpr").unwrap());
    assert!(!acme.as_actor("cy", day(1)).can("content.view", course("gdpr")).unwrap());
}

#[test]
fn writing_a_rule_needs_reading_what_it_asks() {
    let acme = acme();
    host(&acme, |tx| {
        tx.apply(
            RoleDefinition::new("segmenter").allow("segment.*").allow("field.read.sensitivity.internal"),
        )
        .unwrap();
        tx.apply(GrantDefinition::new("segmenter", "eve", ScopeKey::Registry)).unwrap();
    });
    let segment = |rule: &str| matricula::SegmentDefinition::with_rule("rich", rule);
    assert_eq!(
        refused(&acme, "eve", segment("user.salary > 100")),
        "not permitted: `field.read.salary` in the registry over everybody"
    );
    may(&acme, "eve", segment(r#"user.department == "IT""#));
    let error = acme.as_actor("ann", day(1)).explain_membership("bob", "sales").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotPermitted);
    assert_eq!(acme.as_actor("ann", day(1)).members("sales"), [""; 0]);
}

#[test]
fn the_last_administrator_stays() {
    let acme = acme();
    let refused = |change: Change| {
        let mut tx = acme.as_host("hr").begin(day(1)).unwrap();
        tx.apply(change).unwrap();
        let error = tx.commit().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotPossible);
        assert!(error.message().contains("nobody who is an unlimited administrator"), "{error}");
    };
    refused(Change::Revoke(GrantId(0)));
    refused(Change::from(UserUpdate::new("root").status(Status::Suspended)));
    refused(Change::Erase { user: "root".into() });
    host(&acme, |tx| {
        tx.apply(RoleDefinition::new("nothing").deny("*")).unwrap();
        tx.define_segment("everybody", r#"account.key != "nobody""#).unwrap();
    });
    refused(
        GrantDefinition::to("nothing", HolderKey::Segment("everybody".into()), ScopeKey::Registry).into(),
    );
    host(&acme, |tx| tx.apply(GrantDefinition::new("administrator", "eve", ScopeKey::Registry)).unwrap());
    host(&acme, |tx| tx.apply(Change::Revoke(GrantId(0))).unwrap());
}

#[test]
fn what_people_write_themselves_gives_no_rights() {
    let acme = acme();
    let mut tx = acme.as_host("hr").begin(day(1)).unwrap();
    let own = AttributeDefinition::new("department", AttributeType::Text);
    tx.apply(AttributeDefinition { self_writable: true, ..own }).unwrap();
    tx.apply(GrantDefinition::to("reporter", HolderKey::Segment("sales".into()), ScopeKey::Registry))
        .unwrap();
    let error = tx.commit().unwrap_err();
    assert_eq!(
        error.message(),
        "change 2, people write `department` themselves, and a right would follow from it by the grant of role \
         `reporter` to segment `sales`"
    );
}

#[test]
fn locks_keep_everybody_from_changing_but_not_from_reading() {
    let acme = acme();
    may(&acme, "root", Change::Lock { scope: ScopeKey::Course("gdpr".into()), locked: true });
    let root = acme.as_actor("root", day(1));
    assert!(!root.can("content.edit", course("gdpr")).unwrap());
    assert!(root.can("content.view", course("gdpr")).unwrap());
    assert!(root.can("content.edit", course("safety")).unwrap());
    may(&acme, "root", Change::Lock { scope: ScopeKey::Course("gdpr".into()), locked: false });
    assert!(acme.as_actor("root", day(1)).can("content.edit", course("gdpr")).unwrap());
}

#[test]
fn overrides_count_where_they_are_said_and_within() {
    let acme = acme();
    host(&acme, |tx| {
        tx.apply(GrantDefinition::new("instructor", "eve", ScopeKey::Registry)).unwrap();
        let effects = vec![("grade.edit".to_owned(), matricula::Effect::Deny)];
        let scope = ScopeKey::Site("emea".into());
        tx.apply(Override { role: "instructor".into(), scope, effects }).unwrap();
    });
    let eve = acme.as_actor("eve", day(1));
    assert!(eve.can("grade.edit", course("gdpr").over("bob")).unwrap());
    assert!(!eve.can("grade.edit", course("safety").over("bob")).unwrap());
    assert!(!eve.can("site.create", registry()).unwrap());
}

#[test]
fn a_role_by_which_people_are_kept_is_not_deleted() {
    let acme = acme();
    host(&acme, |tx| {
        tx.apply(RoleDefinition::new("tutor").allow("content.view")).unwrap();
        let rule = matricula::EnrolmentRuleDefinition::new("r", "sales", ["gdpr"], LeavePolicy::Keep);
        tx.apply(matricula::EnrolmentRuleDefinition { role: "tutor".into(), ..rule }).unwrap();
    });
    host(&acme, |tx| tx.delete_enrolment_rule("r").unwrap());
    assert!(acme.as_actor("cy", day(1)).can("content.view", course("gdpr")).unwrap(), "kept as a tutor");
    // Else another role of the same key would be theirs.
    let mut tx = acme.as_host("hr").begin(day(1)).unwrap();
    let error = tx.apply(Change::Delete(matricula::Deletable::Role, "tutor".into())).unwrap_err();
    assert!(error.message().contains("enrolment rule `r`"), "{error}");
}

#[test]
fn keys_in_another_normal_form_are_the_same_keys() {
    let acme = acme();
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    host(&acme, |tx| {
        tx.apply(CourseDefinition { site: Some("emea".into()), ..CourseDefinition::new(composed) }).unwrap();
        tx.apply(RoleDefinition::new("maker").allow("course.create")).unwrap();
        tx.apply(GrantDefinition::new("maker", "eve", ScopeKey::Site("primary".into()))).unwrap();
    });
    // It is that course of the other site, and no new one of this.
    let renamed = CourseDefinition { name: Some("mine".into()), ..CourseDefinition::new(decomposed) };
    assert_eq!(
        refused(&acme, "eve", renamed),
        format!("not permitted: `course.edit` in course `{composed}`")
    );
    may(&acme, "eve", CourseDefinition::new("new"));
}

#[test]
fn a_refusal_does_not_say_who_is_there() {
    let acme = acme();
    let message = |user: &str| {
        refused(&acme, "eve", Change::Enrol { user: user.into(), course: "gdpr".into() })
            .replace(user, "them")
    };
    assert_eq!(message("bob"), message("nobody-of-this-key"));
    let grant = |user: &str| {
        refused(&acme, "eve", GrantDefinition::new("learner", user, ScopeKey::Registry)).replace(user, "them")
    };
    assert_eq!(grant("bob"), grant("nobody-of-this-key"));
}
