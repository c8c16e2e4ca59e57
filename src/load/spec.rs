//! The specification of a load.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use super::client_config::{ClientConfig, Ramp};
use super::message::{Alternate, Message};
use super::nanos::nanos;
use super::window::Window;
use crate::load::pacer::mix::Mix;
use crate::load::pacer::schedule::{Assign, Schedule};
use crate::protocol::WriteMode;
use crate::sys::Cpus;

/// The drain: how long the generator waits for replies after the window.
pub const DRAIN: Duration = Duration::from_secs(1);
/// The largest number of connections; a larger one is most likely a typing error.
pub const MOST_CONNECTIONS: usize = 10_000_000;
/// The largest number of requests in flight per connection. Memory for each is allocated before
/// the load begins.
pub const MOST_IN_FLIGHT: usize = 10_000;
/// Time between two connects, all threads together: 10,000 connects per second.
const CONNECT_GAP: Duration = Duration::from_micros(100);

/// How connections are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// Regularly, with a FIN. The port then cannot be reused for a while (TIME_WAIT, RFC 9293).
    Fin,
    /// With a reset. The port can be reused at once; the server gets an error.
    Reset,
}

impl FromStr for Close {
    type Err = String;

    fn from_str(text: &str) -> Result<Close, String> {
        match text {
            "fin" => Ok(Close::Fin),
            "reset" => Ok(Close::Reset),
            _ => Err("expected fin or reset".to_owned()),
        }
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Close::Fin => "fin",
            Close::Reset => "reset",
        })
    }
}

/// The specification of a load.
#[derive(Debug, Clone)]
pub struct Load {
    /// The address of the server.
    pub target: SocketAddr,
    /// Connections that send requests.
    pub clients: usize,
    /// Threads of the generator; clients are divided among them.
    pub threads: usize,
    /// The length of the window.
    pub duration: Duration,
    /// The length of the warm-up before the window.
    pub warmup: Duration,
    /// How long the generator waits for replies after the window.
    pub drain: Duration,
    /// Timeout of a reply.
    pub timeout: Duration,
    /// Timeout of a connect.
    pub connect_timeout: Duration,
    /// Additional idle connections, which send nothing.
    pub idle: usize,
    /// Think time: how long a client of a closed loop waits before its next request.
    pub think: Duration,
    /// How requests are written.
    pub write_mode: WriteMode,
    /// How connections are closed.
    pub close: Close,
    /// The cores of the threads; `None` means all.
    pub cpus: Option<Cpus>,
    /// The plan of an open loop; `None` means a closed loop.
    pub schedule: Option<Schedule>,
    /// Requests in flight per connection.
    pub pipeline: usize,
    /// Replies per connection, after which it is closed; `None` means no limit.
    pub requests_per_connection: Option<u32>,
    /// All clients close their connections at the multiples of this time since the load
    /// began, and reconnect at once; `None` means never. No request is lost: a client with a
    /// request in flight reconnects after its reply.
    pub reconnect_every: Option<Duration>,
    /// The longest reply that is accepted, in bytes.
    pub max_frame_bytes: usize,
    /// The usual request.
    pub message: Message,
    /// A second request that sometimes replaces the usual one; `None` means never.
    pub alternate: Option<Alternate>,
}

impl Load {
    /// The number of all connections.
    pub fn connections(&self) -> usize {
        self.clients + self.idle
    }

    /// How long it takes to begin this number of connects.
    pub fn ramp(connections: usize) -> Duration {
        CONNECT_GAP * u32::try_from(connections).unwrap_or(u32::MAX)
    }

    /// The configuration of thread `index`. The threads connect in turn.
    pub(crate) fn config(&self, index: usize) -> ClientConfig {
        let gap_ns = nanos(CONNECT_GAP);
        ClientConfig {
            message: self.message.clone(),
            alternate: self
                .alternate
                .as_ref()
                .map(|alternate| alternate.message.clone()),
            first_client: self.clients_of(index).start,
            pipeline: self.pipeline,
            assign: self
                .schedule
                .map_or(Assign::Bound, |schedule| schedule.assign),
            connects_first: self.schedule.is_some() && self.requests_per_connection.is_none(),
            requests_per_connection: self.requests_per_connection,
            reconnect_every_ns: self.reconnect_every.map(nanos),
            timeout_ns: nanos(self.timeout),
            connect_timeout_ns: nanos(self.connect_timeout),
            idle: self.share(self.idle, index).len(),
            ramp: Ramp {
                first_ns: gap_ns * index as u64,
                gap_ns: gap_ns * self.threads as u64,
            },
            write_mode: self.write_mode,
            max_frame_bytes: self.max_frame_bytes,
        }
    }

    /// Which requests send the second message. The seed is that of the plan in an open loop
    /// and 0 in a closed loop.
    pub(crate) fn mix(&self) -> Mix {
        Mix {
            one_in: self.alternate.as_ref().map(|alternate| alternate.one_in),
            seed: self.schedule.map_or(0, |schedule| schedule.seed),
        }
    }

    /// How long the overload lasts, from the start of the window until the rate falls. `None`
    /// if the rate does not fall after the start of the window.
    pub fn overload(&self) -> Option<Duration> {
        let schedule = self.schedule?;
        let then = schedule.then?;
        let falls = then.rate_rps < schedule.rate_rps;
        (falls && !then.after.is_zero()).then(|| then.after.min(self.duration))
    }

    pub(crate) fn window(&self) -> Window {
        Window {
            from_ns: nanos(self.warmup),
            to_ns: nanos(self.warmup + self.duration),
        }
    }

    /// The clients of thread `index`.
    pub(crate) fn clients_of(&self, index: usize) -> std::ops::Range<usize> {
        self.share(self.clients, index)
    }

    /// The part of `all` that belongs to thread `index`.
    fn share(&self, all: usize, index: usize) -> std::ops::Range<usize> {
        all * index / self.threads..all * (index + 1) / self.threads
    }
}
