//! The open loop with a scripted server and a fake clock: every figure is exact.

use std::cell::RefCell;
use std::rc::Rc;

use rpcbench::internal::load::ClientResult;
use rpcbench::internal::load::Quantile;
use rpcbench::internal::load::{Mix, OpenLoop, Pacer, Planned, Schedule};
use rpcbench::internal::load::{Recorder, Window};
use rpcbench::record::{Arrivals, Assign};

use crate::support::{Load, MS, S, World, exponential, load, near, play_with, pong_to};

const FOREVER: Window = Window {
    from_ns: 0,
    to_ns: u64::MAX,
};

/// As `play`, but for an open loop with this schedule.
fn play_plan(
    load: &Load,
    schedule: Schedule,
    world: &Rc<RefCell<World>>,
) -> (Recorder, Vec<ClientResult>) {
    let pacer = OpenLoop::new(
        schedule,
        load.mix,
        load.clients,
        load.window,
        0..load.clients,
    );
    play_with(load, Box::new(pacer), true, world)
}

fn constant(rate_rps: f64) -> Schedule {
    Schedule {
        rate_rps,
        arrivals: Arrivals::Constant,
        seed: 1,
        skew: None,
        then: None,
    }
}

#[test]
fn every_request_planned_during_a_stall_has_its_full_response_time() {
    // Replies come at once, but in the first second of every ten they come at its end.
    let world = World::new(100, |_, request, now| {
        let into = now % (10 * S);
        vec![(S.saturating_sub(into), pong_to(request))]
    });
    let window = Window {
        from_ns: 5 * S,
        to_ns: 25 * S,
    };
    let (recorder, _) = play_plan(
        &Load {
            window,
            ..load(100)
        },
        constant(1000.0),
        &world,
    );
    // A tenth of the requests is planned during a stall; their waits are uniform from 0 to 1 s.
    assert_eq!(
        (recorder.requests, recorder.latency.count()),
        (20_000, 20_000)
    );
    assert!(
        near(recorder.latency.quantile(0.89), 0),
        "{:?}",
        recorder.latency.quantile(0.89)
    );
    assert!(
        near(recorder.latency.quantile(0.95), 500 * MS),
        "{:?}",
        recorder.latency.quantile(0.95)
    );
    assert!(
        near(recorder.latency.quantile(0.99), 900 * MS),
        "{:?}",
        recorder.latency.quantile(0.99)
    );
    assert!(
        near(recorder.latency.quantile(1.0), S),
        "{:?}",
        recorder.latency.quantile(1.0)
    );
    // Service time shows the stall in one request per connection only: the one in progress.
    let service = &recorder.service;
    assert_eq!(service.len() - service.count_between(0, MS), 2 * 100);
}

#[test]
fn requests_are_sent_at_their_planned_nanosecond() {
    let world = World::new(4, |_, request, _| vec![(MS, pong_to(request))]);
    let (recorder, clients) = play_plan(&load(4), constant(200.0), &world);
    // One every 5 ms, to the clients in turn; by then all connects are done.
    let sent = world.borrow().sent.clone();
    let planned: Vec<(u64, usize)> = (1..220).map(|i| (i * 5 * MS, i as usize % 4)).collect();
    assert_eq!(sent, planned);
    assert_eq!((recorder.requests, recorder.planned), (200, 200));
    assert!(clients.iter().all(|client| client.replies == 50));
    assert!(near(recorder.latency.quantile(1.0), MS));
    assert_eq!(recorder.lag.max(), 0);
}

#[test]
fn with_bound_assignment_requests_wait_for_a_stuck_client_and_with_free_they_do_not() {
    // Client 0 gets no reply from 500 ms on.
    let script = |client: usize, request: &[u8], now: u64| {
        if client == 0 && now >= 500 * MS {
            vec![]
        } else {
            vec![(MS, pong_to(request))]
        }
    };
    let (bound, _) = play_plan(&load(4), constant(400.0), &World::new(4, script));
    // A quarter of 400 requests per second, for the remaining 600 ms.
    assert_eq!(bound.unanswered, 60);
    assert!(matches!(
        bound.latency.quantile(0.99),
        Some(Quantile::Over(_))
    ));
    let free = Load {
        assign: Assign::Free,
        ..load(4)
    };
    let (free, _) = play_plan(&free, constant(400.0), &World::new(4, script));
    assert_eq!(
        free.unanswered, 1,
        "the other clients take its requests, which hides the stall"
    );
}

#[test]
fn over_capacity_the_run_ends_and_unsent_requests_count_as_unanswered() {
    // Two connections with a service time of 10 ms: a capacity of 200 requests per second.
    let world = World::new(2, |_, request, _| vec![(10 * MS, pong_to(request))]);
    let (recorder, _) = play_plan(&load(2), constant(1000.0), &world);
    assert_eq!(recorder.planned, 1000);
    assert_eq!(recorder.requests, 200);
    // Requests that were not sent by the end of the drain enter the sample at their age, over 1 s.
    assert!(
        (650..750).contains(&recorder.unanswered),
        "{}",
        recorder.unanswered
    );
    assert!(recorder.latency.censored_min_ns() > S);
    assert!(matches!(
        recorder.latency.quantile(0.5),
        Some(Quantile::Over(_))
    ));
}

