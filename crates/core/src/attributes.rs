//! Changes of attributes: what an attribute is, and whether what people have, and rules say, goes with it. Not here:
//! values (`accept`, `people`).

use std::collections::BTreeSet;
use std::sync::Arc;

use matricula_rule::{Attribute, AttributeId, Choice, Field, Glob, Kind, Options, SegmentId, Value};

use crate::accept::{Reader, satisfies};
use crate::draft::{Draft, not_possible};
use crate::model::{MAX_ATTRIBUTES, check_attribute_key, check_key};
use crate::{AttributeDefinition, AttributeType, Entry, Error, ErrorKind, Input, OptionDefinition};

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidDefinition, message)
}

impl Draft {
    pub(crate) fn define_attribute(&mut self, definition: AttributeDefinition) -> Result<(), Error> {
        check_attribute_key(&definition.key)?;
        let key = definition.key.clone();
        let within = |error: Error| error.within(format_args!("attribute `{key}`"));
        let old = self.next.schema.find(&key).cloned();
        if old.is_none() && self.next.schema.live().count() >= MAX_ATTRIBUTES {
            let message = format!("there are {MAX_ATTRIBUTES} attributes, expected no more");
            return Err(within(Error::new(ErrorKind::TooMany, message)));
        }
        let attribute = self.attribute_of(definition, old.as_ref()).map_err(within)?;
        if old.as_ref() == Some(&attribute) {
            return Ok(());
        }
        self.check_data(&attribute, old.as_ref()).map_err(within)?;
        let demands = |old: &Attribute| {
            attribute.required && !old.required
                || attribute.unique && (!old.unique || old.ignore_case != attribute.ignore_case)
        };
        if old.as_ref().map_or(attribute.required, demands) {
            self.pending.note_defined(attribute.id);
        }
        if old.as_ref().is_some_and(|old| old.ignore_case != attribute.ignore_case) {
            self.stale.extend(self.segments_naming(attribute.id).map(|(id, _)| id).collect::<Vec<_>>());
            self.recompile = true;
        }
        self.next.users.define_attribute(&attribute);
        self.access_stale = true;
        Arc::make_mut(&mut self.next.schema).define(attribute.clone());
        self.record(Entry::Attribute(attribute));
        Ok(())
    }

    /// The segments whose rules name an attribute.
    pub(crate) fn segments_naming(&self, attribute: AttributeId) -> impl Iterator<Item = (SegmentId, &str)> {
        let segments = self.next.segments.values().zip((0..).map(SegmentId));
        segments.filter_map(move |(segment, id)| {
            let mut names = false;
            segment
                .rule
                .as_ref()?
                .visit(&mut |part| names |= part.field() == Some(Field::Attribute(attribute)));
            names.then_some((id, segment.key.as_str()))
        })
    }

    /// What depends on an attribute, in words.
    fn dependants_of_attribute(&self, attribute: AttributeId) -> String {
        const SHOWN: usize = 5;
        let keys: Vec<&str> = self.segments_naming(attribute).map(|(_, key)| key).collect();
        let people = self.failing(attribute, |value| value.is_some()).map_or(0, |(count, _)| count);
        let mut words = Vec::new();
        if people > 0 {
            words.push(format!("{} a value", counted(people, "has", "have")));
        }
        if !keys.is_empty() {
            let shown: Vec<String> = keys.iter().take(SHOWN).map(|key| format!("`{key}`")).collect();
            let more = keys.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            words.push(format!("named by segments {}{more}", shown.join(", ")));
        }
        if words.is_empty() { String::new() } else { format!(" ({})", words.join("; ")) }
    }

    fn attribute_of(
        &self,
        definition: AttributeDefinition,
        old: Option<&Attribute>,
    ) -> Result<Attribute, Error> {
        let site = definition.site.as_deref().map(|site| self.find_site(site)).transpose()?;
        if let Some(old) = old
            && site.is_some()
            && site != old.site
        {
            return Err(not_possible("it belongs to another site, or to none, and cannot move".to_owned()));
        }
        let kind = self.kind_of(definition.kind, old)?;
        let id = old.map_or_else(|| AttributeId::at(self.next.schema.attributes().len()), |old| old.id);
        let is_text = kind == Kind::Text;
        let bounded = matches!(kind, Kind::Integer | Kind::Decimal | Kind::Date | Kind::Timestamp);
        for (given, fits, what) in [
            (definition.ignore_case, is_text, "ignore case"),
            (definition.pattern.is_some(), is_text, "have a pattern"),
            (definition.minimum.is_some(), bounded, "have a minimum"),
            (definition.maximum.is_some(), bounded, "have a maximum"),
            (definition.unique, !matches!(kind, Kind::MultiChoice { .. } | Kind::Boolean), "be unique"),
        ] {
            if given && !fits {
                return Err(invalid(format!("{} cannot {what}", crate::accept::article(&kind))));
            }
        }
        let mut attribute = Attribute::new(id, definition.key, kind);
        attribute.name = definition.name;
        attribute.help = definition.help;
        attribute.site = old.map_or(site, |old| old.site);
        attribute.required = definition.required;
        attribute.unique = definition.unique;
        attribute.ignore_case = definition.ignore_case;
        attribute.sensitivity = definition.sensitivity;
        attribute.self_writable = definition.self_writable;
        if let Some(pattern) = definition.pattern {
            let pattern = matricula_rule::normalise(&pattern).into_owned();
            Glob::new(&pattern).map_err(|error| invalid(error.to_string()))?;
            attribute.pattern = Some(pattern);
        }
        // Each bound is read before the other is in place, so that crossed ones are told as such.
        let minimum = self.bound(&attribute, definition.minimum.as_ref())?;
        attribute.maximum = self.bound(&attribute, definition.maximum.as_ref())?;
        attribute.minimum = minimum;
        if let (Some(minimum), Some(maximum)) = (&attribute.minimum, &attribute.maximum)
            && minimum > maximum
        {
            return Err(invalid("the minimum is above the maximum"));
        }
        attribute.default = self.bound(&attribute, definition.default.as_ref())?;
        if let (Some(options), Some(default)) = (attribute.kind.options(), &attribute.default) {
            let given = match default {
                Value::Choice(option) => std::slice::from_ref(option),
                Value::Choices(options) => options,
                _ => &[],
            };
            if let Some(retired) =
                given.iter().filter_map(|id| options.get(*id)).find(|option| option.retired)
            {
                return Err(invalid(format!("the default `{}` is retired", retired.key)));
            }
        }
        if attribute.unique && attribute.default.is_some() {
            return Err(invalid("it is unique, so that people cannot all have the same default"));
        }
        Ok(attribute)
    }

