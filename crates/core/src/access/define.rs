//! Definitions about access and grants, checked and applied: categories, capabilities, roles, overrides, locks. Not here:
//! whether an actor may make them (`authority`).

use std::sync::Arc;

use matricula_rule::{RoleId, SiteId};
use serde::Serialize;

use crate::access::builtin::{ADMINISTRATORS, ROLES, is_implied};
use crate::access::capability::{check_name, depth_of};
use crate::access::{
    CapabilityDefinition, Category, CategoryDefinition, CategoryId, Effect, Effects, Role, Scope,
};
use crate::draft::{Draft, find, not_possible};
use crate::model::{check_key, put};
use crate::{CourseId, Entry, Error, ErrorKind, Instant};

/// The most roles that there can be, ever.
pub const MAX_ROLES: usize = 65_536;

/// The most categories that lie within each other.
pub const MAX_CATEGORY_DEPTH: usize = 1_000;

/// A scope by its key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum ScopeKey {
    /// The registry.
    #[default]
    Registry,
    /// A site.
    Site(String),
    /// A category.
    Category(String),
    /// A course.
    Course(String),
}

/// Who is to hold a role, by key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum HolderKey {
    /// One person.
    User(String),
    /// Whoever is in a segment.
    Segment(String),
}

/// Over whom a grant is to count, by key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum AudienceKey {
    /// Those in a segment.
    Segment(String),
    /// Those who name the holder in this attribute.
    Reports(String),
    /// Those, and those who name them, and so on.
    Line(String),
    /// Those who have the same value of this attribute as the holder.
    Same(String),
}

/// A role to be. A later definition says everything again but its site, which stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RoleDefinition {
    /// The key.
    pub key: String,
    /// The name for people; the key if left out.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The key of the site whose administrators define it; the whole registry if left out.
    pub site: Option<String>,
    /// The keys of roles whose effects it begins with; what it says itself counts before them.
    pub like: Vec<String>,
    /// What it gives, withholds and denies, by capability or pattern.
    pub effects: Vec<(String, Effect)>,
    /// The keys of the roles that its holders may give to others; `*` for all.
    pub may_assign: Vec<String>,
    /// Whether it is about people, so that it is never held without an audience.
    pub needs_audience: bool,
}

impl RoleDefinition {
    /// A role that gives nothing yet.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), ..Self::default() }
    }

    /// Begins with what another role says.
    #[must_use]
    pub fn like(mut self, role: impl Into<String>) -> Self {
        self.like.push(role.into());
        self
    }

    /// Gives a capability, or those of a pattern.
    #[must_use]
    pub fn allow(self, pattern: impl Into<String>) -> Self {
        self.with(pattern, Effect::Allow)
    }

    /// Does not give a capability, which another role may.
    #[must_use]
    pub fn withhold(self, pattern: impl Into<String>) -> Self {
        self.with(pattern, Effect::Withhold)
    }

    /// Denies a capability to whoever holds this role, whatever other roles say.
    #[must_use]
    pub fn deny(self, pattern: impl Into<String>) -> Self {
        self.with(pattern, Effect::Deny)
    }

    fn with(mut self, pattern: impl Into<String>, effect: Effect) -> Self {
        self.effects.push((pattern.into(), effect));
        self
    }
}

/// What a role gives otherwise in a scope and in everything within. It replaces what was said there before; nothing takes
/// it away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Override {
    /// The role's key.
    pub role: String,
    /// Where.
    pub scope: ScopeKey,
    /// What it gives, withholds and denies there.
    pub effects: Vec<(String, Effect)>,
}

/// A grant to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrantDefinition {
    /// The role's key.
    pub role: String,
    /// Who holds it.
    pub holder: HolderKey,
    /// Where, and in everything within.
    pub scope: ScopeKey,
    /// Over whom; everybody if left out.
    pub audience: Option<AudienceKey>,
    /// The first instant at which it counts.
    pub from: Option<Instant>,
    /// The first instant at which it no longer counts.
    pub until: Option<Instant>,
    /// Why; may be empty.
    pub note: String,
}

impl GrantDefinition {
    /// A role for a person, from now on and over everybody.
    pub fn new(role: impl Into<String>, user: impl Into<String>, scope: ScopeKey) -> Self {
        Self::to(role, HolderKey::User(user.into()), scope)
    }

