//! The native half of the npm package `matricula`: what the files of `lib/` wrap.
//!
//! Only translation lives here, between JavaScript values and the façade crate; no rule of the domain does.
//! Every exported function says `catch_unwind`: a panic becomes a JavaScript error instead of ending the process.
//! Nothing here is public to users: `lib/` checks arguments and gives errors their class.

pub mod access;
pub mod actor;
pub mod convert;
pub mod definitions;
pub mod delta;
pub mod due;
pub mod error;
pub mod history;
pub mod import;
pub mod job;
pub mod registry;
pub mod rule;
pub mod snapshot;
pub mod state;
pub mod store;
pub mod transaction;
pub mod transfer;
pub mod value;

use napi_derive::napi;

/// The version of the library.
#[napi(catch_unwind)]
pub fn version() -> &'static str {
    matricula::VERSION
}

/// The candidate that was probably meant by a word, if one is near enough.
#[napi(catch_unwind)]
pub fn nearest(word: String, candidates: Vec<String>) -> Option<String> {
    let candidates = candidates.iter().map(String::as_str);
    matricula::rule::nearest(&word, candidates).map(str::to_owned)
}
