//! The servers of known behaviour. They run under the same guard, models and drivers as every
//! server; only their handler, or what they allocate, is special.

mod arrivals;
mod every_nth;
mod hold;
mod known;
mod memory;
mod stall;

pub(crate) use arrivals::arrivals_ns;
pub use every_nth::EVERY;
pub use known::KnownServer;
pub use memory::SHARED_BYTES;
pub use stall::{STALL, STALL_EVERY};

use self::arrivals::Arrivals;
use self::every_nth::{EveryNth, Fault};
use self::hold::Hold;
use self::memory::WithSharedMemory;
use self::stall::Stall;
use crate::models::{Async, Forking, Preforking};
use crate::protocol::Builtin;

/// Holds each reply for the asked number of microseconds.
pub static HOLD: KnownServer = KnownServer {
    busy_polls: true,
    ..KnownServer::new("selftest-hold", &Async, &Hold)
};
/// Stalls for 100 ms in each second.
pub static STALLS: KnownServer = KnownServer::new("selftest-stall", &Async, &Stall);
/// Never sends one reply in 10,000.
pub static DROPS: KnownServer = KnownServer::new("selftest-drop", &Async, &DROPPING);
/// Sends one wrong reply in 10,000.
pub static WRONG: KnownServer = KnownServer::new("selftest-wrong", &Async, &MISTAKEN);
/// Records when requests arrive.
pub static ARRIVALS: KnownServer = KnownServer {
    busy_polls: true,
    keeps_arrivals: true,
    ..KnownServer::new("selftest-arrivals", &Async, &Arrivals)
};
/// The built-in methods in one process.
pub static PLAIN: KnownServer = KnownServer::new("selftest-async", &Async, &Builtin);
/// The built-in methods in a child per connection.
pub static CHILDREN: KnownServer = KnownServer::new("selftest-forking", &Forking, &Builtin);
/// Worker processes.
pub static WORKERS: KnownServer = KnownServer {
    workers: Some(memory::WORKERS),
    ..KnownServer::new("selftest-preforking", &Preforking, &Builtin)
};
/// Worker processes that share memory.
pub static SHARED_MEMORY: KnownServer = KnownServer {
    workers: Some(memory::WORKERS),
    ..KnownServer::new("selftest-memory", &WithSharedMemory, &Builtin)
};

static DROPPING: EveryNth = EveryNth::new(Fault::Drop);
static MISTAKEN: EveryNth = EveryNth::new(Fault::Wrong);

/// All of them.
static ALL: &[&KnownServer] = &[
    &HOLD,
    &STALLS,
    &DROPS,
    &WRONG,
    &ARRIVALS,
    &PLAIN,
    &CHILDREN,
    &WORKERS,
    &SHARED_MEMORY,
];

/// The server with this name, if it is one of them.
pub fn find(name: &str) -> Option<&'static KnownServer> {
    ALL.iter().copied().find(|server| server.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_is_found_by_its_own_name() {
        for server in ALL {
            assert!(std::ptr::eq(find(server.name).unwrap(), *server));
        }
        assert!(find("async").is_none());
    }
}
