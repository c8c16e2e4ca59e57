//! `rpcbench check`: checks whether a change made a server slower.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;

use super::app::App;
use super::check_codes::{CheckCodes, code};
use super::defaults::Defaults;
use super::methods::refuse_unknown_methods;
use super::output::{print, say, write_file};
use super::session::session;
use super::usage::UsageError;
use crate::cli::args::assertion::AssertArgs;
use crate::cli::args::load::LoadArgs;
use crate::cli::args::margins::{self, Margin};
use crate::cli::args::named_load::case_of;
use crate::cli::args::save::SaveArgs;
use crate::cli::args::scenario_loads::pair_times;
use crate::cli::args::server::ServerArgs;
use crate::cli::args::servers::{self, StartedServersArgs};
use crate::cli::args::{numbers, times};
use crate::findings::assertions::worst;
use crate::measure::session::seed_or_random;
use crate::measure::{PairCase, PairPlan, PartPlan, ServerSpec};
use crate::record::{CheckInfo, Record, Role, Rules, ServerKind};
use crate::report::Form;
use crate::report::check::ALL;
use crate::server::Group;

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
    /// Most pairs of trials [default: as many as the budget allows]
    #[arg(long, value_parser = numbers::count, value_name = "N", help_heading = "Check", hide_short_help = true)]
    pairs: Option<NonZeroUsize>,
    /// Changes smaller than this count as no change
    #[arg(long, default_value = "5%", value_parser = numbers::share, value_name = "SHARE", help_heading = "Check", hide_short_help = true)]
    delta: f64,
    /// A pass excludes this slowdown: of all metrics (20%), or of one (cpu=10%, p50, p95, p99,
    /// throughput) [default: cpu=10%,p50=25%,throughput=25%,p95=50%,p99=100%]
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "SHARE,…",
        help_heading = "Check"
    )]
    margin: Vec<Margin>,
    /// Rate of false positives: how often identical builds may be
    /// reported as different
    #[arg(long, default_value = "5%", value_parser = numbers::share, value_name = "SHARE", help_heading = "Check", hide_short_help = true)]
    alpha: f64,
    /// Also gate on these metrics: p95, p99
    #[arg(long, value_delimiter = ',', value_parser = ["p95", "p99"], hide_possible_values = true, value_name = "METRIC,…", help_heading = "Check", hide_short_help = true)]
    gate: Vec<String>,
    /// Exit code of an inconclusive check: pass (0) or fail (4)
    #[arg(long, default_value = "fail", value_parser = ["pass", "fail"], hide_possible_values = true, value_name = "HOW", help_heading = "Check", hide_short_help = true)]
    inconclusive: String,
    /// Names of the two sides: baseline, then candidate (v1,v2)
    #[arg(
        long,
        value_name = "OLD,NEW",
        help_heading = "Check",
        hide_short_help = true
    )]
    labels: Option<Labels>,
    /// Exit codes: of the verdict, or for git bisect run (0 good, 1 bad, 125 skip)
    #[arg(
        long,
        default_value = "verdict",
        value_enum,
        hide_possible_values = true,
        value_name = "CODES",
        help_heading = "Check",
        hide_short_help = true
    )]
    pub(super) exit_code: CheckCodes,
    /// Longest time: no pair starts that would end later
    #[arg(long, value_parser = times::short_duration, value_name = "TIME", help_heading = "Check")]
    budget: Option<Duration>,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    server: ServerArgs,
    /// Output: text, markdown, html, junit, bencher, bigger-is-better, smaller-is-better, csv,
    /// json or verdict (one word)
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
    #[command(flatten)]
    conditions: AssertArgs,
}

impl Args {
    fn rules(&self) -> Result<Rules, UsageError> {
        let is_gated = |metric: &str| self.gate.iter().any(|gated| gated == metric);
        let rules = Rules {
            alpha: self.alpha,
            delta: self.delta,
            gate_p95: is_gated("p95"),
            gate_p99: is_gated("p99"),
            most_pairs: self.pairs.map(NonZeroUsize::get),
            ..Rules::default()
        };
        let rules = margins::with_margins(rules, &self.margin);
        margins::check(&rules)?;
        Ok(rules)
    }
}

