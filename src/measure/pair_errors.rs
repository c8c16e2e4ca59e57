//! Errors of the trials of a check: which are failures of the server that is measured, and which end
//! the check.

use super::pair_plan::PairPlan;
use super::server_spec::ServerSpec;
use crate::check::Failure;
use crate::error::Error;
use crate::process::is_build;
use crate::record::FailureKind;

/// The failure of a server that this error means. `has_started`: it has been ready before.
///
/// # Errors
/// Where the reason is not the server's, where there is no baseline to compare with, and where the
/// program of a candidate cannot be executed at all (behind a shell it is one that does not start).
pub(super) fn failure_of(
    error: Error,
    is_candidate: bool,
    has_started: bool,
) -> Result<Failure, Error> {
    match &error {
        Error::Died { what, .. } => Ok(Failure::of_server(FailureKind::Died, what.clone())),
        Error::NotReady { what, .. } if is_candidate || has_started => {
            Ok(Failure::of_server(FailureKind::NotStarted, what.clone()))
        }
        Error::Start { source, .. } if has_started => Ok(Failure::of_server(
            FailureKind::NotStarted,
            source.to_string(),
        )),
        _ => Err(error),
    }
}

/// The error of a baseline that is another program, instead of what that program said.
pub(super) fn of_baseline(plan: &PairPlan, error: Error) -> Error {
    let Error::NotReady {
        contestant, what, ..
    } = &error
    else {
        return error;
    };
    let mut loads = plan.parts.iter().flat_map(|part| &part.loads);
    let program = loads.find_map(|load| match &load.baseline.server_spec {
        ServerSpec::Server(program) if program.name == *contestant => program.command.first(),
        _ => None,
    });
    match program.filter(|program| !is_build(program)) {
        Some(program) => Error::NotABuild {
            program: program.display().to_string(),
            what: what.clone(),
        },
        None => error,
    }
}
