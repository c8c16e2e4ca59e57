//! One server process: start it, guard it, read its counters, stop it.
//!
//! Owns the guard process, the messages between harness, guard and server,
//! their shared counters, and the figures read from /proc. To change: raise the
//! schema version of a changed message, see `messages`.

pub mod counters;
mod cpu_ticks;
mod cpu_time;
pub mod guard;
mod guard_link;
mod machine;
mod memory;
mod messages;
mod probe;
pub mod procfs;
mod program;
mod running_server;
mod switches;

pub use counters::{Active, Meter, Reading};
pub use cpu_ticks::CpuTicks;
pub use machine::MachineUsage;
pub use memory::PeakSize;
pub use messages::{Launch, Ready, ServeRequest};
pub use probe::is_build;
pub use program::{ReadyBy, ServerProgram};
pub use running_server::{HeldResources, RunningServer, ServerEnd, ServerUsage};
pub use switches::Switches;
