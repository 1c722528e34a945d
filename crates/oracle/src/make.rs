//! Companies at random: every kind of attribute, values at the edges, and gaps everywhere. The same seed gives the
//! same company. Not here: rules (`rules`).

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use matricula_rule::{
    Attribute, AttributeId, Choice, CourseId, Decimal, Fact, GroupId, Kind, MAX_INTEGER, Offset, OptionId,
    RoleId, Schema, SegmentId, UserId, Value,
};

use crate::company::{Company, Numbers, Record, Someone};
use crate::rng::Rng;

/// Texts that have broken something somewhere: patterns, quotes, letter case, normal forms, the ends of Unicode.
pub const TEXTS: [&str; 58] = [
    "",
    " ",
    "a",
    "A",
    "ab",
    "aB",
    "AB",
    "abc",
    "b",
    "ba",
    "Sales",
    "sales",
    "sales ",
    "é",
    "É",
    "e\u{301}",
    "ÉCOLE",
    "école",
    "ß",
    "ẞ",
    "ss",
    "İ",
    "ı",
    "i",
    "I",
    "\u{212a}",
    "ſ",
    "Σ",
    "ς",
    "ǅ",
    "*",
    "?",
    "[",
    "]",
    "[a]",
    "a*b",
    "a?b",
    "a.b",
    "a%b",
    "a_b",
    "^a$",
    "(a|b)+",
    "\\",
    "a\\b",
    "\\u0061",
    "'",
    "\"",
    "'; DROP TABLE \"user\"; --",
    "$1",
    "?1",
    "a\nb",
    "a\n",
    "\u{d7ff}",
    "\u{e000}",
    "\u{ffff}",
    "\u{10ffff}",
    "a\u{10ffff}",
    "😀",
];

const FRAGMENTS: [&str; 22] = [
    "a",
    "b",
    "A",
    "B",
    "ab",
    "é",
    "É",
    "ß",
    "*",
    "?",
    "[",
    "]",
    ".",
    "%",
    "_",
    "\\",
    "/",
    "-",
    "\n",
    "😀",
    "\u{10ffff}",
    "\u{e000}",
];

const NAMES: [&str; 8] = ["EMEA", "ZA", "Cape Town", "EMEA2", "ZAR", "é", "a", "\u{10ffff}"];

/// Places where clocks change, some of them at midnight, and one that has left out a day.
const ZONES: [Tz; 6] = [
    Tz::UTC,
    Tz::America__Sao_Paulo,
    Tz::Asia__Beirut,
    Tz::Europe__Berlin,
    Tz::Pacific__Apia,
    Tz::America__St_Johns,
];

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day")
}

/// A text.
pub fn text(rng: &mut Rng) -> String {
    if rng.percent(60) {
        return (*rng.of(&TEXTS)).to_owned();
    }
    (0..rng.below(7)).map(|_| *rng.of(&FRAGMENTS)).collect()
}

/// A path in its normal form.
pub fn path(rng: &mut Rng) -> String {
    let names: Vec<&str> = (0..=rng.below(4)).map(|_| *rng.of(&NAMES)).collect();
    names.join("/")
}

/// A day near another, or a day that is special.
pub fn date(rng: &mut Rng, near: NaiveDate) -> NaiveDate {
    let special = [
        Offset::DAYS.0,
        Offset::DAYS.1,
        day(2024, 2, 29),
        day(2000, 2, 29),
        day(1900, 3, 1),
        day(2011, 12, 30),
        day(2018, 11, 4),
        day(1969, 12, 31),
    ];
    match rng.below(10) {
        0 | 1 => *rng.of(&special),
        2 => near,
        3 | 4 => near - Days::new(rng.below(4) as u64),
        5 => near + Days::new(rng.below(4) as u64),
        _ => near - Days::new(rng.below(800) as u64),
    }
}

/// An instant at or near the first moment of a day, or anywhere in it.
pub fn instant(rng: &mut Rng, company: &Company) -> DateTime<Utc> {
    let day = date(rng, company.today);
    let at = company.start_of(day);
    let at = match rng.below(5) {
        0 => at,
        1 => at - TimeDelta::milliseconds(1),
        2 => at + TimeDelta::milliseconds(1),
        3 => day.and_time(chrono::NaiveTime::MIN).and_utc(),
        _ => at + TimeDelta::milliseconds(rng.within(0, 86_400_000)),
    };
    if (1..=9999).contains(&at.year()) { at } else { company.start_of(company.today) }
}

/// A decimal in millionths.
pub fn millionths(rng: &mut Rng) -> i64 {
    match rng.below(8) {
        0 => 0,
        1 => *rng.of(&[Decimal::MAX.millionths(), -Decimal::MAX.millionths(), 1, -1]),
        2 | 3 => rng.within(-10, 10) * 100_000,
        4 => rng.within(-3, 3) * 1_000_000,
        _ => rng.within(0, 10) * 100_000,
    }
}

