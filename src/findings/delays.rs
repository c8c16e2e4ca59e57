//! The delay ledger in words: where the response times of an open loop were spent.

use super::summary::Summary;
use super::units::{and, time};
use crate::record::{DelayPart, Delays, Quantiles, Trial};
use crate::stats::median;

/// Quantiles of the response times that a report shows.
const QUANTILES: [(&str, Of); 5] = [
    ("p50", |quantiles| quantiles.p50),
    ("p90", |quantiles| quantiles.p90),
    ("p95", |quantiles| quantiles.p95),
    ("p99", |quantiles| quantiles.p99),
    ("p99.9", |quantiles| quantiles.p99_9),
];

/// Reads a quantile.
type Of = fn(&Quantiles) -> Option<u64>;

/// The medians of the parts of the response time (the wait for the connection, the scheduling
/// delay of the send, wire to wire), and that of the read delay, which is not in it.
pub fn delay_line(summary: &Summary<'_>) -> Option<String> {
    parts(summary).map(|parts| format!("p50: {parts}"))
}

/// The same of several servers.
pub fn delays_sentence(summaries: &[Summary<'_>]) -> Option<String> {
    let named = |summary: &Summary<'_>| Some(format!("{}: {}", summary.name(), parts(summary)?));
    let named: Vec<String> = summaries.iter().filter_map(named).collect();
    (!named.is_empty()).then(|| format!("Delays at p50: {}.", named.join("; ")))
}

/// `wait 0 ns, send 12.3 µs, wire 35.1 µs, read 14.2 µs`.
fn parts(summary: &Summary<'_>) -> Option<String> {
    let part = |of: fn(&Delays) -> &DelayPart| {
        let ledgers = summary.trials().iter().filter_map(|t| t.delays.as_ref());
        let medians: Vec<f64> = ledgers
            .filter_map(|ledger| of(ledger).p50.map(|ns| ns as f64))
            .collect();
        (!medians.is_empty()).then(|| time(median(&medians)))
    };
    let shown = [
        ("wait", part(|ledger| &ledger.connection_wait)),
        ("send", part(|ledger| &ledger.scheduling)),
        ("wire", part(|ledger| &ledger.wire_to_wire)),
        ("read", part(|ledger| &ledger.read)),
    ];
    let shown: Vec<String> = shown
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name} {}", value?)))
        .collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

/// The quantiles of which over 10 % is scheduling delay of the generator, in most trials.
pub fn delayed_quantiles(summary: &Summary<'_>) -> Vec<&'static str> {
    let delayed = QUANTILES.iter().filter(|(_, of)| is_delayed(summary, *of));
    delayed.map(|(name, _)| *name).collect()
}

/// Whether over 10 % of this quantile is scheduling delay of the generator, in most trials.
fn is_delayed(summary: &Summary<'_>, of: Of) -> bool {
    let trials = summary.trials();
    let delayed = trials.iter().filter(|trial: &&Trial| trial.is_delayed(of));
    2 * delayed.count() > trials.len()
}

/// Which quantiles of these servers depend on the generator. `None`: none does.
pub fn delayed_sentence(summaries: &[Summary<'_>]) -> Option<String> {
    let named = |summary: &Summary<'_>| {
        let quantiles = delayed_quantiles(summary);
        let of = match summaries.len() {
            1 => String::new(),
            _ => format!(" of {}", summary.name()),
        };
        (!quantiles.is_empty()).then(|| format!("{}{of}", and(&quantiles)))
    };
    let named: Vec<String> = summaries.iter().filter_map(named).collect();
    let rule = match summaries.len() {
        1 => "",
        _ => " Servers are ranked by it only where the order is the same without that delay.",
    };
    (!named.is_empty()).then(|| {
        let named = named.join("; ");
        format!("Over 10 % is scheduling delay of the generator: {named}.{rule}")
    })
}
