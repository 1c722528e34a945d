//! What SQL is written for which rule, and which rules are refused. Whether databases give the right answers with it
//! is tested in `crates/oracle`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use chrono::NaiveDate;
use matricula_rule::sql::{Asked, Dialect, Members, Parameter, Sql, columns, emit, members, tables};
use matricula_rule::{
    Attribute, AttributeId, Choice, Comparison, CourseId, Decimal, Fact, Field, GroupId, Kind, Matching,
    Offset, Operand, OptionId, Quantity, RoleId, Rule, RuleError, RuleErrorKind, Schema, SegmentId, SiteId,
    Unit, UserId, Value,
};
use proptest::prelude::*;

const NAME: AttributeId = AttributeId(0);
const CITY: AttributeId = AttributeId(1);
const HIRED_ON: AttributeId = AttributeId(2);
const SKILLS: AttributeId = AttributeId(3);
const MANAGER: AttributeId = AttributeId(4);
const ORG: AttributeId = AttributeId(5);
const REMOTE: AttributeId = AttributeId(6);

fn schema() -> Schema {
    let options = ["rust", "sql", "go"].map(Choice::new).into_iter().collect();
    let mut schema = Schema::default();
    schema.define(Attribute::new(NAME, "name", Kind::Text));
    let mut city = Attribute::new(CITY, "city", Kind::Text);
    city.ignore_case = true;
    schema.define(city);
    schema.define(Attribute::new(HIRED_ON, "hired_on", Kind::Date));
    schema.define(Attribute::new(SKILLS, "skills", Kind::MultiChoice { options }));
    schema.define(Attribute::new(MANAGER, "manager", Kind::User));
    schema.define(Attribute::new(ORG, "org", Kind::Path));
    schema.define(Attribute::new(REMOTE, "remote", Kind::Boolean));
    schema
}

fn written(rule: &Rule, dialect: Dialect) -> Result<Sql, RuleError> {
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    emit(rule, &schema(), &Asked::utc(today), dialect)
}

fn equals(field: impl Into<Field>, value: Value) -> Rule {
    compare(field, Comparison::Equal, value)
}

fn compare(field: impl Into<Field>, comparison: Comparison, value: Value) -> Rule {
    Rule::Compare { field: field.into(), comparison, with: Operand::Value(value) }
}

fn matching(how: Matching, text: &str) -> Rule {
    Rule::Match { field: NAME.into(), how, text: text.into() }
}

fn not(rule: Rule) -> Rule {
    Rule::Not(Box::new(rule))
}

#[test]
fn a_negated_test_is_the_opposite_test() {
    let test = |rule: Rule| written(&rule, Dialect::Sqlite).unwrap().text;
    let a = || equals(REMOTE, Value::Boolean(true));
    let b = || Rule::Has(NAME.into());
    assert_eq!(test(not(a())), "u.a6 <> ?1");
    assert_eq!(test(not(not(a()))), "u.a6 = ?1");
    assert_eq!(test(not(Rule::All(vec![a(), b()]))), "u.a6 <> ?1 OR u.a0 IS NULL");
    assert_eq!(test(not(Rule::Any(vec![a(), not(b())]))), "u.a6 <> ?1 AND u.a0 IS NOT NULL");
    assert_eq!(
        test(Rule::All(vec![Rule::Any(vec![a(), b()]), b()])),
        "(u.a6 = ?1 OR u.a0 IS NOT NULL) AND u.a0 IS NOT NULL"
    );
    assert_eq!(
        test(Rule::Xor(vec![a(), b(), b()])),
        "((u.a6 = ?1) <> (u.a0 IS NOT NULL)) <> (u.a0 IS NOT NULL)"
    );
    assert_eq!(test(not(Rule::Xor(vec![a(), b()]))), "(u.a6 = ?1) = (u.a0 IS NOT NULL)");
}

