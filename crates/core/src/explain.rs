//! Why somebody is, or is not, in a segment or enrolled in a course: as a tree that programs read and as
//! English. Not here: the decision itself, which the explanation is checked against.

use std::fmt::{self, Display, Write as _};

use matricula_rule::{Field, Named, Names, Person, Rule, Truth, Value, describe, evaluate};
use serde::Serialize;

use crate::accept::plain;
use crate::flip::flips;
use crate::{
    CourseId, Enrolment, EnrolmentRule, EnrolmentRuleId, EnrolmentStatus, Error, Exception, HeldReason,
    Instant, LEARNER, Reason, ReasonState, SegmentId, SegmentState, SiteId, Snapshot, Status, UserId,
};

/// Why a person is, or is not, in a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MembershipExplanation {
    /// The user's key.
    pub user: String,
    /// The segment's key.
    pub segment: String,
    /// Whether the person is a member.
    pub member: bool,
    /// Whether the person counts at all, and if not why: an inactive person is in no segment.
    pub eligible: Eligibility,
    /// Whether the segment selects: `draft`, `active` or `paused`.
    pub state: &'static str,
    /// Whether the segment was deleted, so that nobody is in it any longer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// `pinned` or `banned`, where that was decided by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception: Option<&'static str>,
    /// What the rule says of the person, part by part; absent where members are put in by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleExplanation>,
    /// What would have to be otherwise for the answer to be otherwise; none of it can be left out. Empty where
    /// nothing of the kind was found, and while the segment is a draft or paused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flips: Vec<Flip>,
    /// The instant for which this holds, as RFC 3339; absent in a registry without commits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// Something that would have to be otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// What, in English: a test of the rule, or a circumstance.
    pub test: String,
    /// What it would have to become.
    pub becomes: bool,
    /// The same as one sentence.
    pub says: String,
}

/// Whether a person can be a member of anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Eligibility {
    /// Yes: an active person with an active membership of the site.
    #[default]
    Eligible,
    /// The person is suspended.
    Suspended,
    /// The person has no active membership of the segment's site, or of any.
    NotAMember,
}

/// What a part of a rule says of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleExplanation {
    /// `true`, `false` or `unknown`.
    #[serde(serialize_with = "truth_name")]
    pub truth: Truth,
    /// The part in English.
    pub rule: String,
    /// `all`, `any`, `not` or `xor`, of a combination; absent of a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub combines: Option<&'static str>,
    /// The attribute, of a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The person's value, of a test; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The parts of a combination.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<RuleExplanation>,
}

fn truth_name<S: serde::Serializer>(truth: &Truth, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(truth.name())
}

/// Why a person is, or is not, enrolled in a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnrolmentExplanation {
    /// The user's key.
    pub user: String,
    /// The course's key.
    pub course: String,
    /// `active` or `suspended`; absent if the person is not enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    /// Since when, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The day on which the person is to be done, the earliest of the reasons in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// Since when it has been suspended by hand, as RFC 3339, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended_by_hand: Option<String>,
    /// Whether the course is archived, so that no rule changes anything there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// What holds the enrolment.
    pub reasons: Vec<ReasonExplanation>,
    /// Enabled rules that would enrol in this course but do not hold this person, and why.
    pub others: Vec<ReasonExplanation>,
}

/// One reason for an enrolment, or why a rule is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonExplanation {
    /// The key of the enrolment rule, or `manual` or `bulk`.
    pub reason: String,
    /// The key of the role.
    pub role: String,
    /// `in_force`, `kept` or `suspended`; absent if the rule does not hold the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// Since when the reason has been there, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The day on which the person is to be done, by this reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// What keeps the rule from applying although the person may be in its segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
    /// Why the person is, or is not, in the rule's segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub membership: Option<MembershipExplanation>,
}

impl Snapshot {
    /// Why a person is, or is not, in a segment.
    ///
    /// # Errors
    /// `unknown_user`, `unknown_segment`.
    pub fn explain_membership(&self, user: &str, segment: &str) -> Result<MembershipExplanation, Error> {
        Ok(self.membership_explanation(self.user_id(user)?, self.segment_id(segment)?))
    }

