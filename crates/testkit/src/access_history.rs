//! Random registries with everything that access is made of: sites, nested categories, segments that name each other,
//! managers in circles, roles with all effects, overrides, locks, grants of every kind. Small, so that all of it meets.

use std::sync::Arc;

use matricula_core::{
    AttributeDefinition, AttributeType, AudienceKey, CapabilityDefinition, CapabilityKind,
    CategoryDefinition, Change, Commit, CourseDefinition, Deletable, Draft, Effect, EnrolmentRuleDefinition,
    Exception, Flag, GrantDefinition, GrantId, HolderKey, Instant, LeavePolicy, Override, RoleDefinition,
    ScopeKey, SegmentDefinition, SegmentState, Sensitivity, SiteDefinition, Snapshot, Status, UserUpdate,
};
use proptest::prelude::*;

/// How many people there are.
pub const PEOPLE: u32 = 9;

/// The sites beside the primary one.
pub const SITES: [&str; 2] = ["a", "b"];

/// The scopes, by key.
pub const SCOPES: [(&str, &str); 14] = [
    ("registry", ""),
    ("site", "primary"),
    ("site", "a"),
    ("site", "b"),
    ("category", "c0"),
    ("category", "c1"),
    ("category", "c2"),
    ("category", "ca"),
    ("category", "cb"),
    ("course", "k0"),
    ("course", "k2"),
    ("course", "ka"),
    ("course", "ka0"),
    ("course", "kb"),
];

/// Capabilities of every kind, some of which are not there or not always.
pub const CAPABILITIES: [&str; 24] = [
    "site.view",
    "site.create",
    "site.edit",
    "course.view",
    "course.edit",
    "category.create",
    "grade.edit",
    "grade.view",
    "user.view",
    "user.suspend",
    "role.assign",
    "role.define",
    "scope.unlock",
    "report.view",
    "report.view.scores",
    "invoice.view",
    "invoice.approve",
    "invoice.pay.all",
    "field.read.team",
    "field.write.team",
    "field.read.pay",
    "field.write.note",
    "field.read.bench",
    "no.such",
];

const PATTERNS: [&str; 22] = [
    "*",
    "course.*",
    "site.*",
    "grade.*",
    "grade.edit",
    "grade.view",
    "user.*",
    "user.view",
    "role.*",
    "role.assign",
    "report.*",
    "report.view.*",
    "report.view.scores",
    "invoice.*",
    "invoice.pay.*",
    "invoice.pay.all",
    "field.*",
    "field.read.*",
    "field.read.sensitivity.sensitive",
    "field.read.sensitivity.internal",
    "field.read.pay",
    "field.write.note",
];

const ROLES: [&str; 9] =
    ["r0", "r1", "r2", "ra", "instructor", "learner", "reporter", "manager", "administrator"];

const SEGMENTS: [&str; 9] = ["s0", "s1", "s2", "s3", "s4", "s5", "sa", "sa1", "sb"];

const RULES: [&str; 7] = [
    r#"user.team == "x""#,
    "user.level >= 2",
    "user.level >= 2 && !inSegment('s0')",
    "inSegment('s2') || user.boss.reportsTo('u0')",
    "!inSegment('s1')",
    "has(user.badge)",
    r#"user.badge == "q" || inSegment('s0')"#,
];

/// An instant of those that matter: windows begin and end at them, and just before and after.
pub fn instant(place: i64) -> Instant {
    Instant::from_millis(1_800_000_000_000 + place).unwrap_or(Instant::EPOCH)
}

/// A scope by its place in [`SCOPES`].
pub fn scope(place: usize) -> ScopeKey {
    let (kind, key) = SCOPES[place % SCOPES.len()];
    match kind {
        "registry" => ScopeKey::Registry,
        "site" => ScopeKey::Site(key.to_owned()),
        "category" => ScopeKey::Category(key.to_owned()),
        _ => ScopeKey::Course(key.to_owned()),
    }
}

/// The key of a person.
pub fn key(number: u32) -> String {
    format!("u{number}")
}

fn capability(name: &str, innermost: &str, over: bool, flags: &[Flag]) -> Change {
    CapabilityDefinition {
        name: name.to_owned(),
        kind: if name.ends_with("view") { CapabilityKind::Read } else { CapabilityKind::Write },
        innermost: innermost.to_owned(),
        over,
        flags: flags.to_vec(),
        sentence: "do so".to_owned(),
    }
    .into()
}

