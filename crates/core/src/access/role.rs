//! Roles: what each gives, withholds and denies. Not here: the ones that are built in (`builtin`), and what they come to
//! for a capability (`table`).

use std::collections::BTreeMap;

use matricula_rule::SiteId;
use serde::{Deserialize, Serialize};

use crate::Error;

/// What a role says of a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// This role does not give it; another may.
    Withhold,
    /// This role gives it.
    Allow,
    /// Nobody who holds this role has it here or within, whatever other roles say.
    Deny,
}

impl Effect {
    /// The word for it in data and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Withhold => "withhold",
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl std::str::FromStr for Effect {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        match word {
            "withhold" => Ok(Self::Withhold),
            "allow" => Ok(Self::Allow),
            "deny" => Ok(Self::Deny),
            _ => Err(crate::model::not_a_word("effect", word, &["allow", "withhold", "deny"])),
        }
    }
}

/// Effects by capability, or by pattern: `course.*`, `field.read.sensitivity.personal`, `*`. Of several that fit the closest
/// counts, but for a deny, which counts whenever it fits.
pub type Effects = BTreeMap<String, Effect>;

/// A named set of effects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The key, such as `instructor`.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whose administrators define it; `None` for the registry's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// What it gives, withholds and denies.
    pub effects: Effects,
    /// The keys of the roles that its holders may give to others, if they may give any; `*` for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_assign: Vec<String>,
    /// Whether it is about people, so that it is never held without an audience.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_audience: bool,
    /// Whether it was deleted: nobody holds it, and its key is free.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}
