//! One server process: how it is started, guarded, read and stopped.
//!
//! Owns the guard process, the messages between harness, guard and server, the
//! counters that they share, and the figures read from /proc. To change: a
//! message changes with its schema version, see `messages`.

pub mod counters;
pub mod guard;
mod guard_link;
mod messages;
pub mod procfs;
mod program;
mod running_server;

pub use counters::{Active, Meter, Reading};
pub use messages::{Launch, Ready, ServeRequest};
pub use program::{ReadyBy, ServerProgram};
pub use running_server::{HeldResources, RunningServer, ServerEnd, ServerSize, ServerUsage};
