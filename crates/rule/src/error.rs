//! What is wrong with a rule, where, and what to write instead. Not here: how things go wrong (`parse`, `check`).

use std::fmt;

use crate::Span;

/// What kind of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RuleErrorKind {
    /// The text is not a rule.
    Syntax,
    /// The text is longer than [`crate::MAX_TEXT`].
    TooLong,
    /// It nests deeper than [`crate::MAX_DEPTH`].
    TooDeep,
    /// There is no such attribute.
    UnknownAttribute,
    /// There is no such user.
    UnknownUser,
    /// There is no such segment.
    UnknownSegment,
    /// There is no such site.
    UnknownSite,
    /// There is no such course.
    UnknownCourse,
    /// The course has no such group.
    UnknownGroup,
    /// There is no such role.
    UnknownRole,
    /// The field is of another type than the value.
    WrongType,
    /// The choice has no such option.
    UnknownOption,
    /// The attribute's values have no order.
    NoOrder,
    /// A list without elements, which nothing is in.
    EmptyList,
    /// An "all" or "any" of fewer than two parts.
    TooFewParts,
    /// There is no such day, or it is outside [`crate::Offset::DAYS`].
    InvalidDate,
    /// There is no such instant, or it is outside the years 1 to 9999.
    InvalidTimestamp,
    /// A number that is out of bounds or has too many digits after its point, or a count that cannot be.
    InvalidNumber,
    /// A text that is no path: see [`crate::path`].
    InvalidPath,
    /// A pattern that cannot be read: see [`crate::Glob`].
    InvalidPattern,
    /// A text that is not in normalisation form C.
    NotNormalised,
    /// An option that is there twice.
    Repeated,
    /// It is the same for everybody.
    ConstantRule,
    /// A rule from a rule builder that somebody has not finished: a placeholder, a missing value.
    Unfinished,
    /// The other notation has it, rules do not; or rules have it and the other notation does not.
    NotSupported,
}

impl RuleErrorKind {
    /// The kind's stable name, as other languages see it: `unknown_attribute`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Syntax => "rule_syntax",
            Self::TooLong => "rule_too_long",
            Self::TooDeep => "rule_too_deep",
            Self::UnknownAttribute => "unknown_attribute",
            Self::UnknownUser => "unknown_user",
            Self::UnknownSegment => "unknown_segment",
            Self::UnknownSite => "unknown_site",
            Self::UnknownCourse => "unknown_course",
            Self::UnknownGroup => "unknown_group",
            Self::UnknownRole => "unknown_role",
            Self::WrongType => "wrong_type",
            Self::UnknownOption => "unknown_option",
            Self::NoOrder => "no_order",
            Self::EmptyList => "empty_list",
            Self::TooFewParts => "too_few_parts",
            Self::InvalidDate => "invalid_date",
            Self::InvalidTimestamp => "invalid_timestamp",
            Self::InvalidNumber => "invalid_number",
            Self::InvalidPath => "invalid_path",
            Self::InvalidPattern => "invalid_pattern",
            Self::NotNormalised => "not_normalised",
            Self::Repeated => "repeated",
            Self::ConstantRule => "constant_rule",
            Self::Unfinished => "unfinished",
            Self::NotSupported => "not_supported",
        }
    }
}

impl fmt::Display for RuleErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A mistake in a rule: what, where, and what to write instead.
///
/// ```
/// use matricula_rule::{Attribute, AttributeId, Kind, RuleErrorKind, Schema, compile};
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "department", Kind::Text));
///
/// let error = compile(r#"user.departmnt == "Sales""#, &schema).unwrap_err();
/// assert_eq!(error.to_string(), "unknown attribute `departmnt` at 1:6, did you mean `department`?");
/// assert_eq!(error.kind(), RuleErrorKind::UnknownAttribute);
/// assert_eq!(error.nearest(), Some("department"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RuleError(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    kind: RuleErrorKind,
    message: String,
    place: Place,
    hint: Option<String>,
    expected: Option<String>,
    found: Option<String>,
    nearest: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Nowhere,
    Text(Span),
    Json(String),
}

impl fmt::Display for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.place {
            Place::Nowhere => {}
            Place::Text(span) => write!(f, " at {}:{}", span.line, span.column)?,
            Place::Json(pointer) if pointer.is_empty() => {}
            Place::Json(pointer) => write!(f, " at `{}`", shortened(pointer))?,
        }
        match &self.hint {
            Some(hint) => write!(f, ", {hint}"),
            None => Ok(()),
        }
    }
}