    /// A role for a person or a segment.
    pub fn to(role: impl Into<String>, holder: HolderKey, scope: ScopeKey) -> Self {
        let (audience, from, until) = (None, None, None);
        Self { role: role.into(), holder, scope, audience, from, until, note: String::new() }
    }

    /// The same over some people only.
    #[must_use]
    pub fn over(mut self, audience: AudienceKey) -> Self {
        self.audience = Some(audience);
        self
    }

    /// The same for a time only: from an instant on, until before another.
    #[must_use]
    pub fn during(mut self, from: Option<Instant>, until: Option<Instant>) -> Self {
        (self.from, self.until) = (from, until);
        self
    }
}

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidDefinition, message)
}

impl Draft {
    pub(crate) fn access(&mut self) -> &mut crate::access::Access {
        &mut self.next.access
    }

    /// Makes sure that names of fields are those of the attributes as they now are.
    fn settle_access(&mut self) {
        if self.access_stale {
            self.next.compile_access();
            self.access_stale = false;
        }
    }

    pub(crate) fn scope_of(&self, key: &ScopeKey) -> Result<Scope, Error> {
        Ok(match key {
            ScopeKey::Registry => Scope::Registry,
            ScopeKey::Site(key) => Scope::Site(self.find_site(key)?),
            ScopeKey::Category(key) => Scope::Category(self.find_category(key)?),
            ScopeKey::Course(key) => {
                let course = find(&self.next.courses, key, ErrorKind::UnknownCourse, "course")?;
                Scope::Course(CourseId::at(course))
            }
        })
    }

    pub(crate) fn find_category(&self, key: &str) -> Result<CategoryId, Error> {
        find(&self.next.access.categories, key, ErrorKind::UnknownCategory, "category").map(CategoryId::at)
    }

    pub(crate) fn find_role(&self, key: &str) -> Result<RoleId, Error> {
        find(&self.next.access.roles, key, ErrorKind::UnknownRole, "role")
            .map(|place| RoleId(u32::try_from(place).unwrap_or(u32::MAX)))
    }

    pub(crate) fn define_category(&mut self, definition: CategoryDefinition) -> Result<(), Error> {
        let key = check_key("category", &definition.key)?.into_owned();
        let within = |error: Error| error.within(format_args!("category `{key}`"));
        let site = definition.site.as_deref().map(|site| self.find_site(site)).transpose().map_err(within)?;
        let parent =
            definition.parent.as_deref().map(|key| self.find_category(key)).transpose().map_err(within)?;
        let old = self.next.access.categories.get_full(&key).map(|(id, _, old)| (id, old.clone()));
        let name = definition.name.or_else(|| old.as_ref().map(|(_, old)| old.name.clone()));
        let (place, category) = match old.clone() {
            Some((place, old)) => {
                if site.is_some_and(|site| site != old.site)
                    || definition.parent.is_some() && parent != old.parent
                {
                    return Err(not_possible(format!("category `{key}` lies elsewhere and cannot move")));
                }
                (place, old)
            }
            None => {
                let above = parent.and_then(|parent| self.next.access.category(parent)).map(|it| it.site);
                let site = site.or(above).unwrap_or(SiteId(0));
                if above.is_some_and(|above| above != site) {
                    return Err(within(invalid("it lies in a category of another site")));
                }
                let depth = parent.map_or(0, |parent| self.next.chain(Scope::Category(parent)).count());
                if depth > MAX_CATEGORY_DEPTH {
                    let message =
                        format!("category `{key}` lies within more than {MAX_CATEGORY_DEPTH} others");
                    return Err(Error::new(ErrorKind::TooMany, message));
                }
                let place = self.next.access.categories.len();
                (place, Category { key: key.clone(), name: key.clone(), site, parent })
            }
        };
        let name = name.unwrap_or_else(|| category.name.clone());
        let category = Category { name, ..category };
        if old.is_some_and(|(_, old)| old == category) {
            return Ok(());
        }
        Arc::make_mut(&mut self.access().categories).insert(key, category.clone());
        self.record(Entry::Category(CategoryId::at(place), category));
        Ok(())
    }

