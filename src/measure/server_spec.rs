//! How to start or reach the server of a case.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::Duration;

use crate::process::{ReadyBy, ServerProgram};
use crate::sys::Cpus;

/// The server of a case.
#[derive(Debug, Clone)]
pub enum ServerSpec {
    /// A server of this program, started again for each trial.
    Server(ServerProgram),
    /// Any command that starts a server, started again for each trial.
    Exec(Exec),
    /// The address of a server that is already running.
    Target(SocketAddr),
}

/// A command that starts a server; `{port}` in its words is replaced by the port to listen on.
#[derive(Debug, Clone)]
pub struct Exec {
    /// The program and its arguments; no shell is used.
    pub words: Vec<String>,
    /// The longest time to stop after the request to stop.
    pub drain: Duration,
    /// The cores that it may use; `None` is all.
    pub cpus: Option<Cpus>,
    /// The address at which it is expected to listen.
    pub listen: IpAddr,
}

impl Exec {
    /// The placeholder for the port.
    pub const PORT: &'static str = "{port}";

    /// The program to start, at a free port. The port is new each time, since connections of the
    /// previous server in TIME_WAIT can block its port.
    ///
    /// # Errors
    /// When no free port is available.
    pub(crate) fn program(&self, name: &str) -> io::Result<ServerProgram> {
        let address = TcpListener::bind((self.listen, 0))?.local_addr()?;
        let port = address.port().to_string();
        let command = self
            .words
            .iter()
            .map(|word| word.replace(Exec::PORT, &port).into());
        Ok(ServerProgram {
            name: name.to_owned(),
            command: command.collect(),
            guard: None,
            ready: ReadyBy::Accepting(address),
            drain: self.drain,
            cpus: self.cpus.clone(),
            serial_workers: None,
            show_stderr: false,
        })
    }
}
