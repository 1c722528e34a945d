//! Registries and questions that nobody should make: refused or denied with a reason, never a panic, and soon.

use matricula_core::{
    AttributeDefinition, AttributeType, AudienceKey, CapabilityId, CapabilityKind, CategoryDefinition,
    CategoryId, Change, CourseDefinition, CourseId, Draft, Effect, ErrorKind, GrantDefinition, GrantId,
    HolderKey, Instant, MAX_CATEGORY_DEPTH, Over, Override, RoleDefinition, Scope, ScopeKey,
    SegmentDefinition, SiteId, Snapshot, Status, UserId, UserUpdate, rule::AttributeId,
};

fn grown(changes: impl IntoIterator<Item = Change>) -> Snapshot {
    let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    for change in changes {
        draft.apply(change).unwrap();
    }
    draft.finish("host", "").snapshot
}

fn at(millis: i64) -> Instant {
    Instant::from_millis(millis).unwrap()
}

#[test]
fn what_is_not_there_is_refused_with_its_name() {
    let snapshot = grown([UserUpdate::new("ann").into()]);
    let nowhere = || ScopeKey::Category("no".to_owned());
    let to = |role: &str, user: &str, scope| Change::from(GrantDefinition::new(role, user, scope));
    let over =
        |audience| Change::from(GrantDefinition::new("manager", "ann", ScopeKey::Registry).over(audience));
    let effects = |pattern: &str| vec![(pattern.to_owned(), Effect::Allow)];
    let no = || "no".to_owned();
    let refused = [
        (to("no", "ann", ScopeKey::Registry), ErrorKind::UnknownRole),
        (to("learner", "no", ScopeKey::Registry), ErrorKind::UnknownUser),
        (to("learner", "ann", ScopeKey::Site(no())), ErrorKind::UnknownSite),
        (to("learner", "ann", nowhere()), ErrorKind::UnknownCategory),
        (to("learner", "ann", ScopeKey::Course(no())), ErrorKind::UnknownCourse),
        (
            GrantDefinition::to("learner", HolderKey::Segment(no()), ScopeKey::Registry).into(),
            ErrorKind::UnknownSegment,
        ),
        (over(AudienceKey::Segment(no())), ErrorKind::UnknownSegment),
        (over(AudienceKey::Reports(no())), ErrorKind::UnknownAttribute),
        (over(AudienceKey::Line(no())), ErrorKind::UnknownAttribute),
        (over(AudienceKey::Same(no())), ErrorKind::UnknownAttribute),
        (Change::Revoke(GrantId(u32::MAX)), ErrorKind::UnknownGrant),
        (Change::Lock { scope: nowhere(), locked: true }, ErrorKind::UnknownCategory),
        (
            Override { role: no(), scope: ScopeKey::Registry, effects: Vec::new() }.into(),
            ErrorKind::UnknownRole,
        ),
        (
            Override { role: "learner".to_owned(), scope: nowhere(), effects: Vec::new() }.into(),
            ErrorKind::UnknownCategory,
        ),
        (
            RoleDefinition { effects: effects("no.such"), ..RoleDefinition::new("r") }.into(),
            ErrorKind::UnknownCapability,
        ),
        (
            RoleDefinition { effects: effects("no.*"), ..RoleDefinition::new("r") }.into(),
            ErrorKind::UnknownCapability,
        ),
        (RoleDefinition::new("r").like("no").into(), ErrorKind::UnknownRole),
        (
            RoleDefinition { may_assign: vec![no()], ..RoleDefinition::new("r") }.into(),
            ErrorKind::UnknownRole,
        ),
        (RoleDefinition { site: Some(no()), ..RoleDefinition::new("r") }.into(), ErrorKind::UnknownSite),
        (
            CategoryDefinition { key: "c".to_owned(), parent: Some(no()), ..CategoryDefinition::default() }
                .into(),
            ErrorKind::UnknownCategory,
        ),
        (
            CourseDefinition { category: Some(no()), ..CourseDefinition::new("k") }.into(),
            ErrorKind::UnknownCategory,
        ),
    ];
    for (change, kind) in refused {
        let mut draft = Draft::new(&snapshot, Instant::EPOCH);
        let error = draft.apply(change.clone()).unwrap_err();
        assert_eq!(error.kind(), kind, "{change:?}: {error}");
        assert!(error.to_string().contains("no") || kind == ErrorKind::UnknownGrant, "{error}");
    }
}

