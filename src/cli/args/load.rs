//! The options of the load.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::de::IgnoredAny;

pub(crate) use super::named_load::NamedLoad;
use super::named_load::fits_frame;
use super::server::ServerArgs;
use super::values;
use super::values::Bytes;
use crate::cli::usage::UsageError;
use crate::load::{DRAIN, GeneratorConfig, Load};
use crate::measure::environment;
use crate::protocol::{METHODS, REPLY_SLACK_BYTES};
use crate::record::{Arrivals, Assign, Close, LEAST_PAYLOAD_BYTES, LoadSpec, Mode, Slo};
use crate::sys::Cpus;

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
    pub(crate) arrivals: Arrivals,
    /// Open loop: connection that a request waits for: bound (the planned one) or free (any)
    #[arg(
        long,
        default_value = "bound",
        requires = "open_loop",
        value_name = "HOW"
    )]
    pub(crate) assign: Assign,
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
    /// Longest time to wait for a reply [default: 10s]
    #[arg(long, value_parser = values::short_duration, value_name = "TIME")]
    timeout: Option<Duration>,
    /// Longest time to wait for a connection to open [default: 3s]
    #[arg(long, value_parser = values::short_duration, value_name = "TIME")]
    connect_timeout: Option<Duration>,
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
    /// How connections are closed: fin (orderly) or reset [default: fin]
    #[arg(long, value_name = "HOW")]
    close: Option<Close>,
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
        (duration, warmup): (Duration, Duration),
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<NamedLoad>> {
        let mut base = self.spec(server);
        base.duration = self.duration.unwrap_or(duration);
        self.set_request(&mut base)?;
        fits_frame(base.request_bytes, server)?;
        let mut loads = Vec::new();
        for clients in self.client_counts() {
            // Without a rate there is one load per number of clients: the closed loop.
            for rate_rps in self.rates() {
                let ramp = 2 * Load::ramp(clients + self.idle);
                let load = LoadSpec {
                    clients,
                    mode: rate_rps.map_or(Mode::Closed, |_| self.arrivals.into()),
                    rate_rps,
                    assign: rate_rps.map_or(Assign::Bound, |_| self.assign),
                    // Opening the connections must not fall into the measured time.
                    warmup: self.warmup.unwrap_or(warmup.max(ramp)),
                    ..base.clone()
                };
                loads.push(NamedLoad {
                    scenario: None,
                    generator: self.generator(&load, server),
                    load,
                    rate_spec: None,
                });
            }
        }
        Ok(loads)
    }

    fn client_counts(&self) -> Vec<usize> {
        match self.clients.as_slice() {
            [] => vec![LoadSpec::default().clients],
            given => given.iter().map(|clients| clients.get()).collect(),
        }
    }

    fn rates(&self) -> Vec<Option<f64>> {
        match self.rate.as_slice() {
            [] => vec![None],
            rates => rates.iter().copied().map(Some).collect(),
        }
    }

    /// Refuses cores that this process may not use.
    pub(crate) fn check_cpus(&self) -> anyhow::Result<()> {
        values::check_cpus("--client-cpus", self.client_cpus.as_ref())
    }

    /// Number of rounds; `default` if the command line gives none.
    pub(crate) fn rounds(&self, default: usize) -> usize {
        self.trials.map_or(default, NonZeroUsize::get)
    }

    /// The settings of all loads; clients, rate, times and request are added to them.
    pub(crate) fn spec(&self, server: &ServerArgs) -> LoadSpec {
        LoadSpec {
            pipeline: self.pipeline.get(),
            requests_per_connection: self
                .requests_per_connection
                .map(|most| u32::try_from(most.get()).unwrap_or(u32::MAX)),
            idle: self.idle,
            think: self.think,
            write_mode: server.write_mode(),
            ..self.preceding(LoadSpec::default())
        }
    }

    /// This load with the options that were given and that precede a scenario's settings.
    pub(crate) fn preceding(&self, load: LoadSpec) -> LoadSpec {
        LoadSpec {
            timeout: self.timeout.unwrap_or(load.timeout),
            connect_timeout: self.connect_timeout.unwrap_or(load.connect_timeout),
            close: self.close.unwrap_or(load.close),
            client_cpus: self.client_cpus.clone().or(load.client_cpus.clone()),
            ..load
        }
    }

    /// How the generator runs.
    pub(crate) fn generator(&self, load: &LoadSpec, server: &ServerArgs) -> GeneratorConfig {
        let threads = load.client_cpus.as_ref().map(Cpus::count);
        let threads = threads.unwrap_or((environment::cores() / 2).max(1));
        GeneratorConfig {
            threads: self.client_threads.map_or(threads, NonZeroUsize::get),
            drain: DRAIN,
            max_frame_bytes: server.max_frame_bytes() + REPLY_SLACK_BYTES,
        }
    }

    fn set_request(&self, load: &mut LoadSpec) -> anyhow::Result<()> {
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
                load.set_request(method, None, bytes);
                Ok(())
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
                serde_json::from_str::<IgnoredAny>(params).map_err(|fault| {
                    UsageError(format!("--params {params} is not JSON: {fault}"))
                })?;
                load.set_request(method, Some(params.to_owned()), 0);
                Ok(())
            }
        }
    }
}
