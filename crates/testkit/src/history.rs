//! Random histories: transactions at growing instants over a small vocabulary, so that collisions are common. Not
//! here: the rules that segments have (`rules`).

use chrono::{Days, NaiveDate};
use matricula_core::rule::{Attribute, AttributeId, Choice, Decimal, Kind, Options, Rule, Schema, Value};
use matricula_core::{
    AttributeDefinition, AttributeType, Change, CourseDefinition, Exception, Input, Instant,
    OptionDefinition, RecordUpdate, RuleSource, SegmentDefinition, SegmentState, SiteDefinition, Status, Tz,
    UserUpdate,
};
use proptest::prelude::*;
use proptest::sample::select;

pub use crate::access::{access_changes, without_access};
use crate::rules::rule;
use crate::{access, lifecycle};

/// One transaction of a history.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// When.
    pub at: Instant,
    /// What is asked for; some of it may be refused.
    pub changes: Vec<Change>,
}

const TEXTS: &[&str] = &["", "Sales", "IT", "é", "Šales", "sales", "SALES", "zz"];
const OPTIONS: &[&str] = &["ZA", "DE", "BR"];
const SKILLS: &[&str] = &["go", "rust", "sql", "zig"];
const GRADES: &[&str] = &["a", "b", "c"];
const PATHS: &[&str] = &["EMEA", "EMEA/ZA", "EMEA/ZA/Paarl", "EMEA/ZAR", "APAC", "EMEA-North"];
/// The courses of every history, by id.
pub const COURSES: &[&str] = &["gdpr", "safety", "welcome", "emea-only"];
/// The segments of every history, by id; they begin without rules.
pub const SEGMENTS: &[&str] = &["s0", "s1", "s2", "s3", "s4", "s5", "s6"];
/// The people who are there from the beginning, so that rules can name them by id.
pub const NAMED: u32 = 4;
/// So many people are changed again and again.
const FEW: u32 = 12;
/// So many people are more than one block of rows has.
const CROWD: u32 = 5_000;
/// How many attributes there are.
pub(crate) const ATTRIBUTES: u32 = 13;

/// The attributes of every history, by id; `nick` and `badge` may ignore case or not, `badge` may be unique, `grade` may
/// be required, have a default and retired options.
pub fn attributes() -> Vec<(&'static str, Kind)> {
    let options = |keys: &[&str]| -> Options { keys.iter().map(|key| Choice::new(*key)).collect() };
    vec![
        ("department", Kind::Text),
        ("country", Kind::Choice { options: options(OPTIONS) }),
        ("hired_on", Kind::Date),
        ("nick", Kind::Text),
        ("level", Kind::Integer),
        ("rate", Kind::Decimal),
        ("flag", Kind::Boolean),
        ("seen_at", Kind::Timestamp),
        ("skills", Kind::MultiChoice { options: options(SKILLS) }),
        ("manager", Kind::User),
        ("unit", Kind::Path),
        ("badge", Kind::Text),
        ("grade", Kind::Choice { options: options(GRADES) }),
    ]
}

/// The same as a schema.
pub fn schema() -> Schema {
    let mut schema = Schema::default();
    for ((key, kind), id) in attributes().into_iter().zip(0..) {
        schema.define(Attribute::new(AttributeId(id), key, kind));
    }
    schema
}

/// The definitions with which every history begins.
pub fn definitions() -> Vec<Change> {
    let mut changes: Vec<Change> = vec![site("emea", Tz::Africa__Johannesburg).into()];
    changes.extend(attributes().into_iter().map(|(key, kind)| {
        let options = kind.options().map(|options| {
            options.iter().map(|option| OptionDefinition::new(option.key.clone())).collect::<Vec<_>>()
        });
        let kind = AttributeType::named(kind.name(), options).expect("a type by its own name");
        Change::from(AttributeDefinition::new(key, kind))
    }));
    changes.push(badge(true, false));
    changes.push(grade(true, Some(0), &[]));
    changes.extend(COURSES.iter().map(|key| {
        let site = Some(site_of_course(key).to_owned());
        Change::from(CourseDefinition { key: (*key).to_owned(), name: None, site, category: None })
    }));
    changes.push(Change::Users((0..NAMED).map(|number| UserUpdate::new(format!("u{number}"))).collect()));
    changes.extend(
        SEGMENTS.iter().map(|key| {
            Change::from(SegmentDefinition { site: site_of(key), ..SegmentDefinition::new(*key) })
        }),
    );
    changes
}

