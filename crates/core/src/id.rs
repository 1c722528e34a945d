//! Internal numbers: dense, given in order of creation, never reused. Those that rules name come from the rule
//! language. Keys (what hosts and people use) are in `model`.

use serde::{Deserialize, Serialize};

pub use matricula_rule::{CourseId, SegmentId, SiteId, UserId};

/// An enrolment rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnrolmentRuleId(pub u32);

impl EnrolmentRuleId {
    /// The number as a position in a list.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    /// The id of what stands at a position of its list.
    pub(crate) fn at(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }
}

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