    fn membership_explanation(&self, user: UserId, id: SegmentId) -> MembershipExplanation {
        let at = self.clock();
        let Some(segment) = self.segment(id) else {
            // Only ids that this snapshot gave out are asked for.
            return MembershipExplanation::default();
        };
        let person = self.person(user, segment.site, at.unwrap_or(Instant::EPOCH));
        let active = |site| self.0.counts_in(user, site);
        let in_site = match segment.site {
            Some(site) => active(site),
            None => (0..self.sites().len()).map(SiteId::at).any(active),
        };
        let eligible = match self.status(user) {
            Some(Status::Active) if in_site => Eligibility::Eligible,
            Some(Status::Active) | None => Eligibility::NotAMember,
            Some(Status::Suspended | Status::Erased) => Eligibility::Suspended,
        };
        let mut explanation = MembershipExplanation {
            user: self.user_key(user).to_owned(),
            segment: segment.key.clone(),
            member: self.0.is_member((id, None), user),
            eligible,
            state: segment.state.name(),
            deleted: segment.deleted,
            exception: self.exception(id, user).map(Exception::name),
            rule: segment.rule.as_ref().map(|rule| self.rule_explanation(rule, &person)),
            flips: Vec::new(),
            at: at.map(|at| at.to_string()),
        };
        if segment.state == SegmentState::Active {
            let holds = segment.rule.as_ref().is_some_and(|rule| evaluate(rule, &person) == Truth::True);
            explanation.flips = self.membership_flips(segment.rule.as_ref(), holds, &explanation, &person);
        }
        explanation
    }

    /// What would have to be otherwise for somebody to join or leave.
    fn membership_flips(
        &self,
        rule: Option<&Rule>,
        holds: bool,
        now: &MembershipExplanation,
        person: &impl Person,
    ) -> Vec<Flip> {
        let circumstance = |test: &str, becomes: bool, says: &str| Flip {
            test: test.to_owned(),
            becomes,
            says: says.to_owned(),
        };
        let mut found = Vec::new();
        let pinned = now.exception == Some(Exception::Pinned.name());
        if now.member {
            if pinned {
                found.push(circumstance("pinned", false, "the person is no longer pinned"));
            }
            if !holds {
                return found;
            }
        } else {
            match now.eligible {
                Eligibility::Eligible => {}
                Eligibility::Suspended => {
                    found.push(circumstance("active", true, "the person is active"));
                }
                Eligibility::NotAMember => {
                    found.push(circumstance("member", true, "the person is an active member of its site"));
                }
            }
            if now.exception == Some(Exception::Banned.name()) {
                found.push(circumstance("banned", false, "the person is no longer banned"));
            }
            if pinned || holds {
                return found;
            }
        }
        let Some(rule) = rule else {
            found.push(circumstance("pinned", true, "the person is put in by hand"));
            return found;
        };
        let Some(changes) = flips(rule, &|test| evaluate(test, person)) else { return Vec::new() };
        found.extend(changes.into_iter().map(|(test, becomes)| {
            let negated = Rule::Not(Box::new(test.clone()));
            let says = describe(if becomes { test } else { &negated }, self);
            Flip { test: describe(test, self), becomes, says }
        }));
        found
    }

    /// A value as people read it.
    fn shown_value(&self, field: Field, value: &Value) -> String {
        let definition = field.attribute().and_then(|attribute| self.schema().get(attribute));
        let option =
            |option| definition.and_then(|definition| definition.option_key(option)).unwrap_or_default();
        match value {
            Value::Choice(id) => option(*id).to_owned(),
            Value::Choices(ids) => ids.iter().map(|id| option(*id)).collect::<Vec<_>>().join(", "),
            Value::User(user) => self.key(Named::User, user.0).unwrap_or_default().into_owned(),
            other => plain(other),
        }
    }

    fn rule_explanation(&self, rule: &Rule, person: &impl Person) -> RuleExplanation {
        let mut explanation = RuleExplanation {
            truth: evaluate(rule, person),
            rule: describe(rule, self),
            combines: None,
            attribute: None,
            value: None,
            parts: Vec::new(),
        };
        let mut parts = |word, parts: &[Rule]| {
            explanation.combines = Some(word);
            explanation.parts = parts.iter().map(|part| self.rule_explanation(part, person)).collect();
        };
        match rule {
            Rule::All(all) => parts("all", all),
            Rule::Any(any) => parts("any", any),
            Rule::Not(part) => parts("not", std::slice::from_ref(part)),
            Rule::Xor(of) => parts("xor", of),
            test => {
                if let Some(field) = test.field() {
                    let attribute = field.attribute().and_then(|attribute| self.schema().get(attribute));
                    explanation.attribute = attribute.map(|attribute| attribute.key.clone());
                    explanation.value = person.value(field).map(|value| self.shown_value(field, &value));
                }
            }
        }
        explanation
    }

