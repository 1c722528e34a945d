//! Who may do what: places, effects, holders and audiences as they are given, and categories, capabilities, roles and grants
//! as a snapshot shows them. Not here: what one person may do (`actor`).

use matricula::{
    AudienceKey, CapabilityDefinition, Effect, GrantDefinition, HolderKey, RoleDefinition, ScopeKey, Where,
    category, course, registry, site,
};
use napi::Result;
use napi_derive::napi;

use crate::convert::{instant, millis, place};
use crate::error::{Answer, Code, thrown};
use crate::snapshot::Snapshot;

/// The place of a code and a key, and over whom is asked there. What is empty costs a call next to nothing, so that both
/// come as one number: four times the depth of the place, and 0 for nobody, 1 for one person, 2 for anybody and 3 for
/// everybody.
pub(crate) fn at<'a>(code: u32, key: &'a str, over: &'a str) -> Where<'a> {
    let place = match code / 4 {
        0 => registry(),
        1 => site(key),
        2 => category(key),
        _ => course(key),
    };
    match code % 4 {
        0 => place,
        1 => place.over(over),
        2 => place.over_any(),
        _ => place.over_all(),
    }
}

/// A place by the keys of site, category and course.
pub(crate) fn parts(scope: ScopeKey) -> (Option<String>, Option<String>, Option<String>) {
    match scope {
        ScopeKey::Registry => (None, None, None),
        ScopeKey::Site(key) => (Some(key), None, None),
        ScopeKey::Category(key) => (None, Some(key), None),
        ScopeKey::Course(key) => (None, None, Some(key)),
    }
}

/// A capability to be.
#[napi(object, object_to_js = false)]
pub struct CapabilityArguments {
    /// The name.
    pub name: String,
    /// Whether something is changed.
    pub kind: String,
    /// The innermost kind of place.
    pub innermost: String,
    /// Whether it is about a person.
    pub over: bool,
    /// What whoever gives it away should know.
    pub flags: Vec<String>,
    /// What it lets people do.
    pub sentence: String,
}

impl CapabilityArguments {
    pub(crate) fn into_definition(self) -> Answer<CapabilityDefinition> {
        let Self { name, kind, innermost, over, flags, sentence } = self;
        let here = |error: matricula::Error| error.within(place("capability", &name));
        let flags = flags.iter().map(|flag| flag.parse()).collect::<Answer<_>>().map_err(here)?;
        let kind = kind.parse().map_err(here)?;
        Ok(CapabilityDefinition { name, kind, innermost, over, flags, sentence })
    }
}

/// What a role says: patterns.
#[napi(object, object_to_js = false)]
pub struct EffectArguments {
    /// What it gives.
    pub allow: Vec<String>,
    /// What it does not give.
    pub withhold: Vec<String>,
    /// What it denies.
    pub deny: Vec<String>,
}

impl EffectArguments {
    pub(crate) fn into_effects(self) -> Vec<(String, Effect)> {
        let sides =
            [(Effect::Allow, self.allow), (Effect::Withhold, self.withhold), (Effect::Deny, self.deny)];
        let each =
            sides.into_iter().flat_map(|(effect, of)| of.into_iter().map(move |pattern| (pattern, effect)));
        each.collect()
    }
}

/// A role to be.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct RoleArguments {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The key of its site.
    pub site: Option<String>,
    /// The keys of roles that it begins with.
    pub like: Vec<String>,
    /// What it says.
    pub effects: EffectArguments,
    /// The keys of roles that its holders may give.
    pub may_assign: Vec<String>,
    /// Whether it is never held over everybody.
    pub needs_audience: bool,
}

impl RoleArguments {
    pub(crate) fn into_definition(self) -> RoleDefinition {
        let Self { key, name, description, site, like, effects, may_assign, needs_audience } = self;
        let effects = effects.into_effects();
        RoleDefinition { key, name, description, site, like, effects, may_assign, needs_audience }
    }
}

/// A grant to be.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct GrantArguments {
    /// The key of the role.
    pub role: String,
    /// The key of the person who is to hold it; if `null`, a segment is.
    pub user: Option<String>,
    /// The key of the segment.
    pub segment: Option<String>,
    /// Where, as a code.
    pub place: u32,
    /// The key of the place.
    pub place_key: String,
    /// Over whom: `segment`, `reports`, `line` or `same`.
    #[napi(ts_type = "'segment' | 'reports' | 'line' | 'same' | null")]
    pub audience: Option<String>,
    /// The key that belongs to it.
    pub audience_key: String,
    /// From when on, in milliseconds.
    pub from: Option<f64>,
    /// From when on no longer, in milliseconds.
    pub until: Option<f64>,
    /// Why.
    pub note: String,
}

impl GrantArguments {
    pub(crate) fn into_definition(self) -> Answer<GrantDefinition> {
        let key = self.audience_key;
        let audience = self.audience.map(|kind| match kind.as_str() {
            "segment" => AudienceKey::Segment(key),
            "reports" => AudienceKey::Reports(key),
            "line" => AudienceKey::Line(key),
            _ => AudienceKey::Same(key),
        });
        let holder = match (self.user, self.segment) {
            (Some(user), _) => HolderKey::User(user),
            (None, segment) => HolderKey::Segment(segment.unwrap_or_default()),
        };
        Ok(GrantDefinition {
            role: self.role,
            holder,
            scope: at(self.place, &self.place_key, "").scope_key(),
            audience,
            from: self.from.map(instant).transpose()?,
            until: self.until.map(instant).transpose()?,
            note: self.note,
        })
    }
}

