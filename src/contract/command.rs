//! A command that starts a server of another program.

use std::ffi::OsString;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use crate::error::Error;
use crate::process::{ReadyBy, ServerProgram};

/// What is replaced by the port.
const PORT: &str = "{port}";

/// The words of a command, with a place for the port.
#[derive(Debug, Clone)]
pub(super) struct ServerCommand {
    words: Vec<String>,
}

impl ServerCommand {
    /// Splits `text` as a shell would; no shell runs it.
    ///
    /// # Errors
    /// When it is no command, or has no `{port}`.
    pub(super) fn parse(program: &Path, text: &str) -> Result<ServerCommand, Error> {
        let words = shlex::split(text).filter(|words| !words.is_empty());
        match words {
            Some(words) if words.iter().any(|word| word.contains(PORT)) => {
                Ok(ServerCommand { words })
            }
            _ => Err(Error::Contract {
                program: program.to_owned(),
                what: format!("{text:?} must be a command that contains {PORT}"),
            }),
        }
    }

    /// The server at a free port, guarded by `guard`.
    pub(super) fn server(&self, guard: &Path, drain: Duration) -> std::io::Result<ServerProgram> {
        let free = TcpListener::bind(("127.0.0.1", 0))?;
        let address: SocketAddr = free.local_addr()?;
        let port = address.port().to_string();
        let words = self.words.iter();
        let command: Vec<OsString> = words.map(|word| word.replace(PORT, &port).into()).collect();
        Ok(ServerProgram {
            name: self.words.join(" "),
            command,
            guard: Some(guard.to_owned()),
            ready: ReadyBy::Accepting(address),
            drain,
            cpus: None,
            serial_workers: None,
            show_stderr: false,
        })
    }
}
