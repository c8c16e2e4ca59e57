//! The search for the highest rate within an SLO, with computed trials.

use rpcbench::internal::measure::RateSearch;
use rpcbench::record::{Censored, ErrorCounts, Quantiles, SearchInfo, Slo, Trial};

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
    let (holds, breaks) = (info.holds_rps.unwrap(), info.breaks_rps.unwrap());
    assert!(holds < 49_540.0 && breaks >= 49_540.0, "{holds} {breaks}");
    assert!(breaks / holds <= 1.05, "{holds} {breaks}");
    assert!(trials <= 12, "{trials} trials");
    assert_eq!(info.pilot_rps, 48_000.0);
}

#[test]
fn a_capacity_far_from_the_pilot_is_found_too() {
    for capacity in [700.0, 9_000.0, 200_000.0, 2_000_000.0] {
        let sharp = |rate, _| open_loop(rate, if rate < capacity { 2 * MS } else { 40 * MS });
        let (info, _) = search(50_000.0, sharp);
        let (holds, breaks) = (info.holds_rps.unwrap(), info.breaks_rps.unwrap());
        assert!(
            holds < capacity && breaks >= capacity,
            "{capacity}: {holds} {breaks}"
        );
        assert!(breaks / holds <= 1.06, "{capacity}: {holds} {breaks}");
    }
}

#[test]
fn results_near_the_limit_are_repeated_and_the_majority_decides() {
    // One trial in three is slow.
    let hiccups = |rate: f64, number: usize| {
        let p99_ns = if number % 3 == 1 { 60 * MS } else { 6 * MS };
        if rate < 60_000.0 {
            open_loop(rate, p99_ns)
        } else {
            open_loop(rate, 80 * MS)
        }
    };
    let (info, _) = search(50_000.0, hiccups);
    assert!(info.holds_rps.unwrap() > 55_000.0, "{:?}", info.holds_rps);
    assert!(
        info.steps
            .iter()
            .all(|step| (2..=3).contains(&step.tries.len()))
    );
    // One trial is enough if it is far below the limit.
    let (info, trials) = search(50_000.0, |rate, _| {
        open_loop(rate, if rate < 60_000.0 { MS } else { 80 * MS })
    });
    let held = info.steps.iter().filter(|step| step.held);
    assert!(held.clone().all(|step| step.tries.len() == 1));
    assert_eq!(
        trials,
        held.count() + 2 * info.steps.iter().filter(|step| !step.held).count()
    );
}

#[test]
fn a_rate_does_not_hold_over_capacity_with_failures_or_with_an_unknown_quantile() {
    let broken = |make: &dyn Fn(Trial) -> Trial| {
        let (info, _) = search(1000.0, |rate, _| make(open_loop(rate, MS)));
        assert_eq!(info.holds_rps, None);
        let first = &info.steps[0].tries[0];
        (first.held, first.why.clone(), info.steps[0].tries.len())
    };
    let over = broken(&|trial| Trial {
        planned: Some(10_000),
        backlog_growth: Some(1000),
        ..trial
    });
    assert_eq!(over, (false, Some("over capacity".to_owned()), 1));
    let unserved = broken(&|trial| Trial {
        clients_unserved: 54,
        ..trial
    });
    assert_eq!(
        unserved,
        (false, Some("served only 10 of 64 clients".to_owned()), 1)
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
    assert_eq!((unknown.0, unknown.2), (false, 2));
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
    assert!(
        !search(50_000.0, |rate, _| open_loop(
            rate,
            if rate < 4e4 { MS } else { 90 * MS }
        ))
        .0
        .limited
    );
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
