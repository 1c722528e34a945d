//! Internal numbers of what a rule can name: dense, given in order of creation, never reused. Rules and stores
//! name everything by them, so that a rename breaks nothing. Not here: keys, which hosts and people use.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The number as a position in a list.
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of what stands at a position of its list.
            pub fn at(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
        }
    )*};
}

ids! {
    /// An attribute: its position in [`crate::Schema::attributes`].
    AttributeId;
    /// An option within its attribute: its position in [`crate::Options`].
    OptionId;
    /// A user; also the row in every column and bitmap.
    UserId;
    /// A segment.
    SegmentId;
    /// A site; 0 is the primary one.
    SiteId;
    /// A course.
    CourseId;
    /// A course group.
    GroupId;
    /// A role.
    RoleId;
}
