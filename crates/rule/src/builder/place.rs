//! Where in the JSON something stands, and what is said of it in messages. Not here: what should stand there.

use serde_json::{Map, Value as Json};

use crate::error::quoted;
use crate::json::{described, step, too_deep};
use crate::{RuleError, RuleErrorKind};

/// An object of JSON.
pub(super) type Object = Map<String, Json>;

/// What a rule builder writes where somebody has yet to choose.
pub(super) const PLACEHOLDER: &str = "~";

/// A place in JSON; it is put into words only if something is wrong there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    above: Option<&'a Place<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> Place<'a> {
    pub(super) const ROOT: Place<'static> = Place { above: None, step: Step::Root };

    /// The place of a property.
    pub(super) fn key(&'a self, key: &'a str) -> Self {
        Self { above: Some(self), step: Step::Key(key) }
    }

    /// The place of an element.
    pub(super) fn index(&'a self, index: usize) -> Self {
        Self { above: Some(self), step: Step::Index(index) }
    }

    /// The place as a JSON pointer.
    pub(super) fn pointer(&self) -> String {
        let mut steps = Vec::new();
        let mut place = Some(self);
        while let Some(here) = place {
            steps.push(match here.step {
                Step::Root => String::new(),
                Step::Key(key) => step(key),
                Step::Index(index) => format!("/{index}"),
            });
            place = here.above;
        }
        steps.reverse();
        steps.concat()
    }

    pub(super) fn error(&self, kind: RuleErrorKind, message: impl Into<String>) -> RuleError {
        RuleError::new(kind, message).at_pointer(&self.pointer())
    }

    /// "expected …, found …", of something of the wrong type or shape.
    pub(super) fn expected(
        &self,
        kind: RuleErrorKind,
        expected: impl Into<String>,
        found: &Json,
    ) -> RuleError {
        RuleError::mismatch(kind, expected, described(found)).at_pointer(&self.pointer())
    }

    /// An error that is about what stands here.
    pub(super) fn of(&self, error: RuleError) -> RuleError {
        error.at_pointer(&self.pointer())
    }

    pub(super) fn unfinished(&self, message: impl Into<String>) -> RuleError {
        self.error(RuleErrorKind::Unfinished, message)
    }

    pub(super) fn not_supported(&self, message: impl Into<String>) -> RuleError {
        self.error(RuleErrorKind::NotSupported, message)
    }

    pub(super) fn too_deep(&self) -> RuleError {
        too_deep(&self.pointer())
    }
}

/// A property that is there and not `null`.
pub(super) fn property<'j>(object: &'j Object, key: &str) -> Option<&'j Json> {
    object.get(key).filter(|value| !value.is_null())
}

/// A property that is yes or no; no if it is not there.
pub(super) fn flag(object: &Object, key: &str, place: &Place) -> Result<bool, RuleError> {
    match property(object, key) {
        None => Ok(false),
        Some(Json::Bool(value)) => Ok(*value),
        Some(other) => Err(place.key(key).expected(RuleErrorKind::WrongType, "true or false", other)),
    }
}

/// A name that somebody has to have chosen.
pub(super) fn name<'j>(object: &'j Object, key: &str, place: &Place) -> Result<&'j str, RuleError> {
    match property(object, key) {
        None => Err(place.key(key).unfinished(format!("the {key} is missing"))),
        Some(Json::String(text)) => match text.trim() {
            "" | PLACEHOLDER => Err(place.key(key).unfinished(format!("the {key} is not chosen yet"))),
            _ => Ok(text),
        },
        Some(other) => {
            Err(place.key(key).expected(RuleErrorKind::Syntax, format!("the name of a {key}"), other))
        }
    }
}

/// Refuses properties that differ from known ones only by letter case, `_` or `-`: they would be passed over.
/// Properties of other names belong to the page.
pub(super) fn no_near_misses(object: &Object, known: &[&str], place: &Place) -> Result<(), RuleError> {
    let bare = |key: &str| key.replace(['_', '-'], "").to_ascii_lowercase();
    for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
        if let Some(meant) = known.iter().find(|known| bare(known) == bare(key)) {
            let message = format!("unknown property {}", quoted(key));
            return Err(place.key(key).error(RuleErrorKind::Syntax, message).near(Some(meant)));
        }
    }
    Ok(())
}
