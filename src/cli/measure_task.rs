//! The options of a measurement, and the task that they describe.

use std::time::Duration;

use super::app::App;
use super::defaults::Defaults;
use super::methods::refuse_unknown_methods;
use super::usage::UsageError;
use crate::attack::AttackMode;
use crate::cli::args::assertion::AssertArgs;
use crate::cli::args::load::LoadArgs;
use crate::cli::args::one_rate::with_one_rate;
use crate::cli::args::ranks::RanksArgs;
use crate::cli::args::save::SaveArgs;
use crate::cli::args::server::{DEFAULT_IDLE_TIMEOUT, ServerArgs};
use crate::cli::args::servers::AnyServersArgs;
use crate::cli::args::study::StudyArgs;
use crate::findings::labels::Labels;
use crate::measure::session::seed_or_random;
use crate::measure::{AutoWarmup, Case, EarlierRun, Plan, SearchPlan};
use crate::record::{Assertion, ScenarioInfo, ServerIdentity};
use crate::server::Group;

/// Default duration and warm-up of one load.
type Times = (Duration, Duration);

const fn times(duration_ms: u64, warmup_ms: u64) -> Times {
    (
        Duration::from_millis(duration_ms),
        Duration::from_millis(warmup_ms),
    )
}

/// Of servers that the command line names.
const NAMED: Times = times(5000, 1000);
/// Of the classic models, in several rounds.
const BARE: Times = times(700, 200);
/// Of each step of a search for a rate.
const SEARCH_STEP: Times = times(2000, 500);
/// Rounds without named servers: the fewest that can show a ranking.
const BARE_ROUNDS: usize = 6;

