//! Reads groups: what joins their rules, what is muted, what is negated. Not here: single rules (`test`).

use serde_json::Value as Json;

use super::place::{Object, PLACEHOLDER, Place, flag, no_near_misses, property};
use super::test::test;
use crate::error::quoted;
use crate::json::described;
use crate::{MAX_DEPTH, Names, Rule, RuleError, RuleErrorKind, nearest};

/// What joins two rules; the later, the tighter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Combinator {
    Or,
    Xor,
    And,
}

const COMBINATORS: [(&str, Combinator); 3] =
    [("and", Combinator::And), ("or", Combinator::Or), ("xor", Combinator::Xor)];

impl Combinator {
    pub(super) fn read(text: &str, place: &Place) -> Result<Self, RuleError> {
        if let Some((_, found)) = COMBINATORS.iter().find(|(name, _)| text.eq_ignore_ascii_case(name)) {
            return Ok(*found);
        }
        if matches!(text, "" | PLACEHOLDER) {
            return Err(place.unfinished("the combinator is not chosen yet"));
        }
        let message = format!("unknown combinator {}, expected `and`, `or` or `xor`", quoted(text));
        let error = place.not_supported(message).expecting("`and`, `or` or `xor`").finding(quoted(text));
        Err(error.near(nearest(text, COMBINATORS.map(|(name, _)| name))))
    }
}

/// One part of a group: what joins it to the part before, its position, and itself.
pub(super) struct Part<'j> {
    pub(super) before: Combinator,
    pub(super) index: usize,
    pub(super) object: &'j Object,
}

/// Reads a whole query.
pub(super) fn root(json: &Json, names: &dyn Names) -> Result<Rule, RuleError> {
    let place = Place::ROOT;
    match json.as_object() {
        Some(object) if object.contains_key("rules") => {
            if flag(object, "muted", &place)? {
                return Err(place.unfinished("the whole rule is muted"));
            }
            group(object, &place, names, 0)
        }
        _ => Err(place.expected(RuleErrorKind::Syntax, "a group, an object with `rules`", json)),
    }
}

// Keep this frame small: it is the only one that recurses.
fn group(object: &Object, place: &Place, names: &dyn Names, level: usize) -> Result<Rule, RuleError> {
    if level >= MAX_DEPTH {
        return Err(place.too_deep());
    }
    let mut joined = Joined::default();
    let rules = place.key("rules");
    for part in parts(object, place)? {
        let here = rules.index(part.index);
        let rule = if part.object.contains_key("rules") {
            group(part.object, &here, names, level + 1)?
        } else {
            test(part.object, &here, names)?
        };
        joined.push(part.before, rule);
    }
    let rule = joined.finish();
    Ok(if flag(object, "not", place)? { Rule::Not(Box::new(rule)) } else { rule })
}

/// The parts of a group that are not muted; at least one.
pub(super) fn parts<'j>(object: &'j Object, place: &Place) -> Result<Vec<Part<'j>>, RuleError> {
    no_near_misses(object, &["combinator", "rules", "not", "muted", "field", "includeMissing"], place)?;
    if property(object, "field").is_some() {
        let message = "an object is a group with `rules` or a rule with a `field`, found both";
        return Err(place.error(RuleErrorKind::Syntax, message));
    }
    if flag(object, "includeMissing", place)? {
        let error = place.key("includeMissing").not_supported("a group has no `includeMissing`");
        return Err(error.hint("set it on each rule that needs it"));
    }
    flag(object, "not", place)?;
    let here = place.key("rules");
    let Some(Json::Array(rules)) = object.get("rules") else {
        let found = object.get("rules").unwrap_or(&Json::Null);
        return Err(here.expected(RuleErrorKind::Syntax, "a list of rules", found));
    };
    let parts = match property(object, "combinator") {
        None => interleaved(rules, &here)?,
        Some(Json::String(text)) => uniform(rules, Combinator::read(text, &place.key("combinator"))?, &here)?,
        Some(other) => {
            return Err(place.key("combinator").expected(RuleErrorKind::Syntax, "a combinator", other));
        }
    };
    if parts.is_empty() {
        let message =
            if rules.is_empty() { "the group has no rules" } else { "all rules of the group are muted" };
        return Err(here.unfinished(message));
    }
    Ok(parts)
}