fn attribute(key: &str, sensitivity: Sensitivity, self_writable: bool) -> AttributeDefinition {
    let kind = match key {
        "level" => AttributeType::Integer,
        "boss" | "lead" | "chief" => AttributeType::User,
        _ => AttributeType::Text,
    };
    AttributeDefinition {
        sensitivity,
        self_writable,
        ignore_case: key == "badge",
        site: matches!(key, "bench" | "chief").then(|| "a".to_owned()),
        ..AttributeDefinition::new(key, kind)
    }
}

/// What every registry begins with.
pub fn definitions() -> Vec<Change> {
    let mut changes: Vec<Change> =
        SITES.map(|key| SiteDefinition { key: key.to_owned(), name: None, zone: None }.into()).into();
    for (key, site, parent) in [
        ("c0", "primary", None),
        ("c1", "primary", Some("c0")),
        ("c2", "primary", Some("c1")),
        ("ca", "a", None),
        ("cb", "b", None),
    ] {
        let (key, site, parent) = (key.to_owned(), Some(site.to_owned()), parent.map(str::to_owned));
        changes.push(CategoryDefinition { key, name: None, site, parent }.into());
    }
    for (key, site, category) in [
        ("k0", "primary", None),
        ("k2", "primary", Some("c2")),
        ("ka", "a", Some("ca")),
        ("ka0", "a", None),
        ("kb", "b", Some("cb")),
    ] {
        let (site, category) = (Some(site.to_owned()), category.map(str::to_owned));
        changes.push(CourseDefinition { site, category, ..CourseDefinition::new(key) }.into());
    }
    for (key, sensitivity) in [
        ("team", Sensitivity::Internal),
        ("level", Sensitivity::Public),
        ("boss", Sensitivity::Internal),
        ("lead", Sensitivity::Internal),
        ("badge", Sensitivity::Personal),
        ("note", Sensitivity::Personal),
        ("pay", Sensitivity::Sensitive),
        ("bench", Sensitivity::Internal),
        ("chief", Sensitivity::Internal),
    ] {
        changes.push(attribute(key, sensitivity, key == "note").into());
    }
    changes.push(capability("invoice.view", "course", true, &[]));
    changes.push(capability("invoice.approve", "category", true, &[Flag::Escalates]));
    changes.push(capability("invoice.pay.all", "course", false, &[]));
    for number in 0..PEOPLE {
        let update = UserUpdate::new(key(number)).set("team", ["x", "y"][number as usize % 2]);
        let update = update.set("level", i64::from(number % 4)).set("boss", key(number / 2));
        changes.push(if number % 3 == 0 { update.join("a").join("b") } else { update }.into());
    }
    for (place, key) in SEGMENTS.iter().enumerate() {
        let site = match *key {
            "sa" | "sa1" => Some("a".to_owned()),
            "sb" => Some("b".to_owned()),
            _ => None,
        };
        let definition = match RULES.get(place) {
            Some(rule) if !matches!(*key, "s3" | "sb") => SegmentDefinition::with_rule(*key, *rule),
            _ => SegmentDefinition::new(*key),
        };
        changes.push(SegmentDefinition { site, ..definition }.into());
    }
    for key in ["r0", "r1", "r2", "ra"] {
        let site = (key == "ra").then(|| "a".to_owned());
        changes.push(RoleDefinition { site, ..RoleDefinition::new(key) }.into());
    }
    changes
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![5 => Just(Effect::Allow), 2 => Just(Effect::Withhold), 1 => Just(Effect::Deny)]
}

/// What roles and overrides say.
pub fn effects() -> impl Strategy<Value = Vec<(String, Effect)>> {
    let pattern = proptest::sample::select(&PATTERNS[..]).prop_map(str::to_owned);
    let named = proptest::sample::select(&CAPABILITIES[..23]).prop_map(str::to_owned);
    prop::collection::vec((prop_oneof![3 => pattern, 1 => named], effect()), 1..5)
}

fn user() -> impl Strategy<Value = String> {
    (0..PEOPLE).prop_map(key)
}

fn segment() -> impl Strategy<Value = String> {
    proptest::sample::select(&SEGMENTS[..]).prop_map(str::to_owned)
}

fn any_scope() -> impl Strategy<Value = ScopeKey> {
    (0..SCOPES.len()).prop_map(scope)
}

