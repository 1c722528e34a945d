//! Formats that other systems speak, one module each. Nothing here opens a file or a socket: bytes in, values
//! out.

pub mod csv;
