//! Starts, observes and stops a server in its own process, under a guard.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::counters::{MeterView, Reading};
use super::cpu_time::CpuTime;
use super::guard_link::GuardLink;
use super::machine::MachineUsage;
use super::memory::{self, PeakSize, UnderGuard};
use super::messages::{GRACE, Message, Ready, Report};
use super::procfs::{self, ProcessTable};
use super::program::{ReadyBy, ServerProgram};
use super::switches::Switches;
use crate::error::Error;

/// How long a server may take to become ready, and a guard to report its end.
const READY_TIME: Duration = Duration::from_secs(10);
/// Interval of connection attempts to a server that prints no ready line.
const CONNECT_RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// A listening server under a guard. It is killed on drop.
#[derive(Debug)]
pub struct RunningServer {
    program: ServerProgram,
    link: GuardLink,
    address: SocketAddr,
    /// Ready message and meter; `None` for another program's server.
    info: Option<ServerInfo>,
}

#[derive(Debug)]
struct ServerInfo {
    ready: Ready,
    meter: MeterView,
}

/// How a server ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerEnd {
    /// How, in words.
    pub how: String,
    /// Whether it ended with exit code 0 or, after a stop request, by SIGTERM or at the end of its drain.
    pub orderly: bool,
    /// Its exit code; `None` if a signal ended it.
    pub exit_code: Option<i32>,
    /// Processes that it had started and that still ran after its end; the guard has killed them.
    pub left_processes: u64,
    /// Voluntary context switches of it and of the children it reaped, over their lifetimes.
    pub ctx_voluntary: u64,
    /// Involuntary context switches, likewise.
    pub ctx_involuntary: u64,
}

/// CPU time and counters of a server's processes at one time.
#[derive(Debug, Clone)]
pub struct ServerUsage {
    /// When the CPU time had been read.
    pub read_at: Instant,
    /// CPU time of all its processes.
    pub cpu: CpuTime,
    /// CPU time of the machine that it runs on.
    pub machine: MachineUsage,
    /// The slots of its meter; empty if it has none.
    pub slots: Vec<Reading>,
    /// Context switches of its threads; `None` if it has too many threads.
    pub switches: Option<Switches>,
}

/// Resources of a server at one time, for leak checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldResources {
    /// Open descriptors of all its processes.
    pub descriptors: u64,
    /// Processes, zombies included.
    pub processes: u64,
    /// Threads.
    pub threads: u64,
    /// Memory of all its processes in bytes (PSS); `None` if it could not be read.
    pub pss_bytes: Option<u64>,
}

