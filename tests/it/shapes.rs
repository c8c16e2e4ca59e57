//! Shapes of load against a scripted server under a fake clock: every figure is exact.

use std::cell::RefCell;
use std::rc::Rc;

use rpcbench::internal::load::Ramp;
use rpcbench::internal::protocol::WriteMode;
use rpcbench::record::Connects;

use crate::support::{Load, MS, S, World, load, near, play, pong_to};

#[test]
fn clients_think_between_requests_and_do_not_start_together() {
    let world = World::new(4, |_, request, _| vec![(2 * MS, pong_to(request))]);
    world.borrow_mut().connect_ns = 0;
    let load = Load {
        think_ns: 8 * MS,
        ..load(4)
    };
    let (recorder, clients) = play(&load, &world);
    // 2 ms of service and 8 ms of thought: a hundred a second each.
    assert_eq!(recorder.requests, 4 * 100);
    assert!(clients.iter().all(|client| client.replies == 100));
    assert!(near(recorder.latency.quantile(1.0), 2 * MS));
    // Spread over the time of a thought.
    let starts: Vec<u64> = world.borrow().sent[..4].iter().map(|(at, _)| *at).collect();
    assert_eq!(starts, [0, 2 * MS, 4 * MS, 6 * MS]);
    // Of four clients that serve a fifth of their time, 0.8 are under way.
    assert!((recorder.flow.under_way_mean() - 0.8).abs() < 0.001);
}

#[test]
fn connections_are_made_at_a_pace() {
    let world = World::new(100, |_, request, _| vec![(MS, pong_to(request))]);
    let ramp = Ramp {
        first_ns: 0,
        gap_ns: MS / 2,
    };
    let (recorder, clients) = play(&Load { ramp, ..load(100) }, &world);
    let asked = world.borrow().asked.clone();
    let expected: Vec<(u64, usize)> = (0..100).map(|at| (at as u64 * MS / 2, at)).collect();
    assert_eq!(asked, expected);
    // Nobody waits for the pace: a client's first request is planned when it connects.
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
fn those_that_have_begun_are_served_while_others_still_connect() {
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
        assert!(client < 2, "an idle connection has sent something");
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
    let order: Vec<usize> = world.borrow().asked.iter().map(|(_, who)| *who).collect();
    assert_eq!(order, [2, 3, 4, 0, 1]);
    assert_eq!((recorder.idle_open, recorder.idle_closed), (3, 0));
    assert_eq!((clients.len(), recorder.requests), (2, 2000));
    assert_eq!(recorder.errors.total(), 0);
}

#[test]
fn refusals_and_connects_that_take_too_long_are_told_apart() {
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
    // The request that wanted a connection waits all the while.
    assert_eq!(recorder.unanswered, 1);
}

#[test]
fn the_article_writes_a_request_in_two() {
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
fn littles_law_holds_where_it_must_and_only_there() {
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
    // Half of the clients are never answered: they are under way, and no reply tells of it.
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
        let seen = Rc::new(RefCell::new(Vec::new()));
        let kept = Rc::clone(&seen);
        let world = World::new(1, move |_, request, _| {
            kept.borrow_mut().push(request.to_vec());
            vec![(MS, pong_to(request))]
        });
        play(
            &Load {
                first_client,
                ..load(1)
            },
            &world,
        );
        seen.take().swap_remove(0)
    };
    // A server that swaps two clients' replies must not be believed, whoever they belong to.
    assert_ne!(first_request(0), first_request(32));
}
