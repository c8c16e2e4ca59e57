//! System calls without a safe wrapper in a crate, and process set-up for several modules.
//!
//! Owns all `unsafe` code of the project. To change: one file per subject; each
//! `unsafe` block has a SAFETY line; nothing here depends on servers or loads.

pub(crate) mod affinity;
pub(crate) mod clock_error;
#[cfg(feature = "mpi")]
pub(crate) mod exit;
pub(crate) mod fork;
pub(crate) mod limits;
pub(crate) mod loopback;
pub(crate) mod poll;
pub(crate) mod priority;
pub(crate) mod reap;
pub(crate) mod scoped_runtime;
pub(crate) mod shared_counters;
pub(crate) mod signals;
pub(crate) mod sockets;
pub(crate) mod timestamps;
pub(crate) mod uring;

pub use affinity::Cpus;
pub use priority::Priority;
pub use shared_counters::SharedCounters;
