//! The `open` table of a scenario file: the rates of an open loop, its skew, its change of rate.

use serde::Deserialize;

use super::definition::Open;
use super::rate_spec::{CapacityOf, Rate};
use crate::record::{Arrivals, Skew};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenLoop {
    #[serde(default)]
    rates: Vec<f64>,
    #[serde(default)]
    shares: Vec<f64>,
    of: Option<CapacityOf>,
    pub(super) arrivals: Option<Arrivals>,
    pub(super) skew: Option<SkewTable>,
    then: Option<RateChangeTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SkewTable {
    clients: f64,
    requests: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateChangeTable {
    after: f64,
    rate: Option<f64>,
    share: Option<f64>,
    of: Option<CapacityOf>,
}

impl OpenLoop {
    pub(super) fn into_open(self) -> Result<Open, String> {
        let rates = match (self.rates.as_slice(), self.shares.as_slice(), self.of) {
            (rates @ [_, ..], [], None) => rates.iter().copied().map(rate).collect(),
            ([], shares @ [_, ..], Some(of)) => {
                shares.iter().map(|value| share(*value, of)).collect()
            }
            _ => Err(
                "open: give either rates, or shares together with of (weakest or strongest)"
                    .to_owned(),
            ),
        };
        Ok(Open {
            rates: rates?,
            then: self.then.map(RateChangeTable::into_then).transpose()?,
        })
    }
}

impl SkewTable {
    pub(super) fn skew(&self) -> Result<Skew, String> {
        let is_share = |value: f64| value > 0.0 && value < 1.0;
        if !is_share(self.clients) || !is_share(self.requests) {
            return Err(
                "open.skew: clients and requests are shares, more than 0 and less than 1"
                    .to_owned(),
            );
        }
        Ok(Skew {
            clients_share: self.clients,
            requests_share: self.requests,
        })
    }
}

impl RateChangeTable {
    fn into_then(self) -> Result<(f64, Rate), String> {
        if !(self.after > 0.0 && self.after < 1.0) {
            return Err(
                "open.then: after is a fraction of the window, more than 0 and less than 1"
                    .to_owned(),
            );
        }
        let rate = match (self.rate, self.share, self.of) {
            (Some(rps), None, None) => rate(rps),
            (None, Some(value), Some(of)) => share(value, of),
            _ => Err(
                "open.then: give either rate, or share together with of (weakest or strongest)"
                    .to_owned(),
            ),
        };
        Ok((self.after, rate?))
    }
}

fn rate(rps: f64) -> Result<Rate, String> {
    let is_valid = (0.01..=1e7).contains(&rps);
    let message =
        || format!("open: a rate of {rps} is out of range: 0.01 to 10,000,000 requests per second");
    is_valid.then_some(Rate::Rps(rps)).ok_or_else(message)
}

fn share(share: f64, of: CapacityOf) -> Result<Rate, String> {
    let is_valid = share > 0.0 && share <= 10.0;
    let message = || {
        format!(
            "open: a share of {share} is out of range: more than 0, at most 10; 0.5 is half of the capacity"
        )
    };
    is_valid
        .then_some(Rate::Share { share, of })
        .ok_or_else(message)
}
