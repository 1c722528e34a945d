//! Who may do what, where, over whom: capabilities, roles, grants, and the decisions that follow from them. What a decision
//! means is in `docs/access.md`; how it is found is in `resolve`. Nothing here reads a clock: questions carry their instant.

mod audience;
mod authority;
mod builtin;
mod capability;
mod decide;
mod define;
mod entries;
mod escalation;
mod grant;
mod granting;
mod holding;
mod keep;
mod proof;
mod questions;
mod role;
mod scope;
mod table;
mod undo;
mod view;

pub use builtin::ADMINISTRATOR;
pub use capability::{Capability, CapabilityDefinition, CapabilityId, CapabilityKind, Flag};
pub use decide::{Actor, Decision, Denied, Over};
pub use define::{
    AudienceKey, GrantDefinition, HolderKey, MAX_CATEGORY_DEPTH, MAX_ROLES, Override, RoleDefinition,
    ScopeKey,
};
pub use grant::{Audience, Grant, GrantId, Holder};
pub use holding::{Holding, Via};
pub use proof::{Considered, Proof};
pub use questions::WhoCanDifference;
pub use role::{Effect, Effects, Role};
pub use scope::{Category, CategoryDefinition, CategoryId, Scope};

pub(crate) use audience::ByData;
pub(crate) use grant::Grants;
pub(crate) use table::Access;
