//! Everything about access as entries of a commit that would make it, and back: what stores, images and inventories keep.

use matricula_rule::{RoleId, SegmentId};

use crate::access::builtin::ROLES;
use crate::access::{Access, CategoryId, Holder};
use crate::replay::apply_definition;
use crate::state::State;
use crate::{Entry, Error, ErrorKind, Snapshot};

impl Access {
    /// The entries, in an order in which each names what came before.
    fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let categories = self.categories.values().zip((0..).map(CategoryId));
        let categories = categories.map(|(category, id)| Entry::Category(id, category.clone()));
        let capabilities = self.capabilities.values().map(|own| Entry::Capability(own.clone()));
        let initial = Self::default();
        let roles = self.roles.values().zip((0..).map(RoleId)).filter(move |(role, id)| {
            id.index() >= ROLES || initial.role(*id).is_none_or(|initial| initial != *role)
        });
        let roles = roles.map(|(role, id)| Entry::Role(id, role.clone()));
        let overrides = self.overrides.iter().map(|((role, scope), effects)| Entry::Override {
            role: *role,
            scope: *scope,
            effects: effects.clone(),
        });
        let locks = self.locks.iter().map(|scope| Entry::Lock { scope: *scope, locked: true });
        let grants = self.grants.iter().map(|(id, grant)| Entry::Grant(id, grant));
        // That the last number was given is kept, and not to whom.
        let nobody = Holder::Segment(SegmentId(0));
        let last = self.grants.last_gone().map(|(grant, _)| Entry::Revoke { grant, holder: nobody });
        categories.chain(capabilities).chain(roles).chain(overrides).chain(locks).chain(grants).chain(last)
    }
}

impl Snapshot {
    /// Everything about access but what courses say of it, as the entries that would make it: categories, capabilities,
    /// roles, overrides, locks, grants.
    pub fn access_entries(&self) -> impl Iterator<Item = Entry> + '_ {
        self.0.access.entries()
    }
}

impl State {
    /// Takes one of the entries back; what it says is worked out when all are there.
    pub(crate) fn take_access(&mut self, entry: &Entry) -> Result<(), Error> {
        let people = self.users.count();
        let has_role = |role: RoleId| role.index() < self.access.roles.len();
        let fits = match entry {
            Entry::Category(id, category) => {
                id.index() <= self.access.categories.len()
                    && category.site.index() < self.sites.len()
                    && category
                        .parent
                        .is_none_or(|parent| parent < *id && self.access.category(parent).is_some())
            }
            Entry::Role(id, role) => {
                id.index() <= self.access.roles.len()
                    && role.site.is_none_or(|site| site.index() < self.sites.len())
            }
            Entry::Capability(_) => true,
            Entry::Override { role, scope, .. } => has_role(*role) && self.has_scope(*scope),
            Entry::Lock { scope, .. } => self.has_scope(*scope),
            Entry::Grant(_, grant) => has_role(grant.role) && self.names_what_is_there(grant, people),
            Entry::Revoke { .. } => true,
            _ => false,
        };
        if !fits {
            let message = "something about access names what is not there";
            return Err(Error::new(ErrorKind::InvalidStore, message));
        }
        apply_definition(self, entry);
        Ok(())
    }
}
