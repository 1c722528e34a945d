//! Typed trees that arrive as JSON text.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::names;
use matricula_rule::{
    MAX_DEPTH, MAX_JSON_TEXT, Rule, RuleError, RuleErrorKind, compile, from_json, parse_tree, validate,
};

/// Runs on a stack of 256 KiB.
fn read(text: &str) -> Result<Rule, RuleError> {
    let text = text.to_owned();
    std::thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(move || parse_tree(&text))
        .unwrap()
        .join()
        .unwrap()
}

#[test]
fn what_stores_keep_is_read() {
    for text in [
        "has(user.manager)",
        "user.level in [1, 2] && !(user.rate < 0.5 || has(user.org))",
        "(has(user.flag)) != (has(user.manager)) && inGroup('gdpr', 'monday')",
        "user.hired_on.between(startOfMonth() - months(1), today) || user.skills.atLeast(2, ['rust', 'go'])",
        "user.manager.glob('a*') && account.key == 'é' && completedWithinLast('gdpr', 2, 'weeks')",
        "user.org.under('EMEA') || size(user.skills) > 1 || score('gdpr') >= 0.8",
    ] {
        let rule = compile(text, &names()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let json = serde_json::to_string(&rule).unwrap();
        assert_eq!(read(&json), Ok(rule.clone()), "{text}");
        assert_eq!(from_json::<Rule>(&json).unwrap(), rule, "{text}");
    }
}

#[test]
fn what_is_no_tree_says_where() {
    for (text, code, message) in [
        ("", "rule_syntax", "the text is no json: EOF while parsing a value at 1:1"),
        ("{\"has\": é}", "rule_syntax", "the text is no json: expected value at 1:9"),
        ("[]", "rule_syntax", "expected a rule, an object with one member, found a list of 0"),
        ("{}", "rule_syntax", "expected a rule, an object with one member, found an object with 0"),
        (
            r#"{"not": {"has": 1, "any": []}}"#,
            "rule_syntax",
            "expected a rule, an object with one member, found an object with 2 at `/not`",
        ),
        (
            r#"{"any": [{"has": 1}, "all"]}"#,
            "rule_syntax",
            "expected a rule, an object with one member, found the text `all` at `/any/1`",
        ),
        (r#"{"all": 5}"#, "rule_syntax", "expected a list of rules, found the number `5` at `/all`"),
        (
            r#"{"xor": [{"hass": 1}]}"#,
            "rule_syntax",
            "there is no `hass` in rules at `/xor/0/hass`, did you mean `has`?",
        ),
        (
            r#"{"not": {"has": -1}}"#,
            "rule_syntax",
            "the tree is not that of a rule: expected the number of an attribute, or a field such as `account_key` at `/not/has`",
        ),
        (
            r#"{"in": {"field": 1, "values": [], "not": true}}"#,
            "rule_syntax",
            "the tree is not that of a rule: unknown field `not`, expected one of `attribute`, `field`, `values` at `/in`",
        ),
        (
            r#"{"all": [{"has": 1}, {"not": {"has": 1, "has": 2}}]}"#,
            "repeated",
            "`has` is there twice at `/all/1/not/has`, leave one of them out",
        ),
        (
            r#"{"in": {"field": 1, "values": [{"integer": 1, "integer": 2}]}}"#,
            "repeated",
            "`integer` is there twice at `/in/values/0/integer`, leave one of them out",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!((error.kind().code(), error.to_string().as_str()), (code, message), "{text}");
    }
}

#[test]
fn floats_that_are_whole_are_whole_numbers() {
    let level =
        |number: &str| read(&format!(r#"{{"in": {{"field": 7, "values": [{{"integer": {number}}}]}}}}"#));
    assert_eq!(level("1e15"), level("1000000000000000"));
    assert_eq!(level("-3.0"), level("-3"));
    for number in ["1.5", "1e16", "9007199254740993.0", "1e300", "1e999"] {
        assert_eq!(level(number).unwrap_err().kind(), RuleErrorKind::Syntax, "{number}");
    }
}

#[test]
fn depth_is_bounded_exactly() {
    for (opening, closing) in
        [(r#"{"not":"#, "}"), (r#"{"all":[{"has":3},"#, "]}"), (r#"{"xor":["#, r#",{"has":3}]}"#)]
    {
        let nested =
            |count: usize| format!("{}{{\"has\":3}}{}", opening.repeat(count), closing.repeat(count));
        let rule = read(&nested(MAX_DEPTH)).unwrap();
        assert_eq!(validate(&rule, &names()), Ok(()));
        for count in [MAX_DEPTH + 1, 100, 130, 1_000, 10_000] {
            let error = read(&nested(count)).unwrap_err();
            assert_eq!(error.kind(), RuleErrorKind::TooDeep, "{opening} {count}");
            assert!(error.to_string().len() < 200, "{error}");
        }
        assert_eq!(read(&opening.repeat(10_000)).unwrap_err().kind(), RuleErrorKind::TooDeep);
    }
    let error = read(&"[".repeat(MAX_JSON_TEXT)).unwrap_err();
    assert_eq!(error.kind(), RuleErrorKind::TooDeep);
    assert_eq!(read(&"[".repeat(MAX_JSON_TEXT + 1)).unwrap_err().kind(), RuleErrorKind::TooLong);
}

/// What a message says of the place is short, whatever the place is.
#[test]
fn pointers_are_shortened_in_their_middle() {
    let deep = format!("{}{{\"has\":3}}{}", "{\"not\":".repeat(70), "}".repeat(70));
    let error = read(&deep).unwrap_err();
    assert_eq!(error.pointer().unwrap(), "/not".repeat(64));
    let (head, tail) = ("/not".repeat(9), "/not".repeat(10));
    assert_eq!(error.to_string(), format!("the rule nests more than 64 levels deep at `{head}/…{tail}`"));
    let error = read(&format!(r#"{{"{}": 1}}"#, "x\u{202e}".repeat(100_000))).unwrap_err();
    assert!(error.to_string().chars().count() < 1_000 && !error.to_string().contains('\u{202e}'), "{error}");
}
