//! Rules written for a rule builder and read again, and queries that nobody thought of.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod builder_names;

use std::sync::LazyLock;

use builder_names::{Known, names};
use chrono::{DateTime, Days, NaiveDate};
use matricula_rule::{
    AttributeId, Calendar, Comparison, CourseId, Decimal, Edge, Fact, Field, GroupId, Kind, Matching, Offset,
    Operand, OptionId, Period, Quantity, RoleId, Rule, RuleErrorKind, SegmentId, SiteId, Unit, UserId, Value,
    from_builder, from_builder_text, path, to_builder, validate,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value as Json, json};

static NAMES: LazyLock<Known> = LazyLock::new(names);

fn text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "",
        "~",
        " ",
        ",",
        "\\",
        "\\,",
        "a,b",
        " a ",
        "a\u{85}",
        "\u{feff}x",
        "\"",
        "é",
        "~~",
    ]);
    prop_oneof![odd.prop_map(String::from), "[a-zA-Z ,\\\\]{0,8}", any::<String>()]
}

fn offset() -> impl Strategy<Value = Offset> {
    let unit = prop::sample::select(vec![Unit::Days, Unit::Weeks, Unit::Months, Unit::Years]);
    (prop_oneof![-40..40, any::<i32>(), Just(0)], unit).prop_map(|(count, unit)| Offset { count, unit })
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (0..3_000_000_u64).prop_map(|days| Offset::DAYS.0.checked_add_days(Days::new(days)).unwrap())
}

fn value(kind: &Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Text => text().prop_map(|text| Value::text(&text)).boxed(),
        Kind::Integer => {
            let most = matricula_rule::MAX_INTEGER;
            prop_oneof![-9..9_i64, -most..=most].prop_map(Value::Integer).boxed()
        }
        Kind::Decimal => {
            let most = Decimal::MAX.millionths();
            prop_oneof![-3_000_000..3_000_000_i64, -most..=most]
                .prop_map(|millionths| Value::Decimal(Decimal::from_millionths(millionths).unwrap()))
                .boxed()
        }
        Kind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Kind::Date => day().prop_map(Value::Date).boxed(),
        Kind::Timestamp => (-62_135_596_800_000..253_402_300_800_000_i64)
            .prop_map(|millis| Value::Timestamp(DateTime::from_timestamp_millis(millis).unwrap()))
            .boxed(),
        Kind::Choice { options } | Kind::MultiChoice { options } => {
            (0..u32::try_from(options.len()).unwrap()).prop_map(|id| Value::Choice(OptionId(id))).boxed()
        }
        Kind::User => (0..3_u32).prop_map(|id| Value::User(UserId(id))).boxed(),
        Kind::Path => prop_oneof!["[A-Z]{1,3}(/[A-Z, ]{0,2}[a-z~]){0,2}", Just("~".into())]
            .prop_map(|text: String| Value::Path(path(&text).unwrap_or_else(|| "x".into())))
            .boxed(),
    }
}

fn operand(kind: &Kind) -> BoxedStrategy<Operand> {
    let constant = value(kind).prop_map(Operand::Value);
    if !matches!(kind, Kind::Date | Kind::Timestamp) {
        return constant.boxed();
    }
    let edge = prop::sample::select(vec![Edge::Start, Edge::End]);
    let of = prop::sample::select(vec![Calendar::Week, Calendar::Month, Calendar::Quarter, Calendar::Year]);
    let period = (edge, of, offset()).prop_map(|(edge, of, offset)| {
        Operand::Period(Period { edge, of, offset: if offset.count == 0 { no_distance() } else { offset } })
    });
    prop_oneof![2 => constant, 1 => day().prop_map(|day| Operand::Value(Value::Date(day))),
        2 => offset().prop_map(Operand::Today), 2 => period]
    .boxed()
}

fn no_distance() -> Offset {
    Offset { count: 0, unit: Unit::Days }
}

fn field() -> impl Strategy<Value = Field> {
    prop_oneof![
        8 => (0..11_u32).prop_map(|id| Field::Attribute(AttributeId(id))),
        1 => Just(Field::AccountKey),
        1 => Just(Field::AccountCreated),
        1 => (0..2_u32).prop_map(|id| Field::Completed(CourseId(id))),
        1 => (0..2_u32).prop_map(|id| Field::Score(CourseId(id))),
        1 => (0..2_u32).prop_map(|id| Field::Due(CourseId(id))),
    ]
}

