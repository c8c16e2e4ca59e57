//! How values are written on the command line: durations as `500ms`, sizes as `64KiB`.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use crate::cli::usage::UsageError;
use crate::record::{MOST_CONNECTIONS, MOST_IN_FLIGHT, Slo};
use crate::sys::Cpus;

/// A size such as `64KiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) usize);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Bytes, String> {
        size(text).map(Bytes)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
        match units
            .into_iter()
            .find(|(_, shift)| self.0 > 0 && self.0.is_multiple_of(1 << shift))
        {
            Some((unit, shift)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}", self.0),
        }
    }
}

/// `500ms`, `1.5s`, `2m`, `1h`, `250us`; a number without a unit is in seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a duration such as 500ms, 5s or 2m".to_owned();
    let (number, unit) = split(text);
    let seconds = match unit {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" | "" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}

/// A duration over 0 and at most one hour, the range of the histograms.
pub(crate) fn short_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        time if time.is_zero() || time > Duration::from_secs(3600) => {
            Err("over 0 and at most 1h".to_owned())
        }
        time => Ok(time),
    }
}

/// A whole number from 1 to [`MOST_CONNECTIONS`].
pub(crate) fn count(text: &str) -> Result<NonZeroUsize, String> {
    up_to(MOST_CONNECTIONS, text)
}

/// Requests in flight per connection.
pub(crate) fn pipeline(text: &str) -> Result<NonZeroUsize, String> {
    up_to(MOST_IN_FLIGHT, text)
}

/// A number of connections, which may be 0.
pub(crate) fn connections(text: &str) -> Result<usize, String> {
    match text {
        "0" => Ok(0),
        nonzero => count(nonzero).map(NonZeroUsize::get),
    }
}

/// A seed; below 2^50, so that every JSON reader keeps it exact.
pub(crate) fn seed(text: &str) -> Result<u64, String> {
    const MOST: u64 = 1 << 50;
    let seed = text.parse().ok().filter(|seed| *seed < MOST);
    seed.ok_or_else(|| format!("a whole number from 0 to {}", MOST - 1))
}

fn up_to(most: usize, text: &str) -> Result<NonZeroUsize, String> {
    let number: Option<NonZeroUsize> = text.parse().ok();
    number
        .filter(|number| number.get() <= most)
        .ok_or_else(|| format!("a whole number from 1 to {most}"))
}

/// `HOST:PORT`; the host is a name or an IP address.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    if !matches!(port, Some(Ok(_))) {
        return Err("HOST:PORT, such as 127.0.0.1:8000".to_owned());
    }
    let found = text
        .to_socket_addrs()
        .ok()
        .and_then(|mut found| found.next());
    found.ok_or_else(|| format!("no address found for {text}"))
}

/// `p99<10ms`.
pub(crate) fn slo(text: &str) -> Result<Slo, String> {
    let wrong = || {
        let names = Slo::QUANTILES.map(|(name, _)| name);
        format!(
            "a target such as 'p99<10ms'; the quantile is one of {}",
            names.join(", ")
        )
    };
    let (name, limit) = text.split_once('<').ok_or_else(wrong)?;
    let known = Slo::QUANTILES
        .iter()
        .find(|(known, _)| *known == name.trim());
    let (_, quantile) = known.ok_or_else(wrong)?;
    let limit = short_duration(limit.trim_start_matches('=').trim()).map_err(|_| wrong())?;
    Ok(Slo {
        quantile: *quantile,
        limit_ns: u64::try_from(limit.as_nanos()).map_err(|_| wrong())?,
    })
}

/// Refuses cores, given with `flag`, that this process may not use.
pub(crate) fn check_cpus(flag: &str, cpus: Option<&Cpus>) -> anyhow::Result<()> {
    let allowed = Cpus::allowed()?;
    match cpus.and_then(|cpus| Some((cpus, cpus.first_not_in(&allowed)?))) {
        Some((cpus, missing)) => Err(UsageError(format!(
            "{flag} {cpus}: this process may not use core {missing}, only {allowed}"
        ))
        .into()),
        None => Ok(()),
    }
}

/// Requests per second: `500`, `20k`, `1.5M`.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    let wrong = || "requests per second, such as 500 or 20k, from 0.01 to 10M".to_owned();
    let (number, unit) = split(text);
    let factor = match unit {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        _ => return Err(wrong()),
    };
    let rate = number.parse::<f64>().map_err(|_| wrong())? * factor;
    if (0.01..=1e7).contains(&rate) {
        Ok(rate)
    } else {
        Err(wrong())
    }
}

/// A fraction over 0 and under 1: `5%` or `0.05`.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse(),
    };
    let share = share.ok().filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "a share such as 5% or 0.05".to_owned())
}

/// A timeout of at most 24 hours; `0` turns it off.
pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        time if time > Duration::from_secs(86_400) => Err("at most 24h".to_owned()),
        time => Ok(time),
    }
}

/// A size in bytes, at most 1 GiB: `100`, `64KiB`, `1MiB`, `10kB`.
fn size(text: &str) -> Result<usize, String> {
    let wrong = || "a size of at most 1GiB, such as 512, 64KiB or 1MiB".to_owned();
    let (number, unit) = split(text);
    let bytes: f64 = match unit {
        "" | "B" => 1.0,
        "kB" | "k" => 1e3,
        "MB" | "M" => 1e6,
        "KiB" | "Ki" | "K" => 1024.0,
        "MiB" | "Mi" => 1_048_576.0,
        "GiB" | "Gi" => 1_073_741_824.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let size = (number * bytes).round();
    if (0.0..=1_073_741_824.0).contains(&size) {
        Ok(size as usize)
    } else {
        Err(wrong())
    }
}

fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_sizes_rates_and_targets_are_parsed() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("3"), Ok(Duration::from_secs(3)));
        assert_eq!(size("64KiB"), Ok(65536));
        assert_eq!(rate("20k"), Ok(20_000.0));
        let target = slo("p99.9 <= 1.5ms").unwrap();
        assert_eq!((target.name(), target.limit_ns), ("p99.9", 1_500_000));
        assert_eq!(target.to_string(), "p99.9<1.5ms");
        for wrong in ["p99", "p98<1ms", "p99<", "p99<0ms", "p99>1ms", "<1ms"] {
            assert!(slo(wrong).is_err(), "{wrong:?}");
        }
        assert!(rate("0").is_err() && rate("20kk").is_err() && rate("-1").is_err());
        assert_eq!(size("10kB"), Ok(10_000));
        assert_eq!(Bytes(1 << 20).to_string(), "1MiB");
        assert_eq!(Bytes(1500).to_string(), "1500");
        for wrong in ["", "s", "-1s", "5 s", "1d", "1e400s"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
        for wrong in ["", "KiB", "-1", "1TB", "2GiB"] {
            assert!(size(wrong).is_err(), "{wrong:?}");
        }
        assert!(short_duration("0s").is_err() && short_duration("2h").is_err());
    }
}
