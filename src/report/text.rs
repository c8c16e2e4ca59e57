//! The terminal, within 80 columns: several contestants in a table, one in full.

use anstyle::{AnsiColor, Style};
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::markdown::quantile;
use super::summary::{Doubt, Summary, doubts};
use super::units::{bytes, count, digits, some, span};
use super::{Format, full, search, words};
use crate::record::{BesideInfo, Cell, Mode, Record, SearchInfo};

pub(super) struct Text;

const WIDTH: usize = 80;
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();

impl Format for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn render(&self, record: &Record) -> String {
        let summaries: Vec<Summary<'_>> = record.cells.iter().filter_map(Summary::of).collect();
        let mut out = Vec::new();
        if record.interrupted {
            out.push(painted(WARN, "Ended early: this is what was complete."));
        }
        if summaries.is_empty() {
            out.push("No trial was completed.".to_owned());
        }
        out.extend(search::groups(record).map(|group| searched(record, group)));
        if !record.searches.is_empty() {
            let doubts = warnings(&summaries);
            out.extend((!doubts.is_empty()).then(|| doubts.join("\n")));
        }
        // Their steps are told there.
        let alone = record.searches.is_empty();
        let mut last = None;
        for group in groups(&summaries).filter(|_| alone) {
            let scenario = group[0].cell.scenario.as_deref();
            if scenario != last {
                out.extend(scenario.map(|name| heading(record, name)));
                last = scenario;
            }
            match group {
                [one] => out.push(full::in_full(one)),
                several => out.push(compared(several)),
            }
        }
        for left_out in &record.left_out {
            out.push(
                warned(&format!("Left out: {left_out}."), "")
                    .collect::<Vec<_>>()
                    .join("\n"),
            );
        }
        out.join("\n\n") + "\n"
    }
}

/// The summaries, those of one load together.
pub(super) fn groups<'s, 'a>(
    summaries: &'s [Summary<'a>],
) -> impl Iterator<Item = &'s [Summary<'a>]> {
    summaries.chunk_by(|a, b| a.cell.load == b.cell.load && a.cell.scenario == b.cell.scenario)
}

/// A scenario's name and what it is.
fn heading(record: &Record, name: &str) -> String {
    let lines = wrapped(&about(record, name), "");
    let lines = lines.iter().map(|line| painted(BOLD, line));
    lines.collect::<Vec<_>>().join("\n")
}

/// `echo: connections that stay …`.
pub(super) fn about(record: &Record, name: &str) -> String {
    let info = record.scenarios.iter().find(|info| info.name == name);
    info.map_or(name.to_owned(), |info| format!("{name}: {}", info.about))
}

/// The load in a line: what is as usual goes without saying.
pub(super) fn load_line(cell: &Cell) -> String {
    let load = &cell.load;
    let rate = || count(load.rate_rps.unwrap_or_default().round() as u64);
    let mode = match load.mode {
        Mode::Closed => "closed loop".to_owned(),
        Mode::Constant => format!("open loop of {}/s, constant", rate()),
        Mode::Poisson => format!("open loop of {}/s, Poisson", rate()),
    };
    let per_connection = load.requests_per_connection.map(u64::from);
    let unusual = [
        (load.idle > 0).then(|| format!("beside {} idle", count(load.idle as u64))),
        Some(mode),
        load.then.map(|then| {
            let rate = count(then.rate_rps.round() as u64);
            format!("then {rate}/s after {}", span(then.after_s))
        }),
        load.skew.map(|skew| {
            let (requests, clients) = (share(skew.requests_share), share(skew.clients_share));
            format!("{requests} of requests by {clients} of clients")
        }),
        (load.assign != "bound").then(|| "to any connection that is free".to_owned()),
        (load.think_s > 0.0).then(|| format!("{} of thought", span(load.think_s))),
        (load.pipeline > 1).then(|| format!("{} in flight a connection", load.pipeline)),
        per_connection.map(|most| format!("{} a connection", some(most, "request"))),
        load.reconnect_every_s
            .map(|every| format!("reconnecting every {}", span(every))),
        (load.close != "fin").then(|| format!("closed by {}", load.close)),
        (load.wire != "default").then(|| format!("wire as in the {}", load.wire)),
        load.client_cpus
            .as_ref()
            .map(|cpus| format!("generator on core {cpus}")),
    ];
    let unusual: Vec<String> = unusual.into_iter().flatten().collect();
    let trials = cell.trials.len();
    let times = if trials == 1 {
        String::new()
    } else {
        format!("{trials} × ")
    };
    format!(
        "{}, {}, {} of {} B{}, {times}{} after {} of warm-up",
        some(load.clients as u64, "client"),
        unusual.join(", "),
        called(&load.method, load.params.as_deref()),
        load.request_bytes,
        load.beside.as_ref().map_or_else(String::new, beside),
        span(load.duration_s),
        span(load.warmup_s),
    )
}

/// A method with its params, where these are short: `spin 200`.
fn called(method: &str, params: Option<&str>) -> String {
    const SHORT: usize = 20;
    match params.filter(|params| params.chars().count() <= SHORT) {
        Some(params) => format!("{method} {params}"),
        None => method.to_owned(),
    }
}

/// `9/10`, `95/100`, or what no such fraction says as a number.
fn share(share: f64) -> String {
    let parts = [10.0, 100.0, 1000.0];
    let whole = |part: &f64| ((share * part).round() - share * part).abs() < 1e-6;
    match parts.into_iter().find(whole) {
        Some(part) => format!("{:.0}/{part}", share * part),
        None => format!("{share:.4}"),
    }
}

