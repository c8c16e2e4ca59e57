//! Requests that enter and leave the system over the window: data for Little's law and for the test
//! whether the load was steady.

use serde::{Deserialize, Serialize};

use super::window::Window;

/// Slices of the window: enough to show a trend, few enough to be cheap.
const SLICES: u64 = 50;

/// Counts of requests that entered and left, and of the replies in each slice of the window.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FlowBalance {
    window: Window,
    /// The length of a slice, which stays when the window ends early.
    slice_ns: u64,
    /// Total time that requests were in progress inside the window. A request that has not
    /// ended has only its start time subtracted so far.
    in_progress_ns: i128,
    /// Sum of the latencies of the replies inside the window.
    latency_ns: u128,
    slices: Vec<Slice>,
}

/// The replies of one slice of the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// Number of replies.
    pub replies: u64,
    /// Sum of their latencies.
    pub latency_ns: u64,
}

impl FlowBalance {
    pub(crate) fn new(window: Window) -> FlowBalance {
        FlowBalance {
            window,
            slice_ns: ((window.to_ns - window.from_ns) / SLICES).max(1),
            in_progress_ns: 0,
            latency_ns: 0,
            slices: vec![Slice::default(); SLICES as usize],
        }
    }

    /// Counts a request that was planned for `at_ns`.
    pub(crate) fn entered(&mut self, at_ns: u64) {
        self.in_progress_ns -= self.inside(at_ns);
    }

    /// Counts a request that ended, with or without a reply. Call it once per entered request.
    pub(crate) fn left(&mut self, at_ns: u64) {
        self.in_progress_ns += self.inside(at_ns);
    }

    /// Counts a correct reply inside the window.
    pub(crate) fn answered(&mut self, at_ns: u64, latency_ns: u64) {
        self.latency_ns += u128::from(latency_ns);
        let from_ns = at_ns.saturating_sub(self.window.from_ns);
        let slice = (from_ns / self.slice_ns).min(SLICES - 1);
        if let Some(slice) = self.slices.get_mut(slice as usize) {
            slice.replies += 1;
            slice.latency_ns += latency_ns;
        }
    }

    /// Counts requests that end after the window.
    pub(crate) fn left_after(&mut self, requests: u64) {
        self.in_progress_ns += i128::from(requests) * i128::from(self.window.to_ns);
    }

    /// Ends the window early. Call it before `to_ns`.
    pub(crate) fn end_window(&mut self, to_ns: u64) {
        self.window.to_ns = to_ns;
    }

    fn inside(&self, at_ns: u64) -> i128 {
        i128::from(at_ns.clamp(self.window.from_ns, self.window.to_ns))
    }

    fn window_ns(&self) -> f64 {
        (self.window.to_ns - self.window.from_ns).max(1) as f64
    }

    /// Mean number of requests in progress over the window (L of Little's law).
    pub fn under_way_mean(&self) -> f64 {
        self.in_progress_ns as f64 / self.window_ns()
    }

    /// Throughput times mean latency (λW). It equals L if as many requests enter as leave
    /// (Little, *A Proof for the Queuing Formula*, 1961).
    pub fn throughput_times_latency(&self) -> f64 {
        self.latency_ns as f64 / self.window_ns()
    }

    /// The length of a slice, in nanoseconds.
    pub fn slice_ns(&self) -> u64 {
        self.slice_ns
    }

    /// The slices of the window, in order. When the window ended early, only the whole ones.
    pub fn slices(&self) -> &[Slice] {
        let whole = (self.window.to_ns - self.window.from_ns) / self.slice_ns;
        &self.slices[..self.slices.len().min(whole as usize)]
    }

    pub(crate) fn add(&mut self, other: &FlowBalance) {
        self.window.to_ns = self.window.to_ns.max(other.window.to_ns);
        self.in_progress_ns += other.in_progress_ns;
        self.latency_ns += other.latency_ns;
        for (own, others) in self.slices.iter_mut().zip(&other.slices) {
            own.replies += others.replies;
            own.latency_ns += others.latency_ns;
        }
    }
}