    /// What keeps an enrolment rule from applying whoever is in its segment, or to this person.
    fn obstacle(&self, rule: &EnrolmentRule, user: UserId, course: CourseId) -> Option<String> {
        if rule.deleted {
            return Some("the rule was deleted".to_owned());
        }
        if !rule.enabled {
            return Some("the rule is disabled".to_owned());
        }
        let now = self.clock().unwrap_or(Instant::EPOCH);
        if let Some(from) = rule.from.filter(|from| now < *from) {
            return Some(format!("the rule acts from {from} on"));
        }
        if let Some(until) = rule.until.filter(|until| *until <= now) {
            return Some(format!("the rule acted until {until}"));
        }
        if !rule.courses.contains(&course) {
            return Some("the rule no longer has this course".to_owned());
        }
        let site = self.course(course)?.site;
        if !self.0.is_open(site) {
            return Some(format!("the course's site, {}, is closed", self.site_key(site)));
        }
        let is_member = self.membership(user, site) == Some(Status::Active);
        let key = self.user_key(user);
        (!is_member)
            .then(|| format!("{key} is not an active member of the course's site, {}", self.site_key(site)))
    }

    fn site_key(&self, site: SiteId) -> &str {
        self.site(site).map_or("", |site| &site.key)
    }

    /// Why a person is, or is not, enrolled in a course.
    ///
    /// # Errors
    /// `unknown_user`, `unknown_course`.
    pub fn explain_enrolment(&self, user: &str, course: &str) -> Result<EnrolmentExplanation, Error> {
        let (user, course) = (self.user_id(user)?, self.course_id(course)?);
        let enrolment = self.enrolment(user, course);
        let held = enrolment.as_ref().map_or(&[][..], |enrolment| &enrolment.reasons);
        let explained = |reason: Reason, held: Option<&HeldReason>| {
            let rule = match reason {
                Reason::Manual | Reason::Bulk => None,
                Reason::Rule(rule) => self.enrolment_rule(rule),
            };
            ReasonExplanation {
                reason: self.reason_key(reason).to_owned(),
                role: self.role_of(reason).to_owned(),
                state: held.map(|held| held.state.name()),
                since: held.map(|held| held.since.to_string()),
                due: held.and_then(|held| held.due).map(|due| due.to_string()),
                obstacle: rule.and_then(|rule| self.obstacle(rule, user, course)),
                membership: rule.map(|rule| self.membership_explanation(user, rule.segment)),
            }
        };
        let rules = self.0.rules.values().zip((0..).map(EnrolmentRuleId));
        let others = rules
            .filter(|(rule, _)| rule.enabled && rule.courses.contains(&course))
            .map(|(_, id)| Reason::Rule(id))
            .filter(|reason| held.iter().all(|held| held.reason != *reason))
            .map(|reason| explained(reason, None))
            .collect();
        let found = self.course(course);
        Ok(EnrolmentExplanation {
            user: self.user_key(user).to_owned(),
            course: found.map(|course| course.key.clone()).unwrap_or_default(),
            status: enrolment.as_ref().map(|enrolment| enrolment.status.name()),
            since: enrolment.as_ref().map(|enrolment| enrolment.since.to_string()),
            due: enrolment.as_ref().and_then(Enrolment::due).map(|due| due.to_string()),
            suspended_by_hand: enrolment
                .as_ref()
                .and_then(|enrolment| enrolment.suspended_by_hand)
                .map(|at| at.to_string()),
            archived: found.is_some_and(|course| course.archived),
            reasons: held.iter().map(|held| explained(held.reason, Some(held))).collect(),
            others,
        })
    }
}

impl Display for MembershipExplanation {
    /// In English: one line that answers, then a line for each part of the rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = if self.member { "is" } else { "is not" };
        write!(f, "{} {is} in segment {}", self.user, self.segment)?;
        let mut notes: Vec<&str> = Vec::new();
        match self.eligible {
            Eligibility::Eligible => {}
            Eligibility::Suspended => notes.push("the person is suspended"),
            Eligibility::NotAMember => notes.push("no active membership of its site"),
        }
        match self.state {
            "draft" if self.deleted => notes.push("it was deleted"),
            "draft" => notes.push("it is a draft"),
            "paused" => notes.push("it is paused, with the members that it had"),
            _ => {}
        }
        match self.exception {
            Some("pinned") => notes.push("put in by hand"),
            Some(_) => notes.push("banned by hand"),
            None => {}
        }
        match &self.rule {
            Some(rule) if notes.is_empty() => write!(f, ", whose rule is {} here:", rule.truth.name())?,
            Some(rule) => write!(f, ": {}. The rule is {}:", notes.join("; "), rule.truth.name())?,
            None if notes.is_empty() => f.write_str(", whose members are put in by hand")?,
            None => write!(f, ": {}", notes.join("; "))?,
        }
        if let Some(rule) = &self.rule {
            rule.write(f, 1)?;
        }
        if !self.flips.is_empty() {
            let would = if self.member { "would leave" } else { "would join" };
            let says: Vec<&str> = self.flips.iter().map(|flip| flip.says.as_str()).collect();
            write!(f, "\n  {} {would} if {}", self.user, says.join(" and "))?;
        }
        Ok(())
    }
}

