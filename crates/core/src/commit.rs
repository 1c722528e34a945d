//! What is recorded: the normalised changes and the facts that followed from them, all by id. Replaying a
//! commit applies facts and never evaluates a rule.

use std::sync::Arc;

use chrono::NaiveDate;
use matricula_rule::{Attribute, AttributeId, Decimal, RoleId, Value};
use serde::{Deserialize, Serialize};

use crate::{
    Author, CapabilityDefinition, Category, CategoryId, Course, CourseId, Effects, EnrolmentRule,
    EnrolmentRuleId, Exception, Grant, GrantId, Guard, Holder, Idempotency, Instant, Losses, Revision, Role,
    RowSet, Scope, Seal, Segment, SegmentId, Site, SiteId, Status, UserId, Was,
};

/// One recorded transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its number.
    pub revision: Revision,
    /// When it took effect.
    pub at: Instant,
    /// Who.
    pub author: Author,
    /// Why, in the host's words; may be empty.
    pub note: String,
    /// As which request, if the host gave it a key.
    pub idempotency: Option<Idempotency>,
    /// What was changed, in order; shared, because an import has one for each person.
    pub entries: Arc<Vec<Entry>>,
    /// What followed: one moment for each boundary in time that moved somebody, then the commit's own; then, at the same
    /// instant, what bulk enrolments did.
    pub moments: Vec<Moment>,
    /// What the guard counts of it.
    pub losses: Losses,
    /// What makes a later edit of it show; `None` until it is recorded, and of what earlier versions recorded.
    pub seal: Option<Seal>,
}

impl Commit {
    /// Whether nothing changed and nothing followed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.moments.iter().all(Moment::is_empty)
    }

    /// Whether it has this idempotency key.
    pub fn has_key(&self, key: &str) -> bool {
        self.idempotency.as_ref().is_some_and(|idempotency| idempotency.key == key)
    }

    /// Whether there is something to record: a change, or the key of a request, which has then been dealt with.
    pub fn is_recorded(&self) -> bool {
        self.idempotency.is_some() || !self.is_empty()
    }
}

/// One normalised change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A site as it now is.
    Site(SiteId, Site),
    /// An attribute as it now is.
    Attribute(Attribute),
    /// A course as it now is.
    Course(CourseId, Course),
    /// A segment as it now is.
    Segment(SegmentId, Segment),
    /// An enrolment rule as it now is.
    EnrolmentRule(EnrolmentRuleId, EnrolmentRule),
    /// What changed of a person.
    User(UserEntry),
    /// What was decided by hand about a person and a segment; `None` where it was taken back.
    Exception {
        /// Which segment.
        segment: SegmentId,
        /// Who.
        user: UserId,
        /// The decision.
        exception: Option<Exception>,
    },
    /// What was recorded of a person in a course.
    Record(RecordEntry),
    /// The guard as it now is.
    Guard(Guard),
    /// A category as it now is.
    Category(CategoryId, Category),
    /// A capability of the host's own, as it now is.
    Capability(CapabilityDefinition),
    /// A role as it now is.
    Role(RoleId, Role),
    /// What a role gives otherwise in a scope, as it now is; nothing where that was taken away.
    Override {
        /// Which role.
        role: RoleId,
        /// Where.
        scope: Scope,
        /// What it gives, withholds and denies there.
        effects: Effects,
    },
    /// A scope was locked or unlocked.
    Lock {
        /// Which.
        scope: Scope,
        /// Whether it is locked.
        locked: bool,
    },
    /// A grant as it now is.
    Grant(GrantId, Grant),
    /// A grant was taken away.
    Revoke {
        /// Which.
        grant: GrantId,
        /// Who held the role by it.
        holder: Holder,
    },
    /// A person was erased.
    Erase(UserId),
    /// The commits up to a revision were put into an archive, and are no longer in the store.
    Archive {
        /// The last revision that is archived.
        to: Revision,
    },
    /// What is left of an entry about somebody who has been erased since.
    Erased {
        /// Who.
        user: UserId,
        /// What it had been.
        was: Was,
    },
}

