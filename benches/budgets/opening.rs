//! Opening a file: a large registry from rows and from the column cache, what it then holds, following another process,
//! and thousands of small registries.

use std::path::Path;

use matricula::{AttributeType, Change, Registry, Sqlite, SqliteOptions, UserUpdate};
use matricula_testkit::company::Random;

use crate::company::{Bench, define_attributes, define_rules, import, now};
use crate::row::Report;
use crate::sqlite::read_everything;
use crate::{against, alone, median, timed};

/// Enrolment rules that come to about five million enrolments of a million people.
const RULES: usize = 40;
/// Commits of another process.
const COMMITS: usize = 1_000;
/// Registries that a host holds for its customers.
const SMALL: usize = 2_000;

/// Three attributes more than the feed has: twelve.
fn define_and_set_more(tx: &mut matricula::Transaction, users: usize) {
    tx.define_attribute("level", AttributeType::Integer).unwrap();
    let skills = ["go", "rust", "sql", "zig"].iter().map(|&key| key.into()).collect();
    tx.define_attribute("skills", AttributeType::MultiChoice(skills)).unwrap();
    tx.define_attribute("manager", AttributeType::User).unwrap();
    let mut random = Random::new(5);
    let person = |number: usize| {
        let level = i64::try_from(random.below(12)).unwrap();
        let mut update = UserUpdate::new(format!("E{}", 10_001 + number)).set("level", level);
        if random.below(3) == 0 {
            update = update.set("skills", random.pick(&["go", "rust", "sql", "zig", "go;sql", "rust;zig"]));
        }
        match number.checked_sub(1) {
            Some(before) => update.set("manager", format!("E{}", 10_001 + before / 8)),
            None => update,
        }
    };
    tx.apply(Change::Users((0..users).map(person).collect())).unwrap();
}

fn open(path: &Path, options: SqliteOptions) -> Registry {
    Registry::open(options.open(path).unwrap()).unwrap()
}

/// Measures a large registry.
pub fn large(bench: &Bench, report: &mut Report<'_>) {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("large.db");
    let registry = open(path, Sqlite::options());
    let host = registry.as_host("bench");
    let mut tx = host.begin(now()).unwrap();
    define_attributes(&mut tx);
    import(&mut tx, &bench.feed);
    define_and_set_more(&mut tx, bench.users);
    tx.commit().unwrap();
    let people = registry.snapshot().memory(None).held as f64;
    report.add(&alone(
        "memory held, per person, 12 attributes",
        people / bench.users as f64,
        "B",
        Some(250.0),
    ));
    let mut tx = host.begin(now()).unwrap();
    define_rules(&mut tx, RULES);
    tx.commit().unwrap();
    let expected = registry.snapshot();
    let enrolments = expected.enrolment_count() as f64;
    let more = expected.memory(None).held as f64 - people;
    report.add(&alone(
        "memory held, per enrolment, memberships included",
        more / enrolments,
        "B",
        Some(32.0),
    ));
    report.add(&alone("  enrolments", enrolments / 1e6, "M", None));
    let (saved, ()) = timed(|| registry.save_cache().unwrap());
    drop(host);
    drop(registry);
    drop(expected.clone());

    let (scanned, _) = timed(|| read_everything(path));
    let (opened, reopened) = timed(|| open(path, Sqlite::options().cache(false)));
    let reference = ("reading every row of the tables", scanned);
    report.add(&against("open from rows, 12 attributes", opened, "s", reference, Some(8.0)));
    let reread = reopened.snapshot();
    assert!(reread.same_as(&expected), "what was opened: {:?}", expected.differences(&reread, 9));
    drop((reopened, reread));
    let times: Vec<f64> = (0..5).map(|_| timed(|| open(path, Sqlite::options())).0 * 1e3).collect();
    let (plain, bytes) = timed(|| read_chunks(path));
    let reference = ("reading the cache's bytes", plain * 1e3);
    report.add(&against("open from the cache, 12 attributes", median(times), "ms", reference, Some(600.0)));
    report.add(&alone("  size of the cache", bytes as f64 / (1 << 20) as f64, "MiB", None));
    report.add(&alone("  writing it", saved * 1e3, "ms", None));
    let reopened = open(path, Sqlite::options());
    assert!(reopened.snapshot().same_as(&expected), "the cache is what was written");
    refresh(bench, &reopened, path, report);
    drop((reopened, expected));
    crate::past::year(bench, path, report);
}

