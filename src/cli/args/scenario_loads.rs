//! The loads of scenarios and of a check.

use std::time::Duration;

use super::load::LoadArgs;
use super::named_load::{NamedLoad, fits_frame, reply_fits_frame};
use super::server::{DEFAULT_IDLE_TIMEOUT, ServerArgs};
use super::values::check_cpus;
use crate::cli::defaults::Defaults;
use crate::cli::usage::UsageError;
use crate::measure::AutoWarmup;
use crate::protocol::request_bytes;
use crate::scenario::{Scenario, ScenarioLoad};

/// The trials of a check are short, so that there are many.
const PAIR_DURATION: Duration = Duration::from_millis(800);
const PAIR_WARMUP: Duration = Duration::from_millis(200);
/// The longest warm-up of a pair's trials that pilots find: each trial has it.
const MOST_PAIR_WARMUP: Duration = Duration::from_secs(1);

/// The times of a pair's trials, as defaults in the help.
pub(crate) fn pair_times() -> Defaults {
    vec![
        ("idle_timeout", format!("{DEFAULT_IDLE_TIMEOUT:?}")),
        ("duration", format!("{PAIR_DURATION:?}")),
        (
            "warmup",
            format!("{PAIR_WARMUP:?}; --exec: auto, at most {MOST_PAIR_WARMUP:?}"),
        ),
    ]
}

impl LoadArgs {
    /// The loads of a check, which runs many short trials.
    pub(crate) fn pair_loads(&self, server: &ServerArgs) -> anyhow::Result<Vec<NamedLoad>> {
        let default_times = (PAIR_DURATION, PAIR_WARMUP);
        if self.scenario.is_empty() {
            return self.matrix(default_times, server);
        }
        let (duration, warmup) = default_times;
        let mut scenarios = self.scenarios()?;
        for scenario in &mut scenarios {
            scenario.duration = scenario.duration.or(Some(duration));
            scenario.warmup = scenario.warmup.or(Some(warmup));
        }
        let cases = self.cases(&scenarios, server)?;
        match cases.iter().find(|case| case.rate_spec.is_some()) {
            Some(NamedLoad { scenario, .. }) => Err(UsageError(format!(
                "--scenario {} cannot be used with check or calibrate: its rates depend on the servers measured; use --rate instead",
                scenario.as_deref().unwrap_or_default()
            ))
            .into()),
            None => Ok(cases),
        }
    }

    /// The rule for the warm-up of pairs.
    pub(crate) fn pair_warmup(&self, has_commands: bool) -> Option<AutoWarmup> {
        self.auto_warmup(has_commands, Some(MOST_PAIR_WARMUP))
    }

    /// The scenarios that --scenario names.
    pub(crate) fn scenarios(&self) -> anyhow::Result<Vec<Scenario>> {
        let scenarios = self.scenario.iter().map(|name| Scenario::find(name));
        Ok(scenarios.collect::<Result<_, _>>()?)
    }

    /// The loads of these scenarios; options of the command line override them.
    pub(crate) fn cases(
        &self,
        scenarios: &[Scenario],
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<NamedLoad>> {
        let defaults = self.spec(server);
        let mut cases = Vec::new();
        for scenario in scenarios {
            let mut scenario = scenario.clone();
            if !self.clients.is_empty() {
                scenario.clients.clone_from(&self.clients);
            }
            scenario.duration = self.duration.or(scenario.duration);
            for ScenarioLoad {
                mut load,
                rate_spec,
            } in scenario.cases(&defaults)?
            {
                load = self.preceding(load);
                load.warmup = self.given_warmup().unwrap_or(load.warmup);
                check_cpus("client_cpus", load.client_cpus.as_ref())?;
                fits_frame(load.request_bytes, server)?;
                reply_fits_frame(&load.method, load.params.as_deref(), server)?;
                if let Some(other) = &load.alternate {
                    fits_frame(request_bytes(&other.method, other.payload_bytes), server)?;
                    reply_fits_frame(&other.method, other.params.as_deref(), server)?;
                }
                cases.push(NamedLoad {
                    scenario: Some(scenario.name.clone()),
                    generator: self.generator(&load, server),
                    load,
                    rate_spec,
                });
            }
        }
        Ok(cases)
    }
}
