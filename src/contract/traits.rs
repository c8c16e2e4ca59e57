//! What a model declares of itself, as its program lists it.

use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::error::Error;

/// The part of `rpcbench models --format json` that decides which cases apply.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Traits {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    /// The default number of workers, for models that have them.
    workers_default: Option<usize>,
    is_serial: bool,
}

impl Traits {
    /// Asks `program` for its models and returns this one.
    ///
    /// # Errors
    /// When the program cannot be run, is no binary of rpcbench, or has no such model.
    pub(super) fn of(program: &Path, model: &str) -> Result<Traits, Error> {
        let failed = |what: String| Error::Contract {
            program: program.to_owned(),
            what,
        };
        let output = Command::new(program)
            .args(["models", "--format", "json"])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| failed(format!("it cannot be run: {error}")))?;
        let models: Vec<Traits> = serde_json::from_slice(&output.stdout).map_err(|error| {
            failed(format!(
                "it does not list its models ({error}): its main must return rpcbench::main"
            ))
        })?;
        let known: Vec<String> = models.iter().map(|model| model.name.clone()).collect();
        let is_named =
            |known: &Traits| known.name == model || known.aliases.contains(&model.into());
        models.into_iter().find(is_named).ok_or_else(|| {
            let known = known.join(", ");
            failed(format!("it has no model {model:?}: choose one of {known}"))
        })
    }

    /// Its name; the given one may be an alias.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn has_workers(&self) -> bool {
        self.workers_default.is_some()
    }

    pub(super) fn is_serial(&self) -> bool {
        self.is_serial
    }
}
