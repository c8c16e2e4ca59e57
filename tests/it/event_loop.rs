//! The loop of a generator's thread under a fake clock: the edges of the window, the timer that
//! wakes it, and the barrier at its end.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rpcbench::internal::load::event_loop::{self, Phases, Poller, Ready};
use rpcbench::internal::load::{BarrierGuard, CloseBarrier, ClosedLoop, Kind, Pacer, Planned};
use rpcbench::internal::load::{Spinning, Wait, WakeupTimer, Window, Wire};
use rpcbench::record::Spin;

use crate::support::{
    FakeHost, FakePoller, FakeWorld, Load, MS, POLL_NS, World, clients_on, fake_clients, load,
    phases, pong_to, run_loop,
};

const US: u64 = 1000;
const WINDOW: Window = Window {
    from_ns: 100 * MS,
    to_ns: 1100 * MS,
};

/// Requests of one client at fixed times.
struct Planner(VecDeque<u64>);

impl Planner {
    fn at(times_ns: impl IntoIterator<Item = u64>) -> Planner {
        Planner(times_ns.into_iter().collect())
    }
}

impl Pacer for Planner {
    fn free(&mut self, _client: usize, _now_ns: u64) {}

    fn due(&mut self, now_ns: u64) -> Option<Planned> {
        let is_due = self.0.front().is_some_and(|at_ns| *at_ns <= now_ns);
        let at_ns = is_due.then(|| self.0.pop_front()).flatten()?;
        Some(Planned {
            client: 0,
            at_ns,
            kind: Kind::Usual,
        })
    }

    fn next_ns(&self) -> Option<u64> {
        self.0.front().copied()
    }
}

/// One client with this many requests in flight.
fn one_client(pipeline: usize) -> Load {
    Load {
        pipeline,
        window: WINDOW,
        ..load(1)
    }
}

#[test]
fn the_window_begins_with_its_first_nanosecond_and_ends_before_its_last() {
    let Window { from_ns, to_ns } = WINDOW;
    let world = World::new(1, |_, request, _| vec![(2 * MS, pong_to(request))]);
    let load = one_client(4);
    let pacer = Planner::at([from_ns - 1, from_ns, to_ns - 1, to_ns]);
    let clients = fake_clients(&load, pacer, &world);
    let host = FakeHost::new(&world);
    let mut poller = FakePoller::new(&world, 0);
    let result = run_loop(clients, phases(&load), &mut poller, &host);
    let sent_ns: Vec<u64> = world.borrow().sent.iter().map(|(at, _)| *at).collect();
    // The second one follows after a poll that does not sleep. The fourth is not sent.
    assert_eq!(sent_ns, [from_ns - 1, from_ns - 1 + POLL_NS, to_ns - 1]);
    // The first one was planned before the window and ends in it.
    assert_eq!(result.recorder.planned, 2);
    assert_eq!(result.recorder.requests, 2, "two replies inside the window");
    assert_eq!(result.recorder.latency.count(), 2);
    assert_eq!(result.recorder.older.ended, 1);
    assert_eq!(result.recorder.unanswered, 0);
    // It ends with the last reply, not with the longest drain.
    assert_eq!(world.borrow().now_ns, to_ns - 1 + 2 * MS);
}

#[test]
fn effort_and_progress_are_read_at_the_edges() {
    let world = World::new(2, |_, request, _| vec![(2 * MS, pong_to(request))]);
    let load = Load {
        window: WINDOW,
        ..load(2)
    };
    let clients = fake_clients(&load, ClosedLoop::new(2, 1), &world);
    let host = FakeHost::new(&world);
    let phases = Phases {
        overload_end_ns: 500 * MS,
        ..phases(&load)
    };
    let result = run_loop(clients, phases, &mut FakePoller::new(&world, 0), &host);
    assert_eq!(result.effort.elapsed, Duration::from_millis(1000));
    assert_eq!(result.overload_effort.elapsed, Duration::from_millis(400));
    let every_100_ms: Vec<u64> = (1..=11).map(|at| at * 100 * MS).collect();
    assert_eq!(*host.published_ns.borrow(), every_100_ms);
}

#[test]
fn without_replies_it_ends_with_the_drain() {
    let world = World::new(1, |_, _, _| vec![]);
    let load = one_client(1);
    let clients = fake_clients(&load, Planner::at([MS, WINDOW.to_ns - 1]), &world);
    let host = FakeHost::new(&world);
    let result = run_loop(
        clients,
        phases(&load),
        &mut FakePoller::new(&world, 0),
        &host,
    );
    let end_ns = phases(&load).drained_ns;
    assert_eq!(world.borrow().now_ns, end_ns);
    assert_eq!(result.recorder.unanswered, 2, "sent, and never sent");
    assert_eq!(result.clients[0].longest_wait_ns, end_ns - MS);
}

