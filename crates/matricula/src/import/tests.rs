//! Feeds judged as a whole, however many rows are read at a time, against a slow judge of rows.

use std::collections::{BTreeMap, BTreeSet};

use matricula_core::{AttributeDefinition, AttributeType, Instant, Memory, Snapshot};
use proptest::prelude::*;

use super::*;
use crate::Registry;

/// What matters of somebody here: the badge, which must be unique, and the boss.
type Person = (Option<String>, Option<String>);

const PEOPLE: [(&str, Person); 2] = [("yan", (None, None)), ("zoe", (None, None))];

fn transaction(people: &BTreeMap<String, Person>) -> Transaction {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(Instant::EPOCH).unwrap();
    tx.define_attribute("boss", AttributeType::User).unwrap();
    tx.define_attribute("dept", AttributeType::Text).unwrap();
    let badge = AttributeDefinition::new("badge", AttributeType::Text);
    tx.apply(AttributeDefinition { unique: true, ..badge }).unwrap();
    let update = |(key, (badge, boss)): (&String, &Person)| {
        let update = UserUpdate::new(key.as_str());
        let update = badge.iter().fold(update, |update, badge| update.set("badge", badge.as_str()));
        boss.iter().fold(update, |update, boss| update.set("boss", boss.as_str()))
    };
    tx.apply(matricula_core::Change::Users(people.iter().map(update).collect())).unwrap();
    tx.commit().unwrap();
    registry.as_host("hr").begin(Instant::EPOCH).unwrap()
}

fn feed(rows: &[(String, String, String)]) -> String {
    let line = |(id, badge, boss): &(String, String, String)| format!("{id},{badge},{boss},IT\n");
    std::iter::once("id,badge,boss,dept\n".to_owned()).chain(rows.iter().map(line)).collect()
}

/// Imports with some columns mapped, so many rows at a time.
fn take(
    tx: &mut Transaction,
    feed: &str,
    columns: &[&str],
    bad_rows: BadRows,
    batch: usize,
) -> (Result<ImportReport, Error>, Vec<usize>, Snapshot) {
    let targets: Vec<(&str, String)> =
        columns.iter().map(|column| (*column, format!("user.{column}"))).collect();
    let pairs = targets.iter().map(|(column, target)| (*column, target.as_str())).chain([("id", "key")]);
    let mapping = Mapping::from_pairs(pairs).unwrap();
    let options = ImportOptions { bad_rows, ..ImportOptions::default() };
    let mut told = Vec::new();
    let source = Source { feed: feed.as_bytes(), mapping: &mapping, options, batch };
    let report = source.take(tx.draft_mut(), &mut |progress| {
        told.push(progress.rows);
        ControlFlow::Continue(())
    });
    (report, told, tx.inputs())
}

/// The lines that are wrong, found as slowly and plainly as can be: in rounds, all that are wrong by then leave, until none
/// does.
fn wrong_lines(people: &BTreeMap<String, Person>, rows: &[(String, String, String)]) -> BTreeSet<u64> {
    let mut rest: Vec<(u64, &(String, String, String))> = (2..).zip(rows).collect();
    let mut named = BTreeSet::new();
    let mut wrong = BTreeSet::new();
    rest.retain(|(line, (id, ..))| named.insert(id) || !wrong.insert(*line));
    for _ in 0..30 {
        let before = wrong.len();
        // Who has which badge, of those whom no row that is left is about.
        let about: BTreeSet<&str> = rest.iter().map(|(_, (id, ..))| id.as_str()).collect();
        let others = people.iter().filter(|(key, _)| !about.contains(key.as_str()));
        let mut taken: BTreeSet<&str> = others.filter_map(|(_, (badge, _))| badge.as_deref()).collect();
        rest.retain(|(line, (_, badge, _))| badge.is_empty() || taken.insert(badge) || !wrong.insert(*line));
        // Whoever is named must be there, or in a row that is left.
        loop {
            let about: BTreeSet<&str> = rest.iter().map(|(_, (id, ..))| id.as_str()).collect();
            let all = rest.len();
            rest.retain(|(line, (_, _, boss))| {
                let there = boss.is_empty() || about.contains(boss.as_str()) || people.contains_key(boss);
                there || !wrong.insert(*line)
            });
            if rest.len() == all {
                break;
            }
        }
        if wrong.len() == before {
            return wrong;
        }
    }
    panic!("too many rounds to say");
}