#[test]
fn questions_about_nothing_are_denied_with_a_reason() {
    let snapshot = grown([
        UserUpdate::new("ann").into(),
        GrantDefinition::new("administrator", "ann", ScopeKey::Registry).into(),
    ]);
    let edit = snapshot.capability_id("grade.edit").unwrap();
    let ann = snapshot.as_actor("ann", at(0));
    let none = CapabilityId::field(AttributeId(400_000_000), CapabilityKind::Write);
    let some = || Over::User(UserId(0));
    for (scope, over, reason) in [
        (Scope::Site(SiteId(u32::MAX)), some(), "unknown_scope"),
        (Scope::Category(CategoryId(u32::MAX)), some(), "unknown_scope"),
        (Scope::Course(CourseId(u32::MAX)), some(), "unknown_scope"),
        (Scope::Registry, Over::User(UserId(u32::MAX)), "unknown_subject"),
        (Scope::Registry, Over::Nobody, "no_subject"),
    ] {
        assert_eq!(ann.decide(edit, scope, over).name(), reason);
        assert!(ann.audience(edit, scope).len() <= 1);
    }
    assert_eq!(ann.decide(none, Scope::Registry, some()).name(), "unknown_capability");
    assert_eq!(ann.audience(none, Scope::Registry).len(), 0);
    for nobody in [snapshot.as_actor("", at(0)), snapshot.as_actor_of(UserId(u32::MAX), at(0))] {
        assert_eq!(nobody.decide(edit, Scope::Registry, Over::All).name(), "unknown_actor");
        assert_eq!(nobody.audience(edit, Scope::Registry).len(), 0);
    }
    // An empty registry has nobody to ask.
    assert_eq!(
        Snapshot::default().as_actor("ann", at(0)).decide(edit, Scope::Registry, some()).name(),
        "unknown_actor"
    );
}

/// An instant before all commits, or after all time, is an instant like any other.
#[test]
fn a_clock_that_goes_backwards_opens_nothing() {
    let grant = GrantDefinition::new("administrator", "ann", ScopeKey::Registry);
    let snapshot =
        grown([UserUpdate::new("ann").into(), grant.during(Some(at(1000)), Some(at(2000))).into()]);
    let create = snapshot.capability_id("site.create").unwrap();
    let asked = |millis| snapshot.as_actor("ann", at(millis)).may(create, Scope::Registry, Over::Nobody);
    let edges = [-62_135_596_800_000, -1, 0, 999, 1000, 1999, 2000, 2001, 253_402_300_799_999];
    let may = [false, false, false, false, true, true, false, false, false];
    assert_eq!(edges.map(asked), may);
    // Whatever was asked before changes nothing.
    assert_eq!((asked(1500), asked(500), asked(1500)), (true, false, true));
}

#[test]
fn a_thousand_categories_within_each_other_are_walked() {
    let category = |number: usize| CategoryDefinition {
        key: format!("c{number}"),
        parent: number.checked_sub(1).map(|above| format!("c{above}")),
        ..CategoryDefinition::default()
    };
    let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    let refused =
        (0..2_000).find_map(|number| draft.apply(category(number).into()).err().map(|error| (number, error)));
    let (depth, error) = refused.unwrap();
    assert_eq!(error.kind(), ErrorKind::TooMany);
    assert!(depth.abs_diff(MAX_CATEGORY_DEPTH) <= 1, "{depth}");
    let innermost = format!("c{}", depth - 1);
    let course = CourseDefinition { category: Some(innermost), ..CourseDefinition::new("k") };
    draft.apply(course.into()).unwrap();
    draft.apply(UserUpdate::new("ann").into()).unwrap();
    draft.apply(UserUpdate::new("bob").into()).unwrap();
    draft
        .apply(GrantDefinition::new("instructor", "ann", ScopeKey::Category("c0".to_owned())).into())
        .unwrap();
    let denied = Override {
        role: "instructor".to_owned(),
        scope: ScopeKey::Category("c1".to_owned()),
        effects: vec![("grade.view".to_owned(), Effect::Deny)],
    };
    draft.apply(denied.into()).unwrap();
    let snapshot = draft.finish("host", "").snapshot;
    let ann = snapshot.as_actor("ann", at(0));
    let course = Scope::Course(CourseId(0));
    let decide =
        |name: &str| ann.decide(snapshot.capability_id(name).unwrap(), course, Over::User(UserId(1))).name();
    assert_eq!((decide("grade.edit"), decide("grade.view")), ("allowed", "denied"));
}

