//! What a host asks for: changes that name everything by key. Not here: what is recorded of them (`commit`).

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use matricula_rule::{Decimal, Rule, Sensitivity};
use serde::Serialize;

use crate::access::{
    CapabilityDefinition, CategoryDefinition, GrantDefinition, GrantId, Override, RoleDefinition, ScopeKey,
};
use crate::model::not_a_word;
use crate::{
    BulkEnrolment, Deletable, DueDate, Error, ErrorKind, Exception, GuardDefinition, Instant, LEARNER,
    LeavePolicy, SegmentState, Status,
};

/// One change of a transaction. Definitions create what is not there and replace what is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Change {
    /// Defines a site.
    Site(SiteDefinition),
    /// Defines an attribute.
    Attribute(AttributeDefinition),
    /// Defines a course.
    Course(CourseDefinition),
    /// Defines a segment.
    Segment(SegmentDefinition),
    /// Defines an enrolment rule.
    EnrolmentRule(EnrolmentRuleDefinition),
    /// Creates or updates people.
    Users(Vec<UserUpdate>),
    /// Says from where on what a commit ends has to be confirmed.
    Guard(GuardDefinition),
    /// Decides by hand whether a person is in a segment, whatever its rule says; `None` leaves it to the rule.
    Exception {
        /// The segment's key.
        segment: String,
        /// The user's key.
        user: String,
        /// The decision.
        exception: Option<Exception>,
    },
    /// Records what a person did in a course.
    Record(RecordUpdate),
    /// Enrols a person in a course by hand.
    Enrol {
        /// The user's key.
        user: String,
        /// The course's key.
        course: String,
    },
    /// Erases a person for good: key, values, memberships and what was decided by hand go, here and in the journal; a
    /// number stays.
    Erase {
        /// The user's key.
        user: String,
    },
    /// Takes back an enrolment by hand. An enrolment that a rule holds goes on.
    Unenrol {
        /// The user's key.
        user: String,
        /// The course's key.
        course: String,
    },
    /// Enrols many people once.
    EnrolMany(BulkEnrolment),
    /// Suspends an enrolment by hand, whatever rules do, or takes that back.
    SuspendEnrolment {
        /// The user's key.
        user: String,
        /// The course's key.
        course: String,
        /// Whether it is to be suspended; otherwise that is taken back.
        suspended: bool,
    },
    /// Archives a course, or restores it.
    Archive {
        /// The course's key.
        course: String,
        /// Whether it is to be archived; otherwise it is restored.
        archived: bool,
    },
    /// Closes a site, or reopens it.
    Close {
        /// The site's key.
        site: String,
        /// Whether it is to be closed; otherwise it is reopened.
        closed: bool,
    },
    /// Defines a category of courses.
    Category(CategoryDefinition),
    /// Registers a capability of the host's own.
    Capability(CapabilityDefinition),
    /// Defines a role.
    Role(RoleDefinition),
    /// Says what a role gives otherwise in a scope.
    Override(Override),
    /// Locks a scope, or unlocks it.
    Lock {
        /// Which.
        scope: ScopeKey,
        /// Whether it is to be locked.
        locked: bool,
    },
    /// Gives somebody a role.
    Grant(GrantDefinition),
    /// Takes a grant away.
    Revoke(GrantId),
    /// Deletes a definition, by its key.
    Delete(Deletable, String),
}

/// A site to be. The key `primary` names the primary site, which is always there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SiteDefinition {
    /// The key.
    pub key: String,
    /// The name for people; the key if left out.
    pub name: Option<String>,
    /// The zone of its calendar; the primary site's if left out, UTC for the primary one.
    pub zone: Option<Tz>,
}

