//! The load generator against a scripted server under a fake clock: every figure is exact.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::rc::Rc;

use rpcbench::load::client::{ClientResult, Manners};
use rpcbench::load::fleet::Fleet;
use rpcbench::load::message::Message;
use rpcbench::load::pacer::{Arrivals, Assign, ClosedLoop, OpenLoop, Pacer, Planned, Schedule};
use rpcbench::load::recorder::{Recorder, Window};
use rpcbench::load::sample::Quantile;
use rpcbench::load::wire::{Clock, Wire};
use rpcbench::record::ErrorCounts;

const MS: u64 = 1_000_000;
const S: u64 = 1000 * MS;

/// What the server does on a request: bytes that arrive after so long each.
type Script = dyn FnMut(usize, &[u8], u64) -> Vec<(u64, Vec<u8>)>;

enum Happening {
    Connected,
    Refused,
    Bytes(Vec<u8>),
    End,
}

struct World {
    now_ns: u64,
    connect_ns: u64,
    refuse: bool,
    to_come: BTreeMap<(u64, u64), (usize, u64, Happening)>,
    order: u64,
    /// Bytes that have arrived, by client; `None` stands for the end.
    arrived: Vec<VecDeque<Option<u8>>>,
    sent: Vec<(u64, usize)>,
    /// Tells a client's connections apart: what was on its way to an old one is lost.
    generation: Vec<u64>,
    connects: u64,
    script: Box<Script>,
}

impl World {
    fn new(
        clients: usize,
        script: impl FnMut(usize, &[u8], u64) -> Vec<(u64, Vec<u8>)> + 'static,
    ) -> Rc<RefCell<World>> {
        Rc::new(RefCell::new(World {
            now_ns: 0,
            connect_ns: MS,
            refuse: false,
            to_come: BTreeMap::new(),
            order: 0,
            arrived: vec![VecDeque::new(); clients],
            sent: Vec::new(),
            generation: vec![0; clients],
            connects: 0,
            script: Box::new(script),
        }))
    }

    fn happens(&mut self, client: usize, in_ns: u64, happening: Happening) {
        self.order += 1;
        let generation = self.generation[client];
        self.to_come.insert(
            (self.now_ns + in_ns, self.order),
            (client, generation, happening),
        );
    }
}

#[derive(Clone)]
struct Fake(Rc<RefCell<World>>);

impl Clock for Fake {
    fn now_ns(&self) -> u64 {
        self.0.borrow().now_ns
    }
}

impl Wire for Fake {
    fn connect(&mut self, client: usize) -> io::Result<()> {
        let mut world = self.0.borrow_mut();
        world.connects += 1;
        let (in_ns, refuse) = (world.connect_ns, world.refuse);
        world.happens(
            client,
            in_ns,
            if refuse {
                Happening::Refused
            } else {
                Happening::Connected
            },
        );
        Ok(())
    }

    fn send(&mut self, client: usize, bytes: &[u8]) -> io::Result<usize> {
        let world = &mut *self.0.borrow_mut();
        world.sent.push((world.now_ns, client));
        let now = world.now_ns;
        for (in_ns, reply) in (world.script)(client, bytes, now) {
            let end = reply.is_empty();
            world.happens(
                client,
                in_ns,
                if end {
                    Happening::End
                } else {
                    Happening::Bytes(reply)
                },
            );
        }
        Ok(bytes.len())
    }

    fn receive(&mut self, client: usize, space: &mut [u8]) -> io::Result<usize> {
        let arrived = &mut self.0.borrow_mut().arrived[client];
        if arrived.front() == Some(&None) {
            return Ok(0);
        }
        let there = arrived
            .iter()
            .take_while(|byte| byte.is_some())
            .count()
            .min(space.len());
        if there == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        for (at, byte) in arrived.drain(..there).flatten().enumerate() {
            space[at] = byte;
        }
        Ok(there)
    }

    fn close(&mut self, client: usize) {
        let mut world = self.0.borrow_mut();
        world.generation[client] += 1;
        world.arrived[client].clear();
    }
}

struct Load {
    clients: usize,
    window: Window,
    requests_per_connection: Option<u32>,
    timeout_ns: u64,
    pipeline: usize,
}

