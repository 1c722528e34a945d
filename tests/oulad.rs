//! Sixty rules over 28,785 real students, each compared with the same condition written in plain Rust over the rows.
//!
//! The data is the Open University Learning Analytics Dataset (see `docs/data.md`); where it is absent this says so
//! and passes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says so by panicking"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Days, Months, NaiveDate, Utc};
use matricula::{
    AttributeType, Change, CourseDefinition, Input, Instant, Memory, OptionDefinition, RecordUpdate,
    Registry, UserId, UserUpdate,
};

/// A student as the rows say: what the last presentation says of the person, and all results.
#[derive(Default)]
struct Student {
    gender: String,
    region: String,
    education: String,
    imd: Option<String>,
    age: String,
    attempts: i64,
    credits: i64,
    disabled: bool,
    registered: Option<NaiveDate>,
    unregistered: Option<NaiveDate>,
    modules: BTreeSet<String>,
    /// By module and presentation: the result, and the day on which the presentation ended.
    results: BTreeMap<String, (String, NaiveDate)>,
}

fn cells(line: &str) -> Vec<String> {
    line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect()
}

fn table(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    text.lines().skip(1).map(cells).collect()
}

/// Presentations begin in February (B) or October (J); days are counted from there.
fn start(presentation: &str) -> NaiveDate {
    let month = if presentation.ends_with('B') { 2 } else { 10 };
    NaiveDate::from_ymd_opt(presentation[..4].parse().unwrap(), month, 1).unwrap()
}

fn shifted(day: NaiveDate, by: i64) -> NaiveDate {
    let days = Days::new(by.unsigned_abs());
    if by < 0 { day - days } else { day + days }
}

fn read(folder: &Path) -> BTreeMap<String, Student> {
    let lengths: HashMap<String, i64> = table(folder, "courses.csv")
        .into_iter()
        .map(|row| (format!("{}-{}", row[0], row[1]), row[2].parse().unwrap()))
        .collect();
    let mut students: BTreeMap<String, Student> = BTreeMap::new();
    for row in table(folder, "studentInfo.csv") {
        let student = students.entry(row[2].clone()).or_default();
        student.gender.clone_from(&row[3]);
        student.region.clone_from(&row[4]);
        student.education.clone_from(&row[5]);
        student.imd = Some(row[6].clone()).filter(|band| !band.is_empty());
        student.age.clone_from(&row[7]);
        student.attempts = row[8].parse().unwrap();
        student.credits = row[9].parse().unwrap();
        student.disabled = row[10] == "Y";
        student.modules.insert(row[0].clone());
        let course = format!("{}-{}", row[0], row[1]);
        let end = shifted(start(&row[1]), lengths[&course]);
        student.results.insert(course, (row[11].clone(), end));
    }
    for row in table(folder, "studentRegistration.csv") {
        let student = students.get_mut(&row[2]).unwrap();
        let day = |cell: &String| (!cell.is_empty()).then(|| shifted(start(&row[1]), cell.parse().unwrap()));
        student.registered = day(&row[3]);
        student.unregistered = day(&row[4]);
    }
    students
}

impl Student {
    fn result(&self, course: &str) -> Option<&str> {
        self.results.get(course).map(|(result, _)| result.as_str())
    }

    fn completed(&self, course: &str) -> Option<NaiveDate> {
        let (result, end) = self.results.get(course)?;
        matches!(result.as_str(), "Pass" | "Distinction").then_some(*end)
    }

    /// In millionths.
    fn score(&self, course: &str) -> Option<i64> {
        match self.result(course)? {
            "Distinction" => Some(900_000),
            "Pass" => Some(600_000),
            "Fail" => Some(250_000),
            _ => None,
        }
    }

    fn outcomes(&self) -> BTreeSet<&str> {
        self.results.values().map(|(result, _)| result.as_str()).collect()
    }

    fn imd_is(&self, test: impl Fn(&str) -> bool) -> bool {
        self.imd.as_deref().is_some_and(test)
    }
}

/// The day on which the rules are asked.
fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2014, 10, 19).unwrap()
}

fn noon() -> DateTime<Utc> {
    today().and_hms_opt(12, 0, 0).unwrap().and_utc()
}