/// A segment may not move between sites: which one it is of follows from its key.
pub(crate) fn site_of_segment(segment: &str) -> Option<&'static str> {
    matches!(segment, "s3" | "s6").then_some("emea")
}

pub(crate) fn site_of_course(course: &str) -> &'static str {
    if course == "emea-only" { "emea" } else { "primary" }
}

fn site_of(segment: &str) -> Option<String> {
    site_of_segment(segment).map(str::to_owned)
}

/// A segment, and a rule that it may have.
fn segment_and_rule() -> impl Strategy<Value = (&'static str, Rule)> {
    select(SEGMENTS).prop_flat_map(|key| (Just(key), rule(site_of_segment(key))))
}

fn badge(unique: bool, ignore_case: bool) -> Change {
    AttributeDefinition { unique, ignore_case, ..AttributeDefinition::new("badge", AttributeType::Text) }
        .into()
}

/// The grade with a default and with retired options, by number.
fn grade(required: bool, default: Option<usize>, retired: &[usize]) -> Change {
    let option = |(key, number): (&&str, usize)| OptionDefinition {
        retired: retired.contains(&number),
        ..OptionDefinition::new(*key)
    };
    let options = GRADES.iter().zip(0..).map(option).collect();
    let default = default.map(|option| GRADES[option].into());
    let attribute = AttributeDefinition::new("grade", AttributeType::Choice(options));
    AttributeDefinition { required, default, ..attribute }.into()
}

pub(crate) fn site(key: &str, zone: Tz) -> SiteDefinition {
    SiteDefinition { key: key.to_owned(), name: None, zone: Some(zone) }
}

/// A day of the months in which histories happen.
pub(crate) fn day(offset: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 15)
        .and_then(|first| first.checked_add_days(Days::new(offset)))
        .unwrap_or_default()
}

/// A value of an attribute.
pub(crate) fn value(attribute: u32) -> BoxedStrategy<Value> {
    match attribute {
        // Few texts that meet often, and many, so that their codes are renumbered now and then.
        0 | 3 => prop_oneof![
            3 => select(TEXTS).prop_map(Value::text),
            1 => (0..900_u32).prop_map(|number| Value::text(&format!("t{number:03}"))),
        ]
        .boxed(),
        1 => (0..3_u32).prop_map(|option| Value::Choice(matricula_core::rule::OptionId(option))).boxed(),
        2 => (0..90_u64).prop_map(|offset| Value::Date(day(offset))).boxed(),
        4 => prop_oneof![-5..20_i64, Just((1 << 53) - 1), Just(300), Just(-70_000)]
            .prop_map(Value::Integer)
            .boxed(),
        5 => prop_oneof![
            (0..12_i64).prop_map(|tenths| tenths * 100_000),
            Just(123_456),
            Just(-1),
            Just(5_000_000_000)
        ]
        .prop_map(|millionths| Value::Decimal(Decimal::from_millionths(millionths).unwrap_or_default()))
        .boxed(),
        6 => any::<bool>().prop_map(Value::Boolean).boxed(),
        7 => instant().prop_map(|at| Value::Timestamp(at.to_utc())).boxed(),
        8 => prop::collection::btree_set(0..4_u32, 1..4)
            .prop_map(|options| {
                Value::Choices(options.into_iter().map(matricula_core::rule::OptionId).collect())
            })
            .boxed(),
        9 => (0..NAMED).prop_map(|user| Value::User(matricula_core::UserId(user))).boxed(),
        // Few badges, so that somebody has them already, and many, so that many people can have one.
        11 => prop_oneof![
            3 => (0..4_u32).prop_map(|number| Value::text(&format!("b{number}"))),
            1 => (0..4_u32).prop_map(|number| Value::text(&format!("B{number}"))),
            1 => (4..1_000_000_u32).prop_map(|number| Value::text(&format!("b{number}"))),
        ]
        .boxed(),
        12 => (0..3_u32).prop_map(|option| Value::Choice(matricula_core::rule::OptionId(option))).boxed(),
        _ => select(PATHS).prop_map(|path| Value::Path(path.into())).boxed(),
    }
}

