//! A trial under attack: what the server held before anybody came, and when all had gone.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::catalogue::Attack;
use super::running_attack::RunningAttack;
use crate::error::Error;
use crate::process::{HeldResources, RunningServer};
use crate::record::Residue;

/// How long the hostile clients are alone with the server, so that they are there first.
const AHEAD: Duration = Duration::from_millis(300);
/// How long a server may take to give back what clients held that are gone.
const GIVE_BACK: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);

/// A case of several, calm or under attack.
pub struct LeakCheck {
    /// What the server held; `None` where it cannot be seen.
    before: Option<HeldResources>,
    attack: Option<RunningAttack>,
}

impl LeakCheck {
    /// Reads what the server holds, then starts the attack, if there is one.
    pub(crate) fn begin(
        attack: Option<&'static Attack>,
        server: Option<&RunningServer>,
        target: SocketAddr,
    ) -> Result<LeakCheck, Error> {
        let before = settled(server, |_| true)?;
        let attack = attack
            .map(|attack| RunningAttack::start(attack, target))
            .transpose();
        let attack = attack.map_err(Error::Load)?;
        if let Some(attack) = &attack {
            let until = Instant::now() + GIVE_BACK;
            while attack.connections() == 0 && Instant::now() < until {
                thread::sleep(LOOK);
            }
            thread::sleep(AHEAD);
        }
        Ok(LeakCheck { before, attack })
    }

    /// Stops the attack when all other clients have left; returns the hostile connections, and what the server has kept.
    pub(crate) fn end(
        self,
        server: Option<&RunningServer>,
    ) -> Result<(Option<u64>, Option<Residue>), Error> {
        let connections = self.attack.map(RunningAttack::stop);
        let Some(before) = self.before else {
            return Ok((connections, None));
        };
        let given_back = |holds: &HeldResources| {
            holds.descriptors <= before.descriptors && holds.processes <= before.processes
        };
        let residue = settled(server, given_back)?.map(|after| Residue {
            descriptors: [before.descriptors, after.descriptors],
            processes: [before.processes, after.processes],
            threads: [before.threads, after.threads],
            pss_bytes: [before.pss_bytes, after.pss_bytes],
        });
        Ok((connections, residue))
    }
}

/// What the server holds as soon as it no longer changes and `enough`, or when its time is over.
fn settled(
    server: Option<&RunningServer>,
    enough: impl Fn(&HeldResources) -> bool,
) -> Result<Option<HeldResources>, Error> {
    let Some(server) = server else {
        return Ok(None);
    };
    let holds = || server.holds().map_err(Error::Load);
    let until = Instant::now() + GIVE_BACK;
    let mut last = holds()?;
    loop {
        thread::sleep(LOOK);
        let now = holds()?;
        let same = (now.descriptors, now.processes) == (last.descriptors, last.processes);
        if (same && enough(&now)) || Instant::now() >= until {
            return Ok(Some(now));
        }
        last = now;
    }
}