fn people(given: &[(String, Person)]) -> BTreeMap<String, Person> {
    let mut badges = BTreeSet::new();
    let known: BTreeSet<String> = given.iter().map(|(key, _)| key.clone()).collect();
    let own = given.iter().map(|(key, (badge, boss))| {
        let badge = badge.clone().filter(|badge| badges.insert(badge.clone()));
        (key.clone(), (badge, boss.clone().filter(|boss| known.contains(boss))))
    });
    let own: Vec<_> = own.collect();
    PEOPLE.into_iter().map(|(key, person)| (key.to_owned(), person)).chain(own).collect()
}

fn reasons(report: &ImportReport) -> BTreeSet<u64> {
    report.errors.iter().map(|error| error.line).collect()
}

proptest! {
    #![proptest_config(matricula_testkit::cases(64))]

    #[test]
    fn how_many_rows_are_read_at_a_time_makes_no_difference(
        given in prop::collection::vec(("[a-f]", (prop::option::of("[1-6]"), prop::option::of("[a-f]"))), 0..5),
        rows in prop::collection::vec(("[a-h]", "[1-8]?", prop::option::of(prop_oneof![3 => "[a-i]", 1 => "zoe"])), 0..24),
        whole in any::<bool>(),
        columns in prop::sample::select(vec![vec!["badge", "boss"], vec!["badge"], vec!["boss"], vec!["dept"]]),
        batch in 1_usize..9,
    ) {
        let people = people(&given);
        let mut rows: Vec<(String, String, String)> =
            rows.into_iter().map(|(id, badge, boss)| (id, badge, boss.unwrap_or_default())).collect();
        let bad_rows = if whole { BadRows::Refuse } else { BadRows::Skip };
        let text = feed(&rows);
        let told = |batch| take(&mut transaction(&people), &text, &columns, bad_rows, batch);
        let (all, all_told, all_people) = told(usize::MAX);
        let (some, some_told, some_people) = told(batch);
        prop_assert_eq!(all.as_ref().ok(), some.as_ref().ok());
        prop_assert_eq!(all.as_ref().map_err(ToString::to_string), some.as_ref().map_err(ToString::to_string));
        // What is refused is not taken out of the draft here.
        prop_assert!(all.is_err() || all_people.says_what(&some_people));
        prop_assert_eq!(all_told.len(), usize::from(!rows.is_empty()));
        let steps = (1..=rows.len()).filter(|row| row % batch == 0 || *row == rows.len());
        prop_assert_eq!(some_told, steps.collect::<Vec<_>>());
        // What is not mapped says nothing.
        for (_, badge, boss) in &mut rows {
            for (column, cell) in [("badge", badge), ("boss", boss)] {
                if !columns.contains(&column) {
                    cell.clear();
                }
            }
        }
        if let (Ok(report), false) = (&some, whole) {
            prop_assert_eq!(reasons(report), wrong_lines(&people, &rows));
        }
    }
}

/// Forty thousand people, each with a badge and a boss.
fn crowd() -> BTreeMap<String, Person> {
    let person = |number: u32| {
        let boss = (number > 0).then(|| format!("u{}", number / 10));
        (format!("u{number}"), (Some(format!("b{number}")), boss))
    };
    (0..40_000).map(person).collect()
}

