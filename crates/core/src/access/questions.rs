//! Questions that are many decisions at once: where, over which fields, who, and what has changed. Each answers what
//! deciding one by one would. Not here: why (`proof`).

use std::collections::BTreeSet;

use matricula_rule::{Attribute, CourseId, RoleId, SiteId, UserId};

use crate::access::builtin::{AUTHENTICATED, SELF};
use crate::access::holding::Who;
use crate::access::{Actor, Capability, CapabilityId, CapabilityKind, Decision, Effect, Over, Scope};
use crate::model::position;
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
        self.0.who_can(capability, scope, over, at)
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
    /// Everybody who may do something: whose roles give it plainly are gathered, about the others it is decided one by one.
    fn who_can(&self, capability: CapabilityId, scope: Scope, over: Over, at: Instant) -> RowSet {
        let may = |user: UserId| self.decide(Some(user.into()), capability, scope, over, at).is_ok();
        let (mut plainly, mut denied, mut perhaps) = (Vec::new(), Vec::new(), Vec::new());
        let effect = |role| self.access.table.effect(role, capability, self.chain(scope));
        let mut known: Vec<Option<Option<Effect>>> = vec![None; self.access.roles.len()];
        for at in self.chain(scope) {
            for held in self.access.grants.held_at(at) {
                let Some(known) = known.get_mut(held.role().index()) else { continue };
                match (*known.get_or_insert_with(|| effect(held.role())), held.is_plain()) {
                    (Some(Effect::Allow), true) => plainly.push(held.user.0),
                    (Some(Effect::Deny), true) => denied.push(held.user.0),
                    (Some(Effect::Allow | Effect::Deny), false) => perhaps.push(held.user.0),
                    (Some(Effect::Withhold) | None, _) => {}
                }
            }
            for (segment, held) in self.access.grants.of_segments_at(at) {
                if matches!(effect(held.role), Some(Effect::Allow | Effect::Deny)) {
                    perhaps.extend(self.members((*segment, None)).iter());
                }
            }
        }
        if let Scope::Course(course) = scope {
            let roles = self.rules.values().map(|rule| rule.role.as_str()).chain([crate::LEARNER]);
            let speaks = |key| {
                let role = position(&self.access.roles, key).and_then(|place| u32::try_from(place).ok());
                role.is_some_and(|role| matches!(effect(RoleId(role)), Some(Effect::Allow | Effect::Deny)))
            };
            if roles.collect::<BTreeSet<_>>().into_iter().any(speaks) {
                perhaps.extend(self.enrolments.courses().get(course.index()).iter());
            }
        }
        if effect(AUTHENTICATED) == Some(Effect::Allow)
            && let Some(site) = self.site_of(scope)
        {
            let member = |row: &u32| self.users.membership(UserId(*row), site) == Some(Status::Active);
            perhaps.extend((0..self.users.count()).filter(member));
        }
        if effect(SELF) == Some(Effect::Allow) {
            match over {
                Over::User(user) => perhaps.push(user.0),
                Over::Nobody => {}
                // Whoever is there may do it over somebody: themselves.
                Over::Any | Over::All => perhaps.extend(0..self.users.count()),
            }
        }
        let sorted = |rows: &mut Vec<u32>| {
            rows.sort_unstable();
            rows.dedup();
        };
        [&mut plainly, &mut denied, &mut perhaps].into_iter().for_each(sorted);
        let site = self.site_of(scope);
        let counts = |row: &u32| {
            let user = UserId(*row);
            denied.binary_search(row).is_err()
                && self.users.status(user) == Some(Status::Active)
                // What is held in a site or within it counts for its active members; further out it is decided.
                && site.is_none_or(|site| self.users.membership(user, site) == Some(Status::Active))
        };
        // What does not depend on who asks is the same for all.
        let asked = self.nature(capability).is_some_and(|nature| !nature.over) && over == Over::Nobody;
        if !asked {
            plainly.append(&mut perhaps);
            sorted(&mut plainly);
            return plainly.into_iter().filter(|row| may(UserId(*row))).collect();
        }
        let first = plainly.iter().copied().find(|row| counts(row) && perhaps.binary_search(row).is_err());
        let open = first.is_none_or(|row| may(UserId(row)));
        let elsewhere = plainly.iter().filter(|row| !counts(row) && may(UserId(**row))).copied();
        let mut found: Vec<u32> =
            elsewhere.chain(perhaps.iter().copied().filter(|row| may(UserId(*row)))).collect();
        if open {
            found.extend(plainly.iter().filter(|row| counts(row) && perhaps.binary_search(row).is_err()));
        }
        sorted(&mut found);
        found.into_iter().collect()
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

    fn every_course(&self) -> impl Iterator<Item = CourseId> + use<> {
        (0..self.snapshot.0.courses.len()).map(CourseId::at)
    }

    /// The courses in which something may be done; over anybody at all, if it is about people.
    pub fn courses(&self, capability: CapabilityId) -> Vec<CourseId> {
        let (state, over) = (&self.snapshot.0, self.anywhere(capability));
        let Some(Who { user, standing: Some(standing) }) = self.who() else { return Vec::new() };
        let may = |course: &CourseId| self.may(capability, Scope::Course(*course), over);
        let table = &state.access.table;
        // A role that says nothing of it here may say something within only where it is overridden.
        let speaks = |role| table.base(role, capability).is_some() || table.overridden(role).next().is_some();
        if speaks(AUTHENTICATED) || speaks(SELF) {
            return self.every_course().filter(may).collect();
        }
        let held = || standing.held().filter(|held| speaks(held.role)).map(|held| held.scope);
        let mut courses: Vec<CourseId> = held()
            .filter_map(|scope| match scope {
                Scope::Course(course) => Some(course),
                _ => None,
            })
            .collect();
        let outer: Vec<Scope> = held().filter(|scope| scope.depth() < 3).collect();
        if !outer.is_empty() {
            courses
                .extend(self.every_course().filter(|course| {
                    state.chain(Scope::Course(*course)).any(|scope| outer.contains(&scope))
                }));
        }
        courses.extend(state.enrolments.of_user(user).map(|enrolment| enrolment.course));
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
