//! The part of a load that one generator of several makes.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The most generators of one load.
pub const MOST_RANKS: usize = 10_000;

/// The part of a load that one generator of several makes: a range of its clients.
///
/// ```
/// use rpcbench::internal::load::LoadPart;
///
/// let part: LoadPart = "2/3".parse().unwrap();
/// assert_eq!(part.of(10), 6..10);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadPart {
    /// The number of the generator, from 0.
    pub rank: usize,
    /// How many there are.
    pub ranks: usize,
}

impl LoadPart {
    /// The whole load.
    pub const WHOLE: LoadPart = LoadPart { rank: 0, ranks: 1 };

    /// The range of this generator among `all` clients.
    pub fn of(self, all: usize) -> Range<usize> {
        share(0..all, self.rank, self.ranks)
    }

    /// The part of thread `index` of this generator, which has this number of threads.
    pub fn of_thread(self, all: usize, index: usize, threads: usize) -> Range<usize> {
        share(self.of(all), index, threads)
    }

    /// Whether it is the whole load.
    pub fn is_whole(self) -> bool {
        self.ranks == 1
    }
}

impl Default for LoadPart {
    fn default() -> LoadPart {
        LoadPart::WHOLE
    }
}

impl fmt::Display for LoadPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.rank, self.ranks)
    }
}

impl FromStr for LoadPart {
    type Err = String;

    fn from_str(text: &str) -> Result<LoadPart, String> {
        let form = || "expected a rank and the number of ranks, such as 2/8".to_owned();
        let (rank, ranks) = text.split_once('/').ok_or_else(form)?;
        let number = |text: &str| text.parse::<usize>().map_err(|_| form());
        let (rank, ranks) = (number(rank)?, number(ranks)?);
        if !(1..=MOST_RANKS).contains(&ranks) {
            return Err(format!("the number of ranks is 1 to {MOST_RANKS}"));
        }
        if rank >= ranks {
            return Err(format!("ranks are counted from 0: 0 to {}", ranks - 1));
        }
        Ok(LoadPart { rank, ranks })
    }
}

/// Part `index` of `parts` nearly equal parts of a range.
fn share(all: Range<usize>, index: usize, parts: usize) -> Range<usize> {
    let edge = |index: usize| all.start + all.len() * index / parts;
    edge(index)..edge(index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_load_are_disjoint_and_complete() {
        for (clients, ranks, threads) in [(64, 1, 3), (64, 7, 2), (10, 3, 1), (1_000_001, 8, 5)] {
            let mut next = 0;
            for rank in 0..ranks {
                for thread in 0..threads {
                    let part = LoadPart { rank, ranks }.of_thread(clients, thread, threads);
                    assert_eq!(part.start, next);
                    next = part.end;
                }
            }
            assert_eq!(next, clients);
        }
    }

    #[test]
    fn a_rank_is_below_the_number_of_ranks() {
        assert_eq!("0/1".parse(), Ok(LoadPart::WHOLE));
        for (text, part) in [
            ("8/8", "0 to 7"),
            ("1", "2/8"),
            ("0/0", "1 to"),
            ("-1/2", "2/8"),
        ] {
            let fault = text.parse::<LoadPart>().unwrap_err();
            assert!(fault.contains(part), "{text}: {fault}");
        }
    }
}
