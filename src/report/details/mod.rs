//! One server, figure by figure, for the terminal.

pub mod latency;
pub mod rows;
pub mod server;
pub mod sides;
