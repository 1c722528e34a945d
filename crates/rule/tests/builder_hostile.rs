//! Queries that are meant to break the reader: on a thread with a small stack, as other languages' threads have.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod builder_names;

use builder_names::names;
use matricula_rule::{
    Field, MAX_DEPTH, MAX_JSON_TEXT, MAX_NODES, Rule, RuleError, RuleErrorKind, from_builder,
    from_builder_text, to_builder,
};
use serde_json::{Value as Json, json};

/// Runs on a stack of 256 KiB.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(256 * 1024).spawn(work).unwrap().join().unwrap()
}

fn read(text: String) -> Result<Rule, RuleError> {
    on_a_small_stack(move || from_builder_text(&text, &names()))
}

fn kind(text: String) -> Option<RuleErrorKind> {
    read(text).err().map(|error| error.kind())
}

const TEST: &str = r#"{"field": "level", "operator": "notNull"}"#;

/// So many groups around one rule.
fn nested(opening: &str, closing: &str, count: usize) -> String {
    format!("{}{TEST}{}", opening.repeat(count), closing.repeat(count))
}

#[test]
fn deep_text_is_refused() {
    for count in [300, 10_000] {
        for (opening, closing) in [
            (r#"{"rules": ["#, "]}"),
            (r#"{"combinator": "or", "not": true, "rules": ["#, "]}"),
            ("[", "]"),
            (r#"{"rules": {"rules": "#, "}}"),
        ] {
            assert_eq!(kind(nested(opening, closing, count)), Some(RuleErrorKind::TooDeep), "{opening}");
            assert_eq!(kind(opening.repeat(count)), Some(RuleErrorKind::TooDeep), "{opening}");
        }
        let value = format!("{}1{}", "[".repeat(count), "]".repeat(count));
        let text = format!(r#"{{"rules": [{{"field": "level", "operator": "=", "value": {value}}}]}}"#);
        assert_eq!(kind(text), Some(RuleErrorKind::TooDeep));
    }
    assert_eq!(kind("[".repeat(MAX_JSON_TEXT)), Some(RuleErrorKind::TooDeep));
}

#[test]
fn sixty_four_levels_are_read() {
    for (opening, closing) in
        [(r#"{"rules": ["#, "]}"), (r#"{"combinator": "or", "not": true, "rules": ["#, "]}")]
    {
        assert_eq!(kind(nested(opening, closing, MAX_DEPTH)), None);
        let error = read(nested(opening, closing, MAX_DEPTH + 1)).unwrap_err();
        assert_eq!(error.kind(), RuleErrorKind::TooDeep);
    }
    let opening = format!(r#"{{"combinator": "and", "not": true, "rules": [{TEST}, "#);
    assert_eq!(kind(nested(&opening, "]}", MAX_DEPTH / 2)), None);
    let error = read(nested(&opening, "]}", MAX_DEPTH / 2 + 1)).unwrap_err();
    assert_eq!((error.kind(), error.pointer()), (RuleErrorKind::TooDeep, Some("")));
}

/// So many groups, each within the other, not by way of text.
fn groups(count: usize, inner: &str) -> Json {
    let mut json: Json = serde_json::from_str(inner).unwrap();
    for _ in 0..count {
        let rules = ("rules".to_owned(), Json::Array(vec![json]));
        json = Json::Object([("combinator".to_owned(), "and".into()), rules].into_iter().collect());
    }
    json
}

#[test]
fn deep_json_is_refused() {
    // Whoever makes such a value has to let go of it, too; here nobody does.
    let deep: &'static Json = Box::leak(Box::new(groups(10_000, TEST)));
    let error = on_a_small_stack(|| from_builder(deep, &names())).unwrap_err();
    assert_eq!(
        (error.kind(), error.pointer()),
        (RuleErrorKind::TooDeep, Some(&*"/rules/0".repeat(MAX_DEPTH)))
    );
    let mut of_match = json!({"rules": [{"field": "skills", "operator": "=", "match": {"mode": "some"}}]});
    of_match["rules"][0]["value"] = groups(10_000, r#"{"field": "", "operator": "=", "value": "rust"}"#);
    let of_match: &'static Json = Box::leak(Box::new(of_match));
    let error = on_a_small_stack(|| from_builder(of_match, &names())).unwrap_err();
    assert_eq!(error.kind(), RuleErrorKind::TooDeep);
    let read = on_a_small_stack(|| from_builder(&groups(MAX_DEPTH, TEST), &names()));
    assert_eq!(read, Ok(Rule::Has(Field::Attribute(matricula_rule::AttributeId(2)))));
}

#[test]
fn deep_rules_are_not_written() {
    let not = |count: usize| {
        let test = Rule::Has(Field::Attribute(matricula_rule::AttributeId(2)));
        (0..count).fold(test, |rule, _| Rule::Not(Box::new(rule)))
    };
    let written = |count: usize| {
        let rule: &'static Rule = Box::leak(Box::new(not(count)));
        on_a_small_stack(move || to_builder(rule, &names()).map(|_| ()).map_err(|error| error.kind()))
    };
    assert_eq!(written(MAX_DEPTH), Ok(()));
    assert_eq!(written(MAX_DEPTH + 1), Err(RuleErrorKind::TooDeep));
    assert_eq!(written(10_000), Err(RuleErrorKind::TooDeep));
}

#[test]
fn large_queries_are_bounded() {
    let blank = format!(r#"{{"rules": [{TEST}]}}"#);
    let padded = |length: usize| format!("{blank}{}", " ".repeat(length - blank.len()));
    assert_eq!(kind(padded(MAX_JSON_TEXT)), None);
    assert_eq!(kind(padded(MAX_JSON_TEXT + 1)), Some(RuleErrorKind::TooLong));
    let of = |count: usize| {
        format!(r#"{{"combinator": "or", "rules": [{TEST}{}]}}"#, format!(",{TEST}").repeat(count))
    };
    assert_eq!(kind(of(MAX_NODES / 2)), None);
    assert_eq!(kind(of(MAX_NODES)), Some(RuleErrorKind::TooLong));
    let list = |count: usize| {
        format!(
            r#"{{"rules": [{{"field": "level", "operator": "in", "value": "1{}"}}]}}"#,
            ",1".repeat(count)
        )
    };
    assert_eq!(kind(list(MAX_NODES - 2)), None);
    assert_eq!(kind(list(MAX_NODES)), Some(RuleErrorKind::TooLong));
}

#[test]
fn broken_json_says_where() {
    let error = read("{\"rules\":\n [é]}".into()).unwrap_err();
    assert_eq!(error.kind(), RuleErrorKind::Syntax);
    assert_eq!(error.to_string(), "the text is no json: expected value at 2:3");
    assert_eq!(error.span().unwrap().start, 12);
    for text in ["", "{", "[1,]", "{\"rules\": [] } x", "nan", "\u{feff}{}"] {
        assert_eq!(kind(text.into()), Some(RuleErrorKind::Syntax), "{text}");
    }
}

/// Of two members of one name the last would win, and the first be dropped without a word.
#[test]
fn members_that_are_there_twice_are_refused() {
    for (text, message) in [
        (
            r#"{"rules": [{"field": "level", "field": "name", "operator": "notNull"}]}"#,
            "`field` is there twice at `/rules/0/field`, leave one of them out",
        ),
        (
            r#"{"combinator": "and", "rules": [], "combinator": "or"}"#,
            "`combinator` is there twice at `/combinator`, leave one of them out",
        ),
        (
            r#"{"rules": [{"field": "level", "operator": "notNull", "meta": {"a/b": [{"x~": 1, "x\u007e": 2}]}}]}"#,
            "`x~` is there twice at `/rules/0/meta/a~1b/0/x~0`, leave one of them out",
        ),
    ] {
        let error = read(text.into()).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (RuleErrorKind::Repeated, message), "{text}");
    }
    assert_eq!(
        kind(r#"{"rules": [{"field": "level", "operator": "notNull", "Field": 1}]}"#.into()),
        Some(RuleErrorKind::Syntax)
    );
}

/// JSON does not tell `1e15` from `1000000000000000`.
#[test]
fn floats_that_are_whole_are_whole_numbers() {
    let level =
        |value: &str| format!(r#"{{"rules": [{{"field": "level", "operator": "=", "value": {value}}}]}}"#);
    for (float, whole) in
        [("1e15", "1000000000000000"), ("-3.0", "-3"), ("9007199254740991.0", "9007199254740991")]
    {
        assert_eq!(read(level(float)), read(level(whole)), "{float}");
        assert_eq!(
            from_builder(&serde_json::from_str(&level(float)).unwrap(), &names()),
            read(level(whole)),
            "{float}"
        );
    }
    for (float, message) in [
        ("1.5", "expected a whole number, found the number `1.5` at `/rules/0/value`"),
        (
            "1e16",
            "`10000000000000000` is out of bounds at `/rules/0/value`, whole numbers go from -9007199254740991 to 9007199254740991",
        ),
        (
            "1e300",
            "`100000000000000000000000000000000000000000000000000000000000…` is out of bounds at `/rules/0/value`, whole numbers go from -9007199254740991 to 9007199254740991",
        ),
    ] {
        let error = read(level(float)).unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (RuleErrorKind::InvalidNumber, message),
            "{float}"
        );
    }
}
