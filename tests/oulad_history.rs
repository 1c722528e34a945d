//! Two years of a university, day by day: 32,593 registrations, withdrawals and results as enrolments with outcomes. At
//! ten dates everything is compared with what the rows say, then, and once more when all is past.
//!
//! The data is the Open University Learning Analytics Dataset (see `docs/data.md`); where it is absent this says so
//! and passes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says so by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};
use matricula::{
    AttributeType, Change, EnrolmentStatus, Input, Instant, LeavePolicy, Memory, OptionDefinition,
    RecordUpdate, Registry, Snapshot, UserId, UserUpdate,
};

/// One student in one presentation of a module.
struct Row {
    student: String,
    course: String,
    registered: NaiveDate,
    withdrawn: Option<NaiveDate>,
    /// The last day of the presentation, and what had come of it.
    ended: NaiveDate,
    result: String,
}

fn table(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let cells = |line: &str| line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect();
    text.lines().skip(1).map(cells).collect()
}

/// Presentations begin in February (B) or October (J); days are counted from there.
fn shifted(presentation: &str, days: i64) -> NaiveDate {
    let month = if presentation.ends_with('B') { 2 } else { 10 };
    let start = NaiveDate::from_ymd_opt(presentation[..4].parse().unwrap(), month, 1).unwrap();
    let by = Days::new(days.unsigned_abs());
    if days < 0 { start - by } else { start + by }
}

fn read(folder: &Path) -> Vec<Row> {
    let key = |row: &[String]| (format!("{}-{}", row[0], row[1]), row[2].clone());
    let lengths: BTreeMap<String, i64> =
        table(folder, "courses.csv").iter().map(|row| (key(row).0, row[2].parse().unwrap())).collect();
    let results: BTreeMap<(String, String), String> =
        table(folder, "studentInfo.csv").iter().map(|row| (key(row), row[11].clone())).collect();
    let registrations = table(folder, "studentRegistration.csv");
    let rows = registrations.iter().map(|row| {
        let day = |cell: &str| (!cell.is_empty()).then(|| shifted(&row[1], cell.parse().unwrap()));
        let (course, student) = key(row);
        let withdrawn = day(&row[4]);
        // Of some it is not known when they registered: on the first day, or before they withdrew.
        let known = day(&row[3]).unwrap_or_else(|| shifted(&row[1], 0));
        let registered = withdrawn.map_or(known, |withdrawn| known.min(withdrawn));
        let ended = shifted(&row[1], lengths[&course]);
        let result = results[&(course.clone(), student.clone())].clone();
        Row { student, course, registered, withdrawn, ended, result }
    });
    rows.collect()
}

/// In every second module whoever withdraws is suspended, in the others unenrolled.
fn policy(course: &str) -> LeavePolicy {
    if course.as_bytes()[0].is_multiple_of(2) { LeavePolicy::Suspend } else { LeavePolicy::Unenrol }
}

impl Row {
    /// What becomes of the enrolment up to the end of a day.
    fn status(&self, day: NaiveDate) -> Option<EnrolmentStatus> {
        if day < self.registered {
            return None;
        }
        match (self.withdrawn.filter(|withdrawn| *withdrawn <= day), policy(&self.course)) {
            (None, _) => Some(EnrolmentStatus::Active),
            (Some(withdrawn), LeavePolicy::Suspend) if withdrawn > self.registered => {
                Some(EnrolmentStatus::Suspended)
            }
            // Whoever comes and goes on one day has never come.
            (Some(_), _) => None,
        }
    }

    fn passes(&self, day: NaiveDate) -> bool {
        self.ended <= day && matches!(self.result.as_str(), "Pass" | "Distinction")
    }
}

fn evening(day: NaiveDate) -> Instant {
    Instant::try_from(day.and_hms_opt(18, 0, 0).unwrap().and_utc()).unwrap()
}

fn define(registry: &Registry, courses: &BTreeSet<&str>, first: NaiveDate) {
    let mut tx = registry.as_host("university").begin(evening(first)).unwrap();
    let options = courses.iter().map(|course| OptionDefinition::new(*course)).collect();
    tx.define_attribute("takes", AttributeType::MultiChoice(options)).unwrap();
    for course in courses {
        tx.define_course(course).unwrap();
        tx.define_segment(course, &format!("\"{course}\" in user.takes")).unwrap();
        tx.define_segment(&format!("passed-{course}"), &format!("completed(\"{course}\")")).unwrap();
        tx.define_segment(
            &format!("excellent-{course}"),
            &format!("enrolled(\"{course}\") && score(\"{course}\") >= 0.9"),
        )
        .unwrap();
        tx.define_enrolment_rule(course, course, &[course], policy(course)).unwrap();
    }
    tx.commit().unwrap();
}

