//! The specification of a load: one type for the command line, scenario files and records.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Map, Value};

use super::choices::{Arrivals, Assign, Close, Mode, Spin, Stamps};
use super::rate_share::RateShare;
use super::seconds;
use crate::protocol::{WriteMode, request_bytes};
use crate::sys::{Cpus, Priority};

/// The largest number of connections; a larger one is most likely a typing error.
pub const MOST_CONNECTIONS: usize = 10_000_000;
/// The largest number of requests in flight per connection. Memory for each is allocated before
/// the load begins.
pub const MOST_IN_FLIGHT: usize = 10_000;
/// Hex digits that make each `ping` unique: the shortest string in its params, in bytes.
pub const LEAST_PAYLOAD_BYTES: usize = 16;
/// The quotes around the string of a `ping`.
pub const QUOTES_BYTES: usize = 2;

/// The specification of a load: how many clients send which requests, and when.
///
/// In JSON it is the `load` of a record's cell. A scenario file uses the same names, and may
/// write times such as `think = "5ms"` under the name without `_s`. A missing field has its
/// default.
///
/// ```
/// use std::time::Duration;
///
/// use rpcbench::record::{LoadSpec, Mode};
///
/// let load = LoadSpec {
///     mode: Mode::Poisson,
///     rate_rps: Some(10_000.0),
///     duration: Duration::from_secs(1),
///     ..LoadSpec::default()
/// };
/// assert_eq!(load.clients, 64);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadSpec {
    /// Connections that send requests.
    pub clients: usize,
    /// When requests are sent.
    pub mode: Mode,
    /// Requests per second over all clients; null in a closed loop, and until the pilots have
    /// measured the capacity that it is a share of.
    pub rate_rps: Option<f64>,
    /// How the rate was derived from pilots; null if it was given.
    pub rate_share: Option<RateShare>,
    /// Requests in flight per connection.
    pub pipeline: usize,
    /// Which connection a request of an open loop waits for.
    pub assign: Assign,
    /// Replies per connection, after which it is closed; null is no limit.
    pub requests_per_connection: Option<u32>,
    /// The method called.
    pub method: String,
    /// Bytes of a request on the wire, including its length prefix of 4 bytes.
    pub request_bytes: usize,
    /// Bytes of its params.
    pub payload_bytes: usize,
    /// The params as JSON, in records long ones shortened; null for pings with a tag, which each
    /// have their own.
    pub params: Option<String>,
    /// Additional connections that send nothing.
    pub idle: usize,
    /// Length of the window.
    #[serde(rename = "duration_s", with = "seconds")]
    pub duration: Duration,
    /// Length of the warm-up.
    #[serde(rename = "warmup_s", with = "seconds")]
    pub warmup: Duration,
    /// The longest wait for a reply.
    #[serde(rename = "timeout_s", with = "seconds")]
    pub timeout: Duration,
    /// The longest wait for a connect.
    #[serde(rename = "connect_timeout_s", with = "seconds")]
    pub connect_timeout: Duration,
    /// The time that a client of a closed loop waits between a reply and its next request.
    #[serde(rename = "think_s", with = "seconds")]
    pub think: Duration,
    /// The cores of the generator, such as `0,2-3`; null is all.
    pub client_cpus: Option<Cpus>,
    /// How connections are closed.
    pub close: Close,
    /// How messages are written.
    #[serde(rename = "wire")]
    pub write_mode: WriteMode,
    /// An alternate message that some requests are; null is none.
    #[serde(rename = "beside")]
    pub alternate: Option<Alternate>,
    /// How unevenly requests are assigned to clients; null is evenly.
    pub skew: Option<Skew>,
    /// All clients close their connections at the multiples of this time since the load began,
    /// and reconnect at once; null is never. No request is lost: a client with a request in
    /// flight reconnects after its reply.
    #[serde(rename = "reconnect_every_s", with = "seconds::option")]
    pub reconnect_every: Option<Duration>,
    /// A change of the rate inside the window; null is a constant rate.
    pub then: Option<RateChange>,
    /// Whether replies arrive when the kernel has stamped them, instead of when they are read.
    pub stamps: Stamps,
    /// The scheduling priority that the threads of the generator ask for.
    pub client_priority: Priority,
    /// Whether the threads of the generator poll without sleeping between requests.
    pub client_spin: Spin,
}

/// A change of the rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateChange {
    /// Time of the change, from the start of the window.
    #[serde(rename = "after_s", with = "seconds")]
    pub after: Duration,
    /// Requests per second after the change, all clients together.
    pub rate_rps: f64,
}

/// A few busy clients make most of the requests.
///
/// The busy clients are drawn from the seed of the plan. With [`Assign::Free`] the skew has no
/// effect.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Skew {
    /// The share of busy clients, from 0 to 1; at least one client is busy.
    pub clients_share: f64,
    /// The share of the requests that busy clients make, from 0 to 1.
    pub requests_share: f64,
}

/// An alternate message that some requests are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternate {
    /// The method called.
    pub method: String,
    /// Bytes of its params.
    pub payload_bytes: usize,
    /// The params as JSON, in records long ones shortened.
    #[serde(default)]
    pub params: Option<String>,
    /// One request in this number is the alternate message, chosen pseudo-randomly.
    pub one_in: u32,
}

