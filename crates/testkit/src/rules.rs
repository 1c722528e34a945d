//! Random rules over the attributes of histories: every test that the language has, and every combination.

use matricula_core::rule::{
    AttributeId, Calendar, Comparison, CourseId, Edge, Fact, Field, Matching, Offset, Operand, OptionId,
    Period, Quantity, Rule, SegmentId, SiteId, Unit, UserId, Value,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::history::{ATTRIBUTES, COURSES, NAMED, SEGMENTS, day, site_of_course, site_of_segment, value};

fn comparison(ordered: bool) -> BoxedStrategy<Comparison> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let all = [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
    select(if ordered { all.to_vec() } else { all[..2].to_vec() }).boxed()
}

fn offset() -> impl Strategy<Value = Offset> {
    let units = select(vec![Unit::Days, Unit::Weeks, Unit::Months, Unit::Years]);
    (-40..40_i32, units).prop_map(|(count, unit)| {
        let count = match unit {
            Unit::Days => count,
            Unit::Weeks => count / 7,
            Unit::Months => count / 20,
            Unit::Years => count / 40,
        };
        // Nothing is as far in days as in years, and only days are written.
        Offset { count, unit: if count == 0 { Unit::Days } else { unit } }
    })
}

/// A day: one of the calendar, or one that moves.
fn any_day() -> BoxedStrategy<Operand> {
    let calendar = select(vec![Calendar::Week, Calendar::Month, Calendar::Quarter, Calendar::Year]);
    let period = (select(vec![Edge::Start, Edge::End]), calendar, offset())
        .prop_map(|(edge, of, offset)| Operand::Period(Period { edge, of, offset }));
    prop_oneof![
        (0..90_u64).prop_map(|offset| Operand::Value(Value::Date(day(offset)))),
        offset().prop_map(Operand::Today),
        period,
    ]
    .boxed()
}

/// Attributes by what can be asked of them.
const ORDERED: [u32; 5] = [0, 3, 4, 5, 11];
const EQUATED: [u32; 5] = [1, 6, 9, 10, 12];

fn attribute(id: u32) -> Field {
    Field::Attribute(AttributeId(id))
}

/// What the rule of a segment may name, by number.
#[derive(Clone, Debug)]
struct Nameable {
    segments: Vec<u32>,
    courses: Vec<u32>,
    sites: Vec<u32>,
}

impl Nameable {
    /// What a segment of this site may name or, now and then, anything at all.
    fn of(site: Option<&str>) -> impl Strategy<Value = Self> + use<> {
        let numbers = |of: usize| 0..u32::try_from(of).unwrap_or_default();
        let anything = Self {
            segments: numbers(SEGMENTS.len()).collect(),
            courses: numbers(COURSES.len()).collect(),
            sites: vec![0, 1],
        };
        let mut own = anything.clone();
        own.segments.retain(|id| {
            let owner = site_of_segment(SEGMENTS[*id as usize]);
            owner.is_none() || owner == site
        });
        own.courses.retain(|id| site.is_none_or(|site| site == site_of_course(COURSES[*id as usize])));
        own.sites.retain(|id| site.is_none_or(|site| site == ["primary", "emea"][*id as usize]));
        prop_oneof![30 => Just(own), 1 => Just(anything)]
    }
}

/// Fields whose values are days or instants.
fn timed(courses: Vec<u32>) -> impl Strategy<Value = Field> {
    let courses = select(courses);
    prop_oneof![
        3 => Just(attribute(2)),
        3 => Just(attribute(7)),
        1 => Just(Field::AccountCreated),
        1 => courses.clone().prop_map(|course| Field::Completed(CourseId(course))),
        2 => courses.prop_map(|course| Field::Due(CourseId(course))),
    ]
}

fn leaf(names: Nameable) -> impl Strategy<Value = Rule> {
    let compare =
        (select([ORDERED, EQUATED].concat()), any::<bool>()).prop_flat_map(|(id, _)| {
            (comparison(ORDERED.contains(&id)), value(id)).prop_map(move |(comparison, value)| {
                Rule::Compare { field: attribute(id), comparison, with: Operand::Value(value) }
            })
        });
    let in_time = (timed(names.courses.clone()), comparison(true), any_day())
        .prop_map(|(field, comparison, with)| Rule::Compare { field, comparison, with });
    let instants = (comparison(true), value(7)).prop_map(|(comparison, value)| Rule::Compare {
        field: attribute(7),
        comparison,
        with: Operand::Value(value),
    });
    let between = select(ORDERED.to_vec()).prop_flat_map(|id| {
        (value(id), value(id)).prop_map(move |(a, b)| Rule::Between {
            field: attribute(id),
            from: Operand::Value(a.clone().min(b.clone())),
            to: Operand::Value(a.max(b)),
        })
    });
    let between_days = (timed(names.courses.clone()), any_day(), any_day()).prop_map(|(field, from, to)| {
        match (&from, &to) {
            (Operand::Value(a), Operand::Value(b)) if a > b => Rule::Between { field, from: to, to: from },
            _ => Rule::Between { field, from, to },
        }
    });
    let due = (select(names.courses.clone()), 0..20_i32).prop_map(|(course, days)| Rule::Between {
        field: Field::Due(CourseId(course)),
        from: Operand::Today(Offset { count: 0, unit: Unit::Days }),
        to: Operand::Today(Offset { count: days, unit: Unit::Days }),
    });
    let any_of = select(vec![0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12]).prop_flat_map(|id| {
        prop::collection::vec(value(id), 1..4)
            .prop_map(move |values| Rule::In { field: attribute(id), values })
    });
    let matching = (
        select(vec![0, 3, 11]),
        select(vec![Matching::StartsWith, Matching::EndsWith, Matching::Contains, Matching::Glob]),
        select(vec!["S", "s", "al", "é", "t0", "9", "?a*", "*S", "z"]),
    )
        .prop_map(|(id, how, text)| Rule::Match { field: attribute(id), how, text: text.into() });
    let options = (prop::collection::btree_set(0..4_u32, 1..4), 0..6_u32, 1..3_u32).prop_map(
        |(options, quantity, count)| {
            let of = u32::try_from(options.len()).unwrap_or_default();
            let options = options.into_iter().map(OptionId).collect();
            let quantity = match quantity {
                0 => Quantity::Any,
                1 => Quantity::All,
                2 => Quantity::None,
                3 => Quantity::AtLeast(count.min(of)),
                4 if of > 1 => Quantity::AtMost(count.min(of - 1)),
                _ => Quantity::Exactly(count.min(of)),
            };
            Rule::Options { attribute: AttributeId(8), quantity, options }
        },
    );
    let size = (comparison(true), 1..4_u32).prop_map(|(comparison, count)| Rule::Size {
        attribute: AttributeId(8),
        comparison,
        count,
    });
    let under = (value(10), any::<bool>()).prop_map(|(path, itself)| {
        let Value::Path(path) = path else { return Rule::Has(attribute(10)) };
        Rule::Under { attribute: AttributeId(10), path, itself }
    });
    let line = (0..NAMED).prop_map(|user| Rule::ReportsTo { attribute: AttributeId(9), user: UserId(user) });
    let courses = select(names.courses);
    let fact = prop_oneof![
        3 => select(names.segments).prop_map(|id| Fact::Segment(SegmentId(id))),
        1 => select(names.sites).prop_map(|id| Fact::Site(SiteId(id))),
        2 => courses.clone().prop_map(|id| Fact::Enrolled(CourseId(id))),
    ]
    .prop_map(Rule::Is);
    let score = (comparison(true), 0..=10_i64, courses.clone()).prop_map(|(comparison, tenths, course)| {
        let score = matricula_core::rule::Decimal::from_millionths(tenths * 100_000).unwrap_or_default();
        let with = Operand::Value(Value::Decimal(score));
        Rule::Compare { field: Field::Score(CourseId(course)), comparison, with }
    });
    let key = prop_oneof![
        (comparison(true), 0..12_u32).prop_map(|(comparison, user)| {
            let with = Operand::Value(Value::text(&format!("u{user}")));
            Rule::Compare { field: Field::AccountKey, comparison, with }
        }),
        Just(Rule::Match { field: Field::AccountKey, how: Matching::EndsWith, text: "1".into() }),
    ];
    let has = prop_oneof![
        4 => (0..ATTRIBUTES).prop_map(|id| Rule::Has(attribute(id))),
        1 => courses.clone().prop_map(|course| Rule::Has(Field::Completed(CourseId(course)))),
        1 => courses.prop_map(|course| Rule::Has(Field::Score(CourseId(course)))),
    ];
    prop_oneof![
        4 => compare,
        3 => in_time,
        1 => instants,
        1 => between,
        2 => between_days,
        2 => due,
        1 => any_of,
        2 => matching,
        2 => options,
        1 => size,
        2 => under,
        2 => line,
        4 => fact,
        1 => score,
        1 => key,
        2 => has,
    ]
}

/// A random rule over the attributes of [`crate::history`], for segments of a site, or of none.
pub fn rule(site: Option<&str>) -> impl Strategy<Value = Rule> + use<> {
    Nameable::of(site).prop_flat_map(|names| {
        leaf(names).prop_recursive(3, 12, 3, |inner| {
            let parts = || prop::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                2 => parts().prop_map(Rule::All),
                2 => parts().prop_map(Rule::Any),
                1 => parts().prop_map(Rule::Xor),
                2 => inner.clone().prop_map(|part| Rule::Not(Box::new(part))),
            ]
        })
    })
}
