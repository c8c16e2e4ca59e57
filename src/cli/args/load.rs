//! What load is made.

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

/// Connections that send, unless asked otherwise.
const USUAL_CLIENTS: usize = 64;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadArgs {
    /// Named loads, or files that end in .toml; rpcbench scenarios lists them
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
    /// Connections that send [default: 64, or the scenario's]
    #[arg(long, value_delimiter = ',', value_parser = values::count, value_name = "N,…")]
    pub(crate) clients: Vec<NonZeroUsize>,
    /// Open loop: requests a second in all, such as 20k [default: closed loop]
    #[arg(long, value_delimiter = ',', value_parser = values::rate, group = "open_loop", value_name = "R,…")]
    rate: Vec<f64>,
    /// Search for the highest rate at which response times stay under this, such as p99<10ms
    #[arg(long, value_parser = values::slo, group = "open_loop", conflicts_with_all = ["rate", "trials", "think"], value_name = "TARGET")]
    pub(crate) slo: Option<Slo>,
    /// How an open loop's requests are spaced: poisson or constant
    #[arg(
        long,
        default_value = "poisson",
        requires = "open_loop",
        value_name = "HOW"
    )]
    arrivals: Arrivals,
    /// Whom a planned request waits for: bound, its own connection, or free, any
    #[arg(
        long,
        default_value = "bound",
        requires = "open_loop",
        value_name = "WHOM"
    )]
    assign: Assign,
    /// Requests in flight a connection
    #[arg(long, default_value = "1", value_parser = values::pipeline, value_name = "D")]
    pipeline: NonZeroUsize,
    /// How long is measured [default: 5s, of scenarios 1s, with --slo 2s a step]
    #[arg(long, value_parser = values::short_duration, value_name = "TIME")]
    pub(crate) duration: Option<Duration>,
    /// How long the load runs before that [default: 1s, of scenarios 300ms, with --slo 500ms]
    #[arg(long, value_parser = values::timeout, value_name = "TIME")]
    pub(crate) warmup: Option<Duration>,
    /// Trials of each, in random interleaved order, a fresh server each [default: 1, of scenarios 6]
    #[arg(long, value_parser = values::count, value_name = "N")]
    trials: Option<NonZeroUsize>,
    /// Draw the order from this, to repeat it
    #[arg(long, value_parser = values::seed, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Requests a connection, then a new one [default: no end]
    #[arg(long, value_parser = values::count, value_name = "N")]
    requests_per_connection: Option<NonZeroUsize>,
    /// How long a reply may take
    #[arg(long, default_value = "10s", value_parser = values::short_duration, value_name = "TIME")]
    timeout: Duration,
    /// How long a connect may take
    #[arg(long, default_value = "3s", value_parser = values::short_duration, value_name = "TIME")]
    connect_timeout: Duration,
    /// Keep the load generator on these cores, such as 0,2-3
    #[arg(long, value_name = "LIST")]
    client_cpus: Option<Cpus>,
    /// Threads of the load generator [default: half the cores, or one each of --client-cpus]
    #[arg(long, value_parser = values::count, value_name = "N")]
    client_threads: Option<NonZeroUsize>,
    /// The method to call
    #[arg(long, default_value = "ping", value_name = "NAME")]
    method: String,
    /// Its params, as JSON [default: ping, a string of --payload bytes]
    #[arg(long, value_name = "JSON")]
    params: Option<String>,
    /// More connections, which connect first and send nothing
    #[arg(long, default_value = "0", value_parser = values::connections, value_name = "N")]
    idle: usize,
    /// Closed loop: how long a client waits before it asks again
    #[arg(long, default_value = "0", value_parser = values::timeout, conflicts_with = "rate", value_name = "TIME")]
    think: Duration,
    /// How connections are closed: fin, in order, or reset
    #[arg(long, default_value = "fin", value_name = "HOW")]
    close: Close,
    /// Bytes of a ping's string, at least 16 [default: 16]
    #[arg(long, conflicts_with = "params", value_name = "SIZE")]
    payload: Option<Bytes>,
}

