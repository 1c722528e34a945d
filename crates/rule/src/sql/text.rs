//! What texts begin with, end with, contain and look like, and where paths lie. Never by `LIKE` or by a database's
//! own idea of letter case.
//!
//! A pattern that is a plain text, a beginning, an end or a part is tested as that. Only what is left goes to the
//! database's matcher: `GLOB` in SQLite, and elsewhere a regular expression of nothing but characters by their
//! number, `.` and `.*`, of which every dialect has the same idea.

use std::fmt::Write;

use super::Dialect;
use super::test::Column;
use super::write::{Condition, Join, Writer};
use crate::error::quoted;
use crate::{Comparison, Glob, Matching, Part, RuleError, RuleErrorKind};

/// The longest pattern that SQLite takes, in bytes.
const LONGEST_GLOB: usize = 50_000;
/// The longest pattern for a regular expression, in characters: well below where databases give up.
const LONGEST_REGEX: usize = 2_000;

impl Writer<'_> {
    /// Whether a text, folded if its attribute ignores case, matches another.
    pub(super) fn matching(
        &mut self,
        column: &Column,
        how: Matching,
        text: &str,
        wanted: bool,
    ) -> Result<Condition, RuleError> {
        match how {
            Matching::StartsWith => self.starts_with(column, text, wanted),
            Matching::EndsWith => self.ends_with(column, text, wanted),
            Matching::Contains => self.contains(column, text, wanted),
            Matching::Glob => self.glob(column, text, wanted),
        }
    }

    /// True, or false, for every text; null without one.
    fn present(&mut self, column: &Column, wanted: bool) -> Result<Condition, RuleError> {
        let empty = self.text("")?;
        let comparison = if wanted { Comparison::GreaterOrEqual } else { Comparison::Less };
        Ok(self.compare(column, comparison, empty))
    }

    /// As a range: from the text on, up to what comes after everything that begins with it.
    pub(super) fn starts_with(
        &mut self,
        column: &Column,
        text: &str,
        wanted: bool,
    ) -> Result<Condition, RuleError> {
        let (from, below) = match wanted {
            true => (Comparison::GreaterOrEqual, Comparison::Less),
            false => (Comparison::Less, Comparison::GreaterOrEqual),
        };
        let first = self.text(text)?;
        let mut parts = vec![self.compare(column, from, first)];
        if let Some(end) = after(text) {
            let end = self.text(&end)?;
            parts.push(self.compare(column, below, end));
        }
        Ok(Condition::joined(parts, if wanted { Join::And } else { Join::Or }))
    }

    fn ends_with(&mut self, column: &Column, text: &str, wanted: bool) -> Result<Condition, RuleError> {
        if text.is_empty() {
            return self.present(column, wanted);
        }
        let end = self.text(text)?;
        let sql = &column.sql;
        let length = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        let sign = if wanted { "=" } else { "<>" };
        Ok(Condition::test(match self.dialect {
            // Of bytes, because in a text SQLite counts characters up to the first U+0000. No bytes at all have no
            // end, not even an empty one.
            Dialect::Sqlite => {
                let length = self.integer(-length(text.len()));
                let end = format!("substr(CAST({sql} AS BLOB), {length}) {sign} CAST({end} AS BLOB)");
                let (some, join) = if wanted { ("<>", Join::And) } else { ("=", Join::Or) };
                let some = Condition::test(format!("{sql} {some} ''"));
                return Ok(Condition::joined(vec![some, Condition::test(end)], join));
            }
            Dialect::Postgres => {
                let length = self.integer(length(text.chars().count()));
                format!("right({sql}, {length}::integer) {sign} {end} COLLATE \"C\"")
            }
            Dialect::Duckdb => {
                let length = self.integer(length(text.chars().count()));
                format!("right({sql}, {length}) {sign} {end} COLLATE \"C\"")
            }
        }))
    }

    fn contains(&mut self, column: &Column, text: &str, wanted: bool) -> Result<Condition, RuleError> {
        if text.is_empty() {
            return self.present(column, wanted);
        }
        let part = self.text(text)?;
        let sql = &column.sql;
        let sign = if wanted { ">" } else { "=" };
        Ok(Condition::test(match self.dialect {
            Dialect::Sqlite => format!("instr({sql}, {part}) {sign} 0"),
            Dialect::Postgres => format!("strpos({sql} COLLATE \"C\", {part}) {sign} 0"),
            Dialect::Duckdb => format!("strpos({sql}, {part}) {sign} 0"),
        }))
    }

    fn glob(&mut self, column: &Column, pattern: &str, wanted: bool) -> Result<Condition, RuleError> {
        let glob = Glob::new(pattern).map_err(|error| {
            let message = format!("{} is no pattern: {error}", quoted(pattern));
            RuleError::new(RuleErrorKind::InvalidPattern, message)
        })?;
        let parts = glob.parts();
        match parts {
            [Part::Any] => return self.present(column, wanted),
            [Part::Any, part @ .., Part::Any] => {
                if let Some(part) = plain(part) {
                    return self.contains(column, &part, wanted);
                }
            }
            [Part::Any, end @ ..] => {
                if let Some(end) = plain(end) {
                    return self.ends_with(column, &end, wanted);
                }
            }
            [start @ .., Part::Any] => {
                if let Some(start) = plain(start) {
                    return self.starts_with(column, &start, wanted);
                }
            }
            all => {
                if let Some(all) = plain(all) {
                    let comparison = if wanted { Comparison::Equal } else { Comparison::NotEqual };
                    let all = self.text(&all)?;
                    return Ok(self.compare(column, comparison, all));
                }
            }
        }
        if self.dialect != Dialect::Sqlite && parts.len() > LONGEST_REGEX {
            let message = format!("{} is longer than {LONGEST_REGEX} characters", quoted(pattern));
            let error = RuleError::new(RuleErrorKind::NotSupported, message);
            return Err(error.hint(format!("which {} cannot match by a pattern", self.engine())));
        }
        let sql = &column.sql;
        Ok(Condition::test(match self.dialect {
            Dialect::Sqlite => {
                let pattern = self.sqlite_glob(pattern, parts)?;
                format!("{sql} {}GLOB {pattern}", if wanted { "" } else { "NOT " })
            }
            Dialect::Postgres => {
                self.refuse_nul(pattern)?;
                let pattern = self.text(&format!("^{}$", regex(parts, self.dialect)))?;
                format!("{sql} COLLATE \"C\" {} {pattern}", if wanted { "~" } else { "!~" })
            }
            Dialect::Duckdb => {
                let pattern = self.text(&regex(parts, self.dialect))?;
                let wanted = self.boolean(wanted);
                format!("regexp_full_match({sql}, {pattern}, 's') = {wanted}")
            }
        }))
    }

    /// The pattern as SQLite's `GLOB` reads it: a special character stands for itself in brackets.
    fn sqlite_glob(&mut self, pattern: &str, parts: &[Part]) -> Result<String, RuleError> {
        let mut glob = String::with_capacity(pattern.len());
        for part in parts {
            match part {
                Part::Any => glob.push('*'),
                Part::One => glob.push('?'),
                Part::Char(char @ ('*' | '?' | '[')) => glob.extend(['[', *char, ']']),
                // SQLite stops reading at the first, and takes each of the others for U+FFFD.
                Part::Char(char @ ('\0' | '\u{fffd}'..='\u{ffff}')) => {
                    let message = format!("{} has the character U+{:04X}", quoted(pattern), u32::from(*char));
                    let error = RuleError::new(RuleErrorKind::NotSupported, message);
                    return Err(error.hint("which SQLite cannot match by a pattern"));
                }
                Part::Char(char) => glob.push(*char),
            }
        }
        if glob.len() > LONGEST_GLOB {
            let message = format!("{} is longer than {LONGEST_GLOB} bytes", quoted(pattern));
            let error = RuleError::new(RuleErrorKind::NotSupported, message);
            return Err(error.hint("which SQLite cannot match by a pattern"));
        }
        self.text(&glob)
    }

    /// Whether a path lies under another. What is below begins with it and a `/`. With itself it is not one range; but
    /// between the path and what is below it lies so little that the condition begins with the range of all three.
    pub(super) fn under(
        &mut self,
        column: &Column,
        path: &str,
        itself: bool,
        wanted: bool,
    ) -> Result<Condition, RuleError> {
        let below = format!("{path}/");
        if !itself {
            return self.starts_with(column, &below, wanted);
        }
        let signs =
            [Comparison::GreaterOrEqual, Comparison::Less, Comparison::Equal, Comparison::GreaterOrEqual];
        let [from, to, equal, beyond] = if wanted { signs } else { signs.map(Comparison::negated) };
        let (outer, inner) = if wanted { (Join::And, Join::Or) } else { (Join::Or, Join::And) };
        let end = after(&below);
        let path = self.text(path)?;
        let below = self.text(&below)?;
        let mut parts = vec![self.compare(column, from, path.clone())];
        if let Some(end) = end {
            let end = self.text(&end)?;
            parts.push(self.compare(column, to, end));
        }
        let either = vec![self.compare(column, equal, path), self.compare(column, beyond, below)];
        parts.push(Condition::joined(either, inner));
        Ok(Condition::joined(parts, outer))
    }
}

