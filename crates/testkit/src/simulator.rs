//! The semantics read aloud: every person asked every rule at every midnight, enrolments folded one at a time.
//! Slow on purpose, and with no code in common with the engine but the rule language's own evaluator.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use matricula_core::rule::{AttributeId, Fact, Field, Person, Rule, Schema, Truth, UserId, Value, evaluate};
use matricula_core::{
    Change, Decimal, EnrolmentStatus, Exception, Input, Instant, LeavePolicy, Reason, ReasonState,
    RuleSource, SegmentState, SiteId, Snapshot, Status, Tz,
};

use crate::fold::{Enrolment, fold};
use crate::history::COURSES;

/// A person, by plain maps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Someone {
    suspended: bool,
    created: Option<Instant>,
    pub(crate) values: BTreeMap<AttributeId, Value>,
    sites: BTreeMap<String, Status>,
    completed: BTreeMap<String, Instant>,
    scores: BTreeMap<String, Decimal>,
}

#[derive(Clone, Debug, Default)]
struct Segment {
    site: Option<String>,
    rule: Option<Rule>,
    state: SegmentState,
    exceptions: BTreeMap<String, Exception>,
    /// The state at the end of the last transaction.
    was: SegmentState,
    frozen: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct EnrolmentRule {
    segment: String,
    courses: Vec<String>,
    on_leave: LeavePolicy,
    enabled: bool,
    /// The segment at the end of the last transaction.
    was: Option<String>,
}

/// A registry as the semantics describe it.
#[derive(Clone, Debug)]
pub struct Simulator {
    clock: Option<Instant>,
    pub(crate) schema: Schema,
    zones: BTreeMap<String, Tz>,
    courses: BTreeMap<String, String>,
    /// By id, as they were defined.
    segment_keys: Vec<String>,
    segments: BTreeMap<String, Segment>,
    rules: BTreeMap<String, EnrolmentRule>,
    /// By id, as they were created.
    user_keys: Vec<String>,
    pub(crate) people: BTreeMap<String, Someone>,
    members: BTreeSet<(String, String)>,
    /// Which rule wants whom in which course: (rule, user, course).
    desired: BTreeSet<(String, String, String)>,
    enrolments: BTreeMap<(String, String), Enrolment>,
    by_hand: BTreeMap<(String, String), bool>,
    /// Whom values name who is not there yet.
    waiting: BTreeMap<(String, AttributeId), String>,
}

impl Default for Simulator {
    fn default() -> Self {
        Self {
            clock: None,
            schema: crate::history::schema(),
            zones: BTreeMap::from([("primary".to_owned(), Tz::UTC)]),
            courses: BTreeMap::new(),
            segment_keys: Vec::new(),
            segments: BTreeMap::new(),
            rules: BTreeMap::new(),
            user_keys: Vec::new(),
            people: BTreeMap::new(),
            members: BTreeSet::new(),
            desired: BTreeSet::new(),
            enrolments: BTreeMap::new(),
            by_hand: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }
}

/// What has been worked out so far of what follows at an instant.
#[derive(Default)]
struct Round {
    members: BTreeMap<String, BTreeSet<String>>,
    desired: BTreeSet<(String, String, String)>,
    settled: BTreeSet<String>,
    enrolments: BTreeMap<(String, String), Enrolment>,
}

/// A person as a rule sees one, when everything that the rule names has been worked out.
struct Asked<'a> {
    simulator: &'a Simulator,
    round: &'a Round,
    key: &'a str,
    zone: Tz,
    at: Instant,
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
            Field::Due(_) => None,
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
                self.someone().sites.get(site) == Some(&Status::Active)
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

impl Simulator {
    /// Lets time pass, looking at everybody at every midnight of every site.
    pub fn advance(&mut self, to: Instant) {
        let Some(from) = self.clock else { return };
        let mut midnights = BTreeSet::new();
        for zone in self.zones.values() {
            let mut day = from.day(*zone);
            while day < to.day(*zone) {
                day = day.checked_add_days(Days::new(1)).unwrap();
                midnights.insert(Instant::start_of(day, *zone));
            }
        }
        for midnight in midnights {
            self.follow(midnight);
        }
    }

