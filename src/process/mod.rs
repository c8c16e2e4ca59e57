//! One server process: start it, guard it, read its counters, stop it.
//!
//! Owns the guard process, the messages between harness, guard and server,
//! their shared counters, and the figures read from /proc. To change: raise the
//! schema version of a changed message, see `messages`.

pub mod counters;
pub mod guard;
mod guard_link;
mod messages;
mod probe;
pub mod procfs;
mod program;
mod running_server;
mod switches;

pub use counters::{Active, Meter, Reading};
pub use messages::{Launch, Ready, ServeRequest};
pub use probe::is_build;
pub use program::{ReadyBy, ServerProgram};
pub use running_server::{HeldResources, RunningServer, ServerEnd, ServerSize, ServerUsage};
pub use switches::Switches;