/// A value of an attribute, where every kind has one.
pub fn value(rng: &mut Rng, kind: &Kind, company: &Company) -> Option<Value> {
    let option = |rng: &mut Rng| OptionId::at(rng.below(kind.options().map_or(1, |all| all.len())));
    Some(match kind {
        Kind::Text => Value::text(&text(rng)),
        Kind::Integer => Value::Integer(match rng.below(6) {
            0 => *rng.of(&[MAX_INTEGER, -MAX_INTEGER, MAX_INTEGER - 1, 1 - MAX_INTEGER]),
            _ => rng.within(-5, 15),
        }),
        Kind::Decimal => Value::Decimal(Decimal::from_millionths(millionths(rng))?),
        Kind::Boolean => Value::Boolean(rng.percent(50)),
        Kind::Date => Value::Date(date(rng, company.today)),
        Kind::Timestamp => Value::Timestamp(instant(rng, company)),
        Kind::Choice { .. } => Value::Choice(option(rng)),
        Kind::MultiChoice { .. } => {
            let options: BTreeSet<OptionId> = (0..rng.below(4)).map(|_| option(rng)).collect();
            if options.is_empty() {
                return None;
            }
            Value::Choices(options.into_iter().collect())
        }
        Kind::User => Value::User(UserId::at(rng.below(company.people.len()))),
        Kind::Path => Value::Path(matricula_rule::path(&path(rng))?),
    })
}

fn schema(rng: &mut Rng) -> Schema {
    let mut options = |what: &str| {
        (0..2 + rng.below(5))
            .map(|at| Choice::new(format!("{what} '{at}'")))
            .collect::<matricula_rule::Options>()
    };
    let kinds = [
        ("name", Kind::Text),
        ("Department", Kind::Text),
        ("level", Kind::Integer),
        ("rate", Kind::Decimal),
        ("remote", Kind::Boolean),
        ("hired_on", Kind::Date),
        ("last_seen", Kind::Timestamp),
        ("country", Kind::Choice { options: options("c") }),
        ("skills", Kind::MultiChoice { options: options("s") }),
        ("manager", Kind::User),
        ("org", Kind::Path),
    ];
    let mut schema = Schema::default();
    // One of every kind and a few more, in an order of their own.
    let mut order: Vec<usize> = (0..kinds.len()).chain((0..4).map(|_| rng.below(kinds.len()))).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, rng.below(at + 1));
    }
    for (position, kind) in order.into_iter().enumerate() {
        let (key, kind) = &kinds[kind];
        let mut attribute =
            Attribute::new(AttributeId::at(position), format!("{key}_{position}"), kind.clone());
        attribute.ignore_case = *kind == Kind::Text && rng.percent(50);
        schema.define(attribute);
    }
    schema
}

/// A company of so many people.
pub fn company(seed: u64, people: usize) -> Company {
    let rng = &mut Rng::new(seed);
    let numbers = Numbers { segments: 4, sites: 3, courses: 4, groups: 6, roles: 3 };
    let today = *rng.of(&[
        day(2026, 11, 22),
        day(2024, 2, 29),
        day(2026, 3, 31),
        day(2018, 11, 4),
        day(2011, 12, 31),
        day(2026, 1, 1),
    ]);
    let mut company =
        Company { schema: schema(rng), numbers, people: Vec::new(), today, zone: *rng.of(&ZONES) };
    // References need to know how many there are.
    company.people = vec![Someone::default(); people];
    let attributes = company.schema.attributes().to_vec();
    let missing: Vec<usize> = attributes.iter().map(|_| *rng.of(&[5, 20, 40, 70])).collect();
    for id in 0..people {
        let mut someone = someone(rng, &company, id);
        for (attribute, missing) in attributes.iter().zip(&missing) {
            if rng.percent(*missing) {
                continue;
            }
            let value = match &attribute.kind {
                // Short lines of managers, long ones, circles, and people who manage themselves.
                Kind::User => Some(Value::User(UserId::at(match rng.below(20) {
                    0 => id,
                    1..=3 => rng.below(people),
                    _ => id / 3,
                }))),
                kind => value(rng, kind, &company),
            };
            someone.values.extend(value.map(|value| (attribute.id, value)));
        }
        company.people[id] = someone;
    }
    company
}

fn someone(rng: &mut Rng, company: &Company, id: usize) -> Someone {
    let Numbers { segments, sites, courses, groups, roles } = company.numbers;
    let mut someone = Someone {
        key: match rng.below(10) {
            0 => format!("é {id}"),
            1 => format!("o'%{id}"),
            _ => format!("u{id}"),
        },
        active: rng.percent(85),
        created: instant(rng, company),
        ..Someone::default()
    };
    for site in 0..sites {
        if rng.percent(50) {
            someone.sites.insert(site, rng.percent(80));
        }
    }
    for segment in 0..segments {
        if rng.percent(40) {
            someone.facts.insert(Fact::Segment(SegmentId(segment)));
        }
        if rng.percent(3) {
            someone.pins.insert(segment);
        }
        if rng.percent(3) {
            someone.bans.insert(segment);
        }
    }
    for group in 0..groups {
        if rng.percent(30) {
            someone.facts.insert(Fact::Group(CourseId(group % courses), GroupId(group)));
        }
    }
    for role in 0..roles {
        if rng.percent(20) {
            someone.facts.insert(Fact::Role(RoleId(role)));
        }
    }
    for course in 0..courses {
        if rng.percent(50) {
            someone.facts.insert(Fact::Enrolled(CourseId(course)));
        }
        if rng.percent(60) {
            let completed = rng.percent(60).then(|| instant(rng, company));
            let score = rng.percent(60).then(|| rng.within(0, 10) * 100_000);
            someone.records.insert(course, Record { completed, score });
        }
        if rng.percent(40) {
            someone.due.insert(course, date(rng, company.today));
        }
    }
    someone
}
