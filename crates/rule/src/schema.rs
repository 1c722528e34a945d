//! What a rule may name: the attributes, their types and the options of choices.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The internal, never reused number of an attribute: its position in [`Schema::attributes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttributeId(pub u32);

/// The internal, never reused number of an option within its choice attribute: its position in
/// [`Kind::Choice`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OptionId(pub u32);

/// One option of a choice attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The word that data and rules use.
    pub key: String,
}

/// The type of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    /// Free text.
    Text,
    /// Exactly one of a list of options.
    Choice {
        /// The options, by [`OptionId`].
        options: Vec<Choice>,
    },
    /// A calendar day.
    Date,
}

impl Kind {
    /// The type's name, as in definitions and messages: `text`, `choice` or `date`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Choice { .. } => "choice",
            Self::Date => "date",
        }
    }
}

/// A typed profile field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// The internal number.
    pub id: AttributeId,
    /// The name that rules and data use: `department` in `user.department`.
    pub key: String,
    /// The type.
    #[serde(flatten)]
    pub kind: Kind,
}

impl Attribute {
    /// An attribute of the given type.
    pub fn new(id: AttributeId, key: impl Into<String>, kind: Kind) -> Self {
        Self { id, key: key.into(), kind }
    }

    /// The option with this key, of a choice attribute.
    pub fn option(&self, key: &str) -> Option<OptionId> {
        let Kind::Choice { options } = &self.kind else {
            return None;
        };
        let position = options.iter().position(|option| option.key == key)?;
        u32::try_from(position).ok().map(OptionId)
    }

    /// The key of an option, of a choice attribute.
    pub fn option_key(&self, id: OptionId) -> Option<&str> {
        let Kind::Choice { options } = &self.kind else {
            return None;
        };
        options.get(id.0 as usize).map(|option| option.key.as_str())
    }

    /// The keys of all options; empty if this is not a choice.
    pub fn option_keys(&self) -> impl Iterator<Item = &str> {
        let options = match &self.kind {
            Kind::Choice { options } => options.as_slice(),
            Kind::Text | Kind::Date => &[],
        };
        options.iter().map(|option| option.key.as_str())
    }
}

/// All attributes, by id and by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    attributes: Vec<Attribute>,
    by_key: HashMap<String, AttributeId>,
}

impl Schema {
    /// Adds an attribute, or replaces the one of the same id. Its id is expected to be at most the number of
    /// attributes so far; any other id is moved there.
    pub fn define(&mut self, mut attribute: Attribute) {
        let position = (attribute.id.0 as usize).min(self.attributes.len());
        attribute.id = AttributeId(u32::try_from(position).unwrap_or(u32::MAX));
        if let Some(old) = self.attributes.get(position) {
            self.by_key.remove(&old.key);
        }
        self.by_key.insert(attribute.key.clone(), attribute.id);
        match self.attributes.get_mut(position) {
            Some(slot) => *slot = attribute,
            None => self.attributes.push(attribute),
        }
    }

    /// All attributes, in the order of their ids.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The attribute with this id.
    pub fn get(&self, id: AttributeId) -> Option<&Attribute> {
        self.attributes.get(id.0 as usize)
    }

    /// The attribute with this key.
    pub fn find(&self, key: &str) -> Option<&Attribute> {
        self.get(*self.by_key.get(key)?)
    }
}
