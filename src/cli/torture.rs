//! `rpcbench torture`: hostile clients attack while well-behaved clients are measured.

use std::iter;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use super::app::App;
use super::defaults::Defaults;
use super::output::print;
use super::session::session;
use super::usage::UsageError;
use crate::attack::{Attack, AttackMode, catalogue};
use crate::cli::args::save::SaveArgs;
use crate::cli::args::server::ServerArgs;
use crate::cli::args::servers::AnyServersArgs;
use crate::cli::args::{numbers, times};
use crate::findings::attack_results::any_suffered;
use crate::findings::{CALM, no_client_was_served};
use crate::load::{DRAIN, GeneratorConfig, LoadPart};
use crate::measure::session::seed_or_random;
use crate::measure::{Case, EarlierRun, Plan};
use crate::protocol::REPLY_SLACK_BYTES;
use crate::record::{LoadSpec, Mode};
use crate::report::torture::torture;

/// Default idle timeout: short, so that its effect shows in a short run.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);

/// The defaults in the help.
pub(crate) fn defaults() -> Defaults {
    vec![("idle_timeout", format!("{IDLE_TIMEOUT:?}"))]
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    servers: AnyServersArgs,
    /// Attacks to run [default: all]
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "NAME,…",
        help_heading = "Attack"
    )]
    attack: Vec<String>,
    /// Well-behaved clients; each opens a connection per request
    #[arg(short, long, default_value = "8", value_parser = numbers::count, value_name = "N", help_heading = "Attack")]
    clients: NonZeroUsize,
    /// Requests per second of all well-behaved clients
    #[arg(short = 'R', long, default_value = "400", value_parser = numbers::rate, value_name = "R", help_heading = "Attack")]
    rate: f64,
    /// Measured time per attack
    #[arg(short, long, default_value = "3s", value_parser = times::short_duration, value_name = "TIME", help_heading = "Attack")]
    duration: Duration,
    /// Rounds of all attacks
    #[arg(long, default_value = "1", value_parser = numbers::count, value_name = "N", help_heading = "Attack")]
    trials: NonZeroUsize,
    /// Seed of the random order, to repeat it
    #[arg(long, value_parser = numbers::seed, value_name = "N", help_heading = "Attack")]
    seed: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
    /// Output: text, or json (the record)
    #[arg(long, default_value = "text", value_parser = ["text", "json"], value_name = "FORMAT", help_heading = "Output", hide_possible_values = true)]
    format: String,
    /// Exit with 5 when a well-behaved client had an error or was not served
    #[arg(long, help_heading = "Output")]
    strict: bool,
    #[command(flatten)]
    save: SaveArgs,
}

/// The attacks, for the end of the help.
pub(crate) fn catalogue() -> String {
    let rows = catalogue::ALL.iter();
    let rows = rows.map(|attack| format!("  {:<11} {}\n", attack.name, attack.about));
    format!("Attacks:\n{}", rows.collect::<String>())
}

/// Measures each server with and without attacks, and prints the results.
pub(crate) fn run(app: App<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    if args.servers.is_empty() {
        return Err(UsageError("name a server: --model, --exec or --target".to_owned()).into());
    }
    args.server.check_cpus()?;
    let plan = plan(app, args)?;
    args.servers
        .left_out(app)
        .iter()
        .for_each(|note| super::output::say(note));
    let mut session = session();
    session.file = args.save.file(&session.started, None);
    let run = super::session::run(&session, &plan)?;
    let record = &run.record;
    let explain = |name: &str| Attack::find(name).map(|attack| (attack.about, attack.takes));
    let text = match args.format.as_str() {
        "json" => serde_json::to_string_pretty(record)? + "\n",
        _ => torture(record, &explain),
    };
    let code = if args.strict && any_suffered(record) {
        ExitCode::from(5)
    } else if no_client_was_served(record) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    };
    run.end(print(&text), code)
}

/// Each server without an attack, and under each attack.
pub(super) fn plan(app: App<'_>, args: &Args) -> anyhow::Result<Plan> {
    args.server.refuse_list("torture")?;
    let attacks = attacks(&args.attack)?;
    let server = args.server.with_default_idle_timeout(IDLE_TIMEOUT);
    let load = load(args, &server);
    let mut cases = Vec::new();
    for (server_spec, info) in args.servers.server_specs(app, &server)? {
        let calm = iter::once(AttackMode::Calm);
        for attack_mode in calm.chain(attacks.iter().copied().map(AttackMode::Attack)) {
            let attack = attack_mode.attack();
            cases.push(Case {
                server_spec: server_spec.clone(),
                info: info.clone(),
                label: info.name.clone(),
                load: load.clone(),
                generator: generator(&server),
                scenario: Some(attack.map_or(CALM, |attack| attack.name).to_owned()),
                attack_mode,
                rate_spec: None,
                peers: None,
            });
        }
    }
    Ok(Plan {
        cases,
        rounds: args.trials.get(),
        budget: None,
        warmup: None,
        seed: seed_or_random(args.seed),
        before: EarlierRun::default(),
    })
}

fn attacks(names: &[String]) -> Result<Vec<&'static Attack>, UsageError> {
    if names.is_empty() {
        return Ok(catalogue::ALL.iter().collect());
    }
    let known = || {
        let names: Vec<&str> = catalogue::ALL.iter().map(|attack| attack.name).collect();
        names.join(", ")
    };
    let find = |name: &String| {
        Attack::find(name).ok_or_else(|| {
            UsageError(format!(
                "unknown attack {name:?}: choose one of {}",
                known()
            ))
        })
    };
    names.iter().map(find).collect()
}

/// Few requests, each on a new connection: without an attack, every model serves all of them.
fn load(args: &Args, server: &ServerArgs) -> LoadSpec {
    LoadSpec {
        clients: args.clients.get(),
        mode: Mode::Poisson,
        rate_rps: Some(args.rate),
        duration: args.duration,
        warmup: Duration::from_millis(500),
        requests_per_connection: Some(1),
        write_mode: server.write_mode(),
        ..LoadSpec::default()
    }
}

fn generator(server: &ServerArgs) -> GeneratorConfig {
    GeneratorConfig {
        threads: 1,
        drain: DRAIN,
        max_frame_bytes: server.max_frame_bytes() + REPLY_SLACK_BYTES,
        part: LoadPart::WHOLE,
        start_at: None,
    }
}