/// Midnights and instants about them, in the zones that histories have, and others.
pub(crate) fn instant() -> impl Strategy<Value = Instant> {
    let zones = select(vec![Tz::UTC, Tz::Africa__Johannesburg, Tz::America__Sao_Paulo]);
    (0..90_u64, zones, prop_oneof![2 => Just(0_i64), 1 => -1..2_i64, 1 => 0..86_400_000_i64]).prop_map(
        |(offset, zone, millis)| {
            let at = Instant::start_of(day(offset), zone).millis() + millis;
            Instant::from_millis(at).unwrap_or(Instant::EPOCH)
        },
    )
}

/// What a host would give for a value.
fn input(attribute: u32, value: Value) -> Input {
    match value {
        Value::Text(text) | Value::Path(text) => Input::Text(text.to_string()),
        Value::Choice(option) if attribute == 12 => Input::Text(GRADES[option.index()].to_owned()),
        Value::Choice(option) => Input::Text(OPTIONS[option.index()].to_owned()),
        Value::Choices(options) => {
            Input::List(options.iter().map(|option| SKILLS[option.index()].to_owned()).collect())
        }
        Value::Date(date) => Input::Date(date),
        Value::Integer(number) => Input::Integer(number),
        Value::Decimal(number) => Input::Decimal(number),
        Value::Boolean(value) => Input::Boolean(value),
        Value::Timestamp(at) => Input::Timestamp(Instant::try_from(at).unwrap_or(Instant::EPOCH)),
        Value::User(user) => Input::Text(format!("u{}", user.0)),
    }
}

pub(crate) fn key(pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(pool).prop_map(str::to_owned)
}

fn user(people: u32) -> impl Strategy<Value = String> {
    (0..people).prop_map(|number| format!("u{number}"))
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![3 => Just(Status::Active), 1 => Just(Status::Suspended)]
}

fn update(people: impl Strategy<Value = String>) -> impl Strategy<Value = UserUpdate> {
    let given = (0..ATTRIBUTES).prop_flat_map(|attribute| {
        (Just(attribute), prop::option::weighted(0.8, value(attribute))).prop_map(|(attribute, value)| {
            let (key, _) = attributes()[attribute as usize];
            (std::sync::Arc::<str>::from(key), value.map(|value| input(attribute, value)))
        })
    });
    // Now and then somebody who is not there yet, or never will be.
    let given = (given, prop::option::weighted(0.2, 0..FEW + 2)).prop_map(|((key, value), manager)| {
        let named = manager.filter(|_| &*key == "manager").map(|manager| Input::Text(format!("u{manager}")));
        (key, named.or(value))
    });
    let membership = (select(vec!["primary", "emea"]), prop::option::weighted(0.8, status()))
        .prop_map(|(site, status)| (site.into(), status));
    let values = prop::collection::vec(given, 0..6);
    (people, prop::option::weighted(0.2, status()), values, prop::collection::vec(membership, 0..2))
        .prop_map(|(key, status, values, sites)| UserUpdate { key, status, values, sites })
}

/// Many updates of many people; without badges, of which one would be somebody's already, and managers who may not be
/// there.
fn updates(people: u32) -> impl Strategy<Value = Change> {
    prop::collection::vec(update(user(people)), 100..150).prop_map(|mut updates| {
        for update in &mut updates {
            let is_named = |value: &Option<Input>| match value {
                Some(Input::Text(name)) => (0..NAMED).any(|number| *name == format!("u{number}")),
                _ => true,
            };
            update.values.retain(|(key, value)| match &**key {
                "badge" => false,
                "grade" => value.is_some(),
                "manager" => is_named(value),
                _ => true,
            });
        }
        Change::Users(updates)
    })
}

