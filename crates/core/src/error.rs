//! The one error: what was wrong, where, and a code that is the same in Rust, Python and Node.

use matricula_rule::{RuleError, nearest};

use crate::guard::Held;
use crate::{Delta, Hold};

/// What went wrong, in words, with a stable code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal,)*) => {
        /// The kinds of error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* $kind,)*
        }

        impl ErrorKind {
            /// Every kind, for tests that all of them are documented.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The stable code: the `code` of the Python exception and of the JavaScript error.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code,)*
                }
            }
        }
    };
}

kinds! {
    /// A key is empty, too long, or has characters that keys may not have.
    InvalidKey = "invalid_key",
    /// An instant lies outside the years 1 to 9999.
    InvalidInstant = "invalid_instant",
    /// A definition contradicts itself or what is there.
    InvalidDefinition = "invalid_definition",
    /// A value is not of its attribute's type.
    InvalidValue = "invalid_value",
    /// A value is somebody else's already, where no two people may have the same.
    NotUnique = "not_unique",
    /// The text of a rule is wrong; the message says where.
    InvalidRule = "invalid_rule",
    /// No attribute has this key.
    UnknownAttribute = "unknown_attribute",
    /// No site has this key.
    UnknownSite = "unknown_site",
    /// No user has this key.
    UnknownUser = "unknown_user",
    /// No course has this key.
    UnknownCourse = "unknown_course",
    /// No segment has this key.
    UnknownSegment = "unknown_segment",
    /// No enrolment rule has this key.
    UnknownEnrolmentRule = "unknown_enrolment_rule",
    /// No category has this key.
    UnknownCategory = "unknown_category",
    /// No role has this key.
    UnknownRole = "unknown_role",
    /// No grant has this number.
    UnknownGrant = "unknown_grant",
    /// No capability has this name.
    UnknownCapability = "unknown_capability",
    /// There is no such revision, or no commit so early.
    UnknownRevision = "unknown_revision",
    /// The revision is archived: what is asked about it is in the archive and no longer here.
    Archived = "archived",
    /// An exported registry or an archive is cut off, altered, or of another format.
    InvalidArchive = "invalid_archive",
    /// There is no such time zone.
    UnknownTimeZone = "unknown_time_zone",
    /// A question about permissions names somebody and is not about people, or the other way round.
    InvalidQuestion = "invalid_question",
    /// The actor may not do it; the message names the capability, the scope and the person.
    NotPermitted = "not_permitted",
    /// The change cannot be made to what is there now.
    NotPossible = "not_possible",
    /// A limit of the library was reached.
    TooMany = "too_many",
    /// What was previewed is not what would be recorded now.
    PreviewOutdated = "preview_outdated",
    /// The key of a request was used for another one.
    IdempotencyConflict = "idempotency_conflict",
    /// A commit would end more than the guard lets pass, and has to be confirmed.
    Held = "held",
    /// What is to confirm a commit confirms another one.
    InvalidToken = "invalid_token",
    /// Another writer committed first, again and again.
    Conflict = "conflict",
    /// A journal key is missing, or is not the one that the journal is sealed with.
    JournalKey = "journal_key",
    /// The store has not come to the revision that was asked for.
    Stale = "stale",
    /// A feed of which all rows or none are to be taken has rows that are wrong.
    BadRows = "bad_rows",
    /// A feed cannot be read at all.
    InvalidFeed = "invalid_feed",
    /// The host cancelled the work.
    Cancelled = "cancelled",
    /// The store failed: disk, permissions, locks.
    Store = "store",
    /// The store holds something that this library did not write, or of a newer version.
    InvalidStore = "invalid_store",
    /// The registry, view or transaction is closed.
    Closed = "closed",
}

impl Error {
    /// An error of this kind; the message is lower case, without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// The same with its cause.
    pub fn caused_by(
        kind: ErrorKind,
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { kind, message: message.into(), source: Some(source.into()) }
    }

    /// Something named by key that is not there, with the nearest that is.
    pub(crate) fn unknown<'a>(
        kind: ErrorKind,
        what: &str,
        key: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let hint = nearest(key, candidates).map(|near| format!(", did you mean `{near}`?"));
        Self::new(kind, format!("unknown {what} `{}`{}", shown(key), hint.unwrap_or_default()))
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Its stable code.
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What is wrong with the rule, if that is what went wrong: where, and the name that was probably meant.
    ///
    /// ```
    /// use matricula_core::{Error, rule};
    ///
    /// let error = Error::from(rule::parse("user.level = 3").unwrap_err()).within("segment `x`");
    /// assert_eq!(error.message(), "segment `x`: unexpected `=` at 1:12, write `==`");
    /// assert_eq!(error.rule().and_then(|rule| rule.offset()), Some(11));
    /// ```
    pub fn rule(&self) -> Option<&RuleError> {
        self.source.as_ref()?.downcast_ref()
    }

    /// What holds a commit, if that is what went wrong: how much it would end, and where.
    pub fn hold(&self) -> Option<&Hold> {
        self.cause::<Held>().map(|held| &held.hold)
    }

    /// What a commit that is held would have done.
    pub fn delta(&self) -> Option<&Delta> {
        self.cause::<Held>().map(|held| &held.delta)
    }

    /// The cause, if it is of this type.
    pub fn cause<T: std::error::Error + 'static>(&self) -> Option<&T> {
        self.source.as_ref()?.downcast_ref()
    }

    /// The same error with words put in front of the message: where it happened.
    #[must_use]
    pub fn within(mut self, place: impl std::fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }
}

/// What a host gave, cut and escaped for a message.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}

impl From<RuleError> for Error {
    fn from(error: RuleError) -> Self {
        Self::caused_by(ErrorKind::InvalidRule, error.to_string(), error)
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
