//! tokio's multi-thread runtime: a task per connection, one worker thread per
//! core, and an idle worker takes tasks from a busy one. Code reads as in
//! `threaded`, connections cost as little as in `async`. It breaks when a
//! handler computes or blocks: its worker runs no other task meanwhile.

use std::io;

use crate::server::{
    Accept, Group, ServeModel, Server, TaskAccept, TaskServer, Workers, run_scoped,
};

/// See [the module documentation](self).
#[derive(Debug)]
pub struct Tokio;

impl ServeModel for Tokio {
    fn name(&self) -> &'static str {
        "tokio"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["work-stealing"]
    }

    fn about(&self) -> &'static str {
        "tokio's multi-thread runtime, one task per connection"
    }

    fn group(&self) -> Group {
        Group::Modern
    }

    fn workers(&self) -> Option<Workers> {
        Some(Workers {
            default: None,
            accept: &[Accept::Shared],
        })
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        let tasks = TaskServer::new(server);
        // The runtime is made here, not earlier: its threads must not exist before.
        run_scoped(tasks.runtime()?, |runtime| {
            runtime.block_on(async {
                let listener = TaskAccept::new(server, &tasks)?;
                while let Some(stream) = listener.accept().await? {
                    runtime.spawn(tasks.converse(stream));
                }
                listener.drain().await;
                Ok(())
            })
        })
    }
}
