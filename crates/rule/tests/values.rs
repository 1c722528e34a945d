//! Tests of values of every type: what each is when printed, and in English.

mod common;

use common::all_read;

/// Comparisons with values of every type.
#[test]
fn values() {
    all_read(&[
        ("user.flag", "user.flag", "flag is true"),
        ("!user.flag", "!user.flag", "flag is false"),
        ("user.flag == true", "user.flag", "flag is true"),
        ("user.flag != true", "user.flag != true", "flag is false"),
        ("user.flag == false", "user.flag == false", "flag is false"),
        ("user.flag in [true, false]", "user.flag in [true, false]", "flag is one of true, false"),
        ("user.flag == null", "!has(user.flag)", "flag is missing"),
        ("user.level >= 5", "user.level >= 5", "level is at least 5"),
        ("!(user.level >= 5)", "!(user.level >= 5)", "level is less than 5"),
        ("user.level <= 5", "user.level <= 5", "level is at most 5"),
        ("user.level > 5", "user.level > 5", "level is more than 5"),
        ("user.level < 5", "user.level < 5", "level is less than 5"),
        ("user.level != 5", "user.level != 5", "level is not 5"),
        ("user.level == -5", "user.level == -5", "level is -5"),
        ("user.level == 0x10", "user.level == 16", "level is 16"),
        ("user.level == 9007199254740991", "user.level == 9007199254740991", "level is 9007199254740991"),
        ("user.level == -9007199254740991", "user.level == -9007199254740991", "level is -9007199254740991"),
        ("user.level in [1, 2, 3]", "user.level in [1, 2, 3]", "level is one of 1, 2, 3"),
        ("user.rate >= 0.8", "user.rate >= 0.8", "rate is at least 0.8"),
        ("user.rate == 5", "user.rate == 5", "rate is 5"),
        ("user.rate == -0.5", "user.rate == -0.5", "rate is -0.5"),
        ("user.rate == 0.1000000000", "user.rate == 0.1", "rate is 0.1"),
        (
            "user.rate == 999999999999.999999",
            "user.rate == 999999999999.999999",
            "rate is 999999999999.999999",
        ),
        (
            r#"user.last_login > timestamp("2026-01-31T08:00:00+02:00")"#,
            r#"user.last_login > timestamp("2026-01-31T06:00:00Z")"#,
            "last_login is after 2026-01-31T06:00:00Z",
        ),
        (
            r#"user.last_login > timestamp("2026-01-31T08:00:00.25Z")"#,
            r#"user.last_login > timestamp("2026-01-31T08:00:00.250Z")"#,
            "last_login is after 2026-01-31T08:00:00.250Z",
        ),
        (
            r#"user.last_login > date("2026-01-31")"#,
            r#"user.last_login > date("2026-01-31")"#,
            "last_login is after the first moment of 2026-01-31",
        ),
        (
            r#"user.last_login <= date("2026-01-31")"#,
            r#"user.last_login <= date("2026-01-31")"#,
            "last_login is at or before the first moment of 2026-01-31",
        ),
        (
            r#"user.last_login >= date("2026-01-31")"#,
            r#"user.last_login >= date("2026-01-31")"#,
            "last_login is on or after 2026-01-31",
        ),
        (
            "user.last_login < today - days(90)",
            "user.last_login < today - days(90)",
            "last_login is before 90 days ago",
        ),
        (
            "user.last_login > today - days(90)",
            "user.last_login > today - days(90)",
            "last_login is after the first moment of the day 90 days ago",
        ),
        ("user.last_login == today", "user.last_login == today", "last_login is the first moment of today"),
        (
            "user.last_login != startOfMonth()",
            "user.last_login != startOfMonth()",
            "last_login is not the first moment of the first day of this month",
        ),
        (
            "user.last_login <= startOfMonth() - months(1)",
            "user.last_login <= startOfMonth() - months(1)",
            "last_login is at or before the first moment of the day 1 month before the first day of this month",
        ),
        (
            r#"user.last_login == timestamp("2024-02-29T23:59:59.999Z")"#,
            r#"user.last_login == timestamp("2024-02-29T23:59:59.999Z")"#,
            "last_login is 2024-02-29T23:59:59.999Z",
        ),
        (
            r#"user.last_login != timestamp("2024-02-29T23:59:59Z")"#,
            r#"user.last_login != timestamp("2024-02-29T23:59:59Z")"#,
            "last_login is not 2024-02-29T23:59:59Z",
        ),
        (
            r#"user.last_login <= timestamp("2024-02-29T23:59:59Z")"#,
            r#"user.last_login <= timestamp("2024-02-29T23:59:59Z")"#,
            "last_login is at or before 2024-02-29T23:59:59Z",
        ),
        (
            r#"user.last_login in [timestamp("2026-01-31T08:00:00Z")]"#,
            r#"user.last_login in [timestamp("2026-01-31T08:00:00Z")]"#,
            "last_login is 2026-01-31T08:00:00Z",
        ),
        (
            "user.hired_on >= startOfQuarter() - weeks(0)",
            "user.hired_on >= startOfQuarter()",
            "hired_on is on or after the first day of this quarter",
        ),
        (
            "user.hired_on == endOfYear() + years(1)",
            "user.hired_on == endOfYear() + years(1)",
            "hired_on is 1 year after the last day of this year",
        ),
        (
            "user.hired_on < startOfWeek()",
            "user.hired_on < startOfWeek()",
            "hired_on is before the first day of this week",
        ),
        (
            "user.hired_on <= endOfWeek()",
            "user.hired_on <= endOfWeek()",
            "hired_on is on or before the last day of this week",
        ),
        (
            "user.hired_on <= endOfMonth() - days(1)",
            "user.hired_on <= endOfMonth() - days(1)",
            "hired_on is on or before 1 day before the last day of this month",
        ),
        (
            "user.hired_on <= endOfQuarter()",
            "user.hired_on <= endOfQuarter()",
            "hired_on is on or before the last day of this quarter",
        ),
        (
            "user.hired_on >= startOfYear()",
            "user.hired_on >= startOfYear()",
            "hired_on is on or after the first day of this year",
        ),
        ("user.skills == null", "!has(user.skills)", "skills is missing"),
        (r#"user.boss == "ann""#, r#"user.boss == "ann""#, "boss is ann"),
        (r#"user.boss != "ann""#, r#"user.boss != "ann""#, "boss is not ann"),
        (r#"user.boss == "Zoe\u0308""#, r#"user.boss == "Zoë""#, "boss is Zoë"),
        (r#"user.boss in ["ann", "bob"]"#, r#"user.boss in ["ann", "bob"]"#, "boss is one of ann, bob"),
        (r#"user.org == "EMEA/ZA""#, r#"user.org == "EMEA/ZA""#, "org is EMEA/ZA"),
        (
            r#"user.org in ["EMEA", "EMEA/ZA/Cape Town"]"#,
            r#"user.org in ["EMEA", "EMEA/ZA/Cape Town"]"#,
            r#"org is one of EMEA, "EMEA/ZA/Cape Town""#,
        ),
        (r#"user.email == "ANN""#, r#"user.email == "ANN""#, r#"email is "ANN""#),
        (
            r#"timestamp("2026-01-31T08:00:00Z") < user.last_login"#,
            r#"user.last_login > timestamp("2026-01-31T08:00:00Z")"#,
            "last_login is after 2026-01-31T08:00:00Z",
        ),
    ]);
}

/// Conditions that are compared: one but not the other.
#[test]
fn conditions_compared() {
    all_read(&[
        ("true == user.flag", "user.flag", "flag is true"),
        (
            "(user.flag) != (user.level == 5)",
            "(user.flag) != (user.level == 5)",
            "just one of (flag is true), (level is 5)",
        ),
        (
            "user.flag != user.flag",
            "(user.flag) != (user.flag)",
            "just one of (flag is true), (flag is true)",
        ),
        (
            "user.flag == (user.level == 5)",
            "!((user.flag) != (user.level == 5))",
            "both or none of (flag is true), (level is 5)",
        ),
        (
            "(has(user.flag)) != (has(user.level)) != (has(user.rate))",
            "(has(user.flag)) != (has(user.level)) != (has(user.rate))",
            "an odd number of (flag has a value), (level has a value), (rate has a value)",
        ),
        (
            "((has(user.flag)) != (has(user.level))) != (has(user.rate))",
            "((has(user.flag)) != (has(user.level))) != (has(user.rate))",
            "just one of (just one of (flag has a value), (level has a value)), (rate has a value)",
        ),
        (
            "(has(user.flag)) != ((has(user.level)) != (has(user.rate)))",
            "(has(user.flag)) != ((has(user.level)) != (has(user.rate)))",
            "just one of (flag has a value), (just one of (level has a value), (rate has a value))",
        ),
        (
            "has(user.flag) != has(user.level)",
            "(has(user.flag)) != (has(user.level))",
            "just one of (flag has a value), (level has a value)",
        ),
        (
            "has(user.flag) == has(user.level)",
            "!((has(user.flag)) != (has(user.level)))",
            "both or none of (flag has a value), (level has a value)",
        ),
        (
            "has(user.flag) != !has(user.level)",
            "(has(user.flag)) != (!has(user.level))",
            "just one of (flag has a value), (level is missing)",
        ),
        (
            "!(has(user.flag) != has(user.level))",
            "!((has(user.flag)) != (has(user.level)))",
            "both or none of (flag has a value), (level has a value)",
        ),
        (
            "!((has(user.flag) != has(user.level) != user.flag))",
            "!((has(user.flag)) != (has(user.level)) != (user.flag))",
            "an even number of (flag has a value), (level has a value), (flag is true)",
        ),
        (
            "has(user.flag) && has(user.level) != has(user.rate) || user.flag",
            "has(user.flag) && (has(user.level)) != (has(user.rate)) || user.flag",
            "(flag has a value and (just one of (level has a value), (rate has a value))) or flag is true",
        ),
        (
            "(has(user.flag) && has(user.level)) != (has(user.rate) || user.flag)",
            "(has(user.flag) && has(user.level)) != (has(user.rate) || user.flag)",
            "just one of (flag has a value and level has a value), (rate has a value or flag is true)",
        ),
    ]);
}
