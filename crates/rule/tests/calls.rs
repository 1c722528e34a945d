//! Tests by functions and methods: what each is when printed, and in English.

mod common;

use common::all_read;

/// Methods of values, and multi-choices.
#[test]
fn methods() {
    all_read(&[
        ("user.level.between(1, 5)", "user.level.between(1, 5)", "level is between 1 and 5"),
        ("!user.level.between(1, 5)", "!user.level.between(1, 5)", "level is not between 1 and 5"),
        ("user.level.between(5, 5)", "user.level.between(5, 5)", "level is between 5 and 5"),
        (
            r#"user.last_login.between(date("2026-01-31"), date("2026-01-31"))"#,
            r#"user.last_login.between(date("2026-01-31"), date("2026-01-31"))"#,
            "last_login is between 2026-01-31 and 2026-01-31",
        ),
        (
            r#"user.last_login.between(date("2026-01-31"), timestamp("2026-01-01T00:00:00Z"))"#,
            r#"user.last_login.between(date("2026-01-31"), timestamp("2026-01-01T00:00:00Z"))"#,
            "last_login is between 2026-01-31 and 2026-01-01T00:00:00Z",
        ),
        (
            r#"user.hired_on.withinLast(90, "days")"#,
            r#"user.hired_on.withinLast(90, "days")"#,
            "hired_on is within the last 90 days",
        ),
        (
            r#"!user.hired_on.withinLast(90, "days")"#,
            r#"!user.hired_on.withinLast(90, "days")"#,
            "hired_on is not within the last 90 days",
        ),
        (
            r#"user.hired_on.withinLast(0, "days")"#,
            "user.hired_on.between(today, today)",
            "hired_on is between today and today",
        ),
        (
            r#"user.hired_on.withinLast(2147483648, "days")"#,
            r#"user.hired_on.withinLast(2147483648, "days")"#,
            "hired_on is within the last 2147483648 days",
        ),
        (
            r#"user.hired_on.withinNext(2, "weeks")"#,
            r#"user.hired_on.withinNext(2, "weeks")"#,
            "hired_on is within the next 2 weeks",
        ),
        (
            r#"user.hired_on.olderThan(2, "years")"#,
            "user.hired_on < today - years(2)",
            "hired_on is before 2 years ago",
        ),
        (
            "user.hired_on.between(today - days(90), today)",
            r#"user.hired_on.withinLast(90, "days")"#,
            "hired_on is within the last 90 days",
        ),
        (
            "user.hired_on.between(today, today + weeks(2))",
            r#"user.hired_on.withinNext(2, "weeks")"#,
            "hired_on is within the next 2 weeks",
        ),
        (
            "user.hired_on.between(today - days(5), today + days(5))",
            "user.hired_on.between(today - days(5), today + days(5))",
            "hired_on is between 5 days ago and 5 days from today",
        ),
        (
            r#"user.hired_on.between(date("2026-01-01"), today)"#,
            r#"user.hired_on.between(date("2026-01-01"), today)"#,
            "hired_on is between 2026-01-01 and today",
        ),
        (
            r#"user.department.between("a", "m")"#,
            r#"user.department.between("a", "m")"#,
            r#"department is between "a" and "m""#,
        ),
        (
            r#"user.department.startsWith("S")"#,
            r#"user.department.startsWith("S")"#,
            r#"department starts with "S""#,
        ),
        (
            r#"!user.department.startsWith("S")"#,
            r#"!user.department.startsWith("S")"#,
            r#"department does not start with "S""#,
        ),
        (
            r#"user.department.endsWith("S")"#,
            r#"user.department.endsWith("S")"#,
            r#"department ends with "S""#,
        ),
        (
            r#"!user.department.endsWith("S")"#,
            r#"!user.department.endsWith("S")"#,
            r#"department does not end with "S""#,
        ),
        (
            r#"user.department.contains("S")"#,
            r#"user.department.contains("S")"#,
            r#"department contains "S""#,
        ),
        (
            r#"!user.department.contains("S")"#,
            r#"!user.department.contains("S")"#,
            r#"department does not contain "S""#,
        ),
        (r#"user.department.glob("S*")"#, r#"user.department.glob("S*")"#, r#"department matches "S*""#),
        (
            r#"!user.department.glob("S*")"#,
            r#"!user.department.glob("S*")"#,
            r#"department does not match "S*""#,
        ),
        (
            r#"user.department.glob(r"a\*")"#,
            r#"user.department.glob("a\\*")"#,
            r#"department matches "a\\*""#,
        ),
        (
            r#"(user.department).startsWith("a")"#,
            r#"user.department.startsWith("a")"#,
            r#"department starts with "a""#,
        ),
        (r#""rust" in user.skills"#, r#""rust" in user.skills"#, r#"skills has "rust""#),
        (r#"!("rust" in user.skills)"#, r#"!("rust" in user.skills)"#, r#"skills does not have "rust""#),
        (
            r#"user.skills.anyOf(["rust", "go"])"#,
            r#"user.skills.anyOf(["rust", "go"])"#,
            r#"skills has any of "rust", "go""#,
        ),
        (
            r#"!user.skills.anyOf(["rust", "go"])"#,
            r#"!user.skills.anyOf(["rust", "go"])"#,
            r#"skills has none of "rust", "go""#,
        ),
        (r#"user.skills.anyOf(["rust", "rust"])"#, r#""rust" in user.skills"#, r#"skills has "rust""#),
        (
            r#"user.skills.anyOf(["sql", "go", "sql"])"#,
            r#"user.skills.anyOf(["sql", "go"])"#,
            r#"skills has any of "sql", "go""#,
        ),
        (
            r#"user.skills.allOf(["rust", "go"])"#,
            r#"user.skills.allOf(["rust", "go"])"#,
            r#"skills has all of "rust", "go""#,
        ),
        (r#"user.skills.allOf(["rust"])"#, r#"user.skills.allOf(["rust"])"#, r#"skills has "rust""#),
        (
            r#"!user.skills.allOf(["rust", "go"])"#,
            r#"!user.skills.allOf(["rust", "go"])"#,
            r#"skills does not have all of "rust", "go""#,
        ),
        (
            r#"user.skills.noneOf(["rust", "go"])"#,
            r#"user.skills.noneOf(["rust", "go"])"#,
            r#"skills has none of "rust", "go""#,
        ),
        (
            r#"!user.skills.noneOf(["rust", "go"])"#,
            r#"!user.skills.noneOf(["rust", "go"])"#,
            r#"skills has any of "rust", "go""#,
        ),
        (
            r#"user.skills.noneOf(["rust"])"#,
            r#"user.skills.noneOf(["rust"])"#,
            r#"skills does not have "rust""#,
        ),
        (
            r#"user.skills.atLeast(2, ["rust", "go", "sql"])"#,
            r#"user.skills.atLeast(2, ["rust", "go", "sql"])"#,
            r#"skills has at least 2 of "rust", "go", "sql""#,
        ),
        (
            r#"!user.skills.atLeast(2, ["rust", "go", "sql"])"#,
            r#"!user.skills.atLeast(2, ["rust", "go", "sql"])"#,
            r#"skills has fewer than 2 of "rust", "go", "sql""#,
        ),
        (
            r#"user.skills.atMost(1, ["rust", "go"])"#,
            r#"user.skills.atMost(1, ["rust", "go"])"#,
            r#"skills has at most 1 of "rust", "go""#,
        ),
        (
            r#"!user.skills.atMost(1, ["rust", "go"])"#,
            r#"!user.skills.atMost(1, ["rust", "go"])"#,
            r#"skills has more than 1 of "rust", "go""#,
        ),
        (
            r#"user.skills.exactly(1, ["rust", "go"])"#,
            r#"user.skills.exactly(1, ["rust", "go"])"#,
            r#"skills has exactly 1 of "rust", "go""#,
        ),
        (
            r#"!user.skills.exactly(1, ["rust", "go"])"#,
            r#"!user.skills.exactly(1, ["rust", "go"])"#,
            r#"skills does not have exactly 1 of "rust", "go""#,
        ),
        ("size(user.skills) >= 2", "size(user.skills) >= 2", "skills has at least 2 values"),
        ("2 <= size(user.skills)", "size(user.skills) >= 2", "skills has at least 2 values"),
        ("size(user.skills) == 1", "size(user.skills) == 1", "skills has exactly 1 value"),
        ("size(user.skills) != 1", "size(user.skills) != 1", "skills does not have exactly 1 value"),
        ("!(size(user.skills) > 1)", "!(size(user.skills) > 1)", "skills has at most 1 value"),
        ("size(user.skills) < 3", "size(user.skills) < 3", "skills has fewer than 3 values"),
        (
            "size(user.skills) > 2147483647",
            "size(user.skills) > 2147483647",
            "skills has more than 2147483647 values",
        ),
        (
            r#"user.hired_on.withinLast(1, "months")"#,
            r#"user.hired_on.withinLast(1, "months")"#,
            "hired_on is within the last month",
        ),
        (r#"user.boss.reportsTo("ann")"#, r#"user.boss.reportsTo("ann")"#, "boss is or reports to ann"),
        (
            r#"!user.boss.reportsTo("ann")"#,
            r#"!user.boss.reportsTo("ann")"#,
            "boss neither is nor reports to ann",
        ),
        (r#"user.org.under("EMEA/ZA")"#, r#"user.org.under("EMEA/ZA")"#, "org is under EMEA/ZA"),
        (
            r#"user.org.below("EMEA/ZA/Cape Town")"#,
            r#"user.org.below("EMEA/ZA/Cape Town")"#,
            r#"org is below "EMEA/ZA/Cape Town""#,
        ),
        (r#"!user.org.under("EMEA/ZA")"#, r#"!user.org.under("EMEA/ZA")"#, "org is not under EMEA/ZA"),
        (
            r#"user.email.between("a", "B")"#,
            r#"user.email.between("a", "B")"#,
            r#"email is between "a" and "B""#,
        ),
    ]);
}

/// What is known besides attributes.
#[test]
fn facts_and_courses() {
    all_read(&[
        (r#"inSegment("sales")"#, r#"inSegment("sales")"#, "is in segment sales"),
        (
            r#"!inSegment("new starters")"#,
            r#"!inSegment("new starters")"#,
            r#"is not in segment "new starters""#,
        ),
        (r#"inGroup("gdpr", "monday")"#, r#"inGroup("gdpr", "monday")"#, "is in group monday of gdpr"),
        (r#"!inGroup("gdpr", "monday")"#, r#"!inGroup("gdpr", "monday")"#, "is not in group monday of gdpr"),
        (r#"memberOf("emea")"#, r#"memberOf("emea")"#, "is a member of site emea"),
        (r#"!memberOf("emea")"#, r#"!memberOf("emea")"#, "is not a member of site emea"),
        (r#"hasRole("reporter")"#, r#"hasRole("reporter")"#, "has role reporter"),
        (r#"!hasRole("reporter")"#, r#"!hasRole("reporter")"#, "does not have role reporter"),
        (r#"enrolled("gdpr")"#, r#"enrolled("gdpr")"#, "is enrolled in gdpr"),
        (r#"!enrolled("gdpr")"#, r#"!enrolled("gdpr")"#, "is not enrolled in gdpr"),
        (r#"completed("gdpr")"#, r#"completed("gdpr")"#, "completed gdpr"),
        (
            r#"!completed("fire safety")"#,
            r#"!completed("fire safety")"#,
            r#"has not completed "fire safety""#,
        ),
        (r#"has(completedOn("gdpr"))"#, r#"completed("gdpr")"#, "completed gdpr"),
        (
            r#"completedBefore("gdpr", date("2026-01-31"))"#,
            r#"completedBefore("gdpr", date("2026-01-31"))"#,
            "completed gdpr before 2026-01-31",
        ),
        (
            r#"!completedBefore("gdpr", today - days(5))"#,
            r#"!completedBefore("gdpr", today - days(5))"#,
            "has not completed gdpr before 5 days ago",
        ),
        (
            r#"completedBefore("gdpr", timestamp("2026-01-31T08:00:00Z"))"#,
            r#"completedBefore("gdpr", timestamp("2026-01-31T08:00:00Z"))"#,
            "completed gdpr before 2026-01-31T08:00:00Z",
        ),
        (
            r#"completedAfter("gdpr", date("2026-01-31"))"#,
            r#"completedAfter("gdpr", date("2026-01-31"))"#,
            "completed gdpr after the first moment of 2026-01-31",
        ),
        (
            r#"completedAfter("gdpr", startOfYear())"#,
            r#"completedAfter("gdpr", startOfYear())"#,
            "completed gdpr after the first moment of the first day of this year",
        ),
        (
            r#"completedWithinLast("gdpr", 12, "months")"#,
            r#"completedWithinLast("gdpr", 12, "months")"#,
            "completed gdpr within the last 12 months",
        ),
        (
            r#"!completedWithinLast("gdpr", 12, "months")"#,
            r#"!completedWithinLast("gdpr", 12, "months")"#,
            "has not completed gdpr within the last 12 months",
        ),
        (
            r#"completedWithinLast("gdpr", 0, "months")"#,
            r#"completedOn("gdpr").between(today, today)"#,
            "completed gdpr between today and today",
        ),
        (
            r#"completedOn("gdpr") <= date("2026-01-31")"#,
            r#"completedOn("gdpr") <= date("2026-01-31")"#,
            "completed gdpr at or before the first moment of 2026-01-31",
        ),
        (
            r#"completedOn("gdpr") >= today"#,
            r#"completedOn("gdpr") >= today"#,
            "completed gdpr on or after today",
        ),
        (
            r#"completedOn("gdpr") == timestamp("2026-01-31T08:00:00Z")"#,
            r#"completedOn("gdpr") == timestamp("2026-01-31T08:00:00Z")"#,
            "completed gdpr at 2026-01-31T08:00:00Z",
        ),
        (
            r#"completedOn("gdpr") != timestamp("2026-01-31T08:00:00Z")"#,
            r#"completedOn("gdpr") != timestamp("2026-01-31T08:00:00Z")"#,
            "completed gdpr at another time than 2026-01-31T08:00:00Z",
        ),
        (
            r#"completedOn("gdpr") == today"#,
            r#"completedOn("gdpr") == today"#,
            "completed gdpr at the first moment of today",
        ),
        (
            r#"completedOn("gdpr").between(date("2026-01-01"), date("2026-01-31"))"#,
            r#"completedOn("gdpr").between(date("2026-01-01"), date("2026-01-31"))"#,
            "completed gdpr between 2026-01-01 and 2026-01-31",
        ),
        (
            r#"completedOn("gdpr").withinNext(1, "days")"#,
            r#"completedOn("gdpr").withinNext(1, "days")"#,
            "completed gdpr within the next day",
        ),
        (
            r#"completedOn("gdpr") in [timestamp("2026-01-31T08:00:00Z")]"#,
            r#"completedOn("gdpr") in [timestamp("2026-01-31T08:00:00Z")]"#,
            "completed gdpr at 2026-01-31T08:00:00Z",
        ),
        (r#"completedOn("gdpr") == null"#, r#"!completed("gdpr")"#, "has not completed gdpr"),
        (
            r#"completedOn("gdpr").olderThan(2, "years")"#,
            r#"completedBefore("gdpr", today - years(2))"#,
            "completed gdpr before 2 years ago",
        ),
        (
            r#"dueWithin("gdpr", 14, "days")"#,
            r#"dueWithin("gdpr", 14, "days")"#,
            "gdpr is due within the next 14 days",
        ),
        (
            r#"!dueWithin("gdpr", 14, "days")"#,
            r#"!dueWithin("gdpr", 14, "days")"#,
            "gdpr is not due within the next 14 days",
        ),
        (r#"dueOn("gdpr") < today"#, r#"dueOn("gdpr") < today"#, "gdpr is due before today"),
        (r#"!(dueOn("gdpr") < today)"#, r#"!(dueOn("gdpr") < today)"#, "gdpr is not due before today"),
        (r#"dueOn("gdpr") == today"#, r#"dueOn("gdpr") == today"#, "gdpr is due today"),
        (
            r#"dueOn("gdpr") == today + days(1)"#,
            r#"dueOn("gdpr") == today + days(1)"#,
            "gdpr is due in 1 day",
        ),
        (
            r#"dueOn("gdpr") == date("2026-01-31")"#,
            r#"dueOn("gdpr") == date("2026-01-31")"#,
            "gdpr is due on 2026-01-31",
        ),
        (
            r#"dueOn("gdpr") != date("2026-01-31")"#,
            r#"dueOn("gdpr") != date("2026-01-31")"#,
            "gdpr is due on another day than 2026-01-31",
        ),
        (
            r#"dueOn("gdpr") >= startOfMonth()"#,
            r#"dueOn("gdpr") >= startOfMonth()"#,
            "gdpr is due on or after the first day of this month",
        ),
        (
            r#"dueOn("gdpr").withinLast(7, "days")"#,
            r#"dueOn("gdpr").withinLast(7, "days")"#,
            "gdpr is due within the last 7 days",
        ),
        (
            r#"dueOn("gdpr") in [date("2026-01-31"), date("2026-02-28")]"#,
            r#"dueOn("gdpr") in [date("2026-01-31"), date("2026-02-28")]"#,
            "gdpr is due on one of 2026-01-31, 2026-02-28",
        ),
        (r#"has(dueOn("gdpr"))"#, r#"has(dueOn("gdpr"))"#, "gdpr has a due date"),
        (r#"!has(dueOn("gdpr"))"#, r#"!has(dueOn("gdpr"))"#, "gdpr has no due date"),
        (r#"score("gdpr") >= 0.8"#, r#"score("gdpr") >= 0.8"#, "score in gdpr is at least 0.8"),
        (r#"0.8 <= score("gdpr")"#, r#"score("gdpr") >= 0.8"#, "score in gdpr is at least 0.8"),
        (r#"!(score("gdpr") >= 0.8)"#, r#"!(score("gdpr") >= 0.8)"#, "score in gdpr is less than 0.8"),
        (
            r#"score("gdpr").between(0.5, 0.8)"#,
            r#"score("gdpr").between(0.5, 0.8)"#,
            "score in gdpr is between 0.5 and 0.8",
        ),
        (r#"score("gdpr") in [0, 1]"#, r#"score("gdpr") in [0, 1]"#, "score in gdpr is one of 0, 1"),
        (r#"has(score("gdpr"))"#, r#"has(score("gdpr"))"#, "score in gdpr has a value"),
        (r#"score("gdpr") == null"#, r#"!has(score("gdpr"))"#, "score in gdpr is missing"),
        (
            r#"account.created > date("2026-01-31")"#,
            r#"account.created > date("2026-01-31")"#,
            "created is after the first moment of 2026-01-31",
        ),
        (
            r#"account.created.withinLast(30, "days")"#,
            r#"account.created.withinLast(30, "days")"#,
            "created is within the last 30 days",
        ),
        (
            "account.created < today - days(90)",
            "account.created < today - days(90)",
            "created is before 90 days ago",
        ),
        (r#"account.key == "ann""#, r#"account.key == "ann""#, r#"key is "ann""#),
        (r#"account.key.glob("a*")"#, r#"account.key.glob("a*")"#, r#"key matches "a*""#),
        (
            r#"account.key in ["ann", "bob"]"#,
            r#"account.key in ["ann", "bob"]"#,
            r#"key is one of "ann", "bob""#,
        ),
    ]);
}
