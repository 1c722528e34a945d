//! Do other engines say what the library says? Companies with gaps in them, rules of every kind, and the same
//! questions to the library's own evaluator, to SQLite, PostgreSQL and DuckDB by way of
//! [`matricula_rule::sql`], and to the `cel` crate by way of the rule's text.
//!
//! The tests are in `tests/engines.rs`; so is what decides how much is asked. Nothing here is part of the library.

pub mod cel;
pub mod company;
pub mod compare;
pub mod engine;
pub mod make;
pub mod rng;
pub mod rules;
pub mod table;
