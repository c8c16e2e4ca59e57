//! The description of a load in one line.

use super::units::{cores, count, exact_bytes, exact_time, some, span};
use crate::record::{
    Alternate, Assign, Cell, Close, LoadSpec, Mode, Record, WorkParams, WriteMode,
};

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
        "{}, {}, {}{}, {repeats}{} after {} of warm-up",
        some(load.clients as u64, "client"),
        settings.join(", "),
        request(load),
        load.alternate.as_ref().map_or_else(String::new, alternate),
        span(load.duration.as_secs_f64()),
        span(load.warmup.as_secs_f64()),
    )
}

/// The request of a load: `ping of 45 B`, or the handler that it describes.
pub(crate) fn request(load: &LoadSpec) -> String {
    let params = load.params.as_deref();
    let handler = handler(&load.method, params);
    handler.unwrap_or_else(|| {
        let bytes = load.request_bytes;
        format!("{} of {bytes} B", method_call(&load.method, params))
    })
}

/// A call of `work`: `handler: 200 µs CPU, 5 ms wait, 1 KiB reply`, without the parts that are 0.
fn handler(method: &str, params: Option<&str>) -> Option<String> {
    let params = params.filter(|_| method == "work")?;
    let params = WorkParams::parse(params, u64::MAX).ok()?;
    let parts = [
        (params.cpu_us > 0.0).then(|| format!("{} CPU", exact_time(params.cpu_us * 1e3))),
        (params.wait_ms > 0.0).then(|| format!("{} wait", exact_time(params.wait_ms * 1e6))),
        (params.reply_bytes > 0).then(|| format!("{} reply", exact_bytes(params.reply_bytes))),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Some(match parts.is_empty() {
        true => "handler: no work".to_owned(),
        false => format!("handler: {}", parts.join(", ")),
    })
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
    let params = alternate.params.as_deref();
    if let Some(handler) = handler(&alternate.method, params) {
        return format!(", 1 in {one_in} {handler}");
    }
    let method = method_call(&alternate.method, params);
    format!(", 1 in {one_in} {method} of {} B", alternate.payload_bytes)
}
