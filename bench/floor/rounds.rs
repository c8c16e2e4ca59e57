//! The rounds: every trial once per round, in random order.

use std::io::{self, Write};
use std::time::Duration;

use rpcbench::ServeModel;
use rpcbench::models::Uring;

use crate::Options;
use crate::table::{self, Comparison, Figure};
use crate::trial::{self, Figures, Sends, Serves};

/// The connections of the loads.
const CLIENTS: [usize; 3] = [1, 64, 500];
/// Those of the loads at one rate: a rate for one client shows wake-ups and little else.
const RATE_CLIENTS: [usize; 2] = [64, 500];
/// The part of what `threaded` can do that is the rate of the open loops. Half of its capacity is
/// where CPU per request varies least.
const RATE_SHARE: f64 = 0.5;
/// The beginning of the names of the comparisons at one rate.
const THREADED: &str = "threaded";

/// One trial of each round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Case {
    pub(crate) serves: Serves,
    pub(crate) sends: Sends,
    pub(crate) clients: usize,
}

/// Measures, and prints the table.
pub(crate) fn run(options: &Options<'_>) -> anyhow::Result<()> {
    let rounds = options.rounds;
    let mut comparisons = closed_loops();
    match Uring.unavailable() {
        None => comparisons.extend(of_uring()),
        Some(reason) => say(&format!("uring is left out: {reason}"))?,
    }
    let is_asked_for = |comparison: &Comparison| comparison.what.contains(options.only);
    comparisons.retain(is_asked_for);
    for clients in RATE_CLIENTS {
        if THREADED.contains(options.only) {
            comparisons.extend(at_one_rate(clients)?);
        }
    }
    let trial_time = trial::WARMUP + trial::WINDOW + trial::AROUND;
    let trials = distinct(&comparisons).len();
    let time = trial_time * (rounds * trials) as u32;
    say(&format!(
        "{rounds} rounds of {trials} trials, some {}",
        text(time)
    ))?;
    let cases = distinct(&comparisons);
    let mut results = Vec::new();
    for _ in 0..rounds {
        results.push(round(&cases)?);
    }
    say(&table::of(&comparisons, &cases, &results))
}

/// What is compared in closed loops.
fn closed_loops() -> Vec<Comparison> {
    let mut all = Vec::new();
    for clients in CLIENTS {
        let case = |serves, sends| Case {
            serves,
            sends,
            clients,
        };
        let by_generator = case(Serves::FloorEpoll, Sends::Generator);
        let floor = case(Serves::FloorEpoll, Sends::FloorClient);
        let ours = case(Serves::Async, Sends::Generator);
        let compared = [
            ("async + generator / floor", Figure::Throughput, ours, floor),
            (
                "async / floor, by the generator",
                Figure::ServerCpu,
                ours,
                by_generator,
            ),
            (
                "generator / floor client, one server",
                Figure::ClientCpu,
                by_generator,
                floor,
            ),
        ];
        all.extend(compared.map(|(what, figure, ours, floor)| Comparison {
            what: what.to_owned(),
            figure,
            ours,
            floor,
        }));
    }
    all
}

/// `uring` and the io_uring server of the floor, driven by the generator.
fn of_uring() -> Vec<Comparison> {
    let case = |serves, clients| Case {
        serves,
        sends: Sends::Generator,
        clients,
    };
    let of = |clients| {
        [Figure::Throughput, Figure::ServerCpu].map(|figure| Comparison {
            what: "uring / floor uring, by the generator".to_owned(),
            figure,
            ours: case(Serves::Uring, clients),
            floor: case(Serves::FloorUring, clients),
        })
    };
    CLIENTS.into_iter().flat_map(of).collect()
}

/// `threaded` and the threads of the floor at the same rate, which a short trial finds.
fn at_one_rate(clients: usize) -> anyhow::Result<[Comparison; 2]> {
    let capacity = trial::run(Serves::Threaded, Sends::Generator, clients, 0)?;
    let rate_rps = (capacity.throughput_rps * RATE_SHARE / 1000.0).round() * 1000.0;
    let rate_rps = rate_rps.max(1000.0);
    let case = |serves| Case {
        serves,
        sends: Sends::AtRate(rate_rps),
        clients,
    };
    let compared = [
        ("floor threads", Serves::FloorThreads),
        ("floor threads that parse JSON", Serves::FloorThreadsJson),
    ];
    Ok(compared.map(|(floor, serves)| Comparison {
        what: format!("{THREADED} / {floor}, at {rate_rps}/s"),
        figure: Figure::ServerCpu,
        ours: case(Serves::Threaded),
        floor: case(serves),
    }))
}

/// The trials that these comparisons need, each once.
fn distinct(comparisons: &[Comparison]) -> Vec<Case> {
    let mut cases = Vec::new();
    for comparison in comparisons {
        for case in [comparison.ours, comparison.floor] {
            if !cases.contains(&case) {
                cases.push(case);
            }
        }
    }
    cases
}

/// One trial of each case in random order; all open loops of a round have the same plan.
fn round(cases: &[Case]) -> anyhow::Result<Vec<Figures>> {
    let seed = fastrand::u64(..);
    let mut order: Vec<usize> = (0..cases.len()).collect();
    fastrand::shuffle(&mut order);
    let mut figures = vec![None; cases.len()];
    for at in order {
        let Case {
            serves,
            sends,
            clients,
        } = cases[at];
        figures[at] = Some(trial::run(serves, sends, clients, seed)?);
    }
    Ok(figures.into_iter().flatten().collect())
}

fn text(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds < 90 => format!("{seconds} s"),
        seconds => format!("{:.1} min", seconds as f64 / 60.0),
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{text}")?)
}
