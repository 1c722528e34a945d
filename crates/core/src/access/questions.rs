//! Questions that are many decisions at once: where, over which fields, who, and what has changed. Each answers what
//! deciding one by one would. Not here: why (`proof`).

use matricula_rule::{Attribute, CourseId, RoleId, SiteId, UserId};

use crate::access::builtin::{AUTHENTICATED, SELF};
use crate::access::{Actor, Capability, CapabilityId, CapabilityKind, Decision, Effect, Over, Scope};
use crate::enrolment::is_active;
use crate::state::State;
use crate::{Error, Instant, RowSet, Snapshot, Status};

impl Snapshot {
    /// The capability of a name.
    ///
    /// # Errors
    /// `unknown_capability`, with the nearest name.
    pub fn capability_id(&self, name: &str) -> Result<CapabilityId, Error> {
        self.0.capability_id(name)
    }

    /// What there is to know of a capability.
    pub fn capability(&self, id: CapabilityId) -> Option<Capability> {
        self.0.capability(id)
    }

    /// All capabilities: those that are built in, the host's own, then two for each attribute.
    pub fn capabilities(&self) -> impl Iterator<Item = (CapabilityId, Capability)> + '_ {
        self.0.capability_ids().filter_map(|id| Some((id, self.0.capability(id)?)))
    }

    /// What a role says of a capability at a scope, if it says anything.
    pub fn effect(&self, role: RoleId, capability: CapabilityId, scope: Scope) -> Option<Effect> {
        self.0.access.table.effect(role, capability, self.0.chain(scope))
    }

    /// Who may do something at an instant, as rows: the numbers of [`UserId`]s.
    ///
    /// ```
    /// use matricula_core::{Draft, GrantDefinition, Instant, Over, Scope, ScopeKey, Snapshot, UserUpdate};
    ///
    /// let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    /// draft.apply(UserUpdate::new("ann").into())?;
    /// draft.apply(GrantDefinition::new("administrator", "ann", ScopeKey::Registry).into())?;
    /// let snapshot = draft.finish("hr", "").snapshot;
    /// let capability = snapshot.capability_id("site.create")?;
    /// let who = snapshot.who_can(capability, Scope::Registry, Over::Nobody, Instant::EPOCH);
    /// assert_eq!(who.iter().collect::<Vec<_>>(), [0]);
    /// # Ok::<(), matricula_core::Error>(())
    /// ```
    pub fn who_can(&self, capability: CapabilityId, scope: Scope, over: Over, at: Instant) -> RowSet {
        let state = &self.0;
        let may = |row: &u32| state.decide(Some(UserId(*row)), capability, scope, over, at).is_ok();
        state.who_might(capability, scope, over).iter().filter(may).collect()
    }

    /// Who may do something in a later or a proposed registry who may not in this one, and who no longer may.
    pub fn compare_who_can(
        &self,
        later: &Self,
        capability: &str,
        scope: Scope,
        over: Over,
        at: Instant,
    ) -> Result<WhoCanDifference, Error> {
        let was = self.who_can(self.capability_id(capability)?, scope, over, at);
        let is = later.who_can(later.capability_id(capability)?, scope, over, at);
        Ok(WhoCanDifference { gained: is.difference(&was), lost: was.difference(&is) })
    }

    /// Where two roles differ at a scope: the capability, and what each says of it.
    pub fn compare_roles(
        &self,
        one: RoleId,
        other: RoleId,
        scope: Scope,
    ) -> Vec<(CapabilityId, Option<Effect>, Option<Effect>)> {
        let ids = self.0.capability_ids();
        let said = ids.map(|id| (id, self.effect(one, id, scope), self.effect(other, id, scope)));
        said.filter(|(_, one, other)| one != other).collect()
    }
}

/// Who may do something now, and who no longer may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhoCanDifference {
    /// Who may, and might not.
    pub gained: RowSet,
    /// Who might, and may not.
    pub lost: RowSet,
}

