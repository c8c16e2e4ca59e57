//! The table of ratios with their intervals.

use rpcbench::internal::stats::signed_rank::interval;
use rpcbench::internal::stats::{hodges_lehmann, median};

use crate::rounds::Case;
use crate::trial::Figures;

/// The error rate of an interval.
const ALPHA: f64 = 0.05;

/// A figure of two trials that is compared.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Figure {
    Throughput,
    ServerCpu,
    ClientCpu,
}

impl Figure {
    fn name(self) -> &'static str {
        match self {
            Figure::Throughput => "requests per second",
            Figure::ServerCpu => "server µs per request",
            Figure::ClientCpu => "client µs per request",
        }
    }

    fn of(self, figures: &Figures) -> Option<f64> {
        match self {
            Figure::Throughput => Some(figures.throughput_rps),
            Figure::ServerCpu => figures.server_cpu_us,
            Figure::ClientCpu => Some(figures.client_cpu_us),
        }
    }

    fn text(self, value: f64) -> String {
        match self {
            Figure::Throughput => format!("{value:.0}"),
            Figure::ServerCpu | Figure::ClientCpu => format!("{value:.2}"),
        }
    }
}

/// Two trials of a round that are compared.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) what: String,
    pub(crate) figure: Figure,
    pub(crate) ours: Case,
    pub(crate) floor: Case,
}

/// The table as Markdown: medians over rounds, and the ratio within rounds (Hodges and Lehmann on
/// the logarithms) with the interval of the signed-rank test.
pub(crate) fn of(comparisons: &[Comparison], cases: &[Case], rounds: &[Vec<Figures>]) -> String {
    let head = "| compared | clients | figure | ours | floor | ratio | 95 % interval |\n\
                |---|---:|---|---:|---:|---:|---|";
    let mut lines = vec![head.to_owned()];
    let mut sorted: Vec<&Comparison> = comparisons.iter().collect();
    sorted.sort_by_key(|comparison| comparison.figure.name());
    lines.extend(sorted.into_iter().map(|one| row(one, cases, rounds)));
    lines.join("\n")
}

fn row(comparison: &Comparison, cases: &[Case], rounds: &[Vec<Figures>]) -> String {
    let figure = comparison.figure;
    let values = |case: Case| -> Vec<f64> {
        let at = cases.iter().position(|other| *other == case);
        let of_round = |round: &Vec<Figures>| figure.of(&round[at?]);
        rounds.iter().filter_map(of_round).collect()
    };
    let (ours, floor) = (values(comparison.ours), values(comparison.floor));
    let logs: Vec<f64> = ours.iter().zip(&floor).map(|(a, b)| (a / b).ln()).collect();
    let (low, high) = interval(&logs, ALPHA);
    let interval = if low.is_finite() && high.is_finite() {
        format!("{:.3} to {:.3}", low.exp(), high.exp())
    } else {
        "too few rounds".to_owned()
    };
    format!(
        "| {} | {} | {} | {} | {} | {:.3} | {interval} |",
        comparison.what,
        comparison.ours.clients,
        figure.name(),
        figure.text(median(&ours)),
        figure.text(median(&floor)),
        hodges_lehmann(&logs).exp(),
    )
}
