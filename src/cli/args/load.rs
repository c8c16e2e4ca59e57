//! The options of the load.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

pub(crate) use super::named_load::NamedLoad;
use super::named_load::fits_frame;
use super::server::ServerArgs;
use super::values;
use super::values::Bytes;
use crate::cli::usage::UsageError;
use crate::load::{Arrivals, Assign, Close, DRAIN, LEAST_PAYLOAD_BYTES, Load, Message, Schedule};
use crate::measure::environment;
use crate::protocol::{METHODS, REPLY_SLACK_BYTES};
use crate::record::Slo;
use crate::sys::Cpus;

/// Connections that send requests, unless the command line says otherwise.
const DEFAULT_CLIENTS: usize = 64;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadArgs {
    /// Scenarios: names that rpcbench scenarios lists, or .toml files
    #[arg(
        long,
        value_delimiter = ',',
        conflicts_with_all = [
            "rate", "slo", "arrivals", "assign", "pipeline", "requests_per_connection", "method",
            "params", "idle", "think", "payload",
        ],
        value_name = "NAME,…"
    )]
    pub(crate) scenario: Vec<String>,
    /// Connections that send requests [default: 64, or the scenario's]
    #[arg(long, value_delimiter = ',', value_parser = values::count, value_name = "N,…")]
    pub(crate) clients: Vec<NonZeroUsize>,
    /// Open loop: requests per second in total, such as 20k [default: closed loop]
    #[arg(long, value_delimiter = ',', value_parser = values::rate, group = "open_loop", value_name = "R,…")]
    rate: Vec<f64>,
    /// Search for the highest rate that keeps response times under this, such as p99<10ms
    #[arg(long, value_parser = values::slo, group = "open_loop", conflicts_with_all = ["rate", "trials", "think"], value_name = "TARGET")]
    pub(crate) slo: Option<Slo>,
    /// Open loop: spacing of the requests, poisson or constant
    #[arg(
        long,
        default_value = "poisson",
        requires = "open_loop",
        value_name = "HOW"
    )]
    arrivals: Arrivals,
    /// Open loop: connection that a request waits for: bound (the planned one) or free (any)
    #[arg(
        long,
        default_value = "bound",
        requires = "open_loop",
        value_name = "HOW"
    )]
    assign: Assign,
    /// Requests in flight per connection
    #[arg(long, default_value = "1", value_parser = values::pipeline, value_name = "D")]
    pipeline: NonZeroUsize,
    /// Measured time [default: 5s, scenarios: 1s, --slo: 2s per step]
    #[arg(long, value_parser = values::short_duration, value_name = "TIME")]
    pub(crate) duration: Option<Duration>,
    /// Warm-up: time under load before the measured time [default: 1s, scenarios: 300ms, --slo: 500ms]
    #[arg(long, value_parser = values::timeout, value_name = "TIME")]
    pub(crate) warmup: Option<Duration>,
    /// Trials of each server under each load, in random order, each with a fresh server [default: 1, scenarios: 6]
    #[arg(long, value_parser = values::count, value_name = "N")]
    trials: Option<NonZeroUsize>,
    /// Seed of the random order, to repeat it
    #[arg(long, value_parser = values::seed, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Requests per connection; then the client opens a new one [default: unlimited]
    #[arg(long, value_parser = values::count, value_name = "N")]
    requests_per_connection: Option<NonZeroUsize>,
    /// Longest time to wait for a reply
    #[arg(long, default_value = "10s", value_parser = values::short_duration, value_name = "TIME")]
    timeout: Duration,
    /// Longest time to wait for a connection to open
    #[arg(long, default_value = "3s", value_parser = values::short_duration, value_name = "TIME")]
    connect_timeout: Duration,
    /// Run the load generator on these cores, such as 0,2-3
    #[arg(long, value_name = "LIST")]
    client_cpus: Option<Cpus>,
    /// Threads of the load generator [default: half the cores, or one per core of --client-cpus]
    #[arg(long, value_parser = values::count, value_name = "N")]
    client_threads: Option<NonZeroUsize>,
    /// The method to call
    #[arg(long, default_value = "ping", value_name = "NAME")]
    method: String,
    /// Parameters of the method, as JSON [default for ping: a string of --payload bytes]
    #[arg(long, value_name = "JSON")]
    params: Option<String>,
    /// Additional idle connections, which are opened first and send nothing
    #[arg(long, default_value = "0", value_parser = values::connections, value_name = "N")]
    idle: usize,
    /// Closed loop: time between a reply and the next request
    #[arg(long, default_value = "0", value_parser = values::timeout, conflicts_with = "rate", value_name = "TIME")]
    think: Duration,
    /// How connections are closed: fin (orderly) or reset
    #[arg(long, default_value = "fin", value_name = "HOW")]
    close: Close,
    /// Length of the string that ping sends, at least 16 bytes [default: 16]
    #[arg(long, conflicts_with = "params", value_name = "SIZE")]
    payload: Option<Bytes>,
}

