//! Why something may or may not be done: every role that was considered, what it says and where, and whether it counts;
//! as a structure that can be checked, and in English. Not here: the decision itself (`decide`).

use std::fmt;

use matricula_rule::UserId;
use serde::Serialize;

use crate::access::builtin::SELF;
use crate::access::{
    Actor, Audience, AudienceKey, CapabilityId, Decision, Denied, Effect, Grant, Holder, HolderKey, Over,
    Scope, ScopeKey, Via,
};
use crate::state::State;
use crate::{Reason, Status};

/// Why something may or may not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The key of who asks.
    pub actor: String,
    /// The name of the capability.
    pub capability: String,
    /// Where.
    pub scope: ScopeKey,
    /// Over whom: a key, `ANY`, `ALL`; nobody if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
    /// Whether it may be done.
    pub allowed: bool,
    /// `allowed`, or the word for why not.
    pub because: &'static str,
    /// Every role that the actor holds at the scope, by whatever reason, counting or not.
    pub considered: Vec<Considered>,
}

/// A role that was considered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Considered {
    /// The key of the role.
    pub role: String,
    /// Where it is held.
    pub scope: ScopeKey,
    /// Why it is held, in English.
    pub via: String,
    /// The number of the grant, if it is by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<u32>,
    /// Over whom it is held, in English; everybody if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// What the role says, from within to without; its own definition last, without a scope.
    pub says: Vec<(Option<ScopeKey>, &'static str)>,
    /// What that comes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<&'static str>,
    /// Why it does not count, if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discounted: Option<&'static str>,
}

impl Actor {
    /// Why something may or may not be done.
    ///
    /// ```
    /// use matricula_core::{Draft, Instant, Over, Scope, Snapshot, UserUpdate};
    ///
    /// let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    /// draft.apply(UserUpdate::new("ann").into())?;
    /// let snapshot = draft.finish("hr", "").snapshot;
    /// let ann = snapshot.as_actor("ann", Instant::EPOCH);
    /// let proof = ann.explain(snapshot.capability_id("site.create")?, Scope::Registry, Over::Nobody);
    /// assert_eq!((proof.allowed, proof.because), (false, "not_given"));
    /// # Ok::<(), matricula_core::Error>(())
    /// ```
    pub fn explain(&self, capability: CapabilityId, scope: Scope, over: Over) -> Proof {
        let state = &self.snapshot.0;
        let decision = self.decide(capability, scope, over);
        let mut considered = Vec::new();
        if let Some(actor) = self.user
            && state.has_scope(scope)
            && state.nature(capability).is_some()
        {
            self.consider(actor, capability, scope, over, &mut considered);
        }
        let key = |user: UserId| state.users.key(user).map_or_else(String::new, |key| key.to_string());
        Proof {
            actor: self.user.map(key).unwrap_or_default(),
            capability: state.capability(capability).map_or_else(String::new, |it| it.name),
            scope: state.scope_key(scope),
            over: match over {
                Over::Nobody => None,
                Over::User(user) => Some(key(user)),
                Over::Any => Some("ANY".to_owned()),
                Over::All => Some("ALL".to_owned()),
            },
            allowed: decision.is_allowed(),
            because: decision.name(),
            considered,
        }
    }

    /// Adds every role that is held at the scope, also those that do not count now.
    fn consider(
        &self,
        actor: UserId,
        capability: CapabilityId,
        scope: Scope,
        over: Over,
        considered: &mut Vec<Considered>,
    ) {
        let state = &self.snapshot.0;
        let site = state.site_of(scope);
        let belongs = site.is_none_or(|site| state.users.membership(actor, site) == Some(Status::Active));
        let mut add = |role, at, via: Via, audience: Option<Audience>, grant: Option<&Grant>| {
            let effect = state.access.table.effect(role, capability, state.chain(scope));
            let mut says: Vec<_> = state
                .chain(scope)
                .filter_map(|scope| {
                    let said = state.access.table.override_at(role, capability, scope)?;
                    Some((Some(state.scope_key(scope)), said.name()))
                })
                .collect();
            says.extend(state.access.table.base(role, capability).map(|said| (None, said.name())));
            let out_of_time = grant.is_some_and(|grant| !grant.is_valid(self.at));
            let discounted = if at != Scope::Registry && !belongs {
                Some("the holder is no active member of the site")
            } else if out_of_time {
                Some("it does not count at this instant")
            } else {
                self.discounted(actor, role, via, audience, effect, over)
            };
            let role = state.access.role(role).map_or_else(String::new, |role| role.key.clone());
            considered.push(Considered {
                role,
                scope: state.scope_key(at),
                via: state.via_in_english(via),
                grant: match via {
                    Via::Grant(id) | Via::Segment(id, _) => Some(id.0),
                    _ => None,
                },
                audience: audience.map(|audience| state.audience_in_english(audience)),
                says,
                effect: effect.map(Effect::name),
                discounted,
            });
        };
        for at in state.chain(scope) {
            for (id, grant) in state.access.grants.of(Holder::User(actor)).filter(|(_, it)| it.scope == at) {
                add(grant.role, at, Via::Grant(id), grant.audience, Some(&grant));
            }
            for (segment, held) in state.access.grants.of_segments_at(at) {
                if state.is_member((*segment, None), actor)
                    && let Some(grant) = state.access.grants.get(held.id)
                {
                    add(grant.role, at, Via::Segment(held.id, *segment), grant.audience, Some(&grant));
                }
            }
        }
        state.each_holding(actor, scope, self.at, |holding| {
            match holding.via {
                Via::Grant(_) | Via::Segment(..) => {}
                via => add(holding.role, holding.scope, via, holding.audience, None),
            }
            true
        });
    }

