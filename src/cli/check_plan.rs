//! The options of `rpcbench check`, and what they compare.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;

use super::app::App;
use super::check_codes::CheckCodes;
use super::defaults::Defaults;
use super::methods::refuse_unknown_methods;
use super::usage::UsageError;
use crate::cli::args::assertion::AssertArgs;
use crate::cli::args::load::LoadArgs;
use crate::cli::args::margins::{self, Margin};
use crate::cli::args::named_load::{NamedLoad, case_of};
use crate::cli::args::one_rate::{OneRate, first_load};
use crate::cli::args::save::SaveArgs;
use crate::cli::args::scenario_loads::pair_times;
use crate::cli::args::server::ServerArgs;
use crate::cli::args::servers::{self, StartedServersArgs};
use crate::cli::args::{numbers, times};
use crate::measure::session::seed_or_random;
use crate::measure::{EarlierCheck, PairCase, PairPlan, PartPlan, ServerSpec};
use crate::record::{Role, Rules, ServerKind};
use crate::server::Group;

/// Default time of a check, per server and load.
const BUDGET: Duration = Duration::from_secs(90);

/// The defaults in the help.
pub(crate) fn defaults() -> Defaults {
    let mut defaults = pair_times();
    defaults.push(("model", Group::Classic.name().to_owned()));
    defaults.push(("budget", format!("{BUDGET:?} per server")));
    let margins = "cpu=10%,p50=25%,throughput=25%";
    defaults.push(("margin", margins.to_owned()));
    defaults
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) servers: StartedServersArgs,
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
    /// A pass excludes this slowdown (20%, cpu=20%)
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
    pub(super) inconclusive: String,
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
    /// Rate of the first load: this share of the baseline's capacity, or off [default: 50%]
    #[arg(long, group = "open_loop", conflicts_with_all = ["rate", "scenario", "think"], value_name = "SHARE", help_heading = "Check", hide_short_help = true)]
    share: Option<OneRate>,
    /// Add pairs to a check that has not decided, with its own command and rates
    #[arg(long, value_name = "RECORD", value_hint = clap::ValueHint::FilePath, help_heading = "Check", hide_short_help = true)]
    pub(super) resume: Option<PathBuf>,
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
    pub(super) format: String,
    /// Write all formats to this folder
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) save: SaveArgs,
    #[command(flatten)]
    pub(super) conditions: AssertArgs,
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

impl Args {
    /// The longest time, if it is given.
    pub(super) fn budget(&self) -> Option<Duration> {
        self.budget
    }

    /// The most pairs, if they are given.
    pub(super) fn pairs(&self) -> Option<usize> {
        self.pairs.map(NonZeroUsize::get)
    }

    /// The same load at one rate, as the first load of a pair. A scenario and a rate of the user's
    /// are measured as they are.
    fn at_rate(&self, load: &NamedLoad) -> Option<NamedLoad> {
        first_load(load, self.share, (self.load.arrivals, self.load.assign))
    }

    fn rules(&self) -> Result<Rules, UsageError> {
        let is_gated = |metric: &str| self.gate.iter().any(|gated| gated == metric);
        let rules = Rules {
            alpha: self.alpha,
            delta: self.delta,
            gate_p95: is_gated("p95"),
            gate_p99: is_gated("p99"),
            most_pairs: self.pairs(),
            ..Rules::default()
        };
        let rules = margins::with_margins(rules, &self.margin);
        margins::check(&rules)?;
        Ok(rules)
    }
}

/// Each server under each load, as baseline and as candidate.
pub(crate) fn plan(app: App<'_>, args: &Args) -> anyhow::Result<PairPlan> {
    let plan = plan_of(app, args, args.budget)?;
    refuse_few_pairs(&plan)?;
    Ok(plan)
}

/// The same with another budget.
pub(super) fn plan_of(
    app: App<'_>,
    args: &Args,
    budget: Option<Duration>,
) -> anyhow::Result<PairPlan> {
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
        warmup: args.load.pair_warmup(args.servers.has_external()),
        before: EarlierCheck::default(),
    };
    for load in args.load.pair_loads(&args.server)? {
        let server = args.server.with_write_mode(load.load.write_mode);
        let (baselines, name) = baselines(app, args, &server)?;
        let candidates = args.servers.server_specs(app, &server)?;
        for (baseline, candidate) in baselines.iter().zip(&candidates) {
            let at_rate = args.at_rate(&load);
            let loads = at_rate.iter().chain([&load]);
            let loads = loads.map(|load| PairCase {
                baseline: case_of(baseline, load, Role::Baseline),
                candidate: case_of(candidate, load, Role::Candidate),
            });
            plan.parts.push(PartPlan {
                loads: loads.collect(),
            });
        }
        plan.baseline = name;
        plan.candidate = candidate_name(&candidates);
    }
    let loads = plan.parts.iter().flat_map(|part| &part.loads);
    refuse_unknown_methods(app, loads.map(|load| &load.candidate))?;
    plan.budget = Some(budget.unwrap_or(BUDGET * plan.parts.len() as u32));
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
    let time = plan.pair_time() * least as u32 + plan.pilots_time();
    match plan.budget.filter(|budget| *budget < time) {
        Some(budget) => Err(UsageError(format!(
            "--budget {budget:?} is too short for the {least} pairs that are needed at least: use {}s or more",
            time.as_secs_f64().ceil()
        ))),
        None => Ok(()),
    }
}
