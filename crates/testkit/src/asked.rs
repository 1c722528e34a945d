//! A person of the simulator as a rule sees one. Not here: who is asked what (`simulator`).

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use matricula_core::rule::{AttributeId, Fact, Field, Person, UserId, Value};
use matricula_core::{Instant, Tz};

use crate::history::COURSES;
use crate::simulator::{Round, Simulator, Someone};

/// A person as a rule sees one, when everything that the rule names has been worked out.
pub(crate) struct Asked<'a> {
    pub(crate) simulator: &'a Simulator,
    pub(crate) round: &'a Round,
    pub(crate) key: &'a str,
    pub(crate) zone: Tz,
    pub(crate) at: Instant,
}

impl Asked<'_> {
    fn someone(&self) -> &Someone {
        &self.simulator.people[self.key]
    }
}

impl Person for Asked<'_> {
    fn value(&self, field: Field) -> Option<Value> {
        let course = |course: matricula_core::CourseId| COURSES[course.index()];
        match field {
            Field::Attribute(attribute) => self.someone().values.get(&attribute).cloned(),
            Field::AccountKey => Some(Value::text(self.key)),
            Field::AccountCreated => self.someone().created.map(|at| Value::Timestamp(at.to_utc())),
            Field::Completed(id) => {
                self.someone().completed.get(course(id)).map(|at| Value::Timestamp(at.to_utc()))
            }
            Field::Score(id) => self.someone().scores.get(course(id)).copied().map(Value::Decimal),
            Field::Due(id) => {
                let enrolment = self.round.enrolments.get(&(self.key.to_owned(), course(id).to_owned()));
                enrolment.and_then(|enrolment| enrolment.due()).map(Value::Date)
            }
        }
    }

    fn today(&self) -> NaiveDate {
        self.at.day(self.zone)
    }

    fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        Instant::start_of(day, self.zone).to_utc()
    }

    fn is(&self, fact: Fact) -> bool {
        match fact {
            Fact::Segment(id) => {
                self.round.members[&self.simulator.segment_keys[id.index()]].contains(self.key)
            }
            Fact::Site(id) => {
                let site = if id.0 == 0 { "primary" } else { "emea" };
                self.simulator.counts_in(self.key, site)
            }
            Fact::Enrolled(id) => {
                self.round.enrolments.contains_key(&(self.key.to_owned(), COURSES[id.index()].to_owned()))
            }
            Fact::Group(..) | Fact::Role(_) => false,
        }
    }

    fn reports_to(&self, attribute: AttributeId, user: UserId) -> bool {
        let next = |key: &str| match self.simulator.people.get(key)?.values.get(&attribute) {
            Some(Value::User(manager)) => Some(self.simulator.user_keys[manager.index()].clone()),
            _ => None,
        };
        let mut seen = BTreeSet::new();
        let mut current = next(self.key);
        while let Some(key) = current {
            if key == self.simulator.user_keys[user.index()] {
                return true;
            }
            current = if seen.insert(key.clone()) { next(&key) } else { None };
        }
        false
    }

    fn ignores_case(&self, attribute: AttributeId) -> bool {
        self.simulator.schema.get(attribute).is_some_and(|attribute| attribute.ignore_case)
    }
}
