//! The servers to measure: models, commands, servers that already run.

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
    /// Models to measure, or all [default: all, in six rounds of one second]
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    model: Vec<String>,
    /// Address of a server that already runs, instead of models or in addition
    #[arg(long, value_delimiter = ',', value_name = "HOST:PORT")]
    target: Vec<String>,
    /// Command that starts a server, run without a shell; {port} is replaced by its port
    #[arg(long, value_name = "CMD {port}")]
    exec: Vec<String>,
}

impl ServersArgs {
    /// Whether no server is named.
    pub(crate) fn is_empty(&self) -> bool {
        self.model.is_empty() && self.exec.is_empty() && self.target.is_empty()
    }

    /// The servers, each with its identity for the record.
    pub(crate) fn server_specs(
        &self,
        app: App<'_>,
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<(ServerSpec, ServerIdentity)>> {
        let mut server_specs = Vec::new();
        let models = self.models(app)?;
        server.refuse_unused(&models, !self.exec.is_empty())?;
        for model in models {
            let listen = SocketAddr::from(([127, 0, 0, 1], 0));
            let program = server.program(model, listen)?;
            let info = ServerIdentity {
                kind: ServerKind::Model,
                name: program.name.clone(),
                options: server.options(),
                role: None,
            };
            server_specs.push((ServerSpec::Server(program), info));
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

    /// The server that a command starts, with its identity for the record.
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
                "--exec {command:?} must be a command that contains {port}, which is replaced by the port"
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

    /// The models named, each once, in the order given.
    fn models<'a>(&self, app: App<'a>) -> anyhow::Result<Vec<&'a dyn ServeModel>> {
        if self.model.is_empty() && !self.is_empty() {
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