    /// A value that the definition itself names.
    fn bound(&self, attribute: &Attribute, input: Option<&Input>) -> Result<Option<Value>, Error> {
        let reader = Reader { find_user: &|key| self.next.users.find(key), hints: true };
        Ok(input.map(|input| reader.read(attribute, input)).transpose()?.flatten())
    }

    fn kind_of(&self, kind: AttributeType, old: Option<&Attribute>) -> Result<Kind, Error> {
        let earlier = |multiple: bool| match old.map(|old| &old.kind) {
            Some(Kind::Choice { options }) if !multiple => Some(options),
            Some(Kind::MultiChoice { options }) if multiple => Some(options),
            _ => None,
        };
        let kind = match kind {
            AttributeType::Text => Kind::Text,
            AttributeType::Integer => Kind::Integer,
            AttributeType::Decimal => Kind::Decimal,
            AttributeType::Boolean => Kind::Boolean,
            AttributeType::Date => Kind::Date,
            AttributeType::Timestamp => Kind::Timestamp,
            AttributeType::User => Kind::User,
            AttributeType::Path => Kind::Path,
            AttributeType::Choice(options) => Kind::Choice { options: options_of(options, earlier(false))? },
            AttributeType::MultiChoice(options) => {
                Kind::MultiChoice { options: options_of(options, earlier(true))? }
            }
        };
        match old {
            Some(old) if old.kind.name() != kind.name() => Err(not_possible(format!(
                "the type is {} and cannot become {}{}",
                old.kind.name(),
                kind.name(),
                self.dependants_of_attribute(old.id)
            ))),
            _ => Ok(kind),
        }
    }

    /// Refuses demands of single values that those of people who are there do not satisfy. What is required, and what
    /// is unique, is judged at the end: see `demands`.
    fn check_data(&self, attribute: &Attribute, old: Option<&Attribute>) -> Result<(), Error> {
        let Some(old) = old else { return Ok(()) };
        let demands = |attribute: &Attribute| {
            (
                attribute.pattern.clone(),
                attribute.minimum.clone(),
                attribute.maximum.clone(),
                attribute.ignore_case,
            )
        };
        if demands(attribute) != demands(old)
            && let Some(found) = self.failing(attribute.id, |value| {
                value.is_some_and(|value| satisfies(attribute, value).is_err())
            })
        {
            let people = counted(found.0, "has", "have");
            let first = found.1;
            return Err(not_possible(format!(
                "{people} a value that it would not accept, `{first}` among them"
            )));
        }
        Ok(())
    }
}

/// A number of people, with the verb that goes with it.
pub(crate) fn counted(people: usize, one: &str, many: &str) -> String {
    if people == 1 { format!("1 person {one}") } else { format!("{people} people {many}") }
}

/// The options of a definition; those that were there keep their numbers, new ones follow in the order given.
fn options_of(definitions: Vec<OptionDefinition>, old: Option<&Options>) -> Result<Options, Error> {
    let mut seen = BTreeSet::new();
    let mut renamed: Vec<Option<Choice>> = old.map_or_else(Vec::new, |old| vec![None; old.len()]);
    let mut added = Vec::new();
    for definition in definitions {
        let key = check_key("option", &definition.key)?.into_owned();
        if !seen.insert(key.clone()) {
            return Err(invalid(format!("option `{key}` is given twice")));
        }
        let before = definition.was.as_deref().map(matricula_rule::normalise);
        let id = match &before {
            Some(before) => {
                let id = old.and_then(|old| old.find(before).or_else(|| old.find(&key)));
                Some(id.ok_or_else(|| {
                    invalid(format!("option `{key}` was `{before}`, but there is no such option"))
                })?)
            }
            None => old.and_then(|old| old.find(&key)),
        };
        let option = Choice { key, name: definition.name, retired: definition.retired };
        match id.and_then(|id| renamed.get_mut(id.index())) {
            None => added.push(option),
            Some(Some(other)) => {
                return Err(invalid(format!("options `{}` and `{}` were one", other.key, option.key)));
            }
            Some(slot) => *slot = Some(option),
        }
    }
    for (slot, option) in renamed.iter().zip(old.into_iter().flat_map(Options::iter)) {
        if slot.is_none() {
            let key = &option.key;
            return Err(not_possible(format!(
                "option `{key}` is left out, expected all earlier options and any new ones; one that nobody is to be given any longer is retired"
            )));
        }
    }
    let options: Options = renamed.into_iter().flatten().chain(added).collect();
    if options.is_empty() {
        return Err(invalid("no options, expected at least one"));
    }
    Ok(options)
}