    /// Applies a change that the engine accepted, in a transaction at an instant.
    pub fn apply(&mut self, change: &Change, at: Instant) {
        match change {
            Change::Site(site) => {
                let primary = self.zones["primary"];
                let zone = site.zone.unwrap_or_else(|| self.zones.get(&site.key).copied().unwrap_or(primary));
                self.zones.insert(site.key.clone(), zone);
            }
            Change::Attribute(attribute) => {
                let definition = self.definition(attribute);
                self.schema.define(definition);
            }
            Change::Course(course) => {
                let site = course.site.clone().unwrap_or_else(|| "primary".to_owned());
                self.courses.entry(course.key.clone()).or_insert(site);
            }
            Change::Segment(segment) => {
                if !self.segments.contains_key(&segment.key) {
                    self.segment_keys.push(segment.key.clone());
                }
                let entry = self.segments.entry(segment.key.clone()).or_default();
                if segment.site.is_some() {
                    entry.site.clone_from(&segment.site);
                }
                match &segment.rule {
                    Some(RuleSource::Typed(rule)) => entry.rule = Some(rule.clone()),
                    Some(_) => unreachable!("a notation that histories do not use"),
                    None => {}
                }
                if let Some(state) = segment.state {
                    entry.state = state;
                }
            }
            Change::EnrolmentRule(rule) => {
                let was = self.rules.get(&rule.key).and_then(|rule| rule.was.clone());
                let (segment, courses) = (rule.segment.clone(), rule.courses.clone());
                let (on_leave, enabled) = (rule.on_leave, rule.enabled);
                self.rules
                    .insert(rule.key.clone(), EnrolmentRule { segment, courses, on_leave, enabled, was });
            }
            Change::Users(updates) => {
                for update in updates {
                    let new = !self.people.contains_key(&update.key);
                    let defaults = self.defaults(update);
                    let someone = self.people.entry(update.key.clone()).or_default();
                    if new {
                        someone.values = defaults;
                        self.user_keys.push(update.key.clone());
                        someone.created = Some(at);
                        if update.sites.is_empty() {
                            someone.sites.insert("primary".to_owned(), Status::Active);
                        }
                    }
                }
                for update in updates {
                    let someone = self.people.get_mut(&update.key).unwrap();
                    if let Some(status) = update.status {
                        someone.suspended = status == Status::Suspended;
                    }
                    for (site, status) in &update.sites {
                        match status {
                            Some(status) => someone.sites.insert(site.to_string(), *status),
                            None => someone.sites.remove(&**site),
                        };
                    }
                    for (attribute, input) in &update.values {
                        let definition = self.schema.find(attribute).unwrap();
                        let (id, names) = (definition.id, definition.kind.name() == "user");
                        self.waiting.remove(&(update.key.clone(), id));
                        if let Some(Input::Text(name)) = input
                            && names
                            && !self.people.contains_key(name)
                        {
                            self.waiting.insert((update.key.clone(), id), name.clone());
                            continue;
                        }
                        match input.as_ref().and_then(|input| self.value(attribute, input)) {
                            None => self.people.get_mut(&update.key).unwrap().values.remove(&id),
                            Some(value) => self.people.get_mut(&update.key).unwrap().values.insert(id, value),
                        };
                    }
                }
                self.name_created();
            }
            Change::Exception { segment, user, exception } => {
                let exceptions = &mut self.segments.get_mut(segment).unwrap().exceptions;
                match exception {
                    Some(exception) => exceptions.insert(user.clone(), *exception),
                    None => exceptions.remove(user),
                };
            }
            Change::Record(record) => {
                let someone = self.people.get_mut(&record.user).unwrap();
                match record.completed {
                    Some(Some(at)) => drop(someone.completed.insert(record.course.clone(), at)),
                    Some(None) => drop(someone.completed.remove(&record.course)),
                    None => {}
                }
                match record.score {
                    Some(Some(score)) => drop(someone.scores.insert(record.course.clone(), score)),
                    Some(None) => drop(someone.scores.remove(&record.course)),
                    None => {}
                }
            }
            Change::Enrol { user, course } => {
                self.by_hand.insert((user.clone(), course.clone()), true);
            }
            Change::Unenrol { user, course } => {
                self.by_hand.insert((user.clone(), course.clone()), false);
            }
            _ => unreachable!("a change that histories do not make"),
        }
    }

    /// Gives people who are there by now to those who named them before.
    fn name_created(&mut self) {
        let people = &self.people;
        let (found, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|(_, name)| people.contains_key(name));
        self.waiting = waiting;
        let found: BTreeMap<(String, AttributeId), String> = found;
        for ((user, attribute), name) in found {
            let manager = self.user_keys.iter().position(|key| *key == name).unwrap();
            let values = &mut self.people.get_mut(&user).unwrap().values;
            values.insert(attribute, Value::User(UserId::at(manager)));
        }
    }

    /// Whether a transaction that ends like this has to be refused, for what attributes demand or for people who were
    /// named and are not there.
    pub fn refuses(&self) -> bool {
        !self.waiting.is_empty() || self.unmet().is_some()
    }

