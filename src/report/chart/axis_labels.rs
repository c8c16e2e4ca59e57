//! Formats the values of an axis: exact for tables and hover texts, short for ticks.

use super::data::{Axis, Point, Scale, Unit};
use crate::findings::units::{bytes, count, digits, quantile, rate, share, time, trimmed};

impl Axis {
    /// A value in full, for tables and hover texts.
    pub(crate) fn text(&self, value: f64) -> String {
        match self.scale {
            Scale::Nines => quantile(value),
            Scale::Linear | Scale::Log => signed(value, |value| self.unit.text(value)),
        }
    }

    /// A value as a tick's label.
    pub(crate) fn tick(&self, value: f64) -> String {
        match self.scale {
            Scale::Nines => quantile(value),
            Scale::Linear | Scale::Log => signed(value, |value| self.unit.tick(value)),
        }
    }

    /// `low – high`.
    pub(crate) fn range(&self, point: &Point) -> Option<String> {
        let (low, high) = point.range?;
        let known = low.is_finite() && high.is_finite();
        known.then(|| format!("{} – {}", self.text(low), self.text(high)))
    }
}

/// The formats of units take values of zero and above.
fn signed(value: f64, text: impl Fn(f64) -> String) -> String {
    let minus = if value < 0.0 { "−" } else { "" };
    format!("{minus}{}", text(value.abs()))
}

/// From this value figures have an exponent.
const EXPONENT: f64 = 1e15;

impl Unit {
    fn text(self, value: f64) -> String {
        if value >= EXPONENT {
            return format!("{value:.2e}{}", self.suffix());
        }
        match self {
            Unit::TimeNs => time(value),
            Unit::Bytes => bytes(value),
            Unit::Percent => share(value),
            Unit::Rate => rate(value),
            Unit::Count if value.fract() == 0.0 => count(value as u64),
            Unit::Seconds => format!("{} s", trimmed(value, 2)),
            _ => format!("{}{}", digits(value), self.suffix()),
        }
    }

    fn tick(self, value: f64) -> String {
        if value == 0.0 {
            return format!("0{}", self.suffix());
        }
        if value >= EXPONENT {
            return format!("{value:e}{}", self.suffix());
        }
        let (value, unit) = match self {
            Unit::TimeNs => scaled(
                value,
                &[(1e9, " s"), (1e6, " ms"), (1e3, " µs"), (1.0, " ns")],
            ),
            Unit::Bytes => scaled(
                value,
                &[
                    (1_073_741_824.0, " GiB"),
                    (1_048_576.0, " MiB"),
                    (1024.0, " KiB"),
                    (1.0, " B"),
                ],
            ),
            Unit::Rate => scaled(
                value,
                &[(1e9, "G/s"), (1e6, "M/s"), (1e4, "k/s"), (1.0, "/s")],
            ),
            Unit::Count | Unit::Plain => scaled(value, &[(1e9, "G"), (1e6, "M"), (1.0, "")]),
            Unit::Percent => (value * 100.0, " %"),
            Unit::Micros | Unit::Ratio | Unit::Seconds => (value, self.suffix()),
        };
        format!("{}{unit}", short(value))
    }

    /// The suffix of a figure whose unit is fixed.
    fn suffix(self) -> &'static str {
        match self {
            Unit::Count | Unit::Plain => "",
            Unit::Rate => "/s",
            Unit::TimeNs => " ns",
            Unit::Micros => " µs",
            Unit::Bytes => " B",
            Unit::Ratio => "×",
            Unit::Percent => " %",
            Unit::Seconds => " s",
        }
    }
}

/// A value in the largest unit that is not greater than it. Rates use thousands from ten thousand.
fn scaled(value: f64, units: &[(f64, &'static str)]) -> (f64, &'static str) {
    let fits = units.iter().find(|(minimum, _)| value >= *minimum);
    let (minimum, unit) = fits.or(units.last()).copied().unwrap_or((1.0, ""));
    let size = if unit == "k/s" { 1e3 } else { minimum };
    (value / size, unit)
}

/// Six digits at most, commas between thousands.
fn short(value: f64) -> String {
    if value >= 1000.0 && value.fract() == 0.0 {
        return count(value as u64);
    }
    let before = value.log10().floor().clamp(-12.0, 6.0) as i32;
    trimmed(value, (5 - before).max(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_short_and_exact() {
        let tick = |unit: Unit, value| unit.tick(value);
        assert_eq!(
            [1.0, 1000.0, 100_000.0, 2_500_000.0].map(|v| tick(Unit::Count, v)),
            ["1", "1,000", "100,000", "2.5M"]
        );
        assert_eq!(
            [500.0, 5000.0, 20_000.0, 1.5e6].map(|v| tick(Unit::Rate, v)),
            ["500/s", "5,000/s", "20k/s", "1.5M/s"]
        );
        assert_eq!(
            [0.0, 250.0, 1e5, 1e6, 2.5e7].map(|v| tick(Unit::TimeNs, v)),
            ["0 ns", "250 ns", "100 µs", "1 ms", "25 ms"]
        );
        assert_eq!(tick(Unit::Percent, 0.1 * 3.0), "30 %");
        assert_eq!(tick(Unit::Ratio, 1.002), "1.002×");
        assert_eq!(tick(Unit::Bytes, 51_200.0), "50 KiB");
        assert_eq!(tick(Unit::Plain, 1e300), "1e300");
    }
}
