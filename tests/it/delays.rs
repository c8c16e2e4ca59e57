//! The delay ledger with a scripted server and a fake clock: every part is exact.

use std::cell::RefCell;
use std::rc::Rc;

use rpcbench::internal::load::delays::Delays;
use rpcbench::internal::load::{ClosedLoop, OpenLoop, Quantile, Recorder, Schedule};
use rpcbench::record::{Arrivals, DelayPart, Mode, Quantiles, Record, Stamps};

use crate::support::{
    FakeHost, FakePoller, LEAVING_NS, Load, MS, World, cell, fake_clients, load, near, phases,
    play_with, pong_to, record, run_loop, six, text,
};

const US: u64 = 1000;
/// A ping of the simulated clients.
const REQUEST_BYTES: usize = 45;

fn plan(load: &Load, rate_rps: f64) -> OpenLoop {
    let schedule = Schedule {
        rate_rps,
        arrivals: Arrivals::Constant,
        seed: 1,
        skew: None,
        then: None,
    };
    OpenLoop::new(
        schedule,
        load.mix,
        load.clients,
        load.window,
        0..load.clients,
    )
}

/// Runs a plan in a world whose connections have stamps.
fn played(load: &Load, rate_rps: f64, world: &Rc<RefCell<World>>) -> Recorder {
    world.borrow_mut().stamps.are_there = true;
    let load = Load {
        rate_rps: Some(rate_rps),
        ..*load
    };
    play_with(&load, Box::new(plan(&load, rate_rps)), true, world).0
}

fn delays(recorder: &Recorder) -> &Delays {
    recorder.delays.as_deref().unwrap()
}

/// Whether all times of a histogram are this one, with its three digits.
fn all_near(histogram: &hdrhistogram::Histogram<u64>, ns: u64) -> bool {
    let near = |value: u64| value.abs_diff(ns) <= ns / 500 + 1;
    !histogram.is_empty() && near(histogram.min()) && near(histogram.max())
}

#[test]
fn a_late_read_is_in_neither_service_nor_response_time() {
    // A thread that sleeps wakes up 300 µs late, to send as well as to read.
    let run = |are_there: bool| {
        let load = Load {
            rate_rps: Some(100.0),
            ..load(4)
        };
        let world = World::new(4, |_, request, _| vec![(MS, pong_to(request))]);
        world.borrow_mut().stamps.are_there = are_there;
        let clients = fake_clients(&load, plan(&load, 100.0), &world);
        let mut poller = FakePoller::new(&world, 300 * US);
        run_loop(clients, phases(&load), &mut poller, &FakeHost::new(&world)).recorder
    };
    let recorder = run(true);
    let ledger = delays(&recorder);
    assert!(all_near(&recorder.service, MS), "{:?}", recorder.service);
    assert!(all_near(&ledger.read, 300 * US), "{:?}", ledger.read);
    assert!(all_near(&ledger.wire_to_wire, MS - LEAVING_NS));
    assert_eq!(ledger.wire_to_wire.len(), 100, "few enough to stamp all");
    assert!(all_near(&ledger.undelayed.answered, MS));
    // The timer is set early as soon as it is known to be late; the first is late in full.
    assert!(ledger.scheduling.max() >= 200 * US);
    assert_eq!(ledger.connection_wait.max(), 0);
    assert_eq!((ledger.inexact, ledger.unstamped), (0, 0));
    let without = run(false);
    assert!(all_near(&without.service, MS + 300 * US));
    let ledger = delays(&without);
    assert_eq!((ledger.unstamped, ledger.read.len()), (100, 0));
    assert!(ledger.wire_to_wire.is_empty());
}

#[test]
fn a_request_that_waits_for_its_connection_is_not_delayed_by_the_generator() {
    // One client, a request each 5 ms, and replies after 8 ms.
    let world = World::new(1, |_, request, _| vec![(8 * MS, pong_to(request))]);
    let recorder = played(&load(1), 200.0, &world);
    let ledger = delays(&recorder);
    assert_eq!(ledger.scheduling.max(), 0);
    assert!(ledger.connection_wait.max() > 100 * MS);
    assert!(all_near(&recorder.service, 8 * MS));
    let response = recorder.latency.quantile(1.0);
    assert_eq!(response, ledger.undelayed.quantile(1.0));
}

