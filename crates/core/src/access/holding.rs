//! Which roles somebody holds at a scope: by grants of their own and of segments, by enrolments, and those that people
//! have anyway. Not here: what the roles give there (`decide`).

use matricula_rule::{CourseId, RoleId, SegmentId, SiteId, UserId};

use crate::access::builtin::{AUTHENTICATED, SELF};
use crate::access::grant::Held;
use crate::access::{Audience, CapabilityId, Effect, GrantId, Scope};
use crate::enrolment::{Hold, is_active};
use crate::state::State;
use crate::{Instant, Reason, Status};

/// Why somebody holds a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// By a grant to the person.
    Grant(GrantId),
    /// By a grant to a segment that the person is in.
    Segment(GrantId, SegmentId),
    /// By a reason for which the person is enrolled in a course.
    Enrolment(CourseId, Reason),
    /// As an active member of the site.
    Membership,
    /// As the person whom the question is about.
    Itself,
}

/// A role that somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holding {
    /// Which.
    pub role: RoleId,
    /// Where.
    pub scope: Scope,
    /// Over whom; `None` for everybody.
    pub audience: Option<Audience>,
    /// Why.
    pub via: Via,
}

/// What somebody holds, by grants to them and to segments that they are in, at whatever instant.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) active: bool,
    /// Of which of the first 64 sites the person is an active member.
    sites: u64,
    enrolled: bool,
    /// By scope; of a segment's, which.
    held: Vec<(Held, Option<SegmentId>)>,
}

impl Standing {
    /// Every grant, by scope.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().map(|(held, _)| held)
    }
}

/// Who asks, and what they hold if that was looked up before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<'a> {
    pub(crate) user: UserId,
    pub(crate) standing: Option<&'a Standing>,
}

impl From<UserId> for Who<'_> {
    fn from(user: UserId) -> Self {
        Self { user, standing: None }
    }
}

/// So many are looked through sooner than searched.
const FEW: usize = 12;

/// Those at a scope, of some that are in the order of scopes.
fn at_scope_of<T>(held: &[T], scope: Scope, of: impl Fn(&T) -> Scope) -> &[T] {
    if held.len() > FEW {
        let from = held.partition_point(|held| of(held) < scope);
        let rest = held.get(from..).unwrap_or(&[]);
        return rest.get(..rest.partition_point(|held| of(held) == scope)).unwrap_or(&[]);
    }
    let Some(from) = held.iter().position(|held| of(held) == scope) else { return &[] };
    let rest = held.get(from..).unwrap_or(&[]);
    let len = rest.iter().take_while(|held| of(held) == scope).count();
    rest.get(..len).unwrap_or(&[])
}

impl State {
    /// Visits the roles that a person, who is active, holds at a scope, until told to stop by `false`. The role that
    /// everybody has over themselves comes with the others: it counts over the person only.
    pub(crate) fn each_holding(
        &self,
        actor: UserId,
        scope: Scope,
        at: Instant,
        mut visit: impl FnMut(Holding) -> bool,
    ) {
        self.walk(actor.into(), scope, at, |_| Some(()), |(), holding| visit(holding));
    }

    /// The same of those roles that say something of a capability, with what they say.
    pub(crate) fn each_saying(
        &self,
        who: Who<'_>,
        capability: CapabilityId,
        scope: Scope,
        at: Instant,
        visit: impl FnMut(Effect, Holding) -> bool,
    ) {
        let table = &self.access.table;
        self.walk(who, scope, at, |role| table.effect(role, capability, self.chain(scope)), visit);
    }

