//! Loads of scenarios, and those of a check.

use std::time::Duration;

use super::load::LoadArgs;
use super::named_load::{NamedLoad, fits_frame};
use super::server::ServerArgs;
use crate::cli::usage::UsageError;
use crate::load::{LEAST_PAYLOAD_BYTES, Message};
use crate::scenario::{Scenario, ScenarioLoad};

impl LoadArgs {
    /// The loads of a check, whose trials are short and many.
    pub(crate) fn pair_loads(&self, server: &ServerArgs) -> anyhow::Result<Vec<NamedLoad>> {
        let millis = Duration::from_millis;
        let usual = (millis(1000), millis(200));
        if self.scenario.is_empty() {
            return self.matrix(usual, server);
        }
        let (duration, warmup) = usual;
        let mut scenarios = self.scenarios()?;
        for scenario in &mut scenarios {
            scenario.duration = scenario.duration.or(Some(duration));
            scenario.warmup = scenario.warmup.or(Some(warmup));
        }
        let cases = self.cases(&scenarios, server)?;
        match cases.iter().find(|case| case.rate_spec.is_some()) {
            Some(NamedLoad { scenario, .. }) => Err(UsageError(format!(
                "--scenario {} is not for a check: its rates depend on who is measured; give --rate",
                scenario.as_deref().unwrap_or_default()
            ))
            .into()),
            None => Ok(cases),
        }
    }

    /// The scenarios asked for, with the clients and times asked for.
    pub(crate) fn scenarios(&self) -> anyhow::Result<Vec<Scenario>> {
        let scenarios = self.scenario.iter().map(|name| Scenario::find(name));
        Ok(scenarios.collect::<Result<_, _>>()?)
    }

    /// The loads of these scenarios, as far as the command line does not say otherwise.
    pub(crate) fn cases(
        &self,
        scenarios: &[Scenario],
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<NamedLoad>> {
        let none = (Duration::ZERO, Duration::ZERO);
        let usual = self.usual(none, server, Message::ping(LEAST_PAYLOAD_BYTES));
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
            } in scenario.cases(&usual)
            {
                load.warmup = self.warmup.unwrap_or(load.warmup);
                fits_frame(&load.message, server)?;
                if let Some(beside) = &load.alternate {
                    fits_frame(&beside.message, server)?;
                }
                cases.push(NamedLoad {
                    scenario: Some(scenario.name.clone()),
                    load,
                    rate_spec,
                });
            }
        }
        Ok(cases)
    }
}
