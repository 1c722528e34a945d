//! Text that is meant to break the reader: on a thread with a small stack, as other languages' threads have.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::names;
use std::time::{Duration, Instant};

use matricula_rule::{
    Attribute, Choice, Kind, MAX_DEPTH, MAX_NODES, MAX_TEXT, OptionId, Quantity, Rule, RuleErrorKind,
    compile, describe, evaluate, parse, parse_tree, print, validate,
};

/// Runs on a stack of 256 KiB.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(256 * 1024).spawn(work).unwrap().join().unwrap()
}

fn kind(text: String) -> Option<RuleErrorKind> {
    on_a_small_stack(move || compile(&text, &names()).err().map(|error| error.kind()))
}

#[test]
fn deep_text_is_refused() {
    for opening in [
        "(",
        "!",
        "!(",
        "((!",
        "[",
        "has(",
        "-",
        "user.",
        "{",
        "user.manager == (",
        "user.in in [",
        "score(",
        "has(score(",
        "[score(",
        "size([",
        "user.skills.anyOf([",
        "user.level.between(",
        "today - days(",
        "startOfWeek() - ",
        "inGroup(\"gdpr\", ",
        "(has(user.flag)) != (",
        "(has(user.flag)) == !(",
    ] {
        for count in [1_000, 10_000] {
            let error = kind(opening.repeat(count.min(MAX_TEXT / opening.len())));
            let expected: &[RuleErrorKind] = match opening {
                "("
                | "!"
                | "!("
                | "((!"
                | "user.manager == ("
                | "(has(user.flag)) != ("
                | "(has(user.flag)) == !(" => &[RuleErrorKind::TooDeep],
                _ => &[RuleErrorKind::Syntax, RuleErrorKind::NotSupported],
            };
            assert!(error.is_some_and(|error| expected.contains(&error)), "{opening} {error:?}");
        }
    }
}

#[test]
fn closed_deep_text_is_refused() {
    let text = format!("{}has(user.manager){}", "(".repeat(10_000), ")".repeat(10_000));
    assert_eq!(kind(text), Some(RuleErrorKind::TooDeep));
    let text = format!("user.manager == {}\"x\"{}", "(".repeat(10_000), ")".repeat(10_000));
    assert_eq!(kind(text), Some(RuleErrorKind::TooDeep));
    assert_eq!(kind(format!("{}has(user.manager)", "!".repeat(10_000))), Some(RuleErrorKind::TooDeep));
    assert_eq!(kind(")".repeat(10_000)), Some(RuleErrorKind::Syntax));
}

#[test]
fn the_bound_is_exact() {
    let parentheses = |depth: usize| format!("{}has(user.manager){}", "(".repeat(depth), ")".repeat(depth));
    let nots = |depth: usize| format!("{}has(user.manager)", "!".repeat(depth));
    let both = |depth: usize| format!("{}user.manager == \"x\"{}", "!(".repeat(depth), ")".repeat(depth));
    let joined = |depth: usize| {
        let opening: String =
            (0..depth).map(|level| ["has(user.manager) && (", "has(user.manager) || ("][level % 2]).collect();
        format!("{opening}has(user.manager){}", ")".repeat(depth))
    };
    for text in [parentheses, nots, both, joined] {
        assert_eq!(kind(text(1)), None);
        assert_eq!(kind(text(32)), None);
        assert_eq!(kind(text(MAX_DEPTH)), None);
        assert_eq!(kind(text(MAX_DEPTH + 1)), Some(RuleErrorKind::TooDeep));
    }
    // An "or" and an "and" at every level.
    let open = "has(user.manager) || has(user.manager) && (";
    assert_eq!(kind(format!("{}has(user.manager){}", open.repeat(32), ")".repeat(32))), None);
    assert_eq!(
        kind(format!("{}has(user.manager){}", open.repeat(33), ")".repeat(33))),
        Some(RuleErrorKind::TooDeep)
    );
}

#[test]
fn a_level_that_is_left_does_not_count() {
    let text = vec!["!(!(((has(user.manager)))))"; 1_000].join(" && ");
    assert_eq!(kind(text), None);
}