#[test]
fn the_same_rule_in_each_dialect() {
    let rule = Rule::All(vec![
        equals(CITY, Value::text("Zürich")),
        Rule::Between {
            field: HIRED_ON.into(),
            from: Operand::Today(Offset { count: -1, unit: Unit::Months }),
            to: Operand::Today(Offset { count: 0, unit: Unit::Days }),
        },
        matching(Matching::Glob, "a*b?"),
    ]);
    let texts = Dialect::ALL.map(|dialect| written(&rule, dialect).unwrap().text);
    assert_eq!(
        texts,
        [
            "u.f1 = ?1 COLLATE BINARY \
             AND (u.a2 >= ?2 COLLATE BINARY AND u.a2 <= ?3 COLLATE BINARY) AND u.a0 GLOB ?4",
            "u.f1 = $1::text COLLATE \"C\" \
             AND (u.a2 >= $2::text::date AND u.a2 <= $3::text::date) AND u.a0 COLLATE \"C\" ~ $4::text",
            "u.f1 = $1 COLLATE \"C\" \
             AND (u.a2 >= $2::date AND u.a2 <= $3::date) AND regexp_full_match(u.a0, $4, 's') = $5",
        ]
    );
    let text = |text: &str| Parameter::Text(text.to_owned());
    let parameters = written(&rule, Dialect::Postgres).unwrap().parameters;
    assert_eq!(parameters, [text("zürich"), text("2026-10-22"), text("2026-11-22"), text("^a.*b.$")]);
}

#[test]
fn patterns_that_are_none_are_plain_tests() {
    let test = |pattern: &str| {
        let sql = written(&matching(Matching::Glob, pattern), Dialect::Sqlite).unwrap();
        (sql.text, sql.parameters)
    };
    for (pattern, how, text) in [
        ("a*", Matching::StartsWith, "a"),
        ("*a", Matching::EndsWith, "a"),
        (r"*\*\?*", Matching::Contains, "*?"),
        ("*", Matching::Contains, ""),
        ("*", Matching::EndsWith, ""),
    ] {
        let plain = written(&matching(how, text), Dialect::Sqlite).unwrap();
        assert_eq!(test(pattern), (plain.text, plain.parameters), "{pattern}");
    }
    assert_eq!(test(r"a\*").0, "u.a0 = ?1 COLLATE BINARY");
    assert_eq!(test("[a]?*b").1, [Parameter::Text("[[]a]?*b".to_owned())]);
}

#[test]
fn a_beginning_is_a_range() {
    let ends =
        |text: &str| written(&matching(Matching::StartsWith, text), Dialect::Duckdb).unwrap().parameters;
    let text = |text: &str| Parameter::Text(text.to_owned());
    assert_eq!(ends("ab"), [text("ab"), text("ac")]);
    assert_eq!(ends("a\u{d7ff}"), [text("a\u{d7ff}"), text("a\u{e000}")]);
    assert_eq!(ends("a\u{10ffff}"), [text("a\u{10ffff}"), text("b")]);
    assert_eq!(ends("\u{10ffff}"), [text("\u{10ffff}")]);
    assert_eq!(ends(""), [text("")]);
}

#[test]
fn a_long_list_is_one_parameter() {
    let values: Vec<Value> = (0..100_000).map(|at| Value::text(&format!("\"{at}\""))).collect();
    let rule = Rule::In { field: NAME.into(), values };
    let texts = Dialect::ALL.map(|dialect| {
        let sql = written(&rule, dialect).unwrap();
        assert_eq!(sql.parameters.len(), 1);
        sql.text
    });
    assert_eq!(
        texts,
        [
            "u.a0 COLLATE BINARY IN (SELECT e.value FROM json_each(?1) e)",
            "u.a0 COLLATE \"C\" IN (SELECT e.value FROM json_array_elements_text($1::text::json) e (value))",
            "u.a0 COLLATE \"C\" IN (SELECT unnest(from_json($1, '[\"text\"]')))",
        ]
    );
}

