//! The options for a load that several generators make.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use super::times;
use crate::cli::usage::UsageError;
use crate::load::LoadPart;
use crate::measure::{Case, ServerSpec};

/// The latest common start.
const MOST_AHEAD: Duration = Duration::from_secs(86_400);

/// Options of a load that several generators make.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Generators")]
pub(crate) struct RanksArgs {
    /// Make one part of the load of a --target, as generator K of N, counted from 0; rpcbench merge
    /// adds the records
    #[arg(long, conflicts_with_all = ["slo", "suite", "budget", "resume"], value_name = "K/N", hide_short_help = true)]
    pub(crate) rank: Option<LoadPart>,
    /// Time at which all ranks begin: 2026-11-27T20:30:00Z, or seconds since 1970
    #[arg(long, value_parser = times::moment, value_name = "TIME", hide_short_help = true)]
    pub(crate) start_at: Option<SystemTime>,
    /// IP address that the started servers listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "IP", hide_short_help = true)]
    pub(crate) listen_address: IpAddr,
}

impl RanksArgs {
    /// The seed that all ranks have in common without --seed: their start in seconds.
    pub(crate) fn seed(&self) -> Option<u64> {
        let since = self.start_at?.duration_since(SystemTime::UNIX_EPOCH);
        Some(since.as_ref().map_or(0, Duration::as_secs))
    }

    /// Lets the cases be a part of a load.
    ///
    /// # Errors
    /// When they are not one trial of one load of a running server.
    pub(crate) fn set(&self, cases: &mut [Case], rounds: usize) -> Result<(), UsageError> {
        let part = match (self.rank, self.start_at) {
            (None, None) => return Ok(()),
            (Some(part), Some(_)) => part,
            (None, Some(_)) => {
                return Err(UsageError(
                    "--start-at is the common start of several ranks: give --rank K/N too"
                        .to_owned(),
                ));
            }
            (Some(_), None) => {
                return Err(UsageError(
                    "--rank needs the common start of all ranks: --start-at TIME".to_owned(),
                ));
            }
        };
        let [case] = cases else {
            let count = cases.len();
            return Err(UsageError(format!(
                "--rank measures one server under one load, and this command has {count}: name one --target, one --clients and one --rate"
            )));
        };
        if rounds != 1 || case.rate_spec.is_some() {
            return Err(UsageError(
                "--rank measures one trial of a load without pilots: give --trials 1, and a --rate instead of a share"
                    .to_owned(),
            ));
        }
        if !matches!(case.server_spec, ServerSpec::Target(_)) {
            return Err(UsageError(
                "--rank needs a --target: start the server first, once for all ranks".to_owned(),
            ));
        }
        let ahead = self
            .start_at
            .and_then(|at| at.duration_since(SystemTime::now()).ok());
        if ahead.is_some_and(|ahead| ahead > MOST_AHEAD) {
            return Err(UsageError(
                "--start-at is more than a day ahead: give a time in UTC such as 2026-11-27T20:30:00Z, or seconds since 1970"
                    .to_owned(),
            ));
        }
        has_clients_for(part.ranks, case)?;
        case.generator.part = part;
        case.generator.start_at = self.start_at;
        Ok(())
    }
}

/// Refuses more generators than clients.
pub(crate) fn has_clients_for(ranks: usize, case: &Case) -> Result<(), UsageError> {
    let clients = case.load.clients;
    if clients < ranks {
        return Err(UsageError(format!(
            "{clients} clients for {ranks} ranks: give at least one client per rank (--clients)"
        )));
    }
    Ok(())
}
