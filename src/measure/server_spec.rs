//! Which server is measured.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use crate::process::{ReadyBy, ServerProgram};
use crate::sys::Cpus;

/// Who is measured.
#[derive(Debug, Clone)]
pub enum ServerSpec {
    /// A server that is started anew for each trial.
    Server(ServerProgram),
    /// A command of any language, started anew for each trial.
    Exec(Exec),
    /// One that runs already.
    Target(SocketAddr),
}

/// A command that starts a server at the port that stands for `{port}` in its words.
#[derive(Debug, Clone)]
pub struct Exec {
    /// The program and its arguments; no shell is asked.
    pub words: Vec<String>,
    /// How long it may take to stop when asked.
    pub drain: Duration,
    /// The cores that it is kept on; `None` is all.
    pub cpus: Option<Cpus>,
}

impl Exec {
    /// What is replaced by the port.
    pub const PORT: &'static str = "{port}";

    /// The contestant at a port that is free now: a new one each time, since the
    /// last one's connections may bar it for a while.
    pub(crate) fn contestant(&self, name: &str) -> io::Result<ServerProgram> {
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let port = address.port().to_string();
        let command = self
            .words
            .iter()
            .map(|word| word.replace(Exec::PORT, &port).into());
        Ok(ServerProgram {
            name: name.to_owned(),
            command: command.collect(),
            ready: ReadyBy::Accepting(address),
            drain: self.drain,
            cpus: self.cpus.clone(),
            show_stderr: false,
        })
    }
}
