//! Rank 0: gives each load to the other ranks, and collects what they measured.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::io::Write;
use std::time::{Duration, Instant};

use super::clocks::{self, Offset, QUESTIONS, monotonic_ns};
use super::messages::{Cores, Order, Reply};
use super::mpi_link::{MpiLink, Tag, parse};
use super::times::{AFTER_END, AHEAD, AHEAD_PER_RANK, IDLE, MISSING, PREPARE};
use super::watchdog::Watchdog;
use crate::error::Error;
use crate::load::nanos::nanos;
use crate::load::{Load, LoadPart};
use crate::measure::environment;
use crate::measure::peers::{Collected, LoadOrder, Peers};
use crate::measure::share::{Share, host};
use crate::record::{RankClock, Tool};

/// The time that all ranks may take to start.
const HELLO: Duration = Duration::from_secs(20);

/// Rank 0.
pub(crate) struct Leader {
    link: MpiLink,
    watchdog: Watchdog,
    /// The host of each rank.
    hosts: Vec<String>,
    /// The cores that each rank may use, and those of its host.
    cores: Vec<Cores>,
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    /// The clock of each rank when it was read last; that of rank 0 is its own.
    clocks: Vec<Offset>,
    /// The planned end of the load, its drain included.
    planned_end: Instant,
    /// The first failure of a rank.
    failed: Option<(usize, String)>,
}

impl fmt::Debug for Leader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ranks", self.link.ranks())
    }
}

impl Leader {
    /// Waits for all ranks, checks that they are of the same build, and compares their clocks. If
    /// that fails, it says so and ends all ranks.
    pub(super) fn new(link: MpiLink, watchdog: Watchdog) -> Leader {
        let ranks = link.ranks();
        let own = Offset {
            ns: 0,
            uncertainty_ns: 0,
        };
        let mut leader = Leader {
            link,
            watchdog,
            hosts: vec![String::new(); ranks],
            cores: vec![Cores::own(); ranks],
            state: RefCell::new(State {
                clocks: vec![own; ranks],
                planned_end: Instant::now(),
                failed: None,
            }),
        };
        leader.hosts[0] = host();
        if let Err(error) = leader.greet() {
            let _ = writeln!(std::io::stderr(), "rpcbench: {error}");
            leader.end(true);
        }
        leader.watchdog.within(Duration::MAX);
        leader
    }

    fn greet(&mut self) -> Result<(), Error> {
        let (mut hosts, mut cores) = (self.hosts.clone(), self.cores.clone());
        let own = environment::tool();
        let missing = self.wait_for_all(HELLO, &mut |rank, reply| match reply {
            Reply::Hello {
                tool,
                host,
                cores: own_cores,
            } => {
                (hosts[rank], cores[rank]) = (host, own_cores);
                if *tool == own {
                    return Ok(true);
                }
                Err(format!(
                    "it has rpcbench {}, and rank 0 has {}: install the same build on all hosts",
                    build_of(&tool),
                    build_of(&own)
                ))
            }
            _ => Ok(false),
        });
        (self.hosts, self.cores) = (hosts, cores);
        let missing = missing.map_err(|error| match error {
            // Its host was not known when it was made.
            Error::Rank { rank, reason, .. } => Error::Rank {
                host: self.hosts[rank].clone(),
                rank,
                reason,
            },
            other => other,
        })?;
        self.refuse(&missing)?;
        let clocks = self.read_clocks()?.into_iter().enumerate();
        let clocks = clocks.map(|(rank, clock)| clock.ok_or_else(|| self.missing(rank, 1)));
        self.state.borrow_mut().clocks = clocks.collect::<Result<_, _>>()?;
        Ok(())
    }

    /// The number of ranks.
    pub(crate) fn ranks(&self) -> usize {
        self.link.ranks()
    }

    /// Whether all ranks are on one host.
    pub(crate) fn is_one_host(&self) -> bool {
        self.hosts.iter().all(|host| *host == self.hosts[0])
    }

