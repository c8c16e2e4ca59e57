//! The measurements of one thread, in the window and around it.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::delays::{Delays, Moments};
use super::failure_causes::FailureCauses;
use super::histogram_text;
use super::interval::{self, Interval};
use super::littles_law::FlowBalance;
use super::older::Older;
use super::sample::{Sample, histogram};
use super::spec::DRAIN;
use super::window::{MOST_INTERVALS, Window};
use crate::record::{Connects, ErrorCounts};

const DRAIN_NS: u64 = DRAIN.as_nanos() as u64;

/// Histograms and counts of a thread. All are allocated before the load begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recorder {
    window: Window,
    /// The length of an interval of the series, which stays when the window ends early.
    interval_ns: u64,
    /// How much earlier than planned the window ended.
    cut_ns: u64,
    /// Requests that are never sent, at their ages at the planned end of the drain.
    #[serde(with = "histogram_text")]
    never_sent: Histogram<u64>,
    /// Requests planned before the window that are never sent.
    older_never_sent: u64,
    /// Response time: from the planned send to the reply.
    pub latency: Sample,
    /// Service time of answered requests: from the actual send to the reply.
    #[serde(with = "histogram_text")]
    pub service: Histogram<u64>,
    /// Duration of connects.
    #[serde(with = "histogram_text")]
    pub connect: Histogram<u64>,
    /// Scheduling delay of the generator: from when a request could have been sent to its actual send.
    #[serde(with = "histogram_text")]
    pub lag: Histogram<u64>,
    /// The parts of the response times; `None` in a closed loop without time stamps.
    pub delays: Option<Box<Delays>>,
    /// Requests planned inside the window.
    pub planned: u64,
    /// Correct replies inside the window.
    pub requests: u64,
    /// Requests that ended inside the window, with or without a reply.
    pub ended: u64,
    /// Requests that were in progress when the window began.
    in_progress_before: i64,
    /// Requests that had no reply when the drain ended: of the sample, and older ones.
    pub unanswered: u64,
    /// Requests planned before the window that ended in it or later.
    pub older: Older,
    /// Counts of connects. Persistent connections connect before the window, so theirs count from the start.
    pub connects: Connects,
    /// Idle connections that the server closed, since the window began.
    pub idle_closed: u64,
    /// Idle connections that were open at the end.
    pub idle_open: u64,
    /// Memory of the clients, in bytes, at the end.
    pub held_bytes: usize,
    /// Requests that entered and left.
    pub flow: FlowBalance,
    /// Failures since the window began.
    pub errors: ErrorCounts,
    /// Failures before it.
    #[serde(default)]
    pub warmup_errors: ErrorCounts,
    /// What failed since the load began.
    pub causes: FailureCauses,
    /// The first wrong reply as text, truncated.
    pub first_wrong: Option<String>,
    /// Number of times that were too long for the histograms.
    pub overflow: u64,
    /// Counts and latencies over time. Allocated for the longest series, so that memory does not depend on the duration.
    #[serde(with = "interval::series")]
    pub series: Vec<Interval>,
}

impl Recorder {
    /// An empty recorder.
    pub fn new(window: Window) -> Recorder {
        Recorder {
            window,
            interval_ns: window.interval_ns(),
            cut_ns: 0,
            never_sent: histogram(),
            older_never_sent: 0,
            latency: Sample::new(),
            service: histogram(),
            connect: histogram(),
            lag: histogram(),
            delays: None,
            planned: 0,
            requests: 0,
            ended: 0,
            in_progress_before: 0,
            unanswered: 0,
            older: Older::default(),
            connects: Connects::default(),
            idle_closed: 0,
            idle_open: 0,
            held_bytes: 0,
            flow: FlowBalance::new(window),
            errors: ErrorCounts::default(),
            warmup_errors: ErrorCounts::default(),
            causes: FailureCauses::default(),
            first_wrong: None,
            overflow: 0,
            series: vec![Interval::new(); MOST_INTERVALS as usize],
        }
    }

    /// Counts replies in slices of this length instead of a fiftieth of the window.
    #[must_use]
    pub fn in_slices(mut self, slice_ns: u64) -> Recorder {
        self.flow = FlowBalance::in_slices(self.window, slice_ns);
        self
    }

    /// Keeps the parts of the response times too.
    pub fn keep_delays(&mut self) {
        self.delays = Some(Box::default());
    }

    /// The window, as it was measured.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Whether both measured windows of the same length.
    pub fn is_of_same_window(&self, other: &Recorder) -> bool {
        self.window == other.window && self.interval_ns == other.interval_ns
    }

    /// Whether both measured windows of the same plan, of which one may have ended early.
    pub fn is_of_same_plan(&self, other: &Recorder) -> bool {
        (self.window.from_ns, self.interval_ns) == (other.window.from_ns, other.interval_ns)
    }

