//! Many rules over many attributes of every type: all segments from scratch, and one value of one person. The people
//! and the rules are those of `workforce`.

use matricula::{Input, LeavePolicy, Registry, SegmentDefinition};
use matricula_testkit::company::Random;
use workforce::{now, people, person, rule};

use crate::row::{Group, Options, Report};
use crate::{against, alone, median, timed};

/// Measures the engine in memory.
pub fn measure(options: &Options, report: &mut Report<'_>) {
    let users = options.users;
    let (seconds, registry) = timed(|| people(users));
    report.add(&alone("13 attributes of every type, memory: all people", seconds, "s", None));
    let bytes = registry.snapshot().memory(None).held as f64;
    report.add(&alone("  memory held, per person", bytes / users as f64, "B", None));
    if options.wants(Group::Scratch) {
        from_scratch(users, &registry, report);
    }
    if !options.wants(Group::Changes) {
        return;
    }
    for (segments, budget) in [(1_000, 100.0), (10_000, 400.0)] {
        single_changes(users, &registry, segments, budget, report);
    }
}

/// All segments from scratch, members and who joined whom kept.
fn from_scratch(users: usize, registry: &Registry, report: &mut Report<'_>) {
    for (rules, budget) in [(200, 0.060), (10_000, 3.0)] {
        let before = registry.snapshot();
        let (seconds, preview) = workforce::from_scratch(registry, rules);
        let members: usize = preview
            .snapshot()
            .segments()
            .map(|segment| preview.snapshot().member_count(&segment.key).unwrap())
            .sum();
        let bare = bare_columns(users, rules);
        report.add(&against(
            &format!("{rules} segments from scratch, members kept"),
            seconds,
            "s",
            ("reading two bytes and writing one bit a person and rule", bare),
            Some(budget * users as f64 / 1e6),
        ));
        report.add(&alone("  memberships", members as f64 / 1e6, "M", None));
        let kept = preview.snapshot().memory(Some(&before)).unshared as f64;
        report.add(&alone("  memory for the members", kept / (1 << 20) as f64, "MiB", Some(1.5 * 1024.0)));
    }
}

/// What any evaluation has to do at least that shares nothing: one test of a two-byte column a rule.
fn bare_columns(users: usize, rules: usize) -> f64 {
    let column: Vec<u16> = (0..users).map(|row| (row * 7919 % 60_000) as u16).collect();
    let measured = rules.min(200);
    let (seconds, sets) = timed(|| {
        (0..measured as u16)
            .map(|rule| {
                column
                    .as_chunks::<64>()
                    .0
                    .iter()
                    .map(|codes| {
                        let mut word = 0_u64;
                        for (place, code) in codes.iter().enumerate() {
                            word |= u64::from(code.wrapping_sub(rule) <= 20_000) << place;
                        }
                        word
                    })
                    .collect::<Vec<u64>>()
            })
            .collect::<Vec<_>>()
    });
    std::hint::black_box(&sets);
    seconds * rules as f64 / measured as f64
}

/// One value of one person, with as many enrolment rules as segments up to a thousand, and a reader.
fn single_changes(users: usize, registry: &Registry, segments: usize, budget: f64, report: &mut Report<'_>) {
    let host = registry.as_host("bench");
    let mut random = Random::new(5);
    let mut tx = host.begin(now()).unwrap();
    for course in 0..100 {
        tx.define_course(&format!("c{course}")).unwrap();
    }
    for number in 0..segments {
        let key = format!("s{number}");
        tx.apply(SegmentDefinition::with_rule(&*key, rule(&mut random))).unwrap();
        if number < 1_000 {
            let course = format!("c{}", number % 100);
            tx.define_enrolment_rule(&format!("r{number}"), &key, &[&course], LeavePolicy::Suspend).unwrap();
        }
    }
    let (seconds, _) = timed(|| tx.commit().unwrap());
    report.add(&alone(&format!("{segments} segments, up to 1,000 rules: commit"), seconds, "s", None));
    let mut plain = vec![0_u32; users];
    let (mut commits, mut bare, mut flips) = (Vec::new(), Vec::new(), Vec::new());
    let mut managers = Vec::new();
    for round in 0..2_000 {
        let number = random.below(users);
        let mut other = person(&mut random, number);
        let manager = round % 10 == 0;
        other.values.retain(|(key, _)| (&**key == "manager") == manager);
        if manager {
            other.values =
                vec![("manager".into(), Some(Input::Text(format!("u{}", random.below(users / 10 + 1)))))];
        }
        let place = random.below(other.values.len().max(1));
        if place < other.values.len() {
            other.values.swap(0, place);
            other.values.truncate(1);
        }
        let _reader = registry.snapshot();
        let (seconds, delta) = timed(|| {
            let mut tx = host.begin(now()).unwrap();
            tx.update_user(other).unwrap();
            tx.commit().unwrap()
        });
        bare.push(timed(|| plain[std::hint::black_box(number)] += 1).0 * 1e6);
        if !delta.is_empty() {
            if manager {
                managers.push(seconds * 1e6)
            } else {
                commits.push(seconds * 1e6)
            }
            flips.push(delta.memberships().count() as f64);
        }
    }
    std::hint::black_box(&plain);
    let p99 = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() * 99 / 100]
    };
    let reference = ("writing one number in an array", median(bare));
    report.add(&against(
        &format!("one value of one person, {segments} segments, a reader"),
        median(commits.clone()),
        "µs",
        reference,
        Some(budget),
    ));
    let limit = (segments == 10_000).then_some(2_000.0);
    report.add(&alone("  the 99th of 100", p99(&mut commits), "µs", limit));
    report.add(&alone(
        "  memberships changed, mean",
        flips.iter().sum::<f64>() / flips.len() as f64,
        "",
        None,
    ));
    report.add(&alone("  another manager instead", median(managers.clone()), "µs", None));
    report.add(&alone("  another manager, the 99th of 100", p99(&mut managers), "µs", None));
}
