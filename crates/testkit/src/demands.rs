//! What attributes demand of people, read aloud: presence, uniqueness, options that nobody is given any longer; and
//! what has to be refused for it, at once or at the end of a transaction. Not here: what follows from what was accepted (`simulator`).

use std::collections::{BTreeMap, BTreeSet};

use matricula_core::rule::{Attribute, AttributeId, Choice, Kind, Options, Schema, UserId, Value, fold};
use matricula_core::{AttributeDefinition, AttributeType, Change, Input, UserUpdate};

use crate::simulator::Simulator;

type Values = BTreeMap<AttributeId, Value>;

impl Simulator {
    /// Whether a change has to be accepted, as far as attributes say so; what they demand of people is judged at the end.
    pub fn accepts(&self, change: &Change) -> Option<bool> {
        match change {
            Change::Attribute(definition) => Some(self.accepts_attribute(definition)),
            Change::Users(updates) => Some(updates.iter().all(|update| self.accepts_update(update))),
            other => self.accepts_lifecycle(other),
        }
    }

    fn accepts_attribute(&self, definition: &AttributeDefinition) -> bool {
        let attribute = self.definition(definition);
        let retired = |value: &Value| match value {
            Value::Choice(option) => {
                attribute.kind.options().and_then(|options| options.get(*option)).unwrap().retired
            }
            _ => false,
        };
        let default = attribute.default.as_ref();
        let shared = attribute.unique && default.is_some();
        !(shared || default.is_some_and(retired))
    }

    fn accepts_update(&self, update: &UserUpdate) -> bool {
        let had = self.people.get(&update.key).map(|someone| &someone.values);
        update.values.iter().all(|(key, input)| {
            let Some(attribute) = self.schema.find(key) else { return false };
            let value = input.as_ref().and_then(|input| self.value(key, input));
            match (&attribute.kind, value) {
                (Kind::Choice { options }, Some(Value::Choice(option))) => {
                    let had = had.and_then(|had| had.get(&attribute.id));
                    !options.get(option).unwrap().retired || had == Some(&Value::Choice(option))
                }
                _ => true,
            }
        })
    }

    /// A person who does not have what attributes demand, and the attribute.
    pub(crate) fn unmet(&self) -> Option<(String, String)> {
        unmet(&self.schema, self.values())
    }

    /// Of erased people nothing is demanded.
    fn values(&self) -> impl Iterator<Item = (&String, &Values)> + Clone {
        let people = self.people.iter().filter(|(_, someone)| !someone.erased);
        people.map(|(key, someone)| (key, &someone.values))
    }

    /// What somebody who is created by an update is given without asking.
    pub(crate) fn defaults(&self, update: &UserUpdate) -> Values {
        let mentioned = |key: &str| update.values.iter().any(|(given, _)| &**given == key);
        let attributes = self.schema.attributes().iter();
        let others = attributes.filter(|attribute| !mentioned(&attribute.key));
        others.filter_map(|attribute| Some((attribute.id, attribute.default.clone()?))).collect()
    }

    /// The attribute that a definition comes to; histories say of attributes only what is read here.
    pub(crate) fn definition(&self, definition: &AttributeDefinition) -> Attribute {
        let mut attribute = self.schema.find(&definition.key).cloned().unwrap_or_else(|| {
            // One that was deleted comes back under another number.
            let kind = match definition.kind {
                AttributeType::Text => Kind::Text,
                AttributeType::Decimal => Kind::Decimal,
                _ => Kind::Choice { options: Options::default() },
            };
            Attribute::new(AttributeId::at(self.schema.attributes().len()), definition.key.clone(), kind)
        });
        attribute.ignore_case = definition.ignore_case;
        attribute.required = definition.required;
        attribute.unique = definition.unique;
        if let (Kind::Choice { .. }, AttributeType::Choice(options)) = (&attribute.kind, &definition.kind) {
            let option = |option: &matricula_core::OptionDefinition| Choice {
                retired: option.retired,
                ..Choice::new(option.key.clone())
            };
            attribute.kind = Kind::Choice { options: options.iter().map(option).collect::<Options>() };
        }
        attribute.default = definition.default.as_ref().and_then(|input| value_of(&attribute, input, &[]));
        attribute
    }
}

/// A person who does not have what attributes demand, and the attribute.
fn unmet<'a>(
    schema: &Schema,
    people: impl Iterator<Item = (&'a String, &'a Values)> + Clone,
) -> Option<(String, String)> {
    for attribute in schema.attributes().iter().filter(|attribute| attribute.required || attribute.unique) {
        let mut seen = BTreeSet::new();
        for (key, values) in people.clone() {
            let value = values.get(&attribute.id).map(|value| match value {
                Value::Text(text) if attribute.ignore_case => Value::text(&fold(text)),
                other => other.clone(),
            });
            let lacks = attribute.required && value.is_none();
            let doubles = attribute.unique && value.is_some_and(|value| !seen.insert(value));
            if lacks || doubles {
                return Some((key.clone(), attribute.key.clone()));
            }
        }
    }
    None
}

/// What an input of an attribute stands for.
pub(crate) fn value_of(attribute: &Attribute, input: &Input, user_keys: &[String]) -> Option<Value> {
    Some(match (attribute.kind.name(), input) {
        ("text", Input::Text(text)) => Value::text(text),
        ("path", Input::Text(text)) => Value::Path(text.as_str().into()),
        ("choice", Input::Text(text)) => Value::Choice(attribute.option(text).unwrap()),
        ("user", Input::Text(key)) => {
            let position = user_keys.iter().position(|user| user == key);
            Value::User(UserId::at(position?))
        }
        ("multi_choice", Input::List(keys)) => {
            let options: BTreeSet<_> = keys.iter().map(|key| attribute.option(key).unwrap()).collect();
            if options.is_empty() {
                return None;
            }
            Value::Choices(options.into_iter().collect())
        }
        (_, Input::Date(date)) => Value::Date(*date),
        (_, Input::Integer(number)) => Value::Integer(*number),
        (_, Input::Decimal(number)) => Value::Decimal(*number),
        (_, Input::Boolean(value)) => Value::Boolean(*value),
        (_, Input::Timestamp(at)) => Value::Timestamp(at.to_utc()),
        _ => unreachable!("an input that histories do not give"),
    })
}
