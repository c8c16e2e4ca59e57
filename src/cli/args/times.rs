//! Times on the command line: `500ms`, `5s`, `2m`. Each error continues the sentence
//! "--option VALUE: …".

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) use crate::record::quantity::is_without_unit;
use crate::record::quantity::{duration, split, without_unit};

/// The largest measured time: the range of the histograms.
const MAX_SHORT: Duration = Duration::from_secs(3600);
/// The longest busy polling: more is a core that never sleeps.
const MAX_BUSY_POLL: Duration = Duration::from_secs(1);
const MAX_TIMEOUT: Duration = Duration::from_secs(86_400);

/// A duration over 0 and at most one hour, the range of the histograms.
pub(crate) fn short_duration(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time.is_zero() || time > MAX_SHORT {
        return Err("must be over 0 and at most 1h, such as 500ms or 5s".to_owned());
    }
    Ok(time)
}

/// A moment: RFC 3339 in UTC, or seconds since 1970.
pub(crate) fn moment(text: &str) -> Result<SystemTime, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        return UNIX_EPOCH
            .checked_add(Duration::from_secs(seconds))
            .ok_or_else(|| "is too far away".to_owned());
    }
    humantime::parse_rfc3339_weak(text).map_err(|_| {
        "must be a time in UTC such as 2026-11-27T20:30:00Z, or seconds since 1970, such as $(($(date +%s) + 20))"
            .to_owned()
    })
}

/// A timeout of at most 24 hours; `0` turns it off.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time > MAX_TIMEOUT {
        return Err("must be at most 24h, such as 500ms or 5s; 0 turns it off".to_owned());
    }
    Ok(time)
}

/// The value of `--warmup`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Warmup {
    /// What pilots find.
    Auto,
    /// This time.
    Given(Duration),
}

/// A warm-up of at most 24 hours, or `auto`.
pub(crate) fn warmup(text: &str) -> Result<Warmup, String> {
    if text == "auto" {
        return Ok(Warmup::Auto);
    }
    let time = duration(text)?;
    if time > MAX_TIMEOUT {
        return Err("must be at most 24h, such as 500ms or 5s, or auto".to_owned());
    }
    Ok(Warmup::Given(time))
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
        return Err(without_unit(text));
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
    fn times_have_bounds() {
        assert!(short_duration("0s").is_err() && short_duration("2h").is_err());
        assert_eq!(busy_poll("50us"), Ok(Duration::from_micros(50)));
        assert!(busy_poll("50").is_err() && busy_poll("0").is_ok());
        assert!(timeout("25h").is_err() && timeout("0").is_ok());
        assert_eq!(warmup("auto"), Ok(Warmup::Auto));
        assert_eq!(warmup("0"), Ok(Warmup::Given(Duration::ZERO)));
        assert!(warmup("25h").unwrap_err().contains("auto") && warmup("car").is_err());
    }

    #[test]
    fn a_latency_needs_a_unit() {
        assert_eq!(latency("10 ms"), Ok(Duration::from_millis(10)));
        assert!(latency("10").unwrap_err().contains("10ms"));
        assert!(latency("10m").unwrap_err().contains("minutes"));
    }
}
