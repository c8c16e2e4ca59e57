//! Settings of a server: address, workers, accept mode, limits.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::protocol::WriteMode;

/// The maximum number of children or workers of a server; each has a slot of the meter.
pub const MAX_CHILDREN: usize = 4096;

/// How connections are distributed to workers. See the example of [`Workers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Accept {
    /// All workers accept from one socket.
    Shared,
    /// Each worker has its own socket on the same port (SO_REUSEPORT); the kernel distributes connections.
    Reuseport,
    /// One socket; only some of the waiting workers are woken per connection (EPOLLEXCLUSIVE).
    Exclusive,
}

impl Accept {
    /// All modes.
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

/// The worker processes of a model: their default number and accept modes.
///
/// ```
/// use std::num::NonZeroUsize;
///
/// use rpcbench::{Accept, Workers};
///
/// /// Four workers on one socket; the user may choose other numbers and SO_REUSEPORT.
/// const WORKERS: Workers = Workers {
///     default: NonZeroUsize::new(4),
///     accept: &[Accept::Shared, Accept::Reuseport],
/// };
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Workers {
    /// The default number; `None` is one per core.
    pub default: Option<NonZeroUsize>,
    /// The supported accept modes; the first is the default.
    pub accept: &'static [Accept],
}

/// The limits of a server.
///
/// ```
/// use rpcbench::Server;
///
/// /// How many connections a model may hold that can serve 100 by itself.
/// fn max_connections(server: &Server<'_>) -> usize {
///     server.limits().max_connections.unwrap_or(100)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest body of a request or reply, in bytes.
    pub max_frame_bytes: usize,
    /// Concurrent connections, per process (threaded, async) or in total (forking); `None` is the model's default.
    pub max_connections: Option<usize>,
    /// The time within which a message must be complete and a reply must make progress; `None` is no limit.
    pub idle_timeout: Option<Duration>,
    /// A worker whose handler has not returned for this time is replaced; `None` is never.
    #[serde(default)]
    pub busy_timeout: Option<Duration>,
    /// How long a readiness loop polls without sleeping after the last event; `None` is not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_poll: Option<Duration>,
    /// How long the drain waits for requests in progress.
    pub drain: Duration,
}

/// The settings of a server; the model's defaults apply where a value is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Where to listen; port 0 is any free port.
    pub address: SocketAddr,
    /// The listen backlog, in connections per socket.
    pub backlog: u32,
    /// The number of worker processes, for models that have them.
    pub workers: Option<NonZeroUsize>,
    /// The accept mode of the workers, for models that have them.
    pub accept: Option<Accept>,
    /// How replies are written.
    #[serde(default, skip_serializing_if = "WriteMode::is_default")]
    pub write_mode: WriteMode,
    /// The limits.
    pub limits: Limits,
}

impl Settings {
    /// The number of workers and their accept mode. `None` for a model without
    /// workers, which ignores these settings.
    ///
    /// # Errors
    /// When there are too many workers, or the model does not support the mode.
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
