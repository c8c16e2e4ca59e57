//! The messages between harness, guard and server: one JSON object each.
//!
//! | message | from | to | how |
//! |---|---|---|---|
//! | [`Launch`] | harness | guard | an argument |
//! | [`ServeRequest`] | harness | server | an argument, passed on by the guard |
//! | [`Ready`] | server | harness | a line on stdout |
//! | [`Report`] | guard | harness | a line on stdout |
//!
//! Each names its schema and version. Harness and guard are always one
//! program; the server may be another build (`rpcbench check --baseline`), so a
//! mismatch names the side that is too old.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::server::Settings;
use crate::sys::Cpus;

/// Time that a server has beyond its drain before it is killed.
pub(crate) const GRACE: Duration = Duration::from_millis(500);

/// How the guard is to run a server's command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    /// [`Launch::SCHEMA`].
    pub schema: String,
    /// Time that the server has to stop when asked.
    pub drain: Duration,
    /// Where the server's stdout goes.
    pub stdout: ServerStdout,
    /// The cores that it is kept on; `None` is all.
    pub cpus: Option<Cpus>,
}

/// Where a server's stdout goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerStdout {
    /// To the harness, which reads [`Ready`] from it: a server of this program.
    Harness,
    /// To stderr: any other server, since stdout is for messages.
    Stderr,
}

impl Launch {
    /// The version of this message.
    pub const SCHEMA: &'static str = "rpcbench.launch/1";
}

/// Which model a server is to run, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServeRequest {
    /// [`ServeRequest::SCHEMA`].
    #[serde(default = "ServeRequest::first_schema")]
    pub schema: String,
    /// The model's name.
    pub model: String,
    /// How to serve.
    pub settings: Settings,
}

impl ServeRequest {
    /// The version of this message.
    pub const SCHEMA: &'static str = "rpcbench.serve/1";

    /// A request to serve `model` with these settings.
    pub fn new(model: &str, settings: Settings) -> ServeRequest {
        ServeRequest {
            schema: ServeRequest::SCHEMA.to_owned(),
            model: model.to_owned(),
            settings,
        }
    }

    /// Reads a request.
    ///
    /// # Errors
    /// When it is damaged or of another version: in words, naming the side that is too old.
    pub fn parse(text: &str) -> Result<ServeRequest, String> {
        let theirs = schema_of(text).unwrap_or_else(ServeRequest::first_schema);
        if theirs != ServeRequest::SCHEMA {
            return Err(mismatch(&theirs, ServeRequest::SCHEMA, "harness", "server"));
        }
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// Programs from before the schema was named.
    fn first_schema() -> String {
        ServeRequest::SCHEMA.to_owned()
    }
}

/// A server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// [`Ready::SCHEMA`].
    pub schema: String,
    /// The model's name.
    pub model: String,
    /// Where it listens, with the real port.
    pub address: SocketAddr,
    /// Worker processes as resolved; none where the model has none.
    pub workers: Option<usize>,
    /// How they accept as resolved.
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

/// What the guard reports of the server that it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "guard", rename_all = "snake_case")]
pub enum Report {
    /// The server runs.
    Started {
        /// Its process.
        pid: i32,
    },
    /// The server could not be started.
    Failed {
        /// Why.
        reason: String,
    },
    /// The server has ended.
    Ended {
        /// How, in words.
        how: String,
        /// Whether it ended with exit code 0, or was killed after the drain that was asked for.
        orderly: bool,
        /// Voluntary context switches over its life and that of the children it reaped.
        ctx_voluntary: u64,
        /// Involuntary ones.
        ctx_involuntary: u64,
    },
}

/// A line on the guard's stdout: the guard's own message, or one of its server.
#[derive(Debug, PartialEq)]
pub(crate) enum Message {
    /// From the guard.
    Guard(Report),
    /// From the server.
    Ready(Ready),
    /// A ready message of another version: what is wrong, in words.
    OtherVersion(String),
}

impl Message {
    /// The message that a line holds; `None` for anything else that a server prints.
    pub(crate) fn parse(line: &str) -> Option<Message> {
        if let Ok(report) = serde_json::from_str(line) {
            return Some(Message::Guard(report));
        }
        let schema = schema_of(line)?;
        if schema == Ready::SCHEMA {
            return serde_json::from_str(line).ok().map(Message::Ready);
        }
        (family(&schema).0 == family(Ready::SCHEMA).0)
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

/// `rpcbench.ready/1` in its parts.
fn family(schema: &str) -> (&str, Option<u32>) {
    let (family, version) = schema.split_once('/').unwrap_or((schema, ""));
    (family, version.parse().ok())
}

/// Which side is too old: `sender` sent `theirs`, and `reader` reads `ours`.
fn mismatch(theirs: &str, ours: &str, sender: &str, reader: &str) -> String {
    let older = if family(theirs).1 < family(ours).1 {
        sender
    } else {
        reader
    };
    format!(
        "the {sender} speaks {theirs}, and the {reader} reads {ours}: the {older}'s program is too old, \
         build both from versions that agree"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_names_the_side_that_is_too_old() {
        let line = |version: u32| format!(r#"{{"schema":"rpcbench.ready/{version}"}}"#);
        let said = |version| match Message::parse(&line(version)) {
            Some(Message::OtherVersion(said)) => said,
            other => panic!("{other:?}"),
        };
        assert!(
            said(0).contains("the server's program is too old"),
            "{}",
            said(0)
        );
        assert!(
            said(2).contains("the harness's program is too old"),
            "{}",
            said(2)
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