    /// The same of those roles that are picked.
    fn walk<T>(
        &self,
        who: Who<'_>,
        scope: Scope,
        at: Instant,
        pick: impl Fn(RoleId) -> Option<T>,
        mut visit: impl FnMut(T, Holding) -> bool,
    ) {
        let Who { user, standing } = who;
        let site = self.site_of(scope);
        // What is held in a site or within it counts for its active members.
        let belongs = site.is_some_and(|site| match standing {
            Some(standing) if site.index() < 64 => standing.sites >> site.index() & 1 == 1,
            _ => self.users.membership(user, site) == Some(Status::Active),
        });
        let mut take = |held: &Held, via: Via| -> bool {
            let Some(picked) = pick(held.role).filter(|_| held.is_valid(at)) else { return true };
            let Held { role, scope, .. } = *held;
            visit(picked, Holding { role, scope, audience: held.audience(), via })
        };
        for at_scope in self.chain(scope) {
            if at_scope != Scope::Registry && !belongs {
                continue;
            }
            if let Some(standing) = standing {
                for (held, segment) in at_scope_of(&standing.held, at_scope, |(held, _)| held.scope) {
                    let via = match segment {
                        Some(segment) => Via::Segment(held.id, *segment),
                        None => Via::Grant(held.id),
                    };
                    if !take(held, via) {
                        return;
                    }
                }
                continue;
            }
            for held in at_scope_of(self.access.grants.of_user(user), at_scope, |held| held.scope) {
                if !take(held, Via::Grant(held.id)) {
                    return;
                }
            }
            for (segment, held) in self.access.grants.of_segments_at(at_scope) {
                if self.is_member((*segment, None), user) && !take(held, Via::Segment(held.id, *segment)) {
                    return;
                }
            }
        }
        if belongs {
            if let Scope::Course(course) = scope
                && standing.is_none_or(|standing| standing.enrolled)
            {
                for holding in self.holdings_by_enrolment(user, course) {
                    if let Some(picked) = pick(holding.role)
                        && !visit(picked, holding)
                    {
                        return;
                    }
                }
            }
            let site = site.map_or(Scope::Registry, Scope::Site);
            let holding = Holding { role: AUTHENTICATED, scope: site, audience: None, via: Via::Membership };
            if let Some(picked) = pick(AUTHENTICATED)
                && !visit(picked, holding)
            {
                return;
            }
        }
        if let Some(picked) = pick(SELF) {
            let via = Via::Itself;
            visit(picked, Holding { role: SELF, scope: Scope::Registry, audience: None, via });
        }
    }

    /// Looks up what somebody holds, for those who ask about one person often.
    pub(crate) fn standing(&self, user: UserId) -> Standing {
        let mut known: Option<(SegmentId, bool)> = None;
        let mut is_in = |segment: SegmentId| match known {
            Some((of, is_in)) if of == segment => is_in,
            _ => {
                let is_in = self.is_member((segment, None), user);
                known = Some((segment, is_in));
                is_in
            }
        };
        let own = self.access.grants.of_user(user).iter().map(|held| (held.clone(), None));
        let by_segment = self.access.grants.of_segments().filter(|(segment, _)| is_in(*segment));
        let mut held: Vec<_> =
            own.chain(by_segment.map(|(segment, held)| (held.clone(), Some(*segment)))).collect();
        // At one scope a person's own come first, as when they are looked up one by one.
        held.sort_by_key(|(held, segment)| (held.scope, segment.is_some(), held.id));
        let sites = (0..self.sites.len().min(64)).map(SiteId::at);
        let member = |site: &SiteId| self.users.membership(user, *site) == Some(Status::Active);
        Standing {
            active: self.users.status(user) == Some(Status::Active),
            sites: sites.filter(member).fold(0, |sites, site| sites | 1 << site.index()),
            enrolled: self.enrolments.of_user(user).next().is_some(),
            held,
        }
    }

    /// The roles as which somebody is enrolled in a course. A suspended enrolment gives none.
    fn holdings_by_enrolment(&self, actor: UserId, course: CourseId) -> impl Iterator<Item = Holding> + '_ {
        let records = self.enrolments.records(actor, course);
        let records = if is_active(records) { records } else { &[] };
        records.iter().filter_map(move |record| {
            let reason = match record.hold {
                Hold::Manual => Reason::Manual,
                Hold::Bulk => Reason::Bulk,
                Hold::Rule(rule) | Hold::Kept(rule) => Reason::Rule(rule),
                Hold::Opened | Hold::Halted | Hold::Suspended(_) => return None,
            };
            let role = self.role_by_reason(reason)?;
            let via = Via::Enrolment(course, reason);
            Some(Holding { role, scope: Scope::Course(course), audience: None, via })
        })
    }

    /// The role as which a reason enrols people.
    pub(crate) fn role_by_reason(&self, reason: Reason) -> Option<RoleId> {
        let key = match reason {
            Reason::Manual | Reason::Bulk => crate::LEARNER,
            Reason::Rule(rule) => &self.rule(rule)?.role,
        };
        crate::model::position(&self.access.roles, key)
            .and_then(|place| u32::try_from(place).ok())
            .map(RoleId)
    }
}
