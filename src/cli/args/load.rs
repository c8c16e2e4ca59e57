//! The options of the load.

use std::num::NonZeroUsize;
use std::time::Duration;

pub(crate) use super::named_load::NamedLoad;
use super::named_load::{fits_frame, reply_fits_frame};
use super::request::RequestArgs;
use super::server::ServerArgs;
use super::times::Warmup;
use super::{numbers, times, values};
use crate::cli::usage::UsageError;
use crate::load::{DRAIN, GeneratorConfig, Load, LoadPart};
use crate::measure::{AutoWarmup, environment};
use crate::protocol::REPLY_SLACK_BYTES;
use crate::record::{Arrivals, Assign, Close, LoadSpec, Mode, Spin, Stamps};
use crate::sys::{Cpus, Priority};

/// The settings of a load. Defaults that differ between the commands are in their help only:
/// see `defaults` of each command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadArgs {
    /// Connections (64, 1k) [default: 64; scenarios: own]
    #[arg(short, long, value_delimiter = ',', value_parser = numbers::count, value_name = "N,…")]
    pub(crate) clients: Vec<NonZeroUsize>,
    /// Measured time (10s, 500ms; without a unit: seconds)
    #[arg(short, long, value_parser = times::short_duration, value_name = "TIME")]
    pub(crate) duration: Option<Duration>,
    /// Open loop at this rate per second, such as 20k
    #[arg(short = 'R', long, value_delimiter = ',', value_parser = numbers::rate, group = "open_loop", value_name = "R,…")]
    rate: Vec<f64>,
    /// Scenarios (see rpcbench scenarios), or .toml files
    #[arg(
        long,
        value_delimiter = ',',
        conflicts_with_all = [
            "rate", "arrivals", "assign", "pipeline", "requests_per_connection", "method",
            "params", "handler", "idle", "think", "payload",
        ],
        value_name = "NAME,…"
    )]
    pub(crate) scenario: Vec<String>,
    #[command(flatten)]
    request: RequestArgs,
    /// Warm-up: time under load before the measured time; auto: until each server is steady
    #[arg(long, value_parser = times::warmup, value_name = "TIME", hide_short_help = true)]
    warmup: Option<Warmup>,
    /// Open loop: spacing of the requests, poisson or constant
    #[arg(
        long,
        default_value = "poisson",
        requires = "open_loop",
        value_name = "HOW",
        hide_short_help = true
    )]
    pub(crate) arrivals: Arrivals,
    /// Open loop: connection that a request waits for: bound (the planned one) or free (any)
    #[arg(
        long,
        default_value = "bound",
        requires = "open_loop",
        value_name = "HOW",
        hide_short_help = true
    )]
    pub(crate) assign: Assign,
    /// Closed loop: time between a reply and the next request
    #[arg(long, default_value = "0", value_parser = times::timeout, conflicts_with = "rate", value_name = "TIME", hide_short_help = true)]
    think: Duration,
    /// Requests in flight per connection
    #[arg(long, default_value = "1", value_parser = numbers::pipeline, value_name = "D", hide_short_help = true)]
    pipeline: NonZeroUsize,
    /// Requests per connection; then the client opens a new one [default: unlimited]
    #[arg(long, value_parser = numbers::count, value_name = "N", hide_short_help = true)]
    requests_per_connection: Option<NonZeroUsize>,
    /// How connections are closed: fin (orderly) or reset [default: fin]
    #[arg(long, value_name = "HOW", hide_short_help = true)]
    close: Option<Close>,
    /// Time replies by the kernel's time stamps: on or off [default: on in open loops]
    #[arg(long, value_name = "HOW", hide_short_help = true)]
    stamps: Option<Stamps>,
    /// Scheduling priority of the load generator, if permitted: realtime, nice or normal [default: normal]
    #[arg(long, value_name = "PRIORITY", hide_short_help = true)]
    client_priority: Option<Priority>,
    /// Whether the load generator polls without sleeping: on or off [default: at high rates, where a core is free]
    #[arg(long, value_name = "HOW", hide_short_help = true)]
    client_spin: Option<Spin>,
    /// Additional idle connections, which are opened first and send nothing
    #[arg(long, default_value = "0", value_parser = numbers::connections, value_name = "N", hide_short_help = true)]
    idle: usize,
    /// Longest time to wait for a reply [default: 10s]
    #[arg(long, value_parser = times::short_duration, value_name = "TIME", hide_short_help = true)]
    timeout: Option<Duration>,
    /// Longest time to wait for a connection to open [default: 3s]
    #[arg(long, value_parser = times::short_duration, value_name = "TIME", hide_short_help = true)]
    connect_timeout: Option<Duration>,
    /// Threads of the load generator [default: half the cores, or one per core of --client-cpus]
    #[arg(short = 't', long, value_parser = numbers::count, value_name = "N", hide_short_help = true)]
    client_threads: Option<NonZeroUsize>,
    /// Run the load generator on these cores, such as 0,2-3
    #[arg(long, value_name = "LIST", hide_short_help = true)]
    client_cpus: Option<Cpus>,
    /// Seed of the random order, to repeat it
    #[arg(long, value_parser = numbers::seed, value_name = "N", hide_short_help = true)]
    pub(crate) seed: Option<u64>,
}