    /// What an input that the engine accepted stands for.
    pub(crate) fn value(&self, attribute: &str, input: &Input) -> Option<Value> {
        let attribute = self.schema.find(attribute).unwrap();
        Some(match (attribute.kind.name(), input) {
            ("text", Input::Text(text)) => Value::text(text),
            ("path", Input::Text(text)) => Value::Path(text.as_str().into()),
            ("choice", Input::Text(text)) => Value::Choice(attribute.option(text).unwrap()),
            ("user", Input::Text(key)) => {
                let position = self.user_keys.iter().position(|user| user == key);
                Value::User(UserId::at(position?))
            }
            ("multi_choice", Input::List(keys)) => {
                let options: BTreeSet<_> = keys.iter().map(|key| attribute.option(key).unwrap()).collect();
                if options.is_empty() {
                    return None;
                }
                Value::Choices(options.into_iter().collect())
            }
            (_, Input::Date(date)) => Value::Date(*date),
            (_, Input::Integer(number)) => Value::Integer(*number),
            (_, Input::Decimal(number)) => Value::Decimal(*number),
            (_, Input::Boolean(value)) => Value::Boolean(*value),
            (_, Input::Timestamp(at)) => Value::Timestamp(at.to_utc()),
            _ => unreachable!("an input that histories do not give"),
        })
    }

    /// Ends a transaction: everything that follows, at its instant.
    pub fn commit(&mut self, at: Instant) {
        self.follow(at);
        let members = &self.members;
        for (key, segment) in &mut self.segments {
            segment.frozen = match (segment.was, segment.state) {
                (SegmentState::Paused, SegmentState::Paused) => std::mem::take(&mut segment.frozen),
                (_, SegmentState::Paused) => {
                    members.iter().filter(|(of, _)| of == key).map(|(_, user)| user.clone()).collect()
                }
                _ => BTreeSet::new(),
            };
            segment.was = segment.state;
        }
        for rule in self.rules.values_mut() {
            rule.was = Some(rule.segment.clone());
        }
        self.clock = Some(at);
    }

    fn follow(&mut self, at: Instant) {
        let mut round = Round { enrolments: self.enrolments.clone(), ..Round::default() };
        for course in self.courses.keys() {
            self.settle(course, &mut round, at);
        }
        for segment in self.segments.keys() {
            self.select(segment, &mut round, at);
        }
        self.members = round
            .members
            .iter()
            .flat_map(|(segment, users)| users.iter().map(|user| (segment.clone(), user.clone())))
            .collect();
        self.desired = round.desired;
        self.enrolments = round.enrolments;
        self.by_hand.clear();
    }

    /// The members of a segment, after those of the segments, and the enrolments, that its rule names.
    fn select(&self, key: &str, round: &mut Round, at: Instant) {
        if round.members.contains_key(key) {
            return;
        }
        let segment = &self.segments[key];
        let mut named = Vec::new();
        if let (Some(rule), SegmentState::Active) = (&segment.rule, segment.state) {
            rule.visit(&mut |part| {
                if let Rule::Is(fact) = part {
                    named.push(*fact);
                }
            });
        }
        for fact in named {
            match fact {
                Fact::Segment(id) => self.select(&self.segment_keys[id.index()], round, at),
                Fact::Enrolled(id) => self.settle(COURSES[id.index()], round, at),
                _ => {}
            }
        }
        let site = segment.site.as_deref();
        let zone = self.zones[site.unwrap_or("primary")];
        let mut members = BTreeSet::new();
        for (user, someone) in &self.people {
            let here = |name: &str| someone.sites.get(name) == Some(&Status::Active);
            let counts =
                !someone.suspended && site.map_or_else(|| self.zones.keys().any(|name| here(name)), here);
            let exception = segment.exceptions.get(user);
            let selected = match (segment.state, exception) {
                (SegmentState::Draft, _) => false,
                (SegmentState::Paused, _) if segment.was == SegmentState::Paused => {
                    segment.frozen.contains(user)
                }
                (SegmentState::Paused, _) => self.members.contains(&(key.to_owned(), user.clone())),
                (SegmentState::Active, Some(exception)) => *exception == Exception::Pinned,
                (SegmentState::Active, None) => segment.rule.as_ref().is_some_and(|rule| {
                    let asked = Asked { simulator: self, round, key: user, zone, at };
                    evaluate(rule, &asked) == Truth::True
                }),
            };
            if counts && selected {
                members.insert(user.clone());
            }
        }
        round.members.insert(key.to_owned(), members);
    }

