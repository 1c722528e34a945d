//! Named permissions: what each is about, where it can be asked for, and the patterns that stand for many. Not here: the
//! ones that are built in (`builtin`), and who has them (`decide`).

use std::str::FromStr;

use matricula_rule::{AttributeId, Sensitivity, SiteId, nearest};
use serde::{Deserialize, Serialize};

use crate::access::builtin::BUILT_IN;
use crate::error::shown;
use crate::model::not_a_word;
use crate::state::State;
use crate::{Error, ErrorKind};

/// A capability, within one revision of a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CapabilityId(pub(crate) u32);

/// From here on capabilities are about fields: two for each attribute.
const FIELDS: u32 = 1 << 24;

impl CapabilityId {
    pub(crate) fn at(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The capability to read an attribute of somebody, or to write it.
    pub fn field(attribute: AttributeId, kind: CapabilityKind) -> Self {
        Self(FIELDS + attribute.0 * 2 + u32::from(kind == CapabilityKind::Write))
    }

    /// Its place among those of fields, or among the others.
    pub(crate) fn place(self) -> Result<usize, usize> {
        match self.0.checked_sub(FIELDS) {
            Some(field) => Ok(field as usize),
            None => Err(self.0 as usize),
        }
    }
}

/// Whether something is only looked at, or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapabilityKind {
    /// It is looked at.
    Read,
    /// It is changed: not in a scope that is locked.
    Write,
}

impl CapabilityKind {
    const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// The word for it in data and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl FromStr for CapabilityKind {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == word);
        found.ok_or_else(|| not_a_word("kind of capability", word, &Self::ALL.map(Self::name)))
    }
}

/// What whoever gives a capability away should know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Who has it can give rights to others, or change what rights are: only `*` and its own name stand for it.
    Escalates,
    /// What it does cannot be undone.
    Destroys,
    /// It shows or changes what people may want to keep to themselves.
    Personal,
    /// It concerns many people at once.
    Many,
}

impl Flag {
    const ALL: [Self; 4] = [Self::Escalates, Self::Destroys, Self::Personal, Self::Many];

    /// The word for it in data and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Escalates => "escalates",
            Self::Destroys => "destroys",
            Self::Personal => "personal",
            Self::Many => "many",
        }
    }
}

impl FromStr for Flag {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|flag| flag.name() == word);
        found.ok_or_else(|| not_a_word("flag of a capability", word, &Self::ALL.map(Self::name)))
    }
}

/// A capability as a host registers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityDefinition {
    /// The name: words of lower-case letters, digits and `_` with dots between them, such as `invoice.approve`.
    pub name: String,
    /// Whether something is changed.
    pub kind: CapabilityKind,
    /// The innermost kind of scope where it makes sense: `registry`, `site`, `category` or `course`. It can be asked for
    /// there and in what lies without.
    pub innermost: String,
    /// Whether it is about a person.
    pub over: bool,
    /// What whoever gives it away should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
    /// What it lets people do, as a sentence.
    pub sentence: String,
}

/// What there is to know of a capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// The name.
    pub name: String,
    /// Whether something is changed.
    pub kind: CapabilityKind,
    /// The innermost kind of scope where it makes sense.
    pub innermost: &'static str,
    /// Whether it is about a person, who has to be named in questions.
    pub over: bool,
    /// What whoever gives it away should know.
    pub flags: Vec<Flag>,
    /// What it lets people do, as a sentence.
    pub sentence: String,
}

/// What has to be known of a capability to decide about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nature {
    pub(crate) kind: CapabilityKind,
    /// As [`Scope::depth`](crate::Scope).
    pub(crate) innermost: u8,
    pub(crate) over: bool,
    pub(crate) escalates: bool,
}

/// The kinds of scopes, by depth.
pub(crate) const SCOPES: [&str; 4] = ["registry", "site", "category", "course"];

pub(crate) fn depth_of(word: &str) -> Result<u8, Error> {
    let place = SCOPES.iter().position(|scope| *scope == word);
    place.and_then(|place| u8::try_from(place).ok()).ok_or_else(|| not_a_word("kind of scope", word, &SCOPES))
}

impl State {
    /// How many capabilities there are that are not about fields.
    pub(crate) fn plain_capabilities(&self) -> usize {
        BUILT_IN.len() + self.access.capabilities.len()
    }

