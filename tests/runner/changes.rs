//! The calls on a transaction that vectors make.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use matricula::{
    AttributeDefinition, AttributeType, BulkEnrolment, CapabilityDefinition, CategoryDefinition, Change,
    CourseDefinition, Deletable, DueDate, EnrolmentRuleDefinition, Error, Exception, GrantId, Input, Instant,
    OptionDefinition, Override, RecordUpdate, Revision, SegmentDefinition, Sensitivity, SiteDefinition,
    Transaction, UserUpdate, time_zone,
};
use serde::{Deserialize, Deserializer};

use crate::access::{DefineRole, Granting, ScopeGiven, effects_of};
use crate::calls::Notation;

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
        category: Option<String>,
    },
    DefineCategory {
        key: String,
        name: Option<String>,
        site: Option<String>,
        parent: Option<String>,
    },
    DefineCapability(CapabilityDefinition),
    DefineRole(Box<DefineRole>),
    Override {
        role: String,
        scope: ScopeGiven,
        effects: BTreeMap<String, String>,
    },
    Lock {
        scope: ScopeGiven,
    },
    Unlock {
        scope: ScopeGiven,
    },
    Grant(Box<Granting>),
    Revoke {
        grant: u32,
    },
    DeleteRole {
        key: String,
    },
    DefineSegment(Box<DefineSegment>),
    DefineEnrolmentRule(Box<DefineEnrolmentRule>),
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
    EnrolSegment {
        segment: String,
        courses: Vec<String>,
        due: Option<Due>,
    },
    EnrolUsers {
        users: Vec<String>,
        courses: Vec<String>,
        due: Option<Due>,
    },
    SuspendEnrolment {
        user: String,
        course: String,
    },
    ResumeEnrolment {
        user: String,
        course: String,
    },
    DeleteEnrolmentRule {
        key: String,
    },
    DeleteSegment {
        key: String,
    },
    DeleteAttribute {
        key: String,
    },
    ArchiveCourse {
        key: String,
    },
    RestoreCourse {
        key: String,
    },
    CloseSite {
        key: String,
    },
    ReopenSite {
        key: String,
    },
    Erase {
        user: String,
    },
    Revert {
        revision: u64,
        how: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefineEnrolmentRule {
    key: String,
    segment: String,
    courses: Vec<String>,
    on_leave: Option<String>,
    name: Option<String>,
    enabled: Option<bool>,
    role: Option<String>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    due: Option<Due>,
}

/// When people are to be done: in so many days, or on a day.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Due {
    After(u32),
    On(NaiveDate),
}

impl From<Due> for DueDate {
    fn from(due: Due) -> Self {
        match due {
            Due::After(days) => Self::After(days),
            Due::On(day) => Self::On(day),
        }
    }
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

impl DefineEnrolmentRule {
    fn change(self) -> Result<Change, Error> {
        let on_leave = self.on_leave.as_deref().unwrap_or("keep").parse()?;
        let rule = EnrolmentRuleDefinition::new(self.key, self.segment, self.courses, on_leave);
        let definition = EnrolmentRuleDefinition {
            name: self.name,
            enabled: self.enabled.unwrap_or(true),
            role: self.role.unwrap_or_else(|| rule.role.clone()),
            from: self.from.map(Instant::try_from).transpose()?,
            until: self.until.map(Instant::try_from).transpose()?,
            due: self.due.map(DueDate::from),
            ..rule
        };
        Ok(definition.into())
    }
}

impl Changing {
    /// Makes the change.
    pub(crate) fn make(self, tx: &mut Transaction) -> Result<(), Error> {
        match self {
            Self::Revert { revision, how } => {
                let how = how.as_deref().unwrap_or("strict").parse()?;
                tx.revert(Revision(revision), how).map(drop)
            }
            change => tx.apply(change.change()?),
        }
    }

    fn change(self) -> Result<Change, Error> {
        let decide =
            |segment, user, exception| Ok::<_, Error>(Change::Exception { segment, user, exception });
        Ok(match self {
            Self::DefineSite { key, name, zone } => {
                SiteDefinition { key, name, zone: zone.as_deref().map(time_zone).transpose()? }.into()
            }
            Self::DefineAttribute(definition) => definition.change()?,
            Self::DefineCourse { key, name, site, category } => {
                CourseDefinition { key, name, site, category }.into()
            }
            Self::DefineCategory { key, name, site, parent } => {
                CategoryDefinition { key, name, site, parent }.into()
            }
            Self::DefineCapability(definition) => definition.into(),
            Self::DefineRole(definition) => definition.change()?,
            Self::Override { role, scope, effects } => {
                Override { role, scope: scope.into(), effects: effects_of(effects)? }.into()
            }
            Self::Lock { scope } => Change::Lock { scope: scope.into(), locked: true },
            Self::Unlock { scope } => Change::Lock { scope: scope.into(), locked: false },
            Self::Grant(granting) => granting.change()?,
            Self::Revoke { grant } => Change::Revoke(GrantId(grant)),
            Self::DeleteRole { key } => Change::Delete(Deletable::Role, key),
            Self::DefineSegment(definition) => definition.change()?,
            Self::DefineEnrolmentRule(definition) => definition.change()?,
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
            Self::EnrolSegment { segment, courses, due } => {
                let enrolment = BulkEnrolment::of_segment(segment, courses);
                BulkEnrolment { due: due.map(DueDate::from), ..enrolment }.into()
            }
            Self::EnrolUsers { users, courses, due } => {
                let enrolment = BulkEnrolment::of_users(users, courses);
                BulkEnrolment { due: due.map(DueDate::from), ..enrolment }.into()
            }
            Self::SuspendEnrolment { user, course } => {
                Change::SuspendEnrolment { user, course, suspended: true }
            }
            Self::ResumeEnrolment { user, course } => {
                Change::SuspendEnrolment { user, course, suspended: false }
            }
            Self::DeleteEnrolmentRule { key } => Change::Delete(Deletable::EnrolmentRule, key),
            Self::DeleteSegment { key } => Change::Delete(Deletable::Segment, key),
            Self::DeleteAttribute { key } => Change::Delete(Deletable::Attribute, key),
            Self::ArchiveCourse { key } => Change::Archive { course: key, archived: true },
            Self::RestoreCourse { key } => Change::Archive { course: key, archived: false },
            Self::CloseSite { key } => Change::Close { site: key, closed: true },
            Self::ReopenSite { key } => Change::Close { site: key, closed: false },
            Self::Erase { user } => Change::Erase { user },
            Self::Revert { .. } => panic!("what is undone is no change by itself"),
        })
    }
}
