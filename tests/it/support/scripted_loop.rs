//! The generator's real loop in the simulated world: a poller and a host under the fake clock.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use rpcbench::internal::load::event_loop::{self, Host, Phases, Poller, Ready, ThreadResult};
use rpcbench::internal::load::{BarrierGuard, Clients, Clock, CloseBarrier, Pacer, Wire};
use rpcbench::internal::load::{Effort, Recorder, Spinning, Wait};
use rpcbench::record::{Priority, Spin};

use super::scripted::{FakeWorld, Load, MS, World, client_config};

/// What a poll that does not sleep takes.
pub(crate) const POLL_NS: u64 = 1000;

/// A poller that advances the clock of a world.
pub(crate) struct FakePoller {
    world: Rc<RefCell<World>>,
    alarm_ns: Option<u64>,
    /// How late a thread that slept wakes up.
    late_ns: u64,
}

impl FakePoller {
    pub(crate) fn new(world: &Rc<RefCell<World>>, late_ns: u64) -> FakePoller {
        FakePoller {
            world: Rc::clone(world),
            alarm_ns: None,
            late_ns,
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap()
}

impl Poller for FakePoller {
    fn wait(&mut self, wait: Wait, mut handle: impl FnMut(Ready)) -> io::Result<()> {
        let now_ns = self.world.borrow().now_ns;
        if let Some(after) = wait.set_timer {
            self.alarm_ns = Some(now_ns + nanos(after));
        }
        let first_ns = self
            .world
            .borrow()
            .next_event_ns()
            .min(self.alarm_ns.unwrap_or(u64::MAX));
        let sleeps = !wait.longest.is_zero() && first_ns > now_ns;
        let woken_ns = if sleeps {
            first_ns.min(now_ns + nanos(wait.longest)) + self.late_ns
        } else {
            now_ns + POLL_NS
        };
        self.world.borrow_mut().now_ns = woken_ns;
        if self.alarm_ns.take_if(|at_ns| *at_ns <= woken_ns).is_some() {
            handle(Ready::Timer);
        }
        while self.world.borrow().next_event_ns() <= woken_ns {
            let arrived = self.world.borrow_mut().arrive();
            if let Some((client, read_closed)) = arrived {
                handle(Ready::Connection {
                    client,
                    readable: true,
                    read_closed,
                    writable: true,
                });
            }
        }
        Ok(())
    }
}

/// A host whose effort is the time on the fake clock.
pub(crate) struct FakeHost {
    world: Rc<RefCell<World>>,
    /// When the load is cancelled.
    pub(crate) cancelled_ns: u64,
    /// From when the thread lacks a core.
    pub(crate) lacks_core_ns: u64,
    /// When the sending ends.
    pub(crate) load_end_ns: u64,
    /// When an early end of the window is set, and when it is.
    pub(crate) early_end_ns: Option<(u64, u64)>,
    /// When it published.
    pub(crate) published_ns: RefCell<Vec<u64>>,
}

impl FakeHost {
    pub(crate) fn new(world: &Rc<RefCell<World>>) -> FakeHost {
        FakeHost {
            world: Rc::clone(world),
            cancelled_ns: u64::MAX,
            lacks_core_ns: u64::MAX,
            load_end_ns: 0,
            early_end_ns: None,
            published_ns: RefCell::default(),
        }
    }
}

impl Host for FakeHost {
    fn effort(&self) -> Effort {
        Effort {
            elapsed: Duration::from_nanos(self.world.borrow().now_ns),
            ..Effort::default()
        }
    }

    fn check_priority(&self) {}

    fn lacks_core(&self) -> bool {
        self.lacks_core_ns <= self.world.borrow().now_ns
    }

    fn priority(&self) -> Priority {
        Priority::Normal
    }

    fn publish(&self, _recorder: &Recorder, now_ns: u64) {
        self.published_ns.borrow_mut().push(now_ns);
    }

    fn window_end_ns(&self) -> u64 {
        let now_ns = self.world.borrow().now_ns;
        let early = self.early_end_ns.filter(|(set_ns, _)| *set_ns <= now_ns);
        // The planned end is no earlier than any.
        early.map_or(u64::MAX, |(_, end_ns)| end_ns)
    }

    fn load_end_ns(&self) -> u64 {
        self.load_end_ns
    }

    fn is_cancelled(&self) -> bool {
        self.world.borrow().now_ns >= self.cancelled_ns
    }
}

/// The phases of this load, with a drain of a second and no overload.
pub(crate) fn phases(load: &Load) -> Phases {
    Phases {
        window: load.window,
        overload_end_ns: load.window.to_ns,
        drained_ns: load.window.to_ns + 1000 * MS,
    }
}

/// The clients of this load in this world.
pub(crate) fn fake_clients<P: Pacer>(
    load: &Load,
    pacer: P,
    world: &Rc<RefCell<World>>,
) -> Clients<FakeWorld, P, FakeWorld> {
    clients_on(FakeWorld(Rc::clone(world)), load, pacer, world)
}

/// The clients of this load on this wire.
pub(crate) fn clients_on<W: Wire, P: Pacer>(
    wire: W,
    load: &Load,
    pacer: P,
    world: &Rc<RefCell<World>>,
) -> Clients<W, P, FakeWorld> {
    let clock = FakeWorld(Rc::clone(world));
    let recorder = Recorder::new(load.window);
    Clients::new(
        load.clients,
        client_config(load, true),
        recorder,
        wire,
        pacer,
        clock,
    )
}

/// Runs the loop of one thread that is alone.
pub(crate) fn run_loop<W: Wire, P: Pacer, C: Clock>(
    clients: Clients<W, P, C>,
    phases: Phases,
    poller: &mut FakePoller,
    host: &FakeHost,
) -> ThreadResult {
    event_loop::run(
        clients,
        phases,
        poller,
        host,
        Spinning::new(Spin::Off),
        alone(),
    )
    .unwrap()
}

fn alone() -> BarrierGuard {
    CloseBarrier::new(1).arrival()
}
