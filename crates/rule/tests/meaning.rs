//! What a rule means for a person, and how it is said in English.

mod common;

use std::collections::BTreeMap;

use common::{COUNTRY, DEPARTMENT, HIRED_ON, MANAGER, Someone, day, schema};
use matricula_rule::{AttributeId, OptionId, Rule, Truth, Value, compile, describe, evaluate};

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
        (DEPARTMENT, Value::text("Sales")),
        (COUNTRY, Value::Choice(OptionId(0))),
        (HIRED_ON, Value::Date(day(2026, 1, 31))),
    ]);
    Someone { values, today: day(2026, 3, 1) }
}

#[test]
fn of_a_person() {
    let (schema, person) = (schema(), someone());
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
        assert_eq!(evaluate(&compile(text, &schema).unwrap(), &person), truth, "{text}");
    }
}

#[test]
fn in_english() {
    let schema = schema();
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
        assert_eq!(describe(&compile(text, &schema).unwrap(), &schema), english, "{text}");
    }
}

#[test]
fn what_the_schema_lacks_is_said_too() {
    let schema = schema();
    assert_eq!(describe(&Rule::Has(AttributeId(7)), &schema), "attribute 7 has a value");
    let rule = Rule::In { attribute: COUNTRY, values: vec![Value::Choice(OptionId(9))] };
    assert_eq!(describe(&rule, &schema), "country is <option 9>");
    let rule = Rule::In { attribute: MANAGER, values: vec![] };
    assert_eq!(describe(&rule, &schema), "manager is one of ");
}
