//! Load options with a scripted server and a fake clock: every figure is exact.

use std::cell::RefCell;
use std::rc::Rc;

use rpcbench::internal::load::Ramp;
use rpcbench::internal::protocol::WriteMode;
use rpcbench::record::Connects;

use crate::support::{Load, MS, S, World, load, near, play, pong_to};

#[test]
fn clients_think_between_requests_and_start_at_different_times() {
    let world = World::new(4, |_, request, _| vec![(2 * MS, pong_to(request))]);
    world.borrow_mut().connect_ns = 0;
    let load = Load {
        think_ns: 8 * MS,
        ..load(4)
    };
    let (recorder, clients) = play(&load, &world);
    // 2 ms of service and 8 ms of think time: 100 requests per second and client.
    assert_eq!(recorder.requests, 4 * 100);
    assert!(clients.iter().all(|client| client.replies == 100));
    assert!(near(recorder.latency.quantile(1.0), 2 * MS));
    // The starts are spread over the think time.
    let starts: Vec<u64> = world.borrow().sent[..4].iter().map(|(at, _)| *at).collect();
    assert_eq!(starts, [0, 2 * MS, 4 * MS, 6 * MS]);
    // Four clients with a request in progress for a fifth of the time: 0.8 on average.
    assert!((recorder.flow.under_way_mean() - 0.8).abs() < 0.001);
}

#[test]
fn connects_follow_the_ramp() {
    let world = World::new(100, |_, request, _| vec![(MS, pong_to(request))]);
    let ramp = Ramp {
        first_ns: 0,
        gap_ns: MS / 2,
    };
    let (recorder, clients) = play(&Load { ramp, ..load(100) }, &world);
    let asked = world.borrow().asked.clone();
    let expected: Vec<(u64, usize)> = (0..100).map(|at| (at as u64 * MS / 2, at)).collect();
    assert_eq!(asked, expected);
    // The ramp is not part of the response time: a first request is due when its client connects.
    assert!(near(recorder.latency.quantile(1.0), MS));
    assert_eq!(clients[99].replies, 1000);
    assert_eq!(
        recorder.connects,
        Connects {
            begun: 100,
            made: 100,
            ..Connects::default()
        }
    );
}

#[test]
fn connected_clients_are_served_while_others_connect() {
    let world = World::new(10, |_, request, _| vec![(MS, pong_to(request))]);
    let ramp = Ramp {
        first_ns: 0,
        gap_ns: 100 * MS,
    };
    let (_, clients) = play(&Load { ramp, ..load(10) }, &world);
    // The window begins at 100 ms; client 5 connects at 500 ms, its first reply comes 2 ms later.
    assert_eq!((clients[0].replies, clients[5].replies), (1000, 598));
}

#[test]
fn idle_connections_connect_first_and_send_nothing() {
    let world = World::new(2, |client, request, _| {
        assert!(client < 2, "an idle connection sent something");
        vec![(MS, pong_to(request))]
    });
    let ramp = Ramp {
        first_ns: 0,
        gap_ns: MS,
    };
    let (recorder, clients) = play(
        &Load {
            idle: 3,
            ramp,
            ..load(2)
        },
        &world,
    );
    let order: Vec<usize> = world
        .borrow()
        .asked
        .iter()
        .map(|(_, client)| *client)
        .collect();
    assert_eq!(order, [2, 3, 4, 0, 1]);
    assert_eq!((recorder.idle_open, recorder.idle_closed), (3, 0));
    assert_eq!((clients.len(), recorder.requests), (2, 2000));
    assert_eq!(recorder.errors.total(), 0);
}

#[test]
fn refused_and_timed_out_connects_are_counted_separately() {
    let refusing = World::new(1, |_, request, _| vec![(MS, pong_to(request))]);
    refusing.borrow_mut().refuse = true;
    let (recorder, _) = play(&load(1), &refusing);
    let connects = recorder.connects;
    assert!(
        connects.refused > 3 && connects.timed_out == 0,
        "{connects:?}"
    );
    assert_eq!(connects.begun, connects.refused + connects.pending);
    assert_eq!((connects.made, connects.failed), (0, 0));

    let silent = World::new(1, |_, request, _| vec![(MS, pong_to(request))]);
    silent.borrow_mut().connect_ns = 100 * S;
    let load = Load {
        connect_timeout_ns: 300 * MS,
        ..load(1)
    };
    let (recorder, _) = play(&load, &silent);
    let connects = recorder.connects;
    assert!((3..=4).contains(&connects.timed_out), "{connects:?}");
    assert_eq!((connects.refused, connects.made), (0, 0));
    assert_eq!(connects.begun, connects.timed_out + connects.pending);
    // The first request waits for a connection until the end.
    assert_eq!(recorder.unanswered, 1);
}

#[test]
fn split_writes_send_length_and_body_separately() {
    let mut header = Vec::new();
    let world = World::new(1, move |_, bytes, _| {
        if bytes.len() == 4 {
            header = bytes.to_vec();
            vec![]
        } else {
            vec![(MS, pong_to(&[&header[..], bytes].concat()))]
        }
    });
    let load = Load {
        write_mode: WriteMode::Split,
        ..load(1)
    };
    let (recorder, _) = play(&load, &world);
    assert_eq!(recorder.requests, 1000);
    assert!(
        world.borrow().writes.chunks(2).all(|two| two == [4, 41]),
        "{:?}",
        &world.borrow().writes[..10]
    );
}

#[test]
fn littles_law_holds_and_fails_where_expected() {
    let world = World::new(8, |_, request, _| vec![(5 * MS, pong_to(request))]);
    let (recorder, _) = play(&load(8), &world);
    let flow = &recorder.flow;
    assert!(
        (flow.under_way_mean() - 8.0).abs() < 1e-9,
        "{}",
        flow.under_way_mean()
    );
    assert!((flow.throughput_times_latency() - 8.0).abs() < 0.1);
    assert_eq!(
        flow.slices().iter().map(|slice| slice.replies).sum::<u64>(),
        recorder.requests
    );
    // Half of the clients get no reply: their requests are in progress but in no response time.
    let world = World::new(8, |client, request, _| {
        if client < 4 {
            vec![(5 * MS, pong_to(request))]
        } else {
            vec![]
        }
    });
    let (recorder, _) = play(&load(8), &world);
    assert!((recorder.flow.under_way_mean() - 8.0).abs() < 1e-9);
    assert!((recorder.flow.throughput_times_latency() - 4.0).abs() < 0.1);
}

#[test]
fn requests_of_different_threads_differ() {
    let first_request = |first_client: usize| {
        let requests = Rc::new(RefCell::new(Vec::new()));
        let log = Rc::clone(&requests);
        let world = World::new(1, move |_, request, _| {
            log.borrow_mut().push(request.to_vec());
            vec![(MS, pong_to(request))]
        });
        play(
            &Load {
                first_client,
                ..load(1)
            },
            &world,
        );
        requests.take().swap_remove(0)
    };
    // A server that swaps the replies of two clients must be detected, even across threads.
    assert_ne!(first_request(0), first_request(32));
}
