//! Rules at random, over everything that a company has: every test, every combination. Most constants are values that
//! somebody has, so that tests are neither always nor never true. Not here: companies (`make`).

use matricula_rule::{
    Attribute, Calendar, Comparison, CourseId, Edge, Fact, Field, GroupId, Kind, Matching, Offset, Operand,
    OptionId, Period, Person, Quantity, RoleId, Rule, SegmentId, SiteId, Unit, UserId, Value,
};

use crate::company::Company;
use crate::make;
use crate::rng::Rng;

const ALL: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];

/// A rule of at most so many levels of combinations.
pub fn rule(rng: &mut Rng, company: &Company, levels: usize) -> Rule {
    if levels == 0 || rng.percent(20) {
        return leaf(rng, company);
    }
    let parts = |rng: &mut Rng| {
        // Seldom very many, and then of tests alone.
        let (most, levels) = if rng.percent(5) { (20, 1) } else { (3, levels) };
        (0..2 + rng.below(most)).map(|_| rule(rng, company, levels - 1)).collect()
    };
    match rng.below(8) {
        0..=2 => Rule::All(parts(rng)),
        3..=5 => Rule::Any(parts(rng)),
        6 => Rule::Xor(parts(rng)),
        _ => Rule::Not(Box::new(rule(rng, company, levels - 1))),
    }
}

/// A test.
pub fn leaf(rng: &mut Rng, company: &Company) -> Rule {
    let numbers = company.numbers;
    let mut id = |count: u32| u32::try_from(rng.below(count as usize)).unwrap_or(0);
    let course = CourseId(id(numbers.courses));
    let fact = match id(5) {
        0 => Fact::Segment(SegmentId(id(numbers.segments))),
        1 => Fact::Site(SiteId(id(numbers.sites))),
        2 => {
            let group = id(numbers.groups);
            Fact::Group(CourseId(group % numbers.courses), GroupId(group))
        }
        3 => Fact::Role(RoleId(id(numbers.roles))),
        _ => Fact::Enrolled(course),
    };
    match rng.below(20) {
        0 | 1 => Rule::Is(fact),
        2 => on_field(rng, company, Field::Completed(course), &Kind::Timestamp),
        3 => on_field(rng, company, Field::Score(course), &Kind::Decimal),
        4 => on_field(rng, company, Field::Due(course), &Kind::Date),
        5 => on_field(rng, company, Field::AccountCreated, &Kind::Timestamp),
        6 => on_field(rng, company, Field::AccountKey, &Kind::Text),
        _ => {
            let attribute = rng.of(company.schema.attributes());
            on_attribute(rng, company, attribute)
        }
    }
}

/// A test of one attribute.
pub fn on_attribute(rng: &mut Rng, company: &Company, attribute: &Attribute) -> Rule {
    let id = attribute.id;
    match &attribute.kind {
        Kind::MultiChoice { options } => {
            if rng.percent(15) {
                return Rule::Has(id.into());
            }
            let count = u32::try_from(rng.below(4)).unwrap_or(0);
            if rng.percent(30) {
                return Rule::Size { attribute: id, comparison: *rng.of(&ALL), count };
            }
            let mut chosen: Vec<OptionId> = (0..options.len()).map(OptionId::at).collect();
            while chosen.len() > 1 && rng.percent(50) {
                chosen.swap_remove(rng.below(chosen.len()));
            }
            let quantity = *rng.of(&[
                Quantity::Any,
                Quantity::All,
                Quantity::None,
                Quantity::AtLeast(count),
                Quantity::AtMost(count),
                Quantity::Exactly(count),
            ]);
            Rule::Options { attribute: id, quantity, options: chosen }
        }
        Kind::Path if rng.percent(60) => {
            let path = match constant(rng, company, id.into(), &attribute.kind) {
                Value::Path(path) => path,
                _ => "EMEA".into(),
            };
            // Of what somebody has, or of a place above it.
            let path = match path.rsplit_once('/') {
                Some((above, _)) if rng.percent(60) => above.into(),
                _ => path,
            };
            Rule::Under { attribute: id, path, itself: rng.percent(50) }
        }
        Kind::User if rng.percent(60) => {
            let most = if rng.percent(70) { company.people.len().min(40) } else { company.people.len() };
            Rule::ReportsTo { attribute: id, user: UserId::at(rng.below(most)) }
        }
        kind => on_field(rng, company, id.into(), kind),
    }
}

