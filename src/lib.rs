//! Which concurrency model should an RPC server use? Six of them, measured side
//! by side with figures that can be trusted.

#[cfg(not(target_os = "linux"))]
compile_error!("rpcbench needs Linux 5.10 or later: epoll, signalfd, timerfd, memfd and /proc");

mod attack;
mod check;
mod cli;
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
mod server;
mod stats;
mod sys;

pub use cli::main;
pub use error::Error;
pub use protocol::{Builtin, Conversation, Fault, Outcome, Reply, Request, Service, Step};
pub use server::{Accept, Connection, Event, Limits, Progress, ServeModel, Server, Workers};

/// For the project's own tests, benches and fuzz targets; not part of the public API.
#[doc(hidden)]
pub mod internal {
    pub mod attack {
        pub use crate::attack::*;
    }
    pub mod check {
        pub use crate::check::*;
    }
    pub mod cli {
        pub use crate::cli::*;
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
    pub mod record {
        pub use crate::record::*;
    }
    pub mod report {
        pub use crate::report::*;
    }
    pub mod scenario {
        pub use crate::scenario::*;
    }
    pub mod server {
        pub use crate::server::*;
    }
    pub mod stats {
        pub use crate::stats::*;
    }
}
