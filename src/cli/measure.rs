//! `rpcbench`: measure.

use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::interrupt::Interrupt;
use super::progress::Progress;
use super::serve::{ServerArgs, find_model};
use super::values::{self, Bytes};
use super::{Parts, Usage};
use crate::environment;
use crate::error::Error;
use crate::load::message::Message;
use crate::load::pacer::{Arrivals, Assign, Schedule};
use crate::load::{self, Load};
use crate::model::ServeModel;
use crate::protocol::{HEADER_BYTES, REPLY_SLACK_BYTES};
use crate::record::{ContestantInfo, Kind, Options, Record, Verdict};
use crate::report;
use crate::run::{Entrant, Outcome, Plan, Seat, measure};

/// Descriptors that the harness needs beside one a client.
const OTHER_DESCRIPTORS: u64 = 64;
/// Hex digits that tell pings apart, which is the least that a payload holds.
const LEAST_PAYLOAD: usize = 16;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Models to measure, or all [default: all, in six rounds of a second]
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    model: Vec<String>,
    /// A server that runs already, instead of or beside models
    #[arg(long, value_delimiter = ',', value_name = "HOST:PORT")]
    target: Vec<String>,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Load")]
struct LoadArgs {
    /// Connections that send
    #[arg(long, value_delimiter = ',', default_value = "64", value_name = "N,…")]
    clients: Vec<NonZeroUsize>,
    /// Open loop: requests a second in all, such as 20k [default: closed loop]
    #[arg(long, value_delimiter = ',', value_parser = values::rate, value_name = "R,…")]
    rate: Vec<f64>,
    /// How an open loop's requests are spaced: poisson or constant
    #[arg(long, default_value = "poisson", value_name = "HOW")]
    arrivals: Arrivals,
    /// Whom a planned request waits for: bound, its own connection, or free, any
    #[arg(long, default_value = "bound", value_name = "WHOM")]
    assign: Assign,
    /// Requests in flight a connection
    #[arg(long, default_value = "1", value_name = "D")]
    pipeline: NonZeroUsize,
    /// How long is measured [default: 5s]
    #[arg(long, value_parser = values::short_duration, value_name = "TIME")]
    duration: Option<Duration>,
    /// How long the load runs before that [default: 1s]
    #[arg(long, value_parser = values::timeout, value_name = "TIME")]
    warmup: Option<Duration>,
    /// Trials of each, in random interleaved order, a fresh server each [default: 1]
    #[arg(long, value_name = "N")]
    trials: Option<NonZeroUsize>,
    /// Draw the order from this, to repeat it
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Requests a connection, then a new one [default: no end]
    #[arg(long, value_name = "N")]
    requests_per_connection: Option<NonZeroU32>,
    /// How long a reply may take
    #[arg(long, default_value = "10s", value_parser = values::short_duration, value_name = "TIME")]
    timeout: Duration,
    /// Threads of the load generator [default: half the cores]
    #[arg(long, value_name = "N")]
    client_threads: Option<NonZeroUsize>,
    /// The method to call
    #[arg(long, default_value = "ping", value_name = "NAME")]
    method: String,
    /// Its params, as JSON [default: ping, a string of --payload bytes]
    #[arg(long, value_name = "JSON")]
    params: Option<String>,
    /// Bytes of a ping's string, at least 16
    #[arg(long, default_value_t = Bytes(LEAST_PAYLOAD), conflicts_with = "params", value_name = "SIZE")]
    payload: Bytes,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
struct OutputArgs {
    /// text, json, csv or markdown, on stdout
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
    /// Write the record to this file [default: a new one in results/runs]
    #[arg(long, value_name = "FILE", conflicts_with = "no_save")]
    save: Option<PathBuf>,
    /// Write no record
    #[arg(long)]
    no_save: bool,
    /// Print what would be measured and how long it takes
    #[arg(long)]
    plan: bool,
    /// Exit with 5 when a trial is invalid
    #[arg(long)]
    strict: bool,
}

/// Measures, shows, saves.
pub(super) fn run(parts: Parts<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let format = format(&args.output.format)?;
    let plan = plan(parts, args)?;
    if args.output.plan {
        print_plan(&plan)?;
        return Ok(ExitCode::SUCCESS);
    }
    make_room(&plan)?;
    let interrupt = Interrupt::catch().context("cannot catch Ctrl-C")?;
    let started = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let mut progress = Progress::new(&plan, &interrupt);
    let outcome = measure(&plan, &mut progress);
    progress.finish();
    finish(&plan, outcome, &started, format, &args.output)
}

/// Shows and saves what was complete, and says what was not.
fn finish(
    plan: &Plan,
    outcome: Outcome,
    started: &str,
    format: &dyn report::Format,
    output: &OutputArgs,
) -> anyhow::Result<ExitCode> {
    let Outcome {
        cells,
        interrupted,
        error,
    } = outcome;
    let complete = cells.iter().any(|cell| !cell.trials.is_empty());
    let record = Record {
        schema: Record::SCHEMA.to_owned(),
        started: started.to_owned(),
        command: std::env::args().collect(),
        seed: plan.seed,
        interrupted: interrupted || error.is_some(),
        tool: environment::tool(),
        environment: environment::look(),
        cells,
    };
    if complete || error.is_none() {
        write!(anstream::stdout(), "{}", format.render(&record))?;
    }
    if complete && !output.no_save {
        let path = output.save.clone().unwrap_or_else(|| default_path(started));
        record.write(&path)?;
        writeln!(io::stderr(), "record: {}", path.display())?;
    }
    if let Some(error) = error {
        return Err(error.into());
    }
    let invalid = |trial: &crate::record::Trial| trial.validity.verdict == Verdict::Invalid;
    let any_invalid = record
        .cells
        .iter()
        .flat_map(|cell| &cell.trials)
        .any(invalid);
    Ok(match (interrupted, output.strict && any_invalid) {
        (true, _) => ExitCode::FAILURE,
        (_, true) => ExitCode::from(5),
        _ => ExitCode::SUCCESS,
    })
}

fn default_path(started: &str) -> PathBuf {
    let name: String = started
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    PathBuf::from(format!("results/runs/{name}-{}.json", std::process::id()))
}

fn format(name: &str) -> anyhow::Result<&'static dyn report::Format> {
    let known = || {
        report::ALL
            .iter()
            .map(|format| format.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let found = report::ALL.iter().find(|format| format.name() == name);
    found.copied().ok_or_else(|| {
        Usage(format!(
            "unknown format {name:?}: choose one of {}",
            known()
        ))
        .into()
    })
}

/// The matrix: contestants × clients.
fn plan(parts: Parts<'_>, args: &Args) -> anyhow::Result<Plan> {
    let bare = args.model.is_empty() && args.target.is_empty();
    let entrants = entrants(parts, args)?;
    let message = message(&args.load)?;
    let (body, most) = (
        message.frame_bytes() - HEADER_BYTES,
        args.server.max_frame_bytes(),
    );
    if body > most {
        return Err(Usage(format!(
            "a request of {body} bytes is over --max-frame {}",
            Bytes(most)
        ))
        .into());
    }
    let payload_bytes = args
        .load
        .params
        .as_ref()
        .map_or(args.load.payload.0.max(LEAST_PAYLOAD) + 2, String::len);
    let mut seats = Vec::new();
    // Without a rate there is one load a number of clients: the closed loop.
    let rates: Vec<Option<f64>> = if args.load.rate.is_empty() {
        vec![None]
    } else {
        args.load.rate.iter().copied().map(Some).collect()
    };
    for clients in &args.load.clients {
        for rate in &rates {
            for (entrant, info) in &entrants {
                let (entrant, info) = (entrant.clone(), info.clone());
                let load = load(args, clients.get(), *rate, bare, message.clone());
                seats.push(Seat {
                    entrant,
                    info,
                    load,
                    payload_bytes,
                });
            }
        }
    }
    let rounds = args
        .load
        .trials
        .map_or(if bare { 6 } else { 1 }, NonZeroUsize::get);
    Ok(Plan {
        seats,
        rounds,
        seed: args.load.seed.unwrap_or_else(|| fastrand::u64(..1 << 32)),
    })
}

fn load(args: &Args, clients: usize, rate: Option<f64>, bare: bool, message: Message) -> Load {
    let millis = Duration::from_millis;
    let (duration, warmup) = if bare {
        (millis(1000), millis(300))
    } else {
        (millis(5000), millis(1000))
    };
    Load {
        // The real one is known when the server listens.
        target: SocketAddr::from(([127, 0, 0, 1], 0)),
        clients,
        threads: args
            .load
            .client_threads
            .map_or((environment::cores() / 2).max(1), NonZeroUsize::get),
        duration: args.load.duration.unwrap_or(duration),
        warmup: args.load.warmup.unwrap_or(warmup),
        drain: load::DRAIN,
        timeout: args.load.timeout,
        schedule: rate.map(|rate_rps| Schedule {
            rate_rps,
            arrivals: args.load.arrivals,
            assign: args.load.assign,
            // Each round has a seed of its own.
            seed: 0,
        }),
        pipeline: args.load.pipeline.get(),
        requests_per_connection: args.load.requests_per_connection.map(NonZeroU32::get),
        max_frame_bytes: args.server.max_frame_bytes() + REPLY_SLACK_BYTES,
        message,
    }
}

fn message(args: &LoadArgs) -> anyhow::Result<Message> {
    match &args.params {
        None if args.method == "ping" => Ok(Message::ping(args.payload.0)),
        params => {
            let params = params.as_deref().unwrap_or("null");
            Message::call(&args.method, params)
                .map_err(|fault| Usage(format!("--params {params} is not JSON: {fault}")).into())
        }
    }
}

fn entrants(parts: Parts<'_>, args: &Args) -> anyhow::Result<Vec<(Entrant, ContestantInfo)>> {
    let mut entrants = Vec::new();
    for model in chosen(parts, args)? {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let contestant = args.server.contestant(model, listen)?;
        let info = ContestantInfo {
            kind: Kind::Model,
            name: contestant.name.clone(),
            options: args.server.options(),
        };
        entrants.push((Entrant::Server(contestant), info));
    }
    for target in &args.target {
        let address = target
            .to_socket_addrs()
            .ok()
            .and_then(|mut found| found.next());
        let address =
            address.ok_or_else(|| Usage(format!("--target {target:?} is not HOST:PORT")))?;
        let info = ContestantInfo {
            kind: Kind::Target,
            name: target.clone(),
            options: Options::default(),
        };
        entrants.push((Entrant::Target(address), info));
    }
    Ok(entrants)
}

/// The models asked for, each once, in the order asked.
fn chosen<'a>(parts: Parts<'a>, args: &Args) -> anyhow::Result<Vec<&'a dyn ServeModel>> {
    if args.model.is_empty() && !args.target.is_empty() {
        return Ok(Vec::new());
    }
    if args.model.is_empty() || args.model.iter().any(|name| name == "all") {
        return Ok(parts.models.to_vec());
    }
    let mut models: Vec<&dyn ServeModel> = Vec::new();
    for name in &args.model {
        let model = find_model(parts, name)?;
        if !models.iter().any(|known| known.name() == model.name()) {
            models.push(model);
        }
    }
    Ok(models)
}

/// Raises the limit of descriptors to what may be had, and refuses what will not fit.
fn make_room(plan: &Plan) -> anyhow::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    let clients = plan
        .seats
        .iter()
        .map(|seat| seat.load.clients)
        .max()
        .unwrap_or(0);
    let needed = clients as u64 + OTHER_DESCRIPTORS;
    if needed > hard {
        bail!(Error::Descriptors {
            clients,
            needed,
            limit: hard,
            fit: hard.saturating_sub(OTHER_DESCRIPTORS)
        });
    }
    Ok(())
}

fn print_plan(plan: &Plan) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let seconds = plan.time_left(0).as_secs_f64().ceil();
    writeln!(
        out,
        "{} trials in about {seconds} s, seed {}:",
        plan.trials(),
        plan.seed
    )?;
    for (order, (round, at)) in plan.order().into_iter().enumerate() {
        let seat = &plan.seats[at];
        let (name, load) = (&seat.info.name, &seat.load);
        writeln!(
            out,
            "{:>4}  round {}  {name}, {} clients, {:?} after {:?}",
            order + 1,
            round + 1,
            load.clients,
            load.duration,
            load.warmup
        )?;
    }
    Ok(())
}
