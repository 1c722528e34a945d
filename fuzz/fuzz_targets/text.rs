//! Any bytes as the text of a rule: it is refused with an error that says where, or is a rule in every form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matricula_fuzz::{check_error, check_rule, check_text_of, check_written_for_builder, world};
use matricula_rule::{check, compile, parse, print};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let names = world();
    let expr = match parse(&text) {
        Ok(expr) => expr,
        Err(error) => {
            check_error(&error, Some(&text), None);
            assert_eq!(compile(&text, names), Err(error));
            return;
        }
    };
    assert!(expr.span.of(&text).is_some());
    match check(&expr, names) {
        Ok(rule) => {
            check_rule(&rule);
            check_text_of(&rule);
            // A rule that was read has nothing left to join.
            assert_eq!(compile(&print(&rule, names), names), Ok(rule.clone()));
            check_written_for_builder(&rule);
        }
        Err(error) => check_error(&error, Some(&text), None),
    }
});
