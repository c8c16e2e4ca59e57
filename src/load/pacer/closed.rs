//! The closed loop.

use std::collections::VecDeque;

use super::mix::{Kind, Mix};
use super::planned::{Pacer, Planned};

/// The closed loop: each client sends when its reply is in (Schroeder et al., NSDI 2006).
///
/// Its latencies are those at saturation, with as many waiting as there are
/// clients; fewer where clients think before they ask again.
#[derive(Debug)]
pub struct ClosedLoop {
    /// Those that have not asked yet, in the order in which they will.
    starting: VecDeque<Planned>,
    /// Those that have had a reply, in the order in which they will ask again.
    free: VecDeque<Planned>,
    think_ns: u64,
    mix: Mix,
    /// The number of the first client among all threads', …
    first_client: u64,
    /// … and how often each has asked: what their kinds are drawn by.
    asked: Vec<u64>,
}

impl ClosedLoop {
    /// `clients` clients are free for `pipeline` requests each when the load begins.
    pub fn new(clients: usize, pipeline: usize) -> ClosedLoop {
        ClosedLoop::starting(clients, pipeline, |_| 0, 0)
    }

    /// The same, but client i is free from `start_ns(i)` on, which must not be before the one
    /// before it, and after each reply thinks for `think_ns`. They start spread over
    /// that time, so that they do not ask all at once for ever.
    pub fn starting(
        clients: usize,
        pipeline: usize,
        start_ns: impl Fn(usize) -> u64,
        think_ns: u64,
    ) -> ClosedLoop {
        let spread_ns = |client: usize| {
            let whole = u128::from(think_ns) * client as u128;
            u64::try_from(whole / clients as u128).unwrap_or(u64::MAX)
        };
        let all = (0..clients).flat_map(|client| {
            let at_ns = start_ns(client) + spread_ns(client);
            let planned = Planned {
                client,
                at_ns,
                kind: Kind::Usual,
            };
            std::iter::repeat_n(planned, pipeline)
        });
        ClosedLoop {
            starting: all.collect(),
            free: VecDeque::with_capacity(clients * pipeline),
            think_ns,
            mix: Mix::default(),
            first_client: 0,
            asked: vec![0; clients],
        }
    }

    /// The same with kinds drawn by client, the first of them number `first_client` among
    /// all threads', and by how often it has asked.
    pub fn mixed(self, mix: Mix, first_client: usize) -> ClosedLoop {
        ClosedLoop {
            mix,
            first_client: first_client as u64,
            ..self
        }
    }
}

impl Pacer for ClosedLoop {
    fn free(&mut self, client: usize, now_ns: u64) {
        self.free.push_back(Planned {
            client,
            at_ns: now_ns + self.think_ns,
            // Drawn when it is given away.
            kind: Kind::Usual,
        });
    }

    fn due(&mut self, now_ns: u64) -> Option<Planned> {
        let is_due = |planned: &mut Planned| planned.at_ns <= now_ns;
        let free = self.free.pop_front_if(is_due);
        let planned = free.or_else(|| self.starting.pop_front_if(is_due))?;
        let (whose, asked) = (planned.client as u64, &mut self.asked[planned.client]);
        *asked += 1;
        let kind = self.mix.kind(self.first_client + whose, *asked);
        Some(Planned { kind, ..planned })
    }

    fn next_ns(&self) -> Option<u64> {
        let fronts = [self.free.front(), self.starting.front()];
        fronts.into_iter().flatten().map(|next| next.at_ns).min()
    }
}
