//! Grants given and taken away, checked: who can hold which role where and over whom. Not here: whether an actor may give
//! it (`authority`), and how grants are kept (`grant`).

use matricula_rule::{AttributeId, Kind, RoleId, SegmentId, SiteId};

use crate::access::builtin::is_implied;
use crate::access::define::invalid;
use crate::access::{
    Audience, AudienceKey, Category, Grant, GrantDefinition, GrantId, Holder, HolderKey, Role, Scope,
};
use crate::draft::{Draft, find, not_possible};
use crate::error::shown;
use crate::model::live_keys;
use crate::{Entry, Error, ErrorKind, SegmentState, Snapshot};

impl Draft {
    pub(crate) fn holder_name(&self, holder: Holder) -> String {
        match holder {
            Holder::User(user) => format!("user `{}`", self.next.users.key(user).map_or("", |key| key)),
            Holder::Segment(id) => {
                format!("segment `{}`", self.next.segment(id).map_or("", |segment| &segment.key))
            }
        }
    }

    pub(crate) fn grant(&mut self, definition: GrantDefinition) -> Result<(), Error> {
        let grant = self.grant_of(definition)?;
        let id = match self.next.access.grants.same(&grant) {
            Some((_, held)) if held.note == grant.note => return Ok(()),
            Some((id, _)) => id,
            None => self.next.access.grants.next(),
        };
        if id.0 == u32::MAX {
            return Err(Error::new(ErrorKind::TooMany, "there is no room for more grants"));
        }
        self.access().grants.put(id, &grant);
        self.record(Entry::Grant(id, grant));
        Ok(())
    }

