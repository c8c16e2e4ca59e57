//! Times on the command line: `500ms`, `5s`, `2m`. Each error continues the sentence
//! "--option VALUE: …".

use std::time::Duration;

use super::numbers::split;

/// The largest measured time: the range of the histograms.
const MAX_SHORT: Duration = Duration::from_secs(3600);
/// The longest busy polling: more is a core that never sleeps.
const MAX_BUSY_POLL: Duration = Duration::from_secs(1);
const MAX_TIMEOUT: Duration = Duration::from_secs(86_400);

/// Whether a time has no unit, so that it is taken as seconds; false for 0.
pub(crate) fn is_without_unit(text: &str) -> bool {
    split(text).1.is_empty() && text.trim().parse().is_ok_and(|number: f64| number > 0.0)
}

/// `500ms`, `1.5 s`, `2m`, `1h`, `250us`; a number without a unit is in seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "must be a duration such as 500ms, 5s or 2m".to_owned();
    let (number, unit) = split(text);
    let seconds = match unit {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" | "sec" | "" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}

/// A duration over 0 and at most one hour, the range of the histograms.
pub(crate) fn short_duration(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time.is_zero() || time > MAX_SHORT {
        return Err("must be over 0 and at most 1h, such as 500ms or 5s".to_owned());
    }
    Ok(time)
}

/// A timeout of at most 24 hours; `0` turns it off.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time > MAX_TIMEOUT {
        return Err("must be at most 24h, such as 500ms or 5s; 0 turns it off".to_owned());
    }
    Ok(time)
}

/// A time of busy polling, at most a second; `0` turns it off.
pub(crate) fn busy_poll(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time > MAX_BUSY_POLL {
        return Err("must be at most 1s, such as 50us; 0 turns it off".to_owned());
    }
    Ok(time)
}

/// The limit of a latency. Its unit is required: few latencies are in seconds.
pub(crate) fn latency(text: &str) -> Result<Duration, String> {
    if is_without_unit(text) {
        let number = text.trim();
        return Err(format!(
            "{number} has no unit: write {number}ms or {number}us"
        ));
    }
    if matches!(split(text).1, "m" | "min" | "h") {
        return Err("must be a latency in us, ms or s, such as 10ms (m is minutes)".to_owned());
    }
    short_duration(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("10 s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("3"), Ok(Duration::from_secs(3)));
        for wrong in ["", "s", "-1s", "1d", "1e400s", "5 parsecs"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
        assert!(short_duration("0s").is_err() && short_duration("2h").is_err());
        assert_eq!(busy_poll("50us"), Ok(Duration::from_micros(50)));
        assert!(busy_poll("50").is_err() && busy_poll("0").is_ok());
        assert!(timeout("25h").is_err() && timeout("0").is_ok());
    }

    #[test]
    fn a_latency_needs_a_unit() {
        assert_eq!(latency("10 ms"), Ok(Duration::from_millis(10)));
        assert!(latency("10").unwrap_err().contains("10ms"));
        assert!(latency("10m").unwrap_err().contains("minutes"));
        assert!(is_without_unit("5") && !is_without_unit("5s") && !is_without_unit("0"));
    }
}
