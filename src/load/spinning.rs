//! Whether a thread of the generator polls without sleeping, and the time that this takes.
//!
//! A thread that sleeps between requests is late: a core needs some 50 µs to wake up, and at high
//! rates the wakeups take more CPU time than the requests, so that requests queue behind them.
//! That delay is in the response times. A thread that polls sends on time. But it takes a whole
//! core from a server that could use it. So it polls only where the pauses are about as short as
//! a wakeup (Karlin et al., *Empirical Studies of Competitive Spinning*, SOSP 1991), and goes back
//! to sleeping where other threads want its core.

use std::thread;
use std::time::Duration;

use super::effort::Effort;
use super::spec::Load;
use crate::record::{LoadSpec, Mode, Spin};
use crate::sys::Priority;

/// Spinning threads take at most one core in this number.
const CORES_PER_THREAD: usize = 2;
/// A thread spins if it sends at least this many requests per second: each is two events, one every
/// 50 µs, which is what a wakeup takes.
const LEAST_RATE_RPS: f64 = 10_000.0;
/// A thread that waited for a core for more than this share of some 100 ms goes back to sleeping.
const MOST_DELAYED: f64 = 0.25;

/// How one thread spins.
#[derive(Debug, Clone, Copy)]
pub struct Spinning {
    spin: Spin,
    /// The start of a poll for nothing but replies, and when the next thing is due.
    polled: Option<(u64, u64)>,
    idle_ns: u64,
}

impl Spinning {
    /// A thread that does what `spin` says; with [`Spin::Auto`] it spins until it lacks a core.
    pub fn new(spin: Spin) -> Spinning {
        Spinning {
            spin,
            polled: None,
            idle_ns: 0,
        }
    }

    /// What the threads of this load do on this machine.
    pub(crate) fn of(load: &Load) -> Spinning {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let ranks = load.generator.part.ranks as f64;
        let rate_rps = load.spec.rate_rps.unwrap_or_default() / ranks;
        let threads = load.generator.threads;
        Spinning::new(resolved(&load.spec, rate_rps, threads, cores))
    }

    /// Whether the thread polls without sleeping.
    pub fn is_on(&self) -> bool {
        self.spin != Spin::Off
    }

    /// Whether to poll at `now_ns` instead of sleeping until `wake_ns`.
    pub(crate) fn polls(&mut self, now_ns: u64, wake_ns: u64) -> bool {
        self.polled = self.is_on().then_some((now_ns, wake_ns));
        self.is_on()
    }

    /// The poll found something.
    pub(crate) fn found(&mut self) {
        self.polled = None;
    }

    /// All that was due at `now_ns` is done. If nothing was, the time since the poll is idle.
    pub(crate) fn returned(&mut self, now_ns: u64) {
        if let Some((from_ns, due_ns)) = self.polled.take()
            && now_ns < due_ns
        {
            self.idle_ns += now_ns.saturating_sub(from_ns);
        }
    }

    /// Ends the spinning if it is not asked for and the thread lacks a core.
    pub(crate) fn check(&mut self, lacks_core: impl FnOnce() -> bool) {
        if self.spin == Spin::Auto && lacks_core() {
            self.spin = Spin::Off;
        }
    }

    /// This effort with the idle time so far.
    pub(crate) fn added_to(&self, effort: Effort) -> Effort {
        Effort {
            idle_spin: Duration::from_nanos(self.idle_ns),
            ..effort
        }
    }
}

/// Whether a thread with this effort over some 100 ms lacked a core.
pub(crate) fn lacked_core(effort: &Effort) -> bool {
    effort.run_delay.as_secs_f64() > MOST_DELAYED * effort.elapsed.as_secs_f64()
}

/// What [`Spin::Auto`] means for `threads` threads that send at this rate together, on a machine
/// with `cores` cores.
fn resolved(load: &LoadSpec, rate_rps: f64, threads: usize, cores: usize) -> Spin {
    let is_open = load.mode != Mode::Closed;
    let is_fast = rate_rps >= LEAST_RATE_RPS * threads as f64;
    let has_room = threads * CORES_PER_THREAD <= cores;
    // A real-time thread that never sleeps would let nothing else run on its core.
    let may_spin = is_open && is_fast && has_room && load.client_priority != Priority::Realtime;
    match load.client_spin {
        Spin::Auto if !may_spin => Spin::Off,
        given => given,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_option_only_fast_open_loops_with_room_spin() {
        let of = |mode, client_priority, client_spin, threads, cores| {
            let load = LoadSpec {
                mode,
                client_priority,
                client_spin,
                ..LoadSpec::default()
            };
            resolved(&load, 20_000.0, threads, cores)
        };
        let (open, closed) = (Mode::Poisson, Mode::Closed);
        let (normal, realtime) = (Priority::Normal, Priority::Realtime);
        assert_eq!(of(open, normal, Spin::Auto, 1, 2), Spin::Auto);
        assert_eq!(of(open, normal, Spin::Auto, 1, 1), Spin::Off);
        assert_eq!(of(open, normal, Spin::Auto, 2, 3), Spin::Off);
        assert_eq!(of(open, realtime, Spin::Auto, 1, 2), Spin::Off);
        assert_eq!(of(closed, normal, Spin::Auto, 1, 2), Spin::Off);
        assert_eq!(of(closed, normal, Spin::On, 2, 2), Spin::On);
        assert_eq!(of(open, normal, Spin::Off, 1, 2), Spin::Off);
        assert_eq!(of(open, normal, Spin::Auto, 2, 8), Spin::Auto);
        assert_eq!(of(open, normal, Spin::Auto, 3, 8), Spin::Off, "a low rate");
    }

    #[test]
    fn only_polls_that_find_nothing_while_nothing_is_due_are_idle() {
        let mut spinning = Spinning::new(Spin::Auto);
        let idle_ns = |spinning: &Spinning| {
            let effort = spinning.added_to(Effort::default());
            effort.idle_spin.as_nanos()
        };
        assert!(spinning.polls(100, 1000));
        spinning.returned(300);
        assert_eq!(idle_ns(&spinning), 200);
        assert!(spinning.polls(300, 1000));
        spinning.found();
        spinning.returned(400);
        assert_eq!(idle_ns(&spinning), 200, "a reply");
        assert!(spinning.polls(900, 1000));
        spinning.returned(1000);
        assert_eq!(idle_ns(&spinning), 200, "a request was due");
    }

    #[test]
    fn a_thread_that_lacks_a_core_sleeps_from_then_on() {
        let mut spinning = Spinning::new(Spin::Auto);
        spinning.check(|| false);
        assert!(spinning.is_on());
        spinning.check(|| true);
        spinning.check(|| false);
        assert!(!spinning.is_on() && !spinning.polls(0, 1));
        let mut asked = Spinning::new(Spin::On);
        asked.check(|| true);
        assert!(asked.is_on());
    }

    #[test]
    fn over_a_quarter_of_the_time_without_a_core_is_a_lack() {
        let effort = |delay_ms| Effort {
            run_delay: Duration::from_millis(delay_ms),
            elapsed: Duration::from_millis(100),
            ..Effort::default()
        };
        assert!(!lacked_core(&effort(25)));
        assert!(lacked_core(&effort(26)));
    }
}
