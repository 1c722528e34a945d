//! Who may do what: 100,000 people with three grants each at ten sites with a thousand courses; beside a bare sorted array of
//! the plain part, in the same run.

use matricula::{
    AttributeType, AudienceKey, CapabilityId, CategoryDefinition, Change, CourseDefinition, CourseId, Effect,
    GrantDefinition, HolderKey, Instant, Memory, Over, Registry, RoleDefinition, Scope, ScopeKey,
    SiteDefinition, Snapshot, UserId, UserUpdate, course,
};

use crate::row::Report;
use crate::{against, alone, median, timed};

const USERS: u32 = 100_000;
const SITES: u32 = 10;
const CATEGORIES: u32 = 100;
const COURSES: u32 = 1_000;
const TEAMS: u32 = 100;
const ROLES: [&str; 5] = ["course_creator", "instructor", "reporter", "learner", "auditor"];
const ASKED: [&str; 8] = [
    "course.view",
    "course.edit",
    "content.edit",
    "assessment.create",
    "enrolment.bulk",
    "group.create",
    "content.view",
    "assessment.submit",
];

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(below)).unwrap_or(0)
    }
}

fn site_key(site: u32) -> String {
    if site == 0 { "primary".to_owned() } else { format!("site{site}") }
}

/// Sites, categories, courses, people; then a third of the grants at sites, categories and courses each.
fn company() -> (Registry, Vec<Change>) {
    let registry = Registry::open(Memory::default()).expect("an empty registry");
    let mut tx = registry.as_host("bench").begin(Instant::EPOCH).expect("an instant");
    let mut make = |change: Change| tx.apply(change).expect("a change that can be made");
    for site in 1..SITES {
        make(SiteDefinition { key: site_key(site), name: None, zone: None }.into());
    }
    for category in 0..CATEGORIES {
        let definition = CategoryDefinition {
            key: format!("category{category}"),
            site: Some(site_key(category % SITES)),
            ..CategoryDefinition::default()
        };
        make(definition.into());
    }
    for course in 0..COURSES {
        let category = Some(format!("category{}", course % CATEGORIES));
        make(CourseDefinition { category, ..CourseDefinition::new(format!("course{course}")) }.into());
    }
    let deny = RoleDefinition::new("auditor").allow("course.view").deny("content.edit");
    make(deny.into());
    make(matricula::AttributeDefinition::new("manager", AttributeType::User).into());
    make(matricula::AttributeDefinition::new("team", AttributeType::Text).into());
    let people = (0..USERS).map(|user| {
        let update = (0..SITES)
            .fold(UserUpdate::new(format!("user{user}")), |update, site| update.join(site_key(site)));
        let update = if user > 0 { update.set("manager", format!("user{}", user / 10)) } else { update };
        if user % 10 < 3 { update.set("team", format!("team{}", user / 10 % TEAMS)) } else { update }
    });
    make(Change::Users(people.collect()));
    for team in 0..TEAMS {
        let rule = format!("user.team == \"team{team}\"");
        make(matricula::SegmentDefinition::with_rule(format!("team{team}"), rule).into());
    }
    tx.commit().expect("a commit");
    (registry, grants())
}

fn grants() -> Vec<Change> {
    let mut dice = Dice(7);
    let mut grants = Vec::new();
    for user in 0..USERS {
        for number in 0..3 {
            if number == 2 && user % 10 < 3 {
                // By way of the team.
                continue;
            }
            let scope = match dice.roll(3) {
                0 => ScopeKey::Site(site_key(dice.roll(SITES))),
                1 => ScopeKey::Category(format!("category{}", dice.roll(CATEGORIES))),
                _ => ScopeKey::Course(format!("course{}", dice.roll(COURSES))),
            };
            // One in twenty denies something.
            let role = if dice.roll(20) == 0 { 4 } else { dice.roll(4) };
            let role = ROLES.get(role as usize).copied().unwrap_or("learner");
            let mut grant = GrantDefinition::new(role, format!("user{user}"), scope);
            if dice.roll(10) == 0 {
                grant = grant.during(Some(Instant::EPOCH), Instant::from_millis(4_000_000_000_000).ok());
            }
            if dice.roll(5) == 0 {
                grant = grant.over(AudienceKey::Line("manager".to_owned()));
            }
            grants.push(grant.into());
        }
    }
    for team in 0..TEAMS {
        let scope = ScopeKey::Course(format!("course{}", dice.roll(COURSES)));
        let holder = HolderKey::Segment(format!("team{team}"));
        grants.push(GrantDefinition::to("instructor", holder, scope).into());
    }
    grants
}

