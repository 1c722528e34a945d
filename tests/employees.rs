//! Seventeen years of a company's dated histories, replayed as daily feeds into a register on disk; at ten dates
//! every membership and enrolment is compared with what the rows themselves say, then, and once more when all is past.
//!
//! The data is the `employees` sample (see `docs/data.md`); where it is absent this says so and passes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant as Stopwatch;

use chrono::{DateTime, Months, NaiveDate, NaiveTime, Utc};
use matricula::{
    AttributeType, EnrolmentStatus, ImportOptions, Instant, LeavePolicy, Mapping, Registry, Snapshot, Sqlite,
    UserId,
};

/// A value with the days on which it holds: from the first, before the second.
type Dated = (NaiveDate, Option<NaiveDate>, String);

#[derive(Default)]
struct Rows {
    born: NaiveDate,
    hired: NaiveDate,
    departments: Vec<Dated>,
    titles: Vec<Dated>,
    managing: Vec<Dated>,
}

/// The value on a day: of the latest row that covers it.
fn on<'a>(rows: &'a [Dated], day: NaiveDate) -> Option<&'a str> {
    let covers = |(from, to, _): &&'a Dated| *from <= day && to.is_none_or(|to| day < to);
    rows.iter().filter(covers).max_by_key(|(from, ..)| *from).map(|(_, _, value)| value.as_str())
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn read(folder: &std::path::Path) -> BTreeMap<String, Rows> {
    let table = |name: &str| -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
    };
    let dated = |row: &[String], value: &str| {
        (date(&row[2]), (!row[3].is_empty()).then(|| date(&row[3])), value.to_owned())
    };
    let names: BTreeMap<String, String> =
        table("departments.csv").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let mut people: BTreeMap<String, Rows> = BTreeMap::new();
    for row in table("employees.csv") {
        people.insert(row[0].clone(), Rows { born: date(&row[1]), hired: date(&row[5]), ..Rows::default() });
    }
    for row in table("dept_emp.csv") {
        people.get_mut(&row[0]).unwrap().departments.push(dated(&row, &names[&row[1]]));
    }
    for row in table("titles.csv") {
        people.get_mut(&row[0]).unwrap().titles.push(dated(&row, &row[1]));
    }
    for row in table("dept_manager.csv") {
        people.get_mut(&row[0]).unwrap().managing.push(dated(&row, &names[&row[1]]));
    }
    for rows in people.values_mut() {
        for dated in [&mut rows.departments, &mut rows.titles, &mut rows.managing] {
            dated.sort();
        }
    }
    people
}

/// Who is with the company: whoever has a department.
fn is_here(rows: &Rows, day: NaiveDate) -> bool {
    on(&rows.departments, day).is_some()
}