/// `, 1 in 100 spin of 4 B`, of params.
fn beside(beside: &BesideInfo) -> String {
    let one_in = count(u64::from(beside.one_in));
    let method = called(&beside.method, beside.params.as_deref());
    format!(", 1 in {one_in} {method} of {} B", beside.payload_bytes)
}

/// Where and with what it was measured, in a line.
pub(super) fn provenance(record: &Record) -> String {
    let environment = &record.environment;
    let machine = environment
        .cpu_model
        .as_deref()
        .unwrap_or("unknown processor");
    format!(
        "{}, {}{}, Linux {}, rpcbench {} ({}), seed {}.",
        machine,
        some(environment.cpus as u64, "core"),
        if environment.virtualised {
            ", virtual"
        } else {
            ""
        },
        environment.kernel.as_deref().unwrap_or("unknown"),
        record.tool.version,
        record.tool.git.as_deref().unwrap_or("no commit"),
        record.seed,
    )
}

pub(super) fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Several contestants under one load.
fn compared(group: &[Summary<'_>]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header([
        "",
        "requests/s",
        "p50",
        "p99",
        "CPU a req.",
        "memory",
        "served",
    ]);
    for summary in group {
        let bound = if summary.limited { "≥ " } else { "" };
        let rate = format!(
            "{bound}{}",
            count(summary.throughput_rps.median.round() as u64)
        );
        let none = || "–".to_owned();
        table.add_row([
            short(summary.name()),
            rate,
            quantile(summary.latency(0.5, |trial| trial.latency_ns.p50)),
            quantile(summary.latency(0.99, |trial| trial.latency_ns.p99)),
            summary
                .cpu_us
                .map_or_else(none, |figure| format!("{} µs", digits(figure.median))),
            summary
                .pss_bytes
                .map_or_else(none, |figure| bytes(figure.median)),
            format!("{}/{}", summary.served, summary.asked),
        ]);
    }
    table
        .column_iter_mut()
        .skip(1)
        .for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 1));
    });
    let load = wrapped(&load_line(group[0].cell), "");
    let mut lines: Vec<String> = load.iter().map(|line| painted(BOLD, line)).collect();
    lines.push(String::new());
    for (at, line) in table.lines().enumerate() {
        let line = line.trim_end();
        lines.push(if at == 0 {
            painted(DIM, line)
        } else {
            line.to_owned()
        });
    }
    lines.push(String::new());
    let note = match group[0].cell.load.mode {
        _ if group[0].cell.load.then.is_some() => {
            "An overload has no quantiles: they would only say how long it lasted."
        }
        Mode::Closed => {
            "p50 and p99 are at saturation: they restate throughput and do not rank models."
        }
        Mode::Constant | Mode::Poisson => {
            "p50 and p99 are response times, from the planned send, at the same rate for all."
        }
    };
    lines.push(painted(DIM, note));
    for sentence in words::closing(group) {
        lines.extend(wrapped(&sentence, ""));
    }
    lines.extend(warnings(group));
    lines.join("\n")
}

/// Searches under one load: the answers, then the steps of each.
fn searched(record: &Record, group: &[SearchInfo]) -> String {
    let mut lines: Vec<String> = wrapped(&search::heading(record, &group[0]), "")
        .iter()
        .map(|line| painted(BOLD, line))
        .collect();
    lines.push(String::new());
    let answers = group.iter().map(search::answer);
    lines.extend(answers.flat_map(|answer| wrapped(&answer, "")));
    for search in group.iter().filter(|search| !search.steps.is_empty()) {
        lines.push(String::new());
        let pilot = count(search.pilot_rps.round() as u64);
        let name = &search.contestant;
        lines.push(painted(
            DIM,
            &format!("{name}, of which a closed loop gets {pilot}/s:"),
        ));
        for step in search::sorted(search) {
            let [rate, held, values] = search::row(search, step);
            lines.push(format!("{rate:>12}  {held:<5}  {values}"));
        }
    }
    lines.join("\n")
}

/// A command can be long; the table keeps its width.
fn short(name: &str) -> String {
    const MOST: usize = 18;
    if name.chars().count() <= MOST {
        name.to_owned()
    } else {
        name.chars().take(MOST - 1).chain(['…']).collect()
    }
}

/// What speaks against trials, beyond what the table and the sentences say already.
fn warnings(group: &[Summary<'_>]) -> Vec<String> {
    let said = |doubt: &Doubt<'_>| {
        doubt.reason.starts_with("the load generator was the limit")
            || doubt.reason.starts_with("offered ")
    };
    let new = doubts(group).into_iter().filter(|doubt| !said(doubt));
    new.flat_map(|doubt| warned(&doubt.sentence(true), ""))
        .collect()
}

pub(super) fn warned(text: &str, indent: &str) -> impl Iterator<Item = String> + use<> {
    wrapped(text, indent)
        .into_iter()
        .map(|line| painted(WARN, &line))
}

/// Words in lines of at most 80 columns, all but the first a little further in.
pub(super) fn wrapped(text: &str, indent: &str) -> Vec<String> {
    let further = format!("{indent}  ");
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(indent)
        .subsequent_indent(&further);
    textwrap::wrap(text, options)
        .into_iter()
        .map(String::from)
        .collect()
}
