//! The engine in memory: import, first evaluation, a single change with a reader, and what a commit copies.

use std::ops::ControlFlow;

use chrono::{DateTime, NaiveDate, Utc};
use matricula::{
    Absent, AttributeType, Blank, ImportOptions, LeavePolicy, Mapping, Memory, Registry, Transaction,
    UserUpdate,
};
use matricula_testkit::company::{Company, Random};

use crate::row::Report;
use crate::{against, alone, median, timed};

/// The company whose feeds are measured.
pub struct Bench {
    /// The feed of the first day.
    pub feed: String,
    /// How many people.
    pub users: usize,
}

/// Segments and as many enrolment rules.
pub const SEGMENTS: usize = 100;

impl Bench {
    /// A company of this many people.
    pub fn new(users: usize) -> Self {
        let company = Company::new(users, NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(), 7);
        Self { feed: company.feed(false), users }
    }
}

/// The instant of all commits.
pub fn now() -> DateTime<Utc> {
    "2026-11-20T06:00:00Z".parse().unwrap()
}

/// The attributes of the company.
pub fn define_attributes(tx: &mut Transaction) {
    let options = |keys: &[&str]| AttributeType::Choice(keys.iter().map(|&key| key.into()).collect());
    tx.define_site("labs").unwrap();
    for key in ["first_name", "last_name", "email", "department", "job_title", "cost_centre"] {
        tx.define_attribute(key, AttributeType::Text).unwrap();
    }
    tx.define_attribute("country", options(&["ZA", "DE", "NL", "BR", "IN", "US"])).unwrap();
    tx.define_attribute("employment", options(&["permanent", "fixed-term", "contractor"])).unwrap();
    tx.define_attribute("hired_on", AttributeType::Date).unwrap();
}