    /// A grant by ids, if there can be such a one.
    pub(crate) fn grant_of(&self, definition: GrantDefinition) -> Result<Grant, Error> {
        let GrantDefinition { role: key, holder, scope, audience, from, until, note } = definition;
        let role = self.find_role(&key)?;
        let within = |error: Error| error.within(format_args!("role `{key}`"));
        let scope = self.scope_of(&scope).map_err(within)?;
        let holder = match holder {
            HolderKey::User(user) => Holder::User(self.living(&user).map_err(within)?),
            HolderKey::Segment(segment) => {
                Holder::Segment(self.segment_for(&segment, scope).map_err(within)?)
            }
        };
        let audience =
            audience.map(|audience| self.audience_of(audience, scope)).transpose().map_err(within)?;
        if is_implied(role) {
            return Err(not_possible(format!("role `{key}` is one that people have anyway")));
        }
        self.check_role_at(role, scope).map_err(within)?;
        if audience.is_none() && self.next.access.role(role).is_some_and(|role| role.needs_audience) {
            return Err(invalid(format!("role `{key}` is about people, expected an audience")));
        }
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            return Err(within(invalid(format!(
                "it counts from {from} until {until}, expected a later end"
            ))));
        }
        Ok(Grant { role, holder, scope, audience, from, until, note })
    }

    /// A segment that can be a holder or an audience at a scope: of the registry or of the scope's site, and no draft.
    fn segment_for(&self, key: &str, scope: Scope) -> Result<SegmentId, Error> {
        let id = find(&self.next.segments, key, ErrorKind::UnknownSegment, "segment").map(SegmentId::at)?;
        let Some(segment) = self.next.segment(id) else { return Ok(id) };
        if segment.state == SegmentState::Draft {
            return Err(not_possible(format!("segment `{key}` is a draft, which nothing may refer to")));
        }
        self.check_owner("segment", key, segment.site, scope)?;
        Ok(id)
    }

    fn check_owner(&self, what: &str, key: &str, owner: Option<SiteId>, scope: Scope) -> Result<(), Error> {
        match owner {
            Some(owner) if self.next.site_of(scope) != Some(owner) => {
                let site = self.next.sites.get_index(owner.index()).map_or("", |(key, _)| key);
                Err(invalid(format!(
                    "{what} `{}` belongs to site `{site}`, expected a scope in that site",
                    shown(key)
                )))
            }
            _ => Ok(()),
        }
    }

    fn audience_of(&self, audience: AudienceKey, scope: Scope) -> Result<Audience, Error> {
        let attribute = |key: &str, fits: fn(&Kind) -> bool, expected: &str| -> Result<AttributeId, Error> {
            let attribute = self.next.schema.find(key).ok_or_else(|| {
                let keys = self.next.schema.live().map(|attribute| attribute.key.as_str());
                Error::unknown(ErrorKind::UnknownAttribute, "attribute", key, keys)
            })?;
            self.check_owner("attribute", key, attribute.site, scope)?;
            if fits(&attribute.kind) {
                return Ok(attribute.id);
            }
            let kind = attribute.kind.name();
            Err(invalid(format!("attribute `{key}` is of type {kind}, expected {expected}")))
        };
        let is_user = |kind: &Kind| matches!(kind, Kind::User);
        let is_single = |kind: &Kind| !matches!(kind, Kind::MultiChoice { .. });
        Ok(match audience {
            AudienceKey::Segment(key) => Audience::Segment(self.segment_for(&key, scope)?),
            AudienceKey::Reports(key) => Audience::Reports(attribute(&key, is_user, "a user")?),
            AudienceKey::Line(key) => Audience::Line(attribute(&key, is_user, "a user")?),
            AudienceKey::Same(key) => {
                Audience::Same(attribute(&key, is_single, "one that has a single value")?)
            }
        })
    }

    pub(crate) fn revoke(&mut self, id: GrantId) -> Result<(), Error> {
        let Some(holder) = self.next.access.grants.holder(id) else {
            let message = format!("there is no grant number {}", id.0);
            return Err(Error::new(ErrorKind::UnknownGrant, message));
        };
        self.access().grants.revoke(id, holder);
        self.record(Entry::Revoke { grant: id, holder });
        Ok(())
    }

    /// The grants that name a segment, for those who would delete it.
    pub(crate) fn grants_naming(&self, segment: SegmentId) -> Vec<String> {
        let naming = self.next.access.grants.iter().filter(|(_, grant)| {
            grant.holder == Holder::Segment(segment) || grant.audience == Some(Audience::Segment(segment))
        });
        let role = |role: RoleId| self.next.access.role(role).map_or("", |role| &role.key);
        let named = naming.take(20).map(|(_, grant)| {
            format!("the grant of role `{}` to {}", role(grant.role), self.holder_name(grant.holder))
        });
        named.collect()
    }

    /// The grants whose audience is by an attribute.
    pub(crate) fn grants_by(&self, attribute: AttributeId) -> Vec<String> {
        let by = |audience| match audience {
            Some(Audience::Reports(id) | Audience::Line(id) | Audience::Same(id)) => id == attribute,
            Some(Audience::Segment(_)) | None => false,
        };
        let grants = self.next.access.grants.iter().filter(|(_, grant)| by(grant.audience));
        let role = |role: RoleId| self.next.access.role(role).map_or("", |role| &role.key);
        let named = grants.take(20).map(|(_, grant)| {
            format!("the grant of role `{}` to {}", role(grant.role), self.holder_name(grant.holder))
        });
        named.collect()
    }
}

impl Snapshot {
    /// The categories, in order of definition.
    pub fn categories(&self) -> impl ExactSizeIterator<Item = &Category> {
        self.0.access.categories.values()
    }

    /// The roles, those that are built in first.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.0.access.roles.values().filter(|role| !role.deleted)
    }

    /// A role by id, also one that was deleted.
    pub fn role(&self, id: RoleId) -> Option<&Role> {
        self.0.access.role(id)
    }

    /// All grants, in order.
    pub fn grants(&self) -> impl Iterator<Item = (GrantId, Grant)> + '_ {
        self.0.access.grants.iter()
    }

    /// The keys of roles that are there.
    pub fn role_keys(&self) -> impl Iterator<Item = &str> {
        live_keys(&self.0.access.roles)
    }
}
