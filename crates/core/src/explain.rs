//! Why somebody is, or is not, in a segment or enrolled in a course: as a tree that programs read and as
//! English. Not here: the decision itself, which the explanation is checked against.

use std::fmt::{self, Display, Write as _};

use matricula_rule::{Person, Rule, Truth, Value, describe, evaluate};
use serde::Serialize;

use crate::{
    CourseId, EnrolmentRule, EnrolmentStatus, Error, Instant, ReasonState, SegmentId, SiteId, Snapshot,
    Status, UserId,
};

/// Why a person is, or is not, in a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MembershipExplanation {
    /// The user's key.
    pub user: String,
    /// The segment's key.
    pub segment: String,
    /// Whether the person is a member.
    pub member: bool,
    /// Whether the person counts at all, and if not why: an inactive person is in no segment.
    pub eligible: Eligibility,
    /// What the rule says of the person, part by part.
    pub rule: RuleExplanation,
    /// The instant for which this holds, as RFC 3339; absent in a registry without commits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// Whether a person can be a member of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Eligibility {
    /// Yes: an active person with an active membership of the site.
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
    /// `all`, `any` or `not`, of a combination; absent of a test.
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
    /// What holds the enrolment.
    pub reasons: Vec<ReasonExplanation>,
    /// Enabled rules that would enrol in this course but do not hold this person, and why.
    pub others: Vec<ReasonExplanation>,
}

/// One reason for an enrolment, or why a rule is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonExplanation {
    /// The key of the enrolment rule, or `manual`.
    pub reason: String,
    /// `in_force`, `kept` or `suspended`; absent if the rule does not hold the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// Since when the reason has been there, as RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
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
        let empty = (String::new(), None, Rule::Any(Vec::new()));
        let (key, site, rule) = self
            .segment(id)
            .map_or(empty, |segment| (segment.key.clone(), segment.site, segment.rule.clone()));
        let person = self.person(user, site, at.unwrap_or(Instant::EPOCH));
        let active = |site| self.membership(user, site) == Some(Status::Active);
        let in_site = match site {
            Some(site) => active(site),
            None => (0..self.sites().len()).map(SiteId::at).any(active),
        };
        let eligible = match self.status(user) {
            Some(Status::Active) if in_site => Eligibility::Eligible,
            Some(Status::Active) | None => Eligibility::NotAMember,
            Some(Status::Suspended) => Eligibility::Suspended,
        };
        MembershipExplanation {
            user: self.user_key(user).to_owned(),
            segment: key,
            member: self.members_of(id).contains(user.0),
            eligible,
            rule: self.rule_explanation(&rule, &person),
            at: at.map(|at| at.to_string()),
        }
    }

    fn rule_explanation(&self, rule: &Rule, person: &impl Person) -> RuleExplanation {
        let mut explanation = RuleExplanation {
            truth: evaluate(rule, person),
            rule: describe(rule, self.schema()),
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
            Rule::Has(attribute) | Rule::Compare { attribute, .. } | Rule::In { attribute, .. } => {
                let definition = self.schema().get(*attribute);
                explanation.attribute = definition.map(|definition| definition.key.clone());
                explanation.value = person.value(*attribute).map(|value| match value {
                    Value::Text(text) => text.into(),
                    Value::Date(date) => date.to_string(),
                    Value::Choice(option) => definition
                        .and_then(|definition| definition.option_key(option))
                        .unwrap_or_default()
                        .to_owned(),
                });
            }
        }
        explanation
    }

    /// What keeps an enrolment rule from applying whoever is in its segment, or to this person.
    fn obstacle(&self, rule: &EnrolmentRule, user: UserId, course: CourseId) -> Option<String> {
        if !rule.enabled {
            return Some("the rule is disabled".to_owned());
        }
        if !rule.courses.contains(&course) {
            return Some("the rule no longer has this course".to_owned());
        }
        let site = self.course(course)?.site;
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
        let held = enrolment.iter().flat_map(|enrolment| &enrolment.reasons);
        let reasons: Vec<ReasonExplanation> = held
            .map(|held| ReasonExplanation {
                reason: self.reason_key(held.reason).to_owned(),
                state: Some(held.state.name()),
                since: Some(held.since.to_string()),
                obstacle: match held.reason {
                    crate::Reason::Manual => None,
                    crate::Reason::Rule(rule) => {
                        self.enrolment_rule(rule).and_then(|rule| self.obstacle(rule, user, course))
                    }
                },
                membership: match held.reason {
                    crate::Reason::Manual => None,
                    crate::Reason::Rule(rule) => {
                        self.enrolment_rule(rule).map(|rule| self.membership_explanation(user, rule.segment))
                    }
                },
            })
            .collect();
        let others = self
            .enrolment_rules()
            .filter(|rule| rule.enabled && rule.courses.contains(&course))
            .filter(|rule| reasons.iter().all(|reason| reason.reason != rule.key))
            .map(|rule| ReasonExplanation {
                reason: rule.key.clone(),
                state: None,
                since: None,
                obstacle: self.obstacle(rule, user, course),
                membership: Some(self.membership_explanation(user, rule.segment)),
            })
            .collect();
        Ok(EnrolmentExplanation {
            user: self.user_key(user).to_owned(),
            course: self.course(course).map(|course| course.key.clone()).unwrap_or_default(),
            status: enrolment.as_ref().map(|enrolment| enrolment.status.name()),
            since: enrolment.as_ref().map(|enrolment| enrolment.since.to_string()),
            reasons,
            others,
        })
    }
}

impl Display for MembershipExplanation {
    /// In English: one line that answers, then a line for each part of the rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = if self.member { "is" } else { "is not" };
        write!(f, "{} {is} in segment {}", self.user, self.segment)?;
        match self.eligible {
            Eligibility::Eligible => write!(f, ", whose rule is {} here:", self.rule.truth.name())?,
            Eligibility::Suspended => {
                write!(f, ": the person is suspended. The rule is {}:", self.rule.truth.name())?
            }
            Eligibility::NotAMember => {
                write!(f, ": no active membership of its site. The rule is {}:", self.rule.truth.name())?;
            }
        }
        self.rule.write(f, 1)
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
        match (self.status, &self.since) {
            (Some(status), Some(since)) if status == EnrolmentStatus::Active.name() => {
                write!(f, "{user} is enrolled in {course} since {since}, because:")?;
            }
            (Some(_), Some(since)) => {
                write!(f, "{user} is enrolled in {course} since {since}, but suspended:")?;
            }
            _ => write!(f, "{user} is not enrolled in {course}.")?,
        }
        for reason in &self.reasons {
            let since = reason.since.as_deref().unwrap_or_default();
            match (&reason.membership, reason.state) {
                (None, _) => write!(f, "\n- enrolled by hand, since {since}")?,
                (Some(_), Some(state)) if state == ReasonState::InForce.name() => {
                    write!(f, "\n- rule {} holds the enrolment, since {since}", reason.reason)?;
                }
                (Some(_), Some(state)) if state == ReasonState::Kept.name() => {
                    write!(
                        f,
                        "\n- rule {} no longer applies but keeps what it gave at {since}",
                        reason.reason
                    )?;
                }
                (Some(_), _) => write!(f, "\n- rule {} no longer applies and suspended it", reason.reason)?,
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
