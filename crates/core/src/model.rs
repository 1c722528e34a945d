//! What administrators define: sites, attributes, courses, segments, enrolment rules; and the keys that name
//! them. Not here: people (`users`) and what follows from definitions (`derive`, `reconcile`).

use chrono_tz::Tz;
use indexmap::IndexMap;
use matricula_rule::{Rule, nearest};
use serde::{Deserialize, Serialize};

use crate::due::{DueDate, is_learner, learner};
use crate::error::shown;
use crate::{CategoryId, CourseId, Error, ErrorKind, Instant, SegmentId, SiteId};

/// A site: an instance with its own members, courses and calendar. Site 0 is the primary one and always
/// there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The key, such as `emea`.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// The zone whose calendar days count here.
    pub zone: Tz,
    /// Whether it is closed: its memberships count as inactive until it is reopened.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

/// A course of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// The key, such as `gdpr`.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// Whose course it is.
    pub site: SiteId,
    /// The category that it lies in, if it lies in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// Whether it is archived: rules bring nobody and let nobody go until it is restored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
}

/// People selected by a rule or by hand, among the active members of a site, or of any site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The key, such as `new-starters`.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// Among whose members; `None` for those of any site.
    pub site: Option<SiteId>,
    /// Who belongs; `None` for those who were put in by hand, and no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// Whether it selects.
    #[serde(default)]
    pub state: SegmentState,
    /// Who answers for it, in the host's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether stores that people read with SQL keep a row for each member.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sql_rows: bool,
    /// Whether it was deleted: it is as a draft without a rule, nothing may refer to it, and its key is free.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// Whether a segment selects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentState {
    /// It is being written: it has no members, and nothing may refer to it.
    Draft,
    /// It selects.
    #[default]
    Active,
    /// Its members stay as they are, but for those who become inactive; its enrolment rules end nothing.
    Paused,
}

/// What was decided by hand about a person and a segment, whatever the rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exception {
    /// Always in, as long as the person is active.
    Pinned,
    /// Never in.
    Banned,
}

/// Members of a segment are enrolled in courses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentRule {
    /// The key, such as `gdpr-for-emea`.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// Whose members.
    pub segment: SegmentId,
    /// In what; at least one, all of one site.
    pub courses: Vec<CourseId>,
    /// What happens to the enrolment of someone who leaves the segment.
    pub on_leave: LeavePolicy,
    /// Whether it acts.
    pub enabled: bool,
    /// The key of the role that people are enrolled as.
    #[serde(default = "learner", skip_serializing_if = "is_learner")]
    pub role: String,
    /// The instant from which on it acts; always, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
    /// The instant from which on it no longer acts; never, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// When people are to be done, if they are given a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DueDate>,
    /// Whether it was deleted: it no longer acts, and its key is free.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// What becomes of an enrolment when the last reason for it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeavePolicy {
    /// It goes on.
    Keep,
    /// It is suspended, and restored when the person comes back.
    Suspend,
    /// It ends.
    Unenrol,
}

/// Whether a person, or a person's membership of a site, counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It does.
    Active,
    /// It does not, for now.
    Suspended,
    /// It does not, for ever: the person was erased. No membership has this status.
    Erased,
}

macro_rules! words {
    ($type:ident: $what:literal, $($variant:ident = $word:literal,)*) => {
        impl $type {
            /// The word for it in data and messages.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::str::FromStr for $type {
            type Err = Error;

            fn from_str(word: &str) -> Result<Self, Error> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(not_a_word($what, word, &[$($word),*])),
                }
            }
        }
    };
}

words!(LeavePolicy: "leave policy", Keep = "keep", Suspend = "suspend", Unenrol = "unenrol",);
words!(SegmentState: "segment state", Draft = "draft", Active = "active", Paused = "paused",);
words!(Exception: "exception", Pinned = "pinned", Banned = "banned",);

impl Status {
    /// The word for it in data and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Erased => "erased",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = Error;

    /// A status that can be given: nobody is made erased by a word.
    fn from_str(word: &str) -> Result<Self, Error> {
        match word {
            "active" => Ok(Self::Active),
            "suspended" => Ok(Self::Suspended),
            _ => Err(not_a_word("status", word, &["active", "suspended"])),
        }
    }
}

