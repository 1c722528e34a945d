//! No escalation: neither a change nor what follows from it gives anybody what the actor who makes it lacks. What a commit
//! newly gives is worked out from it, be it by a grant, by people who join a segment, by a manager who changes, by an
//! enrolment or by a definition. Not here: what a change needs by itself (`authority`).

use std::collections::BTreeSet;

use matricula_rule::{RoleId, SegmentId, UserId};

use crate::access::builtin::SELF;
use crate::access::{Audience, CapabilityId, Effect, Grant, Holder, Scope, Via};
use crate::draft::Draft;
use crate::state::State;
use crate::{Action, Entry, Instant, Moment, RowSet, Status};

/// What an actor lacks of what a role gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lack {
    pub(crate) capability: CapabilityId,
    pub(crate) scope: Scope,
}

/// All scopes at which it has to be looked what roles give within a scope: itself, and wherever within it something is
/// said otherwise or the actor holds something else.
fn scopes_within(states: [&State; 2], actor: UserId, scope: Scope) -> BTreeSet<Scope> {
    let mut scopes = BTreeSet::from([scope]);
    for state in states {
        let overridden = state.access.overrides.keys().map(|(_, scope)| *scope);
        let own = state.access.grants.of_user(actor).iter().map(|held| held.scope);
        let by_segment = state.access.grants.of_segments().map(|(_, held)| held.scope);
        let within = |at: &Scope| state.chain(*at).any(|outer| outer == scope);
        scopes.extend(overridden.chain(own).chain(by_segment).filter(within));
    }
    scopes
}

/// The first thing that would be gained within a scope and that the actor lacked before. An audience is covered by
/// everybody, and by the very same segment.
pub(crate) fn lacks(before: &State, actor: UserId, after: &State, gain: &Gain, at: Instant) -> Option<Lack> {
    let capabilities: Vec<CapabilityId> = after.capability_ids().collect();
    for scope in scopes_within([before, after], actor, gain.scope) {
        for &capability in &capabilities {
            let Some(nature) = after.nature(capability) else { continue };
            if scope.depth() > nature.innermost {
                continue;
            }
            let said = after.access.table.effect(gain.role, capability, after.chain(scope));
            if said == Some(gain.effect) && !holds(before, actor, capability, scope, gain.audience, at) {
                return Some(Lack { capability, scope });
            }
        }
    }
    None
}

/// Whether an actor has a capability at a scope over everybody, or over the same segment, without a deny of any kind.
fn holds(
    state: &State,
    actor: UserId,
    capability: CapabilityId,
    scope: Scope,
    audience: Option<Audience>,
    at: Instant,
) -> bool {
    if state.users.status(actor) != Some(Status::Active) || !state.has_scope(scope) {
        return false;
    }
    let (mut allowed, mut denied) = (false, false);
    state.each_holding(actor, scope, at, |holding| {
        if holding.via == Via::Itself || holding.role == SELF {
            return true;
        }
        match state.said(&holding, capability, scope) {
            Some(Effect::Deny) => denied = true,
            Some(Effect::Allow) => {
                let same = matches!(audience, Some(Audience::Segment(_))) && holding.audience == audience;
                allowed |= holding.audience.is_none() || same;
            }
            Some(Effect::Withhold) | None => {}
        }
        !denied
    });
    allowed && !denied
}

/// Something that a commit would newly give.
pub(crate) struct Gain {
    role: RoleId,
    scope: Scope,
    audience: Option<Audience>,
    /// Over whom newly; everybody of the audience if nobody is named.
    over: Option<RowSet>,
    /// What of it is gained: what the role allows, if it is given; what it denies, if it is taken away.
    effect: Effect,
    /// To whom, in English.
    to: String,
}

impl Gain {
    /// All that a role allows.
    pub(crate) fn whole(role: RoleId, scope: Scope, audience: Option<Audience>, to: String) -> Self {
        Self { role, scope, audience, over: None, effect: Effect::Allow, to }
    }

    /// What a grant gives to its holder.
    fn given(grant: &Grant, to: String) -> Self {
        Self::whole(grant.role, grant.scope, grant.audience, to)
    }

