//! Resources used by server and generator, and the connects between them.

use super::rows::{row, spread};
use crate::findings::memory_sentences::NOT_READ;
use crate::findings::units::{bytes, count, digits, some, time};
use crate::findings::{BEYOND, Summary};
use crate::record::{Cell, Connects, GeneratorSide, Mode, Quantiles};
use crate::report::terminal::{DIM, painted};
use crate::stats::median;

/// A quantile: its name, whether it is shown, and its value.
type Shown = (&'static str, bool, fn(&Quantiles) -> Option<u64>);

/// Connect times if connects are part of the load, and connects that failed.
pub(crate) fn connects(summary: &Summary<'_>) -> Option<String> {
    let trials = summary.trials();
    let mut all = Connects::default();
    trials.iter().for_each(|trial| all.add(&trial.connects));
    let failed = [
        (all.refused, "refused"),
        (all.timed_out, "timed out"),
        (all.failed, "failed"),
        (all.pending, "pending at the end"),
    ];
    let failed: Vec<String> = failed
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, how)| format!("{} {how}", count(*number)))
        .collect();
    let reconnects = summary.cell.load.requests_per_connection.is_some();
    let enough = trials
        .iter()
        .all(|trial| BEYOND <= trial.connects.made as f64 * 0.01);
    let quantiles: [Shown; 3] = [
        ("p50", reconnects, |connect| connect.p50),
        ("p99", reconnects && enough, |connect| connect.p99),
        ("max", reconnects, |connect| connect.max),
    ];
    let shown = quantiles.iter().filter(|(_, shown, _)| *shown);
    let times = shown.filter_map(|(name, _, of)| {
        let values = trials.iter().filter_map(|trial| of(&trial.connect_ns));
        let values: Vec<f64> = values.map(|ns| ns as f64).collect();
        (!values.is_empty()).then(|| format!("{name} {}", time(median(&values))))
    });
    let times = times.collect::<Vec<_>>().join("  ");
    let times = (!times.is_empty()).then_some(times);
    let parts: Vec<String> = times.into_iter().chain(failed).collect();
    (!parts.is_empty()).then(|| row("Connects", &parts.join(", ")))
}

/// The state of the idle connections at the end.
pub(crate) fn idle(cell: &Cell) -> Option<String> {
    let idle = cell.counted_trials().last().map(|trial| trial.idle)?;
    (cell.load.idle > 0).then(|| {
        let closed = match idle.closed {
            0 => String::new(),
            closed => format!(", closed by the server {} times", count(closed)),
        };
        let (open, all) = (count(idle.open), count(cell.load.idle as u64));
        row("Idle", &format!("{open} of {all} open at the end{closed}"))
    })
}

/// Resources that the load generator used.
pub(crate) fn generator(summary: &Summary<'_>) -> Option<String> {
    let over_trials = |of: fn(&GeneratorSide) -> Option<f64>| {
        let trials = summary.trials().iter();
        let values: Vec<f64> = trials.filter_map(|trial| of(&trial.generator)).collect();
        (!values.is_empty()).then(|| median(&values))
    };
    let cpu = over_trials(|generator| generator.cpu_us_per_request)?;
    let busy = over_trials(|generator| Some(generator.busy_fraction * 100.0))?;
    let busy = match summary.trials().last()?.generator.threads {
        1 => format!("{busy:.0} % busy"),
        threads => format!("{threads} threads ≤ {busy:.0} % busy"),
    };
    let memory = over_trials(|generator| generator.memory_bytes_per_connection);
    let memory = memory.map(|held| format!(", {}/connection", bytes(held)));
    Some(row(
        "Generator",
        &format!(
            "{} µs CPU/request, {busy}{}",
            digits(cpu),
            memory.unwrap_or_default()
        ),
    ))
}

pub(crate) fn server(summary: &Summary<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(cpu) = summary.cpu_us {
        let share = summary
            .user_share
            .map(|share| format!(", {:.0} % user mode", share * 100.0));
        let share = share.unwrap_or_default();
        lines.push(row(
            "Server CPU",
            &format!(
                "{} µs per request{share}{}",
                digits(cpu.median),
                spread(summary, Some(cpu), digits)
            ),
        ));
        let load = &summary.cell.load;
        if load.mode == Mode::Closed && load.think.is_zero() {
            let note = "at saturation: compare servers at one rate (--rate)";
            lines.push(row("", &painted(DIM, note)));
        }
    }
    if let Some(cpu) = summary.machine_cpu_us {
        lines.push(row(
            "Machine CPU",
            &format!(
                "{} µs per request: server, generator and kernel for both",
                digits(cpu.median)
            ),
        ));
    }
    if let (Some(processes), Some(threads)) = (summary.processes, summary.threads) {
        let memory = summary.pss_bytes.map_or_else(
            || "memory not known".to_owned(),
            |pss| format!("{} (PSS)", bytes(pss.median)),
        );
        let size = format!(
            "{memory}, {}, {}",
            processes_of(processes),
            some(threads, "thread")
        );
        lines.push(row("Server size", &size));
        let note = match summary.pss_bytes {
            Some(_) => "without kernel stacks, page tables, socket buffers",
            None => NOT_READ,
        };
        lines.push(row("", &painted(DIM, note)));
    }
    lines.extend(balance(summary).map(|shares| row("Workers", &shares)));
    lines
}

fn processes_of(number: u64) -> String {
    if number == 1 {
        "1 process".to_owned()
    } else {
        format!("{} processes", count(number))
    }
}

/// The distribution of the last trial's requests over the workers.
fn balance(summary: &Summary<'_>) -> Option<String> {
    let workers = summary.trials().last()?.server.workers.as_ref()?;
    let sum: u64 = workers.iter().map(|worker| worker.requests).sum();
    let share = |requests: u64| digits(100.0 * requests as f64 / sum as f64);
    match workers.len() {
        0 => None,
        _ if sum == 0 => Some("no requests served".to_owned()),
        1..=8 => {
            let shares: Vec<String> = workers
                .iter()
                .map(|worker| share(worker.requests))
                .collect();
            Some(format!("{} % of requests", shares.join(" / ")))
        }
        many => {
            let least = workers.iter().map(|worker| worker.requests).min()?;
            let most = workers.iter().map(|worker| worker.requests).max()?;
            Some(format!(
                "{many}, each {} to {} % of requests",
                share(least),
                share(most)
            ))
        }
    }
}
