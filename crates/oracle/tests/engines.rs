//! Every engine that is here says of every person and rule what the library says: of random rules, and of those at the
//! edges of what databases take.
//!
//! `MATRICULA_DEEP=1` asks for much more. `MATRICULA_SEED` asks for other companies and rules; the seed of a failure is
//! part of its message. With `CI=true` an engine that is missing is a failure.
//!
//! PostgreSQL is the server that `PGHOST` names, in a schema of its own, or a throwaway one of `pg_virtualenv`; DuckDB
//! that of the Python that `MATRICULA_DUCKDB_PYTHON` names, or of `python3`.

use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use matricula_oracle::cel::Cel;
use matricula_oracle::company::Company;
use matricula_oracle::compare::{Tally, ask, truths};
use matricula_oracle::engine::{Duckdb, Engine, Postgres, Sqlite};
use matricula_oracle::rng::Rng;
use matricula_oracle::{make, rules};
use matricula_rule::sql::{Asked, Dialect, emit};
use matricula_rule::{
    Comparison, CourseId, Fact, Field, Kind, Matching, Offset, Operand, Rule, Truth, Unit, UserId, Value,
};

/// Set for the test that runs within a throwaway server.
const WITHIN: &str = "MATRICULA_WITHIN_SERVER";

/// How much is asked.
struct Depth {
    rules: usize,
    people: usize,
    batches: usize,
    /// CEL is slow: so many people of each company.
    people_of_cel: usize,
}

