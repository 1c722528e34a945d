//! The semantics read aloud: every person asked every rule at every midnight, enrolments folded one at a time.
//! Slow on purpose, and with no code in common with the engine but the rule language's own evaluator.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use matricula_core::rule::{AttributeId, Person, Rule, Schema, Truth, Value, compile, evaluate};
use matricula_core::{
    Change, EnrolmentStatus, Input, Instant, LeavePolicy, Reason, ReasonState, SiteId, Snapshot, Status, Tz,
};

/// A person, by plain maps.
#[derive(Clone, Debug, Default)]
struct Someone {
    suspended: bool,
    values: BTreeMap<AttributeId, Value>,
    sites: BTreeMap<String, Status>,
}

#[derive(Clone, Debug)]
struct Segment {
    site: Option<String>,
    rule: Rule,
}

#[derive(Clone, Debug)]
struct EnrolmentRule {
    segment: String,
    courses: Vec<String>,
    on_leave: LeavePolicy,
    enabled: bool,
}

/// What holds an enrolment: `None` is "by hand", `Some` a rule.
type By = Option<String>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Enrolment {
    since: Option<Instant>,
    in_force: BTreeMap<By, Instant>,
    kept: BTreeMap<By, Instant>,
    suspended: BTreeMap<By, Instant>,
}

/// A registry as the semantics describe it.
#[derive(Clone, Debug)]
pub struct Simulator {
    clock: Option<Instant>,
    schema: Schema,
    zones: BTreeMap<String, Tz>,
    courses: BTreeMap<String, String>,
    segments: BTreeMap<String, Segment>,
    rules: BTreeMap<String, EnrolmentRule>,
    people: BTreeMap<String, Someone>,
    members: BTreeSet<(String, String)>,
    /// Which rule wants whom in which course: (rule, user, course).
    desired: BTreeSet<(String, String, String)>,
    enrolments: BTreeMap<(String, String), Enrolment>,
    by_hand: BTreeMap<(String, String), bool>,
}

impl Default for Simulator {
    fn default() -> Self {
        Self {
            clock: None,
            schema: crate::history::schema(),
            zones: BTreeMap::from([("primary".to_owned(), Tz::UTC)]),
            courses: BTreeMap::new(),
            segments: BTreeMap::new(),
            rules: BTreeMap::new(),
            people: BTreeMap::new(),
            members: BTreeSet::new(),
            desired: BTreeSet::new(),
            enrolments: BTreeMap::new(),
            by_hand: BTreeMap::new(),
        }
    }
}

struct Asked<'a> {
    someone: &'a Someone,
    today: NaiveDate,
}

