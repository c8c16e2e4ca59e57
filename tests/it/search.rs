//! The search for the highest rate within an SLO, with computed trials.

use rpcbench::internal::measure::RateSearch;
use rpcbench::record::{
    Censored, Delays, ErrorCounts, Quantiles, SearchInfo, SearchRule, Slo, Trend, TrendMetric,
    Trial, Try,
};

use crate::support::trial;

const MS: u64 = 1_000_000;
const SLO: Slo = Slo {
    quantile: 0.99,
    limit_ns: 10 * MS,
};

/// A trial of an open loop at this rate: all requests answered, with this p99.
fn open_loop(rate_rps: f64, p99_ns: u64) -> Trial {
    Trial {
        offered_rps: Some(rate_rps),
        planned: Some(rate_rps as u64),
        backlog_growth: Some(0),
        latency_ns: Quantiles {
            p99: Some(p99_ns),
            ..Quantiles::default()
        },
        ..trial(0, rate_rps, 10.0)
    }
}

/// Runs a search whose trials `server` computes from the rate and the number of the trial.
fn search(pilot_rps: f64, mut server: impl FnMut(f64, usize) -> Trial) -> (SearchInfo, usize) {
    let mut search = RateSearch::new("async".to_owned(), 64, SLO);
    assert_eq!(search.next_rps(), None, "the pilot comes first");
    search.pilot(&trial(0, pilot_rps, 10.0));
    let mut trials = 0;
    while let Some(rate_rps) = search.next_rps() {
        trials += 1;
        assert!(trials < 100, "the search does not end");
        search.tried(rate_rps, trials, &server(rate_rps, trials));
    }
    (search.into_info(), trials)
}

/// A server with this limit: far below the target up to it, and over it above.
fn sharp(limit_rps: f64) -> impl FnMut(f64, usize) -> Trial {
    move |rate, _| open_loop(rate, if rate < limit_rps { 2 * MS } else { 40 * MS })
}

#[test]
fn a_search_narrows_the_capacity_from_both_sides() {
    // An M/M/1 server of 50,000/s: p99 = ln 100 / (μ − λ), over 10 ms from 49,539/s on.
    let mm1 = |rate: f64, _| match 100_f64.ln() * 1e9 / (50_000.0 - rate) {
        p99 if p99 > 0.0 => open_loop(rate, p99 as u64),
        _ => Trial {
            backlog_growth: Some((rate * 0.06) as i64),
            ..open_loop(rate, 500 * MS)
        },
    };
    let (info, trials) = search(48_000.0, mm1);
    let edge = info.edge.unwrap();
    assert!(
        edge.low_rps < 49_540.0 && edge.high_rps > 49_540.0,
        "{edge:?}"
    );
    assert!(edge.high_rps / edge.low_rps <= 1.1, "{edge:?}");
    assert!(
        (0.97..1.03).contains(&(edge.rate_rps / 49_540.0)),
        "{edge:?}"
    );
    let (holds, breaks) = (info.holds_rps.unwrap(), info.breaks_rps.unwrap());
    assert!(holds < edge.rate_rps && edge.rate_rps < breaks);
    assert!(trials <= 20, "{trials} trials");
    assert_eq!(info.pilot_rps, 48_000.0);
}

#[test]
fn a_capacity_far_from_the_pilot_is_found_too() {
    for capacity in [700.0, 9_000.0, 200_000.0, 2_000_000.0] {
        let (info, _) = search(50_000.0, sharp(capacity));
        let edge = info.edge.unwrap();
        let ratio = edge.rate_rps / capacity;
        assert!((0.95..1.05).contains(&ratio), "{capacity}: {edge:?}");
    }
}

#[test]
fn no_single_result_decides() {
    for wrong in 1..=20 {
        let mut server = sharp(60_000.0);
        let (info, _) = search(80_000.0, |rate, number| {
            let right = server(rate, number);
            match (number == wrong, right.latency_ns.p99) {
                (false, _) => right,
                (true, Some(ns)) if ns < 10 * MS => open_loop(rate, 60 * MS),
                (true, _) => open_loop(rate, 6 * MS),
            }
        });
        let edge = info.edge.unwrap();
        let ratio = edge.rate_rps / 60_000.0;
        assert!((0.96..1.04).contains(&ratio), "{wrong}: {edge:?}");
    }
}

#[test]
fn each_try_names_its_rule_and_the_estimate_after_it() {
    let (info, trials) = search(80_000.0, sharp(60_000.0));
    let mut tries: Vec<&Try> = info.steps.iter().flat_map(|step| &step.tries).collect();
    tries.sort_by_key(|tried| tried.order);
    assert_eq!(tries.len(), trials);
    assert_eq!(tries[0].rule, Some(SearchRule::Start));
    assert_eq!(tries[1].rule, Some(SearchRule::Raise));
    assert!(tries[0].edge_after.is_none());
    assert!(
        tries
            .iter()
            .any(|tried| tried.rule == Some(SearchRule::Half))
    );
    assert_eq!(tries.last().unwrap().edge_after, info.edge);
    // A rate is tried again when it is chosen again.
    assert!(info.steps.iter().any(|step| step.tries.len() > 1));
    let none_holds = search(80_000.0, |rate, _| open_loop(rate, 40 * MS)).0;
    let mut tries = none_holds.steps.iter().flat_map(|step| &step.tries);
    assert!(tries.any(|tried| tried.rule == Some(SearchRule::Lower)));
    assert_eq!((none_holds.holds_rps, none_holds.edge), (None, None));
    let all_hold = search(80_000.0, |rate, _| open_loop(rate, MS)).0;
    assert!(all_hold.holds_rps.unwrap() > 1e6 && all_hold.breaks_rps.is_none());
}

