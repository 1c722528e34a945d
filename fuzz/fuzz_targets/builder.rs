//! Any bytes as a query of a rule builder: it is refused with an error that says where, or is a rule that can be
//! written for a rule builder again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matricula_fuzz::{check_error, check_rule, check_text_of, check_written_for_builder, world};
use matricula_rule::{from_builder, from_builder_text, to_builder};
use serde_json::Value as Json;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let names = world();
    let json = serde_json::from_str::<Json>(&text).ok();
    match from_builder_text(&text, names) {
        Ok(rule) => {
            check_rule(&rule);
            check_text_of(&rule);
            check_written_for_builder(&rule);
            let written = to_builder(&rule, names).unwrap_or_else(|error| panic!("{error}: {rule:?}"));
            assert_eq!(from_builder(&written, names).as_ref(), Ok(&rule), "{written}");
            assert_eq!(from_builder_text(&written.to_string(), names), Ok(rule), "{written}");
        }
        Err(error) => check_error(&error, Some(&text), json.as_ref()),
    }
});
