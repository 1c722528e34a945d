//! What protects a register from a bad feed: a third day on which the department column came empty is held by the
//! guard, the right feed is shown as a plan and committed once however often it is asked for, time moves on, and the
//! first day is compared with today.
//!
//! `cargo run --release --example hr_guard` keeps the register in memory.
#![allow(clippy::print_stdout, reason = "an example is there to be read")]

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};
use matricula::core::Entry;
use matricula::{
    Absent, Action, AttributeType, CourseDefinition, Delta, Error, ImportOptions, LeavePolicy, Mapping,
    Memory, Registry, Revision, SegmentDefinition, SiteDefinition, Snapshot, Transaction,
};

const DAY_1: &str = include_str!("../data/day-1.csv");
const DAY_2: &str = include_str!("../data/day-2.csv");
/// Where the department stands in a row.
const DEPARTMENT: usize = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::open(Memory::default())?;
    let host = registry.as_host("hr-sync");
    let mut tx = host.begin(instant("2026-11-20T06:00:00Z")?)?;
    define(&mut tx)?;
    import(&mut tx, DAY_1)?;
    tx.commit()?;
    let mut tx = host.begin(instant("2026-11-21T06:00:00Z")?)?;
    import(&mut tx, DAY_2)?;
    tx.commit()?;
    println!(
        "{} people, {} enrolments",
        registry.snapshot().user_count(),
        registry.snapshot().enrolment_count()
    );

    println!("\n# Day 3: the department column came empty\n");
    let mut tx = host.begin(instant("2026-11-22T06:00:00Z")?)?;
    import(&mut tx, &edited(|_, department| department.clear()))?;
    let preview = tx.preview()?;
    println!("{preview}");
    match tx.commit() {
        Err(error) => println!(
            "\nrefused with `{}`: {} places",
            error.code(),
            error.hold().map_or(0, |hold| hold.excesses.len())
        ),
        Ok(_) => return Err("the guard has let it pass".into()),
    }
    println!("the register is still at revision {}", registry.snapshot().revision());

    println!("\n# The feed as it should have been: the plan\n");
    let feed = edited(|employee, department| {
        // One team moves from Sales to Legal.
        if employee.ends_with('7') && employee < "E10400" && department == "Sales" {
            "Legal".clone_into(department);
        }
    });
    let asked = || -> Result<Transaction, Box<dyn std::error::Error>> {
        let mut tx = host.begin(instant("2026-11-22T07:00:00Z")?)?;
        tx.set_idempotency("feed-2026-11-22")?;
        import(&mut tx, &feed)?;
        Ok(tx)
    };
    let mut tx = asked()?;
    let preview = tx.preview()?;
    print_plan(preview.delta());
    let delta = tx.commit_expecting(&preview)?;
    println!("\ncommitted as revision {}", delta.revision());
    // The answer was lost on its way, and the host asks again.
    let again = asked()?.commit()?;
    println!("asked again, it is revision {} still, of {}", again.revision(), registry.snapshot().revision());

    println!("\n# Time moves on\n");
    for _ in 0..3 {
        let Some(at) = registry.next_change_at() else { break };
        let delta = registry.as_host("clock").advance(at.to_utc())?;
        println!("{at}");
        for step in delta.steps() {
            println!("  {} {} {} ({})", step.user, step.action.name(), step.course, step.reason);
        }
    }

    println!("\n# The first day and today\n");
    let (then, now) = (registry.as_of(Revision(1))?, registry.snapshot());
    println!("{} people then, {} now", then.user_count(), now.user_count());
    for segment in now.segments() {
        let key = &segment.key;
        println!("segment {key}: {} then, {} now", then.member_count(key)?, now.member_count(key)?);
    }
    for course in now.courses() {
        let enrolled = |snapshot: &Snapshot| -> Result<usize, Error> {
            Ok(snapshot.enrolments_in(snapshot.course_id(&course.key)?).count())
        };
        println!("course {}: {} enrolled then, {} now", course.key, enrolled(&then)?, enrolled(&now)?);
    }
    println!("{}", registry.verify(registry.head()?)?);
    Ok(())
}

fn instant(text: &str) -> Result<DateTime<Utc>, chrono::ParseError> {
    text.parse()
}

/// The second day's feed with its rows changed, but for the few that have quotes.
fn edited(edit: impl Fn(&str, &mut String)) -> String {
    let mut feed = String::new();
    for (number, line) in DAY_2.lines().enumerate() {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if number > 0
            && !line.contains('"')
            && let Some((employee, others)) = cells.split_first_mut()
            && let Some(department) = others.get_mut(DEPARTMENT - 1)
        {
            edit(employee, department);
        }
        feed.push_str(&cells.join(","));
        feed.push('\n');
    }
    feed
}

/// A line for each person and each enrolment: what comes, what goes, what becomes otherwise.
fn print_plan(delta: &Delta) {
    for entry in delta.commit().entries.iter() {
        let Entry::User(user) = entry else { continue };
        let sign = if user.key.is_some() { '+' } else { '~' };
        println!("{sign} {}", delta.snapshot().user_key(user.id));
    }
    for step in delta.steps() {
        let sign = match step.action {
            Action::Enrolled => '+',
            Action::Unenrolled => '-',
            _ => '~',
        };
        println!("{sign} {} {}: {} ({})", step.user, step.course, step.action.name(), step.reason);
    }
}

/// What the company teaches, and who must learn it.
fn define(tx: &mut Transaction) -> Result<(), Error> {
    tx.apply(SiteDefinition { key: "labs".into(), name: None, zone: None })?;
    tx.define_attribute("department", AttributeType::Text)?;
    tx.define_attribute(
        "country",
        AttributeType::Choice(["ZA", "DE", "NL", "BR", "IN", "US"].map(Into::into).to_vec()),
    )?;
    tx.define_attribute("hired_on", AttributeType::Date)?;
    for course in ["gdpr", "welcome", "selling"] {
        tx.define_course(course)?;
    }
    tx.apply(CourseDefinition { site: Some("labs".into()), ..CourseDefinition::new("lab-safety") })?;
    tx.define_segment("eu-staff", r#"user.country in ["DE", "NL"]"#)?;
    tx.define_segment("starters", "user.hired_on > today - days(90)")?;
    tx.define_segment("sellers", r#"user.department == "Sales""#)?;
    let lab_staff = SegmentDefinition::with_rule("lab-staff", "has(user.department)");
    tx.apply(SegmentDefinition { site: Some("labs".into()), ..lab_staff })?;
    tx.define_enrolment_rule("gdpr-for-eu", "eu-staff", &["gdpr"], LeavePolicy::Suspend)?;
    tx.define_enrolment_rule("first-90-days", "starters", &["welcome"], LeavePolicy::Unenrol)?;
    tx.define_enrolment_rule("sales-basics", "sellers", &["selling"], LeavePolicy::Unenrol)?;
    tx.define_enrolment_rule("lab-safety-for-all", "lab-staff", &["lab-safety"], LeavePolicy::Suspend)
}

fn import(tx: &mut Transaction, feed: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mapping = Mapping::from_pairs([
        ("employee_id", "key"),
        ("department", "user.department"),
        ("country", "user.country"),
        ("hired_on", "user.hired_on"),
        ("site", "site"),
    ])?;
    let options = ImportOptions { absent: Absent::Suspend, ..ImportOptions::default() };
    tx.import_users(feed.as_bytes(), &mapping, options, |_| ControlFlow::Continue(()))?;
    Ok(())
}
