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

/// A condition as text: `p99<10ms` has the name `p99`, the relation `<` and the value `10ms`.
pub(crate) struct Condition<'a> {
    pub(crate) name: &'a str,
    /// One of `<`, `<=`, `=`, `>=`, `>`.
    pub(crate) relation: &'a str,
    pub(crate) value: &'a str,
}

impl<'a> Condition<'a> {
    /// The parts of a condition; `None` if one is missing.
    pub(crate) fn of(text: &'a str) -> Option<Condition<'a>> {
        let (name, rest) = text.split_at(text.find(['<', '>', '='])?);
        let relations = ["<=", ">=", "<", ">", "="];
        let relation = relations
            .into_iter()
            .find(|known| rest.starts_with(known))?;
        let (name, value) = (name.trim(), rest[relation.len()..].trim());
        let is_whole = !name.is_empty() && !value.is_empty();
        is_whole.then_some(Condition {
            name,
            relation,
            value,
        })
    }
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
    let condition = Condition::of(text).filter(|condition| !condition.relation.contains('>'));
    let condition = condition.ok_or_else(wrong)?;
    let mut known = Slo::QUANTILES.iter();
    let (_, quantile) = known
        .find(|(known, _)| *known == condition.name)
        .ok_or_else(wrong)?;
    let limit = latency(condition.value)?;
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
