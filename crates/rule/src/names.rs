//! What rules can name besides attributes, by key and by id: people, segments, sites, courses, groups, roles. The
//! application that knows them answers; a bare [`Schema`] knows none.

use std::borrow::Cow;

use crate::error::quoted;
use crate::{CourseId, RuleError, RuleErrorKind, Schema, nearest, normalise};

/// A kind of thing that a rule can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Named {
    /// A person.
    User,
    /// A segment.
    Segment,
    /// A site.
    Site,
    /// A course.
    Course,
    /// A group of a course.
    Group(CourseId),
    /// A role.
    Role,
}

impl Named {
    /// The word for it, in messages: `segment`.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Segment => "segment",
            Self::Site => "site",
            Self::Course => "course",
            Self::Group(_) => "group",
            Self::Role => "role",
        }
    }

    /// There is no such thing; what was found is in quotes if it is a key.
    pub(crate) fn unknown(self, found: &str) -> RuleError {
        let kind = match self {
            Self::User => RuleErrorKind::UnknownUser,
            Self::Segment => RuleErrorKind::UnknownSegment,
            Self::Site => RuleErrorKind::UnknownSite,
            Self::Course => RuleErrorKind::UnknownCourse,
            Self::Group(_) => RuleErrorKind::UnknownGroup,
            Self::Role => RuleErrorKind::UnknownRole,
        };
        RuleError::new(kind, format!("unknown {} {found}", self.word())).finding(found)
    }
}

/// How many keys are looked at for the one that was meant.
const MOST: usize = 10_000;

/// The id of what has this key, or an error that names the nearest.
pub(crate) fn resolve(names: &dyn Names, what: Named, key: &str) -> Result<u32, RuleError> {
    let key = normalise(key);
    names.find(what, &key).ok_or_else(|| {
        let keys: Vec<Cow<'_, str>> = names.keys(what).take(MOST).collect();
        what.unknown(&quoted(&key)).near(nearest(&key, keys.iter().map(|key| &**key)))
    })
}

/// The attributes, and the keys and ids of everything else that a rule can name.
pub trait Names {
    /// The attributes.
    fn schema(&self) -> &Schema;

    /// The id of what has this key, if there is such a thing. The key is in normalisation form C.
    fn find(&self, what: Named, key: &str) -> Option<u32> {
        let _ = (what, key);
        None
    }

    /// The key of what has this id.
    fn key(&self, what: Named, id: u32) -> Option<Cow<'_, str>> {
        let _ = (what, id);
        None
    }

    /// The keys among which to look for the one that was meant; may be cut short or empty where there are many.
    fn keys(&self, what: Named) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        let _ = what;
        Box::new(std::iter::empty())
    }
}

impl Names for Schema {
    fn schema(&self) -> &Schema {
        self
    }
}
