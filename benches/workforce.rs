//! A workforce of any size, with thirteen attributes of every type and gaps in what is known, and rules about it of
//! the usual shapes: a few tests joined by "and" and "or", some of them negated. The same for every run, so that what
//! is measured on it can be compared. Not here: what is measured.

use chrono::{DateTime, Days, NaiveDate, Utc};
use matricula::{
    AttributeDefinition, AttributeType, Change, Decimal, Input, Instant, Memory, OptionDefinition, Preview,
    Registry, SegmentDefinition, UserUpdate,
};
use matricula_testkit::company::Random;

const DEPARTMENTS: usize = 20;
const COUNTRIES: usize = 60;
const ROLES: usize = 200;
const LANGUAGES: usize = 15;
const TYPES: usize = 6;
const SKILLS: usize = 500;

/// The instant of all commits.
pub fn now() -> DateTime<Utc> {
    "2026-11-20T06:00:00Z".parse().unwrap()
}

/// The day of all commits.
pub fn today() -> NaiveDate {
    now().date_naive()
}

/// A skewed choice among so many: the first are the most frequent.
fn skewed(random: &mut Random, of: usize) -> usize {
    let (a, b) = (random.below(of), random.below(of));
    a.min(b)
}

/// Places in an organisation of five levels.
fn path(random: &mut Random) -> String {
    let depth = 1 + random.below(5);
    let names: Vec<String> =
        (0..depth).map(|level| format!("L{level}-{}", random.below(6 - level))).collect();
    names.join("/")
}

/// A registry with so many people, in memory.
pub fn people(users: usize) -> Registry {
    let registry = Registry::open(Memory::default()).unwrap();
    let host = registry.as_host("bench");
    let mut tx = host.begin(now()).unwrap();
    let options = |name: &str, count: usize| -> Vec<OptionDefinition> {
        (0..count).map(|number| OptionDefinition::new(format!("{name}-{number}"))).collect()
    };
    for (key, kind) in [
        ("department", AttributeType::Choice(options("department", DEPARTMENTS))),
        ("country", AttributeType::Choice(options("country", COUNTRIES))),
        ("job_role", AttributeType::Text),
        ("language", AttributeType::Choice(options("language", LANGUAGES))),
        ("level", AttributeType::Integer),
        ("hired_on", AttributeType::Date),
        ("contractor", AttributeType::Boolean),
        ("employment", AttributeType::Choice(options("employment", TYPES))),
        ("org", AttributeType::Path),
        ("manager", AttributeType::User),
        ("last_login", AttributeType::Timestamp),
        ("score", AttributeType::Decimal),
        ("skills", AttributeType::MultiChoice(options("skill", SKILLS))),
    ] {
        tx.apply(AttributeDefinition::new(key, kind)).unwrap();
    }
    let mut random = Random::new(11);
    let mut updates = Vec::new();
    for number in 0..users {
        updates.push(person(&mut random, number));
        if updates.len() == 16 * 1024 || number + 1 == users {
            tx.apply(Change::Users(std::mem::take(&mut updates))).unwrap();
        }
    }
    tx.commit().unwrap();
    registry
}

/// One of them; only the manager depends on the number.
pub fn person(random: &mut Random, number: usize) -> UserUpdate {
    let mut update = UserUpdate::new(format!("u{number}"));
    let mut set = |random: &mut Random, missing: usize, key: &str, value: Input| {
        if random.below(100) >= missing {
            update.values.push((key.into(), Some(value)));
        }
    };
    let choice =
        |random: &mut Random, name: &str, of: usize| Input::Text(format!("{name}-{}", skewed(random, of)));
    let department = choice(random, "department", DEPARTMENTS);
    set(random, 2, "department", department);
    let country = choice(random, "country", COUNTRIES);
    set(random, 1, "country", country);
    let role = choice(random, "Role", ROLES);
    set(random, 5, "job_role", role);
    let language = choice(random, "language", LANGUAGES);
    set(random, 0, "language", language);
    let level = 1 + i64::try_from(skewed(random, 12)).unwrap();
    set(random, 3, "level", Input::Integer(level));
    let hired = today().checked_sub_days(Days::new(skewed(random, 7_600) as u64)).unwrap();
    set(random, 1, "hired_on", Input::Date(hired));
    let contractor = random.below(100) < 15;
    set(random, 0, "contractor", Input::Boolean(contractor));
    let employment = choice(random, "employment", TYPES);
    set(random, 1, "employment", employment);
    let org = path(random);
    set(random, 1, "org", Input::Text(org));
    // Everybody reports to somebody hired before, on average ten to a manager.
    if number > 0 {
        set(random, 7, "manager", Input::Text(format!("u{}", (number - 1) / 10)));
    }
    let login = now().timestamp_millis() - 1_000 * i64::try_from(skewed(random, 15_000_000)).unwrap();
    set(random, 10, "last_login", Input::Timestamp(Instant::from_millis(login).unwrap()));
    let score = Decimal::from_millionths(10_000 * i64::try_from(random.below(10_001)).unwrap()).unwrap();
    set(random, 20, "score", Input::Decimal(score));
    let skills: Vec<String> =
        (0..random.below(6)).map(|_| format!("skill-{}", skewed(random, SKILLS))).collect();
    set(random, 0, "skills", Input::List(skills));
    update
}

