//! Other values on the command line: latency targets, addresses, cores. Each error continues the
//! sentence "--option VALUE: …".

use std::net::{SocketAddr, ToSocketAddrs};

use super::times::latency;
use crate::cli::usage::UsageError;
use crate::record::Slo;
use crate::sys::Cpus;

/// `HOST:PORT`; the host is a name or an IP address.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    if text.contains("://") {
        return Err("must be HOST:PORT, without a scheme such as http://".to_owned());
    }
    let port = text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    if !matches!(port, Some(Ok(_))) {
        return Err("must be HOST:PORT, such as 127.0.0.1:8000".to_owned());
    }
    let found = text
        .to_socket_addrs()
        .ok()
        .and_then(|mut found| found.next());
    found.ok_or_else(|| "no address found for this host; check its name".to_owned())
}

/// `p99<10ms`, `p99 <= 10 ms`, or `p99=10ms`, which a shell does not take as a redirection.
pub(crate) fn slo(text: &str) -> Result<Slo, String> {
    let wrong = || {
        let names = Slo::QUANTILES.map(|(name, _)| name);
        format!(
            "must be a target such as 'p99<10ms' or p99=10ms, with one of {}",
            names.join(", ")
        )
    };
    if text.contains(',') {
        return Err("must be one target; search for each in a run of its own".to_owned());
    }
    let at = text.find(['<', '=']).ok_or_else(wrong)?;
    let (name, limit) = text.split_at(at);
    let limit = limit.trim_start_matches('<').trim_start_matches('=').trim();
    let known = Slo::QUANTILES
        .iter()
        .find(|(known, _)| *known == name.trim());
    let (_, quantile) = known.ok_or_else(wrong)?;
    if limit.is_empty() {
        return Err(wrong());
    }
    let limit = latency(limit)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_people_write_them() {
        for text in [
            "p99.9<1.5ms",
            "p99.9 <= 1.5ms",
            "p99.9=1.5 ms",
            " p99.9 < 1500us",
        ] {
            let target = slo(text).unwrap();
            assert_eq!(
                (target.name(), target.limit_ns),
                ("p99.9", 1_500_000),
                "{text}"
            );
            assert_eq!(target.to_string(), "p99.9<1.5ms");
        }
        for wrong in [
            "p99",
            "p98<1ms",
            "p99<",
            "p99<0ms",
            "p99>1ms",
            "<1ms",
            "p99<10",
            "p99<<1ms x",
        ] {
            assert!(slo(wrong).is_err(), "{wrong:?}");
        }
        assert!(slo("p99<10").unwrap_err().contains("10ms"));
    }
}
