//! The progress bar on a terminal; nothing is shown if stderr is not a terminal.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::interrupt::Interrupt;
use crate::load::LiveProgress;
use crate::measure::{Case, Observer, RunProgress};

/// The observer of the command line: shows a progress bar and handles Ctrl-C.
pub(crate) struct Progress<'a> {
    bar: ProgressBar,
    interrupt: &'a Interrupt,
    name: String,
    last: LastShown,
}

/// The counts shown last, to compute the rate since then.
#[derive(Default)]
struct LastShown {
    requests: u64,
    elapsed: Duration,
    /// Requests per second, smoothed; `None` before the first rate.
    rate: Option<f64>,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(interrupt: &'a Interrupt) -> Progress<'a> {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(1), target);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:18.cyan} {pos}/{len}  {prefix:.dim}  {wide_msg}")
        {
            bar.set_style(style.progress_chars("━━╌"));
        }
        Progress {
            bar,
            interrupt,
            name: String::new(),
            last: LastShown::default(),
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress<'_> {
    fn trial_begins(&mut self, case: &Case, place: RunProgress) {
        self.name = format!("{} × {}", case.name(), case.load.clients);
        self.last = LastShown::default();
        self.bar.set_length(place.of as u64);
        self.bar.set_position(place.index as u64);
        let left = place.left.as_secs();
        self.bar
            .set_prefix(format!("{}:{:02} left", left / 60, left % 60));
        self.bar.set_message(format!("{}: warming up", self.name));
    }

    fn live(&mut self, live: LiveProgress, elapsed: Duration) {
        let (new, time) = (
            live.requests.saturating_sub(self.last.requests),
            elapsed.saturating_sub(self.last.elapsed),
        );
        if live.requests > 0 && time >= Duration::from_millis(100) {
            let rate = new as f64 / time.as_secs_f64();
            // Smoothed: a figure that jumps cannot be read.
            let rate = self.last.rate.map_or(rate, |old| 0.7 * old + 0.3 * rate);
            self.last = LastShown {
                requests: live.requests,
                elapsed,
                rate: Some(rate),
            };
            let p99 = live.p99_ns as f64 / 1e6;
            self.bar
                .set_message(format!("{}: {rate:.0}/s, p99 {p99:.2} ms", self.name));
        }
    }

    fn wait(&mut self, most: Duration) -> io::Result<bool> {
        self.interrupt.wait(most)
    }
}