/// Segments of different shapes, and as many enrolment rules, into forty courses.
pub fn define_rules(tx: &mut Transaction, count: usize) {
    let mut random = Random::new(1);
    let departments =
        ["Sales", "Operations", "Engineering", "Customer Service", "Finance", "Research", "People"];
    let countries = ["ZA", "DE", "NL", "BR", "IN", "US"];
    let levels = ["Assistant", "Specialist", "Senior Specialist", "Team Lead", "Manager"];
    for number in 0..count {
        let (department, other) = (random.pick(&departments), random.pick(&departments));
        let (country, level) = (random.pick(&countries), random.pick(&levels));
        let days = 30 + random.below(2000);
        let cost_centre = 4000 + random.below(37);
        let rule = match number % 5 {
            0 => format!(r#"user.department == "{department}" && user.country == "{country}""#),
            1 => format!(r#"user.hired_on > today - days({days}) && user.job_title != "{level}""#),
            2 => {
                format!(r#"user.department in ["{department}", "{other}"] && !(user.country == "{country}")"#)
            }
            3 => format!(r#"user.cost_centre >= "{cost_centre}" && user.job_title == "{level}""#),
            _ => format!(
                r#"user.employment == "contractor" || user.hired_on < today - days({days}) && user.country == "{country}""#
            ),
        };
        tx.define_segment(&format!("segment-{number}"), &rule).unwrap();
        let course = format!("course-{}", number % 40);
        tx.define_course(&course).unwrap();
        let policy = [LeavePolicy::Keep, LeavePolicy::Suspend, LeavePolicy::Unenrol][number % 3];
        tx.define_enrolment_rule(&format!("rule-{number}"), &format!("segment-{number}"), &[&course], policy)
            .unwrap();
    }
}

/// Which column means what.
pub fn mapping() -> Mapping {
    let attributes = [
        "first_name",
        "last_name",
        "email",
        "department",
        "job_title",
        "country",
        "employment",
        "hired_on",
        "cost_centre",
    ];
    let targets: Vec<String> = attributes.iter().map(|key| format!("user.{key}")).collect();
    let pairs = attributes.iter().copied().zip(targets.iter().map(String::as_str));
    Mapping::from_pairs(pairs.chain([("employee_id", "key"), ("site", "site")])).unwrap()
}

/// Imports a feed into a transaction.
pub fn import(tx: &mut Transaction, feed: &str) {
    let options = ImportOptions { blank: Blank::Clear, absent: Absent::Leave, ..ImportOptions::default() };
    let report =
        tx.import_users(feed.as_bytes(), &mapping(), options, |_| ControlFlow::Continue(())).unwrap();
    assert!(report.errors.is_empty(), "{report}");
}

/// Measures a registry in memory, and gives it.
pub fn in_memory(bench: &Bench, report: &mut Report<'_>) -> Registry {
    let registry = Registry::open(Memory::default()).unwrap();
    let host = registry.as_host("bench");
    let mut tx = host.begin(now()).unwrap();
    define_attributes(&mut tx);
    let (parsed, rows) = timed(|| split_cells(&bench.feed));
    let (imported, ()) = timed(|| import(&mut tx, &bench.feed));
    let (committed, _) = timed(|| tx.commit().unwrap());
    assert_eq!(rows, bench.users);
    let reference = ("splitting the feed into cells", parsed);
    report.add(&against("import from CSV, memory", imported + committed, "s", reference, None));

    let mut tx = host.begin(now()).unwrap();
    define_rules(&mut tx, SEGMENTS);
    let (first, preview) = timed(|| tx.preview().unwrap());
    let enrolments: u64 = preview.delta().course_counts().iter().map(|(_, _, count)| count).sum();
    let steps = f64::from(u32::try_from(enrolments).unwrap());
    let bare = bare_enrolments(preview.snapshot());
    report.add(&against(
        &format!("first evaluation and plan, {SEGMENTS} segments and rules"),
        first,
        "s",
        ("pushing the same enrolments into plain lists", bare),
        Some(3.0),
    ));
    report.add(&alone("  enrolment steps planned", steps / 1e6, "M", None));
    tx.commit().unwrap();

    single_change(bench, &registry, report);
    memory(bench, &registry, report);
    registry
}

/// What any reader of the feed has to do at least.
fn split_cells(feed: &str) -> usize {
    let mut cells = 0;
    for line in feed.lines().skip(1) {
        cells += line.split(',').filter(|cell| !cell.is_empty()).count();
    }
    std::hint::black_box(cells);
    feed.lines().count() - 1
}

/// What any plan has to write at least: for each person the courses.
fn bare_enrolments(snapshot: &matricula::Snapshot) -> f64 {
    let targets: Vec<_> =
        snapshot.enrolment_rules().map(|rule| (rule.courses[0], snapshot.members_of(rule.segment))).collect();
    let (seconds, lists) = timed(|| {
        let mut lists: Vec<Vec<(matricula::CourseId, i64)>> = vec![Vec::new(); snapshot.user_count()];
        for (course, members) in &targets {
            for row in members.iter() {
                let list = &mut lists[row as usize];
                if !list.iter().any(|(there, _)| there == course) {
                    list.push((*course, 0));
                }
            }
        }
        lists
    });
    std::hint::black_box(&lists);
    seconds
}

/// One value of one person, with a reader that holds the snapshot before it.
fn single_change(bench: &Bench, registry: &Registry, report: &mut Report<'_>) {
    let host = registry.as_host("bench");
    let mut random = Random::new(3);
    let departments = ["Sales", "Operations", "Engineering", "Finance"];
    let (mut commits, mut copies, mut plain) = (Vec::new(), Vec::new(), vec![0_u32; bench.users]);
    let mut bare = Vec::new();
    for _ in 0..200 {
        let row = random.below(bench.users);
        let key = format!("E{}", 10_001 + row);
        let department = random.pick(&departments);
        let reader = registry.snapshot();
        let (seconds, delta) = timed(|| {
            let mut tx = host.begin(now()).unwrap();
            tx.update_user(UserUpdate::new(&*key).set("department", department)).unwrap();
            tx.commit().unwrap()
        });
        bare.push(timed(|| plain[std::hint::black_box(row)] += 1).0 * 1e6);
        if !delta.is_empty() {
            commits.push(seconds * 1e6);
            let bytes = registry.snapshot().memory(Some(&reader));
            copies.push((bytes.unshared as f64 / 1024.0, bytes.held as f64 / 1024.0));
        }
    }
    std::hint::black_box(&plain);
    let reference = ("writing one number in an array", median(bare));
    report.add(&against(
        "one attribute of one person, memory, a reader",
        median(commits),
        "µs",
        reference,
        Some(100.0),
    ));
    let held = median(copies.iter().map(|(_, held)| *held).collect());
    let unshared = median(copies.iter().map(|(unshared, _)| *unshared).collect());
    report.add(&against(
        "  memory not shared with the reader",
        unshared,
        "KiB",
        ("the whole snapshot", held),
        None,
    ));
}

/// What a person and an enrolment take.
fn memory(bench: &Bench, registry: &Registry, report: &mut Report<'_>) {
    let snapshot = registry.snapshot();
    let held = snapshot.memory(None).held as f64;
    report.add(&alone(
        "memory held, per person, 9 attributes and enrolments",
        held / bench.users as f64,
        "B",
        None,
    ));
    report.add(&alone("  enrolments", snapshot.enrolment_count() as f64 / 1e6, "M", None));
}