/// A long line of people each of whom reports to the one before; now and then the first to the last.
fn line() -> impl Strategy<Value = Change> {
    (50..90_u32, prop::bool::weighted(0.3)).prop_map(|(length, round)| {
        let above = |number: u32| number.checked_sub(1).or(round.then_some(length - 1));
        let update = |number: u32| {
            let update = UserUpdate::new(format!("u{number}"));
            match above(number) {
                Some(above) => update.set("manager", format!("u{above}")),
                None => update.clear("manager"),
            }
        };
        Change::Users((0..length).map(update).collect())
    })
}

/// So many people with values of all kinds.
fn crowd(people: u32, salt: u32) -> Change {
    let day = |number: u32| day(u64::from(number % 90));
    let update = |number: u32| {
        let mixed = number.wrapping_add(salt).wrapping_mul(0x9E37_79B9) >> 8;
        let one_of = |values: &[&str], turn: u32| values[(mixed >> turn) as usize % values.len()].to_owned();
        let sites = ["primary", "emea"].into_iter().filter(|site| *site == "primary" || mixed % 5 < 2);
        let sites = sites.map(|site| {
            let status = if mixed % 11 == 3 { Status::Suspended } else { Status::Active };
            (site.into(), Some(status))
        });
        let mut update = UserUpdate { sites: sites.collect(), ..UserUpdate::new(format!("u{number}")) }
            .set("department", one_of(TEXTS, 1))
            .set("hired_on", day(mixed))
            .set("level", i64::from(mixed % 25) - 5)
            .set("badge", format!("crowd-{number}"))
            .set("grade", one_of(GRADES, 7))
            .set("manager", format!("u{}", number / 8));
        if !mixed.is_multiple_of(3) {
            update = update.set("country", one_of(OPTIONS, 2)).set("flag", mixed % 7 > 2);
        }
        if !mixed.is_multiple_of(4) {
            update = update.set("unit", one_of(PATHS, 3)).set("skills", vec![one_of(SKILLS, 5)]);
        }
        update
    };
    Change::Users((0..people).map(update).collect())
}

/// A change; of few people again and again, or of all of a crowd.
fn change(crowded: bool) -> impl Strategy<Value = Change> {
    let anybody =
        move || if crowded { prop_oneof![user(FEW), user(CROWD)].boxed() } else { user(FEW).boxed() };
    let states =
        select(vec![SegmentState::Active, SegmentState::Active, SegmentState::Paused, SegmentState::Draft]);
    let segment =
        (segment_and_rule(), prop::bool::weighted(0.7), prop::option::weighted(0.7, states), any::<bool>())
            .prop_map(|((key, rule), ruled, state, renamed)| {
                let name = renamed.then(|| "renamed".to_owned());
                let (site, rule) = (site_of(key), ruled.then_some(RuleSource::Typed(rule)));
                Change::from(SegmentDefinition { name, site, rule, state, ..SegmentDefinition::new(key) })
            });
    let zones = select(vec![Tz::UTC, Tz::America__Sao_Paulo, Tz::Pacific__Auckland]);
    let exception = (
        key(SEGMENTS),
        anybody(),
        prop::option::weighted(0.8, select(vec![Exception::Pinned, Exception::Banned])),
    )
        .prop_map(|(segment, user, exception)| Change::Exception { segment, user, exception });
    let record = (
        anybody(),
        key(COURSES),
        prop::option::of(prop::option::weighted(0.8, instant())),
        prop::option::of(prop::option::weighted(0.8, (0..=10_i64).prop_map(|tenths| tenths * 100_000))),
    )
        .prop_map(|(user, course, completed, score)| {
            let score = score.map(|score| score.and_then(Decimal::from_millionths));
            Change::from(RecordUpdate { user, course, completed, score })
        });
    let nick = any::<bool>().prop_map(|ignore_case| {
        Change::from(AttributeDefinition {
            ignore_case,
            ..AttributeDefinition::new("nick", AttributeType::Text)
        })
    });
    let badge = any::<(bool, bool)>().prop_map(|(unique, ignore_case)| badge(unique, ignore_case));
    let grade =
        (any::<bool>(), prop::option::weighted(0.7, 0..3_usize), prop::collection::vec(0..3_usize, 0..2))
            .prop_map(|(required, default, retired)| grade(required, default, &retired));
    prop_oneof![
        10 => update(anybody()).prop_map(|update| Change::Users(vec![update])),
        1 => updates(if crowded { CROWD } else { 150 }),
        1 => line(),
        5 => segment,
        4 => lifecycle::enrolment_rule(),
        2 => exception,
        2 => record,
        1 => (anybody(), key(COURSES)).prop_map(|(user, course)| Change::Enrol { user, course }),
        1 => (anybody(), key(COURSES)).prop_map(|(user, course)| Change::Unenrol { user, course }),
        6 => lifecycle::change(anybody),
        9 => access::change(anybody()),
        1 => anybody().prop_map(|user| Change::Erase { user }),
        1 => zones.prop_map(|zone| site("primary", zone).into()),
        1 => nick,
        1 => badge,
        2 => grade,
    ]
}