impl LoadArgs {
    /// Each number of clients at each rate; `bare` when nobody was named to be measured.
    pub(crate) fn loads(&self, bare: bool, server: &ServerArgs) -> anyhow::Result<Vec<NamedLoad>> {
        let millis = Duration::from_millis;
        let usual = if self.slo.is_some() {
            (millis(2000), millis(500))
        } else if bare {
            (millis(1000), millis(300))
        } else {
            (millis(5000), millis(1000))
        };
        self.matrix(usual, server)
    }

    /// Refuses what a check has no use for.
    pub(crate) fn fits_pairs(&self) -> Result<(), UsageError> {
        let asked = [
            ("--trials", self.trials.is_some()),
            ("--slo", self.slo.is_some()),
        ];
        match asked.iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(UsageError(format!(
                "{flag} is not for a check; see --pairs"
            ))),
            None => Ok(()),
        }
    }

    /// Each number of clients at each rate, with this duration and warm-up unless asked otherwise.
    pub(crate) fn matrix(
        &self,
        usual: (Duration, Duration),
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<NamedLoad>> {
        let message = self.message()?;
        fits_frame(&message, server)?;
        let usual = self.usual(usual, server, message);
        // Without a rate there is one load a number of clients: the closed loop.
        let rates: Vec<Option<f64>> = if self.rate.is_empty() {
            vec![None]
        } else {
            self.rate.iter().copied().map(Some).collect()
        };
        let clients: Vec<usize> = match self.clients.as_slice() {
            [] => vec![USUAL_CLIENTS],
            some => some.iter().map(|clients| clients.get()).collect(),
        };
        let clients = clients.into_iter();
        let both = clients.flat_map(|clients| rates.iter().map(move |rate| (clients, *rate)));
        let load = |(clients, rate): (usize, Option<f64>)| Load {
            clients,
            // Connecting is no part of what is measured.
            warmup: self
                .warmup
                .unwrap_or(usual.warmup.max(2 * Load::ramp(clients + self.idle))),
            schedule: rate.map(|rate_rps| self.schedule(rate_rps)),
            ..usual.clone()
        };
        let case = |load| NamedLoad {
            scenario: None,
            load,
            rate_spec: None,
        };
        Ok(both.map(load).map(case).collect())
    }

    /// Refuses cores that this machine has not.
    pub(crate) fn check_cpus(&self) -> anyhow::Result<()> {
        values::check_cpus("--client-cpus", self.client_cpus.as_ref())
    }

    /// How many trials each has, if the command line does not say.
    pub(crate) fn rounds(&self, usual: usize) -> usize {
        self.trials.map_or(usual, NonZeroUsize::get)
    }

    /// How an open loop's requests are spaced, at this rate.
    pub(crate) fn schedule(&self, rate_rps: f64) -> Schedule {
        Schedule {
            rate_rps,
            arrivals: self.arrivals,
            assign: self.assign,
            // Each round has a seed of its own.
            seed: 0,
            skew: None,
            then: None,
        }
    }

    /// What all loads have in common.
    pub(crate) fn usual(
        &self,
        (duration, warmup): (Duration, Duration),
        server: &ServerArgs,
        message: Message,
    ) -> Load {
        let threads = self.client_cpus.as_ref().map(Cpus::count);
        let threads = threads.unwrap_or((environment::cores() / 2).max(1));
        Load {
            // The real one is known when the server listens.
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
                        "--payload {bytes} is too short: a ping carries at least {LEAST_PAYLOAD_BYTES} bytes, which tell it from others"
                    ))
                    .into());
                }
                Ok(Message::ping(bytes))
            }
            _ if self.payload.is_some() => {
                Err(UsageError(format!("--payload is for ping; give --params for {method}")).into())
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
