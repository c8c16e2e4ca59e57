//! One readiness loop for all I/O, and a pool of threads (rayon) that calls the
//! handlers: a handler that computes delays neither the loop nor, while a core
//! is free, other clients. It breaks when handlers are short: each request then
//! costs two switches between threads, and the loop is limited to one core.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::Poll;
use rayon::{Scope, ThreadPoolBuilder};

use super::r#async::{EventLoop, HANDLERS, Handlers};
use crate::server::{
    Accept, Connection, Group, Handover, Progress, Returns, ServeModel, Server, Timers, Workers,
};

/// Conversations in the pool and its queue, per thread. Further ones wait, and their connections
/// are not read.
const HANDED_OVER_PER_THREAD: usize = 64;
/// As in `threaded`: a handler gets the same stack in all thread models.
const STACK_BYTES: usize = 256 << 10;

/// See [the module documentation](self).
#[derive(Debug)]
pub struct AsyncPool;

impl ServeModel for AsyncPool {
    fn name(&self) -> &'static str {
        "async-pool"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["reactor-pool"]
    }

    fn about(&self) -> &'static str {
        "one readiness loop, a rayon pool that calls the handlers"
    }

    fn group(&self) -> Group {
        Group::Modern
    }

    fn busy_polls(&self) -> bool {
        true
    }

    fn workers(&self) -> Option<Workers> {
        Some(Workers {
            default: None,
            accept: &[Accept::Shared],
        })
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        let threads = server.workers().map_or(1, |(count, _)| count.get());
        // Each counts in a slot of its own, and so does the loop.
        let of_threads: Vec<Server<'_>> = (0..threads).map(|at| server.in_thread(at)).collect();
        let of_loop = server.in_thread(threads);
        of_threads.iter().for_each(Server::close_listeners);
        server.close_listeners();

        let poll = Poll::new()?;
        let returns = Returns::new(&poll, HANDLERS)?;
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(STACK_BYTES)
            .build()
            .map_err(io::Error::other)?;
        let ended = AtomicBool::new(false);
        // The loop runs here. The end of the scope waits for the handlers that run, and not for
        // those that have not begun.
        pool.in_place_scope(|scope| {
            let handlers = InPool {
                scope,
                servers: &of_threads,
                returns: &returns,
                ended: &ended,
                handed_over: 0,
                waiting: VecDeque::new(),
            };
            let result = EventLoop::new(&of_loop, poll, handlers).and_then(EventLoop::run);
            ended.store(true, Ordering::Relaxed);
            result
        })
    }
}

/// The handlers run in the pool.
struct InPool<'p, 'scope> {
    scope: &'p Scope<'scope>,
    servers: &'scope [Server<'scope>],
    returns: &'scope Returns,
    /// Whether the loop has ended: then no handler begins.
    ended: &'scope AtomicBool,
    /// Conversations that the pool has and that have not come back.
    handed_over: usize,
    /// Conversations for which the pool has no room: at most one per connection.
    waiting: VecDeque<Handover>,
}

impl InPool<'_, '_> {
    fn hand_over(&mut self, mut handover: Handover) {
        if self.handed_over >= HANDED_OVER_PER_THREAD * self.servers.len() {
            self.waiting.push_back(handover);
            return;
        }
        self.handed_over += 1;
        let (servers, returns, ended) = (self.servers, self.returns, self.ended);
        self.scope.spawn(move |_| {
            if ended.load(Ordering::Relaxed) {
                return;
            }
            let thread = rayon::current_thread_index().unwrap_or_default();
            handover.serve(&servers[thread]);
            returns.give_back(handover);
        });
    }
}

impl<'s> Handlers<'s> for InPool<'_, '_> {
    fn drive(
        &mut self,
        connection: &mut Connection<'s>,
        poll: &Poll,
        _timers: &mut Timers,
    ) -> io::Result<Progress> {
        let progress = connection.drive_until_call(poll)?;
        if progress == Progress::Calls {
            self.hand_over(connection.hand_over());
        }
        Ok(progress)
    }

    fn may_sleep(&self) -> bool {
        self.returns.may_sleep()
    }

    fn returned(&mut self, returned: &mut Vec<Handover>) {
        self.returns.take(returned);
        self.handed_over -= returned.len();
        let room = (HANDED_OVER_PER_THREAD * self.servers.len()).saturating_sub(self.handed_over);
        for _ in 0..room.min(self.waiting.len()) {
            if let Some(handover) = self.waiting.pop_front() {
                self.hand_over(handover);
            }
        }
    }
}
