//! Roles, grants and questions of access as data. Not here: the tables that the vectors are made from (`access_tables`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use matricula::{
    AudienceKey, CategoryId, Change, CourseId, Effect, Error, GrantDefinition, HolderKey, Instant, Over,
    RoleDefinition, Scope, ScopeKey, SiteId, Snapshot, Status, UserId,
};
use serde::Deserialize;
use serde_json::Value;

/// `"registry"`, or an object of the kind and the key.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScopeGiven {
    Registry,
    Site(String),
    Category(String),
    Course(String),
}

impl From<ScopeGiven> for ScopeKey {
    fn from(given: ScopeGiven) -> Self {
        match given {
            ScopeGiven::Registry => Self::Registry,
            ScopeGiven::Site(key) => Self::Site(key),
            ScopeGiven::Category(key) => Self::Category(key),
            ScopeGiven::Course(key) => Self::Course(key),
        }
    }
}

impl ScopeGiven {
    /// The scope; one that is not there has a number that nothing has.
    fn find(self, snapshot: &Snapshot) -> Scope {
        fn place<'a>(mut keys: impl Iterator<Item = &'a String>, key: &str) -> u32 {
            keys.position(|it| it == key).map_or(u32::MAX, |place| place.try_into().unwrap())
        }
        match self {
            Self::Registry => Scope::Registry,
            Self::Site(key) => Scope::Site(SiteId(place(snapshot.sites().map(|it| &it.key), &key))),
            Self::Category(key) => {
                Scope::Category(CategoryId(place(snapshot.categories().map(|it| &it.key), &key)))
            }
            Self::Course(key) => Scope::Course(CourseId(place(snapshot.courses().map(|it| &it.key), &key))),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefineRole {
    key: String,
    name: Option<String>,
    description: Option<String>,
    site: Option<String>,
    #[serde(default)]
    like: Vec<String>,
    #[serde(default)]
    effects: BTreeMap<String, String>,
    #[serde(default)]
    may_assign: Vec<String>,
    #[serde(default)]
    needs_audience: bool,
}

impl DefineRole {
    pub(crate) fn change(self) -> Result<Change, Error> {
        let Self { key, name, description, site, like, effects, may_assign, needs_audience } = self;
        let effects = effects_of(effects)?;
        Ok(RoleDefinition { key, name, description, site, like, effects, may_assign, needs_audience }.into())
    }
}

pub(crate) fn effects_of(effects: BTreeMap<String, String>) -> Result<Vec<(String, Effect)>, Error> {
    effects.into_iter().map(|(pattern, effect)| Ok((pattern, effect.parse()?))).collect()
}

/// A grant to a `user` or to a `segment`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Granting {
    role: String,
    user: Option<String>,
    segment: Option<String>,
    scope: ScopeGiven,
    over: Option<AudienceGiven>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum AudienceGiven {
    Segment(String),
    Reports(String),
    Line(String),
    Same(String),
}

impl Granting {
    pub(crate) fn change(self) -> Result<Change, Error> {
        let holder = match (self.user, self.segment) {
            (Some(user), None) => HolderKey::User(user),
            (None, Some(segment)) => HolderKey::Segment(segment),
            _ => panic!("a grant is to a user or to a segment"),
        };
        let audience = self.over.map(|over| match over {
            AudienceGiven::Segment(key) => AudienceKey::Segment(key),
            AudienceGiven::Reports(key) => AudienceKey::Reports(key),
            AudienceGiven::Line(key) => AudienceKey::Line(key),
            AudienceGiven::Same(key) => AudienceKey::Same(key),
        });
        let from = self.from.map(Instant::try_from).transpose()?;
        let until = self.until.map(Instant::try_from).transpose()?;
        let grant = GrantDefinition::to(self.role, holder, self.scope.into());
        Ok(GrantDefinition { audience, from, until, note: self.note, ..grant }.into())
    }
}

/// Whether an actor may do something.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Can {
    actor: String,
    capability: String,
    scope: ScopeGiven,
    /// A person's key, `ANY`, `ALL`, or nothing.
    over: Option<String>,
    at: DateTime<Utc>,
}

impl Can {
    /// `allowed`, or the word for why not.
    pub(crate) fn answer(self, snapshot: &Snapshot) -> Result<Value, Error> {
        let actor = snapshot.as_actor(&self.actor, Instant::try_from(self.at)?);
        let over = match self.over.as_deref() {
            None => Over::Nobody,
            Some("ANY") => Over::Any,
            Some("ALL") => Over::All,
            Some(key) => Over::User(snapshot.find_user(key).unwrap_or(UserId(u32::MAX))),
        };
        let Ok(capability) = snapshot.capability_id(&self.capability) else {
            // Who asks is looked at before what is asked.
            return Ok(match actor.user().and_then(|user| snapshot.status(user)) {
                None => "unknown_actor",
                Some(Status::Active) => "unknown_capability",
                Some(_) => "inactive_actor",
            }
            .into());
        };
        let scope = self.scope.find(snapshot);
        let decided = actor.decide(capability, scope, over);
        if let Over::User(user) = over {
            // One who is reached is in the audience, and nobody else.
            assert_eq!(actor.audience(capability, scope).contains(user.0), decided.is_allowed());
        }
        Ok(decided.name().into())
    }
}
