//! What does not suit the attributes is refused, with message, place and advice.

mod common;

use common::all_are_refused;

/// What does not suit the attributes.
#[test]
fn attributes_and_types() {
    all_are_refused(&[
        (
            r#"user.departmnt == "Sales""#,
            "unknown_attribute",
            "unknown attribute `departmnt` at 1:6, did you mean `department`?",
        ),
        (r#"user.shoe_size == "1""#, "unknown_attribute", "unknown attribute `shoe_size` at 1:6"),
        (
            "user.department == 5",
            "wrong_type",
            r#"expected text for `department`, found an integer at 1:20, write `"5"`"#,
        ),
        (
            "user.department == 1.5",
            "wrong_type",
            r#"expected text for `department`, found a number at 1:20, write `"1.5"`"#,
        ),
        (
            "user.department == true",
            "wrong_type",
            r#"expected text for `department`, found a boolean at 1:20, write `"true"`"#,
        ),
        (
            r#"user.department == date("2026-01-31")"#,
            "wrong_type",
            r#"expected text for `department`, found a date at 1:20, write `"2026-01-31"`"#,
        ),
        (
            "user.department == today",
            "wrong_type",
            "expected text for `department`, found a day counted from today at 1:20",
        ),
        (r#"user.department == ["a"]"#, "wrong_type", "expected text for `department`, found a list at 1:20"),
        (
            r#"user.country == "AZ""#,
            "unknown_option",
            "`country` has no option `AZ` at 1:17, did you mean `ZA`?",
        ),
        (
            r#"user.country == "Botswana""#,
            "unknown_option",
            "`country` has no option `Botswana` at 1:17, it has `ZA`, `NA`, `BW`",
        ),
        (
            r#"user.country < "ZA""#,
            "no_order",
            "`country` is a choice, which has no order for `<` at 1:1, list the options: `user.country in [ … ]`",
        ),
        (
            r#"user.hired_on > "2026-01-31""#,
            "wrong_type",
            r#"expected a date for `hired_on`, found text at 1:17, write `date("2026-01-31")`"#,
        ),
        (
            r#"user.hired_on > "soon""#,
            "wrong_type",
            r#"expected a date for `hired_on`, found text at 1:17, write `date("2026-01-31")` or `today`"#,
        ),
        (r#"user.hired_on > date("2026-02-30")"#, "invalid_date", "there is no day `2026-02-30` at 1:22"),
        (
            r#"user.hired_on > date("31/01/2026")"#,
            "invalid_date",
            "expected a day such as `2026-01-31`, found `31/01/2026` at 1:22",
        ),
        (r#"user.hired_on > date("0000-01-01")"#, "invalid_date", "there is no day `0000-01-01` at 1:22"),
        ("user.hired_on > 90", "wrong_type", "expected a date for `hired_on`, found an integer at 1:17"),
        ("user.hired_on in []", "empty_list", "the list is empty, so nothing is in it at 1:18"),
        (
            "user.hired_on in [today]",
            "wrong_type",
            "expected a date for `hired_on`, found a day counted from today at 1:19, write `user.hired_on == …` for each day, joined by `||`",
        ),
        (
            r#"user.country in ["ZA", null]"#,
            "wrong_type",
            "expected an option for `country`, found `null` at 1:24, write `|| !has(user.country)`",
        ),
        (
            r#"user.country in ["ZA", "NX"]"#,
            "unknown_option",
            "`country` has no option `NX` at 1:24, did you mean `NA`?",
        ),
        (
            r#"user.country in "ZA""#,
            "wrong_type",
            r#"expected a list such as `["a", "b"]`, found text at 1:17"#,
        ),
        (
            r#""ZA" in user.country"#,
            "wrong_type",
            "`country` has one value, not several at 1:9, write `user.country == …`",
        ),
        (
            "user.department",
            "wrong_type",
            "expected a condition, found an attribute at 1:1, compare it, or write `has(user.department)`",
        ),
        ("user.nothing", "unknown_attribute", "unknown attribute `nothing` at 1:6"),
        (
            "(user.department)",
            "wrong_type",
            "expected a condition, found an attribute at 1:2, compare it, or write `has(user.department)`",
        ),
        (
            "user.hired_on > today - days(99999999999)",
            "invalid_date",
            "`99999999999` days are too many at 1:30",
        ),
        (
            r#"user.department == "Zürich 😀" && user.departmnt == "x""#,
            "unknown_attribute",
            "unknown attribute `departmnt` at 1:39, did you mean `department`?",
        ),
        (
            "user.department == \"a\" &&\n  // now the country\n  user.country == \"XX\"",
            "unknown_option",
            "`country` has no option `XX` at 3:19, it has `ZA`, `NA`, `BW`",
        ),
        (
            "user.department == -5",
            "wrong_type",
            r#"expected text for `department`, found an integer at 1:20, write `"-5"`"#,
        ),
        (
            "user.department < null",
            "no_order",
            "`null` cannot be compared by `<` at 1:19, write `==` or `!=`",
        ),
    ]);
}

/// What is the same for everybody.
#[test]
fn constants() {
    all_are_refused(&[
        (
            r#""a" in ["a"]"#,
            "constant_rule",
            "whether text is in a list is the same for everybody at 1:1, write an attribute before `in`",
        ),
        (
            r#""a" == "a""#,
            "constant_rule",
            "a comparison of text with text is the same for everybody at 1:1, compare an attribute: `user.name == …`",
        ),
        (
            r#"date("2026-01-31") < today"#,
            "constant_rule",
            "a comparison of a date with a day counted from today is the same for everybody at 1:1, compare an attribute: `user.name < …`",
        ),
        ("true", "constant_rule", "`true` is the same for everybody at 1:1, write a condition on `user`"),
        ("false", "constant_rule", "`false` is the same for everybody at 1:1, write a condition on `user`"),
        (r#""x""#, "constant_rule", "expected a condition on `user`, found text at 1:1"),
        ("today", "constant_rule", "expected a condition on `user`, found a day counted from today at 1:1"),
        ("null", "constant_rule", "expected a condition on `user`, found `null` at 1:1"),
        (
            "has(user.manager) && true",
            "constant_rule",
            "`true` is the same for everybody at 1:22, write a condition on `user`",
        ),
    ]);
}
