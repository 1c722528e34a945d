//! What a rule means for a person, and how it is said in English.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{
    BOSS, COUNTRY, DEPARTMENT, EMAIL, FLAG, HIRED_ON, LAST_LOGIN, LEVEL, MANAGER, ORG, RATE, SKILLS, Someone,
    day, instant, names,
};
use matricula_rule::{
    Attribute, AttributeId, Choice, CourseId, Fact, Field, GroupId, Kind, OptionId, RoleId, Rule, SegmentId,
    SiteId, Truth, UserId, Value, compile, describe, evaluate,
};

use Truth::{False, True, Unknown};

#[test]
fn kleene() {
    for (left, right, and, or) in [
        (True, True, True, True),
        (True, False, False, True),
        (True, Unknown, Unknown, True),
        (False, True, False, True),
        (False, False, False, False),
        (False, Unknown, False, Unknown),
        (Unknown, True, Unknown, True),
        (Unknown, False, False, Unknown),
        (Unknown, Unknown, Unknown, Unknown),
    ] {
        assert_eq!((left.and(right), left.or(right)), (and, or), "{left:?} {right:?}");
        assert_eq!(!left.and(right), (!left).or(!right));
    }
    assert_eq!((!True, !Unknown, !False), (False, Unknown, True));
}

/// In Sales, in ZA, hired on 2026-01-31, without a manager; asked on 2026-03-01.
fn someone() -> Someone {
    let values = BTreeMap::from([
        (DEPARTMENT.into(), Value::text("Sales")),
        (COUNTRY.into(), Value::Choice(OptionId(0))),
        (HIRED_ON.into(), Value::Date(day(2026, 1, 31))),
    ]);
    Someone { values, today: day(2026, 3, 1), ..Someone::default() }
}

#[test]
fn of_a_person() {
    let (names, person) = (names(), someone());
    for (text, truth) in [
        ("user.department == 'Sales'", True),
        ("user.department == 'sales'", False),
        ("user.department != 'Sales'", False),
        ("user.department < 'Sales and more'", True),
        ("user.department >= 'a'", False),
        ("user.department in ['Legal', 'Sales']", True),
        ("user.country == 'ZA'", True),
        ("user.country in ['NA', 'BW']", False),
        ("user.manager == 'ann'", Unknown),
        ("user.manager != 'ann'", Unknown),
        ("user.manager in ['ann']", Unknown),
        ("!(user.manager in ['ann'])", Unknown),
        ("has(user.manager)", False),
        ("!has(user.manager)", True),
        ("user.manager == null", True),
        ("user.manager == 'ann' || user.country == 'ZA'", True),
        ("user.manager == 'ann' || user.country == 'NA'", Unknown),
        ("user.manager == 'ann' && user.country == 'ZA'", Unknown),
        ("user.manager == 'ann' && user.country == 'NA'", False),
        ("!(user.manager == 'ann' && user.country == 'NA')", True),
        ("user.manager != 'ann' || !has(user.manager)", True),
        ("user.hired_on == date('2026-01-31')", True),
        ("user.hired_on < today", True),
        ("user.hired_on > today - days(29)", False),
        ("user.hired_on >= today - days(29)", True),
        ("user.hired_on == today - days(29)", True),
        ("user.hired_on > today - months(1)", False),
        ("user.hired_on > today - months(2)", True),
        ("user.hired_on > today + years(2147483647)", False),
        ("user.hired_on > today - weeks(2147483647)", True),
    ] {
        assert_eq!(evaluate(&compile(text, &names).unwrap(), &person), truth, "{text}");
    }
}