    /// All capabilities.
    pub(crate) fn capability_ids(&self) -> impl Iterator<Item = CapabilityId> + '_ {
        let fields = self.schema.live().flat_map(|attribute| {
            [CapabilityKind::Read, CapabilityKind::Write].map(|kind| CapabilityId::field(attribute.id, kind))
        });
        (0..self.plain_capabilities()).map(CapabilityId::at).chain(fields)
    }

    pub(crate) fn capability(&self, id: CapabilityId) -> Option<Capability> {
        match id.place() {
            Err(place) => match BUILT_IN.get(place) {
                Some(built_in) => Some(built_in.capability()),
                None => {
                    let (_, own) = self.access.capabilities.get_index(place - BUILT_IN.len())?;
                    let innermost = depth_of(&own.innermost).ok()?;
                    Some(Capability {
                        name: own.name.clone(),
                        kind: own.kind,
                        innermost: SCOPES.get(usize::from(innermost)).copied()?,
                        over: own.over,
                        flags: own.flags.clone(),
                        sentence: own.sentence.clone(),
                    })
                }
            },
            Ok(field) => {
                let attribute = self.schema.attributes().get(field / 2).filter(|it| !it.deleted)?;
                let (verb, kind) = match field % 2 {
                    0 => ("read", CapabilityKind::Read),
                    _ => ("write", CapabilityKind::Write),
                };
                let personal = attribute.sensitivity >= Sensitivity::Personal;
                Some(Capability {
                    name: format!("field.{verb}.{}", attribute.key),
                    kind,
                    innermost: "course",
                    over: true,
                    flags: personal.then_some(Flag::Personal).into_iter().collect(),
                    sentence: format!("{verb} `{}` of people", attribute.key),
                })
            }
        }
    }

    pub(crate) fn nature(&self, id: CapabilityId) -> Option<Nature> {
        match id.place() {
            Err(place) => self.access.table.natures.get(place).copied(),
            Ok(field) => {
                self.schema.attributes().get(field / 2).filter(|attribute| !attribute.deleted)?;
                let kind = if field % 2 == 0 { CapabilityKind::Read } else { CapabilityKind::Write };
                Some(Nature { kind, innermost: 3, over: true, escalates: false })
            }
        }
    }

    /// The site whose attribute a capability is about, if it is about one of a site.
    pub(crate) fn owner_of_field(&self, id: CapabilityId) -> Option<SiteId> {
        self.schema.attributes().get(id.place().ok()? / 2)?.site
    }

    /// The capability of a name.
    pub(crate) fn find_capability(&self, name: &str) -> Option<CapabilityId> {
        if let Some(place) = self.access.table.names.get(name) {
            return Some(CapabilityId(*place));
        }
        let rest = name.strip_prefix("field.")?;
        let (kind, key) = match rest.strip_prefix("read.") {
            Some(key) => (CapabilityKind::Read, key),
            None => (CapabilityKind::Write, rest.strip_prefix("write.")?),
        };
        self.schema.find(key).map(|attribute| CapabilityId::field(attribute.id, kind))
    }

    /// The same, or an error with the nearest name.
    pub(crate) fn capability_id(&self, name: &str) -> Result<CapabilityId, Error> {
        self.find_capability(name).ok_or_else(|| {
            let names: Vec<String> =
                self.capability_ids().filter_map(|id| self.capability(id)).map(|it| it.name).collect();
            let hint = nearest(name, names.iter().map(String::as_str));
            let hint = hint.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
            let message = format!("unknown capability `{}`{hint}", shown(name));
            Error::new(ErrorKind::UnknownCapability, message)
        })
    }

    /// How closely a pattern of a role's definition fits a capability.
    pub(crate) fn fit(&self, pattern: &str, id: CapabilityId, name: &str, escalates: bool) -> Option<usize> {
        fit(pattern, name, escalates).or_else(|| {
            // `field.read.sensitivity.personal` is all fields of that class.
            let (verb, class) = pattern.strip_prefix("field.")?.split_once(".sensitivity.")?;
            let field = id.place().ok()?;
            let attribute = self.schema.attributes().get(field / 2)?;
            let fits =
                (verb == "read") == (field % 2 == 0) && class == sensitivity_name(attribute.sensitivity);
            fits.then_some(usize::MAX - 1)
        })
    }

    /// Refuses a pattern that can never fit anything.
    pub(crate) fn check_pattern(&self, pattern: &str) -> Result<(), Error> {
        let classes =
            [Sensitivity::Public, Sensitivity::Internal, Sensitivity::Personal, Sensitivity::Sensitive];
        let known = pattern == "*"
            || ["read", "write"].iter().any(|verb| {
                let class = pattern.strip_prefix("field.").and_then(|rest| rest.strip_prefix(verb));
                let class = class.and_then(|rest| rest.strip_prefix(".sensitivity."));
                class.is_some_and(|class| classes.iter().any(|known| sensitivity_name(*known) == class))
            })
            || matches!(pattern, "field.*" | "field.read.*" | "field.write.*")
            || pattern.strip_suffix(".*").is_some_and(|beginning| {
                self.access
                    .table
                    .names
                    .keys()
                    .any(|name| name.strip_prefix(beginning).is_some_and(|rest| rest.starts_with('.')))
            });
        if known {
            return Ok(());
        }
        self.capability_id(pattern).map(drop)
    }
}

/// How closely a pattern fits a name: the name itself closest, then the longest beginning; not at all where it does not.
pub(crate) fn fit(pattern: &str, name: &str, escalates: bool) -> Option<usize> {
    if pattern == name {
        return Some(usize::MAX);
    }
    let beginning = pattern.strip_suffix('*')?;
    let fits = beginning.is_empty() || !escalates && beginning.ends_with('.') && name.starts_with(beginning);
    fits.then_some(beginning.len())
}

/// The word for how much care a field needs.
pub(crate) fn sensitivity_name(sensitivity: Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::Public => "public",
        Sensitivity::Internal => "internal",
        Sensitivity::Personal => "personal",
        Sensitivity::Sensitive => "sensitive",
    }
}

/// Checks the name of a host's own capability.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let word = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let fits = name.len() <= crate::MAX_KEY && name.contains('.') && name.split('.').all(word);
    if fits && !name.starts_with("field.") {
        return Ok(());
    }
    let message = format!(
        "capability name `{}` cannot be, expected words of lower-case letters, digits and `_` with dots between them, not beginning with `field.`",
        shown(name)
    );
    Err(Error::new(ErrorKind::InvalidKey, message))
}
