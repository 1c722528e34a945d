//! Random histories: transactions at growing instants over a small vocabulary, so that collisions are common.

use chrono::{Days, NaiveDate};
use matricula_core::rule::{
    Attribute, AttributeId, Choice, Comparison, Kind, Offset, Operand, OptionId, Rule, Schema, Unit, Value,
    print,
};
use matricula_core::{
    AttributeDefinition, AttributeType, Change, CourseDefinition, EnrolmentRuleDefinition, Input, Instant,
    LeavePolicy, SegmentDefinition, SiteDefinition, Status, Tz, UserUpdate,
};
use proptest::prelude::*;
use proptest::sample::select;

/// One transaction of a history.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// When.
    pub at: Instant,
    /// What is asked for; some of it may be refused.
    pub changes: Vec<Change>,
}

const TEXTS: &[&str] = &["", "Sales", "IT", "é", "Šales", "sales", "zz"];
const OPTIONS: &[&str] = &["ZA", "DE", "BR"];
const COURSES: &[&str] = &["gdpr", "safety", "welcome", "emea-only"];
const SEGMENTS: &[&str] = &["s0", "s1", "s2", "s3"];

/// The attributes of every history: `department` (text), `country` (choice), `hired_on` (date).
pub fn schema() -> Schema {
    let options = OPTIONS.iter().map(|key| Choice { key: (*key).to_owned() }).collect();
    let kinds = [("department", Kind::Text), ("country", Kind::Choice { options }), ("hired_on", Kind::Date)];
    let mut schema = Schema::default();
    for ((key, kind), id) in kinds.into_iter().zip(0..) {
        schema.define(Attribute::new(AttributeId(id), key, kind));
    }
    schema
}

/// The definitions with which every history begins.
pub fn definitions() -> Vec<Change> {
    let attribute = |key: &str, kind| AttributeDefinition { key: key.to_owned(), kind }.into();
    let options = OPTIONS.iter().map(|key| (*key).to_owned()).collect();
    let mut changes: Vec<Change> = vec![
        site("emea", Tz::Africa__Johannesburg).into(),
        attribute("department", AttributeType::Text),
        attribute("country", AttributeType::Choice(options)),
        attribute("hired_on", AttributeType::Date),
    ];
    changes.extend(COURSES.iter().map(|key| {
        let site = (*key == "emea-only").then(|| "emea".to_owned());
        Change::from(CourseDefinition { key: (*key).to_owned(), name: None, site })
    }));
    changes
}

fn site(key: &str, zone: Tz) -> SiteDefinition {
    SiteDefinition { key: key.to_owned(), name: None, zone: Some(zone) }
}

fn day(offset: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 15).unwrap().checked_add_days(Days::new(offset)).unwrap()
}

fn value(attribute: u32) -> BoxedStrategy<Value> {
    match attribute {
        // Few texts that meet often, and many, so that their codes are renumbered now and then.
        0 => prop_oneof![
            3 => select(TEXTS).prop_map(Value::text),
            1 => (0..900_u32).prop_map(|number| Value::text(&format!("t{number:03}"))),
        ]
        .boxed(),
        1 => (0..3_u32).prop_map(|option| Value::Choice(OptionId(option))).boxed(),
        _ => (0..90_u64).prop_map(|offset| Value::Date(day(offset))).boxed(),
    }
}

fn comparison(ordered: bool) -> BoxedStrategy<Comparison> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let all = [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
    select(if ordered { all.to_vec() } else { all[..2].to_vec() }).boxed()
}

fn leaf() -> impl Strategy<Value = Rule> {
    let compare =
        (0..3_u32).prop_flat_map(|attribute| {
            (comparison(attribute != 1), value(attribute)).prop_map(move |(comparison, value)| {
                Rule::Compare { attribute: AttributeId(attribute), comparison, with: Operand::Value(value) }
            })
        });
    let units = select(vec![Unit::Days, Unit::Weeks, Unit::Months, Unit::Years]);
    let relative = (comparison(true), -40..40_i32, units).prop_map(|(comparison, count, unit)| {
        let count = match unit {
            Unit::Days => count,
            Unit::Weeks => count / 7,
            Unit::Months => count / 20,
            Unit::Years => count / 40,
        };
        let with = Operand::Today(Offset { count, unit });
        Rule::Compare { attribute: AttributeId(2), comparison, with }
    });
    let any_of = (0..3_u32).prop_flat_map(|attribute| {
        prop::collection::vec(value(attribute), 1..4)
            .prop_map(move |values| Rule::In { attribute: AttributeId(attribute), values })
    });
    prop_oneof![
        2 => compare,
        2 => relative,
        1 => any_of,
        1 => (0..3_u32).prop_map(|attribute| Rule::Has(AttributeId(attribute))),
    ]
}

