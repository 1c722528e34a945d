//! The native half of the Python package `matricula`: what `python/matricula` re-exports.
//!
//! Only translation lives here, between Python values and the façade crate; no rule of the domain does.

mod access;
mod actor;
mod changes;
mod convert;
mod definitions;
mod delta;
mod due;
mod error;
mod guard;
mod history;
mod import;
mod json;
mod registry;
mod rule;
mod snapshot;
mod state;
mod store;
mod transaction;
mod transfer;
mod value;

use pyo3::prelude::*;

#[pymodule]
mod _matricula {
    use pyo3::prelude::*;

    /// The version of the library.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "the name is Python's")]
    const __version__: &str = matricula::VERSION;

    #[pymodule_export]
    use crate::access::{Capability, Category, Grant, Role};
    #[pymodule_export]
    use crate::actor::{Actor, ActorTransaction, Considered, Proof, Said};
    #[pymodule_export]
    use crate::changes::Changes;
    #[pymodule_export]
    use crate::definitions::{Attribute, AttributeOption, Course, EnrolmentRule, Segment, Site};
    #[pymodule_export]
    use crate::delta::{Delta, MembershipStep, Preview, Step, Warning};
    #[pymodule_export]
    use crate::error::{MatriculaError, Problem};
    #[pymodule_export]
    use crate::guard::{Excess, Guard, Hold};
    #[pymodule_export]
    use crate::history::{Difference, UserEvent, Verification};
    #[pymodule_export]
    use crate::import::{ImportReport, Progress, RowError};
    #[pymodule_export]
    use crate::registry::{Host, MembershipEvent, Registry, memory, open};
    #[pymodule_export]
    use crate::rule::{Lint, RulePreview, Sql};
    #[pymodule_export]
    use crate::snapshot::{
        Enrolment, EnrolmentExplanation, MembershipExplanation, Reason, SegmentException, Snapshot, User,
    };
    #[pymodule_export]
    use crate::store::limit_connections;
    #[pymodule_export]
    use crate::transaction::Transaction;
    #[pymodule_export]
    use crate::transfer::{Archived, import_registry};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        use crate::access::Subject;

        module.add("ANY", Subject::Any)?;
        module.add("ALL", Subject::All)
    }
}
