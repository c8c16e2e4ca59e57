//! Faults that are built into the readings of a trial: the self-test must find each.
//!
//! This test has its own `main`, because a server is started by running the same binary again. It
//! asserts nothing about the speed of the machine: each fault is far beyond the tolerance.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "this file is a test with its own main, which may panic and prints its results"
)]

use std::process::ExitCode;
use std::time::Duration;

use hdrhistogram::Histogram;
use rpcbench::internal::load::{LiveProgress, Measured};
use rpcbench::internal::measure::{Case, Observed, Observer, RunProgress};
use rpcbench::internal::selftest::{Bench, Halt, Length, Reading, checks, try_once};

/// How late the replies are read.
const LATE_NS: u64 = 500_000;

/// A fault, the check that must find it, and what that check then measures.
struct Injected {
    name: &'static str,
    fault: fn(&mut Measured, &mut Observed),
    check: &'static str,
    shows: fn(&Reading, f64) -> bool,
}

static FAULTS: &[Injected] = &[
    Injected {
        name: "reads_late",
        fault: reads_late,
        check: "fixed-time",
        shows: |reading, measured| measured >= reading.truth + 500.0,
    },
    Injected {
        name: "drops_the_cpu_of_dead_children",
        fault: drops_the_cpu_of_dead_children,
        check: "short-children",
        shows: |reading, measured| measured < 0.5 * reading.truth,
    },
    Injected {
        name: "counts_a_dropped_reply_as_served",
        fault: counts_a_dropped_reply_as_served,
        check: "dropped-replies",
        shows: |_, measured| measured == 0.0,
    },
];

/// Adds to the time at which each reply is read.
fn reads_late(measured: &mut Measured, _: &mut Observed) {
    let recorder = &mut measured.recorder;
    for times in [&mut recorder.latency.answered, &mut recorder.service] {
        let mut late = Histogram::new_from(times);
        for bucket in times.iter_recorded() {
            let late_ns = bucket.value_iterated_to() + LATE_NS;
            late.record_n(late_ns, bucket.count_at_value()).unwrap();
        }
        *times = late;
    }
}

/// Counts only processes that still live.
fn drops_the_cpu_of_dead_children(_: &mut Measured, observed: &mut Observed) {
    for usage in [&mut observed.before, &mut observed.after] {
        let cpu = &mut usage.as_mut().unwrap().cpu;
        cpu.total -= cpu.reaped;
    }
}

/// Takes a request that timed out for an answered one.
fn counts_a_dropped_reply_as_served(measured: &mut Measured, _: &mut Observed) {
    let recorder = &mut measured.recorder;
    let dropped = recorder.errors.timeout + recorder.unanswered;
    (recorder.errors.timeout, recorder.unanswered) = (0, 0);
    recorder.requests += dropped;
    let latency = &mut recorder.latency;
    latency.answered.add(&latency.censored).unwrap();
    latency.censored.reset();
}

struct Silent;

impl Observer for Silent {
    fn trial_begins(&mut self, _: &Case, _: RunProgress) {}
    fn live(&mut self, _: LiveProgress, _: Duration) {}
    fn wait(&mut self, most: Duration) -> std::io::Result<bool> {
        std::thread::sleep(most);
        Ok(false)
    }
}

fn try_with(injected: &Injected) -> Result<Reading, Halt> {
    let mut bench = Bench {
        observer: &mut Silent,
        adjust: &mut |measured, observed| (injected.fault)(measured, observed),
    };
    let check = checks::find(injected.check).unwrap();
    try_once(&mut bench, check, Length::Quick)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word.starts_with("__")) {
        return rpcbench::main(rpcbench::models::ALL, &rpcbench::Builtin);
    }
    if arguments.iter().any(|word| word == "--list") {
        return ExitCode::SUCCESS;
    }
    // As in other tests, a word is a part of the names to run.
    let filter = arguments.iter().find(|word| !word.starts_with('-'));
    let is_chosen = |injected: &&Injected| filter.is_none_or(|part| injected.name.contains(part));
    let mut code = ExitCode::SUCCESS;
    for injected in FAULTS.iter().filter(is_chosen) {
        let reading = try_with(injected).unwrap();
        let measured = reading.measured.unwrap();
        let is_found = !reading.is_ok() && (injected.shows)(&reading, measured);
        println!(
            "test {} ... {}: {} measures {measured:.1} in place of {} ± {}",
            injected.name,
            if is_found { "ok" } else { "FAILED" },
            injected.check,
            reading.truth,
            reading.tolerance,
        );
        if !is_found {
            code = ExitCode::FAILURE;
        }
    }
    code
}
