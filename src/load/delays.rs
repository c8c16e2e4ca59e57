//! The delay ledger: where the response time of each request of an open loop was spent.
//!
//! A response time is the time from the planned send to the arrival of the reply at the socket:
//! the wait for the connection, the scheduling delay of the generator, and the service time. Of
//! some requests the kernel stamps also when they left, which gives the time from wire to wire.
//! The read delay, from the arrival to the read, is the generator's and in neither of them.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::histogram_text;
use super::sample::{Sample, histogram};

/// The moments of a request with a correct reply, in nanoseconds since the load began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// When it was planned.
    pub planned_ns: u64,
    /// When the generator could first have sent it: its connection was open and free.
    pub able_ns: u64,
    /// When it was sent, by the clock of the generator.
    pub sent_ns: u64,
    /// When its last byte left, by the kernel's stamp; `None` if it was not stamped.
    pub left_ns: Option<u64>,
    /// When its reply arrived.
    pub arrived_ns: u64,
    /// When its reply was read.
    pub read_ns: u64,
    /// Where the time of arrival is from.
    pub arrival: Arrival,
}

/// Where the time of a reply's arrival is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The kernel's stamp of its last byte.
    Exact,
    /// The kernel's stamp of a later byte: one read has one stamp, that of its last byte.
    Inexact,
    /// The time of the read.
    Read,
}

/// The parts of the response times of the answered requests of the sample. Nothing here grows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delays {
    /// From when the generator could have sent it to its send.
    #[serde(with = "histogram_text")]
    pub scheduling: Histogram<u64>,
    /// From the planned send to when its connection was open and free.
    #[serde(with = "histogram_text")]
    pub connection_wait: Histogram<u64>,
    /// From when its last byte left to the arrival of its reply, of requests with a send stamp.
    #[serde(with = "histogram_text")]
    pub wire_to_wire: Histogram<u64>,
    /// From the arrival of its reply to the read, of replies with an exact stamp.
    #[serde(with = "histogram_text")]
    pub read: Histogram<u64>,
    /// Response times without the scheduling delay; requests without a reply are at their ages.
    pub undelayed: Sample,
    /// Replies whose stamp is of a later byte.
    pub inexact: u64,
    /// Replies without a stamp of the kernel.
    pub unstamped: u64,
    /// How often the real-time clock jumped.
    pub clock_jumps: u64,
    /// Times that were too long for the histograms.
    pub(crate) overflow: u64,
}

impl Delays {
    /// An empty ledger.
    pub fn new() -> Delays {
        Delays {
            scheduling: histogram(),
            connection_wait: histogram(),
            wire_to_wire: histogram(),
            read: histogram(),
            undelayed: Sample::new(),
            inexact: 0,
            unstamped: 0,
            clock_jumps: 0,
            overflow: 0,
        }
    }

    /// Records an answered request.
    pub fn answered(&mut self, moments: &Moments) {
        let scheduling_ns = moments.sent_ns.saturating_sub(moments.able_ns);
        let response_ns = moments.arrived_ns.saturating_sub(moments.planned_ns);
        let mut record = |histogram: &mut Histogram<u64>, ns: u64| {
            self.overflow += u64::from(histogram.record(ns).is_err());
        };
        record(&mut self.scheduling, scheduling_ns);
        let wait_ns = moments.able_ns.saturating_sub(moments.planned_ns);
        record(&mut self.connection_wait, wait_ns);
        let undelayed_ns = response_ns.saturating_sub(scheduling_ns);
        record(&mut self.undelayed.answered, undelayed_ns);
        match moments.arrival {
            Arrival::Exact => {
                let read_ns = moments.read_ns.saturating_sub(moments.arrived_ns);
                record(&mut self.read, read_ns);
                if let Some(left_ns) = moments.left_ns {
                    let wire_ns = moments.arrived_ns.saturating_sub(left_ns);
                    record(&mut self.wire_to_wire, wire_ns);
                }
            }
            Arrival::Inexact => self.inexact += 1,
            Arrival::Read => self.unstamped += 1,
        }
    }

    /// Records `count` requests without a correct reply at this age.
    pub(crate) fn censored(&mut self, age_ns: u64, count: u64) {
        let recorded = self.undelayed.censored.record_n(age_ns, count);
        self.overflow += u64::from(recorded.is_err());
    }

    /// Adds the ledger of another thread.
    pub(crate) fn add(&mut self, other: &Delays) {
        // All histograms have the same bounds, so adding cannot fail.
        let _ = self.scheduling.add(&other.scheduling);
        let _ = self.connection_wait.add(&other.connection_wait);
        let _ = self.wire_to_wire.add(&other.wire_to_wire);
        let _ = self.read.add(&other.read);
        self.undelayed.add(&other.undelayed);
        self.inexact += other.inexact;
        self.unstamped += other.unstamped;
        // Each thread sees each jump.
        self.clock_jumps = self.clock_jumps.max(other.clock_jumps);
        self.overflow += other.overflow;
    }
}

impl Default for Delays {
    fn default() -> Delays {
        Delays::new()
    }
}
