//! A file of vectors as data: its cases, and the questions that they ask. Not here: changes (`changes`).

use chrono::{DateTime, Utc};
use matricula::rule::parse_tree;
use matricula::{AsOf, Error, Revision, RuleSource};
use serde::Deserialize;
use serde_json::Value;

use crate::access::Can;
use crate::changes::Changing;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) given: Vec<Step>,
    pub(crate) cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) case: String,
    #[serde(default)]
    pub(crate) given: Vec<Step>,
    pub(crate) ask: Value,
    pub(crate) expect: Value,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Step {
    Commit {
        at: DateTime<Utc>,
        #[serde(rename = "do")]
        changes: Vec<Changing>,
    },
    Advance {
        advance: DateTime<Utc>,
    },
}

/// A rule in one of its notations, or none.
#[derive(Default, Deserialize)]
pub(crate) struct Notation {
    rule: Option<String>,
    rule_tree: Option<Value>,
    builder: Option<Value>,
}

impl Notation {
    pub(crate) fn source(self) -> Result<Option<RuleSource>, Error> {
        let given = [self.rule.is_some(), self.rule_tree.is_some(), self.builder.is_some()];
        assert!(given.into_iter().filter(|given| *given).count() < 2, "a rule in two notations");
        // JSON that is given as text is read as it stands.
        let json = |given: Value| given.as_str().map_or_else(|| given.to_string(), str::to_owned);
        let tree = self.rule_tree.map(|tree| parse_tree(&json(tree))).transpose()?.map(RuleSource::Typed);
        let builder = self.builder.map(|query| RuleSource::Builder(json(query)));
        Ok(self.rule.map(RuleSource::Text).or(tree).or(builder))
    }
}

/// A call on the registry or its snapshot.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Question {
    Deltas {
        #[serde(default)]
        after: u64,
        #[serde(default = "many")]
        limit: usize,
    },
    MembershipHistory {
        user: String,
        segment: String,
    },
    Revision {},
    Clock {},
    UserCount {},
    EnrolmentCount {},
    Sites {},
    Attributes {},
    Courses {},
    Segments {},
    EnrolmentRules {},
    Users {},
    /// What is wrong at the end of a transaction that makes these changes at the clock.
    Problems {
        #[serde(rename = "do")]
        changes: Vec<Changing>,
    },
    Plan {},
    /// The answer of the past.
    AsOf {
        when: When,
        ask: Value,
    },
    Verify {},
    User {
        key: String,
    },
    Members {
        segment: String,
    },
    MemberCount {
        segment: String,
    },
    IsMember {
        user: String,
        segment: String,
    },
    Exceptions {
        segment: String,
    },
    Completed {
        user: String,
        course: String,
    },
    Score {
        user: String,
        course: String,
    },
    PreviewRule {
        #[serde(flatten)]
        rule: Notation,
        site: Option<String>,
        segment: Option<String>,
        at: Option<DateTime<Utc>>,
    },
    Lints {
        segment: String,
    },
    RuleBuilder {
        segment: String,
    },
    RuleTree {
        segment: String,
    },
    Enrolments {
        user: Option<String>,
        course: Option<String>,
    },
    ExplainMembership {
        user: String,
        segment: String,
    },
    ExplainEnrolment {
        user: String,
        course: String,
    },
    Can(Can),
}

/// A revision, or an instant.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum When {
    Revision(u64),
    At(DateTime<Utc>),
}

impl When {
    pub(crate) fn moment(self) -> Result<AsOf, Error> {
        Ok(match self {
            Self::Revision(revision) => AsOf::Revision(Revision(revision)),
            Self::At(at) => AsOf::Instant(at.try_into()?),
        })
    }
}

fn many() -> usize {
    1000
}
