//! One process per connection. The kernel isolates the clients: a crash affects
//! one of them, and all cores are used. It breaks on short connections, where
//! the fork costs many times as much as the request.

use std::io;

use crate::server::{Event, Group, MAX_CHILDREN, ServeModel, Server};

/// See [the module documentation](self).
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
        "one process per connection"
    }

    fn group(&self) -> Group {
        Group::Classic
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        let max = server
            .limits()
            .max_connections
            .unwrap_or(MAX_CHILDREN)
            .clamp(1, MAX_CHILDREN);
        let mut children = server.children();
        loop {
            let full = children.count() >= max;
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
                        // The fork failed: this connection is lost, the server continues.
                        server.meter().fault();
                    }
                    // The parent's copy of the connection is closed here; the child keeps its copy.
                }
                Some(Event::Stop) => return children.drain(),
                Some(Event::ChildEnded) | None => drop(children.reap()),
            }
        }
    }
}
