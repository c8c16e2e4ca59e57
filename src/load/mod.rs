//! The load generator: many connections over a few threads, each with its own
//! poll and histograms. The threads share only a few counters that they publish.
//!
//! Owns the clients, their timing and their raw measurements. To change: a new
//! pacer is a file in `pacer/`; CONTRIBUTING.md lists the files of a new load
//! option.

mod client;
mod client_config;
mod client_priority;
pub mod clients;
mod close_barrier;
pub mod delays;
mod effort;
pub mod engine;
mod failure_causes;
mod histogram_text;
mod interval;
mod littles_law;
mod measured;
mod message;
pub(crate) mod nanos;
mod older;
pub mod pacer;
pub(crate) mod part;
mod progress;
mod realtime_clock;
mod recorder;
mod running_load;
pub mod sample;
mod sockets;
mod spec;
mod spinning;
mod stamping;
mod wakeup_timer;
mod window;
mod wire;

pub use client::ClientResult;
pub use client_config::{ClientConfig, Ramp};
pub use clients::core::Clients;
pub use close_barrier::{BarrierGuard, CloseBarrier};
pub use effort::Effort;
pub use engine::event_loop;
pub use failure_causes::FailureCauses;
pub use littles_law::{FlowBalance, Slice};
pub use measured::Measured;
pub use message::Message;
pub use pacer::closed::ClosedLoop;
pub use pacer::mix::{Kind, Mix};
pub use pacer::open::OpenLoop;
pub use pacer::planned::{Pacer, Planned};
pub use pacer::schedule::Schedule;
pub use part::LoadPart;
pub use progress::LiveProgress;
pub use recorder::Recorder;
pub use running_load::{RunningLoad, start, start_from};
pub use sample::{Quantile, Sample};
pub use spec::{DRAIN, GeneratorConfig, Load, MOST_AFTER_WINDOW};
pub use spinning::Spinning;
pub use wakeup_timer::{Wait, WakeupTimer};
pub use window::Window;
pub use wire::{Clock, ClockPair, Wire};

pub use crate::sys::timestamps::{Received, SendStamp};