/// The type of an attribute to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum AttributeType {
    /// Free text.
    Text,
    /// A whole number within ±(2⁵³ − 1).
    Integer,
    /// An exact decimal number.
    Decimal,
    /// Yes or no.
    Boolean,
    /// A calendar day.
    Date,
    /// An instant.
    Timestamp,
    /// One of these options. A later definition may add, rename and retire options but not leave any out.
    Choice(Vec<OptionDefinition>),
    /// Any of these options; as for a choice.
    MultiChoice(Vec<OptionDefinition>),
    /// Another person, by key.
    User,
    /// A place in a tree, such as `EMEA/ZA/Cape Town`.
    Path,
}

impl AttributeType {
    /// The type of this name (see [`matricula_rule::Kind::NAMES`]), with its options if it is a choice.
    ///
    /// # Errors
    /// `invalid_definition` for an unknown name, or options of a type that has none.
    pub fn named(name: &str, options: Option<Vec<OptionDefinition>>) -> Result<Self, Error> {
        let kind = match name {
            // No options are refused where the attribute is defined, with its name.
            "choice" => return Ok(Self::Choice(options.unwrap_or_default())),
            "multi_choice" => return Ok(Self::MultiChoice(options.unwrap_or_default())),
            "text" => Self::Text,
            "integer" => Self::Integer,
            "decimal" => Self::Decimal,
            "boolean" => Self::Boolean,
            "date" => Self::Date,
            "timestamp" => Self::Timestamp,
            "user" => Self::User,
            "path" => Self::Path,
            _ => return Err(not_a_word("attribute type", name, &matricula_rule::Kind::NAMES)),
        };
        if options.is_some() {
            let message = format!("options are given for a {name}, expected them for a choice only");
            return Err(Error::new(ErrorKind::InvalidDefinition, message));
        }
        Ok(kind)
    }
}

/// An option of a choice to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OptionDefinition {
    /// The word that data and rules use.
    pub key: String,
    /// The name for people; the key if left out.
    pub name: Option<String>,
    /// Whether nobody can be given it any longer; those who have it keep it.
    pub retired: bool,
    /// The key that the option had before, if it is to have another one now.
    pub was: Option<String>,
}

impl OptionDefinition {
    /// An option of this key.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), ..Self::default() }
    }
}

impl From<&str> for OptionDefinition {
    fn from(key: &str) -> Self {
        Self::new(key)
    }
}

impl From<String> for OptionDefinition {
    fn from(key: String) -> Self {
        Self::new(key)
    }
}

/// An attribute to be. A later definition says everything again but its site, which stays; what the people who are
/// there do not satisfy is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributeDefinition {
    /// The key: a name as in `user.name`.
    pub key: String,
    /// The type; a later definition may not change it.
    pub kind: AttributeType,
    /// The name for people; the key if left out.
    pub name: Option<String>,
    /// What it means, for people who fill it in.
    pub help: Option<String>,
    /// The key of the site whose administrators define it; the whole registry if left out.
    pub site: Option<String>,
    /// Whether everybody must have a value.
    pub required: bool,
    /// Whether no two people may have the same value.
    pub unique: bool,
    /// Of text: whether it is compared without regard to case.
    pub ignore_case: bool,
    /// Of text: a pattern that every value matches, with `*` for any characters and `?` for one.
    pub pattern: Option<String>,
    /// Of numbers, dates and timestamps: the least value allowed.
    pub minimum: Option<Input>,
    /// Of numbers, dates and timestamps: the greatest value allowed.
    pub maximum: Option<Input>,
    /// The value that a person created without one is given.
    pub default: Option<Input>,
    /// How much care the values need.
    pub sensitivity: Sensitivity,
    /// Whether people may change their own value.
    pub self_writable: bool,
}

impl AttributeDefinition {
    /// An attribute of the whole registry, without further demands.
    pub fn new(key: impl Into<String>, kind: AttributeType) -> Self {
        Self {
            key: key.into(),
            kind,
            name: None,
            help: None,
            site: None,
            required: false,
            unique: false,
            ignore_case: false,
            pattern: None,
            minimum: None,
            maximum: None,
            default: None,
            sensitivity: Sensitivity::default(),
            self_writable: false,
        }
    }
}

