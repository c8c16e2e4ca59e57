//! `rpcbench calibrate`: measures how noisy this machine is.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use super::app::App;
use super::defaults::Defaults;
use super::methods::refuse_unknown_methods;
use super::output::{print, say};
use super::session::session;
use super::usage::UsageError;
use crate::check::false_positives;
use crate::cli::args::load::LoadArgs;
use crate::cli::args::margins::{self, Margin};
use crate::cli::args::named_load::case_of;
use crate::cli::args::numbers;
use crate::cli::args::one_rate::{OneRate, first_load};
use crate::cli::args::save::SaveArgs;
use crate::cli::args::scenario_loads::pair_times;
use crate::cli::args::server::ServerArgs;
use crate::cli::args::servers::StartedServersArgs;
use crate::measure::session::seed_or_random;
use crate::measure::{EarlierCheck, PairCase, PairPlan, PartPlan, ServerSpec};
use crate::record::{Finding, Role, Rules, ServerIdentity};
use crate::report::check::calibration::{Compared, calibration};

/// The defaults in the help.
pub(crate) fn defaults() -> Defaults {
    pair_times()
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    servers: StartedServersArgs,
    /// Pairs of trials of the same build
    #[arg(long, default_value = "20", value_parser = numbers::count, value_name = "N", help_heading = "Calibration")]
    pairs: NonZeroUsize,
    /// Another build of the same source, to be compared with this one: code
    /// layout is part of the noise; give one --build per build
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with = "exec",
        help_heading = "Calibration"
    )]
    build: Vec<PathBuf>,
    /// Margins of the check that is planned (20%, or of one metric: cpu=20%)
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "SHARE,…",
        help_heading = "Calibration"
    )]
    margin: Vec<Margin>,
    /// Rate of the first load: this share of the capacity, or off [default: 50%]
    #[arg(long, group = "open_loop", conflicts_with_all = ["rate", "scenario", "think"], value_name = "SHARE", help_heading = "Calibration", hide_short_help = true)]
    share: Option<OneRate>,
    /// Changes smaller than this count as no change
    #[arg(long, default_value = "5%", value_parser = numbers::share, value_name = "SHARE", help_heading = "Calibration", hide_short_help = true)]
    delta: f64,
    /// Rate of false positives: how often identical builds may be
    /// reported as different
    #[arg(long, default_value = "5%", value_parser = numbers::share, value_name = "SHARE", help_heading = "Calibration", hide_short_help = true)]
    alpha: f64,
    /// Exit with 0 even when this machine is too noisy for the
    /// margin
    #[arg(long, help_heading = "Calibration", hide_short_help = true)]
    anyway: bool,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    save: SaveArgs,
}

/// Compares a build with itself, and prints which changes a check could detect here.
pub(crate) fn run(app: App<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    args.load.check_cpus()?;
    args.server.check_cpus()?;
    let plan = plan(app, args)?;
    args.servers.left_out(app).iter().for_each(|note| say(note));
    let mut session = session();
    session.file = args.save.file(&session.started, None);
    let run = super::session::run(&session, &plan)?;
    if run.has_failed() {
        return run.end(Ok(()), ExitCode::FAILURE);
    }
    let Some(check) = run.record.check.as_ref().filter(|_| !run.interrupted) else {
        say("rpcbench: interrupted before the calibration was complete: no result");
        return run.end(Ok(()), ExitCode::FAILURE);
    };
    let compared = match args.build.is_empty() {
        true => Compared::Itself,
        false => Compared::OtherBuilds,
    };
    let chance = |finding: &Finding| false_positives(finding, &check.rules, plan.seed);
    let result = calibration(&run.record, check, compared, &chance);
    let code = if result.is_quiet || (args.anyway && result.is_complete) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(5)
    };
    run.end(print(&result.text), code)
}

pub(super) fn plan(app: App<'_>, args: &Args) -> anyhow::Result<PairPlan> {
    if args.servers.is_empty() {
        return Err(
            UsageError("no server to calibrate with: use --model or --exec".to_owned()).into(),
        );
    }
    args.server.refuse_list("calibrate")?;
    let server_specs = args.servers.server_specs(app, &args.server)?;
    let compared = compared(&server_specs, &args.build)?;
    let mut parts = Vec::new();
    for load in args.load.pair_loads(&args.server)? {
        for (this, other) in &compared {
            let open_loop = (args.load.arrivals, args.load.assign);
            let at_rate = first_load(&load, args.share, open_loop);
            let loads = at_rate.iter().chain([&load]).map(|load| PairCase {
                baseline: case_of(this, load, Role::Baseline),
                candidate: case_of(other, load, Role::Candidate),
            });
            parts.push(PartPlan {
                loads: loads.collect(),
            });
        }
    }
    let loads = parts.iter().flat_map(|part: &PartPlan| &part.loads);
    refuse_unknown_methods(app, loads.map(|load| &load.candidate))?;
    let rules = Rules {
        alpha: args.alpha,
        delta: args.delta,
        most_pairs: Some(args.pairs.get()),
        ..Rules::default()
    };
    let names = match args.build.is_empty() {
        true => ["the same build", "the same build again"],
        false => ["this build", "the other build"],
    };
    Ok(PairPlan {
        parts,
        baseline: "itself".to_owned(),
        candidate: String::new(),
        labels: names.map(str::to_owned),
        budget: None,
        ends_when_decided: false,
        rules: margins::with_margins(rules, &args.margin),
        seed: seed_or_random(args.load.seed),
        warmup: args.load.pair_warmup(args.servers.has_external()),
        before: EarlierCheck::default(),
    })
}

type Server = (ServerSpec, ServerIdentity);

/// Each server with itself, or with the same server of each other build.
fn compared(servers: &[Server], builds: &[PathBuf]) -> anyhow::Result<Vec<(Server, Server)>> {
    if builds.is_empty() {
        let itself = servers
            .iter()
            .map(|server| (server.clone(), server.clone()));
        return Ok(itself.collect());
    }
    let mut pairs = Vec::new();
    for build in builds {
        let program = fs::canonicalize(build)
            .with_context(|| format!("--build {}: cannot find this build", build.display()))?;
        pairs.extend(
            servers
                .iter()
                .map(|server| of_build(server, build, &program)),
        );
    }
    Ok(pairs)
}

/// A server of this build and of another one. Both have the other build in their name, which tells
/// the parts apart.
fn of_build((spec, identity): &Server, build: &Path, program: &Path) -> (Server, Server) {
    let identity = ServerIdentity {
        name: format!("{} and that of {}", identity.name, build.display()),
        ..identity.clone()
    };
    let mut other = spec.clone();
    if let ServerSpec::Server(server) = &mut other {
        server.command[0] = program.into();
        server.name = format!("{} of {}", server.name, build.display());
    }
    ((spec.clone(), identity.clone()), (other, identity))
}
