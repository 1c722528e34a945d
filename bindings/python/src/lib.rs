//! The native half of the Python package `matricula`: what `python/matricula` re-exports.
//!
//! Only translation lives here, between Python values and the façade crate; no rule of the domain does.

mod convert;
mod delta;
mod error;
mod import;
mod registry;
mod snapshot;
mod transaction;

use pyo3::prelude::*;

#[pymodule]
mod _matricula {
    /// The version of the library.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "the name is Python's")]
    const __version__: &str = matricula::VERSION;

    #[pymodule_export]
    use crate::delta::{Delta, MembershipStep, Preview, Step};
    #[pymodule_export]
    use crate::error::MatriculaError;
    #[pymodule_export]
    use crate::import::{ImportReport, Progress, RowError};
    #[pymodule_export]
    use crate::registry::{Host, Registry, memory, open};
    #[pymodule_export]
    use crate::snapshot::{
        Attribute, Course, Enrolment, EnrolmentExplanation, EnrolmentRule, MembershipExplanation, Reason,
        Segment, Site, Snapshot, User,
    };
    #[pymodule_export]
    use crate::transaction::Transaction;
}