#[test]
fn a_latency_that_rises_breaks_a_rate_that_holds_in_a_short_window() {
    let rising = |change_share: f64| {
        let (info, _) = search(1000.0, |rate, _| {
            let mut trial = open_loop(rate, 6 * MS);
            // A mean of 2 ms.
            trial.littles_law.throughput_times_latency = 0.002 * trial.throughput_rps;
            trial.trend = Some(Trend {
                metric: TrendMetric::Latency,
                change_share,
                t: 9.0,
                slices: 50,
            });
            trial
        });
        info.steps[0].tries[0].clone()
    };
    // 6 ms + 9 · 0.3 · 2 ms is over 10 ms, 6 ms + 9 · 0.1 · 2 ms is not.
    assert_eq!(
        rising(0.3).why.as_deref(),
        Some("p99 6.00 ms, rising: latency rose by 30 % in the window")
    );
    assert!(!rising(0.3).held);
    assert!(rising(0.1).held);
    assert!(rising(-3.0).held);
}

#[test]
fn a_server_with_some_cores_has_a_rate_per_core() {
    let mut search = RateSearch::new("async".to_owned(), 64, SLO).with_cores(Some(4));
    search.pilot(&trial(0, 80_000.0, 10.0));
    let mut server = sharp(60_000.0);
    while let Some(rate_rps) = search.next_rps() {
        search.tried(rate_rps, 1, &server(rate_rps, 1));
    }
    let info = search.into_info();
    assert_eq!(
        info.holds_rps_per_core,
        info.holds_rps.map(|holds| holds / 4.0)
    );
}

#[test]
fn a_rate_does_not_hold_over_capacity_with_failures_or_with_an_unknown_quantile() {
    let broken = |make: &dyn Fn(Trial) -> Trial| {
        let (info, _) = search(1000.0, |rate, _| make(open_loop(rate, MS)));
        assert_eq!(info.holds_rps, None);
        let first = &info.steps[0].tries[0];
        (first.held, first.why.clone())
    };
    let over = broken(&|trial| Trial {
        planned: Some(10_000),
        backlog_growth: Some(1000),
        ..trial
    });
    assert_eq!(over, (false, Some("over capacity".to_owned())));
    let unserved = broken(&|trial| Trial {
        clients_unserved: 54,
        ..trial
    });
    assert_eq!(
        unserved,
        (false, Some("served only 10 of 64 clients".to_owned()))
    );
    let failing = broken(&|trial| Trial {
        errors: ErrorCounts {
            reply: trial.samples,
            ..ErrorCounts::default()
        },
        ..trial
    });
    assert!(failing.1.unwrap().contains("failed"));
    // Over 1 % of the requests were unanswered: p99 is unknown.
    let unknown = broken(&|trial| Trial {
        exact_below: 0.98,
        censored: Censored {
            count: trial.samples / 50,
            min_age_ns: MS,
        },
        ..trial
    });
    assert!(!unknown.0);
}

#[test]
fn a_pilot_with_unserved_clients_ends_the_search() {
    let mut search = RateSearch::new("single".to_owned(), 64, SLO);
    search.pilot(&Trial {
        clients_unserved: 63,
        ..trial(0, 9000.0, 10.0)
    });
    assert_eq!(search.next_rps(), None);
    let info = search.into_info();
    assert_eq!(
        info.gave_up.as_deref(),
        Some("in the closed-loop pilot the server served only 1 of 64 clients")
    );
    assert!(info.steps.is_empty() && info.holds_rps.is_none());
}

#[test]
fn a_limit_of_the_generator_is_recorded() {
    let limited = |rate: f64, _| {
        let mut trial = open_loop(rate, if rate < 40_000.0 { MS } else { 90 * MS });
        trial.generator.limited = rate >= 40_000.0;
        trial
    };
    assert!(search(50_000.0, limited).0.limited);
    assert!(!search(50_000.0, sharp(40_000.0)).0.limited);
    // The target would have held without the scheduling delay of the generator.
    let delayed = |rate: f64, _| {
        let mut delays = Delays::default();
        delays.response_minus_scheduling_ns.p99 = Some(3 * MS);
        Trial {
            delays: Some(delays),
            ..open_loop(rate, if rate < 40_000.0 { 3 * MS } else { 30 * MS })
        }
    };
    let info = search(50_000.0, delayed).0;
    assert!(info.limited);
    let mut tries = info.steps.iter().flat_map(|step| &step.tries);
    let why = tries.find_map(|tried| tried.why.as_deref()).unwrap();
    assert_eq!(why, "p99 30.0 ms, without the generator's delay 3.00 ms");
}

#[test]
fn clients_without_a_planned_request_do_not_fail_a_rate() {
    // Of 64 clients 40 had a request planned, and all of these were answered.
    let (info, _) = search(100.0, |rate, _| Trial {
        clients_asked: Some(40),
        clients_served: 33,
        ..open_loop(rate, if rate < 90.0 { MS } else { 300 * MS })
    });
    assert!(info.holds_rps.is_some(), "{info:?}");
}

#[test]
fn a_server_too_slow_for_a_search_is_reported() {
    let mut search = RateSearch::new("async".to_owned(), 1, SLO);
    search.pilot(&trial(0, 1.1, 10.0));
    assert_eq!(search.next_rps(), None);
    assert!(
        search
            .into_info()
            .gave_up
            .unwrap()
            .contains("fewer than two requests per second")
    );
}
