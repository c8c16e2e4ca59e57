//! The servers to measure: models, commands, servers that already run.

use std::net::SocketAddr;

use super::external::{ExternalArgs, ExternalServer};
use super::server::{ServerArgs, find_model};
use super::values;
use crate::cli::app::App;
use crate::cli::usage::UsageError;
use crate::measure::{Exec, ServerSpec};
use crate::record::{ServerIdentity, ServerKind, ServerOptions};
use crate::server::ServeModel;
use crate::sys::Cpus;

/// Servers to measure: those that rpcbench starts, and those that already run.
pub(crate) type AnyServersArgs = ServersArgs<true>;
/// Servers to measure that rpcbench starts.
pub(crate) type StartedServersArgs = ServersArgs<false>;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Servers")]
pub(crate) struct ServersArgs<const TARGETS: bool> {
    /// Models, such as A,B, or all
    #[arg(short, long, value_delimiter = ',', value_name = "NAME,…")]
    model: Vec<String>,
    #[command(flatten)]
    external: ExternalArgs<TARGETS>,
}

impl<const TARGETS: bool> ServersArgs<TARGETS> {
    /// Whether no server is named.
    pub(crate) fn is_empty(&self) -> bool {
        self.model.is_empty() && self.external.is_empty()
    }

    /// The servers, each with its identity for the record.
    pub(crate) fn server_specs(
        &self,
        app: App<'_>,
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<(ServerSpec, ServerIdentity)>> {
        let mut server_specs = Vec::new();
        let models = self.models(app)?;
        server.refuse_unused(&models, self.external.has_commands())?;
        for model in models {
            let listen = SocketAddr::from(([127, 0, 0, 1], 0));
            for server in server.each(model) {
                let program = server.program(model, listen)?;
                let info = ServerIdentity {
                    kind: ServerKind::Model,
                    name: program.name.clone(),
                    command: None,
                    options: server.options(model),
                    role: None,
                };
                server_specs.push((ServerSpec::Server(program), info));
            }
        }
        for named in self.external.named()? {
            server_specs.push(match named.kind {
                ExternalServer::Exec => command(named.text, named.label, server)?,
                ExternalServer::Target => target(named.text, named.label)?,
            });
        }
        Ok(server_specs)
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

/// A server that runs at an address, with its identity for the record.
fn target(address: &str, label: Option<&str>) -> Result<(ServerSpec, ServerIdentity), UsageError> {
    let target = values::address(address)
        .map_err(|fault| UsageError(format!("--target {address}: {fault}")))?;
    let info = identity(ServerKind::Target, address, label);
    Ok((ServerSpec::Target(target), info))
}

/// The server that a command starts, with its identity for the record.
///
/// # Errors
/// When the command has no placeholder for the port.
pub(crate) fn command(
    command: &str,
    label: Option<&str>,
    server: &ServerArgs,
) -> Result<(ServerSpec, ServerIdentity), UsageError> {
    let words =
        shlex::split(command).filter(|words| words.iter().any(|word| word.contains(Exec::PORT)));
    let words = words.ok_or_else(|| {
        let port = Exec::PORT;
        UsageError(format!(
            "--exec {command:?} must be a command that contains {port}, which is replaced by the port"
        ))
    })?;
    let info = ServerIdentity {
        options: ServerOptions {
            cpus: server.cpus().map(Cpus::to_string),
            ..ServerOptions::default()
        },
        ..identity(ServerKind::Exec, command, label)
    };
    let exec = Exec {
        words,
        drain: server.drain(),
        cpus: server.cpus().cloned(),
    };
    Ok((ServerSpec::Exec(exec), info))
}

/// The identity of a server that another program is: its label replaces its command or address.
fn identity(kind: ServerKind, text: &str, label: Option<&str>) -> ServerIdentity {
    ServerIdentity {
        kind,
        name: label.unwrap_or(text).to_owned(),
        command: label.map(|_| text.to_owned()),
        options: ServerOptions::default(),
        role: None,
    }
}