/// The error for a word that is not one of a few.
pub(crate) fn not_a_word(what: &str, word: &str, words: &[&str]) -> Error {
    let hint = nearest(word, words.iter().copied()).map(|near| format!(", did you mean `{near}`?"));
    let words = words.join(", ");
    let (word, hint) = (shown(word), hint.unwrap_or_default());
    Error::new(
        ErrorKind::InvalidDefinition,
        format!("unknown {what} `{word}`, expected one of {words}{hint}"),
    )
}

/// Definitions by key and by id; the position is the id. Those that were deleted stand under keys that nobody can give.
pub(crate) type Catalog<T> = IndexMap<String, T>;

/// What no key begins with.
const BURIED: char = '\0';

/// Puts a definition in its place: under its key or, if it was deleted, where no key leads.
pub(crate) fn put<T>(catalog: &mut Catalog<T>, id: usize, key: &str, deleted: bool, definition: T) {
    if !deleted {
        catalog.insert(key.to_owned(), definition);
        return;
    }
    let buried = format!("{BURIED}{id}");
    if let Some((_, there)) = catalog.get_index_mut(id) {
        *there = definition;
        // The key is no other's.
        let _ = catalog.replace_index(id, buried);
    } else {
        catalog.insert(buried, definition);
    }
}

/// The position of what is there under a key.
pub(crate) fn position<T>(catalog: &Catalog<T>, key: &str) -> Option<usize> {
    catalog.get_index_of(key).filter(|_| !key.starts_with(BURIED))
}

/// The keys of what is there.
pub(crate) fn live_keys<T>(catalog: &Catalog<T>) -> impl Iterator<Item = &str> {
    catalog.keys().map(String::as_str).filter(|key| !key.starts_with(BURIED))
}

/// A time zone by its name in the IANA database, such as `Africa/Johannesburg`.
///
/// # Errors
/// `unknown_time_zone`, with the nearest name.
pub fn time_zone(name: &str) -> Result<Tz, Error> {
    name.parse().map_err(|_| {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let hint = match nearest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "expected a name such as Europe/Berlin".to_owned(),
        };
        Error::new(ErrorKind::UnknownTimeZone, format!("unknown time zone `{}`, {hint}", shown(name)))
    })
}

/// The greatest length of a key, in bytes.
pub const MAX_KEY: usize = 255;

/// The greatest number of attributes: each is a column of one table in stores that people read with SQL.
pub const MAX_ATTRIBUTES: usize = 500;

/// Checks a key that names a definition or a person, and brings it to normalisation form C.
///
/// # Errors
/// `invalid_key` if it is empty, longer than [`MAX_KEY`] bytes, has control characters, or begins or ends
/// with white space.
pub fn check_key<'a>(what: &str, key: &'a str) -> Result<std::borrow::Cow<'a, str>, Error> {
    let wrong =
        |why: &str| Error::new(ErrorKind::InvalidKey, format!("{what} key `{}` {why}", key.escape_debug()));
    if key.is_empty() {
        return Err(Error::new(ErrorKind::InvalidKey, format!("{what} key is empty")));
    }
    if key.len() > MAX_KEY {
        let start: String = key.chars().take(32).collect();
        return Err(Error::new(
            ErrorKind::InvalidKey,
            format!(
                "{what} key `{}…` has {} bytes, expected at most {MAX_KEY}",
                start.escape_debug(),
                key.len()
            ),
        ));
    }
    if key.chars().any(char::is_control) {
        return Err(wrong("has control characters"));
    }
    if key.trim() != key {
        return Err(wrong("begins or ends with white space"));
    }
    Ok(matricula_rule::normalise(key))
}

/// Words that rule text gives another meaning.
const RESERVED: &[&str] = &["true", "false", "null", "in", "has", "user", "today", "date", "timestamp"];

/// Checks the key of an attribute, which rule text must be able to name.
///
/// # Errors
/// `invalid_key` unless it is a letter or `_` followed by letters, digits and `_` (ASCII), and no reserved
/// word.
pub fn check_attribute_key(key: &str) -> Result<(), Error> {
    check_key("attribute", key)?;
    let wrong = |why: &str| Error::new(ErrorKind::InvalidKey, format!("attribute key `{key}` {why}"));
    let mut letters = key.chars();
    let first = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    if !first || !letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return Err(wrong("is not a name, expected letters, digits and `_`, not starting with a digit"));
    }
    if RESERVED.contains(&key) {
        return Err(wrong("is a word of the rule language"));
    }
    Ok(())
}
