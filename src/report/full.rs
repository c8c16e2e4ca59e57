//! One contestant, figure by figure.

use super::markdown::quantile;
use super::summary::{Figure, Shown, Summary, doubts};
use super::text::{BOLD, DIM, WARN, load_line, painted, warned, wrapped};
use super::units::{bytes, count, digits, some, time};
use crate::record::{Cell, ClientWait, ErrorCounts, Mode, Trial};
use crate::stats::median;

/// The headline is who was served; starvation stands before any speed.
pub(super) fn in_full(summary: &Summary<'_>) -> String {
    let cell = summary.cell;
    let options = &cell.contestant.options;
    let workers = options
        .workers
        .map(|workers| some(workers as u64, "worker"));
    let setup: Vec<String> = workers.into_iter().chain(options.accept.clone()).collect();
    let title = format!("{}  {}", painted(BOLD, summary.name()), setup.join(", "));
    let mut lines = vec![title.trim_end().to_owned()];
    lines.extend(
        wrapped(&load_line(cell), "")
            .iter()
            .map(|line| painted(DIM, line)),
    );
    lines.push(String::new());
    if summary.unserved() {
        let told = format!(
            "{} of {} served",
            count(summary.served as u64),
            some(cell.load.clients as u64, "client")
        );
        lines.push(row("", &painted(WARN.bold(), &told)));
    }
    lines.push(row("Throughput", &throughput(summary)));
    if !summary.unserved() {
        let fairness = summary
            .fairness
            .map(|figure| format!(", fairness {:.3} (Jain)", figure.median));
        let all = format!(
            "all {} served{}",
            count(summary.served as u64),
            fairness.unwrap_or_default()
        );
        lines.push(row("Clients", &all));
    }
    lines.extend(latency(summary));
    lines.extend(waits(summary));
    lines.extend(connects(summary));
    lines.extend(server(summary));
    lines.push(row("Errors", &errors(cell)));
    let unanswered: u64 = cell.trials.iter().map(|trial| trial.unanswered).sum();
    if unanswered > 0 {
        lines.push(row("Unanswered", &some(unanswered, "request")));
    }
    lines.extend(validity(summary));
    lines.join("\n")
}

fn row(name: &str, value: &str) -> String {
    format!("  {name:<13}{value}")
}

fn throughput(summary: &Summary<'_>) -> String {
    let bound = if summary.limited { "≥ " } else { "" };
    let rate = |rps: f64| count(rps.round() as u64);
    let figure = painted(
        BOLD,
        &format!("{bound}{}/s", rate(summary.throughput_rps.median)),
    );
    let offered = summary.cell.load.rate_rps.map(|offered| {
        let over = if summary.over_capacity() {
            painted(WARN, ": over capacity")
        } else {
            String::new()
        };
        format!(" of {}/s offered{over}", rate(offered))
    });
    let spread = spread(summary, Some(summary.throughput_rps), rate);
    format!("{figure}{}{spread}", offered.unwrap_or_default())
}

/// The range over trials, where there are several.
fn spread(summary: &Summary<'_>, figure: Option<Figure>, show: impl Fn(f64) -> String) -> String {
    match figure {
        Some(figure) if summary.cell.trials.len() > 1 => {
            format!(
                " (median of {}: {} to {})",
                summary.cell.trials.len(),
                show(figure.low),
                show(figure.high)
            )
        }
        _ => String::new(),
    }
}

fn latency(summary: &Summary<'_>) -> Vec<String> {
    if summary.starved() {
        let note = summary.answered_p50_ns().map(|ns| {
            let share = if summary.served == 1 {
                "the one served"
            } else {
                "those served"
            };
            format!("p50 of {share}: {}", time(ns))
        });
        let mut lines = vec![row("Latency", &painted(WARN, &starved(summary)))];
        lines.extend(note.map(|note| row("", &painted(DIM, &note))));
        return lines;
    }
    let shown: [(&str, Shown); 5] = [
        ("p50", summary.latency(0.5, |trial| trial.latency_ns.p50)),
        ("p90", summary.latency(0.9, |trial| trial.latency_ns.p90)),
        ("p99", summary.latency(0.99, |trial| trial.latency_ns.p99)),
        (
            "p99.9",
            summary.latency(0.999, |trial| trial.latency_ns.p99_9),
        ),
        ("max", summary.latency(1.0, |trial| trial.latency_ns.max)),
    ];
    let told = shown.map(|(name, shown)| format!("{name} {}", quantile(shown)));
    let mut lines = vec![row("Latency", &told.join("  "))];
    if summary.cell.load.mode == Mode::Closed {
        let waiting = count(summary.cell.load.clients as u64);
        lines.push(row(
            "",
            &painted(
                DIM,
                &format!("at saturation, {waiting} waiting: it restates throughput"),
            ),
        ));
    } else {
        lines.push(row(
            "",
            &painted(DIM, "response time, from the planned send"),
        ));
        lines.extend(service_and_lag(summary));
    }
    lines
}

