//! N threads, each an `async` with its own socket and its own epoll instance:
//! all cores, many connections, and nothing shared but memory. It breaks when
//! the kernel distributes connections unevenly, since a connection stays with
//! the thread that accepted it, and where a crash must not end all clients.

use std::io;

use super::r#async::Async;
use crate::server::{Accept, Group, ServeModel, Server, Workers};

/// See [the module documentation](self).
#[derive(Debug)]
pub struct AsyncThreads;

impl ServeModel for AsyncThreads {
    fn name(&self) -> &'static str {
        "async-threads"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["thread-per-core"]
    }

    fn about(&self) -> &'static str {
        "N threads, each a readiness loop with its own socket"
    }

    fn group(&self) -> Group {
        Group::Modern
    }

    fn busy_polls(&self) -> bool {
        true
    }

    fn workers(&self) -> Option<Workers> {
        Some(Workers {
            default: None,
            accept: &[Accept::Reuseport],
        })
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        server.run_threads(|thread| Async.serve(thread))
    }
}