#[test]
fn deep_rules_are_handled_in_every_form() {
    on_a_small_stack(|| {
        let names = names();
        let leaf = || Rule::Has(common::MANAGER.into());
        type Wrap = fn(Rule, Rule) -> Rule;
        let all: Wrap = |leaf, rule| Rule::All(vec![leaf, rule]);
        let any: Wrap = |leaf, rule| Rule::Any(vec![leaf, rule]);
        let xor: Wrap = |leaf, rule| Rule::Xor(vec![leaf, rule]);
        let not: Wrap = |_, rule| Rule::Not(Box::new(rule));
        for kinds in [vec![all, not, any], vec![xor], vec![not], vec![xor, not], vec![any, xor, all, not]] {
            let mut rule = leaf();
            for wrap in kinds.iter().cycle().take(MAX_DEPTH) {
                rule = wrap(leaf(), rule);
            }
            assert_eq!(validate(&rule, &names), Ok(()));
            assert_eq!(compile(&print(&rule, &names), &names).as_ref(), Ok(&rule));
            assert!(describe(&rule, &names).contains("manager"));
            assert_eq!(
                evaluate(&rule, &common::Someone::default()),
                evaluate(&rule.clone(), &common::Someone::default())
            );
            let json = serde_json::to_string(&rule).unwrap();
            assert_eq!(parse_tree(&json).as_ref(), Ok(&rule));
            let deeper = Rule::Not(Box::new(rule));
            assert_eq!(validate(&deeper, &names).unwrap_err().kind(), RuleErrorKind::TooDeep);
        }
    });
}

/// A comparison of conditions by `==` is two levels: "not" and "one but not the other".
#[test]
fn compared_conditions_are_bounded_exactly() {
    let equal = |depth: usize| {
        let open = "has(user.flag) == (".repeat(depth);
        format!("{open}has(user.flag){}", ")".repeat(depth))
    };
    assert_eq!(kind(equal(MAX_DEPTH / 2)), None);
    assert_eq!(kind(equal(MAX_DEPTH / 2 + 1)), Some(RuleErrorKind::TooDeep));
    let text = vec!["has(user.flag)"; 3_000].join(" != ");
    let parts = on_a_small_stack(move || match compile(&text, &names()).unwrap() {
        Rule::Xor(parts) => parts.len(),
        _ => 0,
    });
    assert_eq!(parts, 3_000);
}

#[test]
fn what_cannot_be_chained_is_refused_at_once() {
    for text in [
        format!("user.manager{}", ".startsWith('a')".repeat(4_000)),
        format!("user.manager{}", " == 'a'".repeat(8_000)),
        format!("user.manager{}", ".a".repeat(30_000)),
        format!("today{}", " - days(1)".repeat(6_000)),
        format!("size(user.skills){}", " > 1".repeat(10_000)),
    ] {
        assert!(matches!(kind(text), Some(RuleErrorKind::Syntax | RuleErrorKind::NotSupported)));
    }
}

#[test]
fn long_and_flat_is_accepted() {
    for sign in ["&&", "||"] {
        let text = vec!["has(user.manager)"; 3_000].join(sign);
        assert!(text.len() <= MAX_TEXT);
        let parts = on_a_small_stack(move || match compile(&text, &names()).unwrap() {
            Rule::All(parts) | Rule::Any(parts) => parts.len(),
            _ => 0,
        });
        assert_eq!(parts, 3_000);
    }
    let list = vec!["'a'"; 16_000].join(",");
    assert_eq!(kind(format!("user.manager in [{list}]")), None);
}

#[test]
fn the_longest_text() {
    let fill = |length: usize| format!("user.manager == '{}'", "a".repeat(length - 18));
    assert_eq!(fill(MAX_TEXT).len(), MAX_TEXT);
    assert_eq!(kind(fill(MAX_TEXT)), None);
    let error = parse(&fill(MAX_TEXT + 1)).unwrap_err();
    assert_eq!(error.to_string(), "the rule is 65537 bytes long, but at most 65536 are allowed");
    assert_eq!(error.kind().code(), "rule_too_long");
    assert_eq!(error.span(), None);
}

#[test]
fn messages_stay_short() {
    for text in [
        format!("user.{} == 'x'", "a".repeat(60_000)),
        format!("user.country == '{}'", "a".repeat(60_000)),
        format!("{} == 'x'", "a".repeat(60_000)),
        format!("user.manager {}", "a".repeat(60_000)),
        format!("date('{}') < user.hired_on", "a".repeat(60_000)),
        format!("user.manager == {}", "9".repeat(60_000)),
        format!("user.a{}(1) == 'x'", "a".repeat(60_000)),
        format!("user.hired_on < today - days({})", "9".repeat(60_000)),
        format!("user.hired_on < today - {}", "9".repeat(60_000)),
        format!("user.level < {}", "9".repeat(60_000)),
        format!("user.rate < 0.{}", "9".repeat(60_000)),
        format!("inSegment('{}')", "a".repeat(60_000)),
        format!("user.manager.a{}('b')", "a".repeat(60_000)),
        format!("user.manager.glob('{}\\\\')", "a".repeat(60_000)),
        format!("user.manager.glob('{}')", "*".repeat(60_000)),
        format!("user.org.under('/{}')", "a".repeat(60_000)),
        format!("user.last_login < timestamp('{}')", "2".repeat(60_000)),
        format!("user.hired_on.withinLast(5, '{}')", "a".repeat(60_000)),
        format!("user.hired_on.withinLast({}, 'days')", "9".repeat(60_000)),
        format!("account.{} == 'x'", "a".repeat(60_000)),
    ] {
        let error = compile(&text, &names()).unwrap_err();
        assert!(error.to_string().chars().count() < 300, "{error}");
    }
}

