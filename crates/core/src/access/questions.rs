//! Capabilities by name and by number. Not here: who has them (`decide`).

use crate::access::{Capability, CapabilityId};
use crate::{Error, Snapshot};

impl Snapshot {
    /// The capability of a name.
    ///
    /// # Errors
    /// `unknown_capability`, with the nearest name.
    pub fn capability_id(&self, name: &str) -> Result<CapabilityId, Error> {
        self.0.capability_id(name)
    }

    /// What there is to know of a capability.
    pub fn capability(&self, id: CapabilityId) -> Option<Capability> {
        self.0.capability(id)
    }

    /// All capabilities: those that are built in, the host's own, then two for each attribute.
    pub fn capabilities(&self) -> impl Iterator<Item = (CapabilityId, Capability)> + '_ {
        self.0.capability_ids().filter_map(|id| Some((id, self.0.capability(id)?)))
    }
}
