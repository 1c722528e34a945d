//! Values that do not suit their type are refused, with message, place and advice.

mod common;

use common::all_are_refused;

/// Comparisons with values of every type.
#[test]
fn values() {
    all_are_refused(&[
        (
            "user.flag < true",
            "no_order",
            "`flag` is a boolean, which has no order for `<` at 1:1, write `==` or `!=`",
        ),
        (
            r#"user.flag == "true""#,
            "wrong_type",
            "expected `true` or `false` for `flag`, found text at 1:14, write `true`",
        ),
        ("user.flag == 1", "wrong_type", "expected `true` or `false` for `flag`, found an integer at 1:14"),
        (
            "user.level == 5.0",
            "wrong_type",
            "expected a whole number for `level`, found `5.0` at 1:15, write `5`",
        ),
        ("user.level == 5.5", "wrong_type", "expected a whole number for `level`, found `5.5` at 1:15"),
        (
            "user.level == 5u",
            "wrong_type",
            "expected a whole number for `level`, found `5u` at 1:15, write digits only",
        ),
        (
            "user.level == 1e3",
            "wrong_type",
            "expected a whole number for `level`, found `1e3` at 1:15, write digits only",
        ),
        (
            r#"user.level == "5""#,
            "wrong_type",
            "expected a whole number for `level`, found text at 1:15, write `5`",
        ),
        (
            "user.level == 9007199254740992",
            "invalid_number",
            "`9007199254740992` is out of bounds at 1:15, whole numbers go from -9007199254740991 to 9007199254740991",
        ),
        (
            "user.level == -9007199254740992",
            "invalid_number",
            "`-9007199254740992` is out of bounds at 1:15, whole numbers go from -9007199254740991 to 9007199254740991",
        ),
        (
            "user.level == 99999999999999999999999",
            "invalid_number",
            "`99999999999999999999999` is out of bounds at 1:15, whole numbers go from -9007199254740991 to 9007199254740991",
        ),
        (
            "user.level between 1",
            "not_supported",
            "`between` is not supported at 1:12, write `user.level.between( …, … )`",
        ),
        ("user.level == true", "wrong_type", "expected a whole number for `level`, found a boolean at 1:15"),
        (
            "user.rate == 0.1234567",
            "invalid_number",
            "`0.1234567` has more than 6 digits after its point at 1:14, round it",
        ),
        (
            "user.rate == 1000000000000",
            "invalid_number",
            "`1000000000000` is out of bounds at 1:14, numbers are below 1000000000000 either way",
        ),
        (
            "user.rate == 1e3",
            "invalid_number",
            "`1e3` is not written as a decimal number at 1:14, write digits, and a `.` before a fraction",
        ),
        (
            r#"user.rate == "0.8""#,
            "wrong_type",
            "expected a number for `rate`, found text at 1:14, write `0.8`",
        ),
        (
            r#"user.last_login > timestamp("2026-01-31")"#,
            "invalid_timestamp",
            r#"expected a timestamp such as `2026-01-31T08:00:00Z`, found `2026-01-31` at 1:29, write `date("2026-01-31")` for a whole day"#,
        ),
        (
            r#"user.last_login > timestamp("2026-01-31T08:00:00")"#,
            "invalid_timestamp",
            "expected a timestamp such as `2026-01-31T08:00:00Z`, found `2026-01-31T08:00:00` at 1:29, write `Z` after it for utc, or the offset, such as `+02:00`",
        ),
        (
            r#"user.last_login > timestamp("2026-02-30T08:00:00Z")"#,
            "invalid_timestamp",
            "there is no instant `2026-02-30T08:00:00Z` at 1:29",
        ),
        (
            r#"user.last_login > timestamp("2026-01-31T08:00:00.1234Z")"#,
            "invalid_timestamp",
            "expected a timestamp such as `2026-01-31T08:00:00Z`, found `2026-01-31T08:00:00.1234Z` at 1:29, write at most three digits after the seconds",
        ),
        (
            "user.last_login > timestamp(5)",
            "rule_syntax",
            r#"expected a timestamp such as `"2026-01-31T08:00:00Z"`, found `5` at 1:29"#,
        ),
        (
            r#"user.last_login > "2026-01-31T08:00:00Z""#,
            "wrong_type",
            r#"expected a timestamp for `last_login`, found text at 1:19, write `timestamp("2026-01-31T08:00:00Z")`"#,
        ),
        (
            r#"user.last_login > "2026-01-31""#,
            "wrong_type",
            r#"expected a timestamp for `last_login`, found text at 1:19, write `date("2026-01-31")`"#,
        ),
        (
            r#"user.last_login > "soon""#,
            "wrong_type",
            r#"expected a timestamp for `last_login`, found text at 1:19, write `timestamp("2026-01-31T08:00:00Z")`, `date("2026-01-31")` or `today`"#,
        ),
        (
            r#"user.last_login in [date("2026-01-31")]"#,
            "wrong_type",
            "expected a timestamp for `last_login`, found a date at 1:21, write `user.last_login.between(…, …)`",
        ),
        (
            r#"user.hired_on > timestamp("2026-01-31T08:00:00Z")"#,
            "wrong_type",
            r#"expected a date for `hired_on`, found a timestamp at 1:17, write `date("2026-01-31")`"#,
        ),
        ("user.hired_on == startOfMonth(1)", "rule_syntax", "expected `)`, found `1` at 1:31"),
        (
            "user.hired_on in [startOfMonth()]",
            "wrong_type",
            "expected a date for `hired_on`, found an end of a period at 1:19, write `user.hired_on == …` for each day, joined by `||`",
        ),
        (
            "user.department.startsWith",
            "rule_syntax",
            "`startsWith` is a function at 1:17, write `.startsWith` and its values in parentheses",
        ),
        (
            r#"user.department startsWith "a""#,
            "not_supported",
            "`startsWith` is not supported at 1:17, write `user.department.startsWith( … )`",
        ),
        (
            r#"user.skills in ["rust"]"#,
            "wrong_type",
            "`skills` has several values, not one at 1:1, write `user.skills.anyOf([ … ])`",
        ),
        (
            r#"user.skills == "rust""#,
            "wrong_type",
            "`skills` has several values, not one at 1:1, write `user.skills.anyOf([ … ])`",
        ),
        (
            "user.skills",
            "wrong_type",
            "expected a condition, found an attribute at 1:1, compare it, or write `has(user.skills)`",
        ),
        ("user.level == 5.", "rule_syntax", "unexpected `.` at 1:16"),
        (
            "user.hired_on == startOfWeek",
            "rule_syntax",
            "unknown name `startOfWeek` at 1:18, write `startOfWeek()`",
        ),
        (r#"user.boss == "anne""#, "unknown_user", "unknown user `anne` at 1:14, did you mean `ann`?"),
        (
            r#"user.boss < "ann""#,
            "no_order",
            "`boss` is a user, which has no order for `<` at 1:1, write `==` or `!=`",
        ),
        (
            "user.boss == 5",
            "wrong_type",
            r#"expected the key of a user for `boss`, found an integer at 1:14, write `"5"`"#,
        ),
        (
            "user.boss == user.manager",
            "not_supported",
            "two attributes cannot be compared at 1:14, compare each with a value",
        ),
        (
            r#"user.org == "EMEA//ZA""#,
            "invalid_path",
            "expected a path such as `EMEA/ZA`, found `EMEA//ZA` at 1:13, write names joined by `/`, without spaces around them",
        ),
        (
            r#"user.org < "EMEA""#,
            "no_order",
            "`org` is a path, which has no order for `<` at 1:1, write `user.org.under( … )`",
        ),
        (r#"user.account == "x""#, "unknown_attribute", "unknown attribute `account` at 1:6"),
        (
            r#"user.department in ["a", Sales]"#,
            "rule_syntax",
            "unknown name `Sales` at 1:26, an attribute is written `user.Sales`",
        ),
        ("user.department in [inSegment]", "rule_syntax", "expected a value, found `inSegment` at 1:21"),
    ]);
}

/// Conditions that are compared: one but not the other.
#[test]
fn conditions_compared() {
    all_are_refused(&[
        (
            "has(user.flag) == has(user.level) == has(user.rate)",
            "rule_syntax",
            "comparisons cannot be chained at 1:35, join two of them with `&&`",
        ),
        (
            "has(user.flag) != has(user.level) == has(user.rate)",
            "rule_syntax",
            "comparisons cannot be chained at 1:35, join two of them with `&&`",
        ),
        (
            "has(user.flag) != has(user.level) < has(user.rate)",
            "rule_syntax",
            "comparisons cannot be chained at 1:35, join two of them with `&&`",
        ),
        (
            "!has(user.flag) != has(user.level)",
            "rule_syntax",
            "`!` binds more tightly than `!=` at 1:17, write `!( … )` around the whole comparison",
        ),
        (
            "has(user.flag) < has(user.level)",
            "not_supported",
            "a condition can only be compared with a condition, by `==` or `!=` at 1:1, use `&&`, `||` and `!`",
        ),
        (
            "has(user.flag) != true",
            "not_supported",
            "a condition can only be compared with a condition, by `==` or `!=` at 1:1, leave the comparison out, or write `!( … )`",
        ),
        (
            r#"has(user.flag) == "x""#,
            "not_supported",
            "a condition can only be compared with a condition, by `==` or `!=` at 1:1, use `&&`, `||` and `!`",
        ),
        (
            "has(user.flag) != user.department",
            "not_supported",
            "a condition can only be compared with a condition, by `==` or `!=` at 1:1, use `&&`, `||` and `!`",
        ),
        (
            "user.department != user.flag",
            "not_supported",
            "two attributes cannot be compared at 1:20, compare each with a value",
        ),
        (
            "user.flag != user.level != user.rate",
            "wrong_type",
            "expected a condition, found an attribute at 1:14, compare it, or write `has(user.level)`",
        ),
        (
            "has(user.flag) xor has(user.level)",
            "rule_syntax",
            "unexpected `xor` at 1:16, write `( … ) != ( … )`",
        ),
        ("has(user.flag) in [true]", "not_supported", "a condition cannot be in a list at 1:1"),
        (
            "true != has(user.flag)",
            "not_supported",
            "a condition can only be compared with a condition, by `==` or `!=` at 1:9, leave the comparison out, or write `!( … )`",
        ),
        (
            "xor(has(user.flag), has(user.level))",
            "not_supported",
            "the function `xor` is not supported at 1:1, write `( … ) != ( … )`",
        ),
        (
            "user.flag ? true : false",
            "not_supported",
            "the conditional `? :` is not supported at 1:11, write `a && b || !a && c` instead of `a ? b : c`",
        ),
        ("user.department in [has(user.flag)]", "rule_syntax", "expected a value, found `has` at 1:21"),
    ]);
}