/// A category of courses.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Category {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// The key of its site.
    pub site: String,
    /// The key of the category that it lies in.
    pub parent: Option<String>,
}

/// Something that can be allowed or denied.
#[napi(object, object_from_js = false)]
pub struct Capability {
    /// The name.
    pub name: String,
    /// Whether something is changed.
    #[napi(ts_type = "import('./index.js').CapabilityKind")]
    pub kind: &'static str,
    /// The innermost kind of place.
    #[napi(ts_type = "import('./index.js').ScopeKind")]
    pub innermost: &'static str,
    /// Whether it is about a person.
    pub over: bool,
    /// What whoever gives it away should know.
    #[napi(ts_type = "Array<import('./index.js').CapabilityFlag>")]
    pub flags: Vec<&'static str>,
    /// What it lets people do.
    pub sentence: String,
}

/// What a holder may do.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Role {
    /// The key.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The key of its site.
    pub site: Option<String>,
    /// What it gives.
    pub allow: Vec<String>,
    /// What it does not give.
    pub withhold: Vec<String>,
    /// What it denies.
    pub deny: Vec<String>,
    /// The keys of roles that its holders may give.
    pub may_assign: Vec<String>,
    /// Whether it is never held over everybody.
    pub needs_audience: bool,
}

/// A role held.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Grant {
    /// The number.
    pub number: u32,
    /// The key of the role.
    pub role: String,
    /// The key of the person who holds it.
    pub user: Option<String>,
    /// The key of the segment whose members hold it.
    pub segment: Option<String>,
    /// The key of the site.
    pub site: Option<String>,
    /// The key of the category.
    pub category: Option<String>,
    /// The key of the course.
    pub course: Option<String>,
    /// Over whom: `segment`, `reports`, `line` or `same`.
    #[napi(ts_type = "'segment' | 'reports' | 'line' | 'same' | null")]
    pub audience: Option<&'static str>,
    /// The key that belongs to it.
    pub audience_key: String,
    /// From when on, in milliseconds.
    pub from: Option<f64>,
    /// From when on no longer, in milliseconds.
    pub until: Option<f64>,
    /// Why.
    pub note: String,
}

#[napi]
impl Snapshot {
    /// The categories, in order of definition.
    #[napi(catch_unwind)]
    pub fn categories(&self) -> Vec<Category> {
        let keys: Vec<&str> = self.snapshot.categories().map(|category| category.key.as_str()).collect();
        let category = |category: &matricula::Category| Category {
            key: category.key.clone(),
            name: category.name.clone(),
            site: self.site_key(category.site),
            parent: category.parent.and_then(|id| keys.get(id.0 as usize)).map(|key| (*key).to_owned()),
        };
        self.snapshot.categories().map(category).collect()
    }

    /// All capabilities.
    #[napi(catch_unwind)]
    pub fn capabilities(&self) -> Vec<Capability> {
        let capability = |(_, it): (_, matricula::Capability)| Capability {
            name: it.name,
            kind: it.kind.name(),
            innermost: it.innermost,
            over: it.over,
            flags: it.flags.into_iter().map(matricula::Flag::name).collect(),
            sentence: it.sentence,
        };
        self.snapshot.capabilities().map(capability).collect()
    }

    /// The roles, those that are built in first.
    #[napi(catch_unwind)]
    pub fn roles(&self) -> Vec<Role> {
        let role = |role: &matricula::Role| {
            let of = |effect| {
                let patterns = role.effects.iter().filter(move |(_, said)| **said == effect);
                patterns.map(|(pattern, _)| pattern.clone()).collect()
            };
            Role {
                key: role.key.clone(),
                name: role.name.clone(),
                description: role.description.clone(),
                site: role.site.map(|site| self.site_key(site)),
                allow: of(Effect::Allow),
                withhold: of(Effect::Withhold),
                deny: of(Effect::Deny),
                may_assign: role.may_assign.clone(),
                needs_audience: role.needs_audience,
            }
        };
        self.snapshot.roles().map(role).collect()
    }

    /// The grants, in order.
    #[napi(catch_unwind)]
    pub fn grants(&self) -> Vec<Grant> {
        let grant = |(id, grant): (matricula::GrantId, matricula::Grant)| {
            let GrantDefinition { role, holder, scope, audience, from, until, note } =
                self.snapshot.grant_definition(&grant);
            let (user, segment) = match holder {
                HolderKey::User(key) => (Some(key), None),
                HolderKey::Segment(key) => (None, Some(key)),
            };
            let (site, category, course) = parts(scope);
            let (audience, audience_key) = match audience {
                None => (None, String::new()),
                Some(AudienceKey::Segment(key)) => (Some("segment"), key),
                Some(AudienceKey::Reports(key)) => (Some("reports"), key),
                Some(AudienceKey::Line(key)) => (Some("line"), key),
                Some(AudienceKey::Same(key)) => (Some("same"), key),
            };
            let (from, until) = (from.map(millis), until.map(millis));
            Grant {
                number: id.0,
                role,
                user,
                segment,
                site,
                category,
                course,
                audience,
                audience_key,
                from,
                until,
                note,
            }
        };
        self.snapshot.grants().map(grant).collect()
    }

    /// The keys of everybody who may do something at an instant.
    #[napi(catch_unwind)]
    pub fn who_can(
        &self,
        capability: String,
        when: f64,
        place: u32,
        key: String,
        over: String,
    ) -> Result<Vec<String>, Code> {
        let when = instant(when).map_err(thrown)?;
        matricula::who_can(&self.snapshot, &capability, at(place, &key, &over), when).map_err(thrown)
    }
}
