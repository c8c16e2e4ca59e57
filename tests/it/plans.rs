//! Alternate messages and skew in a plan, with a scripted server and a fake clock: every figure
//! is exact.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rpcbench::internal::load::Window;
use rpcbench::internal::load::{Kind, Mix, OpenLoop, Pacer, Planned, Schedule};
use rpcbench::record::{Arrivals, Assign, ErrorCounts, Skew};

use crate::support::{Load, MS, S, World, exponential, load, play, play_with, pong_to};

const MIX: Mix = Mix {
    one_in: Some(10),
    seed: 4,
};

const WINDOW: Window = Window {
    from_ns: 100 * MS,
    to_ns: 1100 * MS,
};

fn constant(rate_rps: f64) -> Schedule {
    Schedule {
        rate_rps,
        arrivals: Arrivals::Constant,
        seed: 4,
        skew: None,
        then: None,
    }
}

/// The plan of `clients` clients up to `until_ns`, as drawn by `threads` threads. The client
/// numbers are those among all clients.
fn plan(schedule: Schedule, clients: usize, threads: usize, until_ns: u64) -> Vec<Planned> {
    let mut plan = Vec::new();
    for index in 0..threads {
        let own = clients * index / threads..clients * (index + 1) / threads;
        let first = own.start;
        let mut pacer = OpenLoop::new(schedule, MIX, clients, WINDOW, own);
        plan.extend(
            std::iter::from_fn(|| pacer.due(until_ns)).map(|planned| Planned {
                client: planned.client + first,
                ..planned
            }),
        );
    }
    plan.sort_by_key(|planned| (planned.at_ns, planned.client));
    plan
}

/// The correct reply to the usual and to the alternate message.
fn correct_reply(request: &[u8]) -> Vec<u8> {
    if is_spin(request) {
        let body = br#"{"out":"spin","result":2000}"#;
        [&(body.len() as u32).to_le_bytes()[..], body].concat()
    } else {
        pong_to(request)
    }
}

