//! An HR feed becomes enrolments: a first day, a second day with its preview, and one person explained.
//!
//! `cargo run --release --example hr_feed` writes the register to `target/hr_feed/acme.db`. With `-- --users 100000` the
//! feeds are those of an invented company of that size, written beside it.
#![allow(clippy::print_stdout, reason = "an example is there to be read")]

use std::error::Error;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use matricula::{
    Absent, Action, AttributeType, Blank, CourseDefinition, Delta, EnrolmentRuleDefinition, ImportOptions,
    LeavePolicy, Mapping, Registry, SegmentDefinition, SiteDefinition, Sqlite, Status, Transaction, Tz,
};
use matricula_testkit::company::Company;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data");
const OUTPUT: &str = "target/hr_feed";

fn main() -> Result<(), Box<dyn Error>> {
    let path = &Path::new(OUTPUT).join("acme.db");
    fs::create_dir_all(OUTPUT)?;
    let data = feeds()?;
    for file in ["acme.db", "acme.db-wal", "acme.db-shm"] {
        let _ = fs::remove_file(path.with_file_name(file));
    }
    let registry = Registry::open(Sqlite::at(path)?)?;
    let host = registry.as_host("hr-sync");

    println!("# Day 1: definitions and the first feed\n");
    let mut tx = host.begin(instant("2026-11-20T06:00:00Z")?)?;
    define(&mut tx)?;
    import(&mut tx, &data.join("day-1.csv"), Absent::Leave)?;
    let delta = tx.commit()?;
    println!("\nrevision {}\n{delta}", delta.revision());

    println!("\n# Who is enrolled in what, and why\n");
    print_enrolments(&registry)?;

    println!("\n# Day 2: the next feed, previewed and then committed\n");
    let mut tx = host.begin(instant("2026-11-21T06:00:00Z")?)?;
    import(&mut tx, &data.join("day-2.csv"), Absent::Suspend)?;
    let preview = tx.preview()?;
    println!("\nthe preview says:\n{preview}\n\nof these, enrolments that end or are suspended:");
    for step in preview.delta().steps().filter(|step| ends(step.action)) {
        println!("  {} {} {} ({})", step.user, step.action.name(), step.course, step.reason);
    }
    let delta = tx.commit_expecting(&preview)?;
    println!("\ncommitted as revision {}, exactly as previewed", delta.revision());

    println!("\n# One person, explained\n");
    let (user, course, segment) = transferred(&delta).ok_or("nobody to explain")?;
    let snapshot = registry.snapshot();
    println!("{}", snapshot.explain_membership(&user, &segment)?);
    println!();
    println!("{}", snapshot.explain_enrolment(&user, &course)?);
    Ok(())
}

/// The folder of the feeds: the shipped ones, or those of a company of as many people as were asked for.
fn feeds() -> Result<PathBuf, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let people = match arguments.as_slice() {
        [] => return Ok(DATA.into()),
        [option, people] if option == "--users" => people.parse()?,
        _ => return Err("expected no arguments, or --users and a number".into()),
    };
    let first = NaiveDate::from_ymd_opt(2026, 11, 20).ok_or("no such day")?;
    let mut company = Company::new(people, first, 2026);
    for day in ["day-1.csv", "day-2.csv"] {
        fs::write(Path::new(OUTPUT).join(day), company.feed(true))?;
        company.next_day();
    }
    Ok(OUTPUT.into())
}

fn instant(text: &str) -> Result<DateTime<Utc>, chrono::ParseError> {
    text.parse()
}