    pub(crate) fn define_capability(&mut self, definition: CapabilityDefinition) -> Result<(), Error> {
        check_name(&definition.name)?;
        depth_of(&definition.innermost)?;
        self.settle_access();
        let own = self.next.access.capabilities.get(&definition.name);
        if own.is_none() && self.next.find_capability(&definition.name).is_some() {
            return Err(invalid(format!("capability `{}` is built in", definition.name)));
        }
        if own == Some(&definition) {
            return Ok(());
        }
        let name = definition.name.clone();
        Arc::make_mut(&mut self.access().capabilities).insert(name, definition.clone());
        self.next.compile_access();
        self.record(Entry::Capability(definition));
        Ok(())
    }

    pub(crate) fn define_role(&mut self, definition: RoleDefinition) -> Result<(), Error> {
        let key = check_key("role", &definition.key)?.into_owned();
        let within = |error: Error| error.within(format_args!("role `{key}`"));
        self.settle_access();
        let site = definition.site.as_deref().map(|site| self.find_site(site)).transpose().map_err(within)?;
        let old = self.next.access.roles.get_full(&key).map(|(place, _, old)| (place, old.clone()));
        let place = old.as_ref().map_or(self.next.access.roles.len(), |(place, _)| *place);
        let id = RoleId(u32::try_from(place).unwrap_or(u32::MAX));
        if place >= MAX_ROLES {
            return Err(Error::new(ErrorKind::TooMany, format!("more than {MAX_ROLES} roles")));
        }
        if id == ADMINISTRATORS {
            return Err(not_possible(format!("role `{key}` is built in and stays as it is")));
        }
        if let Some((_, old)) = &old
            && site.is_some_and(|site| Some(site) != old.site)
        {
            return Err(not_possible(format!("role `{key}` belongs to another site and cannot move")));
        }
        let mut effects = Effects::new();
        for like in &definition.like {
            let like = self.find_role(like).map_err(within)?;
            for (pattern, effect) in
                self.next.access.role(like).map(|role| &role.effects).into_iter().flatten()
            {
                let said = effects.entry(pattern.clone()).or_insert(*effect);
                *said = stronger(*said, *effect);
            }
        }
        let said = self.effects_of(&definition.effects, is_implied(id)).map_err(within)?;
        effects.extend(said);
        for assigned in definition.may_assign.iter().filter(|key| *key != "*") {
            self.find_role(assigned).map_err(within)?;
        }
        let role = Role {
            name: definition
                .name
                .or_else(|| old.as_ref().map(|(_, old)| old.name.clone()))
                .unwrap_or_else(|| key.clone()),
            key: key.clone(),
            description: definition.description,
            site: old.as_ref().map_or(site, |(_, old)| old.site),
            effects,
            may_assign: definition.may_assign,
            needs_audience: definition.needs_audience,
            deleted: false,
        };
        if old.as_ref().is_some_and(|(_, old)| *old == role) {
            return Ok(());
        }
        if role.needs_audience
            && let Some((_, held)) =
                self.next.access.grants.iter().find(|(_, held)| held.role == id && held.audience.is_none())
        {
            let holder = self.holder_name(held.holder);
            return Err(not_possible(format!("{holder} holds role `{key}` without an audience")));
        }
        Arc::make_mut(&mut self.access().roles).insert(key, role.clone());
        self.next.compile_role(id);
        self.record(Entry::Role(id, role));
        Ok(())
    }

    /// Effects as they are kept: every pattern once, and none that nothing fits.
    fn effects_of(&self, effects: &[(String, Effect)], implied: bool) -> Result<Effects, Error> {
        let mut kept = Effects::new();
        for (pattern, effect) in effects {
            self.next.check_pattern(pattern)?;
            if implied && *effect == Effect::Deny {
                // Everybody would be locked out, and nobody could undo it.
                return Err(invalid(format!(
                    "it denies `{pattern}`, which a role that people have anyway cannot"
                )));
            }
            let said = kept.entry(pattern.clone()).or_insert(*effect);
            *said = stronger(*said, *effect);
        }
        Ok(kept)
    }

