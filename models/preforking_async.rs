//! N processes, each an `async`: all cores, many connections, and a crash
//! costs one worker's clients. It breaks when the kernel deals connections
//! unevenly, since a connection stays with the worker that accepted it.

use std::io;

use super::r#async::Async;
use crate::server::{Accept, ServeModel, Server, Workers};

/// See [the text of its module](self).
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

    fn workers(&self) -> Option<Workers> {
        Some(Workers {
            default: None,
            accept: &[Accept::Reuseport, Accept::Shared, Accept::Exclusive],
        })
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        // Each worker makes its own poll: one made before the fork would be shared.
        server.supervise(|| Async.serve(server))
    }
}
