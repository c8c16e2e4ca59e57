//! The search for the highest rate within a target, with trials that are made up.

use rpcbench::internal::measure::RateSearch;
use rpcbench::record::{Censored, ErrorCounts, Quantiles, SearchInfo, Slo, Trial};

use crate::support::trial;

const MS: u64 = 1_000_000;
const SLO: Slo = Slo {
    quantile: 0.99,
    limit_ns: 10 * MS,
};

/// An open loop that offered so much, got it back, and took this at p99.
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

/// Searches among trials that `server` gives for a rate and the number of the trial.
fn search(pilot_rps: f64, mut server: impl FnMut(f64, usize) -> Trial) -> (SearchInfo, usize) {
    let mut search = RateSearch::new("async".to_owned(), 64, SLO);
    assert_eq!(search.next_rps(), None, "the pilot comes first");
    search.pilot(&trial(0, pilot_rps, 10.0));
    let mut trials = 0;
    while let Some(rate_rps) = search.next_rps() {
        trials += 1;
        assert!(trials < 100, "it does not end");
        search.tried(rate_rps, trials, &server(rate_rps, trials));
    }
    (search.into_info(), trials)
}

#[test]
fn it_closes_in_on_the_edge_from_both_sides() {
    // Of an M/M/1 server of 50,000/s: the p99 is ln 100 / (μ − λ), over 10 ms from 49,539/s on.
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
fn an_edge_far_from_the_pilot_is_found_too() {
    for edge in [700.0, 9_000.0, 200_000.0, 2_000_000.0] {
        let sharp = |rate, _| open_loop(rate, if rate < edge { 2 * MS } else { 40 * MS });
        let (info, _) = search(50_000.0, sharp);
        let (holds, breaks) = (info.holds_rps.unwrap(), info.breaks_rps.unwrap());
        assert!(holds < edge && breaks >= edge, "{edge}: {holds} {breaks}");
        assert!(breaks / holds <= 1.06, "{edge}: {holds} {breaks}");
    }
}

#[test]
fn what_is_close_is_tried_again_and_most_tries_decide() {
    // One trial in three meets a slow moment.
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
    // What is far below the limit is believed at once.
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
fn over_capacity_failures_and_unknown_quantiles_do_not_hold() {
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
        (false, Some("10 of 64 clients were served".to_owned()), 1)
    );
    let failing = broken(&|trial| Trial {
        errors: ErrorCounts {
            reply: trial.samples,
            ..ErrorCounts::default()
        },
        ..trial
    });
    assert!(failing.1.unwrap().contains("failed"));
    // So many went unanswered that nobody knows the p99.
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
fn a_pilot_that_leaves_clients_unserved_ends_it() {
    let mut search = RateSearch::new("single".to_owned(), 64, SLO);
    search.pilot(&Trial {
        clients_unserved: 63,
        ..trial(0, 9000.0, 10.0)
    });
    assert_eq!(search.next_rps(), None);
    let info = search.into_info();
    assert_eq!(
        info.gave_up.as_deref(),
        Some("already in a closed loop 1 of 64 clients were served")
    );
    assert!(info.steps.is_empty() && info.holds_rps.is_none());
}

#[test]
fn the_generator_at_its_limit_is_told() {
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
fn clients_that_were_not_asked_do_not_break_a_rate() {
    // Of 64 clients 40 had a request planned, and all of these were answered.
    let (info, _) = search(100.0, |rate, _| Trial {
        clients_asked: Some(40),
        clients_served: 33,
        ..open_loop(rate, if rate < 90.0 { MS } else { 300 * MS })
    });
    assert!(info.holds_rps.is_some(), "{info:?}");
}

#[test]
fn a_server_too_slow_to_be_searched_is_said_to_be() {
    let mut search = RateSearch::new("async".to_owned(), 1, SLO);
    search.pilot(&trial(0, 1.1, 10.0));
    assert_eq!(search.next_rps(), None);
    assert!(
        search
            .into_info()
            .gave_up
            .unwrap()
            .contains("less than two requests a second")
    );
}