fn ymd(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn months_ago(months: u32) -> NaiveDate {
    today() - Months::new(months)
}

type Case = (&'static str, fn(&Student) -> bool);

const RULES: &[Case] = &[
    ("user.region == 'Scotland'", |s| s.region == "Scotland"),
    ("user.region != 'Scotland'", |s| s.region != "Scotland"),
    ("user.region in ['Wales', 'Ireland', 'Scotland']", |s| {
        ["Wales", "Ireland", "Scotland"].contains(&&*s.region)
    }),
    ("!(user.region in ['Wales', 'Ireland'])", |s| s.region != "Wales" && s.region != "Ireland"),
    ("user.region_name.endsWith('Region')", |s| s.region.ends_with("Region")),
    ("user.region_name.startsWith('South')", |s| s.region.starts_with("South")),
    ("user.region_name.contains('West')", |s| s.region.contains("West")),
    ("user.region_name.glob('* ?est* Region')", |s| {
        ["North Western Region", "South West Region"].contains(&&*s.region)
    }),
    ("user.region_name.between('M', 'South West Region')", |s| {
        &*s.region >= "M" && &*s.region <= "South West Region"
    }),
    ("user.region_name < 'L'", |s| &*s.region < "L"),
    ("user.imd_band == '0-10%'", |s| s.imd_is(|band| band == "0-10%")),
    ("user.imd_band != '0-10%'", |s| s.imd_is(|band| band != "0-10%")),
    ("!(user.imd_band == '0-10%')", |s| s.imd_is(|band| band != "0-10%")),
    ("user.imd_band != '0-10%' || !has(user.imd_band)", |s| s.imd.as_deref() != Some("0-10%")),
    ("!has(user.imd_band)", |s| s.imd.is_none()),
    ("user.imd_band in ['0-10%', '10-20', '20-30%']", |s| {
        s.imd_is(|band| ["0-10%", "10-20", "20-30%"].contains(&band))
    }),
    ("!(user.imd_band in ['0-10%', '10-20']) && user.region == 'North Region'", |s| {
        s.region == "North Region" && s.imd_is(|band| !["0-10%", "10-20"].contains(&band))
    }),
    ("user.imd_band == '90-100%' || user.region == 'Ireland'", |s| {
        s.region == "Ireland" || s.imd_is(|band| band == "90-100%")
    }),
    ("user.age_band == '55<='", |s| s.age == "55<="),
    ("user.age_band != '0-35' && user.gender == 'F'", |s| s.age != "0-35" && s.gender == "F"),
    ("user.disability", |s| s.disabled),
    ("!user.disability && user.age_band == '35-55'", |s| !s.disabled && s.age == "35-55"),
    ("user.disability == true && user.attempts > 0", |s| s.disabled && s.attempts > 0),
    ("user.gender == 'F' || user.disability", |s| s.gender == "F" || s.disabled),
    ("user.attempts == 0", |s| s.attempts == 0),
    ("user.attempts >= 3", |s| s.attempts >= 3),
    ("user.attempts.between(1, 2)", |s| (1..=2).contains(&s.attempts)),
    ("user.attempts in [2, 4, 6]", |s| [2, 4, 6].contains(&s.attempts)),
    ("!user.attempts.between(0, 1)", |s| s.attempts > 1),
    ("user.credits > 60", |s| s.credits > 60),
    ("user.credits <= 60", |s| s.credits <= 60),
    ("user.credits in [30, 60, 120] && user.attempts > 0", |s| {
        [30, 60, 120].contains(&s.credits) && s.attempts > 0
    }),
    ("user.load < 0.5", |s| s.credits * 10 < 600),
    ("user.load.between(0.625, 1.25)", |s| (75..=150).contains(&s.credits)),
    ("user.education == 'HE Qualification' && user.credits >= 120", |s| {
        s.education == "HE Qualification" && s.credits >= 120
    }),
    ("user.education in ['No Formal quals', 'Post Graduate Qualification']", |s| {
        s.education == "No Formal quals" || s.education == "Post Graduate Qualification"
    }),
    ("user.registered_on < date(\"2013-06-01\")", |s| s.registered.is_some_and(|day| day < ymd(2013, 6, 1))),
    ("user.registered_on > today", |s| s.registered.is_some_and(|day| day > today())),
    ("user.registered_on.withinLast(90, 'days')", |s| {
        s.registered.is_some_and(|day| day >= today() - Days::new(90) && day <= today())
    }),
    ("!user.registered_on.withinLast(6, 'months')", |s| {
        s.registered.is_some_and(|day| day < months_ago(6) || day > today())
    }),
    ("user.registered_on.olderThan(1, 'years')", |s| s.registered.is_some_and(|day| day < months_ago(12))),
    ("user.registered_on.between(startOfYear(), endOfQuarter())", |s| {
        s.registered.is_some_and(|day| day >= ymd(2014, 1, 1) && day <= ymd(2014, 12, 31))
    }),
    ("user.registered_on >= startOfMonth() - months(2) && user.registered_on < startOfMonth()", |s| {
        s.registered.is_some_and(|day| day >= ymd(2014, 8, 1) && day < ymd(2014, 10, 1))
    }),
    ("!has(user.registered_on)", |s| s.registered.is_none()),
    ("has(user.unregistered_on)", |s| s.unregistered.is_some()),
    ("user.unregistered_on <= today && user.unregistered_on > today - weeks(4)", |s| {
        s.unregistered.is_some_and(|day| day <= today() && day > today() - Days::new(28))
    }),
    ("!(user.unregistered_on < today) && user.region == 'Wales'", |s| {
        s.region == "Wales" && s.unregistered.is_some_and(|day| day >= today())
    }),
    ("user.registered_at < timestamp(\"2014-01-01T09:30:00Z\")", |s| {
        s.registered.is_some_and(|day| day <= ymd(2013, 12, 31))
    }),
    ("user.registered_at.withinLast(2, 'weeks')", |s| {
        s.registered.is_some_and(|day| day >= today() - Days::new(14) && day <= today())
    }),
    ("'AAA' in user.modules", |s| s.modules.contains("AAA")),
    ("user.modules.allOf(['BBB', 'DDD'])", |s| s.modules.contains("BBB") && s.modules.contains("DDD")),
    ("user.modules.noneOf(['CCC', 'FFF', 'GGG'])", |s| {
        !["CCC", "FFF", "GGG"].iter().any(|module| s.modules.contains(*module))
    }),
    ("user.modules.atLeast(2, ['AAA', 'BBB', 'CCC'])", |s| {
        ["AAA", "BBB", "CCC"].iter().filter(|module| s.modules.contains(**module)).count() >= 2
    }),
    ("size(user.modules) > 1 && user.outcomes.exactly(1, ['Pass', 'Fail'])", |s| {
        s.modules.len() > 1 && s.outcomes().contains("Pass") != s.outcomes().contains("Fail")
    }),
    ("'Withdrawn' in user.outcomes && user.outcomes.anyOf(['Pass', 'Distinction'])", |s| {
        let outcomes = s.outcomes();
        outcomes.contains("Withdrawn") && (outcomes.contains("Pass") || outcomes.contains("Distinction"))
    }),
    ("completed('BBB-2013J')", |s| s.completed("BBB-2013J").is_some()),
    ("!completed('BBB-2013J') && 'BBB' in user.modules", |s| {
        s.completed("BBB-2013J").is_none() && s.modules.contains("BBB")
    }),
    ("completedWithinLast('FFF-2013J', 4, 'months')", |s| {
        s.completed("FFF-2013J").is_some_and(|day| day >= months_ago(4) && day <= today())
    }),
    (
        "completedBefore('DDD-2013B', date(\"2014-01-01\")) || completedAfter('AAA-2013J', date(\"2014-06-01\"))",
        |s| {
            s.completed("DDD-2013B").is_some_and(|day| day < ymd(2014, 1, 1))
                || s.completed("AAA-2013J").is_some_and(|day| day >= ymd(2014, 6, 1))
        },
    ),
    ("score('CCC-2014B') >= 0.6", |s| s.score("CCC-2014B").is_some_and(|score| score >= 600_000)),
    ("!(score('CCC-2014B') >= 0.6)", |s| s.score("CCC-2014B").is_some_and(|score| score < 600_000)),
    ("has(score('EEE-2014J')) && !(user.imd_band == '50-60%' && user.disability)", |s| {
        // Who is not disabled passes whatever the band; who is needs one.
        s.score("EEE-2014J").is_some() && (!s.disabled || s.imd_is(|band| band != "50-60%"))
    }),
];

fn options<'a>(words: impl Iterator<Item = &'a str>) -> Vec<OptionDefinition> {
    words.collect::<BTreeSet<&str>>().into_iter().map(OptionDefinition::from).collect()
}

fn define(tx: &mut matricula::Transaction, students: &BTreeMap<String, Student>) {
    let all = || students.values();
    let kinds = [
        ("gender", AttributeType::Choice(options(all().map(|s| &*s.gender)))),
        ("region", AttributeType::Choice(options(all().map(|s| &*s.region)))),
        ("region_name", AttributeType::Text),
        ("education", AttributeType::Choice(options(all().map(|s| &*s.education)))),
        ("imd_band", AttributeType::Choice(options(all().filter_map(|s| s.imd.as_deref())))),
        ("age_band", AttributeType::Choice(options(all().map(|s| &*s.age)))),
        ("attempts", AttributeType::Integer),
        ("credits", AttributeType::Integer),
        ("load", AttributeType::Decimal),
        ("disability", AttributeType::Boolean),
        ("registered_on", AttributeType::Date),
        ("registered_at", AttributeType::Timestamp),
        ("unregistered_on", AttributeType::Date),
        ("modules", AttributeType::MultiChoice(options(all().flat_map(|s| s.modules.iter().map(|m| &**m))))),
        ("outcomes", AttributeType::MultiChoice(options(all().flat_map(Student::outcomes)))),
    ];
    for (key, kind) in kinds {
        tx.define_attribute(key, kind).unwrap();
    }
    for course in all().flat_map(|s| s.results.keys()).collect::<BTreeSet<_>>() {
        tx.apply(CourseDefinition::new(course.clone())).unwrap();
    }
}

fn person(key: &str, s: &Student) -> UserUpdate {
    let list = |words: &mut dyn Iterator<Item = &str>| Input::List(words.map(str::to_owned).collect());
    let mut update = UserUpdate::new(key)
        .set("gender", &*s.gender)
        .set("region", &*s.region)
        .set("region_name", &*s.region)
        .set("education", &*s.education)
        .set("age_band", &*s.age)
        .set("attempts", s.attempts)
        .set("credits", s.credits)
        // A full load is 120 credits.
        .set("load", matricula::Decimal::from_millionths(s.credits * 1_000_000 / 120).unwrap())
        .set("disability", s.disabled)
        .set("modules", list(&mut s.modules.iter().map(|module| &**module)))
        .set("outcomes", list(&mut s.outcomes().into_iter()));
    if let Some(band) = &s.imd {
        update = update.set("imd_band", &**band);
    }
    if let Some(day) = s.registered {
        let at: Instant = day.and_hms_opt(9, 30, 0).unwrap().and_utc().try_into().unwrap();
        update = update.set("registered_on", day).set("registered_at", at);
    }
    if let Some(day) = s.unregistered {
        update = update.set("unregistered_on", day);
    }
    update
}

#[test]
fn sixty_rules_select_whom_the_rows_say() {
    let folder = std::env::var("MATRICULA_OULAD").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/oulad")),
        PathBuf::from,
    );
    if !folder.join("studentInfo.csv").is_file() {
        println!("left out: the students' data is not on this machine (MATRICULA_OULAD names its folder)");
        return;
    }
    assert!(RULES.len() >= 60);
    let students = read(&folder);
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("university").begin(noon()).unwrap();
    define(&mut tx, &students);
    // The first half of the rules is there before the people, the other after them: both ways must be the same.
    let segment = |index: usize| format!("s{index}");
    let (before, after) = RULES.split_at(RULES.len() / 2);
    for (index, (rule, _)) in before.iter().enumerate() {
        tx.define_segment(&segment(index), rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
    }
    tx.apply(Change::Users(students.iter().map(|(key, student)| person(key, student)).collect())).unwrap();
    for (key, student) in &students {
        for (course, (_, end)) in &student.results {
            let completed = student.completed(course).map(|_| end.and_hms_opt(17, 0, 0).unwrap().and_utc());
            let completed = completed.map(|at| Instant::try_from(at).unwrap());
            let score = student.score(course).and_then(matricula::Decimal::from_millionths);
            tx.apply(RecordUpdate {
                user: key.clone(),
                course: course.clone(),
                completed: completed.map(Some),
                score: score.map(Some),
            })
            .unwrap();
        }
    }
    tx.commit().unwrap();
    let mut tx = registry.as_host("university").begin(noon()).unwrap();
    for (index, (rule, _)) in after.iter().enumerate() {
        tx.define_segment(&segment(before.len() + index), rule)
            .unwrap_or_else(|error| panic!("{rule}: {error}"));
    }
    tx.commit().unwrap();

    let snapshot = registry.snapshot();
    assert_eq!(snapshot.user_count(), students.len());
    let mut selected = 0;
    for (index, (rule, holds)) in RULES.iter().enumerate() {
        let members = snapshot.members(&segment(index)).unwrap();
        let engine: BTreeSet<&str> = members.iter().map(|row| snapshot.user_key(UserId(row))).collect();
        let rows: BTreeSet<&str> =
            students.iter().filter(|(_, student)| holds(student)).map(|(key, _)| key.as_str()).collect();
        assert!(!rows.is_empty() && rows.len() < students.len(), "{rule} tells nobody from anybody");
        assert_eq!(engine.len(), rows.len(), "{rule}");
        assert_eq!(engine, rows, "{rule}");
        selected += rows.len();
    }
    println!("{} students, {} rules, {selected} memberships", students.len(), RULES.len());
}
