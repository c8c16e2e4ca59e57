//! The progress of a run at a given time: the remaining time, the rate, and the lines of a run
//! whose stderr is no terminal. The caller gives the time.

use std::num::NonZeroU64;
use std::time::Duration;

use super::forecast::{is_long, rough};
use super::progress_line::{Figures, LineState, Subject};
use crate::findings::units::{rate, some};
use crate::load::LiveProgress;
use crate::measure::{Bound, Case, Purpose, RunProgress};

/// The shortest time over which a rate is computed.
const LEAST_RATE_TIME: Duration = Duration::from_millis(100);
/// The share of the newest rate in the one shown: a figure that jumps cannot be read.
const NEWEST_SHARE: f64 = 0.3;
/// The remaining time rises when the estimate grows by more than this …
const HELD: Duration = Duration::from_secs(2);
/// … and this share of it.
const HELD_SHARE: f64 = 0.05;
/// Time between two lines where stderr is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(60);

/// The progress of a run. Times are since it began.
#[derive(Debug)]
pub(crate) struct ProgressState {
    trial: Option<TrialState>,
    /// The remaining time shown last.
    shown_left: Option<Duration>,
    /// Whether the run has been estimated to be long.
    is_long: bool,
    next_line: Duration,
}

/// The current trial.
#[derive(Debug)]
struct TrialState {
    begun: Duration,
    progress: RunProgress,
    subject: Subject,
    figures: Option<Figures>,
    /// Requests and time in the window at the last rate.
    last: (u64, Duration),
}

impl ProgressState {
    pub(crate) fn new() -> ProgressState {
        ProgressState {
            trial: None,
            shown_left: None,
            is_long: false,
            next_line: LINE_EVERY,
        }
    }

    /// A trial begins.
    pub(crate) fn trial_begins(&mut self, case: &Case, progress: RunProgress, now: Duration) {
        self.begin(subject(case, progress.purpose), progress, now);
    }

    fn begin(&mut self, subject: Subject, progress: RunProgress, now: Duration) {
        self.is_long |= is_long(now + progress.left);
        self.trial = Some(TrialState {
            begun: now,
            progress,
            subject,
            figures: None,
            last: (0, Duration::ZERO),
        });
    }

    /// Progress inside the trial, `elapsed` after the start of its window.
    pub(crate) fn live(&mut self, live: LiveProgress, elapsed: Duration) {
        let Some(trial) = &mut self.trial else {
            return;
        };
        let time = elapsed.saturating_sub(trial.last.1);
        if time < LEAST_RATE_TIME || (live.requests == 0 && trial.figures.is_none()) {
            return;
        }
        let rate_rps = live.requests.saturating_sub(trial.last.0) as f64 / time.as_secs_f64();
        let rate_rps = trial.figures.map_or(rate_rps, |old| {
            (1.0 - NEWEST_SHARE) * old.rate_rps + NEWEST_SHARE * rate_rps
        });
        trial.last = (live.requests, elapsed);
        trial.figures = Some(Figures {
            rate_rps,
            p99_ns: live.p99_ns.map(NonZeroU64::get),
            interval: live.interval,
        });
    }

    /// What the line shows; `None` before the first trial.
    pub(crate) fn line(&mut self, now: Duration) -> Option<LineState> {
        let left = self.left(now)?;
        let trial = self.trial.as_ref()?;
        Some(LineState {
            done: trial.progress.index,
            of: trial.progress.of,
            left,
            bound: trial.progress.bound,
            subject: trial.subject.clone(),
            figures: trial.figures,
        })
    }

    /// The remaining time. It counts down inside a trial, but not below the time of the trials
    /// that follow, and holds instead of rising by a little when a trial took longer.
    fn left(&mut self, now: Duration) -> Option<Duration> {
        let RunProgress { left, trial, .. } = self.trial.as_ref()?.progress;
        let elapsed = now.saturating_sub(self.trial.as_ref()?.begun);
        let left = left.saturating_sub(elapsed.min(trial));
        let slack = HELD.max(left.mul_f64(HELD_SHARE));
        let shown = match self.shown_left {
            Some(shown) if left > shown && left - shown <= slack => shown,
            _ => left,
        };
        self.shown_left = Some(shown);
        Some(shown)
    }

    /// In a long run, one line per minute; `None` when none is due.
    pub(crate) fn plain_line(&mut self, now: Duration) -> Option<String> {
        if now < self.next_line {
            return None;
        }
        while self.next_line <= now {
            self.next_line += LINE_EVERY;
        }
        if !self.is_long {
            return None;
        }
        let state = self.line(now)?;
        let about = match state.bound {
            Bound::About => "about",
            Bound::AtMost => "at most",
        };
        let figures = match state.figures {
            Some(figures) => rate(figures.rate_rps),
            None => "warming up".to_owned(),
        };
        Some(format!(
            "{} of {}, {about} {} left ({}: {figures})",
            state.done,
            some(state.of as u64, "trial"),
            rough(state.left),
            state.subject.text(),
        ))
    }
}

