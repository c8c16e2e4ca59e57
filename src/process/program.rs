//! What to start as a server, and how it is known to listen.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::sys::Cpus;

/// What to start.
#[derive(Debug, Clone)]
pub struct ServerProgram {
    /// What it is called in messages.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// How it is known that it listens.
    pub ready: ReadyBy,
    /// How long it may take to stop when asked.
    pub drain: Duration,
    /// The cores that it and all its processes are kept on; `None` is all.
    pub cpus: Option<Cpus>,
    /// Whether its stderr goes to ours; otherwise the end of it is kept for messages.
    pub show_stderr: bool,
}

/// How it is known that a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadyBy {
    /// It prints a ready line, as this very program does; its meter can then be read.
    Line,
    /// It accepts at this address. What it prints goes to stderr.
    Accepting(SocketAddr),
}

impl ServerProgram {
    /// The command by which this very program, whoever built it, serves `order`.
    ///
    /// # Errors
    /// When the system does not tell where this program is.
    pub fn own_command(order: String) -> io::Result<Vec<OsString>> {
        Ok(vec![
            std::env::current_exe()?.into(),
            "__serve".into(),
            order.into(),
        ])
    }
}
