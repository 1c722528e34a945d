//! Rules that arrive as JSON.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::names;
use matricula_rule::{MAX_NODES, OptionId, Quantity, Rule, Value, validate};

/// Each case: a rule as JSON, and the code and message if it is refused.
fn are_checked(cases: &[(&str, Option<&str>)]) {
    let names = names();
    for (json, message) in cases {
        let rule: Rule = serde_json::from_str(json).unwrap();
        let found = validate(&rule, &names).err().map(|error| {
            assert_eq!(error.span(), None);
            let value: serde_json::Value = serde_json::to_value(&rule).unwrap();
            assert!(value.pointer(error.pointer().unwrap()).is_some(), "{error}");
            format!("{}: {error}", error.kind().code())
        });
        assert_eq!(found.as_deref(), *message, "{json}");
    }
}

#[test]
fn joined() {
    are_checked(&[
        (r#"{"has":3}"#, None),
        (r#"{"all":[{"has":3},{"not":{"has":0}}]}"#, None),
        (r#"{"xor":[{"has":3},{"has":0},{"has":0}]}"#, None),
        (r#"{"all":[]}"#, Some("too_few_parts: expected two conditions or more, found 0 at `/all`")),
        (r#"{"xor":[{"has":3}]}"#, Some("too_few_parts: expected two conditions or more, found 1 at `/xor`")),
        (
            r#"{"not":{"any":[{"has":3}]}}"#,
            Some("too_few_parts: expected two conditions or more, found 1 at `/not/any`"),
        ),
        (r#"{"has":99}"#, Some("unknown_attribute: unknown attribute 99 at `/has`")),
        (
            r#"{"any":[{"has":3},{"not":{"compare":{"field":99,"comparison":"==","with":{"value":{"text":"a"}}}}}]}"#,
            Some("unknown_attribute: unknown attribute 99 at `/any/1/not/compare/field`"),
        ),
    ]);
}

/// Stores have rules from before there were other fields than attributes.
#[test]
fn an_old_name_is_read() {
    for (old, new) in [
        (
            r#"{"compare":{"attribute":2,"comparison":"<","with":{"today":{"count":-90,"unit":"days"}}}}"#,
            r#"{"compare":{"field":2,"comparison":"<","with":{"today":{"count":-90,"unit":"days"}}}}"#,
        ),
        (
            r#"{"in":{"attribute":2,"values":[{"date":"9999-12-31"}]}}"#,
            r#"{"in":{"field":2,"values":[{"date":"9999-12-31"}]}}"#,
        ),
    ] {
        let rule: Rule = serde_json::from_str(old).unwrap();
        assert_eq!(validate(&rule, &names()), Ok(()));
        assert_eq!(serde_json::to_string(&rule).unwrap(), new);
        assert_eq!(serde_json::from_str::<Rule>(new).unwrap(), rule);
    }
}

#[test]
fn comparisons() {
    are_checked(&[
        (r#"{"compare":{"field":1,"comparison":"!=","with":{"value":{"choice":2}}}}"#, None),
        (
            r#"{"compare":{"field":2,"comparison":">","with":{"period":{"edge":"start","of":"month","count":-1,"unit":"months"}}}}"#,
            None,
        ),
        (r#"{"compare":{"field":7,"comparison":"<","with":{"value":{"integer":9007199254740991}}}}"#, None),
        (r#"{"compare":{"field":8,"comparison":"<","with":{"value":{"decimal":"-0.000001"}}}}"#, None),
        (
            r#"{"compare":{"field":9,"comparison":"<","with":{"value":{"timestamp":"2026-01-31T08:00:00.001Z"}}}}"#,
            None,
        ),
        (r#"{"compare":{"field":9,"comparison":"<","with":{"value":{"date":"2026-01-31"}}}}"#, None),
        (r#"{"compare":{"field":"account_key","comparison":"<","with":{"value":{"text":"m"}}}}"#, None),
        (r#"{"compare":{"field":{"score":0},"comparison":">=","with":{"value":{"decimal":"0.8"}}}}"#, None),
        (
            r#"{"compare":{"field":1,"comparison":"==","with":{"value":{"text":"ZA"}}}}"#,
            Some("wrong_type: expected an option for `country`, found text at `/compare/with/value`"),
        ),
        (
            r#"{"compare":{"field":1,"comparison":"==","with":{"value":{"choice":3}}}}"#,
            Some("unknown_option: `country` has no option 3 at `/compare/with/value`"),
        ),
        (
            r#"{"compare":{"field":1,"comparison":">=","with":{"value":{"choice":1}}}}"#,
            Some("no_order: `country` is a choice, which has no order for `>=` at `/compare/comparison`"),
        ),
        (
            r#"{"compare":{"field":6,"comparison":"<","with":{"value":{"boolean":true}}}}"#,
            Some("no_order: `flag` is a boolean, which has no order for `<` at `/compare/comparison`"),
        ),
        (
            r#"{"compare":{"field":0,"comparison":"<","with":{"today":{"count":0,"unit":"days"}}}}"#,
            Some(
                "wrong_type: expected text for `department`, found a day counted from today at `/compare/with/today`",
            ),
        ),
        (
            r#"{"compare":{"field":0,"comparison":"<","with":{"period":{"edge":"end","of":"week","count":0,"unit":"days"}}}}"#,
            Some(
                "wrong_type: expected text for `department`, found an end of a period at `/compare/with/period`",
            ),
        ),
        (
            r#"{"compare":{"field":2,"comparison":"<","with":{"period":{"edge":"end","of":"week","count":0,"unit":"weeks"}}}}"#,
            Some(
                "invalid_number: expected `days` for a distance of 0, found `weeks` at `/compare/with/period/unit`",
            ),
        ),
        (
            r#"{"compare":{"field":2,"comparison":"<","with":{"value":{"date":"+10000-01-01"}}}}"#,
            Some("invalid_date: there is no day `+10000-01-01` at `/compare/with/value`"),
        ),
        (
            r#"{"compare":{"field":2,"comparison":"<","with":{"value":{"timestamp":"2026-01-31T08:00:00Z"}}}}"#,
            Some("wrong_type: expected a date for `hired_on`, found a timestamp at `/compare/with/value`"),
        ),
        (
            r#"{"compare":{"field":9,"comparison":"<","with":{"value":{"timestamp":"2026-01-31T08:00:00.0001Z"}}}}"#,
            Some(
                "invalid_timestamp: there is no instant `2026-01-31T08:00:00.000100+00:00` at `/compare/with/value`",
            ),
        ),
        (
            r#"{"compare":{"field":7,"comparison":"<","with":{"value":{"integer":9007199254740992}}}}"#,
            Some(
                "invalid_number: `9007199254740992` is out of bounds at `/compare/with/value`, whole numbers go from -9007199254740991 to 9007199254740991",
            ),
        ),
        (
            r#"{"compare":{"field":10,"comparison":"==","with":{"value":{"choices":[0]}}}}"#,
            Some("wrong_type: `skills` has several values, not one at `/compare/field`"),
        ),
        (
            r#"{"compare":{"field":12,"comparison":"==","with":{"value":{"user":7}}}}"#,
            Some("unknown_user: unknown user 7 at `/compare/with/value`"),
        ),
        (
            r#"{"compare":{"field":11,"comparison":"==","with":{"value":{"path":"/EMEA"}}}}"#,
            Some(
                "invalid_path: expected a path such as `EMEA/ZA`, found `/EMEA` at `/compare/with/value`, write names joined by `/`, without spaces around them",
            ),
        ),
        (
            r#"{"compare":{"field":{"score":7},"comparison":"==","with":{"value":{"decimal":"1"}}}}"#,
            Some("unknown_course: unknown course 7 at `/compare/field/score`"),
        ),
    ]);
}

#[test]
fn other_tests() {
    are_checked(&[
        (r#"{"in":{"field":2,"values":[{"date":"9999-12-31"}]}}"#, None),
        (
            r#"{"in":{"field":0,"values":[]}}"#,
            Some("empty_list: the list is empty, so nothing is in it at `/in/values`"),
        ),
        (
            r#"{"in":{"field":0,"values":[{"text":"a"},{"choice":0}]}}"#,
            Some("wrong_type: expected text for `department`, found an option at `/in/values/1`"),
        ),
        (
            r#"{"in":{"field":9,"values":[{"date":"2026-01-31"}]}}"#,
            Some("wrong_type: expected a timestamp for `last_login`, found a date at `/in/values/0`"),
        ),
        (
            "{\"in\":{\"field\":0,\"values\":[{\"text\":\"e\u{301}\"}]}}",
            Some("not_normalised: `e\u{301}` is not in normalisation form c at `/in/values/0`"),
        ),
        (
            r#"{"between":{"field":7,"from":{"value":{"integer":2}},"to":{"value":{"integer":1}}}}"#,
            Some(
                "constant_rule: nothing lies between these two, for the first is the greater at `/between`, exchange them",
            ),
        ),
        (
            r#"{"between":{"field":6,"from":{"value":{"boolean":false}},"to":{"value":{"boolean":true}}}}"#,
            Some("no_order: `flag` is a boolean, which has no order for `between` at `/between/field`"),
        ),
        (r#"{"match":{"field":"account_key","how":"glob","text":"a*"}}"#, None),
        (
            r#"{"match":{"field":7,"how":"glob","text":"a*"}}"#,
            Some("wrong_type: expected a text, which `level` is not, found an integer at `/match/field`"),
        ),
        (
            r#"{"match":{"field":0,"how":"glob","text":"a\\"}}"#,
            Some(
                "invalid_pattern: the pattern ends in a `\\` with nothing after it at `/match/text`, write `\\\\` for a backslash",
            ),
        ),
        (
            r#"{"match":{"field":0,"how":"contains","text":""}}"#,
            Some(
                "constant_rule: every text contains the empty text at `/match/text`, write `has( … )` to ask for a value",
            ),
        ),
        (r#"{"options":{"attribute":10,"quantity":{"at_least":2},"options":[2,0]}}"#, None),
        (
            r#"{"options":{"attribute":10,"quantity":{"at_least":3},"options":[2,0]}}"#,
            Some("constant_rule: nobody has at least 3 of 2 options at `/options/quantity`"),
        ),
        (
            r#"{"options":{"attribute":10,"quantity":"any","options":[2,7]}}"#,
            Some("unknown_option: `skills` has no option 7 at `/options/options/1`"),
        ),
        (
            r#"{"options":{"attribute":10,"quantity":"any","options":[2,2]}}"#,
            Some("repeated: option 2 is there twice at `/options/options/1`"),
        ),
        (
            r#"{"options":{"attribute":10,"quantity":"any","options":[]}}"#,
            Some("empty_list: the list is empty, so nothing is in it at `/options/options`"),
        ),
        (
            r#"{"options":{"attribute":1,"quantity":"any","options":[0]}}"#,
            Some(
                "wrong_type: expected a multi-choice, which `country` is not, found a choice at `/options/attribute`",
            ),
        ),
        (r#"{"size":{"attribute":10,"comparison":">","count":2147483647}}"#, None),
        (
            r#"{"size":{"attribute":10,"comparison":">","count":2147483648}}"#,
            Some("constant_rule: the size is `> 2147483648` for nobody at `/size/count`"),
        ),
        (r#"{"under":{"attribute":11,"path":"EMEA","itself":true}}"#, None),
        (
            r#"{"under":{"attribute":0,"path":"EMEA","itself":true}}"#,
            Some(
                "wrong_type: expected a path, which `department` is not, found a text at `/under/attribute`",
            ),
        ),
        (r#"{"reports_to":{"attribute":12,"user":0}}"#, None),
        (
            r#"{"reports_to":{"attribute":12,"user":9}}"#,
            Some("unknown_user: unknown user 9 at `/reports_to/user`"),
        ),
        (r#"{"is":{"segment":0}}"#, None),
        (r#"{"is":{"group":[0,1]}}"#, None),
        (r#"{"is":{"group":[1,1]}}"#, Some("unknown_group: unknown group 1 at `/is/group/1`")),
        (r#"{"is":{"site":9}}"#, Some("unknown_site: unknown site 9 at `/is/site`")),
        (r#"{"is":{"role":9}}"#, Some("unknown_role: unknown role 9 at `/is/role`")),
        (r#"{"is":{"enrolled":9}}"#, Some("unknown_course: unknown course 9 at `/is/enrolled`")),
        (
            r#"{"has":"account_created"}"#,
            Some("constant_rule: every account has a key and a beginning at `/has`"),
        ),
        (r#"{"has":{"completed":0}}"#, None),
        (r#"{"has":{"completed":9}}"#, Some("unknown_course: unknown course 9 at `/has/completed`")),
    ]);
}

#[test]
fn what_is_no_rule_is_not_read() {
    for json in [
        r#"{"has":-1}"#,
        r#"{"has":"account"}"#,
        r#"{"has":{"attribute":1}}"#,
        r#"{"is":{"segment":"x"}}"#,
        r#"{"in":{"field":8,"values":[{"decimal":0.8}]}}"#,
        r#"{"in":{"field":8,"values":[{"decimal":"0.1234567"}]}}"#,
        r#"{"in":{"field":7,"values":[{"integer":1.5}]}}"#,
        r#"{"in":{"field":7,"values":[{"integer":99999999999999999999}]}}"#,
        r#"{"in":{"field":2,"values":[{"date":"2026-02-29"}]}}"#,
        r#"{"compare":{"field":2,"comparison":"=","with":{"today":{"count":0,"unit":"days"}}}}"#,
    ] {
        assert!(serde_json::from_str::<Rule>(json).is_err(), "{json}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{{\"has\":3}}{}", "{\"not\":".repeat(depth), "}".repeat(depth));
    let check = |depth: usize| {
        let rule: Rule = serde_json::from_str(&nested(depth)).unwrap();
        validate(&rule, &names()).err().map(|error| error.kind().code())
    };
    assert_eq!(check(32), None);
    assert_eq!(check(64), None);
    assert_eq!(check(65), Some("rule_too_deep"));
    // Far deeper ones are not even read.
    assert!(serde_json::from_str::<Rule>(&nested(10_000)).is_err());
}

#[test]
fn size_is_bounded() {
    let check = |rule: &Rule| validate(rule, &names()).err().map(|error| error.kind().code());
    let list =
        |count: usize| Rule::In { field: common::DEPARTMENT.into(), values: vec![Value::text("a"); count] };
    assert_eq!(check(&list(MAX_NODES - 1)), None);
    assert_eq!(check(&list(MAX_NODES)), Some("rule_too_long"));
    let has = || Rule::Has(common::DEPARTMENT.into());
    assert_eq!(check(&Rule::All((1..MAX_NODES).map(|_| has()).collect())), None);
    assert_eq!(check(&Rule::Any((0..MAX_NODES).map(|_| has()).collect())), Some("rule_too_long"));
    assert_eq!(check(&Rule::Any(vec![list(MAX_NODES / 2), list(MAX_NODES / 2)])), Some("rule_too_long"));
    let options = vec![OptionId(0); MAX_NODES];
    let rule = Rule::Options { attribute: common::SKILLS, quantity: Quantity::Any, options };
    assert_eq!(check(&rule), Some("rule_too_long"));
}

#[test]
fn a_node_with_a_member_that_it_does_not_know_is_refused() {
    for json in [
        r#"{"in":{"field":1,"values":[{"integer":1}],"not":true}}"#,
        r#"{"compare":{"field":1,"comparison":"==","with":{"value":{"integer":1}},"negated":true}}"#,
        r#"{"compare":{"field":2,"comparison":"<","with":{"today":{"count":1,"unit":"days","hours":5}}}}"#,
        r#"{"compare":{"field":2,"comparison":"<","with":{"period":{"edge":"start","of":"month","count":0,"unit":"days","hours":5}}}}"#,
        r#"{"options":{"attribute":1,"quantity":"any","options":[0],"ignore_case":true}}"#,
        r#"{"size":{"attribute":1,"comparison":"==","count":1,"x":0}}"#,
        r#"{"under":{"attribute":1,"path":"A","itself":true,"x":0}}"#,
        r#"{"between":{"field":1,"from":{"value":{"integer":1}},"to":{"value":{"integer":2}},"x":0}}"#,
        r#"{"match":{"field":1,"how":"contains","text":"a","x":0}}"#,
        r#"{"reports_to":{"attribute":1,"user":2,"x":0}}"#,
    ] {
        let error = serde_json::from_str::<matricula_rule::Rule>(json).expect_err(json).to_string();
        assert!(error.contains("unknown field"), "{json}: {error}");
    }
    let period = r#"{"compare":{"field":2,"comparison":"<","with":{"period":{"edge":"start","of":"month","count":-1,"unit":"months"}}}}"#;
    let rule: matricula_rule::Rule = serde_json::from_str(period).expect("a period");
    assert_eq!(serde_json::to_string(&rule).expect("JSON"), period);
}
