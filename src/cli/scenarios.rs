//! `rpcbench scenarios`: lists the scenarios and suites.

use std::io::Write;
use std::process::ExitCode;

use serde_json::json;

use crate::scenario::catalogue::ALL;
use crate::scenario::suite::SUITES;
use crate::scenario::{Scenario, Suite};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print the file of this scenario or suite, as a template for your own
    #[arg(value_name = "NAME", conflicts_with = "format")]
    name: Option<String>,
    /// Format: text or json
    #[arg(long, default_value = "text", value_parser = ["text", "json"], hide_possible_values = true)]
    format: String,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    if let Some(name) = &args.name {
        let known = ALL.iter().chain(SUITES).find(|(known, _)| known == name);
        let text = match known {
            Some((_, text)) => text,
            // This error lists the known names.
            None => {
                return Err(Scenario::find(name).map(drop).err().map_or_else(
                    || {
                        super::usage::UsageError(format!(
                            "{name} is a file, not the name of a scenario or suite"
                        ))
                        .into()
                    },
                    anyhow::Error::from,
                ));
            }
        };
        write!(out, "{text}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let scenarios = ALL.iter().map(|(name, _)| Scenario::find(name));
    let scenarios: Vec<Scenario> = scenarios.collect::<Result<_, _>>()?;
    let suites = SUITES.iter().map(|(name, _)| Suite::find(name));
    let suites: Vec<Suite> = suites.collect::<Result<_, _>>()?;
    if args.format == "json" {
        let list = json!({
            "scenarios": scenarios.iter().map(|scenario| json!({
                "name": scenario.name,
                "about": scenario.about,
                "reads": scenario.reads,
                "clients": scenario.clients,
            })).collect::<Vec<_>>(),
            "suites": suites.iter().map(|suite| json!({
                "name": suite.name,
                "about": suite.about,
                "trials": suite.trials,
                "scenarios": suite.entries.iter().map(|entry| &entry.name).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        });
        writeln!(out, "{}", serde_json::to_string_pretty(&list)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(
        out,
        "Scenarios (--scenario NAME,…; rpcbench scenarios NAME prints its file):"
    )?;
    for scenario in &scenarios {
        writeln!(out, "{}", entry(&scenario.name, &scenario.about))?;
    }
    writeln!(out, "\nSuites (--suite NAME):")?;
    for suite in &suites {
        writeln!(out, "{}", entry(&suite.name, &suite.about))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A name and its description, in lines of at most 80 columns.
fn entry(name: &str, about: &str) -> String {
    let first = format!("  {name:<12} ");
    let others = " ".repeat(15);
    let options = textwrap::Options::new(80)
        .initial_indent(&first)
        .subsequent_indent(&others);
    textwrap::fill(about, options)
}
