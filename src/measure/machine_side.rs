//! The CPU time of the machine in a trial, and the time between the readings of the server.

use std::time::Duration;

use super::observed::Observed;
use crate::load::nanos::nanos;
use crate::load::{Effort, MOST_AFTER_WINDOW, Measured};
use crate::process::ServerUsage;
use crate::record::MachineSide;

/// How the time between the readings of the server relates to the window.
pub(super) struct Readings<'a> {
    pub(super) before: &'a ServerUsage,
    pub(super) after: &'a ServerUsage,
    /// How long after each edge of the window they were made.
    pub(super) late: [Duration; 2],
    /// The length of the window over that of the load between the readings: figures that were read
    /// are scaled by this to the window, of which the requests are.
    pub(super) share: f64,
}

impl<'a> Readings<'a> {
    /// The readings; `None` if the server was not observed.
    pub(super) fn of(observed: &'a Observed) -> Option<Readings<'a>> {
        let (before, after) = (observed.before.as_ref()?, observed.after.as_ref()?);
        let late = [(before, 0), (after, 1)].map(|(usage, edge): (&ServerUsage, usize)| {
            usage
                .read_at
                .saturating_duration_since(observed.window[edge])
        });
        // Both are made under the load, which ends at most this long after the window.
        let window = observed.window[1] - observed.window[0];
        let read = (window + late[1].min(MOST_AFTER_WINDOW)).saturating_sub(late[0]);
        Some(Readings {
            before,
            after,
            late,
            share: window.as_secs_f64() / read.as_secs_f64(),
        })
    }
}

/// CPU times between the readings.
#[derive(Clone, Copy)]
struct Times {
    /// All cores.
    busy: Duration,
    /// Processes other than this one and the server's.
    others: Duration,
    /// This process.
    own: Duration,
    /// Of this process, the threads of the generator.
    generator: Duration,
    /// Of these, polls that found nothing to do.
    idle_spin: Duration,
}

impl Times {
    /// What takes no part in the load: other processes, and what else this one does.
    fn other(&self) -> Duration {
        self.others + self.own.saturating_sub(self.generator)
    }

    /// What takes part: the server, the generator, and the kernel for both.
    fn used(&self) -> Duration {
        let busy = self.busy.saturating_sub(self.other());
        busy.saturating_sub(self.idle_spin)
    }
}

/// The CPU time of the machine; `None` if the server was not observed.
pub(super) fn machine_side(measured: &Measured, observed: &Observed) -> Option<MachineSide> {
    let readings = Readings::of(observed)?;
    let (before, after) = (&readings.before.machine, &readings.after.machine);
    let elapsed = readings
        .after
        .read_at
        .saturating_duration_since(readings.before.read_at);
    // The generator's threads are measured over the window, this process between the readings.
    let of_generator = |of: fn(&Effort) -> Duration| {
        let all: Duration = measured.efforts.iter().map(of).sum();
        Duration::try_from_secs_f64(all.as_secs_f64() / readings.share).unwrap_or_default()
    };
    let times = Times {
        busy: after.cores.busy_since(&before.cores, elapsed),
        others: after.others_since(before),
        own: after.own.saturating_sub(before.own),
        generator: of_generator(|effort| effort.cpu),
        idle_spin: of_generator(|effort| effort.idle_spin),
    };
    let requests = measured.recorder.requests;
    let cpu_us = times.used().as_secs_f64() * readings.share * 1e6;
    let interrupts = after.cores.interrupts_since(&before.cores);
    Some(MachineSide {
        cpu_us_per_request: (requests > 0).then(|| cpu_us / requests as f64),
        busy_s: times.busy.as_secs_f64(),
        other_processes_s: times.other().as_secs_f64(),
        interrupts_s: interrupts.as_secs_f64(),
        cores: after.cores.cores,
        read_late_ns: readings.late.map(nanos),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_works_for_server_and_generator() {
        let ms = Duration::from_millis;
        // 500 ms of the busy time are the server and what the kernel does for no process.
        let times = Times {
            busy: ms(1500),
            others: ms(100),
            own: ms(900),
            generator: ms(850),
            idle_spin: ms(300),
        };
        assert_eq!(times.other(), ms(150));
        assert_eq!(times.used(), ms(1050));
        // The clocks are read one after the other, so differences may be negative.
        let apart = Times {
            own: ms(800),
            ..times
        };
        assert_eq!(apart.other(), ms(100));
        let idle = Times {
            busy: ms(50),
            ..times
        };
        assert_eq!(idle.used(), Duration::ZERO);
    }
}
