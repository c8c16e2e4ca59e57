//! What load to make.

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

/// How long after the window replies are waited for.
pub const DRAIN: Duration = Duration::from_secs(1);
/// More connections than this are a slip of the finger.
pub const MOST_CONNECTIONS: usize = 10_000_000;
/// Requests in flight a connection: each has a place that is made before the load begins.
pub const MOST_IN_FLIGHT: usize = 10_000;
/// How long after each connection the next one is made, all threads together: 10,000 a second.
const CONNECT_GAP: Duration = Duration::from_micros(100);

/// How connections are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// In order, with a FIN; the port is then barred for a while (TIME_WAIT, RFC 9293).
    Fin,
    /// With a reset, which bars nothing and which the server sees as an error.
    Reset,
}

impl FromStr for Close {
    type Err = String;

    fn from_str(text: &str) -> Result<Close, String> {
        match text {
            "fin" => Ok(Close::Fin),
            "reset" => Ok(Close::Reset),
            _ => Err("fin or reset".to_owned()),
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

/// What load to make.
#[derive(Debug, Clone)]
pub struct Load {
    /// Whom to ask.
    pub target: SocketAddr,
    /// Connections that send.
    pub clients: usize,
    /// Threads that they are spread over.
    pub threads: usize,
    /// The window.
    pub duration: Duration,
    /// What goes before it.
    pub warmup: Duration,
    /// How long replies are waited for after it.
    pub drain: Duration,
    /// How long a reply may take.
    pub timeout: Duration,
    /// How long a connect may take.
    pub connect_timeout: Duration,
    /// Connections that stand beside them and send nothing.
    pub idle: usize,
    /// How long a client of a closed loop waits before it asks again.
    pub think: Duration,
    /// How requests are written.
    pub write_mode: WriteMode,
    /// How connections are closed.
    pub close: Close,
    /// The cores of the threads; `None` is all.
    pub cpus: Option<Cpus>,
    /// When requests are due; `None` is the closed loop.
    pub schedule: Option<Schedule>,
    /// Requests in flight a connection.
    pub pipeline: usize,
    /// A connection ends after so many replies; `None` is never.
    pub requests_per_connection: Option<u32>,
    /// All clients give up their connections at the multiples of this time since the load
    /// began, and connect again at once; `None` is never. No request is lost: a client that
    /// has one in flight leaves when its reply has come.
    pub reconnect_every: Option<Duration>,
    /// The longest reply that is believed.
    pub max_frame_bytes: usize,
    /// What is sent.
    pub message: Message,
    /// What some requests are instead; `None` is none of them.
    pub alternate: Option<Alternate>,
}

impl Load {
    /// Connections in all.
    pub fn connections(&self) -> usize {
        self.clients + self.idle
    }

    /// How long it takes until the last of so many connections is asked for.
    pub fn ramp(connections: usize) -> Duration {
        CONNECT_GAP * u32::try_from(connections).unwrap_or(u32::MAX)
    }

    /// Of thread `index`: it takes its turn with the others at connecting.
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

    /// Which requests are the other message: in an open loop by the seed of its plan, in a
    /// closed one always the same.
    pub(crate) fn mix(&self) -> Mix {
        Mix {
            one_in: self.alternate.as_ref().map(|alternate| alternate.one_in),
            seed: self.schedule.map_or(0, |schedule| schedule.seed),
        }
    }

    /// Until when the plan overloads: its rate then falls. `None` where it does not, in the
    /// window.
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

    /// Which of the clients thread `index` has.
    pub(crate) fn clients_of(&self, index: usize) -> std::ops::Range<usize> {
        self.share(self.clients, index)
    }

    /// What thread `index` has of `all`.
    fn share(&self, all: usize, index: usize) -> std::ops::Range<usize> {
        all * index / self.threads..all * (index + 1) / self.threads
    }
}
