//! The plan of a load is the same for any division of its clients over generators and threads.

use std::collections::BTreeMap;
use std::time::Duration;

use rpcbench::internal::load::{DRAIN, GeneratorConfig, Kind, Load, LoadPart, Planned};
use rpcbench::record::{Alternate, Assign, LoadSpec, Mode, RateChange, Skew};

use crate::support::{MS, exponential};

/// Over two blocks of clients.
const CLIENTS: usize = 150;
const RATE_RPS: f64 = 40_000.0;

fn spec(mode: Mode) -> LoadSpec {
    LoadSpec {
        clients: CLIENTS,
        mode,
        rate_rps: Some(RATE_RPS),
        warmup: Duration::from_millis(100),
        duration: Duration::from_millis(400),
        ..LoadSpec::default()
    }
}

/// The plan of a load, as this number of generators with this number of threads each draws it.
fn plan(spec: &LoadSpec, ranks: usize, threads: usize) -> Vec<Planned> {
    let mut plan = Vec::new();
    for rank in 0..ranks {
        let generator = GeneratorConfig {
            threads,
            drain: DRAIN,
            max_frame_bytes: 1 << 20,
            part: LoadPart { rank, ranks },
            start_at: None,
        };
        let target = ([127, 0, 0, 1], 1).into();
        let load = Load::new(spec.clone(), generator, target, 11).unwrap();
        for index in 0..threads {
            let first = load.clients_of(index).start;
            let mut pacer = load.pacer(index);
            let own = std::iter::from_fn(|| pacer.due(u64::MAX));
            plan.extend(own.map(|planned| Planned {
                client: planned.client + first,
                ..planned
            }));
        }
    }
    // Requests are planned beyond the window, for as long as it may take to read the server.
    let end_ns = u64::try_from((spec.warmup + spec.duration).as_nanos()).unwrap();
    plan.retain(|planned| spec.mode == Mode::Closed || planned.at_ns < end_ns);
    plan.sort_by_key(|planned| (planned.at_ns, planned.client, planned.kind));
    plan
}

fn is_the_same_for_any_division(name: &str, spec: &LoadSpec) -> Vec<Planned> {
    let whole = plan(spec, 1, 1);
    assert!(whole.len() > 1000, "{name}: {}", whole.len());
    for (ranks, threads) in [(1, 2), (2, 1), (3, 1), (3, 5), (7, 1), (7, 2), (CLIENTS, 1)] {
        let divided = plan(spec, ranks, threads);
        assert!(
            divided == whole,
            "{name}: {ranks} ranks of {threads} threads"
        );
    }
    whole
}

#[test]
fn a_plan_does_not_depend_on_the_number_of_ranks_and_threads() {
    let skew = |clients_share, requests_share| {
        Some(Skew {
            clients_share,
            requests_share,
        })
    };
    let then = |ms, rate_rps| {
        Some(RateChange {
            after: Duration::from_millis(ms),
            rate_rps,
        })
    };
    let mixed = Alternate {
        method: "spin".to_owned(),
        payload_bytes: 1,
        params: Some("9".to_owned()),
        one_in: 7,
    };
    for mode in [Mode::Constant, Mode::Poisson] {
        for skew in [None, skew(0.1, 0.9), skew(0.3, 1.0), skew(1.0, 0.5)] {
            for then in [None, then(100, 5000.0), then(200, 90_000.0)] {
                let load = LoadSpec {
                    skew,
                    then,
                    ..spec(mode)
                };
                is_the_same_for_any_division(&format!("{mode:?} {skew:?} {then:?}"), &load);
            }
        }
        let alternate = Some(mixed.clone());
        let load = LoadSpec {
            alternate,
            ..spec(mode)
        };
        let plan = is_the_same_for_any_division("mix", &load);
        let alternates = plan
            .iter()
            .filter(|one| one.kind == Kind::Alternate)
            .count() as f64;
        let share = alternates / plan.len() as f64;
        assert!((share - 1.0 / 7.0).abs() < 0.015, "{share}");
        let storm = LoadSpec {
            reconnect_every: Some(Duration::from_millis(150)),
            ..spec(mode)
        };
        let still = spec(mode);
        assert!(plan_of_free(&still) == is_the_same_for_any_division("storm", &storm));
    }
}

/// The plan with any free connection: the same, since only the sender differs.
fn plan_of_free(spec: &LoadSpec) -> Vec<Planned> {
    let free = LoadSpec {
        assign: Assign::Free,
        ..spec.clone()
    };
    is_the_same_for_any_division("free", &free)
}

#[test]
fn the_blocks_together_are_a_poisson_process_of_the_whole_rate() {
    let long = LoadSpec {
        duration: Duration::from_secs(2),
        ..spec(Mode::Poisson)
    };
    let plan = plan(&long, 3, 1);
    let times: Vec<u64> = plan.iter().map(|planned| planned.at_ns).collect();
    exponential(&times, RATE_RPS);
    // Each client has 560 requests, with a standard deviation of 23.7.
    let mut counts = BTreeMap::new();
    for planned in &plan {
        *counts.entry(planned.client).or_insert(0_u32) += 1;
    }
    assert_eq!(counts.len(), CLIENTS);
    let unusual = counts.values().filter(|count| count.abs_diff(560) > 71);
    assert!(unusual.count() <= 3, "{counts:?}");
    let all = plan.len() as f64;
    assert!((all - 84_000.0).abs() < 4.0 * 84_000.0_f64.sqrt(), "{all}");
}

#[test]
fn constant_arrivals_are_evenly_spaced_over_all_ranks() {
    let plan = plan(&spec(Mode::Constant), 3, 2);
    for (at, planned) in plan.iter().enumerate() {
        let number = at as u64 + 1;
        assert_eq!(planned.at_ns, number * 25_000);
        assert_eq!(planned.client as u64, number % CLIENTS as u64);
    }
    assert_eq!(plan.len() as u64, 500 * MS / 25_000 - 1);
}

#[test]
fn clients_of_a_closed_loop_are_the_same_for_any_division() {
    let closed = LoadSpec {
        mode: Mode::Closed,
        rate_rps: None,
        think: Duration::from_secs(1),
        alternate: Some(Alternate {
            method: "spin".to_owned(),
            payload_bytes: 1,
            params: Some("9".to_owned()),
            one_in: 3,
        }),
        ..spec(Mode::Closed)
    };
    let kinds = |ranks, threads| {
        let mut all: Vec<(usize, Kind)> = plan(&closed, ranks, threads)
            .iter()
            .map(|planned| (planned.client, planned.kind))
            .collect();
        all.sort_unstable();
        all
    };
    assert_eq!(kinds(1, 1).len(), CLIENTS);
    // The first requests are spread over the think time, and connects take turns.
    let whole = plan(&closed, 1, 1);
    for (ranks, threads) in [(2, 1), (3, 2), (7, 1)] {
        assert_eq!(kinds(ranks, threads), kinds(1, 1));
        let mut times: Vec<u64> = plan(&closed, ranks, threads)
            .iter()
            .map(|planned| planned.at_ns)
            .collect();
        times.sort_unstable();
        let ramp_ns = 15 * MS;
        for (time, one) in times.iter().zip(&whole) {
            assert!(time.abs_diff(one.at_ns) <= ramp_ns + 7 * MS);
        }
    }
}
