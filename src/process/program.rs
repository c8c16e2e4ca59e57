//! A server program to start, and how to detect that it listens.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::sys::Cpus;

/// A server program to start.
#[derive(Debug, Clone)]
pub struct ServerProgram {
    /// Its name in messages.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// The program that guards it, a binary of rpcbench; `None` is this program.
    pub guard: Option<PathBuf>,
    /// How to detect that it listens.
    pub ready: ReadyBy,
    /// The drain time after a stop request.
    pub drain: Duration,
    /// The cores that all its processes are pinned to; `None` is all.
    pub cpus: Option<Cpus>,
    /// The number of its workers, if each serves one connection at a time: further clients wait.
    pub serial_workers: Option<usize>,
    /// Whether its stderr goes to this process's stderr; otherwise its end is kept for messages.
    pub show_stderr: bool,
}

/// How to detect that a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadyBy {
    /// It prints a ready line, as servers of this program do. Its meter can then be read.
    Line,
    /// It accepts connections at this address. Its stdout goes to stderr.
    Accepting(SocketAddr),
}

impl ServerProgram {
    /// The command that serves `order` with this program's own binary.
    ///
    /// # Errors
    /// When the path of this program cannot be read.
    pub fn own_command(order: String) -> io::Result<Vec<OsString>> {
        Ok(Self::command_of(std::env::current_exe()?, order))
    }

    /// The command that serves `order` with this binary of rpcbench.
    pub fn command_of(program: PathBuf, order: String) -> Vec<OsString> {
        vec![program.into(), "__serve".into(), order.into()]
    }
}
