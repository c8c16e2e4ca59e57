//! The load after the window: it goes on until the server was read, and no figure has it.

use rpcbench::internal::load::event_loop::ThreadResult;
use rpcbench::internal::load::{Mix, OpenLoop, Schedule, Window};
use rpcbench::record::{Arrivals, ErrorCounts};

use crate::support::{
    FakeHost, FakePoller, Load, MS, World, fake_clients, load, phases, pong_to, run_loop,
};

const WINDOW: Window = Window {
    from_ns: 100 * MS,
    to_ns: 1100 * MS,
};
const CLIENTS: usize = 4;
const RATE_PER_MS: u64 = 1;

/// The load of an open loop whose plan is longer than the window.
fn open_load() -> (Load, OpenLoop) {
    let load = Load {
        window: WINDOW,
        ..load(CLIENTS)
    };
    let schedule = Schedule {
        rate_rps: 1000.0 * RATE_PER_MS as f64,
        arrivals: Arrivals::Constant,
        seed: 1,
        skew: None,
        then: None,
    };
    let sending = Window {
        to_ns: WINDOW.to_ns + 100 * MS,
        ..WINDOW
    };
    let mix = Mix {
        one_in: None,
        seed: 1,
    };
    let pacer = OpenLoop::new(schedule, mix, CLIENTS, sending, 0..CLIENTS);
    (load, pacer)
}

#[test]
fn requests_after_the_window_are_sent_and_in_no_figure() {
    let run = |load_end_ns: u64| {
        let world = World::new(CLIENTS, |_, request, _| vec![(2 * MS, pong_to(request))]);
        let (load, pacer) = open_load();
        let clients = fake_clients(&load, pacer, &world);
        let mut host = FakeHost::new(&world);
        host.load_end_ns = load_end_ns;
        let mut poller = FakePoller::new(&world, 0);
        let result = run_loop(clients, phases(&load), &mut poller, &host);
        let last_sent_ns = world.borrow().sent.last().map(|(at, _)| *at).unwrap();
        (result, last_sent_ns, world.borrow().now_ns)
    };
    let (without, last_ns, _) = run(0);
    assert!(last_ns < WINDOW.to_ns);
    let (with, last_ns, ended_ns) = run(WINDOW.to_ns + 50 * MS);
    assert!(last_ns >= WINDOW.to_ns + 48 * MS, "it ended at {last_ns}");
    assert!(last_ns < WINDOW.to_ns + 50 * MS, "it ended at {last_ns}");
    assert!(ended_ns <= last_ns + 3 * MS, "the drain is not longer");
    let figures = |result: &ThreadResult| {
        let recorder = &result.recorder;
        let clients = result.clients.iter();
        (
            (recorder.planned, recorder.requests, recorder.ended),
            (recorder.unanswered, recorder.errors.total()),
            (recorder.latency.count(), recorder.lag.len()),
            recorder.flow.under_way_mean(),
            clients
                .map(|client| (client.planned, client.replies, client.answered))
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(figures(&with), figures(&without));
    assert_eq!(with.recorder.planned, 1000 * RATE_PER_MS);
}

#[test]
fn failures_after_the_window_are_of_no_request_of_it() {
    let world = World::new(CLIENTS, |_, request, at_ns| {
        // The server answers nothing from the end of the window on, and then closes.
        match at_ns < WINDOW.to_ns {
            true => vec![(MS / 2, pong_to(request))],
            false => vec![(MS, b"\x02\0\0\0no".to_vec())],
        }
    });
    let (load, pacer) = open_load();
    let clients = fake_clients(&load, pacer, &world);
    let mut host = FakeHost::new(&world);
    host.load_end_ns = WINDOW.to_ns + 20 * MS;
    let mut poller = FakePoller::new(&world, 0);
    let result = run_loop(clients, phases(&load), &mut poller, &host);
    assert!(world.borrow().sent.last().unwrap().0 > WINDOW.to_ns + 10 * MS);
    assert_eq!(result.recorder.errors, ErrorCounts::default());
    assert_eq!(result.recorder.unanswered, 0);
}
