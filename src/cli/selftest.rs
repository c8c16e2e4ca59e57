//! `rpcbench selftest`: measures servers of known behaviour, and says whether the figures are
//! right on this machine.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::interrupt::Interrupt;
use super::output::{print, say};
use super::progress::Progress;
use super::session::INTERRUPTED;
use crate::measure::environment;
use crate::measure::session::now;
use crate::record::{SELFTEST_FOLDER, SelftestCheck, SelftestResult};
use crate::report::selftest::{json, text};
use crate::selftest::{Bench, Length, Selftest, checks};

/// The exit code if a check fails.
const FAILED: u8 = 5;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shorter windows: at most 40 s instead of 2 min
    #[arg(long)]
    quick: bool,
    /// Output: text or json
    #[arg(long, default_value = "text", value_parser = ["text", "json"], value_name = "FORMAT", hide_possible_values = true)]
    format: String,
    /// Do not keep the result, which records of this machine and build name
    #[arg(long)]
    no_save: bool,
}

/// Runs all checks, keeps the result, and prints it.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let time = now();
    let interrupt = Interrupt::catch().context("cannot catch Ctrl-C")?;
    let mut progress = Progress::new(&interrupt);
    let selftest = Selftest {
        checks: checks::ALL,
        length: if args.quick {
            Length::Quick
        } else {
            Length::Full
        },
    };
    let results = selftest.run(&mut Bench {
        observer: &mut progress,
        adjust: &mut |_, _| {},
    });
    progress.finish();
    if let Some(error) = results.error {
        return Err(error.into());
    }
    let is_complete = !results.interrupted;
    if is_complete && !args.no_save {
        save(time, args.quick, &results.checks);
    }
    let shown = match args.format.as_str() {
        "json" => json(&results.checks)?,
        _ => text(&results.checks, selftest.checks.len()),
    };
    print(&shown)?;
    Ok(if !is_complete {
        ExitCode::from(INTERRUPTED)
    } else if results.checks.iter().all(|check| check.ok) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    })
}

/// Keeps the result. It was not asked for, so a folder that cannot be written is a warning.
fn save(time: String, quick: bool, checks: &[SelftestCheck]) {
    let result = SelftestResult {
        schema: SelftestResult::SCHEMA.to_owned(),
        time,
        quick,
        tool: environment::tool(),
        environment: environment::machine(),
        checks: checks.to_vec(),
    };
    match result.save(Path::new(SELFTEST_FOLDER)) {
        Ok(path) => say(&format!("result: {}", path.display())),
        Err(error) => say(&format!(
            "rpcbench: warning: {error}; this result is not kept"
        )),
    }
}