fn load(clients: usize) -> Load {
    let window = Window {
        from_ns: 100 * MS,
        to_ns: 1100 * MS,
    };
    Load {
        clients,
        window,
        requests_per_connection: None,
        timeout_ns: 10 * S,
        pipeline: 1,
    }
}

fn play(load: &Load, world: &Rc<RefCell<World>>) -> (Recorder, Vec<ClientResult>) {
    play_with(
        load,
        Box::new(ClosedLoop::new(load.clients, 1)),
        false,
        world,
    )
}

/// What the worker threads do with real sockets, here with a world that is played through.
fn play_with(
    load: &Load,
    pacer: Box<dyn Pacer>,
    connects_first: bool,
    world: &Rc<RefCell<World>>,
) -> (Recorder, Vec<ClientResult>) {
    let manners = Manners {
        message: Message::ping(16),
        pipeline: load.pipeline,
        connects_first,
        requests_per_connection: load.requests_per_connection,
        timeout_ns: load.timeout_ns,
        max_frame_bytes: 1 << 20,
    };
    let fake = Fake(Rc::clone(world));
    let recorder = Recorder::new(load.window);
    let mut fleet = Fleet::new(load.clients, manners, recorder, fake.clone(), pacer, fake);
    let end = load.window.to_ns + S;
    loop {
        let next = fleet.advance();
        let first = world
            .borrow()
            .to_come
            .first_key_value()
            .map_or(u64::MAX, |((at, _), _)| *at);
        let now = next.min(first).max(world.borrow().now_ns);
        let drained = world.borrow().now_ns >= load.window.to_ns && fleet.is_drained();
        if now >= end || drained {
            world.borrow_mut().now_ns = now.min(end);
            return fleet.finish(now.min(end));
        }
        world.borrow_mut().now_ns = now;
        if first > now {
            continue;
        }
        let (client, generation, happening) = world.borrow_mut().to_come.pop_first().unwrap().1;
        if world.borrow().generation[client] != generation {
            continue;
        }
        match happening {
            Happening::Connected => fleet.connected(client),
            Happening::Refused => fleet.refused(client),
            Happening::Bytes(bytes) => {
                world.borrow_mut().arrived[client].extend(bytes.into_iter().map(Some));
                fleet.readable(client, false);
            }
            Happening::End => {
                world.borrow_mut().arrived[client].push_back(None);
                fleet.readable(client, true);
            }
        }
    }
}