fn fact() -> impl Strategy<Value = Fact> {
    (0..2_u32, 0..5).prop_map(|(id, which)| match which {
        0 => Fact::Segment(SegmentId(id)),
        1 => Fact::Site(SiteId(id)),
        2 => Fact::Role(RoleId(id)),
        3 => Fact::Enrolled(CourseId(id)),
        _ => Fact::Group(CourseId(0), GroupId(id)),
    })
}

fn comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ])
}

fn test_of(field: Field) -> BoxedStrategy<Rule> {
    let kind = field.kind(&NAMES.attributes).unwrap().clone();
    let attribute = field.attribute().unwrap_or(AttributeId(0));
    let has = Just(Rule::Has(field));
    if let Kind::MultiChoice { .. } = kind {
        let options =
            prop::sample::subsequence((0..4).map(OptionId).collect::<Vec<_>>(), 1..=4).prop_shuffle();
        let quantity = prop_oneof![
            Just(Quantity::Any),
            Just(Quantity::All),
            Just(Quantity::None),
            (0..4_u32).prop_map(Quantity::AtLeast),
            (0..4_u32).prop_map(Quantity::AtMost),
            (0..4_u32).prop_map(Quantity::Exactly),
        ];
        let some = (quantity, options).prop_map(move |(quantity, options)| Rule::Options {
            attribute,
            quantity,
            options,
        });
        let size = (comparison(), 1..9_u32).prop_map(move |(comparison, count)| Rule::Size {
            attribute,
            comparison,
            count,
        });
        return prop_oneof![4 => some, 1 => size, 1 => has].boxed();
    }
    let compare = (comparison(), operand(&kind)).prop_map(move |(comparison, with)| Rule::Compare {
        field,
        comparison,
        with,
    });
    let within = prop::collection::vec(value(&kind), 1..4).prop_map(move |values| Rule::In { field, values });
    let between =
        (operand(&kind), operand(&kind)).prop_map(move |(from, to)| Rule::Between { field, from, to });
    let how = prop::sample::select(vec![
        Matching::StartsWith,
        Matching::EndsWith,
        Matching::Contains,
        Matching::Glob,
    ]);
    let matched = (how, text()).prop_map(move |(how, text)| Rule::Match {
        field,
        how,
        text: matricula_rule::normalise(&text).into(),
    });
    let common = prop_oneof![3 => compare, 2 => within, 2 => between, 1 => has];
    match kind {
        Kind::Text => prop_oneof![2 => common, 1 => matched].boxed(),
        Kind::Path => {
            let under = (value(&kind), any::<bool>()).prop_map(move |(value, itself)| match value {
                Value::Path(path) => Rule::Under { attribute, path, itself },
                _ => unreachable!(),
            });
            prop_oneof![2 => common, 1 => under].boxed()
        }
        Kind::User => {
            let above = (0..3_u32).prop_map(move |id| Rule::ReportsTo { attribute, user: UserId(id) });
            prop_oneof![2 => common, 1 => above].boxed()
        }
        _ => common.boxed(),
    }
}

/// Rules that could be stored.
fn rule() -> impl Strategy<Value = Rule> {
    let leaf = prop_oneof![5 => field().prop_flat_map(test_of), 1 => fact().prop_map(Rule::Is)];
    leaf.prop_filter("a rule that can be stored", |rule| validate(rule, &*NAMES).is_ok()).prop_recursive(
        5,
        30,
        4,
        |inner| {
            let parts = || prop::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                parts().prop_map(Rule::All),
                parts().prop_map(Rule::Any),
                parts().prop_map(Rule::Xor),
                inner.clone().prop_map(|rule| Rule::Not(Box::new(rule))),
            ]
        },
    )
}

/// The rule as it comes back: what the documentation says is joined, or said otherwise.
fn normal(rule: Rule) -> Rule {
    match rule {
        Rule::All(parts) => {
            let parts = parts.into_iter().map(normal);
            Rule::All(
                parts.flat_map(|part| if let Rule::All(more) = part { more } else { vec![part] }).collect(),
            )
        }
        Rule::Any(parts) => {
            let parts = parts.into_iter().map(normal);
            Rule::Any(
                parts.flat_map(|part| if let Rule::Any(more) = part { more } else { vec![part] }).collect(),
            )
        }
        Rule::Xor(parts) => Rule::Xor(parts.into_iter().map(normal).collect()),
        Rule::Not(part) => Rule::Not(Box::new(normal(*part))),
        Rule::Compare { field, comparison, with: Operand::Value(Value::Text(text)) } if text.is_empty() => {
            let rule = Rule::In { field, values: vec![Value::Text(text)] };
            if comparison == Comparison::Equal { rule } else { Rule::Not(Box::new(rule)) }
        }
        Rule::Compare { field, comparison, with } => Rule::Compare { field, comparison, with: today(with) },
        Rule::Between { field, from, to } => Rule::Between { field, from: today(from), to: today(to) },
        rule => rule,
    }
}