#[test]
fn ten_thousand_roles_of_one_person_are_gone_through() {
    let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    draft.apply(UserUpdate::new("ann").into()).unwrap();
    for number in 0..10_000 {
        draft.apply(RoleDefinition::new(format!("r{number}")).allow("course.view").into()).unwrap();
        let grant = GrantDefinition::new(format!("r{number}"), "ann", ScopeKey::Registry);
        draft.apply(grant.into()).unwrap();
    }
    let snapshot = draft.finish("host", "").snapshot;
    let ask = |snapshot: &Snapshot, name: &str| {
        let capability = snapshot.capability_id(name).unwrap();
        snapshot.as_actor("ann", at(0)).decide(capability, Scope::Registry, Over::Nobody).name()
    };
    assert_eq!((ask(&snapshot, "course.view"), ask(&snapshot, "course.edit")), ("allowed", "not_given"));
    // The last of all denies.
    let mut draft = Draft::new(&snapshot, Instant::EPOCH);
    draft.apply(RoleDefinition::new("r9999").deny("course.*").into()).unwrap();
    assert_eq!(ask(&draft.finish("host", "").snapshot, "course.view"), "denied");
}

#[test]
fn a_hundred_thousand_grants_of_one_person_are_gone_through() {
    let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    for key in ["ann", "bob"] {
        draft.apply(UserUpdate::new(key).into()).unwrap();
    }
    for course in 0..1_000 {
        draft.apply(CourseDefinition::new(format!("k{course}")).into()).unwrap();
        for number in 0..100_i64 {
            let scope = ScopeKey::Course(format!("k{course}"));
            let grant = GrantDefinition::new("instructor", "ann", scope);
            draft.apply(grant.during(Some(at(number)), Some(at(number + 1))).into()).unwrap();
        }
    }
    let snapshot = draft.finish("host", "").snapshot;
    assert_eq!(snapshot.grants().count(), 100_000);
    let edit = snapshot.capability_id("grade.edit").unwrap();
    for (millis, reason) in
        [(-1, "not_given"), (0, "allowed"), (50, "allowed"), (99, "allowed"), (100, "not_given")]
    {
        let ann = snapshot.as_actor("ann", at(millis));
        let course = Scope::Course(CourseId(700));
        assert_eq!(ann.decide(edit, course, Over::User(UserId(1))).name(), reason, "{millis}");
        assert_eq!(ann.audience(edit, course).len(), if reason == "allowed" { 2 } else { 0 });
    }
}

/// Segments that each name the one before many times: as many ways as there are atoms, each gone once.
#[test]
fn segments_that_name_each_other_many_times_are_asked_once() {
    let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    draft.apply(AttributeDefinition::new("team", AttributeType::Text).into()).unwrap();
    for key in ["ann", "bob"] {
        draft.apply(UserUpdate::new(key).set("team", "x").into()).unwrap();
    }
    draft.apply(SegmentDefinition::with_rule("s0", "has(user.team)").into()).unwrap();
    for number in 1..30 {
        let before = format!("inSegment('s{}')", number - 1);
        let rule = format!("{before} && ({before} || !{before}) && {before}");
        draft.apply(SegmentDefinition::with_rule(format!("s{number}"), rule).into()).unwrap();
    }
    let audience = AudienceKey::Segment("s29".to_owned());
    draft.apply(GrantDefinition::new("manager", "ann", ScopeKey::Registry).over(audience).into()).unwrap();
    draft.apply(UserUpdate::new("bob").status(Status::Suspended).into()).unwrap();
    let snapshot = draft.finish("host", "").snapshot;
    let view = snapshot.capability_id("report.view").unwrap();
    let ann = snapshot.as_actor("ann", at(0));
    assert!(ann.may(view, Scope::Registry, Over::User(UserId(1))));
    assert_eq!(ann.audience(view, Scope::Registry).len(), 2);
}