/// Level 3, rate 0.8, logged in on 2026-02-28 at 23:30 UTC, with Rust and SQL, in EMEA/ZA/Paarl, under Bob and Zoë;
/// completed "gdpr" and has it due. Asked on 2026-03-01, a Sunday.
fn someone_more() -> Someone {
    let gdpr = CourseId(0);
    let values = BTreeMap::from([
        (FLAG.into(), Value::Boolean(false)),
        (LEVEL.into(), Value::Integer(3)),
        (RATE.into(), Value::Decimal("0.8".parse().unwrap())),
        (LAST_LOGIN.into(), Value::Timestamp(instant("2026-02-28T23:30:00Z"))),
        (SKILLS.into(), Value::Choices([OptionId(0), OptionId(2)].into())),
        (ORG.into(), Value::Path("EMEA/ZA/Paarl".into())),
        (BOSS.into(), Value::User(UserId(1))),
        (EMAIL.into(), Value::text("Ann@Acme.com")),
        (HIRED_ON.into(), Value::Date(day(2024, 2, 29))),
        (Field::AccountKey, Value::text("dee")),
        (Field::AccountCreated, Value::Timestamp(instant("2024-02-29T08:00:00Z"))),
        (Field::Completed(gdpr), Value::Timestamp(instant("2026-01-31T00:00:00Z"))),
        (Field::Score(gdpr), Value::Decimal("0.5".parse().unwrap())),
        (Field::Due(gdpr), Value::Date(day(2026, 3, 15))),
    ]);
    Someone {
        values,
        facts: BTreeSet::from([
            Fact::Segment(SegmentId(0)),
            Fact::Site(SiteId(1)),
            Fact::Group(gdpr, GroupId(1)),
            Fact::Role(RoleId(0)),
            Fact::Enrolled(gdpr),
        ]),
        above: BTreeSet::from([(BOSS, UserId(1)), (BOSS, UserId(2))]),
        ignoring_case: BTreeSet::from([EMAIL]),
        today: day(2026, 3, 1),
    }
}

fn all_are(person: &Someone, cases: &[(&str, Truth)]) {
    let names = names();
    for (text, truth) in cases {
        assert_eq!(evaluate(&compile(text, &names).unwrap(), person), *truth, "{text}");
    }
}

#[test]
fn of_every_type() {
    all_are(
        &someone_more(),
        &[
            ("user.flag", False),
            ("!user.flag", True),
            ("user.flag == false", True),
            ("user.flag != true", True),
            ("user.level >= 3", True),
            ("user.level > 3", False),
            ("user.level.between(3, 3)", True),
            ("user.level in [1, 3]", True),
            ("user.rate == 0.80", True),
            ("user.rate < 0.800001", True),
            ("user.rate.between(0, 1)", True),
            ("user.email == 'ANN@acme.COM'", True),
            ("user.email in ['ANN@acme.COM']", True),
            ("user.email.endsWith('@ACME.com')", True),
            ("user.email.glob('?nn@*')", True),
            ("user.email.glob('nn@*')", False),
            ("user.email.contains('n@A')", True),
            ("account.key == 'Dee'", False),
            ("account.key.startsWith('d')", True),
            ("user.org.under('EMEA/ZA')", True),
            ("user.org.under('EMEA/ZA/Paarl')", True),
            ("user.org.below('EMEA/ZA/Paarl')", False),
            ("user.org.below('EMEA')", True),
            ("user.org.under('EMEA/Z')", False),
            ("user.org == 'EMEA/ZA/Paarl'", True),
            ("user.boss == 'bob'", True),
            ("user.boss == 'ann'", False),
            ("user.boss.reportsTo('bob')", True),
            ("user.boss.reportsTo('Zoë')", True),
            ("user.boss.reportsTo('ann')", False),
        ],
    );
}

#[test]
fn of_sets() {
    let cases = |person: &Someone, truths: [Truth; 16]| {
        let texts = [
            "'rust' in user.skills",
            "'go' in user.skills",
            "user.skills.anyOf(['go', 'sql'])",
            "user.skills.allOf(['rust', 'sql'])",
            "user.skills.allOf(['rust', 'go'])",
            "user.skills.noneOf(['go'])",
            "user.skills.noneOf(['go', 'rust'])",
            "user.skills.atLeast(2, ['rust', 'go', 'sql'])",
            "user.skills.atMost(1, ['rust', 'go'])",
            "user.skills.atMost(0, ['rust'])",
            "user.skills.exactly(1, ['rust', 'go'])",
            "user.skills.exactly(0, ['rust'])",
            "size(user.skills) == 2",
            "size(user.skills) > 2",
            "size(user.skills) <= 0",
            "has(user.skills)",
        ];
        let table: Vec<_> = texts.into_iter().zip(truths).collect();
        all_are(person, &table);
        for (text, truth) in table {
            all_are(person, &[(&format!("!({text})"), !truth)]);
        }
    };
    let (t, f) = (True, False);
    cases(&someone_more(), [t, f, t, t, f, t, f, t, t, f, t, f, t, f, f, t]);
    // No value is the empty set: nothing is unknown.
    cases(&someone(), [f, f, f, f, f, t, t, f, t, t, f, t, f, f, t, f]);
}

