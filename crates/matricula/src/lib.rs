//! What applications link: the registry on a store, with its views and transactions. The README follows.
//!
#![doc = include_str!("../../../README.md")]

mod host;
mod import;
mod registry;
mod transaction;

pub use host::HostView;
pub use import::{Absent, Blank, ImportOptions, ImportReport, Progress};
pub use matricula_core as core;
pub use matricula_core::rule;
pub use matricula_core::{
    Action, AttributeDefinition, AttributeType, Bytes, Change, Commit, Course, CourseDefinition, CourseId,
    Delta, Enrolment, EnrolmentExplanation, EnrolmentRule, EnrolmentRuleDefinition, EnrolmentRuleId,
    EnrolmentStatus, Error, ErrorKind, HeldReason, Input, Instant, LeavePolicy, MembershipExplanation,
    MembershipStep, Memory, Reason, ReasonExplanation, ReasonState, Revision, RowSet, RuleExplanation,
    Segment, SegmentDefinition, SegmentId, Site, SiteDefinition, SiteId, Snapshot, Status, Step, Store, Tz,
    UserId, UserUpdate, time_zone,
};
pub use matricula_interop::csv::{Mapping, RowError, Target};
#[cfg(feature = "sqlite")]
pub use matricula_sqlite::Sqlite;
pub use registry::Registry;
pub use transaction::{Preview, Transaction};

/// The version of this library.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
