//! The comparison under two loads: capacity, and one rate for all servers.

use super::comparison::EARLY_MARK;
use super::load_line::request;
use super::summary::{Figure, Shown, Summary, groups, quantile_text};
use super::units::{bytes, count, digits, some, span};
use crate::record::{CapacityOf, Cell, LoadSpec, Mode, RateShare};

/// Servers that are compared under one load or two.
#[derive(Debug, Clone, Copy)]
pub enum Comparison<'s, 'a> {
    /// Under one load.
    One(&'s [Summary<'a>]),
    /// Under two loads.
    Two(TwoLoads<'s, 'a>),
}

/// The same requests of the same clients, at capacity and at one rate.
#[derive(Debug, Clone, Copy)]
pub struct TwoLoads<'s, 'a> {
    /// The closed loop: each server at its own capacity.
    pub capacity: &'s [Summary<'a>],
    /// The open loop: all at the same rate, a share of the weakest server's capacity.
    pub at_rate: &'s [Summary<'a>],
}

impl<'s, 'a> Comparison<'s, 'a> {
    /// The first server under the first load.
    pub(crate) fn first(&self) -> &'s Summary<'a> {
        match self {
            Comparison::One(group) => &group[0],
            Comparison::Two(loads) => &loads.capacity[0],
        }
    }
}

