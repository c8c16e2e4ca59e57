//! What one thread has seen, in the window and around it.

use hdrhistogram::Histogram;

use super::littles_law::FlowBalance;
use super::sample::{HIGHEST_NS, Sample, histogram};
use super::spec::DRAIN;
use super::window::{MOST_INTERVALS, Window};
use crate::record::{Connects, ErrorCounts};

const DRAIN_NS: u64 = DRAIN.as_nanos() as u64;

/// One interval of the series.
#[derive(Debug, Clone)]
pub struct Interval {
    /// Correct replies that came in it.
    pub requests: u64,
    /// Requests planned in it.
    pub planned: u64,
    /// Requests that ended in it, in whatever way.
    pub ended: u64,
    /// Latencies of the correct replies, at two digits.
    pub latency: Histogram<u32>,
}

/// Histograms and counts of a thread, all made before the load begins.
#[derive(Debug, Clone)]
pub struct Recorder {
    window: Window,
    /// From planned to reply.
    pub latency: Sample,
    /// From actual send to reply, of the answered.
    pub service: Histogram<u64>,
    /// From the beginning of a connect to its end.
    pub connect: Histogram<u64>,
    /// From when a request could have been sent to when it was: the generator's own lag.
    pub lag: Histogram<u64>,
    /// Requests planned inside the window.
    pub planned: u64,
    /// Correct replies inside the window.
    pub requests: u64,
    /// Requests that ended inside the window, in whatever way.
    pub ended: u64,
    /// Requests that were under way when the window began.
    under_way_before: i64,
    /// Requests of the sample that had no reply when the drain ended.
    pub unanswered: u64,
    /// How connects went; of persistent connections, which connect before the window, since the start.
    pub connects: Connects,
    /// Idle connections that the server closed, since the window began.
    pub idle_closed: u64,
    /// Idle connections that stood at the end.
    pub idle_open: u64,
    /// Memory of the clients, in bytes, at the end.
    pub held_bytes: usize,
    /// What went in and came out.
    pub flow: FlowBalance,
    /// Failures since the window began.
    pub errors: ErrorCounts,
    /// The first reply that was not the right one, as text, cut short.
    pub first_wrong: Option<String>,
    /// Times longer than the histograms hold.
    pub overflow: u64,
    /// Counts and latencies over time: room for the longest series, so that memory does not depend on the duration.
    pub series: Vec<Interval>,
}

