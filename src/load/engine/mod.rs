//! How the clients of a thread are connected to the system: one file per engine.

pub mod epoll;
