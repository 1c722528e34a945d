//! Over whom a role counts: whether somebody is in an audience, and who all is. Not here: what the role gives (`decide`).

use std::cell::RefCell;
use std::collections::BTreeMap;

use matricula_rule::{SiteId, Truth, UserId, Value, evaluate};

use crate::access::{Audience, Holding, Scope, Via};
use crate::state::State;
use crate::users::ColumnId;
use crate::{Exception, Instant, RowSet, SegmentId, SegmentState, Status};

impl State {
    /// Whether somebody can be asked about at a scope: a member of its site, suspended or not; at the registry anybody
    /// who is not erased.
    pub(crate) fn is_subject(&self, user: UserId, scope: Scope) -> bool {
        let there = self.users.status(user).is_some_and(|status| status != Status::Erased);
        there && self.site_of(scope).is_none_or(|site| self.users.membership(user, site).is_some())
    }

    /// All who can be asked about at a scope.
    pub(crate) fn subjects(&self, scope: Scope) -> RowSet {
        (0..self.users.count()).filter(|row| self.is_subject(UserId(*row), scope)).collect()
    }

    /// Whether a holding counts over somebody.
    pub(crate) fn counts_over(&self, actor: UserId, holding: &Holding, subject: UserId) -> bool {
        if holding.via == Via::Itself {
            return subject == actor;
        }
        match holding.audience {
            None => true,
            Some(audience) => self.is_in_audience(actor, audience, subject),
        }
    }

    pub(crate) fn is_in_audience(&self, actor: UserId, audience: Audience, subject: UserId) -> bool {
        match audience {
            Audience::Segment(segment) => self.is_in_by_data(segment, subject),
            // Nobody is over themselves, whatever circle the data make.
            Audience::Reports(attribute) => {
                subject != actor && self.users.value(subject, attribute) == Some(Value::User(actor))
            }
            Audience::Line(attribute) => subject != actor && self.users.leads_to(attribute, subject.0, actor),
            Audience::Same(attribute) => {
                let Some(column) = self.users.column(ColumnId::Attribute(attribute)) else { return false };
                let code = column.get(actor.0);
                code != 0 && column.get(subject.0) == code
            }
        }
    }

    /// Everybody in an audience, of those who can be asked about.
    pub(crate) fn audience_set(&self, actor: UserId, audience: Audience, subjects: &RowSet) -> RowSet {
        match audience {
            Audience::Segment(segment) => {
                let members = self.members((segment, None));
                let others = subjects.difference(&members);
                let others = others.iter().filter(|row| self.is_in_by_data(segment, UserId(*row))).collect();
                members.intersection(subjects).union(&others)
            }
            Audience::Line(attribute) => {
                let mut below = self.users.below(attribute, actor);
                below.set(actor.0, false);
                below.intersection(subjects)
            }
            Audience::Reports(_) | Audience::Same(_) => {
                subjects.iter().filter(|row| self.is_in_audience(actor, audience, UserId(*row))).collect()
            }
        }
    }

    /// Whether somebody is in a segment or, if they or their membership are suspended, would be in it otherwise: so that
    /// whoever is responsible for them can restore them.
    pub(crate) fn is_in_by_data(&self, segment: SegmentId, user: UserId) -> bool {
        self.is_member((segment, None), user)
            || ByData { state: self, user, known: RefCell::default() }.is_in(segment)
    }
}

/// Somebody as if active everywhere. Each segment is asked once, however often others name it.
pub(crate) struct ByData<'a> {
    state: &'a State,
    user: UserId,
    known: RefCell<BTreeMap<SegmentId, bool>>,
}

impl ByData<'_> {
    /// Whether the person is in a segment, or would be.
    pub(crate) fn is_in(&self, segment: SegmentId) -> bool {
        if let Some(known) = self.known.borrow().get(&segment) {
            return *known;
        }
        let is_in = self.find(segment);
        self.known.borrow_mut().insert(segment, is_in);
        is_in
    }

    fn find(&self, id: SegmentId) -> bool {
        let Self { state, user, .. } = *self;
        if state.is_member((id, None), user) {
            return true;
        }
        let Some(segment) = state.segment(id) else { return false };
        let counts = |site| state.counts_in(user, site);
        let active = state.users.status(user) == Some(Status::Active)
            && match segment.site {
                Some(site) => counts(site),
                None => (0..state.sites.len()).map(SiteId::at).any(counts),
            };
        let member = segment.site.is_none_or(|site| state.users.membership(user, site).is_some());
        if active || !member || state.users.status(user).is_none_or(|status| status == Status::Erased) {
            return false;
        }
        match (state.exception(id, user), segment.state) {
            (_, SegmentState::Draft) => false,
            // While it is paused, what is decided by hand waits, as it does for members.
            (_, SegmentState::Paused) => state.hand(id).is_some_and(|hand| hand.frozen.contains(user.0)),
            (Some(Exception::Banned), SegmentState::Active) => false,
            (Some(Exception::Pinned), SegmentState::Active) => true,
            (None, SegmentState::Active) => segment.rule.as_ref().is_some_and(|rule| {
                let at = state.clock.unwrap_or(Instant::EPOCH);
                evaluate(rule, &state.person(user, segment.site, at, Some(self))) == Truth::True
            }),
        }
    }
}