/// What a case measures.
fn subject(case: &Case, purpose: Purpose) -> Subject {
    let pilot = match purpose {
        Purpose::Measure => None,
        Purpose::Pilot => Some("pilot"),
        Purpose::Warmup => Some("warm-up pilot"),
    };
    let role = case.info.role.map(|role| role.name());
    let labels = [pilot, role, case.scenario.as_deref()];
    Subject {
        label: labels.into_iter().flatten().collect::<Vec<_>>().join(" "),
        name: case.label.clone(),
        clients: case.load.clients,
        rate_rps: case.load.rate_rps,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn progress(index: usize, left: Duration, trial: Duration) -> RunProgress {
        RunProgress {
            index,
            of: 36,
            left,
            trial,
            bound: Bound::About,
            purpose: Purpose::Measure,
        }
    }

    fn subject() -> Subject {
        Subject {
            label: String::new(),
            name: "async".to_owned(),
            clients: 64,
            rate_rps: None,
        }
    }

    fn live(requests: u64) -> LiveProgress {
        LiveProgress {
            requests,
            p99_ns: NonZeroU64::new(900),
            interval: S,
        }
    }

    #[test]
    fn the_remaining_time_counts_down_inside_a_trial() {
        let mut state = ProgressState::new();
        assert_eq!(state.line(Duration::ZERO), None);
        state.begin(subject(), progress(0, 60 * S, 6 * S), Duration::ZERO);
        let left = |state: &mut ProgressState, at| state.line(at).unwrap().left;
        assert_eq!(left(&mut state, Duration::ZERO), 60 * S);
        assert_eq!(left(&mut state, 4 * S), 56 * S);
        // A trial that takes longer than estimated: the following ones still need their time.
        assert_eq!(left(&mut state, 7 * S), 54 * S);
        assert_eq!(left(&mut state, 30 * S), 54 * S);
        // The estimate is 1 s higher: the figure holds, and then counts down.
        state.begin(subject(), progress(1, 55 * S, 6 * S), 30 * S);
        assert_eq!(left(&mut state, 30 * S), 54 * S);
        assert_eq!(left(&mut state, 31 * S), 54 * S);
        assert_eq!(left(&mut state, 33 * S), 52 * S);
        // It is much higher: the figure follows.
        state.begin(subject(), progress(2, 90 * S, 6 * S), 34 * S);
        assert_eq!(left(&mut state, 34 * S), 90 * S);
        // The last trial: never below zero.
        state.begin(subject(), progress(35, 6 * S, 6 * S), 40 * S);
        assert_eq!(left(&mut state, 50 * S), Duration::ZERO);
    }

    #[test]
    fn the_rate_is_smoothed_and_falls_when_the_server_stalls() {
        let mut state = ProgressState::new();
        state.live(live(10), S);
        state.begin(subject(), progress(0, 60 * S, 6 * S), Duration::ZERO);
        let rate = |state: &mut ProgressState| {
            let figures = state.line(S).unwrap().figures;
            figures.map(|figures| figures.rate_rps.round())
        };
        state.live(live(0), S);
        assert_eq!(rate(&mut state), None, "still in the warm-up");
        state.live(live(100), S);
        assert_eq!(rate(&mut state), Some(100.0));
        state.live(live(110), S + Duration::from_millis(50));
        assert_eq!(rate(&mut state), Some(100.0), "too short a time");
        state.live(live(100), 2 * S);
        assert_eq!(rate(&mut state), Some(70.0));
    }

    #[test]
    fn a_long_run_has_a_plain_line_per_minute() {
        let mut state = ProgressState::new();
        state.begin(subject(), progress(0, 216 * S, 6 * S), Duration::ZERO);
        let mut lines = Vec::new();
        for tenths in 0..2160_u32 {
            let now = tenths * S / 10;
            if tenths > 0 && tenths.is_multiple_of(60) {
                let done = tenths / 60;
                let left = 216 * S - now;
                state.begin(subject(), progress(done as usize, left, 6 * S), now);
            }
            state.live(live(u64::from(tenths % 60) * 5100), (tenths % 60) * S / 10);
            lines.extend(state.plain_line(now));
        }
        assert_eq!(
            lines,
            [
                "10 of 36 trials, about 3 min left (async × 64: warming up)",
                "20 of 36 trials, about 2 min left (async × 64: warming up)",
                "30 of 36 trials, about 36 s left (async × 64: warming up)",
            ]
        );
        let now = 241 * S;
        state.live(live(51_000), S);
        let line = state.plain_line(now).unwrap();
        assert_eq!(
            line,
            "35 of 36 trials, about 0 s left (async × 64: 51,000/s)"
        );
        assert_eq!(state.plain_line(now), None);
    }

    #[test]
    fn a_short_run_has_no_plain_line() {
        let mut state = ProgressState::new();
        state.begin(subject(), progress(0, 119 * S, 6 * S), Duration::ZERO);
        assert_eq!(state.plain_line(61 * S), None);
        assert_eq!(state.plain_line(118 * S), None);
        // It turns out to be long.
        state.begin(subject(), progress(20, 50 * S, 6 * S), 119 * S);
        assert!(state.plain_line(121 * S).is_some());
    }
}
