//! The open loop.

use std::ops::Range;

use super::constant::ConstantTurns;
use super::mix::Mix;
use super::planned::{Pacer, Planned};
use super::poisson::{BlockPlan, PoissonBlocks};
use super::rate::Rate;
use super::schedule::Schedule;
use crate::load::window::Window;
use crate::record::Arrivals;

/// With constant arrivals, kinds are drawn by a request's number in the plan.
const WHOLE_PLAN: u64 = 0;

/// The open loop: requests are due at the times of the plan, whether a client is free or not.
///
/// The plan of a client does not depend on which thread or process draws it, so any division of
/// the clients gives the same plan. Each thread draws its own part only (with Poisson arrivals:
/// that of the blocks of its clients), and keeps nothing of it.
#[derive(Debug)]
pub struct OpenLoop {
    source: Source,
    /// The number of the first client of this thread.
    first_client: usize,
    /// The next request of this thread; `None` at the end of the plan.
    next: Option<Planned>,
}

/// Where the plan comes from.
#[derive(Debug)]
enum Source {
    Constant {
        turns: ConstantTurns,
        plan: BlockPlan,
    },
    Poisson(PoissonBlocks),
}

impl Source {
    /// The next request, with the client's number among all clients.
    fn next(&mut self) -> Option<Planned> {
        match self {
            Source::Poisson(blocks) => blocks.next(),
            Source::Constant { turns, plan } => {
                let (number, client) = turns.next()?;
                let at_ns = plan.rate.at_ns(number as f64);
                (at_ns < plan.end_ns).then(|| Planned {
                    client,
                    at_ns,
                    kind: plan.mix.kind(WHOLE_PLAN, number),
                })
            }
        }
    }
}

impl OpenLoop {
    /// The plan up to the window's end. `clients` is the number of clients of the whole plan,
    /// `own` the range of this thread.
    pub fn new(
        schedule: Schedule,
        mix: Mix,
        clients: usize,
        window: Window,
        own: Range<usize>,
    ) -> OpenLoop {
        let plan = BlockPlan {
            rate: Rate::new(&schedule, window.from_ns),
            mix,
            end_ns: window.to_ns,
        };
        let first_client = own.start;
        let source = match schedule.arrivals {
            Arrivals::Constant => Source::Constant {
                turns: ConstantTurns::new(&schedule, clients, &own),
                plan,
            },
            Arrivals::Poisson => Source::Poisson(PoissonBlocks::new(&schedule, plan, clients, own)),
        };
        let mut pacer = OpenLoop {
            source,
            first_client,
            next: None,
        };
        pacer.draw();
        pacer
    }

    /// Draws the next request of this thread.
    fn draw(&mut self) {
        self.next = self.source.next().map(|planned| Planned {
            client: planned.client - self.first_client,
            ..planned
        });
    }
}

impl Pacer for OpenLoop {
    fn free(&mut self, _client: usize, _now_ns: u64) {}

    fn due(&mut self, now_ns: u64) -> Option<Planned> {
        let planned = self.next.filter(|planned| planned.at_ns <= now_ns)?;
        self.draw();
        Some(planned)
    }

    fn next_ns(&self) -> Option<u64> {
        self.next.map(|planned| planned.at_ns)
    }
}