impl State {
    /// Everybody who holds something at a scope that could give a capability there; a few more do no harm.
    fn who_might(&self, capability: CapabilityId, scope: Scope, over: Over) -> RowSet {
        let mut rows: Vec<u32> = Vec::new();
        let says =
            |role| self.access.table.effect(role, capability, self.chain(scope)) == Some(Effect::Allow);
        for at in self.chain(scope) {
            rows.extend(self.access.grants.holders_at(at).iter());
            for (segment, held) in self.access.grants.of_segments_at(at) {
                if says(held.role) {
                    rows.extend(self.members((*segment, None)).iter());
                }
            }
        }
        if let Scope::Course(course) = scope {
            let enrolled = self.enrolments.courses().get(course.index());
            let active = |row: &u32| is_active(self.enrolments.records(UserId(*row), course));
            rows.extend(enrolled.iter().filter(active));
        }
        if says(AUTHENTICATED)
            && let Some(site) = self.site_of(scope)
        {
            let members = (0..self.users.count())
                .filter(|row| self.users.membership(UserId(*row), site) == Some(Status::Active));
            rows.extend(members);
        }
        if says(SELF) {
            match over {
                Over::User(user) => rows.push(user.0),
                Over::Nobody => {}
                // Whoever is there may do it over somebody: themselves.
                Over::Any | Over::All => rows.extend(0..self.users.count()),
            }
        }
        rows.sort_unstable();
        rows.dedup();
        rows.into_iter().collect()
    }
}

impl Actor {
    /// Many decisions, in order.
    pub fn may_many(&self, asked: &[(CapabilityId, Scope, Over)]) -> Vec<bool> {
        asked.iter().map(|(capability, scope, over)| self.may(*capability, *scope, *over)).collect()
    }

    /// Over whom a capability is asked when the question is only where: anybody, if it is about people.
    fn anywhere(&self, capability: CapabilityId) -> Over {
        match self.snapshot.0.nature(capability) {
            Some(nature) if nature.over => Over::Any,
            _ => Over::Nobody,
        }
    }

    /// The courses in which something may be done; over anybody at all, if it is about people.
    pub fn courses(&self, capability: CapabilityId) -> Vec<CourseId> {
        let (state, over) = (&self.snapshot.0, self.anywhere(capability));
        let Some(user) = self.user else { return Vec::new() };
        let may = |course: &CourseId| self.may(capability, Scope::Course(*course), over);
        let all = || (0..state.courses.len()).map(CourseId::at);
        // Whoever holds nothing but in courses is asked about those alone.
        let implied = [AUTHENTICATED, SELF].into_iter().any(|role| {
            state.access.table.base(role, capability).is_some()
                || state.access.table.overridden(role).next().is_some()
        });
        let outer = state.access.grants.of_user(user).iter().any(|held| held.scope.depth() < 3)
            || state
                .access
                .grants
                .of_segments()
                .any(|(segment, held)| held.scope.depth() < 3 && state.is_member((*segment, None), user));
        if implied || outer {
            return all().filter(may).collect();
        }
        let own = state.access.grants.of_user(user).iter().filter_map(|held| match held.scope {
            Scope::Course(course) => Some(course),
            _ => None,
        });
        let by_segment = state.access.grants.of_segments().filter_map(|(segment, held)| match held.scope {
            Scope::Course(course) if state.is_member((*segment, None), user) => Some(course),
            _ => None,
        });
        let enrolled = state.enrolments.of_user(user).map(|enrolment| enrolment.course);
        let mut courses: Vec<CourseId> = own.chain(by_segment).chain(enrolled).collect();
        courses.sort_unstable();
        courses.dedup();
        courses.retain(may);
        courses
    }

    /// The sites at which something may be done.
    pub fn sites(&self, capability: CapabilityId) -> Vec<SiteId> {
        let over = self.anywhere(capability);
        let sites = (0..self.snapshot.0.sites.len()).map(SiteId::at);
        sites.filter(|site| self.may(capability, Scope::Site(*site), over)).collect()
    }

    /// The names of the reports that may be seen at a scope, of anybody at all.
    pub fn reports(&self, scope: Scope) -> Vec<String> {
        let state = &self.snapshot.0;
        let named = state.capability_ids().filter_map(|id| {
            let name = state.capability(id)?.name;
            let report = name.strip_prefix("report.view.")?.to_owned();
            self.may(id, scope, Over::Any).then_some(report)
        });
        named.collect()
    }

    /// The attributes of somebody that may be read or written at a scope.
    pub fn fields(&self, user: UserId, scope: Scope, kind: CapabilityKind) -> Vec<&Attribute> {
        let attributes = self.snapshot.0.schema.live();
        let may = |id| self.may(CapabilityId::field(id, kind), scope, Over::User(user));
        attributes.filter(|attribute| may(attribute.id)).collect()
    }

    /// Every capability that makes sense at a scope, and what is decided about it.
    pub fn effective(&self, scope: Scope, over: Over) -> Vec<(CapabilityId, Decision)> {
        let state = &self.snapshot.0;
        let fits = |id: &CapabilityId| {
            state.nature(*id).is_some_and(|nature| {
                nature.innermost >= scope.depth() && nature.over == (over != Over::Nobody)
            })
        };
        state.capability_ids().filter(fits).map(|id| (id, self.decide(id, scope, over))).collect()
    }
}