impl RuleExplanation {
    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        f.write_char('\n')?;
        (0..depth).try_for_each(|_| f.write_str("  "))?;
        let truth = match self.truth {
            Truth::True => "yes",
            Truth::False => "no",
            Truth::Unknown => "unknown",
        };
        match (self.combines, &self.attribute, &self.value) {
            (Some("all"), ..) => write!(f, "{truth}: all of")?,
            (Some("any"), ..) => write!(f, "{truth}: any of")?,
            (Some("xor"), ..) => write!(f, "{truth}: an odd number of")?,
            (Some(_), ..) => write!(f, "{truth}: not")?,
            (None, Some(attribute), Some(value)) => {
                write!(f, "{truth}: {} ({attribute} is \"{value}\")", self.rule)?;
            }
            (None, Some(attribute), None) => write!(f, "{truth}: {} ({attribute} is missing)", self.rule)?,
            (None, None, _) => write!(f, "{truth}: {}", self.rule)?,
        }
        self.parts.iter().try_for_each(|part| part.write(f, depth + 1))
    }
}

impl Display for EnrolmentExplanation {
    /// In English: one line that answers, then a paragraph for each reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, course, .. } = self;
        match (self.status, &self.since, &self.suspended_by_hand) {
            (Some(status), Some(since), _) if status == EnrolmentStatus::Active.name() => {
                write!(f, "{user} is enrolled in {course} since {since}")?;
                if let Some(due) = &self.due {
                    write!(f, ", due {due}")?;
                }
                f.write_str(", because:")?;
            }
            (Some(_), Some(since), Some(by_hand)) => {
                write!(
                    f,
                    "{user} is enrolled in {course} since {since}, but suspended by hand since {by_hand}:"
                )?;
            }
            (Some(_), Some(since), None) => {
                write!(f, "{user} is enrolled in {course} since {since}, but suspended:")?;
            }
            _ => write!(f, "{user} is not enrolled in {course}.")?,
        }
        if self.archived {
            write!(f, "\n- course {course} is archived: no rule enrols anybody there or lets anybody go")?;
        }
        for reason in &self.reasons {
            let since = reason.since.as_deref().unwrap_or_default();
            let key = &reason.reason;
            match (&reason.membership, reason.state) {
                (None, _) if key == "bulk" => write!(f, "\n- enrolled in bulk, since {since}")?,
                (None, _) => write!(f, "\n- enrolled by hand, since {since}")?,
                (Some(_), Some(state)) if state == ReasonState::InForce.name() => {
                    write!(f, "\n- rule {key} holds the enrolment, since {since}")?;
                }
                (Some(_), Some(state)) if state == ReasonState::Kept.name() => {
                    write!(f, "\n- rule {key} no longer applies but keeps what it gave at {since}")?;
                }
                (Some(_), _) => write!(f, "\n- rule {key} no longer applies and suspended it")?,
            }
            if reason.role != LEARNER {
                write!(f, ", as {}", reason.role)?;
            }
            if let Some(due) = &reason.due {
                write!(f, ", due {due}")?;
            }
            if let Some(obstacle) = &reason.obstacle {
                write!(f, ": {obstacle}")?;
            }
            indented(f, reason.membership.as_ref())?;
        }
        for reason in &self.others {
            write!(f, "\n- rule {} does not apply", reason.reason)?;
            if let Some(obstacle) = &reason.obstacle {
                write!(f, ": {obstacle}")?;
            }
            indented(f, reason.membership.as_ref())?;
        }
        Ok(())
    }
}

fn indented(f: &mut fmt::Formatter<'_>, membership: Option<&MembershipExplanation>) -> fmt::Result {
    let Some(membership) = membership else {
        return Ok(());
    };
    membership.to_string().lines().try_for_each(|line| write!(f, "\n  {line}"))
}