#[test]
fn a_cancelled_loop_ends_at_once_and_its_efforts_are_complete() {
    for (cancelled_ms, expected_ms) in [(300, 200), (50, 0)] {
        let world = World::new(1, |_, request, _| vec![(2 * MS, pong_to(request))]);
        let load = one_client(1);
        let clients = fake_clients(&load, ClosedLoop::new(1, 1), &world);
        let mut host = FakeHost::new(&world);
        host.cancelled_ns = cancelled_ms * MS;
        let result = run_loop(
            clients,
            phases(&load),
            &mut FakePoller::new(&world, 0),
            &host,
        );
        let late_ns = world.borrow().now_ns - cancelled_ms * MS;
        assert!(late_ns <= 2 * MS, "{late_ns}");
        let elapsed = result.effort.elapsed;
        let expected = Duration::from_millis(expected_ms);
        assert!(
            elapsed >= expected && elapsed - expected <= Duration::from_millis(2),
            "{elapsed:?}"
        );
    }
}

/// How late the requests of a thread are sent that wakes up late by `late_ns`: the first one, and
/// the median of the last hundred.
fn lateness(late_ns: u64) -> [u64; 2] {
    let world = World::new(1, |_, request, _| vec![(300 * US, pong_to(request))]);
    let load = one_client(16);
    let planned_ns: Vec<u64> = (5..=600).map(|at| at * MS).collect();
    let clients = fake_clients(&load, Planner::at(planned_ns.clone()), &world);
    let host = FakeHost::new(&world);
    let mut poller = FakePoller::new(&world, late_ns);
    run_loop(clients, phases(&load), &mut poller, &host);
    let world = world.borrow();
    assert_eq!(world.sent.len(), planned_ns.len());
    let late = |((sent_ns, _), planned_ns): (&(u64, usize), &u64)| sent_ns - planned_ns;
    let mut lates: Vec<u64> = world.sent.iter().zip(&planned_ns).map(late).collect();
    let first = lates[0];
    let last = &mut lates[planned_ns.len() - 100..];
    last.sort_unstable();
    [first, last[50]]
}

#[test]
fn requests_are_sent_in_time_by_a_thread_that_wakes_up_late() {
    assert_eq!(lateness(0), [0, 0]);
    let [first, last] = lateness(20 * US);
    assert!(first > 10 * US && last <= POLL_NS, "{first} and {last} ns");
    // The timer is set early by at most 30 µs.
    let [_, last] = lateness(200 * US);
    assert_eq!(last, 170 * US);
}

/// How early the timer is set in the end, with a wakeup every `gap_ns` that is `late_ns` late.
fn early_ns(gap_ns: u64, late_ns: u64) -> u64 {
    let mut timer = WakeupTimer::default();
    let (mut now_ns, mut early_ns) = (0, 0);
    for wake_ns in (1..=400).map(|at| at * gap_ns) {
        let wait = timer.wait(now_ns, wake_ns);
        let longest = Duration::from_nanos(wake_ns - now_ns) + Duration::from_millis(2);
        assert_eq!(wait.longest, longest);
        let after = wait.set_timer.expect("time enough to sleep");
        let expires_ns = now_ns + after.as_nanos() as u64;
        assert_eq!(
            timer.wait(now_ns, wake_ns).set_timer,
            None,
            "it is set already"
        );
        timer.expired(expires_ns + late_ns);
        early_ns = wake_ns - expires_ns;
        now_ns = wake_ns.max(expires_ns + late_ns);
    }
    early_ns
}

#[test]
fn the_alarm_is_set_early_by_a_bounded_time() {
    assert_eq!(early_ns(MS, 0), 0);
    // The mean of the delays, rounded down in each step.
    assert_eq!(early_ns(MS, 20 * US), 20 * US - 7);
    assert_eq!(early_ns(MS, 200 * US), 30 * US);
    // A quarter of the time between wakeups.
    assert_eq!(early_ns(60 * US, 20 * US) / 10, 15 * US / 10 - 1);
}

#[test]
fn for_a_short_wait_the_thread_does_not_sleep() {
    let mut timer = WakeupTimer::default();
    let no_sleep = Wait {
        set_timer: None,
        longest: Duration::ZERO,
    };
    assert_eq!(timer.wait(MS, MS - 1), no_sleep, "due already");
    assert_eq!(timer.wait(MS, MS + 4999), no_sleep);
    let wait = timer.wait(MS, MS + 5000);
    assert_eq!(wait.set_timer, Some(Duration::from_nanos(5000)));
}