/// The comparisons in a record, in its order.
pub(crate) fn comparisons<'s, 'a>(summaries: &'s [Summary<'a>]) -> Vec<Comparison<'s, 'a>> {
    let mut found = Vec::new();
    let mut groups = groups(summaries).peekable();
    while let Some(group) = groups.next() {
        let is_at_rate = |next: &&[Summary<'_>]| is_pair(group[0].cell, next[0].cell);
        found.push(match groups.next_if(is_at_rate) {
            Some(at_rate) => Comparison::Two(TwoLoads {
                capacity: group,
                at_rate,
            }),
            None => Comparison::One(group),
        });
    }
    found
}

/// Whether the second cell has the load of the first at one rate.
pub(super) fn is_pair(capacity: &Cell, at_rate: &Cell) -> bool {
    let load = &at_rate.load;
    let closed = LoadSpec {
        mode: Mode::Closed,
        rate_rps: None,
        rate_share: None,
        assign: capacity.load.assign,
        ..load.clone()
    };
    load.rate_share.is_some() && capacity.scenario == at_rate.scenario && closed == capacity.load
}

const COLUMNS: usize = 8;

/// The table of a comparison under two loads as text, without any layout.
pub(crate) struct TwoLoadsTable {
    /// The load and the figure of each column; the load is empty for columns of both.
    pub(crate) head: [(&'static str, &'static str); COLUMNS],
    /// One row per server, those with the least CPU per request at one rate first. The first
    /// column is its name.
    pub(crate) rows: Vec<TwoLoadsRow>,
}

/// The figures of one server.
pub(crate) struct TwoLoadsRow {
    /// Its index among the servers at capacity.
    pub(crate) server: usize,
    pub(crate) values: [String; COLUMNS],
}

impl<'s, 'a> TwoLoads<'s, 'a> {
    /// The table.
    pub(crate) fn table(&self) -> TwoLoadsTable {
        const CAPACITY: &str = "capacity";
        const AT_RATE: &str = "one rate";
        let cpu = |server: &usize| {
            let cpu = self
                .of_server(*server)
                .and_then(|at_rate| at_rate.cpu_us)
                .map(|cpu| cpu.median);
            cpu.unwrap_or(f64::INFINITY)
        };
        let mut order: Vec<usize> = (0..self.capacity.len()).collect();
        // Stable: servers without a figure keep their order.
        order.sort_by(|a, b| cpu(a).total_cmp(&cpu(b)));
        TwoLoadsTable {
            head: [
                ("", "model"),
                (CAPACITY, "requests/s"),
                (AT_RATE, "CPU/req."),
                (AT_RATE, "p50"),
                (AT_RATE, "p95"),
                (AT_RATE, "p99"),
                (AT_RATE, "memory"),
                ("", "served"),
            ],
            rows: order.into_iter().map(|server| self.row(server)).collect(),
        }
    }

    fn row(&self, server: usize) -> TwoLoadsRow {
        let capacity = &self.capacity[server];
        let at_rate = self.of_server(server);
        let none = || "–".to_owned();
        let figure = |of: fn(&Summary<'_>) -> Option<Figure>, text: fn(f64) -> String| {
            let figure = at_rate.and_then(of);
            figure.map_or_else(none, |figure| text(figure.median))
        };
        let quantile = |of: fn(&Summary<'_>) -> Shown| {
            at_rate.map_or_else(none, |summary| quantile_text(of(summary)))
        };
        TwoLoadsRow {
            server,
            values: [
                capacity.name().to_owned(),
                rate_text(capacity),
                figure(|summary| summary.cpu_us, |us| format!("{} µs", digits(us))),
                quantile(|summary| summary.latency(0.5, |trial| trial.latency_ns.p50)),
                quantile(|summary| summary.latency(0.95, |trial| trial.latency_ns.p95)),
                quantile(|summary| summary.latency(0.99, |trial| trial.latency_ns.p99)),
                figure(|summary| summary.pss_bytes, bytes),
                format!("{}/{}", capacity.served, capacity.asked),
            ],
        }
    }

    /// The same server at one rate; `None` if it was not measured there.
    fn of_server(&self, server: usize) -> Option<&'s Summary<'a>> {
        let own = &self.capacity[server].cell.contestant;
        let same = |cell: &Cell| {
            let other = &cell.contestant;
            (other.kind, &other.name, other.options.workers)
                == (own.kind, &own.name, own.options.workers)
        };
        self.at_rate.iter().find(|summary| same(summary.cell))
    }

    /// Both loads: `64 clients, ping of 45 B, 6 × 700 ms …; one rate: …`.
    pub(crate) fn load_line(&self) -> String {
        let load = &self.at_rate[0].cell.load;
        let trials = self.capacity[0].trials().len();
        let repeats = if trials == 1 {
            String::new()
        } else {
            format!("{trials} × ")
        };
        let arrivals = match load.mode {
            Mode::Constant => "constant",
            Mode::Poisson | Mode::Closed => "Poisson",
        };
        let (rate, from) = (self.rate_text(), load.rate_share.as_ref().map(from_pilot));
        format!(
            "{}, {}, {repeats}{} after {} of warm-up; capacity: closed loop; one rate: open loop at {rate}, {arrivals}{}",
            some(load.clients as u64, "client"),
            request(load),
            span(load.duration.as_secs_f64()),
            span(load.warmup.as_secs_f64()),
            from.unwrap_or_default(),
        )
    }

    /// The rate for all: `38,000/s`.
    pub(crate) fn rate_text(&self) -> String {
        let rate_rps = self.at_rate[0].cell.load.rate_rps.unwrap_or_default();
        format!("{}/s", count(rate_rps.round() as u64))
    }
}

/// The throughput of a server at capacity: `≥ 93,200` where the generator was the limit.
fn rate_text(summary: &Summary<'_>) -> String {
    let bound = if summary.limited { "≥ " } else { "" };
    let rate = count(summary.throughput_rps.median.round() as u64);
    let mark = if summary.is_interrupted() {
        EARLY_MARK
    } else {
        ""
    };
    format!("{mark}{bound}{rate}")
}

/// `, 50 % of the capacity of forking (90,600/s), the weakest that serves all clients`.
fn from_pilot(derived: &RateShare) -> String {
    let of = match derived.of {
        CapacityOf::Weakest => "weakest",
        CapacityOf::Strongest => "strongest",
    };
    let percent = digits((derived.share * 1000.0).round() / 10.0);
    format!(
        ", {} % of the capacity of {} ({}/s in its pilot), the {of} that serves all clients",
        percent.strip_suffix(".0").unwrap_or(&percent),
        derived.contestant,
        count(derived.capacity_rps.round() as u64),
    )
}
