//! A trial under attack: what the server held before anybody came, and when all had gone.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::Seat;
use crate::error::Error;
use crate::harness::{Holds, Running};
use crate::hostile::Siege;
use crate::record::Residue;

/// How long the hostile clients are alone with the server, so that they are there first.
const AHEAD: Duration = Duration::from_millis(300);
/// How long a server may take to give back what clients held that are gone.
const GIVE_BACK: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);

/// A case of several, calm or under attack.
pub(super) struct Besieged {
    /// What the server held; `None` where it cannot be seen.
    before: Option<Holds>,
    siege: Option<Siege>,
}

impl Besieged {
    /// Looks at the server and begins the attack, if the seat is a case of several at all.
    pub(super) fn begin(
        seat: &Seat,
        server: Option<&Running>,
        target: SocketAddr,
    ) -> Result<Option<Besieged>, Error> {
        if seat.scenario.is_none() {
            return Ok(None);
        }
        let before = settled(server, |_| true)?;
        let siege = seat.attack.map(|attack| attack.begin(target)).transpose();
        let siege = siege.map_err(Error::Load)?;
        if let Some(siege) = &siege {
            let until = Instant::now() + GIVE_BACK;
            while siege.connections() == 0 && Instant::now() < until {
                thread::sleep(LOOK);
            }
            thread::sleep(AHEAD);
        }
        Ok(Some(Besieged { before, siege }))
    }

    /// Lifts the siege when all others have gone too: the hostile connections, and what is left.
    pub(super) fn end(
        self,
        server: Option<&Running>,
    ) -> Result<(Option<u64>, Option<Residue>), Error> {
        let connections = self.siege.map(Siege::lift);
        let Some(before) = self.before else {
            return Ok((connections, None));
        };
        let given_back = |holds: &Holds| {
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
    server: Option<&Running>,
    enough: impl Fn(&Holds) -> bool,
) -> Result<Option<Holds>, Error> {
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
