//! What is promised of every registry, whatever is in it.

use matricula_core::{
    AttributeDefinition, AttributeType, CategoryDefinition, Change, CourseDefinition, Effect, Exception,
    GrantDefinition, HolderKey, Instant, Over, Override, RoleDefinition, Scope, ScopeKey, SegmentDefinition,
    SiteId, Snapshot, Status, UserId, UserUpdate,
};
use matricula_testkit::access_history::{
    CAPABILITIES, PEOPLE, Story, changed, changes, effects, grant, instant, key, scope,
};
use matricula_testkit::cases;
use proptest::prelude::*;

use super::{overs, scopes, site_of};

/// Everything that may be done, of a few capabilities: who, what, where, over whom.
fn answers(
    snapshot: &Snapshot,
    names: &[&'static str],
    at: Instant,
    at_scope: impl Fn(Scope) -> bool,
) -> Vec<(UserId, &'static str, Scope, Over, bool)> {
    let mut found = Vec::new();
    for actor in (0..PEOPLE).map(UserId) {
        let asking = snapshot.as_actor_of(actor, at);
        for name in names {
            let Ok(capability) = snapshot.capability_id(name) else { continue };
            for scope in scopes(snapshot).into_iter().filter(|scope| at_scope(*scope)) {
                for over in overs() {
                    found.push((actor, *name, scope, over, asking.may(capability, scope, over)));
                }
            }
        }
    }
    found
}

fn names() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(&CAPABILITIES[..], 4)
}

/// What everybody has of a role, as it would be defined again.
fn again(snapshot: &Snapshot, role: &str) -> RoleDefinition {
    let role = snapshot.roles().find(|it| it.key == role).unwrap();
    RoleDefinition {
        effects: role.effects.iter().map(|(pattern, effect)| (pattern.clone(), *effect)).collect(),
        may_assign: role.may_assign.clone(),
        needs_audience: role.needs_audience,
        ..RoleDefinition::new(role.key.clone())
    }
}

/// What an override says, to be said again.
fn said_at(snapshot: &Snapshot, role: &str, at: &ScopeKey) -> Vec<(String, Effect)> {
    let found = snapshot.access_entries().find_map(|entry| match entry {
        matricula_core::Entry::Override { role: id, scope, effects }
            if snapshot.role(id).is_some_and(|it| it.key == role) && snapshot.scope_key(scope) == *at =>
        {
            Some(effects)
        }
        _ => None,
    });
    found.unwrap_or_default().into_iter().collect()
}

fn denying() -> impl Strategy<Value = Vec<(String, Effect)>> {
    effects().prop_map(|effects| effects.into_iter().map(|(pattern, _)| (pattern, Effect::Deny)).collect())
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn a_deny_more_never_allows_more(
        changes in changes(50),
        names in names(),
        role in proptest::sample::select(vec!["r0", "r1", "r2", "instructor", "learner", "manager"]),
        deny in denying(),
        place in prop::option::of(0..14_usize),
    ) {
        let story = Story::of(&changes);
        let snapshot = story.last();
        prop_assume!(snapshot.roles().any(|it| it.key == role));
        let change = match place.map(scope) {
            None => {
                let mut definition = again(snapshot, role);
                definition.effects.extend(deny);
                Change::from(definition)
            }
            Some(scope) => {
                let mut effects = said_at(snapshot, role, &scope);
                effects.extend(deny);
                Override { role: role.to_owned(), scope, effects }.into()
            }
        };
        let Some(after) = changed(snapshot, &[change]) else { return Ok(()) };
        let at = instant(500);
        for (was, is) in answers(snapshot, &names, at, |_| true).iter().zip(answers(&after, &names, at, |_| true)) {
            prop_assert!(was.4 || !is.4, "{:?}", is);
        }
    }

    #[test]
    fn a_role_more_takes_nothing_away_but_by_its_denies(
        changes in changes(50),
        names in names(),
        grant in grant((0..14_usize).prop_map(scope)),
    ) {
        let story = Story::of(&changes);
        let snapshot = story.last();
        let role = snapshot.roles().find(|it| it.key == grant.role);
        prop_assume!(role.is_some_and(|role| !role.effects.values().any(|effect| *effect == Effect::Deny)));
        let denied = snapshot.access_entries().any(|entry| match entry {
            matricula_core::Entry::Override { role, effects, .. } => {
                snapshot.role(role).is_some_and(|it| it.key == grant.role)
                    && effects.values().any(|effect| *effect == Effect::Deny)
            }
            _ => false,
        });
        prop_assume!(!denied);
        let Some(after) = changed(snapshot, &[grant.into()]) else { return Ok(()) };
        let at = instant(500);
        for (was, is) in answers(snapshot, &names, at, |_| true).iter().zip(answers(&after, &names, at, |_| true)) {
            prop_assert!(!was.4 || is.4, "{:?}", is);
        }
    }

    /// Whoever is suspended everywhere is reached as before, so that those who are responsible can restore them.
    #[test]
    fn a_person_suspended_is_reached_as_before(
        changes in changes(50),
        names in names(),
        user in 0..PEOPLE,
    ) {
        let story = Story::of(&changes);
        let snapshot = story.last();
        let user = UserId(user);
        let counts = snapshot.sites().enumerate().all(|(place, site)| {
            let membership = snapshot.membership(user, SiteId(place as u32));
            membership.is_none() || membership == Some(Status::Active) && !site.closed
        });
        prop_assume!(snapshot.status(user) == Some(Status::Active) && counts);
        let suspended = UserUpdate::new(snapshot.user_key(user)).status(Status::Suspended);
        let Some(after) = changed(snapshot, &[suspended.into()]) else { return Ok(()) };
        let about = |of: &Snapshot| {
            answers(of, &names, instant(500), |_| true)
                .into_iter()
                .filter(|(actor, _, _, over, _)| *actor != user && *over == Over::User(user))
                .collect::<Vec<_>>()
        };
        prop_assert_eq!(about(snapshot), about(&after));
    }

    /// Whatever is stored, granted or defined in a site changes no answer in another.
    #[test]
    fn sites_do_not_see_each_other(
        changes in changes(50),
        names in names(),
        said in effects(),
        inside in prop::collection::vec(change_in_a(), 1..8),
    ) {
        let story = Story::of(&changes);
        let snapshot = story.last();
        let mut after = snapshot.clone();
        for change in inside {
            after = changed(&after, &[change]).unwrap_or(after);
        }
        let _ = said;
        let in_b = |scope| site_of(snapshot, scope).is_some_and(|site| site == SiteId(2));
        let in_b_after = |scope| site_of(&after, scope).is_some_and(|site| site == SiteId(2));
        let names: Vec<&'static str> = names.into_iter().chain(["field.read.extra", "field.write.bench"]).collect();
        let allowed = |of: &Snapshot, in_b: &dyn Fn(Scope) -> bool| {
            answers(of, &names, instant(500), in_b).into_iter().filter(|answer| answer.4).collect::<Vec<_>>()
        };
        prop_assert_eq!(allowed(snapshot, &in_b), allowed(&after, &in_b_after));
    }
}

