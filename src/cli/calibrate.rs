//! `rpcbench calibrate`: measures how noisy this machine is.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use super::app::App;
use super::defaults::Defaults;
use super::methods::refuse_unknown_methods;
use super::output::{print, say};
use super::session::session;
use super::usage::UsageError;
use crate::check::noise;
use crate::cli::args::load::LoadArgs;
use crate::cli::args::named_load::case_of;
use crate::cli::args::numbers;
use crate::cli::args::save::SaveArgs;
use crate::cli::args::scenario_loads::pair_times;
use crate::cli::args::server::ServerArgs;
use crate::cli::args::servers::StartedServersArgs;
use crate::measure::PairPlan;
use crate::measure::session::seed_or_random;
use crate::record::{CheckInfo, Look, Record, Role, Rules};
use crate::report::check::calibration;

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
    /// Margin of the check that is planned
    #[arg(long, default_value = "10%", value_parser = numbers::share, value_name = "SHARE", help_heading = "Calibration")]
    margin: f64,
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
    let (text, fit) = result(&run.record, check, &plan);
    let is_complete = check.parts.iter().all(|part| !part.findings.is_empty());
    let code = if fit || (args.anyway && is_complete) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(5)
    };
    run.end(print(&text), code)
}

pub(super) fn plan(app: App<'_>, args: &Args) -> anyhow::Result<PairPlan> {
    if args.servers.is_empty() {
        return Err(
            UsageError("no server to calibrate with: use --model or --exec".to_owned()).into(),
        );
    }
    args.server.refuse_list("calibrate")?;
    let server_specs = args.servers.server_specs(app, &args.server)?;
    let mut pairs = Vec::new();
    for load in args.load.pair_loads(&args.server)? {
        for server_spec in &server_specs {
            pairs.push((
                case_of(server_spec, &load, Role::Baseline),
                case_of(server_spec, &load, Role::Candidate),
            ));
        }
    }
    refuse_unknown_methods(app, pairs.iter().map(|(_, candidate)| candidate))?;
    Ok(PairPlan {
        parts: pairs,
        baseline: "itself".to_owned(),
        looks: vec![Look {
            pairs: args.pairs.get(),
            alpha: args.alpha,
        }],
        budget: None,
        rules: Rules {
            alpha: args.alpha,
            delta: args.delta,
            margin: args.margin,
            margin_p99: 0.3,
            gate_p99: false,
        },
        seed: seed_or_random(args.load.seed),
    })
}

/// The noise as text; false if the smallest detectable change of a gated metric is over the margin.
fn result(record: &Record, check: &CheckInfo, plan: &PairPlan) -> (String, bool) {
    let rows: Vec<_> = check
        .parts
        .iter()
        .flat_map(|part| part.findings.iter().map(move |finding| (part, finding)))
        .map(|(part, finding)| (part, finding, noise(finding, &check.rules, plan.seed)))
        .map(|(part, finding, noise)| calibration::Row {
            part,
            finding,
            visible: noise.visible,
            between_pairs: noise.between_pairs,
            pairs_for_margin: noise.pairs_for_margin,
            false_alarms: noise.false_alarms,
        })
        .collect();
    calibration::calibration(record, check, &rows)
}