    /// What a grant denied to its holder, who no longer has it.
    fn freed(grant: &Grant, to: String) -> Self {
        Self { effect: Effect::Deny, ..Self::given(grant, to) }
    }
}

impl Draft {
    /// What the actor may not give and what follows from the changes would: an error for the first of it.
    pub(crate) fn escalation(&self, after: &State, moments: &[Moment]) -> Option<String> {
        let actor = self.actor?;
        let before = &self.before;
        for gain in self.gains(after, moments) {
            let lack = match &gain.over {
                None => lacks(before, actor, after, &gain, self.at()),
                Some(over) => self.lacks_over(actor, after, &gain, over),
            };
            if let Some(lack) = lack {
                let name = after.capability(lack.capability).map_or_else(String::new, |it| it.name);
                let role = after.access.role(gain.role).map_or("", |role| &role.key);
                let (to, scope) = (&gain.to, after.scope_key(lack.scope));
                return Some(match gain.effect {
                    Effect::Deny => format!(
                        "not permitted: it would take role `{role}` from {to}, which denies `{name}` in {scope}, and the actor lacks that"
                    ),
                    _ => format!(
                        "not permitted: it would give role `{role}` to {to}, and with it `{name}` in {scope}, which the actor lacks"
                    ),
                });
            }
        }
        self.gained_by_definition(actor, after)
    }

    /// What a role gives over people who newly come into its audience.
    fn lacks_over(&self, actor: UserId, after: &State, gain: &Gain, over: &RowSet) -> Option<Lack> {
        let before = &self.before;
        for scope in scopes_within([before, after], actor, gain.scope) {
            for capability in after.capability_ids() {
                let Some(nature) = after.nature(capability) else { continue };
                let said = after.access.table.effect(gain.role, capability, after.chain(scope));
                if !nature.over || scope.depth() > nature.innermost || said != Some(gain.effect) {
                    continue;
                }
                let subjects: RowSet =
                    over.iter().filter(|row| after.is_subject(UserId(*row), scope)).collect();
                if subjects.is_empty() {
                    continue;
                }
                let held = before.over_whom(actor, capability, scope, self.at(), &subjects);
                if held != subjects {
                    return Some(Lack { capability, scope });
                }
            }
        }
        None
    }

    /// Roles that are newly held, or over more people, or in more places.
    fn gains(&self, after: &State, moments: &[Moment]) -> Vec<Gain> {
        let mut gains = Vec::new();
        let (mut joined, mut left): (BTreeSet<SegmentId>, BTreeSet<SegmentId>) = Default::default();
        for change in moments.iter().flat_map(|moment| &moment.memberships) {
            if !change.joined.is_empty() {
                joined.insert(change.segment);
            }
            if !change.left.is_empty() {
                left.insert(change.segment);
            }
        }
        let mut moved: BTreeSet<UserId> = BTreeSet::new();
        let mut arrived: BTreeSet<UserId> = BTreeSet::new();
        for entry in self.entries.iter() {
            match entry {
                Entry::Grant(id, grant) if after.access.grants.get(*id).as_ref() == Some(grant) => {
                    gains.push(Gain::given(grant, self.holder_name(grant.holder)));
                }
                Entry::Revoke { grant, holder } => {
                    if let Some(grant) = self.before.access.grants.get(*grant) {
                        gains.push(Gain::freed(&grant, self.holder_name(*holder)));
                    }
                }
                Entry::User(entry) => {
                    if !entry.values.is_empty() {
                        moved.insert(entry.id);
                    }
                    if entry.sites.iter().any(|(_, status)| *status == Some(Status::Active)) {
                        arrived.insert(entry.id);
                    }
                }
                Entry::Exception { user, .. } => drop(moved.insert(*user)),
                _ => {}
            }
        }
        let changed_people = !moved.is_empty() || !arrived.is_empty();
        for (_, grant) in after.access.grants.iter() {
            if let Holder::Segment(segment) = grant.holder {
                let holder = self.holder_name(grant.holder);
                if joined.contains(&segment) {
                    gains.push(Gain::given(&grant, format!("those who join {holder}")));
                }
                if left.contains(&segment) {
                    gains.push(Gain::freed(&grant, format!("those who leave {holder}")));
                }
            }
            if let Holder::User(user) = grant.holder
                && arrived.contains(&user)
                && after.site_of(grant.scope).is_some()
            {
                gains.push(Gain::given(&grant, self.holder_name(grant.holder)));
            }
            let reaches = match grant.audience {
                None => false,
                Some(Audience::Segment(segment)) => {
                    joined.contains(&segment) || left.contains(&segment) || changed_people
                }
                Some(Audience::Reports(_) | Audience::Line(_) | Audience::Same(_)) => changed_people,
            };
            if reaches {
                self.reached(&grant, after, &mut gains);
            }
        }
        for steps in moments.iter().flat_map(|moment| &moment.steps) {
            let begins = matches!(
                steps.action,
                Action::Enrolled
                    | Action::Resumed
                    | Action::ReasonAdded
                    | Action::ReasonRestored
                    | Action::ResumedByHand
            );
            let Some(role) = after.role_by_reason(steps.reason).filter(|_| begins) else { continue };
            if after.access.role(role).is_some_and(|role| role.key != crate::LEARNER) {
                let scope = Scope::Course(steps.course);
                let to = "those who are enrolled by a rule".to_owned();
                gains.push(Gain::whole(role, scope, None, to));
            }
        }
        gains
    }

