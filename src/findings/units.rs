//! Figures for people: three digits and a unit.

/// A time in nanoseconds as `950 ns`, `24.1 µs`, `5.93 ms`, `1.02 s`.
pub(crate) fn time(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    format!("{} {unit}", digits(value))
}

/// Three significant digits: `0.42`, `9.81`, `98.1`, `981`, `9,810`.
pub(crate) fn digits(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => count(value.round() as u64),
    }
}

/// A whole number with separators: `1,234,567`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes as `290 B`, `812 KiB`, `4.21 MiB`, `1.50 GiB`.
pub(crate) fn bytes(value: f64) -> String {
    let (value, unit) = match value {
        value if value < 1024.0 => (value.round(), "B"),
        value if value < 1_048_576.0 => (value / 1024.0, "KiB"),
        value if value < 1_073_741_824.0 => (value / 1_048_576.0, "MiB"),
        value => (value / 1_073_741_824.0, "GiB"),
    };
    match unit {
        "B" => format!("{value} B"),
        unit => format!("{} {unit}", digits(value)),
    }
}

/// A time that a user gave, in nanoseconds, without rounding: `200 µs`, `1.5 ms`.
pub(crate) fn exact_time(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    format!("{} {unit}", trimmed(value, 3))
}

/// A size that a user gave, without rounding: `300 B`, `1 KiB`, `1,500 B`.
pub(crate) fn exact_bytes(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units
        .into_iter()
        .find(|(_, shift)| bytes > 0 && bytes.is_multiple_of(1 << shift));
    match unit {
        Some((unit, shift)) => format!("{} {unit}", count(bytes >> shift)),
        None => format!("{} B", count(bytes)),
    }
}

/// A list of cores as `core 0`, `cores 2-3`.
pub(crate) fn cores(list: &str) -> String {
    let plural = if list.contains(['-', ',']) { "s" } else { "" };
    format!("core{plural} {list}")
}

/// A rate per second: `12,300/s`.
pub(crate) fn rate(per_second: f64) -> String {
    format!("{}/s", digits(per_second))
}

/// A share from 0 to 1 as `42.0 %`.
pub(crate) fn share(of_one: f64) -> String {
    format!("{} %", digits(of_one * 100.0))
}

/// A quantile from 0 to 1 as `99.99 %`, with up to nine nines.
pub(crate) fn quantile(q: f64) -> String {
    let nines = -(1.0 - q).max(1e-9).log10();
    format!(
        "{} %",
        trimmed(q * 100.0, (nines - 1.0).max(0.0).ceil() as usize)
    )
}

/// A value with at most `decimals` decimals and no trailing zeros: `0.25`, `10`.
pub(crate) fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A duration: `5 s`, `200 ms`, `2 min`.
pub(crate) fn span(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{} ms", (s * 1e3).round()),
        s if s >= 120.0 && s % 60.0 == 0.0 => format!("{} min", s / 60.0),
        s => format!("{} s", (s * 100.0).round() / 100.0),
    }
}

/// A number of things: `1 thread`, `3 threads`.
pub(crate) fn some(number: u64, thing: &str) -> String {
    let plural = match (number, thing.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{} {thing}{plural}", count(number))
}

/// A sentence with a full stop, unless it is a question.
pub(crate) fn stopped(sentence: String) -> String {
    if sentence.ends_with('?') {
        sentence
    } else {
        sentence + "."
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn and(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_and_a_unit() {
        assert_eq!(
            [time(950.0), time(24_100.0), time(5_930_000.0), time(1.02e9)],
            ["950 ns", "24.1 µs", "5.93 ms", "1.02 s"]
        );
        assert_eq!(
            [count(0), count(999), count(1000), count(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [bytes(290.2), bytes(831_488.0), bytes(4_414_505.0)],
            ["290 B", "812 KiB", "4.21 MiB"]
        );
        assert_eq!(
            [rate(12_300.4), share(0.42), quantile(0.5), quantile(0.9999)],
            ["12,300/s", "42.0 %", "50 %", "99.99 %"]
        );
        assert_eq!([trimmed(0.25, 6), trimmed(10.0, 6)], ["0.25", "10"]);
        assert_eq!(
            [span(0.25), span(5.0), span(1.5), span(120.0)],
            ["250 ms", "5 s", "1.5 s", "2 min"]
        );
        assert_eq!(
            [exact_time(200e3), exact_time(1.5e6), exact_time(10e9)],
            ["200 µs", "1.5 ms", "10 s"]
        );
        assert_eq!(
            [exact_bytes(1024), exact_bytes(1500), exact_bytes(0)],
            ["1 KiB", "1,500 B", "0 B"]
        );
        assert_eq!(
            [some(1, "thread"), some(2000, "thread")],
            ["1 thread", "2,000 threads"]
        );
    }
}