#[test]
fn what_is_refused() {
    let refused = |rule: &Rule, dialect: Dialect| {
        let error = written(rule, dialect).unwrap_err();
        (error.kind(), error.to_string())
    };
    let nul = equals(NAME, Value::text("a\0"));
    let message = r"`a\u{0}` has the character U+0000, which PostgreSQL has no text with";
    assert_eq!(refused(&nul, Dialect::Postgres), (RuleErrorKind::NotSupported, message.to_owned()));
    assert!(written(&nul, Dialect::Sqlite).is_ok() && written(&nul, Dialect::Duckdb).is_ok());
    let nuls = (0..2_000).map(|at| Value::text(&format!("{at}\0"))).collect();
    let nuls = Rule::In { field: NAME.into(), values: nuls };
    assert_eq!(refused(&nuls, Dialect::Postgres).0, RuleErrorKind::NotSupported);

    let message = "`a?\u{ffff}*` has the character U+FFFF, which SQLite cannot match by a pattern";
    let odd = matching(Matching::Glob, "a?\u{ffff}*");
    assert_eq!(refused(&odd, Dialect::Sqlite), (RuleErrorKind::NotSupported, message.to_owned()));
    assert!(written(&odd, Dialect::Postgres).is_ok());
    let long = matching(Matching::Glob, &format!("?{}", "a".repeat(60_000)));
    assert_eq!(refused(&long, Dialect::Sqlite).0, RuleErrorKind::NotSupported);

    let long = matching(Matching::Glob, &format!("?{}", "a".repeat(2_000)));
    let (kind, message) = refused(&long, Dialect::Postgres);
    assert_eq!(kind, RuleErrorKind::NotSupported);
    assert!(message.ends_with("is longer than 2000 characters, which PostgreSQL cannot match by a pattern"));
    assert_eq!(refused(&long, Dialect::Duckdb).0, RuleErrorKind::NotSupported);

    let many = |from: i32| Rule::In {
        field: NAME.into(),
        values: (from * 1_000..(from + 1) * 1_000).map(|at| Value::text(&at.to_string())).collect(),
    };
    let many = Rule::Any((0..40).map(many).collect());
    let message = "expected at most 32766 parameters for SQLite, found 40000";
    assert_eq!(refused(&many, Dialect::Sqlite), (RuleErrorKind::NotSupported, message.to_owned()));
    assert!(written(&many, Dialect::Postgres).is_ok());

    let wrong = equals(REMOTE, Value::text("yes"));
    let message = "expected a boolean, found text";
    assert_eq!(refused(&wrong, Dialect::Sqlite), (RuleErrorKind::WrongType, message.to_owned()));
    let unknown = Rule::Has(AttributeId(99).into());
    assert_eq!(refused(&unknown, Dialect::Sqlite).1, "unknown attribute 99");
    let deep = (0..65).fold(equals(REMOTE, Value::Boolean(true)), |rule, _| not(rule));
    assert_eq!(refused(&deep, Dialect::Sqlite).0, RuleErrorKind::TooDeep);
}

#[test]
fn the_members_of_a_segment() {
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    let query = |of: &Members<'_>| members(of, &schema(), &Asked::utc(today), Dialect::Sqlite).unwrap().text;
    let rule = Rule::Has(NAME.into());
    let site = Members { rule: Some(&rule), site: Some(SiteId(2)), segment: Some(SegmentId(7)) };
    assert_eq!(
        query(&site),
        "SELECT u.id FROM \"user\" u WHERE u.status = 'active' \
         AND u.id IN (SELECT m.user_id FROM site_member m WHERE m.site_id = ?1 AND m.status = 'active') \
         AND (u.a0 IS NOT NULL OR u.id IN (SELECT p.user_id FROM segment_pin p WHERE p.segment_id = ?2)) \
         AND NOT EXISTS (SELECT 1 FROM segment_ban b WHERE b.segment_id = ?2 AND b.user_id = u.id)"
    );
    let everywhere = Members { rule: Some(&rule), site: None, segment: None };
    assert_eq!(
        query(&everywhere),
        "SELECT u.id FROM \"user\" u WHERE u.status = 'active' \
         AND u.id IN (SELECT m.user_id FROM site_member m WHERE m.status = 'active') AND u.a0 IS NOT NULL"
    );
    let nobody = Members { rule: None, site: None, segment: None };
    assert!(query(&nobody).ends_with(" AND 1 = 0"));
}

#[test]
fn columns_by_dialect() {
    let schema = schema();
    let of = |id: AttributeId, dialect| -> Vec<String> {
        let columns = columns(schema.get(id).unwrap(), dialect);
        columns.into_iter().map(|column| format!("{} {}", column.name, column.of)).collect()
    };
    assert_eq!(of(CITY, Dialect::Sqlite), ["a1 TEXT", "f1 TEXT"]);
    assert_eq!(of(CITY, Dialect::Postgres), ["a1 text COLLATE \"C\"", "f1 text COLLATE \"C\""]);
    assert_eq!(of(REMOTE, Dialect::Duckdb), ["a6 boolean"]);
    assert_eq!(of(SKILLS, Dialect::Duckdb), [""; 0]);
    for dialect in Dialect::ALL {
        let all = tables(&schema, dialect);
        assert!(all.starts_with("CREATE TABLE \"user\" (") && all.ends_with(";\n"));
    }
}