    /// The enrolments in a course, after the segments of the rules that lead there.
    fn settle(&self, course: &str, round: &mut Round, at: Instant) {
        if !round.settled.insert(course.to_owned()) {
            return;
        }
        let is_here = |entry: &&(String, String, String)| entry.2 == course;
        let before: BTreeSet<_> = self.desired.iter().filter(is_here).cloned().collect();
        let mut desired: BTreeSet<(String, String, String)> = BTreeSet::new();
        for (key, rule) in &self.rules {
            if !rule.enabled || !rule.courses.iter().any(|other| other == course) {
                continue;
            }
            self.select(&rule.segment, round, at);
            let site = &self.courses[course];
            for user in &round.members[&rule.segment] {
                if self.people[user].sites.get(site) == Some(&Status::Active) {
                    desired.insert((key.clone(), user.clone(), course.to_owned()));
                }
            }
            // While its segment is paused, a rule ends nothing.
            if self.segments[&rule.segment].state == SegmentState::Paused
                && rule.was.as_ref() == Some(&rule.segment)
            {
                desired.extend(before.iter().filter(|(of, ..)| of == key).cloned());
            }
        }
        let concerned: BTreeSet<String> = before
            .symmetric_difference(&desired)
            .map(|(_, user, _)| user.clone())
            .chain(self.by_hand.keys().filter(|(_, other)| other == course).map(|(user, _)| user.clone()))
            .collect();
        for user in concerned {
            let is_it = |other: &&(String, String, String)| other.1 == user;
            let arrived: Vec<String> =
                desired.difference(&before).filter(is_it).map(|(rule, ..)| rule.clone()).collect();
            let left: Vec<String> =
                before.difference(&desired).filter(is_it).map(|(rule, ..)| rule.clone()).collect();
            let pair = (user, course.to_owned());
            let mut enrolment = round.enrolments.remove(&pair).unwrap_or_default();
            let policy = |rule: &String| self.rules[rule].on_leave;
            let by_hand = self.by_hand.get(&pair).copied();
            if fold(&mut enrolment, &arrived, &left, policy, by_hand, at) {
                round.enrolments.insert(pair, enrolment);
            }
        }
        round.desired.extend(desired);
    }

    /// Checks that the engine says the same.
    ///
    /// # Panics
    /// If it does not.
    pub fn assert_agrees(&self, snapshot: &Snapshot) {
        let mut members = BTreeSet::new();
        for segment in snapshot.segments() {
            for row in snapshot.members(&segment.key).unwrap().iter() {
                let user = snapshot.user_key(matricula_core::UserId(row)).to_owned();
                members.insert((segment.key.clone(), user));
            }
        }
        assert_eq!(members, self.members, "members at {:?}", self.clock.map(|at| at.to_string()));
        let mut enrolments = BTreeMap::new();
        for user in snapshot.users() {
            for enrolment in snapshot.enrolments_of(user) {
                let mut plain = Enrolment { since: Some(enrolment.since), ..Enrolment::default() };
                for held in &enrolment.reasons {
                    let by = match held.reason {
                        Reason::Manual => None,
                        Reason::Rule(_) => Some(snapshot.reason_key(held.reason).to_owned()),
                    };
                    match held.state {
                        ReasonState::InForce => plain.in_force.insert(by, held.since),
                        ReasonState::Kept => plain.kept.insert(by, held.since),
                        ReasonState::Suspended => plain.suspended.insert(by, held.since),
                    };
                }
                let active = !plain.in_force.is_empty() || !plain.kept.is_empty();
                assert_eq!(enrolment.status == EnrolmentStatus::Active, active);
                let course = snapshot.course(enrolment.course).unwrap().key.clone();
                assert!(snapshot.enrolled_in(enrolment.course).contains(user.0));
                enrolments.insert((snapshot.user_key(user).to_owned(), course), plain);
            }
        }
        assert_eq!(enrolments, self.enrolments, "enrolments at {:?}", self.clock.map(|at| at.to_string()));
        assert_eq!(snapshot.enrolment_count(), self.enrolments.len());
        for (key, someone) in &self.people {
            let user = snapshot.find_user(key).unwrap();
            for attribute in snapshot.schema().attributes() {
                assert_eq!(snapshot.value(user, attribute.id).as_ref(), someone.values.get(&attribute.id));
            }
            assert_eq!(snapshot.membership(user, SiteId(0)), someone.sites.get("primary").copied());
            assert_eq!(snapshot.created(user), someone.created);
            for course in snapshot.courses() {
                let id = snapshot.course_id(&course.key).unwrap();
                assert_eq!(snapshot.completed(user, id), someone.completed.get(&course.key).copied());
                assert_eq!(snapshot.score(user, id), someone.scores.get(&course.key).copied());
            }
        }
        assert!(!self.refuses());
    }
}
