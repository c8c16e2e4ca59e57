//! All clients reconnect at the same moments: exactly, under a fake clock, and for real.

use std::net::SocketAddr;
use std::time::Duration;

use rpcbench::internal::load;
use rpcbench::internal::load::Close;
use rpcbench::internal::load::Message;
use rpcbench::internal::load::{Arrivals, Assign, OpenLoop, Schedule};
use rpcbench::internal::protocol::WriteMode;
use rpcbench::record::Connects;

use crate::support::{Load, MS, Served, World, load, near, play, play_with, pong_to};

/// When connects were begun, but for the first ones.
fn reconnects(world: &World, clients: usize) -> Vec<(u64, usize)> {
    world.asked[clients..].to_vec()
}

#[test]
fn clients_in_flight_leave_when_their_reply_has_come() {
    // Replies take 30 ms, connects 1 ms, from 0 on: at 100 ms a request is in flight.
    let world = World::new(2, |_, request, _| vec![(30 * MS, pong_to(request))]);
    let load = Load {
        reconnect_every_ns: Some(100 * MS),
        ..load(2)
    };
    let (recorder, _) = play(&load, &world);
    // Sent at 1, 31, 61, 91 ms; the reply comes at 121. Then sent at 122, 152, 182; and so on.
    let first: Vec<(u64, usize)> = reconnects(&world.borrow(), 2)[..4].to_vec();
    assert_eq!(
        first,
        [(121 * MS, 0), (121 * MS, 1), (212 * MS, 0), (212 * MS, 1)]
    );
    // The first request of a connection holds its connect, and its service time does not.
    assert!(near(recorder.latency.quantile(1.0), 31 * MS));
    assert!(recorder.service.max().abs_diff(30 * MS) <= 30_000);
    assert_eq!((recorder.errors.total(), recorder.unanswered), (0, 0));
    assert_eq!(recorder.connects.made, recorder.connect.len());
    // Beats at 100 to 1,000 ms, all inside the window.
    let connects = Connects {
        begun: 20,
        made: 20,
        ..Connects::default()
    };
    assert_eq!(recorder.connects, connects);
}

#[test]
fn clients_with_nothing_in_flight_leave_at_the_moment_itself() {
    let world = World::new(100, |_, request, _| vec![(0, pong_to(request))]);
    let schedule = Schedule {
        rate_rps: 1000.0,
        arrivals: Arrivals::Constant,
        assign: Assign::Bound,
        seed: 1,
        skew: None,
        then: None,
    };
    let load = Load {
        reconnect_every_ns: Some(250 * MS),
        ..load(100)
    };
    let pacer = OpenLoop::new(schedule, load.mix, 100, load.window, 0..100);
    let (recorder, _) = play_with(&load, Box::new(pacer), true, &world);
    // More of them than connect in one round.
    let expected = [250, 500, 750, 1000].map(|at| [at * MS; 100]).concat();
    let begun: Vec<u64> = reconnects(&world.borrow(), 100)
        .iter()
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(begun, expected);
    assert_eq!(
        (recorder.connects.begun, recorder.connects.made),
        (400, 400)
    );
    assert_eq!((recorder.requests, recorder.errors.total()), (1000, 0));
    // Those that were planned at that moment wait for the connect of 1 ms.
    assert!(near(recorder.latency.quantile(1.0), MS));
    assert_eq!(recorder.service.max(), 0);
}

#[test]
fn a_thinking_client_connects_before_it_asks_again() {
    let world = World::new(1, |_, request, _| vec![(MS, pong_to(request))]);
    let load = Load {
        think_ns: 60 * MS,
        reconnect_every_ns: Some(100 * MS),
        ..load(1)
    };
    let (recorder, _) = play(&load, &world);
    // It thinks from 2 to 62 and from 63 to 123 ms: at 100 ms it leaves.
    assert_eq!(reconnects(&world.borrow(), 1)[0], (100 * MS, 0));
    assert!(
        near(recorder.latency.quantile(0.5), MS),
        "the connect is done by then"
    );
}

