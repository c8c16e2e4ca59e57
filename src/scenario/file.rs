//! The file format of a scenario. Unknown keys are errors, reported with their line.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use toml::Spanned;
use toml::de::DeTable;

use super::definition::Scenario;
use super::open_loop::{OpenLoop, SkewTable};
use crate::error::Error;
use crate::protocol::METHODS;
use crate::record::{
    Alternate, Arrivals, Assign, LEAST_PAYLOAD_BYTES, LONGEST_TIME, LoadSpec, MOST_CONNECTIONS,
    MOST_IN_FLIGHT, parse_handler, parse_time,
};

/// Far above the message limit of any server.
const MAX_PAYLOAD_BYTES: usize = 64 << 20;

/// The keys of a scenario file that do not belong to [`LoadSpec`], or that are written in another
/// form there.
#[derive(Deserialize)]
struct File {
    about: String,
    reads: String,
    clients: Vec<NonZeroUsize>,
    duration: Option<Time>,
    warmup: Option<Time>,
    method: Option<String>,
    params: Option<toml::Value>,
    payload: Option<usize>,
    handler: Option<String>,
    #[serde(alias = "beside")]
    alternate: Option<AlternateMessage>,
    open: Option<OpenLoop>,
}

/// The fields of [`LoadSpec`] that follow from the keys of [`File`].
const FROM_FILE: [&str; 7] = [
    "mode",
    "method",
    "params",
    "payload_bytes",
    "request_bytes",
    "beside",
    "skew",
];
/// The fields of [`LoadSpec`] that a file cannot set under their own names.
const DERIVED: [&str; 9] = [
    "mode",
    "rate_rps",
    "rate_share",
    "request_bytes",
    "payload_bytes",
    "duration_s",
    "warmup_s",
    "skew",
    "then",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlternateMessage {
    method: Option<String>,
    params: Option<toml::Value>,
    handler: Option<String>,
    one_in: NonZeroU32,
}

/// A duration such as `"200ms"`, more than 0 and at most one hour.
#[derive(Clone, Copy)]
pub(crate) struct Time(pub(crate) Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_time(&text).map(Time).map_err(de::Error::custom)
    }
}

/// Parses a file. An error contains the line and the reason.
pub(crate) fn parsed<T: de::DeserializeOwned>(
    what: &'static str,
    path: &str,
    text: &str,
) -> Result<T, Error> {
    toml::from_str(text).map_err(|error| Error::Scenario {
        what,
        path: path.to_owned(),
        reason: with_line(text, &error),
    })
}

/// The message of a TOML error, with the line if it is known.
fn with_line(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map(|span| line_of(text, span.start));
    line.unwrap_or_default() + error.message()
}

/// `line 3: ` for a position in a text.
fn line_of(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    format!("line {}: ", before.matches('\n').count() + 1)
}

impl Scenario {
    /// Reads the scenario `name` from the text of its file.
    ///
    /// # Errors
    /// When the text is not valid: the message contains the path and, if known, the line.
    pub fn parse(name: &str, path: &str, text: &str) -> Result<Scenario, Error> {
        let scenario = read(text)
            .and_then(|(file, load, load_fields)| file.into_scenario(name, load, load_fields));
        scenario.map_err(|reason| Error::Scenario {
            what: "scenario",
            path: path.to_owned(),
            reason,
        })
    }
}

/// The two parts of a file, and the fields of the load that it sets. Every key belongs to one part.
fn read(text: &str) -> Result<(File, LoadSpec, Vec<String>), String> {
    let error = |error: toml::de::Error| with_line(text, &error);
    let mut load_keys = Vec::new();
    let document = toml::Deserializer::parse(text).map_err(error)?;
    let file: File = serde_ignored::deserialize(document, |key| load_keys.push(key.to_string()))
        .map_err(error)?;
    let fields = LoadSpec::default().fields();
    let fields = fields.map_err(|error| error.to_string())?;
    let document = DeTable::parse(text).map_err(error)?;
    let mut of_load = DeTable::new();
    let mut names: Vec<String> = Vec::new();
    for (key, value) in document.get_ref() {
        if !load_keys.iter().any(|name| key.get_ref() == name) {
            continue;
        }
        let line = line_of(text, key.span().start);
        let name = field_of(key.get_ref(), &fields)
            .ok_or_else(|| format!("{line}unknown field `{}`", key.get_ref()))?;
        if names.contains(&name) {
            return Err(format!("{line}duplicate field `{}`", key.get_ref()));
        }
        of_load.insert(Spanned::new(key.span(), name.clone().into()), value.clone());
        names.push(name);
    }
    let of_load = Spanned::new(document.span(), of_load);
    let load = LoadSpec::deserialize(toml::Deserializer::from(of_load)).map_err(error)?;
    Ok((file, load, names))
}

/// The field of [`LoadSpec`] that a key sets: times need no `_s`, and `wire` is the old name of
/// `write_mode`, which records keep.
fn field_of(key: &str, fields: &serde_json::Map<String, serde_json::Value>) -> Option<String> {
    let key = if key == "write_mode" { "wire" } else { key };
    let candidates = [key.to_owned(), format!("{key}_s")];
    let is_free = |name: &String| fields.contains_key(name) && !DERIVED.contains(&name.as_str());
    candidates.into_iter().find(is_free)
}