/// What the administrators of site `a` can change.
fn change_in_a() -> impl Strategy<Value = Change> {
    let scope = || {
        prop_oneof![
            Just(ScopeKey::Site("a".to_owned())),
            Just(ScopeKey::Category("ca".to_owned())),
            Just(ScopeKey::Course("ka".to_owned())),
            Just(ScopeKey::Course("ka0".to_owned())),
        ]
    };
    let role =
        proptest::sample::select(vec!["r0", "ra", "instructor", "authenticated", "self", "administrator"]);
    let membership = proptest::sample::select(vec![Status::Active, Status::Suspended]);
    prop_oneof![
        4 => grant(scope()).prop_map(Change::from),
        1 => (0..PEOPLE, scope()).prop_map(|(user, scope)| {
            GrantDefinition::to("administrator", HolderKey::User(key(user)), scope).into()
        }),
        2 => (role, scope(), effects())
            .prop_map(|(role, scope, effects)| Override { role: role.to_owned(), scope, effects }.into()),
        1 => effects().prop_map(|effects| {
            RoleDefinition { effects, site: Some("a".to_owned()), ..RoleDefinition::new("ra") }.into()
        }),
        1 => scope().prop_map(|scope| Change::Lock { scope, locked: true }),
        1 => Just(Change::from(AttributeDefinition {
            site: Some("a".to_owned()),
            self_writable: true,
            ..AttributeDefinition::new("extra", AttributeType::Text)
        })),
        1 => Just(CategoryDefinition {
            key: "inner".to_owned(),
            site: Some("a".to_owned()),
            ..CategoryDefinition::default()
        }.into()),
        1 => Just(CourseDefinition { site: Some("a".to_owned()), ..CourseDefinition::new("more") }.into()),
        1 => Just(SegmentDefinition {
            site: Some("a".to_owned()),
            ..SegmentDefinition::with_rule("sa", "inSegment('s0')")
        }.into()),
        2 => (0..PEOPLE, membership).prop_map(|(user, status)| {
            let mut update = UserUpdate::new(key(user));
            update.sites.push(("a".into(), Some(status)));
            update.into()
        }),
        1 => (0..PEOPLE, any::<bool>()).prop_map(|(user, pinned)| Change::Exception {
            segment: "sa".to_owned(),
            user: key(user),
            exception: Some(if pinned { Exception::Pinned } else { Exception::Banned }),
        }),
        1 => (0..PEOPLE).prop_map(|user| Change::Enrol { user: key(user), course: "ka".to_owned() }),
    ]
}
