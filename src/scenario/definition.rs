//! Scenarios: named loads, one TOML file each, contained in the binary.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::catalogue::{ALL, current_name, read};
use super::rate_spec::{Rate, RateSpec, Takers};
use crate::error::Error;
use crate::load::Load;
use crate::record::LoadSpec;

/// The default window and warm-up of a trial.
const WINDOW: Duration = Duration::from_secs(1);
const WARMUP: Duration = Duration::from_millis(300);

/// A named load.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it is, in one line.
    pub about: String,
    /// Which of its figures to look at.
    pub reads: String,
    /// The numbers of clients that it is measured with.
    pub clients: Vec<NonZeroUsize>,
    /// The window of a trial; `None` means the default.
    pub duration: Option<Duration>,
    /// The minimum warm-up; it is longer if the connects need more time. `None` means the default.
    pub warmup: Option<Duration>,
    /// The other settings of its loads.
    pub(crate) load: LoadSpec,
    /// The fields of `load` that it sets, named as in a record; the defaults have the others.
    pub(crate) load_fields: Vec<String>,
    pub(crate) open: Option<Open>,
}

/// The rates of an open loop.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) rates: Vec<Rate>,
    /// The second rate, and the fraction of the window after which it begins.
    pub(crate) then: Option<(f64, Rate)>,
}

/// A load of a scenario. A pilot may be needed to find its rates.
#[derive(Debug, Clone)]
pub struct ScenarioLoad {
    /// The load. If a pilot is needed, it has no rate yet.
    pub load: LoadSpec,
    /// The rates, if a pilot is needed to find them.
    pub rate_spec: Option<RateSpec>,
}

impl Scenario {
    /// The scenario of this name, or the one in the file of this name.
    ///
    /// # Errors
    /// When the scenario does not exist or its file is not valid: the message contains the line.
    pub fn find(name: &str) -> Result<Scenario, Error> {
        let name = current_name(name);
        if let Some((name, text)) = ALL.iter().find(|(known, _)| *known == name) {
            return Scenario::parse(name, &format!("{name}.toml"), text);
        }
        let (stem, path, text) = read(name, "scenario", ALL)?;
        Scenario::parse(&stem, &path, &text)
    }

    /// The loads of this scenario: each number of clients at each rate.
    ///
    /// `defaults` holds the settings of the machine and the user: cores, timeouts.
    ///
    /// # Errors
    /// When the settings of the scenario and the defaults cannot be combined.
    pub fn cases(&self, defaults: &LoadSpec) -> Result<Vec<ScenarioLoad>, Error> {
        let load = defaults.overlaid_with(&self.load, &self.load_fields);
        let load = load.map_err(|error| Error::Scenario {
            what: "scenario",
            path: self.name.clone(),
            reason: error.to_string(),
        })?;
        let rates: Vec<Option<Rate>> = match &self.open {
            None => vec![None],
            Some(open) => open.rates.iter().copied().map(Some).collect(),
        };
        let clients = self.clients.iter().map(|clients| clients.get());
        let both = clients.flat_map(|clients| rates.iter().map(move |rate| (clients, *rate)));
        Ok(both
            .map(|(clients, rate)| self.case(clients, rate, &load))
            .collect())
    }

    fn case(&self, clients: usize, rate: Option<Rate>, load: &LoadSpec) -> ScenarioLoad {
        let duration = self.duration.unwrap_or(WINDOW);
        let load = LoadSpec {
            clients,
            duration,
            // All connections must be made before the window.
            warmup: self
                .warmup
                .unwrap_or(WARMUP)
                .max(2 * Load::ramp(clients + load.idle)),
            ..load.clone()
        };
        let then = self.open.as_ref().and_then(|open| open.then);
        let then = then.map(|(after, rate)| (duration.mul_f64(after), rate));
        let rate_spec = rate.map(|rate| RateSpec {
            rate,
            then,
            takers: Takers::All,
        });
        match rate_spec.and_then(|rates| rates.applied(&load, &[])) {
            Some(load) => ScenarioLoad {
                load,
                rate_spec: None,
            },
            None => ScenarioLoad { load, rate_spec },
        }
    }
}
