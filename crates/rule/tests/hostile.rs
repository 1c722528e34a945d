//! Text that is meant to break the reader: on a thread with a small stack, as other languages' threads have.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::schema;
use matricula_rule::{MAX_DEPTH, MAX_TEXT, Rule, RuleErrorKind, compile, describe, parse, print, validate};

/// Runs on a stack of 256 KiB.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(256 * 1024).spawn(work).unwrap().join().unwrap()
}

fn kind(text: String) -> Option<RuleErrorKind> {
    on_a_small_stack(move || compile(&text, &schema()).err().map(|error| error.kind()))
}

#[test]
fn deep_text_is_refused() {
    for opening in
        ["(", "!", "!(", "((!", "[", "has(", "-", "user.", "{", "user.manager == (", "user.in in ["]
    {
        for count in [1_000, 10_000] {
            let error = kind(opening.repeat(count.min(MAX_TEXT / opening.len())));
            let expected: &[RuleErrorKind] = match opening {
                "(" | "!" | "!(" | "((!" => &[RuleErrorKind::TooDeep],
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
        let schema = schema();
        let leaf = || Rule::Has(common::MANAGER);
        let mut rule = leaf();
        for level in 0..MAX_DEPTH {
            rule = match level % 3 {
                0 => Rule::All(vec![leaf(), rule]),
                1 => Rule::Not(Box::new(rule)),
                _ => Rule::Any(vec![leaf(), rule]),
            };
        }
        assert_eq!(validate(&rule, &schema), Ok(()));
        assert_eq!(compile(&print(&rule, &schema), &schema).as_ref(), Ok(&rule));
        assert!(describe(&rule, &schema).contains("manager"));
        let deeper = Rule::Not(Box::new(rule));
        assert_eq!(validate(&deeper, &schema).unwrap_err().kind(), RuleErrorKind::TooDeep);
    });
}

#[test]
fn long_and_flat_is_accepted() {
    for sign in ["&&", "||"] {
        let text = vec!["has(user.manager)"; 3_000].join(sign);
        assert!(text.len() <= MAX_TEXT);
        let parts = on_a_small_stack(move || match compile(&text, &schema()).unwrap() {
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
    ] {
        let error = compile(&text, &schema()).unwrap_err();
        assert!(error.to_string().chars().count() < 300, "{error}");
    }
}