/// What was recorded of a person in a course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordEntry {
    /// Who.
    pub user: UserId,
    /// In which course.
    pub course: CourseId,
    /// When the course was completed; `Some(None)` where that was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "taken_back")]
    pub completed: Option<Option<Instant>>,
    /// The score; `Some(None)` where it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "taken_back")]
    pub score: Option<Option<Decimal>>,
}

/// Something that is left alone (absent), taken back (`null`), or given.
mod taken_back {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

/// What changed of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserEntry {
    /// Who.
    pub id: UserId,
    /// The key, of somebody new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The new status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The new values; `None` where one was cleared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(AttributeId, Option<Value>)>,
    /// The new statuses of memberships; `None` where one ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<(SiteId, Option<Status>)>,
}

impl UserEntry {
    pub(crate) fn new(id: UserId) -> Self {
        Self { id, key: None, status: None, values: Vec::new(), sites: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.key.is_none() && self.status.is_none() && self.values.is_empty() && self.sites.is_empty()
    }
}

/// What followed at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Instant,
    /// Who joined and left which segment, in the order of segments.
    pub memberships: Vec<MembershipChange>,
    /// What happened to enrolments, in the order in which it is applied.
    pub steps: Vec<Steps>,
}

impl Moment {
    /// Whether nothing followed.
    pub fn is_empty(&self) -> bool {
        self.memberships.is_empty() && self.steps.is_empty()
    }
}

/// Who joined and left a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipChange {
    /// Which segment.
    pub segment: SegmentId,
    /// Who joined.
    pub joined: RowSet,
    /// Who left.
    pub left: RowSet,
}

/// One thing that happened to the enrolments of many people in one course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps {
    /// What happened.
    pub action: Action,
    /// In which course.
    pub course: CourseId,
    /// By which reason.
    pub reason: Reason,
    /// The due date that the reason has from then on, where the step gives one.
    pub due: Option<NaiveDate>,
    /// To whom.
    pub users: RowSet,
}

/// What holds an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Somebody enrolled the person by hand.
    Manual,
    /// Somebody enrolled many people at once, this one among them.
    Bulk,
    /// The person is in the segment of an enrolment rule.
    Rule(EnrolmentRuleId),
}

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident = $name:literal,)*) => {
        /// What happens to an enrolment. Of one enrolment at one instant, things happen in this order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Action {
            $($(#[$doc])* $action,)*
        }

        impl Action {
            /// Every action, in order.
            pub const ALL: &[Self] = &[$(Self::$action,)*];

            /// The word for it, in data and in all three languages.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$action => $name,)*
                }
            }
        }
    };
}

actions! {
    /// The person is enrolled, for this reason.
    Enrolled = "enrolled",
    /// A suspended enrolment is active again, for this reason.
    Resumed = "resumed",
    /// An enrolment that is active, or suspended by hand, has one more reason, and stays so.
    ReasonAdded = "reason_added",
    /// A reason that had only been kept is in force again.
    ReasonRestored = "reason_restored",
    /// A reason in force has another due date, or none any longer.
    DueChanged = "due_changed",
    /// Somebody took back, by hand, what suspended the enrolment by hand.
    ResumedByHand = "resumed_by_hand",
    /// Somebody suspended the enrolment by hand: it stays so whatever becomes of its reasons.
    SuspendedByHand = "suspended_by_hand",
    /// The reason is gone but, by its policy, keeps holding the enrolment.
    Kept = "kept",
    /// The reason is gone; others hold the enrolment.
    ReasonDropped = "reason_dropped",
    /// The reason is gone, no other holds, and the enrolment is suspended.
    Suspended = "suspended",
    /// The reason is gone, no other holds, and the enrolment has ended.
    Unenrolled = "unenrolled",
}
