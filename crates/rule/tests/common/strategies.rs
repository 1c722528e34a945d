//! Strategies for names, values and rules.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use matricula_rule::{
    Attribute, AttributeId, Calendar, Choice, Comparison, CourseId, Decimal, Edge, Fact, Field, Glob,
    GroupId, Kind, MAX_INTEGER, Matching, Named, Names, Offset, Operand, OptionId, Options, Part, Period,
    Quantity, RoleId, Rule, Schema, SegmentId, SiteId, Unit, UserId, Value, fold, normalise,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::TestNames;

pub fn comparison() -> impl Strategy<Value = Comparison> {
    select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ])
}

pub fn equality() -> impl Strategy<Value = Comparison> {
    select(vec![Comparison::Equal, Comparison::NotEqual])
}

pub fn unit() -> impl Strategy<Value = Unit> {
    select(vec![Unit::Days, Unit::Weeks, Unit::Months, Unit::Years])
}

pub fn offset() -> impl Strategy<Value = Offset> {
    let count = prop_oneof![-400..400, any::<i32>(), Just(i32::MIN), Just(i32::MAX), Just(0)];
    (count, unit()).prop_map(|(count, unit)| Offset { count, unit })
}

pub fn period() -> impl Strategy<Value = Period> {
    let edge = select(vec![Edge::Start, Edge::End]);
    let of = select(vec![Calendar::Week, Calendar::Month, Calendar::Quarter, Calendar::Year]);
    (edge, of, offset()).prop_map(|(edge, of, offset)| {
        let unit = if offset.count == 0 { Unit::Days } else { offset.unit };
        Period { edge, of, offset: Offset { unit, ..offset } }
    })
}

pub fn date() -> impl Strategy<Value = NaiveDate> {
    let (first, last) = Offset::DAYS;
    let span = u64::try_from(last.signed_duration_since(first).num_days()).unwrap();
    let any = (0..=span).prop_map(move |days| first.checked_add_days(Days::new(days)).unwrap());
    prop_oneof![4 => any, 1 => Just(first), 1 => Just(last)]
}

pub fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    let time = prop_oneof![0..86_400_000i64, (0..86_400i64).prop_map(|second| second * 1000)];
    (date(), time)
        .prop_map(|(day, time)| day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::milliseconds(time))
}

pub fn text() -> impl Strategy<Value = String> {
    let odd = prop::collection::vec(
        select(vec![
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
            '*',
            '?',
            '\u{10ffff}',
            '\u{1100}',
            '\u{1161}',
        ]),
        0..12,
    );
    prop_oneof!["[a-zA-Z ]{0,10}", any::<String>(), odd.prop_map(|chars| chars.into_iter().collect())]
}

pub fn path() -> impl Strategy<Value = std::sync::Arc<str>> {
    let name = prop_oneof!["[A-Za-z]{1,6}", "[A-Z][a-z]{0,3} [A-Z][a-z]{0,3}", text()];
    prop::collection::vec(name, 1..4).prop_map(|names| {
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        matricula_rule::path(&names.join("/")).unwrap_or_else(|| "EMEA/ZA".into())
    })
}

pub fn integer() -> impl Strategy<Value = i64> {
    prop_oneof![-10..10i64, -MAX_INTEGER..=MAX_INTEGER, Just(MAX_INTEGER), Just(-MAX_INTEGER)]
}

pub fn decimal() -> impl Strategy<Value = Decimal> {
    let most = Decimal::MAX.millionths();
    let millionths =
        prop_oneof![-2_000_000..2_000_000i64, (-99..99i64).prop_map(|n| n * 100_000), -most..=most];
    millionths.prop_map(|millionths| Decimal::from_millionths(millionths).unwrap())
}

