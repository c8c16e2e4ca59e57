//! The closed loop against a scripted server under a fake clock: every figure is known exactly.

use rpcbench::internal::load::ClientResult;
use rpcbench::internal::load::Message;
use rpcbench::internal::load::Quantile;
use rpcbench::record::ErrorCounts;

use crate::support::{Load, MS, S, World, load, near, play, pong_to};

#[test]
fn a_server_with_a_response_time_of_two_milliseconds() {
    let world = World::new(3, |_, request, _| vec![(2 * MS, pong_to(request))]);
    let (recorder, clients) = play(&load(3), &world);
    // Three clients, each with requests of 2 ms during one second.
    assert_eq!(recorder.requests, 3 * 500);
    assert_eq!(
        clients
            .iter()
            .map(|client| client.replies)
            .collect::<Vec<_>>(),
        [500, 500, 500]
    );
    for q in [0.0, 0.5, 0.99, 1.0] {
        assert!(
            near(recorder.latency.quantile(q), 2 * MS),
            "{q}: {:?}",
            recorder.latency.quantile(q)
        );
    }
    assert_eq!(recorder.service.len(), recorder.latency.answered.len());
    assert_eq!((recorder.unanswered, recorder.errors.total()), (0, 0));
    assert_eq!(
        recorder
            .series
            .iter()
            .map(|interval| interval.requests)
            .sum::<u64>(),
        1500
    );
}

#[test]
fn no_request_starts_after_the_window_and_the_drain_is_measured() {
    // Replies take 300 ms, so that the last ones fall into the drain.
    let world = World::new(2, |_, request, _| vec![(300 * MS, pong_to(request))]);
    let (recorder, _) = play(&load(2), &world);
    let last_send = world.borrow().sent.iter().map(|(at, _)| *at).max().unwrap();
    assert!(last_send < 1100 * MS, "sent at {last_send}");
    // Sent at 1, 301, 601, 901 ms: three replies inside the window, the fourth in the drain.
    assert_eq!(recorder.requests, 2 * 3);
    // The first was planned before the window.
    assert_eq!((recorder.latency.count(), recorder.older.ended), (2 * 3, 2));
    assert_eq!(recorder.unanswered, 0);
}

#[test]
fn failures_before_the_window_are_counted_apart() {
    // The window begins at 100 ms; the first request of one client has a wrong reply.
    let world = World::new(2, |client, request, now| {
        let is_first = client == 0 && now < 2 * MS;
        let wrong = || [&[8, 0, 0, 0], &b"rubbish!"[..]].concat();
        vec![(2 * MS, if is_first { wrong() } else { pong_to(request) })]
    });
    let (recorder, _) = play(&load(2), &world);
    assert_eq!(world.borrow().connects, 3);
    assert_eq!(recorder.errors, ErrorCounts::default());
    let wrong = ErrorCounts {
        reply: 1,
        ..ErrorCounts::default()
    };
    assert_eq!(recorder.warmup_errors, wrong);
}

#[test]
fn clients_without_a_reply_are_counted() {
    let world = World::new(10, |client, request, _| {
        if client == 0 {
            vec![(MS, pong_to(request))]
        } else {
            vec![]
        }
    });
    let (recorder, clients) = play(&load(10), &world);
    assert_eq!(
        clients.iter().filter(|client| client.replies > 0).count(),
        1
    );
    // Sent in the warm-up and still unanswered: counted apart.
    assert_eq!(
        (recorder.unanswered, recorder.latency.censored.len()),
        (9, 0)
    );
    let older = recorder.older;
    // The first request of the served client too was planned before the window.
    assert_eq!((older.ended, older.unanswered), (10, 9));
    assert_eq!(older.longest_ns, 2100 * MS);
    assert!(clients[1..].iter().all(ClientResult::is_starved));
    let waited = clients[5].longest_wait_ns;
    assert_eq!(
        waited,
        2100 * MS,
        "planned at the start, given up at the end of the drain"
    );
    assert!(near(recorder.latency.quantile(1.0), MS));
}

