//! A fixed number of threads, each a `single`: Stevens' prethreaded server. No
//! thread is made per connection, and the threads share memory. It breaks when
//! all threads are busy: the next client connects and waits.

use std::io;
use std::num::NonZeroUsize;

use super::single::Single;
use crate::server::{Accept, Group, ServeModel, Server, Workers};

/// See [the module documentation](self).
#[derive(Debug)]
pub struct Pool;

impl ServeModel for Pool {
    fn name(&self) -> &'static str {
        "pool"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["prethreaded"]
    }

    fn about(&self) -> &'static str {
        "N threads made up front, each serves one connection at a time"
    }

    fn group(&self) -> Group {
        Group::Modern
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
        server.run_threads(|thread| {
            thread.block_in_accept()?;
            Single.serve(thread)
        })
    }
}
