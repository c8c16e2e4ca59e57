//! A fixed number of pre-forked processes, each a `single`: each worker is
//! forked once, and a worker that dies is replaced. It breaks when all workers
//! are busy: the next client connects and waits.

use std::io;
use std::num::NonZeroUsize;

use super::single::Single;
use crate::server::{Accept, Group, ServeModel, Server, Workers};

/// See [the module documentation](self).
#[derive(Debug)]
pub struct Preforking;

impl ServeModel for Preforking {
    fn name(&self) -> &'static str {
        "preforking"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["prefork"]
    }

    fn about(&self) -> &'static str {
        "N pre-forked processes, each serves one connection at a time"
    }

    fn group(&self) -> Group {
        Group::Classic
    }

    fn workers(&self) -> Option<Workers> {
        const TEN: Option<NonZeroUsize> = NonZeroUsize::new(10);
        Some(Workers {
            default: TEN,
            accept: &[Accept::Shared, Accept::Reuseport],
        })
    }

    fn is_serial(&self) -> bool {
        true
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        server.supervise(|| {
            server.block_in_accept()?;
            Single.serve(server)
        })
    }
}
