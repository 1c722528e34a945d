//! What a person who reads a delta should know besides: advice about rules that were saved, and circles of managers.
//! Not here: what is refused.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use hashbrown::HashMap;
use matricula_rule::{AttributeId, Kind, UserId, Value};
use serde::Serialize;

use crate::{Delta, Entry, Lint};

/// Something that is allowed and probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "warning")]
pub enum Warning {
    /// A segment was defined whose rule is strange.
    Rule {
        /// The segment's key.
        segment: String,
        /// What is strange about it.
        lint: Lint,
    },
    /// People report to each other in a circle, after one of them was given a manager.
    Circle {
        /// The attribute's key.
        attribute: String,
        /// The first of them by key, in the order in which they report, at most ten.
        users: Vec<String>,
        /// How many they are.
        people: usize,
    },
    /// A definition goes on saying something of a person who is erased. A delta read back from the journal does not have
    /// this one, nor the next.
    Erased {
        /// The segment's key.
        segment: String,
        /// Where.
        place: Place,
    },
    /// The bytes of what was erased are still in the store's files, and the store has to be cleaned later.
    Unclean {
        /// Why.
        reason: String,
    },
}

/// Where a segment says something of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Its rule names the person.
    Rule,
    /// Its rule has a text that is the person's key, or was a value that nobody else had.
    Text,
    /// Its name, owner or description does.
    Words,
}

impl Place {
    /// The word that stands for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Text => "text",
            Self::Words => "words",
        }
    }
}

impl Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule { segment, lint } => write!(f, "segment {segment}: {lint}"),
            Self::Erased { segment, place } => {
                let what = match place {
                    Place::Rule => "the rule names",
                    Place::Text => "the rule has a text that stands for",
                    Place::Words => "the name, owner or description names",
                };
                write!(f, "segment {segment}: {what} a person who is erased; define it again")
            }
            Self::Unclean { reason } => {
                write!(f, "what was erased is still in the store's files: {reason}; clean it later")
            }
            Self::Circle { attribute, users, people } => {
                let more = if *people > users.len() { " → …" } else { "" };
                write!(f, "{attribute}: {people} people report to each other: {}{more}", users.join(" → "))
            }
        }
    }
}

/// So many people of a circle are named.
const NAMED: usize = 10;

impl Delta {
    /// What whoever reads the delta should know besides: what is strange about the rules of segments that it defines, and
    /// circles in which people come to report to each other. It looks at the registry as [`Delta::snapshot`] has it.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.noted.clone();
        let (mut segments, mut lines) = (BTreeSet::new(), BTreeSet::new());
        let schema = self.snapshot().schema();
        for entry in self.commit().entries.iter() {
            match entry {
                Entry::Segment(id, _) => drop(segments.insert(*id)),
                Entry::User(user) => lines.extend(user.values.iter().filter_map(|(attribute, value)| {
                    let names = schema.get(*attribute).is_some_and(|found| matches!(found.kind, Kind::User));
                    (names && value.is_some()).then_some((*attribute, user.id))
                })),
                _ => {}
            }
        }
        for key in segments.into_iter().filter_map(|id| Some(&self.snapshot().segment(id)?.key)) {
            let lints = self.snapshot().lints(key).unwrap_or_default();
            warnings.extend(lints.into_iter().map(|lint| Warning::Rule { segment: key.clone(), lint }));
        }
        let lines: Vec<(AttributeId, UserId)> = lines.into_iter().collect();
        for changed in lines.chunk_by(|a, b| a.0 == b.0) {
            let Some((attribute, _)) = changed.first() else { continue };
            let people: BTreeSet<UserId> = changed.iter().map(|(_, user)| *user).collect();
            self.circles(*attribute, &people, &mut warnings);
        }
        warnings
    }

    /// The circles of an attribute to which people belong, each once.
    fn circles(&self, attribute: AttributeId, people: &BTreeSet<UserId>, warnings: &mut Vec<Warning>) {
        let key = self.snapshot().schema().get(attribute).map_or("", |attribute| &attribute.key);
        // By which walk each person was met; nobody is walked past twice.
        let mut met: HashMap<UserId, UserId> = HashMap::new();
        for &start in people {
            let (mut walk, mut here) = (Vec::new(), Some(start));
            while let Some(user) = here {
                if let Some(by) = met.get(&user) {
                    let place = walk.iter().position(|walked| *walked == user);
                    if *by == start
                        && let Some(circle) = place.and_then(|place| walk.get(place..))
                        && circle.iter().any(|user| people.contains(user))
                    {
                        let named = circle.iter().take(NAMED);
                        let users = named.map(|user| self.snapshot().user_key(*user).to_owned()).collect();
                        let people = circle.len();
                        warnings.push(Warning::Circle { attribute: key.to_owned(), users, people });
                    }
                    break;
                }
                met.insert(user, start);
                walk.push(user);
                here = match self.snapshot().value(user, attribute) {
                    Some(Value::User(above)) => Some(above),
                    _ => None,
                };
            }
        }
    }

    /// Everything that a mail about the delta says: its English, and what to know besides.
    ///
    /// ```
    /// use matricula_core::{AttributeDefinition, AttributeType, Delta, Draft, Instant, Snapshot, UserUpdate};
    ///
    /// let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    /// draft.apply(AttributeDefinition::new("manager", AttributeType::User).into())?;
    /// draft.apply(UserUpdate::new("ann").set("manager", "bob").into())?;
    /// draft.apply(UserUpdate::new("bob").set("manager", "ann").into())?;
    /// assert_eq!(
    ///     Delta::from(&draft.finish("hr", "")).summary(),
    ///     "people: 2 created, 0 changed; definitions: 1\n\
    ///      warning: manager: 2 people report to each other: ann → bob"
    /// );
    /// # Ok::<(), matricula_core::Error>(())
    /// ```
    pub fn summary(&self) -> String {
        let warnings = self.warnings().into_iter().map(|warning| format!("\nwarning: {warning}"));
        std::iter::once(self.to_string()).chain(warnings).collect()
    }
}
