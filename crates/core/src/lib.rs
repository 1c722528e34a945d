//! The domain of Matricula, pure: people with typed attributes, segments, enrolment rules, and everything that
//! follows from a change of any of them.
//!
//! State in, state out. A [`Snapshot`] is the registry at a revision; a [`Draft`] is a set of changes to it;
//! [`Draft::finish`] gives the next snapshot and the [`Commit`] that a [`Store`] records. Nothing here reads a
//! clock, a file or a socket. Applications link the `matricula` crate, which adds the registry itself.

mod change;
mod chunks;
mod clock;
mod column;
mod commit;
mod delta;
mod derive;
mod dictionary;
mod draft;
mod enrolment;
mod error;
mod evaluate;
mod explain;
mod graph;
mod id;
mod ledger;
mod load;
mod memory;
mod model;
mod people;
mod ranges;
mod reconcile;
mod replay;
mod row_set;
mod snapshot;
mod state;
mod store;
mod time;
mod users;

pub use change::{
    AttributeDefinition, AttributeType, Change, CourseDefinition, EnrolmentRuleDefinition, Input,
    SegmentDefinition, SiteDefinition, UserUpdate,
};
pub use chunks::Bytes;
pub use commit::{Action, Commit, Entry, MembershipChange, Moment, Reason, Steps, UserEntry};
pub use delta::{Delta, MembershipStep, Step};
pub use draft::{Draft, Outcome};
pub use enrolment::{Enrolment, EnrolmentStatus, HeldReason, ReasonState};
pub use error::{Error, ErrorKind};
pub use explain::{
    Eligibility, EnrolmentExplanation, MembershipExplanation, ReasonExplanation, RuleExplanation,
};
pub use id::{CourseId, EnrolmentRuleId, Revision, SegmentId, SiteId, UserId};
pub use load::Loader;
pub use memory::Memory;
pub use model::{
    Course, EnrolmentRule, LeavePolicy, MAX_ATTRIBUTES, MAX_KEY, Segment, Site, Status, check_attribute_key,
    check_key, time_zone,
};
pub use people::{MAX_TEXT_VALUE, Updated, UserError};
pub use row_set::RowSet;
pub use snapshot::Snapshot;
pub use store::{Appended, Store};
pub use time::Instant;

pub use chrono_tz::Tz;
pub use matricula_rule as rule;
pub use roaring::RoaringBitmap;
