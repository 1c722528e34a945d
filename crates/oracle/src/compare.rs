//! The comparison: what the library says of every person and rule, and who disagrees. Not here: the engines
//! (`engine`, `cel`).

use std::collections::BTreeSet;
use std::fmt::Write;

use matricula_rule::sql::{Asked, Members, emit, members};
use matricula_rule::{Names, Rule, RuleErrorKind, SegmentId, SiteId, Truth, UserId, evaluate, print};

use crate::company::Company;
use crate::engine::Engine;

/// How many questions an engine was asked, and how many it could not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rules that it answered.
    pub asked: usize,
    /// Rules that cannot be put to it.
    pub skipped: usize,
    /// Answers for one person.
    pub answers: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.asked += other.asked;
        self.skipped += other.skipped;
        self.answers += other.answers;
    }
}

/// The library's own answer for every person.
pub fn truths(rule: &Rule, company: &Company) -> Vec<Truth> {
    (0..company.people.len()).map(|at| evaluate(rule, &company.person(UserId::at(at)))).collect()
}

/// The ids of those of whom something holds.
fn those(truths: &[Truth], holds: impl Fn(usize, Truth) -> bool) -> BTreeSet<u32> {
    let people = (0_u32..).zip(truths.iter().enumerate());
    people.filter(|(_, (at, truth))| holds(*at, **truth)).map(|(id, _)| id).collect()
}

/// Puts a rule to a database three times: for whom it is true, for whom it is false, and who are the members of a
/// segment with this rule.
///
/// # Errors
/// A report, if the database answers otherwise than the library or not at all.
pub fn ask(
    engine: &mut dyn Engine,
    company: &Company,
    rule: &Rule,
    truths: &[Truth],
    at: usize,
) -> Result<Tally, String> {
    let start_of = |day| company.start_of(day);
    let asked = Asked::new(company.today, &start_of);
    let dialect = engine.dialect();
    let not = Rule::Not(Box::new(rule.clone()));
    let site = [None, Some(SiteId(0)), Some(SiteId(1))][at % 3];
    let segment = [None, Some(SegmentId(0)), Some(SegmentId(1)), Some(SegmentId(2))][at % 4];
    let universe = Members { rule: Some(rule), site, segment };
    let belongs = |at: usize, truth: Truth| {
        let person = &company.people[at];
        let here = match site {
            Some(site) => person.sites.get(&site.0) == Some(&true),
            None => person.sites.values().any(|active| *active),
        };
        let pinned = segment.is_some_and(|segment| person.pins.contains(&segment.0));
        let banned = segment.is_some_and(|segment| person.bans.contains(&segment.0));
        person.active && here && !banned && (pinned || truth == Truth::True)
    };
    let expected = [
        those(truths, |_, truth| truth == Truth::True),
        those(truths, |_, truth| truth == Truth::False),
        those(truths, belongs),
    ];
    let queries = [
        emit(rule, company, &asked, dialect),
        emit(&not, company, &asked, dialect),
        members(&universe, company, &asked, dialect),
    ];
    for (position, (query, expected)) in queries.into_iter().zip(expected).enumerate() {
        let mut query = match query {
            Ok(query) => query,
            Err(error) if error.kind() == RuleErrorKind::NotSupported => {
                return Ok(Tally { skipped: 1, ..Tally::default() });
            }
            Err(error) => return Err(report(dialect.name(), company, rule, "", None, &error.to_string())),
        };
        if position < 2 {
            query.text = format!("SELECT u.id FROM \"user\" u WHERE {}", query.text);
        }
        let shown = format!("{}\nparameters: {:?}", query.text, query.parameters);
        let found: Vec<u32> = engine
            .ids(&query)
            .map_err(|error| report(dialect.name(), company, rule, &shown, None, &error))?;
        let count = found.len();
        let found: BTreeSet<u32> = found.into_iter().collect();
        if let Some(id) = expected.symmetric_difference(&found).next() {
            let what = ["true", "false", "a member"][position];
            let wrong = if expected.contains(id) { "is not" } else { "is" };
            let message = format!(
                "query {position}: it {wrong} {what}, the library says {:?}; {} expected, {} found",
                truths[*id as usize],
                expected.len(),
                found.len()
            );
            return Err(report(dialect.name(), company, rule, &shown, Some(*id), &message));
        }
        if count != found.len() {
            return Err(report(dialect.name(), company, rule, &shown, None, "somebody is found twice"));
        }
    }
    Ok(Tally { asked: 1, skipped: 0, answers: truths.len() * 3 })
}

/// Everything that is needed to see what went wrong.
pub fn report(
    engine: &str,
    company: &Company,
    rule: &Rule,
    query: &str,
    person: Option<u32>,
    message: &str,
) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "{engine} disagrees: {message}\nquery: {}", short(query));
    let _ = writeln!(text, "rule: {}", short(&print(rule, company)));
    let _ = writeln!(text, "as JSON: {}", short(&serde_json::to_string(rule).unwrap_or_default()));
    let _ = writeln!(text, "today: {}, in {}", company.today, company.zone);
    if let Some(id) = person {
        let _ = writeln!(text, "person {id}: {:?}", company.people[id as usize]);
        let mut parts = Vec::new();
        rule.visit(&mut |part| parts.push(part));
        for part in parts.into_iter().take(40) {
            let truth = evaluate(part, &company.person(UserId(id)));
            let _ = writeln!(text, "  {}: {}", truth.name(), short(&print(part, company)));
        }
    }
    for attribute in company.schema().attributes() {
        let ignores = if attribute.ignore_case { ", ignores case" } else { "" };
        let _ = writeln!(text, "  a{}: {} {}{ignores}", attribute.id.0, attribute.key, attribute.kind.name());
    }
    text
}

fn short(text: &str) -> String {
    match text.char_indices().nth(4_000) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
