//! A value of a field, and how text is brought into its one form. Not here: which values an attribute accepts
//! (`schema`).

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::{Decimal, OptionId, UserId};

/// One value of a field. Text is ordered by code point, numbers, days and instants as such; booleans, choices,
/// users and paths are equal or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Free text in Unicode normalisation form C; the empty text is a value like any other. Shared, because a feed gives
    /// many people the same.
    Text(Arc<str>),
    /// A whole number within ±[`MAX_INTEGER`].
    Integer(i64),
    /// An exact decimal number.
    Decimal(Decimal),
    /// Yes or no.
    Boolean(bool),
    /// A calendar day, without a time zone.
    Date(NaiveDate),
    /// An instant, to the millisecond.
    Timestamp(DateTime<Utc>),
    /// One of the options of a choice attribute.
    Choice(OptionId),
    /// Some of the options of a multi-choice attribute, ascending, at least one.
    Choices(Box<[OptionId]>),
    /// Another person.
    User(UserId),
    /// A place in a tree, from the root: `EMEA/ZA/Cape Town`; see [`path`].
    Path(Arc<str>),
}

/// The greatest integer, 2⁵³ − 1, which every language and engine represents exactly; the least is its opposite.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

impl Value {
    /// A text value, brought to normalisation form C.
    pub fn text(text: &str) -> Self {
        Self::Text(normalise(text).into())
    }
}

/// Brings text to Unicode normalisation form C, so that two spellings of one character are equal.
///
/// ```
/// assert_eq!(matricula_rule::normalise("e\u{301}"), "é");
/// ```
pub fn normalise(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

/// Text as attributes that ignore case compare it: each character by Unicode simple case folding, then in
/// normalisation form C. It depends on no language: `ß` and `ss` differ, and so do `i` and `ı`.
///
/// ```
/// assert_eq!(matricula_rule::fold("ÉCOLE"), matricula_rule::fold("école"));
/// ```
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return match text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(text.to_ascii_lowercase()),
            false => Cow::Borrowed(text),
        };
    }
    let folded = |char: char| {
        let folded = unicode_case_mapping::case_folded(char).map(u32::from);
        folded.and_then(char::from_u32).unwrap_or(char)
    };
    Cow::Owned(text.chars().map(folded).nfc().collect())
}

/// A path in its one form: names joined by `/`, in normalisation form C, none of them empty or with white space
/// around it, no control characters. `None` for any other text.
///
/// ```
/// use matricula_rule::path;
///
/// assert_eq!(path("EMEA/ZA").as_deref(), Some("EMEA/ZA"));
/// assert_eq!(path("/EMEA"), None);
/// ```
pub fn path(text: &str) -> Option<Arc<str>> {
    let fits = |name: &str| !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control);
    let normal = normalise(text);
    normal.split('/').all(fits).then(|| normal.into())
}

/// Whether one path lies under another, or is that one itself.
///
/// ```
/// use matricula_rule::is_under;
///
/// assert!(is_under("EMEA/ZA", "EMEA/ZA") && is_under("EMEA/ZA/Paarl", "EMEA/ZA"));
/// assert!(!is_under("EMEA/ZAR", "EMEA/ZA"));
/// ```
pub fn is_under(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
