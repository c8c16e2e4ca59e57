//! Reads how the kernel divides CPU time among processes.

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;

use crate::process::CpuTicks;
use crate::record::CpuAccounting;

/// A kernel's configuration has some 300 KB.
const MOST_CONFIG_BYTES: u64 = 4 << 20;
/// Counters of fewer ticks than this (10 s of one core) show nothing.
const LEAST_TICKS: u64 = 1000;
/// With IRQ time accounting, timer interrupts alone take more than this share of the time.
const LEAST_IRQ_SHARE: f64 = 1e-5;
/// Boot options that move interrupts or softirqs to threads.
const THREAD_OPTIONS: [&str; 2] = ["threadirqs", "thread_backlog_napi"];

/// The settings of this machine.
pub(crate) fn cpu_accounting() -> CpuAccounting {
    read(Path::new("/"), &CpuTicks::now())
}

/// The settings as in the files under `root`, with these counters.
fn read(root: &Path, ticks: &CpuTicks) -> CpuAccounting {
    let config = config(root);
    let has = |option: &str| {
        let set = format!("CONFIG_{option}=y");
        let mut lines = config.as_deref()?.lines();
        Some(lines.any(|line| line == set))
    };
    let text = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let has_full = text("sys/devices/system/cpu/nohz_full")
        .trim()
        .starts_with(|c: char| c.is_ascii_digit());
    let is_exact = match (
        has("VIRT_CPU_ACCOUNTING_NATIVE"),
        has("VIRT_CPU_ACCOUNTING_GEN"),
    ) {
        (Some(native), Some(generic)) => Some(native || (generic && has_full)),
        _ => None,
    };
    let command_line = text("proc/cmdline");
    let is_given = |option: &&str| command_line.split_whitespace().any(|word| word == *option);
    let options = THREAD_OPTIONS.into_iter().filter(is_given);
    let realtime = (text("sys/kernel/realtime").trim() == "1").then_some("PREEMPT_RT");
    CpuAccounting {
        irq_time: irq_time(has("IRQ_TIME_ACCOUNTING"), ticks),
        split_by_ticks: is_exact.map(|is_exact| !is_exact),
        steal_left_out: has("PARAVIRT_TIME_ACCOUNTING"),
        rps: interfaces(root, has_rps),
        threaded_napi: interfaces(root, |path| {
            let threaded = fs::read_to_string(path.join("threaded")).unwrap_or_default();
            !matches!(threaded.trim(), "" | "0")
        }),
        interrupt_threads: options.chain(realtime).map(str::to_owned).collect(),
    }
}

/// Whether IRQ time accounting is on: built in (`None`: unknown), and not turned off while the
/// system started. Without it the kernel never sees a tick inside of a hardware interrupt, so that
/// counter stays at zero.
fn irq_time(is_built_in: Option<bool>, ticks: &CpuTicks) -> Option<bool> {
    if is_built_in == Some(false) {
        return Some(false);
    }
    let share = ticks.hardware_interrupts as f64 / ticks.total.max(1) as f64;
    (ticks.total >= LEAST_TICKS).then_some(share > LEAST_IRQ_SHARE)
}

/// The configuration of the running kernel, if it can be read.
fn config(root: &Path) -> Option<String> {
    let mut config = String::new();
    if let Ok(file) = fs::File::open(root.join("proc/config.gz")) {
        let text = GzDecoder::new(file.take(MOST_CONFIG_BYTES));
        text.take(MOST_CONFIG_BYTES)
            .read_to_string(&mut config)
            .ok()?;
        return Some(config);
    }
    let release = fs::read_to_string(root.join("proc/sys/kernel/osrelease")).ok()?;
    let file = fs::File::open(root.join(format!("boot/config-{}", release.trim()))).ok()?;
    file.take(MOST_CONFIG_BYTES)
        .read_to_string(&mut config)
        .ok()?;
    Some(config)
}

/// The network interfaces for which this holds, in order.
fn interfaces(root: &Path, holds: fn(&Path) -> bool) -> Vec<String> {
    let entries = fs::read_dir(root.join("sys/class/net"));
    let entries = entries.into_iter().flatten().filter_map(Result::ok);
    let found = entries.filter(|entry| holds(&entry.path()));
    let mut names: Vec<String> = found
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names
}