#[test]
fn of_moments() {
    all_are(
        &someone_more(),
        &[
            // The day before today, late.
            ("user.last_login < today", True),
            ("user.last_login > today - days(1)", True),
            ("user.last_login <= today - days(1)", False),
            ("user.last_login == date('2026-02-28')", False),
            ("user.last_login >= date('2026-02-28')", True),
            ("user.last_login.between(date('2026-02-28'), date('2026-02-28'))", True),
            ("user.last_login.between(date('2026-02-01'), timestamp('2026-02-28T23:29:59.999Z'))", False),
            ("user.last_login.between(timestamp('2026-02-28T23:30:00Z'), today)", True),
            ("user.last_login.withinLast(1, 'days')", True),
            ("user.last_login.withinNext(1, 'days')", False),
            ("user.last_login.olderThan(1, 'days')", False),
            ("user.last_login.olderThan(0, 'days')", True),
            ("user.last_login == timestamp('2026-03-01T01:30:00+02:00')", True),
            ("user.last_login in [timestamp('2026-02-28T23:30:00Z')]", True),
            ("user.last_login < startOfMonth()", True),
            ("user.last_login >= startOfMonth() - months(1)", True),
            // A leap day.
            ("user.hired_on == today - years(2)", False),
            ("user.hired_on <= today - years(2)", True),
            ("user.hired_on.olderThan(2, 'years')", True),
            ("user.hired_on.olderThan(24, 'months')", True),
            ("user.hired_on == startOfYear() - months(22)", False),
            ("user.hired_on.between(date('2024-02-29'), date('2024-02-29'))", True),
            ("account.created.between(date('2024-02-29'), date('2024-02-29'))", True),
            ("account.created < date('2024-02-29')", False),
        ],
    );
    let on = |today| Someone { today, ..someone_more() };
    all_are(
        &on(day(2024, 3, 7)),
        &[
            ("user.hired_on.withinLast(7, 'days')", True),
            ("user.hired_on.withinLast(6, 'days')", False),
            ("user.hired_on.olderThan(7, 'days')", False),
            ("user.hired_on.olderThan(6, 'days')", True),
            ("user.hired_on == endOfMonth() - months(1)", True),
            ("user.hired_on == startOfMonth() - days(1)", True),
            ("user.hired_on == startOfWeek() - days(4)", True),
            ("user.hired_on == endOfWeek() - days(10)", True),
            ("user.hired_on == startOfQuarter() + days(59)", True),
            ("user.hired_on == endOfQuarter() - days(31)", True),
            ("user.hired_on == endOfYear() - months(10)", True),
        ],
    );
    all_are(
        &on(day(2024, 2, 22)),
        &[
            ("user.hired_on.withinNext(7, 'days')", True),
            ("user.hired_on.withinNext(1, 'weeks')", True),
            ("user.hired_on.withinNext(6, 'days')", False),
        ],
    );
}

