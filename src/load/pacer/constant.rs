//! Constant arrivals: request i at i/R, the clients in turn.
//!
//! The number of a client's next request follows from the client alone, so a part of the clients
//! is planned without the requests of the others.

use std::ops::Range;

use super::busy_clients::BusyClients;
use super::schedule::Schedule;

/// A share of requests is a whole number of this part of 1, so that counts are exact.
const SHARE_BITS: u32 = 32;
const WHOLE: u64 = 1 << SHARE_BITS;

/// The requests of some clients of a plan with constant arrivals, in order.
#[derive(Debug)]
pub(crate) struct ConstantTurns {
    /// One group, or the busy and the other clients.
    groups: Vec<Group>,
}

/// Clients that take turns.
#[derive(Debug)]
struct Group {
    numbers: Numbers,
    /// Clients of the group in the whole plan.
    clients: u64,
    /// The own clients: their place among the turns of a round, from 1, and their number.
    own: Vec<(u32, u32)>,
    /// Rounds that are complete.
    round: u64,
    /// The next of the own clients.
    at: usize,
    /// The number of the next request in the plan.
    next: u64,
}

/// Which requests of the plan belong to a group.
#[derive(Debug, Clone, Copy)]
enum Numbers {
    All,
    /// The number so far is always the one nearest to this share of all.
    Share(u64),
    /// Those that are not in this share.
    Rest(u64),
}

impl Numbers {
    /// The number in the plan of the n-th request of the group, both from 1. The group has at
    /// least one request.
    fn of(self, nth: u64) -> u64 {
        // With the share S/W, floor((S·i + W/2)/W) of the first i requests are in the share. The
        // n-th of them is the least i for which this is n, and the same for those that are not.
        let halves = u128::from(2 * nth - 1) << (SHARE_BITS - 1);
        let number = match self {
            Numbers::All => return nth,
            Numbers::Share(share) => halves.div_ceil(u128::from(share)),
            Numbers::Rest(share) => halves / u128::from(WHOLE - share) + 1,
        };
        u64::try_from(number).unwrap_or(u64::MAX)
    }
}

impl Group {
    /// The clients of `members` that are in `own`; `None` if there are none.
    fn new(
        members: impl ExactSizeIterator<Item = u32>,
        numbers: Numbers,
        own: &Range<usize>,
    ) -> Option<Group> {
        let clients = members.len() as u64;
        // The n-th request is that of member n modulo their number: the first has the last turn.
        let last = u32::try_from(clients).unwrap_or(u32::MAX);
        let mut own: Vec<(u32, u32)> = (0..)
            .zip(members)
            .filter(|(_, client)| own.contains(&(*client as usize)))
            .map(|(place, client)| (if place == 0 { last } else { place }, client))
            .collect();
        own.sort_unstable();
        let first = u64::from(own.first()?.0);
        Some(Group {
            numbers,
            clients,
            own,
            round: 0,
            at: 0,
            next: numbers.of(first),
        })
    }

    /// Removes the next request and returns its number in the plan and its client.
    fn take(&mut self) -> (u64, u32) {
        let taken = (self.next, self.own[self.at].1);
        self.at += 1;
        if self.at == self.own.len() {
            (self.at, self.round) = (0, self.round + 1);
        }
        let nth = self.round * self.clients + u64::from(self.own[self.at].0);
        self.next = self.numbers.of(nth);
        taken
    }
}

impl ConstantTurns {
    /// The requests of the clients `own` of all `clients`.
    pub(crate) fn new(schedule: &Schedule, clients: usize, own: &Range<usize>) -> ConstantTurns {
        let groups: Vec<Option<Group>> = match schedule.skew {
            None => {
                let all = 0..u32::try_from(clients).unwrap_or(u32::MAX);
                vec![Group::new(all, Numbers::All, own)]
            }
            Some(skew) => {
                let skewed = BusyClients::new(skew, schedule.seed, clients);
                let group = |of: &[u32], numbers| Group::new(of.iter().copied(), numbers, own);
                let share = (skew.requests_share.clamp(0.0, 1.0) * WHOLE as f64).round() as u64;
                let (busy, others) = (skewed.busy(), skewed.others());
                match share {
                    _ if others.is_empty() => vec![group(busy, Numbers::All)],
                    0 => vec![group(others, Numbers::All)],
                    WHOLE => vec![group(busy, Numbers::All)],
                    _ => vec![
                        group(busy, Numbers::Share(share)),
                        group(others, Numbers::Rest(share)),
                    ],
                }
            }
        };
        ConstantTurns {
            groups: groups.into_iter().flatten().collect(),
        }
    }

    /// The next request: its number in the plan, from 1, and its client; `None` without clients.
    pub(crate) fn next(&mut self) -> Option<(u64, usize)> {
        let first = self.groups.iter_mut().min_by_key(|group| group.next)?;
        let (number, client) = first.take();
        Some((number, client as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_belongs_to_one_of_the_two_groups() {
        for share in [1, 7, WHOLE / 3, WHOLE / 2, WHOLE * 9 / 10, WHOLE - 1] {
            let first = |numbers: Numbers| (1..2000).map(move |nth| numbers.of(nth));
            let mut all: Vec<u64> = first(Numbers::Share(share))
                .chain(first(Numbers::Rest(share)))
                .filter(|number| *number < 2000)
                .collect();
            all.sort_unstable();
            assert!(all.iter().copied().eq(1..2000), "{share}");
        }
    }
}