#[test]
fn a_request_that_ended_in_the_warm_up_is_not_counted() {
    let world = World::new(1, |_, request, now| {
        let takes = if now < 50 * MS { 90 * MS } else { 10 * MS };
        vec![(takes, pong_to(request))]
    });
    let (recorder, _) = play(&load(1), &world);
    // The slow request ends at 91 ms, before the window; later requests take 10 ms.
    assert!(near(recorder.latency.quantile(1.0), 10 * MS));
    // A request that starts in the warm-up and ends in the window is counted apart.
    let world = World::new(1, |_, request, now| {
        let takes = if now < 50 * MS { 150 * MS } else { 10 * MS };
        vec![(takes, pong_to(request))]
    });
    let (recorder, clients) = play(&load(1), &world);
    assert!(near(recorder.latency.quantile(1.0), 10 * MS));
    assert_eq!((recorder.older.ended, recorder.older.unanswered), (1, 0));
    assert_eq!(clients[0].longest_wait_ns, 151 * MS);
}

#[test]
fn latency_includes_the_connect_and_service_time_does_not() {
    let world = World::new(2, |_, request, _| vec![(2 * MS, pong_to(request))]);
    world.borrow_mut().connect_ns = 3 * MS;
    let load = Load {
        requests_per_connection: Some(1),
        ..load(2)
    };
    let (recorder, _) = play(&load, &world);
    assert!(near(recorder.latency.quantile(0.5), 5 * MS));
    assert!(
        near(recorder.latency.quantile(1.0), 5 * MS),
        "connects in progress at the end of the window are used"
    );
    assert!((recorder.service.value_at_quantile(1.0)).abs_diff(2 * MS) <= 2000);
    assert!((recorder.connect.value_at_quantile(0.5)).abs_diff(3 * MS) <= 3000);
    assert_eq!(recorder.requests, 2 * 200);
    assert_eq!(recorder.unanswered, 0);
    // 440 in total; those of the warm-up are not recorded.
    assert_eq!(
        (world.borrow().connects, recorder.connect.len()),
        (440, 400)
    );
}

#[test]
fn a_connection_ends_after_the_given_number_of_requests() {
    let world = World::new(1, |_, request, _| vec![(MS, pong_to(request))]);
    let load = Load {
        requests_per_connection: Some(9),
        ..load(1)
    };
    let (recorder, _) = play(&load, &world);
    // A connect of 1 ms and nine requests of 1 ms: nine in ten milliseconds.
    assert_eq!(recorder.requests, 900);
    // 1,100 ms of load at 10 ms per connection.
    assert_eq!(world.borrow().connects, 110);
}

#[test]
fn a_connect_that_never_ends_counts_as_an_unanswered_request() {
    let world = World::new(2, |_, request, _| vec![(MS, pong_to(request))]);
    world.borrow_mut().connect_ns = 100 * S;
    let (recorder, clients) = play(&load(2), &world);
    assert_eq!(recorder.requests, 0);
    assert_eq!(
        (recorder.unanswered, recorder.latency.censored.len()),
        (2, 0)
    );
    assert_eq!(
        clients[0].longest_wait_ns,
        2100 * MS,
        "until the end of the drain"
    );
    assert_eq!(world.borrow().sent.len(), 0);
}

#[test]
fn refused_connects_are_counted_and_retried_after_a_pause() {
    let world = World::new(1, |_, request, _| vec![(MS, pong_to(request))]);
    world.borrow_mut().refuse = true;
    let (recorder, _) = play(&load(1), &world);
    let connects = world.borrow().connects;
    assert!((5..60).contains(&connects), "{connects} connects in 1.1 s");
    assert!(
        recorder.errors.connect >= 3 && recorder.errors.connect < connects,
        "{:?}",
        recorder.errors
    );
    assert_eq!((recorder.requests, recorder.unanswered), (0, 1));
}

#[test]
fn a_missing_reply_times_out() {
    let world = World::new(1, |_, request, now| {
        if now < 500 * MS {
            vec![]
        } else {
            vec![(MS, pong_to(request))]
        }
    });
    let load = Load {
        timeout_ns: 300 * MS,
        ..load(1)
    };
    let (recorder, clients) = play(&load, &world);
    assert_eq!(
        recorder.errors,
        ErrorCounts {
            timeout: 2,
            ..ErrorCounts::default()
        }
    );
    assert_eq!(
        (recorder.latency.censored.len(), recorder.older.ended),
        (1, 1),
        "recorded with their ages, as unanswered"
    );
    assert!(recorder.requests > 350, "{}", recorder.requests);
    assert!(clients[0].longest_wait_ns >= 300 * MS);
    assert!(matches!(
        recorder.latency.quantile(1.0),
        Some(Quantile::Over(_))
    ));
}

