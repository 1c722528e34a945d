//! How a comparison is printed. Not here: what is compared.

use serde_json::{Value as Json, json};

use crate::{Engine, Sizes, Way};

/// For people.
pub fn print(sizes: Sizes, engines: &[Engine]) {
    let ours = engines[0].best(true).unwrap().1;
    println!("{} people, {} rules, {} memberships\n", sizes.users, sizes.rules, sizes.memberships);
    println!("{:<64} {:>10}       {:>8}", "", "median", "ratio");
    for engine in engines {
        println!("{} {}, threads: {}", engine.name, engine.said.version, engine.said.threads);
        for way in &engine.said.ways {
            let fastest = engine.best(way.kept).is_some_and(|(best, _)| std::ptr::eq(best, way));
            let mark = if fastest && engine.said.ways.len() > 1 { "  fastest" } else { "" };
            let seconds = way.seconds();
            let ratio = format!("{:.1}x", seconds / ours);
            println!("  {:<62} {:>10.1} ms    {ratio:>8}{mark}", described(way), seconds * 1e3);
        }
    }
    println!();
    for (engine, what, ratio) in ratios(engines) {
        println!("{engine} {what}: {ratio:.1} times as long as Matricula");
    }
}

/// For programs.
pub fn json(sizes: Sizes, engines: &[Engine]) -> Json {
    let engines_said: Vec<Json> = engines
        .iter()
        .map(|engine| {
            let ways = engine.said.ways.iter();
            let ways: Vec<Json> = ways
                .map(|way| json!({ "name": way.name, "kept": way.kept, "seconds": way.seconds }))
                .collect();
            json!({
                "name": engine.name, "version": engine.said.version, "threads": engine.said.threads,
                "ways": ways,
            })
        })
        .collect();
    let ratios: Vec<Json> = ratios(engines)
        .map(|(engine, what, ratio)| json!({ "engine": engine, "what": what, "ratio": ratio }))
        .collect();
    json!({
        "users": sizes.users, "rules": sizes.rules, "memberships": sizes.memberships,
        "engines": engines_said, "ratios": ratios,
    })
}

/// Each of the others against the library, which keeps the members in either case.
fn ratios(engines: &[Engine]) -> impl Iterator<Item = (&'static str, &'static str, f64)> {
    let ours = engines[0].best(true).unwrap().1;
    let both = [(true, "keeping the members"), (false, "only counting them")];
    both.into_iter().flat_map(move |(kept, what)| {
        let others = engines[1..].iter();
        others.filter_map(move |engine| Some((engine.name, what, engine.best(kept)?.1 / ours)))
    })
}

fn described(way: &Way) -> String {
    format!("{}, {}", if way.kept { "members kept" } else { "only counted" }, way.name)
}
