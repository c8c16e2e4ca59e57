//! The event loops that connect the clients of a thread to the system: one file per engine.

pub mod epoll;
pub mod event_loop;