#[test]
fn pipelined_requests_are_all_answered_before_the_client_leaves() {
    // Those that waited for a connection are written together.
    let world = World::new(1, |_, requests, _| {
        let length = Message::ping(16).frame_bytes();
        let replies: Vec<u8> = requests.chunks(length).flat_map(pong_to).collect();
        vec![(10 * MS, replies)]
    });
    let schedule = Schedule {
        rate_rps: 500.0,
        arrivals: Arrivals::Constant,
        assign: Assign::Bound,
        seed: 1,
        skew: None,
        then: None,
    };
    let load = Load {
        pipeline: 8,
        reconnect_every_ns: Some(100 * MS),
        ..load(1)
    };
    let pacer = OpenLoop::new(schedule, load.mix, 1, load.window, 0..1);
    let (recorder, _) = play_with(&load, Box::new(pacer), true, &world);
    assert_eq!((recorder.errors.total(), recorder.unanswered), (0, 0));
    assert_eq!(recorder.connects.made, 10);
    // What was sent 2 ms before the beat is answered 8 ms after it; who waits, for a connect too.
    let longest = recorder.latency.max_ns().unwrap();
    assert!((18 * MS..=20 * MS).contains(&longest), "{longest}");
}

#[test]
fn who_gets_a_connection_late_still_sends() {
    // A connect takes longer than the moments are apart.
    let world = World::new(1, |_, request, _| vec![(MS, pong_to(request))]);
    world.borrow_mut().connect_ns = 70 * MS;
    let load = Load {
        reconnect_every_ns: Some(50 * MS),
        ..load(1)
    };
    let (recorder, _) = play(&load, &world);
    assert!(recorder.requests > 100, "{}", recorder.requests);
    assert_eq!(recorder.errors.total(), 0);
}

#[test]
fn a_client_that_waits_for_its_first_reply_keeps_waiting() {
    let world = World::new(2, |client, request, _| {
        if client == 0 {
            vec![(MS, pong_to(request))]
        } else {
            vec![]
        }
    });
    let load = Load {
        reconnect_every_ns: Some(100 * MS),
        ..load(2)
    };
    let (recorder, clients) = play(&load, &world);
    assert!(clients[1].is_starved());
    assert_eq!(recorder.unanswered, 1);
    assert_eq!(recorder.connects.made, 10, "all of the other");
}

#[test]
fn a_real_server_sees_all_reconnect_at_each_moment() {
    let server = Served::start("async", &[]);
    // At 100, 200, …, 500 ms; a machine that stalls may miss some of them.
    let expected = 64 * 3..=64 * 5;
    let made = real(server.address, None);
    assert!(expected.contains(&made), "{made}");
    // As many in an open loop, most of whose clients have nothing in flight.
    let made = real(
        server.address,
        Some(Schedule {
            rate_rps: 2000.0,
            arrivals: Arrivals::Poisson,
            assign: Assign::Bound,
            seed: 1,
            skew: None,
            then: None,
        }),
    );
    assert!(expected.contains(&made), "{made}");
}

/// Connects inside a window from 50 to 550 ms of 64 clients that leave each 100 ms, none of
/// which may lose a request.
fn real(target: SocketAddr, schedule: Option<Schedule>) -> u64 {
    let load = load::Load {
        target,
        clients: 64,
        threads: 2,
        duration: Duration::from_millis(500),
        warmup: Duration::from_millis(50),
        drain: load::DRAIN,
        timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(3),
        idle: 0,
        think: Duration::ZERO,
        write_mode: WriteMode::Default,
        close: Close::Reset,
        cpus: None,
        schedule,
        pipeline: 1,
        requests_per_connection: None,
        reconnect_every: Some(Duration::from_millis(100)),
        max_frame_bytes: 1 << 20,
        message: Message::ping(16),
        alternate: None,
    };
    let measured = load::start(&load).unwrap().finish().unwrap();
    let recorder = &measured.recorder;
    assert_eq!((recorder.errors.total(), recorder.unanswered), (0, 0));
    assert!(recorder.requests > 300, "{}", recorder.requests);
    assert_eq!(recorder.connects.made, recorder.connects.begun);
    recorder.connects.made
}
