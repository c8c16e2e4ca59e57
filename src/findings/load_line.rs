//! The description of a load in one line.

use super::units::{cores, count, some, span};
use crate::record::{Alternate, Assign, Cell, Close, Mode, Record, WriteMode};

/// The name and the description of a scenario: `echo: connections that stay …`.
pub(crate) fn about(record: &Record, name: &str) -> String {
    let info = record.scenarios.iter().find(|info| info.name == name);
    info.map_or(name.to_owned(), |info| format!("{name}: {}", info.about))
}

/// The load in one line. Settings at their defaults are omitted.
pub fn load_line(cell: &Cell) -> String {
    let load = &cell.load;
    let rate = || count(load.rate_rps.unwrap_or_default().round() as u64);
    let mode = match load.mode {
        Mode::Closed => "closed loop".to_owned(),
        Mode::Constant => format!("open loop at {}/s, constant", rate()),
        Mode::Poisson => format!("open loop at {}/s, Poisson", rate()),
    };
    let per_connection = load.requests_per_connection.map(u64::from);
    let settings = [
        (load.idle > 0).then(|| format!("with {} idle connections", count(load.idle as u64))),
        Some(mode),
        load.then.map(|then| {
            let rate = count(then.rate_rps.round() as u64);
            format!("then {rate}/s after {}", span(then.after.as_secs_f64()))
        }),
        load.skew.map(|skew| {
            let (requests, clients) = (share(skew.requests_share), share(skew.clients_share));
            format!("{requests} of requests by {clients} of clients")
        }),
        (load.assign == Assign::Free).then(|| "on any free connection".to_owned()),
        (!load.think.is_zero()).then(|| format!("think time {}", span(load.think.as_secs_f64()))),
        (load.pipeline > 1).then(|| format!("{} in flight per connection", load.pipeline)),
        per_connection.map(|limit| format!("{} per connection", some(limit, "request"))),
        load.reconnect_every
            .map(|every| format!("reconnecting every {}", span(every.as_secs_f64()))),
        (load.close != Close::Fin).then(|| format!("closed by {}", load.close)),
        (load.write_mode == WriteMode::Split).then(|| "split writes (length and body)".to_owned()),
        load.client_cpus
            .as_ref()
            .map(|cpus| format!("generator on {}", cores(&cpus.to_string()))),
    ];
    let settings: Vec<String> = settings.into_iter().flatten().collect();
    let trials = cell.counted_trials().len();
    let repeats = if trials == 1 {
        String::new()
    } else {
        format!("{trials} × ")
    };
    format!(
        "{}, {}, {} of {} B{}, {repeats}{} after {} of warm-up",
        some(load.clients as u64, "client"),
        settings.join(", "),
        method_call(&load.method, load.params.as_deref()),
        load.request_bytes,
        load.alternate.as_ref().map_or_else(String::new, alternate),
        span(load.duration.as_secs_f64()),
        span(load.warmup.as_secs_f64()),
    )
}

/// A method with its params, if they are short: `spin 200`.
fn method_call(method: &str, params: Option<&str>) -> String {
    const MAX_CHARS: usize = 20;
    match params.filter(|params| params.chars().count() <= MAX_CHARS) {
        Some(params) => format!("{method} {params}"),
        None => method.to_owned(),
    }
}

/// A share as a fraction such as `9/10` or `95/100`, or else as a decimal number.
fn share(share: f64) -> String {
    let denominators = [10.0, 100.0, 1000.0];
    let is_exact = |part: &f64| ((share * part).round() - share * part).abs() < 1e-6;
    match denominators.into_iter().find(is_exact) {
        Some(part) => format!("{:.0}/{part}", share * part),
        None => format!("{share:.4}"),
    }
}

/// The alternate message: `, 1 in 100 spin of 4 B`. The bytes are those of its params.
fn alternate(alternate: &Alternate) -> String {
    let one_in = count(u64::from(alternate.one_in));
    let method = method_call(&alternate.method, alternate.params.as_deref());
    format!(", 1 in {one_in} {method} of {} B", alternate.payload_bytes)
}