fn is_spin(request: &[u8]) -> bool {
    request[4..].starts_with(br#"{"in":"spin""#)
}

/// The client of each request, and whether it was the alternate message; in the order of sending.
type Sent = Rc<RefCell<Vec<(usize, bool)>>>;

/// A server for two clients that records each request. The alternate message is a `spin`.
fn recording() -> (Rc<RefCell<World>>, Sent) {
    let sent = Sent::default();
    let kept = Rc::clone(&sent);
    let world = World::new(2, move |client, request, _| {
        kept.borrow_mut().push((client, is_spin(request)));
        // The alternate message takes longer.
        let takes = if is_spin(request) { 7 * MS } else { MS };
        vec![(takes, correct_reply(request))]
    });
    (world, sent)
}

#[test]
fn the_alternate_message_depends_on_client_and_request_number_in_a_closed_loop() {
    let play_mixed = |first_client: usize| {
        let (world, sent) = recording();
        let load = Load {
            mix: MIX,
            first_client,
            ..load(2)
        };
        let (recorder, _) = play(&load, &world);
        assert_eq!(recorder.errors.total(), 0, "{:?}", recorder.first_wrong);
        sent.take()
    };
    let sent = play_mixed(5);
    for client in 0..2 {
        let kinds = sent.iter().filter(|(of, _)| *of == client);
        for (number, (_, spin)) in kinds.enumerate() {
            let expected = MIX.kind(5 + client as u64, number as u64 + 1);
            assert_eq!(*spin, expected == Kind::Alternate, "{client}: {number}");
        }
    }
    let spins = sent.iter().filter(|(_, spin)| *spin).count();
    assert!(sent.len() > 1000 && spins > 100, "{spins}/{}", sent.len());
    assert_ne!(sent, play_mixed(7), "other clients send another sequence");
}

#[test]
fn the_alternate_message_is_part_of_the_plan_with_either_assignment() {
    let drawn = plan(constant(400.0), 2, 1, 1100 * MS - 1);
    let planned: Vec<bool> = drawn
        .iter()
        .map(|one| one.kind == Kind::Alternate)
        .collect();
    assert!(planned.iter().filter(|spin| **spin).count() > 30);
    for assign in [Assign::Bound, Assign::Free] {
        let (world, sent) = recording();
        let pacer = Box::new(OpenLoop::new(constant(400.0), MIX, 2, WINDOW, 0..2));
        let load = Load { assign, ..load(2) };
        let (recorder, _) = play_with(&load, pacer, true, &world);
        assert_eq!(recorder.errors.total(), 0);
        let mut sent = sent.take();
        if assign == Assign::Bound {
            // A client that waits for a slow reply sends later; each client keeps the plan's order.
            sent.sort_by_key(|(client, _)| *client);
            let mut by_client: Vec<&Planned> = drawn.iter().collect();
            by_client.sort_by_key(|one| one.client);
            let by_client = by_client.iter();
            let expected = by_client.map(|one| (one.client, one.kind == Kind::Alternate));
            assert_eq!(sent, expected.collect::<Vec<_>>());
        } else {
            let sent: Vec<bool> = sent.iter().map(|(_, spin)| *spin).collect();
            assert_eq!(sent, planned, "in the order of the plan, by any client");
        }
    }
}

#[test]
fn a_reply_is_checked_against_the_message_that_was_sent() {
    // The reply to a `spin` has the form of a reply to a ping: it is wrong.
    let spins = Rc::new(Cell::new(0));
    let counted = Rc::clone(&spins);
    let world = World::new(1, move |_, request, now| {
        let spin = is_spin(request) && now >= 200 * MS;
        counted.set(counted.get() + u64::from(spin));
        let body = br#"{"out":"pong","result":"0000000000000001"}"#;
        let wrong = [&(body.len() as u32).to_le_bytes()[..], body].concat();
        vec![(MS, if spin { wrong } else { correct_reply(request) })]
    });
    let load = Load {
        mix: MIX,
        ..load(1)
    };
    let (recorder, _) = play(&load, &world);
    assert!(spins.get() > 30, "{}", spins.get());
    let all_wrong = ErrorCounts {
        reply: spins.get(),
        ..ErrorCounts::default()
    };
    assert_eq!(recorder.errors, all_wrong);
}

#[test]
fn the_times_of_a_plan_do_not_depend_on_the_mix() {
    let schedule = Schedule {
        arrivals: Arrivals::Poisson,
        ..constant(1000.0)
    };
    let mut alone = OpenLoop::new(schedule, Mix::default(), 8, WINDOW, 0..8);
    let alone: Vec<(u64, usize)> = std::iter::from_fn(|| alone.due(S))
        .map(|planned| (planned.at_ns, planned.client))
        .collect();
    let mixed = plan(schedule, 8, 3, S);
    let mixed: Vec<(u64, usize)> = mixed.iter().map(|one| (one.at_ns, one.client)).collect();
    assert_eq!(alone, mixed);
}

fn skewed(arrivals: Arrivals, clients: f64, requests: f64) -> Schedule {
    Schedule {
        arrivals,
        skew: Some(Skew {
            clients_share: clients,
            requests_share: requests,
        }),
        ..constant(10_000.0)
    }
}

/// The number of planned requests of each client.
fn requests_per_client(schedule: Schedule, clients: usize, threads: usize) -> Vec<u64> {
    let mut counts = vec![0; clients];
    for planned in plan(schedule, clients, threads, S) {
        counts[planned.client] += 1;
    }
    counts
}

#[test]
fn skewed_clients_get_their_exact_number_of_requests() {
    // Nine tenths of 10,000 requests go to five of fifty clients, in turn.
    let counts = requests_per_client(skewed(Arrivals::Constant, 0.1, 0.9), 50, 1);
    let mut sorted = counts.clone();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(sorted[..5], [1800; 5]);
    assert_eq!(sorted[5..].iter().sum::<u64>(), 1000);
    assert!(sorted[5..].iter().all(|count| (22..=23).contains(count)));
    // The busy clients are spread over the client numbers.
    let busy: Vec<usize> = (0..50).filter(|at| counts[*at] == 1800).collect();
    assert!(busy[4] - busy[0] > 10, "{busy:?}");
    let other_seed = Schedule {
        seed: 5,
        ..skewed(Arrivals::Constant, 0.1, 0.9)
    };
    assert_ne!(counts, requests_per_client(other_seed, 50, 1));
}

#[test]
fn skewed_poisson_arrivals_have_their_share_and_exponential_gaps() {
    let schedule = skewed(Arrivals::Poisson, 0.1, 0.9);
    let counts = requests_per_client(schedule, 50, 1);
    let busy: Vec<u64> = counts
        .iter()
        .copied()
        .filter(|count| *count > 500)
        .collect();
    assert_eq!(busy.len(), 5, "{counts:?}");
    // 1,800 each, with a standard deviation of 42.
    assert!(
        busy.iter().all(|count| (1600..2000).contains(count)),
        "{busy:?}"
    );
    let all: u64 = counts.iter().sum();
    let share = busy.iter().sum::<u64>() as f64 / all as f64;
    assert!((share - 0.9).abs() < 0.01, "{share}");
    let plan = plan(schedule, 50, 1, S);
    let times: Vec<u64> = plan.iter().map(|planned| planned.at_ns).collect();
    exponential(&times, 10_000.0);
}

#[test]
fn a_skewed_plan_is_the_same_for_any_number_of_threads() {
    for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
        let schedule = skewed(arrivals, 0.1, 0.9);
        let one = plan(schedule, 50, 1, S);
        assert_eq!(one, plan(schedule, 50, 2, S));
        assert_eq!(one, plan(schedule, 50, 7, S));
    }
}

#[test]
fn a_share_of_clients_may_be_all_or_less_than_one_client() {
    for arrivals in [Arrivals::Constant, Arrivals::Poisson] {
        let served = |clients, requests| {
            let counts = requests_per_client(skewed(arrivals, clients, requests), 10, 3);
            counts.iter().filter(|count| **count > 0).count()
        };
        assert_eq!(served(0.01, 1.0), 1, "at least one client is busy");
        assert_eq!(served(0.3, 1.0), 3, "the other clients get no request");
        assert_eq!(served(1.0, 0.5), 10, "all clients are busy");
        assert_eq!(served(0.2, 0.0), 8);
    }
}
