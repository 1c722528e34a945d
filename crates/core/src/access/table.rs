//! Everything that administrators define about access, and what the roles come to for each capability: worked out once
//! when a definition changes, so that a decision looks up and does not match. Not here: the decision (`decide`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use matricula_rule::RoleId;

use crate::access::builtin::{self, BUILT_IN, BuiltIn};
use crate::access::capability::{CapabilityKind, Nature, depth_of, fit};
use crate::access::{
    CapabilityDefinition, CapabilityId, Category, CategoryId, Effect, Effects, Flag, Grants, Role, Scope,
};
use crate::model::Catalog;
use crate::state::State;

/// All definitions about access, and all grants.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) categories: Arc<Catalog<Category>>,
    /// The host's own, after those that are built in.
    pub(crate) capabilities: Arc<IndexMap<String, CapabilityDefinition>>,
    /// Those that are built in first.
    pub(crate) roles: Arc<Catalog<Role>>,
    /// What roles give otherwise in a scope; never empty effects.
    pub(crate) overrides: Arc<BTreeMap<(RoleId, Scope), Effects>>,
    pub(crate) locks: Arc<BTreeSet<Scope>>,
    pub(crate) grants: Grants,
    pub(crate) table: Arc<Table>,
}

impl Default for Access {
    /// That of an empty registry; its definitions are made once, since hosts hold registries by the thousand.
    fn default() -> Self {
        static INITIAL: OnceLock<Access> = OnceLock::new();
        let initial = INITIAL.get_or_init(|| Self {
            categories: Arc::default(),
            capabilities: Arc::default(),
            roles: Arc::new(builtin::roles().map(|role| (role.key.clone(), role)).collect()),
            overrides: Arc::default(),
            locks: Arc::default(),
            grants: Grants::default(),
            table: Arc::new(Table::initial()),
        });
        initial.clone()
    }
}

impl Access {
    pub(crate) fn category(&self, id: CategoryId) -> Option<&Category> {
        self.categories.get_index(id.index()).map(|(_, category)| category)
    }

    pub(crate) fn role(&self, id: RoleId) -> Option<&Role> {
        self.roles.get_index(id.index()).map(|(_, role)| role)
    }

    /// Whether everything that can be read is the same.
    pub(crate) fn says_what(&self, other: &Self) -> bool {
        self.categories == other.categories
            && self.capabilities == other.capabilities
            && self.roles == other.roles
            && self.overrides == other.overrides
            && self.locks == other.locks
            && self.grants == other.grants
    }
}

/// What the definitions come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) names: HashMap<String, u32>,
    pub(crate) natures: Vec<Nature>,
    roles: Vec<Compiled>,
}

/// What one role comes to.
#[derive(Clone, Debug, Default)]
struct Compiled {
    base: Sheet,
    /// By scope.
    overrides: Vec<(Scope, Sheet)>,
}

/// Effects by capability.
#[derive(Clone, Debug, Default)]
struct Sheet {
    plain: Box<[Option<Effect>]>,
    fields: Box<[Option<Effect>]>,
}

impl Sheet {
    fn get(&self, id: CapabilityId) -> Option<Effect> {
        match id.place() {
            Err(place) => self.plain.get(place).copied().flatten(),
            Ok(place) => self.fields.get(place).copied().flatten(),
        }
    }
}

impl Table {
    /// That of an empty registry.
    fn initial() -> Self {
        let mut table = Self::names_of(&IndexMap::new());
        for role in builtin::roles() {
            let effect = |built_in: &BuiltIn| {
                let escalates = built_in.flags.contains(&Flag::Escalates);
                closest(&role.effects, |pattern| fit(pattern, built_in.name, escalates))
            };
            let base = Sheet { plain: BUILT_IN.iter().map(effect).collect(), fields: Box::default() };
            table.roles.push(Compiled { base, overrides: Vec::new() });
        }
        table
    }

    /// With names and natures, and without roles.
    fn names_of(own: &IndexMap<String, CapabilityDefinition>) -> Self {
        let built_in = BUILT_IN.iter().map(|it| {
            let nature = Nature {
                kind: it.kind,
                innermost: depth_of(it.innermost).unwrap_or(0),
                over: it.over,
                escalates: it.flags.contains(&Flag::Escalates),
            };
            (it.name, nature)
        });
        let own = own.values().map(|it| {
            let nature = Nature {
                kind: it.kind,
                innermost: depth_of(&it.innermost).unwrap_or(0),
                over: it.over,
                escalates: it.flags.contains(&Flag::Escalates),
            };
            (it.name.as_str(), nature)
        });
        let mut table = Self::default();
        for ((name, nature), place) in built_in.chain(own).zip(0..) {
            table.names.insert(name.to_owned(), place);
            table.natures.push(nature);
        }
        table
    }

