//! `rpcbench doctor`: lists settings of this machine that distort results, and how to fix them.

use std::io::Write;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

use crate::findings::cpu_accounting::in_words;
use crate::findings::provenance::selftest_sentence;
use crate::measure::environment;
use crate::record::{CpuAccounting, Environment};
use crate::sys::Priority;
use crate::sys::timestamps::{self, Available};
use crate::sys::uring::Ring;

/// One property of the machine that was checked.
struct Finding {
    property: &'static str,
    value: String,
    /// The effect on results and the fix; `None` if there is no problem.
    problem: Option<String>,
}

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let findings = examine(&environment::read(), &Priority::permitted());
    let mut out = anstream::stdout().lock();
    for finding in &findings {
        let (sign, style) = match finding.problem {
            Some(_) => ("!", AnsiColor::Yellow.on_default()),
            None => ("✓", AnsiColor::Green.on_default()),
        };
        writeln!(
            out,
            "{style}{sign}{style:#} {:<17}{}",
            finding.property, finding.value
        )?;
        if let Some(problem) = &finding.problem {
            for line in textwrap::wrap(problem, 76) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    let bold = Style::new().bold();
    match findings
        .iter()
        .filter(|finding| finding.problem.is_some())
        .count()
    {
        0 => writeln!(out, "\n{bold}No setting here distorts results.{bold:#}")?,
        1 => writeln!(out, "\n{bold}1 setting here can distort results.{bold:#}")?,
        many => writeln!(
            out,
            "\n{bold}{many} settings here can distort results.{bold:#}"
        )?,
    }
    Ok(ExitCode::SUCCESS)
}

fn examine(environment: &Environment, permitted: &[Priority]) -> Vec<Finding> {
    let limits = &environment.limits;
    let known =
        |value: Option<u64>| value.map_or_else(|| "unknown".to_owned(), |value| value.to_string());
    vec![
        Finding {
            property: "cores",
            value: environment.cpus.to_string(),
            problem: (environment.cpus < 4).then(|| {
                "Server and load generator share the cores, so the generator is often the limit: throughput is then \
                 printed as ≥ and not ranked. Fix: compare at one rate (--rate), or use a machine with four cores or more."
                    .to_owned()
            }),
        },
        Finding {
            property: "CPU quota",
            value: environment.cpu_quota.map_or_else(|| "none".to_owned(), |cores| format!("{cores:.2} cores")),
            problem: environment.cpu_quota.filter(|quota| *quota < environment.cpus as f64).map(|_| {
                "The kernel stops all processes of the control group when the quota is used up, which causes a long \
                 tail of response times. Fix: raise the quota to the number of cores, or measure outside the container."
                    .to_owned()
            }),
        },
        Finding {
            property: "virtual machine",
            value: if environment.virtualised { "yes" } else { "no" }.to_owned(),
            problem: environment.virtualised.then(|| {
                "Other virtual machines on the same host slow it down at times. Fix: compare within one run, with \
                 several --trials, and never with results of another day."
                    .to_owned()
            }),
        },
        Finding {
            property: "governor",
            value: environment.governor.clone().unwrap_or_else(|| "unknown".to_owned()),
            problem: environment.governor.as_deref().filter(|governor| *governor != "performance").map(|_| {
                "The clock frequency rises only under load, so response times under light load are too long. Fix: cpupower frequency-set -g performance"
                    .to_owned()
            }),
        },
        Finding {
            property: "load",
            value: environment.load_1m.map_or_else(|| "unknown".to_owned(), |load| format!("{load:.2} over the last minute")),
            problem: environment.load_1m.filter(|load| *load > 0.25 * environment.cpus as f64).map(|_| {
                "Other processes use the cores. Fix: stop them, or wait until they end.".to_owned()
            }),
        },
        cpu_accounting(environment.cpu_accounting.as_ref()),
        Finding {
            property: "descriptors",
            value: format!("{} per process", known(limits.nofile)),
            problem: limits.nofile.filter(|most| *most < 20_000).map(|most| {
                format!("At most about {} clients are possible. Fix: ulimit -Hn 65536 (as root), or nofile in limits.conf.", most.saturating_sub(64))
            }),
        },
        Finding {
            property: "backlog",
            value: format!("at most {} (net.core.somaxconn)", known(limits.somaxconn)),
            problem: limits.somaxconn.filter(|most| *most < 4096).map(|_| {
                "When many clients connect at once, some attempts are dropped and repeated after one second. Fix: sysctl net.core.somaxconn=4096"
                    .to_owned()
            }),
        },
        Finding {
            property: "ports",
            value: limits.port_range.map_or_else(
                || "unknown".to_owned(),
                |[first, last]| format!("{first} to {last}, {} per address", u32::from(last) + 1 - u32::from(first)),
            ),
            problem: limits.port_range.filter(|[first, last]| last.saturating_sub(*first) < 20_000).map(|_| {
                "Only few clients can connect to one address at a time. Fix: sysctl net.ipv4.ip_local_port_range='32768 60999'".to_owned()
            }),
        },
        time_stamps(timestamps::available().unwrap_or_default()),
        client_priority(environment, permitted),
        client_spin(environment.cpus),
        io_uring(Ring::unavailable()),
        Finding {
            property: "self-test",
            value: match &environment.selftest {
                None => "none of this build yet: rpcbench selftest".to_owned(),
                some => selftest_sentence(some.as_ref()),
            },
            problem: environment.selftest.as_ref().filter(|last| !last.failed.is_empty()).map(|_| {
                "Some figures are not right here. Fix: see what the failed checks concern with rpcbench selftest.".to_owned()
            }),
        },
        Finding {
            property: "build",
            value: environment::tool().profile,
            problem: cfg!(debug_assertions).then(|| {
                "A debug build is several times slower. Fix: cargo run --release".to_owned()
            }),
        },
    ]
}

/// How the kernel divides CPU time among processes.
fn cpu_accounting(accounting: Option<&CpuAccounting>) -> Finding {
    Finding {
        property: "CPU accounting",
        value: accounting.map_or_else(|| "unknown".to_owned(), in_words),
        problem: accounting.filter(|accounting| accounting.moves_loopback()).map(|_| {
            "The kernel receives packets of loopback outside of server and generator, so CPU per request of the server \
             leaves that work out. Fix: compare the CPU per request of the machine, or turn this off: \
             rps_cpus of lo (/sys/class/net/lo/queues/rx-0/rps_cpus) to 0, no thread_backlog_napi."
                .to_owned()
        }),
    }
}

/// The kernel's time stamps of requests and replies.
fn time_stamps(available: Available) -> Finding {
    Finding {
        property: "time stamps",
        value: match (available.received, available.sent) {
            (true, true) => "of what is received and of what is sent",
            (true, false) => "of what is received only: no time from wire to wire",
            (false, _) => "none",
        }
        .to_owned(),
        problem: (!available.received).then(|| {
            "In an open loop response and service times include the time until the load generator reads a reply. \
             Fix: measure on a Linux kernel with SO_TIMESTAMPING, outside of a sandbox that lacks it."
                .to_owned()
        }),
    }
}

/// Whether the model `uring` can run. If not, no result is wrong.
fn io_uring(unavailable: Option<String>) -> Finding {
    Finding {
        property: "io_uring",
        value: unavailable.map_or_else(
            || "permitted".to_owned(),
            |reason| format!("not usable, so the model uring is left out: {reason}"),
        ),
        problem: None,
    }
}

/// Which priorities the load generator may have. With few cores it waits for one that the server
/// uses.
fn client_priority(environment: &Environment, permitted: &[Priority]) -> Finding {
    let names: Vec<&str> = permitted.iter().map(|priority| priority.name()).collect();
    let is_raised = permitted.contains(&Priority::Realtime);
    Finding {
        property: "client priority",
        value: names.join(", "),
        problem: (!is_raised && environment.cpus < 4).then(|| {
            "In an open loop the load generator may have to wait for a core that the server uses, and then sends late. \
             Fix: ulimit -r 1 (as root), rtprio in limits.conf, or the capability CAP_SYS_NICE."
                .to_owned()
        }),
    }
}

/// Whether a thread of the load generator may poll without sleeping: that takes a core.
fn client_spin(cores: usize) -> Finding {
    Finding {
        property: "client spin",
        value: match cores {
            0 | 1 => "no: the server needs the only core".to_owned(),
            _ => "in open loops of 10,000/s per thread or more".to_owned(),
        },
        problem: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{SelftestSummary, SystemLimits};

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
            cpu_accounting: None,
            limits: SystemLimits {
                nofile: Some(65536),
                somaxconn: Some(4096),
                port_range: Some([32768, 60999]),
            },
            selftest: None,
        }
    }

    fn problems(environment: &Environment) -> Vec<&'static str> {
        let findings = examine(environment, &[Priority::Realtime]).into_iter();
        findings
            .filter(|finding| finding.problem.is_some() && finding.property != "build")
            .map(|finding| finding.property)
            .collect()
    }

    #[test]
    fn each_problem_is_reported_and_nothing_else() {
        assert_eq!(problems(&machine()), [""; 0]);
        let changed = |change: fn(&mut Environment)| {
            let mut environment = machine();
            change(&mut environment);
            environment
        };
        assert_eq!(problems(&changed(|e| e.cpus = 2)), ["cores"]);
        assert_eq!(
            problems(&changed(|e| e.selftest = Some(SelftestSummary {
                time: String::new(),
                quick: true,
                passed: 10,
                failed: vec!["md1".to_owned()],
            }))),
            ["self-test"]
        );
        assert_eq!(
            problems(&changed(|e| e.cpu_quota = Some(1.5))),
            ["CPU quota"]
        );
        assert_eq!(
            problems(&changed(|e| e.virtualised = true)),
            ["virtual machine"]
        );
        assert_eq!(
            problems(&changed(|e| e.governor = Some("powersave".into()))),
            ["governor"]
        );
        assert_eq!(problems(&changed(|e| e.load_1m = Some(4.0))), ["load"]);
        assert_eq!(
            problems(&changed(|e| e.cpu_accounting = Some(CpuAccounting {
                rps: vec!["lo".to_owned()],
                ..CpuAccounting::default()
            }))),
            ["CPU accounting"]
        );
        assert_eq!(
            problems(&changed(|e| e.limits.nofile = Some(1024))),
            ["descriptors"]
        );
        assert_eq!(
            problems(&changed(|e| e.limits.somaxconn = Some(128))),
            ["backlog"]
        );
        assert_eq!(
            problems(&changed(|e| e.limits.port_range = Some([50000, 60999]))),
            ["ports"]
        );
    }

    #[test]
    fn a_normal_priority_is_a_problem_only_on_few_cores() {
        let finding = |cpus, permitted: &[Priority]| {
            let environment = Environment { cpus, ..machine() };
            client_priority(&environment, permitted)
        };
        let all = [Priority::Realtime, Priority::Nice, Priority::Normal];
        assert_eq!(finding(2, &all).value, "realtime, nice, normal");
        assert!(finding(2, &all).problem.is_none());
        assert!(finding(2, &[Priority::Normal]).problem.is_some());
        assert!(finding(8, &[Priority::Normal]).problem.is_none());
    }
}
