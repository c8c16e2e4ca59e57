//! N processes, each an `async`: all cores, many connections, and a crash
//! affects one worker's clients. It breaks when the kernel distributes
//! connections unevenly, since a connection stays with the worker that accepted it.

use std::io;

use super::r#async::Async;
use crate::server::{Accept, Group, ServeModel, Server, Workers};

/// See [the module documentation](self).
#[derive(Debug)]
pub struct PreforkingAsync;

impl ServeModel for PreforkingAsync {
    fn name(&self) -> &'static str {
        "preforking-async"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["prefork-async"]
    }

    fn about(&self) -> &'static str {
        "N processes, each a readiness loop over many connections"
    }

    fn group(&self) -> Group {
        Group::Classic
    }

    fn workers(&self) -> Option<Workers> {
        Some(Workers {
            default: None,
            accept: &[Accept::Reuseport, Accept::Shared, Accept::Exclusive],
        })
    }

    fn busy_polls(&self) -> bool {
        Async.busy_polls()
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        // Each worker creates its own epoll instance: one from before the fork would be shared.
        server.supervise(|| Async.serve(server))
    }
}