    /// What a role says of a capability in a scope, given the scope and all that it lies within, from within to without: a
    /// deny anywhere on the way, or else what is said nearest.
    pub(crate) fn effect(
        &self,
        role: RoleId,
        capability: CapabilityId,
        chain: impl Iterator<Item = Scope>,
    ) -> Option<Effect> {
        let compiled = self.roles.get(role.index())?;
        let base = compiled.base.get(capability);
        if compiled.overrides.is_empty() || base == Some(Effect::Deny) {
            return base;
        }
        let mut nearest = None;
        for scope in chain {
            match compiled.sheet(scope).and_then(|sheet| sheet.get(capability)) {
                Some(Effect::Deny) => return Some(Effect::Deny),
                said => nearest = nearest.or(said),
            }
        }
        nearest.or(base)
    }

    /// What the role's own definition says.
    pub(crate) fn base(&self, role: RoleId, capability: CapabilityId) -> Option<Effect> {
        self.roles.get(role.index())?.base.get(capability)
    }

    /// What an override in a scope says.
    pub(crate) fn override_at(&self, role: RoleId, capability: CapabilityId, scope: Scope) -> Option<Effect> {
        self.roles.get(role.index())?.sheet(scope)?.get(capability)
    }

    /// The scopes in which a role is overridden.
    pub(crate) fn overridden(&self, role: RoleId) -> impl Iterator<Item = Scope> + '_ {
        self.roles
            .get(role.index())
            .into_iter()
            .flat_map(|role| role.overrides.iter().map(|(scope, _)| *scope))
    }
}

impl Compiled {
    fn sheet(&self, scope: Scope) -> Option<&Sheet> {
        let place = self.overrides.binary_search_by_key(&scope, |(scope, _)| *scope).ok()?;
        self.overrides.get(place).map(|(_, sheet)| sheet)
    }
}

/// The effect of the pattern that fits closest; a deny whenever one fits.
pub(crate) fn closest(effects: &Effects, fit: impl Fn(&str) -> Option<usize>) -> Option<Effect> {
    let mut best: Option<(usize, Effect)> = None;
    for (pattern, effect) in effects {
        let Some(fit) = fit(pattern) else { continue };
        if *effect == Effect::Deny {
            return Some(Effect::Deny);
        }
        // Two that fit equally are the same pattern; the first stands.
        if best.is_none_or(|(closest, _)| fit > closest) {
            best = Some((fit, *effect));
        }
    }
    best.map(|(_, effect)| effect)
}

impl State {
    /// Works out what the definitions about access come to.
    pub(crate) fn compile_access(&mut self) {
        // Names are looked up while roles are worked out.
        self.access.table = Arc::new(Table::names_of(&self.access.capabilities));
        let named = self.named();
        let roles = (0..self.access.roles.len()).map(|place| self.compiled(place, &named)).collect();
        Arc::make_mut(&mut self.access.table).roles = roles;
    }

    /// Works out again what one role comes to, of which something was said.
    pub(crate) fn compile_role(&mut self, id: RoleId) {
        let compiled = self.compiled(id.index(), &self.named());
        let roles = &mut Arc::make_mut(&mut self.access.table).roles;
        match roles.get_mut(id.index()) {
            Some(place) => *place = compiled,
            None => roles.push(compiled),
        }
    }

    fn named(&self) -> Vec<(CapabilityId, String, bool)> {
        self.capability_ids()
            .filter_map(|id| Some((id, self.capability(id)?.name, self.nature(id)?.escalates)))
            .collect()
    }

    fn compiled(&self, place: usize, named: &[(CapabilityId, String, bool)]) -> Compiled {
        let id = RoleId(u32::try_from(place).unwrap_or(u32::MAX));
        let after = RoleId(id.0.saturating_add(1));
        let overrides = self.access.overrides.range((id, Scope::Registry)..(after, Scope::Registry));
        let base = match self.access.role(id).filter(|role| !role.deleted) {
            None => Sheet::default(),
            Some(role) => self.sheet(&role.effects, named, builtin::is_self(id)),
        };
        let overrides = overrides.map(|((_, scope), effects)| (*scope, self.sheet(effects, named, false)));
        Compiled { base, overrides: overrides.collect() }
    }

    fn sheet(&self, effects: &Effects, ids: &[(CapabilityId, String, bool)], own: bool) -> Sheet {
        let fields = self.schema.attributes().len() * 2;
        let mut sheet =
            Sheet { plain: vec![None; self.plain_capabilities()].into(), fields: vec![None; fields].into() };
        for (id, name, escalates) in ids {
            let said = closest(effects, |pattern| self.fit(pattern, *id, name, *escalates));
            let place = match id.place() {
                Err(place) => sheet.plain.get_mut(place),
                Ok(place) => sheet.fields.get_mut(place),
            };
            // People write of themselves what the attribute says that they may.
            let writable = own
                && id.place().is_ok_and(|place| {
                    let attribute = self.schema.attributes().get(place / 2);
                    *id == attribute.map_or(*id, |it| CapabilityId::field(it.id, CapabilityKind::Write))
                        && attribute.is_some_and(|attribute| attribute.self_writable)
                });
            if let Some(place) = place {
                *place = said.or(writable.then_some(Effect::Allow));
            }
        }
        sheet
    }
}