/// Keys of any spelling, in normalisation form C, no two the same.
fn keys(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<String>> {
    let key = text().prop_map(|text| normalise(&text).into_owned());
    prop::collection::btree_set(key, count).prop_map(|keys| keys.into_iter().collect())
}

fn kind() -> impl Strategy<Value = Kind> {
    let options = || keys(1..5).prop_map(|keys| keys.into_iter().map(Choice::new).collect::<Options>());
    prop_oneof![
        2 => Just(Kind::Text),
        1 => Just(Kind::Integer),
        1 => Just(Kind::Decimal),
        1 => Just(Kind::Boolean),
        1 => Just(Kind::Date),
        1 => Just(Kind::Timestamp),
        1 => options().prop_map(|options| Kind::Choice { options }),
        2 => options().prop_map(|options| Kind::MultiChoice { options }),
        1 => Just(Kind::User),
        1 => Just(Kind::Path),
    ]
}

/// A few attributes of every type, with names of every spelling, and some of everything else.
pub fn all_names() -> impl Strategy<Value = TestNames> {
    let key = prop_oneof![
        "[a-z_][a-z0-9_]{0,8}",
        "[a-zA-Z0-9_./-][a-zA-Z0-9_./ -]{0,6}",
        select(vec!["in", "true", "null", "has", "user", "today", "date", "size", "account", "glob"])
            .prop_map(String::from),
    ];
    let label = prop::option::of(text());
    let attributes = prop::collection::btree_map(key, (kind(), any::<bool>(), label), 1..8);
    let groups = (keys(1..3), keys(0..3)).prop_map(|(first, second)| vec![first, second]);
    (attributes, keys(1..4), keys(1..3), keys(1..3), keys(2..3), groups, keys(1..3)).prop_map(
        |(attributes, users, segments, sites, courses, groups, roles)| {
            let mut schema = Schema::default();
            for (position, (key, (kind, ignore_case, name))) in attributes.into_iter().enumerate() {
                let attribute = Attribute::new(AttributeId::at(position), key, kind);
                schema.define(Attribute { ignore_case, name, ..attribute });
            }
            TestNames { schema, users, segments, sites, courses, groups, roles }
        },
    )
}

fn id(names: &TestNames, what: Named) -> BoxedStrategy<u32> {
    (0..u32::try_from(names.of(what).len()).unwrap()).boxed()
}

fn option(options: &Options) -> BoxedStrategy<OptionId> {
    (0..options.len()).prop_map(OptionId::at).boxed()
}

/// A value of a type.
pub fn value(kind: &Kind, names: &TestNames) -> BoxedStrategy<Value> {
    match kind {
        Kind::Text => text().prop_map(|text| Value::text(&text)).boxed(),
        Kind::Integer => integer().prop_map(Value::Integer).boxed(),
        Kind::Decimal => decimal().prop_map(Value::Decimal).boxed(),
        Kind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Kind::Date => date().prop_map(Value::Date).boxed(),
        Kind::Timestamp => moment().prop_map(Value::Timestamp).boxed(),
        Kind::Choice { options } => option(options).prop_map(Value::Choice).boxed(),
        Kind::MultiChoice { options } => {
            let all: Vec<OptionId> = (0..options.len()).map(OptionId::at).collect();
            subsequence(all, 1..=options.len()).prop_map(|some| Value::Choices(some.into())).boxed()
        }
        Kind::User => id(names, Named::User).prop_map(|id| Value::User(UserId(id))).boxed(),
        Kind::Path => path().prop_map(Value::Path).boxed(),
    }
}

fn operand(kind: &Kind, names: &TestNames) -> BoxedStrategy<Operand> {
    let constant = value(kind, names).prop_map(Operand::Value);
    let today = offset().prop_map(Operand::Today);
    let period = period().prop_map(Operand::Period);
    let now = Just(Operand::Today(Offset { count: 0, unit: Unit::Days }));
    let day = date().prop_map(|day| Operand::Value(Value::Date(day)));
    match kind {
        Kind::Date => prop_oneof![2 => constant, 2 => today, 1 => period, 2 => now].boxed(),
        Kind::Timestamp => prop_oneof![2 => constant, 2 => today, 1 => period, 2 => now, 2 => day].boxed(),
        _ => constant.boxed(),
    }
}

fn between(field: Field, kind: &Kind, names: &TestNames) -> BoxedStrategy<Rule> {
    let ignore_case = field
        .attribute()
        .and_then(|attribute| names.schema.get(attribute))
        .is_some_and(|attribute| attribute.ignore_case);
    (operand(kind, names), operand(kind, names))
        .prop_map(move |(from, to)| {
            let exchanged = match (&from, &to) {
                (Operand::Value(Value::Text(from)), Operand::Value(Value::Text(to))) if ignore_case => {
                    fold(from) > fold(to)
                }
                (Operand::Value(from), Operand::Value(to)) => {
                    std::mem::discriminant(from) == std::mem::discriminant(to) && from > to
                }
                _ => false,
            };
            let (from, to) = if exchanged { (to, from) } else { (from, to) };
            Rule::Between { field, from, to }
        })
        .boxed()
}

fn matching(field: Field) -> BoxedStrategy<Rule> {
    let how = select(vec![Matching::StartsWith, Matching::EndsWith, Matching::Contains, Matching::Glob]);
    (how, text())
        .prop_map(move |(how, text)| {
            let text: Box<str> = normalise(&text).into();
            let fits = match how {
                Matching::Glob => Glob::new(&text).is_ok_and(|glob| glob.parts() != [Part::Any]),
                _ => !text.is_empty(),
            };
            Rule::Match { field, how, text: if fits { text } else { "a?".into() } }
        })
        .boxed()
}

/// A test of a field that has one value.
fn test(field: Field, kind: &Kind, names: &TestNames) -> BoxedStrategy<Rule> {
    let comparison = if kind.is_ordered() { comparison().boxed() } else { equality().boxed() };
    let mut tests = vec![
        (comparison, operand(kind, names))
            .prop_map(move |(comparison, with)| Rule::Compare { field, comparison, with })
            .boxed(),
        prop::collection::vec(value(kind, names), 1..5)
            .prop_map(move |values| Rule::In { field, values })
            .boxed(),
    ];
    if kind.is_ordered() {
        tests.push(between(field, kind, names));
    }
    if !matches!(field, Field::AccountKey | Field::AccountCreated) {
        tests.push(Just(Rule::Has(field)).boxed());
    }
    if *kind == Kind::Text {
        tests.push(matching(field));
    }
    if let (Kind::Path, Some(attribute)) = (kind, field.attribute()) {
        let under =
            (path(), any::<bool>()).prop_map(move |(path, itself)| Rule::Under { attribute, path, itself });
        tests.push(under.boxed());
    }
    if let (Kind::User, Some(attribute)) = (kind, field.attribute()) {
        let above =
            id(names, Named::User).prop_map(move |id| Rule::ReportsTo { attribute, user: UserId(id) });
        tests.push(above.boxed());
    }
    proptest::strategy::Union::new(tests).boxed()
}

/// A test of a multi-choice.
fn set_test(attribute: AttributeId, options: &Options) -> BoxedStrategy<Rule> {
    let all: Vec<OptionId> = (0..options.len()).map(OptionId::at).collect();
    let quantity = |of: u32| {
        prop_oneof![
            2 => Just(Quantity::Any),
            1 => Just(Quantity::All),
            1 => Just(Quantity::None),
            1 => (1..=of).prop_map(Quantity::AtLeast),
            1 => (0..of).prop_map(Quantity::AtMost),
            1 => (0..=of).prop_map(Quantity::Exactly),
        ]
    };
    let some = subsequence(all, 1..=options.len()).prop_shuffle().prop_flat_map(move |options| {
        let of = u32::try_from(options.len()).unwrap();
        (quantity(of), Just(options))
    });
    let some = some.prop_map(move |(quantity, options)| Rule::Options { attribute, quantity, options });
    let count = prop_oneof![0..4u32, Just(i32::MAX.unsigned_abs())];
    let size = (comparison(), count).prop_map(move |(comparison, count)| {
        let constant = count == 0 && matches!(comparison, Comparison::Less | Comparison::GreaterOrEqual);
        Rule::Size { attribute, comparison, count: if constant { 1 } else { count } }
    });
    prop_oneof![3 => some, 1 => size, 1 => Just(Rule::Has(attribute.into()))].boxed()
}

fn fact(names: &TestNames) -> BoxedStrategy<Rule> {
    let courses = id(names, Named::Course).prop_map(|id| Fact::Enrolled(CourseId(id)));
    let first = CourseId(0);
    prop_oneof![
        id(names, Named::Segment).prop_map(|id| Fact::Segment(SegmentId(id))),
        id(names, Named::Site).prop_map(|id| Fact::Site(SiteId(id))),
        id(names, Named::Role).prop_map(|id| Fact::Role(RoleId(id))),
        id(names, Named::Group(first)).prop_map(move |id| Fact::Group(first, GroupId(id))),
        courses,
    ]
    .prop_map(Rule::Is)
    .boxed()
}

pub fn leaf(names: &TestNames) -> BoxedStrategy<Rule> {
    let of_attributes = {
        let names = names.clone();
        select(names.schema.attributes().to_vec()).prop_flat_map(move |attribute| match &attribute.kind {
            Kind::MultiChoice { options } => set_test(attribute.id, options),
            kind => test(attribute.id.into(), kind, &names),
        })
    };
    let of_others = {
        let names = names.clone();
        let fields: Vec<Field> = [CourseId(0), CourseId(1)]
            .into_iter()
            .flat_map(|course| [Field::Completed(course), Field::Score(course), Field::Due(course)])
            .chain([Field::AccountKey, Field::AccountCreated])
            .collect();
        select(fields).prop_flat_map(move |field| {
            let kind = field.kind(names.schema()).unwrap().clone();
            test(field, &kind, &names)
        })
    };
    prop_oneof![4 => of_attributes, 2 => of_others, 1 => fact(names)].boxed()
}

/// Rules over names, in normal form: no "all" directly within an "all", nor "any" within "any".
pub fn rule(names: &TestNames) -> BoxedStrategy<Rule> {
    leaf(names)
        .prop_recursive(6, 40, 5, |inner| {
            let parts = || prop::collection::vec(inner.clone(), 2..5);
            prop_oneof![
                parts().prop_map(Rule::All),
                parts().prop_map(Rule::Any),
                parts().prop_map(Rule::Xor),
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
        Rule::Xor(parts) => Rule::Xor(parts.into_iter().map(flat).collect()),
        Rule::Not(part) => Rule::Not(Box::new(flat(*part))),
        leaf => leaf,
    }
}

pub fn names_and_leaf() -> impl Strategy<Value = (TestNames, Rule)> {
    all_names().prop_flat_map(|names| {
        let leaves = leaf(&names);
        (Just(names), leaves)
    })
}

pub fn names_and_rule() -> impl Strategy<Value = (TestNames, Rule)> {
    all_names().prop_flat_map(|names| {
        let rules = rule(&names);
        (Just(names), rules)
    })
}

/// Values of every type, most of them wrong in some way.
fn wild_value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![integer(), any::<i64>(), Just(MAX_INTEGER + 1)];
    let far = prop_oneof![Just(NaiveDate::MAX), Just(NaiveDate::MIN), date()];
    let odd = (moment(), prop_oneof![Just(0), Just(1), Just(1_000_000)])
        .prop_map(|(at, nanos)| at + TimeDelta::nanoseconds(nanos));
    let instant = prop_oneof![odd, Just(DateTime::<Utc>::MAX_UTC), Just(DateTime::<Utc>::MIN_UTC)];
    prop_oneof![
        text().prop_map(|text| Value::Text(text.into())),
        number.prop_map(Value::Integer),
        decimal().prop_map(Value::Decimal),
        any::<bool>().prop_map(Value::Boolean),
        far.prop_map(Value::Date),
        instant.prop_map(Value::Timestamp),
        (0..4u32).prop_map(|id| Value::Choice(OptionId(id))),
        (0..4u32).prop_map(|id| Value::Choices([OptionId(id)].into())),
        (0..4u32).prop_map(|id| Value::User(UserId(id))),
        text().prop_map(|text| Value::Path(text.into())),
    ]
}

fn wild_operand() -> impl Strategy<Value = Operand> {
    let period = (period(), offset()).prop_map(|(period, offset)| Period { offset, ..period });
    prop_oneof![
        4 => wild_value().prop_map(Operand::Value),
        1 => offset().prop_map(Operand::Today),
        1 => period.prop_map(Operand::Period),
    ]
}

/// Tests of anything by anything, few of which make sense.
pub fn wild_leaf() -> BoxedStrategy<Rule> {
    let attribute = || (0..8u32).prop_map(AttributeId);
    let course = || (0..3u32).prop_map(CourseId);
    let field = || {
        prop_oneof![
            6 => attribute().prop_map(Field::Attribute),
            1 => Just(Field::AccountKey),
            1 => Just(Field::AccountCreated),
            1 => course().prop_map(Field::Completed),
            1 => course().prop_map(Field::Score),
            1 => course().prop_map(Field::Due),
        ]
    };
    let count = || prop_oneof![0..4u32, any::<u32>()];
    let quantity = prop_oneof![
        Just(Quantity::Any),
        Just(Quantity::All),
        Just(Quantity::None),
        count().prop_map(Quantity::AtLeast),
        count().prop_map(Quantity::AtMost),
        count().prop_map(Quantity::Exactly),
    ];
    let how = select(vec![Matching::StartsWith, Matching::EndsWith, Matching::Contains, Matching::Glob]);
    let fact = prop_oneof![
        (0..4u32).prop_map(|id| Fact::Segment(SegmentId(id))),
        (0..4u32).prop_map(|id| Fact::Site(SiteId(id))),
        (0..4u32).prop_map(|id| Fact::Role(RoleId(id))),
        (course(), 0..4u32).prop_map(|(course, id)| Fact::Group(course, GroupId(id))),
        course().prop_map(Fact::Enrolled),
    ];
    prop_oneof![
        field().prop_map(Rule::Has),
        (field(), comparison(), wild_operand()).prop_map(|(field, comparison, with)| Rule::Compare {
            field,
            comparison,
            with
        }),
        (field(), wild_operand(), wild_operand()).prop_map(|(field, from, to)| Rule::Between {
            field,
            from,
            to
        }),
        (field(), prop::collection::vec(wild_value(), 0..3))
            .prop_map(|(field, values)| Rule::In { field, values }),
        (field(), how, text()).prop_map(|(field, how, text)| Rule::Match { field, how, text: text.into() }),
        (attribute(), quantity, prop::collection::vec((0..4u32).prop_map(OptionId), 0..4))
            .prop_map(|(attribute, quantity, options)| Rule::Options { attribute, quantity, options }),
        (attribute(), comparison(), count()).prop_map(|(attribute, comparison, count)| Rule::Size {
            attribute,
            comparison,
            count
        }),
        (attribute(), text(), any::<bool>()).prop_map(|(attribute, path, itself)| Rule::Under {
            attribute,
            path: path.into(),
            itself
        }),
        (attribute(), (0..4u32).prop_map(UserId))
            .prop_map(|(attribute, user)| Rule::ReportsTo { attribute, user }),
        fact.prop_map(Rule::Is),
    ]
    .boxed()
}
