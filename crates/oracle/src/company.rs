//! A company: attributes, people with gaps in what is known of them, and the facts that rules ask about. Here is what
//! there is and how the library reads it; not how it is made up (`make`), nor how other engines are told (`engine`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use matricula_rule::{AttributeId, CourseId, Fact, Field, Named, Names, Person, Schema, UserId, Value};

/// How many of each there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Segments.
    pub segments: u32,
    /// Sites.
    pub sites: u32,
    /// Courses.
    pub courses: u32,
    /// Course groups; a group belongs to the course of its number, modulo the number of courses.
    pub groups: u32,
    /// Roles.
    pub roles: u32,
}

/// What is known of a person in a course.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// When it was completed.
    pub completed: Option<DateTime<Utc>>,
    /// The score, in millionths.
    pub score: Option<i64>,
}

/// A person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Someone {
    /// The key.
    pub key: String,
    /// Whether active, rather than suspended.
    pub active: bool,
    /// When the account was created.
    pub created: DateTime<Utc>,
    /// The values, where there are any.
    pub values: BTreeMap<AttributeId, Value>,
    /// The sites, and whether the membership is active.
    pub sites: BTreeMap<u32, bool>,
    /// Members of segments, groups; holders of roles; those enrolled.
    pub facts: BTreeSet<Fact>,
    /// Segments by hand: always in, never in.
    pub pins: BTreeSet<u32>,
    /// Segments never in.
    pub bans: BTreeSet<u32>,
    /// What was learnt.
    pub records: BTreeMap<u32, Record>,
    /// What is due.
    pub due: BTreeMap<u32, NaiveDate>,
}

/// Everything that rules can ask about.
#[derive(Clone, Debug)]
pub struct Company {
    /// The attributes.
    pub schema: Schema,
    /// How many of everything else there are.
    pub numbers: Numbers,
    /// The people, by [`UserId`].
    pub people: Vec<Someone>,
    /// The day of the question.
    pub today: NaiveDate,
    /// The place of the question.
    pub zone: Tz,
}

impl Company {
    /// The first moment of a day: a clock that skips midnight begins the day later.
    pub fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let mut local = day.and_time(chrono::NaiveTime::MIN);
        // A day that a place left out altogether begins with the next.
        for _ in 0..=200 {
            if let Some(at) = self.zone.from_local_datetime(&local).earliest() {
                return at.to_utc();
            }
            local += TimeDelta::minutes(15);
        }
        local.and_utc()
    }

    /// A person as rules see one.
    pub fn person(&self, id: UserId) -> At<'_> {
        At { company: self, id }
    }

    /// Whether following a user attribute from a person leads to another.
    pub fn reports_to(&self, from: UserId, attribute: AttributeId, to: UserId) -> bool {
        let mut seen = BTreeSet::new();
        let mut at = from;
        while let Some(Value::User(above)) = self.people[at.index()].values.get(&attribute) {
            if *above == to {
                return true;
            }
            if !seen.insert(*above) {
                return false;
            }
            at = *above;
        }
        false
    }
}

impl Names for Company {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn find(&self, what: Named, key: &str) -> Option<u32> {
        if what == Named::User {
            return self.people.iter().position(|person| person.key == key).map(|at| UserId::at(at).0);
        }
        let (of, id) = key.split_once('-')?;
        let id: u32 = id.parse().ok()?;
        (of == what.word() && self.key(what, id).is_some()).then_some(id)
    }

    fn key(&self, what: Named, id: u32) -> Option<Cow<'_, str>> {
        let count = match what {
            Named::User => return self.people.get(UserId(id).index()).map(|person| (&*person.key).into()),
            Named::Segment => self.numbers.segments,
            Named::Site => self.numbers.sites,
            Named::Course => self.numbers.courses,
            Named::Group(course) if id % self.numbers.courses != course.0 => return None,
            Named::Group(_) => self.numbers.groups,
            Named::Role => self.numbers.roles,
        };
        (id < count).then(|| format!("{}-{id}", what.word()).into())
    }
}

/// One person of a company.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    company: &'a Company,
    id: UserId,
}

impl At<'_> {
    fn someone(&self) -> &Someone {
        &self.company.people[self.id.index()]
    }

    fn record(&self, course: CourseId) -> Option<&Record> {
        self.someone().records.get(&course.0)
    }
}

impl Person for At<'_> {
    fn value(&self, field: Field) -> Option<Value> {
        match field {
            Field::Attribute(attribute) => self.someone().values.get(&attribute).cloned(),
            Field::AccountKey => Some(Value::text(&self.someone().key)),
            Field::AccountCreated => Some(Value::Timestamp(self.someone().created)),
            Field::Completed(course) => Some(Value::Timestamp(self.record(course)?.completed?)),
            Field::Score(course) => {
                matricula_rule::Decimal::from_millionths(self.record(course)?.score?).map(Value::Decimal)
            }
            Field::Due(course) => self.someone().due.get(&course.0).copied().map(Value::Date),
        }
    }

    fn today(&self) -> NaiveDate {
        self.company.today
    }

    fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        self.company.start_of(day)
    }

    fn is(&self, fact: Fact) -> bool {
        match fact {
            Fact::Site(site) => self.someone().sites.get(&site.0) == Some(&true),
            other => self.someone().facts.contains(&other),
        }
    }

    fn reports_to(&self, attribute: AttributeId, user: UserId) -> bool {
        self.company.reports_to(self.id, attribute, user)
    }

    fn ignores_case(&self, attribute: AttributeId) -> bool {
        self.company.schema.get(attribute).is_some_and(|attribute| attribute.ignore_case)
    }
}
