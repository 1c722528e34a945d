//! What applications link: the registry on a store, with its views and transactions. The README follows.
//!
#![doc = include_str!("../../../README.md")]

mod host;
mod import;
mod lifecycle;
mod registry;
mod transaction;

pub use host::HostView;
pub use import::{Absent, BadRows, Blank, Format, ImportOptions, ImportReport, Progress, RefusedRows};
pub use matricula_core as core;
pub use matricula_core::rule;
pub use matricula_core::{
    Action, AttributeDefinition, AttributeType, Author, BulkEnrolment, Bytes, Change, Commit, Course,
    CourseDefinition, CourseId, Decimal, Deletable, Delta, DueDate, Enrolment, EnrolmentExplanation,
    EnrolmentRule, EnrolmentRuleDefinition, EnrolmentRuleId, EnrolmentStatus, Error, ErrorKind, Exception,
    Excess, Flip, Guard, GuardDefinition, HeldReason, Hold, Idempotency, Input, Instant, LeavePolicy, Lint,
    Losses, Lost, MembershipExplanation, MembershipStep, Memory, OptionDefinition, Problem, Problems, Reason,
    ReasonExplanation, ReasonState, RecordUpdate, Revision, RowSet, RuleExplanation, RulePreview, RuleSource,
    Segment, SegmentDefinition, SegmentId, SegmentState, Sensitivity, Site, SiteDefinition, SiteId,
    SiteLosses, Snapshot, Status, Step, Store, Tz, UserId, UserUpdate, Warning, Whom, time_zone,
};
pub use matricula_interop::{Mapping, RowError, Target};
#[cfg(feature = "sqlite")]
pub use matricula_sqlite::{Durability, Options as SqliteOptions, Sqlite, limit_connections};
pub use registry::{MembershipEvent, Registry};
pub use transaction::{Preview, Transaction};

/// The version of this library.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