/// A course to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CourseDefinition {
    /// The key.
    pub key: String,
    /// The name for people; the key if left out.
    pub name: Option<String>,
    /// The key of its site; that of its category or the primary one if left out. A later definition may not change it.
    pub site: Option<String>,
    /// The key of the category that it lies in; if left out, a new one lies directly in its site, and an earlier one where
    /// it lay. A later definition may move it within its site.
    pub category: Option<String>,
}

impl CourseDefinition {
    /// A course of the primary site.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), ..Self::default() }
    }
}

/// A rule in one of the notations that it can come in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum RuleSource {
    /// As text: `user.country == "ZA"`.
    Text(String),
    /// As the typed tree.
    Typed(Rule),
    /// As the JSON text of a rule builder.
    Builder(String),
}

impl From<&str> for RuleSource {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for RuleSource {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Rule> for RuleSource {
    fn from(rule: Rule) -> Self {
        Self::Typed(rule)
    }
}

/// A segment to be. What a later definition leaves out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SegmentDefinition {
    /// The key.
    pub key: String,
    /// The name for people; the key if left out.
    pub name: Option<String>,
    /// The key of the site whose members it selects from; if left out, those of any site for a new segment. A
    /// later definition may not change it.
    pub site: Option<String>,
    /// The rule; if left out, a new segment has the members that are put in by hand.
    pub rule: Option<RuleSource>,
    /// Whether it selects; a new one does.
    pub state: Option<SegmentState>,
    /// Who answers for it, in the host's words.
    pub owner: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether stores that people read with SQL keep a row for each member; a new one has none.
    pub sql_rows: Option<bool>,
}

impl SegmentDefinition {
    /// A segment whose members are put in by hand.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), ..Self::default() }
    }

    /// A segment of the people for whom a rule is true.
    pub fn with_rule(key: impl Into<String>, rule: impl Into<RuleSource>) -> Self {
        Self { rule: Some(rule.into()), ..Self::new(key) }
    }
}

/// What is recorded of a person in a course: facts that rules can ask about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordUpdate {
    /// The user's key.
    pub user: String,
    /// The course's key.
    pub course: String,
    /// When the person completed the course; `Some(None)` takes that back, `None` leaves it.
    pub completed: Option<Option<Instant>>,
    /// The score, from 0 to 1; `Some(None)` takes it back, `None` leaves it.
    pub score: Option<Option<Decimal>>,
}

/// An enrolment rule to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EnrolmentRuleDefinition {
    /// The key.
    pub key: String,
    /// The name for people; the key if left out.
    pub name: Option<String>,
    /// The key of the segment.
    pub segment: String,
    /// The keys of the courses; at least one, all of one site.
    pub courses: Vec<String>,
    /// What happens on leaving; a later definition says it again.
    pub on_leave: LeavePolicy,
    /// Whether it acts; a later definition says it again.
    pub enabled: bool,
    /// The key of the role that people are enrolled as.
    pub role: String,
    /// The instant from which on it acts; always if left out.
    pub from: Option<Instant>,
    /// The instant from which on it no longer acts, which is leaving under its policy; never if left out.
    pub until: Option<Instant>,
    /// When people are to be done; if left out, on no day.
    pub due: Option<DueDate>,
}

impl EnrolmentRuleDefinition {
    /// A rule that acts always, as learners, without due date.
    pub fn new<C: Into<String>>(
        key: impl Into<String>,
        segment: impl Into<String>,
        courses: impl IntoIterator<Item = C>,
        on_leave: LeavePolicy,
    ) -> Self {
        Self {
            key: key.into(),
            name: None,
            segment: segment.into(),
            courses: courses.into_iter().map(Into::into).collect(),
            on_leave,
            enabled: true,
            role: LEARNER.to_owned(),
            from: None,
            until: None,
            due: None,
        }
    }
}

