//! The functions that models are built from.
//!
//! - [`Server::accept`] waits for the next connection;
//! - [`Server::converse`] serves one connection to its end and blocks meanwhile;
//! - [`Connection::drive`] serves one connection until it would have to wait;
//! - [`Handover`] and [`Returns`] let other threads call the handlers of a readiness loop;
//! - [`CompletionConnection`] and [`CompletionAccept`] serve by the completions of a [`Ring`];
//! - [`BusyPoll`] makes a readiness loop poll without sleeping for a time;
//! - [`Server::conversation`], [`Server::call`] and [`IdleDeadline`] are for models that do their
//!   own I/O, such as completion-based ones;
//! - [`Server::children`] forks, counts and reaps processes;
//! - [`Server::supervise`] runs and replaces worker processes;
//! - [`Server::run_threads`] runs worker threads;
//! - [`TaskServer`] serves connections as tasks of tokio.
//!
//! Owns limits, timeouts, shutdown and counting for all models. To change: code
//! for all models goes here, code of one model goes into its file in `models/`.

mod accept;
mod bind;
mod blocking;
mod blocking_read;
mod bound;
mod busy_poll;
mod children;
mod completion;
mod completion_accept;
mod handover;
mod idle_deadline;
pub mod model;
mod nonblocking;
mod nonblocking_accept;
mod settings;
mod shutdown;
mod stream;
mod stuck_workers;
mod supervise;
mod task_accept;
mod task_list;
mod tasks;
mod threads;
mod timer_queue;
mod timers;
mod turn;

pub(crate) use crate::process::counters::Active;
pub use accept::Event;
pub use bound::{READ_OFF_TIME, Server};
pub use busy_poll::BusyPoll;
pub use children::{Children, EndedChild};
pub use completion::{CompletionConnection, Operation, TimedOut};
pub use completion_accept::CompletionAccept;
pub use handover::{Handover, Returns};
pub use idle_deadline::IdleDeadline;
pub use model::{Group, ServeModel};
pub use nonblocking::{Connection, Progress};
pub use nonblocking_accept::NonblockingAccept;
pub use settings::{Accept, Limits, MAX_CHILDREN, Settings, Workers};
pub use shutdown::Stop;
pub(crate) use stream::close_with_reset;
pub use task_accept::TaskAccept;
pub use tasks::TaskServer;
pub use timer_queue::TimerQueue;
pub use timers::Timers;

pub use crate::sys::scoped_runtime::{Spawner, run_scoped};
pub use crate::sys::uring::{Completion, Ring, RingSize, Token};
