//! The registry as it was, after a year of feeds and single changes in one process.

use std::path::Path;

use chrono::Duration;
use matricula::{Change, Instant, Registry, Sqlite, UserUpdate};
use matricula_testkit::company::Random;

use crate::alone;
use crate::company::{Bench, now};
use crate::row::Report;
use crate::timed;

/// Days of the year.
const DAYS: i64 = 365;
/// Commits of a day that change one person each.
const SINGLE: usize = 10;

/// Lives through a year on the file, then looks back at each of its months; `path` has the company's registry.
pub fn year(bench: &Bench, path: &Path, report: &mut Report<'_>) {
    let store = Sqlite::options().durability(matricula::Durability::Normal).open(path).unwrap();
    let registry = Registry::open(store).unwrap();
    let first = registry.snapshot().revision();
    let (lived, slowest) = live(bench, &registry);
    let commits = registry.snapshot().revision().0 - first.0;
    report.add(&alone("  a year of commits", lived, "s", None));
    report.add(&alone("  how many", commits as f64, "", None));
    report.add(&alone("  the slowest of them, which keeps an image", slowest * 1e3, "ms", None));
    let mut slowest: f64 = 0.0;
    let mut year_ago = 0.0;
    for month in 0..12 {
        let at = now() + Duration::days(1 + month * 30) + Duration::hours(3);
        let at = Instant::from_millis(at.timestamp_millis()).unwrap();
        let (seconds, past) = timed(|| registry.as_of(at).unwrap());
        assert!(past.clock().is_some_and(|clock| clock <= at));
        slowest = slowest.max(seconds);
        if month == 0 {
            year_ago = seconds;
        }
    }
    report.add(&alone("as_of a year back", year_ago, "s", Some(2.0)));
    report.add(&alone("as_of, the slowest of twelve months back", slowest, "s", Some(2.0)));
}

/// Every day a feed that changes one person of a thousand, and some single changes; how long that took, and the longest
/// commit.
fn live(bench: &Bench, registry: &Registry) -> (f64, f64) {
    let host = registry.as_host("bench");
    let mut random = Random::new(17);
    let mut slowest: f64 = 0.0;
    let (seconds, ()) = timed(|| {
        for day in 1..=DAYS {
            let at = now() + Duration::days(day);
            for single in 0..=SINGLE {
                let people = if single == 0 { (bench.users / 1000).max(1) } else { 1 };
                let mut person = || {
                    let key = format!("E{}", 10_001 + random.below(bench.users));
                    let department = random.pick(&["Sales", "Operations", "Engineering", "Finance"]);
                    let update = UserUpdate::new(key).set("department", department);
                    update.set("cost_centre", format!("{}", 4000 + random.below(37)))
                };
                let updates = (0..people).map(|_| person()).collect();
                let (took, ()) = timed(|| {
                    let mut tx = host.begin(at).unwrap();
                    tx.apply(Change::Users(updates)).unwrap();
                    tx.commit().unwrap();
                });
                slowest = slowest.max(took);
            }
        }
    });
    (seconds, slowest)
}