/// The plain part as a bare sorted array: offsets by person, then scope and what may be done there as bits.
struct Bare {
    offsets: Vec<u32>,
    held: Vec<(u32, u32)>,
    above: Vec<u32>,
}

fn code(scope: Scope) -> u32 {
    match scope {
        Scope::Registry => 0,
        Scope::Site(site) => 1 + site.0,
        Scope::Category(category) => 1 + SITES + category.0,
        Scope::Course(course) => 1 + SITES + CATEGORIES + course.0,
    }
}

impl Bare {
    fn new(snapshot: &Snapshot, asked: &[CapabilityId]) -> Self {
        let mut by_user: Vec<Vec<(u32, u32)>> = vec![Vec::new(); USERS as usize];
        for (_, grant) in snapshot.grants() {
            let matricula::Holder::User(user) = grant.holder else { continue };
            let mut mask = 0;
            for (bit, capability) in asked.iter().enumerate() {
                if snapshot.effect(grant.role, *capability, grant.scope) == Some(Effect::Allow) {
                    mask |= 1 << bit;
                }
            }
            if let Some(held) = by_user.get_mut(user.0 as usize) {
                held.push((code(grant.scope), mask));
            }
        }
        let (mut offsets, mut all) = (vec![0], Vec::new());
        for mut held in by_user {
            held.sort_unstable();
            all.extend(held);
            offsets.push(u32::try_from(all.len()).unwrap_or(u32::MAX));
        }
        let mut above = vec![0; 1 + (SITES + CATEGORIES + COURSES) as usize];
        for category in 0..CATEGORIES {
            above[(1 + SITES + category) as usize] = 1 + category % SITES;
        }
        for course in 0..COURSES {
            above[(1 + SITES + CATEGORIES + course) as usize] = 1 + SITES + course % CATEGORIES;
        }
        Self { offsets, held: all, above }
    }

    fn can(&self, user: u32, bit: u32, mut scope: u32) -> bool {
        let (from, to) = (self.offsets[user as usize] as usize, self.offsets[user as usize + 1] as usize);
        let held = &self.held[from..to];
        loop {
            if held.iter().any(|(at, mask)| *at == scope && mask >> bit & 1 == 1) {
                return true;
            }
            if scope == 0 {
                return false;
            }
            scope = self.above[scope as usize];
        }
    }
}

/// Questions: half from what people hold, a quarter near it, a quarter by chance.
fn questions(snapshot: &Snapshot, asked: &[CapabilityId]) -> Vec<(UserId, usize, Scope)> {
    let mut dice = Dice(11);
    let grants: Vec<_> = snapshot.grants().collect();
    let mut questions = Vec::new();
    while questions.len() < 200_000 {
        let capability = dice.roll(u32::try_from(asked.len()).unwrap_or(1)) as usize;
        let course = Scope::Course(CourseId(dice.roll(COURSES)));
        match dice.roll(4) {
            0 => questions.push((UserId(dice.roll(USERS)), capability, course)),
            kind => {
                let (_, grant) = &grants[dice.roll(u32::try_from(grants.len()).unwrap_or(1)) as usize];
                let matricula::Holder::User(user) = grant.holder else { continue };
                let scope = match grant.scope {
                    Scope::Course(_) if kind != 1 => grant.scope,
                    Scope::Category(category) if kind != 1 => {
                        Scope::Course(CourseId(category.0 + CATEGORIES * dice.roll(COURSES / CATEGORIES)))
                    }
                    Scope::Site(site) if kind != 1 => {
                        Scope::Course(CourseId(site.0 + SITES * dice.roll(COURSES / SITES)))
                    }
                    _ => course,
                };
                questions.push((user, capability, scope));
            }
        }
    }
    questions
}