/// Over whom a grant counts.
pub fn audience() -> impl Strategy<Value = AudienceKey> {
    let user = || proptest::sample::select(vec!["boss", "lead", "chief"]).prop_map(str::to_owned);
    let same =
        proptest::sample::select(vec!["team", "level", "boss", "badge", "bench"]).prop_map(str::to_owned);
    prop_oneof![
        3 => segment().prop_map(AudienceKey::Segment),
        1 => user().prop_map(AudienceKey::Reports),
        2 => user().prop_map(AudienceKey::Line),
        1 => same.prop_map(AudienceKey::Same),
    ]
}

/// A grant, within some of the scopes.
pub fn grant(scopes: impl Strategy<Value = ScopeKey>) -> impl Strategy<Value = GrantDefinition> {
    let holder = prop_oneof![
        3 => user().prop_map(HolderKey::User),
        1 => segment().prop_map(HolderKey::Segment)
    ];
    let edge = || prop::option::weighted(0.3, (0..3_i64).prop_map(|place| instant(place * 1000)));
    let role = proptest::sample::select(&ROLES[..]);
    (role, holder, scopes, prop::option::of(audience()), edge(), edge()).prop_map(
        |(role, holder, scope, audience, from, until)| GrantDefinition {
            audience,
            from,
            until,
            ..GrantDefinition::to(role, holder, scope)
        },
    )
}

fn status() -> impl Strategy<Value = Status> {
    proptest::sample::select(vec![Status::Active, Status::Suspended])
}

/// Some change of what decides about access.
pub fn change() -> impl Strategy<Value = Change> {
    let site = || proptest::sample::select(vec!["primary", "a", "b"]);
    let course = || proptest::sample::select(vec!["k0", "k2", "ka", "ka0", "kb"]).prop_map(str::to_owned);
    let role = || proptest::sample::select(&ROLES[..]).prop_map(str::to_owned);
    let own_role = || proptest::sample::select(&ROLES[..5]);
    let people = prop_oneof![
        (user(), status()).prop_map(|(key, status)| UserUpdate::new(key).status(status)),
        (user(), site(), prop::option::weighted(0.9, status())).prop_map(|(key, site, status)| {
            let mut update = UserUpdate::new(key);
            update.sites.push((site.into(), status));
            update
        }),
        (user(), 0..3_i64, proptest::sample::select(vec!["x", "y", "z"]))
            .prop_map(|(key, level, team)| UserUpdate::new(key).set("level", level).set("team", team)),
        (user(), user(), proptest::sample::select(vec!["boss", "lead", "chief"]))
            .prop_map(|(key, named, attribute)| UserUpdate::new(key).set(attribute, named)),
        (
            user(),
            proptest::sample::select(vec!["q", "Q", "p"]),
            proptest::sample::select(vec!["badge", "bench"])
        )
            .prop_map(|(key, value, attribute)| UserUpdate::new(key).set(attribute, value)),
    ];
    let access = prop_oneof![
        5 => grant(any_scope()).prop_map(Change::from),
        3 => (own_role(), effects(), any::<bool>()).prop_map(|(key, effects, needs_audience)| {
            let needs_audience = needs_audience && key == "r2";
            Change::from(RoleDefinition { effects, needs_audience, ..RoleDefinition::new(key) })
        }),
        1 => (proptest::sample::select(vec!["authenticated", "self"]), effects())
            .prop_map(|(key, effects)| RoleDefinition { effects, ..RoleDefinition::new(key) }.into()),
        3 => (role(), any_scope(), effects())
            .prop_map(|(role, scope, effects)| Override { role, scope, effects }.into()),
        1 => (proptest::sample::select(vec!["authenticated", "self"]), any_scope(), effects())
            .prop_map(|(role, scope, effects)| Override { role: role.to_owned(), scope, effects }.into()),
        1 => (any_scope(), prop::bool::weighted(0.6)).prop_map(|(scope, locked)| Change::Lock { scope, locked }),
        1 => (0..6_u32).prop_map(|id| Change::Revoke(GrantId(id))),
        1 => (proptest::sample::select(vec!["course", "category", "site"]), any::<bool>(), any::<bool>()).prop_map(
            |(innermost, over, escalates)| {
                let flags: &[Flag] = if escalates { &[Flag::Escalates] } else { &[] };
                capability("invoice.approve", innermost, over, flags)
            }
        ),
    ];
    let rule = proptest::sample::select(&RULES[..]);
    let sensitivity =
        proptest::sample::select(vec![Sensitivity::Internal, Sensitivity::Personal, Sensitivity::Sensitive]);
    let rest = prop_oneof![
        (segment(), user(), prop::option::of(any::<bool>())).prop_map(|(segment, user, pinned)| {
            let exception = pinned.map(|pinned| if pinned { Exception::Pinned } else { Exception::Banned });
            Change::Exception { segment, user, exception }
        }),
        (segment(), prop::option::of(rule), any::<bool>()).prop_map(|(key, rule, paused)| {
            let definition = match rule {
                Some(rule) => SegmentDefinition::with_rule(key, rule),
                None => SegmentDefinition::new(key),
            };
            let state = Some(if paused { SegmentState::Paused } else { SegmentState::Active });
            SegmentDefinition { state, ..definition }.into()
        }),
        (
            0..2_u32,
            segment(),
            course(),
            role(),
            proptest::sample::select(vec![LeavePolicy::Keep, LeavePolicy::Suspend, LeavePolicy::Unenrol])
        )
            .prop_map(|(number, segment, course, role, on_leave)| {
                let rule = EnrolmentRuleDefinition::new(format!("e{number}"), segment, [course], on_leave);
                EnrolmentRuleDefinition { role, ..rule }.into()
            }),
        (user(), course()).prop_map(|(user, course)| Change::Enrol { user, course }),
        (user(), course(), any::<bool>()).prop_map(|(user, course, suspended)| Change::SuspendEnrolment {
            user,
            course,
            suspended
        }),
        (proptest::sample::select(vec!["team", "pay", "note"]), sensitivity, any::<bool>())
            .prop_map(|(key, sensitivity, own)| attribute(key, sensitivity, own).into()),
        (site(), any::<bool>()).prop_map(|(site, closed)| Change::Close { site: site.to_owned(), closed }),
        proptest::sample::select(vec![
            Change::Delete(Deletable::Attribute, "pay".to_owned()),
            Change::Delete(Deletable::Attribute, "chief".to_owned()),
            Change::Delete(Deletable::Role, "r1".to_owned()),
            Change::Delete(Deletable::EnrolmentRule, "e0".to_owned()),
            Change::Erase { user: key(7) },
            Change::Erase { user: key(0) },
        ]),
    ];
    prop_oneof![3 => people.prop_map(Change::from), 6 => access, 4 => rest]
}