#[test]
fn of_replies_that_come_in_one_read_only_the_last_has_an_exact_stamp() {
    // The server answers each second request, together with the one before.
    let mut waiting = Vec::new();
    let world = World::new(1, move |_, request, _| {
        waiting.extend(pong_to(request));
        match waiting.len() > 2 * request.len() {
            true => vec![(MS, std::mem::take(&mut waiting))],
            false => Vec::new(),
        }
    });
    let load = Load {
        pipeline: 4,
        ..load(1)
    };
    let recorder = played(&load, 400.0, &world);
    let ledger = delays(&recorder);
    let answered = recorder.latency.answered.len();
    assert!(answered.abs_diff(2 * ledger.inexact) <= 2);
    assert_eq!(ledger.read.len(), answered - ledger.inexact);
    assert_eq!(ledger.unstamped, 0);
    assert!(all_near(&ledger.wire_to_wire, MS - LEAVING_NS));
    assert_eq!(ledger.wire_to_wire.len(), ledger.read.len());
}

#[test]
fn the_stamps_of_a_new_connection_start_again() {
    let world = World::new(2, |_, request, _| vec![(MS, pong_to(request))]);
    let load = Load {
        requests_per_connection: Some(3),
        ..load(2)
    };
    let recorder = played(&load, 100.0, &world);
    assert!(world.borrow().connects > 30);
    let ledger = delays(&recorder);
    assert_eq!(ledger.wire_to_wire.len(), 100);
    assert!(all_near(&ledger.wire_to_wire, MS - LEAVING_NS));
    // A third waits for a connect of 1 ms.
    assert!(near(
        Some(Quantile::Exact(ledger.connection_wait.max())),
        MS
    ));
    assert_eq!(ledger.scheduling.max(), 0);
}

#[test]
fn positions_of_bytes_wrap() {
    let world = World::new(4, |_, request, _| vec![(MS, pong_to(request))]);
    world.borrow_mut().stamps.first_byte = u32::MAX - 500;
    let recorder = played(&load(4), 400.0, &world);
    let sent: usize = world.borrow().writes.iter().sum();
    assert!(sent > 4 * 1000, "each connection is beyond it");
    let ledger = delays(&recorder);
    assert_eq!(ledger.wire_to_wire.len(), ledger.read.len());
    assert!(all_near(&ledger.wire_to_wire, MS - LEAVING_NS));
}

#[test]
fn a_write_of_several_requests_stamps_the_last() {
    // Each reply answers two requests, and more wait by then.
    let mut waiting = Vec::new();
    let world = World::new(1, move |_, requests, _| {
        waiting.extend(requests.chunks(REQUEST_BYTES).map(pong_to));
        match waiting.len() {
            2 => vec![(10 * MS, waiting.drain(..).flatten().collect())],
            _ => Vec::new(),
        }
    });
    let load = Load {
        pipeline: 2,
        ..load(1)
    };
    let recorder = played(&load, 400.0, &world);
    let longest = world.borrow().writes.iter().copied().max();
    assert_eq!(longest, Some(2 * REQUEST_BYTES), "two in a write");
    let ledger = delays(&recorder);
    assert!(ledger.inexact >= 90, "{}", ledger.inexact);
    assert!(all_near(&ledger.wire_to_wire, 10 * MS - LEAVING_NS));
    assert_eq!(ledger.wire_to_wire.len(), ledger.read.len());
}

#[test]
fn a_system_that_refuses_send_stamps_costs_no_request() {
    let world = World::new(4, |_, request, _| vec![(MS, pong_to(request))]);
    world.borrow_mut().stamps.refuses_sends = true;
    let recorder = played(&load(4), 400.0, &world);
    assert_eq!((recorder.errors.total(), recorder.unanswered), (0, 0));
    assert_eq!(world.borrow().connects, 4);
    assert!(all_near(&recorder.service, MS));
    let ledger = delays(&recorder);
    assert_eq!(ledger.unstamped, recorder.latency.answered.len());
    assert!(ledger.wire_to_wire.is_empty());
}

#[test]
fn a_jump_of_the_real_time_clock_costs_stamps_and_changes_no_time() {
    for by_ns in [50 * MS, 500 * US, 0_u64.wrapping_sub(20 * MS)] {
        let world = World::new(4, |_, request, _| vec![(MS, pong_to(request))]);
        world.borrow_mut().stamps.jump = (600 * MS + 500 * US, by_ns);
        let recorder = played(&load(4), 1000.0, &world);
        let ledger = delays(&recorder);
        assert_eq!(ledger.clock_jumps, 1);
        assert!(
            (95..110).contains(&ledger.unstamped),
            "{}",
            ledger.unstamped
        );
        assert!(all_near(&recorder.service, MS), "{:?}", recorder.service);
        assert!(all_near(&ledger.wire_to_wire, MS - LEAVING_NS));
        assert_eq!(ledger.read.max(), 0);
    }
}

