//! Which concurrency model should an RPC server use? Six of them, measured side
//! by side with figures that can be trusted.
//!
//! Most users want the program; see its README. As a library this crate lets
//! you plug in a model ([`model::ServeModel`]) or a handler
//! ([`service::Service`]) of your own and measure it beside the built-in ones.

#[cfg(not(target_os = "linux"))]
compile_error!("rpcbench needs Linux 5.10 or later: epoll, signalfd, timerfd, memfd and /proc");

pub mod check;
pub mod cli;
pub mod conversation;
pub mod cpus;
pub mod environment;
pub mod error;
pub mod harness;
pub mod histogram;
pub mod hostile;
pub mod load;
pub mod meter;
pub mod model;
#[path = "../models/mod.rs"]
pub mod models;
pub mod noise;
pub mod protocol;
pub mod ready;
pub mod record;
pub mod report;
pub mod run;
pub mod scenario;
pub mod server;
pub mod service;
pub mod stats;
mod sys;
pub mod wiring;