/// The right reply to a request.
fn pong(request: &[u8]) -> Vec<u8> {
    let body = String::from_utf8(request[4..].to_vec()).unwrap();
    let reply = body.replace(r#"{"in":"ping","params""#, r#"{"out":"pong","result""#);
    [&(reply.len() as u32).to_le_bytes()[..], reply.as_bytes()].concat()
}

fn near(quantile: Option<Quantile>, ns: u64) -> bool {
    // Three digits.
    matches!(quantile, Some(Quantile::Exact(value)) if value.abs_diff(ns) <= ns / 1000)
}

#[test]
fn a_server_that_takes_two_milliseconds() {
    let world = World::new(3, |_, request, _| vec![(2 * MS, pong(request))]);
    let (recorder, clients) = play(&load(3), &world);
    // A second of 2 ms each, three clients at a time.
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
fn nothing_begins_after_the_window_and_the_drain_is_measured() {
    // Replies take 300 ms, so that the last ones fall into the drain.
    let world = World::new(2, |_, request, _| vec![(300 * MS, pong(request))]);
    let (recorder, _) = play(&load(2), &world);
    let last_send = world.borrow().sent.iter().map(|(at, _)| *at).max().unwrap();
    assert!(last_send < 1100 * MS, "sent at {last_send}");
    // Sent at 1, 301, 601, 901 ms: three replies inside the window, the fourth in the drain.
    assert_eq!(recorder.requests, 2 * 3);
    assert_eq!(recorder.latency.count(), 2 * 4);
    assert_eq!(recorder.unanswered, 0);
}

#[test]
fn clients_that_are_never_answered_are_seen() {
    let world = World::new(10, |client, request, _| {
        if client == 0 {
            vec![(MS, pong(request))]
        } else {
            vec![]
        }
    });
    let (recorder, clients) = play(&load(10), &world);
    assert_eq!(
        clients.iter().filter(|client| client.replies > 0).count(),
        1
    );
    assert_eq!(
        (recorder.unanswered, recorder.latency.censored.len()),
        (9, 9)
    );
    // Sent in the warm-up and still waiting: they count, at their age at the drain's end.
    let waited = clients[5].longest_wait_ns;
    assert_eq!(
        waited,
        2100 * MS,
        "planned at the start, given up at the end of the drain"
    );
    assert!(matches!(
        recorder.latency.quantile(0.9999),
        Some(Quantile::Over(_))
    ));
    assert!(
        near(recorder.latency.quantile(0.5), MS),
        "the one that is served is fast, and 1000 to 9"
    );
    let share = recorder.latency.exact_below();
    assert!((share - 1000.0 / 1009.0).abs() < 0.002, "{share}");
}

#[test]
fn a_request_that_ended_in_the_warm_up_is_not_counted() {
    let world = World::new(1, |_, request, now| {
        let takes = if now < 50 * MS { 90 * MS } else { 10 * MS };
        vec![(takes, pong(request))]
    });
    let (recorder, _) = play(&load(1), &world);
    // The slow one ends at 91 ms, before the window; the next ones take 10 ms.
    assert!(near(recorder.latency.quantile(1.0), 10 * MS));
    // One that begins in the warm-up and ends in the window counts.
    let world = World::new(1, |_, request, now| {
        let takes = if now < 50 * MS { 150 * MS } else { 10 * MS };
        vec![(takes, pong(request))]
    });
    let (recorder, clients) = play(&load(1), &world);
    assert!(near(recorder.latency.quantile(1.0), 151 * MS));
    assert_eq!(clients[0].longest_wait_ns, 151 * MS);
}

#[test]
fn with_a_connection_a_request_latency_holds_the_connect_and_service_does_not() {
    let world = World::new(2, |_, request, _| vec![(2 * MS, pong(request))]);
    world.borrow_mut().connect_ns = 3 * MS;
    let load = Load {
        requests_per_connection: Some(1),
        ..load(2)
    };
    let (recorder, _) = play(&load, &world);
    assert!(near(recorder.latency.quantile(0.5), 5 * MS));
    assert!(
        near(recorder.latency.quantile(1.0), 5 * MS),
        "connects that were under way at the end are used"
    );
    assert!((recorder.service.value_at_quantile(1.0)).abs_diff(2 * MS) <= 2000);
    assert!((recorder.connect.value_at_quantile(0.5)).abs_diff(3 * MS) <= 3000);
    assert_eq!(recorder.requests, 2 * 200);
    assert_eq!(recorder.unanswered, 0);
    // 440 in all, those of the warm-up not counted.
    assert_eq!(
        (world.borrow().connects, recorder.connect.len()),
        (440, 400)
    );
}

#[test]
fn a_connection_ends_after_as_many_requests_as_it_was_given() {
    let world = World::new(1, |_, request, _| vec![(MS, pong(request))]);
    let load = Load {
        requests_per_connection: Some(9),
        ..load(1)
    };
    let (recorder, _) = play(&load, &world);
    // A connect of 1 ms and nine requests of 1 ms: nine in ten milliseconds.
    assert_eq!(recorder.requests, 900);
    // 1,100 ms of load at 10 ms a connection.
    assert_eq!(world.borrow().connects, 110);
}

#[test]
fn a_connect_that_never_ends_is_a_request_that_was_never_sent() {
    let world = World::new(2, |_, request, _| vec![(MS, pong(request))]);
    world.borrow_mut().connect_ns = 100 * S;
    let (recorder, clients) = play(&load(2), &world);
    assert_eq!(recorder.requests, 0);
    assert_eq!(
        (recorder.unanswered, recorder.latency.censored.len()),
        (2, 2)
    );
    assert_eq!(
        clients[0].longest_wait_ns,
        2100 * MS,
        "to the end of the drain"
    );
    assert_eq!(world.borrow().sent.len(), 0);
}

#[test]
fn refused_connects_are_counted_and_tried_again_with_a_pause() {
    let world = World::new(1, |_, request, _| vec![(MS, pong(request))]);
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
fn a_reply_that_does_not_come_times_out() {
    let world = World::new(1, |_, request, now| {
        if now < 500 * MS {
            vec![]
        } else {
            vec![(MS, pong(request))]
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
        recorder.latency.censored.len(),
        2,
        "at their ages, as never answered"
    );
    assert!(recorder.requests > 350, "{}", recorder.requests);
    assert!(clients[0].longest_wait_ns >= 300 * MS);
    assert!(matches!(
        recorder.latency.quantile(1.0),
        Some(Quantile::Over(_))
    ));
}

/// What comes instead of the first reply in the window, and what is made of it.
#[track_caller]
fn a_fault(reply: impl Fn(&[u8]) -> Vec<u8> + 'static, expected: &ErrorCounts) {
    let mut done = false;
    let world = World::new(1, move |_, request, now| {
        let faulty = now >= 200 * MS && !std::mem::replace(&mut done, now >= 200 * MS);
        vec![(
            MS,
            if faulty {
                reply(request)
            } else {
                pong(request)
            },
        )]
    });
    let (recorder, clients) = play(&load(1), &world);
    assert_eq!(recorder.errors, *expected);
    assert_eq!(
        recorder.latency.censored.len(),
        1,
        "the request stands as not answered"
    );
    // The reconnect takes a millisecond, and one request is lost.
    assert_eq!((recorder.requests, clients[0].replies), (998, 998));
}

#[test]
fn faults_are_counted_by_kind_and_never_as_successes() {
    let none = ErrorCounts::default;
    let wrong = ErrorCounts { reply: 1, ..none() };
    a_fault(
        |request| pong(&[&request[..request.len() - 3], b"f\"}"].concat()),
        &wrong,
    );
    a_fault(
        |_| {
            [
                &[40, 0, 0, 0],
                &br#"{"out":"error","result":"unknown method"}"#[..40],
            ]
            .concat()
        },
        &wrong,
    );
    a_fault(|_| [&[8, 0, 0, 0], &b"rubbish!"[..]].concat(), &wrong);
    a_fault(|_| [&[1, 0, 0, 0], &[0xff][..]].concat(), &wrong);
    a_fault(
        |_| vec![0xff; 4],
        &ErrorCounts {
            protocol: 1,
            ..none()
        },
    );
    a_fault(|_| Vec::new(), &ErrorCounts { reset: 1, ..none() });
}

#[test]
fn a_reply_that_nobody_asked_for_is_a_protocol_error() {
    let mut sent = 0;
    let world = World::new(1, move |_, request, _| {
        sent += 1;
        let twice = if sent == 200 {
            [pong(request), pong(request)].concat()
        } else {
            pong(request)
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
fn replies_may_come_in_any_pieces() {
    let world = World::new(1, |_, request, _| {
        let reply = pong(request);
        reply
            .iter()
            .enumerate()
            .map(|(at, byte)| (at as u64 * MS / 10, vec![*byte]))
            .collect()
    });
    let (recorder, _) = play(&load(1), &world);
    // The reply is a byte longer than the request, and its first byte comes at once.
    let takes = Message::ping(16).frame_bytes() as u64 * MS / 10;
    assert!(
        near(recorder.latency.quantile(0.5), takes),
        "{:?} is not {takes}",
        recorder.latency.quantile(0.5)
    );
    assert_eq!(recorder.errors.total(), 0);
}

#[test]
fn replies_in_another_layout_of_the_same_json_are_right() {
    let world = World::new(1, |_, request, _| {
        let body = String::from_utf8(pong(request)[4..].to_vec())
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

/// Plays an open loop: the same as `play`, but with a plan.
fn play_plan(
    load: &Load,
    schedule: Schedule,
    world: &Rc<RefCell<World>>,
) -> (Recorder, Vec<ClientResult>) {
    let pacer = OpenLoop::new(schedule, load.clients, 0..load.clients);
    play_with(load, Box::new(pacer), true, world)
}

fn constant(rate_rps: f64) -> Schedule {
    Schedule {
        rate_rps,
        arrivals: Arrivals::Constant,
        assign: Assign::Bound,
        seed: 1,
    }
}

#[test]
fn a_stall_is_seen_by_every_request_that_was_planned_in_it() {
    // At once, but for the first of every ten seconds: then when it is over.
    let world = World::new(100, |_, request, now| {
        let into = now % (10 * S);
        vec![(S.saturating_sub(into), pong(request))]
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
    // A tenth of the requests was planned in a stall and waited evenly up to a second.
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
    // The service time knows of one request a connection, which was on its way.
    let service = &recorder.service;
    assert_eq!(service.len() - service.count_between(0, MS), 2 * 100);
}

#[test]
fn a_plan_is_kept_to_the_nanosecond() {
    let world = World::new(4, |_, request, _| vec![(MS, pong(request))]);
    let (recorder, clients) = play_plan(&load(4), constant(200.0), &world);
    // Every 5 ms, dealt in turn; the first one goes out when its connect is done.
    let sent = world.borrow().sent.clone();
    let planned: Vec<(u64, usize)> = (1..220).map(|i| (i * 5 * MS, i as usize % 4)).collect();
    assert_eq!(sent, planned);
    assert_eq!((recorder.requests, recorder.planned), (200, 200));
    assert!(clients.iter().all(|client| client.replies == 50));
    assert!(near(recorder.latency.quantile(1.0), MS));
    assert_eq!(recorder.lag.max(), 0);
}

#[test]
fn a_request_waits_for_its_own_connection_or_for_any() {
    // Client 0 is stuck from 500 ms on.
    let script = |client: usize, request: &[u8], now: u64| {
        if client == 0 && now >= 500 * MS {
            vec![]
        } else {
            vec![(MS, pong(request))]
        }
    };
    let (bound, _) = play_plan(&load(4), constant(400.0), &World::new(4, script));
    // Of the 600 ms left, a quarter of 400 requests a second.
    assert_eq!(bound.unanswered, 60);
    assert!(matches!(
        bound.latency.quantile(0.99),
        Some(Quantile::Over(_))
    ));
    let free = Schedule {
        assign: Assign::Free,
        ..constant(400.0)
    };
    let (free, _) = play_plan(&load(4), free, &World::new(4, script));
    assert_eq!(free.unanswered, 1, "the others go round it, which hides it");
}

#[test]
fn over_capacity_ends_in_a_bounded_run_in_which_the_waiting_counts() {
    // Two connections of 10 ms each can serve 200 a second.
    let world = World::new(2, |_, request, _| vec![(10 * MS, pong(request))]);
    let (recorder, _) = play_plan(&load(2), constant(1000.0), &world);
    assert_eq!(recorder.planned, 1000);
    assert_eq!(recorder.requests, 200);
    // What the drain does not reach either was never sent, and stands at its age, over a second.
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
fn pipelined_requests_share_a_connection() {
    let world = World::new(1, |_, request, _| vec![(5 * MS, pong(request))]);
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
        assign: Assign::Bound,
        seed: 42,
    };
    let mut pacer = OpenLoop::new(schedule, 8, 0..8);
    let planned: Vec<Planned> = (0..20_000).map(|_| pacer.due(u64::MAX).unwrap()).collect();
    let mut gaps: Vec<f64> = planned
        .windows(2)
        .map(|two| (two[1].at_ns - two[0].at_ns) as f64 / 1e5)
        .collect();
    gaps.sort_by(f64::total_cmp);
    // Kolmogorov and Smirnov: the greatest distance from 1 − e^(−x), at the 1 % level.
    let n = gaps.len() as f64;
    let distance = |(at, gap): (usize, &f64)| {
        let expected = 1.0 - (-gap).exp();
        (expected - at as f64 / n)
            .abs()
            .max((expected - (at + 1) as f64 / n).abs())
    };
    let greatest = gaps.iter().enumerate().map(distance).fold(0.0, f64::max);
    assert!(greatest < 1.63 / n.sqrt(), "{greatest}");
    // Dealt at random, evenly.
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
        assign: Assign::Bound,
        seed: 3,
    };
    let draw = |own: std::ops::Range<usize>| {
        let first = own.start;
        let mut pacer = OpenLoop::new(schedule, 10, own);
        std::iter::from_fn(move || pacer.due(S))
            .map(move |planned| (planned.at_ns, planned.client + first))
            .collect::<Vec<_>>()
    };
    let mut threads = [draw(0..3), draw(3..7), draw(7..10)].concat();
    threads.sort_unstable();
    assert_eq!(threads, draw(0..10));
}
