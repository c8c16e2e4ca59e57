//! The options that several commands share, and how values are written.

pub mod load;
pub mod named_load;
pub mod scenario_loads;
pub mod server;
pub mod servers;
pub mod study;
pub mod values;
