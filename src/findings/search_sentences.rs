//! Sentences about searches for the highest rate that holds a latency target (SLO).

use super::load_line::request;
use super::units::{count, some, span, time};
use crate::record::{Cell, Mode, Record, SearchInfo, Step};

/// The result of a search in one sentence.
pub(crate) fn answer(search: &SearchInfo) -> String {
    let (name, slo) = (&search.contestant, target(search));
    let rate = |rps: f64| format!("{}/s", count(rps.round() as u64));
    let caveat = if search.limited {
        "; the load generator was the limit there, so the server may hold a higher rate"
    } else {
        ""
    };
    match (search.holds_rps, search.breaks_rps, &search.gave_up) {
        (None, _, Some(reason)) => format!("{name}: no rate was found that holds {slo}; {reason}."),
        (Some(holds), _, Some(reason)) => {
            format!(
                "{name} holds {slo} at {}; the search ended there: {reason}.",
                rate(holds)
            )
        }
        (Some(holds), Some(breaks), None) => {
            let (holds, breaks) = (rate(holds), rate(breaks));
            format!("{name} holds {slo} up to {holds}, but not at {breaks}{caveat}.")
        }
        (Some(holds), None, None) => {
            format!(
                "{name} holds {slo} at {}, the highest rate tried.",
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
    }
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

/// A step as a table row: rate, whether it held, and the result of each try.
pub(crate) fn row(search: &SearchInfo, step: &Step) -> [String; 3] {
    let values: Vec<String> = step
        .tries
        .iter()
        .map(|tried| match (&tried.why, tried.value_ns) {
            (Some(why), _) => why.clone(),
            (None, Some(ns)) => format!("{} {}", search.slo.name(), time(ns as f64)),
            (None, None) => "no reply".to_owned(),
        })
        .collect();
    let limited = step.tries.iter().any(|tried| tried.limited);
    let mut values = values.join(", ");
    if limited {
        values.push_str(" (generator at its limit)");
    }
    [
        format!("{}/s", count(step.rate_rps.round() as u64)),
        if step.held { "held" } else { "broke" }.to_owned(),
        values,
    ]
}

/// The steps of a search, lowest rate first.
pub(crate) fn sorted(search: &SearchInfo) -> Vec<&Step> {
    let mut steps: Vec<&Step> = search.steps.iter().collect();
    steps.sort_by(|a, b| a.rate_rps.total_cmp(&b.rate_rps));
    steps
}
