//! Writes the seeds: the rules of `docs/rule-language.md` and of the vectors as text and typed, and the queries of
//! `tests/builder/cases.json`. Run it with `cargo +nightly run --example seeds`; what is there already stays.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use matricula_fuzz::world;
use matricula_rule::{Rule, compile, from_builder, to_builder};
use serde_json::Value as Json;

/// The most seeds of a target, and the most bytes of each.
const MOST: (usize, usize) = (200, 2048);

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let page = read("docs/rule-language.md");
    let cases: Json = serde_json::from_str(&read("tests/builder/cases.json")).unwrap();

    let mut texts = rules_of_page(&page);
    let mut queries = BTreeSet::new();
    for case in cases["cases"].as_array().unwrap() {
        let mut query = case["given"].clone();
        without_ids(&mut query);
        queries.insert(query.to_string());
        texts.extend(case["expect"]["rule"].as_str().map(String::from));
    }
    for entry in fs::read_dir(root.join("tests/vectors")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            rules_within(&serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap(), &mut texts);
        }
    }

    let rules: Vec<Rule> = texts.iter().filter_map(|text| compile(text, world()).ok()).collect();
    let mut typed: BTreeSet<String> = rules.iter().map(|rule| serde_json::to_string(rule).unwrap()).collect();
    typed.extend(page.split('`').filter(|part| serde_json::from_str::<Rule>(part).is_ok()).map(String::from));
    for rule in &rules {
        queries.extend(to_builder(rule, world()).ok().map(|query| query.to_string()));
    }
    let read_of =
        |text: &String| serde_json::from_str(text).is_ok_and(|json| from_builder(&json, world()).is_ok());

    write("text", &texts, |text| compile(text, world()).is_ok());
    write("tree", &typed, |_| true);
    write("builder", &queries, read_of);
}

/// Whatever stands between backticks in a table.
fn rules_of_page(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter(|line| line.starts_with('|'));
    rows.flat_map(|row| {
        let row = row.replace(r"\|", "|").replace("``", "\u{1}");
        let quote = if row.contains('\u{1}') { '\u{1}' } else { '`' };
        row.split(quote).skip(1).step_by(2).map(String::from).collect::<Vec<_>>()
    })
    .filter(|code| code.contains(['.', '(']))
    .collect()
}

/// What is called `rule`, anywhere.
fn rules_within(json: &Json, found: &mut BTreeSet<String>) {
    match json {
        Json::Array(elements) => elements.iter().for_each(|element| rules_within(element, found)),
        Json::Object(object) => object.iter().for_each(|(key, value)| match value {
            Json::String(text) if key == "rule" => drop(found.insert(text.clone())),
            value => rules_within(value, found),
        }),
        _ => {}
    }
}

/// The ids that the web page gives to rules mean nothing.
fn without_ids(json: &mut Json) {
    match json {
        Json::Array(elements) => elements.iter_mut().for_each(without_ids),
        Json::Object(object) => {
            if object.contains_key("operator") || object.contains_key("rules") {
                object.remove("id");
            }
            object.values_mut().for_each(without_ids);
        }
        _ => {}
    }
}

/// Writes an even choice of them, three of four being good ones.
fn write(target: &str, seeds: &BTreeSet<String>, good: impl Fn(&String) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder).unwrap();
    let small = seeds.iter().filter(|seed| seed.len() <= MOST.1);
    let (good, bad): (Vec<&String>, Vec<&String>) = small.partition(|seed| good(seed));
    let bad_most = bad.len().min(MOST.0 / 4);
    let chosen = evenly(&good, MOST.0 - bad_most).chain(evenly(&bad, bad_most));
    for (number, seed) in chosen.enumerate() {
        fs::write(folder.join(format!("seed-{number:03}")), seed).unwrap();
    }
}

fn evenly<'a>(of: &'a [&String], most: usize) -> impl Iterator<Item = &'a String> {
    let count = of.len().min(most);
    (0..count).map(move |number| of[number * of.len() / count])
}
