//! `rpcbench check`: checks whether a change made a server slower.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::app::App;
use super::defaults::Defaults;
use super::methods::refuse_unknown_methods;
use super::output::{print, say, write_file};
use super::session::session;
use super::usage::UsageError;
use crate::check::verdict::least_pairs;
use crate::cli::args::load::LoadArgs;
use crate::cli::args::named_load::case_of;
use crate::cli::args::save::SaveArgs;
use crate::cli::args::scenario_loads::pair_times;
use crate::cli::args::server::ServerArgs;
use crate::cli::args::servers::{self, StartedServersArgs};
use crate::cli::args::{numbers, times};
use crate::measure::session::seed_or_random;
use crate::measure::{PairPlan, ServerSpec};
use crate::record::{CheckInfo, Look, Outcome, Record, Role, Rules};
use crate::report::Form;
use crate::report::check::ALL;
use crate::server::Group;

/// Default number of pairs of the first look.
const PAIRS: usize = 20;
/// The share of alpha that the first of two looks spends.
const FIRST_LOOK: f64 = 0.2;
/// A second look must add at least this number of pairs.
const LEAST_ADDED_PAIRS: usize = 5;
/// Default time of a check, per server and load.
const BUDGET: Duration = Duration::from_secs(90);

/// The defaults in the help.
pub(crate) fn defaults() -> Defaults {
    let mut defaults = pair_times();
    defaults.push(("model", Group::Classic.name().to_owned()));
    defaults.push(("budget", format!("{BUDGET:?} per server and load")));
    defaults
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    servers: StartedServersArgs,
    /// Baseline: another build that serves the same models
    #[arg(long, value_name = "PATH", conflicts_with_all = ["baseline_exec", "exec"], help_heading = "Check")]
    baseline: Option<PathBuf>,
    /// Baseline: a command; --exec starts the candidate
    #[arg(long, value_name = "CMD", requires = "exec", help_heading = "Check")]
    baseline_exec: Option<String>,
    /// Pairs of trials in the first look
    #[arg(long, default_value_t = NonZeroUsize::new(PAIRS).expect("not 0"), value_parser = numbers::count, value_name = "N", help_heading = "Check")]
    pairs: NonZeroUsize,
    /// Changes smaller than this count as no change
    #[arg(long, default_value = "5%", value_parser = numbers::share, value_name = "SHARE", help_heading = "Check", hide_short_help = true)]
    delta: f64,
    /// A pass excludes this slowdown
    #[arg(long, default_value = "10%", value_parser = numbers::share, value_name = "SHARE", help_heading = "Check")]
    margin: f64,
    /// Rate of false positives: how often identical builds may be
    /// reported as different
    #[arg(long, default_value = "5%", value_parser = numbers::share, value_name = "SHARE", help_heading = "Check", hide_short_help = true)]
    alpha: f64,
    /// Also gate on this metric: p99, with a margin of 30 %
    #[arg(long, value_parser = ["p99"], hide_possible_values = true, value_name = "METRIC", help_heading = "Check", hide_short_help = true)]
    gate: Option<String>,
    /// Exit code of an inconclusive check: pass (0) or fail (4)
    #[arg(long, default_value = "fail", value_parser = ["pass", "fail"], hide_possible_values = true, value_name = "HOW", help_heading = "Check", hide_short_help = true)]
    inconclusive: String,
    /// Time for all looks
    #[arg(long, value_parser = times::short_duration, value_name = "TIME", help_heading = "Check")]
    budget: Option<Duration>,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    server: ServerArgs,
    /// Output: text, markdown, html, junit, bencher, bigger-is-better, smaller-is-better, csv or
    /// json
    #[arg(
        long,
        default_value = "text",
        value_name = "FORMAT",
        help_heading = "Output"
    )]
    format: String,
    /// Write all formats to this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    #[command(flatten)]
    save: SaveArgs,
}

/// Measures in pairs and prints the verdict, which is also the exit code.
pub(crate) fn run(app: App<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let form = form(&args.format)?;
    let plan = plan(app, args)?;
    args.servers.left_out(app).iter().for_each(|note| say(note));
    let mut session = session();
    session.file = args.save.file(&session.started, None);
    let run = super::session::run(&session, &plan)?;
    if run.has_failed() {
        return run.end(Ok(()), ExitCode::FAILURE);
    }
    let Some(check) = run.record.check.as_ref().filter(|_| !run.interrupted) else {
        say("rpcbench: interrupted before the check was complete: no verdict");
        return run.end(Ok(()), ExitCode::FAILURE);
    };
    let code = match check.outcome {
        Outcome::Pass | Outcome::Improved => ExitCode::SUCCESS,
        Outcome::Regressed => ExitCode::from(3),
        Outcome::Inconclusive if args.inconclusive == "pass" => ExitCode::SUCCESS,
        Outcome::Inconclusive => ExitCode::from(4),
        Outcome::Invalid => ExitCode::from(5),
    };
    // The files are written even if nothing can be printed.
    let printed = print(&form.render(&run.record, check));
    let written = write_files(args.out.as_deref(), &run.record, check);
    let shown = printed.and(written).and(add_to_summary(&run.record));
    run.end(shown, code)
}

/// Writes the check in all formats to this folder, if there is one.
fn write_files(folder: Option<&Path>, record: &Record, check: &CheckInfo) -> anyhow::Result<()> {
    let Some(folder) = folder else {
        return Ok(());
    };
    for form in ALL {
        let text = anstream::adapter::strip_str(&form.render(record, check)).to_string();
        write_file(&folder.join(form.file()), &text)?;
    }
    Ok(())
}

