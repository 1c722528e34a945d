//! Whether somebody may do something, and over whom. One way of deciding stands behind every question: which roles count
//! at the scope, what each says of the capability there, and whether it counts over the person asked about.

use matricula_rule::UserId;

use crate::access::capability::Nature;
use crate::access::holding::{Standing, Who};
use crate::access::{CapabilityId, CapabilityKind, Effect, Holding, Scope, Via};
use crate::state::State;
use crate::{Instant, RowSet, Snapshot, Status};

/// Over whom a question is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Over {
    /// Over nobody: the capability is not about people.
    #[default]
    Nobody,
    /// Over one person.
    User(UserId),
    /// Over anybody at all: may the menu be shown?
    Any,
    /// Over everybody at the scope.
    All,
}

/// Why something may not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Denied {
    /// There is no such actor.
    UnknownActor,
    /// The actor is suspended or erased.
    InactiveActor,
    /// There is no such capability.
    UnknownCapability,
    /// There is no such scope.
    UnknownScope,
    /// The capability does not make sense so far within.
    WrongScope,
    /// The site is closed.
    ClosedSite,
    /// The capability is about people, and the question names none.
    NoSubject,
    /// The capability is not about people, and the question names some.
    NeedsNoSubject,
    /// There is no such person, or they were erased.
    UnknownSubject,
    /// The person is no member of the site.
    SubjectElsewhere,
    /// The scope, or one that it lies in, is locked.
    Locked(Scope),
    /// A role that the actor holds denies it.
    DeniedBy(Holding),
    /// No role that the actor holds gives it, or none over this person.
    NotGiven,
}

impl Denied {
    /// The word for it in data.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownActor => "unknown_actor",
            Self::InactiveActor => "inactive_actor",
            Self::UnknownCapability => "unknown_capability",
            Self::UnknownScope => "unknown_scope",
            Self::WrongScope => "wrong_scope",
            Self::ClosedSite => "closed_site",
            Self::NoSubject => "no_subject",
            Self::NeedsNoSubject => "needs_no_subject",
            Self::UnknownSubject => "unknown_subject",
            Self::SubjectElsewhere => "subject_elsewhere",
            Self::Locked(_) => "locked",
            Self::DeniedBy(_) => "denied",
            Self::NotGiven => "not_given",
        }
    }
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It may be done, by this holding first of all.
    Allowed(Holding),
    /// It may not.
    Denied(Denied),
}

impl Decision {
    /// Whether it may be done.
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// `allowed`, or the word for why not.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed(_) => "allowed",
            Self::Denied(denied) => denied.name(),
        }
    }
}

/// A person at an instant, as one who asks.
#[derive(Clone, Debug)]
pub struct Actor {
    pub(crate) snapshot: Snapshot,
    /// Nobody, where the key was nobody's.
    pub(crate) user: Option<UserId>,
    pub(crate) at: Instant,
    /// What the person holds.
    standing: Option<Standing>,
}

impl Snapshot {
    /// A person who asks at an instant. A key that nobody has is one who may do nothing.
    pub fn as_actor(&self, key: &str, at: Instant) -> Actor {
        self.actor(self.find_user(key), at)
    }

    /// The same by number.
    pub fn as_actor_of(&self, user: UserId, at: Instant) -> Actor {
        self.actor((user.0 < self.0.users.count()).then_some(user), at)
    }

    fn actor(&self, user: Option<UserId>, at: Instant) -> Actor {
        let standing = user.map(|user| self.0.standing(user));
        Actor { snapshot: self.clone(), user, at, standing }
    }
}

impl Actor {
    /// The registry that it asks.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Who asks; `None` if the key was nobody's.
    pub fn user(&self) -> Option<UserId> {
        self.user
    }

    /// When.
    pub fn at(&self) -> Instant {
        self.at
    }

    pub(crate) fn who(&self) -> Option<Who<'_>> {
        Some(Who { user: self.user?, standing: self.standing.as_ref() })
    }

    /// Whether it may be done. Anything wrong with the question is a no.
    pub fn may(&self, capability: CapabilityId, scope: Scope, over: Over) -> bool {
        self.decide(capability, scope, over).is_allowed()
    }

    /// Whether it may be done and, if not, why not.
    pub fn decide(&self, capability: CapabilityId, scope: Scope, over: Over) -> Decision {
        match self.snapshot.0.decide(self.who(), capability, scope, over, self.at) {
            Ok(holding) => Decision::Allowed(holding),
            Err(denied) => Decision::Denied(denied),
        }
    }

    /// Everybody at the scope over whom it may be done, as rows: the numbers of [`UserId`]s. Nobody if the capability is
    /// not about people, or anything else is wrong with the question.
    pub fn audience(&self, capability: CapabilityId, scope: Scope) -> RowSet {
        let state = &self.snapshot.0;
        match state.asked(self.who(), capability, scope) {
            Ok((who, nature)) if nature.over => {
                state.over_whom(who, capability, scope, self.at, &state.subjects(scope))
            }
            _ => RowSet::default(),
        }
    }
}

