//! Internal numbers: dense, given in order of creation, never reused. Keys (what hosts and people use) are in
//! `model`.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            pub(crate) fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A site; 0 is the primary one.
    SiteId;
    /// A user; also the row in every column and bitmap.
    UserId;
    /// A course.
    CourseId;
    /// A segment.
    SegmentId;
    /// An enrolment rule.
    EnrolmentRuleId;
}

macro_rules! defined {
    ($($name:ident),*) => {$(
        impl $name {
            /// The id of the definition at this position of its catalog.
            pub(crate) fn at(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
        }
    )*};
}

defined!(SiteId, CourseId, SegmentId, EnrolmentRuleId);

/// The number of a commit; 0 is the empty registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision that follows.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
