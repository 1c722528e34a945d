//! Any bytes as the JSON of a typed rule: what is valid can be written, said, answered and read back, and what is
//! not can at least be shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use matricula_fuzz::{check_error, check_rule, check_text_of, check_written_for_builder, people, world};
use matricula_rule::sql::{Asked, Dialect, emit};
use matricula_rule::{Person, Rule, compile, describe, evaluate, print, to_builder, validate};

fuzz_target!(|bytes: &[u8]| {
    let Ok(rule) = serde_json::from_slice::<Rule>(bytes) else { return };
    let names = world();
    match validate(&rule, names) {
        Ok(()) => {
            check_rule(&rule);
            check_text_of(&rule);
            check_written_for_builder(&rule);
        }
        Err(error) => {
            check_error(&error, None, Some(&serde_json::to_value(&rule).unwrap()));
            let text = print(&rule, names);
            assert!(compile(&text, names).as_ref() != Ok(&rule), "{error}: {text}");
            describe(&rule, names);
            let _ = to_builder(&rule, names);
            for person in people() {
                evaluate(&rule, person);
                for dialect in Dialect::ALL {
                    let _ = emit(&rule, names, &Asked::utc(person.today()), dialect);
                }
            }
        }
    }
});
