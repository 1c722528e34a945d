//! The semantics read aloud: every person asked every rule at every midnight, enrolments folded one at a time.
//! Slow on purpose, and with no code in common with the engine but the rule language's own evaluator.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use matricula_core::rule::{AttributeId, Fact, Field, Rule, Schema, Truth, UserId, Value, evaluate};
use matricula_core::{
    BulkEnrolment, Change, Decimal, DueDate, Exception, Input, Instant, LeavePolicy, RuleSource,
    SegmentState, Status, Tz, Whom,
};

use crate::asked::Asked;
use crate::demands::value_of;
use crate::fold::{By, Enrolment, Hand, fold};
use crate::history::COURSES;

/// A person, by plain maps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Someone {
    suspended: bool,
    pub(crate) erased: bool,
    pub(crate) created: Option<Instant>,
    pub(crate) values: BTreeMap<AttributeId, Value>,
    pub(crate) sites: BTreeMap<String, Status>,
    pub(crate) completed: BTreeMap<String, Instant>,
    pub(crate) scores: BTreeMap<String, Decimal>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Segment {
    pub(crate) site: Option<String>,
    pub(crate) rule: Option<Rule>,
    pub(crate) state: SegmentState,
    exceptions: BTreeMap<String, Exception>,
    /// The state at the end of the last transaction.
    was: SegmentState,
    frozen: BTreeSet<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct EnrolmentRule {
    pub(crate) key: String,
    pub(crate) segment: String,
    courses: Vec<String>,
    on_leave: LeavePolicy,
    enabled: bool,
    window: (Option<Instant>, Option<Instant>),
    due: Option<DueDate>,
    pub(crate) deleted: bool,
    /// The segment and the due date at the end of the last transaction.
    was: Option<(String, Option<DueDate>)>,
}

impl EnrolmentRule {
    fn acts(&self, at: Instant) -> bool {
        let (from, until) = self.window;
        self.enabled
            && !self.deleted
            && from.is_none_or(|from| from <= at)
            && until.is_none_or(|until| at < until)
    }
}

/// A rule by its number, a person, a course.
type Desired = BTreeSet<(usize, String, String)>;

/// A registry as the semantics describe it.
#[derive(Clone, Debug)]
pub struct Simulator {
    pub(crate) clock: Option<Instant>,
    pub(crate) schema: Schema,
    zones: BTreeMap<String, Tz>,
    pub(crate) closed: BTreeSet<String>,
    courses: BTreeMap<String, String>,
    pub(crate) archived: BTreeSet<String>,
    /// By id, as they were defined.
    pub(crate) segment_keys: Vec<String>,
    pub(crate) segments: BTreeMap<String, Segment>,
    /// By id, as they were defined.
    pub(crate) rules: Vec<EnrolmentRule>,
    /// By id, as they were created.
    pub(crate) user_keys: Vec<String>,
    pub(crate) people: BTreeMap<String, Someone>,
    pub(crate) members: BTreeSet<(String, String)>,
    /// Which rule wants whom in which course.
    desired: Desired,
    pub(crate) enrolments: BTreeMap<(String, String), Enrolment>,
    pub(crate) by_hand: BTreeMap<(String, String), Hand>,
    pub(crate) bulk: Vec<BulkEnrolment>,
    /// Whom values name who is not there yet.
    waiting: BTreeMap<(String, AttributeId), String>,
}

impl Default for Simulator {
    fn default() -> Self {
        Self {
            clock: None,
            schema: crate::history::schema(),
            zones: BTreeMap::from([("primary".to_owned(), Tz::UTC)]),
            closed: BTreeSet::new(),
            courses: BTreeMap::new(),
            archived: BTreeSet::new(),
            segment_keys: Vec::new(),
            segments: BTreeMap::new(),
            rules: Vec::new(),
            user_keys: Vec::new(),
            people: BTreeMap::new(),
            members: BTreeSet::new(),
            desired: BTreeSet::new(),
            enrolments: BTreeMap::new(),
            by_hand: BTreeMap::new(),
            bulk: Vec::new(),
            waiting: BTreeMap::new(),
        }
    }
}

/// What has been worked out so far of what follows at an instant.
#[derive(Default)]
pub(crate) struct Round {
    pub(crate) members: BTreeMap<String, BTreeSet<String>>,
    desired: Desired,
    settled: BTreeSet<String>,
    pub(crate) enrolments: BTreeMap<(String, String), Enrolment>,
}

impl Simulator {
    /// Lets time pass, looking at everybody at every midnight of every site and at both ends of every window.
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
        let ends = self.rules.iter().flat_map(|rule| [rule.window.0, rule.window.1]).flatten();
        midnights.extend(ends.filter(|end| from < *end && *end <= to));
        for boundary in midnights {
            self.follow(boundary);
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
                let known = self.live_rule(&rule.key);
                let defined = EnrolmentRule {
                    key: rule.key.clone(),
                    segment: rule.segment.clone(),
                    courses: rule.courses.clone(),
                    on_leave: rule.on_leave,
                    enabled: rule.enabled,
                    window: (rule.from, rule.until),
                    due: rule.due,
                    deleted: false,
                    was: known.and_then(|known| self.rules[known].was.clone()),
                };
                match known {
                    Some(known) => self.rules[known] = defined,
                    None => self.rules.push(defined),
                }
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
            Change::Enrol { user, course } => self.hand(user, course).enrol = Some(true),
            Change::Unenrol { user, course } => {
                let there = self.enrolments.contains_key(&(user.clone(), course.clone()));
                let hand = self.hand(user, course);
                hand.enrol = Some(false);
                if !there {
                    hand.suspend = None;
                }
            }
            Change::Erase { user } => self.erase(user),
            other => self.apply_lifecycle(other),
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

    /// Whether a transaction that ends like this has to be refused: for what attributes demand, for people who were named
    /// and are not there, or for people who cannot be enrolled by hand as things are now.
    pub fn refuses(&self) -> bool {
        !self.waiting.is_empty() || self.unmet().is_some() || self.refuses_hands()
    }

    /// Everything but a number, what facts rest on, and enrolments goes.
    fn erase(&mut self, user: &str) {
        let id = self.user_keys.iter().position(|key| key == user).unwrap();
        let stub = format!("erased:{id}");
        self.user_keys[id].clone_from(&stub);
        let was = self.people.remove(user).unwrap();
        let (created, completed, scores) = (was.created, was.completed, was.scores);
        let left =
            Someone { suspended: true, erased: true, created, completed, scores, ..Someone::default() };
        self.people.insert(stub.clone(), left);
        for segment in self.segments.values_mut() {
            segment.exceptions.remove(user);
            if segment.frozen.remove(user) {
                segment.frozen.insert(stub.clone());
            }
        }
        let renamed = |key: String| if key == user { stub.clone() } else { key };
        let members = std::mem::take(&mut self.members).into_iter();
        self.members = members.map(|(segment, key)| (segment, renamed(key))).collect();
        let desired = std::mem::take(&mut self.desired).into_iter();
        self.desired = desired.map(|(rule, key, course)| (rule, renamed(key), course)).collect();
        let enrolments = std::mem::take(&mut self.enrolments).into_iter();
        self.enrolments =
            enrolments.map(|((key, course), enrolment)| ((renamed(key), course), enrolment)).collect();
        self.by_hand.retain(|(key, _), _| key != user);
        for bulk in &mut self.bulk {
            if let Whom::Users(users) = &mut bulk.whom {
                users.retain(|key| key != user);
            }
        }
        self.waiting.retain(|(key, _), _| key != user);
    }

    /// What an input that the engine accepted stands for.
    pub(crate) fn value(&self, attribute: &str, input: &Input) -> Option<Value> {
        value_of(self.schema.find(attribute).unwrap(), input, &self.user_keys)
    }

    pub(crate) fn hand(&mut self, user: &str, course: &str) -> &mut Hand {
        self.by_hand.entry((user.to_owned(), course.to_owned())).or_default()
    }

    /// The number of the rule that has a key now.
    pub(crate) fn live_rule(&self, key: &str) -> Option<usize> {
        self.rules.iter().position(|rule| rule.key == key && !rule.deleted)
    }

    /// Whether somebody is an active member of a site that is open.
    pub(crate) fn counts_in(&self, user: &str, site: &str) -> bool {
        self.people[user].sites.get(site) == Some(&Status::Active) && !self.closed.contains(site)
    }

    /// The day of a due date in a course, for a reason that arose at an instant.
    fn day(&self, due: DueDate, course: &str, arose: Instant) -> NaiveDate {
        match due {
            DueDate::On(day) => day,
            DueDate::After(days) => {
                let day = arose.day(self.zones[&self.courses[course]]);
                day.checked_add_days(Days::new(days.into())).unwrap()
            }
        }
    }

    fn day_of_rule(&self, rule: usize, course: &str, since: Instant) -> Option<NaiveDate> {
        self.rules[rule].due.map(|due| self.day(due, course, since))
    }

    /// Whom bulk enrolments enrol, as things are now; the last one that says a day counts.
    fn enrol_in_bulk(&mut self, at: Instant) {
        for bulk in std::mem::take(&mut self.bulk) {
            for course in &bulk.courses {
                let site = self.courses[course].clone();
                let users: Vec<String> = match &bulk.whom {
                    Whom::Users(users) => users.clone(),
                    Whom::Segment(segment) => {
                        let members = self.members.iter().filter(|(of, _)| of == segment);
                        let here = members.filter(|(_, user)| self.counts_in(user, &site));
                        here.map(|(_, user)| user.clone()).collect()
                    }
                };
                let due = bulk.due.map(|due| self.day(due, course, at));
                for user in users {
                    let hand = self.hand(&user, course);
                    hand.bulk = Some(due.or(hand.bulk.flatten()));
                }
            }
        }
    }

    /// Ends a transaction that came to nothing.
    pub fn give_up(&mut self) {
        self.by_hand.clear();
        self.bulk.clear();
    }

    /// Ends a transaction: everything that follows, at its instant; then bulk enrolments, and what follows from those.
    pub fn commit(&mut self, at: Instant) {
        self.follow(at);
        if !self.bulk.is_empty() {
            self.enrol_in_bulk(at);
            self.follow(at);
        }
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
        for rule in &mut self.rules {
            rule.was = Some((rule.segment.clone(), rule.due));
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
            rule.visit(&mut |part| match (part, part.field()) {
                (Rule::Is(fact), _) => named.push(*fact),
                // What is due is so for an enrolment.
                (_, Some(Field::Due(course))) => named.push(Fact::Enrolled(course)),
                _ => {}
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
            let here = |name: &str| self.counts_in(user, name);
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
        let before: Desired = self.desired.iter().filter(|entry| entry.2 == course).cloned().collect();
        let desired = self.desired_in(course, &before, round, at);
        let redated = |id: usize| {
            let rule = &self.rules[id];
            rule.courses.iter().any(|other| other == course)
                && rule.was.as_ref().is_some_and(|(_, due)| *due != rule.due)
        };
        let concerned: BTreeSet<String> = before
            .symmetric_difference(&desired)
            .chain(before.iter().filter(|(rule, ..)| redated(*rule)))
            .map(|(_, user, _)| user.clone())
            .chain(self.by_hand.keys().filter(|(_, other)| other == course).map(|(user, _)| user.clone()))
            .collect();
        for user in concerned {
            let is_it = |other: &&(usize, String, String)| other.1 == user;
            let arrived: Vec<usize> =
                desired.difference(&before).filter(is_it).map(|(rule, ..)| *rule).collect();
            let left: Vec<usize> =
                before.difference(&desired).filter(is_it).map(|(rule, ..)| *rule).collect();
            let pair = (user, course.to_owned());
            let mut enrolment = round.enrolments.remove(&pair).unwrap_or_default();
            let policy = |rule: usize| self.rules[rule].on_leave;
            let day = |rule, since| self.day_of_rule(rule, course, since);
            let hand = self.by_hand.get(&pair).copied().unwrap_or_default();
            if fold(&mut enrolment, &arrived, &left, policy, day, hand, at) {
                for (by, (since, due)) in &mut enrolment.in_force {
                    if let By::Rule(rule) = by
                        && redated(*rule)
                    {
                        *due = day(*rule, *since);
                    }
                }
                round.enrolments.insert(pair, enrolment);
            }
        }
        round.desired.extend(desired);
    }

    /// Which rules want whom in a course, given which did before.
    fn desired_in(&self, course: &str, before: &Desired, round: &mut Round, at: Instant) -> Desired {
        let mut desired = Desired::new();
        for (id, rule) in self.rules.iter().enumerate() {
            if !rule.acts(at) || !rule.courses.iter().any(|other| other == course) {
                continue;
            }
            self.select(&rule.segment, round, at);
            let site = &self.courses[course];
            for user in &round.members[&rule.segment] {
                if self.counts_in(user, site) {
                    desired.insert((id, user.clone(), course.to_owned()));
                }
            }
            // While its segment is paused, a rule ends nothing.
            if self.segments[&rule.segment].state == SegmentState::Paused
                && rule.was.as_ref().is_some_and(|(segment, _)| *segment == rule.segment)
            {
                desired.extend(before.iter().filter(|(of, ..)| *of == id).cloned());
            }
        }
        // In an archived course nobody arrives, and nobody leaves.
        if self.archived.contains(course) { before.clone() } else { desired }
    }
}
