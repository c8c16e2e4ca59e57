//! The offsets between the monotonic clocks of the hosts.
//!
//! Rank 0 asks for a reading and takes the middle of the round trip as its time (Cristian,
//! *Probabilistic clock synchronization*, 1989). The error is at most half of the round trip, so
//! the shortest of many counts.

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

use super::mpi_link::{MpiLink, Tag, parse};
use crate::error::Error;
use crate::load::nanos::nanos;

/// Readings per rank.
pub(super) const QUESTIONS: usize = 40;
/// The longest time for all readings of a rank.
pub(super) const LONGEST: Duration = Duration::from_secs(2);

/// The clock of another host compared with that of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset {
    /// Its reading minus that of rank 0.
    pub(super) ns: i64,
    /// The largest error.
    pub(super) uncertainty_ns: u64,
}

/// CLOCK_MONOTONIC of this host.
pub(super) fn monotonic_ns() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |now| nanos(Duration::from(now)))
}

/// The instant at this reading of CLOCK_MONOTONIC.
pub(super) fn instant_at(at_ns: u64) -> Instant {
    let (now, now_ns) = (Instant::now(), monotonic_ns());
    match at_ns.checked_sub(now_ns) {
        Some(ahead_ns) => now + Duration::from_nanos(ahead_ns),
        None => now
            .checked_sub(Duration::from_nanos(now_ns - at_ns))
            .unwrap_or(now),
    }
}

/// An answer: the time of the question, which identifies it, and the reading.
type Answer = (u64, u64);

/// Measures the clock of this rank, which has been told to answer. `None` if it does not. A slow
/// link takes fewer readings.
pub(super) fn measure(link: &MpiLink, rank: usize) -> Result<Option<Offset>, Error> {
    let until = Instant::now() + LONGEST;
    let mut best: Option<Offset> = None;
    for _ in 0..QUESTIONS {
        let asked_ns = monotonic_ns();
        link.send(rank, Tag::Clock, &asked_ns)?;
        let Some((reading_ns, answered_ns)) = answer_to(asked_ns, link, until) else {
            break;
        };
        let offset = offset(asked_ns, reading_ns, answered_ns);
        if best.is_none_or(|best| offset.uncertainty_ns < best.uncertainty_ns) {
            best = Some(offset);
        }
    }
    Ok(best)
}

/// The reading in the answer to this question, and when it arrived. Late answers to others are
/// dropped.
fn answer_to(asked_ns: u64, link: &MpiLink, until: Instant) -> Option<(u64, u64)> {
    loop {
        let (_, bytes) = link.receive(Tag::Clock, until, true)?;
        let answered_ns = monotonic_ns();
        match parse::<Answer>(&bytes) {
            Ok((question_ns, reading_ns)) if question_ns == asked_ns => {
                return Some((reading_ns, answered_ns));
            }
            _ => {}
        }
    }
}

/// Answers questions for the clock of this host.
pub(super) fn answer(link: &MpiLink, questions: usize) -> Result<(), Error> {
    let until = Instant::now() + LONGEST;
    for _ in 0..questions {
        let Some((_, question)) = link.receive(Tag::Clock, until, true) else {
            break;
        };
        let reading_ns = monotonic_ns();
        if let Ok(question_ns) = parse::<u64>(&question) {
            let answer: Answer = (question_ns, reading_ns);
            link.send(0, Tag::Clock, &answer)?;
        }
    }
    Ok(())
}

fn offset(asked_ns: u64, reading_ns: u64, answered_ns: u64) -> Offset {
    let uncertainty_ns = (answered_ns - asked_ns).div_ceil(2);
    let middle_ns = asked_ns + (answered_ns - asked_ns) / 2;
    Offset {
        ns: reading_ns.wrapping_sub(middle_ns).cast_signed(),
        uncertainty_ns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_lies_in_the_middle_of_the_round_trip() {
        let ahead = offset(1000, 5_000_100, 1200);
        assert_eq!((ahead.ns, ahead.uncertainty_ns), (4_999_000, 100));
        assert_eq!(offset(5000, 100, 5001).ns, -4900);
        let soon = monotonic_ns() + 50_000_000;
        let ahead = instant_at(soon).saturating_duration_since(Instant::now());
        assert!(ahead > Duration::ZERO && ahead <= Duration::from_millis(50));
    }
}
