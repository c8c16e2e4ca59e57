//! All clients reconnect at the same times: exact under a fake clock, and with a real server.

use std::net::SocketAddr;
use std::time::Duration;

use rpcbench::internal::load;
use rpcbench::internal::load::GeneratorConfig;
use rpcbench::internal::load::Message;
use rpcbench::internal::load::{OpenLoop, Schedule};
use rpcbench::record::{Arrivals, Close, Connects, LoadSpec, Mode};

use crate::support::{Load, MS, Served, World, load, near, play, play_with, pong_to, undisturbed};

/// Time and client of each connect after the initial ones.
fn reconnects(world: &World, clients: usize) -> Vec<(u64, usize)> {
    world.asked[clients..].to_vec()
}

#[test]
fn clients_with_a_request_in_flight_reconnect_after_its_reply() {
    // Replies take 30 ms and connects 1 ms: at 100 ms a request is in flight.
    let world = World::new(2, |_, request, _| vec![(30 * MS, pong_to(request))]);
    let load = Load {
        reconnect_every_ns: Some(100 * MS),
        ..load(2)
    };
    let (recorder, _) = play(&load, &world);
    // Requests at 1, 31, 61 and 91 ms; the last reply at 121 ms. Then at 122, 152 and 182 ms, etc.
    let first: Vec<(u64, usize)> = reconnects(&world.borrow(), 2)[..4].to_vec();
    assert_eq!(
        first,
        [(121 * MS, 0), (121 * MS, 1), (212 * MS, 0), (212 * MS, 1)]
    );
    // The response time of a connection's first request includes the connect; its service time
    // does not.
    assert!(near(recorder.latency.quantile(1.0), 31 * MS));
    assert!(recorder.service.max().abs_diff(30 * MS) <= 30_000);
    assert_eq!((recorder.errors.total(), recorder.unanswered), (0, 0));
    assert_eq!(recorder.connects.made, recorder.connect.len());
    // Reconnects at 100, 200, …, 1,000 ms, all inside the window.
    let connects = Connects {
        begun: 20,
        made: 20,
        ..Connects::default()
    };
    assert_eq!(recorder.connects, connects);
}

#[test]
fn clients_with_no_request_in_flight_reconnect_at_once() {
    let world = World::new(100, |_, request, _| vec![(0, pong_to(request))]);
    let schedule = Schedule {
        rate_rps: 1000.0,
        arrivals: Arrivals::Constant,
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
    // More clients than the generator connects in one step.
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
    // Requests planned at the time of a reconnect wait 1 ms for the connect.
    assert!(near(recorder.latency.quantile(1.0), MS));
    assert_eq!(recorder.service.max(), 0);
}

#[test]
fn a_thinking_client_reconnects_before_its_next_request() {
    let world = World::new(1, |_, request, _| vec![(MS, pong_to(request))]);
    let load = Load {
        think_ns: 60 * MS,
        reconnect_every_ns: Some(100 * MS),
        ..load(1)
    };
    let (recorder, _) = play(&load, &world);
    // It thinks from 2 to 62 ms and from 63 to 123 ms, and reconnects at 100 ms.
    assert_eq!(reconnects(&world.borrow(), 1)[0], (100 * MS, 0));
    assert!(
        near(recorder.latency.quantile(0.5), MS),
        "the connect is not part of a response time"
    );
}

#[test]
fn pipelined_requests_are_all_answered_before_a_reconnect() {
    // Requests that waited for a connection are written together.
    let world = World::new(1, |_, requests, _| {
        let length = Message::ping(16).frame_bytes();
        let replies: Vec<u8> = requests.chunks(length).flat_map(pong_to).collect();
        vec![(10 * MS, replies)]
    });
    let schedule = Schedule {
        rate_rps: 500.0,
        arrivals: Arrivals::Constant,
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
    // A request sent 2 ms before the reconnect time is answered 8 ms after it. A request that waits
    // for this reply waits for the connect too.
    let longest = recorder.latency.max_ns().unwrap();
    assert!((18 * MS..=20 * MS).contains(&longest), "{longest}");
}

#[test]
fn clients_with_slow_connects_still_send_requests() {
    // A connect takes longer than the interval between reconnects.
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
fn a_client_without_a_first_reply_does_not_reconnect() {
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
    assert_eq!(recorder.connects.made, 10, "all by the other client");
}

#[test]
fn all_clients_reconnect_to_a_real_server_at_each_time() {
    let server = Served::start("async", &[]);
    // At 100, 200, …, 500 ms; on a machine that stalls, some may be missing.
    let expected = 64 * 3..=64 * 5;
    // In an open loop most clients have no request in flight.
    for rate_rps in [None, Some(2000.0)] {
        let connects = || connects_made(server.address, rate_rps);
        let made = undisturbed(connects, |made| !expected.contains(made));
        assert!(expected.contains(&made), "{rate_rps:?}: {made}");
    }
}

/// The number of connects in a window from 50 to 550 ms, by 64 clients that reconnect every 100 ms.
/// Checks that no request is lost.
fn connects_made(target: SocketAddr, rate_rps: Option<f64>) -> u64 {
    let spec = LoadSpec {
        mode: rate_rps.map_or(Mode::Closed, |_| Mode::Poisson),
        rate_rps,
        duration: Duration::from_millis(500),
        warmup: Duration::from_millis(50),
        close: Close::Reset,
        reconnect_every: Some(Duration::from_millis(100)),
        ..LoadSpec::default()
    };
    let generator = GeneratorConfig {
        threads: 2,
        drain: load::DRAIN,
        max_frame_bytes: 1 << 20,
        part: load::LoadPart::WHOLE,
        start_at: None,
    };
    let load = load::Load::new(spec, generator, target, 1).unwrap();
    let measured = load::start(&load).unwrap().finish().unwrap();
    let recorder = &measured.recorder;
    assert_eq!((recorder.errors.total(), recorder.unanswered), (0, 0));
    assert!(recorder.requests > 100, "{}", recorder.requests);
    assert_eq!(recorder.connects.made, recorder.connects.begun);
    recorder.connects.made
}
