//! Pacers decide when requests are due: the closed loop and the open loop, with their parts.

pub mod client_assignment;
pub mod closed;
pub mod mix;
pub mod open;
pub mod planned;
pub mod rate;
pub mod schedule;
