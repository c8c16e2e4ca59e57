//! A trend over the window of a trial, in words: what it means depends on the other servers of the
//! round.

use crate::record::{TrendCause, TrendMetric};

/// The figure and how it changed.
pub(super) fn change(metric: TrendMetric, change_share: f64, of_median: bool) -> String {
    let metric = match metric {
        TrendMetric::Throughput => "throughput",
        TrendMetric::Latency => "latency",
    };
    let direction = if change_share > 0.0 { "rose" } else { "fell" };
    let percent = change_share.abs() * 100.0;
    let median = if of_median { " of its median" } else { "" };
    format!("{metric} {direction} by {percent:.0} %{median} over the window")
}

/// A trend as text, without a full stop.
pub(super) fn sentence(
    metric: TrendMetric,
    change_share: f64,
    cause: Option<TrendCause>,
) -> String {
    let change = change(metric, change_share, true);
    let is_faster = metric.is_faster(change_share);
    let became = if is_faster { "faster" } else { "slower" };
    let meaning = match cause {
        None => "so the load was not steady; give a longer --warmup, or measure when the machine is less busy".to_owned(),
        Some(TrendCause::Unknown) if is_faster => {
            "so the server got faster, or the machine did; give a longer --warmup".to_owned()
        }
        Some(TrendCause::Unknown) => {
            "so the machine got slower, or the server did; repeat it on a quiet machine".to_owned()
        }
        Some(TrendCause::Machine { others }) => format!(
            "as for {} of this round: the machine got {became}, which changes ratios within the round little; repeat it on a quiet machine",
            all_others(others)
        ),
        Some(TrendCause::Disturbance { alike, rounds }) => format!(
            "but in {} of the {rounds} other rounds of this server: something disturbed this trial; repeat it on a quiet machine",
            match alike {
                0 => "none".to_owned(),
                alike => format!("only {alike}"),
            }
        ),
        Some(TrendCause::Server { alike, others }) => {
            let advice = if is_faster {
                "give a longer --warmup"
            } else {
                "repeat it on a quiet machine, and if it stays so, look for something that grows in the server, such as a queue or its memory"
            };
            format!(
                "but not for {}: the server got {became}; {advice}",
                unlike(alike, others)
            )
        }
    };
    format!("{change}, {meaning}")
}

fn all_others(others: usize) -> String {
    match others {
        1 => "the other server".to_owned(),
        _ => format!("all {others} other servers"),
    }
}

fn unlike(alike: usize, others: usize) -> String {
    match (others.saturating_sub(alike), others) {
        (_, 1) => "the other server of this round".to_owned(),
        (unlike, _) => format!("{unlike} of {others} other servers of this round"),
    }
}
