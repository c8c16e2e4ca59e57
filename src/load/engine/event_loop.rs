//! The loop of one thread of the generator, without system calls: it waits through a [`Poller`]
//! and reports through a [`Host`]. Tests run it with a script and a fake clock.

use std::io;

use crate::load::client::ClientResult;
use crate::load::clients::core::Clients;
use crate::load::close_barrier::BarrierGuard;
use crate::load::effort::Effort;
use crate::load::pacer::planned::Pacer;
use crate::load::recorder::Recorder;
use crate::load::spinning::Spinning;
use crate::load::wakeup_timer::{Wait, WakeupTimer};
use crate::load::window::Window;
use crate::load::wire::{Clock, Wire};
use crate::sys::Priority;

/// Interval between two publications of the progress.
const PUBLISH_NS: u64 = 100_000_000;
/// Interval between two checks of the priority and of the core. A thread that sleeps longer is
/// not busy.
const CHECK_NS: u64 = 100_000_000;

/// What ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// The timer expired.
    Timer,
    /// Something happened to a connection.
    Connection {
        /// Its client.
        client: usize,
        /// Bytes, the end of the stream or an error can be read.
        readable: bool,
        /// The peer sends no more.
        read_closed: bool,
        /// Bytes can be written.
        writable: bool,
    },
}

/// How the loop waits.
pub trait Poller {
    /// Sets the timer, waits until something happens, and passes all that has happened to
    /// `handle`. It may return early.
    ///
    /// # Errors
    /// When waiting is impossible.
    fn wait(&mut self, wait: Wait, handle: impl FnMut(Ready)) -> io::Result<()>;
}

/// What the loop asks of the thread that runs it, and tells it.
pub trait Host {
    /// The effort of this thread since the load began.
    fn effort(&self) -> Effort;

    /// Gives a raised priority back if the thread is too busy for it. It is called about every
    /// 100 ms.
    fn check_priority(&self);

    /// The priority of this thread.
    fn priority(&self) -> Priority;

    /// Whether other threads take the core of this one. It is called about every 100 ms, and
    /// concerns the time since the last call.
    fn lacks_core(&self) -> bool;

    /// Publishes the progress.
    fn publish(&self, recorder: &Recorder, now_ns: u64);

    /// When the window ends, in nanoseconds since the load began: as planned, or earlier. An
    /// earlier end is inside the window and has not come yet when this first returns it.
    fn window_end_ns(&self) -> u64;

    /// When the sending ends, in nanoseconds since the load began. Before the end of the window
    /// counts as the end of the window.
    fn load_end_ns(&self) -> u64;

    /// Whether the loop shall end at once.
    fn is_cancelled(&self) -> bool;
}

/// When the phases of a load end, in nanoseconds since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phases {
    /// The measurement window.
    pub window: Window,
    /// When the rate falls; without an overload, the end of the window.
    pub overload_end_ns: u64,
    /// The latest end of the drain.
    pub drained_ns: u64,
}

impl Phases {
    /// The edges at which the effort is read.
    fn edges(&self) -> [u64; 3] {
        [self.window.from_ns, self.overload_end_ns, self.window.to_ns]
    }

    /// The phases when the window ends at `to_ns`; the drain is as long as before.
    fn ending_at(self, to_ns: u64) -> Phases {
        let drain_ns = self.drained_ns - self.window.to_ns;
        Phases {
            window: Window {
                to_ns,
                ..self.window
            },
            overload_end_ns: self.overload_end_ns.min(to_ns),
            drained_ns: to_ns + drain_ns,
        }
    }
}

/// The result of a thread.
#[derive(Debug)]
pub struct ThreadResult {
    /// Histograms and counts.
    pub recorder: Recorder,
    /// The result of each client.
    pub clients: Vec<ClientResult>,
    /// The effort over the window.
    pub effort: Effort,
    /// The effort until the rate falls; without an overload, over the window.
    pub overload_effort: Effort,
    /// The priority of the thread when it ended.
    pub priority: Priority,
    /// Whether the thread polled without sleeping until the end.
    pub spins: bool,
}

