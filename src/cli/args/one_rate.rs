//! The two loads of a comparison: capacity, and one rate for all servers.

use std::str::FromStr;

use super::named_load::NamedLoad;
use crate::record::{Arrivals, Assign, CapacityOf, LoadSpec, Mode};
use crate::scenario::{Rate, RateSpec, Takers};

/// The share of the weakest server's capacity, if none is given.
const DEFAULT_SHARE: f64 = 0.5;

/// The value of `--share`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum OneRate {
    /// The capacity only.
    Off,
    /// Also at this share of the weakest server's capacity.
    Share(f64),
}

impl Default for OneRate {
    fn default() -> OneRate {
        OneRate::Share(DEFAULT_SHARE)
    }
}

impl FromStr for OneRate {
    type Err = String;

    fn from_str(text: &str) -> Result<OneRate, String> {
        if text == "off" {
            return Ok(OneRate::Off);
        }
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let share = match text.strip_suffix('%') {
            Some(percent) => number(percent).map(|percent| percent / 100.0),
            None => number(text),
        };
        let in_range = share.filter(|share| (0.01..=1.0).contains(share));
        in_range
            .map(OneRate::Share)
            .ok_or_else(|| "expected 1% to 100%, such as 50%, or off".to_owned())
    }
}

/// These loads, each closed loop followed by the same requests at one rate: an open loop at a share
/// of the capacity of the weakest server.
pub(crate) fn with_one_rate(
    loads: Vec<NamedLoad>,
    share: f64,
    (arrivals, assign): (Arrivals, Assign),
) -> Vec<NamedLoad> {
    let mut both = Vec::with_capacity(2 * loads.len());
    for load in loads {
        let at_rate = at_one_rate(&load, share, (arrivals, assign));
        both.push(load);
        both.extend(at_rate);
    }
    both
}

/// The load at one rate that a pair of a check measures before this one, which is at capacity. A
/// scenario and a rate of the user's are measured as they are.
pub(crate) fn first_load(
    load: &NamedLoad,
    share: Option<OneRate>,
    open_loop: (Arrivals, Assign),
) -> Option<NamedLoad> {
    let OneRate::Share(share) = share.unwrap_or_default() else {
        return None;
    };
    let is_own = load.scenario.is_some();
    let at_rate = || at_one_rate(load, share, open_loop);
    (!is_own).then(at_rate).flatten()
}

/// The same requests at one rate; `None` if the load does not measure a capacity.
fn at_one_rate(
    load: &NamedLoad,
    share: f64,
    (arrivals, assign): (Arrivals, Assign),
) -> Option<NamedLoad> {
    has_capacity(load).then(|| NamedLoad {
        load: LoadSpec {
            mode: arrivals.into(),
            assign,
            ..load.load.clone()
        },
        rate_spec: Some(RateSpec {
            rate: Rate::Share {
                share,
                of: CapacityOf::Weakest,
            },
            then: None,
            takers: Takers::ServingAll,
        }),
        ..load.clone()
    })
}

/// Whether a load measures a capacity: a closed loop in which clients neither wait between
/// requests nor reconnect all at once.
fn has_capacity(load: &NamedLoad) -> bool {
    let spec = &load.load;
    spec.mode == Mode::Closed
        && load.rate_spec.is_none()
        && spec.think.is_zero()
        && spec.reconnect_every.is_none()
}