impl LoadArgs {
    /// Each number of clients at each rate, with this default duration and warm-up.
    pub(crate) fn matrix(
        &self,
        (duration, warmup): (Duration, Duration),
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<NamedLoad>> {
        let mut base = self.spec(server);
        base.duration = self.duration.unwrap_or(duration);
        self.request.set(&mut base)?;
        fits_frame(base.request_bytes, server)?;
        reply_fits_frame(&base.method, base.params.as_deref(), server)?;
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
                    warmup: self.given_warmup().unwrap_or(warmup.max(ramp)),
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

    /// The warm-up, if the command line gives a time.
    pub(crate) fn given_warmup(&self) -> Option<Duration> {
        match self.warmup? {
            Warmup::Auto => None,
            Warmup::Given(time) => Some(time),
        }
    }

    /// The rule for a warm-up that pilots find. It is the default if a server is a command or runs
    /// already, with this limit.
    pub(crate) fn auto_warmup(
        &self,
        is_default: bool,
        most: Option<Duration>,
    ) -> Option<AutoWarmup> {
        match self.warmup {
            Some(Warmup::Given(_)) => None,
            Some(Warmup::Auto) => Some(AutoWarmup {
                most: None,
                is_asked: true,
            }),
            None => is_default.then_some(AutoWarmup {
                most,
                is_asked: false,
            }),
        }
    }

    fn client_counts(&self) -> Vec<usize> {
        match self.clients.as_slice() {
            [] => vec![LoadSpec::default().clients],
            given => given.iter().map(|clients| clients.get()).collect(),
        }
    }

    /// Whether the command line gives a rate.
    pub(crate) fn has_rate(&self) -> bool {
        !self.rate.is_empty()
    }

    fn rates(&self) -> Vec<Option<f64>> {
        match self.rate.as_slice() {
            [] => vec![None],
            rates => rates.iter().copied().map(Some).collect(),
        }
    }

    /// Refuses cores that this process may not use, and real-time threads that never sleep.
    pub(crate) fn check_cpus(&self) -> anyhow::Result<()> {
        let is_realtime = self.client_priority == Some(Priority::Realtime);
        if is_realtime && self.client_spin == Some(Spin::On) {
            return Err(UsageError(
                "--client-spin on cannot be combined with --client-priority realtime: such a thread would let \
                 nothing else run on its core; leave one of them out"
                    .to_owned(),
            )
            .into());
        }
        values::check_cpus("--client-cpus", self.client_cpus.as_ref())
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
            stamps: self.stamps.unwrap_or(load.stamps),
            client_priority: self.client_priority.unwrap_or(load.client_priority),
            client_spin: self.client_spin.unwrap_or(load.client_spin),
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
            part: LoadPart::WHOLE,
            start_at: None,
        }
    }
}
