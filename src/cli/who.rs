//! Who is measured: models, commands, servers that run already.

use std::net::SocketAddr;

use super::serve::{ServerArgs, find_model};
use super::{Parts, Usage, values};
use crate::cpus::Cpus;
use crate::model::ServeModel;
use crate::record::{ContestantInfo, Kind, Options};
use crate::run::{Entrant, Exec};

#[derive(Debug, clap::Args)]
pub(super) struct WhoArgs {
    /// Models to measure, or all [default: all, in six rounds of a second]
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    model: Vec<String>,
    /// A server that runs already, instead of or beside models
    #[arg(long, value_delimiter = ',', value_name = "HOST:PORT")]
    target: Vec<String>,
    /// Start a server in any language, without a shell; {port} stands for its port
    #[arg(long, value_name = "CMD {port}")]
    exec: Vec<String>,
}

impl WhoArgs {
    /// Whether it is left to us who is measured.
    pub(super) fn names_nobody(&self) -> bool {
        self.model.is_empty() && self.exec.is_empty() && self.target.is_empty()
    }

    /// Who that is, and how it goes into the record.
    pub(super) fn entrants(
        &self,
        parts: Parts<'_>,
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<(Entrant, ContestantInfo)>> {
        let mut entrants = Vec::new();
        let models = self.chosen(parts)?;
        server.fits(&models, !self.exec.is_empty())?;
        for model in models {
            let listen = SocketAddr::from(([127, 0, 0, 1], 0));
            let contestant = server.contestant(model, listen)?;
            let info = ContestantInfo {
                kind: Kind::Model,
                name: contestant.name.clone(),
                options: server.options(),
                role: None,
            };
            entrants.push((Entrant::Server(contestant), info));
        }
        for command in &self.exec {
            entrants.push(self.command(command, server)?);
        }
        for target in &self.target {
            let address = values::address(target)
                .map_err(|fault| Usage(format!("--target {target}: {fault}")))?;
            let info = ContestantInfo {
                kind: Kind::Target,
                name: target.clone(),
                options: Options::default(),
                role: None,
            };
            entrants.push((Entrant::Target(address), info));
        }
        Ok(entrants)
    }

    /// The contestant that a command makes, and how it goes into the record.
    pub(super) fn command(
        &self,
        command: &str,
        server: &ServerArgs,
    ) -> Result<(Entrant, ContestantInfo), Usage> {
        let words = shlex::split(command)
            .filter(|words| words.iter().any(|word| word.contains(Exec::PORT)));
        let words = words.ok_or_else(|| {
            let port = Exec::PORT;
            Usage(format!(
                "--exec {command:?} must be a command that holds {port}, where its port goes"
            ))
        })?;
        let info = ContestantInfo {
            kind: Kind::Exec,
            name: command.to_owned(),
            options: Options {
                cpus: server.cpus().map(Cpus::to_string),
                ..Options::default()
            },
            role: None,
        };
        let exec = Exec {
            words,
            drain: server.drain(),
            cpus: server.cpus().cloned(),
        };
        Ok((Entrant::Exec(exec), info))
    }

    /// The models asked for, each once, in the order asked.
    fn chosen<'a>(&self, parts: Parts<'a>) -> anyhow::Result<Vec<&'a dyn ServeModel>> {
        if self.model.is_empty() && !self.names_nobody() {
            return Ok(Vec::new());
        }
        if self.model.is_empty() || self.model.iter().any(|name| name == "all") {
            return Ok(parts.models.to_vec());
        }
        let mut models: Vec<&dyn ServeModel> = Vec::new();
        for name in &self.model {
            let model = find_model(parts, name)?;
            if !models.iter().any(|known| known.name() == model.name()) {
                models.push(model);
            }
        }
        Ok(models)
    }
}