#[test]
fn over_capacity_all_planned_requests_count_with_free_assignment_too() {
    let world = World::new(2, |_, request, _| vec![(10 * MS, pong_to(request))]);
    let free = Load {
        assign: Assign::Free,
        ..load(2)
    };
    let (recorder, _) = play_plan(&free, constant(1000.0), &world);
    assert_eq!((recorder.planned, recorder.requests), (1000, 200));
    assert!(
        (650..750).contains(&recorder.unanswered),
        "{}",
        recorder.unanswered
    );
    assert!(matches!(
        recorder.latency.quantile(0.5),
        Some(Quantile::Over(_))
    ));
    // Mean of the requests in progress: the queue grows by 800 requests per second for 1.1 s.
    assert!((400.0..600.0).contains(&recorder.flow.under_way_mean()));
}

#[test]
fn memory_of_waiting_requests_is_bounded_far_over_capacity() {
    // Two million requests in one second, and no reply.
    let world = World::new(1, |_, _, _| vec![]);
    let (recorder, clients) = play_plan(&load(1), constant(2e6), &world);
    assert_eq!(recorder.planned, 2_000_000);
    // All requests planned inside are in the sample; those of the warm-up are counted apart.
    assert_eq!(recorder.latency.censored.len(), 2_000_000);
    assert_eq!(recorder.older.unanswered, 200_000 - 1);
    assert_eq!(recorder.unanswered, 2_200_000 - 1);
    assert!(clients[0].is_starved());
    assert!(recorder.held_bytes < 40 << 20, "{}", recorder.held_bytes);
}

#[test]
fn with_free_assignment_every_pipeline_slot_takes_requests() {
    let world = World::new(2, |_, request, _| vec![(10 * MS, pong_to(request))]);
    let load = Load {
        assign: Assign::Free,
        pipeline: 5,
        ..load(2)
    };
    let (recorder, _) = play_plan(&load, constant(1000.0), &world);
    // Two connections with 5 requests in flight of 10 ms each: exactly 1,000 requests per second.
    assert_eq!(recorder.requests, 1000);
    assert!(near(recorder.latency.quantile(0.99), 10 * MS));
}

#[test]
fn clients_without_a_planned_request_are_neither_served_nor_starved() {
    let world = World::new(8, |client, request, _| {
        if client == 1 {
            vec![]
        } else {
            vec![(MS, pong_to(request))]
        }
    });
    // One request every 300 ms of 1,100 ms, to the clients in turn: three of eight get one.
    let (_, clients) = play_plan(&load(8), constant(1.0 / 0.3), &world);
    let asked: Vec<u64> = clients.iter().map(|client| client.asked).collect();
    assert_eq!(asked, [0, 1, 1, 1, 0, 0, 0, 0]);
    let starved: Vec<usize> = (0..8).filter(|at| clients[*at].is_starved()).collect();
    assert_eq!(starved, [1]);
    assert!(clients.iter().filter(|client| client.is_unserved()).count() == 1);
}

#[test]
fn poisson_requests_arrive_at_the_server_with_exponential_gaps() {
    let world = World::new(64, |_, request, _| vec![(0, pong_to(request))]);
    let schedule = Schedule {
        rate_rps: 20_000.0,
        arrivals: Arrivals::Poisson,
        seed: 5,
        skew: None,
        then: None,
    };
    play_plan(&load(64), schedule, &world);
    let sent = world.borrow().sent.clone();
    // Without those that waited for a connect.
    let times = sent.iter().map(|(at, _)| *at).filter(|at| *at > 10 * MS);
    exponential(&times.collect::<Vec<_>>(), 20_000.0);
}

#[test]
fn pipelined_requests_are_in_flight_together() {
    let world = World::new(1, |_, request, _| vec![(5 * MS, pong_to(request))]);
    let schedule = constant(1000.0);
    let load = Load {
        pipeline: 5,
        ..load(1)
    };
    let (recorder, _) = play_plan(&load, schedule, &world);
    assert!(
        near(recorder.latency.quantile(0.5), 5 * MS),
        "{:?}",
        recorder.latency.quantile(0.5)
    );
    assert_eq!(recorder.requests, 1000);
}

#[test]
fn poisson_gaps_are_exponential() {
    let schedule = Schedule {
        rate_rps: 10_000.0,
        arrivals: Arrivals::Poisson,
        seed: 42,
        skew: None,
        then: None,
    };
    let mut pacer = OpenLoop::new(schedule, Mix::default(), 8, FOREVER, 0..8);
    let planned: Vec<Planned> = (0..20_000).map(|_| pacer.due(u64::MAX).unwrap()).collect();
    let times: Vec<u64> = planned.iter().map(|planned| planned.at_ns).collect();
    exponential(&times, 10_000.0);
    // Clients are drawn uniformly.
    for client in 0..8 {
        let share = planned
            .iter()
            .filter(|planned| planned.client == client)
            .count();
        assert!(
            (2300..2700).contains(&share),
            "client {client} has {share} of 20,000"
        );
    }
}

#[test]
fn the_plan_is_the_same_for_any_number_of_threads() {
    let schedule = Schedule {
        rate_rps: 1000.0,
        arrivals: Arrivals::Poisson,
        seed: 3,
        skew: None,
        then: None,
    };
    let mix = Mix {
        one_in: Some(7),
        seed: 3,
    };
    let draw = |own: std::ops::Range<usize>| {
        let first = own.start;
        let mut pacer = OpenLoop::new(schedule, mix, 10, FOREVER, own);
        std::iter::from_fn(move || pacer.due(S))
            .map(move |planned| (planned.at_ns, planned.client + first, planned.kind))
            .collect::<Vec<_>>()
    };
    let mut threads = [draw(0..3), draw(3..7), draw(7..10)].concat();
    threads.sort_unstable();
    assert_eq!(threads, draw(0..10));
}