/// The defaults in the help.
pub(crate) fn defaults() -> Defaults {
    let of = |time: fn(Times) -> Duration| {
        let [named, bare, step] = [NAMED, BARE, SEARCH_STEP].map(time);
        format!("{named:?}; several rounds: {bare:?}; --slo: {step:?}")
    };
    vec![
        ("model", Group::Classic.name().to_owned()),
        ("idle_timeout", format!("{DEFAULT_IDLE_TIMEOUT:?}")),
        ("duration", of(|times| times.0)),
        (
            "warmup",
            format!("{}; --exec, --target: auto", of(|times| times.1)),
        ),
        (
            "trials",
            format!("1; without --model, scenarios: {BARE_ROUNDS}"),
        ),
    ]
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    servers: AnyServersArgs,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    pub(crate) ranks: RanksArgs,
    #[command(flatten)]
    pub(crate) study: StudyArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// What is measured, and its scenarios as the record describes them.
pub(crate) struct Task {
    pub(crate) plan: Plan,
    pub(crate) search: Option<SearchPlan>,
    pub(crate) scenarios: Vec<ScenarioInfo>,
    /// The conditions on the figures.
    pub(crate) asserts: Vec<Assertion>,
}

impl Args {
    fn default_times(&self) -> Times {
        if self.study.slo.is_some() {
            SEARCH_STEP
        } else if self.takes_rounds() {
            BARE
        } else {
            NAMED
        }
    }

    /// Whether the models are measured that are the default.
    pub(crate) fn names_no_server(&self) -> bool {
        self.servers.is_empty()
    }

    /// A line for each model of the groups named that this machine cannot run.
    pub(crate) fn left_out(&self, app: App<'_>) -> Vec<String> {
        self.servers.left_out(app)
    }

    /// The rule for a warm-up that pilots find. Generators that measure on their own would find
    /// different ones.
    fn auto_warmup(&self) -> Result<Option<AutoWarmup>, UsageError> {
        let auto = self.load.auto_warmup(self.servers.has_external(), None);
        match auto {
            Some(auto) if auto.is_asked && self.ranks.rank.is_some() => Err(UsageError(
                "--warmup auto cannot be used with --rank: each rank would find another warm-up; give a time"
                    .to_owned(),
            )),
            auto => Ok(auto.filter(|_| self.ranks.rank.is_none())),
        }
    }

    /// Whether the default is several short rounds.
    fn takes_rounds(&self) -> bool {
        self.names_no_server() || self.study.budget.is_some()
    }

    /// Each server under each load.
    pub(crate) fn task(&self, app: App<'_>) -> anyhow::Result<Task> {
        self.load.check_cpus()?;
        self.server.check_cpus()?;
        let study = self.study.study(&self.load)?;
        let loads = match &study {
            Some(study) => self.load.cases(&study.scenarios, &self.server)?,
            None => self.load.matrix(self.default_times(), &self.server)?,
        };
        let servers = self.servers.count(app, &self.server)?;
        let loads = match self.study.share(servers, &self.load) {
            Some(share) => with_one_rate(loads, share, (self.load.arrivals, self.load.assign)),
            None => loads,
        };
        let listen = self.ranks.listen_address;
        let mut cases = Vec::new();
        for load in loads {
            let server = self.server.with_write_mode(load.load.write_mode);
            for (server_spec, info) in self.servers.server_specs_at(app, &server, listen)? {
                let load = load.clone();
                cases.push(Case {
                    label: info.name.clone(),
                    server_spec,
                    info,
                    load: load.load,
                    generator: load.generator,
                    scenario: load.scenario,
                    attack_mode: AttackMode::Off,
                    rate_spec: load.rate_spec,
                    peers: None,
                });
            }
        }
        name_workers(&mut cases);
        refuse_duplicates(&cases)?;
        refuse_unknown_methods(app, &cases)?;
        let default_rounds = study
            .as_ref()
            .map_or(if self.takes_rounds() { BARE_ROUNDS } else { 1 }, |study| {
                study.trials
            });
        let rounds = self.study.rounds(default_rounds);
        self.ranks.set(&mut cases, rounds)?;
        let plan = Plan {
            cases,
            rounds,
            budget: self.study.budget,
            warmup: self.auto_warmup()?,
            seed: seed_or_random(self.load.seed.or(self.ranks.seed())),
            before: EarlierRun::default(),
        };
        let search = self.study.slo.map(|slo| SearchPlan {
            cases: plan.cases.clone(),
            slo,
            arrivals: self.load.arrivals,
            assign: self.load.assign,
            seed: plan.seed,
            warmup: plan.warmup,
        });
        let scenarios = study.map(|study| study.infos()).unwrap_or_default();
        Ok(Task {
            plan,
            search,
            scenarios,
            asserts: self.output.conditions.asserts.clone(),
        })
    }
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// text, json, csv, markdown or junit
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: String,
    #[command(flatten)]
    pub(crate) save: SaveArgs,
    /// Print what would be measured and its duration
    #[arg(long, conflicts_with = "format")]
    pub(crate) plan: bool,
    /// Exit with 5 when a trial is invalid
    #[arg(long, hide_short_help = true)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) conditions: AssertArgs,
}

/// Tells servers apart that differ in their workers only.
fn name_workers(cases: &mut [Case]) {
    let infos: Vec<ServerIdentity> = cases.iter().map(|case| case.info.clone()).collect();
    let labels = Labels::of(&infos);
    for case in cases {
        case.label = labels.label(&case.info);
    }
}

/// Refuses the same server under the same load twice: it would be compared with itself.
fn refuse_duplicates(cases: &[Case]) -> Result<(), UsageError> {
    for (at, case) in cases.iter().enumerate() {
        if cases[..at].iter().any(|other| other.is_same_case_as(case)) {
            let (name, clients) = (&case.label, case.load.clients);
            let scenario = case.scenario.as_deref().map(|name| format!(" of {name}"));
            let scenario = scenario.unwrap_or_default();
            return Err(UsageError(format!(
                "{name} with {clients} clients{scenario} is requested twice: remove one of the two"
            )));
        }
    }
    Ok(())
}
