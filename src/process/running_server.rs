//! Starts, watches and stops a contestant's server, in a process of its own under guard.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::counters::{MeterView, Reading};
use super::guard_link::GuardLink;
use super::messages::{GRACE, Message, Ready, Report};
use super::procfs;
use super::procfs::CpuTime;
use super::program::{ReadyBy, ServerProgram};
use crate::error::Error;

/// How long a server may take to be ready, and a guard to answer.
const READY_TIME: Duration = Duration::from_secs(10);
/// How often a server that prints no ready line is tried.
const TRY_AGAIN: Duration = Duration::from_millis(10);

/// A server that listens, under guard. Dropped, it is killed.
#[derive(Debug)]
pub struct RunningServer {
    contestant: ServerProgram,
    link: GuardLink,
    address: SocketAddr,
    /// What one of this program's servers has told of itself.
    told: Option<ServerInfo>,
}

#[derive(Debug)]
struct ServerInfo {
    ready: Ready,
    meter: MeterView,
}

/// How a contestant ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEnd {
    /// In words.
    pub how: String,
    /// Whether it was with exit code 0.
    pub orderly: bool,
    /// Voluntary context switches over its life and that of the children it reaped.
    pub ctx_voluntary: u64,
    /// Involuntary ones.
    pub ctx_involuntary: u64,
}

/// What a contestant's processes have used, and counted, at one moment.
#[derive(Debug, Clone)]
pub struct ServerUsage {
    /// CPU time of all its processes.
    pub cpu: CpuTime,
    /// Its meter; empty where it has none.
    pub slots: Vec<Reading>,
}

/// How large a contestant is at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerSize {
    /// Memory of all its processes, shared pages divided (PSS).
    pub pss_bytes: u64,
    /// Processes, zombies included.
    pub processes: u64,
    /// Threads.
    pub threads: u64,
}

/// What a contestant holds at one moment, that it may fail to give back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldResources {
    /// Open descriptors of all its processes.
    pub descriptors: u64,
    /// Processes, zombies included.
    pub processes: u64,
    /// Threads.
    pub threads: u64,
    /// Memory (PSS).
    pub pss_bytes: u64,
}

impl ServerSize {
    /// Takes over what is larger in `other`.
    pub fn grow(&mut self, other: &ServerSize) {
        self.pss_bytes = self.pss_bytes.max(other.pss_bytes);
        self.processes = self.processes.max(other.processes);
        self.threads = self.threads.max(other.threads);
    }
}

impl RunningServer {
    /// Starts the contestant and waits until it listens.
    ///
    /// # Errors
    /// When it cannot be started, ends, or is not ready in ten seconds: with
    /// the last that it wrote on stderr.
    pub fn start(contestant: &ServerProgram) -> Result<RunningServer, Error> {
        let failed = |source| Error::Start {
            contestant: contestant.name.clone(),
            source,
        };
        let not_ready = |what: String, link: &GuardLink| Error::NotReady {
            contestant: contestant.name.clone(),
            what,
            stderr: link.stderr(),
        };
        let mut link = GuardLink::to_new_guard(contestant).map_err(failed)?;
        let deadline = Instant::now() + READY_TIME;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = match contestant.ready {
                ReadyBy::Line => left,
                ReadyBy::Accepting(address) if accepts(address) => {
                    return Ok(RunningServer {
                        contestant: contestant.clone(),
                        link,
                        address,
                        told: None,
                    });
                }
                ReadyBy::Accepting(_) => left.min(TRY_AGAIN),
            };
            match link.next(wait) {
                Some(Message::Ready(ready)) if contestant.ready == ReadyBy::Line => {
                    let meter = MeterView::open(ready.pid, ready.meter_fd).map_err(failed)?;
                    let (contestant, address) = (contestant.clone(), ready.address);
                    return Ok(RunningServer {
                        contestant,
                        link,
                        address,
                        told: Some(ServerInfo { ready, meter }),
                    });
                }
                Some(Message::Guard(Report::Failed { reason })) => {
                    return Err(failed(io::Error::other(reason)));
                }
                Some(Message::Guard(Report::Ended { how, .. })) => {
                    return Err(not_ready(format!("{how} before it was ready"), &link));
                }
                None if left.is_zero() => {
                    return Err(not_ready(format!("was not ready in {READY_TIME:?}"), &link));
                }
                Some(Message::OtherVersion(theirs)) if contestant.ready == ReadyBy::Line => {
                    return Err(not_ready(
                        format!(
                            "is ready in the words of {theirs}, and this program knows {}: build both from versions that agree",
                            Ready::SCHEMA
                        ),
                        &link,
                    ));
                }
                Some(
                    Message::Ready(_)
                    | Message::OtherVersion(_)
                    | Message::Guard(Report::Started { .. }),
                )
                | None => {}
            }
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it said when it was ready, if it is of this program.
    pub fn ready(&self) -> Option<&Ready> {
        self.told.as_ref().map(|told| &told.ready)
    }

    /// What it has used and counted so far.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn usage(&self) -> io::Result<ServerUsage> {
        let slots = self.told.as_ref().map(|told| told.meter.read());
        Ok(ServerUsage {
            cpu: CpuTime::of_descendants(self.guard_pid())?,
            slots: slots.unwrap_or_default(),
        })
    }

