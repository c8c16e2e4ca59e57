//! One process a connection. Clients are kept apart by the kernel: a crash
//! costs one of them, and all cores are used. It breaks on short connections,
//! where the fork costs many times what the request does.

use std::io;

use crate::server::{Event, MAX_CHILDREN, ServeModel, Server};

/// See [the text of its module](self).
#[derive(Debug)]
pub struct Forking;

impl ServeModel for Forking {
    fn name(&self) -> &'static str {
        "forking"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["fork"]
    }

    fn about(&self) -> &'static str {
        "one process a connection"
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        let most = server
            .limits()
            .max_connections
            .unwrap_or(MAX_CHILDREN)
            .clamp(1, MAX_CHILDREN);
        let mut children = server.children();
        loop {
            let full = children.count() >= most;
            let event = if full {
                server.wait_for_child(None)?
            } else {
                Some(server.accept()?)
            };
            match event {
                Some(Event::Connection(stream)) => {
                    let forked = children.fork(|_| {
                        server.close_listeners();
                        server.converse(&stream);
                        0
                    });
                    if forked.is_err() {
                        // No process to be had: this connection is lost, the server goes on.
                        server.meter().fault();
                    }
                    // The parent's copy of the connection closes here; the child's is its own.
                }
                Some(Event::Stop) => return children.drain(),
                Some(Event::ChildEnded) | None => drop(children.reap()),
            }
        }
    }
}
