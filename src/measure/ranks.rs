//! The trial of a load that several generators made: the sum of their shares, and a row for each.

use super::assemble::assemble;
use super::observed::Observed;
use super::share::Share;
use crate::findings::validity_sentences::sentence;
use crate::process::ServerEnd;
use crate::record::{LoadSpec, RankName, RankSide, Trial, Validity, ValidityFinding};
use crate::stats::median;

/// A rank whose median response time is over this multiple of the median rank's …
const STRAGGLER_RATIO: f64 = 2.0;
/// … and longer by this is named.
const STRAGGLER_LEAST_NS: f64 = 200_000.0;
/// A rank whose busiest thread used a core for this share of the window is saturated.
const BUSY: f64 = 0.9;
/// Loads that began further apart than this did not run together.
const MOST_APART_NS: u64 = 20_000_000;

/// The trial of a load whose generators measured these shares: that of rank 0 or the first, and
/// the others. Histograms and counts are added, never averaged.
pub(crate) fn trial_of_shares(
    load: &LoadSpec,
    (own, others): (&Share, &[Share]),
    observed: &mut Observed,
    ended: Option<&ServerEnd>,
    workers: Option<usize>,
) -> Trial {
    let mut measured = own.measured.clone();
    for share in others {
        measured.add(share.measured.clone());
    }
    let shares: Vec<&Share> = std::iter::once(own).chain(others).collect();
    for share in &shares {
        observed.steal = observed.steal.max(share.steal);
    }
    let mut trial = assemble(load, &measured, observed, ended, workers);
    if shares.len() > 1 {
        // The others may run on other machines.
        trial.machine = None;
    }
    trial.ranks = shares.iter().map(|share| row(load, share)).collect();
    let differ = windows_differ(&shares).filter(|_| !trial.interrupted);
    trial.interrupted |= differ.is_some();
    let found = [
        differ,
        missing(&shares),
        apart(&shares),
        limited(&trial.ranks),
        stragglers(&trial.ranks),
    ];
    add_findings(&mut trial.validity, found.into_iter().flatten());
    trial
}

/// The trial of a whole load, of which these are the shares; `None` without any.
pub fn add_shares(load: &LoadSpec, shares: &[Share]) -> Option<Trial> {
    let (first, others) = shares.split_first()?;
    let mut observed = Observed::without_server(0.0, first.memory_bytes);
    Some(trial_of_shares(
        load,
        (first, others),
        &mut observed,
        None,
        None,
    ))
}

/// Adds findings to those of a trial.
pub(crate) fn add_findings(
    validity: &mut Validity,
    found: impl IntoIterator<Item = ValidityFinding>,
) {
    for finding in found {
        let verdict = finding.verdict().unwrap_or_default();
        validity.verdict = validity.verdict.max(verdict);
        validity.reasons.push(sentence(&finding));
        validity.findings.push(finding);
    }
}

/// The figures of one rank, from its own share alone.
fn row(load: &LoadSpec, share: &Share) -> RankSide {
    let observed = Observed::without_server(share.steal, share.memory_bytes);
    let trial = assemble(load, &share.measured, &observed, None, None);
    RankSide {
        rank: share.rank,
        host: share.host.clone(),
        clients: share.measured.clients.len(),
        clients_served: trial.clients_served,
        requests: trial.requests,
        throughput_rps: trial.throughput_rps,
        planned: trial.planned,
        latency_ns: trial.latency_ns,
        histogram: trial.histograms.latency,
        censored: trial.censored.count,
        errors: trial.errors,
        unanswered: trial.unanswered,
        busy_fraction: trial.generator.busy_fraction,
        limited: trial.generator.limited,
        lag_ns: trial.generator.lag_ns,
        begun_late_ns: share.begun_late_ns,
        clock: share.clock,
        verdict: trial.validity.verdict,
    }
}

/// The ranks that are missing, or that this is a single one, whose share is to be added.
fn missing(shares: &[&Share]) -> Option<ValidityFinding> {
    let ranks = shares.first()?.ranks;
    let is_there = |rank: &usize| shares.iter().any(|share| share.rank == *rank);
    let missing: Vec<usize> = (0..ranks).filter(|rank| !is_there(rank)).collect();
    (!missing.is_empty()).then_some(ValidityFinding::MissingRanks { missing, ranks })
}

/// Each began late by its own clock; how much the clocks changed during the load adds to that.
fn apart(shares: &[&Share]) -> Option<ValidityFinding> {
    let late = shares.iter().map(|share| share.begun_late_ns);
    let drifts = shares
        .iter()
        .filter_map(|share| share.clock.and_then(|clock| clock.drift_ns));
    let drift_ns = drifts.map(i64::unsigned_abs).max().unwrap_or(0);
    let apart_ns = (late.clone().max()? - late.min()?).saturating_add(drift_ns);
    (apart_ns > MOST_APART_NS).then_some(ValidityFinding::RanksApart { apart_ns })
}

/// Some windows ended before the others: their ranks made no load from then on.
fn windows_differ(shares: &[&Share]) -> Option<ValidityFinding> {
    let lengths = shares.iter().map(|share| share.window_s());
    let (shortest_s, longest_s) = lengths.fold((f64::INFINITY, 0.0_f64), |(least, most), own| {
        (least.min(own), most.max(own))
    });
    (shortest_s < longest_s).then_some(ValidityFinding::WindowsDiffer {
        shortest_s,
        longest_s,
    })
}

fn limited(rows: &[RankSide]) -> Option<ValidityFinding> {
    let busy = rows
        .iter()
        .filter(|row| row.limited || row.busy_fraction >= BUSY);
    let busy_share = busy
        .clone()
        .map(|row| row.busy_fraction)
        .fold(0.0, f64::max);
    let ranks = names(busy);
    (!ranks.is_empty()).then_some(ValidityFinding::SaturatedRanks { ranks, busy_share })
}

/// Ranks whose requests take longer than those of the others: their host or their network does.
fn stragglers(rows: &[RankSide]) -> Option<ValidityFinding> {
    let p50s: Vec<f64> = rows
        .iter()
        .filter_map(|row| row.latency_ns.p50.map(|ns| ns as f64))
        .collect();
    if p50s.len() < 3 {
        return None;
    }
    let usual_ns = median(&p50s);
    let is_slow = |row: &&RankSide| {
        let p50_ns = row.latency_ns.p50.map_or(0.0, |ns| ns as f64);
        p50_ns > STRAGGLER_RATIO * usual_ns && p50_ns - usual_ns > STRAGGLER_LEAST_NS
    };
    let slow = rows.iter().filter(is_slow);
    let p50_ns = slow.clone().filter_map(|row| row.latency_ns.p50).max()?;
    Some(ValidityFinding::Stragglers {
        ranks: names(slow),
        p50_ns,
        usual_p50_ns: usual_ns as u64,
    })
}

fn names<'a>(rows: impl Iterator<Item = &'a RankSide>) -> Vec<RankName> {
    let name = |row: &RankSide| RankName {
        rank: row.rank,
        host: row.host.clone(),
    };
    rows.map(name).collect()
}
