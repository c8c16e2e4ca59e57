//! A thread of the generator that polls instead of sleeping, under the fake clock.

use std::time::Duration;

use rpcbench::internal::load::event_loop::{self, ThreadResult};
use rpcbench::internal::load::{CloseBarrier, ClosedLoop, Spinning, Window};
use rpcbench::record::Spin;

use crate::support::{
    FakeHost, FakePoller, Load, MS, POLL_NS, World, fake_clients, load, phases, pong_to,
};

const WINDOW: Window = Window {
    from_ns: 100 * MS,
    to_ns: 1100 * MS,
};

/// One client whose requests take 2 ms, on a thread that would wake up 5 ms late, and lacks a core
/// from `lacks_core_ns` on.
fn run(spin: Spin, lacks_core_ns: u64) -> ThreadResult {
    let world = World::new(1, |_, request, _| vec![(2 * MS, pong_to(request))]);
    let load = Load {
        window: WINDOW,
        ..load(1)
    };
    let clients = fake_clients(&load, ClosedLoop::new(1, 1), &world);
    let mut host = FakeHost::new(&world);
    host.lacks_core_ns = lacks_core_ns;
    let mut poller = FakePoller::new(&world, 5 * MS);
    let barrier = CloseBarrier::new(1).arrival();
    let spinning = Spinning::new(spin);
    event_loop::run(
        clients,
        phases(&load),
        &mut poller,
        &host,
        spinning,
        barrier,
    )
    .unwrap()
}

#[test]
fn a_thread_that_polls_is_not_late_and_counts_its_idle_time() {
    let asleep = run(Spin::Off, u64::MAX);
    assert!(!asleep.spins);
    assert_eq!(asleep.effort.idle_spin, Duration::ZERO);
    assert!(asleep.recorder.requests < 150, "each reply is read late");
    let spinning = run(Spin::Auto, u64::MAX);
    assert!(spinning.spins);
    assert!(spinning.recorder.requests >= 499);
    // Each reply ends one poll that is not idle.
    let busy = spinning.effort.elapsed - spinning.effort.idle_spin;
    let found = Duration::from_nanos(POLL_NS) * u32::try_from(spinning.recorder.requests).unwrap();
    assert!(
        busy >= found && busy < 3 * found,
        "{busy:?} of {:?}",
        spinning.effort.elapsed
    );
}

#[test]
fn a_thread_that_lacks_a_core_sleeps_again() {
    let half = run(Spin::Auto, 600 * MS);
    assert!(!half.spins);
    let requests = half.recorder.requests;
    assert!((250..450).contains(&requests), "{requests}");
    assert!(half.effort.idle_spin > Duration::from_millis(400));
    assert!(half.effort.idle_spin < Duration::from_millis(700));
    assert!(run(Spin::On, 0).spins, "unless it is asked to spin");
}
