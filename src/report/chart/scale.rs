//! The position of values along an axis, and its ticks.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::data::{Axis, Scale, Unit};
use super::labels::{self, Along};

/// Larger values are not measurements, and the sum of two could overflow.
const LARGEST: f64 = 1e300;
/// The margin at each end of an axis, as a share of the span of the data.
const MARGIN: f64 = 0.05;
/// A logarithmic axis spans at least this many decades.
const MIN_DECADES: f64 = 0.1;
const MAX_TICKS: f64 = 9.0;

/// An axis with its ends and ticks, in values of the data.
#[derive(Debug, Clone)]
pub(crate) struct Ruler {
    scale: Scale,
    /// Ends, as positions (see [`place`]).
    low: f64,
    high: f64,
    pub(crate) ticks: Vec<Tick>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// The position of a value; `None` if it has none on this scale.
pub(crate) fn place(scale: Scale, value: f64) -> Option<f64> {
    if !value.is_finite() || value.abs() > LARGEST {
        return None;
    }
    match scale {
        Scale::Linear => Some(value),
        Scale::Log => (value > 0.0).then(|| value.log10()),
        Scale::Nines => (0.0..1.0).contains(&value).then(|| -(1.0 - value).log10()),
    }
}

impl Ruler {
    /// An axis of `pixels` length for these values. `None` if no value has a position.
    pub(crate) fn new(
        axis: &Axis,
        values: impl Iterator<Item = f64>,
        along: Along,
        pixels: u32,
    ) -> Option<Self> {
        let places: Vec<f64> = values
            .filter_map(|value| place(axis.scale, value))
            .collect();
        let low = places.iter().copied().reduce(f64::min)?;
        let high = places.iter().copied().reduce(f64::max)?;
        let (low, high) = ends(axis, low, high);
        let mut ruler = Ruler {
            scale: axis.scale,
            low,
            high,
            ticks: Vec::new(),
        };
        ruler.ticks = ruler.best_ticks(axis, along, pixels);
        Some(ruler)
    }

    /// Rows from 0 at the bottom, each with an unlabelled tick at its middle.
    pub(crate) fn rows(number: usize) -> Self {
        let tick = |row: usize| Tick {
            value: row as f64 + 0.5,
            label: String::new(),
        };
        Ruler {
            scale: Scale::Linear,
            low: 0.0,
            high: number as f64,
            ticks: (0..number).map(tick).collect(),
        }
    }

    /// Whether a value has a position on this axis.
    pub(crate) fn holds(&self, value: f64) -> bool {
        place(self.scale, value).is_some()
    }

    /// A range cut at the ends of the axis.
    pub(crate) fn cut(&self, (low, high): (f64, f64)) -> Option<(f64, f64)> {
        let high = self.holds(high).then_some(high)?;
        let low = if self.holds(low) {
            low
        } else {
            self.range().start
        };
        (low <= high).then_some((low, high))
    }

    /// The first candidate with at least three ticks and no overlap, otherwise the one with the most ticks.
    fn best_ticks(&self, axis: &Axis, along: Along, pixels: u32) -> Vec<Tick> {
        let mut best = Vec::new();
        for values in self.candidates(axis.unit) {
            let ticks = self.within(axis, &values);
            if !self.fits(&ticks, along, f64::from(pixels)) {
                continue;
            }
            if ticks.len() >= 3 {
                return ticks;
            }
            if ticks.len() > best.len() {
                best = ticks;
            }
        }
        best
    }

    /// Candidate values for ticks, in order of preference.
    fn candidates(&self, unit: Unit) -> Vec<Vec<f64>> {
        match self.scale {
            Scale::Linear => linear(self.low, self.high, unit),
            Scale::Log => {
                let mut all = logarithmic(self.low, self.high, unit);
                all.extend(linear(10_f64.powf(self.low), 10_f64.powf(self.high), unit));
                all
            }
            Scale::Nines => {
                let nines: Vec<f64> = (0..=12).map(|nines| 1.0 - 10_f64.powi(-nines)).collect();
                let sparse = nines.iter().copied().step_by(2).collect();
                vec![nines, sparse]
            }
        }
    }

    /// The ticks of those values that are on the axis, each label once.
    fn within(&self, axis: &Axis, values: &[f64]) -> Vec<Tick> {
        let slack = (self.high - self.low) * 1e-9;
        let inside = |value: &f64| {
            place(self.scale, *value)
                .is_some_and(|at| at >= self.low - slack && at <= self.high + slack)
        };
        let mut ticks: Vec<Tick> = values
            .iter()
            .copied()
            .filter(inside)
            .map(|value| Tick {
                value,
                label: axis.tick(value),
            })
            .collect();
        ticks.dedup_by(|a, b| a.label == b.label);
        ticks
    }

