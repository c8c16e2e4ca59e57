//! Pairs of a check with given figures.

use rpcbench::internal::check::PartPairs;
use rpcbench::record::{
    FailureKind, Known, LoadKind, LoadPair, Metric, PairInfo, PairValue, PartLoad, Role,
    SideFailure,
};

/// The gated metrics of the two loads of a pair.
pub(crate) const GATED: [(LoadKind, Metric); 3] = [
    (LoadKind::Rate, Metric::CpuUsPerRequest),
    (LoadKind::Rate, Metric::P50),
    (LoadKind::Capacity, Metric::Throughput),
];

/// A part with these pairs under both loads.
pub(crate) fn part(pairs: Vec<PairInfo>) -> PartPairs {
    let load = |load, rate_rps, cells| PartLoad {
        load,
        rate_rps,
        pilot_rps: rate_rps.map(|rate| 2.0 * rate),
        cells,
    };
    PartPairs {
        name: "async".to_owned(),
        scenario: None,
        clients: 64,
        loads: vec![
            load(LoadKind::Rate, Some(40_000.0), [0, 1]),
            load(LoadKind::Capacity, None, [2, 3]),
        ],
        pairs,
    }
}

/// A pair under both loads without figures and failures.
pub(crate) fn empty_pair(pair: usize) -> PairInfo {
    let load = |load| LoadPair {
        load,
        candidate_first: pair.is_multiple_of(2),
        added: false,
        values: Vec::new(),
        failures: Vec::new(),
    };
    PairInfo {
        pair,
        loads: vec![load(LoadKind::Rate), load(LoadKind::Capacity)],
    }
}

/// A pair in which each gated metric is worse by this logarithm, and tells this.
pub(crate) fn pair_of(number: usize, metrics: [(f64, Known); 3]) -> PairInfo {
    let mut pair = empty_pair(number);
    for ((load, metric), (worse, known)) in GATED.into_iter().zip(metrics) {
        let sign = if metric == Metric::Throughput {
            -1.0
        } else {
            1.0
        };
        let of_load = pair.loads.iter_mut().find(|own| own.load == load).unwrap();
        of_load.values.push(PairValue {
            metric,
            baseline: 1000.0,
            candidate: 1000.0 * (sign * worse).exp(),
            known,
            delayed: false,
        });
    }
    pair
}

/// The same pair, with a failure of one side under its first load.
pub(crate) fn failing(mut pair: PairInfo, side: Role, kind: FailureKind, count: u64) -> PairInfo {
    let load = &mut pair.loads[0];
    load.failures.push(SideFailure {
        side,
        kind,
        count,
        of: 40_000,
        what: String::new(),
    });
    if kind.prevents_measuring() {
        load.values.clear();
    }
    pair
}
