//! A load, with the scenario that it belongs to.

use super::numbers::Bytes;
use super::server::ServerArgs;
use crate::attack::AttackMode;
use crate::cli::usage::UsageError;
use crate::load::GeneratorConfig;
use crate::measure::{Case, ServerSpec};
use crate::protocol::HEADER_BYTES;
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
        server_spec: server_spec.clone(),
        info,
        load: load.load.clone(),
        generator: load.generator,
        scenario: load.scenario.clone(),
        attack_mode: AttackMode::Off,
        rate_spec: None,
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
    let body = request_bytes - HEADER_BYTES;
    let most = server.max_frame_bytes();
    if body > most {
        let most = Bytes(most);
        return Err(UsageError(format!(
            "a request of {body} bytes is over --max-frame {most}"
        )));
    }
    Ok(())
}
