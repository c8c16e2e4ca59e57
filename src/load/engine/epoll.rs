//! One thread of the generator on epoll: real sockets, a timer, and the real clock.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::sys::prctl::set_timerslack;
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};
use nix::time::clock_gettime;

use super::event_loop::{self, Host, Phases, Poller, Ready, ThreadResult};
use crate::load::client_priority::ClientPriority;
use crate::load::clients::core::Clients;
use crate::load::close_barrier::BarrierGuard;
use crate::load::effort::Effort;
use crate::load::nanos::nanos;
use crate::load::progress::SharedProgress;
use crate::load::recorder::Recorder;
use crate::load::sockets::Sockets;
use crate::load::spec::{Load, MOST_AFTER_WINDOW};
use crate::load::spinning::{Spinning, lacked_core};
use crate::load::wakeup_timer::Wait;
use crate::load::wire::{Clock, ClockPair};
use crate::sys::Priority;

const EVENTS: usize = 1024;
/// The token of the timer's events.
const TIMER: Token = Token(usize::MAX - 1);

/// The real clock: nanoseconds since the load began.
#[derive(Debug, Clone, Copy)]
struct Monotonic(Instant);

impl Clock for Monotonic {
    fn now_ns(&self) -> u64 {
        nanos(self.0.elapsed())
    }

    fn pair(&self) -> Option<ClockPair> {
        let real = clock_gettime(nix::time::ClockId::CLOCK_REALTIME).ok()?;
        Some(ClockPair {
            real_ns: nanos(Duration::from(real)),
            now_ns: self.now_ns(),
        })
    }
}

/// A poll with a timer that is more precise than the poll's own timeout.
struct EpollPoller {
    poll: Poll,
    events: Events,
    timer: TimerFd,
}

impl EpollPoller {
    fn new() -> io::Result<EpollPoller> {
        let poll = Poll::new()?;
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let fd = timer.as_fd().as_raw_fd();
        poll.registry()
            .register(&mut SourceFd(&fd), TIMER, Interest::READABLE)?;
        Ok(EpollPoller {
            poll,
            events: Events::with_capacity(EVENTS),
            timer,
        })
    }
}

impl Poller for EpollPoller {
    fn wait(&mut self, wait: Wait, handle: impl FnMut(Ready)) -> io::Result<()> {
        if let Some(after) = wait.set_timer {
            let after = Expiration::OneShot(TimeSpec::from(after));
            self.timer.set(after, TimerSetTimeFlags::empty())?;
        }
        match self.poll.poll(&mut self.events, Some(wait.longest)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        self.events.iter().map(ready).for_each(handle);
        Ok(())
    }
}

fn ready(event: &Event) -> Ready {
    match event.token() {
        TIMER => Ready::Timer,
        Token(client) => Ready::Connection {
            client,
            readable: event.is_readable() || event.is_error(),
            read_closed: event.is_read_closed(),
            writable: event.is_writable(),
        },
    }
}

/// A thread of a load, which publishes its progress for the others.
struct LoadThread<'a> {
    index: usize,
    shared: &'a SharedProgress,
    priority: ClientPriority,
    /// At the last check whether it lacks a core, if there was one.
    checked: Cell<Option<Effort>>,
}

impl Host for LoadThread<'_> {
    fn effort(&self) -> Effort {
        Effort::now(self.shared.start)
    }

    fn check_priority(&self) {
        self.priority.check();
    }

    fn priority(&self) -> Priority {
        self.priority.has()
    }

    fn lacks_core(&self) -> bool {
        let now = self.effort();
        let before = self.checked.replace(Some(now));
        before.is_some_and(|before| lacked_core(&now.since(&before)))
    }

    fn publish(&self, recorder: &Recorder, now_ns: u64) {
        self.shared.publish(self.index, recorder, now_ns);
    }

    fn window_end_ns(&self) -> u64 {
        self.shared.window_end_ns()
    }

    fn load_end_ns(&self) -> u64 {
        let latest_ns = self.shared.window_end_ns() + nanos(MOST_AFTER_WINDOW);
        self.shared.load_end_ns().min(latest_ns)
    }

    fn is_cancelled(&self) -> bool {
        self.shared.is_cancelled()
    }
}

/// Runs the clients of thread `index` until the window and its drain are over.
pub(crate) fn run(
    load: &Load,
    index: usize,
    shared: &SharedProgress,
    spinning: Spinning,
    arrival: BarrierGuard,
) -> io::Result<ThreadResult> {
    let clients = load.clients_of(index).len();
    if let Some(cpus) = &load.spec.client_cpus {
        cpus.pin()?;
    }
    let config = load.config(index);
    // The default timer slack makes timers up to 50 µs late (PR_SET_TIMERSLACK, prctl(2)).
    set_timerslack(1)?;
    let mut poller = EpollPoller::new()?;
    let clock = Monotonic(shared.start);
    let connections = clients + config.idle;
    let sockets = Sockets::new(poller.poll.registry().try_clone()?, load, connections);
    let mut recorder = Recorder::new(shared.window);
    if let Some(slice) = load.slice {
        recorder = recorder.in_slices(nanos(slice));
    }
    let pacer = load.pacer(index);
    let clients = Clients::new(clients, config, recorder, sockets, pacer, clock);

    let window = shared.window;
    let overload_end_ns = load
        .spec
        .overload()
        .map_or(window.to_ns, |after| window.from_ns + nanos(after));
    let phases = Phases {
        window,
        overload_end_ns,
        drained_ns: window.to_ns + nanos(load.generator.drain),
    };
    // Here, not where the thread is started: no other thread and no server has it.
    let priority = ClientPriority::raise(load.spec.client_priority)?;
    let host = LoadThread {
        index,
        shared,
        priority,
        checked: Cell::new(None),
    };
    let mut result = event_loop::run(clients, phases, &mut poller, &host, spinning, arrival)?;
    result.recorder.held_bytes += Sockets::HELD_BYTES * connections;
    Ok(result)
}
