//! The domain of Matricula, pure: people with typed attributes, segments, enrolment rules, and everything that
//! follows from a change of any of them.
//!
//! State in, state out. A [`Snapshot`] is the registry at a revision; a [`Draft`] is a set of changes to it;
//! [`Draft::finish`] gives the next snapshot and the [`Commit`] that a [`Store`] records. Nothing here reads a
//! clock, a file or a socket. Applications link the `matricula` crate, which adds the registry itself.

mod accept;
mod access;
mod ask;
mod asked;
mod attributes;
mod author;
mod block;
mod bulk;
mod by_hand;
mod change;
mod checked;
mod chunks;
mod clock;
mod codes;
mod column;
mod commit;
mod compile;
mod delta;
mod demands;
mod derive;
mod dictionary;
mod differ;
mod digest;
mod draft;
mod due;
mod dues;
mod enrolment;
mod erase;
mod error;
mod evaluate;
mod explain;
mod export;
mod faces;
mod flip;
mod graph;
mod guard;
mod id;
mod image;
mod intersections;
mod inventory;
mod isolation;
mod journal_key;
mod ledger;
mod lines;
mod lint;
mod load;
mod memory;
mod model;
mod movements;
mod nesting;
mod people;
mod people_text;
mod placing;
mod plan;
mod preview;
mod ranges;
mod reconcile;
mod records;
mod replay;
mod retire;
mod revert;
mod roster;
mod row_set;
mod runs;
mod scale;
mod scan;
mod schedule;
mod seal;
mod sealer;
mod segments;
mod sets;
mod snapshot;
mod state;
mod store;
mod time;
mod touched;
mod users;
mod verify;
mod warnings;
mod watch;
mod written;

pub use accept::MAX_TEXT_VALUE;
pub use access::*;
pub use asked::{Asked, Fingerprint};
pub use author::{Author, Idempotency, Signature};
pub use bulk::{BulkEnrolment, Deletable, Whom};
pub use change::{
    AttributeDefinition, AttributeType, Change, CourseDefinition, EnrolmentRuleDefinition, Input,
    OptionDefinition, RecordUpdate, RuleSource, SegmentDefinition, SiteDefinition, UserUpdate,
};
pub use checked::{CheckedUsers, UserError};
pub use chunks::Bytes;
pub use commit::{Action, Commit, Entry, MembershipChange, Moment, Reason, RecordEntry, Steps, UserEntry};
pub use delta::{Delta, MembershipStep, Step};
pub use demands::{Problem, Problems};
pub use digest::Question;
pub use draft::{Draft, Outcome};
pub use due::{DueDate, LEARNER, MAX_DUE_DAYS};
pub use enrolment::{Enrolment, EnrolmentStatus, HeldReason, ReasonState};
pub use erase::{ERASED_KEY, Secrets, Was, erased_key};
pub use error::{Error, ErrorKind};
pub use explain::{
    Eligibility, EnrolmentExplanation, Flip, MembershipExplanation, ReasonExplanation, RuleExplanation,
};
pub use export::{Archive, Exporter};
pub use guard::{Excess, Guard, GuardDefinition, Hold, Losses, Lost, SiteLosses};
pub use id::{CourseId, EnrolmentRuleId, Revision, SegmentId, SiteId, UserId};
pub use image::IMAGE_FORMAT;
pub use inventory::{Inventory, InventoryLine};
pub use journal_key::JournalKey;
pub use lint::Lint;
pub use load::{EnrolmentLoader, Loader};
pub use memory::Memory;
pub use model::{
    Course, EnrolmentRule, Exception, LeavePolicy, MAX_ATTRIBUTES, MAX_KEY, Segment, SegmentState, Site,
    Status, check_attribute_key, check_key, time_zone,
};
pub use people::Updated;
pub use preview::RulePreview;
pub use revert::{Reversal, Revert};
pub use row_set::RowSet;
pub use seal::{Hash, Head, KeyId, Part, Salt, Seal};
pub use sealer::{SealBegun, Sealer};
pub use snapshot::Snapshot;
pub use store::{Appended, Store};
pub use time::Instant;

pub use verify::{Chain, Difference, MAX_DIFFERENCES, Verification};
pub use warnings::{Place, Warning};
pub use written::WrittenCommit;

pub use chrono_tz::Tz;
pub use matricula_rule as rule;
pub use matricula_rule::{Decimal, Sensitivity};