impl LoadArgs {
    /// Each number of clients at each rate; with shorter times if no server is named.
    pub(crate) fn loads(
        &self,
        no_servers_named: bool,
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<NamedLoad>> {
        let millis = Duration::from_millis;
        let default_times = if self.slo.is_some() {
            (millis(2000), millis(500))
        } else if no_servers_named {
            (millis(1000), millis(300))
        } else {
            (millis(5000), millis(1000))
        };
        self.matrix(default_times, server)
    }

    /// Refuses options that `check` and `calibrate` do not use.
    pub(crate) fn refuse_unused_in_pairs(&self) -> Result<(), UsageError> {
        let unused = [
            ("--trials", self.trials.is_some()),
            ("--slo", self.slo.is_some()),
        ];
        match unused.iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(UsageError(format!(
                "{flag} cannot be used here: measurements are in pairs; see --pairs"
            ))),
            None => Ok(()),
        }
    }

    /// Each number of clients at each rate, with this default duration and warm-up.
    pub(crate) fn matrix(
        &self,
        default_times: (Duration, Duration),
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<NamedLoad>> {
        let message = self.message()?;
        fits_frame(&message, server)?;
        let base = self.usual(default_times, server, message);
        // Without a rate there is one load per number of clients: the closed loop.
        let rates: Vec<Option<f64>> = if self.rate.is_empty() {
            vec![None]
        } else {
            self.rate.iter().copied().map(Some).collect()
        };
        let clients: Vec<usize> = match self.clients.as_slice() {
            [] => vec![DEFAULT_CLIENTS],
            given => given.iter().map(|clients| clients.get()).collect(),
        };
        let clients = clients.into_iter();
        let combinations =
            clients.flat_map(|clients| rates.iter().map(move |rate| (clients, *rate)));
        let load = |(clients, rate): (usize, Option<f64>)| Load {
            clients,
            // Opening the connections must not fall into the measured time.
            warmup: self
                .warmup
                .unwrap_or(base.warmup.max(2 * Load::ramp(clients + self.idle))),
            schedule: rate.map(|rate_rps| self.schedule(rate_rps)),
            ..base.clone()
        };
        let case = |load| NamedLoad {
            scenario: None,
            load,
            rate_spec: None,
        };
        Ok(combinations.map(load).map(case).collect())
    }

    /// Refuses cores that this process may not use.
    pub(crate) fn check_cpus(&self) -> anyhow::Result<()> {
        values::check_cpus("--client-cpus", self.client_cpus.as_ref())
    }

    /// Number of rounds; `default` if the command line gives none.
    pub(crate) fn rounds(&self, default: usize) -> usize {
        self.trials.map_or(default, NonZeroUsize::get)
    }

    /// The schedule of an open loop at this rate, in requests per second.
    pub(crate) fn schedule(&self, rate_rps: f64) -> Schedule {
        Schedule {
            rate_rps,
            arrivals: self.arrivals,
            assign: self.assign,
            // Replaced by the seed of each round.
            seed: 0,
            skew: None,
            then: None,
        }
    }

    /// The load that all others are derived from.
    pub(crate) fn usual(
        &self,
        (duration, warmup): (Duration, Duration),
        server: &ServerArgs,
        message: Message,
    ) -> Load {
        let threads = self.client_cpus.as_ref().map(Cpus::count);
        let threads = threads.unwrap_or((environment::cores() / 2).max(1));
        Load {
            // Replaced by the real address when the server listens.
            target: SocketAddr::from(([127, 0, 0, 1], 0)),
            clients: 0,
            threads: self.client_threads.map_or(threads, NonZeroUsize::get),
            duration: self.duration.unwrap_or(duration),
            warmup,
            drain: DRAIN,
            timeout: self.timeout,
            connect_timeout: self.connect_timeout,
            schedule: None,
            pipeline: self.pipeline.get(),
            requests_per_connection: self
                .requests_per_connection
                .map(|most| u32::try_from(most.get()).unwrap_or(u32::MAX)),
            idle: self.idle,
            think: self.think,
            write_mode: server.write_mode(),
            close: self.close,
            cpus: self.client_cpus.clone(),
            reconnect_every: None,
            max_frame_bytes: server.max_frame_bytes() + REPLY_SLACK_BYTES,
            message,
            alternate: None,
        }
    }

    fn message(&self) -> anyhow::Result<Message> {
        let method = self.method.as_str();
        match &self.params {
            None if method == "ping" => {
                let bytes = self
                    .payload
                    .map_or(LEAST_PAYLOAD_BYTES, |payload| payload.0);
                if bytes < LEAST_PAYLOAD_BYTES {
                    return Err(UsageError(format!(
                        "--payload {bytes} is too short: a ping carries at least {LEAST_PAYLOAD_BYTES} bytes, which identify it"
                    ))
                    .into());
                }
                Ok(Message::ping(bytes))
            }
            _ if self.payload.is_some() => {
                Err(UsageError(format!("--payload is for ping; use --params for {method}")).into())
            }
            params => {
                let known = METHODS.iter().find(|known| known.name == method);
                if let (None, Some(known)) = (params, known) {
                    let about = known.about;
                    return Err(
                        UsageError(format!("--method {method} needs --params: {about}")).into(),
                    );
                }
                let params = params.as_deref().unwrap_or("null");
                Message::call(method, params).map_err(|fault| {
                    UsageError(format!("--params {params} is not JSON: {fault}")).into()
                })
            }
        }
    }
}
