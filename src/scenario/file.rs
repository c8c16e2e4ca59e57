//! The file format of a scenario. Unknown keys are errors, reported with their line.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::definition::{Open, Scenario};
use super::rate_spec::{CapacityOf, Rate};
use crate::error::Error;
use crate::load::{
    Alternate, Arrivals, Assign, LEAST_PAYLOAD_BYTES, MOST_CONNECTIONS, MOST_IN_FLIGHT, Message,
    Schedule, Skew,
};
use crate::protocol::{METHODS, WriteMode};

/// Far above the message limit of any server.
const MAX_PAYLOAD_BYTES: usize = 64 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    reads: String,
    clients: Vec<NonZeroUsize>,
    duration: Option<Time>,
    warmup: Option<Time>,
    method: Option<String>,
    params: Option<toml::Value>,
    payload: Option<usize>,
    requests_per_connection: Option<NonZeroU32>,
    reconnect_every: Option<Time>,
    pipeline: Option<NonZeroUsize>,
    idle: Option<usize>,
    think: Option<Time>,
    #[serde(alias = "wire")]
    write_mode: Option<WriteMode>,
    #[serde(alias = "beside")]
    alternate: Option<AlternateMessage>,
    open: Option<OpenLoop>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlternateMessage {
    method: String,
    params: Option<toml::Value>,
    one_in: NonZeroU32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenLoop {
    #[serde(default)]
    rates: Vec<f64>,
    #[serde(default)]
    shares: Vec<f64>,
    of: Option<CapacityOf>,
    arrivals: Option<String>,
    skew: Option<SkewTable>,
    then: Option<RateChangeTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SkewTable {
    clients: f64,
    requests: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateChangeTable {
    after: f64,
    rate: Option<f64>,
    share: Option<f64>,
    of: Option<CapacityOf>,
}

/// A duration such as `"200ms"`, more than 0 and at most one hour.
#[derive(Clone, Copy)]
pub(crate) struct Time(pub(crate) Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text)
            .ok()
            .filter(|time| !time.is_zero() && *time <= Duration::from_secs(3600))
            .map(Time)
            .ok_or_else(|| {
                let wanted = "a duration such as \"200ms\" or \"5s\", at most 1h";
                de::Error::custom(format!("{text:?} is not {wanted}"))
            })
    }
}

/// Parses a file. An error contains the line and the reason.
pub(crate) fn parsed<T: de::DeserializeOwned>(
    what: &'static str,
    path: &str,
    text: &str,
) -> Result<T, Error> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| {
            let before = text.get(..span.start).unwrap_or_default();
            format!("line {}: ", before.matches('\n').count() + 1)
        });
        Error::Scenario {
            what,
            path: path.to_owned(),
            reason: line.unwrap_or_default() + error.message(),
        }
    })
}

impl Scenario {
    /// Reads the scenario `name` from the text of its file.
    ///
    /// # Errors
    /// When the text is not valid: the message contains the path and, if known, the line.
    pub fn parse(name: &str, path: &str, text: &str) -> Result<Scenario, Error> {
        let file: File = parsed("scenario", path, text)?;
        file.into_scenario(name).map_err(|reason| Error::Scenario {
            what: "scenario",
            path: path.to_owned(),
            reason,
        })
    }
}

impl File {
    fn into_scenario(self, name: &str) -> Result<Scenario, String> {
        if self.clients.is_empty() {
            return Err("clients: name at least one number".to_owned());
        }
        check_clients(&self.clients)?;
        let pipeline = self.pipeline.map_or(1, NonZeroUsize::get);
        let idle = self.idle.unwrap_or(0);
        at_most("pipeline", pipeline, MOST_IN_FLIGHT)?;
        at_most("idle", idle, MOST_CONNECTIONS)?;
        if self.open.is_some() && self.think.is_some() {
            return Err("think: clients of an open loop do not wait for replies".to_owned());
        }
        let message = message(self.method.as_deref(), self.params.as_ref(), self.payload)?;
        let alternate = self
            .alternate
            .map(AlternateMessage::into_alternate)
            .transpose()?;
        Ok(Scenario {
            name: name.to_owned(),
            about: self.about,
            reads: self.reads,
            clients: self.clients,
            duration: self.duration.map(|time| time.0),
            warmup: self.warmup.map(|time| time.0),
            message,
            alternate,
            requests_per_connection: self.requests_per_connection.map(NonZeroU32::get),
            reconnect_every: self.reconnect_every.map(|time| time.0),
            pipeline,
            idle,
            think: self.think.map_or(Duration::ZERO, |time| time.0),
            write_mode: self.write_mode,
            open: self.open.map(OpenLoop::into_open).transpose()?,
        })
    }
}

impl AlternateMessage {
    fn into_alternate(self) -> Result<Alternate, String> {
        Ok(Alternate {
            message: message(Some(&self.method), self.params.as_ref(), None)?,
            one_in: self.one_in.get(),
        })
    }
}

impl OpenLoop {
    fn into_open(self) -> Result<Open, String> {
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
        let arrivals = self.arrivals.as_deref().unwrap_or("poisson");
        Ok(Open {
            rates: rates?,
            schedule: Schedule {
                rate_rps: 1.0,
                arrivals: arrivals
                    .parse::<Arrivals>()
                    .map_err(|wanted| format!("open: arrivals: {wanted}"))?,
                assign: Assign::Bound,
                seed: 0,
                skew: self.skew.map(SkewTable::into_skew).transpose()?,
                then: None,
            },
            then: self.then.map(RateChangeTable::into_then).transpose()?,
        })
    }
}

impl SkewTable {
    fn into_skew(self) -> Result<Skew, String> {
        let is_share = |value: f64| value > 0.0 && value < 1.0;
        if !is_share(self.clients) || !is_share(self.requests) {
            return Err(
                "open.skew: clients and requests are shares, more than 0 and less than 1"
                    .to_owned(),
            );
        }
        Ok(Skew {
            clients: self.clients,
            requests: self.requests,
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

/// Returns an error for too many clients, most likely a typing error.
pub(crate) fn check_clients(clients: &[NonZeroUsize]) -> Result<(), String> {
    let most = clients.iter().map(|clients| clients.get()).max();
    at_most("clients", most.unwrap_or(0), MOST_CONNECTIONS)
}

fn at_most(key: &str, value: usize, most: usize) -> Result<(), String> {
    let message = || format!("{key}: {value} is over {most}");
    (value <= most).then_some(()).ok_or_else(message)
}

fn message(
    method: Option<&str>,
    params: Option<&toml::Value>,
    payload: Option<usize>,
) -> Result<Message, String> {
    match (method.unwrap_or("ping"), params, payload) {
        ("ping", None, bytes) => {
            let bytes = bytes.unwrap_or(LEAST_PAYLOAD_BYTES);
            at_most("payload", bytes, MAX_PAYLOAD_BYTES)?;
            let is_valid = bytes >= LEAST_PAYLOAD_BYTES;
            let message =
                || format!("payload: a ping carries at least {LEAST_PAYLOAD_BYTES} bytes");
            is_valid.then(|| Message::ping(bytes)).ok_or_else(message)
        }
        (_, _, Some(_)) => Err("payload: allowed only for ping without params".to_owned()),
        (method, None, None) if METHODS.iter().any(|known| known.name == method) => {
            Err(format!("params: method {method} needs params"))
        }
        (method, params, None) => {
            let json = params.map_or(Ok("null".to_owned()), serde_json::to_string);
            json.map_err(|error| error.to_string())
                .and_then(|json| Message::call(method, &json))
                .map_err(|error| format!("params: {error}"))
        }
    }
}
