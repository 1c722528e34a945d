//! What a host asks for: changes that name everything by key. Not here: what is recorded of them (`commit`).

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::model::not_a_word;
use crate::{Error, ErrorKind, LeavePolicy, Status};

/// One change of a transaction. Definitions create what is not there and replace what is.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Enrols a person in a course by hand.
    Enrol {
        /// The user's key.
        user: String,
        /// The course's key.
        course: String,
    },
    /// Takes back an enrolment by hand. An enrolment that a rule holds goes on.
    Unenrol {
        /// The user's key.
        user: String,
        /// The course's key.
        course: String,
    },
}

/// A site to be. The key `primary` names the primary site, which is always there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteDefinition {
    /// The key.
    pub key: String,
    /// The name for people; the key if left out.
    pub name: Option<String>,
    /// The zone of its calendar; the primary site's if left out, UTC for the primary one.
    pub zone: Option<Tz>,
}

/// The type of an attribute to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// Free text.
    Text,
    /// One of these options. A later definition may add options but not leave any out.
    Choice(Vec<String>),
    /// A calendar day.
    Date,
}

impl AttributeType {
    /// The type of this name (`text`, `choice` or `date`), with its options if it is a choice.
    ///
    /// # Errors
    /// `invalid_definition` for an unknown name, or options of a type that has none.
    pub fn named(name: &str, options: Option<Vec<String>>) -> Result<Self, Error> {
        match (name, options) {
            // No options are refused where the attribute is defined, with its name.
            ("choice", options) => Ok(Self::Choice(options.unwrap_or_default())),
            ("text", None) => Ok(Self::Text),
            ("date", None) => Ok(Self::Date),
            ("text" | "date", Some(_)) => {
                let message = format!("options are given for a {name}, expected them for a choice only");
                Err(Error::new(ErrorKind::InvalidDefinition, message))
            }
            _ => Err(not_a_word("attribute type", name, &["text", "choice", "date"])),
        }
    }
}

/// An attribute to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeDefinition {
    /// The key: a name as in `user.name`.
    pub key: String,
    /// The type; a later definition may not change it.
    pub kind: AttributeType,
}

/// A course to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourseDefinition {
    /// The key.
    pub key: String,
    /// The name for people; the key if left out.
    pub name: Option<String>,
    /// The key of its site; the primary one if left out. A later definition may not change it.
    pub site: Option<String>,
}

/// A segment to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentDefinition {
    /// The key.
    pub key: String,
    /// The name for people; the key if left out.
    pub name: Option<String>,
    /// The key of the site whose members it selects from; if left out, those of any site for a new segment. A
    /// later definition may not change it.
    pub site: Option<String>,
    /// The rule, as CEL text.
    pub rule: String,
}

/// An enrolment rule to be.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

/// A value as a host gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Text; the key of an option for a choice, `2026-01-31` for a date.
    Text(String),
    /// A calendar day, for a date.
    Date(NaiveDate),
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

impl From<NaiveDate> for Input {
    fn from(date: NaiveDate) -> Self {
        Self::Date(date)
    }
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    EnrolmentRuleDefinition => EnrolmentRule,
}