fn today(operand: Operand) -> Operand {
    match operand {
        Operand::Today(offset) if offset.count == 0 => Operand::Today(no_distance()),
        operand => operand,
    }
}

/// Whether the documentation says that a rule builder can say it.
fn can_be_said(rule: &Rule) -> bool {
    let is_instant = |field: &Field| matches!(field.kind(&NAMES.attributes), Some(Kind::Timestamp));
    let placeholder = |text: &str| text == "~";
    let white = |char: char| char == '\u{feff}' || (char.is_whitespace() && char != '\u{85}');
    let edges = |text: &str| text.starts_with(white) || text.ends_with(white);
    let word = |value: &Value| match value {
        Value::Text(text) | Value::Path(text) => Some(text.to_string()),
        _ => None,
    };
    let of = |operand: &Operand| match operand {
        Operand::Value(value) => word(value),
        _ => None,
    };
    let quarter =
        |operand: &Operand| matches!(operand, Operand::Period(period) if period.of == Calendar::Quarter);
    let edge = |operand: &Operand| match operand {
        Operand::Period(period) => Some(period.edge),
        _ => None,
    };
    match rule {
        Rule::All(parts) | Rule::Any(parts) | Rule::Xor(parts) => parts.iter().all(can_be_said),
        Rule::Not(part) => can_be_said(part),
        Rule::Size { .. } => false,
        Rule::Compare { field, comparison, with } => {
            let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
            of(with).is_none_or(|text| !placeholder(&text) && (equality || !text.is_empty()))
                && !quarter(with)
                && !(is_instant(field) && edge(with) == Some(Edge::End))
        }
        Rule::Between { field, from, to } => {
            let fits = |end: &Operand| {
                of(end).is_none_or(|text| !placeholder(&text) && !text.is_empty() && !edges(&text))
                    && !quarter(end)
            };
            fits(from)
                && fits(to)
                && !(is_instant(field) && (edge(from) == Some(Edge::End) || edge(to) == Some(Edge::Start)))
        }
        Rule::In { values, .. } => {
            values.iter().all(|value| word(value).is_none_or(|text| !placeholder(&text) && !edges(&text)))
        }
        Rule::Match { text, .. } => !placeholder(text) && !text.is_empty(),
        Rule::Under { path, .. } => !placeholder(path),
        Rule::Has(_) | Rule::Options { .. } | Rule::ReportsTo { .. } | Rule::Is(_) => true,
    }
}

/// JSON that looks like a query here and there.
fn anything() -> impl Strategy<Value = Json> {
    let words = prop::sample::select(vec![
        "",
        "~",
        "and",
        "or",
        "xor",
        "AND",
        "department",
        "level",
        "rate",
        "remote",
        "hired_on",
        "last_login",
        "country",
        "skills",
        "manager",
        "org",
        "segment",
        "role",
        "score:gdpr",
        "completed_on:gdpr",
        "due_on:gdpr",
        "group:gdpr",
        "group:fire safety",
        "account.key",
        "account.created",
        "fact:site",
        "=",
        "!=",
        "<",
        "<=",
        "contains",
        "doesNotContain",
        "null",
        "notNull",
        "in",
        "notIn",
        "between",
        "notBetween",
        "under",
        "glob",
        "allOf",
        "reportsTo",
        "withinLast",
        "olderThan",
        "ZA",
        "rust",
        "ann",
        "sales",
        "gdpr",
        "monday",
        "5",
        "3,5",
        "9,3",
        "0.5",
        "true",
        "2026-01-31",
        "2026-02-30",
        "2026-01-31,2026-01-01",
        "2026-01-31T08:00:00Z",
        "90 days",
        "EMEA/ZA",
        "value",
        "field",
        "relative",
        "now",
        "startOfDay",
        "endOfMonth",
        "startOfYear",
        "day",
        "month",
        "some",
        "atLeast",
        "all",
        "exactly",
    ]);
    let leaf = prop_oneof![
        6 => words.prop_map(Json::from),
        1 => text().prop_map(Json::from),
        1 => Just(Json::Null),
        2 => any::<bool>().prop_map(Json::from),
        2 => (-3..9_i64).prop_map(Json::from),
        1 => any::<i64>().prop_map(Json::from),
        1 => any::<f64>().prop_map(Json::from),
    ];
    let key = prop::sample::select(vec![
        "combinator",
        "rules",
        "not",
        "muted",
        "field",
        "operator",
        "value",
        "valueSource",
        "match",
        "mode",
        "threshold",
        "anchor",
        "offset",
        "unit",
        "count",
        "includeMissing",
        "lhs",
        "id",
        "$bigint",
    ]);
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::Array),
            prop::collection::btree_map(key.clone().prop_map(String::from), inner, 0..6)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