/// A test of one attribute.
fn test(random: &mut Random) -> String {
    let list = |random: &mut Random, name: &str, of: usize, most: usize| {
        let mut picked: Vec<usize> = (0..1 + random.below(most)).map(|_| skewed(random, of)).collect();
        picked.sort_unstable();
        picked.dedup();
        picked.iter().map(|number| format!("\"{name}-{number}\"")).collect::<Vec<_>>().join(", ")
    };
    match random.below(100) {
        0..=15 => format!("user.department in [{}]", list(random, "department", DEPARTMENTS, 3)),
        16..=29 => format!("user.country in [{}]", list(random, "country", COUNTRIES, 9)),
        30..=42 => format!("user.job_role in [{}]", list(random, "Role", ROLES, 8)),
        43..=48 => format!("user.language == \"language-{}\"", skewed(random, LANGUAGES)),
        49..=58 => {
            let least = 2 + random.below(7);
            match random.below(3) {
                0 => format!("user.level >= {least}"),
                1 => format!("user.level <= {least}"),
                _ => format!("user.level.between({least}, {})", least + 1 + random.below(3)),
            }
        }
        59..=64 => format!("user.hired_on.withinLast({}, \"days\")", [7, 30, 90, 180, 365][random.below(5)]),
        65..=68 => {
            let days = 365 + random.below(14 * 365);
            let first =
                today().checked_sub_days(Days::new((days + 180 + random.below(1_300)) as u64)).unwrap();
            let last = today().checked_sub_days(Days::new(days as u64)).unwrap();
            format!("user.hired_on.between(date(\"{first}\"), date(\"{last}\"))")
        }
        69..=73 => {
            if random.below(2) == 0 {
                "user.contractor".to_owned()
            } else {
                "!user.contractor".to_owned()
            }
        }
        74..=83 => {
            let skills = list(random, "skill", 120, 3);
            let all = if random.below(10) < 2 { "allOf" } else { "anyOf" };
            format!("user.skills.{all}([{skills}])")
        }
        84..=87 => format!(
            "user.score {} {}",
            [">=", "<"][random.below(2)],
            [40, 50, 60, 70, 80, 90][random.below(6)]
        ),
        88..=92 => format!("user.org.under(\"{}\")", path(random)),
        93..=94 => "has(user.manager)".to_owned(),
        95..=96 => format!("user.last_login.withinLast({}, \"days\")", [14, 30, 90, 180][random.below(4)]),
        _ => format!("user.employment in [{}]", list(random, "employment", TYPES, 3)),
    }
}

/// A rule of two to five tests.
pub fn rule(random: &mut Random) -> String {
    let count = [2, 2, 2, 3, 3, 3, 3, 4, 4, 5][random.below(10)];
    let tests: Vec<String> = (0..count)
        .map(|_| {
            let test = test(random);
            if random.below(100) < 15 { format!("!({test})") } else { test }
        })
        .collect();
    match random.below(4) {
        0 => tests.join(" || "),
        1 | 2 => tests.join(" && "),
        _ => {
            let (first, others) = tests.split_at(count / 2);
            format!("({}) && ({})", first.join(" && "), others.join(" || "))
        }
    }
}
/// Works out the members of so many segments from scratch, and keeps them: how long it takes, in seconds, and what it
/// comes to. They are `s0`, `s1` and so on, and always have the same rules.
pub fn from_scratch(registry: &Registry, rules: usize) -> (f64, Preview) {
    let mut random = Random::new(5);
    let mut tx = registry.as_host("bench").begin(now()).unwrap();
    for number in 0..rules {
        tx.apply(SegmentDefinition::with_rule(format!("s{number}"), rule(&mut random))).unwrap();
    }
    timed(|| tx.preview().unwrap())
}

/// How long something takes, in seconds, and what it gives.
pub fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = std::time::Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64(), result)
}

/// The middle of some measurements.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