impl State {
    /// Checks what does not depend on roles; who asks, and what the capability is.
    fn asked<'a>(
        &self,
        who: Option<Who<'a>>,
        capability: CapabilityId,
        scope: Scope,
    ) -> Result<(Who<'a>, Nature), Denied> {
        let who = who.ok_or(Denied::UnknownActor)?;
        let active = match who.standing {
            Some(standing) => Some(standing.active),
            None => self.users.status(who.user).map(|status| status == Status::Active),
        };
        match active {
            Some(true) => {}
            Some(false) => return Err(Denied::InactiveActor),
            None => return Err(Denied::UnknownActor),
        }
        let nature = self.nature(capability).ok_or(Denied::UnknownCapability)?;
        // A site's own field is not there for other sites, which are not to see that it was defined.
        if let (Some(owner), Some(site)) = (self.owner_of_field(capability), self.site_of(scope))
            && owner != site
        {
            return Err(Denied::UnknownCapability);
        }
        if !self.has_scope(scope) {
            return Err(Denied::UnknownScope);
        }
        if scope.depth() > nature.innermost {
            return Err(Denied::WrongScope);
        }
        if self.site_of(scope).is_some_and(|site| !self.is_open(site)) {
            return Err(Denied::ClosedSite);
        }
        if nature.kind == CapabilityKind::Write
            && !self.access.locks.is_empty()
            && let Some(locked) = self.locked(scope)
            && self.find_capability(UNLOCK) != Some(capability)
        {
            return Err(Denied::Locked(locked));
        }
        Ok((who, nature))
    }

    /// The scope on the way outwards that is locked, if one is.
    pub(crate) fn locked(&self, scope: Scope) -> Option<Scope> {
        self.chain(scope).find(|scope| self.access.locks.contains(scope))
    }

    /// What a role that is held says of a capability at a scope.
    pub(crate) fn said(&self, holding: &Holding, capability: CapabilityId, scope: Scope) -> Option<Effect> {
        self.access.table.effect(holding.role, capability, self.chain(scope))
    }

    /// By which holding something may be done, or why it may not.
    pub(crate) fn decide(
        &self,
        who: Option<Who<'_>>,
        capability: CapabilityId,
        scope: Scope,
        over: Over,
        at: Instant,
    ) -> Result<Holding, Denied> {
        let (who, nature) = self.asked(who, capability, scope)?;
        match (nature.over, over) {
            (true, Over::Nobody) => Err(Denied::NoSubject),
            (false, Over::Nobody) => self.decide_over_nobody(who, capability, scope, at),
            (false, _) => Err(Denied::NeedsNoSubject),
            (true, Over::User(subject)) => {
                match self.users.status(subject) {
                    None | Some(Status::Erased) => return Err(Denied::UnknownSubject),
                    Some(_) => {}
                }
                if !self.is_subject(subject, scope) {
                    return Err(Denied::SubjectElsewhere);
                }
                self.decide_over(who, capability, scope, subject, at)
            }
            (true, Over::Any) => self.decide_over_any(who, capability, scope, at),
            (true, Over::All) => self.decide_over_all(who, capability, scope, at),
        }
    }

    /// Allows ignore their audience, and denies with an audience do not apply.
    fn decide_over_nobody(
        &self,
        who: Who<'_>,
        capability: CapabilityId,
        scope: Scope,
        at: Instant,
    ) -> Result<Holding, Denied> {
        let mut found = Err(Denied::NotGiven);
        self.each_saying(who, capability, scope, at, |effect, holding| {
            match effect {
                _ if holding.via == Via::Itself => {}
                Effect::Deny if holding.audience.is_none() => {
                    found = Err(Denied::DeniedBy(holding));
                    return false;
                }
                Effect::Allow if found.is_err() => found = Ok(holding),
                _ => {}
            }
            true
        });
        found
    }

    fn decide_over(
        &self,
        who: Who<'_>,
        capability: CapabilityId,
        scope: Scope,
        subject: UserId,
        at: Instant,
    ) -> Result<Holding, Denied> {
        let mut found = Err(Denied::NotGiven);
        self.each_saying(who, capability, scope, at, |effect, holding| {
            match effect {
                Effect::Deny if self.counts_over(who.user, &holding, subject) => {
                    found = Err(Denied::DeniedBy(holding));
                    return false;
                }
                Effect::Allow if found.is_err() && self.counts_over(who.user, &holding, subject) => {
                    found = Ok(holding);
                }
                _ => {}
            }
            true
        });
        found
    }

    /// What the roles come to that say something of a capability: those that allow it, and those that deny it.
    fn sides(
        &self,
        who: Who<'_>,
        capability: CapabilityId,
        scope: Scope,
        at: Instant,
    ) -> (Vec<Holding>, Vec<Holding>) {
        let (mut allow, mut deny) = (Vec::new(), Vec::new());
        self.each_saying(who, capability, scope, at, |effect, holding| {
            match effect {
                Effect::Allow => allow.push(holding),
                Effect::Deny => deny.push(holding),
                Effect::Withhold => {}
            }
            true
        });
        (allow, deny)
    }

    fn decide_over_any(
        &self,
        who: Who<'_>,
        capability: CapabilityId,
        scope: Scope,
        at: Instant,
    ) -> Result<Holding, Denied> {
        let (allow, deny) = self.sides(who, capability, scope, at);
        if let Some(unlimited) = deny.iter().find(|holding| is_unlimited(holding)) {
            return Err(Denied::DeniedBy(*unlimited));
        }
        let first = allow.first().copied().ok_or(Denied::NotGiven)?;
        if deny.is_empty()
            && let Some(unlimited) = allow.iter().find(|holding| is_unlimited(holding))
        {
            return Ok(*unlimited);
        }
        let audience = self.over_whom_of(who.user, &allow, &deny, &self.subjects(scope));
        let subject = audience.min().ok_or(match deny.first() {
            Some(deny) => Denied::DeniedBy(*deny),
            None => Denied::NotGiven,
        })?;
        let over = |holding: &&Holding| self.counts_over(who.user, holding, UserId(subject));
        Ok(allow.iter().find(over).copied().unwrap_or(first))
    }

    fn decide_over_all(
        &self,
        who: Who<'_>,
        capability: CapabilityId,
        scope: Scope,
        at: Instant,
    ) -> Result<Holding, Denied> {
        let (allow, deny) = self.sides(who, capability, scope, at);
        let first = allow.first().copied();
        if deny.is_empty()
            && let Some(unlimited) = allow.iter().find(|holding| is_unlimited(holding))
        {
            return Ok(*unlimited);
        }
        let subjects = self.subjects(scope);
        let audience = self.over_whom_of(who.user, &allow, &deny, &subjects);
        match first {
            Some(first) if audience == subjects => Ok(first),
            _ => Err(deny.first().map_or(Denied::NotGiven, |deny| Denied::DeniedBy(*deny))),
        }
    }

    /// Over whom of some people a capability may be used.
    pub(crate) fn over_whom(
        &self,
        who: Who<'_>,
        capability: CapabilityId,
        scope: Scope,
        at: Instant,
        subjects: &RowSet,
    ) -> RowSet {
        let (allow, deny) = self.sides(who, capability, scope, at);
        self.over_whom_of(who.user, &allow, &deny, subjects)
    }

    fn over_whom_of(&self, actor: UserId, allow: &[Holding], deny: &[Holding], subjects: &RowSet) -> RowSet {
        let reached = |holdings: &[Holding]| {
            holdings.iter().fold(RowSet::default(), |so_far, holding| match (holding.via, holding.audience) {
                (Via::Itself, _) => {
                    let mut own = so_far;
                    if subjects.contains(actor.0) {
                        own.set(actor.0, true);
                    }
                    own
                }
                (_, None) => subjects.clone(),
                (_, Some(audience)) => so_far.union(&self.audience_set(actor, audience, subjects)),
            })
        };
        if allow.is_empty() || deny.iter().any(is_unlimited) {
            return RowSet::default();
        }
        reached(allow).difference(&reached(deny))
    }
}

/// Whether a holding counts over everybody.
fn is_unlimited(holding: &Holding) -> bool {
    holding.audience.is_none() && holding.via != Via::Itself
}

/// The one change that is not kept from a locked scope.
pub(crate) const UNLOCK: &str = "scope.unlock";