/// Fields, operators that some of them have, and values that some of those take.
const LIKELY: &[(&[&str], &[&str], &[&str])] = &[
    (
        &["department", "email", "account.key"],
        &["=", "!=", "<", ">=", "contains", "beginsWith", "doesNotEndWith", "glob", "in", "notIn", "between"],
        &[r#""Sales""#, r#"["IT", "HR"]"#, r#"" a , b ""#, r#"["", "x"]"#, r#""a\\,b,c""#],
    ),
    (
        &["level", "rate", "score:gdpr"],
        &["=", "!=", "<=", ">", "in", "notIn", "between", "notBetween"],
        &["5", r#""7""#, r#""9,3""#, "[1, 2]", "0.5", r#"["0.25", 3]"#],
    ),
    (
        &["hired_on", "last_login", "account.created", "completed_on:gdpr", "due_on:gdpr"],
        &["=", "<", "<=", ">", "between", "notBetween", "in", "withinLast", "withinNext", "olderThan"],
        &[
            r#""2026-01-31""#,
            r#""2026-01-31,2026-01-01""#,
            r#""2026-01-31T08:00:00Z""#,
            r#""90 days""#,
            r#"{"count": 2, "unit": "weeks"}"#,
            r#"{"mode": "relative", "anchor": "startOfDay", "offset": -3, "unit": "month"}"#,
            r#"{"mode": "relative", "anchor": "endOfMonth", "offset": 0, "unit": "day"}"#,
            r#"["2026-01-01", {"mode": "relative", "anchor": "endOfDay", "offset": 1, "unit": "week"}]"#,
            r#"["2026-01-01", {"mode": "relative", "anchor": "startOfYear", "offset": 1, "unit": "year"}]"#,
        ],
    ),
    (&["country"], &["=", "!=", "in", "notIn"], &[r#""ZA""#, r#""ZA,NA""#, r#"["Bonaire, Saba"]"#]),
    (
        &["skills"],
        &["=", "!=", "in", "notIn", "contains", "doesNotContain", "anyOf", "allOf", "noneOf"],
        &[r#""rust""#, r#""rust,go,rust""#, r#"["sql"]"#],
    ),
    (&["manager"], &["=", "!=", "in", "reportsTo"], &[r#""ann""#, r#""ann,bob""#]),
    (&["org"], &["=", "under", "below", "notIn"], &[r#""EMEA/ZA""#, r#"["EMEA", "APAC/SG"]"#]),
    (&["segment"], &["=", "!=", "in", "notIn"], &[r#""sales""#, r#""sales,new starters""#]),
    (&["completed", "enrolled"], &["=", "!=", "in"], &[r#""gdpr""#, r#"["gdpr", "fire safety"]"#]),
    (&["remote"], &["=", "!=", "in"], &["true", r#""false""#, "[true]"]),
];

/// A query whose parts are likely to fit each other.
fn likely() -> impl Strategy<Value = Json> {
    let fitting = prop::sample::select(LIKELY).prop_flat_map(|(fields, operators, values)| {
        let field = prop::sample::select(fields);
        let operator = prop_oneof![8 => prop::sample::select(operators), 1 => prop::sample::select(&["null", "notNull"][..])];
        let value = prop::sample::select(values).prop_map(|text| serde_json::from_str(text).unwrap());
        (field, operator, prop_oneof![20 => value, 1 => anything()])
    });
    let rarely = || prop::option::weighted(0.1, any::<bool>());
    let test = (fitting, rarely(), rarely()).prop_map(|((field, operator, value), muted, missing)| {
        json!({"field": field, "operator": operator, "value": value, "muted": muted, "includeMissing": missing})
    });
    let combinator = prop::sample::select(vec!["and", "or", "xor"]);
    test.prop_recursive(4, 24, 4, move |inner| {
        let parts = || prop::collection::vec((inner.clone(), combinator.clone()), 1..4);
        let uniform = (parts(), combinator.clone(), any::<bool>()).prop_map(|(parts, combinator, not)| {
            let rules: Vec<Json> = parts.into_iter().map(|(part, _)| part).collect();
            json!({"combinator": combinator, "not": not, "rules": rules})
        });
        let interleaved = parts().prop_map(|parts| {
            let rules = parts.into_iter().flat_map(|(part, before)| [Json::from(before), part]).skip(1);
            json!({"rules": rules.collect::<Vec<_>>()})
        });
        prop_oneof![uniform, interleaved]
    })
    .prop_map(|json| if json.get("rules").is_some() { json } else { json!({"rules": [json]}) })
}

/// A likely query of which one part is replaced, or gone.
fn tampered() -> impl Strategy<Value = Json> {
    (likely(), any::<prop::sample::Index>(), prop::option::of(anything())).prop_map(
        |(mut json, which, with)| {
            let mut parts = Vec::new();
            collect("", &json, &mut parts);
            let pointer = which.get(&parts).clone();
            match (with, pointer.rsplit_once('/')) {
                (None, Some((above, key))) => match json.pointer_mut(above) {
                    Some(Json::Object(object)) => drop(object.remove(key)),
                    Some(Json::Array(elements)) => drop(elements.remove(key.parse().unwrap())),
                    _ => {}
                },
                (with, _) => *json.pointer_mut(&pointer).unwrap() = with.unwrap_or_default(),
            }
            json
        },
    )
}

/// The places of all parts.
fn collect(pointer: &str, json: &Json, parts: &mut Vec<String>) {
    parts.push(pointer.to_owned());
    match json {
        Json::Array(elements) => {
            elements
                .iter()
                .enumerate()
                .for_each(|(at, part)| collect(&format!("{pointer}/{at}"), part, parts));
        }
        Json::Object(object) => {
            object.iter().for_each(|(key, part)| collect(&format!("{pointer}/{key}"), part, parts));
        }
        _ => {}
    }
}

/// Whatever can be read is a rule that can be stored, written, and read again; an error says where.
fn read(json: &Json) -> Result<bool, TestCaseError> {
    match from_builder(json, &*NAMES) {
        Err(error) => {
            let pointer = error.pointer().expect("an error says where");
            // What is missing is not there; what it is missing from is.
            let above = pointer.rsplit_once('/').map_or("", |(above, _)| above);
            prop_assert!(
                json.pointer(pointer).or_else(|| json.pointer(above)).is_some(),
                "{} {}",
                pointer,
                error
            );
            Ok(false)
        }
        Ok(rule) => {
            prop_assert_eq!(validate(&rule, &*NAMES), Ok(()));
            let written = to_builder(&rule, &*NAMES);
            prop_assert!(written.is_ok(), "{:?} of {:?}", written, rule);
            prop_assert_eq!(from_builder(&written.unwrap(), &*NAMES), Ok(rule));
            Ok(true)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn written_and_read_again(rule in rule()) {
        match to_builder(&rule, &*NAMES) {
            Ok(json) => {
                prop_assert!(can_be_said(&rule), "{}", json);
                prop_assert_eq!(from_builder(&json, &*NAMES), Ok(normal(rule.clone())), "{}", json);
                prop_assert_eq!(from_builder_text(&json.to_string(), &*NAMES), Ok(normal(rule)), "{}", json);
            }
            Err(error) => {
                prop_assert_eq!(error.kind(), RuleErrorKind::NotSupported, "{}", error);
                prop_assert!(!can_be_said(&rule), "{}", error);
                let json = serde_json::to_value(&rule).unwrap();
                prop_assert!(json.pointer(error.pointer().unwrap()).is_some(), "{} {}", error, json);
            }
        }
    }

    #[test]
    fn what_can_be_read_can_be_written(json in likely()) {
        read(&json)?;
    }

    #[test]
    fn anything_is_read_or_refused(json in anything()) {
        read(&json)?;
        read(&json!({"combinator": "and", "rules": [json]}))?;
        read(&json!({"rules": json}))?;
    }

    #[test]
    fn what_was_tampered_with_is_read_or_refused(json in tampered()) {
        read(&json)?;
    }

    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof![any::<String>(), "[\\[\\]{}\":,0-9a-z ]{0,40}"]) {
        let _ = from_builder_text(&text, &*NAMES);
    }
}

#[test]
fn many_likely_queries_are_rules() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut rules = 0;
    for _ in 0..1_000 {
        let json = likely().new_tree(&mut runner).unwrap().current();
        rules += usize::from(from_builder(&json, &*NAMES).is_ok());
    }
    assert!(rules > 100, "{rules}");
}
