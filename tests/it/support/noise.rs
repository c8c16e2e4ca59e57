//! Noise of a simulated machine.

use rpcbench::record::{Known, PairInfo};

use super::pairs::{GATED, pair_of};

/// What the noise of a machine is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoiseKind {
    /// Independent and normal.
    Normal,
    /// Independent, of Student's t distribution with 2 degrees of freedom: it has no variance.
    HeavyTails,
    /// The machine becomes slower, is slower by half from some trial on, and its speed is
    /// autocorrelated.
    Drift,
}

/// A simulated machine that measures pairs of two builds.
pub(crate) struct Machine {
    random: fastrand::Rng,
    kind: NoiseKind,
    /// Standard deviations of the logarithms of the ratios of a pair.
    sigmas: [f64; 3],
    /// The logarithms by which the candidate is worse.
    effects: [f64; 3],
    /// The highest throughput that the load generator can measure, as a multiple of the baseline's.
    limit: f64,
    /// By how much each trial is slower than the one before, where the machine drifts.
    drift: f64,
    /// Whether a coin orders the sides of a load; else the baseline is always first.
    has_coin: bool,
    state: f64,
    trials: usize,
    pairs: usize,
    step_at: usize,
}

impl Machine {
    /// A machine with this noise; the candidate is worse by these ratios.
    pub(crate) fn new(seed: u64, kind: NoiseKind, sigmas: [f64; 3], ratios: [f64; 3]) -> Machine {
        let mut random = fastrand::Rng::with_seed(seed);
        let step_at = random.usize(4..60);
        Machine {
            random,
            kind,
            sigmas,
            effects: ratios.map(f64::ln),
            limit: f64::INFINITY,
            drift: 0.02,
            has_coin: true,
            state: 0.0,
            trials: 0,
            pairs: 0,
            step_at,
        }
    }

    /// The same, with a load generator that is the limit at this multiple of the baseline's
    /// throughput.
    pub(crate) fn limited_at(self, limit: f64) -> Machine {
        Machine { limit, ..self }
    }

    /// The same with this drift.
    pub(crate) fn drifting_by(self, drift: f64) -> Machine {
        Machine { drift, ..self }
    }

    /// The same, always with the baseline first: what the coin is there against.
    pub(crate) fn in_fixed_order(self) -> Machine {
        Machine {
            has_coin: false,
            ..self
        }
    }

    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.random.f64()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.random.f64()).cos()
    }

    /// The logarithm by which a trial is slow on this machine now.
    fn trial(&mut self, sigma: f64) -> f64 {
        self.trials += 1;
        let normal = self.normal();
        // Two trials make a ratio.
        let sigma = sigma / 2.0_f64.sqrt();
        match self.kind {
            NoiseKind::Normal => sigma * normal,
            // χ² with 2 degrees of freedom, divided by them; the scale is that of the quartiles.
            NoiseKind::HeavyTails => {
                sigma * 0.83 * normal / (-(1.0 - self.random.f64()).ln()).sqrt()
            }
            NoiseKind::Drift => {
                self.state = 0.7 * self.state + 0.7 * sigma * normal;
                let step = if self.trials >= self.step_at {
                    0.4
                } else {
                    0.0
                };
                self.drift * self.trials as f64 + step + self.state
            }
        }
    }

    /// The next pair. A coin for each load orders its two sides.
    pub(crate) fn pair(&mut self) -> PairInfo {
        let mut metrics = [(0.0, Known::Exact); 3];
        let coins = [self.random.bool(), self.random.bool()];
        for (at, metric) in metrics.iter_mut().enumerate() {
            let candidate_first = self.has_coin && coins[usize::from(GATED[at].0 != GATED[0].0)];
            let sigma = self.sigmas[at];
            let (first, second) = (self.trial(sigma), self.trial(sigma));
            let (baseline, candidate) = if candidate_first {
                (second, first)
            } else {
                (first, second)
            };
            *metric = (candidate - baseline + self.effects[at], Known::Exact);
            if at == 2 {
                // Slow by x is a throughput of e^−x, of which the generator measures the limit.
                let least = -self.limit.ln();
                let sides = [baseline, candidate + self.effects[at]];
                let [b, c] = sides.map(|slow| slow.max(least));
                let is_limited = sides.map(|slow| slow < least);
                let known = match is_limited {
                    [false, false] => Known::Exact,
                    [false, true] => Known::AtMost,
                    [true, false] => Known::AtLeast,
                    [true, true] => Known::Nothing,
                };
                *metric = (c - b, known);
            }
        }
        self.pairs += 1;
        pair_of(self.pairs - 1, metrics)
    }
}
