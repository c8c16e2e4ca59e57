//! A load, ready to run: its specification, its messages, and where it goes.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::client_config::{ClientConfig, Ramp};
use super::littles_law::MOST_SLICES;
use super::message::Message;
use super::nanos::nanos;
use super::part::LoadPart;
use super::window::Window;
use crate::error::Error;
use crate::load::pacer::closed::ClosedLoop;
use crate::load::pacer::mix::Mix;
use crate::load::pacer::open::OpenLoop;
use crate::load::pacer::planned::Pacer;
use crate::load::pacer::schedule::Schedule;
use crate::record::{LoadSpec, Mode};

/// The drain: how long the generator waits for replies after the window.
pub const DRAIN: Duration = Duration::from_secs(1);
/// The longest time for which requests are sent after the window. They are in no figure of the
/// generator; the counters of the server have them.
pub const MOST_AFTER_WINDOW: Duration = Duration::from_millis(100);
/// Time between two connects, all threads together: 10,000 connects per second.
const CONNECT_GAP: Duration = Duration::from_micros(100);

/// How the generator runs, whatever the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratorConfig {
    /// Threads of the generator; clients are divided among them.
    pub threads: usize,
    /// How long the generator waits for replies after the window.
    pub drain: Duration,
    /// The longest reply that is accepted, in bytes.
    pub max_frame_bytes: usize,
    /// The part of the load that this generator makes.
    pub part: LoadPart,
    /// When the load begins; `None` is at once.
    pub start_at: Option<SystemTime>,
}

/// A load, ready to run.
#[derive(Debug, Clone)]
pub struct Load {
    /// What the clients do.
    pub spec: LoadSpec,
    /// How the generator runs.
    pub generator: GeneratorConfig,
    /// The address of the server.
    pub target: SocketAddr,
    /// The seed of the plan of requests.
    pub seed: u64,
    /// If given, the replies of each part of the window of this length are counted and published
    /// while the load runs.
    pub slice: Option<Duration>,
    message: Message,
    alternate: Option<Message>,
}

impl Load {
    /// A load of this server.
    ///
    /// # Errors
    /// When the params of a request are not JSON, or an open loop has no rate.
    pub fn new(
        spec: LoadSpec,
        generator: GeneratorConfig,
        target: SocketAddr,
        seed: u64,
    ) -> Result<Load, Error> {
        let invalid = |reason| Error::Load(io::Error::new(io::ErrorKind::InvalidInput, reason));
        if spec.mode != Mode::Closed && spec.rate_rps.is_none() {
            return Err(invalid("an open loop needs a rate".to_owned()));
        }
        let alternate = spec.alternate.as_ref().map(Message::alternate);
        Ok(Load {
            message: Message::of(&spec).map_err(invalid)?,
            alternate: alternate.transpose().map_err(invalid)?,
            spec,
            generator,
            target,
            seed,
            slice: None,
        })
    }

    /// How long it takes to begin this number of connects.
    pub fn ramp(connections: usize) -> Duration {
        CONNECT_GAP * u32::try_from(connections).unwrap_or(u32::MAX)
    }

    /// The plan of an open loop; `None` in a closed loop.
    pub(crate) fn schedule(&self) -> Option<Schedule> {
        Some(Schedule {
            rate_rps: self.spec.rate_rps?,
            arrivals: self.spec.arrivals()?,
            seed: self.seed,
            skew: self.spec.skew,
            then: self.spec.then,
        })
    }

    /// The configuration of thread `index`. The threads of all generators connect in turn.
    pub(crate) fn config(&self, index: usize) -> ClientConfig {
        let LoadPart { rank, ranks } = self.generator.part;
        // Generators connect in turn, and in each of them its threads.
        let gap_ns = nanos(CONNECT_GAP) * ranks as u64;
        ClientConfig {
            load: self.spec.clone(),
            message: self.message.clone(),
            alternate: self.alternate.clone(),
            first_client: self.clients_of(index).start,
            idle: self.share(self.spec.idle, index).len(),
            ramp: Ramp {
                first_ns: nanos(CONNECT_GAP) * rank as u64 + gap_ns * index as u64,
                gap_ns: gap_ns * self.generator.threads as u64,
            },
            max_frame_bytes: self.generator.max_frame_bytes,
        }
    }

    /// The pacer of thread `index`: its part of the plan.
    pub fn pacer(&self, index: usize) -> Box<dyn Pacer> {
        let (own, all) = (self.clients_of(index), self.spec.clients);
        match self.schedule() {
            None => {
                let config = self.config(index);
                let start_ns = move |client| config.ramp.at_ns(config.idle + client);
                let (pipeline, think_ns) = (self.spec.pipeline, nanos(self.spec.think));
                let first = own.start;
                let closed = ClosedLoop::part(own, all, pipeline, start_ns, think_ns);
                Box::new(closed.mixed(self.mix(), first))
            }
            Some(schedule) => {
                let sending = self.sending();
                Box::new(OpenLoop::new(schedule, self.mix(), all, sending, own))
            }
        }
    }

    /// Which requests send the alternate message.
    pub(crate) fn mix(&self) -> Mix {
        Mix {
            one_in: self.spec.alternate.as_ref().map(|other| other.one_in),
            seed: self.seed,
        }
    }

    /// The slices that are published while the load runs.
    pub(crate) fn published_slices(&self) -> usize {
        let slices = self
            .slice
            .map_or(0, |slice| nanos(self.spec.duration) / nanos(slice).max(1));
        usize::try_from(slices.min(MOST_SLICES)).unwrap_or(0)
    }

    pub(crate) fn window(&self) -> Window {
        Window {
            from_ns: nanos(self.spec.warmup),
            to_ns: nanos(self.spec.warmup + self.spec.duration),
        }
    }

    /// The window and the longest time for which requests are sent after it.
    fn sending(&self) -> Window {
        let window = self.window();
        Window {
            to_ns: window.to_ns + nanos(MOST_AFTER_WINDOW),
            ..window
        }
    }

    /// The connections of this generator.
    pub(crate) fn own_connections(&self) -> usize {
        let part = self.generator.part;
        part.of(self.spec.clients).len() + part.of(self.spec.idle).len()
    }

    /// The clients of thread `index`.
    pub fn clients_of(&self, index: usize) -> Range<usize> {
        self.share(self.spec.clients, index)
    }

    /// The part of `all` that belongs to thread `index`.
    fn share(&self, all: usize, index: usize) -> Range<usize> {
        let threads = self.generator.threads;
        self.generator.part.of_thread(all, index, threads)
    }
}
