//! `rpcbench check`: checks whether a change made a server slower.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use super::app::App;
use super::check_codes::{CheckCodes, code, without_verdict};
pub(crate) use super::check_plan::{Args, defaults, plan};
use super::check_resume;
use super::output::{print, say, write_file};
use super::session::session;
use super::usage::UsageError;
use crate::findings::assertions::worst;
use crate::record::{CheckInfo, Outcome, Record};
use crate::report::Form;
use crate::report::check::ALL;

/// Measures in pairs and prints the verdict, which is also the exit code.
pub(crate) fn run(app: App<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let form = form(&args.format)?;
    if args.exit_code == CheckCodes::Bisect && args.inconclusive == "pass" {
        return Err(UsageError(
            "--inconclusive pass would tell git bisect that an undecided commit is good; without it \
             such a commit is skipped"
                .to_owned(),
        )
        .into());
    }
    let (plan, mut session) = match &args.resume {
        Some(path) => check_resume::resume(app, args, path)?,
        None => (plan(app, args)?, session()),
    };
    for condition in &args.conditions.asserts {
        if !session.asserts.contains(condition) {
            session.asserts.push(condition.clone());
        }
    }
    session.file = args.save.file(&session.started, args.resume.as_deref());
    args.servers.left_out(app).iter().for_each(|note| say(note));
    let run = super::session::run(&session, &plan)?;
    if run.has_failed() {
        return run.end(Ok(()), ExitCode::FAILURE);
    }
    let Some(check) = run.record.check.as_ref().filter(|_| !run.interrupted) else {
        say(match run.interrupted {
            true => "rpcbench: interrupted before the check was complete: no verdict",
            false => {
                "rpcbench: not one pair fitted into the budget: no verdict; give a longer --budget"
            }
        });
        return run.end(Ok(()), without_verdict(args.exit_code));
    };
    let code = code(
        args.exit_code,
        check.outcome,
        is_measured(check),
        worst(&run.record.asserts),
        // A candidate that fails where the baseline does not is no noise.
        args.inconclusive == "pass" && !fails(check),
    );
    // The files are written even if nothing can be printed.
    let printed = print(&form.render(&run.record, check));
    let written = write_files(args.out.as_deref(), &run.record, check);
    let shown = printed.and(written).and(add_to_summary(&run.record));
    run.end(shown, code)
}

/// Whether a pair has a figure of both sides.
fn is_measured(check: &CheckInfo) -> bool {
    let pairs = check.parts.iter().flat_map(|part| &part.pairs);
    let mut loads = pairs.flat_map(|pair| &pair.loads);
    loads.any(|load| !load.values.is_empty())
}

/// Whether failures of the candidate rule out a pass.
fn fails(check: &CheckInfo) -> bool {
    let reliability = check
        .parts
        .iter()
        .filter_map(|part| part.reliability.as_ref());
    reliability
        .into_iter()
        .any(|reliability| reliability.outcome == Outcome::Inconclusive)
}

/// Writes the check in all formats to this folder, if there is one.
fn write_files(folder: Option<&Path>, record: &Record, check: &CheckInfo) -> anyhow::Result<()> {
    let Some(folder) = folder else {
        return Ok(());
    };
    for form in ALL {
        let text = anstream::adapter::strip_str(&form.render(record, check)).to_string();
        write_file(&folder.join(form.file()), &text)?;
    }
    Ok(())
}

fn form(name: &str) -> Result<&'static dyn Form, UsageError> {
    let names = || {
        ALL.iter()
            .map(|form| form.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let found = ALL.iter().find(|form| form.name() == name).copied();
    found.ok_or_else(|| {
        UsageError(format!(
            "unknown format {name:?}: choose one of {}",
            names()
        ))
    })
}

/// On GitHub Actions, adds the Markdown to the summary page of the job.
fn add_to_summary(record: &Record) -> anyhow::Result<()> {
    let (Some(path), Some(check)) = (std::env::var_os("GITHUB_STEP_SUMMARY"), &record.check) else {
        return Ok(());
    };
    let markdown = ALL.iter().find(|form| form.name() == "markdown");
    let text = markdown.map(|form| form.render(record, check));
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .with_context(|| format!("cannot write the step's summary to {}", path.display()))?;
    Ok(file.write_all(text.unwrap_or_default().as_bytes())?)
}
