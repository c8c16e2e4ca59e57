//! The servers to measure: models, commands, servers that already run.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::external::{ExternalArgs, ExternalServer};
use super::server::{ServerArgs, find_runnable_model};
use super::values;
use crate::cli::app::App;
use crate::cli::usage::UsageError;
use crate::error::Error;
use crate::measure::{Exec, ServerSpec};
use crate::record::{ServerIdentity, ServerKind, ServerOptions};
use crate::server::{Group, ServeModel};
use crate::sys::Cpus;

/// The value of `--model` for all models.
pub(crate) const ALL_MODELS: &str = "all";

/// Servers to measure: those that rpcbench starts, and those that already run.
pub(crate) type AnyServersArgs = ServersArgs<true>;
/// Servers to measure that rpcbench starts.
pub(crate) type StartedServersArgs = ServersArgs<false>;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Servers")]
pub(crate) struct ServersArgs<const TARGETS: bool> {
    /// A,B,… or classic, modern, all
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

    /// Whether a server is a command, or runs already.
    pub(crate) fn has_external(&self) -> bool {
        !self.external.is_empty()
    }

    /// How many servers there are.
    pub(crate) fn count(&self, app: App<'_>, server: &ServerArgs) -> anyhow::Result<usize> {
        Ok(self.server_specs(app, server)?.len())
    }

    /// The servers, each with its identity for the record; those that are started listen on the
    /// loopback interface.
    pub(crate) fn server_specs(
        &self,
        app: App<'_>,
        server: &ServerArgs,
    ) -> anyhow::Result<Vec<(ServerSpec, ServerIdentity)>> {
        self.server_specs_at(app, server, Ipv4Addr::LOCALHOST.into())
    }

    /// As [`ServersArgs::server_specs`], listening on this address.
    pub(crate) fn server_specs_at(
        &self,
        app: App<'_>,
        server: &ServerArgs,
        listen: IpAddr,
    ) -> anyhow::Result<Vec<(ServerSpec, ServerIdentity)>> {
        let mut server_specs = Vec::new();
        let models = self.models(app)?;
        server.refuse_unused(&models, self.external.has_commands())?;
        for model in models {
            let listen = SocketAddr::from((listen, 0));
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
                ExternalServer::Exec => {
                    let (mut spec, info) = command(named.text, named.label, server)?;
                    if let ServerSpec::Exec(exec) = &mut spec {
                        exec.listen = listen;
                    }
                    (spec, info)
                }
                ExternalServer::Target => target(named.text, named.label)?,
            });
        }
        Ok(server_specs)
    }

    /// A line for each model of the groups named that this machine cannot run.
    pub(crate) fn left_out(&self, app: App<'_>) -> Vec<String> {
        let groups = self.model.iter().flat_map(|name| group(app, name));
        let mut notes: Vec<String> = groups.filter_map(reason_to_leave_out).collect();
        notes.dedup();
        notes
    }

    /// The models named, each once, in the order given.
    fn models<'a>(&self, app: App<'a>) -> anyhow::Result<Vec<&'a dyn ServeModel>> {
        if self.model.is_empty() && !self.is_empty() {
            return Ok(Vec::new());
        }
        if self.model.is_empty() {
            return Ok(measured_by_default(app));
        }
        let mut models: Vec<&dyn ServeModel> = Vec::new();
        for name in &self.model {
            for model in named(app, name)? {
                if !models.iter().any(|known| known.name() == model.name()) {
                    models.push(model);
                }
            }
        }
        Ok(models)
    }
}

/// The models that are measured where no server is named.
fn measured_by_default<'a>(app: App<'a>) -> Vec<&'a dyn ServeModel> {
    let models = app.models.iter().copied();
    models
        .filter(|model| model.group() != Group::Modern && model.unavailable().is_none())
        .collect()
}

/// The models of a group that this machine can run, or the model with this name or alias.
fn named<'a>(app: App<'a>, name: &str) -> Result<Vec<&'a dyn ServeModel>, Error> {
    let group = group(app, name);
    if group.is_empty() {
        return Ok(vec![find_runnable_model(app, name)?]);
    }
    let runnable = group.iter().filter(|model| model.unavailable().is_none());
    let runnable: Vec<_> = runnable.copied().collect();
    match group.first() {
        // It says why that one cannot run.
        Some(first) if runnable.is_empty() => Ok(vec![find_runnable_model(app, first.name())?]),
        _ => Ok(runnable),
    }
}

/// The models of a group, or all; none if it is not the name of a group.
fn group<'a>(app: App<'a>, name: &str) -> Vec<&'a dyn ServeModel> {
    let models = app.models.iter().copied();
    let is_named = |model: &&dyn ServeModel| name == ALL_MODELS || model.group().name() == name;
    models.filter(is_named).collect()
}

fn reason_to_leave_out(model: &dyn ServeModel) -> Option<String> {
    let reason = model.unavailable()?;
    Some(format!("{} is left out: {reason}", model.name()))
}

/// A line on how to measure the models that are not measured where no server is named.
pub(crate) fn hint_at_other_models(app: App<'_>) -> Option<String> {
    let measured = measured_by_default(app);
    let is_measured =
        |model: &dyn ServeModel| measured.iter().any(|known| known.name() == model.name());
    let others = app.models.iter().filter(|model| !is_measured(**model));
    let others: Vec<&str> = others.map(|model| model.name()).collect();
    (!others.is_empty()).then(|| {
        let others = others.join(", ");
        format!("measures the classic models; --model {ALL_MODELS} adds {others}")
    })
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
        listen: Ipv4Addr::LOCALHOST.into(),
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