impl Recorder {
    /// An empty one.
    pub fn new(window: Window) -> Recorder {
        let latency = Histogram::new_with_bounds(1, HIGHEST_NS, 2).expect("these bounds are valid");
        let interval = Interval {
            requests: 0,
            planned: 0,
            ended: 0,
            latency,
        };
        Recorder {
            window,
            latency: Sample::new(),
            service: histogram(),
            connect: histogram(),
            lag: histogram(),
            planned: 0,
            requests: 0,
            ended: 0,
            under_way_before: 0,
            unanswered: 0,
            connects: Connects::default(),
            idle_closed: 0,
            idle_open: 0,
            held_bytes: 0,
            flow: FlowBalance::new(window),
            errors: ErrorCounts::default(),
            first_wrong: None,
            overflow: 0,
            series: vec![interval; MOST_INTERVALS as usize],
        }
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// A request was planned for `at_ns`.
    pub fn planned(&mut self, at_ns: u64) {
        self.planned += u64::from(self.window.contains(at_ns));
        self.under_way_before += i64::from(at_ns < self.window.from_ns);
        if let Some(interval) = self.interval(at_ns) {
            interval.planned += 1;
        }
        self.flow.entered(at_ns);
    }

    /// A request that could have been sent at `able_ns` was sent at `sent_ns`.
    pub fn sent(&mut self, able_ns: u64, sent_ns: u64) {
        if self.window.contains(sent_ns) {
            self.overflow += u64::from(self.lag.record(sent_ns.saturating_sub(able_ns)).is_err());
        }
    }

    /// A right reply came at `now_ns`. True when it lies inside the window.
    pub fn answered(&mut self, planned_ns: u64, sent_ns: u64, now_ns: u64) -> bool {
        self.left(now_ns);
        if !self.in_sample(planned_ns, now_ns) {
            return false;
        }
        let latency_ns = now_ns - planned_ns;
        self.overflow += u64::from(self.latency.answered.record(latency_ns).is_err());
        self.overflow += u64::from(self.service.record(now_ns.saturating_sub(sent_ns)).is_err());
        let inside = self.window.contains(now_ns);
        if inside {
            self.requests += 1;
            self.flow.answered(now_ns, latency_ns);
            if let Some(interval) = self.interval(now_ns) {
                interval.requests += 1;
                // What does not fit here has been counted above.
                let _ = interval.latency.record(latency_ns);
            }
        }
        inside
    }

    /// A request ended, or was given up, without a right reply.
    pub fn censored(&mut self, planned_ns: u64, now_ns: u64) {
        self.left(now_ns);
        if self.in_sample(planned_ns, now_ns) {
            self.overflow += u64::from(self.latency.censored.record(now_ns - planned_ns).is_err());
        }
    }

    /// A request had no reply when the drain ended, at `now_ns`. True if it is of the sample.
    pub fn unanswered(&mut self, planned_ns: u64, now_ns: u64) -> bool {
        self.censored(planned_ns, now_ns);
        let of_sample = self.in_sample(planned_ns, now_ns);
        self.unanswered += u64::from(of_sample);
        of_sample
    }

    /// A request that was due will never be sent, so many wait before it. It stands at the
    /// age that it has at the end of a drain.
    pub fn never_sent(&mut self, planned_ns: u64) {
        self.unanswered(planned_ns, self.window.to_ns + DRAIN_NS);
    }

    fn left(&mut self, now_ns: u64) {
        self.ended += u64::from(self.window.contains(now_ns));
        self.under_way_before -= i64::from(now_ns < self.window.from_ns);
        if let Some(interval) = self.interval(now_ns) {
            interval.ended += 1;
        }
        self.flow.left(now_ns);
    }

    /// The interval of the series in which this moment lies.
    fn interval(&mut self, at_ns: u64) -> Option<&mut Interval> {
        if !self.window.contains(at_ns) {
            return None;
        }
        let at = (at_ns - self.window.from_ns) / self.window.interval_ns();
        self.series.get_mut(usize::try_from(at).ok()?)
    }

    /// Requests under way at the end of each interval: planned, and neither answered nor failed.
    pub fn under_way(&self) -> impl Iterator<Item = u64> {
        let mut under_way = self.under_way_before;
        self.series.iter().map(move |interval| {
            under_way += interval.planned as i64 - interval.ended as i64;
            u64::try_from(under_way).unwrap_or(0)
        })
    }

    /// A reply was not the right one.
    pub fn wrong(&mut self, body: &[u8]) {
        const SHOWN_BYTES: usize = 100;
        if self.first_wrong.is_none() {
            let shown = &body[..body.len().min(SHOWN_BYTES)];
            let printable = |c: char| {
                if c.is_control() {
                    char::REPLACEMENT_CHARACTER
                } else {
                    c
                }
            };
            self.first_wrong = Some(
                String::from_utf8_lossy(shown)
                    .chars()
                    .map(printable)
                    .collect(),
            );
        }
    }

    /// A connect took from `begun_ns` to `now_ns`.
    pub fn connected(&mut self, begun_ns: u64, now_ns: u64) {
        self.connects.made += 1;
        self.overflow += u64::from(self.connect.record(now_ns - begun_ns).is_err());
    }

    /// Whether failures at this time count.
    pub fn counts_errors(&self, now_ns: u64) -> bool {
        now_ns >= self.window.from_ns
    }

    /// The sample: planned before the window's end and not ended before it began,
    /// so that a request which is stuck since the warm-up counts.
    pub fn in_sample(&self, planned_ns: u64, ended_ns: u64) -> bool {
        planned_ns < self.window.to_ns && ended_ns >= self.window.from_ns
    }

    /// Adds what another thread has seen of the same window.
    pub fn add(&mut self, other: &Recorder) {
        self.latency.add(&other.latency);
        // All were made with the same bounds, so that one always fits into the other.
        let _ = self.service.add(&other.service);
        let _ = self.connect.add(&other.connect);
        let _ = self.lag.add(&other.lag);
        self.planned += other.planned;
        self.requests += other.requests;
        self.ended += other.ended;
        self.under_way_before += other.under_way_before;
        self.unanswered += other.unanswered;
        self.connects.add(&other.connects);
        self.idle_closed += other.idle_closed;
        self.idle_open += other.idle_open;
        self.held_bytes += other.held_bytes;
        self.flow.add(&other.flow);
        self.errors.add(&other.errors);
        self.overflow += other.overflow;
        if self.first_wrong.is_none() {
            self.first_wrong.clone_from(&other.first_wrong);
        }
        for (own, others) in self.series.iter_mut().zip(&other.series) {
            own.requests += others.requests;
            own.planned += others.planned;
            own.ended += others.ended;
            let _ = own.latency.add(&others.latency);
        }
    }
}