const SEGMENTS: &[(&str, &str)] = &[
    ("development", r#"user.department == "Development""#),
    ("engineers", r#"user.title in ["Engineer", "Senior Engineer", "Assistant Engineer"]"#),
    ("starters", "user.hired_on > today - days(180)"),
    ("veterans", r#"user.hired_on <= today - years(5) && user.title != "Staff""#),
    ("department-heads", "has(user.manages)"),
    ("under-35", "user.born_on > today - years(35)"),
    ("market", r#"(user.department in ["Sales", "Marketing"]) && !(user.title == "Senior Staff")"#),
    ("in-marketing", r#"user.department == "Marketing""#),
    ("in-finance", r#"user.department == "Finance""#),
    ("in-human-resources", r#"user.department == "Human Resources""#),
    ("in-production", r#"user.department == "Production""#),
    ("in-quality-management", r#"user.department == "Quality Management""#),
    ("in-sales", r#"user.department == "Sales""#),
    ("in-research", r#"user.department == "Research""#),
    ("in-customer-service", r#"user.department == "Customer Service""#),
    ("is-assistant-engineer", r#"user.title == "Assistant Engineer""#),
    ("is-engineer", r#"user.title == "Engineer""#),
    ("is-senior-engineer", r#"user.title == "Senior Engineer""#),
    ("is-senior-staff", r#"user.title == "Senior Staff""#),
    ("is-staff", r#"user.title == "Staff""#),
    ("is-technique-leader", r#"user.title == "Technique Leader""#),
    ("seniors", r#"user.title.startsWith("Senior")"#),
    ("staff", r#"user.title.contains("Staff")"#),
    ("untitled", "!has(user.title)"),
    ("over-50", "user.born_on.olderThan(50, \"years\")"),
    ("first-year", r#"user.hired_on.withinLast(1, "years")"#),
    ("expert-engineers", r#"inSegment("engineers") && inSegment("veterans")"#),
    ("outside-market", r#"!inSegment("market")"#),
    ("builders", r#"user.department in ["Production", "Development"] || user.title == "Technique Leader""#),
    ("hired-in-1990", r#"user.hired_on >= date("1990-01-01") && user.hired_on < date("1991-01-01")"#),
];

/// The value that rows, in the order in which they begin, give for a day, read from the first to the last. The feeds are made by
/// another reading (`on`), so that a mistake in one shows.
fn in_the_rows(rows: &[Dated], day: NaiveDate) -> Option<&str> {
    let mut value = None;
    for (from, to, this) in rows {
        if *from > day {
            break;
        }
        if to.is_none() || *to > Some(day) {
            value = Some(this.as_str());
        }
    }
    value
}

/// The same, said in plain Rust about the rows.
fn belongs(segment: &str, rows: &Rows, day: NaiveDate) -> bool {
    let department = in_the_rows(&rows.departments, day);
    let title = in_the_rows(&rows.titles, day);
    let years_ago = |years: u32| day.checked_sub_months(Months::new(12 * years)).unwrap();
    department.is_some()
        && match segment {
            "development" => department == Some("Development"),
            "engineers" => title.is_some_and(|title| title.ends_with("Engineer")),
            "starters" => (day - rows.hired).num_days() < 180,
            "veterans" => rows.hired <= years_ago(5) && title.is_some_and(|title| title != "Staff"),
            "department-heads" => in_the_rows(&rows.managing, day).is_some(),
            "under-35" => rows.born > years_ago(35),
            "market" => {
                // Without a title the second half is unknown, and so is the whole: not a member.
                matches!(department, Some("Sales" | "Marketing"))
                    && title.is_some_and(|title| title != "Senior Staff")
            }
            "seniors" => title.is_some_and(|title| title.split(' ').next() == Some("Senior")),
            "staff" => matches!(title, Some("Staff" | "Senior Staff")),
            "untitled" => title.is_none(),
            "over-50" => rows.born < years_ago(50),
            "first-year" => years_ago(1) <= rows.hired && rows.hired <= day,
            "expert-engineers" => belongs("engineers", rows, day) && belongs("veterans", rows, day),
            "outside-market" => !belongs("market", rows, day),
            "builders" => {
                matches!(department, Some("Production" | "Development")) || title == Some("Technique Leader")
            }
            "hired-in-1990" => rows.hired.to_string().starts_with("1990-"),
            // One department or title.
            _ => {
                let named = |value: Option<&str>| value.map(|value| value.to_lowercase().replace(' ', "-"));
                match segment.split_once('-').unwrap() {
                    ("in", name) => named(department).as_deref() == Some(name),
                    ("is", name) => named(title).as_deref() == Some(name),
                    _ => unreachable!("{segment}"),
                }
            }
        }
}

const RULES: &[(&str, &str, LeavePolicy)] = &[
    ("secure-coding", "development", LeavePolicy::Keep),
    ("architecture", "engineers", LeavePolicy::Suspend),
    ("welcome", "starters", LeavePolicy::Unenrol),
    ("mentoring", "veterans", LeavePolicy::Unenrol),
    ("leadership", "department-heads", LeavePolicy::Suspend),
    ("selling", "market", LeavePolicy::Unenrol),
    ("brand", "in-marketing", LeavePolicy::Keep),
    ("accounts", "in-finance", LeavePolicy::Suspend),
    ("hiring", "in-human-resources", LeavePolicy::Unenrol),
    ("line-safety", "in-production", LeavePolicy::Suspend),
    ("audits", "in-quality-management", LeavePolicy::Keep),
    ("lab-safety", "in-research", LeavePolicy::Unenrol),
    ("calls", "in-customer-service", LeavePolicy::Suspend),
    ("reviewing", "seniors", LeavePolicy::Keep),
    ("basics", "is-assistant-engineer", LeavePolicy::Unenrol),
    ("patents", "is-technique-leader", LeavePolicy::Keep),
    ("pensions", "over-50", LeavePolicy::Unenrol),
    ("checkpoint", "first-year", LeavePolicy::Unenrol),
    ("coaching", "expert-engineers", LeavePolicy::Unenrol),
    ("machines", "builders", LeavePolicy::Suspend),
];

/// Whether a person was in a segment on any day so far. Only segments are asked this whose answer changes with the rows
/// alone, which it does on days on which a row begins or ends.
fn ever(segment: &str, rows: &Rows, until: NaiveDate) -> bool {
    let dated = rows.departments.iter().chain(&rows.titles).chain(&rows.managing);
    let days = dated.flat_map(|(from, to, _)| [Some(*from), *to]).flatten();
    days.chain([rows.hired]).any(|day| day <= until && belongs(segment, rows, day))
}

fn morning(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::from_hms_opt(6, 0, 0).unwrap()).and_utc()
}

fn define(registry: &Registry, first: NaiveDate) {
    let mut tx = registry.as_host("hr").begin(morning(first)).unwrap();
    for key in ["department", "title", "manages"] {
        tx.define_attribute(key, AttributeType::Text).unwrap();
    }
    for key in ["born_on", "hired_on"] {
        tx.define_attribute(key, AttributeType::Date).unwrap();
    }
    for (key, rule) in SEGMENTS {
        tx.define_segment(key, rule).unwrap();
    }
    for (course, segment, on_leave) in RULES {
        tx.define_course(course).unwrap();
        tx.define_enrolment_rule(&format!("{course}-rule"), segment, &[course], *on_leave).unwrap();
    }
    tx.commit().unwrap();
}

/// The feed of a day: everybody of whom something changed.
fn feed(people: &BTreeMap<String, Rows>, concerned: &BTreeSet<&str>, day: NaiveDate) -> String {
    let mut feed = String::from("id,department,title,manages,born,hired,status\n");
    for id in concerned {
        let rows = &people[*id];
        let status = if is_here(rows, day) { "active" } else { "suspended" };
        let value = |of: &[Dated]| on(of, day).unwrap_or_default().to_owned();
        let (department, title, manages) =
            (value(&rows.departments), value(&rows.titles), value(&rows.managing));
        feed.push_str(&format!(
            "{id},{department},{title},{manages},{},{},{status}\n",
            rows.born, rows.hired
        ));
    }
    feed
}

fn check(snapshot: &Snapshot, people: &BTreeMap<String, Rows>, day: NaiveDate) {
    for (segment, _) in SEGMENTS {
        let members = snapshot.members(segment).unwrap();
        let engine: BTreeSet<&str> = members.iter().map(|row| snapshot.user_key(UserId(row))).collect();
        let rows: BTreeSet<&str> = people
            .iter()
            .filter(|(_, rows)| belongs(segment, rows, day))
            .map(|(id, _)| id.as_str())
            .collect();
        assert_eq!(engine, rows, "{segment} on {day}");
    }
    for (course, segment, on_leave) in RULES {
        let course_id = snapshot.course_id(course).unwrap();
        let engine: BTreeMap<&str, EnrolmentStatus> = snapshot
            .enrolments_in(course_id)
            .map(|enrolment| (snapshot.user_key(enrolment.user), enrolment.status))
            .collect();
        let expected = |rows: &Rows| match (belongs(segment, rows, day), on_leave) {
            (true, _) => Some(EnrolmentStatus::Active),
            (false, LeavePolicy::Unenrol) => None,
            (false, LeavePolicy::Keep) => ever(segment, rows, day).then_some(EnrolmentStatus::Active),
            (false, LeavePolicy::Suspend) => ever(segment, rows, day).then_some(EnrolmentStatus::Suspended),
        };
        let rows: BTreeMap<&str, EnrolmentStatus> =
            people.iter().filter_map(|(id, rows)| Some((id.as_str(), expected(rows)?))).collect();
        assert_eq!(engine, rows, "{course} on {day}");
    }
}

#[test]
fn a_replay_of_daily_feeds_is_what_the_rows_say() {
    let folder = std::env::var("MATRICULA_EMPLOYEES").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/employees")),
        PathBuf::from,
    );
    if !folder.join("employees.csv").is_file() {
        println!(
            "left out: the employees sample is not on this machine (MATRICULA_EMPLOYEES names its folder)"
        );
        return;
    }
    let people = read(&folder);
    // Who is concerned on which day.
    let mut days: BTreeMap<NaiveDate, BTreeSet<&str>> = BTreeMap::new();
    for (id, rows) in &people {
        days.entry(rows.hired).or_default().insert(id);
        for (from, to, _) in rows.departments.iter().chain(&rows.titles).chain(&rows.managing) {
            days.entry(*from).or_default().insert(id);
            if let Some(to) = to {
                days.entry(*to).or_default().insert(id);
            }
        }
    }
    let all: BTreeSet<NaiveDate> = days.keys().copied().collect();
    let step = all.len() / 10;
    let checked: BTreeSet<NaiveDate> = all.iter().copied().skip(step - 1).step_by(step).take(10).collect();
    assert_eq!((checked.len(), SEGMENTS.len(), RULES.len()), (10, 30, 20));

    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("employees.db");
    let registry = Registry::open(Sqlite::at(&path).unwrap()).unwrap();
    define(&registry, *all.first().unwrap());
    let mapping = Mapping::from_pairs([
        ("id", "key"),
        ("department", "user.department"),
        ("title", "user.title"),
        ("manages", "user.manages"),
        ("born", "user.born_on"),
        ("hired", "user.hired_on"),
        ("status", "status"),
    ])
    .unwrap();
    let (mut rows, mut moments) = (0, 0);
    let watch = Stopwatch::now();
    for (day, concerned) in &days {
        let mut tx = registry.as_host("hr").begin(morning(*day)).unwrap();
        let feed = feed(&people, concerned, *day);
        let report = tx
            .import_users(feed.as_bytes(), &mapping, ImportOptions::default(), |_| ControlFlow::Continue(()))
            .unwrap();
        assert!(report.errors.is_empty(), "{report}");
        rows += report.rows;
        moments += tx.commit().unwrap().commit().moments.len();
        if checked.contains(day) {
            check(&registry.snapshot(), &people, *day);
        }
    }
    let took = watch.elapsed();
    let snapshot = registry.snapshot();
    println!(
        "{} days of feeds, {rows} rows, {} commits, {moments} moments, {} people, {} enrolments: {:.1} s, the ten checks included",
        days.len(),
        snapshot.revision(),
        snapshot.user_count(),
        snapshot.enrolment_count(),
        took.as_secs_f32()
    );
    drop(registry);
    let reopened = Registry::open(Sqlite::at(&path).unwrap()).unwrap();
    assert!(reopened.snapshot().same_as(&snapshot));
    for day in &checked {
        check(&reopened.as_of(Instant::try_from(morning(*day)).unwrap()).unwrap(), &people, *day);
    }
    let head = reopened.head().unwrap();
    let verification = reopened.verify(head).unwrap();
    assert!(verification.is_intact(), "{verification}");
}
