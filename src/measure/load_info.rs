//! Converts a load to the form of the record.

use crate::load::{Alternate, Arrivals, Assign, Load, Message, RateChange, Skew};
use crate::record::{AlternateInfo, LoadInfo, Mode, RateChangeInfo, SkewInfo};
use crate::sys::Cpus;

/// The load in the form of the record.
pub(crate) fn of(load: &Load) -> LoadInfo {
    LoadInfo {
        clients: load.clients,
        mode: match load.schedule.map(|schedule| schedule.arrivals) {
            None => Mode::Closed,
            Some(Arrivals::Constant) => Mode::Constant,
            Some(Arrivals::Poisson) => Mode::Poisson,
        },
        rate_rps: load.schedule.map(|schedule| schedule.rate_rps),
        pipeline: load.pipeline,
        assign: match load.schedule.map(|schedule| schedule.assign) {
            Some(Assign::Free) => "free".to_owned(),
            _ => "bound".to_owned(),
        },
        requests_per_connection: load.requests_per_connection,
        method: load.message.method().to_owned(),
        request_bytes: load.message.frame_bytes(),
        payload_bytes: load.message.payload_bytes(),
        params: params(&load.message),
        idle: load.idle,
        duration_s: load.duration.as_secs_f64(),
        warmup_s: load.warmup.as_secs_f64(),
        timeout_s: load.timeout.as_secs_f64(),
        connect_timeout_s: load.connect_timeout.as_secs_f64(),
        think_s: load.think.as_secs_f64(),
        client_cpus: load.cpus.as_ref().map(Cpus::to_string),
        close: load.close.to_string(),
        wire: load.write_mode.to_string(),
        beside: load.alternate.as_ref().map(alternate_info),
        skew: load
            .schedule
            .and_then(|schedule| schedule.skew)
            .map(skew_info),
        reconnect_every_s: load.reconnect_every.map(|every| every.as_secs_f64()),
        then: load
            .schedule
            .and_then(|schedule| schedule.then)
            .map(rate_change_info),
    }
}

/// The params of a message; long ones are shortened to their beginning and length.
fn params(message: &Message) -> Option<String> {
    const MAX_CHARS: usize = 200;
    let params = message.params()?;
    let beginning: String = params.chars().take(MAX_CHARS).collect();
    Some(if beginning.len() < params.len() {
        format!("{beginning}… ({} bytes)", params.len())
    } else {
        beginning
    })
}

fn alternate_info(alternate: &Alternate) -> AlternateInfo {
    AlternateInfo {
        method: alternate.message.method().to_owned(),
        payload_bytes: alternate.message.payload_bytes(),
        params: params(&alternate.message),
        one_in: alternate.one_in,
    }
}

fn skew_info(skew: Skew) -> SkewInfo {
    SkewInfo {
        clients_share: skew.clients,
        requests_share: skew.requests,
    }
}

fn rate_change_info(change: RateChange) -> RateChangeInfo {
    RateChangeInfo {
        after_s: change.after.as_secs_f64(),
        rate_rps: change.rate_rps,
    }
}