fn is_set(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

fn depth() -> Depth {
    if is_set("MATRICULA_DEEP") {
        Depth { rules: 2_000, people: 5_000, batches: 20, people_of_cel: 1_000 }
    } else {
        Depth { rules: 150, people: 300, batches: 5, people_of_cel: 300 }
    }
}

/// The databases that are here, and what is said of those that are not.
fn databases() -> (Vec<Box<dyn Engine>>, Vec<String>) {
    let mut here: Vec<Box<dyn Engine>> = vec![Box::new(Sqlite::new().expect("sqlite is built in"))];
    let mut missing = Vec::new();
    if is_set("PGHOST") {
        here.push(Box::new(Postgres::new().unwrap_or_else(|error| panic!("PostgreSQL: {error}"))));
    } else {
        missing.push("PostgreSQL (PGHOST is not set, and there is no pg_virtualenv)".to_owned());
    }
    match Duckdb::new() {
        Ok(duckdb) => here.push(Box::new(duckdb)),
        Err(error) => missing.push(format!("DuckDB ({error})")),
    }
    (here, missing)
}

/// Runs a test anew with a throwaway server; `None` if there is none, or one already. One server at a time: they would
/// have the same name.
fn within_a_server(test: &str) -> Option<bool> {
    static SERVER: Mutex<()> = Mutex::new(());
    if is_set("PGHOST") || is_set(WITHIN) {
        return None;
    }
    let _one = SERVER.lock();
    let status = Command::new("pg_virtualenv")
        .arg(std::env::current_exe().expect("the test has a path"))
        .args(["--exact", test, "--nocapture"])
        .env(WITHIN, "1")
        .status();
    status.ok().map(|status| status.success())
}

/// Says what is missing.
fn say(missing: &[String]) {
    if !missing.is_empty() {
        println!("not asked, for want of it: {}", missing.join(", "));
        assert!(!is_set("CI"), "with CI=true nothing may be missing: {}", missing.join(", "));
    }
}

#[test]
fn every_engine_agrees() {
    if let Some(success) = within_a_server("every_engine_agrees") {
        assert!(success, "see above");
        return;
    }
    let depth = depth();
    let begin = Instant::now();
    let first: u64 =
        std::env::var("MATRICULA_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_122);
    let (mut databases, missing) = databases();
    say(&missing);
    let mut tallies: Vec<(&str, Tally, Duration)> =
        databases.iter().map(|engine| (engine.dialect().name(), Tally::default(), Duration::ZERO)).collect();
    let mut of_cel = (Tally::default(), Duration::ZERO);
    let mut of_library = Duration::ZERO;
    let mut counts = [0_usize; 3];
    for batch in 0..depth.batches {
        let seed = first.wrapping_add(batch as u64);
        let company = make::company(seed, depth.people);
        let rng = &mut Rng::new(!seed);
        let count = depth.rules / depth.batches;
        let rules: Vec<Rule> = (0..count).map(|_| rules::rule(rng, &company, 4)).collect();
        let start = Instant::now();
        let truths: Vec<Vec<Truth>> = rules.iter().map(|rule| truths(rule, &company)).collect();
        of_library += start.elapsed();
        for truth in truths.iter().flatten() {
            counts[*truth as usize] += 1;
        }
        // Each by itself; the first failure of any ends the test.
        std::thread::scope(|scope| {
            let (company, rules, truths) = (&company, &rules, &truths);
            let databases = databases.iter_mut().zip(&mut tallies).map(|(engine, (_, tally, time))| {
                scope.spawn(move || {
                    let start = Instant::now();
                    engine.load(company).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
                    for (at, (rule, truths)) in rules.iter().zip(truths).enumerate() {
                        let answered = ask(engine.as_mut(), company, rule, truths, at);
                        *tally +=
                            answered.unwrap_or_else(|report| panic!("seed {seed}, rule {at}: {report}"));
                    }
                    *time += start.elapsed();
                })
            });
            let databases: Vec<_> = databases.collect();
            let start = Instant::now();
            let cel = Cel::new(company, depth.people_of_cel);
            for (at, (rule, truths)) in rules.iter().zip(truths).enumerate() {
                let answered = cel.ask(rule, truths);
                of_cel.0 += answered.unwrap_or_else(|report| panic!("seed {seed}, rule {at}: {report}"));
            }
            of_cel.1 += start.elapsed();
            for database in databases {
                if let Err(panic) = database.join() {
                    std::panic::resume_unwind(panic);
                }
            }
        });
        if is_set("MATRICULA_DEEP") {
            println!("company {} of {}, after {:.0?}", batch + 1, depth.batches, begin.elapsed());
        }
    }
    let all: usize = counts.iter().sum();
    let share = |count: usize, of: usize| count as f64 * 100.0 / of.max(1) as f64;
    println!(
        "{} rules, {} companies of {} people, seed {first}; true {:.0} %, unknown {:.0} %, false {:.0} %; library {of_library:.1?}",
        depth.rules / depth.batches * depth.batches,
        depth.batches,
        depth.people,
        share(counts[Truth::True as usize], all),
        share(counts[Truth::Unknown as usize], all),
        share(counts[Truth::False as usize], all),
    );
    tallies.push(("cel", of_cel.0, of_cel.1));
    for (name, tally, time) in tallies {
        let skipped = share(tally.skipped, tally.asked + tally.skipped);
        println!(
            "{name}: {} rules, {} answers, all agree; {} rules ({skipped:.1} %) cannot be put to it; {time:.1?}",
            tally.asked, tally.answers, tally.skipped,
        );
        // Patterns with characters that SQLite reads as others.
        let most = 1.0;
        assert!(
            skipped <= most,
            "{name}: {skipped:.1} % of the rules are skipped, expected at most {most} %"
        );
    }
}

/// A text attribute, and the rules at the edges.
fn edges(company: &Company) -> Vec<Rule> {
    let name = company.schema.attributes().iter().find(|attribute| attribute.kind == Kind::Text);
    let field = Field::Attribute(name.expect("every kind is there").id);
    let rng = &mut Rng::new(1);
    let mut leaf = || loop {
        // Long lists have a rule of their own.
        match rules::leaf(rng, company) {
            Rule::In { .. } | Rule::ReportsTo { .. } => {}
            rule => return rule,
        }
    };
    let mut all = Vec::new();
    let not = |rule| Rule::Not(Box::new(rule));
    // Deep, with every combination in turn, and with each alone; the question of whom it is false for adds a level.
    for kind in 0..4 {
        let mut rule = leaf();
        for level in 0..63 {
            let parts = if level % 2 == 0 { vec![leaf(), rule] } else { vec![rule, leaf()] };
            rule = match (level + kind) % 4 {
                0 => Rule::All(parts),
                1 => Rule::Any(parts),
                2 => Rule::Xor(parts),
                _ => not(parts.into_iter().next_back().expect("two parts")),
            };
        }
        all.push(rule);
    }
    all.push((0..63).fold(leaf(), |rule, _| not(rule)));
    all.push((0..63).fold(leaf(), |rule, _| Rule::Xor(vec![rule, leaf()])));
    // Wide.
    let compare = |at: i32| Rule::Compare {
        field,
        comparison: if at % 2 == 0 { Comparison::NotEqual } else { Comparison::Equal },
        with: Operand::Value(Value::text(&format!("text {at}"))),
    };
    let has = |at: i32| if at % 3 == 0 { not(Rule::Has(field)) } else { Rule::Has(field) };
    all.push(Rule::All((0..4_000).map(compare).collect()));
    all.push(Rule::Any((0..4_000).map(compare).collect()));
    all.push(Rule::Xor((0..400).map(has).collect()));
    // Both.
    let levels = (0..62).fold(compare(0), |rule, level| {
        let parts = (0..30).map(|at| compare(level * 30 + at)).chain([rule]).collect();
        if level % 2 == 0 { Rule::All(parts) } else { Rule::Any(parts) }
    });
    all.push(levels);
    // Long lists.
    let values = (0..100_000).map(|at| Value::text(&format!("{at}"))).chain([Value::text("a")]).collect();
    all.push(Rule::In { field, values });
    // Long patterns.
    let glob = |text: String| Rule::Match { field, how: Matching::Glob, text: text.into() };
    all.push(glob(format!("?{}*", "é".repeat(1_998))));
    all.push(glob(format!("{}?*", "a*".repeat(999))));
    // Every text that has broken something, in every way.
    for text in make::TEXTS {
        let text = matricula_rule::normalise(text);
        for how in [Matching::StartsWith, Matching::EndsWith, Matching::Contains] {
            all.push(Rule::Match { field, how, text: text.as_ref().into() });
        }
        let escaped: String = text.chars().flat_map(|char| ['\\', char]).collect();
        all.extend(["?*", "*?", "*?*"].map(|odd| glob(odd.replace('?', &format!("?{escaped}")))));
        for comparison in [Comparison::Equal, Comparison::Less, Comparison::GreaterOrEqual] {
            all.push(Rule::Compare { field, comparison, with: Operand::Value(Value::text(&text)) });
        }
    }
    all
}

#[test]
fn the_edges_agree() {
    if let Some(success) = within_a_server("the_edges_agree") {
        assert!(success, "see above");
        return;
    }
    let (databases, missing) = databases();
    say(&missing);
    let company = make::company(7, 150);
    let rules = edges(&company);
    // PostgreSQL holds no U+0000.
    let nul: Vec<Rule> = ["\0", "a\0", "\0b"]
        .into_iter()
        .flat_map(|text| {
            let all = company.schema.attributes().iter().filter(|attribute| attribute.kind == Kind::Text);
            all.map(move |attribute| (Field::Attribute(attribute.id), text)).collect::<Vec<_>>()
        })
        .flat_map(|(field, text)| {
            let of = move |how| Rule::Match { field, how, text: text.into() };
            let equal = Rule::Compare {
                field,
                comparison: Comparison::Equal,
                with: Operand::Value(Value::text(text)),
            };
            [of(Matching::StartsWith), of(Matching::EndsWith), of(Matching::Contains), equal]
        })
        .collect();
    let mut with_nul = company.clone();
    let attributes = company.schema.attributes().to_vec();
    for attribute in attributes.iter().filter(|attribute| attribute.kind == Kind::Text) {
        for (person, text) in with_nul.people.iter_mut().zip(["\0", "a", "a\0", "a\0b", "\0b", "b", ""]) {
            person.values.insert(attribute.id, Value::text(text));
        }
    }
    for mut database in databases {
        let (name, postgres) = (database.dialect().name(), database.dialect() == Dialect::Postgres);
        let mut all = |company: &Company, rules: &[Rule], least: usize| {
            database.load(company).unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut tally = Tally::default();
            for (at, rule) in rules.iter().enumerate() {
                let answered = ask(database.as_mut(), company, rule, &truths(rule, company), at);
                tally += answered.unwrap_or_else(|report| panic!("edge {at}: {report}"));
            }
            println!("{name}: {} edges, all agree; {} cannot be put to it", tally.asked, tally.skipped);
            assert!(tally.asked >= least, "{name}: only {} of {} rules were asked", tally.asked, rules.len());
        };
        all(&company, &rules, rules.len() - 6);
        if postgres {
            continue;
        }
        all(&with_nul, &nul, nul.len());
    }
}

/// The query plans of SQLite: whatever can begin with an index does.
#[test]
fn conditions_use_indexes() {
    let company = make::company(7, 50);
    let of = |kind: &str| {
        let attributes = company.schema.attributes().iter();
        let mut attributes =
            attributes.filter(|attribute| attribute.kind.name() == kind && !attribute.ignore_case);
        attributes.next().map(|attribute| attribute.id)
    };
    let sqlite = Sqlite::new().and_then(|mut sqlite| sqlite.load(&company).map(|()| sqlite)).expect("sqlite");
    let today = Operand::Today(Offset { count: 0, unit: Unit::Days });
    let path = of("path").expect("every kind is there");
    let date = Field::Attribute(of("date").expect("every kind is there"));
    let user = of("user").expect("every kind is there");
    let course = CourseId(1);
    let mut rules = vec![
        Rule::Under { attribute: path, path: "EMEA".into(), itself: true },
        Rule::Compare { field: date, comparison: Comparison::Greater, with: today.clone() },
        Rule::Between { field: date, from: today.clone(), to: today.clone() },
        Rule::In { field: user.into(), values: (0..3).map(|id| Value::User(UserId(id))).collect() },
        Rule::In { field: user.into(), values: (0..3_000).map(|id| Value::User(UserId(id))).collect() },
        Rule::ReportsTo { attribute: user, user: UserId(1) },
        Rule::Compare { field: Field::Completed(course), comparison: Comparison::Less, with: today.clone() },
        Rule::Compare { field: Field::Due(course), comparison: Comparison::Less, with: today },
        Rule::Is(Fact::Enrolled(course)),
    ];
    if let Some(text) = of("text") {
        for how in [Matching::StartsWith, Matching::Glob] {
            rules.push(Rule::Match {
                field: text.into(),
                how,
                text: "a*".replace('*', how_ends(how)).into(),
            });
        }
        rules.push(Rule::In { field: text.into(), values: vec![Value::text("a"), Value::text("b")] });
    }
    for rule in rules {
        let sql = emit(&rule, &company, &Asked::utc(company.today), Dialect::Sqlite).expect("a rule");
        let plan = sqlite.plan(&format!("SELECT u.id FROM \"user\" u WHERE {}", sql.text)).expect("a plan");
        assert!(!plan.contains("SCAN u"), "{}\n{plan}", sql.text);
    }
}

fn how_ends(how: Matching) -> &'static str {
    if how == Matching::Glob { "*" } else { "" }
}
