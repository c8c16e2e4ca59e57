//! When requests are due: the closed loop, the open loop, and what both are drawn from.

pub mod client_assignment;
pub mod closed;
pub mod mix;
pub mod open;
pub mod planned;
pub mod rate;
pub mod schedule;
