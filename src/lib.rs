//! Which concurrency model should an RPC server use? rpcbench runs a server
//! under several models, drives it with many connections and compares them.
//!
//! Most users want the program; see its README. As a library this crate takes a
//! model or a handler of your own and measures it beside the built-in ones.
//!
//! # Your own model
//!
//! A model is a type that implements [`ServeModel`]. It gets a [`Server`] that
//! listens already, and serves until it is told to stop:
//!
//! ```no_run
//! use std::io;
//! use std::process::ExitCode;
//!
//! use rpcbench::{Builtin, Event, ServeModel, Server, models};
//!
//! struct OneAtATime;
//!
//! impl ServeModel for OneAtATime {
//!     fn name(&self) -> &'static str {
//!         "one-at-a-time"
//!     }
//!
//!     fn about(&self) -> &'static str {
//!         "serves one connection after the other"
//!     }
//!
//!     fn serve(&self, server: &Server<'_>) -> io::Result<()> {
//!         // `accept` also returns when the server is to stop.
//!         while let Event::Connection(stream) = server.accept()? {
//!             server.converse(&stream);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     let mut all: Vec<&dyn ServeModel> = vec![&OneAtATime];
//!     all.extend(models::ALL);
//!     rpcbench::main(&all, &Builtin)
//! }
//! ```
//!
//! The program that this makes has every command of rpcbench:
//! `cargo run --release -- --model one-at-a-time,single`. The built-in
//! [models] are written with the same tools and are the best examples:
//!
//! | a model that | uses | see |
//! |---|---|---|
//! | blocks in a read | [`Server::accept`], [`Server::converse`] | [`models::single`], [`models::threaded`] |
//! | forks | [`Server::children`], [`Server::supervise`] | [`models::forking`], [`models::preforking`] |
//! | waits for readiness | [`NonblockingAccept`], [`Connection`], [`Timers`], [`BusyPoll`] | [`models::async`] |
//! | lets other threads call its handlers | [`Connection::hand_over`], [`Handover`], [`Returns`] | [`models::async_pool`] |
//! | waits for completions | [`Ring`], [`CompletionAccept`], [`CompletionConnection`], [`TimerQueue`] | [`models::uring`] |
//! | has a task per connection | [`TaskServer`], [`TaskAccept`], [`run_scoped`] | [`models::tokio`] |
//! | does its own I/O | [`Server::conversation`], [`Server::call`], [`Conversation`], [`Step`], [`IdleDeadline`] | the example of [`Conversation`] |
//! | waits for completions | the same, with [`Stop`], [`Timers`], [`Meter`] | `examples/completion_model/` |
//!
//! `examples/own_model.rs` is a whole model with a bound, a stop and a drain. What a model must get
//! right is a table of cases: [`contract::check`] runs them against yours, in a test of your crate.
//!
//! # Your own handler
//!
//! A handler implements [`Service`]; it is then served under every model. See
//! the example there, and `examples/own_handler.rs`, a small key-value store.
//!
//! # A server in another language
//!
//! `rpcbench --exec 'python3 server.py {port}'` measures it, and [`contract::check_command`] checks
//! it; `examples/python/` has three.
//!
//! # Records
//!
//! Every measurement is a [`record::Record`], one JSON document:
//!
//! ```no_run
//! use rpcbench::record::Record;
//!
//! let record = Record::read("run.json".as_ref())?;
//! for cell in &record.cells {
//!     for trial in &cell.trials {
//!         println!("{}: {:.0} per second", cell.contestant.name, trial.throughput_rps);
//!     }
//! }
//! # Ok::<(), rpcbench::Error>(())
//! ```

#[cfg(not(target_os = "linux"))]
compile_error!("rpcbench needs Linux 5.10 or later: epoll, signalfd, timerfd, memfd and /proc");

mod attack;
mod check;
mod cli;
mod cluster;
pub mod contract;
mod error;
mod findings;
mod load;
mod measure;
#[path = "../models/mod.rs"]
pub mod models;
mod process;
mod protocol;
pub mod record;
mod report;
mod scenario;
mod selftest;
mod server;
mod stats;
mod sys;

pub use cli::main;
pub use error::Error;
pub use process::counters::{Active, Meter};
pub use protocol::{Builtin, Conversation, Fault, Outcome, Reply, Request, Service, Step};
pub use server::{
    Accept, BusyPoll, Children, Completion, CompletionAccept, CompletionConnection, Connection,
    EndedChild, Event, Group, Handover, IdleDeadline, Limits, NonblockingAccept, Operation,
    Progress, READ_OFF_TIME, Returns, Ring, RingSize, ServeModel, Server, Spawner, Stop,
    TaskAccept, TaskServer, TimedOut, TimerQueue, Timers, Token, Workers, run_scoped,
};

/// For the project's own tests, benches and fuzz targets; not part of the public API.
#[doc(hidden)]
pub mod internal {
    pub mod attack {
        pub use crate::attack::*;
    }
    pub mod check {
        pub use crate::check::*;
    }
    pub mod cluster {
        pub use crate::cluster::*;
    }
    pub mod findings {
        pub use crate::findings::*;
    }
    pub mod load {
        pub use crate::load::*;
    }
    pub mod measure {
        pub use crate::measure::*;
    }
    pub mod process {
        pub use crate::process::*;
    }
    pub mod protocol {
        pub use crate::protocol::*;
    }
    pub mod report {
        pub use crate::report::*;
    }
    pub mod scenario {
        pub use crate::scenario::*;
    }
    pub mod selftest {
        pub use crate::selftest::*;
    }
    pub mod server {
        pub use crate::server::*;
    }
    pub mod stats {
        pub use crate::stats::*;
    }
}
