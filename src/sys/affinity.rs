//! The cores that the server or the load generator may use.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::{fmt, io};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// A set of cores, such as `0,2-3`; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cpus(BTreeSet<usize>);

impl Cpus {
    /// The cores that this thread may use (sched_getaffinity(2)).
    ///
    /// # Errors
    /// When sched_getaffinity(2) fails.
    pub fn allowed() -> io::Result<Cpus> {
        let set = sched_getaffinity(Pid::from_raw(0))?;
        let isset = |cpu: &usize| set.is_set(*cpu).unwrap_or(false);
        Ok(Cpus((0..CpuSet::count()).filter(isset).collect()))
    }

    /// Pins this thread, and the threads and processes that it will start, to these cores.
    ///
    /// # Errors
    /// When none of the cores is available to this process.
    pub fn pin(&self) -> io::Result<()> {
        let mut set = CpuSet::new();
        self.0.iter().try_for_each(|cpu| set.set(*cpu))?;
        Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
    }

    /// The number of cores.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Each core as a set of its own.
    pub fn each(&self) -> Vec<Cpus> {
        let one = |cpu: &usize| Cpus(BTreeSet::from([*cpu]));
        self.0.iter().map(one).collect()
    }

    /// The first core that is not in `excluded`.
    pub fn first_not_in(&self, excluded: &Cpus) -> Option<usize> {
        self.0.difference(&excluded.0).next().copied()
    }
}

impl FromStr for Cpus {
    type Err = String;

    fn from_str(text: &str) -> Result<Cpus, String> {
        let error = || "a list of cores such as 0,2-3".to_owned();
        let number = |text: &str| {
            let cpu: usize = text.parse().map_err(|_| error())?;
            Some(cpu)
                .filter(|cpu| *cpu < CpuSet::count())
                .ok_or_else(error)
        };
        let mut cpus = BTreeSet::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return Err(error());
            }
            cpus.extend(first..=last);
        }
        Ok(Cpus(cpus))
    }
}

impl TryFrom<String> for Cpus {
    type Error = String;

    fn try_from(text: String) -> Result<Cpus, String> {
        text.parse()
    }
}

impl From<Cpus> for String {
    fn from(cpus: Cpus) -> String {
        cpus.to_string()
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut remaining: Vec<usize> = self.0.iter().copied().collect();
        let mut parts = Vec::new();
        while let Some(first) = remaining.first().copied() {
            let run = remaining.iter().zip(first..).take_while(|(a, b)| *a == b);
            let length = run.count();
            parts.push(match length {
                1 => first.to_string(),
                _ => format!("{first}-{}", first + length - 1),
            });
            remaining.drain(..length);
        }
        f.pad(&parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_prints_lists_as_taskset_does() {
        let text = |list: &str| list.parse::<Cpus>().map(|cpus| cpus.to_string());
        assert_eq!(text("0,2-3").as_deref(), Ok("0,2-3"));
        assert_eq!(text("3,2,2,0-1").as_deref(), Ok("0-3"));
        assert_eq!("0-3".parse::<Cpus>().map(|cpus| cpus.count()), Ok(4));
        for wrong in ["", "a", "1-", "3-1", "0,,1", "99999", "-1"] {
            assert!(text(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_thread_can_be_pinned_to_one_core() {
        let all = Cpus::allowed().unwrap();
        assert_eq!(all.each().len(), all.count());
        let one = all.each().remove(0);
        assert_eq!(one.count(), 1);
        let pinned = std::thread::spawn(move || {
            one.pin().unwrap();
            Cpus::allowed().unwrap() == one
        });
        assert!(pinned.join().unwrap());
    }
}