/// Names of the two sides, baseline first.
#[derive(Debug, Clone)]
struct Labels([String; 2]);

impl FromStr for Labels {
    type Err = String;

    fn from_str(text: &str) -> Result<Labels, String> {
        let names = text.split(',').map(|name| name.trim().to_owned());
        let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        match <[String; 2]>::try_from(names) {
            Ok(names) if names[0] != names[1] => Ok(Labels(names)),
            _ => Err("must be two different names, such as v1,v2".to_owned()),
        }
    }
}

/// Measures in pairs and prints the verdict, which is also the exit code.
pub(crate) fn run(app: App<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let form = form(&args.format)?;
    let plan = plan(app, args)?;
    let mut session = session();
    session.file = args.save.file(&session.started, None);
    session.asserts.clone_from(&args.conditions.asserts);
    let run = super::session::run(&session, &plan)?;
    if run.has_failed() {
        return run.end(Ok(()), ExitCode::FAILURE);
    }
    let Some(check) = run.record.check.as_ref().filter(|_| !run.interrupted) else {
        say("rpcbench: interrupted before the check was complete: no verdict");
        return run.end(Ok(()), ExitCode::FAILURE);
    };
    let asserted = worst(&run.record.asserts);
    let code = code(
        args.exit_code,
        check.outcome,
        asserted,
        args.inconclusive == "pass",
    );
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
        candidate: String::new(),
        labels: args
            .labels
            .clone()
            .map_or_else(default_labels, |Labels(labels)| labels),
        budget: None,
        ends_when_decided: true,
        rules: args.rules()?,
        seed: seed_or_random(args.load.seed),
    };
    for load in args.load.pair_loads(&args.server)? {
        let server = args.server.with_write_mode(load.load.write_mode);
        let (baselines, name) = baselines(app, args, &server)?;
        let candidates = args.servers.server_specs(app, &server)?;
        for (baseline, candidate) in baselines.iter().zip(&candidates) {
            plan.parts.push(PartPlan {
                loads: vec![PairCase {
                    baseline: case_of(baseline, &load, Role::Baseline),
                    candidate: case_of(candidate, &load, Role::Candidate),
                }],
            });
        }
        plan.baseline = name;
        plan.candidate = candidate_name(&candidates);
    }
    let loads = plan.parts.iter().flat_map(|part| &part.loads);
    refuse_unknown_methods(app, loads.map(|load| &load.candidate))?;
    plan.budget = Some(args.budget.unwrap_or(BUDGET * plan.parts.len() as u32));
    refuse_few_pairs(&plan)?;
    Ok(plan)
}

/// The names of the two sides without `--labels`.
fn default_labels() -> [String; 2] {
    [Role::Baseline, Role::Candidate].map(|side| side.name().to_owned())
}

/// The candidate as it was given: its command, or the path of this program.
fn candidate_name(candidates: &Servers) -> String {
    let (_, first) = &candidates[0];
    match (&first.command, first.kind) {
        (Some(command), _) => command.clone(),
        (None, ServerKind::Exec) => first.name.clone(),
        (None, _) => std::env::args().next().unwrap_or_default(),
    }
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

/// Refuses a number of pairs or a budget with which nothing could be decided.
fn refuse_few_pairs(plan: &PairPlan) -> Result<(), UsageError> {
    let least = plan.rules.least_pairs;
    if let Some(pairs) = plan.rules.most_pairs.filter(|pairs| *pairs < least) {
        return Err(UsageError(format!(
            "{pairs} pairs are too few to show any difference: --pairs must be {least} or more"
        )));
    }
    let time = plan.pair_time() * least as u32;
    match plan.budget.filter(|budget| *budget < time) {
        Some(budget) => Err(UsageError(format!(
            "--budget {budget:?} is too short for the {least} pairs that are needed at least: use {}s or more",
            time.as_secs_f64().ceil()
        ))),
        None => Ok(()),
    }
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
