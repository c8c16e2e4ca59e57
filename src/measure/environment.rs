//! Properties of the machine and the build that can influence results.

use std::fs;
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit};

use super::cpu_accounting::cpu_accounting;
use crate::record::{Environment, SELFTEST_FOLDER, SelftestResult, SystemLimits, Tool};

/// This build of the program.
pub fn tool() -> Tool {
    Tool {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        git: option_env!("RPCBENCH_GIT").map(str::to_owned),
        rustc: env!("RPCBENCH_RUSTC").to_owned(),
        profile: if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        }
        .to_owned(),
    }
}

/// Properties of this machine at the time of the call.
pub fn read() -> Environment {
    let mut environment = machine();
    let last = SelftestResult::last(Path::new(SELFTEST_FOLDER), &tool(), &environment);
    environment.selftest = last.map(|result| result.summary());
    environment
}

/// Properties of this machine, without its last self-test.
pub fn machine() -> Environment {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    Environment {
        cpu_model: field(&cpuinfo, "model name").map(str::to_owned),
        cpus: cores(),
        cpu_quota: cpu_quota(),
        kernel: line("/proc/sys/kernel/osrelease"),
        governor: line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        memory_bytes: memory_bytes(),
        virtualised: is_virtual(&cpuinfo),
        load_1m: line("/proc/loadavg").and_then(|text| text.split(' ').next()?.parse().ok()),
        cpu_accounting: Some(cpu_accounting()),
        limits: SystemLimits {
            nofile: getrlimit(Resource::RLIMIT_NOFILE)
                .ok()
                .map(|(_, hard)| hard),
            somaxconn: line("/proc/sys/net/core/somaxconn").and_then(|text| text.parse().ok()),
            port_range: port_range(),
        },
        selftest: None,
    }
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Cores of this machine.
#[cfg(feature = "mpi")]
pub fn online_cores() -> usize {
    let online = nix::unistd::sysconf(nix::unistd::SysconfVar::_NPROCESSORS_ONLN);
    let online = online.ok().flatten();
    online.map_or(1, |online| usize::try_from(online).unwrap_or(1))
}

/// Memory that this process has allocated and touched (RssAnon, proc_pid_status(5)).
pub fn own_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kib = field(&status, "RssAnon")?.strip_suffix(" kB")?;
    kib.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

fn line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

fn memory_bytes() -> Option<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let kib: u64 = field(&meminfo, "MemTotal")?
        .split(' ')
        .next()?
        .parse()
        .ok()?;
    Some(kib * 1024)
}

/// Cores that the control group allows: version 2, else version 1.
fn cpu_quota() -> Option<f64> {
    let ratio = |quota: &str, period: &str| {
        let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
        (quota > 0.0 && period > 0.0).then(|| quota / period)
    };
    if let Some(text) = line("/sys/fs/cgroup/cpu.max") {
        let (quota, period) = text.split_once(' ')?;
        return ratio(quota, period);
    }
    ratio(
        &line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")?,
        &line("/sys/fs/cgroup/cpu/cpu.cfs_period_us")?,
    )
}

fn is_virtual(cpuinfo: &str) -> bool {
    let flags = field(cpuinfo, "flags").unwrap_or_default();
    flags.split(' ').any(|flag| flag == "hypervisor")
        || fs::exists("/sys/hypervisor/type").unwrap_or(false)
}

fn port_range() -> Option<[u16; 2]> {
    let text = line("/proc/sys/net/ipv4/ip_local_port_range")?;
    let mut ports = text.split_ascii_whitespace().map(|port| port.parse().ok());
    Some([ports.next()??, ports.next()??])
}