/// Of an open loop: what the server took once it was asked, and how late the generator was to ask.
fn service_and_lag(summary: &Summary<'_>) -> Vec<String> {
    let over_trials = |of: fn(&Trial) -> Option<u64>| {
        let values: Vec<f64> = summary
            .cell
            .trials
            .iter()
            .filter_map(|trial| of(trial).map(|ns| ns as f64))
            .collect();
        if values.is_empty() {
            "–".to_owned()
        } else {
            time(median(&values))
        }
    };
    let service = format!(
        "p50 {}  p99 {}  from the actual send, of the answered",
        over_trials(|trial| trial.service_ns.p50),
        over_trials(|trial| trial.service_ns.p99),
    );
    let lag = format!(
        "p50 {}  p99 {}  late, by the generator's own doing",
        over_trials(|trial| trial.generator.lag_ns.p50),
        over_trials(|trial| trial.generator.lag_ns.p99),
    );
    vec![row("Service", &service), row("Sent", &lag)]
}

/// Over clients: each one's longest wait.
fn waits(summary: &Summary<'_>) -> Option<String> {
    let over_trials = |of: fn(&ClientWait) -> Option<u64>| {
        let waits: Vec<f64> = summary
            .cell
            .trials
            .iter()
            .filter_map(|trial| of(&trial.client_wait_ns).map(|ns| ns as f64))
            .collect();
        (!waits.is_empty()).then(|| time(median(&waits)))
    };
    let (p50, max) = (over_trials(|wait| wait.p50)?, over_trials(|wait| wait.max)?);
    Some(row(
        "Longest wait",
        &format!("{p50} for the median client, {max} for the worst"),
    ))
}

fn starved(summary: &Summary<'_>) -> String {
    let clients = summary.cell.load.clients;
    let without = some((clients - summary.served) as u64, "client");
    let clients = count(clients as u64);
    format!("starved: {without} of {clients} without a reply in the window")
}

fn connects(summary: &Summary<'_>) -> Option<String> {
    summary.cell.load.requests_per_connection?;
    let medians: Vec<f64> = summary
        .cell
        .trials
        .iter()
        .filter_map(|trial| trial.connect_ns.p50.map(|ns| ns as f64))
        .collect();
    let p50 = median(&medians);
    p50.is_finite()
        .then(|| row("Connects", &format!("p50 {}", time(p50))))
}

fn server(summary: &Summary<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(cpu) = summary.cpu_us {
        let share = summary
            .user_share
            .map(|share| format!(", {:.0} % in user mode", share * 100.0));
        let share = share.unwrap_or_default();
        lines.push(row(
            "Server CPU",
            &format!(
                "{} µs a request{share}{}",
                digits(cpu.median),
                spread(summary, Some(cpu), digits)
            ),
        ));
    }
    if let (Some(pss), Some(processes), Some(threads)) =
        (summary.pss_bytes, summary.processes, summary.threads)
    {
        let size = format!(
            "{} (PSS), {}, {}",
            bytes(pss.median),
            processes_of(processes),
            some(threads, "thread")
        );
        lines.push(row("Server size", &size));
    }
    lines.extend(balance(summary).map(|told| row("Workers", &told)));
    lines
}

fn processes_of(number: u64) -> String {
    if number == 1 {
        "1 process".to_owned()
    } else {
        format!("{} processes", count(number))
    }
}

/// How the requests of the last trial spread over the workers.
fn balance(summary: &Summary<'_>) -> Option<String> {
    let workers = summary.cell.trials.last()?.server.workers.as_ref()?;
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

fn errors(cell: &Cell) -> String {
    let mut all = ErrorCounts::default();
    cell.trials.iter().for_each(|trial| all.add(&trial.errors));
    let kinds: Vec<String> = all
        .kinds()
        .iter()
        .map(|(kind, number)| format!("{} {kind}", count(*number)))
        .collect();
    let faults: u64 = cell
        .trials
        .iter()
        .filter_map(|trial| trial.server.faults)
        .sum();
    match (kinds.is_empty(), faults) {
        (true, 0) => "none".to_owned(),
        (true, faults) => format!(
            "none at the clients; {} on the server",
            some(faults, "fault")
        ),
        (false, 0) => painted(WARN, &kinds.join(", ")),
        (false, faults) => painted(
            WARN,
            &format!(
                "{}; {} on the server",
                kinds.join(", "),
                some(faults, "fault")
            ),
        ),
    }
}

fn validity(summary: &Summary<'_>) -> Vec<String> {
    let doubts = doubts(std::slice::from_ref(summary));
    let told = doubts
        .iter()
        .flat_map(|doubt| warned(&doubt.sentence(false), "  "));
    if doubts.is_empty() {
        Vec::new()
    } else {
        std::iter::once(String::new()).chain(told).collect()
    }
}
