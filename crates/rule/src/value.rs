//! A value of an attribute, and how text is brought into its one form. Not here: which values an attribute
//! accepts ([`crate::Schema`]).

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::OptionId;

/// One value of an attribute. Text is compared exactly and ordered by code point; dates are calendar days;
/// choices have no order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Free text in Unicode normalisation form C; the empty text is a value like any other.
    Text(Box<str>),
    /// One of the options of a choice attribute.
    Choice(OptionId),
    /// A calendar day, without a time zone.
    Date(NaiveDate),
}

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
