//! What can be written, and what it is when printed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use common::{DEPARTMENT, HIRED_ON, MANAGER, choice, names, schema};
use matricula_rule::{
    Attribute, AttributeId, Comparison, CourseId, Expr, ExprKind, Fact, Field, GroupId, Literal, Offset,
    Operand, OptionId, Rule, Schema, SegmentId, Span, Unit, UserId, Value, check, compile, parse, print,
};

/// Each case: a text, and the same rule printed.
fn all_print(cases: &[(&str, &str)]) {
    let schema = names();
    for (text, printed) in cases {
        let rule = compile(text, &schema).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(print(&rule, &schema), *printed, "{text}");
        assert_eq!(compile(printed, &schema).as_ref(), Ok(&rule), "{text}");
    }
}

#[test]
fn tests() {
    all_print(&[
        ("user.manager=='a'", r#"user.manager == "a""#),
        ("'a' == user.manager", r#"user.manager == "a""#),
        ("'a' != user.manager", r#"user.manager != "a""#),
        ("'a' < user.manager", r#"user.manager > "a""#),
        ("'a' <= user.manager", r#"user.manager >= "a""#),
        ("'a' > user.manager", r#"user.manager < "a""#),
        ("'a' >= user.manager", r#"user.manager <= "a""#),
        ("user . manager == ((r'a'))", r#"user.manager == "a""#),
        ("(user.manager) == 'a'", r#"user.manager == "a""#),
        ("user.manager == null", "!has(user.manager)"),
        ("null != user.manager", "has(user.manager)"),
        ("has( user . manager )", "has(user.manager)"),
        ("user.country in ['NA', 'ZA', 'NA',]", r#"user.country in ["NA", "ZA", "NA"]"#),
        ("user.country in(['NA'])", r#"user.country in ["NA"]"#),
        ("user.hired_on in [date('2026-01-31')]", r#"user.hired_on in [date("2026-01-31")]"#),
        ("user.hired_on == date('0001-01-01')", r#"user.hired_on == date("0001-01-01")"#),
        ("user.hired_on < today", "user.hired_on < today"),
        ("user.hired_on < today - days(0)", "user.hired_on < today"),
        ("user.hired_on < today-days(0x5A)", "user.hired_on < today - days(90)"),
        ("today + weeks(2) > user.hired_on", "user.hired_on < today + weeks(2)"),
        ("user.hired_on < today + months(1)", "user.hired_on < today + months(1)"),
        ("user.hired_on < today - years(2147483648)", "user.hired_on < today - years(2147483648)"),
        ("user.`manager` == 'a' // the boss\n", r#"user.manager == "a""#),
        ("user.`in` == 'a' && has(user.`cost-centre`)", r#"user.`in` == "a" && has(user.`cost-centre`)"#),
    ]);
}

#[test]
fn precedence() {
    let schema = {
        let mut schema = Schema::default();
        for (id, key) in (0..).zip(["a", "b", "c", "d"]) {
            schema.define(Attribute::new(AttributeId(id), key, matricula_rule::Kind::Text));
        }
        schema
    };
    for (text, printed) in [
        ("a || b && c", "a || b && c"),
        ("a && b || c", "a && b || c"),
        ("(a && b) || c", "a && b || c"),
        ("a && (b || c)", "a && (b || c)"),
        ("(a || b) && c", "(a || b) && c"),
        ("a || (b || c) || d", "a || b || c || d"),
        ("a && (b && (c && d))", "a && b && c && d"),
        ("a || b && c || d", "a || b && c || d"),
        ("!a && b", "!a && b"),
        ("!(a && b)", "!(a && b)"),
        ("!(a) || !!b", "!a || !!b"),
        ("!(!(a || !b))", "!!(a || !b)"),
        ("((((a))))", "a"),
        ("a && (b || (c && (d || a)))", "a && (b || c && (d || a))"),
    ] {
        let full = |text: &str| {
            text.chars()
                .map(|char| if char.is_ascii_lowercase() { format!("has(user.{char})") } else { char.into() })
                .collect::<String>()
        };
        let rule = compile(&full(text), &schema).unwrap();
        assert_eq!(print(&rule, &schema), full(printed), "{text}");
        assert_eq!(compile(&full(printed), &schema), Ok(rule), "{text}");
    }
}

#[test]
fn strings() {
    let schema = schema();
    for (written, meant) in [
        (r#""""#, ""),
        ("''", ""),
        (r#""it's""#, "it's"),
        (r#"'say "so"'"#, "say \"so\""),
        (r#""\"\'\\\n\r\t\`\?""#, "\"'\\\n\r\t`?"),
        (r#""\a\b\f\v""#, "\u{7}\u{8}\u{c}\u{b}"),
        (r#""\u00e9\U0001F600\x41\X41\101\377\000""#, "é😀AAA\u{ff}\0"),
        (r#"r"\n\u""#, "\\n\\u"),
        (r#"R'a"b'"#, "a\"b"),
        ("\"\0\u{7f}\t\"", "\0\u{7f}\t"),
        ("\"e\u{301}\"", "é"),
        (r#""e\u0301""#, "é"),
        ("r'e\u{301}'", "é"),
        ("\"👩‍🚀 Ünïcödé\"", "👩‍🚀 Ünïcödé"),
    ] {
        let rule = compile(&format!("user.manager == {written}"), &schema);
        let with = Operand::Value(Value::Text(meant.into()));
        let expected = Rule::Compare { field: MANAGER.into(), comparison: Comparison::Equal, with };
        assert_eq!(rule.as_ref(), Ok(&expected), "{written}");
        assert_eq!(compile(&print(&expected, &schema), &schema), Ok(expected), "{written}");
    }
}

#[test]
fn what_cannot_be_seen_is_printed_escaped() {
    let value = Value::text("a\0\u{202e}\u{feff}\u{85}\"\\\n");
    let rule = Rule::In { field: DEPARTMENT.into(), values: vec![value] };
    let text = print(&rule, &schema());
    assert_eq!(text, r#"user.department in ["a\u0000\u202e\ufeff\u0085\"\\\n"]"#);
}

#[test]
fn a_rule_is_typed() {
    let text = r#"user.department == "Sales" && user.hired_on > today - days(90)"#;
    let expected = Rule::All(vec![
        Rule::Compare {
            field: DEPARTMENT.into(),
            comparison: Comparison::Equal,
            with: Operand::Value(Value::text("Sales")),
        },
        Rule::Compare {
            field: HIRED_ON.into(),
            comparison: Comparison::Greater,
            with: Operand::Today(Offset { count: -90, unit: Unit::Days }),
        },
    ]);
    assert_eq!(compile(text, &schema()), Ok(expected));
}

#[test]
fn options_are_found_in_normal_form() {
    let mut schema = Schema::default();
    schema.define(Attribute::new(AttributeId(0), "city", choice(&["Zürich", "Bern"])));
    let rule = compile("user.city in ['Zu\u{308}rich', 'Bern']", &schema);
    let values = vec![Value::Choice(OptionId(0)), Value::Choice(OptionId(1))];
    assert_eq!(rule, Ok(Rule::In { field: AttributeId(0).into(), values }));
}

#[test]
fn every_node_has_its_place() {
    let text = "has(user.a) ||\n !(user.b in ['x', 'y'] && today <= user.c)";
    let mut found = Vec::new();
    fn visit<'t>(expr: &Expr, text: &'t str, found: &mut Vec<&'t str>) {
        found.push(expr.span.of(text).unwrap());
        match &expr.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::List(parts) => {
                parts.iter().for_each(|part| visit(part, text, found));
            }
            ExprKind::Not(part) | ExprKind::Has(part) => visit(part, text, found),
            ExprKind::Attribute(name) => found.push(name.span.of(text).unwrap()),
            ExprKind::Compare { left, right, .. } => {
                [left, right].into_iter().for_each(|side| visit(side, text, found))
            }
            ExprKind::In { element, list } => {
                [element, list].into_iter().for_each(|side| visit(side, text, found))
            }
            _ => {}
        }
    }
    visit(&parse(text).unwrap(), text, &mut found);
    let expected = [
        "has(user.a) ||\n !(user.b in ['x', 'y'] && today <= user.c",
        "has(user.a)",
        "user.a",
        "a",
        "!(user.b in ['x', 'y'] && today <= user.c",
        "user.b in ['x', 'y'] && today <= user.c",
        "user.b in ['x', 'y']",
        "user.b",
        "b",
        "['x', 'y']",
        "'x'",
        "'y'",
        "today <= user.c",
        "today",
        "user.c",
        "c",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_tree_made_by_hand_is_checked_too() {
    let node = |kind| Expr { kind, span: Span::default() };
    let code = |expr: &Expr| check(expr, &schema()).map_err(|error| error.kind().code());
    assert_eq!(code(&node(ExprKind::And(vec![]))), Err("too_few_parts"));
    assert_eq!(code(&node(ExprKind::Literal(Literal::Null))), Err("constant_rule"));
    let has = parse("has(user.manager)").unwrap();
    assert_eq!(code(&node(ExprKind::Or(vec![has.clone()]))), Ok(Rule::Has(MANAGER.into())));
    let deep = (0..65).fold(has, |inner, _| node(ExprKind::Not(Box::new(inner))));
    assert_eq!(code(&deep), Err("rule_too_deep"));
}

#[test]
fn what_the_schema_lacks_is_printed_and_cannot_be_read() {
    let schema = names();
    let rule = Rule::Has(AttributeId(77).into());
    assert_eq!(print(&rule, &schema), "has(user.<attribute 77>)");
    assert!(parse(&print(&rule, &schema)).is_err());
    let rule = Rule::In { field: common::COUNTRY.into(), values: vec![Value::Choice(OptionId(9))] };
    assert_eq!(print(&rule, &schema), "user.country in [<option 9>]");
    assert!(parse(&print(&rule, &schema)).is_err());
    for (rule, printed) in [
        (Rule::Is(Fact::Segment(SegmentId(9))), "inSegment(<segment 9>)"),
        (Rule::Is(Fact::Group(CourseId(0), GroupId(9))), r#"inGroup("gdpr", <group 9>)"#),
        (Rule::Has(Field::Completed(CourseId(9))), "completed(<course 9>)"),
        (Rule::Has(Field::Score(CourseId(9))), "has(score(<course 9>))"),
        (Rule::ReportsTo { attribute: common::BOSS, user: UserId(9) }, "user.boss.reportsTo(<user 9>)"),
    ] {
        assert_eq!(print(&rule, &schema), printed);
        assert!(parse(printed).is_err());
    }
}