/// A random registry: its states after each of its commits, and the commits.
pub struct Story {
    /// From the empty one on.
    pub snapshots: Vec<Snapshot>,
    /// Each makes the next state.
    pub commits: Vec<Arc<Commit>>,
}

impl Story {
    /// Makes changes, a few in each commit; those that are refused are left out.
    pub fn of(changes: &[Change]) -> Self {
        let mut story = Self { snapshots: vec![Snapshot::default()], commits: Vec::new() };
        story.commit(&definitions());
        for some in changes.chunks(7) {
            story.commit(some);
        }
        story
    }

    fn commit(&mut self, changes: &[Change]) {
        let before = self.last().clone();
        let at = instant(self.commits.len() as i64 - 100);
        let mut draft = Draft::new(&before, at);
        for change in changes {
            let _refused = draft.apply(change.clone());
        }
        if !draft.problems().is_empty() {
            return;
        }
        let outcome = draft.finish("test", "");
        if outcome.commit.is_empty() {
            return;
        }
        self.snapshots.push(outcome.snapshot);
        self.commits.push(outcome.commit);
    }

    /// The last state.
    pub fn last(&self) -> &Snapshot {
        &self.snapshots[self.snapshots.len() - 1]
    }
}

/// One more commit; `None` if anything in it is refused.
pub fn changed(snapshot: &Snapshot, changes: &[Change]) -> Option<Snapshot> {
    let mut draft = Draft::new(snapshot, snapshot.clock().unwrap_or(Instant::EPOCH));
    for change in changes {
        draft.apply(change.clone()).ok()?;
    }
    if !draft.problems().is_empty() {
        return None;
    }
    Some(draft.finish("test", "").snapshot)
}

/// The changes that make a random registry.
pub fn changes(most: usize) -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(change(), 0..most)
}
