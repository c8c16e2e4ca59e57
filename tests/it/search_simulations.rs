//! Simulated searches against servers whose tries are right by chance only: bias of the rate, and
//! how often its interval contains the truth.

use std::io::Write;

use rpcbench::internal::measure::RateSearch;
use rpcbench::record::{Quantiles, SearchInfo, Slo, Trial};

use crate::support::trial;

const MS: u64 = 1_000_000;
const SLO: Slo = Slo {
    quantile: 0.99,
    limit_ns: 10 * MS,
};
/// Half of the tries hold at this rate.
const TRUTH_RPS: f64 = 40_000.0;
const SEARCHES: u64 = 200;
/// The results of a step are wrong by chance within this share of the rate only.
const NEAR: f64 = 0.15;

/// A simulated server.
#[derive(Debug, Clone, Copy)]
enum Server {
    /// A rate holds below the truth and breaks above it, but near it these shares are wrong.
    Step { false_breaks: f64, false_holds: f64 },
    /// The capacity varies from try to try: its logarithm is logistic with this scale.
    Varying { scale: f64 },
}

impl Server {
    fn trial(self, rate_rps: f64, random: &mut fastrand::Rng) -> Trial {
        let distance = (rate_rps / TRUTH_RPS).ln();
        let (held, is_near) = match self {
            Server::Step {
                false_breaks,
                false_holds,
            } => {
                let (is_below, is_near) = (distance < 0.0, distance.abs() < NEAR);
                let wrong = if is_below { false_breaks } else { false_holds };
                (is_below != (is_near && random.f64() < wrong), is_near)
            }
            Server::Varying { scale } => {
                let u = random.f64().clamp(1e-9, 1.0 - 1e-9);
                let left = scale * (u / (1.0 - u)).ln() - distance;
                (left > 0.0, left.abs() < NEAR)
            }
        };
        let p99_ns = match (held, is_near) {
            (true, true) => 7 * MS,
            (true, false) => 2 * MS,
            (false, true) => 40 * MS,
            (false, false) => 400 * MS,
        };
        Trial {
            latency_ns: Quantiles {
                p99: Some(p99_ns),
                ..Quantiles::default()
            },
            ..trial(0, rate_rps, 10.0)
        }
    }

    /// The chance that a try holds.
    fn chance(self, rate_rps: f64) -> f64 {
        let distance = (rate_rps / TRUTH_RPS).ln();
        match self {
            Server::Step { .. } if distance.abs() >= NEAR => f64::from(u8::from(distance < 0.0)),
            Server::Step { false_breaks, .. } if distance < 0.0 => 1.0 - false_breaks,
            Server::Step { false_holds, .. } => false_holds,
            Server::Varying { scale } => 1.0 / (1.0 + (distance / scale).exp()),
        }
    }

    /// The rate at which 8 of 10 tries hold, wrong results left aside.
    fn holds_rps(self) -> f64 {
        match self {
            Server::Step { .. } => TRUTH_RPS,
            Server::Varying { scale } => TRUTH_RPS * (-scale * 4_f64.ln()).exp(),
        }
    }

    fn search(self, seed: u64) -> SearchInfo {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut search = RateSearch::new("async".to_owned(), 64, SLO);
        search.pilot(&trial(0, TRUTH_RPS * (1.0 + 1.5 * random.f64()), 10.0));
        let mut order = 0;
        while let Some(rate_rps) = search.next_rps() {
            order += 1;
            assert!(order <= 20, "at most 20 tries");
            search.tried(rate_rps, order, &self.trial(rate_rps, &mut random));
        }
        search.into_info()
    }
}

/// The results of many searches.
struct Simulated {
    /// The mean error of the rate at which half of the tries hold, as a share of it.
    bias: f64,
    /// The share of searches whose interval contains the truth.
    covered: f64,
    /// The share of searches whose rate is over 10 % too low.
    low: f64,
    /// The mean error of the rate at which 8 of 10 hold.
    holds_bias: f64,
    /// The share of pairs of searches whose intervals overlap.
    overlap: f64,
    /// The mean chance that a fresh try holds at `holds_rps`, and that it breaks at 1.15 times that.
    fresh: [f64; 2],
}

fn simulate(server: Server) -> Simulated {
    let infos: Vec<SearchInfo> = (0..SEARCHES).map(|seed| server.search(seed)).collect();
    let mean =
        |of: &dyn Fn(&SearchInfo) -> f64| infos.iter().map(of).sum::<f64>() / SEARCHES as f64;
    let is = |is: bool| f64::from(u8::from(is));
    Simulated {
        bias: mean(&|info| info.edge.unwrap().rate_rps / TRUTH_RPS - 1.0),
        covered: mean(&|info| {
            let edge = info.edge.unwrap();
            is((edge.low_rps..=edge.high_rps).contains(&TRUTH_RPS))
        }),
        low: mean(&|info| is(info.edge.unwrap().rate_rps < 0.9 * TRUTH_RPS)),
        holds_bias: mean(&|info| info.holds_rps.unwrap() / server.holds_rps() - 1.0),
        overlap: {
            let pairs = infos.as_chunks::<2>().0.iter();
            let overlap = pairs.filter(|[a, b]| {
                let (a, b) = (a.edge.unwrap(), b.edge.unwrap());
                a.low_rps <= b.high_rps && b.low_rps <= a.high_rps
            });
            2.0 * overlap.count() as f64 / SEARCHES as f64
        },
        fresh: [
            mean(&|info| server.chance(info.holds_rps.unwrap())),
            1.0 - mean(&|info| server.chance(1.15 * info.holds_rps.unwrap())),
        ],
    }
}

#[test]
fn the_rate_is_unbiased_and_its_interval_contains_the_truth() {
    let step = |false_breaks, false_holds| Server::Step {
        false_breaks,
        false_holds,
    };
    let servers = [
        step(0.0, 0.0),
        step(0.1, 0.0),
        step(0.2, 0.0),
        step(0.2, 0.2),
        Server::Varying { scale: 0.02 },
        Server::Varying { scale: 0.04 },
        Server::Varying { scale: 0.08 },
    ];
    for server in servers {
        let Simulated {
            bias,
            covered,
            low,
            holds_bias,
            overlap,
            fresh: [held, broke],
        } = simulate(server);
        // The figures of docs/method.md.
        let line = format!(
            "{server:?}: {bias:+.3}, {covered:.3}, {low:.3}, {holds_bias:+.3}, {overlap:.2}, {held:.2}, {broke:.2}"
        );
        writeln!(std::io::stderr(), "{line}").unwrap();
        assert!(bias.abs() <= 0.02, "{server:?}: bias {bias}");
        assert!(covered >= 0.9, "{server:?}: covered {covered}");
        assert!(low <= 0.03, "{server:?}: too low in {low}");
        assert!(overlap >= 0.9, "{server:?}: {overlap} overlap");
        assert!(held >= 0.65, "{server:?}: a fresh try holds in {held}");
        assert!(holds_bias.abs() <= 0.08, "{server:?}: holds {holds_bias}");
    }
}
