//! Rules that arrive as JSON.

mod common;

use common::schema;
use matricula_rule::{Rule, validate};

#[test]
fn are_checked() {
    for (json, message) in [
        (r#"{"has":3}"#, None),
        (r#"{"all":[{"has":3},{"not":{"has":0}}]}"#, None),
        (
            r#"{"compare":{"attribute":2,"comparison":"<","with":{"today":{"count":-90,"unit":"days"}}}}"#,
            None,
        ),
        (r#"{"compare":{"attribute":1,"comparison":"!=","with":{"value":{"choice":2}}}}"#, None),
        (r#"{"in":{"attribute":2,"values":[{"date":"9999-12-31"}]}}"#, None),
        (r#"{"has":9}"#, Some("unknown_attribute: unknown attribute 9 at `/has`")),
        (
            r#"{"any":[{"has":3},{"not":{"compare":{"attribute":9,"comparison":"==","with":{"value":{"text":"a"}}}}}]}"#,
            Some("unknown_attribute: unknown attribute 9 at `/any/1/not/compare/attribute`"),
        ),
        (r#"{"all":[]}"#, Some("too_few_parts: expected two conditions or more, found 0 at `/all`")),
        (
            r#"{"not":{"any":[{"has":3}]}}"#,
            Some("too_few_parts: expected two conditions or more, found 1 at `/not/any`"),
        ),
        (
            r#"{"in":{"attribute":0,"values":[]}}"#,
            Some("empty_list: the list is empty, so nothing is in it at `/in/values`"),
        ),
        (
            r#"{"in":{"attribute":0,"values":[{"text":"a"},{"choice":0}]}}"#,
            Some("wrong_type: expected text for `department`, found an option at `/in/values/1`"),
        ),
        (
            r#"{"compare":{"attribute":1,"comparison":"==","with":{"value":{"text":"ZA"}}}}"#,
            Some("wrong_type: expected an option for `country`, found text at `/compare/with/value`"),
        ),
        (
            r#"{"compare":{"attribute":1,"comparison":"==","with":{"value":{"choice":3}}}}"#,
            Some("unknown_option: `country` has no option 3 at `/compare/with/value`"),
        ),
        (
            r#"{"compare":{"attribute":1,"comparison":">=","with":{"value":{"choice":1}}}}"#,
            Some("no_order: `country` is a choice, which has no order for `>=` at `/compare/comparison`"),
        ),
        (
            r#"{"compare":{"attribute":0,"comparison":"<","with":{"today":{"count":0,"unit":"days"}}}}"#,
            Some(
                "wrong_type: expected text for `department`, found a day counted from today at `/compare/with/today`",
            ),
        ),
        (
            r#"{"compare":{"attribute":2,"comparison":"<","with":{"value":{"date":"+10000-01-01"}}}}"#,
            Some("invalid_date: there is no day `+10000-01-01` at `/compare/with/value`"),
        ),
        (
            "{\"in\":{\"attribute\":0,\"values\":[{\"text\":\"e\u{301}\"}]}}",
            Some("not_normalised: `e\u{301}` is not in normalisation form c at `/in/values/0`"),
        ),
    ] {
        let rule: Rule = serde_json::from_str(json).unwrap();
        let found = validate(&rule, &schema()).err().map(|error| {
            assert_eq!(error.span(), None);
            assert!(error.pointer().is_some());
            format!("{}: {error}", error.kind().code())
        });
        assert_eq!(found.as_deref(), message, "{json}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{{\"has\":3}}{}", "{\"not\":".repeat(depth), "}".repeat(depth));
    let check = |depth: usize| {
        let rule: Rule = serde_json::from_str(&nested(depth)).unwrap();
        validate(&rule, &schema()).err().map(|error| error.kind().code())
    };
    assert_eq!(check(32), None);
    assert_eq!(check(64), None);
    assert_eq!(check(65), Some("rule_too_deep"));
    // Far deeper ones are not even read.
    assert!(serde_json::from_str::<Rule>(&nested(10_000)).is_err());
}
