//! What the tests share: a schema, people, and strategies for schemas, rules and texts.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use matricula_rule::{
    Attribute, AttributeId, Choice, Comparison, Kind, Offset, Operand, OptionId, Person, Rule, Schema, Unit,
    Value,
};
use proptest::prelude::*;

pub const DEPARTMENT: AttributeId = AttributeId(0);
pub const COUNTRY: AttributeId = AttributeId(1);
pub const HIRED_ON: AttributeId = AttributeId(2);
pub const MANAGER: AttributeId = AttributeId(3);

pub fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

pub fn choice(options: &[&str]) -> Kind {
    Kind::Choice { options: options.iter().map(|key| Choice { key: (*key).into() }).collect() }
}

/// `department` and `manager` (text), `country` (choice of ZA, NA, BW), `hired_on` (date), and odd names.
pub fn schema() -> Schema {
    let mut schema = Schema::default();
    schema.define(Attribute::new(DEPARTMENT, "department", Kind::Text));
    schema.define(Attribute::new(COUNTRY, "country", choice(&["ZA", "NA", "BW"])));
    schema.define(Attribute::new(HIRED_ON, "hired_on", Kind::Date));
    schema.define(Attribute::new(MANAGER, "manager", Kind::Text));
    schema.define(Attribute::new(AttributeId(4), "cost-centre", Kind::Text));
    schema.define(Attribute::new(AttributeId(5), "in", Kind::Text));
    schema
}

pub struct Someone {
    pub values: BTreeMap<AttributeId, Value>,
    pub today: NaiveDate,
}

impl Person for Someone {
    fn value(&self, attribute: AttributeId) -> Option<Value> {
        self.values.get(&attribute).cloned()
    }

    fn today(&self) -> NaiveDate {
        self.today
    }
}

/// Each case: a text, the code and the message.
pub fn all_are_refused(cases: &[(&str, &str, &str)]) {
    let schema = schema();
    for (text, code, message) in cases {
        let error = matricula_rule::compile(text, &schema).expect_err(text);
        assert_eq!((error.kind().code(), error.to_string().as_str()), (*code, *message), "{text}");
    }
}

pub fn comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ])
}

pub fn equality() -> impl Strategy<Value = Comparison> {
    prop::sample::select(vec![Comparison::Equal, Comparison::NotEqual])
}

pub fn offset() -> impl Strategy<Value = Offset> {
    let count = prop_oneof![-400..400, any::<i32>(), Just(i32::MIN), Just(i32::MAX), Just(0)];
    let unit = prop::sample::select(vec![Unit::Days, Unit::Weeks, Unit::Months, Unit::Years]);
    (count, unit).prop_map(|(count, unit)| Offset { count, unit })
}

pub fn date() -> impl Strategy<Value = NaiveDate> {
    let (first, last) = Offset::DAYS;
    let span = u64::try_from(last.signed_duration_since(first).num_days()).unwrap();
    let any = (0..=span).prop_map(move |days| first.checked_add_days(Days::new(days)).unwrap());
    prop_oneof![4 => any, 1 => Just(first), 1 => Just(last)]
}

pub fn text() -> impl Strategy<Value = String> {
    let odd = prop::collection::vec(
        prop::sample::select(vec![
            '"',
            '\'',
            '\\',
            '`',
            '\n',
            '\r',
            '\t',
            '\0',
            '\u{7f}',
            '\u{85}',
            '\u{202e}',
            '\u{feff}',
            'e',
            '\u{301}',
            'é',
            '😀',
            'u',
            'x',
            '/',
            ' ',
            '\u{10ffff}',
            '\u{1100}',
            '\u{1161}',
        ]),
        0..12,
    );
    prop_oneof!["[a-zA-Z ]{0,10}", any::<String>(), odd.prop_map(|chars| chars.into_iter().collect())]
}

/// A few attributes of every type, with names of every spelling.
pub fn schemas() -> impl Strategy<Value = Schema> {
    let key = prop_oneof![
        "[a-z_][a-z0-9_]{0,8}",
        "[a-zA-Z0-9_./-][a-zA-Z0-9_./ -]{0,6}",
        prop::sample::select(vec!["in", "true", "null", "has", "user", "today", "date"])
            .prop_map(String::from),
    ];
    let options =
        prop::collection::btree_set(text().prop_map(|text| matricula_rule::normalise(&text).into()), 1..5);
    let kind = prop_oneof![
        Just(Kind::Text),
        Just(Kind::Date),
        options
            .prop_map(|keys| Kind::Choice { options: keys.into_iter().map(|key| Choice { key }).collect() }),
    ];
    prop::collection::btree_map(key, kind, 1..6).prop_map(|attributes| {
        let mut schema = Schema::default();
        for (position, (key, kind)) in attributes.into_iter().enumerate() {
            schema.define(Attribute::new(AttributeId(u32::try_from(position).unwrap()), key, kind));
        }
        schema
    })
}

