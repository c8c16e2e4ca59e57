//! Scenarios: named loads, one TOML file each, contained in the binary.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::catalogue::{ALL, current_name, read};
use super::rate_spec::{Rate, RateSpec};
use crate::error::Error;
use crate::load::{Alternate, Load, Message, RateChange, Schedule};
use crate::protocol::WriteMode;

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
    pub(crate) message: Message,
    pub(crate) alternate: Option<Alternate>,
    pub(crate) requests_per_connection: Option<u32>,
    pub(crate) reconnect_every: Option<Duration>,
    pub(crate) pipeline: usize,
    pub(crate) idle: usize,
    pub(crate) think: Duration,
    pub(crate) write_mode: Option<WriteMode>,
    pub(crate) open: Option<Open>,
}

/// An open loop's plan, without its rate.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) rates: Vec<Rate>,
    pub(crate) schedule: Schedule,
    /// The second rate, and the fraction of the window after which it begins.
    pub(crate) then: Option<(f64, Rate)>,
}

/// A load of a scenario. A pilot may be needed to find its rates.
#[derive(Debug, Clone)]
pub struct ScenarioLoad {
    /// The load. If a pilot is needed, its rates are placeholders.
    pub load: Load,
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
    /// `defaults` holds the settings of the machine and the user: threads, cores, timeouts, the longest reply.
    pub fn cases(&self, defaults: &Load) -> Vec<ScenarioLoad> {
        let rates: Vec<Option<Rate>> = match &self.open {
            None => vec![None],
            Some(open) => open.rates.iter().copied().map(Some).collect(),
        };
        let clients = self.clients.iter().map(|clients| clients.get());
        let both = clients.flat_map(|clients| rates.iter().map(move |rate| (clients, *rate)));
        both.map(|(clients, rate)| self.case(clients, rate, defaults))
            .collect()
    }

    fn case(&self, clients: usize, rate: Option<Rate>, defaults: &Load) -> ScenarioLoad {
        let duration = self.duration.unwrap_or(WINDOW);
        let then = self.open.as_ref().and_then(|open| open.then);
        let schedule = self.open.as_ref().zip(rate).map(|(open, rate)| Schedule {
            rate_rps: rate.or_one(),
            then: then.map(|(after, rate)| RateChange {
                after: duration.mul_f64(after),
                rate_rps: rate.or_one(),
            }),
            ..open.schedule
        });
        let needs_pilot = |rate: &Rate| matches!(rate, Rate::Share { .. });
        let then = then.map(|(_, rate)| rate);
        let rate_spec = rate
            .filter(|rate| needs_pilot(rate) || then.as_ref().is_some_and(needs_pilot))
            .map(|rate| RateSpec { rate, then });
        let load = Load {
            clients,
            duration,
            // All connections must be made before the window.
            warmup: self
                .warmup
                .unwrap_or(WARMUP)
                .max(2 * Load::ramp(clients + self.idle)),
            schedule,
            pipeline: self.pipeline,
            requests_per_connection: self.requests_per_connection,
            reconnect_every: self.reconnect_every,
            idle: self.idle,
            think: self.think,
            write_mode: self.write_mode.unwrap_or(defaults.write_mode),
            message: self.message.clone(),
            alternate: self.alternate.clone(),
            ..defaults.clone()
        };
        ScenarioLoad { load, rate_spec }
    }
}
