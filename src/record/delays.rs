//! The delay ledger of a trial: where the response times were spent.

use serde::{Deserialize, Serialize};

use super::quantiles::Quantiles;

/// A quantile that the scheduling delay of the generator moves by more than this share of it says
/// too much about the generator.
const MOST_MOVED_SHARE: f64 = 0.1;

/// The parts of the response times of the answered requests of a trial.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Delays {
    /// Where the times of arrival are from.
    pub stamps: StampSource,
    /// From when the generator could have sent a request to its send.
    pub scheduling: DelayPart,
    /// From the planned send to when the connection was open and free.
    pub connection_wait: DelayPart,
    /// From when the request left to the arrival of its reply, by the kernel's stamps. Only of
    /// the requests whose send was stamped.
    pub wire_to_wire: DelayPart,
    /// From the arrival of a reply to its read. It is in neither response nor service time.
    pub read: DelayPart,
    /// Response times without the scheduling delay; requests without a reply are at their ages.
    pub response_minus_scheduling_ns: Quantiles,
    /// Replies read together with later ones: their stamp is that of the last byte of the read.
    pub inexact: u64,
    /// Replies without a stamp: they arrived when they were read.
    pub unstamped: u64,
    /// How often the real-time clock jumped. Stamps of the 100 ms after it are not used.
    pub clock_jumps: u64,
}

/// Where the times of arrival are from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StampSource {
    /// The kernel's stamps.
    Kernel,
    /// The reads: the kernel gave no stamp.
    None,
    /// The reads: the load goes without stamps.
    #[default]
    Off,
}

/// One part of the response times, in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub struct DelayPart {
    /// The number of requests whose part is known.
    pub count: u64,
    pub p50: Option<u64>,
    pub p95: Option<u64>,
    pub p99: Option<u64>,
    pub max: Option<u64>,
    /// HdrHistogram V2 with DEFLATE, in base64.
    pub histogram: String,
}

impl Delays {
    /// Whether a quantile of the response times moves by over 10 % when the scheduling delay of
    /// the generator is taken out; `of` reads it.
    pub(crate) fn moves(&self, response: &Quantiles, of: fn(&Quantiles) -> Option<u64>) -> bool {
        let (Some(with), Some(without)) = (of(response), of(&self.response_minus_scheduling_ns))
        else {
            return false;
        };
        with.saturating_sub(without) as f64 > MOST_MOVED_SHARE * with as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_moves_if_over_a_tenth_of_it_is_scheduling_delay() {
        let p50 = |ns: u64| Quantiles {
            p50: Some(ns),
            ..Quantiles::default()
        };
        let moves = |with: u64, without: u64| {
            let delays = Delays {
                response_minus_scheduling_ns: p50(without),
                ..Delays::default()
            };
            delays.moves(&p50(with), |quantiles| quantiles.p50)
        };
        assert!(moves(1000, 899) && !moves(1000, 900) && !moves(1000, 1000));
        let unknown = Delays::default();
        assert!(!unknown.moves(&p50(1000), |quantiles| quantiles.p50));
    }
}
