//! Which roles somebody holds at a scope: by grants of their own and of segments, by enrolments, and those that people
//! have anyway. Not here: what the roles give there (`decide`).

use matricula_rule::{CourseId, RoleId, SegmentId, UserId};

use crate::access::builtin::{AUTHENTICATED, SELF};
use crate::access::{Audience, GrantId, Scope};
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
        let site = self.site_of(scope);
        // What is held in a site or within it counts for its active members.
        let belongs = site.is_some_and(|site| self.users.membership(actor, site) == Some(Status::Active));
        let own = self.access.grants.of_user(actor);
        for at_scope in self.chain(scope) {
            if at_scope != Scope::Registry && !belongs {
                continue;
            }
            let from = if own.len() > 8 { own.partition_point(|held| held.scope < at_scope) } else { 0 };
            for held in own.get(from..).unwrap_or(&[]) {
                if held.scope > at_scope {
                    break;
                }
                if held.scope == at_scope && held.is_valid(at) {
                    let audience = held.audience();
                    let via = Via::Grant(held.id);
                    if !visit(Holding { role: held.role, scope: at_scope, audience, via }) {
                        return;
                    }
                }
            }
            for (segment, held) in self.access.grants.of_segments_at(at_scope) {
                if held.is_valid(at) && self.is_member((*segment, None), actor) {
                    let audience = held.audience();
                    let via = Via::Segment(held.id, *segment);
                    if !visit(Holding { role: held.role, scope: at_scope, audience, via }) {
                        return;
                    }
                }
            }
        }
        if belongs {
            if let Scope::Course(course) = scope {
                for holding in self.holdings_by_enrolment(actor, course) {
                    if !visit(holding) {
                        return;
                    }
                }
            }
            let site = site.map_or(Scope::Registry, Scope::Site);
            let via = Via::Membership;
            if !visit(Holding { role: AUTHENTICATED, scope: site, audience: None, via }) {
                return;
            }
        }
        visit(Holding { role: SELF, scope: Scope::Registry, audience: None, via: Via::Itself });
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