#[test]
fn of_facts_and_courses() {
    let (gdpr, other) = ("'gdpr'", "'fire safety'");
    all_are(
        &someone_more(),
        &[
            ("inSegment('sales')", True),
            ("inSegment('new starters')", False),
            ("!inSegment('new starters')", True),
            ("memberOf('emea') && !memberOf('main')", True),
            ("inGroup('gdpr', 'tuesday')", True),
            ("inGroup('gdpr', 'monday')", False),
            ("hasRole('instructor') && !hasRole('reporter')", True),
            ("account.created.withinLast(25, 'months')", True),
            ("account.created.withinLast(24, 'months')", False),
        ],
    );
    for (text, of_gdpr, of_other) in [
        ("enrolled(C)", True, False),
        ("completed(C)", True, False),
        ("completedBefore(C, date('2026-01-31'))", False, False),
        ("completedBefore(C, date('2026-02-01'))", True, False),
        ("completedAfter(C, date('2026-01-31'))", False, False),
        ("completedAfter(C, timestamp('2026-01-30T23:59:59.999Z'))", True, False),
        ("completedWithinLast(C, 29, 'days')", True, False),
        ("completedWithinLast(C, 28, 'days')", False, False),
        ("completedOn(C) <= date('2026-01-31')", True, False),
        ("completedOn(C) != date('2026-01-31')", False, False),
        ("completedOn(C) in [timestamp('2026-01-31T00:00:00Z')]", True, False),
        ("score(C) >= 0.5", True, Unknown),
        ("score(C) < 0.5", False, Unknown),
        ("has(score(C))", True, False),
        ("dueWithin(C, 14, 'days')", True, False),
        ("dueWithin(C, 13, 'days')", False, False),
        ("dueOn(C) > today", True, False),
        ("dueOn(C) != today", True, False),
        ("dueOn(C) in [date('2026-03-15')]", True, False),
        ("has(dueOn(C))", True, False),
    ] {
        for (course, truth) in [(gdpr, of_gdpr), (other, of_other)] {
            let text = text.replace('C', course);
            all_are(&someone_more(), &[(&text, truth), (&format!("!({text})"), !truth)]);
        }
    }
}

#[test]
fn of_nobody() {
    for text in [
        "user.flag",
        "user.flag == false",
        "user.level < 5",
        "user.level.between(0, 5)",
        "user.rate in [0.5]",
        "user.last_login < today",
        "user.last_login.withinLast(5, 'days')",
        "user.org.under('EMEA')",
        "user.boss.reportsTo('ann')",
        "user.email.startsWith('a')",
        "user.email.glob('?*')",
        "score('gdpr') > 0",
        "(user.flag) != (has(user.level))",
        "(has(user.level)) == (user.flag)",
    ] {
        all_are(&Someone::default(), &[(text, Unknown), (&format!("!({text})"), Unknown)]);
    }
}

#[test]
fn one_but_not_the_other() {
    use Truth::{False as F, True as T, Unknown as U};
    for (left, right, xor) in
        [(T, T, F), (T, F, T), (F, T, T), (F, F, F), (T, U, U), (U, T, U), (F, U, U), (U, F, U), (U, U, U)]
    {
        let text = |truth| match truth {
            T => "has(user.level)",
            F => "!has(user.level)",
            U => "user.department == 'x'",
        };
        let (left, right) = (text(left), text(right));
        all_are(
            &someone_more(),
            &[
                (&format!("({left}) != ({right})"), xor),
                (&format!("({left}) == ({right})"), !xor),
                (&format!("({left}) != ({right}) != (has(user.level))"), xor.xor(T)),
            ],
        );
    }
    all_are(
        &someone_more(),
        &[
            ("has(user.level) != has(user.rate) != has(user.org)", True),
            ("has(user.level) != has(user.rate) != has(user.department)", False),
            ("has(user.level) != has(user.rate) != has(user.org) != has(user.boss)", False),
        ],
    );
}

