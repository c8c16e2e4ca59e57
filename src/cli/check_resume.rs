//! `check --resume`: adds pairs to a check that has not decided.

use std::path::Path;
use std::time::Duration;

use clap::Parser;

use super::app::App;
use super::check_plan::{Args, plan_of};
use super::resume::{is_of_this_build_and_machine, refuse_options_except};
use super::usage::UsageError;
use crate::cli::{Cli, Command};
use crate::measure::program_files::{changed, program_files};
use crate::measure::session::now;
use crate::measure::{EarlierCheck, PairPlan, Session};
use crate::record::{EndedBy, Method, Outcome, Record};

/// The options that it allows: those of the output, and how long it goes on.
const ALLOWED: [&str; 10] = [
    "resume",
    "budget",
    "pairs",
    "inconclusive",
    "format",
    "out",
    "save",
    "no_save",
    "asserts",
    "exit_code",
];

/// The check of a record, to be continued with its own command, rates and pairs.
pub(super) fn resume(
    app: App<'_>,
    args: &Args,
    path: &Path,
) -> anyhow::Result<(PairPlan, Session)> {
    refuse_options_except(app, Some("check"), &ALLOWED)?;
    let record = Record::read(path)?;
    let refused = |reason: &str| UsageError(format!("--resume {}: {reason}", path.display()));
    let check = record.check.filter(|check| check.method == Method::Anytime);
    let Some(check) = check else {
        return Err(refused("it has no pairs of a check that could go on").into());
    };
    if check.ended_by == Some(EndedBy::Decided) {
        return Err(refused("its pairs have decided; there is nothing to resume").into());
    }
    is_of_this_build_and_machine(&record.tool, &record.environment).map_err(refused)?;
    if let Some(file) = changed(&check.programs) {
        let path = file.path.display();
        return Err(refused(&format!(
            "{path} has changed since, so its pairs are of another build; run the check anew"
        ))
        .into());
    }
    let parsed = Cli::try_parse_from(&record.command).ok();
    let Some(Command::Check(own)) = parsed.and_then(|cli| cli.command) else {
        return Err(refused("its command is not a check").into());
    };
    let mut plan = plan_of(app, &own, args.budget().or(own.budget()))?;
    if program_files(plan.all_cases()) != check.programs {
        return Err(refused(
            "its commands name other files here; resume it in the folder that it was started in",
        )
        .into());
    }
    let open = check.parts.iter();
    let open = open.filter(|part| part.outcome == Outcome::Inconclusive);
    let pairs = open.map(|part| part.pairs.len()).min();
    // Another budget is for pairs beyond the limit that the check had.
    let limit = plan.rules.most_pairs.filter(|_| args.budget().is_none());
    plan.rules.most_pairs = args.pairs().or(limit);
    if plan
        .rules
        .most_pairs
        .is_some_and(|most| Some(most) <= pairs)
    {
        return Err(refused(&format!(
            "it has {} pairs already: give a larger --pairs, or a --budget",
            pairs.unwrap_or_default()
        ))
        .into());
    }
    plan.seed = record.seed;
    plan.before = EarlierCheck {
        parts: check.parts,
        cells: record.cells,
        pilots: record.pilots,
        warmup: record.warmup,
        took: Duration::from_secs_f64(check.took_s.unwrap_or_default().max(0.0)),
    };
    let mut session = Session::new(record.command);
    session.started = record.started;
    session.scenarios = record.scenarios;
    let asserts = record.asserts.into_iter();
    session.asserts = asserts.map(|info| info.assertion).collect();
    session.resumed = record.resumed;
    session.resumed.push(now());
    Ok((plan, session))
}
