//! A rate that changes in the window, with a scripted server and a fake clock: every figure is
//! exact.

use std::time::Duration;

use rpcbench::internal::attack::AttackMode;
use rpcbench::internal::load;
use rpcbench::internal::load::GeneratorConfig;
use rpcbench::internal::load::Message;
use rpcbench::internal::load::{Mix, OpenLoop, Pacer, Schedule};
use rpcbench::internal::load::{Recorder, Window};
use rpcbench::internal::measure;
use rpcbench::internal::measure::{Case, EarlierRun, Observer, Plan, RunProgress, ServerSpec};
use rpcbench::record::{
    Alternate, Arrivals, Assign, LoadSpec, Mode, Overload, RateChange, ServerIdentity, ServerKind,
    ServerOptions, Skew,
};

use crate::support::{Load, MS, S, Served, World, exponential, load, play_with, pong_to, trial};

const WINDOW: Window = Window {
    from_ns: 100 * MS,
    to_ns: 1100 * MS,
};

fn falling(arrivals: Arrivals, rate_rps: f64, then_rps: f64) -> Schedule {
    Schedule {
        rate_rps,
        arrivals,
        seed: 6,
        skew: None,
        then: Some(RateChange {
            after: Duration::from_millis(400),
            rate_rps: then_rps,
        }),
    }
}

fn times(schedule: Schedule, window: Window) -> Vec<u64> {
    let mut pacer = OpenLoop::new(schedule, Mix::default(), 4, window, 0..4);
    let planned = std::iter::from_fn(|| pacer.due(u64::MAX));
    planned.map(|planned| planned.at_ns).collect()
}

#[test]
fn a_constant_rate_changes_at_its_time_after_the_window_begins() {
    // Gaps of 2 ms up to 500 ms, then of 10 ms; none is planned at the end of the window.
    let first = (1..=250).map(|i| i * 2 * MS);
    let second = (1..60).map(|i| 500 * MS + i * 10 * MS);
    let expected: Vec<u64> = first.chain(second).collect();
    assert_eq!(
        times(falling(Arrivals::Constant, 500.0, 100.0), WINDOW),
        expected
    );
    // The rate may also rise.
    let rising = times(falling(Arrivals::Constant, 100.0, 500.0), WINDOW);
    assert_eq!((rising[49], rising[50]), (500 * MS, 502 * MS));
    assert_eq!(rising.len(), 50 + 299);
}

#[test]
fn poisson_gaps_are_exponential_at_both_rates() {
    let window = Window {
        from_ns: 600 * MS,
        to_ns: 2 * S,
    };
    let times = times(falling(Arrivals::Poisson, 20_000.0, 5000.0), window);
    let fall = times.partition_point(|at_ns| *at_ns <= S);
    exponential(&times[..fall], 20_000.0);
    exponential(&times[fall..], 5000.0);
}

/// Two connections with a service time of 10 ms: a capacity of 200 requests per second. The rate
/// is 1,000 requests per second in the warm-up of 100 ms and the first 400 ms of the window, then
/// 100 requests per second.
fn overloaded(assign: Assign) -> Recorder {
    let world = World::new(2, |_, request, _| vec![(10 * MS, pong_to(request))]);
    let schedule = Schedule {
        ..falling(Arrivals::Constant, 1000.0, 100.0)
    };
    let load = Load {
        assign,
        window: Window {
            from_ns: 100 * MS,
            to_ns: 2100 * MS,
        },
        ..load(2)
    };
    let pacer = OpenLoop::new(schedule, load.mix, 2, load.window, 0..2);
    play_with(&load, Box::new(pacer), true, &world).0
}

#[test]
fn the_series_counts_planned_requests_and_requests_in_progress() {
    for assign in [Assign::Bound, Assign::Free] {
        let recorder = overloaded(assign);
        let planned: Vec<u64> = recorder.series[..6].iter().map(|one| one.planned).collect();
        // The series begins at 100 ms. The request at exactly 500 ms is the last at the first rate.
        assert_eq!(planned, [100, 100, 100, 100, 10, 10]);
        let under_way: Vec<u64> = recorder.under_way().take(20).collect();
        // At 200 ms about 200 requests have been planned and 40 answered.
        for (at, expected) in [(0, 160), (1, 240), (3, 400), (4, 390), (19, 240)] {
            assert!(under_way[at].abs_diff(expected) <= 3, "{at}: {under_way:?}");
        }
        let all: u64 = recorder.series.iter().map(|one| one.planned).sum();
        assert_eq!(all, recorder.planned);
        let ended: u64 = recorder.series.iter().map(|one| one.ended).sum();
        assert_eq!(ended, recorder.ended);
    }
}

