//! When requests are due.

use std::collections::VecDeque;
use std::str::FromStr;

/// A request that is due: who sends it, and for when it was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// The client, counted within its thread.
    pub client: usize,
    /// Nanoseconds since the load began; response time counts from here.
    pub at_ns: u64,
}

/// The shape of a load: says which client is to send and when.
///
/// A closed loop makes a client's next request due when it is free. An open
/// loop works off a plan and does not care who is free.
pub trait Pacer {
    /// `client` has its reply, or lost its request, at `now_ns`.
    fn free(&mut self, client: usize, now_ns: u64);

    /// The next request that is due by `now_ns`; each is given once.
    fn due(&mut self, now_ns: u64) -> Option<Planned>;

    /// When the next request is due that no reply brings about.
    fn next_ns(&self) -> Option<u64>;
}

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
            std::iter::repeat_n(Planned { client, at_ns }, pipeline)
        });
        ClosedLoop {
            starting: all.collect(),
            free: VecDeque::with_capacity(clients * pipeline),
            think_ns,
        }
    }
}

impl Pacer for ClosedLoop {
    fn free(&mut self, client: usize, now_ns: u64) {
        self.free.push_back(Planned {
            client,
            at_ns: now_ns + self.think_ns,
        });
    }

    fn due(&mut self, now_ns: u64) -> Option<Planned> {
        let is_due = |planned: &mut Planned| planned.at_ns <= now_ns;
        let free = self.free.pop_front_if(is_due);
        free.or_else(|| self.starting.pop_front_if(is_due))
    }

    fn next_ns(&self) -> Option<u64> {
        let fronts = [self.free.front(), self.starting.front()];
        fronts.into_iter().flatten().map(|next| next.at_ns).min()
    }
}

/// How an open loop's requests are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// Request i at i/R, dealt to the clients in turn.
    Constant,
    /// Gaps drawn from an exponential distribution, dealt to the clients at
    /// random: what many independent users make.
    Poisson,
}

impl FromStr for Arrivals {
    type Err = String;

    fn from_str(text: &str) -> Result<Arrivals, String> {
        match text {
            "constant" => Ok(Arrivals::Constant),
            "poisson" => Ok(Arrivals::Poisson),
            _ => Err("poisson or constant".to_owned()),
        }
    }
}

/// Whom a request of an open loop waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assign {
    /// Its own connection, which the plan names. Routing round one that is
    /// stuck would leave out what its users see.
    Bound,
    /// Any that is free.
    Free,
}

impl FromStr for Assign {
    type Err = String;

    fn from_str(text: &str) -> Result<Assign, String> {
        match text {
            "bound" => Ok(Assign::Bound),
            "free" => Ok(Assign::Free),
            _ => Err("bound or free".to_owned()),
        }
    }
}

/// A plan of requests that is fixed before the load begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Requests a second, all clients together.
    pub rate_rps: f64,
    /// How they are spaced.
    pub arrivals: Arrivals,
    /// Whom they wait for.
    pub assign: Assign,
    /// What gaps and clients are drawn from.
    pub seed: u64,
}

/// The open loop: requests are due when the plan says so, whoever is free.
///
/// Each thread walks through the whole plan, drawn anew from the seed, and
/// keeps what is for its own clients: so the plan is the same for any number
/// of threads, and takes no memory.
#[derive(Debug)]
pub struct OpenLoop {
    schedule: Schedule,
    random: fastrand::Rng,
    clients: usize,
    own: std::ops::Range<usize>,
    /// How many requests of the plan have been drawn.
    drawn: u64,
    next: Planned,
}

impl OpenLoop {
    /// The plan for `clients` clients in all, of which this thread has `own`.
    pub fn new(schedule: Schedule, clients: usize, own: std::ops::Range<usize>) -> OpenLoop {
        let random = fastrand::Rng::with_seed(schedule.seed);
        let next = Planned {
            client: 0,
            at_ns: 0,
        };
        let mut pacer = OpenLoop {
            schedule,
            random,
            clients,
            own,
            drawn: 0,
            next,
        };
        pacer.draw();
        pacer
    }

    /// Draws the next request that is for this thread.
    fn draw(&mut self) {
        let gap_ns = 1e9 / self.schedule.rate_rps;
        loop {
            self.drawn += 1;
            let client = match self.schedule.arrivals {
                Arrivals::Constant => {
                    self.next.at_ns = (self.drawn as f64 * gap_ns) as u64;
                    (self.drawn % self.clients as u64) as usize
                }
                Arrivals::Poisson => {
                    // The inverse of the exponential distribution; 1 − u is never 0.
                    let gap = -(1.0 - self.random.f64()).ln() * gap_ns;
                    self.next.at_ns += gap.round() as u64;
                    self.random.usize(..self.clients)
                }
            };
            if self.own.contains(&client) {
                self.next.client = client - self.own.start;
                return;
            }
        }
    }
}

impl Pacer for OpenLoop {
    fn free(&mut self, _client: usize, _now_ns: u64) {}

    fn due(&mut self, now_ns: u64) -> Option<Planned> {
        if self.next.at_ns > now_ns {
            return None;
        }
        let planned = self.next;
        self.draw();
        Some(planned)
    }

    fn next_ns(&self) -> Option<u64> {
        Some(self.next.at_ns)
    }
}

impl Pacer for Box<dyn Pacer> {
    fn free(&mut self, client: usize, now_ns: u64) {
        (**self).free(client, now_ns);
    }

    fn due(&mut self, now_ns: u64) -> Option<Planned> {
        (**self).due(now_ns)
    }

    fn next_ns(&self) -> Option<u64> {
        (**self).next_ns()
    }
}