    /// The length of an interval of the series.
    pub fn interval_ns(&self) -> u64 {
        self.interval_ns
    }

    /// The intervals of the series that the window has; the last may be shorter.
    pub fn intervals(&self) -> &[Interval] {
        let window_ns = self.window.to_ns - self.window.from_ns;
        let count = window_ns.div_ceil(self.interval_ns) as usize;
        &self.series[..count.min(self.series.len())]
    }

    /// Ends the window early, at a time inside it that has not come yet. What was recorded
    /// stays right: nothing depends on the end of the window before it comes, except for the
    /// requests that are never sent, which are kept apart until the end.
    pub fn end_window(&mut self, to_ns: u64) {
        let to_ns = to_ns.clamp(self.window.from_ns + 1, self.window.to_ns);
        self.cut_ns += self.window.to_ns - to_ns;
        self.window.to_ns = to_ns;
        self.flow.end_window(to_ns);
    }

    /// Counts a request that was planned for `at_ns`.
    pub fn planned(&mut self, at_ns: u64) {
        self.planned += u64::from(self.window.contains(at_ns));
        self.in_progress_before += i64::from(at_ns < self.window.from_ns);
        if let Some(interval) = self.interval(at_ns) {
            interval.planned += 1;
        }
        self.flow.entered(at_ns);
    }

    /// Records the send at `sent_ns` of a request that could have been sent at `able_ns`.
    pub fn sent(&mut self, able_ns: u64, sent_ns: u64) {
        if self.window.contains(sent_ns) {
            self.overflow += u64::from(self.lag.record(sent_ns.saturating_sub(able_ns)).is_err());
        }
    }

    /// Records a correct reply. Returns whether it is inside the window.
    pub fn answered(&mut self, moments: &Moments) -> bool {
        let (planned_ns, now_ns) = (moments.planned_ns, moments.arrived_ns);
        self.record_end(now_ns);
        self.causes.correct += 1;
        if !self.concerns(planned_ns, now_ns) {
            return false;
        }
        let latency_ns = now_ns - planned_ns;
        let is_of_sample = self.window.contains(planned_ns);
        if is_of_sample {
            self.answered_in_sample(moments, latency_ns);
        } else {
            self.older.ended(latency_ns);
        }
        let inside = self.window.contains(now_ns);
        if inside {
            self.requests += 1;
            self.flow.answered(now_ns, latency_ns);
            if let Some(interval) = self.interval(now_ns) {
                interval.requests += 1;
                if is_of_sample {
                    // A value out of range has been counted above.
                    let _ = interval.latency.record(latency_ns);
                }
            }
        }
        inside
    }

    fn answered_in_sample(&mut self, moments: &Moments, latency_ns: u64) {
        self.overflow += u64::from(self.latency.answered.record(latency_ns).is_err());
        let now_ns = moments.arrived_ns;
        let service_ns = now_ns.saturating_sub(moments.sent_ns);
        self.overflow += u64::from(self.service.record(service_ns).is_err());
        if let Some(delays) = &mut self.delays {
            delays.answered(moments);
        }
    }

    /// Records a request that ended or was given up without a correct reply.
    pub fn censored(&mut self, planned_ns: u64, now_ns: u64) {
        self.record_end(now_ns);
        let age_ns = now_ns.saturating_sub(planned_ns);
        if !self.concerns(planned_ns, now_ns) {
            return;
        }
        if !self.window.contains(planned_ns) {
            self.older.ended(age_ns);
        } else {
            self.overflow += u64::from(self.latency.censored.record(age_ns).is_err());
            if let Some(delays) = &mut self.delays {
                delays.censored(age_ns, 1);
            }
        }
    }

    /// Records a request without a reply when the drain ended, at `now_ns`. Returns whether it
    /// concerns the window.
    pub fn unanswered(&mut self, planned_ns: u64, now_ns: u64) -> bool {
        self.censored(planned_ns, now_ns);
        let is_planned_inside = self.window.contains(planned_ns);
        let concerns = self.concerns(planned_ns, now_ns);
        self.unanswered += u64::from(concerns);
        self.older.unanswered += u64::from(concerns && !is_planned_inside);
        concerns
    }

    /// Records a request that is never sent because the queue is full. At the end it enters the
    /// sample with its age at the end of the drain.
    pub fn never_sent(&mut self, planned_ns: u64) {
        if planned_ns >= self.window.to_ns {
            return;
        }
        if planned_ns < self.window.from_ns {
            self.older.ended(self.window.to_ns + DRAIN_NS - planned_ns);
            self.older.unanswered += 1;
            self.unanswered += 1;
            self.older_never_sent += 1;
            return;
        }
        let age_ns = self.window.to_ns + DRAIN_NS - planned_ns;
        self.overflow += u64::from(self.never_sent.record(age_ns).is_err());
    }