    /// What to say of ranks that may use a part of the cores of their host only, as engines bind
    /// them; the first one, and how many others there are.
    pub(crate) fn bound_to_cores(&self) -> Option<String> {
        let is_bound = |rank: &usize| self.cores[*rank].allowed < self.cores[*rank].online;
        let mut bound = (0..self.ranks()).filter(is_bound);
        let first = bound.next()?;
        let Cores { allowed, online } = self.cores[first];
        let others = match bound.count() {
            0 => String::new(),
            others => format!(", {others} other ranks likewise"),
        };
        Some(format!(
            "rank {first} on {} may use {allowed} of {online} cores{others}; a server that rank 0 starts \
             inherits that: for all cores use mpirun --bind-to none, or srun --cpu-bind=none",
            self.hosts[first]
        ))
    }

    /// Ends the other ranks: in order, or, after a failure, whatever they do.
    pub(crate) fn end(&self, has_failed: bool) {
        self.watchdog.within(AFTER_END);
        if has_failed {
            self.watchdog.within(Duration::from_millis(500));
            self.link.abort();
        }
        for rank in 1..self.ranks() {
            // What cannot be sent, the watchdogs end.
            let _ = self.link.send(rank, Tag::Message, &Order::End);
        }
    }

    fn send_all(&self, order: &Order) -> Result<(), Error> {
        (1..self.ranks()).try_for_each(|rank| self.link.send(rank, Tag::Message, order))
    }

    /// Waits for a reply of each rank, which `is_expected` knows. Returns the ranks without one.
    fn wait_for_all(
        &self,
        within: Duration,
        is_expected: &mut dyn FnMut(usize, Reply) -> Result<bool, String>,
    ) -> Result<BTreeSet<usize>, Error> {
        let until = Instant::now() + within;
        let mut missing: BTreeSet<usize> = (1..self.ranks()).collect();
        while !missing.is_empty() {
            let Some((rank, bytes)) = self.link.receive(Tag::Message, until, false) else {
                break;
            };
            let is_there = match parse(&bytes) {
                Ok(Reply::Failed { reason }) => Err(reason),
                Ok(reply) => is_expected(rank, reply),
                Err(reason) => Err(reason),
            };
            match is_there {
                Ok(true) => drop(missing.remove(&rank)),
                Ok(false) => {}
                Err(reason) => return Err(self.failure(rank, reason)),
            }
        }
        Ok(missing)
    }

    /// The error if ranks are missing.
    fn refuse(&self, missing: &BTreeSet<usize>) -> Result<(), Error> {
        match missing.first() {
            None => Ok(()),
            Some(rank) => Err(self.missing(*rank, missing.len())),
        }
    }

    fn missing(&self, rank: usize, missing: usize) -> Error {
        let others = match missing {
            0 | 1 => String::new(),
            all => format!(" (and {} others)", all - 1),
        };
        let reason = format!(
            "it does not answer{others}: it hangs, or its host cannot be reached; measure without it"
        );
        self.failure(rank, reason)
    }

    fn failure(&self, rank: usize, reason: String) -> Error {
        Error::Rank {
            rank,
            host: self.hosts.get(rank).cloned().unwrap_or_default(),
            reason,
        }
    }

    /// Compares the clock of each rank with the own one; `None` for a rank that does not answer.
    fn read_clocks(&self) -> Result<Vec<Option<Offset>>, Error> {
        let own = Offset {
            ns: 0,
            uncertainty_ns: 0,
        };
        let mut clocks = vec![Some(own)];
        for rank in 1..self.ranks() {
            let order = Order::ReadClock {
                questions: QUESTIONS,
            };
            self.link.send(rank, Tag::Message, &order)?;
            clocks.push(clocks::measure(&self.link, rank)?);
        }
        Ok(clocks)
    }

    /// The shares that arrive; it waits while they do. A rank may say instead why it has none.
    fn shares(&self) -> Vec<Share> {
        let mut shares = Vec::new();
        let planned_end = self.state.borrow().planned_end;
        let mut until = planned_end.max(Instant::now()) + MISSING;
        while shares.len() + 1 < self.ranks() {
            let Some((rank, bytes)) = self.link.receive(Tag::Share, until, false) else {
                break;
            };
            match Share::from_json(&bytes) {
                Ok(share) => shares.push(share),
                Err(reason) => {
                    self.state.borrow_mut().failed.get_or_insert((rank, reason));
                }
            }
            until = until.max(Instant::now() + MISSING / 3);
            self.watchdog.within(MISSING + AFTER_END);
        }
        while let Some((rank, bytes)) = self.link.poll(Tag::Message) {
            if let Ok(Reply::Failed { reason }) = parse(&bytes) {
                self.state.borrow_mut().failed.get_or_insert((rank, reason));
            }
        }
        shares.sort_by_key(|share| share.rank);
        shares
    }

