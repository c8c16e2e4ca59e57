//! Messages between the ranks, by MPI. The only file that calls it.
//!
//! Nothing here waits without a limit: messages are probed for, since a rank that waits inside MPI
//! uses a whole core, and cannot notice that another one is gone.

use std::thread;
use std::time::{Duration, Instant};

use mpi::environment::Universe;
use mpi::point_to_point::MatchedReceiveVec;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Source};
use mpi::{Rank, Threading};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

/// How often a message is probed for.
const POLL: Duration = Duration::from_millis(1);

/// The link of this rank to the others.
pub(super) struct MpiLink {
    world: SimpleCommunicator,
    // Finalizes MPI when it is dropped.
    _universe: Universe,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// An order or a reply.
    Message = 1,
    /// A share.
    Share = 2,
    /// A reading of a clock, or the question for it.
    Clock = 3,
}

impl MpiLink {
    /// Initializes MPI.
    pub(super) fn new() -> Result<MpiLink, Error> {
        let failed = |what: &str| Error::Load(std::io::Error::other(what.to_owned()));
        let started = mpi::initialize_with_threading(Threading::Funneled);
        let (universe, threading) = started.ok_or_else(|| failed("MPI has been started before"))?;
        if threading < Threading::Funneled {
            return Err(failed("this MPI does not allow threads beside it"));
        }
        Ok(MpiLink {
            world: universe.world(),
            _universe: universe,
        })
    }

    pub(super) fn rank(&self) -> usize {
        usize::try_from(self.world.rank()).unwrap_or(0)
    }

    pub(super) fn ranks(&self) -> usize {
        usize::try_from(self.world.size()).unwrap_or(1)
    }

    /// Sends a message. The engine buffers short ones; a long one waits for its receiver, which
    /// the watchdog limits.
    pub(super) fn send(&self, to: usize, tag: Tag, message: &impl Serialize) -> Result<(), Error> {
        let bytes = serde_json::to_vec(message).map_err(|error| Error::Load(error.into()))?;
        let process = self.world.process_at_rank(Rank::try_from(to).unwrap_or(0));
        process.send_with_tag(&bytes[..], tag as i32);
        Ok(())
    }

    /// The next message with this tag from any rank, and which one; `None` if none is there.
    pub(super) fn poll(&self, tag: Tag) -> Option<(usize, Vec<u8>)> {
        let any = self.world.any_process();
        let probed = any.immediate_matched_probe_with_tag(tag as i32)?;
        let from = usize::try_from(probed.1.source_rank()).unwrap_or(0);
        let (bytes, _) = probed.matched_receive_vec::<u8>();
        Some((from, bytes))
    }

    /// Waits for a message with this tag until `until`. With `at_once` it uses a core.
    pub(super) fn receive(
        &self,
        tag: Tag,
        until: Instant,
        at_once: bool,
    ) -> Option<(usize, Vec<u8>)> {
        loop {
            let message = self.poll(tag);
            if message.is_some() || Instant::now() >= until {
                return message;
            }
            if !at_once {
                thread::sleep(POLL);
            }
        }
    }

    /// Ends all ranks.
    pub(super) fn abort(&self) -> ! {
        self.world.abort(1)
    }
}

/// Reads a message.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes)
        .map_err(|error| format!("sent a message that is damaged: {error}"))
}