/// A random rule over [`schema`].
pub fn rule() -> impl Strategy<Value = Rule> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Rule::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Rule::Any),
            inner.prop_map(|part| Rule::Not(Box::new(part))),
        ]
    })
}

fn key(pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(pool).prop_map(str::to_owned)
}

fn user(people: u32) -> impl Strategy<Value = String> {
    (0..people).prop_map(|number| format!("u{number}"))
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![3 => Just(Status::Active), 1 => Just(Status::Suspended)]
}

fn update(people: u32) -> impl Strategy<Value = UserUpdate> {
    let value = |attribute: u32, key: &'static str| {
        prop::option::weighted(0.6, prop::option::weighted(0.8, value(attribute))).prop_map(move |value| {
            value.map(|value| {
                let input = value.map(|value| match value {
                    Value::Text(text) => Input::Text(text.into()),
                    Value::Choice(option) => Input::Text(OPTIONS[option.0 as usize].to_owned()),
                    Value::Date(date) => Input::Date(date),
                });
                (key.into(), input)
            })
        })
    };
    let values = (value(0, "department"), value(1, "country"), value(2, "hired_on"));
    let membership = (select(vec!["primary", "emea"]), prop::option::weighted(0.8, status()))
        .prop_map(|(site, status)| (site.into(), status));
    (user(people), prop::option::weighted(0.2, status()), values, prop::collection::vec(membership, 0..2))
        .prop_map(|(key, status, (a, b, c), sites)| UserUpdate {
            key,
            status,
            values: [a, b, c].into_iter().flatten().collect(),
            sites,
        })
}

fn change() -> impl Strategy<Value = Change> {
    let segment = (key(SEGMENTS), rule(), any::<bool>()).prop_map(|(key, rule, of_site)| {
        // A segment may not move between sites: which one it is of follows from its key.
        let site = (key == "s3").then(|| "emea".to_owned());
        let name = of_site.then(|| "renamed".to_owned());
        Change::from(SegmentDefinition { key, name, site, rule: print(&rule, &schema()) })
    });
    let policy = select(vec![LeavePolicy::Keep, LeavePolicy::Suspend, LeavePolicy::Unenrol]);
    let rules = (
        0..5_u32,
        key(SEGMENTS),
        prop::collection::vec(key(COURSES), 1..3),
        policy,
        prop::bool::weighted(0.8),
    )
        .prop_map(|(number, segment, courses, on_leave, enabled)| {
            let key = format!("r{number}");
            Change::from(EnrolmentRuleDefinition { key, name: None, segment, courses, on_leave, enabled })
        });
    let zones = select(vec![Tz::UTC, Tz::America__Sao_Paulo, Tz::Pacific__Auckland]);
    prop_oneof![
        8 => update(12).prop_map(|update| Change::Users(vec![update])),
        1 => prop::collection::vec(update(150), 100..150).prop_map(Change::Users),
        3 => segment,
        3 => rules,
        1 => (user(12), key(COURSES)).prop_map(|(user, course)| Change::Enrol { user, course }),
        1 => (user(12), key(COURSES)).prop_map(|(user, course)| Change::Unenrol { user, course }),
        1 => zones.prop_map(|zone| site("primary", zone).into()),
    ]
}

/// A random history after [`definitions`], of at most this many transactions.
pub fn history(most: usize) -> impl Strategy<Value = Vec<Transaction>> {
    let hours = prop_oneof![2 => Just(0_i64), 3 => 1..30_i64, 2 => 24..24 * 40_i64];
    let step = (hours, prop::collection::vec(change(), 0..6));
    prop::collection::vec(step, 1..most).prop_map(|steps| {
        let mut at = 1_769_904_000_000_i64;
        let mut history = vec![Transaction { at: Instant::from_millis(at).unwrap(), changes: definitions() }];
        for (hours, changes) in steps {
            at += hours * 3_600_000;
            history.push(Transaction { at: Instant::from_millis(at).unwrap(), changes });
        }
        history
    })
}
