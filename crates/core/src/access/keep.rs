//! What no change of access may come to, whoever makes it: a registry without an administrator, and rights that people can
//! give themselves by writing their own fields.

use std::collections::BTreeSet;

use matricula_rule::{AttributeId, Fact, Field, Rule, SegmentId, UserId};

use crate::access::builtin::ADMINISTRATORS;
use crate::access::{Audience, Effect, Holder, Scope, Via};
use crate::draft::Draft;
use crate::state::State;
use crate::{Entry, Instant, Status};

impl State {
    /// Whether somebody is an administrator of the registry whom nothing limits: active, by a grant of their own, always and
    /// over everybody, and denied nothing there by another role.
    pub(crate) fn has_administrator(&self, at: Instant) -> bool {
        let holders = self.access.grants.holders_at(Scope::Registry);
        holders.iter().map(UserId).any(|user| self.is_administrator(user, at))
    }

    fn is_administrator(&self, user: UserId, at: Instant) -> bool {
        let own = self.access.grants.of_user(user).iter();
        let mut unlimited = own.filter(|held| {
            held.scope == Scope::Registry && held.role == ADMINISTRATORS && held.is_always_over_everybody()
        });
        if unlimited.next().is_none() || self.users.status(user) != Some(Status::Active) {
            return false;
        }
        let mut others = Vec::new();
        self.each_holding(user, Scope::Registry, at, |holding| {
            if holding.role != ADMINISTRATORS && holding.via != Via::Itself {
                others.push(holding);
            }
            true
        });
        others.is_empty()
            || !self.capability_ids().any(|capability| {
                others.iter().any(|held| self.said(held, capability, Scope::Registry) == Some(Effect::Deny))
            })
    }
}

impl Draft {
    /// What is wrong with access after the changes, if they concern it.
    pub(crate) fn access_problems(&self, after: &State) -> Vec<String> {
        let mut problems = Vec::new();
        let at = self.at();
        let held = !self.before.access.grants.holders_at(Scope::Registry).is_empty();
        if held && self.before.has_administrator(at) && !after.has_administrator(at) {
            problems
                .push("it would leave nobody who is an unlimited administrator of the registry".to_owned());
        }
        let concerned = self.entries.iter().any(|entry| {
            matches!(
                entry,
                Entry::Attribute(_) | Entry::Segment(..) | Entry::EnrolmentRule(..) | Entry::Grant(..)
            )
        });
        if concerned && after.schema.live().any(|attribute| attribute.self_writable) {
            problems.extend(self.self_given(after));
        }
        problems
    }

    /// Fields that people write themselves and from which a right follows, with the path.
    fn self_given(&self, after: &State) -> Vec<String> {
        let writable = |id: AttributeId| {
            after
                .schema
                .get(id)
                .filter(|attribute| attribute.self_writable)
                .map(|attribute| attribute.key.clone())
        };
        let mut found = Vec::new();
        for (_, grant) in after.access.grants.iter() {
            let role = after.access.role(grant.role).map_or("", |role| &role.key);
            let path = || format!("the grant of role `{role}` to {}", self.holder_name(grant.holder));
            let segments = [
                match grant.holder {
                    Holder::Segment(segment) => Some(segment),
                    Holder::User(_) => None,
                },
                match grant.audience {
                    Some(Audience::Segment(segment)) => Some(segment),
                    _ => None,
                },
            ];
            for segment in segments.into_iter().flatten() {
                found.extend(
                    after.written_into(segment).into_iter().filter_map(writable).map(|key| (key, path())),
                );
            }
            if let Some(Audience::Reports(id) | Audience::Line(id) | Audience::Same(id)) = grant.audience {
                found.extend(writable(id).map(|key| (key, path())));
            }
        }
        for rule in after.rules.values().filter(|rule| !rule.deleted && rule.role != crate::LEARNER) {
            let path = || format!("enrolment rule `{}` as role `{}`", rule.key, rule.role);
            let written = after.written_into(rule.segment).into_iter().filter_map(writable);
            found.extend(written.map(|key| (key, path())));
        }
        found.sort_unstable();
        found.dedup();
        let told = found.into_iter().take(20).map(|(key, path)| {
            format!("people write `{key}` themselves, and a right would follow from it by {path}")
        });
        told.collect()
    }
}

impl State {
    /// The attributes from which it follows who is in a segment, through the segments that its rule names.
    fn written_into(&self, segment: SegmentId) -> BTreeSet<AttributeId> {
        let (mut attributes, mut seen, mut waiting) = (BTreeSet::new(), BTreeSet::new(), vec![segment]);
        while let Some(segment) = waiting.pop() {
            if !seen.insert(segment) {
                continue;
            }
            let Some(rule) = self.segment(segment).and_then(|segment| segment.rule.as_ref()) else {
                continue;
            };
            rule.visit(&mut |part: &Rule| {
                if let Some(Field::Attribute(attribute)) = part.field() {
                    attributes.insert(attribute);
                }
                if let Rule::ReportsTo { attribute, .. } = part {
                    attributes.insert(*attribute);
                }
                if let Rule::Is(Fact::Segment(named)) = part {
                    waiting.push(*named);
                }
            });
        }
        attributes
    }
}
