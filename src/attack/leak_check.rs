//! Compares the resources that a server holds before the first client connects and after all clients
//! have disconnected.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::mode::AttackMode;
use super::running_attack::RunningAttack;
use crate::error::Error;
use crate::process::{HeldResources, RunningServer};
use crate::record::Residue;

/// How long the attack runs before the well-behaved clients connect.
const HEAD_START: Duration = Duration::from_millis(300);
/// How long a server may take to release the resources of disconnected clients.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(10);
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// The check of one trial, with or without an attack.
pub struct LeakCheck {
    /// The server's resources before the load; `None` if they cannot be read.
    before: Option<HeldResources>,
    attack: Option<RunningAttack>,
}

impl LeakCheck {
    /// Reads the server's resources, then starts the attack, if there is one. `None` if the mode
    /// is off.
    pub(crate) fn begin(
        mode: AttackMode,
        server: Option<&RunningServer>,
        target: SocketAddr,
    ) -> Result<Option<LeakCheck>, Error> {
        if matches!(mode, AttackMode::Off) {
            return Ok(None);
        }
        let before = stable_resources(server, |_| true)?;
        let attack = mode
            .attack()
            .map(|attack| RunningAttack::start(attack, target))
            .transpose();
        let attack = attack.map_err(Error::Load)?;
        if let Some(attack) = &attack {
            let until = Instant::now() + RELEASE_TIMEOUT;
            while attack.connections() == 0 && Instant::now() < until {
                thread::sleep(CHECK_INTERVAL);
            }
            thread::sleep(HEAD_START);
        }
        Ok(Some(LeakCheck { before, attack }))
    }

    /// Stops the attack, and reads the server's resources again. Call it after the well-behaved
    /// clients have disconnected. Returns the number of hostile connections and the resources
    /// before and after.
    pub(crate) fn end(
        self,
        server: Option<&RunningServer>,
    ) -> Result<(Option<u64>, Option<Residue>), Error> {
        let connections = self.attack.map(RunningAttack::stop);
        let Some(before) = self.before else {
            return Ok((connections, None));
        };
        let is_released = |holds: &HeldResources| {
            holds.descriptors <= before.descriptors && holds.processes <= before.processes
        };
        let residue = stable_resources(server, is_released)?.map(|after| Residue {
            descriptors: [before.descriptors, after.descriptors],
            processes: [before.processes, after.processes],
            threads: [before.threads, after.threads],
            pss_bytes: [before.pss_bytes, after.pss_bytes],
        });
        Ok((connections, residue))
    }
}

/// Returns the server's resources when they are stable and `is_released`, or after
/// [`RELEASE_TIMEOUT`].
fn stable_resources(
    server: Option<&RunningServer>,
    is_released: impl Fn(&HeldResources) -> bool,
) -> Result<Option<HeldResources>, Error> {
    let Some(server) = server else {
        return Ok(None);
    };
    let holds = || server.holds().map_err(Error::Load);
    let until = Instant::now() + RELEASE_TIMEOUT;
    let mut last = holds()?;
    loop {
        thread::sleep(CHECK_INTERVAL);
        let now = holds()?;
        let is_stable = (now.descriptors, now.processes) == (last.descriptors, last.processes);
        if (is_stable && is_released(&now)) || Instant::now() >= until {
            return Ok(Some(now));
        }
        last = now;
    }
}