fn on_field(rng: &mut Rng, company: &Company, field: Field, kind: &Kind) -> Rule {
    let ordered = !matches!(kind, Kind::Boolean | Kind::Choice { .. } | Kind::User | Kind::Path);
    match rng.below(10) {
        0 => Rule::Has(field),
        1 | 2 if *kind != Kind::Boolean => {
            let mut values: Vec<Value> =
                (0..=rng.below(5)).map(|_| constant(rng, company, field, kind)).collect();
            if rng.percent(4) {
                values.extend(many(kind, company));
            }
            Rule::In { field, values }
        }
        3 | 4 if ordered => {
            let (from, to) = (operand(rng, company, field, kind), operand(rng, company, field, kind));
            let today = company.today;
            // Mostly the right way round.
            let reversed = match (from.day(today), to.day(today), &from, &to) {
                (Some(from), Some(to), ..) => from > to,
                (None, None, Operand::Value(from), Operand::Value(to)) => from > to,
                _ => false,
            };
            match reversed && rng.percent(90) {
                true => Rule::Between { field, from: to, to: from },
                false => Rule::Between { field, from, to },
            }
        }
        5..=7 if *kind == Kind::Text => {
            let how =
                *rng.of(&[Matching::StartsWith, Matching::EndsWith, Matching::Contains, Matching::Glob]);
            let text = match constant(rng, company, field, kind) {
                Value::Text(text) => part(rng, &text, how),
                _ => String::new(),
            };
            Rule::Match { field, how, text: matricula_rule::normalise(&text).into() }
        }
        _ => {
            let comparison = *rng.of(if ordered { &ALL } else { &ALL[..2] });
            Rule::Compare { field, comparison, with: operand(rng, company, field, kind) }
        }
    }
}

/// More values than are bound one by one.
fn many(kind: &Kind, company: &Company) -> Vec<Value> {
    let day = |at: i64| company.today + chrono::TimeDelta::days(at - 1_400);
    let of = |at: i64| match kind {
        Kind::Text => Some(Value::text(&format!("\"{at}\\"))),
        Kind::Integer => Some(Value::Integer(at - 700)),
        Kind::Decimal => matricula_rule::Decimal::from_millionths(at * 100_000).map(Value::Decimal),
        Kind::Date => Some(Value::Date(day(at))),
        Kind::Timestamp => Some(Value::Timestamp(company.start_of(day(at)))),
        Kind::User => u32::try_from(at).ok().map(|at| Value::User(UserId(at))),
        Kind::Path => matricula_rule::path(&format!("EMEA/{at}")).map(Value::Path),
        _ => None,
    };
    (0..1_400).filter_map(of).collect()
}

/// A part of a text, or a pattern that it may match.
fn part(rng: &mut Rng, text: &str, how: Matching) -> String {
    let chars: Vec<char> = text.chars().collect();
    let (from, to) = (rng.below(chars.len() + 1), rng.below(chars.len() + 1));
    match how {
        Matching::StartsWith => chars[..to].iter().collect(),
        Matching::EndsWith => chars[from..].iter().collect(),
        Matching::Contains => chars[from.min(to)..from.max(to)].iter().collect(),
        Matching::Glob => {
            let mut glob = String::new();
            for char in chars {
                match rng.below(8) {
                    0 => glob.push('*'),
                    1 => glob.push('?'),
                    2 if char != '\\' => glob.extend(['*', char]),
                    _ if matches!(char, '*' | '?' | '\\') => glob.extend(['\\', char]),
                    _ => glob.push(char),
                }
            }
            if rng.percent(30) {
                glob.push('*');
            }
            glob
        }
    }
}

/// A value that somebody has, or another.
fn constant(rng: &mut Rng, company: &Company, field: Field, kind: &Kind) -> Value {
    if rng.percent(70) {
        for _ in 0..4 {
            let somebody = company.person(UserId::at(rng.below(company.people.len())));
            if let Some(value) = somebody.value(field) {
                return value;
            }
        }
    }
    loop {
        if let Some(value) = make::value(rng, kind, company) {
            return value;
        }
    }
}

fn operand(rng: &mut Rng, company: &Company, field: Field, kind: &Kind) -> Operand {
    if !matches!(kind, Kind::Date | Kind::Timestamp) || rng.percent(40) {
        return Operand::Value(constant(rng, company, field, kind));
    }
    let unit = *rng.of(&[Unit::Days, Unit::Weeks, Unit::Months, Unit::Years]);
    let count = match rng.below(12) {
        0 => i32::MIN,
        1 => i32::MAX,
        2 => 0,
        _ => i32::try_from(rng.within(-40, 10)).unwrap_or(0),
    };
    let offset = Offset { count, unit };
    match rng.below(3) {
        0 => Operand::Value(Value::Date(make::date(rng, company.today))),
        1 => Operand::Today(offset),
        _ => Operand::Period(Period {
            edge: *rng.of(&[Edge::Start, Edge::End]),
            of: *rng.of(&[Calendar::Week, Calendar::Month, Calendar::Quarter, Calendar::Year]),
            offset,
        }),
    }
}