/// The parts of a group that has one combinator.
fn uniform<'j>(rules: &'j [Json], combinator: Combinator, place: &Place) -> Result<Vec<Part<'j>>, RuleError> {
    let mut parts = Vec::with_capacity(rules.len());
    for (index, rule) in rules.iter().enumerate() {
        let here = place.index(index);
        if let Json::String(_) = rule {
            let error = here.expected(RuleErrorKind::Syntax, "a rule or a group", rule);
            return Err(error.hint("leave out the group's `combinator` to write them between the rules"));
        }
        if let Some(object) = unmuted(rule, &here)? {
            parts.push(Part { before: combinator, index, object });
        }
    }
    Ok(parts)
}

/// The parts of a group with a combinator between each two. A muted one goes with the combinator before it.
fn interleaved<'j>(rules: &'j [Json], place: &Place) -> Result<Vec<Part<'j>>, RuleError> {
    let mut parts = Vec::with_capacity(rules.len().div_ceil(2));
    let mut before = Combinator::And;
    for (index, rule) in rules.iter().enumerate() {
        let here = place.index(index);
        if index % 2 == 1 {
            let Json::String(text) = rule else {
                let expected = "a combinator between two rules: `and`, `or` or `xor`";
                let found = if rule.is_object() { "another rule".into() } else { described(rule) };
                let error = RuleError::mismatch(RuleErrorKind::Syntax, expected, found);
                return Err(error.at_pointer(&here.pointer()).hint("or give the group a `combinator`"));
            };
            before = Combinator::read(text, &here)?;
            if index + 1 == rules.len() {
                let message = format!("expected a rule after the combinator {}", quoted(text));
                return Err(here.error(RuleErrorKind::Syntax, message));
            }
        } else if let Some(object) = unmuted(rule, &here)? {
            parts.push(Part { before, index, object });
        }
    }
    Ok(parts)
}

/// A rule or group, unless it is muted.
fn unmuted<'j>(json: &'j Json, place: &Place) -> Result<Option<&'j Object>, RuleError> {
    match json {
        Json::Object(object) => Ok((!flag(object, "muted", place)?).then_some(object)),
        other => Err(place.expected(RuleErrorKind::Syntax, "a rule or a group", other)),
    }
}

/// Rules joined so far: any of so many, of which the last is one of so many, of which the last is all of so many.
#[derive(Default)]
struct Joined {
    any: Vec<Rule>,
    one: Vec<Rule>,
    all: Vec<Rule>,
}

impl Joined {
    fn push(&mut self, before: Combinator, rule: Rule) {
        if before != Combinator::And {
            self.end_all();
        }
        if before == Combinator::Or {
            self.end_one();
        }
        self.all.push(rule);
    }

    fn end_all(&mut self) {
        self.one.extend(join(Combinator::And, std::mem::take(&mut self.all)));
    }

    fn end_one(&mut self) {
        self.any.extend(join(Combinator::Xor, std::mem::take(&mut self.one)));
    }

    fn finish(mut self) -> Rule {
        self.end_all();
        self.end_one();
        join(Combinator::Or, self.any).unwrap_or(Rule::All(Vec::new()))
    }
}

/// Joins rules; one alone stays as it is, none are none.
pub(super) fn join(combinator: Combinator, mut rules: Vec<Rule>) -> Option<Rule> {
    if rules.len() < 2 {
        return rules.pop();
    }
    let flat = |part: Rule| match (combinator, part) {
        (Combinator::And, Rule::All(more)) | (Combinator::Or, Rule::Any(more)) => more,
        (_, rule) => vec![rule],
    };
    Some(match combinator {
        Combinator::And => Rule::All(rules.into_iter().flat_map(flat).collect()),
        Combinator::Or => Rule::Any(rules.into_iter().flat_map(flat).collect()),
        Combinator::Xor => Rule::Xor(rules),
    })
}
