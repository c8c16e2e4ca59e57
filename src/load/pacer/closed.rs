//! The closed loop.

use std::collections::VecDeque;
use std::ops::Range;

use super::mix::{Kind, Mix};
use super::planned::{Pacer, Planned};

/// The closed loop: each client sends its next request after the reply (Schroeder et al., NSDI 2006).
///
/// Its latencies are those at saturation: as many requests wait as there are clients, or
/// fewer with a think time.
#[derive(Debug)]
pub struct ClosedLoop {
    /// First requests of clients, in order of time.
    starting: VecDeque<Planned>,
    /// Next requests of clients that got a reply, in order of time.
    free: VecDeque<Planned>,
    think_ns: u64,
    mix: Mix,
    /// The number of the first client among the clients of the whole load.
    first_client: u64,
    /// Requests per client so far. Kinds are drawn by these numbers.
    request_counts: Vec<u64>,
}

impl ClosedLoop {
    /// `clients` clients are free for `pipeline` requests each when the load begins.
    pub fn new(clients: usize, pipeline: usize) -> ClosedLoop {
        ClosedLoop::starting(clients, pipeline, |_| 0, 0)
    }

    /// As [`ClosedLoop::new`], but client i is free from `start_ns(i)` on, and waits `think_ns`
    /// after each reply. `start_ns` must not decrease with i. The starts are spread over the
    /// think time, so that clients do not always send at the same time.
    pub fn starting(
        clients: usize,
        pipeline: usize,
        start_ns: impl Fn(usize) -> u64,
        think_ns: u64,
    ) -> ClosedLoop {
        ClosedLoop::part(0..clients, clients, pipeline, start_ns, think_ns)
    }

    /// As [`ClosedLoop::starting`], for the clients `own` of all `of`. `start_ns` takes the index
    /// among its own.
    pub fn part(
        own: Range<usize>,
        of: usize,
        pipeline: usize,
        start_ns: impl Fn(usize) -> u64,
        think_ns: u64,
    ) -> ClosedLoop {
        let (first, clients) = (own.start, own.len());
        let spread_ns = |client: usize| {
            let total_ns = u128::from(think_ns) * (first + client) as u128;
            u64::try_from(total_ns / of as u128).unwrap_or(u64::MAX)
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
            first_client: first as u64,
            request_counts: vec![0; clients],
        }
    }

    /// Sets the mix of kinds. A kind is drawn from the number of the client among the clients
    /// of all threads (the first is `first_client`) and the number of its request.
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
            // Drawn in `due`.
            kind: Kind::Usual,
        });
    }

    fn due(&mut self, now_ns: u64) -> Option<Planned> {
        let is_due = |planned: &mut Planned| planned.at_ns <= now_ns;
        let free = self.free.pop_front_if(is_due);
        let planned = free.or_else(|| self.starting.pop_front_if(is_due))?;
        let client_number = self.first_client + planned.client as u64;
        let request_count = &mut self.request_counts[planned.client];
        *request_count += 1;
        let kind = self.mix.kind(client_number, *request_count);
        Some(Planned { kind, ..planned })
    }

    fn next_ns(&self) -> Option<u64> {
        let fronts = [self.free.front(), self.starting.front()];
        fronts.into_iter().flatten().map(|next| next.at_ns).min()
    }
}
