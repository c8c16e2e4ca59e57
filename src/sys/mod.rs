//! System calls that no crate offers as safe calls, and set-up that several rooms need.
//!
//! All `unsafe` code of the project lives here. To change: one file per subject;
//! each `unsafe` block has a SAFETY line; nothing here knows of servers or loads.

pub(crate) mod affinity;
pub(crate) mod fork;
pub(crate) mod limits;
pub(crate) mod loopback;
pub(crate) mod poll;
pub(crate) mod reap;
pub(crate) mod shared_counters;
pub(crate) mod signals;
pub(crate) mod sockets;

pub use affinity::Cpus;
pub use shared_counters::SharedCounters;