impl RunningServer {
    /// Starts the server and waits until it listens.
    ///
    /// # Errors
    /// When it cannot be started, ends, or is not ready within ten seconds;
    /// with the end of its stderr.
    pub fn start(program: &ServerProgram) -> Result<RunningServer, Error> {
        let failed = |source| Error::Start {
            contestant: program.name.clone(),
            source,
        };
        let not_ready = |what: String, link: &GuardLink| Error::NotReady {
            contestant: program.name.clone(),
            what,
            stderr: link.stderr(),
        };
        let mut link = GuardLink::to_new_guard(program).map_err(failed)?;
        let deadline = Instant::now() + READY_TIME;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = match program.ready {
                ReadyBy::Line => left,
                ReadyBy::Accepting(address) if accepts(address) => {
                    return Ok(RunningServer {
                        program: program.clone(),
                        link,
                        address,
                        info: None,
                    });
                }
                ReadyBy::Accepting(_) => left.min(CONNECT_RETRY_INTERVAL),
            };
            match link.next(wait) {
                Some(Message::Ready(ready)) if program.ready == ReadyBy::Line => {
                    let meter = MeterView::open(ready.pid, ready.meter_fd).map_err(failed)?;
                    let (program, address) = (program.clone(), ready.address);
                    return Ok(RunningServer {
                        program,
                        link,
                        address,
                        info: Some(ServerInfo { ready, meter }),
                    });
                }
                Some(Message::Guard(Report::Failed { reason })) => {
                    return Err(failed(io::Error::other(reason)));
                }
                Some(Message::Guard(Report::Ended { how, .. })) => {
                    return Err(not_ready(format!("{how} before it was ready"), &link));
                }
                None if left.is_zero() => {
                    return Err(not_ready(
                        format!("was not ready within {READY_TIME:?}"),
                        &link,
                    ));
                }
                Some(Message::OtherVersion(mismatch)) if program.ready == ReadyBy::Line => {
                    return Err(not_ready(
                        format!("sent a ready message of another version: {mismatch}"),
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

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its ready message; `None` for another program's server.
    pub fn ready(&self) -> Option<&Ready> {
        self.info.as_ref().map(|info| &info.ready)
    }

    /// Reads its CPU time and counters.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn usage(&self) -> io::Result<ServerUsage> {
        let slots = self.info.as_ref().map(|info| info.meter.read());
        let table = ProcessTable::read()?;
        let cpu = CpuTime::of_descendants(&table, self.guard_pid());
        let machine = MachineUsage::read(&table, self.guard_pid());
        Ok(ServerUsage {
            read_at: Instant::now(),
            cpu,
            machine,
            slots: slots.unwrap_or_default(),
            // After the CPU time, which must be read close to the edge of the window.
            switches: Switches::of_descendants(&table, self.guard_pid()),
        })
    }

    /// Takes its size into `peak`; memory only if `with_memory`, since reading that costs most.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn size(&self, peak: &mut PeakSize, with_memory: bool) -> io::Result<()> {
        let processes = UnderGuard(self.guard_pid());
        if with_memory {
            peak.read(&processes)
        } else {
            peak.list(&processes)
        }
    }

    /// Reads the memory of all its processes in bytes (PSS); `None` if its processes begin and end
    /// too fast for that.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn memory_bytes(&self) -> io::Result<Option<u64>> {
        let memory = memory::read(&UnderGuard(self.guard_pid()), &mut |_| {})?;
        Ok(memory.map(|memory| memory.bytes))
    }

    /// Reads the resources that it uses.
    ///
    /// # Errors
    /// When /proc cannot be read.
    pub fn holds(&self) -> io::Result<HeldResources> {
        let processes = procfs::descendants(self.guard_pid())?;
        let descriptors = processes
            .iter()
            .filter_map(|process| procfs::descriptors(process.pid));
        Ok(HeldResources {
            descriptors: descriptors.sum(),
            processes: processes.len() as u64,
            threads: processes.iter().map(|process| process.threads).sum(),
            pss_bytes: self.memory_bytes()?,
        })
    }

    /// How it ended; `None` while it runs.
    pub fn ended(&mut self) -> Option<ServerEnd> {
        self.wait_for_end(Duration::ZERO)
    }

    /// The error for an unexpected end.
    pub fn died(&self, ended: &ServerEnd) -> Error {
        let (contestant, what) = (self.program.name.clone(), ended.how.clone());
        Error::Died {
            contestant,
            what,
            stderr: self.link.stderr(),
        }
    }

    /// Requests a stop, without waiting.
    pub fn ask_to_stop(&mut self) {
        self.link.order_stop();
    }

    /// Requests a stop and waits for the end; the guard kills processes that do not stop.
    ///
    /// # Errors
    /// When the guard does not report the end.
    pub fn stop(mut self) -> Result<ServerEnd, Error> {
        self.ask_to_stop();
        let max = self.longest_stop();
        let contestant = self.program.name.clone();
        self.wait_for_end(max).ok_or(Error::Stop { contestant })
    }

    /// The longest time from a request to stop to its end.
    pub fn longest_stop(&self) -> Duration {
        self.program.drain + GRACE + READY_TIME
    }

    /// Waits for its end, at most `max`.
    pub fn wait_for_end(&mut self, max: Duration) -> Option<ServerEnd> {
        let deadline = Instant::now() + max;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.link.next(left) {
                Some(Message::Guard(Report::Ended {
                    how,
                    orderly,
                    exit_code,
                    left_processes,
                    ctx_voluntary,
                    ctx_involuntary,
                })) => {
                    return Some(ServerEnd {
                        how,
                        orderly,
                        exit_code,
                        left_processes,
                        ctx_voluntary,
                        ctx_involuntary,
                    });
                }
                // The guard's report of the start can come after the ready line of a fast server.
                Some(_) if !left.is_zero() => {}
                _ => return None,
            }
        }
    }

    fn guard_pid(&self) -> i32 {
        self.link.guard_pid()
    }
}

pub(crate) fn accepts(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, READY_TIME).is_ok()
}
