//! What attributes there are: their types, their options, and what a value of each has to satisfy. Not here: the
//! check of a value that somebody gives (`limits` for texts and numbers, the core for everything else).

use std::collections::HashMap;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{AttributeId, OptionId, SiteId, Value};

/// One option of a choice or multi-choice attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The word that data and rules use.
    pub key: String,
    /// The name for people; the key if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether nobody can be given it any longer. Those who have it keep it, and rules may name it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

impl Choice {
    /// An option of this key.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), name: None, retired: false }
    }
}

/// The options of a choice, by [`OptionId`] and by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(IndexMap<String, Choice>);

impl Options {
    /// The options in the order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Choice> {
        self.0.values()
    }

    /// How many options there are, retired ones included.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The option with this key.
    pub fn find(&self, key: &str) -> Option<OptionId> {
        self.0.get_index_of(key).map(OptionId::at)
    }

    /// The option with this id.
    pub fn get(&self, id: OptionId) -> Option<&Choice> {
        self.0.get_index(id.index()).map(|(_, option)| option)
    }
}

impl FromIterator<Choice> for Options {
    /// Of several options with one key the last counts, at the place of the first.
    fn from_iter<I: IntoIterator<Item = Choice>>(options: I) -> Self {
        Self(options.into_iter().map(|option| (option.key.clone(), option)).collect())
    }
}

impl Serialize for Options {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Options {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Choice>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// The type of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    /// Free text.
    Text,
    /// A whole number.
    Integer,
    /// An exact decimal number.
    Decimal,
    /// Yes or no.
    Boolean,
    /// A calendar day.
    Date,
    /// An instant.
    Timestamp,
    /// Exactly one of a list of options.
    Choice {
        /// The options, by [`OptionId`].
        options: Options,
    },
    /// Any of a list of options; none of them is the same as no value.
    MultiChoice {
        /// The options, by [`OptionId`].
        options: Options,
    },
    /// Another person, such as the manager.
    User,
    /// A place in a tree, such as an organisational unit.
    Path,
}

impl Kind {
    /// The names of all types.
    pub const NAMES: [&'static str; 10] = [
        "text",
        "integer",
        "decimal",
        "boolean",
        "date",
        "timestamp",
        "choice",
        "multi_choice",
        "user",
        "path",
    ];

    /// The type's name, as in definitions and messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Choice { .. } => "choice",
            Self::MultiChoice { .. } => "multi_choice",
            Self::User => "user",
            Self::Path => "path",
        }
    }

    /// The options of a choice or multi-choice.
    pub fn options(&self) -> Option<&Options> {
        match self {
            Self::Choice { options } | Self::MultiChoice { options } => Some(options),
            _ => None,
        }
    }

    /// Whether values of the type have an order that `<` can ask for.
    pub fn is_ordered(&self) -> bool {
        matches!(self, Self::Text | Self::Integer | Self::Decimal | Self::Date | Self::Timestamp)
    }
}

/// How much care values of an attribute need; who may read which is for permissions to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// For everybody: a name, a department.
    Public,
    /// For the organisation: the usual.
    #[default]
    Internal,
    /// For those who need it: a home address.
    Personal,
    /// For few: health, religion.
    Sensitive,
}

/// A typed profile field, and what its values have to satisfy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// The internal number.
    pub id: AttributeId,
    /// The name that rules and data use: `department` in `user.department`.
    pub key: String,
    /// The type.
    #[serde(flatten)]
    pub kind: Kind,
    /// The name for people; the key if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it means, for people who fill it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The site whose administrators define it; `None` for the whole registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// Whether everybody must have a value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Whether no two people may have the same value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// Of text: whether it is compared without regard to case (see [`crate::fold`]).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignore_case: bool,
    /// Of text: a pattern that every value matches (see [`crate::Glob`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Of numbers, dates and timestamps: the least value allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Value>,
    /// Of numbers, dates and timestamps: the greatest value allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Value>,
    /// The value that a person created without one is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// How much care the values need.
    #[serde(default)]
    pub sensitivity: Sensitivity,
    /// Whether people may change their own value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub self_writable: bool,
    /// Whether it was deleted: nobody has a value, nothing may name it, and its key is free.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

impl Attribute {
    /// An attribute of the given type, of the whole registry, without further demands.
    pub fn new(id: AttributeId, key: impl Into<String>, kind: Kind) -> Self {
        Self {
            id,
            key: key.into(),
            kind,
            name: None,
            help: None,
            site: None,
            required: false,
            unique: false,
            ignore_case: false,
            pattern: None,
            minimum: None,
            maximum: None,
            default: None,
            sensitivity: Sensitivity::default(),
            self_writable: false,
            deleted: false,
        }
    }

    /// The option with this key, of a choice or multi-choice attribute.
    pub fn option(&self, key: &str) -> Option<OptionId> {
        self.kind.options()?.find(key)
    }

    /// The key of an option, of a choice or multi-choice attribute.
    pub fn option_key(&self, id: OptionId) -> Option<&str> {
        self.kind.options()?.get(id).map(|option| option.key.as_str())
    }

    /// The keys of all options; empty if the attribute has none.
    pub fn option_keys(&self) -> impl Iterator<Item = &str> {
        self.kind.options().into_iter().flat_map(Options::iter).map(|option| option.key.as_str())
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
        let position = attribute.id.index().min(self.attributes.len());
        attribute.id = AttributeId::at(position);
        if let Some(old) = self.attributes.get(position)
            && self.by_key.get(&old.key) == Some(&old.id)
        {
            self.by_key.remove(&old.key);
        }
        if !attribute.deleted {
            self.by_key.insert(attribute.key.clone(), attribute.id);
        }
        match self.attributes.get_mut(position) {
            Some(slot) => *slot = attribute,
            None => self.attributes.push(attribute),
        }
    }

    /// All attributes, in the order of their ids, those that were deleted among them.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The attributes that are there, in the order of their ids.
    pub fn live(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|attribute| !attribute.deleted)
    }

    /// The attribute with this id; none if it was deleted.
    pub fn get(&self, id: AttributeId) -> Option<&Attribute> {
        self.attributes.get(id.index()).filter(|attribute| !attribute.deleted)
    }

    /// The attribute with this key.
    pub fn find(&self, key: &str) -> Option<&Attribute> {
        self.get(*self.by_key.get(key)?)
    }
}