/// All rows about access.
pub fn measure(report: &mut Report<'_>) {
    let (registry, changes) = company();
    let before = registry.snapshot().memory(None).held;
    let mut tx = registry.as_host("bench").begin(Instant::EPOCH).expect("an instant");
    let (build, ()) = timed(|| changes.into_iter().for_each(|change| tx.apply(change).expect("a grant")));
    tx.commit().expect("a commit");
    let snapshot = registry.snapshot();
    let held = snapshot.memory(None).held.saturating_sub(before);
    let asked: Vec<CapabilityId> =
        ASKED.iter().map(|name| snapshot.capability_id(name).expect("a capability")).collect();
    let bare = Bare::new(&snapshot, &asked);
    let questions = questions(&snapshot, &asked);
    let at = Instant::from_millis(1_000).expect("an instant");
    let actor = |user: UserId| snapshot.as_actor_of(user, at);
    let actors: Vec<_> = (0..USERS).map(|user| actor(UserId(user))).collect();
    let per = |seconds: f64, count: usize| seconds * 1e9 / count as f64;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut yes = 0;
    for _ in 0..5 {
        let (seconds, count) = timed(|| {
            questions
                .iter()
                .filter(|(user, capability, scope)| {
                    actors[user.0 as usize].may(asked[*capability], *scope, Over::Nobody)
                })
                .count()
        });
        ours.push(per(seconds, questions.len()));
        yes = count;
        let (seconds, count) = timed(|| {
            questions
                .iter()
                .filter(|(user, capability, scope)| {
                    bare.can(user.0, u32::try_from(*capability).unwrap_or(0), code(*scope))
                })
                .count()
        });
        std::hint::black_box(count);
        theirs.push(per(seconds, questions.len()));
    }
    let bare_ns = median(theirs);
    let share = yes as f64 * 100.0 / questions.len() as f64;
    let reference = || ("bare sorted array of the plain part, ns", bare_ns);
    report.add(&against("can, by ids", median(ours), "ns", reference(), Some(120.0)));
    report.add(&alone("can, of which yes", share, "%", None));
    let keys: Vec<(String, &str, String)> = questions
        .iter()
        .take(20_000)
        .filter_map(|(user, capability, scope)| match scope {
            Scope::Course(course) => {
                let course = snapshot.course(*course)?.key.clone();
                Some((snapshot.user_key(*user).to_owned(), ASKED[*capability], course))
            }
            _ => None,
        })
        .collect();
    let views: Vec<_> = keys.iter().map(|(user, ..)| registry.as_actor(user, at)).collect();
    let mut by_keys = Vec::new();
    for _ in 0..5 {
        let (seconds, count) = timed(|| {
            let asked = views.iter().zip(&keys);
            asked.filter(|(view, (_, name, key))| view.can(name, course(key)).is_ok_and(|may| may)).count()
        });
        std::hint::black_box(count);
        by_keys.push(per(seconds, keys.len()));
    }
    report.add(&against("can, by keys", median(by_keys), "ns", reference(), Some(400.0)));
    let view = snapshot.capability_id("content.edit").expect("a capability");
    let (seconds, count) =
        timed(|| (0..2_000).map(|number| actors[number * 50].courses(view).len()).sum::<usize>());
    let found = count as f64 / 2_000.0;
    report.add(&alone("list of one person's courses", seconds * 1e6 / 2_000.0, "us", Some(2.0)));
    report.add(&alone("list of one person's courses, of which found", found, "", None));
    let mut who = Vec::new();
    let mut people = 0;
    for number in 0..20 {
        let scope = Scope::Course(CourseId(number * 17));
        let (seconds, rows) = timed(|| snapshot.who_can(view, scope, Over::Nobody, at));
        people = rows.len();
        who.push(seconds * 1e6);
    }
    report.add(&alone("who_can", median(who), "us", None));
    report.add(&alone("who_can, people found", people as f64, "", None));
    report.add(&alone("grants of 100,000 people: build", build, "s", Some(0.5)));
    report.add(&alone("grants of 100,000 people: memory", held as f64 / 1_048_576.0, "MiB", Some(25.0)));
    let mut seen = Vec::new();
    for number in 0..50_u32 {
        let user = format!("user{}", number * 1_000);
        let mut tx = registry.as_host("bench").begin(Instant::EPOCH).expect("an instant");
        let scope = ScopeKey::Course(format!("course{number}"));
        tx.apply(GrantDefinition::new("course_creator", user.as_str(), scope)).expect("a grant");
        tx.commit().expect("a commit");
        let (seconds, may) =
            timed(|| registry.as_actor(&user, at).can("course.edit", course(&format!("course{number}"))));
        assert!(may.is_ok_and(|may| may));
        seen.push(seconds * 1e6);
    }
    report.add(&alone("one grant visible after its commit", median(seen), "us", Some(20.0)));
}