fn members<'a>(snapshot: &'a Snapshot, segment: &str) -> BTreeSet<&'a str> {
    snapshot.members(segment).unwrap().iter().map(|row| snapshot.user_key(UserId(row))).collect()
}

/// Compares enrolments and outcomes with the rows; how many enrolments there are.
fn check(snapshot: &Snapshot, by_course: &BTreeMap<&str, Vec<&Row>>, day: NaiveDate) -> usize {
    let mut count = 0;
    for (course, rows) in by_course {
        let id = snapshot.course_id(course).unwrap();
        let engine: BTreeMap<&str, EnrolmentStatus> = snapshot
            .enrolments_in(id)
            .map(|enrolment| (snapshot.user_key(enrolment.user), enrolment.status))
            .collect();
        let expected: BTreeMap<&str, EnrolmentStatus> =
            rows.iter().filter_map(|row| Some((&*row.student, row.status(day)?))).collect();
        assert_eq!(engine, expected, "{course} on {day}");
        let passed: BTreeSet<&str> =
            rows.iter().filter(|row| row.passes(day)).map(|row| &*row.student).collect();
        assert_eq!(members(snapshot, &format!("passed-{course}")), passed, "passed {course} on {day}");
        let excellent: BTreeSet<&str> = rows
            .iter()
            .filter(|row| row.passes(day) && row.result == "Distinction" && row.status(day).is_some())
            .map(|row| &*row.student)
            .collect();
        assert_eq!(members(snapshot, &format!("excellent-{course}")), excellent, "{course} on {day}");
        count += engine.len();
    }
    count
}

#[test]
fn two_years_of_registrations_are_what_the_rows_say() {
    let folder = std::env::var("MATRICULA_OULAD").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/oulad")),
        PathBuf::from,
    );
    if !folder.join("studentInfo.csv").is_file() {
        println!("left out: the students' data is not on this machine (MATRICULA_OULAD names its folder)");
        return;
    }
    let rows = read(&folder);
    let mut by_course: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    let mut by_student: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    let mut days: BTreeMap<NaiveDate, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        by_course.entry(&row.course).or_default().push(row);
        by_student.entry(&row.student).or_default().push(row);
        for day in [Some(row.registered), row.withdrawn, Some(row.ended)].into_iter().flatten() {
            days.entry(day).or_default().push(row);
        }
    }
    let step = days.len() / 10;
    let checked: BTreeSet<NaiveDate> = days.keys().copied().skip(step - 1).step_by(step).take(10).collect();
    let registry = Registry::open(Memory::default()).unwrap();
    define(&registry, &by_course.keys().copied().collect(), *days.keys().next().unwrap());
    let mut counts = BTreeMap::new();
    for (&day, concerned) in &days {
        let mut tx = registry.as_host("university").begin(evening(day)).unwrap();
        let students: BTreeSet<&str> = concerned.iter().map(|row| &*row.student).collect();
        let update = |student: &&str| {
            let taken = by_student[student]
                .iter()
                .filter(|row| row.registered <= day && row.withdrawn.is_none_or(|withdrawn| day < withdrawn));
            let takes: Vec<String> = taken.map(|row| row.course.clone()).collect();
            UserUpdate::new(*student).set("takes", Input::List(takes))
        };
        tx.apply(Change::Users(students.iter().map(update).collect())).unwrap();
        for row in concerned.iter().filter(|row| row.ended == day) {
            let score = match row.result.as_str() {
                "Distinction" => "0.95",
                "Pass" => "0.6",
                "Fail" => "0.25",
                _ => continue,
            };
            let completed = row.passes(day).then(|| Some(evening(day)));
            let (user, course) = (row.student.clone(), row.course.clone());
            tx.record(RecordUpdate { user, course, completed, score: Some(Some(score.parse().unwrap())) })
                .unwrap();
        }
        match tx.preview().unwrap().held().map(|hold| hold.token.clone()) {
            Some(token) => tx.confirm(&token).unwrap(),
            None => tx.commit().unwrap(),
        };
        if checked.contains(&day) {
            counts.insert(day, check(&registry.snapshot(), &by_course, day));
        }
    }
    for (&day, &count) in &counts {
        let then = registry.as_of(evening(day)).unwrap();
        assert_eq!(check(&then, &by_course, day), count);
    }
    let verification = registry.verify(registry.head().unwrap()).unwrap();
    assert!(verification.is_intact(), "{verification}");
    println!(
        "{} registrations of {} students on {} days; enrolments at {} dates: {:?}",
        rows.len(),
        by_student.len(),
        days.len(),
        counts.len(),
        counts.values().collect::<Vec<_>>()
    );
}