    /// How large it is now; without its memory unless `with_memory`, which costs most.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn size(&self, with_memory: bool) -> io::Result<ServerSize> {
        let processes = procfs::descendants(self.guard_pid())?;
        let memory = |pid| {
            if with_memory {
                procfs::pss_bytes(pid).unwrap_or(0)
            } else {
                0
            }
        };
        Ok(ServerSize {
            pss_bytes: processes.iter().map(|process| memory(process.pid)).sum(),
            processes: processes.len() as u64,
            threads: processes.iter().map(|process| process.threads).sum(),
        })
    }

    /// What it holds now.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn holds(&self) -> io::Result<HeldResources> {
        let processes = procfs::descendants(self.guard_pid())?;
        let sum = |of: fn(i32) -> Option<u64>| {
            let each = processes.iter().filter_map(|process| of(process.pid));
            each.sum()
        };
        Ok(HeldResources {
            descriptors: sum(procfs::descriptors),
            processes: processes.len() as u64,
            threads: processes.iter().map(|process| process.threads).sum(),
            pss_bytes: sum(procfs::pss_bytes),
        })
    }

    /// How it has ended, if it has.
    pub fn ended(&mut self) -> Option<ServerEnd> {
        self.wait_for_end(Duration::ZERO)
    }

    /// The error for an end that nobody asked for.
    pub fn died(&self, ended: &ServerEnd) -> Error {
        let (contestant, what) = (self.contestant.name.clone(), ended.how.clone());
        Error::Died {
            contestant,
            what,
            stderr: self.link.stderr(),
        }
    }

    /// Asks it to stop, without waiting.
    pub fn ask_to_stop(&mut self) {
        self.link.order_stop();
    }

    /// Asks it to stop and waits until it has; the guard kills what does not.
    ///
    /// # Errors
    /// When the guard does not answer.
    pub fn stop(mut self) -> Result<ServerEnd, Error> {
        self.ask_to_stop();
        let most = self.contestant.drain + GRACE + READY_TIME;
        let contestant = self.contestant.name.clone();
        self.wait_for_end(most).ok_or(Error::Stop { contestant })
    }

    /// Waits for its end, at most so long.
    pub fn wait_for_end(&mut self, most: Duration) -> Option<ServerEnd> {
        match self.link.next(most) {
            Some(Message::Guard(Report::Ended {
                how,
                orderly,
                ctx_voluntary,
                ctx_involuntary,
            })) => Some(ServerEnd {
                how,
                orderly,
                ctx_voluntary,
                ctx_involuntary,
            }),
            _ => None,
        }
    }

    fn guard_pid(&self) -> i32 {
        self.link.guard_pid()
    }
}

pub(crate) fn accepts(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, READY_TIME).is_ok()
}
