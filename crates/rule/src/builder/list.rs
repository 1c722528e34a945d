//! Values that are several: a list, or a text with commas between. Not here: what each of them is (`value`).

use std::borrow::Cow;

use serde_json::Value as Json;

use super::place::{PLACEHOLDER, Place};
use crate::{RuleError, RuleErrorKind, limits};

/// Some values, and whether each has a place of its own.
pub(super) struct Elements<'j> {
    values: Vec<Cow<'j, Json>>,
    placed: bool,
}

impl<'j> Elements<'j> {
    /// The elements of a list, or of a text with commas between them; a number is a list of one. A `\` keeps the
    /// comma after it from parting. Texts lose the white space around them; what is blank between commas is left out
    /// if that is wanted.
    pub(super) fn read(json: &'j Json, keep_blanks: bool, place: &Place) -> Result<Self, RuleError> {
        match json {
            Json::Array(elements) => {
                Ok(Self { values: elements.iter().map(trimmed).collect(), placed: true })
            }
            Json::String(text) => match trim(text) {
                "" => Err(place.unfinished("the value is missing")),
                PLACEHOLDER => Err(place.unfinished("the value is not chosen yet")),
                _ => {
                    let elements = split(text).into_iter().map(|element| trim(&element).to_owned());
                    let elements = elements.filter(|element| keep_blanks || !element.is_empty());
                    let values = elements.map(|element| Cow::Owned(Json::String(element))).collect();
                    Ok(Self { values, placed: false })
                }
            },
            Json::Number(_) => Ok(Self { values: vec![Cow::Borrowed(json)], placed: false }),
            Json::Null => Err(place.unfinished("the value is missing")),
            Json::Bool(_) | Json::Object(_) => {
                Err(place.expected(RuleErrorKind::WrongType, "a list, or a text with commas", json))
            }
        }
    }

    /// Reads each of them; at least one.
    pub(super) fn each<T>(
        &self,
        place: &Place,
        mut read: impl FnMut(&Json, &Place) -> Result<T, RuleError>,
    ) -> Result<Vec<T>, RuleError> {
        if self.values.is_empty() {
            return Err(place.of(limits::empty_list()));
        }
        let read_one = |(index, value): (usize, &Cow<'j, Json>)| {
            if self.placed { read(value, &place.index(index)) } else { read(value, place) }
        };
        self.values.iter().enumerate().map(read_one).collect()
    }

    /// Reads both of two.
    pub(super) fn two<T>(
        &self,
        place: &Place,
        mut read: impl FnMut(&Json, &Place) -> Result<T, RuleError>,
    ) -> Result<(T, T), RuleError> {
        let [from, to] = self.values.as_slice() else {
            return Err(match self.values.len() {
                count @ (0 | 1) => place.unfinished(format!("expected two values, found {count}")),
                count => RuleError::mismatch(RuleErrorKind::WrongType, "two values", count.to_string())
                    .at_pointer(&place.pointer()),
            });
        };
        if self.placed {
            return Ok((read(from, &place.index(0))?, read(to, &place.index(1))?));
        }
        Ok((read(from, place)?, read(to, place)?))
    }
}

/// Parts a text at its commas, except those after a `\`, which goes.
fn split(text: &str) -> Vec<String> {
    let mut elements = vec![String::new()];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(',') {
        let escaped = before.strip_suffix('\\');
        if let Some(last) = elements.last_mut() {
            last.push_str(escaped.unwrap_or(before));
            if escaped.is_some() {
                last.push(',');
            }
        }
        if escaped.is_none() {
            elements.push(String::new());
        }
        rest = after;
    }
    if let Some(last) = elements.last_mut() {
        last.push_str(rest);
    }
    elements
}

fn trimmed(json: &Json) -> Cow<'_, Json> {
    match json {
        Json::String(text) if trim(text).len() < text.len() => Cow::Owned(Json::String(trim(text).into())),
        _ => Cow::Borrowed(json),
    }
}

/// Without the white space around it, as JavaScript sees it: a byte order mark is, a "next line" is not.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|char: char| char == '\u{feff}' || (char.is_whitespace() && char != '\u{85}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas() {
        for (text, elements) in [
            ("a,b", vec!["a", "b"]),
            (r"a\,b", vec!["a,b"]),
            (r"a\,\,b,,c,,,\,", vec!["a,,b", "", "c", "", "", ","]),
            (r"a\b,c\", vec![r"a\b", r"c\"]),
            // Only the last of several counts, and there is no way to write a `\` before a parting comma.
            (r"a\\,b", vec![r"a\,b"]),
            (",", vec!["", ""]),
        ] {
            assert_eq!(split(text), elements, "{text}");
        }
    }

    #[test]
    fn white_space() {
        assert_eq!(trim("\u{feff}\u{a0} a\u{85} \n"), "a\u{85}");
    }
}
