//! Who is measured: models, commands, servers that run already.

use std::net::SocketAddr;

use super::server::{ServerArgs, find_model};
use super::values;
use crate::cli::app::App;
use crate::cli::usage::UsageError;
use crate::measure::{Exec, ServerSpec};
use crate::record::{ServerIdentity, ServerKind, ServerOptions};
use crate::server::ServeModel;
use crate::sys::Cpus;

#[derive(Debug, clap::Args)]
pub(crate) struct ServersArgs {
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

impl ServersArgs {
    /// Whether it is left to us who is measured.
    pub(crate) fn names_nobody(&self) -> bool {
        self.model.is_empty() && self.exec.is_empty() && self.target.is_empty()
    }

    /// Who that is, and how it goes into the record.
    pub(crate) fn server_specs(
        &self,
        app: App<'_>,
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<(ServerSpec, ServerIdentity)>> {
        let mut server_specs = Vec::new();
        let models = self.chosen(app)?;
        server.fits(&models, !self.exec.is_empty())?;
        for model in models {
            let listen = SocketAddr::from(([127, 0, 0, 1], 0));
            let contestant = server.contestant(model, listen)?;
            let info = ServerIdentity {
                kind: ServerKind::Model,
                name: contestant.name.clone(),
                options: server.options(),
                role: None,
            };
            server_specs.push((ServerSpec::Server(contestant), info));
        }
        for command in &self.exec {
            server_specs.push(self.command(command, server)?);
        }
        for target in &self.target {
            let address = values::address(target)
                .map_err(|fault| UsageError(format!("--target {target}: {fault}")))?;
            let info = ServerIdentity {
                kind: ServerKind::Target,
                name: target.clone(),
                options: ServerOptions::default(),
                role: None,
            };
            server_specs.push((ServerSpec::Target(address), info));
        }
        Ok(server_specs)
    }

    /// The contestant that a command makes, and how it goes into the record.
    pub(crate) fn command(
        &self,
        command: &str,
        server: &ServerArgs,
    ) -> Result<(ServerSpec, ServerIdentity), UsageError> {
        let words = shlex::split(command)
            .filter(|words| words.iter().any(|word| word.contains(Exec::PORT)));
        let words = words.ok_or_else(|| {
            let port = Exec::PORT;
            UsageError(format!(
                "--exec {command:?} must be a command that holds {port}, where its port goes"
            ))
        })?;
        let info = ServerIdentity {
            kind: ServerKind::Exec,
            name: command.to_owned(),
            options: ServerOptions {
                cpus: server.cpus().map(Cpus::to_string),
                ..ServerOptions::default()
            },
            role: None,
        };
        let exec = Exec {
            words,
            drain: server.drain(),
            cpus: server.cpus().cloned(),
        };
        Ok((ServerSpec::Exec(exec), info))
    }

    /// The models asked for, each once, in the order asked.
    fn chosen<'a>(&self, app: App<'a>) -> anyhow::Result<Vec<&'a dyn ServeModel>> {
        if self.model.is_empty() && !self.names_nobody() {
            return Ok(Vec::new());
        }
        if self.model.is_empty() || self.model.iter().any(|name| name == "all") {
            return Ok(app.models.to_vec());
        }
        let mut models: Vec<&dyn ServeModel> = Vec::new();
        for name in &self.model {
            let model = find_model(app, name)?;
            if !models.iter().any(|known| known.name() == model.name()) {
                models.push(model);
            }
        }
        Ok(models)
    }
}
