//! Which metrics of a load are compared, and which of them decide.

use crate::record::{Advisory, LoadKind, Metric, Rules};

/// A metric of a load that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComparedMetric {
    /// The load.
    pub load: LoadKind,
    /// The metric.
    pub metric: Metric,
    /// Whether it decides the outcome of the part.
    pub gated: bool,
    /// Why it does not, for a metric that usually does.
    pub advisory: Option<AdvisoryBefore>,
}

/// A reason, known before the first pair, why a metric does not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdvisoryBefore {
    /// CPU per request at saturation.
    AtSaturation,
}

impl From<AdvisoryBefore> for Advisory {
    fn from(AdvisoryBefore::AtSaturation: AdvisoryBefore) -> Advisory {
        Advisory::AtSaturation
    }
}

/// The metrics that are compared under these loads of a part, in the order of the loads.
pub fn compared(loads: &[LoadKind], rules: &Rules) -> Vec<ComparedMetric> {
    let has_rate = loads.contains(&LoadKind::Rate);
    let of_load = |load: &LoadKind| of_load(*load, has_rate, rules);
    loads.iter().flat_map(of_load).collect()
}

/// The number of gated metrics of all parts, each of which has reliability besides.
pub fn count<'a>(parts: impl IntoIterator<Item = &'a [LoadKind]>, rules: &Rules) -> usize {
    let of_part = |loads: &[LoadKind]| {
        let gated = compared(loads, rules);
        1 + gated.iter().filter(|metric| metric.gated).count()
    };
    parts.into_iter().map(of_part).sum()
}

fn of_load(load: LoadKind, has_rate: bool, rules: &Rules) -> Vec<ComparedMetric> {
    let metric = |metric, gated| ComparedMetric {
        load,
        metric,
        gated,
        advisory: None,
    };
    let tails = [
        metric(Metric::P95, rules.gate_p95),
        metric(Metric::P99, rules.gate_p99),
    ];
    match load {
        LoadKind::Rate => {
            let first = [
                metric(Metric::CpuUsPerRequest, true),
                metric(Metric::P50, true),
            ];
            first.into_iter().chain(tails).collect()
        }
        // At one rate CPU and latency compare equal work; at saturation they follow from the
        // throughput.
        LoadKind::Capacity if has_rate => vec![
            metric(Metric::Throughput, true),
            ComparedMetric {
                advisory: Some(AdvisoryBefore::AtSaturation),
                ..metric(Metric::CpuUsPerRequest, false)
            },
        ],
        LoadKind::Capacity | LoadKind::Closed => {
            let first = [
                metric(Metric::CpuUsPerRequest, true),
                metric(Metric::Throughput, true),
                // In a closed loop without pauses the median follows from the throughput.
                metric(Metric::P50, load == LoadKind::Closed),
            ];
            first.into_iter().chain(tails).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_loads_have_four_gates_and_options_add_some() {
        let rules = Rules::default();
        let both = [LoadKind::Rate, LoadKind::Capacity];
        let gated = |loads: &[LoadKind], rules: &Rules| count([loads], rules);
        assert_eq!(gated(&both, &rules), 4);
        assert_eq!(gated(&[LoadKind::Rate], &rules), 3);
        assert_eq!(gated(&[LoadKind::Capacity], &rules), 3);
        assert_eq!(gated(&[LoadKind::Closed], &rules), 4);
        let tails = Rules {
            gate_p95: true,
            gate_p99: true,
            ..rules
        };
        assert_eq!(gated(&both, &tails), 6);
        assert_eq!(count([&both[..], &both[..1]], &rules), 7);
    }
}
