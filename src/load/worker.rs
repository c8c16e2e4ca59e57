//! One thread of the generator: a poll, its share of the clients, and the clock.

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll};
use nix::sys::prctl::set_timerslack;
use nix::time::{ClockId, clock_gettime};

use super::alarm::{ALARM, Alarm};
use super::client::ClientResult;
use super::fleet::Fleet;
use super::pacer::{ClosedLoop, OpenLoop, Pacer};
use super::recorder::Recorder;
use super::sockets::Sockets;
use super::wire::Clock;
use super::{Arrival, Load, Shared, nanos};

const EVENTS: usize = 1024;
/// How often a thread says how it is going.
const SAY_NS: u64 = 100_000_000;

/// What a thread hands back.
#[derive(Debug)]
pub(super) struct Share {
    pub(super) recorder: Recorder,
    pub(super) clients: Vec<ClientResult>,
    pub(super) effort: Effort,
    /// The same until an overload ends; of other loads the same.
    pub(super) pressed: Effort,
}

/// What a thread did to make its share of the load, inside the window.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Effort {
    /// CPU time.
    pub cpu: Duration,
    /// Time it was ready to run and had no core (schedstat, proc(5)).
    pub run_delay: Duration,
    /// How long it was watched.
    pub elapsed: Duration,
}

impl Effort {
    fn now(since: Instant) -> Effort {
        let cpu =
            clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from);
        let schedstat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let run_delay = schedstat
            .split_ascii_whitespace()
            .nth(1)
            .and_then(|ns| ns.parse().ok());
        let run_delay = Duration::from_nanos(run_delay.unwrap_or(0));
        Effort {
            cpu,
            run_delay,
            elapsed: since.elapsed(),
        }
    }

    fn since(&self, before: &Effort) -> Effort {
        Effort {
            cpu: self.cpu.saturating_sub(before.cpu),
            run_delay: self.run_delay.saturating_sub(before.run_delay),
            elapsed: self.elapsed.saturating_sub(before.elapsed),
        }
    }
}

/// The real clock: nanoseconds since the load began.
#[derive(Debug, Clone, Copy)]
struct Monotonic(Instant);

impl Clock for Monotonic {
    fn now_ns(&self) -> u64 {
        nanos(self.0.elapsed())
    }
}

type RealFleet = Fleet<Sockets, Box<dyn Pacer>, Monotonic>;

/// Runs the clients of thread `index` until the window and its drain are over.
pub(super) fn run(
    load: &Load,
    index: usize,
    shared: &Shared,
    arrival: Arrival,
) -> io::Result<Share> {
    let own = load.clients_of(index);
    let clients = own.len();
    if let Some(cpus) = &load.cpus {
        cpus.pin()?;
    }
    let manners = load.manners(index);
    // Timers are otherwise up to 50 µs late (PR_SET_TIMERSLACK, prctl(2)).
    set_timerslack(1)?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(EVENTS);
    let clock = Monotonic(shared.start);
    let connections = clients + manners.idle;
    let sockets = Sockets::new(poll.registry().try_clone()?, load, connections);
    let recorder = Recorder::new(shared.window);
    let pacer: Box<dyn Pacer> = match load.schedule {
        None => {
            let (ramp, idle) = (manners.ramp, manners.idle);
            let start_ns = move |client| ramp.at_ns(idle + client);
            let think_ns = nanos(load.think);
            let closed = ClosedLoop::starting(clients, load.pipeline, start_ns, think_ns);
            Box::new(closed.mixed(load.mix(), own.start))
        }
        Some(schedule) => {
            let (mix, clients, window) = (load.mix(), load.clients, shared.window);
            Box::new(OpenLoop::new(schedule, mix, clients, window, own))
        }
    };
    let mut fleet = Fleet::new(clients, manners, recorder, sockets, pacer, clock);
    let mut alarm = Alarm::new(&poll)?;

    let (from_ns, to_ns) = (shared.window.from_ns, shared.window.to_ns);
    let drained_ns = to_ns + nanos(load.drain);
    let pressed_ns = load
        .overload()
        .map_or(to_ns, |after| from_ns + nanos(after));
    let mut edges = [from_ns, pressed_ns, to_ns].into_iter().peekable();
    let mut efforts = Vec::with_capacity(3);
    let mut say_at_ns = from_ns;
    loop {
        let next_ns = fleet.advance();
        let now = clock.now_ns();
        while edges.next_if(|edge| *edge <= now).is_some() {
            efforts.push(Effort::now(shared.start));
        }
        if now >= say_at_ns {
            say_at_ns = now + SAY_NS;
            shared.say(index, fleet.recorder(), now);
        }
        let over = now >= drained_ns || (now >= to_ns && fleet.is_drained());
        if over || shared.is_cancelled() {
            break;
        }
        let wake_ns = [
            next_ns,
            say_at_ns,
            edges.peek().copied().unwrap_or(drained_ns),
        ];
        let timeout = alarm.set(now, wake_ns.into_iter().min().unwrap_or(now))?;
        match poll.poll(&mut events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            if event.token() == ALARM {
                alarm.rang(clock.now_ns());
            } else {
                handle(&mut fleet, event);
            }
        }
    }
    let ended_ns = clock.now_ns();
    efforts.extend(edges.map(|_| Effort::now(shared.start)));
    // A client that left before the others would give the server room for them.
    arrival.wait();
    let (mut recorder, clients) = fleet.finish(ended_ns);
    recorder.held_bytes += Sockets::HELD_BYTES * connections;
    let (effort, pressed) = match efforts[..] {
        [before, pressed, after] => (after.since(&before), pressed.since(&before)),
        _ => (Effort::default(), Effort::default()),
    };
    Ok(Share {
        recorder,
        clients,
        effort,
        pressed,
    })
}

fn handle(fleet: &mut RealFleet, event: &mio::event::Event) {
    let at = event.token().0;
    if fleet.is_connecting(at) {
        match fleet.wire().connect_result(at) {
            Some(Ok(())) => fleet.connected(at),
            Some(Err(error)) => return fleet.not_connected(at, error.kind()),
            None => return,
        }
    }
    if event.is_readable() || event.is_error() {
        fleet.readable(at, event.is_read_closed());
    }
    if event.is_writable() {
        fleet.writable(at);
    }
}