    fn fits(&self, ticks: &[Tick], along: Along, pixels: f64) -> bool {
        ticks.windows(2).all(|pair| {
            let apart = (self.share(pair[1].value) - self.share(pair[0].value)) * pixels;
            apart >= labels::least_between(along, &pair[0].label, &pair[1].label)
        })
    }

    /// The position of a value along the axis, from 0 to 1.
    fn share(&self, value: f64) -> f64 {
        let at = place(self.scale, value).unwrap_or(self.low);
        ((at - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// The ends of an axis for data from `low` to `high`, as positions.
fn ends(axis: &Axis, low: f64, high: f64) -> (f64, f64) {
    let span = high - low;
    match axis.scale {
        // From 0 to at least one nine (90 %).
        Scale::Nines => (0.0, high.max(1.0)),
        Scale::Log => {
            let wider = ((MIN_DECADES - span) / 2.0).max(span * MARGIN);
            (low - wider, high + wider)
        }
        Scale::Linear => {
            let large = low.abs().max(high.abs());
            let margin = match span {
                span if span > large * 1e-9 => span * MARGIN,
                _ if large > 0.0 => large * 0.1,
                _ => 1.0,
            };
            if axis.from_zero && low >= 0.0 {
                (0.0, high + high.max(margin) * MARGIN)
            } else {
                (low - margin, high + margin)
            }
        }
    }
}

/// Multiples of 1, 2 or 5 times a power of ten (for bytes also times a power of 1024), finest first.
fn linear(low: f64, high: f64, unit: Unit) -> Vec<Vec<f64>> {
    let span = high - low;
    // Without a normal span there are no steps.
    if !span.is_normal() {
        return Vec::new();
    }
    let multiples = |step: f64| {
        let (first, last) = ((low / step).ceil(), (high / step).floor());
        // Adding 0.0 turns -0.0 into 0.0.
        (0..=(last - first) as u32).map(move |at| (first + f64::from(at)) * step + 0.0)
    };
    steps(span, unit)
        .into_iter()
        .filter(|step| span / step <= MAX_TICKS)
        // Counts have no fractions.
        .filter(|step| unit != Unit::Count || *step >= 1.0)
        .map(|step| multiples(step).collect())
        .collect()
}

fn steps(span: f64, unit: Unit) -> Vec<f64> {
    let (base, span) = match unit {
        Unit::Bytes => {
            let base = 1024_f64.powf(span.log(1024.0).floor().max(0.0));
            (base, span / base)
        }
        _ => (1.0, span),
    };
    let decade = span.log10().floor() as i32;
    let powers = (decade - 2..=decade + 1).map(|power| 10_f64.powi(power));
    powers
        .flat_map(|power| [1.0, 2.0, 5.0].map(|times| times * power * base))
        .collect()
}

/// Every power of ten; then also 2 and 5 times each; then every second power, every third, and so on.
/// For bytes: every power of two, every second, every third, and so on.
fn logarithmic(low: f64, high: f64, unit: Unit) -> Vec<Vec<f64>> {
    let powers = |base: f64, step: i32, within: &[f64]| -> Vec<f64> {
        let (first, last) = (low / base.log10(), high / base.log10());
        let (first, last) = (first.floor() as i32, last.ceil() as i32);
        (first..=last)
            .filter(|power| power.rem_euclid(step) == 0)
            .flat_map(|power| within.iter().map(move |times| times * base.powi(power)))
            .collect()
    };
    if unit == Unit::Bytes {
        return (1..=10)
            .map(|doublings| powers(2.0, doublings, &[1.0]))
            .collect();
    }
    let mut all = vec![powers(10.0, 1, &[1.0]), powers(10.0, 1, &[1.0, 2.0, 5.0])];
    all.extend((2..=100).map(|step| powers(10.0, step, &[1.0])));
    all
}

impl Ranged for Ruler {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        from + (self.share(*value) * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks.iter().map(|tick| tick.value).collect()
    }

    fn range(&self) -> Range<f64> {
        let value = |place: f64| match self.scale {
            Scale::Linear => place,
            Scale::Log => 10_f64.powf(place),
            Scale::Nines => 1.0 - 10_f64.powf(-place),
        };
        value(self.low)..value(self.high)
    }
}

impl ValueFormatter<f64> for Ruler {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|tick| tick.value == *value);
        tick.map(|tick| tick.label.clone()).unwrap_or_default()
    }
}
