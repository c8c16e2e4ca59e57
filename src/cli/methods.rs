//! Refuses methods that the servers do not have.

use anyhow::Context;

use super::app::App;
use super::near::near;
use crate::error::Error;
use crate::measure::{Case, ServerSpec};
use crate::record::LoadSpec;

/// Refuses a method that the service of this program does not have, for the servers that serve
/// with it. Other servers may have any method.
pub(crate) fn refuse_unknown_methods<'a>(
    app: App<'_>,
    cases: impl IntoIterator<Item = &'a Case>,
) -> anyhow::Result<()> {
    let Some(known) = app.service.methods() else {
        return Ok(());
    };
    let own = cases
        .into_iter()
        .filter(|case| matches!(case.server_spec, ServerSpec::Server(_)));
    for case in own {
        let mut called = methods(&case.load);
        let Some(unknown) = called.find(|method| !known.contains(method)) else {
            continue;
        };
        let error = Err(Error::UnknownMethod {
            name: unknown.to_owned(),
            known: known.join(", "),
            near: near(unknown, known.iter().copied()).map(str::to_owned),
        });
        return match &case.scenario {
            Some(scenario) => error.with_context(|| format!("scenario {scenario}")),
            None => Ok(error?),
        };
    }
    Ok(())
}

/// The methods that a load calls.
fn methods(load: &LoadSpec) -> impl Iterator<Item = &str> {
    let alternate = load.alternate.iter().map(|other| other.method.as_str());
    std::iter::once(load.method.as_str()).chain(alternate)
}
