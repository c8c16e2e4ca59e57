//! CPU time of all cores, as the kernel counts it.

use std::fs;
use std::time::Duration;

use super::cpu_time::ticks;

/// CPU time of all cores since boot, in clock ticks (`cpu` in /proc/stat, proc(5)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuTicks {
    /// All time, idle time included.
    pub total: u64,
    /// Time without a process to run, waits for I/O included.
    pub idle: u64,
    /// Time that the hypervisor took (steal).
    pub steal: u64,
    /// Interrupts and softirqs.
    pub interrupts: u64,
    /// Of these, hardware interrupts.
    pub hardware_interrupts: u64,
    /// Number of cores.
    pub cores: usize,
}

impl CpuTicks {
    /// Reads the counters.
    pub fn now() -> CpuTicks {
        CpuTicks::parse(&fs::read_to_string("/proc/stat").unwrap_or_default())
    }

    /// Reads the text of /proc/stat.
    pub fn parse(stat: &str) -> CpuTicks {
        let is_core = |line: &&str| {
            let number = line.strip_prefix("cpu").unwrap_or_default();
            number.starts_with(|c: char| c.is_ascii_digit())
        };
        // Fields after the eighth are guest times, which user times already include.
        let ticks: Vec<u64> = stat
            .lines()
            .next()
            .unwrap_or_default()
            .split_ascii_whitespace()
            .skip(1)
            .take(8)
            .filter_map(|ticks| ticks.parse().ok())
            .collect();
        let at = |index: usize| ticks.get(index).copied().unwrap_or(0);
        CpuTicks {
            total: ticks.iter().sum(),
            idle: at(3) + at(4),
            steal: at(7),
            interrupts: at(5) + at(6),
            hardware_interrupts: at(5),
            cores: stat.lines().filter(is_core).count(),
        }
    }

    /// The share of CPU time that the hypervisor took since `before`, from 0 to 1.
    pub fn steal_since(&self, before: &CpuTicks) -> f64 {
        let total = self.total.saturating_sub(before.total).max(1);
        self.steal.saturating_sub(before.steal) as f64 / total as f64
    }

    /// The busy time of all cores since `before`, `elapsed` ago: neither idle nor stolen.
    ///
    /// It is the rest of the elapsed time and no sum of the busy ticks: those are samples in which
    /// work that begins with a tick is missed, while idle time is measured (with CONFIG_NO_HZ_IDLE,
    /// kernel/time/tick-sched.c).
    pub fn busy_since(&self, before: &CpuTicks, elapsed: Duration) -> Duration {
        let all = elapsed.saturating_mul(u32::try_from(self.cores).unwrap_or(u32::MAX));
        let unused = |of: fn(&CpuTicks) -> u64| ticks(of(self).saturating_sub(of(before)));
        all.saturating_sub(unused(|ticks| ticks.idle))
            .saturating_sub(unused(|ticks| ticks.steal))
    }

    /// Time in interrupts and softirqs since `before`.
    pub fn interrupts_since(&self, before: &CpuTicks) -> Duration {
        ticks(self.interrupts.saturating_sub(before.interrupts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_time_is_what_is_neither_idle_nor_stolen() {
        let before = CpuTicks::parse("cpu  100 0 100 500 20 3 7 10 0 0\ncpu0 1\ncpu1 1\nintr 9\n");
        let after = CpuTicks::parse("cpu  150 0 180 560 30 4 16 20 0 0\ncpu0 1\ncpu1 1\nintr 9\n");
        assert_eq!((before.cores, before.total, before.idle), (2, 740, 520));
        assert_eq!((after.steal, after.interrupts), (20, 20));
        // Two cores for one second, of which 70 ticks idle and 10 stolen; a tick is 10 ms here.
        let tick = ticks(1);
        let elapsed = tick * 100;
        assert_eq!(after.busy_since(&before, elapsed), tick * 120);
        assert_eq!(after.interrupts_since(&before), tick * 10);
        assert!((after.steal_since(&before) - 10.0 / 220.0).abs() < 1e-9);
        assert_eq!(after.busy_since(&before, Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn the_counters_of_this_machine_can_be_read() {
        let ticks = CpuTicks::now();
        assert!(ticks.cores > 0 && ticks.total > ticks.idle);
    }
}
