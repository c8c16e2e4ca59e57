//! A load, with the scenario that it belongs to.

use super::numbers::Bytes;
use super::server::ServerArgs;
use crate::attack::AttackMode;
use crate::cli::usage::UsageError;
use crate::load::GeneratorConfig;
use crate::measure::{Case, ServerSpec};
use crate::protocol::{HEADER_BYTES, WorkParams};
use crate::record::{LoadSpec, Role, ServerIdentity};
use crate::scenario::RateSpec;

/// The case of a server under a load, in one role of a pair: baseline or candidate.
pub(crate) fn case_of(
    (server_spec, info): &(ServerSpec, ServerIdentity),
    load: &NamedLoad,
    role: Role,
) -> Case {
    let mut info = info.clone();
    info.role = Some(role);
    Case {
        label: info.name.clone(),
        server_spec: server_spec.clone(),
        info,
        load: load.load.clone(),
        generator: load.generator,
        scenario: load.scenario.clone(),
        attack_mode: AttackMode::Off,
        rate_spec: load.rate_spec,
        peers: None,
    }
}

/// A load to measure, with the scenario that it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct NamedLoad {
    pub(crate) scenario: Option<String>,
    pub(crate) load: LoadSpec,
    pub(crate) generator: GeneratorConfig,
    pub(crate) rate_spec: Option<RateSpec>,
}

/// Refuses a request that is longer than the server accepts.
pub(crate) fn fits_frame(request_bytes: usize, server: &ServerArgs) -> Result<(), UsageError> {
    at_most_a_frame("request", (request_bytes - HEADER_BYTES) as u64, server)
}

/// Refuses a handler whose reply is longer than the server sends: each reply would be an error.
pub(crate) fn reply_fits_frame(
    method: &str,
    params: Option<&str>,
    server: &ServerArgs,
) -> Result<(), UsageError> {
    let work = params.filter(|_| method == "work");
    match work.map(|params| WorkParams::parse(params, u64::MAX)) {
        Some(Ok(work)) => at_most_a_frame("reply", work.reply_body_bytes(), server),
        // Other replies are not known, and the server refuses faulty params.
        Some(Err(_)) | None => Ok(()),
    }
}

fn at_most_a_frame(what: &str, bytes: u64, server: &ServerArgs) -> Result<(), UsageError> {
    let most = server.max_frame_bytes();
    if bytes > most as u64 {
        let most = Bytes(most);
        return Err(UsageError(format!(
            "a {what} of {bytes} bytes is over --max-frame {most}"
        )));
    }
    Ok(())
}
