//! The detailed figures of one server, for the terminal.

pub mod latency;
pub mod ranks;
pub mod rows;
pub mod server;
pub mod sides;