fn value(attribute: &Attribute) -> BoxedStrategy<Value> {
    match &attribute.kind {
        Kind::Text => text().prop_map(|text| Value::text(&text)).boxed(),
        Kind::Date => date().prop_map(Value::Date).boxed(),
        Kind::Choice { options } => {
            (0..u32::try_from(options.len()).unwrap()).prop_map(|id| Value::Choice(OptionId(id))).boxed()
        }
    }
}

pub fn leaf(schema: &Schema) -> BoxedStrategy<Rule> {
    prop::sample::select(schema.attributes().to_vec())
        .prop_flat_map(|attribute| {
            let id = attribute.id;
            let comparison = match attribute.kind {
                Kind::Choice { .. } => equality().boxed(),
                Kind::Text | Kind::Date => comparison().boxed(),
            };
            let constant = value(&attribute).prop_map(Operand::Value);
            let with = match attribute.kind {
                Kind::Date => prop_oneof![constant, offset().prop_map(Operand::Today)].boxed(),
                _ => constant.boxed(),
            };
            let compare = (comparison, with).prop_map(move |(comparison, with)| Rule::Compare {
                attribute: id,
                comparison,
                with,
            });
            let within = prop::collection::vec(value(&attribute), 1..5)
                .prop_map(move |values| Rule::In { attribute: id, values });
            prop_oneof![3 => compare, 2 => within, 1 => Just(Rule::Has(id))]
        })
        .boxed()
}

/// Rules over a schema, in normal form: no "all" directly within an "all", nor "any" within "any".
pub fn rule(schema: &Schema) -> BoxedStrategy<Rule> {
    leaf(schema)
        .prop_recursive(6, 40, 5, |inner| {
            let parts = || prop::collection::vec(inner.clone(), 2..5);
            prop_oneof![
                parts().prop_map(Rule::All),
                parts().prop_map(Rule::Any),
                inner.clone().prop_map(|rule| Rule::Not(Box::new(rule))),
            ]
        })
        .prop_map(flat)
        .boxed()
}

fn flat(rule: Rule) -> Rule {
    match rule {
        Rule::All(parts) => Rule::All(
            parts
                .into_iter()
                .map(flat)
                .flat_map(|part| if let Rule::All(more) = part { more } else { vec![part] })
                .collect(),
        ),
        Rule::Any(parts) => Rule::Any(
            parts
                .into_iter()
                .map(flat)
                .flat_map(|part| if let Rule::Any(more) = part { more } else { vec![part] })
                .collect(),
        ),
        Rule::Not(part) => Rule::Not(Box::new(flat(*part))),
        leaf => leaf,
    }
}

pub fn schema_and_leaf() -> impl Strategy<Value = (Schema, Rule)> {
    schemas().prop_flat_map(|schema| {
        let leaves = leaf(&schema);
        (Just(schema), leaves)
    })
}

pub fn schema_and_rule() -> impl Strategy<Value = (Schema, Rule)> {
    schemas().prop_flat_map(|schema| {
        let rules = rule(&schema);
        (Just(schema), rules)
    })
}

/// Texts of random tokens, some of which are rules.
pub fn tokens() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "user",
        ".",
        "department",
        "country",
        "hired_on",
        "user.department",
        "user.hired_on",
        "user.country",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "in",
        "&&",
        "||",
        "!",
        "(",
        ")",
        "[",
        "]",
        ",",
        "\"Sales\"",
        "'ZA'",
        "\"",
        "'",
        "\\",
        "has",
        "has(user.country)",
        "date",
        "date(\"2026-01-31\")",
        "today",
        "-",
        "+",
        "days(90)",
        "months",
        "null",
        "true",
        "1",
        "1.5",
        "=",
        "&",
        "|",
        "?",
        ":",
        "{",
        "}",
        "and",
        "not",
        "é",
        "\u{301}",
        "\n",
        " ",
        "//",
        "`",
        "r\"",
        "b'",
        "'''",
        "%",
        "*",
        "@",
        "0x",
        "😀",
        "user.department == \"Sales\"",
        "size(",
        ".matches(",
    ]);
    let space = prop::sample::select(vec!["", " ", "\n"]);
    prop::collection::vec((token, space), 0..30)
        .prop_map(|parts| parts.into_iter().flat_map(|(token, space)| [token, space]).collect())
}