#[test]
fn waiting_requests_need_bounded_memory_and_are_all_counted() {
    // For three seconds 60,000 requests per second, with a capacity of 30,000 per second.
    let world = World::new(30, |_, request, _| vec![(MS, pong_to(request))]);
    let schedule = Schedule {
        then: Some(RateChange {
            after: Duration::from_secs(3),
            rate_rps: 1000.0,
        }),
        ..falling(Arrivals::Constant, 60_000.0, 0.0)
    };
    let load = Load {
        window: Window {
            from_ns: 0,
            to_ns: 8 * S,
        },
        ..load(30)
    };
    let pacer = OpenLoop::new(schedule, load.mix, 30, load.window, 0..30);
    let (recorder, _) = play_with(&load, Box::new(pacer), true, &world);
    let under_way: Vec<u64> = recorder.under_way().take(8).collect();
    assert!(under_way[2].abs_diff(90_000) < 200, "{under_way:?}");
    assert!(under_way[7] <= 30, "{under_way:?}");
    assert_eq!(recorder.planned, 180_000 + 4999);
    assert_eq!(recorder.unanswered, 0);
    assert!(recorder.held_bytes < 4 << 20, "{}", recorder.held_bytes);
}

#[test]
fn an_overload_is_not_flagged_as_over_capacity() {
    let mut trial = trial(0, 1000.0, 10.0);
    (trial.planned, trial.backlog_growth) = (Some(2000), Some(1000));
    assert!(trial.over_capacity());
    trial.overload = Some(Overload::default());
    assert!(!trial.over_capacity());
}

struct Waiting;

impl Observer for Waiting {
    fn trial_begins(&mut self, _case: &Case, _progress: RunProgress) {}

    fn live(&mut self, _live: load::LiveProgress, _elapsed: Duration) {}

    fn wait(&mut self, longest: Duration) -> std::io::Result<bool> {
        std::thread::sleep(longest);
        Ok(false)
    }
}

#[test]
fn a_real_overload_records_its_load_and_its_result() {
    let server = Served::start("async", &[]);
    // Four clients with a service time of 10 ms: at most 400 requests per second.
    let mut load = LoadSpec {
        clients: 4,
        mode: Mode::Poisson,
        rate_rps: Some(1200.0),
        duration: Duration::from_millis(1500),
        warmup: Duration::from_millis(100),
        skew: Some(Skew {
            clients_share: 0.5,
            requests_share: 0.6,
        }),
        then: falling(Arrivals::Poisson, 1200.0, 50.0).then,
        reconnect_every: Some(Duration::from_millis(500)),
        method: "sleep".to_owned(),
        params: Some("10".to_owned()),
        payload_bytes: 2,
        alternate: Some(Alternate {
            method: "ping".to_owned(),
            payload_bytes: 18,
            params: None,
            one_in: 50,
        }),
        ..LoadSpec::default()
    };
    load.request_bytes = Message::of(&load).unwrap().frame_bytes();
    let generator = GeneratorConfig {
        threads: 1,
        drain: load::DRAIN,
        max_frame_bytes: 1 << 20,
        part: load::LoadPart::WHOLE,
        start_at: None,
    };
    let info = ServerIdentity {
        kind: ServerKind::Target,
        name: "target".to_owned(),
        command: None,
        options: ServerOptions::default(),
        role: None,
    };
    let case = Case {
        label: info.name.clone(),
        server_spec: ServerSpec::Target(server.address),
        info,
        load,
        generator,
        scenario: None,
        attack_mode: AttackMode::Off,
        rate_spec: None,
        peers: None,
    };
    let plan = Plan {
        warmup: None,
        cases: vec![case],
        rounds: 1,
        budget: None,
        seed: 1,
        before: EarlierRun::default(),
    };
    let outcome = measure::rounds::measure(&plan, &mut Waiting);
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    let cell = &outcome.cells[0];
    let alternate = cell.load.alternate.as_ref().unwrap();
    assert_eq!(
        (
            alternate.method.as_str(),
            alternate.payload_bytes,
            alternate.one_in
        ),
        ("ping", 18, 50)
    );
    let skew = cell.load.skew.unwrap();
    assert_eq!((skew.clients_share, skew.requests_share), (0.5, 0.6));
    let then = cell.load.then.unwrap();
    assert_eq!(
        (then.after, then.rate_rps),
        (Duration::from_millis(400), 50.0)
    );
    assert_eq!(cell.load.reconnect_every, Some(Duration::from_millis(500)));

    let trial = &cell.trials[0];
    let overload = trial.overload.unwrap();
    assert!((1.0..450.0).contains(&overload.goodput_rps), "{overload:?}");
    let planned: u64 = trial.series.iter().filter_map(|one| one.planned).sum();
    assert_eq!(Some(planned), trial.planned);
    let peak = trial.series.iter().filter_map(|one| one.under_way).max();
    assert!(peak > Some(200), "{peak:?}");
    assert!(!trial.over_capacity());
    for finding in &trial.validity.findings {
        let unexpected = ["over-capacity", "littles-law", "trend", "failures"];
        assert!(!unexpected.contains(&finding.code()), "{finding:?}");
    }
}