/// Runs these clients until the window and its drain are over, and closes their connections when
/// all threads have come that far.
///
/// # Errors
/// When waiting is impossible.
pub fn run<W: Wire, P: Pacer, C: Clock>(
    mut clients: Clients<W, P, C>,
    phases: Phases,
    poller: &mut impl Poller,
    host: &impl Host,
    spinning: Spinning,
    arrival: BarrierGuard,
) -> io::Result<ThreadResult> {
    let mut phases = phases;
    let mut spinning = spinning;
    let mut wakeup_timer = WakeupTimer::default();
    let mut efforts = Vec::with_capacity(phases.edges().len());
    let mut publish_at_ns = phases.window.from_ns;
    let mut check_at_ns = 0;
    loop {
        clients.end_window(host.window_end_ns());
        phases = phases.ending_at(clients.recorder().window().to_ns);
        clients.end_load(host.load_end_ns());
        let next_ns = clients.advance();
        let now = clients.clock.now_ns();
        spinning.returned(now);
        let passed = phases.edges().iter().filter(|edge| **edge <= now).count();
        while efforts.len() < passed {
            efforts.push(spinning.added_to(host.effort()));
        }
        if now >= check_at_ns {
            check_at_ns = now + CHECK_NS;
            host.check_priority();
            spinning.check(|| host.lacks_core());
        }
        if now >= publish_at_ns {
            publish_at_ns = now + PUBLISH_NS;
            host.publish(clients.recorder(), now);
        }
        let over =
            now >= phases.drained_ns || (now >= clients.load_end_ns() && clients.is_drained());
        if over || host.is_cancelled() {
            break;
        }
        let edge_ns = phases.edges().get(efforts.len()).copied();
        let edge_ns = edge_ns.unwrap_or(phases.drained_ns);
        let wake_ns = next_ns.min(publish_at_ns).min(edge_ns);
        let wait = match spinning.polls(now, wake_ns) {
            true => Wait::POLL,
            false => wakeup_timer.wait(now, wake_ns),
        };
        poller.wait(wait, |ready| match ready {
            Ready::Timer => wakeup_timer.expired(clients.clock.now_ns()),
            Ready::Connection {
                client,
                readable,
                read_closed,
                writable,
            } => {
                spinning.found();
                // Also here: a thread that got no core may handle this after the end.
                clients.end_window(host.window_end_ns());
                if !is_connected(&mut clients, client) {
                    return;
                }
                if readable {
                    clients.readable(client, read_closed);
                }
                if writable {
                    clients.writable(client);
                }
            }
        })?;
    }
    let ended_ns = clients.clock.now_ns();
    let priority = host.priority();
    efforts.resize_with(phases.edges().len(), || spinning.added_to(host.effort()));
    // Clients that close early would free resources of the server for the remaining clients.
    arrival.wait();
    let (recorder, clients) = clients.finish(ended_ns);
    let (effort, overload_effort) = match efforts[..] {
        [start, overload_end, end] => (end.since(&start), overload_end.since(&start)),
        _ => (Effort::default(), Effort::default()),
    };
    Ok(ThreadResult {
        recorder,
        clients,
        effort,
        overload_effort,
        priority,
        spins: spinning.is_on(),
    })
}

/// Whether this client, to which something happened, is connected: the end of its connect may be
/// what happened.
fn is_connected<W: Wire, P: Pacer, C: Clock>(clients: &mut Clients<W, P, C>, at: usize) -> bool {
    if clients.is_connecting(at) {
        match clients.wire().connect_result(at) {
            Some(Ok(())) => clients.connected(at),
            Some(Err(error)) => {
                clients.not_connected(at, error.kind());
                return false;
            }
            None => return false,
        }
    }
    true
}