/// A rule with every test that there is, and a text in each place that takes one.
fn everything(text: &str) -> Rule {
    let day = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
    let value = || Value::text(text);
    let course = CourseId(1);
    let with = |value| Operand::Value(value);
    Rule::All(vec![
        equals(NAME, value()),
        equals(CITY, value()),
        equals(Field::AccountKey, value()),
        Rule::In { field: NAME.into(), values: vec![value(), Value::text("other")] },
        Rule::In {
            field: CITY.into(),
            values: (0..1_500).map(|at| Value::text(&format!("{text}{at}"))).collect(),
        },
        Rule::Between { field: NAME.into(), from: with(value()), to: with(Value::text(&format!("{text}z"))) },
        matching(Matching::StartsWith, text),
        matching(Matching::EndsWith, text),
        matching(Matching::Contains, text),
        matching(Matching::Glob, &format!("?{}", text.replace('\\', ""))),
        Rule::Under { attribute: ORG, path: text.into(), itself: true },
        equals(ORG, Value::Path(text.into())),
        Rule::Xor(vec![
            compare(Field::Score(course), Comparison::Less, Value::Decimal(Decimal::MAX)),
            equals(HIRED_ON, Value::Date(day)),
            compare(Field::Completed(course), Comparison::Greater, Value::Date(day)),
            compare(Field::Due(course), Comparison::Greater, Value::Date(day)),
            compare(Field::AccountCreated, Comparison::Greater, Value::Date(day)),
        ]),
        Rule::Options {
            attribute: SKILLS,
            quantity: Quantity::AtMost(2),
            options: vec![OptionId(0), OptionId(2)],
        },
        Rule::Size { attribute: SKILLS, comparison: Comparison::Less, count: 3 },
        Rule::ReportsTo { attribute: MANAGER, user: UserId(77_777) },
        Rule::Is(Fact::Segment(SegmentId(77_777))),
        Rule::Is(Fact::Site(SiteId(77_777))),
        Rule::Is(Fact::Group(course, GroupId(77_777))),
        Rule::Is(Fact::Role(RoleId(77_777))),
        Rule::Is(Fact::Enrolled(CourseId(77_777))),
    ])
}

proptest! {
    /// Nothing but names of columns, parameters and words of the emitter's own.
    #[test]
    fn no_text_of_a_rule_is_part_of_sql(text in r#"[a-z"'\\;%*?$é😀 ]{0,12}"#, negated: bool) {
        let rule = |text: &str| if negated { not(everything(text)) } else { everything(text) };
        for dialect in Dialect::ALL {
            let sql = written(&rule(&format!("Q'; DROP TABLE user; --{text}")), dialect).unwrap();
            // The same as for any other text, but for the numbers of the parameters.
            let plain = written(&rule("plain"), dialect).unwrap();
            let numberless = |text: &str| text.replace(|char: char| char.is_ascii_digit(), "");
            prop_assert_eq!(numberless(&sql.text), numberless(&plain.text));
            prop_assert!(!sql.text.contains("DROP") && !sql.text.contains("77777") && !sql.text.contains("2026"));
            // Every parameter is used, and no other.
            let sign = if dialect == Dialect::Sqlite { '?' } else { '$' };
            let numbers: std::collections::BTreeSet<usize> = sql
                .text
                .split(sign)
                .skip(1)
                .map(|rest| rest.split(|char: char| !char.is_ascii_digit()).next().unwrap().parse().unwrap())
                .collect();
            prop_assert!(numbers.into_iter().eq(1..=sql.parameters.len()));
        }
    }
}

/// The rule that the chapter on SQL shows.
fn shown() -> (Rule, Schema) {
    let options = ["rust", "sql", "go"].map(Choice::new).into_iter().collect();
    let mut schema = Schema::default();
    schema.define(Attribute::new(AttributeId(0), "department", Kind::Text));
    schema.define(Attribute::new(AttributeId(1), "hired_on", Kind::Date));
    schema.define(Attribute::new(AttributeId(2), "skills", Kind::MultiChoice { options }));
    let text =
        r#"user.department != "Sales" && user.hired_on.withinLast(90, "days") && !("rust" in user.skills)"#;
    (matricula_rule::compile(text, &schema).unwrap(), schema)
}

#[test]
fn the_documentation_shows_what_is_written() {
    let documentation = include_str!("../../../docs/sql.md").replace("\r\n", "\n");
    let (rule, schema) = shown();
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    for dialect in Dialect::ALL {
        let sql = emit(&rule, &schema, &Asked::utc(today), dialect).unwrap();
        let lines = sql.text.replace(" AND NOT", "\nAND NOT").replace(" AND u.id NOT", "\nAND u.id NOT");
        let lines = lines.replace(" AND (u.a1", "\nAND (u.a1");
        assert!(documentation.contains(&lines), "{}: expected in docs/sql.md:\n{lines}", dialect.name());
        assert_eq!(sql.parameters.len(), 5);
    }
}
