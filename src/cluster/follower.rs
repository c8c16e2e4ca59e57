//! A rank other than 0: makes its part of each load that rank 0 orders.

use std::thread;
use std::time::{Duration, Instant};

use super::clocks::{LONGEST, answer, instant_at};
use super::messages::{Cores, Order, Reply};
use super::mpi_link::{MpiLink, Tag, parse};
use super::times::{AFTER_END, IDLE};
use super::watchdog::Watchdog;
use crate::error::Error;
use crate::load::{Load, LoadPart, start_from};
use crate::measure::descriptors::reserve;
use crate::measure::peers::LoadOrder;
use crate::measure::share::{Share, host};
use crate::measure::targets::reach;
use crate::measure::{CpuTicks, environment};

/// How often the drain is looked at.
const POLL: Duration = Duration::from_millis(5);
/// A rank other than 0.
pub(crate) struct Follower {
    link: MpiLink,
    watchdog: Watchdog,
}

impl Follower {
    pub(super) fn new(link: MpiLink, watchdog: Watchdog) -> Follower {
        Follower { link, watchdog }
    }

    /// Follows the orders of rank 0 until the run has ended.
    ///
    /// # Errors
    /// When rank 0 cannot be understood.
    pub(crate) fn run(self) -> Result<(), Error> {
        self.reply(&Reply::Hello {
            tool: Box::new(environment::tool()),
            host: host(),
            cores: Cores::own(),
        })?;
        loop {
            match self.order(IDLE)? {
                Order::ReadClock { questions } => {
                    self.watchdog.within(2 * LONGEST);
                    answer(&self.link, questions)?;
                    // A server may stop, and another one start, before the next order.
                    self.watchdog.within(IDLE);
                }
                Order::Prepare(order) => match self.prepare(&order) {
                    Ok(load) => {
                        self.reply(&Reply::Ready)?;
                        self.make(&load)?;
                    }
                    Err(error) => self.fail(&error)?,
                },
                Order::End => {
                    self.watchdog.within(AFTER_END);
                    return Ok(());
                }
                Order::Begin { .. } | Order::Close => {}
            }
        }
    }

    /// Prepares the own part of a load.
    fn prepare(&self, order: &LoadOrder) -> Result<Load, Error> {
        let mut generator = order.generator;
        let (rank, ranks) = (self.link.rank(), self.link.ranks());
        generator.part = LoadPart { rank, ranks };
        let spec = &order.spec;
        let own = generator.part.of(spec.clients).len() + generator.part.of(spec.idle).len();
        reserve(own)?;
        reach(order.target, spec.connect_timeout)?;
        Load::new(spec.clone(), generator, order.target, order.seed)
    }

    /// Makes the load that was prepared, and sends the share.
    fn make(&self, load: &Load) -> Result<(), Error> {
        let begins = match self.order(IDLE)? {
            Order::Begin { at_ns } => instant_at(at_ns),
            // Another rank cannot make its part.
            _ => return Ok(()),
        };
        let spec = &load.spec;
        let planned = spec.warmup + spec.duration + load.generator.drain;
        let until_begin = begins.saturating_duration_since(Instant::now());
        self.watchdog.within(until_begin + planned + AFTER_END);
        thread::sleep(until_begin);
        let running = match start_from(load, begins) {
            Ok(running) => running,
            Err(error) => return self.fail(&error),
        };
        let begun_late = begins.elapsed();
        sleep_until(running.window_begins());
        let ticks = CpuTicks::now();
        sleep_until(running.window_ends());
        let steal = CpuTicks::now().steal_since(&ticks);
        let memory_bytes = environment::own_memory_bytes();
        while !running.is_drained() {
            thread::sleep(POLL);
        }
        self.reply(&Reply::Drained)?;
        // Rank 0 waits for all; if it does not answer, the watchdog ends this rank.
        self.order(IDLE)?;
        // Rank 0 takes one share after the other.
        self.watchdog.within(IDLE);
        match running.finish() {
            Ok(measured) => {
                let mut share = Share::new(load.generator.part, measured);
                share.begun_late_ns = u64::try_from(begun_late.as_nanos()).unwrap_or(u64::MAX);
                (share.steal, share.memory_bytes) = (steal, memory_bytes);
                self.link.send(0, Tag::Share, &share)?;
            }
            Err(error) => self.fail(&error)?,
        }
        self.watchdog.within(IDLE);
        Ok(())
    }

    fn reply(&self, reply: &Reply) -> Result<(), Error> {
        self.link.send(0, Tag::Message, reply)
    }

    fn fail(&self, error: &Error) -> Result<(), Error> {
        let reason = error.to_string();
        self.reply(&Reply::Failed { reason })
    }

    /// Waits for the next order. The watchdog ends this rank if there is none in time.
    fn order(&self, within: Duration) -> Result<Order, Error> {
        let until = Instant::now() + within + AFTER_END;
        let received = self.link.receive(Tag::Message, until, false);
        let (_, bytes) = received.ok_or_else(|| self.broken("sent no order in time".to_owned()))?;
        parse(&bytes).map_err(|reason| self.broken(reason))
    }

    fn broken(&self, reason: String) -> Error {
        Error::Rank {
            rank: 0,
            host: format!(
                "the first host (for rank {} on {})",
                self.link.rank(),
                host()
            ),
            reason,
        }
    }
}

fn sleep_until(at: Instant) {
    thread::sleep(at.saturating_duration_since(Instant::now()));
}
