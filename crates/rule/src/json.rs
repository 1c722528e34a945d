//! JSON text, read within bounds: of its length, of its depth, and with no member given twice. Not here: what it
//! says (`tree`, `builder`).

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};

use crate::error::quoted;
use crate::{MAX_DEPTH, MAX_INTEGER, RuleError, RuleErrorKind, Span};

/// The longest JSON text of a rule that is read, in bytes.
pub const MAX_JSON_TEXT: usize = 1024 * 1024;

/// How deep JSON may nest: a rule's nests twice as deep as the rule, and a test has a few levels more.
pub const MAX_JSON_DEPTH: usize = 4 * MAX_DEPTH;

/// Reads what was kept as JSON text, such as a [`Rule`](crate::Rule), however deep a rule may be. `serde_json::from_str` stops
/// before that. Whatever the text is, little stack is used.
///
/// ```
/// use matricula_rule::{AttributeId, Rule, from_json};
///
/// let deep = format!("{}{{\"has\":0}}{}", "{\"all\":[{\"has\":0},".repeat(64), "]}".repeat(64));
/// assert!(serde_json::from_str::<Rule>(&deep).is_err());
/// assert!(from_json::<Rule>(&deep).is_ok());
/// ```
///
/// # Errors
///
/// If it is no JSON of this type, or nests deeper than [`MAX_JSON_DEPTH`].
pub fn from_json<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    if depth(text) > MAX_JSON_DEPTH {
        return Err(Error::custom(format!("it nests more than {MAX_JSON_DEPTH} levels deep")));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    let value = T::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// How deep brackets nest outside of strings.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut within, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            b'[' | b'{' if !within => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !within => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Reads the JSON text of a rule, whatever its notation.
pub(crate) fn read(text: &str) -> Result<Json, RuleError> {
    if text.len() > MAX_JSON_TEXT {
        let message = format!("the text has {} bytes, expected at most {MAX_JSON_TEXT}", text.len());
        return Err(RuleError::new(RuleErrorKind::TooLong, message));
    }
    if depth(text) > MAX_JSON_DEPTH {
        return Err(too_deep(""));
    }
    let mut reader = Reader::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.disable_recursion_limit();
    let read = Node(&mut reader).deserialize(&mut deserializer);
    let json = read.and_then(|json| deserializer.end().map(|()| json));
    json.map_err(|error| reader.twice.unwrap_or_else(|| not_json(&error, text)))
}

/// The rule nests too deep, here.
pub(crate) fn too_deep(pointer: &str) -> RuleError {
    let message = format!("the rule nests more than {MAX_DEPTH} levels deep");
    RuleError::new(RuleErrorKind::TooDeep, message).at_pointer(pointer)
}

/// The whole number that a float is, if it is one and within bounds.
pub(crate) fn whole(number: f64) -> Option<i64> {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "it is whole and within bounds, where every float is exact"
    )]
    #[allow(clippy::cast_precision_loss, reason = "the bound is exact as a float")]
    let fits = number.fract() == 0.0 && number.abs() <= MAX_INTEGER as f64;
    fits.then_some(number as i64)
}

/// A part of a JSON pointer, with the `/` before it.
pub(crate) fn step(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// A piece of JSON in words.
pub(crate) fn described(json: &Json) -> String {
    match json {
        Json::Null => "nothing".into(),
        Json::Bool(value) => format!("`{value}`"),
        Json::Number(number) => format!("the number {}", quoted(&number.to_string())),
        Json::String(text) => format!("the text {}", quoted(text)),
        Json::Array(elements) => format!("a list of {}", elements.len()),
        Json::Object(_) => "an object".into(),
    }
}

/// Where in the JSON the reader is, and the member that it found twice.
#[derive(Default)]
struct Reader {
    pointer: String,
    twice: Option<RuleError>,
}

/// Reads one value: as `serde_json` would, which lets the last of several members of one name win.
struct Node<'r>(&'r mut Reader);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        // JSON does not tell `1e3` from `1000`.
        let number = whole(number).map(Number::from).or_else(|| Number::from_f64(number));
        Ok(number.map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let length = self.0.pointer.len();
        let mut list = Vec::new();
        loop {
            self.0.pointer.push_str(&format!("/{}", list.len()));
            let element = elements.next_element_seed(Node(self.0))?;
            self.0.pointer.truncate(length);
            match element {
                Some(element) => list.push(element),
                None => return Ok(Json::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let length = self.0.pointer.len();
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            self.0.pointer.push_str(&step(&key));
            if object.contains_key(&key) {
                let message = format!("{} is there twice", quoted(&key));
                let error = RuleError::new(RuleErrorKind::Repeated, message).finding(quoted(&key));
                self.0.twice = Some(error.at_pointer(&self.0.pointer).hint("leave one of them out"));
                return Err(A::Error::custom("a member is there twice"));
            }
            let value = members.next_value_seed(Node(self.0))?;
            self.0.pointer.truncate(length);
            object.insert(key, value);
        }
        Ok(Json::Object(object))
    }
}

/// The text is no JSON, and where not.
fn not_json(error: &serde_json::Error, text: &str) -> RuleError {
    let said = error.to_string();
    let line = error.line().max(1);
    let line_start = text.split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>();
    // The reader counts bytes, and may stop within a character.
    let mut start = (line_start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let what = said.rsplit_once(" at line ").map_or(said.as_str(), |(what, _)| what);
    let message = format!("the text is no json: {what}");
    RuleError::new(RuleErrorKind::Syntax, message).at(Span::default().moved(text, start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_outside_of_strings_only() {
        assert_eq!(depth(r#"{"a": ["[[[", "\"[["]}"#), 2);
        assert_eq!(depth(&"[".repeat(1_000)), 1_000);
        assert!(from_json::<Vec<u8>>(&"[".repeat(10_000_000)).is_err());
        assert_eq!(from_json::<Vec<u8>>("[1, 2]").unwrap(), [1, 2]);
        assert!(from_json::<Vec<u8>>("[1] 2").is_err());
    }

    #[test]
    fn what_was_written_is_read() {
        for text in
            ["null", "true", "-1", "0.5", r#""é\n""#, "[]", "{}", r#"[1,[2],{"a":{"b":[null]},"c":""}]"#]
        {
            assert_eq!(read(text), Ok(serde_json::from_str(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn floats_that_are_whole_are_integers() {
        for (text, read_as) in [
            ("1e15", "1000000000000000"),
            ("-1.0", "-1"),
            ("-0.0", "0"),
            ("9007199254740991.0", "9007199254740991"),
            ("9007199254740993.0", "9007199254740992.0"),
            ("1.5", "1.5"),
            ("1e300", "1e+300"),
        ] {
            assert_eq!(read(text).unwrap().to_string(), read_as, "{text}");
        }
    }
}
