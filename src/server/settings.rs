//! What a server is asked for: workers, how they accept, limits.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::protocol::WriteMode;

/// The most children or workers that a server has, each with a slot of the meter.
pub const MAX_CHILDREN: usize = 4096;

/// How connections come to several workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accept {
    /// All workers accept from one socket.
    Shared,
    /// Each worker has a socket of its own on the same port (SO_REUSEPORT); the kernel deals.
    Reuseport,
    /// One socket, and few of the waiting workers are woken a connection (EPOLLEXCLUSIVE).
    Exclusive,
}

impl Accept {
    /// All of them.
    pub const ALL: [Accept; 3] = [Accept::Shared, Accept::Reuseport, Accept::Exclusive];
}

impl fmt::Display for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Accept::Shared => "shared",
            Accept::Reuseport => "reuseport",
            Accept::Exclusive => "exclusive",
        })
    }
}

impl FromStr for Accept {
    type Err = String;

    fn from_str(text: &str) -> Result<Accept, String> {
        let named = Accept::ALL
            .into_iter()
            .find(|accept| accept.to_string() == text);
        named.ok_or_else(|| "one of shared, reuseport, exclusive".to_owned())
    }
}

/// How many worker processes a model has and how they accept.
#[derive(Debug, Clone, Copy)]
pub struct Workers {
    /// How many unless asked otherwise; `None` is one a core.
    pub default: Option<NonZeroUsize>,
    /// The modes that it knows; the first is its default.
    pub accept: &'static [Accept],
}

/// What bounds a server.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest body of a request or reply.
    pub max_frame_bytes: usize,
    /// Connections at a time, a process (threaded, async) or in all (forking); `None` is the model's own.
    pub max_connections: Option<usize>,
    /// A message must be complete, and a reply make progress, within this time; `None` is for ever.
    pub idle_timeout: Option<Duration>,
    /// A worker whose handler has not returned for so long is replaced; `None` is never.
    #[serde(default)]
    pub busy_timeout: Option<Duration>,
    /// How long a stop waits for what is in flight.
    pub drain: Duration,
}

/// What is asked of a server; the model fills in what is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Where to listen; port 0 is any free one.
    pub address: SocketAddr,
    /// Connections that may wait to be accepted, a socket.
    pub backlog: u32,
    /// Worker processes, for the models that have them.
    pub workers: Option<NonZeroUsize>,
    /// How workers accept, for the models that have them.
    pub accept: Option<Accept>,
    /// How replies are written.
    #[serde(default, skip_serializing_if = "WriteMode::is_default")]
    pub write_mode: WriteMode,
    /// What bounds it.
    pub limits: Limits,
}

impl Settings {
    /// How many workers there will be and how they accept; `None` for a model that has none,
    /// which passes over what was asked of workers.
    ///
    /// # Errors
    /// When there are too many, or the model does not know the mode.
    pub fn resolve(
        &self,
        workers: Option<Workers>,
    ) -> Result<Option<(NonZeroUsize, Accept)>, Error> {
        let Some(workers) = workers else {
            return Ok(None);
        };
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let count = self.workers.or(workers.default).unwrap_or(cores);
        if count.get() > MAX_CHILDREN {
            return Err(Error::TooManyWorkers {
                asked: count.get(),
                most: MAX_CHILDREN,
            });
        }
        let accept = self.accept.unwrap_or(workers.accept[0]);
        if !workers.accept.contains(&accept) {
            let known = workers
                .accept
                .iter()
                .map(Accept::to_string)
                .collect::<Vec<_>>()
                .join(" or ");
            return Err(Error::AcceptMode {
                asked: accept.to_string(),
                known,
            });
        }
        Ok(Some((count, accept)))
    }
}
