//! Formats that other systems speak, one module each. Nothing here opens a file or a socket: bytes in, values
//! out.

pub mod csv;
mod feed;
pub mod ndjson;

pub use feed::{Blank, Format, Mapping, Row, RowError, Rows, Target, shortened};
