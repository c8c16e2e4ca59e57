//! A load in one line.

use super::units::{count, some, span};
use crate::record::{AlternateInfo, Cell, Mode, Record};

/// `echo: connections that stay …`.
pub(crate) fn about(record: &Record, name: &str) -> String {
    let info = record.scenarios.iter().find(|info| info.name == name);
    info.map_or(name.to_owned(), |info| format!("{name}: {}", info.about))
}

/// The load in a line: what is as usual goes without saying.
pub fn load_line(cell: &Cell) -> String {
    let load = &cell.load;
    let rate = || count(load.rate_rps.unwrap_or_default().round() as u64);
    let mode = match load.mode {
        Mode::Closed => "closed loop".to_owned(),
        Mode::Constant => format!("open loop of {}/s, constant", rate()),
        Mode::Poisson => format!("open loop of {}/s, Poisson", rate()),
    };
    let per_connection = load.requests_per_connection.map(u64::from);
    let unusual = [
        (load.idle > 0).then(|| format!("beside {} idle", count(load.idle as u64))),
        Some(mode),
        load.then.map(|then| {
            let rate = count(then.rate_rps.round() as u64);
            format!("then {rate}/s after {}", span(then.after_s))
        }),
        load.skew.map(|skew| {
            let (requests, clients) = (share(skew.requests_share), share(skew.clients_share));
            format!("{requests} of requests by {clients} of clients")
        }),
        (load.assign != "bound").then(|| "to any connection that is free".to_owned()),
        (load.think_s > 0.0).then(|| format!("{} of thought", span(load.think_s))),
        (load.pipeline > 1).then(|| format!("{} in flight a connection", load.pipeline)),
        per_connection.map(|most| format!("{} a connection", some(most, "request"))),
        load.reconnect_every_s
            .map(|every| format!("reconnecting every {}", span(every))),
        (load.close != "fin").then(|| format!("closed by {}", load.close)),
        (load.wire != "default").then(|| "length and body in two writes".to_owned()),
        load.client_cpus
            .as_ref()
            .map(|cpus| format!("generator on core {cpus}")),
    ];
    let unusual: Vec<String> = unusual.into_iter().flatten().collect();
    let trials = cell.trials.len();
    let times = if trials == 1 {
        String::new()
    } else {
        format!("{trials} × ")
    };
    format!(
        "{}, {}, {} of {} B{}, {times}{} after {} of warm-up",
        some(load.clients as u64, "client"),
        unusual.join(", "),
        called(&load.method, load.params.as_deref()),
        load.request_bytes,
        load.beside.as_ref().map_or_else(String::new, alternate),
        span(load.duration_s),
        span(load.warmup_s),
    )
}

/// A method with its params, where these are short: `spin 200`.
fn called(method: &str, params: Option<&str>) -> String {
    const SHORT: usize = 20;
    match params.filter(|params| params.chars().count() <= SHORT) {
        Some(params) => format!("{method} {params}"),
        None => method.to_owned(),
    }
}

/// `9/10`, `95/100`, or what no such fraction says as a number.
fn share(share: f64) -> String {
    let parts = [10.0, 100.0, 1000.0];
    let whole = |part: &f64| ((share * part).round() - share * part).abs() < 1e-6;
    match parts.into_iter().find(whole) {
        Some(part) => format!("{:.0}/{part}", share * part),
        None => format!("{share:.4}"),
    }
}

/// `, 1 in 100 spin of 4 B`, of params.
fn alternate(alternate: &AlternateInfo) -> String {
    let one_in = count(u64::from(alternate.one_in));
    let method = called(&alternate.method, alternate.params.as_deref());
    format!(", 1 in {one_in} {method} of {} B", alternate.payload_bytes)
}