    /// Whom a grant newly reaches.
    fn reached(&self, grant: &Grant, after: &State, gains: &mut Vec<Gain>) {
        let Some(audience) = grant.audience else { return };
        let holders: Vec<UserId> = match grant.holder {
            Holder::User(user) => vec![user],
            Holder::Segment(segment) => after.members((segment, None)).iter().map(UserId).collect(),
        };
        for holder in holders {
            let subjects = after.subjects(grant.scope);
            let is = after.audience_set(holder, audience, &subjects);
            let was = self.before.audience_set(holder, audience, &self.before.subjects(grant.scope));
            let key = after.users.key(holder).map_or("", |key| key);
            // Whom it no longer reaches it no longer denies over.
            let of =
                [(is.difference(&was), Effect::Allow, "more"), (was.difference(&is), Effect::Deny, "fewer")];
            for (over, effect, how_many) in of {
                if !over.is_empty() {
                    let to = format!("user `{key}` over {how_many} people");
                    gains.push(Gain { over: Some(over), effect, ..Gain::given(grant, to) });
                }
            }
        }
    }

    /// What roles that are held give more, or deny less, by other definitions; an actor gives that only who has it.
    fn gained_by_definition(&self, actor: UserId, after: &State) -> Option<String> {
        let before = &self.before;
        let mut changed: BTreeSet<(RoleId, Scope)> = BTreeSet::new();
        for entry in self.entries.iter() {
            match entry {
                Entry::Role(id, role) => {
                    changed.insert((*id, role.site.map_or(Scope::Registry, Scope::Site)));
                }
                Entry::Override { role, scope, .. } => {
                    changed.insert((*role, *scope));
                }
                // What is said of a class of fields comes to say it of others.
                Entry::Attribute(_) => {
                    let roles = (0..after.access.roles.len()).filter_map(|place| u32::try_from(place).ok());
                    changed.extend(roles.map(|role| (RoleId(role), Scope::Registry)));
                }
                _ => {}
            }
        }
        for (role, at) in changed {
            for scope in scopes_within([before, after], actor, at) {
                for capability in after.capability_ids() {
                    let Some(nature) = after.nature(capability) else { continue };
                    if scope.depth() > nature.innermost {
                        continue;
                    }
                    let was = before.access.table.effect(role, capability, before.chain(scope));
                    let is = after.access.table.effect(role, capability, after.chain(scope));
                    let gives = is == Some(Effect::Allow) && was != is;
                    let frees = was == Some(Effect::Deny) && was != is;
                    if !gives && !frees || before.nature(capability).is_none() {
                        continue;
                    }
                    if !holds(before, actor, capability, scope, None, self.at()) {
                        let name = after.capability(capability).map_or_else(String::new, |it| it.name);
                        let role = after.access.role(role).map_or("", |role| &role.key);
                        return Some(format!(
                            "not permitted: role `{role}` would give `{name}` in {}, which the actor lacks",
                            after.scope_key(scope)
                        ));
                    }
                }
            }
        }
        None
    }
}
