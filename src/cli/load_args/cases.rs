//! Loads of scenarios, and those of a check.

use std::time::Duration;

use super::LoadArgs;
use crate::cli::Usage;
use crate::cli::serve::ServerArgs;
use crate::cli::values::Bytes;
use crate::load::Load;
use crate::load::message::{LEAST_PAYLOAD_BYTES, Message};
use crate::protocol::HEADER_BYTES;
use crate::run::pilot::Offer;
use crate::scenario::{self, Scenario};

/// A load to be measured, with the scenario that it is of.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Case {
    pub(in crate::cli) scenario: Option<String>,
    pub(in crate::cli) load: Load,
    pub(in crate::cli) offer: Option<Offer>,
}

impl LoadArgs {
    /// The loads of a check, whose trials are short and many.
    pub(in crate::cli) fn pair_loads(&self, server: &ServerArgs) -> anyhow::Result<Vec<Case>> {
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
        match cases.iter().find(|case| case.offer.is_some()) {
            Some(Case { scenario, .. }) => Err(Usage(format!(
                "--scenario {} is not for a check: its rates depend on who is measured; give --rate",
                scenario.as_deref().unwrap_or_default()
            ))
            .into()),
            None => Ok(cases),
        }
    }

    /// The scenarios asked for, with the clients and times asked for.
    pub(in crate::cli) fn scenarios(&self) -> anyhow::Result<Vec<Scenario>> {
        let scenarios = self.scenario.iter().map(|name| Scenario::find(name));
        Ok(scenarios.collect::<Result<_, _>>()?)
    }

    /// The loads of these scenarios, as far as the command line does not say otherwise.
    pub(in crate::cli) fn cases(
        &self,
        scenarios: &[Scenario],
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<Case>> {
        let none = (Duration::ZERO, Duration::ZERO);
        let usual = self.usual(none, server, Message::ping(LEAST_PAYLOAD_BYTES));
        let mut cases = Vec::new();
        for scenario in scenarios {
            let mut scenario = scenario.clone();
            if !self.clients.is_empty() {
                scenario.clients.clone_from(&self.clients);
            }
            scenario.duration = self.duration.or(scenario.duration);
            for scenario::Case { mut load, offer } in scenario.cases(&usual) {
                load.warmup = self.warmup.unwrap_or(load.warmup);
                fits_frame(&load.message, server)?;
                if let Some(beside) = &load.beside {
                    fits_frame(&beside.message, server)?;
                }
                cases.push(Case {
                    scenario: Some(scenario.name.clone()),
                    load,
                    offer,
                });
            }
        }
        Ok(cases)
    }
}

/// Refuses a request that the server would.
pub(super) fn fits_frame(message: &Message, server: &ServerArgs) -> Result<(), Usage> {
    let body = message.frame_bytes() - HEADER_BYTES;
    let most = server.max_frame_bytes();
    if body > most {
        let most = Bytes(most);
        return Err(Usage(format!(
            "a request of {body} bytes is over --max-frame {most}"
        )));
    }
    Ok(())
}