#[test]
fn an_event_before_the_end_of_a_connect_means_nothing() {
    let world = World::new(1, |_, request, _| vec![(MS, pong_to(request))]);
    world.borrow_mut().connect_ns = 3 * MS;
    world.borrow_mut().disturb(0, MS);
    let load = one_client(1);
    let clients = fake_clients(&load, ClosedLoop::new(1, 1), &world);
    let host = FakeHost::new(&world);
    let mut poller = FakePoller::new(&world, 0);
    let result = run_loop(clients, phases(&load), &mut poller, &host);
    assert_eq!(world.borrow().sent[0], (3 * MS, 0));
    assert_eq!(
        (
            result.recorder.connects.made,
            result.recorder.errors.total()
        ),
        (1, 0)
    );
}

#[test]
fn a_refused_connect_is_counted_and_nothing_is_sent() {
    let world = World::new(1, |_, request, _| vec![(MS, pong_to(request))]);
    world.borrow_mut().refuse = true;
    let load = one_client(1);
    let clients = fake_clients(&load, ClosedLoop::new(1, 1), &world);
    let host = FakeHost::new(&world);
    let mut poller = FakePoller::new(&world, 0);
    let result = run_loop(clients, phases(&load), &mut poller, &host);
    assert!(world.borrow().sent.is_empty());
    assert!(result.recorder.connects.refused > 0);
}

/// The connections of a thread, which say when they are closed.
struct Watched {
    wire: FakeWorld,
    closed: Arc<AtomicBool>,
}

impl Wire for Watched {
    fn connect(&mut self, client: usize) -> io::Result<()> {
        self.wire.connect(client)
    }

    fn connect_result(&self, client: usize) -> Option<io::Result<()>> {
        self.wire.connect_result(client)
    }

    fn send(&mut self, client: usize, bytes: &[u8]) -> io::Result<usize> {
        self.wire.send(client, bytes)
    }

    fn receive(&mut self, client: usize, space: &mut [u8]) -> io::Result<usize> {
        self.wire.receive(client, space)
    }

    fn close(&mut self, client: usize) {
        self.wire.close(client);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}

/// A poller that does something before its first wait.
struct Held<F> {
    poller: FakePoller,
    first: Option<F>,
}

impl<F: FnOnce() -> io::Result<()>> Poller for Held<F> {
    fn wait(&mut self, wait: Wait, handle: impl FnMut(Ready)) -> io::Result<()> {
        self.first.take().map_or(Ok(()), |first| first())?;
        self.poller.wait(wait, handle)
    }
}

/// Runs a thread's loop. Returns whether it ended without an error.
fn run_thread(
    arrival: BarrierGuard,
    closed: Arc<AtomicBool>,
    first: impl FnOnce() -> io::Result<()>,
) -> bool {
    let world = World::new(1, |_, request, _| vec![(2 * MS, pong_to(request))]);
    let load = one_client(1);
    let wire = Watched {
        wire: FakeWorld(world.clone()),
        closed,
    };
    let clients = clients_on(wire, &load, ClosedLoop::new(1, 1), &world);
    let host = FakeHost::new(&world);
    let mut poller = Held {
        poller: FakePoller::new(&world, 0),
        first: Some(first),
    };
    let spinning = Spinning::new(Spin::Off);
    event_loop::run(
        clients,
        phases(&load),
        &mut poller,
        &host,
        spinning,
        arrival,
    )
    .is_ok()
}

/// Runs two threads: the second begins when the first has drained. Returns whether each ended
/// without an error.
fn two_threads(second_fails: bool) -> [bool; 2] {
    let barrier = CloseBarrier::new(2);
    let closed = Arc::new(AtomicBool::new(false));
    let (arrival, flag) = (barrier.arrival(), Arc::clone(&closed));
    let first = thread::spawn(move || run_thread(arrival, flag, || Ok(())));
    let arrival = barrier.arrival();
    let second = run_thread(arrival, Arc::default(), || {
        while barrier.missing() > 1 {
            thread::yield_now();
        }
        // Time to close too early.
        thread::sleep(Duration::from_millis(50));
        assert!(
            !closed.load(Ordering::SeqCst),
            "closed before all have drained"
        );
        if second_fails {
            return Err(io::Error::other("cannot wait"));
        }
        Ok(())
    });
    let first = first.join().unwrap();
    assert!(closed.load(Ordering::SeqCst));
    [first, second]
}

#[test]
fn no_thread_closes_its_connections_before_all_have_drained() {
    assert_eq!(two_threads(false), [true, true]);
}

#[test]
fn a_thread_that_fails_does_not_hold_up_the_others() {
    assert_eq!(two_threads(true), [true, false]);
}