impl File {
    fn into_scenario(
        self,
        name: &str,
        mut load: LoadSpec,
        mut load_fields: Vec<String>,
    ) -> Result<Scenario, String> {
        if self.clients.is_empty() {
            return Err("clients: name at least one number".to_owned());
        }
        check_clients(&self.clients)?;
        check(&load)?;
        if self.open.is_some() && !load.think.is_zero() {
            return Err("think: clients of an open loop do not wait for replies".to_owned());
        }
        if self.open.is_none() && load.assign == Assign::Free {
            return Err("assign: only an open loop assigns requests to any free client".to_owned());
        }
        let others = self.method.is_some() || self.params.is_some() || self.payload.is_some();
        let call = match &self.handler {
            None => request(self.method.as_deref(), self.params.as_ref(), self.payload)?,
            Some(handler) => work(handler, others)?,
        };
        load.set_request(&call.method, call.params, call.string_bytes);
        load.alternate = self
            .alternate
            .map(AlternateMessage::into_alternate)
            .transpose()?;
        let open = match self.open {
            None => None,
            Some(open) => {
                load.mode = open.arrivals.unwrap_or(Arrivals::Poisson).into();
                load.skew = open.skew.as_ref().map(SkewTable::skew).transpose()?;
                Some(open.into_open()?)
            }
        };
        load_fields.extend(FROM_FILE.map(str::to_owned));
        Ok(Scenario {
            name: name.to_owned(),
            about: self.about,
            reads: self.reads,
            clients: self.clients,
            duration: self.duration.map(|time| time.0),
            warmup: self.warmup.map(|time| time.0),
            load,
            load_fields,
            open,
        })
    }
}

impl AlternateMessage {
    fn into_alternate(self) -> Result<Alternate, String> {
        let others = self.method.is_some() || self.params.is_some();
        let call = match (&self.handler, &self.method) {
            (Some(handler), _) => work(handler, others)?,
            (None, Some(method)) => request(Some(method), self.params.as_ref(), None)?,
            (None, None) => return Err("alternate: give a method or a handler".to_owned()),
        };
        let mut load = LoadSpec::default();
        load.set_request(&call.method, call.params, call.string_bytes);
        Ok(Alternate {
            method: load.method,
            payload_bytes: load.payload_bytes,
            params: load.params,
            one_in: self.one_in.get(),
        })
    }
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

/// Returns an error for a setting out of range.
fn check(load: &LoadSpec) -> Result<(), String> {
    at_most("pipeline", load.pipeline, MOST_IN_FLIGHT)?;
    at_most("idle", load.idle, MOST_CONNECTIONS)?;
    let zeros = [
        ("pipeline", load.pipeline == 0),
        (
            "requests_per_connection",
            load.requests_per_connection == Some(0),
        ),
        (
            "reconnect_every",
            load.reconnect_every == Some(Duration::ZERO),
        ),
        ("timeout", load.timeout.is_zero()),
        ("connect_timeout", load.connect_timeout.is_zero()),
    ];
    if let Some((key, _)) = zeros.iter().find(|(_, zero)| *zero) {
        return Err(format!("{key}: must be more than 0"));
    }
    let times = [
        ("think", load.think),
        ("reconnect_every", load.reconnect_every.unwrap_or_default()),
        ("timeout", load.timeout),
        ("connect_timeout", load.connect_timeout),
    ];
    match times.iter().find(|(_, time)| *time > LONGEST_TIME) {
        Some((key, _)) => Err(format!("{key}: must be at most 1h")),
        None => Ok(()),
    }
}

/// A request as a file writes it.
struct Call {
    method: String,
    params: Option<String>,
    string_bytes: usize,
}

/// The call of a handler such as `cpu=200us,wait=5ms`, which `others` (method, params) exclude.
fn work(handler: &str, others: bool) -> Result<Call, String> {
    if others {
        return Err(
            "handler: it sets method and params; remove method, params and payload".to_owned(),
        );
    }
    let params = parse_handler(handler).map_err(|fault| format!("handler: {fault}"))?;
    Ok(Call {
        method: "work".to_owned(),
        params: Some(params.to_json()),
        string_bytes: 0,
    })
}

fn request(
    method: Option<&str>,
    params: Option<&toml::Value>,
    payload: Option<usize>,
) -> Result<Call, String> {
    let method = method.unwrap_or("ping");
    let string_bytes = payload.unwrap_or(LEAST_PAYLOAD_BYTES);
    at_most("payload", string_bytes, MAX_PAYLOAD_BYTES)?;
    let params = match (params, payload) {
        (None, _) if method == "ping" => None,
        (_, Some(_)) => return Err("payload: allowed only for ping without params".to_owned()),
        (None, None) if METHODS.iter().any(|known| known.name == method) => {
            return Err(format!("params: method {method} needs params"));
        }
        (None, None) => Some("null".to_owned()),
        (Some(params), None) => {
            let json = serde_json::to_string(params);
            Some(json.map_err(|error| format!("params: {error}"))?)
        }
    };
    if string_bytes < LEAST_PAYLOAD_BYTES {
        return Err(format!(
            "payload: a ping carries at least {LEAST_PAYLOAD_BYTES} bytes"
        ));
    }
    Ok(Call {
        method: method.to_owned(),
        params,
        string_bytes,
    })
}
