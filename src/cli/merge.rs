//! `rpcbench merge`: makes one record of those of the generators of a load.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueHint;

use super::measure::{exit_code, format};
use super::output::{print, say};
use crate::cli::args::save::SaveArgs;
use crate::cluster::merge::{Source, merge};
use crate::error::Error;
use crate::findings::assertions::evaluate;
use crate::record::{Assertion, Record};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Records of all ranks of one load
    #[arg(required = true, value_name = "RECORD", value_hint = ValueHint::FilePath)]
    records: Vec<PathBuf>,
    /// Output: text, json, csv or markdown
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    format: String,
    #[command(flatten)]
    save: SaveArgs,
}

/// Adds the records, saves the sum and prints it.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let format = format(&args.format)?;
    let read = |path: &PathBuf| Ok((path.clone(), Record::read(path)?));
    let sources: Result<Vec<Source>, Error> = args.records.iter().map(read).collect();
    let mut merged = merge(&sources?, std::env::args().collect())?;
    let record = &mut merged.record;
    // The parts have the same conditions, which are about the whole load.
    let conditions: Vec<Assertion> = record
        .asserts
        .iter()
        .map(|info| info.assertion.clone())
        .collect();
    record.asserts = evaluate(&conditions, &record.cells);
    let record = &merged.record;
    let file = args.save.file(&record.started, None);
    if let Some(file) = &file {
        record.write(file)?;
    }
    for warning in &merged.warnings {
        say(&format!("rpcbench: warning: {warning}"));
    }
    print(&format.render(record))?;
    if let Some(file) = &file {
        say(&format!("record: {}", file.display()));
    }
    Ok(exit_code(record, false))
}