impl Person for Asked<'_> {
    fn value(&self, attribute: AttributeId) -> Option<Value> {
        self.someone.values.get(&attribute).cloned()
    }

    fn today(&self) -> NaiveDate {
        self.today
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

    /// Applies a change that the engine accepted.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Site(site) => {
                let primary = self.zones["primary"];
                let zone = site.zone.unwrap_or_else(|| self.zones.get(&site.key).copied().unwrap_or(primary));
                self.zones.insert(site.key.clone(), zone);
            }
            Change::Attribute(_) => {}
            Change::Course(course) => {
                let site = course.site.clone().unwrap_or_else(|| "primary".to_owned());
                self.courses.entry(course.key.clone()).or_insert(site);
            }
            Change::Segment(segment) => {
                let rule = compile(&segment.rule, &self.schema).unwrap();
                self.segments.insert(segment.key.clone(), Segment { site: segment.site.clone(), rule });
            }
            Change::EnrolmentRule(rule) => {
                let (segment, courses) = (rule.segment.clone(), rule.courses.clone());
                let (on_leave, enabled) = (rule.on_leave, rule.enabled);
                self.rules.insert(rule.key.clone(), EnrolmentRule { segment, courses, on_leave, enabled });
            }
            Change::Users(updates) => {
                for update in updates {
                    let new = !self.people.contains_key(&update.key);
                    let someone = self.people.entry(update.key.clone()).or_default();
                    if new && update.sites.is_empty() {
                        someone.sites.insert("primary".to_owned(), Status::Active);
                    }
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
                        let attribute = self.schema.find(attribute).unwrap();
                        match input {
                            None => someone.values.remove(&attribute.id),
                            Some(Input::Date(date)) => {
                                someone.values.insert(attribute.id, Value::Date(*date))
                            }
                            Some(Input::Text(text)) => {
                                let value =
                                    attribute.option(text).map_or_else(|| Value::text(text), Value::Choice);
                                someone.values.insert(attribute.id, value)
                            }
                        };
                    }
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

    /// Ends a transaction: everything that follows, at its instant.
    pub fn commit(&mut self, at: Instant) {
        self.follow(at);
        self.clock = Some(at);
    }

    fn follow(&mut self, at: Instant) {
        self.members.clear();
        for (key, segment) in &self.segments {
            let site = segment.site.as_deref();
            let today = at.day(self.zones[site.unwrap_or("primary")]);
            for (user, someone) in &self.people {
                let here = |name: &str| someone.sites.get(name) == Some(&Status::Active);
                let counts =
                    !someone.suspended && site.map_or_else(|| self.zones.keys().any(|name| here(name)), here);
                if counts && evaluate(&segment.rule, &Asked { someone, today }) == Truth::True {
                    self.members.insert((key.clone(), user.clone()));
                }
            }
        }
        let mut desired = BTreeSet::new();
        for (key, rule) in self.rules.iter().filter(|(_, rule)| rule.enabled) {
            for course in &rule.courses {
                let site = &self.courses[course];
                for (segment, user) in self.members.iter().filter(|(segment, _)| *segment == rule.segment) {
                    let _ = segment;
                    if self.people[user].sites.get(site) == Some(&Status::Active) {
                        desired.insert((key.clone(), user.clone(), course.clone()));
                    }
                }
            }
        }
        let before = std::mem::replace(&mut self.desired, desired);
        let by_hand = std::mem::take(&mut self.by_hand);
        let concerned: BTreeSet<(String, String)> = before
            .symmetric_difference(&self.desired)
            .map(|(_, user, course)| (user.clone(), course.clone()))
            .chain(by_hand.keys().cloned())
            .collect();
        for (user, course) in concerned {
            let is_it = |other: &&(String, String, String)| other.1 == user && other.2 == course;
            let arrived: Vec<String> =
                self.desired.difference(&before).filter(is_it).map(|(rule, ..)| rule.clone()).collect();
            let left: Vec<String> =
                before.difference(&self.desired).filter(is_it).map(|(rule, ..)| rule.clone()).collect();
            let pair = (user, course);
            let mut enrolment = self.enrolments.remove(&pair).unwrap_or_default();
            let policy = |rule: &String| self.rules[rule].on_leave;
            let goes_on = fold(&mut enrolment, &arrived, &left, policy, by_hand.get(&pair).copied(), at);
            if goes_on {
                self.enrolments.insert(pair, enrolment);
            }
        }
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
        }
    }
}

/// One enrolment after what came and went; whether there still is one.
fn fold(
    enrolment: &mut Enrolment,
    arrived: &[String],
    left: &[String],
    policy: impl Fn(&String) -> LeavePolicy,
    by_hand: Option<bool>,
    at: Instant,
) -> bool {
    let mut came = false;
    if by_hand == Some(true) && !enrolment.in_force.contains_key(&None) {
        enrolment.in_force.insert(None, at);
        came = true;
    }
    for rule in arrived {
        let by = Some(rule.clone());
        let since = enrolment.kept.remove(&by).unwrap_or(at);
        enrolment.in_force.insert(by, since);
        came = true;
    }
    if came {
        enrolment.suspended.clear();
        enrolment.since.get_or_insert(at);
    }
    let mut suspends = BTreeMap::new();
    let mut gone = false;
    if by_hand == Some(false) {
        gone |= enrolment.in_force.remove(&None).is_some();
        gone |= !enrolment.kept.is_empty() || !enrolment.suspended.is_empty();
        enrolment.kept.clear();
        enrolment.suspended.clear();
    }
    for rule in left {
        let by = Some(rule.clone());
        let Some(since) = enrolment.in_force.remove(&by) else {
            continue;
        };
        gone = true;
        match policy(rule) {
            LeavePolicy::Keep => {
                enrolment.kept.insert(by, since);
            }
            LeavePolicy::Suspend => {
                suspends.insert(by, since);
            }
            LeavePolicy::Unenrol => {}
        }
    }
    if enrolment.in_force.is_empty() && enrolment.kept.is_empty() && gone {
        enrolment.suspended = suspends;
    }
    !(enrolment.in_force.is_empty() && enrolment.kept.is_empty() && enrolment.suspended.is_empty())
}
