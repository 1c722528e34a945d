//! What applications link: the registry on a store, with its views and transactions. The README follows.
//!
#![doc = include_str!("../../../README.md")]

mod actor;
mod audit;
mod history;
mod host;
mod import;
mod lifecycle;
mod new_file;
mod registry;
mod sealing;
mod transaction;
mod transfer;

pub use actor::{
    ActorSnapshot, ActorTransaction, ActorView, OverKey, Where, category, course, registry, site, who_can,
};
pub use history::{AsOf, Happened, UserEvent};
pub use host::HostView;
pub use import::{Absent, BadRows, Blank, Format, ImportOptions, ImportReport, Progress, RefusedRows};
pub use matricula_core as core;
pub use matricula_core::rule;
pub use matricula_core::{
    ADMINISTRATOR, Actor, Audience, AudienceKey, Capability, CapabilityDefinition, CapabilityId,
    CapabilityKind, Category, CategoryDefinition, CategoryId, Considered, Decision, Denied, Effect, Effects,
    Flag, Grant, GrantDefinition, GrantId, Holder, HolderKey, Holding, Over, Override, Proof, Role,
    RoleDefinition, Scope, ScopeKey, Via, WhoCanDifference,
};
pub use matricula_core::{
    Action, AttributeDefinition, AttributeType, Author, BulkEnrolment, Bytes, Change, Commit, Course,
    CourseDefinition, CourseId, Decimal, Deletable, Delta, Difference, DueDate, Enrolment,
    EnrolmentExplanation, EnrolmentRule, EnrolmentRuleDefinition, EnrolmentRuleId, EnrolmentStatus, Error,
    ErrorKind, Exception, Excess, Flip, Guard, GuardDefinition, Hash, Head, HeldReason, Hold, Idempotency,
    Input, Instant, JournalKey, KeyId, LeavePolicy, Lint, Losses, Lost, MembershipExplanation,
    MembershipStep, Memory, OptionDefinition, Problem, Problems, Reason, ReasonExplanation, ReasonState,
    RecordUpdate, Revert, Revision, RowSet, RuleExplanation, RulePreview, RuleSource, Segment,
    SegmentDefinition, SegmentId, SegmentState, Sensitivity, Site, SiteDefinition, SiteId, SiteLosses,
    Snapshot, Status, Step, Store, Tz, UserId, UserUpdate, Verification, Warning, Whom, time_zone,
};
pub use matricula_interop::{Mapping, RowError, Target};
#[cfg(feature = "sqlite")]
pub use matricula_sqlite::{Durability, Options as SqliteOptions, Sqlite, limit_connections};
pub use new_file::NewFile;
pub use registry::{MembershipEvent, Registry};
pub use transaction::{Preview, Transaction};
pub use transfer::Archived;

/// The example on the page about access, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/access.md")]
struct AccessPage;

/// The version of this library.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