fn form(name: &str) -> Result<&'static dyn Form, UsageError> {
    let names = || {
        ALL.iter()
            .map(|form| form.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let found = ALL.iter().find(|form| form.name() == name).copied();
    found.ok_or_else(|| {
        UsageError(format!(
            "unknown format {name:?}: choose one of {}",
            names()
        ))
    })
}

/// Each server under each load, as baseline and as candidate.
pub(super) fn plan(app: App<'_>, args: &Args) -> anyhow::Result<PairPlan> {
    args.load.check_cpus()?;
    args.server.check_cpus()?;
    args.server.refuse_list("check")?;
    let mut plan = PairPlan {
        parts: Vec::new(),
        baseline: String::new(),
        looks: Vec::new(),
        budget: None,
        rules: Rules {
            alpha: args.alpha,
            delta: args.delta,
            margin: args.margin,
            margin_p99: 0.3,
            gate_p99: args.gate.is_some(),
        },
        seed: seed_or_random(args.load.seed),
    };
    for load in args.load.pair_loads(&args.server)? {
        let server = args.server.with_write_mode(load.load.write_mode);
        let (baselines, name) = baselines(app, args, &server)?;
        let candidates = args.servers.server_specs(app, &server)?;
        for (baseline, candidate) in baselines.iter().zip(&candidates) {
            plan.parts.push((
                case_of(baseline, &load, Role::Baseline),
                case_of(candidate, &load, Role::Candidate),
            ));
        }
        plan.baseline = name;
    }
    refuse_unknown_methods(app, plan.parts.iter().map(|(_, candidate)| candidate))?;
    looks(&mut plan, args)?;
    Ok(plan)
}

type Servers = Vec<(ServerSpec, crate::record::ServerIdentity)>;

/// The baseline of each candidate, and the name of the baseline.
fn baselines(app: App<'_>, args: &Args, server: &ServerArgs) -> anyhow::Result<(Servers, String)> {
    let mut server_specs = args.servers.server_specs(app, server)?;
    match (&args.baseline, &args.baseline_exec) {
        (Some(path), None) => {
            let program = fs::canonicalize(path)
                .with_context(|| format!("--baseline {}: cannot find this build", path.display()))?;
            for (server_spec, _) in &mut server_specs {
                if let ServerSpec::Server(baseline) = server_spec {
                    // The other build gets the same arguments.
                    baseline.command[0] = program.clone().into();
                    baseline.name = format!("{} of the baseline", baseline.name);
                }
            }
            Ok((server_specs, path.display().to_string()))
        }
        (None, Some(command)) => {
            let mut baseline = servers::command(command, None, server)?;
            if server_specs.len() != 1 {
                return Err(UsageError("--baseline-exec needs exactly one --exec and no --model".to_owned()).into());
            }
            // Both sides have the candidate's label.
            let label = server_specs.iter().find_map(|(_, info)| info.command.as_ref().map(|_| info.name.clone()));
            if let Some(label) = label {
                baseline.1.command = Some(std::mem::replace(&mut baseline.1.name, label));
            }
            Ok((vec![baseline], command.clone()))
        }
        _ => Err(UsageError(
            "no baseline to compare with: use --baseline PATH of another build, or --baseline-exec together with --exec"
                .to_owned(),
        )
        .into()),
    }
}

/// Fixes the looks before anything is measured. There is a second look if the budget allows it.
fn looks(plan: &mut PairPlan, args: &Args) -> anyhow::Result<()> {
    let budget = args.budget.unwrap_or(BUDGET * plan.parts.len() as u32);
    let affordable = (budget.as_secs_f64() / plan.pair_time().as_secs_f64()).floor() as usize;
    let pairs = args.pairs.get();
    let gated = plan.parts.len() * (2 + usize::from(args.gate.is_some()));
    let first_alpha = args.alpha * FIRST_LOOK;
    // A first look with too few pairs to reject anything would only spend alpha.
    let two = affordable >= pairs + LEAST_ADDED_PAIRS && pairs >= least_pairs(first_alpha, gated);
    let least = least_pairs(if two { first_alpha } else { args.alpha }, gated);
    let time = plan.pair_time() * least as u32;
    if pairs < least {
        return Err(UsageError(format!(
            "{pairs} pairs are too few to show any difference: --pairs must be {least} or more"
        ))
        .into());
    }
    if affordable < least {
        return Err(UsageError(format!(
            "--budget {budget:?} is too short for the {least} pairs that are needed at least: use {}s or more",
            time.as_secs_f64().ceil()
        ))
        .into());
    }
    plan.looks = if two {
        vec![
            Look {
                pairs,
                alpha: first_alpha,
            },
            Look {
                pairs: affordable,
                alpha: args.alpha - first_alpha,
            },
        ]
    } else {
        vec![Look {
            pairs: pairs.min(affordable),
            alpha: args.alpha,
        }]
    };
    plan.budget = Some(budget);
    Ok(())
}

/// On GitHub Actions, adds the Markdown to the summary page of the job.
fn add_to_summary(record: &Record) -> anyhow::Result<()> {
    let (Some(path), Some(check)) = (std::env::var_os("GITHUB_STEP_SUMMARY"), &record.check) else {
        return Ok(());
    };
    let markdown = ALL.iter().find(|form| form.name() == "markdown");
    let text = markdown.map(|form| form.render(record, check));
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .with_context(|| format!("cannot write the step's summary to {}", path.display()))?;
    Ok(file.write_all(text.unwrap_or_default().as_bytes())?)
}