/// The text that parts of a pattern stand for, if they are nothing but characters.
fn plain(parts: &[Part]) -> Option<String> {
    parts
        .iter()
        .map(|part| match part {
            Part::Char(char) => Some(*char),
            Part::Any | Part::One => None,
        })
        .collect()
}

/// The first text after all those that begin with this one; none if they are the last.
fn after(text: &str) -> Option<String> {
    let mut chars: Vec<char> = text.chars().collect();
    while let Some(last) = chars.pop() {
        // The range steps over the surrogates, which are no characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

/// A regular expression, without anchors, in which anything but an ASCII letter or digit is a number.
fn regex(parts: &[Part], dialect: Dialect) -> String {
    let mut regex = String::new();
    for part in parts {
        let number = match part {
            Part::Any => {
                regex.push_str(".*");
                continue;
            }
            Part::One => {
                regex.push('.');
                continue;
            }
            Part::Char(char) if char.is_ascii_alphanumeric() => {
                regex.push(*char);
                continue;
            }
            Part::Char(char) => u32::from(*char),
        };
        // Writing to a string does not fail.
        let _ = match (dialect, number) {
            (Dialect::Postgres, 0..=0xffff) => write!(regex, "\\u{number:04x}"),
            (Dialect::Postgres, _) => write!(regex, "\\U{number:08x}"),
            (Dialect::Sqlite | Dialect::Duckdb, _) => write!(regex, "\\x{{{number:x}}}"),
        };
    }
    regex
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_comes_after_comes_after(text in "[a\u{d7ff}\u{e000}\u{10ffff}]{0,4}", other in "[ab\u{d7ff}\u{e000}\u{10ffff}]{0,6}") {
            let range = other.as_str() >= text.as_str() && after(&text).is_none_or(|end| other < end);
            prop_assert_eq!(range, other.starts_with(&text));
        }
    }

    #[test]
    fn regular_expressions_by_number() {
        let glob = Glob::new("a?\\*é😀*").unwrap();
        assert_eq!(regex(glob.parts(), Dialect::Postgres), r"a.\u002a\u00e9\U0001f600.*");
        assert_eq!(regex(glob.parts(), Dialect::Duckdb), r"a.\x{2a}\x{e9}\x{1f600}.*");
    }
}