/// A random history after [`definitions`], of at most this many transactions.
pub fn history(most: usize) -> impl Strategy<Value = Vec<Transaction>> {
    let hours = prop_oneof![2 => Just(0_i64), 3 => 1..30_i64, 2 => 24..24 * 40_i64];
    let hours = hours.boxed();
    (select(vec![0, 0, FEW, 40]), any::<u32>()).prop_flat_map(move |(people, salt)| {
        history_of(vec![crowd(people, salt)], hours.clone(), most, false)
    })
}

/// A random history of more people than one block of rows has, over few days.
pub fn crowded_history(most: usize) -> impl Strategy<Value = Vec<Transaction>> {
    let hours = prop_oneof![1 => Just(0_i64), 2 => 1..30_i64];
    let hours = hours.boxed();
    any::<u32>().prop_flat_map(move |salt| history_of(vec![crowd(CROWD, salt)], hours.clone(), most, true))
}

fn history_of(
    people: Vec<Change>,
    hours: BoxedStrategy<i64>,
    most: usize,
    crowded: bool,
) -> impl Strategy<Value = Vec<Transaction>> {
    let step = (hours, prop::collection::vec(change(crowded), 0..6));
    // Rules for most segments first, so that there is something for the rest to change.
    let first = segment_and_rule().prop_map(|(key, rule)| {
        let state = Some(SegmentState::Active);
        let site = site_of(key);
        Change::from(SegmentDefinition { state, site, ..SegmentDefinition::with_rule(key, rule) })
    });
    let steps =
        (prop::collection::vec(first, 0..8), access::definitions(), prop::collection::vec(step, 1..most));
    steps.prop_map(move |(first, access, steps)| {
        from_steps(vec![definitions(), people.clone(), first, access], steps)
    })
}

/// Transactions that come first, all at once, and others so many hours after the one before.
pub(crate) fn from_steps(first: Vec<Vec<Change>>, steps: Vec<(i64, Vec<Change>)>) -> Vec<Transaction> {
    let mut at = 1_769_904_000_000_i64;
    let first = first.into_iter().map(|changes| (0, changes));
    let transaction = |(hours, changes): (i64, Vec<Change>)| {
        at += hours * 3_600_000;
        Transaction { at: Instant::from_millis(at).unwrap_or(Instant::EPOCH), changes }
    };
    first.chain(steps).map(transaction).collect()
}

/// The definition of a segment by a rule, of one that is there or of a new one of a site.
pub fn definition() -> impl Strategy<Value = SegmentDefinition> {
    let new = select(vec![None, Some("primary"), Some("emea")]).prop_flat_map(|site| {
        rule(site).prop_map(move |rule| {
            let site = site.map(str::to_owned);
            SegmentDefinition { site, ..SegmentDefinition::with_rule("new", rule) }
        })
    });
    let old = segment_and_rule().prop_map(|(key, rule)| {
        let site = site_of(key);
        SegmentDefinition { site, ..SegmentDefinition::with_rule(key, rule) }
    });
    let active = |definition| SegmentDefinition { state: Some(SegmentState::Active), ..definition };
    prop_oneof![1 => new, 2 => old].prop_map(active)
}
