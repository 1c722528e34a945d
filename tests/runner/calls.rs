//! A file of vectors as data: its cases, and the calls that they make.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use matricula::rule::parse_tree;
use matricula::{
    AttributeDefinition, AttributeType, Change, CourseDefinition, EnrolmentRuleDefinition, Error, Exception,
    Input, Instant, OptionDefinition, RecordUpdate, RuleSource, SegmentDefinition, Sensitivity,
    SiteDefinition, UserUpdate, time_zone,
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

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

/// A call on a transaction.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Changing {
    DefineSite {
        key: String,
        name: Option<String>,
        zone: Option<String>,
    },
    DefineAttribute(Box<DefineAttribute>),
    DefineCourse {
        key: String,
        name: Option<String>,
        site: Option<String>,
    },
    DefineSegment(Box<DefineSegment>),
    DefineEnrolmentRule {
        key: String,
        segment: String,
        courses: Vec<String>,
        on_leave: Option<String>,
        name: Option<String>,
        enabled: Option<bool>,
    },
    UpdateUser {
        key: String,
        #[serde(default)]
        values: BTreeMap<String, Option<Given>>,
        status: Option<String>,
        #[serde(default)]
        sites: BTreeMap<String, Option<String>>,
    },
    Pin {
        segment: String,
        user: String,
    },
    Ban {
        segment: String,
        user: String,
    },
    Release {
        segment: String,
        user: String,
    },
    Record {
        user: String,
        course: String,
        #[serde(default, deserialize_with = "there")]
        completed: Option<Option<DateTime<Utc>>>,
        #[serde(default, deserialize_with = "there")]
        score: Option<Option<String>>,
    },
    Enrol {
        user: String,
        course: String,
    },
    Unenrol {
        user: String,
        course: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefineAttribute {
    key: String,
    r#type: String,
    options: Option<Vec<OptionGiven>>,
    name: Option<String>,
    help: Option<String>,
    site: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    ignore_case: bool,
    pattern: Option<String>,
    minimum: Option<Given>,
    maximum: Option<Given>,
    default: Option<Given>,
    #[serde(default)]
    sensitivity: Sensitivity,
    #[serde(default)]
    self_writable: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefineSegment {
    key: String,
    #[serde(flatten)]
    rule: Notation,
    name: Option<String>,
    site: Option<String>,
    state: Option<String>,
    owner: Option<String>,
    description: Option<String>,
    sql_rows: Option<bool>,
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

/// An option: its key, or all there is to say.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum OptionGiven {
    Key(String),
    Whole(OptionWhole),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OptionWhole {
    key: String,
    name: Option<String>,
    #[serde(default)]
    retired: bool,
    was: Option<String>,
}

/// A value as JSON has it: decimals, days and instants are text.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Given {
    Boolean(bool),
    Integer(i64),
    Text(String),
    List(Vec<String>),
}

impl From<Given> for Input {
    fn from(given: Given) -> Self {
        match given {
            Given::Boolean(value) => Self::Boolean(value),
            Given::Integer(number) => Self::Integer(number),
            Given::Text(text) => Self::Text(text),
            Given::List(keys) => Self::List(keys),
        }
    }
}

/// `null` is something that is there; what is left out is not.
fn there<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
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
}

fn many() -> usize {
    1000
}

impl DefineAttribute {
    fn change(self) -> Result<Change, Error> {
        let options = self.options.map(|options| {
            let option = |option| match option {
                OptionGiven::Key(key) => key.into(),
                OptionGiven::Whole(OptionWhole { key, name, retired, was }) => {
                    OptionDefinition { key, name, retired, was }
                }
            };
            options.into_iter().map(option).collect()
        });
        let kind = AttributeType::named(&self.r#type, options)
            .map_err(|error| error.within(format_args!("attribute `{}`", self.key)))?;
        let definition = AttributeDefinition {
            name: self.name,
            help: self.help,
            site: self.site,
            required: self.required,
            unique: self.unique,
            ignore_case: self.ignore_case,
            pattern: self.pattern,
            minimum: self.minimum.map(Input::from),
            maximum: self.maximum.map(Input::from),
            default: self.default.map(Input::from),
            sensitivity: self.sensitivity,
            self_writable: self.self_writable,
            ..AttributeDefinition::new(self.key, kind)
        };
        Ok(definition.into())
    }
}

impl DefineSegment {
    fn change(self) -> Result<Change, Error> {
        let rule = self.rule.source();
        let definition = SegmentDefinition {
            rule: rule.map_err(|error| error.within(format_args!("segment `{}`", self.key)))?,
            key: self.key,
            name: self.name,
            site: self.site,
            state: self.state.map(|state| state.parse()).transpose()?,
            owner: self.owner,
            description: self.description,
            sql_rows: self.sql_rows,
        };
        Ok(definition.into())
    }
}

impl Changing {
    pub(crate) fn change(self) -> Result<Change, Error> {
        let decide =
            |segment, user, exception| Ok::<_, Error>(Change::Exception { segment, user, exception });
        Ok(match self {
            Self::DefineSite { key, name, zone } => {
                SiteDefinition { key, name, zone: zone.as_deref().map(time_zone).transpose()? }.into()
            }
            Self::DefineAttribute(definition) => definition.change()?,
            Self::DefineCourse { key, name, site } => CourseDefinition { key, name, site }.into(),
            Self::DefineSegment(definition) => definition.change()?,
            Self::DefineEnrolmentRule { key, segment, courses, on_leave, name, enabled } => {
                let on_leave = on_leave.as_deref().unwrap_or("keep").parse()?;
                let rule = EnrolmentRuleDefinition::new(key, segment, courses, on_leave);
                EnrolmentRuleDefinition { name, enabled: enabled.unwrap_or(true), ..rule }.into()
            }
            Self::UpdateUser { key, values, status, sites } => {
                let mut update = UserUpdate::new(key);
                update.status = status.map(|status| status.parse()).transpose()?;
                let values = values.into_iter();
                update.values = values.map(|(key, value)| (key.into(), value.map(Input::from))).collect();
                for (site, status) in sites {
                    update.sites.push((site.into(), status.map(|status| status.parse()).transpose()?));
                }
                update.into()
            }
            Self::Pin { segment, user } => decide(segment, user, Some(Exception::Pinned))?,
            Self::Ban { segment, user } => decide(segment, user, Some(Exception::Banned))?,
            Self::Release { segment, user } => decide(segment, user, None)?,
            Self::Record { user, course, completed, score } => {
                let completed =
                    completed.map(|completed| completed.map(Instant::try_from).transpose()).transpose()?;
                let score = score.map(|score| score.map(|score| score.parse().unwrap()));
                RecordUpdate { user, course, completed, score }.into()
            }
            Self::Enrol { user, course } => Change::Enrol { user, course },
            Self::Unenrol { user, course } => Change::Unenrol { user, course },
        })
    }
}
