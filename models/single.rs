//! One process, one connection at a time: accept, serve it until it closes,
//! accept the next. It is the simplest model. It breaks with the second client,
//! which connects and then waits for the first to leave.

use std::io;

use crate::server::{Event, Group, ServeModel, Server};

/// See [the module documentation](self).
#[derive(Debug)]
pub struct Single;

impl ServeModel for Single {
    fn name(&self) -> &'static str {
        "single"
    }

    fn about(&self) -> &'static str {
        "one process serves one connection at a time"
    }

    fn group(&self) -> Group {
        Group::Classic
    }

    fn is_serial(&self) -> bool {
        true
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        while let Event::Connection(stream) = server.accept()? {
            server.converse(&stream);
        }
        Ok(())
    }
}
