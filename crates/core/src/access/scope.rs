//! Where a role is held or overridden: the registry, a site, a category, a course; each within the one before. Not here:
//! what is held there (`grant`).

use matricula_rule::{CourseId, SiteId};
use serde::{Deserialize, Serialize};

use crate::access::{Audience, Grant, Holder};
use crate::state::State;

/// A category of courses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CategoryId(pub u32);

impl CategoryId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn at(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

/// Courses of a site that belong together; within another category, or directly in the site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// The key, such as `safety`.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// Whose category it is.
    pub site: SiteId,
    /// The category that it lies in, which came before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CategoryId>,
}

/// A category to be. What a later definition leaves out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CategoryDefinition {
    /// The key.
    pub key: String,
    /// The name for people; the key if left out.
    pub name: Option<String>,
    /// The key of its site; that of the category that it lies in or the primary one if left out. A later definition may
    /// not change it.
    pub site: Option<String>,
    /// The key of the category that it lies in; a later definition may not change it.
    pub parent: Option<String>,
}

/// Where a role is held, and where something is done. What holds somewhere holds in everything within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The whole registry.
    Registry,
    /// A site.
    Site(SiteId),
    /// A category of courses.
    Category(CategoryId),
    /// A course.
    Course(CourseId),
}

impl Scope {
    /// The word for its kind.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Site(_) => "site",
            Self::Category(_) => "category",
            Self::Course(_) => "course",
        }
    }

    /// How far within it lies: 0 for the registry, 3 for a course.
    pub(crate) fn depth(self) -> u8 {
        match self {
            Self::Registry => 0,
            Self::Site(_) => 1,
            Self::Category(_) => 2,
            Self::Course(_) => 3,
        }
    }
}

impl State {
    /// What a scope lies directly within; nothing for the registry, and for what is not there.
    pub(crate) fn above(&self, scope: Scope) -> Option<Scope> {
        match scope {
            Scope::Registry => None,
            Scope::Site(_) => Some(Scope::Registry),
            Scope::Category(id) => {
                let category = self.access.category(id)?;
                Some(category.parent.map_or(Scope::Site(category.site), Scope::Category))
            }
            Scope::Course(id) => {
                let course = self.course(id)?;
                Some(course.category.map_or(Scope::Site(course.site), Scope::Category))
            }
        }
    }

    /// A scope and everything that it lies within, from within to without.
    pub(crate) fn chain(&self, scope: Scope) -> impl Iterator<Item = Scope> + '_ {
        std::iter::successors(Some(scope), |scope| self.above(*scope))
    }

    /// The site that a scope lies in; none for the registry.
    pub(crate) fn site_of(&self, scope: Scope) -> Option<SiteId> {
        match scope {
            Scope::Registry => None,
            Scope::Site(site) => Some(site),
            Scope::Category(id) => self.access.category(id).map(|category| category.site),
            Scope::Course(id) => self.course(id).map(|course| course.site),
        }
    }

    /// Whether everything that a grant names is there, the role aside.
    pub(crate) fn names_what_is_there(&self, grant: &Grant, people: u32) -> bool {
        let holder = match grant.holder {
            Holder::User(user) => user.0 < people,
            Holder::Segment(segment) => self.segment(segment).is_some(),
        };
        let audience = match grant.audience {
            None => true,
            Some(Audience::Segment(segment)) => self.segment(segment).is_some(),
            Some(Audience::Reports(id) | Audience::Line(id) | Audience::Same(id)) => {
                self.schema.get(id).is_some()
            }
        };
        holder && audience && self.has_scope(grant.scope)
    }

    /// Whether a scope is there.
    pub(crate) fn has_scope(&self, scope: Scope) -> bool {
        match scope {
            Scope::Registry => true,
            Scope::Site(site) => site.index() < self.sites.len(),
            Scope::Category(id) => self.access.category(id).is_some(),
            Scope::Course(id) => self.course(id).is_some(),
        }
    }
}
