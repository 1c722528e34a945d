//! What was said about access made again what it was before a commit; and definitions by key of what is there. Not here:
//! what else is undone (`revert`).

use std::sync::Arc;

use matricula_rule::RoleId;

use crate::access::{
    Audience, AudienceKey, CategoryDefinition, Effects, Grant, GrantDefinition, Holder, HolderKey, Override,
    Role, RoleDefinition, Scope, ScopeKey,
};
use crate::draft::Draft;
use crate::revert::{Reversal, Undoing};
use crate::state::State;
use crate::{Change, Entry, Snapshot};

impl State {
    pub(crate) fn scope_key(&self, scope: Scope) -> ScopeKey {
        match scope {
            Scope::Registry => ScopeKey::Registry,
            Scope::Site(id) => ScopeKey::Site(
                self.sites.get_index(id.index()).map_or_else(String::new, |(key, _)| key.clone()),
            ),
            Scope::Category(id) => {
                ScopeKey::Category(self.access.category(id).map_or_else(String::new, |it| it.key.clone()))
            }
            Scope::Course(id) => {
                ScopeKey::Course(self.course(id).map_or_else(String::new, |course| course.key.clone()))
            }
        }
    }

    /// What has to be asked for so that there is such a grant.
    pub(crate) fn grant_definition(&self, grant: &Grant) -> GrantDefinition {
        let segment = |id| self.segment(id).map_or_else(String::new, |segment| segment.key.clone());
        let attribute = |id| self.schema.get(id).map_or_else(String::new, |attribute| attribute.key.clone());
        GrantDefinition {
            role: self.access.role(grant.role).map_or_else(String::new, |role| role.key.clone()),
            holder: match grant.holder {
                Holder::User(user) => HolderKey::User(self.users.key(user).map_or("", |key| key).to_owned()),
                Holder::Segment(id) => HolderKey::Segment(segment(id)),
            },
            scope: self.scope_key(grant.scope),
            audience: grant.audience.map(|audience| match audience {
                Audience::Segment(id) => AudienceKey::Segment(segment(id)),
                Audience::Reports(id) => AudienceKey::Reports(attribute(id)),
                Audience::Line(id) => AudienceKey::Line(attribute(id)),
                Audience::Same(id) => AudienceKey::Same(attribute(id)),
            }),
            from: grant.from,
            until: grant.until,
            note: grant.note.clone(),
        }
    }
}

impl Snapshot {
    /// A scope by its key.
    pub fn scope_key(&self, scope: Scope) -> ScopeKey {
        self.0.scope_key(scope)
    }

    /// A grant by keys: what would have to be asked for so that there is such a one.
    pub fn grant_definition(&self, grant: &Grant) -> GrantDefinition {
        self.0.grant_definition(grant)
    }
}

/// What has to be asked for so that a role is what it was.
fn definition_of(role: &Role) -> RoleDefinition {
    RoleDefinition {
        key: role.key.clone(),
        name: Some(role.name.clone()),
        description: role.description.clone(),
        site: None,
        like: Vec::new(),
        effects: listed(&role.effects),
        may_assign: role.may_assign.clone(),
        needs_audience: role.needs_audience,
    }
}

fn listed(effects: &Effects) -> Vec<(String, crate::Effect)> {
    effects.iter().map(|(pattern, effect)| (pattern.clone(), *effect)).collect()
}

impl Draft {
    /// Puts back what a commit said about access.
    pub(crate) fn revert_access(&mut self, reversal: &Reversal, entries: &[Entry], undoing: &mut Undoing) {
        let (before, after) = (&reversal.before.0, &reversal.after.0);
        for entry in entries.iter().rev() {
            let now = self.inputs();
            let now = Arc::clone(&now.0);
            match entry {
                Entry::Category(id, made) => {
                    let Some(was) = before.access.category(*id) else { continue };
                    let what = || format!("category `{}`", made.key);
                    if undoing.is_due(
                        &Some(was),
                        &after.access.category(*id),
                        &now.access.category(*id),
                        what,
                    ) {
                        let (key, name) = (was.key.clone(), Some(was.name.clone()));
                        let definition = CategoryDefinition { key, name, ..CategoryDefinition::default() };
                        self.undo(definition, undoing);
                    }
                }
                Entry::Capability(made) => {
                    let of = |state: &State| state.access.capabilities.get(&made.name).cloned();
                    let (was, what) = (of(before), || format!("capability `{}`", made.name));
                    if let Some(definition) = was.clone()
                        && undoing.is_due(&was, &of(after), &of(&now), what)
                    {
                        self.undo(definition, undoing);
                    }
                }
                Entry::Role(id, made) => self.revert_role(*id, made, (before, after, &now), undoing),
                Entry::Override { role, scope, .. } => {
                    let of = |state: &State| state.access.overrides.get(&(*role, *scope)).cloned();
                    let key = now.access.role(*role).map_or_else(String::new, |role| role.key.clone());
                    let what = || format!("what role `{key}` gives otherwise in a scope");
                    if undoing.is_due(&of(before), &of(after), &of(&now), what) {
                        let effects = of(before).as_ref().map(listed).unwrap_or_default();
                        let scope = now.scope_key(*scope);
                        self.undo(Override { role: key.clone(), scope, effects }, undoing);
                    }
                }
                Entry::Lock { scope, .. } => {
                    let of = |state: &State| state.access.locks.contains(scope);
                    if undoing.is_due(&of(before), &of(after), &of(&now), || "the lock of a scope".to_owned())
                    {
                        let (scope, locked) = (now.scope_key(*scope), of(before));
                        self.undo(Change::Lock { scope, locked }, undoing);
                    }
                }
                Entry::Grant(id, _) | Entry::Revoke { grant: id, .. } => {
                    let of = |state: &State| state.access.grants.get(*id);
                    let (was, made, is) = (of(before), of(after), of(&now));
                    let role = was.as_ref().or(made.as_ref()).map(|grant| grant.role);
                    let role = role.and_then(|role| now.access.role(role)).map_or("", |role| &role.key);
                    let what = || format!("grant number {} of role `{role}`", id.0);
                    if undoing.is_due(&was, &made, &is, what) {
                        match was {
                            None => self.undo(Change::Revoke(*id), undoing),
                            Some(grant) => self.undo(now.grant_definition(&grant), undoing),
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn revert_role(
        &mut self,
        id: RoleId,
        made: &Role,
        (before, after, now): (&State, &State, &State),
        undoing: &mut Undoing,
    ) {
        let Some(was) = before.access.role(id) else { return };
        let what = || format!("role `{}`", was.key);
        if now.access.role(id).is_some_and(|is| is.deleted && !was.deleted) {
            undoing.leave(format!("{} was deleted, for good", what()));
        } else if !made.deleted
            && undoing.is_due(&Some(was), &after.access.role(id), &now.access.role(id), what)
        {
            self.undo(definition_of(was), undoing);
        }
    }
}
