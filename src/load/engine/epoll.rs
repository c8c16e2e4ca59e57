//! One thread of the generator: a poll, its share of the clients, and the clock.

use std::io;
use std::time::Instant;

use mio::{Events, Poll};
use nix::sys::prctl::set_timerslack;

use crate::load::client::ClientResult;
use crate::load::clients::core::Clients;
use crate::load::close_barrier::BarrierGuard;
use crate::load::effort::Effort;
use crate::load::nanos::nanos;
use crate::load::pacer::closed::ClosedLoop;
use crate::load::pacer::open::OpenLoop;
use crate::load::pacer::planned::Pacer;
use crate::load::progress::SharedProgress;
use crate::load::recorder::Recorder;
use crate::load::sockets::Sockets;
use crate::load::spec::Load;
use crate::load::wakeup_timer::{WAKEUP, WakeupTimer};
use crate::load::wire::Clock;

const EVENTS: usize = 1024;
/// Interval between two publications of the progress.
const PUBLISH_NS: u64 = 100_000_000;

/// The result of a thread.
#[derive(Debug)]
pub(crate) struct ThreadResult {
    pub(crate) recorder: Recorder,
    pub(crate) clients: Vec<ClientResult>,
    pub(crate) effort: Effort,
    /// The effort until the rate falls; without an overload, over the window.
    pub(crate) overload_effort: Effort,
}

/// The real clock: nanoseconds since the load began.
#[derive(Debug, Clone, Copy)]
struct Monotonic(Instant);

impl Clock for Monotonic {
    fn now_ns(&self) -> u64 {
        nanos(self.0.elapsed())
    }
}

type SocketClients = Clients<Sockets, Box<dyn Pacer>, Monotonic>;

/// Runs the clients of thread `index` until the window and its drain are over.
pub(crate) fn run(
    load: &Load,
    index: usize,
    shared: &SharedProgress,
    arrival: BarrierGuard,
) -> io::Result<ThreadResult> {
    let own = load.clients_of(index);
    let clients = own.len();
    if let Some(cpus) = &load.spec.client_cpus {
        cpus.pin()?;
    }
    let config = load.config(index);
    // The default timer slack makes timers up to 50 µs late (PR_SET_TIMERSLACK, prctl(2)).
    set_timerslack(1)?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(EVENTS);
    let clock = Monotonic(shared.start);
    let connections = clients + config.idle;
    let sockets = Sockets::new(poll.registry().try_clone()?, load, connections);
    let recorder = Recorder::new(shared.window);
    let pacer: Box<dyn Pacer> = match load.schedule() {
        None => {
            let (ramp, idle) = (config.ramp, config.idle);
            let start_ns = move |client| ramp.at_ns(idle + client);
            let think_ns = nanos(load.spec.think);
            let closed = ClosedLoop::starting(clients, load.spec.pipeline, start_ns, think_ns);
            Box::new(closed.mixed(load.mix(), own.start))
        }
        Some(schedule) => {
            let (mix, clients, window) = (load.mix(), load.spec.clients, shared.window);
            Box::new(OpenLoop::new(schedule, mix, clients, window, own))
        }
    };
    let mut clients = Clients::new(clients, config, recorder, sockets, pacer, clock);
    let mut wakeup_timer = WakeupTimer::new(&poll)?;

    let (from_ns, to_ns) = (shared.window.from_ns, shared.window.to_ns);
    let drained_ns = to_ns + nanos(load.generator.drain);
    let overload_end_ns = load
        .spec
        .overload()
        .map_or(to_ns, |after| from_ns + nanos(after));
    let mut edges = [from_ns, overload_end_ns, to_ns].into_iter().peekable();
    let mut efforts = Vec::with_capacity(3);
    let mut publish_at_ns = from_ns;
    loop {
        let next_ns = clients.advance();
        let now = clock.now_ns();
        while edges.next_if(|edge| *edge <= now).is_some() {
            efforts.push(Effort::now(shared.start));
        }
        if now >= publish_at_ns {
            publish_at_ns = now + PUBLISH_NS;
            shared.publish(index, clients.recorder(), now);
        }
        let over = now >= drained_ns || (now >= to_ns && clients.is_drained());
        if over || shared.is_cancelled() {
            break;
        }
        let wake_ns = [
            next_ns,
            publish_at_ns,
            edges.peek().copied().unwrap_or(drained_ns),
        ];
        let timeout = wakeup_timer.set(now, wake_ns.into_iter().min().unwrap_or(now))?;
        match poll.poll(&mut events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            if event.token() == WAKEUP {
                wakeup_timer.expired(clock.now_ns());
            } else {
                handle(&mut clients, event);
            }
        }
    }
    let ended_ns = clock.now_ns();
    efforts.extend(edges.map(|_| Effort::now(shared.start)));
    // Clients that close early would free resources of the server for the remaining clients.
    arrival.wait();
    let (mut recorder, clients) = clients.finish(ended_ns);
    recorder.held_bytes += Sockets::HELD_BYTES * connections;
    let (effort, overload_effort) = match efforts[..] {
        [start, overload_end, end] => (end.since(&start), overload_end.since(&start)),
        _ => (Effort::default(), Effort::default()),
    };
    Ok(ThreadResult {
        recorder,
        clients,
        effort,
        overload_effort,
    })
}

fn handle(clients: &mut SocketClients, event: &mio::event::Event) {
    let at = event.token().0;
    if clients.is_connecting(at) {
        match clients.wire().connect_result(at) {
            Some(Ok(())) => clients.connected(at),
            Some(Err(error)) => return clients.not_connected(at, error.kind()),
            None => return,
        }
    }
    if event.is_readable() || event.is_error() {
        clients.readable(at, event.is_read_closed());
    }
    if event.is_writable() {
        clients.writable(at);
    }
}