    pub(crate) fn override_role(&mut self, definition: &Override) -> Result<(), Error> {
        self.settle_access();
        let role = self.find_role(&definition.role)?;
        let within = |error: Error| error.within(format_args!("role `{}`", definition.role));
        let scope = self.scope_of(&definition.scope).map_err(within)?;
        if role == ADMINISTRATORS && scope == Scope::Registry {
            return Err(not_possible(format!(
                "role `{}` cannot be overridden in the registry",
                definition.role
            )));
        }
        self.check_role_at(role, scope).map_err(within)?;
        let effects = self.effects_of(&definition.effects, is_implied(role)).map_err(within)?;
        let was = self.next.access.overrides.get(&(role, scope));
        if was.map_or(effects.is_empty(), |was| *was == effects) {
            return Ok(());
        }
        let overrides = Arc::make_mut(&mut self.access().overrides);
        if effects.is_empty() {
            overrides.remove(&(role, scope));
        } else {
            overrides.insert((role, scope), effects.clone());
        }
        self.next.compile_role(role);
        self.record(Entry::Override { role, scope, effects });
        Ok(())
    }

    /// Refuses a site's role outside that site.
    pub(crate) fn check_role_at(&self, role: RoleId, scope: Scope) -> Result<(), Error> {
        let owner = self.next.access.role(role).and_then(|role| role.site);
        match owner {
            Some(owner) if self.next.site_of(scope) != Some(owner) => {
                let site = self.next.sites.get_index(owner.index()).map_or("", |(key, _)| key);
                Err(invalid(format!("it belongs to site `{site}`, expected a scope in that site")))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn lock(&mut self, scope: &ScopeKey, locked: bool) -> Result<(), Error> {
        let scope = self.scope_of(scope)?;
        if self.next.access.locks.contains(&scope) == locked {
            return Ok(());
        }
        let locks = Arc::make_mut(&mut self.access().locks);
        if locked {
            locks.insert(scope);
        } else {
            locks.remove(&scope);
        }
        self.record(Entry::Lock { scope, locked });
        Ok(())
    }

    pub(crate) fn delete_role(&mut self, key: &str) -> Result<(), Error> {
        let id = self.find_role(key)?;
        if id.index() < ROLES {
            return Err(not_possible(format!("role `{key}` is built in")));
        }
        let mut dependants: Vec<String> = Vec::new();
        let grants = self.next.access.grants.iter().filter(|(_, grant)| grant.role == id);
        dependants
            .extend(grants.map(|(_, grant)| format!("the grant to {}", self.holder_name(grant.holder))));
        // One that was deleted still holds those whom it keeps, as this role by its key.
        let rules = self.next.rules.values().filter(|rule| rule.role == key);
        dependants.extend(rules.map(|rule| format!("enrolment rule `{}`", rule.key)));
        let roles = self.next.access.roles.values().filter(|role| !role.deleted);
        let giving = roles.filter(|role| role.key != key && role.may_assign.iter().any(|it| it == key));
        dependants.extend(giving.map(|role| format!("role `{}`, whose holders may give it", role.key)));
        if !dependants.is_empty() {
            let more = dependants.len().saturating_sub(20);
            dependants.truncate(20);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            return Err(not_possible(format!(
                "role `{key}` cannot be deleted, since others refer to it: {}{more}",
                dependants.join(", ")
            )));
        }
        let Some(old) = self.next.access.role(id).cloned() else { return Ok(()) };
        let overridden: Vec<Scope> = self.next.access.table.overridden(id).collect();
        for scope in overridden {
            Arc::make_mut(&mut self.access().overrides).remove(&(id, scope));
            self.record(Entry::Override { role: id, scope, effects: Effects::new() });
        }
        let role = Role { effects: Effects::new(), may_assign: Vec::new(), deleted: true, ..old };
        put(Arc::make_mut(&mut self.access().roles), id.index(), &role.key, true, role.clone());
        self.next.compile_role(id);
        self.record(Entry::Role(id, role));
        Ok(())
    }
}

/// Of two effects for one pattern the one that gives less; a deny least of all.
fn stronger(one: Effect, other: Effect) -> Effect {
    match (one, other) {
        (Effect::Deny, _) | (_, Effect::Deny) => Effect::Deny,
        (Effect::Allow, _) | (_, Effect::Allow) => Effect::Allow,
        _ => Effect::Withhold,
    }
}
