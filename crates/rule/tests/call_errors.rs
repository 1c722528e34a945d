//! Functions and methods that make no sense are refused, with message, place and advice.

mod common;

use common::all_are_refused;

/// Methods of values, and multi-choices.
#[test]
fn methods() {
    all_are_refused(&[
        (
            "user.level.between(5, 1)",
            "constant_rule",
            "nothing lies between these two, for the first is the greater at 1:20, exchange them",
        ),
        (
            "user.level.between(1)",
            "rule_syntax",
            "wrong arguments for `between` at 1:12, write `user.level.between(1, 5)`",
        ),
        (
            "user.level.between(1, 2, 3)",
            "rule_syntax",
            "wrong arguments for `between` at 1:12, write `user.level.between(1, 5)`",
        ),
        ("user.level.between(1, 2,)", "rule_syntax", "expected a value, found `)` at 1:25"),
        (
            r#"user.last_login.between(date("2026-02-01"), date("2026-01-31"))"#,
            "constant_rule",
            "nothing lies between these two, for the first is the greater at 1:25, exchange them",
        ),
        (
            "user.hired_on == startofMonth()",
            "not_supported",
            "the function `startofMonth` is not supported at 1:18, did you mean `startOfMonth`?",
        ),
        (
            "user.hired_on == startOfMonth() - day(1)",
            "rule_syntax",
            "expected `days`, `weeks`, `months` or `years`, found `day` at 1:35, did you mean `days`?",
        ),
        (
            r#"user.hired_on.withinLast(2147483649, "days")"#,
            "invalid_date",
            "`2147483649` days are too many at 1:26",
        ),
        (
            r#"user.hired_on.withinNext(2147483648, "days")"#,
            "invalid_date",
            "`2147483648` days are too many at 1:26",
        ),
        (
            r#"user.hired_on.withinLast(-5, "days")"#,
            "invalid_number",
            "`-5` is below 0 at 1:26, write how many, without a sign",
        ),
        (
            r#"user.hired_on.withinLast(5, "day")"#,
            "rule_syntax",
            "expected `days`, `weeks`, `months` or `years`, found `day` at 1:29, did you mean `days`?",
        ),
        (
            "user.hired_on.withinLast(5)",
            "rule_syntax",
            r#"wrong arguments for `withinLast` at 1:15, write `user.hired_on.withinLast(90, "days")`"#,
        ),
        (
            "user.hired_on.withinLast(5, 5)",
            "wrong_type",
            r#"expected `"days"`, `"weeks"`, `"months"` or `"years"`, found an integer at 1:29"#,
        ),
        (
            r#"user.hired_on.withinLast("5", "days")"#,
            "wrong_type",
            "expected a whole number, found text at 1:26",
        ),
        (
            r#"user.hired_on.withinLast(5.5, "days")"#,
            "wrong_type",
            "expected a whole number, found a number at 1:26",
        ),
        (
            r#"user.department.withinLast(1, "days")"#,
            "wrong_type",
            "`department` is a text, which has no `withinLast` at 1:17",
        ),
        (
            r#"user.department.glob("*")"#,
            "constant_rule",
            "the pattern `*` covers every text at 1:22, write `has( … )` to ask for a value",
        ),
        (
            r#"user.department.glob("**")"#,
            "constant_rule",
            "the pattern `**` covers every text at 1:22, write `has( … )` to ask for a value",
        ),
        (
            r#"user.department.glob("a\\")"#,
            "invalid_pattern",
            r#"the pattern ends in a `\` with nothing after it at 1:22, write `\\` for a backslash"#,
        ),
        (
            r#"user.department.startsWith("")"#,
            "constant_rule",
            "every text begins with the empty text at 1:28, write `has( … )` to ask for a value",
        ),
        (
            r#"user.department.endsWith("")"#,
            "constant_rule",
            "every text ends with the empty text at 1:26, write `has( … )` to ask for a value",
        ),
        (
            r#"user.department.contains("")"#,
            "constant_rule",
            "every text contains the empty text at 1:26, write `has( … )` to ask for a value",
        ),
        ("user.department.startsWith(5)", "wrong_type", "expected text, found an integer at 1:28"),
        (
            "user.department.startsWith(user.manager)",
            "wrong_type",
            "expected text, found an attribute at 1:28",
        ),
        (
            r#"user.department.startswith("S")"#,
            "not_supported",
            "the function `startswith` is not supported at 1:17, did you mean `startsWith`?",
        ),
        (
            r#"user.department.under("S")"#,
            "wrong_type",
            "`department` is a text, which has no `under` at 1:17, write `user.department.startsWith( … )`",
        ),
        (
            r#"user.startsWith("x")"#,
            "rule_syntax",
            r#"expected the name of an attribute, found `startsWith` at 1:6, write `user.name.startsWith("text")`"#,
        ),
        (
            r#"user.department.startsWith("a").endsWith("b")"#,
            "rule_syntax",
            "unexpected `.` at 1:32, a condition has no parts",
        ),
        (
            r#"startsWith(user.department, "a")"#,
            "not_supported",
            r#"the function `startsWith` is not supported at 1:1, write `user.name.startsWith("text")`"#,
        ),
        (
            r#"user.country.startsWith("Z")"#,
            "wrong_type",
            "`country` is a choice, which has no `startsWith` at 1:14",
        ),
        (
            r#"user.country.anyOf(["ZA"])"#,
            "wrong_type",
            "`country` is a choice, which has no `anyOf` at 1:14, write `user.country in [ … ]`",
        ),
        (
            r#"user.country.noneOf(["ZA"])"#,
            "wrong_type",
            "`country` is a choice, which has no `noneOf` at 1:14, write `!(user.country in [ … ])`",
        ),
        (
            r#"user.country.between("NA", "ZA")"#,
            "no_order",
            "`country` is a choice, which has no order for `between` at 1:14",
        ),
        (
            r#""ruby" in user.skills"#,
            "unknown_option",
            "`skills` has no option `ruby` at 1:1, it has `rust`, `go`, `sql`",
        ),
        (
            r#""rust" in user.department"#,
            "wrong_type",
            "`department` has one value, not several at 1:11, write `user.department.contains( … )`",
        ),
        (
            r#"["rust"] in user.skills"#,
            "wrong_type",
            "expected options for `skills`, found a list at 1:1, write `user.skills.anyOf([ … ])`",
        ),
        ("5 in user.skills", "wrong_type", "expected an option for `skills`, found an integer at 1:1"),
        (
            "user.department in user.skills",
            "not_supported",
            "two attributes cannot be compared at 1:20, compare each with a value",
        ),
        (
            r#"user.skills.contains("rust")"#,
            "wrong_type",
            "`skills` is a multi-choice, which has no `contains` at 1:13, write `… in user.skills`",
        ),
        (
            r#"user.skills.anyOf("rust")"#,
            "wrong_type",
            r#"expected a list such as `["a", "b"]`, found text at 1:19"#,
        ),
        ("user.skills.anyOf([])", "empty_list", "the list is empty, so nothing is in it at 1:19"),
        ("user.skills.allOf([])", "empty_list", "the list is empty, so nothing is in it at 1:19"),
        (
            r#"user.skills.atLeast(0, ["rust", "go", "sql"])"#,
            "constant_rule",
            "everybody has at least 0 of 3 options at 1:21",
        ),
        (
            r#"user.skills.atLeast(4, ["rust", "go", "sql"])"#,
            "constant_rule",
            "nobody has at least 4 of 3 options at 1:21",
        ),
        (
            r#"user.skills.atLeast(2, ["rust", "rust"])"#,
            "constant_rule",
            "nobody has at least 2 of 1 option at 1:21",
        ),
        (
            r#"user.skills.atLeast(-1, ["rust"])"#,
            "constant_rule",
            "the count `-1` is right for everybody at 1:21",
        ),
        (
            r#"user.skills.atLeast(99999999999, ["rust"])"#,
            "constant_rule",
            "the count `99999999999` is right for nobody at 1:21",
        ),
        (
            r#"user.skills.atLeast("2", ["rust"])"#,
            "wrong_type",
            "expected a whole number, found text at 1:21",
        ),
        (
            r#"user.skills.atLeast(["rust"])"#,
            "rule_syntax",
            r#"wrong arguments for `atLeast` at 1:13, write `user.skills.atLeast(2, ["a", "b", "c"])`"#,
        ),
        (
            r#"user.skills.atMost(2, ["rust", "go"])"#,
            "constant_rule",
            "everybody has at most 2 of 2 options at 1:20",
        ),
        (
            r#"user.skills.atMost(-1, ["rust", "go"])"#,
            "constant_rule",
            "the count `-1` is right for nobody at 1:20",
        ),
        (
            r#"user.skills.exactly(3, ["rust", "go"])"#,
            "constant_rule",
            "nobody has exactly 3 of 2 options at 1:21",
        ),
        (
            r#"user.skills.anyOff(["rust"])"#,
            "not_supported",
            "the function `anyOff` is not supported at 1:13, did you mean `anyOf`?",
        ),
        ("size(user.skills) < 0", "constant_rule", "the size is `< 0` for nobody at 1:1"),
        ("size(user.skills) >= 0", "constant_rule", "the size is `>= 0` for everybody at 1:1"),
        ("size(user.skills) > -1", "constant_rule", "the size is `> -1` for everybody at 1:1"),
        ("size(user.skills) > 2147483648", "constant_rule", "the size is `> 2147483648` for nobody at 1:1"),
        ("size(user.skills) == 1.5", "wrong_type", "expected a whole number, found a number at 1:22"),
        (
            "size(user.skills)",
            "wrong_type",
            "expected a condition, found a size at 1:1, compare it with a number",
        ),
        (
            "size(user.skills) in [1, 2]",
            "not_supported",
            "a size cannot be looked for in a list at 1:1, compare it with each number, joined by `||`",
        ),
        ("size(user.department) > 1", "wrong_type", "`department` is a text, which has no size at 1:6"),
        (r#"size(score("gdpr")) > 1"#, "rule_syntax", "expected a value, found `score` at 1:6"),
        (r#"size("abc") > 1"#, "wrong_type", "expected an attribute, found text at 1:6"),
        ("size() > 1", "rule_syntax", "wrong arguments for `size` at 1:1, write `size(user.name)`"),
        (
            "user.skills.size() == 1",
            "not_supported",
            "the function `size` is not supported at 1:13, write `size(user.skills)`",
        ),
        (
            r#""abc".startsWith("a")"#,
            "constant_rule",
            r#"`startsWith` of text is the same for everybody at 1:1, write `user.name.startsWith("text")`"#,
        ),
        (
            "size(user.skills).between(1, 2)",
            "not_supported",
            "a size has no `between` at 1:1, write `user.name.between(1, 5)`",
        ),
        (
            "user.hired_on.withinLast(5, days)",
            "rule_syntax",
            r#"expected a value, found `days` at 1:29, write `"days"`"#,
        ),
        (r#"user.boss.reportsTo("nobody")"#, "unknown_user", "unknown user `nobody` at 1:21"),
        ("user.boss.reportsTo(5)", "wrong_type", "expected text, found an integer at 1:21"),
        (
            r#"user.department.reportsTo("ann")"#,
            "wrong_type",
            "`department` is a text, which has no `reportsTo` at 1:17",
        ),
        (
            r#"user.org.under("/EMEA")"#,
            "invalid_path",
            "expected a path such as `EMEA/ZA`, found `/EMEA` at 1:16, write names joined by `/`, without spaces around them",
        ),
        (
            r#"user.org.under("")"#,
            "invalid_path",
            "expected a path such as `EMEA/ZA`, found `` at 1:16, write names joined by `/`, without spaces around them",
        ),
        ("user.org.under(5)", "wrong_type", "expected text, found an integer at 1:16"),
        (
            r#"user.org.startsWith("EMEA")"#,
            "wrong_type",
            "`org` is a path, which has no `startsWith` at 1:10, write `user.org.under( … )`",
        ),
        (
            r#"user.org.between("a", "b")"#,
            "no_order",
            "`org` is a path, which has no order for `between` at 1:10",
        ),
        (
            r#"user.skills.anyOf(["rust", ["go"]])"#,
            "not_supported",
            "a list within a list is not supported at 1:28",
        ),
        (r#"user.skills.anyOf([score("gdpr")])"#, "rule_syntax", "expected a value, found `score` at 1:20"),
        (
            "user.skills.anyOf([user.country])",
            "wrong_type",
            "expected an option for `skills`, found an attribute at 1:20",
        ),
        (
            r#"user.department == inSegment("sales")"#,
            "not_supported",
            "a condition can only be compared with a condition, by `==` or `!=` at 1:20, use `&&`, `||` and `!`",
        ),
        (
            r#"today.withinLast(5, "days")"#,
            "constant_rule",
            r#"`withinLast` of a day counted from today is the same for everybody at 1:1, write `user.name.withinLast(90, "days")`"#,
        ),
        (
            r#"user.email.between("B", "a")"#,
            "constant_rule",
            "nothing lies between these two, for the first is the greater at 1:20, exchange them",
        ),
        (
            r#"user.manager.between("a", "B")"#,
            "constant_rule",
            "nothing lies between these two, for the first is the greater at 1:22, exchange them",
        ),
        ("user.level.sum() > 5", "not_supported", "the function `sum` is not supported at 1:12"),
    ]);
}

/// What is known besides attributes.
#[test]
fn facts_and_courses() {
    all_are_refused(&[
        (
            r#"account.key.reportsTo("ann")"#,
            "wrong_type",
            "`account.key` is a text, which has no `reportsTo` at 1:13",
        ),
        (r#"inSegment("sale")"#, "unknown_segment", "unknown segment `sale` at 1:11, did you mean `sales`?"),
        (
            "inSegment(sales)",
            "rule_syntax",
            "unknown name `sales` at 1:11, an attribute is written `user.sales`",
        ),
        ("inSegment(5)", "wrong_type", "expected the key of a segment in quotes, found an integer at 1:11"),
        (
            "inSegment()",
            "rule_syntax",
            r#"wrong arguments for `inSegment` at 1:1, write `inSegment("segment")`"#,
        ),
        (
            r#"inSegment("sales", "x")"#,
            "rule_syntax",
            r#"wrong arguments for `inSegment` at 1:1, write `inSegment("segment")`"#,
        ),
        (
            r#"inSegment("sales") == true"#,
            "not_supported",
            "a condition can only be compared with a condition, by `==` or `!=` at 1:1, leave the comparison out, or write `!( … )`",
        ),
        (
            r#"inGroup("gdpr", "mondy")"#,
            "unknown_group",
            "unknown group `mondy` at 1:17, did you mean `monday`?",
        ),
        (r#"inGroup("fire safety", "monday")"#, "unknown_group", "unknown group `monday` at 1:24"),
        (
            r#"inGroup("gdp", "monday")"#,
            "unknown_course",
            "unknown course `gdp` at 1:9, did you mean `gdpr`?",
        ),
        (
            r#"inGroup("gdpr")"#,
            "rule_syntax",
            r#"wrong arguments for `inGroup` at 1:1, write `inGroup("course", "group")`"#,
        ),
        (r#"memberOf("apac")"#, "unknown_site", "unknown site `apac` at 1:10"),
        (r#"hasRole("x")"#, "unknown_role", "unknown role `x` at 1:9"),
        (r#"enrolled("x")"#, "unknown_course", "unknown course `x` at 1:10"),
        (
            r#"enroled("gdpr")"#,
            "not_supported",
            "the function `enroled` is not supported at 1:1, did you mean `enrolled`?",
        ),
        (r#"completed("x")"#, "unknown_course", "unknown course `x` at 1:11"),
        (
            r#"completedBefore("gdpr", "2026-01-31")"#,
            "wrong_type",
            r#"expected a timestamp for `completedOn("gdpr")`, found text at 1:25, write `date("2026-01-31")`"#,
        ),
        (
            r#"completedBefore("gdpr", 5)"#,
            "wrong_type",
            r#"expected a timestamp for `completedOn("gdpr")`, found an integer at 1:25"#,
        ),
        (
            r#"completedBefore("gdpr")"#,
            "rule_syntax",
            r#"wrong arguments for `completedBefore` at 1:1, write `completedBefore("course", date("2026-01-31"))`"#,
        ),
        (
            r#"completedWithinLast("gdpr", -1, "months")"#,
            "invalid_number",
            "`-1` is below 0 at 1:29, write how many, without a sign",
        ),
        (
            r#"completedOn("gdpr")"#,
            "wrong_type",
            r#"expected a condition, found a time of completion at 1:1, compare it, or write `has(completedOn("gdpr"))`"#,
        ),
        (
            r#"dueOn("gdpr") > timestamp("2026-01-31T08:00:00Z")"#,
            "wrong_type",
            r#"expected a date for `dueOn("gdpr")`, found a timestamp at 1:17, write `date("2026-01-31")`"#,
        ),
        (
            r#"score("gdpr")"#,
            "wrong_type",
            r#"expected a condition, found a score at 1:1, compare it, or write `has(score("gdpr"))`"#,
        ),
        (
            r#"score("gdpr") == score("fire safety")"#,
            "not_supported",
            "two values of a person cannot be compared at 1:18, compare each with a value",
        ),
        (r#"score("x") > 0.5"#, "unknown_course", "unknown course `x` at 1:7"),
        ("score() > 0.5", "rule_syntax", r#"wrong arguments for `score` at 1:1, write `score("course")`"#),
        (
            r#"score("gdpr") == user.rate"#,
            "not_supported",
            "two values of a person cannot be compared at 1:18, compare each with a value",
        ),
        (
            r#"score("gdpr") > "0.5""#,
            "wrong_type",
            r#"expected a number for `score("gdpr")`, found text at 1:17, write `0.5`"#,
        ),
        ("has(account.key)", "constant_rule", "every account has a key and a beginning at 1:1"),
        ("account.created != null", "constant_rule", "every account has a key and a beginning at 1:1"),
        (
            "account.create > today",
            "rule_syntax",
            "expected `key` or `created`, found `create` at 1:9, did you mean `created`?",
        ),
        (r#"account.name == "x""#, "rule_syntax", "expected `key` or `created`, found `name` at 1:9"),
        (r#"account == "x""#, "rule_syntax", "expected `.`, found `==` at 1:9"),
        ("account.key", "wrong_type", "expected a condition, found a part of the account at 1:1, compare it"),
        (
            r#"account("x")"#,
            "not_supported",
            "the function `account` is not supported at 1:1, write `account.key` or `account.created`",
        ),
        ("has(account)", "rule_syntax", "expected `.`, found `)` at 1:12"),
        (
            r#"has(completed("gdpr"))"#,
            "rule_syntax",
            "expected an attribute such as `user.name`, found `completed` at 1:5",
        ),
        (r#"has("x")"#, "rule_syntax", r#"expected an attribute such as `user.name`, found `"x"` at 1:5"#),
        (r#"isMember("x")"#, "not_supported", "the function `isMember` is not supported at 1:1"),
        (
            r#"insegment("x")"#,
            "not_supported",
            "the function `insegment` is not supported at 1:1, did you mean `inSegment`?",
        ),
        (
            r#"hasrole("x")"#,
            "not_supported",
            "the function `hasrole` is not supported at 1:1, did you mean `hasRole`?",
        ),
    ]);
}
