//! `rpcbench doctor`: what on this machine will spoil figures, and the mend.

use std::io::Write;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

use crate::measure::environment;
use crate::record::Environment;

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    is: String,
    /// What it spoils and what to do; `None` where all is well.
    mend: Option<String>,
}

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let findings = examine(&environment::read());
    let mut out = anstream::stdout().lock();
    for finding in &findings {
        let (sign, style) = match finding.mend {
            Some(_) => ("!", AnsiColor::Yellow.on_default()),
            None => ("✓", AnsiColor::Green.on_default()),
        };
        writeln!(
            out,
            "{style}{sign}{style:#} {:<17}{}",
            finding.what, finding.is
        )?;
        if let Some(mend) = &finding.mend {
            for line in textwrap::wrap(mend, 76) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    let bold = Style::new().bold();
    match findings
        .iter()
        .filter(|finding| finding.mend.is_some())
        .count()
    {
        0 => writeln!(out, "\n{bold}Nothing here will spoil figures.{bold:#}")?,
        1 => writeln!(out, "\n{bold}1 thing here can spoil figures.{bold:#}")?,
        many => writeln!(out, "\n{bold}{many} things here can spoil figures.{bold:#}")?,
    }
    Ok(ExitCode::SUCCESS)
}

fn examine(environment: &Environment) -> Vec<Finding> {
    let limits = &environment.limits;
    let known =
        |value: Option<u64>| value.map_or_else(|| "unknown".to_owned(), |value| value.to_string());
    vec![
        Finding {
            what: "cores",
            is: environment.cpus.to_string(),
            mend: (environment.cpus < 4).then(|| {
                "Server and load generator share them, so the generator is often the limit: throughput is then \
                 printed as ≥ and not ranked. Compare CPU a request, or use a machine with four cores or more."
                    .to_owned()
            }),
        },
        Finding {
            what: "CPU quota",
            is: environment.cpu_quota.map_or_else(|| "none".to_owned(), |cores| format!("{cores:.2} cores")),
            mend: environment.cpu_quota.filter(|quota| *quota < environment.cpus as f64).map(|_| {
                "The control group stops all its processes when the quota is used up, which shows as a long tail. \
                 Raise the quota to the number of cores, or measure outside the container."
                    .to_owned()
            }),
        },
        Finding {
            what: "virtual machine",
            is: if environment.virtualised { "yes" } else { "no" }.to_owned(),
            mend: environment.virtualised.then(|| {
                "Neighbours slow it down at times. Compare within one run, with several --trials; never with \
                 figures of another day."
                    .to_owned()
            }),
        },
        Finding {
            what: "governor",
            is: environment.governor.clone().unwrap_or_else(|| "not shown by this machine".to_owned()),
            mend: environment.governor.as_deref().filter(|governor| *governor != "performance").map(|_| {
                "The clock rises only under load, so light loads look slow. Mend: cpupower frequency-set -g performance"
                    .to_owned()
            }),
        },
        Finding {
            what: "load",
            is: environment.load_1m.map_or_else(|| "unknown".to_owned(), |load| format!("{load:.2} over the last minute")),
            mend: environment.load_1m.filter(|load| *load > 0.25 * environment.cpus as f64).map(|_| {
                "Other processes use the cores. Stop them, or wait until they are done.".to_owned()
            }),
        },
        Finding {
            what: "descriptors",
            is: format!("{} a process", known(limits.nofile)),
            mend: limits.nofile.filter(|most| *most < 20_000).map(|most| {
                format!("At most about {} clients. Mend: ulimit -Hn 65536 (as root), or nofile in limits.conf.", most.saturating_sub(64))
            }),
        },
        Finding {
            what: "backlog",
            is: format!("at most {} (net.core.somaxconn)", known(limits.somaxconn)),
            mend: limits.somaxconn.filter(|most| *most < 4096).map(|_| {
                "Clients that connect at once are dropped and try again after a second. Mend: sysctl net.core.somaxconn=4096"
                    .to_owned()
            }),
        },
        Finding {
            what: "ports",
            is: limits.port_range.map_or_else(
                || "unknown".to_owned(),
                |[first, last]| format!("{first} to {last}, {} an address", u32::from(last) + 1 - u32::from(first)),
            ),
            mend: limits.port_range.filter(|[first, last]| last.saturating_sub(*first) < 20_000).map(|_| {
                "Few clients at a time on one address. Mend: sysctl net.ipv4.ip_local_port_range='32768 60999'".to_owned()
            }),
        },
        Finding {
            what: "build",
            is: environment::tool().profile,
            mend: cfg!(debug_assertions).then(|| {
                "A debug build is several times slower. Mend: cargo run --release".to_owned()
            }),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::SystemLimits;

    fn machine() -> Environment {
        Environment {
            cpu_model: None,
            cpus: 8,
            cpu_quota: None,
            kernel: None,
            governor: Some("performance".to_owned()),
            memory_bytes: None,
            virtualised: false,
            load_1m: Some(0.1),
            limits: SystemLimits {
                nofile: Some(65536),
                somaxconn: Some(4096),
                port_range: Some([32768, 60999]),
            },
        }
    }

    fn amiss(environment: &Environment) -> Vec<&'static str> {
        let findings = examine(environment).into_iter();
        findings
            .filter(|finding| finding.mend.is_some() && finding.what != "build")
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn each_fault_is_found_and_nothing_else() {
        assert_eq!(amiss(&machine()), [""; 0]);
        let bad = |change: fn(&mut Environment)| {
            let mut environment = machine();
            change(&mut environment);
            environment
        };
        assert_eq!(amiss(&bad(|e| e.cpus = 2)), ["cores"]);
        assert_eq!(amiss(&bad(|e| e.cpu_quota = Some(1.5))), ["CPU quota"]);
        assert_eq!(amiss(&bad(|e| e.virtualised = true)), ["virtual machine"]);
        assert_eq!(
            amiss(&bad(|e| e.governor = Some("powersave".into()))),
            ["governor"]
        );
        assert_eq!(amiss(&bad(|e| e.load_1m = Some(4.0))), ["load"]);
        assert_eq!(
            amiss(&bad(|e| e.limits.nofile = Some(1024))),
            ["descriptors"]
        );
        assert_eq!(amiss(&bad(|e| e.limits.somaxconn = Some(128))), ["backlog"]);
        assert_eq!(
            amiss(&bad(|e| e.limits.port_range = Some([50000, 60999]))),
            ["ports"]
        );
    }
}