/// A value as a host gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Input {
    /// Text; for other types what stands for a value: the key of an option or of a user, `2026-01-31`, `12`, `0.8`,
    /// `true`, `EMEA/ZA`; for a multi-choice, keys with `;` between them.
    Text(String),
    /// A whole number, for an integer or a decimal.
    Integer(i64),
    /// A decimal number, for a decimal.
    Decimal(Decimal),
    /// Yes or no, for a boolean.
    Boolean(bool),
    /// A calendar day, for a date.
    Date(NaiveDate),
    /// An instant, for a timestamp.
    Timestamp(Instant),
    /// Keys of options, for a multi-choice; none of them is no value.
    List(Vec<String>),
}

impl std::fmt::Display for Input {
    /// As the text that stands for the same value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Decimal(number) => number.fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Date(date) => date.fmt(f),
            Self::Timestamp(at) => at.fmt(f),
            Self::List(keys) => f.write_str(&keys.join(";")),
        }
    }
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Input {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

macro_rules! inputs {
    ($($type:ty => $variant:ident,)*) => {$(
        impl From<$type> for Input {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        }
    )*};
}

inputs! {
    i64 => Integer,
    Decimal => Decimal,
    bool => Boolean,
    NaiveDate => Date,
    Instant => Timestamp,
    Vec<String> => List,
}

/// What is to be true of one person. What is left out stays as it is; a person who is not there is created,
/// active and, unless sites are given, an active member of the primary site.
///
/// ```
/// use matricula_core::{Status, UserUpdate};
///
/// let update = UserUpdate::new("ann").set("department", "Sales").clear("manager").join("emea");
/// assert_eq!(update.values.len(), 2);
/// # let _ = update.status(Status::Active);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UserUpdate {
    /// The user's key.
    pub key: String,
    /// The person's status.
    pub status: Option<Status>,
    /// Values by attribute key; `None` clears. Keys are shared, since a feed repeats them for everybody.
    pub values: Vec<(Arc<str>, Option<Input>)>,
    /// The status of memberships by site key; `None` ends one.
    pub sites: Vec<(Arc<str>, Option<Status>)>,
}

impl UserUpdate {
    /// An update of this user that changes nothing yet.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), ..Self::default() }
    }

    /// Sets a value.
    #[must_use]
    pub fn set(mut self, attribute: impl Into<Arc<str>>, value: impl Into<Input>) -> Self {
        self.values.push((attribute.into(), Some(value.into())));
        self
    }

    /// Takes a value away.
    #[must_use]
    pub fn clear(mut self, attribute: impl Into<Arc<str>>) -> Self {
        self.values.push((attribute.into(), None));
        self
    }

    /// Sets the person's status.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// Makes the person an active member of a site.
    #[must_use]
    pub fn join(mut self, site: impl Into<Arc<str>>) -> Self {
        self.sites.push((site.into(), Some(Status::Active)));
        self
    }

    /// Suspends the person's membership of a site.
    #[must_use]
    pub fn suspend_in(mut self, site: impl Into<Arc<str>>) -> Self {
        self.sites.push((site.into(), Some(Status::Suspended)));
        self
    }

    /// Ends the person's membership of a site.
    #[must_use]
    pub fn leave(mut self, site: impl Into<Arc<str>>) -> Self {
        self.sites.push((site.into(), None));
        self
    }
}

impl From<UserUpdate> for Change {
    fn from(update: UserUpdate) -> Self {
        Self::Users(vec![update])
    }
}

macro_rules! changes {
    ($($definition:ident => $variant:ident,)*) => {$(
        impl From<$definition> for Change {
            fn from(definition: $definition) -> Self {
                Self::$variant(definition)
            }
        }
    )*};
}

changes! {
    SiteDefinition => Site,
    AttributeDefinition => Attribute,
    CourseDefinition => Course,
    SegmentDefinition => Segment,
    RecordUpdate => Record,
    EnrolmentRuleDefinition => EnrolmentRule,
    GuardDefinition => Guard,
    BulkEnrolment => EnrolMany,
    CategoryDefinition => Category,
    CapabilityDefinition => Capability,
    RoleDefinition => Role,
    Override => Override,
    GrantDefinition => Grant,
}
