//! `rpcbench models`: lists the models.

use std::io::Write;
use std::process::ExitCode;

use serde::Serialize;

use super::app::App;
use crate::cli::args::servers::ALL_MODELS;
use crate::server::{Group, ServeModel};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Format: text or json
    #[arg(long, default_value = "text", value_parser = ["text", "json"], hide_possible_values = true)]
    format: String,
}

#[derive(Serialize)]
struct Model {
    name: &'static str,
    group: &'static str,
    aliases: &'static [&'static str],
    about: &'static str,
    workers_default: Option<usize>,
    accept: Vec<String>,
    is_serial: bool,
    busy_polls: bool,
    /// Why this machine cannot run it.
    unavailable: Option<String>,
}

pub(crate) fn run(app: App<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    if args.format == "json" {
        let models: Vec<Model> = app.models.iter().map(|model| describe(*model)).collect();
        writeln!(out, "{}", serde_json::to_string_pretty(&models)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    write!(out, "{}", list(app.models))?;
    for model in app.models {
        if let Some(reason) = model.unavailable() {
            let text = format!("{} cannot run here: {reason}", model.name());
            writeln!(out, "\n{}", textwrap::fill(&text, 80))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One line per model, group by group; also printed at the end of `--help`.
pub(crate) fn list(models: &[&dyn ServeModel]) -> String {
    let line = |model: &&dyn ServeModel| {
        let aliases = model.aliases().join(", ");
        format!("  {:<17} {:<16} {}\n", model.name(), aliases, model.about())
    };
    let group = |group: Group| {
        let models = models.iter().filter(|model| model.group() == group);
        let lines: String = models.map(line).collect();
        (!lines.is_empty()).then(|| format!("Models, {}:\n{lines}", group.name()))
    };
    Group::ALL.into_iter().filter_map(group).collect()
}

/// The values of `--model`: names, aliases and groups.
pub(crate) fn values(models: &[&dyn ServeModel]) -> Vec<&'static str> {
    let of = |group: &Group| models.iter().any(|model| model.group() == *group);
    let groups = Group::ALL.into_iter().filter(of).map(Group::name);
    let names = names(models).into_iter();
    names.chain(groups).chain([ALL_MODELS]).collect()
}

/// All names of the models, aliases included.
pub(crate) fn names(models: &[&dyn ServeModel]) -> Vec<&'static str> {
    let names = models.iter().map(|model| (model.name(), model.aliases()));
    names
        .flat_map(|(name, aliases)| std::iter::once(name).chain(aliases.iter().copied()))
        .collect()
}

fn describe(model: &dyn ServeModel) -> Model {
    let workers = model.workers();
    let cores = crate::measure::environment::cores();
    Model {
        name: model.name(),
        group: model.group().name(),
        aliases: model.aliases(),
        about: model.about(),
        workers_default: workers.map(|workers| workers.default.map_or(cores, usize::from)),
        accept: workers
            .map(|workers| workers.accept.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        is_serial: model.is_serial(),
        busy_polls: model.busy_polls(),
        unavailable: model.unavailable(),
    }
}
