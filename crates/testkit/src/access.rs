//! What histories say about access: categories, capabilities, roles, overrides, locks and grants, over few keys, so that they
//! meet. Not here: everything else that changes (`history`, `lifecycle`).

use matricula_core::{
    AudienceKey, CapabilityDefinition, CapabilityKind, CategoryDefinition, Change, CourseDefinition,
    Deletable, Effect, Flag, GrantDefinition, GrantId, HolderKey, Override, RoleDefinition, ScopeKey,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::history::{COURSES, SEGMENTS, Transaction, key, site_of_course};
use crate::lifecycle::end;

/// Categories, each with the one that it lies in.
const CATEGORIES: &[&str] = &["c0", "c1", "c2", "e0"];
const CAPABILITIES: &[&str] = &["invoice.approve", "invoice.pay", "badge.print"];
/// Roles that come and go; the last one is of a site.
const ROLES: &[&str] = &["t0", "t1", "t2", "t3"];
const BUILT_IN: &[&str] = &["administrator", "instructor", "learner", "manager", "self"];
const PATTERNS: &[&str] = &[
    "*",
    "course.*",
    "course.view",
    "record.view",
    "role.define",
    "invoice.*",
    "invoice.pay",
    "badge.print",
    "field.*",
    "field.read.nick",
    "field.write.department",
    "field.read.sensitivity.internal",
];
const NOTES: &[&str] = &["", "", "covers for u3", "\"until\" \u{1F642}"];

fn owned(word: &str) -> String {
    word.to_owned()
}

fn category() -> impl Strategy<Value = CategoryDefinition> {
    (0..CATEGORIES.len(), any::<bool>(), any::<bool>()).prop_map(|(place, named, placed)| {
        let site = CATEGORIES[place].starts_with('e').then(|| owned("emea"));
        let parent = (1..3).contains(&place).then(|| owned(CATEGORIES[place - 1]));
        let name = named.then(|| owned("named"));
        CategoryDefinition { key: owned(CATEGORIES[place]), name, site, parent: parent.filter(|_| placed) }
    })
}

fn capability() -> impl Strategy<Value = CapabilityDefinition> {
    let kind = select(vec![CapabilityKind::Read, CapabilityKind::Write]);
    let innermost = select(vec!["registry", "site", "category", "course"]);
    let flags = prop::sample::subsequence(vec![Flag::Escalates, Flag::Personal, Flag::Many], 0..3);
    (key(CAPABILITIES), kind, innermost, any::<bool>(), flags).prop_map(
        |(name, kind, innermost, over, flags)| CapabilityDefinition {
            sentence: format!("do {name}"),
            innermost: owned(innermost),
            name,
            kind,
            over,
            flags,
        },
    )
}

fn effects(most: usize) -> impl Strategy<Value = Vec<(String, Effect)>> {
    let effect = select(vec![Effect::Allow, Effect::Allow, Effect::Withhold, Effect::Deny]);
    prop::collection::vec((key(PATTERNS), effect), 0..most)
}

fn any_role() -> impl Strategy<Value = String> {
    prop_oneof![3 => key(ROLES), 1 => key(BUILT_IN)]
}

fn role() -> impl Strategy<Value = RoleDefinition> {
    let of = prop_oneof![8 => key(ROLES), 1 => key(BUILT_IN)];
    let like = prop::collection::vec(any_role(), 0..2);
    let may_assign = prop::collection::vec(prop_oneof![1 => Just(owned("*")), 4 => any_role()], 0..3);
    (of, any::<bool>(), like, effects(4), may_assign, prop::bool::weighted(0.2)).prop_map(
        |(key, told, like, effects, may_assign, needs_audience)| RoleDefinition {
            name: told.then(|| owned("A role")),
            description: told.then(|| owned("what it is for")),
            site: (key == "t3").then(|| owned("emea")),
            key,
            like,
            effects,
            may_assign,
            needs_audience,
        },
    )
}

fn scope() -> impl Strategy<Value = ScopeKey> {
    prop_oneof![
        1 => Just(ScopeKey::Registry),
        1 => key(&["primary", "emea"]).prop_map(ScopeKey::Site),
        2 => key(CATEGORIES).prop_map(ScopeKey::Category),
        2 => key(COURSES).prop_map(ScopeKey::Course),
    ]
}

fn grant(anybody: impl Strategy<Value = String>) -> impl Strategy<Value = GrantDefinition> {
    let holder = prop_oneof![
        3 => (0..3_u32).prop_map(|number| HolderKey::User(format!("u{number}"))),
        1 => anybody.prop_map(HolderKey::User),
        2 => key(SEGMENTS).prop_map(HolderKey::Segment),
    ];
    let audience = prop_oneof![
        2 => key(SEGMENTS).prop_map(AudienceKey::Segment),
        1 => Just(AudienceKey::Reports(owned("manager"))),
        1 => Just(AudienceKey::Line(owned("manager"))),
        1 => key(&["department", "nick"]).prop_map(AudienceKey::Same),
    ];
    let role = prop_oneof![3 => key(ROLES), 2 => key(BUILT_IN)];
    (role, holder, scope(), prop::option::of(audience), end(), end(), key(NOTES)).prop_map(
        |(role, holder, scope, audience, from, until, note)| GrantDefinition {
            role,
            holder,
            scope,
            audience,
            from,
            until,
            note,
        },
    )
}

/// A change of who may do what.
pub(crate) fn change(anybody: impl Strategy<Value = String>) -> impl Strategy<Value = Change> {
    let course = (key(COURSES), key(CATEGORIES)).prop_map(|(course, category)| {
        let site = Some(owned(site_of_course(&course)));
        Change::from(CourseDefinition { site, category: Some(category), ..CourseDefinition::new(course) })
    });
    let over = (any_role(), scope(), effects(3)).prop_map(|(role, scope, effects)| Override {
        role,
        scope,
        effects,
    });
    prop_oneof![
        3 => category().prop_map(Change::from),
        1 => capability().prop_map(Change::from),
        2 => course,
        4 => role().prop_map(Change::from),
        2 => over.prop_map(Change::from),
        1 => (scope(), any::<bool>()).prop_map(|(scope, locked)| Change::Lock { scope, locked }),
        6 => grant(anybody).prop_map(Change::from),
        3 => (0..8_u32).prop_map(|number| Change::Revoke(GrantId(number))),
        1 => key(ROLES).prop_map(|role| Change::Delete(Deletable::Role, role)),
    ]
}

/// Changes of who may do what, but for what stays when it is undone: categories, capabilities and deletions.
pub fn access_changes(most: usize) -> impl Strategy<Value = Vec<Change>> {
    let user = (0..4_u32).prop_map(|number| format!("u{number}"));
    let passes = |change: &Change| {
        let stays = matches!(change, Change::Category(_) | Change::Capability(_) | Change::Delete(..));
        !stays && !matches!(change, Change::Course(_))
    };
    prop::collection::vec(change(user).prop_filter("it stays", passes), 1..most)
}

/// What is there from the beginning, so that most of the rest finds what it names.
pub(crate) fn definitions() -> impl Strategy<Value = Vec<Change>> {
    let categories = CATEGORIES.iter().zip(0..).map(|(key, place)| {
        let site = key.starts_with('e').then(|| owned("emea"));
        let parent = (1..3).contains(&place).then(|| owned(CATEGORIES[place - 1]));
        Change::from(CategoryDefinition { key: owned(key), name: None, site, parent })
    });
    let roles = ROLES.iter().map(|key| {
        let site = (*key == "t3").then(|| owned("emea"));
        Change::from(RoleDefinition { site, ..RoleDefinition::new(*key).allow("course.view") })
    });
    let all: Vec<Change> = categories.chain(roles).collect();
    prop_oneof![1 => Just(Vec::new()), 2 => Just(all)]
}

fn is_about_access(change: &Change) -> bool {
    match change {
        Change::Category(_)
        | Change::Capability(_)
        | Change::Role(_)
        | Change::Override(_)
        | Change::Lock { .. }
        | Change::Grant(_)
        | Change::Revoke(_)
        | Change::Delete(Deletable::Role, _) => true,
        Change::Course(course) => course.category.is_some(),
        _ => false,
    }
}

/// The same history without what it says about access, of which the simulator knows nothing: a grant keeps what it names
/// from being deleted.
pub fn without_access(mut history: Vec<Transaction>) -> Vec<Transaction> {
    history.iter_mut().for_each(|transaction| transaction.changes.retain(|it| !is_about_access(it)));
    history
}