    /// Adds what is known of the clocks: the offsets at the start of the load, and how they
    /// changed. The next load begins by the last ones.
    fn add_clocks(&self, own: &mut Share, others: &mut [Share]) {
        self.watchdog.within(IDLE);
        let after = self.read_clocks().unwrap_or_default();
        let before = &mut self.state.borrow_mut().clocks;
        for share in std::iter::once(own).chain(others) {
            let at = share.rank;
            let Some(first) = before.get(at).copied() else {
                continue;
            };
            let last = after.get(at).copied().flatten();
            before[at] = last.unwrap_or(first);
            share.clock = Some(RankClock {
                offset_s: Some(first.ns as f64 / 1e9),
                drift_ns: last.map(|last| last.ns - first.ns),
                uncertainty_ns: Some(first.uncertainty_ns),
            });
        }
    }
}

/// A build in a few words.
fn build_of(tool: &Tool) -> String {
    let git = tool.git.as_deref().unwrap_or("no commit");
    format!("{} ({git}, {})", tool.version, tool.profile)
}

impl Peers for Leader {
    fn part(&self) -> LoadPart {
        LoadPart {
            rank: 0,
            ranks: self.ranks(),
        }
    }

    fn begin(&self, order: &LoadOrder) -> Result<Instant, Error> {
        self.watchdog.within(PREPARE + IDLE);
        // A load that cannot be made here cannot be made anywhere.
        Load::new(
            order.spec.clone(),
            order.generator,
            order.target,
            order.seed,
        )?;
        self.send_all(&Order::Prepare(Box::new(order.clone())))?;
        let missing =
            self.wait_for_all(PREPARE, &mut |_, reply| Ok(matches!(reply, Reply::Ready)))?;
        self.refuse(&missing)?;
        let ranks = u32::try_from(self.ranks()).unwrap_or(u32::MAX);
        let ahead = AHEAD + AHEAD_PER_RANK * ranks;
        let begins_ns = monotonic_ns() + nanos(ahead);
        let mut state = self.state.borrow_mut();
        for (rank, clock) in state.clocks.iter().enumerate().skip(1) {
            let at_ns = begins_ns.wrapping_add_signed(clock.ns);
            self.link
                .send(rank, Tag::Message, &Order::Begin { at_ns })?;
        }
        let begins = clocks::instant_at(begins_ns);
        let spec = &order.spec;
        state.planned_end = begins + spec.warmup + spec.duration + order.generator.drain;
        state.failed = None;
        let longest = state.planned_end.saturating_duration_since(Instant::now());
        self.watchdog.within(longest + 2 * AFTER_END);
        Ok(begins)
    }

    fn wait_for_drains(&self) {
        let planned_end = self.state.borrow().planned_end;
        let within = planned_end.saturating_duration_since(Instant::now()) + MISSING / 3;
        let drained =
            self.wait_for_all(within, &mut |_, reply| Ok(matches!(reply, Reply::Drained)));
        if let Err(Error::Rank { rank, reason, .. }) = drained {
            self.state.borrow_mut().failed = Some((rank, reason));
        }
        // A rank that cannot be reached is missing in the shares.
        let _ = self.send_all(&Order::Close);
    }

    fn collect(&self, mut own: Share) -> Collected {
        let mut others = self.shares();
        let failed = self.state.borrow_mut().failed.take();
        let fits = |share: &Share| own.measured.is_of_same_window(&share.measured);
        let other_window = others.iter().position(|share| !fits(share));
        let missing: Vec<usize> = (1..self.ranks())
            .filter(|rank| others.iter().all(|share| share.rank != *rank))
            .collect();
        let error = match (failed, missing.first(), other_window) {
            (Some((rank, reason)), _, _) => Some(self.failure(rank, reason)),
            (None, Some(rank), _) => Some(self.missing(*rank, missing.len())),
            (None, None, Some(at)) => {
                let rank = others.remove(at).rank;
                Some(self.failure(rank, "it measured another window".to_owned()))
            }
            (None, None, None) => None,
        };
        if error.is_none() {
            self.add_clocks(&mut own, &mut others);
        }
        self.watchdog.within(Duration::MAX);
        Collected { own, others, error }
    }
}