/// Replaces one reply in the window, and checks the errors that are counted.
#[track_caller]
fn assert_fault(reply: impl Fn(&[u8]) -> Vec<u8> + 'static, expected: &ErrorCounts) {
    let mut done = false;
    let world = World::new(1, move |_, request, now| {
        let faulty = now >= 200 * MS && !std::mem::replace(&mut done, now >= 200 * MS);
        vec![(
            MS,
            if faulty {
                reply(request)
            } else {
                pong_to(request)
            },
        )]
    });
    let (recorder, clients) = play(&load(1), &world);
    assert_eq!(recorder.errors, *expected);
    assert_eq!(
        recorder.latency.censored.len(),
        1,
        "the request counts as unanswered"
    );
    // The reconnect takes a millisecond, and one request is lost.
    assert_eq!((recorder.requests, clients[0].replies), (998, 998));
}

#[test]
fn faults_are_counted_by_kind_and_never_as_successes() {
    let none = ErrorCounts::default;
    let wrong = ErrorCounts { reply: 1, ..none() };
    assert_fault(
        |request| pong_to(&[&request[..request.len() - 3], b"f\"}"].concat()),
        &wrong,
    );
    assert_fault(
        |_| {
            [
                &[40, 0, 0, 0],
                &br#"{"out":"error","result":"unknown method"}"#[..40],
            ]
            .concat()
        },
        &wrong,
    );
    assert_fault(|_| [&[8, 0, 0, 0], &b"rubbish!"[..]].concat(), &wrong);
    assert_fault(|_| [&[1, 0, 0, 0], &[0xff][..]].concat(), &wrong);
    assert_fault(
        |_| vec![0xff; 4],
        &ErrorCounts {
            protocol: 1,
            ..none()
        },
    );
    assert_fault(|_| Vec::new(), &ErrorCounts { reset: 1, ..none() });
}

#[test]
fn an_unrequested_reply_is_a_protocol_error() {
    let mut sent = 0;
    let world = World::new(1, move |_, request, _| {
        sent += 1;
        let twice = if sent == 200 {
            [pong_to(request), pong_to(request)].concat()
        } else {
            pong_to(request)
        };
        vec![(MS, twice)]
    });
    let (recorder, _) = play(&load(1), &world);
    assert_eq!(
        recorder.errors.total(),
        recorder.errors.protocol + recorder.errors.reply
    );
    assert_eq!(recorder.errors.total(), 1, "{:?}", recorder.errors);
}

#[test]
fn replies_may_arrive_in_pieces() {
    let world = World::new(1, |_, request, _| {
        let reply = pong_to(request);
        reply
            .iter()
            .enumerate()
            .map(|(at, byte)| (at as u64 * MS / 10, vec![*byte]))
            .collect()
    });
    let (recorder, _) = play(&load(1), &world);
    // The reply is one byte longer than the request, and its first byte arrives at once.
    let takes = Message::ping(16).frame_bytes() as u64 * MS / 10;
    assert!(
        near(recorder.latency.quantile(0.5), takes),
        "{:?} is not {takes}",
        recorder.latency.quantile(0.5)
    );
    assert_eq!(recorder.errors.total(), 0);
}

#[test]
fn replies_with_other_json_whitespace_are_correct() {
    let world = World::new(1, |_, request, _| {
        let body = String::from_utf8(pong_to(request)[4..].to_vec())
            .unwrap()
            .replace(':', ": ")
            .replace(',', ", ");
        vec![(
            MS,
            [&(body.len() as u32).to_le_bytes()[..], body.as_bytes()].concat(),
        )]
    });
    let (recorder, _) = play(&load(1), &world);
    assert_eq!((recorder.requests, recorder.errors.total()), (1000, 0));
}
