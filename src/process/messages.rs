//! The messages between harness, guard and server. Each is one JSON object.
//!
//! | message | from | to | how |
//! |---|---|---|---|
//! | [`Launch`] | harness | guard | an argument |
//! | [`ServeRequest`] | harness | server | an argument, passed on by the guard |
//! | [`Ready`] | server | harness | a line on stdout |
//! | [`Report`] | guard | harness | a line on stdout |
//!
//! Each contains its schema and version. Harness and guard are always the same
//! program. The server may be another build (`rpcbench check --baseline`), so the
//! error for a mismatch names the side that is too old.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::server::Settings;
use crate::sys::Cpus;

/// Time after the drain before a server is killed.
pub(crate) const GRACE: Duration = Duration::from_millis(500);

/// How the guard must run a server's command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    /// [`Launch::SCHEMA`].
    pub schema: String,
    /// The server's drain time after a stop request.
    pub drain: Duration,
    /// Where the server's stdout goes.
    pub stdout: ServerStdout,
    /// The cores that the server is pinned to; `None` is all.
    pub cpus: Option<Cpus>,
}

/// Where a server's stdout goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerStdout {
    /// To the harness, which reads [`Ready`] from it: for a server of this program.
    Harness,
    /// To stderr: for any other server, since stdout is used for messages.
    Stderr,
}

impl Launch {
    /// The version of this message.
    pub const SCHEMA: &'static str = "rpcbench.launch/1";
}

/// The model and the settings of a server to start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServeRequest {
    /// [`ServeRequest::SCHEMA`].
    #[serde(default = "ServeRequest::first_schema")]
    pub schema: String,
    /// The model's name.
    pub model: String,
    /// The settings.
    pub settings: Settings,
}

impl ServeRequest {
    /// The version of this message.
    pub const SCHEMA: &'static str = "rpcbench.serve/1";

    /// A request to serve `model` with `settings`.
    pub fn new(model: &str, settings: Settings) -> ServeRequest {
        ServeRequest {
            schema: ServeRequest::SCHEMA.to_owned(),
            model: model.to_owned(),
            settings,
        }
    }

    /// Parses a request.
    ///
    /// # Errors
    /// When it is damaged or of another version: a text that names the side that is too old.
    pub fn parse(text: &str) -> Result<ServeRequest, String> {
        let schema = schema_of(text).unwrap_or_else(ServeRequest::first_schema);
        if schema != ServeRequest::SCHEMA {
            return Err(mismatch(&schema, ServeRequest::SCHEMA, "harness", "server"));
        }
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The schema of programs that did not send one.
    fn first_schema() -> String {
        ServeRequest::SCHEMA.to_owned()
    }
}

/// A server is ready: it listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// [`Ready::SCHEMA`].
    pub schema: String,
    /// The model's name.
    pub model: String,
    /// The address that it listens on, with the actual port.
    pub address: SocketAddr,
    /// The number of worker processes; `None` for a model without workers.
    pub workers: Option<usize>,
    /// Their accept mode.
    pub accept: Option<String>,
    /// The process that opened `meter_fd`.
    pub pid: i32,
    /// Its descriptor of the shared counters.
    pub meter_fd: i32,
}

impl Ready {
    /// The version of this message.
    pub const SCHEMA: &'static str = "rpcbench.ready/1";
}

/// A report of the guard about its server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "guard", rename_all = "snake_case")]
pub enum Report {
    /// The server has been started.
    Started {
        /// Its process id.
        pid: i32,
    },
    /// The server could not be started.
    Failed {
        /// The reason.
        reason: String,
    },
    /// The server has ended.
    Ended {
        /// How, in words.
        how: String,
        /// Whether it ended with exit code 0 or, after a stop request, by SIGTERM or at the end of its drain.
        orderly: bool,
        /// Its exit code; `None` if a signal ended it.
        #[serde(default)]
        exit_code: Option<i32>,
        /// Processes that it had started and that still ran after its end.
        #[serde(default)]
        left_processes: u64,
        /// Voluntary context switches of it and of the children it reaped, over their lifetimes.
        ctx_voluntary: u64,
        /// Involuntary context switches, likewise.
        ctx_involuntary: u64,
    },
}

/// A line on the guard's stdout: a message of the guard or of its server.
#[derive(Debug, PartialEq)]
pub(crate) enum Message {
    /// From the guard.
    Guard(Report),
    /// From the server.
    Ready(Ready),
    /// A ready message of another version: the error text.
    OtherVersion(String),
}

impl Message {
    /// Parses a line; `None` for other output of a server.
    pub(crate) fn parse(line: &str) -> Option<Message> {
        if let Ok(report) = serde_json::from_str(line) {
            return Some(Message::Guard(report));
        }
        let schema = schema_of(line)?;
        if schema == Ready::SCHEMA {
            return serde_json::from_str(line).ok().map(Message::Ready);
        }
        (split_schema(&schema).0 == split_schema(Ready::SCHEMA).0)
            .then(|| Message::OtherVersion(mismatch(&schema, Ready::SCHEMA, "server", "harness")))
    }
}

fn schema_of(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Version {
        schema: String,
    }
    let version: Version = serde_json::from_str(text).ok()?;
    Some(version.schema)
}

/// Splits `rpcbench.ready/1` into name and version.
fn split_schema(schema: &str) -> (&str, Option<u32>) {
    let (name, version) = schema.split_once('/').unwrap_or((schema, ""));
    (name, version.parse().ok())
}

/// The error text for a mismatch: `sender` sent schema `sent`, and `reader` reads `read`.
fn mismatch(sent: &str, read: &str, sender: &str, reader: &str) -> String {
    let older = if split_schema(sent).1 < split_schema(read).1 {
        sender
    } else {
        reader
    };
    format!(
        "the {sender} sends {sent}, but the {reader} reads {read}: the {older}'s program is too old; \
         build both from the same version"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_names_the_side_that_is_too_old() {
        let line = |version: u32| format!(r#"{{"schema":"rpcbench.ready/{version}"}}"#);
        let error_text = |version| match Message::parse(&line(version)) {
            Some(Message::OtherVersion(text)) => text,
            other => panic!("{other:?}"),
        };
        assert!(
            error_text(0).contains("the server's program is too old"),
            "{}",
            error_text(0)
        );
        assert!(
            error_text(2).contains("the harness's program is too old"),
            "{}",
            error_text(2)
        );
        assert_eq!(Message::parse("hello"), None);
        assert_eq!(Message::parse(r#"{"schema":"other/1"}"#), None);
        let newer = ServeRequest::parse(r#"{"schema":"rpcbench.serve/2","model":"x"}"#);
        assert!(
            newer
                .unwrap_err()
                .contains("the server's program is too old")
        );
    }
}