fn read_chunks(path: &Path) -> usize {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut select = connection.prepare("SELECT bytes FROM cache_chunk").unwrap();
    let mut rows = select.query([]).unwrap();
    let mut bytes = 0;
    while let Some(row) = rows.next().unwrap() {
        bytes += row
            .get_ref(0)
            .unwrap()
            .as_blob()
            .unwrap()
            .iter()
            .map(|byte| usize::from(*byte != 0) | 1)
            .sum::<usize>();
    }
    bytes
}

/// Another process, which is a handle of its own here, commits; this one follows.
fn refresh(bench: &Bench, registry: &Registry, path: &Path, report: &mut Report<'_>) {
    let other = open(path, Sqlite::options().durability(matricula::Durability::Normal));
    let host = other.as_host("bench");
    let mut random = Random::new(9);
    let before = registry.snapshot().revision();
    while other.snapshot().revision().0 < before.0 + COMMITS as u64 {
        let key = format!("E{}", 10_001 + random.below(bench.users));
        let mut tx = host.begin(now()).unwrap();
        let department = random.pick(&["Sales", "Operations", "Engineering", "Finance"]);
        tx.update_user(UserUpdate::new(key).set("department", department)).unwrap();
        tx.commit().unwrap();
    }
    let (followed, snapshot) = timed(|| registry.refresh().unwrap());
    assert_eq!(snapshot.revision().0, before.0 + COMMITS as u64);
    let idle: Vec<f64> = (0..200).map(|_| timed(|| registry.refresh().unwrap()).0 * 1e6).collect();
    report.add(&alone("refresh by 1,000 commits of another process", followed * 1e3, "ms", Some(50.0)));
    report.add(&alone("  refresh by none", median(idle), "µs", None));
    drop((other, host));
    let reader = open(path, Sqlite::options().read_only(true));
    let looks = || -> Vec<f64> { (0..200).map(|_| timed(|| reader.refresh().unwrap()).0 * 1e6).collect() };
    report.add(&alone("  refresh by none, only reading, just written", median(looks()), "µs", None));
    // Then the times of the files alone say that nothing is new.
    std::thread::sleep(std::time::Duration::from_secs(4));
    report.add(&alone("  refresh by none, only reading, quiet", median(looks()), "µs", None));
}

/// Measures registries of a few people each, all open at once. To come first: memory that was freed before would be
/// taken for theirs.
pub fn small(report: &mut Report<'_>) {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let template = folder.join("template.db");
    let registry = open(&template, Sqlite::options());
    let mut tx = registry.as_host("bench").begin(now()).unwrap();
    define_attributes(&mut tx);
    define_rules(&mut tx, 5);
    tx.update_user(UserUpdate::new("ann").set("department", "Sales")).unwrap();
    tx.commit().unwrap();
    drop(registry);
    let paths: Vec<_> = (0..SMALL).map(|number| folder.join(format!("{number}.db"))).collect();
    for path in &paths {
        std::fs::copy(&template, path).unwrap();
    }
    let before = resident();
    let (mut times, mut registries) = (Vec::new(), Vec::new());
    for path in &paths {
        let (seconds, registry) = timed(|| open(path, Sqlite::options()));
        times.push(seconds * 1e3);
        registries.push(registry);
    }
    let bare: Vec<f64> = paths
        .iter()
        .take(200)
        .map(|path| {
            let ask = || -> i64 {
                let connection = rusqlite::Connection::open(path).unwrap();
                connection.query_row("SELECT revision FROM registry", [], |row| row.get(0)).unwrap()
            };
            timed(ask).0 * 1e3
        })
        .collect();
    let reference = ("a plain connection and one row", median(bare));
    report.add(&against("open a near-empty registry", median(times), "ms", reference, Some(5.0)));
    // Only Linux says how much is resident.
    if let (Some(before), Some(after)) = (before, resident()) {
        let each = (after - before) / SMALL as f64;
        report.add(&alone("memory of a near-empty registry, of 2,000 open", each, "KiB", Some(200.0)));
    }
    drop(registries);
}

/// What this process has in memory, in KiB.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
