//! A scenario as it stands in its file: plain keys, unknown ones refused with their line.

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

/// Far over what any server takes in one message.
const MOST_PAYLOAD_BYTES: usize = 64 << 20;

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
    skew: Option<Uneven>,
    then: Option<After>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Uneven {
    clients: f64,
    requests: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    after: f64,
    rate: Option<f64>,
    share: Option<f64>,
    of: Option<CapacityOf>,
}

/// A duration such as `"200ms"`, over 0 and at most an hour.
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

/// Reads a file, or says in which line what is wrong.
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
    /// When it is not as it should be: with the path, and the line where that can be told.
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
                shares.iter().map(|of_it| share(*of_it, of)).collect()
            }
            _ => Err("open: give rates, or shares and of whom (weakest, strongest)".to_owned()),
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
                skew: self.skew.map(Uneven::into_skew).transpose()?,
                then: None,
            },
            then: self.then.map(After::into_then).transpose()?,
        })
    }
}

impl Uneven {
    fn into_skew(self) -> Result<Skew, String> {
        let part = |value: f64| value > 0.0 && value < 1.0;
        if !part(self.clients) || !part(self.requests) {
            return Err(
                "open.skew: clients and requests are shares, over 0 and under 1".to_owned(),
            );
        }
        Ok(Skew {
            clients: self.clients,
            requests: self.requests,
        })
    }
}

impl After {
    fn into_then(self) -> Result<(f64, Rate), String> {
        if !(self.after > 0.0 && self.after < 1.0) {
            return Err("open.then: after is a part of the window, over 0 and under 1".to_owned());
        }
        let rate = match (self.rate, self.share, self.of) {
            (Some(rps), None, None) => rate(rps),
            (None, Some(of_it), Some(of)) => share(of_it, of),
            _ => Err("open.then: give a rate, or a share and of whom".to_owned()),
        };
        Ok((self.after, rate?))
    }
}

fn rate(rps: f64) -> Result<Rate, String> {
    let fits = (0.01..=1e7).contains(&rps);
    let wrong = || format!("open: a rate of {rps}: it is in requests a second, 0.01 to 10,000,000");
    fits.then_some(Rate::Rps(rps)).ok_or_else(wrong)
}

fn share(share: f64, of: CapacityOf) -> Result<Rate, String> {
    let fits = share > 0.0 && share <= 10.0;
    let wrong = || format!("open: a share of {share}: 0.5 is half of what that one can do");
    fits.then_some(Rate::Share { share, of }).ok_or_else(wrong)
}

/// Refuses numbers of clients that are a slip of the finger.
pub(crate) fn check_clients(clients: &[NonZeroUsize]) -> Result<(), String> {
    let most = clients.iter().map(|clients| clients.get()).max();
    at_most("clients", most.unwrap_or(0), MOST_CONNECTIONS)
}

fn at_most(key: &str, value: usize, most: usize) -> Result<(), String> {
    let wrong = || format!("{key}: {value} is over {most}");
    (value <= most).then_some(()).ok_or_else(wrong)
}

fn message(
    method: Option<&str>,
    params: Option<&toml::Value>,
    payload: Option<usize>,
) -> Result<Message, String> {
    match (method.unwrap_or("ping"), params, payload) {
        ("ping", None, bytes) => {
            let bytes = bytes.unwrap_or(LEAST_PAYLOAD_BYTES);
            at_most("payload", bytes, MOST_PAYLOAD_BYTES)?;
            let fits = bytes >= LEAST_PAYLOAD_BYTES;
            let wrong = || format!("payload: a ping carries at least {LEAST_PAYLOAD_BYTES} bytes");
            fits.then(|| Message::ping(bytes)).ok_or_else(wrong)
        }
        (_, _, Some(_)) => Err("payload: it is for ping without params".to_owned()),
        (method, None, None) if METHODS.iter().any(|known| known.name == method) => {
            Err(format!("params: {method} needs them"))
        }
        (method, params, None) => {
            let json = params.map_or(Ok("null".to_owned()), serde_json::to_string);
            json.map_err(|error| error.to_string())
                .and_then(|json| Message::call(method, &json))
                .map_err(|error| format!("params: {error}"))
        }
    }
}
