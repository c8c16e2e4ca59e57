//! Sentences about searches for the highest rate that holds a latency target (SLO).

use super::load_line::request;
use super::units::{count, some, span, time};
use crate::record::{Cell, Mode, RateEstimate, Record, SearchInfo, SearchRule, Try};
use crate::stats::round_to_three_digits;

/// The result of a search in one sentence or two.
pub(crate) fn answer(search: &SearchInfo) -> String {
    let (name, slo) = (&search.contestant, target(search));
    let (at_least, caveat) = if search.limited {
        (
            "≥ ",
            "; the load generator was the limit where it broke, so the server may hold a higher rate",
        )
    } else {
        ("", "")
    };
    let bound = |rps: f64| format!("{at_least}{}", rate(rps));
    let found = match (search.holds_rps, search.breaks_rps, &search.gave_up) {
        (None, _, Some(reason)) => format!("{name}: no rate was found that holds {slo}; {reason}."),
        (Some(holds), _, Some(reason)) => {
            format!(
                "{name} holds {slo} at {}; the search ended there: {reason}.",
                bound(holds)
            )
        }
        (Some(holds), Some(breaks), None) => match search.edge {
            Some(edge) => format!(
                "{name} holds {slo} in 8 of 10 tries at {}, in half of them at {} ({}){caveat}.",
                bound(holds),
                bound(edge.rate_rps),
                interval(&edge)
            ),
            None => format!(
                "{name} holds {slo} up to {}, but not at {}{caveat}.",
                rate(holds),
                rate(breaks)
            ),
        },
        (Some(holds), None, None) => {
            format!(
                "{name} holds {slo} at ≥ {}, the highest rate tried.",
                rate(holds)
            )
        }
        (None, Some(breaks), None) => {
            format!(
                "{name} does not hold {slo}, not even at {}{caveat}.",
                rate(breaks)
            )
        }
        (None, None, None) => format!("{name}: the search for {slo} was not finished."),
    };
    found + &per_core(search)
}

/// The rate per core of a server that was given some cores; else empty.
fn per_core(search: &SearchInfo) -> String {
    let (Some(per_core), Some(cores)) = (search.holds_rps_per_core, search.server_cores) else {
        return String::new();
    };
    let is_bound = search.limited || search.breaks_rps.is_none();
    let at_least = if is_bound { "≥ " } else { "" };
    let cores = some(cores as u64, "core");
    format!(" Per core ({cores}): {at_least}{}.", rate(per_core))
}

fn rate(rps: f64) -> String {
    format!("{}/s", rounded(rps))
}

fn rounded(rps: f64) -> String {
    count(round_to_three_digits(rps).round() as u64)
}

fn interval(edge: &RateEstimate) -> String {
    format!(
        "95 % interval {} to {}",
        rate(edge.low_rps),
        rate(edge.high_rps)
    )
}

/// The target, such as `p99 < 10 ms`.
pub(crate) fn target(search: &SearchInfo) -> String {
    format!(
        "{} < {}",
        search.slo.name(),
        time(search.slo.limit_ns as f64)
    )
}

/// The settings that all searches of a group share, in one line.
pub(crate) fn heading(record: &Record, search: &SearchInfo) -> String {
    let of_search = |cell: &&Cell| {
        cell.contestant.name == search.contestant && cell.load.clients == search.clients
    };
    let pilot = record.cells.iter().find(of_search);
    let steps = record.cells.iter().filter(of_search).nth(1);
    let load = pilot.map(|cell| {
        let load = &cell.load;
        let arrivals = steps.map_or("", |cell| match cell.load.mode {
            Mode::Constant => ", constant",
            _ => ", Poisson",
        });
        format!(
            "open loop{arrivals}, {}, steps of {} after {} of warm-up",
            request(load),
            span(load.duration.as_secs_f64()),
            span(load.warmup.as_secs_f64())
        )
    });
    format!(
        "The highest rate within {}: {}, {}",
        target(search),
        some(search.clients as u64, "client"),
        load.unwrap_or_default()
    )
}

/// The searches of a record, grouped by equal clients and target, so that each group can be compared.
pub(crate) fn groups(record: &Record) -> impl Iterator<Item = &[SearchInfo]> {
    let searches = &record.searches;
    searches.chunk_by(|a, b| a.clients == b.clients && a.slo == b.slo)
}

/// The columns of the table of tries.
pub(crate) const COLUMNS: [&str; 5] = ["rate", "why this rate", "", "half hold at", "result"];

/// What the columns mean, and the rule of the search.
pub(crate) const ABOUT_TRIES: &str = "Tries in order. Each rate follows from all tries before it: first \
    a share of the closed loop, then higher until a try breaks or lower until one holds, then in turn \
    the rates at which half, 8 of 10 and 2 of 10 tries are estimated to hold. No single try decides. \
    \"Half hold at\" is the estimate after the try, with its 95 % interval.";

/// The tries of a search in their order, each as a table row.
pub(crate) fn rows(search: &SearchInfo) -> Vec<[String; 5]> {
    let steps = search.steps.iter();
    let mut tries: Vec<(f64, &Try)> = steps
        .flat_map(|step| step.tries.iter().map(|tried| (step.rate_rps, tried)))
        .collect();
    tries.sort_by_key(|(_, tried)| tried.order);
    let row = |(rate_rps, tried): (f64, &Try)| {
        let result = match (&tried.why, tried.value_ns) {
            (Some(why), _) => why.clone(),
            (None, Some(ns)) => format!("{} {}", search.slo.name(), time(ns as f64)),
            (None, None) => "no reply".to_owned(),
        };
        let limited = if tried.limited {
            " (generator at its limit)"
        } else {
            ""
        };
        let edge = tried.edge_after.map(|edge| {
            let (low, high) = (rounded(edge.low_rps), rounded(edge.high_rps));
            format!("{} ({low} to {high})", rate(edge.rate_rps))
        });
        [
            rate(rate_rps),
            tried.rule.map_or("", rule).to_owned(),
            if tried.held { "held" } else { "broke" }.to_owned(),
            edge.unwrap_or_default(),
            format!("{result}{limited}"),
        ]
    };
    tries.into_iter().map(row).collect()
}

fn rule(rule: SearchRule) -> &'static str {
    match rule {
        SearchRule::Start => "start",
        SearchRule::Raise => "no try broke yet",
        SearchRule::Lower => "none held",
        SearchRule::Half => "5 of 10 hold",
        SearchRule::Holds => "8 of 10 hold",
        SearchRule::Breaks => "8 of 10 break",
    }
}