#[test]
fn in_english() {
    let names = names();
    for (text, english) in [
        ("user.department == 'Sales'", r#"department is "Sales""#),
        ("user.department != 'Sales'", r#"department is not "Sales""#),
        ("!(user.department == 'Sales')", r#"department is not "Sales""#),
        ("user.department < 'M'", r#"department comes before "M""#),
        ("user.department <= 'M'", r#"department is or comes before "M""#),
        ("user.department > 'M'", r#"department comes after "M""#),
        ("user.department >= 'M'", r#"department is or comes after "M""#),
        ("!(user.department >= 'M')", r#"department comes before "M""#),
        ("user.country in ['ZA', 'NA']", r#"country is one of "ZA", "NA""#),
        ("!(user.country in ['ZA', 'NA'])", r#"country is none of "ZA", "NA""#),
        ("user.country in ['ZA']", r#"country is "ZA""#),
        ("!(user.country in ['ZA'])", r#"country is not "ZA""#),
        ("has(user.manager)", "manager has a value"),
        ("!has(user.manager)", "manager is missing"),
        ("!!has(user.manager)", "manager has a value"),
        ("user.hired_on == date('2026-01-01')", "hired_on is 2026-01-01"),
        ("user.hired_on < date('2026-01-01')", "hired_on is before 2026-01-01"),
        ("user.hired_on <= date('2026-01-01')", "hired_on is on or before 2026-01-01"),
        ("user.hired_on > date('2026-01-01')", "hired_on is after 2026-01-01"),
        ("user.hired_on >= date('2026-01-01')", "hired_on is on or after 2026-01-01"),
        ("user.hired_on == today", "hired_on is today"),
        ("user.hired_on == today + weeks(0)", "hired_on is today"),
        ("user.hired_on == today + weeks(2)", "hired_on is in 2 weeks"),
        ("user.hired_on != today + days(1)", "hired_on is not in 1 day"),
        ("user.hired_on < today + weeks(2)", "hired_on is before 2 weeks from today"),
        ("user.hired_on > today - years(1)", "hired_on is after 1 year ago"),
        ("user.hired_on >= today - months(6)", "hired_on is on or after 6 months ago"),
        (
            "has(user.manager) && (has(user.country) || has(user.department))",
            "manager has a value and (country has a value or department has a value)",
        ),
        (
            "has(user.manager) && has(user.country) || has(user.department)",
            "(manager has a value and country has a value) or department has a value",
        ),
        (
            "!(has(user.manager) || has(user.country)) && has(user.department)",
            "not (manager has a value or country has a value) and department has a value",
        ),
        (
            "!(has(user.manager) && !(has(user.country) || has(user.department)))",
            "not (manager has a value and not (country has a value or department has a value))",
        ),
    ] {
        assert_eq!(describe(&compile(text, &names).unwrap(), &names), english, "{text}");
    }
}

/// What people call things can be any text, which must not be taken for what is said of it.
#[test]
fn names_for_people_are_quoted() {
    for (label, said) in [
        ("Department", "Department"),
        ("Abteilung/Team", "Abteilung/Team"),
        ("Cost centre", r#""Cost centre""#),
        ("select; drop table", r#""select; drop table""#),
        ("a is missing or b", r#""a is missing or b""#),
        ("line\nbreak \u{202e}turned", r#""line\nbreak \u202eturned""#),
        ("", r#""""#),
        (r#"it's "so""#, r#""it's \"so\"""#),
    ] {
        let mut names = names();
        let attribute = names.schema.get(DEPARTMENT).unwrap().clone();
        names.schema.define(Attribute { name: Some(label.into()), ..attribute });
        let rule = compile("has(user.department)", &names).unwrap();
        assert_eq!(describe(&rule, &names), format!("{said} has a value"));
    }
    let mut names = names();
    let options = [Choice { name: Some("Rust\u{2028}".into()), ..Choice::new("rust") }];
    names.schema.define(Attribute::new(
        SKILLS,
        "skills",
        Kind::MultiChoice { options: options.into_iter().collect() },
    ));
    let rule = compile("'rust' in user.skills", &names).unwrap();
    assert_eq!(describe(&rule, &names), r#"skills has "Rust\u2028""#);
}

#[test]
fn what_the_schema_lacks_is_said_too() {
    let names = names();
    assert_eq!(describe(&Rule::Has(AttributeId(77).into()), &names), "attribute 77 has a value");
    let rule = Rule::In { field: COUNTRY.into(), values: vec![Value::Choice(OptionId(9))] };
    assert_eq!(describe(&rule, &names), "country is <option 9>");
    let rule = Rule::In { field: MANAGER.into(), values: vec![] };
    assert_eq!(describe(&rule, &names), "manager is one of ");
}
