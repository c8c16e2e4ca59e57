//! Pacers decide when requests are due: the closed loop and the open loop, with their parts.

pub mod busy_clients;
pub mod closed;
pub mod constant;
pub mod mix;
pub mod open;
pub mod planned;
pub mod poisson;
pub mod rate;
pub mod schedule;
