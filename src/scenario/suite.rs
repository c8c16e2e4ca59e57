//! Suites: scenarios that are measured together and stored in one record.

use std::num::NonZeroUsize;

use serde::Deserialize;

use super::catalogue::read;
use super::definition::Scenario;
use super::file::{Time, check_clients, parsed};
use crate::error::Error;

/// The suites of this program and their files.
pub static SUITES: &[(&str, &str)] = &[
    ("quick", include_str!("../../bench/suites/quick.toml")),
    ("ci", include_str!("../../bench/suites/ci.toml")),
    ("full", include_str!("../../bench/suites/full.toml")),
];

/// Scenarios that are measured together.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// What it is, in one line.
    pub about: String,
    /// Number of rounds.
    pub trials: NonZeroUsize,
    /// The scenarios, with the clients and the durations of this suite.
    pub entries: Vec<Scenario>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    about: String,
    trials: NonZeroUsize,
    duration: Option<Time>,
    warmup: Option<Time>,
    scenario: Vec<ScenarioEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioEntry {
    name: String,
    clients: Option<Vec<NonZeroUsize>>,
    duration: Option<Time>,
}

impl Suite {
    /// The suite of this name, or the one in the file of this name.
    ///
    /// # Errors
    /// When the suite does not exist, or it or one of its scenarios is not valid: the message
    /// contains the line.
    pub fn find(name: &str) -> Result<Suite, Error> {
        if let Some((name, text)) = SUITES.iter().find(|(known, _)| *known == name) {
            return Suite::parse(name, &format!("{name}.toml"), text);
        }
        let (stem, path, text) = read(name, "suite", SUITES)?;
        Suite::parse(&stem, &path, &text)
    }

    /// Reads the suite `name` from the text of its file.
    ///
    /// # Errors
    /// As [`Suite::find`].
    pub fn parse(name: &str, path: &str, text: &str) -> Result<Suite, Error> {
        let file: File = parsed("suite", path, text)?;
        let failed = |reason: String| Error::Scenario {
            what: "suite",
            path: path.to_owned(),
            reason,
        };
        let known = |time: Option<Time>| time.map(|time| time.0);
        let entry = |file_entry: &ScenarioEntry| {
            let scenario = Scenario::find(&file_entry.name)?;
            let clients = match file_entry.clients.as_deref() {
                Some([]) => {
                    return Err(failed(format!(
                        "{}: clients: name at least one number",
                        file_entry.name
                    )));
                }
                Some(clients) => clients.to_vec(),
                None => scenario.clients.clone(),
            };
            check_clients(&clients).map_err(failed)?;
            Ok(Scenario {
                clients,
                // A scenario's own settings take precedence over the suite's defaults.
                duration: known(file_entry.duration)
                    .or(scenario.duration)
                    .or(known(file.duration)),
                warmup: scenario.warmup.or(known(file.warmup)),
                ..scenario
            })
        };
        if file.scenario.is_empty() {
            return Err(failed("scenario: name at least one".to_owned()));
        }
        Ok(Suite {
            name: name.to_owned(),
            trials: file.trials,
            entries: file
                .scenario
                .iter()
                .map(entry)
                .collect::<Result<_, Error>>()?,
            about: file.about,
        })
    }
}
