//! What the tests share: names, people, and refusals. Strategies are in `strategies`.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod strategies;
mod tokens;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use matricula_rule::{
    Attribute, AttributeId, Choice, Fact, Field, Kind, Named, Names, Person, Schema, UserId, Value,
};
pub use strategies::*;
pub use tokens::tokens;

pub const DEPARTMENT: AttributeId = AttributeId(0);
pub const COUNTRY: AttributeId = AttributeId(1);
pub const HIRED_ON: AttributeId = AttributeId(2);
pub const MANAGER: AttributeId = AttributeId(3);
pub const FLAG: AttributeId = AttributeId(6);
pub const LEVEL: AttributeId = AttributeId(7);
pub const RATE: AttributeId = AttributeId(8);
pub const LAST_LOGIN: AttributeId = AttributeId(9);
pub const SKILLS: AttributeId = AttributeId(10);
pub const ORG: AttributeId = AttributeId(11);
pub const BOSS: AttributeId = AttributeId(12);
pub const EMAIL: AttributeId = AttributeId(13);

pub fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn choice(options: &[&str]) -> Kind {
    Kind::Choice { options: options.iter().map(|key| Choice::new(*key)).collect() }
}

pub fn multi_choice(options: &[&str]) -> Kind {
    Kind::MultiChoice { options: options.iter().map(|key| Choice::new(*key)).collect() }
}

/// A schema and lists of keys, by position.
#[derive(Clone, Debug, Default)]
pub struct TestNames {
    pub schema: Schema,
    pub users: Vec<String>,
    pub segments: Vec<String>,
    pub sites: Vec<String>,
    pub courses: Vec<String>,
    /// Of each course.
    pub groups: Vec<Vec<String>>,
    pub roles: Vec<String>,
}

impl TestNames {
    pub fn of(&self, what: Named) -> &[String] {
        match what {
            Named::User => &self.users,
            Named::Segment => &self.segments,
            Named::Site => &self.sites,
            Named::Course => &self.courses,
            Named::Group(course) => self.groups.get(course.index()).map_or(&[], Vec::as_slice),
            Named::Role => &self.roles,
        }
    }
}

impl Names for TestNames {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn find(&self, what: Named, key: &str) -> Option<u32> {
        self.of(what).iter().position(|other| other == key).map(|id| u32::try_from(id).unwrap())
    }

    fn key(&self, what: Named, id: u32) -> Option<Cow<'_, str>> {
        self.of(what).get(id as usize).map(|key| key.as_str().into())
    }

    fn keys(&self, what: Named) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        Box::new(self.of(what).iter().map(|key| key.as_str().into()))
    }
}

/// An attribute of every type, and odd names; `manager` is a text, `boss` a user.
pub fn schema() -> Schema {
    let mut schema = Schema::default();
    schema.define(Attribute::new(DEPARTMENT, "department", Kind::Text));
    schema.define(Attribute::new(COUNTRY, "country", choice(&["ZA", "NA", "BW"])));
    schema.define(Attribute::new(HIRED_ON, "hired_on", Kind::Date));
    schema.define(Attribute::new(MANAGER, "manager", Kind::Text));
    schema.define(Attribute::new(AttributeId(4), "cost-centre", Kind::Text));
    schema.define(Attribute::new(AttributeId(5), "in", Kind::Text));
    schema.define(Attribute::new(FLAG, "flag", Kind::Boolean));
    schema.define(Attribute::new(LEVEL, "level", Kind::Integer));
    schema.define(Attribute::new(RATE, "rate", Kind::Decimal));
    schema.define(Attribute::new(LAST_LOGIN, "last_login", Kind::Timestamp));
    schema.define(Attribute::new(SKILLS, "skills", multi_choice(&["rust", "go", "sql"])));
    schema.define(Attribute::new(ORG, "org", Kind::Path));
    schema.define(Attribute::new(BOSS, "boss", Kind::User));
    schema.define(Attribute { ignore_case: true, ..Attribute::new(EMAIL, "email", Kind::Text) });
    schema
}

pub fn names() -> TestNames {
    let list = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    TestNames {
        schema: schema(),
        users: list(&["ann", "bob", "Zoë"]),
        segments: list(&["sales", "new starters"]),
        sites: list(&["main", "emea"]),
        courses: list(&["gdpr", "fire safety"]),
        groups: vec![list(&["monday", "tuesday"]), vec![]],
        roles: list(&["instructor", "reporter"]),
    }
}

#[derive(Clone, Debug, Default)]
pub struct Someone {
    pub values: BTreeMap<Field, Value>,
    pub facts: BTreeSet<Fact>,
    /// Whom following an attribute leads to.
    pub above: BTreeSet<(AttributeId, UserId)>,
    pub ignoring_case: BTreeSet<AttributeId>,
    pub today: NaiveDate,
}

impl Person for Someone {
    fn value(&self, field: Field) -> Option<Value> {
        self.values.get(&field).cloned()
    }

    fn today(&self) -> NaiveDate {
        self.today
    }

    fn is(&self, fact: Fact) -> bool {
        self.facts.contains(&fact)
    }

    fn reports_to(&self, attribute: AttributeId, user: UserId) -> bool {
        self.above.contains(&(attribute, user))
    }

    fn ignores_case(&self, attribute: AttributeId) -> bool {
        self.ignoring_case.contains(&attribute)
    }
}

/// Each case: a text, the code and the message.
pub fn all_are_refused(cases: &[(&str, &str, &str)]) {
    let names = names();
    let mut wrong = Vec::new();
    for (text, code, message) in cases {
        let found = match matricula_rule::compile(text, &names) {
            Err(error) => format!("{} {error}", error.kind().code()),
            Ok(rule) => format!("{rule:?}"),
        };
        if found != format!("{code} {message}") {
            wrong.push(format!("{text}\n  {code} {message}\n  {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each case: a text, the same rule printed, and said in English.
pub fn all_read(cases: &[(&str, &str, &str)]) {
    let names = names();
    for (text, printed, english) in cases {
        let rule = match matricula_rule::compile(text, &names) {
            Ok(rule) => rule,
            Err(error) => unreachable!("{error}: {text}"),
        };
        assert_eq!(matricula_rule::print(&rule, &names), *printed, "{text}");
        assert_eq!(matricula_rule::describe(&rule, &names), *english, "{text}");
        assert_eq!(matricula_rule::validate(&rule, &names), Ok(()), "{text}");
        assert_eq!(matricula_rule::compile(printed, &names).as_ref(), Ok(&rule), "{text}");
    }
}
