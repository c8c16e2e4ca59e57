//! The figures that are compared between two records, and what marks a value as not comparable.

use super::summary::{Figure, Shown, Summary};
use super::units::{bytes, digits, time};
use crate::record::{LoadSpec, Mode, Trial, Verdict};
use crate::stats::range;

/// A figure that is compared between two records.
#[derive(Debug)]
pub struct ChangedFigure {
    /// Its name.
    pub name: &'static str,
    /// Its value for people, with the unit unless the name has it.
    pub text: fn(f64) -> String,
    /// Whether it means something under this load.
    pub(crate) applies: fn(&LoadSpec) -> bool,
    of: fn(&Summary<'_>) -> Value,
}

/// A figure in one record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// The median over trials; `None` if it is not known.
    pub median: Option<f64>,
    /// The lowest and the highest value of the trials; `None` if one is not known.
    pub range: Option<(f64, f64)>,
    /// Why it is not comparable.
    pub mark: Option<Mark>,
}

/// Why a value is not comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Clients got no correct reply.
    Unserved {
        /// Clients served, in the trial with the fewest.
        served: usize,
        /// Clients that sent a request in that trial.
        asked: usize,
    },
    /// Clients never got a reply, so a latency is not known.
    Starved,
    /// A trial is invalid.
    Invalid,
    /// The rate was over capacity.
    OverCapacity,
    /// The load generator was the limit: the value is a lower bound.
    GeneratorLimited,
    /// Unanswered requests: the value is a lower bound.
    LowerBound,
    /// Too few samples are beyond the quantile.
    TooFewSamples,
    /// It was not measured.
    NotMeasured,
}

/// All figures, in the order in which they are shown.
pub static ALL: &[ChangedFigure] = &[
    ChangedFigure {
        name: "requests/s",
        text: digits,
        applies: |_| true,
        of: |summary| {
            let value = Value::of(Some(summary.throughput_rps));
            if summary.over_capacity() {
                value.marked(Mark::OverCapacity)
            } else if summary.limited {
                value.marked(Mark::GeneratorLimited)
            } else {
                value
            }
        },
    },
    ChangedFigure {
        name: "goodput/s",
        text: digits,
        applies: |load| load.then.is_some(),
        of: |summary| {
            let goodput = |trial: &Trial| trial.overload.as_ref().map(|one| one.goodput_rps);
            let value = Value::of(Figure::of(summary.trials(), goodput));
            match summary.limited {
                true => value.marked(Mark::GeneratorLimited),
                false => value,
            }
        },
    },
    ChangedFigure {
        name: "CPU/request",
        text: |value| format!("{} µs", digits(value)),
        applies: |_| true,
        of: |summary| Value::of(summary.cpu_us),
    },
    ChangedFigure {
        name: "p50",
        text: time,
        applies: has_response_time,
        of: |summary| quantile(summary, 0.5, |trial| trial.latency_ns.p50),
    },
    ChangedFigure {
        name: "p99",
        text: time,
        applies: has_response_time,
        of: |summary| quantile(summary, 0.99, |trial| trial.latency_ns.p99),
    },
    ChangedFigure {
        name: "memory",
        text: bytes,
        applies: |_| true,
        of: |summary| Value::of(summary.pss_bytes),
    },
];

impl ChangedFigure {
    /// Its value in a record.
    pub(crate) fn value(&self, summary: &Summary<'_>) -> Value {
        let value = (self.of)(summary);
        let (served, asked) = (summary.served, summary.asked);
        match value.mark {
            Some(Mark::Starved) => value,
            _ if summary.unserved() => value.marked(Mark::Unserved { served, asked }),
            _ if summary.verdict == Verdict::Invalid => value.marked(Mark::Invalid),
            _ => value,
        }
    }
}

impl Value {
    fn of(figure: Option<Figure>) -> Value {
        Value {
            median: figure.map(|figure| figure.median),
            range: figure.map(|figure| (figure.low, figure.high)),
            mark: figure.is_none().then_some(Mark::NotMeasured),
        }
    }

    fn marked(self, mark: Mark) -> Value {
        Value {
            mark: Some(mark),
            ..self
        }
    }
}

/// In a closed loop latency follows from throughput; in an overload, from how long it lasted.
fn has_response_time(load: &LoadSpec) -> bool {
    load.mode != Mode::Closed && load.then.is_none()
}

fn quantile(summary: &Summary<'_>, q: f64, of: fn(&Trial) -> Option<u64>) -> Value {
    let known = |trial: &Trial| {
        let is_exact = trial.censored.count == 0 || q <= trial.exact_below;
        of(trial).filter(|_| is_exact).map(|ns| ns as f64)
    };
    let value = |median, mark| Value {
        median,
        range: None,
        mark,
    };
    match summary.latency(q, of) {
        Shown::Starved => value(None, Some(Mark::Starved)),
        Shown::TooFew => value(None, Some(Mark::TooFewSamples)),
        Shown::Over(ns) => value(Some(ns), Some(Mark::LowerBound)),
        Shown::Is(ns) if summary.over_capacity() => value(Some(ns), Some(Mark::OverCapacity)),
        Shown::Is(ns) => {
            // A median can be exact while the highest value is a bound.
            let values: Option<Vec<f64>> = summary.trials().iter().map(known).collect();
            Value {
                range: values.map(|values| range(&values)),
                ..value(Some(ns), None)
            }
        }
    }
}
