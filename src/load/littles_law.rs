//! What goes into the system and comes out of it over the window: Little's law, and whether it was steady.

use super::window::Window;

/// Slices that the window is cut into: enough to see a trend, few enough to cost nothing.
const SLICES: u64 = 50;

/// Counts of requests that entered and left, and of the replies in each slice of the window.
#[derive(Debug, Clone)]
pub struct FlowBalance {
    window: Window,
    /// The time that requests were under way inside the window, in all. While some still are,
    /// only their beginning has been taken off.
    under_way_ns: i128,
    /// Latencies of the replies that came inside the window, in all.
    latency_ns: u128,
    slices: Vec<Slice>,
}

/// The replies of one slice of the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Slice {
    /// How many.
    pub replies: u64,
    /// Their latencies in all.
    pub latency_ns: u64,
}

impl FlowBalance {
    pub(crate) fn new(window: Window) -> FlowBalance {
        FlowBalance {
            window,
            under_way_ns: 0,
            latency_ns: 0,
            slices: vec![Slice::default(); SLICES as usize],
        }
    }

    /// A request was planned for `at_ns`.
    pub(crate) fn entered(&mut self, at_ns: u64) {
        self.under_way_ns -= self.inside(at_ns);
    }

    /// A request has ended, in whatever way; each that entered does so once.
    pub(crate) fn left(&mut self, at_ns: u64) {
        self.under_way_ns += self.inside(at_ns);
    }

    /// A right reply came inside the window.
    pub(crate) fn answered(&mut self, at_ns: u64, latency_ns: u64) {
        self.latency_ns += u128::from(latency_ns);
        let from_ns = at_ns.saturating_sub(self.window.from_ns);
        let slice = from_ns * SLICES / (self.window.to_ns - self.window.from_ns).max(1);
        if let Some(slice) = self.slices.get_mut(slice as usize) {
            slice.replies += 1;
            slice.latency_ns += latency_ns;
        }
    }

    fn inside(&self, at_ns: u64) -> i128 {
        i128::from(at_ns.clamp(self.window.from_ns, self.window.to_ns))
    }

    fn window_ns(&self) -> f64 {
        (self.window.to_ns - self.window.from_ns).max(1) as f64
    }

    /// Requests under way, on average over the window (L of Little's law).
    pub fn under_way_mean(&self) -> f64 {
        self.under_way_ns as f64 / self.window_ns()
    }

    /// Throughput times mean latency (λW), which is the same number wherever
    /// as much goes in as comes out (Little, *A Proof for the Queuing Formula*,
    /// 1961).
    pub fn throughput_times_latency(&self) -> f64 {
        self.latency_ns as f64 / self.window_ns()
    }

    /// The slices of the window, in order.
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    pub(crate) fn add(&mut self, other: &FlowBalance) {
        self.under_way_ns += other.under_way_ns;
        self.latency_ns += other.latency_ns;
        for (own, others) in self.slices.iter_mut().zip(&other.slices) {
            own.replies += others.replies;
            own.latency_ns += others.latency_ns;
        }
    }
}
