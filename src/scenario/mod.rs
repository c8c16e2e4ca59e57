//! Named loads, and the suites that are made of them: one TOML file each, held by the binary.
//!
//! A scenario says what is asked of a server and nothing about who serves, so
//! the same files serve models, commands and servers that run already.

mod file;
mod suite;

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use crate::error::Error;
use crate::load::Load;
use crate::load::message::{Beside, Message};
use crate::load::pacer::{Schedule, Then};
use crate::run::pilot::{Offer, Rate};
use crate::wiring::Wiring;

pub use suite::{SUITES, Suite};

/// The scenarios of this program and their files, in reading order.
pub static ALL: &[(&str, &str)] = &[
    ("echo", include_str!("../../bench/scenarios/echo.toml")),
    ("churn", include_str!("../../bench/scenarios/churn.toml")),
    ("cpu", include_str!("../../bench/scenarios/cpu.toml")),
    ("wait", include_str!("../../bench/scenarios/wait.toml")),
    ("ladder", include_str!("../../bench/scenarios/ladder.toml")),
    ("mixed", include_str!("../../bench/scenarios/mixed.toml")),
    ("skew", include_str!("../../bench/scenarios/skew.toml")),
    ("bulk", include_str!("../../bench/scenarios/bulk.toml")),
    ("idle", include_str!("../../bench/scenarios/idle.toml")),
    ("storm", include_str!("../../bench/scenarios/storm.toml")),
    (
        "overload",
        include_str!("../../bench/scenarios/overload.toml"),
    ),
    (
        "article",
        include_str!("../../bench/scenarios/article.toml"),
    ),
];

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
    message: Message,
    beside: Option<Beside>,
    requests_per_connection: Option<u32>,
    reconnect_every: Option<Duration>,
    pipeline: usize,
    idle: usize,
    think: Duration,
    wiring: Option<Wiring>,
    open: Option<Open>,
}

/// An open loop's plan, without its rate.
#[derive(Debug, Clone)]
struct Open {
    rates: Vec<Rate>,
    schedule: Schedule,
    /// From this part of the window on, another rate.
    then: Option<(f64, Rate)>,
}

/// A load of a scenario whose rates a pilot may still have to find.
#[derive(Debug, Clone)]
pub struct Case {
    /// The load; where a pilot is needed, its rates stand for nothing yet.
    pub load: Load,
    /// The rate, and the one after its fall, where a pilot finds them.
    pub offer: Option<Offer>,
}

impl Scenario {
    /// The scenario of this name, or the one in the file of this name.
    ///
    /// # Errors
    /// When there is none, or its file is not as it should be: with the line.
    pub fn find(name: &str) -> Result<Scenario, Error> {
        if let Some((name, text)) = ALL.iter().find(|(known, _)| *known == name) {
            return Scenario::parse(name, &format!("{name}.toml"), text);
        }
        let (stem, path, text) = read(name, "scenario", ALL)?;
        Scenario::parse(&stem, &path, &text)
    }

    /// The loads of this scenario: each number of clients at each rate.
    ///
    /// `usual` holds what the machine and the user decide: threads, cores, timeouts, the longest reply.
    pub fn cases(&self, usual: &Load) -> Vec<Case> {
        let rates: Vec<Option<Rate>> = match &self.open {
            None => vec![None],
            Some(open) => open.rates.iter().copied().map(Some).collect(),
        };
        let clients = self.clients.iter().map(|clients| clients.get());
        let both = clients.flat_map(|clients| rates.iter().map(move |rate| (clients, *rate)));
        both.map(|(clients, rate)| self.case(clients, rate, usual))
            .collect()
    }

    fn case(&self, clients: usize, rate: Option<Rate>, usual: &Load) -> Case {
        let duration = self.duration.unwrap_or(WINDOW);
        let then = self.open.as_ref().and_then(|open| open.then);
        let schedule = self.open.as_ref().zip(rate).map(|(open, rate)| Schedule {
            rate_rps: rate.or_one(),
            then: then.map(|(after, rate)| Then {
                after: duration.mul_f64(after),
                rate_rps: rate.or_one(),
            }),
            ..open.schedule
        });
        let needs_pilot = |rate: &Rate| matches!(rate, Rate::Share { .. });
        let then = then.map(|(_, rate)| rate);
        let offer = rate
            .filter(|rate| needs_pilot(rate) || then.as_ref().is_some_and(needs_pilot))
            .map(|rate| Offer { rate, then });
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
            wiring: self.wiring.unwrap_or(usual.wiring),
            message: self.message.clone(),
            beside: self.beside.clone(),
            ..usual.clone()
        };
        Case { load, offer }
    }
}

/// A file that the user named, its stem and its text.
fn read(
    name: &str,
    what: &'static str,
    known: &[(&str, &str)],
) -> Result<(String, String, String), Error> {
    let path = Path::new(name);
    if path.extension().is_none_or(|extension| extension != "toml") {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        return Err(Error::UnknownScenario {
            what,
            name: name.to_owned(),
            known: names.join(", "),
        });
    }
    let text = std::fs::read_to_string(path).map_err(|error| Error::Scenario {
        what,
        path: name.to_owned(),
        reason: error.to_string(),
    })?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok((stem.into_owned(), name.to_owned(), text))
}
