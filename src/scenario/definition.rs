//! Named loads, and the suites that are made of them: one TOML file each, held by the binary.
//!
//! A scenario says what is asked of a server and nothing about who serves, so
//! the same files serve models, commands and servers that run already.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::catalogue::{ALL, current_name, read};
use super::rate_spec::{Rate, RateSpec};
use crate::error::Error;
use crate::load::{Alternate, Load, Message, RateChange, Schedule};
use crate::protocol::WriteMode;

/// The window of a trial, and what goes before it, where neither file nor user says otherwise.
const WINDOW: Duration = Duration::from_secs(1);
const WARMUP: Duration = Duration::from_millis(300);

/// A named load.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub about: String,
    /// What to look at in its figures.
    pub reads: String,
    /// The numbers of clients that it is measured with.
    pub clients: Vec<NonZeroUsize>,
    /// The window of a trial; `None` is the usual one.
    pub duration: Option<Duration>,
    /// What goes before it, as long as that is enough to connect; `None` is the usual one.
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
    /// From this part of the window on, another rate.
    pub(crate) then: Option<(f64, Rate)>,
}

/// A load of a scenario whose rates a pilot may still have to find.
#[derive(Debug, Clone)]
pub struct ScenarioLoad {
    /// The load; where a pilot is needed, its rates stand for nothing yet.
    pub load: Load,
    /// The rate, and the one after its fall, where a pilot finds them.
    pub rate_spec: Option<RateSpec>,
}

impl Scenario {
    /// The scenario of this name, or the one in the file of this name.
    ///
    /// # Errors
    /// When there is none, or its file is not as it should be: with the line.
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
    /// `usual` holds what the machine and the user decide: threads, cores, timeouts, the longest reply.
    pub fn cases(&self, usual: &Load) -> Vec<ScenarioLoad> {
        let rates: Vec<Option<Rate>> = match &self.open {
            None => vec![None],
            Some(open) => open.rates.iter().copied().map(Some).collect(),
        };
        let clients = self.clients.iter().map(|clients| clients.get());
        let both = clients.flat_map(|clients| rates.iter().map(move |rate| (clients, *rate)));
        both.map(|(clients, rate)| self.case(clients, rate, usual))
            .collect()
    }

    fn case(&self, clients: usize, rate: Option<Rate>, usual: &Load) -> ScenarioLoad {
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
            // Connecting is no part of what is measured.
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
            write_mode: self.write_mode.unwrap_or(usual.write_mode),
            message: self.message.clone(),
            alternate: self.alternate.clone(),
            ..usual.clone()
        };
        ScenarioLoad { load, rate_spec }
    }
}
