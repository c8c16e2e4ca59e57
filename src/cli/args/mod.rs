//! The options that several commands share, and how values are written.

pub mod assertion;
pub mod external;
pub mod load;
pub mod margins;
pub mod named_load;
pub mod numbers;
pub mod one_rate;
pub mod ranks;
pub mod request;
pub mod save;
pub mod scenario_loads;
pub mod server;
pub mod servers;
pub mod study;
pub mod times;
pub mod values;
