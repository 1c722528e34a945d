//! What tests of Matricula share. It may panic: that is how a test says that something is wrong.
//!
//! * [`behaviour`]: what every store must do, said once and run against each.
//! * [`crashing`]: a store that fails at a step of one's choice.
//! * [`history`]: random histories of a small registry, for properties.
//! * [`focus`]: random histories about few enrolments, to which everything happens.
//! * [`rules`]: random rules over what those registries have.
//! * [`simulator`]: the slow, obvious reading of the semantics that fast paths are compared with.
//! * [`access_reference`]: who may do what, slowly and obviously.
//! * [`access_history`]: random registries with everything that access is made of.
//! * [`company`]: a believable company of any size, as feeds of successive days.

mod access;
pub mod access_history;
pub mod access_reference;
mod agree;
mod asked;
pub mod behaviour;
pub mod company;
pub mod crashing;
mod demands;
pub mod focus;
mod fold;
pub mod history;
mod lifecycle;
pub mod rules;
pub mod simulator;

/// How many cases a property runs: so many, or as the environment says (`PROPTEST_CASES`, for deep runs).
pub fn cases(usually: u32) -> proptest::test_runner::Config {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usually);
    proptest::test_runner::Config {
        failure_persistence: None,
        ..proptest::test_runner::Config::with_cases(cases)
    }
}