    /// Why a role does not count although it is held here and now.
    fn discounted(
        &self,
        actor: UserId,
        role: matricula_rule::RoleId,
        via: Via,
        audience: Option<Audience>,
        effect: Option<Effect>,
        over: Over,
    ) -> Option<&'static str> {
        let state = &self.snapshot.0;
        match over {
            Over::Nobody if role == SELF => Some("it counts over oneself only"),
            Over::Nobody if audience.is_some() && effect == Some(Effect::Deny) => {
                Some("it denies over some people only, and the question is about none")
            }
            Over::Nobody | Over::Any | Over::All => None,
            Over::User(subject) => {
                let holding = crate::access::Holding { role, scope: Scope::Registry, audience, via };
                (!state.counts_over(actor, &holding, subject)).then_some("it is not held over this person")
            }
        }
    }
}

impl State {
    fn via_in_english(&self, via: Via) -> String {
        match via {
            Via::Grant(id) => format!("grant {}", id.0),
            Via::Segment(id, segment) => {
                let key = self.segment(segment).map_or("", |segment| &segment.key);
                format!("grant {} to segment `{key}`", id.0)
            }
            Via::Enrolment(_, reason) => match reason {
                Reason::Manual => "enrolled by hand".to_owned(),
                Reason::Bulk => "enrolled in bulk".to_owned(),
                Reason::Rule(rule) => {
                    format!("enrolled by rule `{}`", self.rule(rule).map_or("", |rule| &rule.key))
                }
            },
            Via::Membership => "an active member of the site".to_owned(),
            Via::Itself => "the person in question".to_owned(),
        }
    }

    pub(crate) fn audience_in_english(&self, audience: Audience) -> String {
        let attribute = |id| self.schema.get(id).map_or("", |attribute| &attribute.key);
        match audience {
            Audience::Segment(id) => {
                format!("those in segment `{}`", self.segment(id).map_or("", |segment| &segment.key))
            }
            Audience::Reports(id) => format!("those whose `{}` is the holder", attribute(id)),
            Audience::Line(id) => {
                format!("those who report to the holder by `{}`, at any depth", attribute(id))
            }
            Audience::Same(id) => format!("those who have the holder's `{}`", attribute(id)),
        }
    }
}

impl fmt::Display for ScopeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry => f.write_str("the registry"),
            Self::Site(key) => write!(f, "site `{key}`"),
            Self::Category(key) => write!(f, "category `{key}`"),
            Self::Course(key) => write!(f, "course `{key}`"),
        }
    }
}

impl fmt::Display for HolderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(key) => write!(f, "user `{key}`"),
            Self::Segment(key) => write!(f, "segment `{key}`"),
        }
    }
}

impl fmt::Display for AudienceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Segment(key) => write!(f, "those in segment `{key}`"),
            Self::Reports(key) => write!(f, "those whose `{key}` is the holder"),
            Self::Line(key) => write!(f, "those who report to the holder by `{key}`, at any depth"),
            Self::Same(key) => write!(f, "those who have the holder's `{key}`"),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed(_) => "allowed",
            Self::Denied(denied) => match denied {
                Denied::UnknownActor => "there is no such actor",
                Denied::InactiveActor => "the actor is not active",
                Denied::UnknownCapability => "there is no such capability",
                Denied::UnknownScope => "there is no such scope",
                Denied::WrongScope => "the capability does not make sense so far within",
                Denied::ClosedSite => "the site is closed",
                Denied::NoSubject => "the capability is about people, and the question names none",
                Denied::NeedsNoSubject => "the capability is not about people",
                Denied::UnknownSubject => "there is no such person",
                Denied::SubjectElsewhere => "the person is no member of the site",
                Denied::Locked(_) => "the scope is locked",
                Denied::DeniedBy(_) => "a role that the actor holds denies it",
                Denied::NotGiven => "no role that the actor holds gives it",
            },
        })
    }
}

impl fmt::Display for Proof {
    /// Such as: user `ann` may not `grade.edit` in course `gdpr` over `bob`: not given; and a line for each role.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let may = if self.allowed { "may" } else { "may not" };
        write!(f, "user `{}` {may} `{}` in {}", self.actor, self.capability, self.scope)?;
        match self.over.as_deref() {
            None => {}
            Some("ANY") => f.write_str(" over anybody")?,
            Some("ALL") => f.write_str(" over everybody")?,
            Some(over) => write!(f, " over user `{over}`")?,
        }
        if !self.allowed {
            write!(f, ": {}", self.because.replace('_', " "))?;
        }
        if self.considered.is_empty() {
            f.write_str("\n  holds no role there")?;
        }
        for considered in &self.considered {
            let Considered { role, scope, via, audience, says, effect, discounted, .. } = considered;
            write!(f, "\n  role `{role}` in {scope} ({via})")?;
            if let Some(audience) = audience {
                write!(f, ", over {audience}")?;
            }
            match effect {
                None => f.write_str(": says nothing of it")?,
                Some(effect) => write!(f, ": {effect}")?,
            }
            if says.len() > 1 || says.iter().any(|(scope, _)| scope.is_some()) {
                let said = says.iter().map(|(scope, said)| match scope {
                    Some(scope) => format!("{said} in {scope}"),
                    None => format!("{said} by its definition"),
                });
                write!(f, " ({})", said.collect::<Vec<_>>().join(", "))?;
            }
            if let Some(discounted) = discounted {
                write!(f, "; {discounted}")?;
            }
        }
        Ok(())
    }
}