impl Default for LoadSpec {
    fn default() -> LoadSpec {
        let payload_bytes = LEAST_PAYLOAD_BYTES + QUOTES_BYTES;
        LoadSpec {
            clients: 64,
            mode: Mode::Closed,
            rate_rps: None,
            rate_share: None,
            pipeline: 1,
            assign: Assign::Bound,
            requests_per_connection: None,
            method: "ping".to_owned(),
            request_bytes: request_bytes("ping", payload_bytes),
            payload_bytes,
            params: None,
            idle: 0,
            duration: Duration::from_secs(5),
            warmup: Duration::from_secs(1),
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            think: Duration::ZERO,
            client_cpus: None,
            close: Close::Fin,
            write_mode: WriteMode::Default,
            alternate: None,
            skew: None,
            reconnect_every: None,
            then: None,
            stamps: Stamps::Auto,
            client_priority: Priority::Normal,
            client_spin: Spin::Auto,
        }
    }
}

impl LoadSpec {
    /// The number of all connections.
    pub fn connections(&self) -> usize {
        self.clients + self.idle
    }

    /// Whether the generator uses time stamps of the kernel.
    pub fn takes_stamps(&self) -> bool {
        match self.stamps {
            Stamps::Auto => self.mode != Mode::Closed,
            Stamps::On => true,
            Stamps::Off => false,
        }
    }

    /// The arrival process; `None` in a closed loop.
    pub fn arrivals(&self) -> Option<Arrivals> {
        match self.mode {
            Mode::Closed => None,
            Mode::Constant => Some(Arrivals::Constant),
            Mode::Poisson => Some(Arrivals::Poisson),
        }
    }

    /// Changes the request to `method` with these params as JSON; without params it is a `ping`
    /// whose string has `string_bytes`.
    pub(crate) fn set_request(
        &mut self,
        method: &str,
        params: Option<String>,
        string_bytes: usize,
    ) {
        self.payload_bytes = match &params {
            Some(params) => params.len(),
            None => string_bytes + QUOTES_BYTES,
        };
        self.request_bytes = request_bytes(method, self.payload_bytes);
        method.clone_into(&mut self.method);
        self.params = params;
    }

    /// How long the overload lasts, from the start of the window until the rate falls. `None`
    /// if the rate does not fall after the start of the window.
    pub fn overload(&self) -> Option<Duration> {
        let then = self.then?;
        let falls = then.rate_rps < self.rate_rps?;
        (falls && !then.after.is_zero()).then(|| then.after.min(self.duration))
    }

    /// The fields, as in a record.
    pub(crate) fn fields(&self) -> Result<Map<String, Value>, serde_json::Error> {
        match serde_json::to_value(self)? {
            Value::Object(fields) => Ok(fields),
            // A struct is always an object.
            _ => Ok(Map::new()),
        }
    }

    /// This load with these fields of `other`, which are named as in a record.
    pub(crate) fn overlaid_with(
        &self,
        other: &LoadSpec,
        names: &[String],
    ) -> Result<LoadSpec, serde_json::Error> {
        let mut fields = self.fields()?;
        let changes = other.fields()?;
        let changes = changes.into_iter();
        fields.extend(changes.filter(|(name, _)| names.contains(name)));
        serde_json::from_value(Value::Object(fields))
    }

    /// This load as a record keeps it: with long params shortened.
    pub(crate) fn recorded(&self) -> LoadSpec {
        let mut load = self.clone();
        load.params = load.params.as_deref().map(shortened);
        if let Some(alternate) = &mut load.alternate {
            alternate.params = alternate.params.as_deref().map(shortened);
        }
        load
    }
}

impl Skew {
    /// The number of busy clients among `clients`.
    pub fn busy(&self, clients: usize) -> usize {
        let busy = (self.clients_share * clients as f64).round() as usize;
        busy.clamp(1, clients.max(1))
    }
}

/// Reads the load of a record, in which the fields of all versions are required. (A scenario file
/// has only those that differ from the default.)
pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LoadSpec, D::Error> {
    const REQUIRED: [&str; 13] = [
        "clients",
        "mode",
        "pipeline",
        "assign",
        "method",
        "request_bytes",
        "payload_bytes",
        "idle",
        "duration_s",
        "warmup_s",
        "timeout_s",
        "close",
        "wire",
    ];
    let fields = Map::<String, Value>::deserialize(deserializer)?;
    if let Some(name) = REQUIRED.iter().find(|name| !fields.contains_key(**name)) {
        return Err(de::Error::missing_field(name));
    }
    serde_json::from_value(Value::Object(fields)).map_err(de::Error::custom)
}

/// Params of a request; long ones are shortened to their beginning and length.
fn shortened(params: &str) -> String {
    const MAX_CHARS: usize = 200;
    let beginning: String = params.chars().take(MAX_CHARS).collect();
    if beginning.len() < params.len() {
        format!("{beginning}… ({} bytes)", params.len())
    } else {
        beginning
    }
}
