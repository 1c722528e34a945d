//! What the targets share: what their rules can name (`world`), the people who are asked (`people`), and what must
//! be so for every rule (`properties`).

mod people;
mod properties;
mod world;

pub use people::people;
pub use properties::{check_error, check_rule, check_text_of, check_written_for_builder};
pub use world::{World, world};