impl RuleError {
    pub(crate) fn new(kind: RuleErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            message: message.into(),
            place: Place::Nowhere,
            hint: None,
            expected: None,
            found: None,
            nearest: None,
        }))
    }

    /// "expected …, found …".
    pub(crate) fn mismatch(
        kind: RuleErrorKind,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        let (expected, found) = (expected.into(), found.into());
        let mut error = Self::new(kind, format!("expected {expected}, found {found}"));
        error.0.expected = Some(expected);
        error.0.found = Some(found);
        error
    }

    pub(crate) fn at(mut self, span: Span) -> Self {
        self.0.place = Place::Text(span);
        self
    }

    pub(crate) fn at_pointer(mut self, pointer: &str) -> Self {
        self.0.place = Place::Json(pointer.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn expecting(mut self, expected: impl Into<String>) -> Self {
        self.0.expected = Some(expected.into());
        self
    }

    pub(crate) fn finding(mut self, found: impl Into<String>) -> Self {
        self.0.found = Some(found.into());
        self
    }

    /// Adds "did you mean …?", if there is anything near.
    pub(crate) fn near(mut self, nearest: Option<&str>) -> Self {
        if let Some(nearest) = nearest {
            self.0.hint = Some(format!("did you mean {}?", quoted(nearest)));
            self.0.nearest = Some(nearest.into());
        }
        self
    }

    /// What kind of mistake it is.
    pub fn kind(&self) -> RuleErrorKind {
        self.0.kind
    }

    /// What is wrong, without the place and the advice that [`Display`](fmt::Display) adds.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, where there is something: ``write `==` ``.
    pub fn advice(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Where in the text; none if the rule is too long, or was not text.
    pub fn span(&self) -> Option<Span> {
        match self.0.place {
            Place::Text(span) => Some(span),
            Place::Nowhere | Place::Json(_) => None,
        }
    }

    /// The byte of the text at which it is.
    pub fn offset(&self) -> Option<usize> {
        self.span().map(|span| span.start)
    }

    /// The line of the text at which it is, from 1.
    pub fn line(&self) -> Option<u32> {
        self.span().map(|span| span.line)
    }

    /// The column of its line at which it is, in characters, from 1.
    pub fn column(&self) -> Option<u32> {
        self.span().map(|span| span.column)
    }

    /// Where in the rule's JSON form, as a JSON pointer; none if the rule was text.
    pub fn pointer(&self) -> Option<&str> {
        match &self.0.place {
            Place::Json(pointer) => Some(pointer),
            Place::Nowhere | Place::Text(_) => None,
        }
    }

    /// What should have been there.
    pub fn expected(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }

    /// What was there.
    pub fn found(&self) -> Option<&str> {
        self.0.found.as_deref()
    }

    /// The name that was probably meant.
    pub fn nearest(&self) -> Option<&str> {
        self.0.nearest.as_deref()
    }
}

/// User input in backticks: cut short if it is long, with hidden characters made visible.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    format!("`{}`", escaped(text, LONGEST))
}

/// Text with hidden characters made visible, cut short after so many characters.
pub(crate) fn escaped(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for (position, char) in text.chars().enumerate() {
        if position == longest {
            out.push('…');
            break;
        }
        if is_hidden(char) {
            out.extend(char.escape_unicode());
        } else {
            out.push(char);
        }
    }
    out
}

/// A JSON pointer for people: without its middle, if it is long.
fn shortened(pointer: &str) -> String {
    const SIDE: usize = 40;
    let cut = |characters: usize| pointer.char_indices().nth(characters).map(|(offset, _)| offset);
    let count = pointer.chars().count();
    let (Some(head), Some(tail)) = (cut(SIDE), cut(count.saturating_sub(SIDE))) else {
        return escaped(pointer, usize::MAX);
    };
    if count <= 2 * SIDE {
        return escaped(pointer, usize::MAX);
    }
    let (head, tail) = (pointer.get(..head).unwrap_or_default(), pointer.get(tail..).unwrap_or_default());
    // Between two steps, if one begins there.
    let head = head.rsplit_once('/').map_or(head, |(steps, _)| steps);
    let tail = tail.split_once('/').map_or(tail, |(_, steps)| steps);
    format!("{}/…/{}", escaped(head, SIDE), escaped(tail, SIDE))
}

/// Characters that show nothing, or change how what follows is shown. All of them are below U+10000. Joiners, which
/// words and emoji need, are none of them.
pub(crate) fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        )
}