#[test]
fn a_feed_of_many_batches_is_judged_as_a_whole() {
    let crowd = crowd();
    let row = |(number, badge, boss): (u32, String, String)| (format!("u{number}"), badge, boss);
    // Every badge moves to somebody twenty thousand rows away, and everybody has a boss of the last batch, who is new.
    let moved = (0..40_000).map(|number| {
        (number, format!("b{}", (number + 20_000) % 40_000), format!("u{}", 40_000 + number % 100))
    });
    let new = (40_000..40_100).map(|number| (number, format!("b{number}"), String::new()));
    let mut rows: Vec<_> = moved.chain(new).map(row).collect();
    let mut tx = transaction(&crowd);
    let (report, told, inputs) = take(&mut tx, &feed(&rows), &["badge", "boss"], BadRows::Skip, BATCH);
    let report = report.unwrap();
    assert_eq!((report.created, report.changed, report.errors.len()), (100, 40_000, 0));
    assert_eq!(told, [16_384, 32_768, 40_100]);
    let badge = inputs.schema().find("badge").unwrap().id;
    let value = |key: &str| inputs.value(inputs.user_id(key).unwrap(), badge).unwrap();
    assert_eq!(value("u0"), matricula_core::rule::Value::text("b20000"));
    assert_eq!(tx.problems(), []);

    // One boss is wrong: whoever has that boss stays with the old badge, which nobody else can have then, and so on.
    rows[40_007].1 = "b39999".to_owned();
    rows[40_007].2 = "nobody".to_owned();
    rows[20_011].1 = "b12".to_owned();
    let mut tx = transaction(&crowd);
    let (report, _, all) = take(&mut tx, &feed(&rows), &["badge", "boss"], BadRows::Skip, BATCH);
    let report = report.unwrap();
    let wrong = wrong_lines(&crowd, &rows);
    assert!(wrong.len() > 400, "{} lines", wrong.len());
    assert_eq!(reasons(&report), wrong);
    assert_eq!(report.created + report.changed + report.unchanged, rows.len() - wrong.len());
    // However many rows are read at a time.
    let mut tx = transaction(&crowd);
    let (small, told, some) = take(&mut tx, &feed(&rows), &["badge", "boss"], BadRows::Skip, 1_000);
    assert_eq!((small.unwrap(), told.len()), (report, 41));
    assert!(all.says_what(&some));
}

#[test]
fn a_feed_that_is_judged_at_its_end_can_be_stopped_on_the_way() {
    let crowd = crowd();
    let rows: Vec<_> = crowd.keys().map(|key| (key.clone(), String::new(), String::new())).collect();
    let mut tx = transaction(&crowd);
    let before = tx.inputs();
    let mapping = Mapping::from_pairs([("id", "key"), ("badge", "user.badge")]).unwrap();
    let mut told = Vec::new();
    let stopped = tx.import_users(feed(&rows).as_bytes(), &mapping, ImportOptions::default(), |progress| {
        told.push(progress.rows);
        if told.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!((stopped.unwrap_err().kind(), told), (ErrorKind::Cancelled, vec![16_384, 32_768]));
    assert!(tx.inputs().same_as(&before));
}

#[test]
fn rows_that_name_who_comes_later_are_counted_as_what_they_do() {
    let people =
        people(&[("ann".to_owned(), (None, None)), ("bob".to_owned(), (None, Some("ann".to_owned())))]);
    for batch in [1, 2, 100] {
        let mut tx = transaction(&people);
        let row = |id: &str, boss: &str| (id.to_owned(), String::new(), boss.to_owned());
        let rows = [row("ann", "cy"), row("bob", "ann"), row("dee", "cy"), row("cy", "")];
        let (report, ..) = take(&mut tx, &feed(&rows), &["boss"], BadRows::Refuse, batch);
        let counts = |report: &ImportReport| (report.created, report.changed, report.unchanged);
        assert_eq!(counts(&report.unwrap()), (2, 1, 1), "{batch} at a time");
        // Whoever is named comes with another feed, or is still to come.
        let rows = [row("ann", "eve"), row("bob", "eve"), row("cy", "")];
        let (report, ..) = take(&mut tx, &feed(&rows), &["boss"], BadRows::Refuse, batch);
        assert_eq!(counts(&report.unwrap()), (0, 2, 1), "{batch} at a time");
        let (report, ..) = take(&mut tx, &feed(&rows[..1]), &["boss"], BadRows::Refuse, batch);
        assert_eq!(counts(&report.unwrap()), (0, 0, 1), "said already: {batch} at a time");
        let (report, ..) = take(&mut tx, &feed(&[row("eve", "")]), &["boss"], BadRows::Refuse, batch);
        assert_eq!(counts(&report.unwrap()), (1, 0, 0));
        assert_eq!(tx.problems(), []);
        assert_eq!(tx.commit().unwrap().users_created(), 3);
    }
}
