//! Poisson arrivals: a stream of its own for each block of clients.
//!
//! Independent Poisson processes are together one of the sum of their rates (superposition:
//! Çinlar, *Introduction to Stochastic Processes*, 1975, ch. 4). So the requests of a block do not
//! depend on those of the others, and a part of the clients is planned with the streams of its
//! own blocks only.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::ops::Range;

use super::busy_clients::BusyClients;
use super::mix::{Mix, hashed};
use super::planned::Planned;
use super::rate::Rate;
use super::schedule::Schedule;

/// Clients per block, except for the last block. A range of clients that ends inside a block
/// draws the whole stream of that block.
const BLOCK_CLIENTS: usize = 64;

/// What all blocks of a plan have in common.
#[derive(Debug)]
pub(crate) struct BlockPlan {
    pub(crate) rate: Rate,
    pub(crate) mix: Mix,
    /// Nothing is planned from this time on.
    pub(crate) end_ns: u64,
}

/// The requests of some clients of a plan with Poisson arrivals, in order of time.
#[derive(Debug)]
pub(crate) struct PoissonBlocks {
    plan: BlockPlan,
    own: Range<usize>,
    blocks: Vec<Block>,
    /// The time of the next own request of each block that has one, the earliest first.
    order: BinaryHeap<Reverse<(u64, usize)>>,
}

/// The stream of requests of one block.
#[derive(Debug)]
struct Block {
    /// Its number in the plan.
    number: u64,
    clients: BlockClients,
    /// Requests of the whole plan per request of this block.
    inverse_share: f64,
    random: fastrand::Rng,
    /// Requests drawn so far.
    drawn: u64,
    /// Expected number of requests of this block by the time of the last drawn one.
    mean_count: f64,
    /// The next request of an own client. The client's number is that among all clients.
    next: Planned,
}

/// The clients of a block.
#[derive(Debug)]
enum BlockClients {
    Even(Range<usize>),
    Skewed {
        busy: Vec<u32>,
        others: Vec<u32>,
        /// The share of the block's requests that its busy clients make.
        busy_share: f64,
    },
}

impl BlockClients {
    fn draw(&self, random: &mut fastrand::Rng) -> usize {
        match self {
            BlockClients::Even(clients) => random.usize(clients.clone()),
            BlockClients::Skewed {
                busy,
                others,
                busy_share,
            } => {
                let is_busy = others.is_empty() || random.f64() < *busy_share;
                let group = if is_busy { busy } else { others };
                group[random.usize(..group.len())] as usize
            }
        }
    }
}

/// The busy clients of a plan, and the share of all requests that each client makes.
struct Shares {
    is_busy: Vec<bool>,
    busy: f64,
    other: f64,
}

impl Shares {
    fn new(schedule: &Schedule, clients: usize) -> Option<Shares> {
        let skew = schedule.skew?;
        let skewed = BusyClients::new(skew, schedule.seed, clients);
        let mut is_busy = vec![false; clients];
        for client in skewed.busy() {
            is_busy[*client as usize] = true;
        }
        let others = skewed.others().len();
        let to_busy = if others == 0 {
            1.0
        } else {
            skew.requests_share
        };
        Some(Shares {
            is_busy,
            busy: to_busy / skewed.busy().len().max(1) as f64,
            other: (1.0 - to_busy) / others.max(1) as f64,
        })
    }

    /// The clients of a block, and their share of all requests.
    fn block(&self, clients: Range<usize>) -> (BlockClients, f64) {
        let all = clients.map(|client| u32::try_from(client).unwrap_or(u32::MAX));
        let (busy, others): (Vec<u32>, Vec<u32>) =
            all.partition(|client| self.is_busy[*client as usize]);
        let to_busy = self.busy * busy.len() as f64;
        let share = to_busy + self.other * others.len() as f64;
        let busy_share = to_busy / share;
        (
            BlockClients::Skewed {
                busy,
                others,
                busy_share,
            },
            share,
        )
    }
}

impl PoissonBlocks {
    /// The requests of the clients `own` of all `clients`.
    pub(crate) fn new(
        schedule: &Schedule,
        plan: BlockPlan,
        clients: usize,
        own: Range<usize>,
    ) -> PoissonBlocks {
        let shares = Shares::new(schedule, clients);
        let numbers = own.start / BLOCK_CLIENTS..own.end.div_ceil(BLOCK_CLIENTS);
        let blocks = numbers.filter(|_| !own.is_empty()).filter_map(|number| {
            let first = number * BLOCK_CLIENTS;
            let of_block = first..(first + BLOCK_CLIENTS).min(clients);
            let (of_block, share) = match &shares {
                Some(shares) => shares.block(of_block),
                None => {
                    let share = of_block.len() as f64 / clients as f64;
                    (BlockClients::Even(of_block), share)
                }
            };
            // A skew may leave a block without requests.
            (share > 0.0).then(|| Block::new(number as u64, of_block, share, schedule.seed))
        });
        let mut streams = PoissonBlocks {
            plan,
            own: own.clone(),
            blocks: blocks.collect(),
            order: BinaryHeap::new(),
        };
        for (at, block) in streams.blocks.iter_mut().enumerate() {
            if block.draw(&streams.plan, &streams.own) {
                streams.order.push(Reverse((block.next.at_ns, at)));
            }
        }
        streams
    }

    /// The next request; `None` at the end of the plan.
    pub(crate) fn next(&mut self) -> Option<Planned> {
        let mut first = self.order.peek_mut()?;
        let Reverse((_, at)) = *first;
        let block = &mut self.blocks[at];
        let planned = block.next;
        if block.draw(&self.plan, &self.own) {
            *first = Reverse((block.next.at_ns, at));
        } else {
            PeekMut::pop(first);
        }
        Some(planned)
    }
}

impl Block {
    fn new(number: u64, clients: BlockClients, share: f64, seed: u64) -> Block {
        Block {
            number,
            clients,
            inverse_share: 1.0 / share,
            random: fastrand::Rng::with_seed(hashed(hashed(seed) ^ number)),
            drawn: 0,
            mean_count: 0.0,
            next: Planned::default(),
        }
    }

    /// Draws the next request of an own client. Returns false at the end of the plan, which also
    /// comes if a skewed plan has no request for these clients.
    fn draw(&mut self, plan: &BlockPlan, own: &Range<usize>) -> bool {
        loop {
            self.drawn += 1;
            // The inverse of the exponential distribution; 1 − u is never 0.
            self.mean_count -= (1.0 - self.random.f64()).ln();
            let at_ns = plan.rate.at_ns(self.mean_count * self.inverse_share);
            if at_ns >= plan.end_ns {
                return false;
            }
            let client = self.clients.draw(&mut self.random);
            if own.contains(&client) {
                self.next = Planned {
                    client,
                    at_ns,
                    kind: plan.mix.kind(self.number, self.drawn),
                };
                return true;
            }
        }
    }
}