#[test]
fn many_requests_are_answered_for_one_send_stamp() {
    let world = World::new(50, |_, request, _| vec![(MS, pong_to(request))]);
    let recorder = played(&load(50), 20_000.0, &world);
    let ledger = delays(&recorder);
    assert_eq!(ledger.read.len(), recorder.latency.answered.len());
    // One in ten; the standard deviation is 42.
    assert!((1800..2200).contains(&ledger.wire_to_wire.len()));
}

#[test]
fn a_closed_loop_has_a_ledger_only_with_stamps() {
    let closed = |stamps: Stamps| {
        let world = World::new(2, |_, request, _| vec![(MS, pong_to(request))]);
        world.borrow_mut().stamps.are_there = true;
        let load = Load { stamps, ..load(2) };
        play_with(&load, Box::new(ClosedLoop::new(2, 1)), false, &world).0
    };
    assert!(closed(Stamps::Auto).delays.is_none());
    let recorder = closed(Stamps::On);
    let ledger = delays(&recorder);
    assert_eq!(ledger.read.len(), recorder.latency.answered.len());
    assert!(all_near(&ledger.wire_to_wire, MS - LEAVING_NS));
}

/// Two servers of an open loop: p95 is 1 and 2 ms, and without the scheduling delay at most this.
fn two_servers(most_undelayed_p95_ns: [u64; 2]) -> Record {
    let part = |p50| DelayPart {
        count: 1000,
        p50: Some(p50),
        ..DelayPart::default()
    };
    let server = |name: &str, times: f64, most_undelayed_p95_ns: u64| {
        let mut trials = six(1.0);
        for trial in &mut trials {
            let p95_ns = (trial.latency_ns.p95.unwrap() as f64 * times) as u64;
            trial.latency_ns.p95 = Some(p95_ns);
            let response_minus_scheduling_ns = Quantiles {
                p95: Some(most_undelayed_p95_ns.min(p95_ns)),
                ..trial.latency_ns.clone()
            };
            trial.delays = Some(rpcbench::record::Delays {
                response_minus_scheduling_ns,
                scheduling: part(2_000),
                connection_wait: part(0),
                wire_to_wire: part(19_000),
                read: part(17_000),
                ..Default::default()
            });
        }
        let mut cell = cell(name, trials);
        cell.load.mode = Mode::Poisson;
        cell.load.rate_rps = Some(50_000.0);
        cell
    };
    let [first, second] = most_undelayed_p95_ns;
    record(vec![
        server("async", 1.0, first),
        server("threaded", 2.0, second),
    ])
}

fn words_of(record: &Record) -> String {
    let text = text(record);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn servers_are_ranked_by_a_quantile_if_the_order_holds_without_the_scheduling_delay() {
    let first = "Response time (p95): async has the shortest";
    let own = words_of(&two_servers([u64::MAX; 2]));
    assert!(own.contains(first), "{own}");
    assert!(!own.contains("scheduling delay"), "{own}");
    let holds = words_of(&two_servers([800_000, 1_700_000]));
    assert!(holds.contains(first), "{holds}");
    assert!(holds.contains("threaded takes 2.00×"), "{holds}");
    assert!(
        holds.contains(
            "Over 10 % is scheduling delay of the generator: p95 of async; p95 of threaded. Servers \
             are ranked by it only where the order is the same without that delay."
        ),
        "{holds}"
    );
    for (undelayed, interval) in [
        ([800_000; 2], "(1.00 to 2.00)"),
        ([800_000, 700_000], "(0.88 to 2.00)"),
    ] {
        let delayed = words_of(&two_servers(undelayed));
        let no_order = format!("{first}, not distinguishable from threaded {interval}");
        assert!(delayed.contains(&no_order), "{delayed}");
    }
}

#[test]
fn a_quantile_that_depends_on_the_generator_is_marked() {
    let mut one = two_servers([890_000; 2]);
    one.cells.truncate(1);
    let details = text(&one);
    assert!(
        details.contains("Delays       p50: wait 0 ns, send 2.00 µs, wire 19.0 µs, read 17.0 µs"),
        "{details}"
    );
    let words = words_of(&one);
    assert!(
        words.contains("Over 10 % is scheduling delay of the generator: p95."),
        "{details}"
    );
}