    /// Notes how often the real-time clock jumped.
    pub(crate) fn saw_jumps(&mut self, jumps: u64) {
        if let Some(delays) = &mut self.delays {
            delays.clock_jumps = jumps;
        }
    }

    /// Adds the requests that were never sent to the sample. Call it once, at the end.
    pub fn add_never_sent(&mut self) {
        for bucket in self.never_sent.iter_recorded() {
            let count = bucket.count_at_value();
            // The least age of the bucket: a censored age is a lower bound.
            let least_ns = self
                .never_sent
                .lowest_equivalent(bucket.value_iterated_to());
            let age_ns = least_ns.saturating_sub(self.cut_ns).max(1);
            self.overflow += u64::from(self.latency.censored.record_n(age_ns, count).is_err());
            if let Some(delays) = &mut self.delays {
                delays.censored(age_ns, count);
            }
            self.unanswered += count;
            self.flow.left_after(count);
        }
        self.never_sent.reset();
        self.flow
            .left_after(std::mem::take(&mut self.older_never_sent));
    }

    fn record_end(&mut self, now_ns: u64) {
        self.ended += u64::from(self.window.contains(now_ns));
        self.in_progress_before -= i64::from(now_ns < self.window.from_ns);
        if let Some(interval) = self.interval(now_ns) {
            interval.ended += 1;
        }
        self.flow.left(now_ns);
    }

    /// The interval of the series that contains this time.
    fn interval(&mut self, at_ns: u64) -> Option<&mut Interval> {
        if !self.window.contains(at_ns) {
            return None;
        }
        let at = (at_ns - self.window.from_ns) / self.interval_ns;
        self.series.get_mut(usize::try_from(at).ok()?)
    }

    /// Requests in progress at the end of each interval: planned, and neither answered nor failed.
    pub fn under_way(&self) -> impl Iterator<Item = u64> {
        let mut in_progress = self.in_progress_before;
        self.intervals().iter().map(move |interval| {
            in_progress += interval.planned as i64 - interval.ended as i64;
            u64::try_from(in_progress).unwrap_or(0)
        })
    }

    /// Keeps the first wrong reply as text.
    pub fn wrong(&mut self, body: &[u8]) {
        const SHOWN_BYTES: usize = 100;
        let printable = |c: char| match c.is_control() {
            true => char::REPLACEMENT_CHARACTER,
            false => c,
        };
        self.first_wrong.get_or_insert_with(|| {
            let shown = String::from_utf8_lossy(&body[..body.len().min(SHOWN_BYTES)]);
            shown.chars().map(printable).collect()
        });
    }

    /// Records a connect from `begun_ns` to `now_ns`.
    pub fn connected(&mut self, begun_ns: u64, now_ns: u64) {
        self.connects.made += 1;
        self.overflow += u64::from(self.connect.record(now_ns - begun_ns).is_err());
    }

    /// Whether failures at this time are counted.
    pub fn counts_errors(&self, now_ns: u64) -> bool {
        now_ns >= self.window.from_ns
    }

    /// Where failures at this time are counted.
    pub fn errors_at(&mut self, now_ns: u64) -> &mut ErrorCounts {
        match self.counts_errors(now_ns) {
            true => &mut self.errors,
            false => &mut self.warmup_errors,
        }
    }

    /// Whether a request was under way inside the window, or planned in it: planned before its
    /// end, and not ended before its start. The latency sample has only the requests planned
    /// inside: of those from before, a window sees the slow ones only. But a client that waits
    /// since the warm-up waits.
    pub fn concerns(&self, planned_ns: u64, ended_ns: u64) -> bool {
        planned_ns < self.window.to_ns && ended_ns >= self.window.from_ns
    }

    /// Adds the measurements of another thread in the same window, or of a generator whose window
    /// ended early: the longer window counts.
    pub fn add(&mut self, other: &Recorder) {
        self.window.to_ns = self.window.to_ns.max(other.window.to_ns);
        self.latency.add(&other.latency);
        // All histograms have the same bounds, so adding cannot fail.
        let _ = self.service.add(&other.service);
        let _ = self.connect.add(&other.connect);
        let _ = self.lag.add(&other.lag);
        if let (Some(own), Some(others)) = (&mut self.delays, &other.delays) {
            own.add(others);
        }
        self.planned += other.planned;
        self.requests += other.requests;
        self.ended += other.ended;
        self.in_progress_before += other.in_progress_before;
        self.unanswered += other.unanswered;
        self.older.add(&other.older);
        self.connects.add(&other.connects);
        self.idle_closed += other.idle_closed;
        self.idle_open += other.idle_open;
        self.held_bytes += other.held_bytes;
        self.flow.add(&other.flow);
        self.errors.add(&other.errors);
        self.warmup_errors.add(&other.warmup_errors);
        self.causes.add(&other.causes);
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
