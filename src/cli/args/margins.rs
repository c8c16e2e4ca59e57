//! `--margin` and `--gate`: how much worse each metric may be, and which metrics decide besides.

use std::str::FromStr;

use crate::cli::usage::UsageError;
use crate::record::{Metric, Rules};

/// One value of `--margin`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Margin {
    /// The metric; `None` is all.
    metric: Option<Metric>,
    share: f64,
}

/// The largest margin, as a share.
const MOST: f64 = 10.0;

/// The names of the metrics on the command line.
const METRICS: [(&str, Metric); 5] = [
    ("cpu", Metric::CpuUsPerRequest),
    ("p50", Metric::P50),
    ("p95", Metric::P95),
    ("p99", Metric::P99),
    ("throughput", Metric::Throughput),
];

impl FromStr for Margin {
    type Err = String;

    fn from_str(text: &str) -> Result<Margin, String> {
        let Some((name, share)) = text.split_once('=') else {
            let share = share(text)?;
            return Ok(Margin {
                metric: None,
                share,
            });
        };
        let metric = METRICS.iter().find(|(known, _)| *known == name.trim());
        let (_, metric) = metric.ok_or_else(|| {
            let known = METRICS.map(|(known, _)| known).join(", ");
            format!("unknown metric {name:?}: choose one of {known}")
        })?;
        Ok(Margin {
            metric: Some(*metric),
            share: self::share(share)?,
        })
    }
}

/// `20%` or `0.2`; a margin may be over 100 %.
fn share(text: &str) -> Result<f64, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent).map(|percent| percent / 100.0),
        None => number(text),
    };
    let in_range = share.filter(|share| *share > 0.0 && *share <= MOST);
    in_range.ok_or_else(|| "must be a share over 0 % and at most 1000 %, such as 10%".to_owned())
}

/// The rules with these margins. Those of single metrics precede those of all.
pub(crate) fn with_margins(mut rules: Rules, margins: &[Margin]) -> Rules {
    let (of_all, of_one): (Vec<&Margin>, Vec<&Margin>) =
        margins.iter().partition(|m| m.metric.is_none());
    let all = of_all
        .into_iter()
        .flat_map(|margin| METRICS.map(|(_, metric)| (metric, margin.share)));
    let one = of_one
        .into_iter()
        .filter_map(|margin| Some((margin.metric?, margin.share)));
    for (metric, share) in all.chain(one) {
        match metric {
            Metric::CpuUsPerRequest => rules.margin = share,
            Metric::P50 => rules.margin_p50 = Some(share),
            Metric::P95 => rules.margin_p95 = Some(share),
            Metric::P99 => rules.margin_p99 = share,
            Metric::Throughput => rules.margin_throughput = Some(share),
        }
    }
    rules
}

/// Refuses a delta over a margin: a change between the two would be neither.
pub(crate) fn check(rules: &Rules) -> Result<(), UsageError> {
    let below = METRICS.iter().find(|(_, metric)| {
        let is_gated = match metric {
            Metric::P95 => rules.gate_p95,
            Metric::P99 => rules.gate_p99,
            _ => true,
        };
        is_gated && rules.margin(*metric) < rules.delta
    });
    let percent = |share: f64| format!("{}%", share * 100.0);
    below.map_or(Ok(()), |(name, metric)| {
        Err(UsageError(format!(
            "--delta {} is over the margin of {name} ({}): a change between the two could neither pass nor regress; use a smaller --delta or --margin {name}={}",
            percent(rules.delta),
            percent(rules.margin(*metric)),
            percent(rules.delta),
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(values: &[&str]) -> Rules {
        let margins: Vec<Margin> = values.iter().map(|value| value.parse().unwrap()).collect();
        with_margins(Rules::default(), &margins)
    }

    #[test]
    fn a_margin_is_of_all_metrics_or_of_one() {
        let all = rules(&["20%", "cpu=5%"]);
        let margins = METRICS.map(|(_, metric)| all.margin(metric));
        assert_eq!(margins, [0.05, 0.2, 0.2, 0.2, 0.2]);
        assert_eq!(rules(&["cpu=5%", "20%"]), all, "in any order");
        assert_eq!(rules(&["p50=30%"]).margin(Metric::P50), 0.3);
        assert_eq!(rules(&["p50=30%"]).margin(Metric::CpuUsPerRequest), 0.1);
        assert!("p98=3%".parse::<Margin>().unwrap_err().contains("p95"));
        assert!("p50=x".parse::<Margin>().is_err() && "x".parse::<Margin>().is_err());
    }

    #[test]
    fn a_delta_over_a_margin_that_decides_is_refused() {
        let with_delta = |delta: f64, values: &[&str]| {
            let rules = rules(values);
            check(&Rules { delta, ..rules }).map_err(|UsageError(text)| text)
        };
        assert_eq!(with_delta(0.05, &[]), Ok(()));
        let refused = with_delta(0.15, &[]).unwrap_err();
        assert!(
            refused.contains("--delta 15% is over the margin of cpu (10%)"),
            "{refused}"
        );
        assert_eq!(with_delta(0.15, &["cpu=20%"]), Ok(()));
        assert_eq!(
            with_delta(0.15, &["20%", "p99=1%"]),
            Ok(()),
            "p99 does not decide"
        );
    }
}
