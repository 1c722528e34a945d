//! What is no rule is refused, with message, place and advice.

mod common;

use common::{all_are_refused, names};
use matricula_rule::{RuleErrorKind, compile, parse};

/// What the Common Expression Language has and rules do not.
#[test]
fn not_supported() {
    all_are_refused(&[
        (
            "user.department == user.manager",
            "not_supported",
            "two attributes cannot be compared at 1:20, compare each with a value",
        ),
        (
            r#"(user.department == "a") == true"#,
            "not_supported",
            "a condition can only be compared with a condition, by `==` or `!=` at 1:2, leave the comparison out, or write `!( … )`",
        ),
        (
            r#"not (user.department == "a")"#,
            "not_supported",
            "the function `not` is not supported at 1:1, write `!`",
        ),
        (
            r#"user.department like "a%""#,
            "not_supported",
            "`like` is not supported at 1:17, patterns are globs: write `user.department.glob( … )`",
        ),
        (
            "user.hired_on between today",
            "not_supported",
            "`between` is not supported at 1:15, write `user.hired_on.between( …, … )`",
        ),
        (
            "user.hired_on + 1 > today",
            "not_supported",
            "arithmetic is not supported at 1:15, only `today - days(90)` and the like can be counted",
        ),
        (
            "user.hired_on > today - days(9) - days(3)",
            "not_supported",
            "arithmetic is not supported at 1:33, only `today - days(90)` and the like can be counted",
        ),
        (
            "user.hired_on > today()",
            "not_supported",
            "the function `today` is not supported at 1:17, write `today`",
        ),
        (
            "user.hired_on > now()",
            "not_supported",
            "the function `now` is not supported at 1:17, write `today`",
        ),
        (
            r#"user.department.matches("a.*")"#,
            "not_supported",
            "the function `matches` is not supported at 1:17, write `user.department.glob( … )`",
        ),
        (
            r#"user.department == "a" ? true : false"#,
            "not_supported",
            "the conditional `? :` is not supported at 1:24, write `a && b || !a && c` instead of `a ? b : c`",
        ),
        (r#"user.department[0] == "a""#, "not_supported", "indexing is not supported at 1:16"),
        (r#"{"a": 1} == user.department"#, "not_supported", "maps are not supported at 1:1"),
        (
            r#"user.a.b == "c""#,
            "not_supported",
            "attributes have no parts at 1:8, an attribute is written `user.name`",
        ),
        (
            r#"user.cost-centre == "x""#,
            "not_supported",
            "arithmetic is not supported at 1:10, a name that has a `-` is written in backticks",
        ),
        (
            r#"user.department == """x""""#,
            "not_supported",
            r#"strings in triple quotes are not supported at 1:20, write one quote, and `\n` for a new line"#,
        ),
        (
            r#"user.department == b"x""#,
            "not_supported",
            "byte strings are not supported at 1:20, write the quotes without the `b` before them",
        ),
        (
            r#"- user.department == "a""#,
            "not_supported",
            "arithmetic is not supported at 1:1, only `today - days(90)` and the like can be counted",
        ),
        (
            r#"user.department in ["a", ["b"]]"#,
            "not_supported",
            "a list within a list is not supported at 1:26",
        ),
        (
            "days(90)",
            "not_supported",
            "the function `days` is not supported at 1:1, count from today: `today - days(90)`",
        ),
        (
            r#"user.department contains "x""#,
            "not_supported",
            "`contains` is not supported at 1:17, write `user.department.contains( … )`",
        ),
    ]);
}

/// What is no rule.
#[test]
fn syntax() {
    all_are_refused(&[
        (
            r#"!user.department == "x""#,
            "rule_syntax",
            "`!` binds more tightly than `==` at 1:18, write `!( … )` around the whole comparison",
        ),
        (
            r#"!(user.department) == "x""#,
            "rule_syntax",
            "`!` binds more tightly than `==` at 1:20, write `!( … )` around the whole comparison",
        ),
        (
            r#"user.department == "a" == "b""#,
            "rule_syntax",
            "comparisons cannot be chained at 1:24, join two of them with `&&`",
        ),
        (
            r#""a" < user.department < "b""#,
            "rule_syntax",
            "comparisons cannot be chained at 1:23, join two of them with `&&`",
        ),
        (r#"user.department = "Sales""#, "rule_syntax", "unexpected `=` at 1:17, write `==`"),
        (r#"user.department === "Sales""#, "rule_syntax", "unexpected `===` at 1:17, write `==`"),
        (r#"user.department <> "Sales""#, "rule_syntax", "unexpected `<>` at 1:17, write `!=`"),
        ("user.hired_on => today", "rule_syntax", "unexpected `=>` at 1:15, write `>=`"),
        (
            r#"user.department == "a" & user.country == "ZA""#,
            "rule_syntax",
            "unexpected `&` at 1:24, write `&&`",
        ),
        (
            r#"user.department == "a" | user.country == "ZA""#,
            "rule_syntax",
            "unexpected `|` at 1:24, write `||`",
        ),
        (
            r#"user.department == "a" and user.country == "ZA""#,
            "rule_syntax",
            "unexpected `and` at 1:24, write `&&`",
        ),
        (
            r#"user.department == "a" OR user.country == "ZA""#,
            "rule_syntax",
            "unexpected `OR` at 1:24, write `||`",
        ),
        (r#"not user.department == "a""#, "rule_syntax", "unexpected `not` at 1:1, write `!`"),
        (
            r#"user.country not in ["ZA"]"#,
            "rule_syntax",
            "unexpected `not` at 1:14, write `!(user.country in [ … ])`, or `!=`",
        ),
        ("user.department is null", "rule_syntax", "unexpected `is` at 1:17, write `==`"),
        (
            "user.hired_on > today - 90",
            "rule_syntax",
            "expected `days`, `weeks`, `months` or `years`, found `90` at 1:25, write `today - days(90)`",
        ),
        (
            "user.hired_on > today - days(-90)",
            "rule_syntax",
            "expected a whole number of days, found `-` at 1:30, write `today + days( … )` for the other direction",
        ),
        (
            "user.hired_on > today - days(1.5)",
            "rule_syntax",
            "expected a whole number of days, found `1.5` at 1:30",
        ),
        (
            "user.hired_on > today - day(9)",
            "rule_syntax",
            "expected `days`, `weeks`, `months` or `years`, found `day` at 1:25, did you mean `days`?",
        ),
        (
            r#"user.hired_on > today - duration("3h")"#,
            "rule_syntax",
            "expected `days`, `weeks`, `months` or `years`, found `duration` at 1:25, write `today - days(90)`",
        ),
        (
            r#"user["department"] == "a""#,
            "rule_syntax",
            "expected `.`, found `[` at 1:5, an attribute is written `user.name`",
        ),
        (
            r#"department == "Sales""#,
            "rule_syntax",
            "unknown name `department` at 1:1, an attribute is written `user.department`",
        ),
        (r#"User.department == "Sales""#, "rule_syntax", "unexpected `User` at 1:1, write `user`"),
        (
            "Sales == user.department",
            "rule_syntax",
            "unknown name `Sales` at 1:1, an attribute is written `user.Sales`",
        ),
        (
            "user.department == Sales",
            "rule_syntax",
            "unknown name `Sales` at 1:20, an attribute is written `user.Sales`",
        ),
        (
            "has(department)",
            "rule_syntax",
            "expected an attribute such as `user.name`, found `department` at 1:5",
        ),
        ("has(user)", "rule_syntax", "expected `.`, found `)` at 1:9"),
        ("has()", "rule_syntax", "expected an attribute such as `user.name`, found `)` at 1:5"),
        ("has(user.manager", "rule_syntax", "expected `)`, found the end of the rule at 1:17"),
        (r#"(user.department == "a""#, "rule_syntax", "the parenthesis is not closed at 1:1"),
        (r#"user.department == "a")"#, "rule_syntax", "unexpected `)` at 1:23, no parenthesis is open"),
        ("user.department == ", "rule_syntax", "expected a value, found the end of the rule at 1:20"),
        (
            r#"user.department "Sales""#,
            "rule_syntax",
            r#"expected a comparison such as `==` or `in`, found `"Sales"` at 1:17"#,
        ),
        (
            r#"user.department == "Sales" "x""#,
            "rule_syntax",
            r#"expected `&&`, `||` or the end of the rule, found `"x"` at 1:28"#,
        ),
        ("", "rule_syntax", "the rule is empty at 1:1"),
        (r#"user. == "x""#, "rule_syntax", "expected the name of an attribute, found `==` at 1:7"),
        (
            r#"user.in == "x""#,
            "rule_syntax",
            "expected the name of an attribute, found `in` at 1:6, write such a name in backticks",
        ),
        (
            "user.department == “Sales”",
            "rule_syntax",
            r#"unexpected character `“` at 1:20, write straight quotes `"`"#,
        ),
        (
            r#"user.department == "Sal"#,
            "rule_syntax",
            r#"the string is not closed at 1:20, write `"` after its end"#,
        ),
        (
            "user.department == \"Sal\nes\"",
            "rule_syntax",
            r#"the string is not closed on its line at 1:20, write `\n` for a new line"#,
        ),
        (
            r#"user.department == "\q""#,
            "rule_syntax",
            r#"unknown escape `\q` at 1:21, write `\\` for a backslash"#,
        ),
        (
            r#"user.department == "\ud800""#,
            "rule_syntax",
            r#"unknown escape `\u` at 1:21, write the four hexadecimal digits of a character after it"#,
        ),
        (r#"user.department == "a" && 😀"#, "rule_syntax", "unexpected character `😀` at 1:27"),
        ("user.department == 90d", "rule_syntax", "unexpected character `d` at 1:22"),
        (r#"user.department in ["a" "b"]"#, "rule_syntax", r#"expected `,` or `]`, found `"b"` at 1:25"#),
        ("user.department in [,]", "rule_syntax", "expected a value, found `,` at 1:21"),
        (
            r#"user.department == (user.manager == "x")"#,
            "not_supported",
            "a condition can only be compared with a condition, by `==` or `!=` at 1:21, use `&&`, `||` and `!`",
        ),
        (r#"user.department == (("a")"#, "rule_syntax", "the parenthesis is not closed at 1:20"),
        ("date(2026)", "rule_syntax", r#"expected a day such as `"2026-01-31"`, found `2026` at 1:6"#),
        (r#"date("2026-01-31""#, "rule_syntax", "expected `)`, found the end of the rule at 1:18"),
        (
            r#"user.department == "a" || || user.country == "ZA""#,
            "rule_syntax",
            "expected a condition, found `||` at 1:27",
        ),
        ("&& has(user.manager)", "rule_syntax", "expected a condition, found `&&` at 1:1"),
        (
            r#"user.department == "a" xor user.country == "ZA""#,
            "rule_syntax",
            "unexpected `xor` at 1:24, write `( … ) != ( … )`",
        ),
        (
            r#"user.department == "a", user.country == "ZA""#,
            "rule_syntax",
            "expected `&&`, `||` or the end of the rule, found `,` at 1:23",
        ),
        (r#"user.department == "a";"#, "rule_syntax", "unexpected character `;` at 1:23"),
        ("user.department == TRUE", "rule_syntax", "unexpected `TRUE` at 1:20, write `true`"),
    ]);
}

#[test]
fn the_first_mistake_is_told() {
    let error = parse("user.a = 1 && “").unwrap_err();
    assert_eq!(error.to_string(), "unexpected `=` at 1:8, write `==`");
    let error = compile(r#"user.b == "x" && user.a == "y""#, &names()).unwrap_err();
    assert_eq!(error.to_string(), "unknown attribute `b` at 1:6");
}

#[test]
fn lines_and_columns_count_characters() {
    for (text, line, column) in [
        ("\n\n  user.x", 3, 8),
        ("has(user.manager) && // é\r\n\tuser.x", 2, 7),
        ("user.manager == \"Zürich\" && user.x", 1, 34),
        ("user.manager == \"e\u{301}😀\" && user.x", 1, 31),
    ] {
        let error = compile(text, &names()).unwrap_err();
        let span = error.span().unwrap();
        assert_eq!((span.line, span.column, span.of(text)), (line, column, Some("x")), "{text}");
    }
}

#[test]
fn an_error_has_its_parts() {
    let error = compile("user.hired_on > \"2026-01-31\"", &names()).unwrap_err();
    assert_eq!(error.kind(), RuleErrorKind::WrongType);
    assert_eq!(error.message(), "expected a date for `hired_on`, found text");
    assert_eq!(error.expected(), Some("a date for `hired_on`"));
    assert_eq!(error.found(), Some("text"));
    assert_eq!(error.advice(), Some("write `date(\"2026-01-31\")`"));
    assert_eq!((error.nearest(), error.pointer()), (None, None));
    let error = compile("has(user.managr)", &names()).unwrap_err();
    assert_eq!(error.nearest(), Some("manager"));
    assert_eq!(error.advice(), Some("did you mean `manager`?"));
}

#[test]
fn control_characters_are_shown() {
    let error = parse("\u{202e}").unwrap_err();
    assert_eq!(error.to_string(), "unexpected character `\\u{202e}` at 1:1");
    let error = compile("user.country == \"\0\"", &names()).unwrap_err();
    assert!(error.to_string().contains("`\\u{0}`"), "{error}");
}