#[test]
fn far_too_long() {
    assert_eq!(kind("a".repeat(1_000_000)), Some(RuleErrorKind::TooLong));
    // More constants than a rule can have fit into a text.
    let list = vec!["1"; 30_000].join(",");
    let error = compile(&format!("user.level in [{list}]"), &names()).unwrap_err();
    assert_eq!(error.to_string(), "the rule has more than 20000 tests and values at 1:1");
    assert_eq!(error.kind(), RuleErrorKind::TooLong);
}

#[test]
fn odd_characters() {
    let names = names();
    for (text, error) in [
        ("\0", "unexpected character `\\u{0}` at 1:1"),
        ("user.manager == 'a\0'", ""),
        ("user.manager\0 == 'a'", "unexpected character `\\u{0}` at 1:13"),
        (
            r"user.manager == '\x0'",
            "unknown escape `\\x` at 1:18, write the two hexadecimal digits of a character after it",
        ),
        (
            r"user.manager == '\u12'",
            "unknown escape `\\u` at 1:18, write the four hexadecimal digits of a character after it",
        ),
        (
            r"user.manager == '\U00110000'",
            "unknown escape `\\U` at 1:18, write the eight hexadecimal digits of a character after it",
        ),
        (r"user.manager == '\8'", "unknown escape `\\8` at 1:18, write three octal digits, at most `\\377`"),
        (r"user.manager == '\'", "the string is not closed at 1:17, write `'` after its end"),
    ] {
        let found = compile(text, &names).err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(found, error, "{text}");
    }
}

/// Two spellings of one text are one, wherever text stands.
#[test]
fn twins_in_normal_form() {
    let names = {
        let mut names = names();
        names.segments.push("café".into());
        names.courses.push("über".into());
        names
    };
    for text in [
        "user.manager == 'CAFE'",
        "user.manager.startsWith('CAFE')",
        "user.manager.glob('CAFE*')",
        "user.manager in ['CAFE']",
        "user.manager.between('CAFE', 'CAFE')",
        "user.org.under('CAFE/x')",
        "user.org == 'CAFE'",
        "inSegment('CAFE')",
    ] {
        let composed = compile(&text.replace("CAFE", "caf\u{e9}"), &names).unwrap();
        let decomposed = compile(&text.replace("CAFE", "cafe\u{301}"), &names).unwrap();
        let escaped = compile(&text.replace("CAFE", r"cafe\u0301"), &names).unwrap();
        assert_eq!(composed, decomposed, "{text}");
        assert_eq!(composed, escaped, "{text}");
        assert_eq!(validate(&composed, &names), Ok(()));
    }
    assert_eq!(compile("enrolled('u\u{308}ber')", &names), compile("enrolled('über')", &names));
}

#[test]
fn leap_days() {
    let names = names();
    for (day, there) in [
        ("2024-02-29", true),
        ("2023-02-29", false),
        ("2000-02-29", true),
        ("1900-02-29", false),
        ("2024-02-30", false),
    ] {
        let dated = compile(&format!("user.hired_on == date('{day}')"), &names);
        assert_eq!(dated.is_ok(), there, "{day}");
        let timed = compile(&format!("user.last_login == timestamp('{day}T12:00:00Z')"), &names);
        assert_eq!(timed.is_ok(), there, "{day}");
    }
}

/// As many options as anybody has: the time grows with them, not with their square.
#[test]
fn many_options() {
    let mut names = names();
    let options = (0..100_000).map(|number| Choice::new(format!("o{number}"))).collect();
    names.schema.define(Attribute::new(common::SKILLS, "skills", Kind::MultiChoice { options }));
    let started = Instant::now();
    let list: Vec<String> = (0..6_000).map(|number| format!("'o{}'", number * 16)).collect();
    let rule = compile(&format!("user.skills.atLeast(2, [{}])", list.join(",")), &names).unwrap();
    assert_eq!(validate(&rule, &names), Ok(()));
    let options = (0..u32::try_from(MAX_NODES - 1).unwrap()).map(OptionId).collect();
    let rule = Rule::Options { attribute: common::SKILLS, quantity: Quantity::AtMost(5), options };
    assert_eq!(validate(&rule, &names), Ok(()));
    assert!(print(&rule, &names).len() > 100_000 && describe(&rule, &names).len() > 100_000);
    let error = compile("'o1000001' in user.skills", &names).unwrap_err();
    assert_eq!(error.kind(), RuleErrorKind::UnknownOption);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}
