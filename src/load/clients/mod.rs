//! The clients of one thread, independent of real sockets and of the real clock.
//!
//! [`core::Clients`] is driven by events (connected, readable, writable, time
//! passes) and acts through a [`crate::load::wire::Wire`]. So the same code runs
//! on real sockets and, in tests, against a scripted server with a fake clock.

pub mod core;
pub mod ending;
pub mod failures;
pub mod give_up;
pub mod pending;
pub mod reconnect;
pub mod reconnect_times;
pub mod replies;
mod sending;
pub mod stamps;
