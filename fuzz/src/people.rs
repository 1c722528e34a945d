//! The people whom every rule is asked about: one with every value, one with none, and one at the end of time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, Utc};
use matricula_rule::{
    AttributeId, CourseId, Fact, Field, Kind, MAX_INTEGER, Offset, OptionId, Person, UserId, Value,
};

use crate::world;

/// A person with a value of each field, or of none.
pub struct Someone {
    values: BTreeMap<Field, Value>,
    today: NaiveDate,
    /// Whether every fact holds, or none.
    facts: bool,
}

static PEOPLE: LazyLock<[Someone; 4]> = LazyLock::new(|| {
    let today = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let someone = |fill: &dyn Fn(&Kind) -> Option<Value>, today, facts| Someone {
        values: fields().filter_map(|field| Some((field, fill(field.kind(&world().schema)?)?))).collect(),
        today,
        facts,
    };
    let (first, last) = Offset::DAYS;
    [
        someone(&ordinary, today, true),
        someone(&|_| None, today, false),
        someone(&|kind| extreme(kind, true), last, true),
        someone(&|kind| extreme(kind, false), first, false),
    ]
});

/// All of them.
pub fn people() -> &'static [Someone] {
    &*PEOPLE
}

fn fields() -> impl Iterator<Item = Field> {
    let attributes = world().schema.attributes().iter().map(|attribute| Field::Attribute(attribute.id));
    let of_courses = [CourseId(0), CourseId(1)]
        .into_iter()
        .flat_map(|course| [Field::Completed(course), Field::Score(course), Field::Due(course)]);
    attributes.chain(of_courses).chain([Field::AccountKey, Field::AccountCreated])
}

fn ordinary(kind: &Kind) -> Option<Value> {
    Some(match kind {
        Kind::Text => Value::text("Sales é"),
        Kind::Integer => Value::Integer(5),
        Kind::Decimal => Value::Decimal("0.8".parse().ok()?),
        Kind::Boolean => Value::Boolean(true),
        Kind::Date => Value::Date(NaiveDate::from_ymd_opt(2024, 1, 31)?),
        Kind::Timestamp => Value::Timestamp("2024-02-28T23:59:59.999Z".parse().ok()?),
        Kind::Choice { .. } => Value::Choice(OptionId(1)),
        Kind::MultiChoice { .. } => Value::Choices([OptionId(0)].into()),
        Kind::User => Value::User(UserId(0)),
        Kind::Path => Value::Path("EMEA/ZA".into()),
    })
}

/// The greatest value, or the least.
fn extreme(kind: &Kind, greatest: bool) -> Option<Value> {
    let (first, last) = Offset::DAYS;
    let day = if greatest { last } else { first };
    let instant = |time: &str| -> Option<DateTime<Utc>> { Some(day.and_time(time.parse().ok()?).and_utc()) };
    let sign = if greatest { 1 } else { -1 };
    Some(match kind {
        Kind::Text => Value::text(if greatest { "\u{10ffff}" } else { "" }),
        Kind::Integer => Value::Integer(sign * MAX_INTEGER),
        Kind::Decimal => {
            let most = matricula_rule::Decimal::MAX.millionths();
            Value::Decimal(matricula_rule::Decimal::from_millionths(sign * most)?)
        }
        Kind::Boolean => Value::Boolean(greatest),
        Kind::Date => Value::Date(day),
        Kind::Timestamp => Value::Timestamp(instant(if greatest { "23:59:59.999" } else { "00:00:00" })?),
        Kind::Choice { options } => {
            Value::Choice(OptionId::at(if greatest { options.len().checked_sub(1)? } else { 0 }))
        }
        Kind::MultiChoice { options } => {
            let all: Vec<OptionId> = (0..options.len()).map(OptionId::at).collect();
            Value::Choices(all.into())
        }
        Kind::User => Value::User(UserId(if greatest { u32::MAX } else { 1 })),
        Kind::Path => Value::Path(if greatest { "\u{10ffff}".into() } else { "a".into() }),
    })
}

impl Person for Someone {
    fn value(&self, field: Field) -> Option<Value> {
        self.values.get(&field).cloned()
    }

    fn today(&self) -> NaiveDate {
        self.today
    }

    fn is(&self, fact: Fact) -> bool {
        let _ = fact;
        self.facts
    }

    fn reports_to(&self, attribute: AttributeId, user: UserId) -> bool {
        let _ = attribute;
        self.facts && user == UserId(0)
    }

    fn ignores_case(&self, attribute: AttributeId) -> bool {
        world().schema.get(attribute).is_some_and(|attribute| attribute.ignore_case)
    }
}