/// Whether a receive queue of this interface has cores to pass packets to.
fn has_rps(interface: &Path) -> bool {
    let queues = fs::read_dir(interface.join("queues"));
    let queues = queues.into_iter().flatten().filter_map(Result::ok);
    let mut masks =
        queues.filter_map(|queue| fs::read_to_string(queue.path().join("rps_cpus")).ok());
    // A mask of cores in hexadecimal, with commas.
    masks.any(|mask| mask.chars().any(|c| c.is_ascii_hexdigit() && c != '0'))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn ticks(hardware_interrupts: u64) -> CpuTicks {
        CpuTicks {
            total: 1_000_000,
            hardware_interrupts,
            ..CpuTicks::default()
        }
    }

    /// Writes files under a new folder.
    fn machine(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    #[test]
    fn a_machine_that_tells_nothing_has_unknown_settings() {
        let root = machine(&[]);
        let found = read(root.path(), &CpuTicks::default());
        assert_eq!(found, CpuAccounting::default());
        assert!(!found.moves_loopback());
    }

    #[test]
    fn the_configuration_is_read_packed_and_from_boot() {
        let config = "CONFIG_TICK_CPU_ACCOUNTING=y\n# CONFIG_IRQ_TIME_ACCOUNTING is not set\n\
                      CONFIG_PARAVIRT_TIME_ACCOUNTING=y\n";
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(config.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let roots = [
            machine(&[("proc/config.gz", packed.as_slice())]),
            machine(&[
                ("proc/sys/kernel/osrelease", b"6.1.0\n"),
                ("boot/config-6.1.0", config.as_bytes()),
            ]),
        ];
        for root in roots {
            let found = read(root.path(), &ticks(700));
            assert_eq!(found.irq_time, Some(false));
            assert_eq!(found.split_by_ticks, Some(true));
            assert_eq!(found.steal_left_out, Some(true));
        }
    }

    #[test]
    fn a_damaged_configuration_is_an_unknown_one() {
        let root = machine(&[("proc/config.gz", b"no gzip")]);
        assert_eq!(read(root.path(), &ticks(700)).split_by_ticks, None);
    }

    #[test]
    fn counters_show_whether_interrupts_are_timed() {
        assert_eq!(irq_time(None, &ticks(700)), Some(true));
        assert_eq!(irq_time(None, &ticks(0)), Some(false));
        assert_eq!(irq_time(None, &CpuTicks::default()), None);
        // Built in, and turned off by a boot option.
        assert_eq!(irq_time(Some(true), &ticks(0)), Some(false));
        assert_eq!(irq_time(Some(true), &ticks(700)), Some(true));
        assert_eq!(irq_time(Some(false), &ticks(700)), Some(false));
    }

    #[test]
    fn exact_times_need_cores_without_ticks() {
        let config: (&str, &[u8]) = ("boot/config-6", b"CONFIG_VIRT_CPU_ACCOUNTING_GEN=y\n");
        let release: (&str, &[u8]) = ("proc/sys/kernel/osrelease", b"6");
        let full = "sys/devices/system/cpu/nohz_full";
        let split = |text: &[u8]| {
            let root = machine(&[config, release, (full, text)]);
            read(root.path(), &ticks(0)).split_by_ticks
        };
        assert_eq!(split(b"2-7\n"), Some(false));
        assert_eq!(split(b"  (null)\n"), Some(true));
        assert_eq!(split(b"\n"), Some(true));
    }

    #[test]
    fn settings_that_move_received_packets_are_listed() {
        let root = machine(&[
            (
                "sys/class/net/lo/queues/rx-0/rps_cpus",
                b"00000000,00000002\n",
            ),
            ("sys/class/net/eth0/queues/rx-0/rps_cpus", b"0\n"),
            ("sys/class/net/eth0/threaded", b"1\n"),
            ("sys/class/net/lo/threaded", b"0\n"),
            ("proc/cmdline", b"quiet threadirqs ro\n"),
            ("sys/kernel/realtime", b"1\n"),
        ]);
        let found = read(root.path(), &ticks(0));
        assert_eq!(found.rps, ["lo"]);
        assert_eq!(found.threaded_napi, ["eth0"]);
        assert_eq!(found.interrupt_threads, ["threadirqs", "PREEMPT_RT"]);
        assert!(found.moves_loopback());
        let quiet = CpuAccounting {
            interrupt_threads: vec!["threadirqs".to_owned()],
            ..CpuAccounting::default()
        };
        assert!(
            !quiet.moves_loopback(),
            "loopback has no hardware interrupts"
        );
    }
}