/// What HR exports, what the company teaches, and who must learn it.
fn define(tx: &mut Transaction) -> Result<(), matricula::Error> {
    tx.apply(SiteDefinition {
        key: "primary".into(),
        name: Some("Acme".into()),
        zone: Some(Tz::Africa__Johannesburg),
    })?;
    tx.apply(SiteDefinition {
        key: "labs".into(),
        name: Some("Acme Labs".into()),
        zone: Some(Tz::Europe__Berlin),
    })?;

    for key in ["first_name", "last_name", "email", "department", "job_title"] {
        tx.define_attribute(key, AttributeType::Text)?;
    }
    let options = |keys: &[&str]| AttributeType::Choice(keys.iter().map(|&key| key.into()).collect());
    tx.define_attribute("country", options(&["ZA", "DE", "NL", "BR", "IN", "US"]))?;
    tx.define_attribute("employment", options(&["permanent", "fixed-term", "contractor"]))?;
    tx.define_attribute("hired_on", AttributeType::Date)?;

    for course in ["gdpr", "welcome", "security", "leading-people", "selling"] {
        tx.define_course(course)?;
    }
    tx.apply(CourseDefinition { site: Some("labs".into()), ..CourseDefinition::new("lab-safety") })?;

    tx.define_segment("eu-staff", r#"user.country in ["DE", "NL"]"#)?;
    tx.define_segment("starters", "user.hired_on > today - days(90)")?;
    tx.define_segment(
        "leads",
        r#"user.job_title in ["Team Lead", "Manager"] && user.employment != "contractor""#,
    )?;
    tx.define_segment("sellers", r#"user.department == "Sales" && !(user.country == "US")"#)?;
    let lab_staff = SegmentDefinition::with_rule("lab-staff", "has(user.department)");
    tx.apply(SegmentDefinition { site: Some("labs".into()), ..lab_staff })?;

    tx.define_enrolment_rule("gdpr-for-eu", "eu-staff", &["gdpr"], LeavePolicy::Suspend)?;
    tx.define_enrolment_rule("first-90-days", "starters", &["welcome", "security"], LeavePolicy::Keep)?;
    tx.define_enrolment_rule("leadership", "leads", &["leading-people"], LeavePolicy::Unenrol)?;
    tx.define_enrolment_rule("sales-basics", "sellers", &["selling"], LeavePolicy::Unenrol)?;
    let lab_safety =
        EnrolmentRuleDefinition::new("lab-safety-for-all", "lab-staff", ["lab-safety"], LeavePolicy::Suspend);
    tx.apply(EnrolmentRuleDefinition { name: Some("Lab safety".into()), ..lab_safety })
}

fn import(tx: &mut Transaction, feed: &Path, absent: Absent) -> Result<(), Box<dyn Error>> {
    let mapping = Mapping::from_pairs([
        ("employee_id", "key"),
        ("first_name", "user.first_name"),
        ("last_name", "user.last_name"),
        ("email", "user.email"),
        ("department", "user.department"),
        ("job_title", "user.job_title"),
        ("country", "user.country"),
        ("employment", "user.employment"),
        ("hired_on", "user.hired_on"),
        ("site", "site"),
    ])?;
    let file = File::open(feed)?;
    let options = ImportOptions { blank: Blank::Clear, absent, ..ImportOptions::default() };
    let report = tx.import_users(file, &mapping, options, |_| ControlFlow::Continue(()))?;
    println!("{}: {report}", feed.file_name().unwrap_or_default().display());
    Ok(())
}

/// For each course how many are enrolled and, of the first three, why.
fn print_enrolments(registry: &Registry) -> Result<(), matricula::Error> {
    let snapshot = registry.snapshot();
    for course in snapshot.courses() {
        let enrolments: Vec<_> = snapshot.enrolments_in(snapshot.course_id(&course.key)?).collect();
        println!("{}: {} enrolled, such as", course.key, enrolments.len());
        for enrolment in enrolments.iter().take(3) {
            let reasons: Vec<&str> =
                enrolment.reasons.iter().map(|held| snapshot.reason_key(held.reason)).collect();
            let user = snapshot.user_key(enrolment.user);
            println!("  {user} since {}, by {}", enrolment.since, reasons.join(", "));
        }
    }
    Ok(())
}

/// The first enrolment that ended or was suspended that day of somebody who is still with the company: the user,
/// the course, and the segment of the rule.
fn transferred(delta: &Delta) -> Option<(String, String, String)> {
    let snapshot = delta.snapshot();
    let is_here =
        |user: &str| snapshot.find_user(user).and_then(|id| snapshot.status(id)) == Some(Status::Active);
    let step = delta.steps().find(|step| ends(step.action) && is_here(step.user))?;
    let rule = snapshot.enrolment_rules().find(|rule| rule.key == step.reason)?;
    let segment = snapshot.segment(rule.segment)?;
    Some((step.user.to_owned(), step.course.to_owned(), segment.key.clone()))
}

fn ends(action: Action) -> bool {
    matches!(action, Action::Suspended | Action::Unenrolled)
}
