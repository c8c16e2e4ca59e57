//! Handing requests of a readiness loop over to other threads, and getting the replies back.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use mio::{Poll, Token, Waker};

use super::bound::Server;
use super::turn::{DRIVE_STEPS, DRIVE_TIME};
use crate::protocol::{Conversation, Outcome, Step};

/// A conversation on its way to the thread that calls its handlers, and back. The model
/// [`async-pool`](crate::models::async_pool) is the example.
///
/// A connection has at most one, so its requests are served one after the other.
#[derive(Debug)]
pub struct Handover {
    /// The connection's token.
    pub(super) key: usize,
    pub(super) conversation: Conversation,
    /// What the last handler returned; `None` if it panicked.
    pub(super) outcome: Option<Outcome>,
}

impl Handover {
    pub(super) fn new(key: usize, conversation: Conversation) -> Handover {
        Handover {
            key,
            conversation,
            outcome: Some(Outcome::Done),
        }
    }

    /// The token of the connection.
    pub fn key(&self) -> usize {
        self.key
    }

    /// Calls the handlers of the complete requests, for one turn. `server` is that of the thread.
    ///
    /// A panic of a handler is counted, and ends the connection.
    pub fn serve(&mut self, server: &Server<'_>) {
        let begun = Instant::now();
        for _ in 0..DRIVE_STEPS {
            if self.conversation.step() != Step::Call {
                return;
            }
            let call = || server.call(&mut self.conversation);
            self.outcome = catch_unwind(AssertUnwindSafe(call)).ok();
            if self.outcome.is_none() {
                server.meter().panic();
            }
            if self.outcome != Some(Outcome::Done) || begun.elapsed() >= DRIVE_TIME {
                return;
            }
        }
    }
}

/// Conversations that come back to their loop, which is woken if it sleeps. The model
/// [`async-pool`](crate::models::async_pool) is the example.
#[derive(Debug)]
pub struct Returns {
    waker: Waker,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    returned: Vec<Handover>,
    /// Whether the loop sleeps, or will before it looks here again.
    is_asleep: bool,
}

impl Returns {
    /// An empty list. `poll` reports an event with `token` to wake the loop.
    ///
    /// # Errors
    /// When eventfd(2) or epoll_ctl(2) fails.
    pub fn new(poll: &Poll, token: Token) -> io::Result<Returns> {
        Ok(Returns {
            waker: Waker::new(poll.registry(), token)?,
            state: Mutex::default(),
        })
    }

    /// In a handler's thread: gives a conversation back.
    ///
    /// Only the first one since the loop went to sleep costs a system call.
    pub fn give_back(&self, handover: Handover) {
        let mut state = self.lock();
        state.returned.push(handover);
        let wakes = std::mem::take(&mut state.is_asleep);
        drop(state);
        if wakes {
            // It fails only if the descriptor is not an eventfd.
            let _ = self.waker.wake();
        }
    }

    /// In the loop, before it sleeps: whether it may, since nothing has come back. From then on
    /// the next conversation wakes it.
    pub fn may_sleep(&self) -> bool {
        let mut state = self.lock();
        state.is_asleep = state.returned.is_empty();
        state.is_asleep
    }

    /// In the loop, after it has slept: moves what has come back to `returned`.
    pub fn take(&self, returned: &mut Vec<Handover>) {
        let mut state = self.lock();
        state.is_asleep = false;
        // The two vectors are exchanged again and again, so neither is allocated anew.
        if returned.is_empty() {
            std::mem::swap(returned, &mut state.returned);
        } else {
            returned.append(&mut state.returned);
        }
    }

    /// The state changes in single steps, so it is complete also after a panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mio::Events;

    use super::*;

    const TOKEN: Token = Token(5);

    /// Threads give back while the loop goes to sleep again and again: none is lost.
    #[test]
    fn no_wakeup_is_lost() {
        const THREADS: usize = 4;
        const EACH: usize = 2000;
        let mut poll = Poll::new().unwrap();
        let returns = Returns::new(&poll, TOKEN).unwrap();
        let mut seen = [0; THREADS];
        std::thread::scope(|scope| {
            for key in 0..THREADS {
                let returns = &returns;
                scope.spawn(move || {
                    for n in 0..EACH {
                        returns.give_back(Handover::new(key, Conversation::new(1)));
                        if n % 64 == 0 {
                            std::thread::sleep(Duration::from_micros(50));
                        }
                    }
                });
            }
            let (mut events, mut returned) = (Events::with_capacity(8), Vec::new());
            while seen.iter().sum::<usize>() < THREADS * EACH {
                if returns.may_sleep() {
                    // A lost wakeup would end in this timeout, with the list not empty.
                    let hour = Some(Duration::from_secs(3600));
                    poll.poll(&mut events, hour).unwrap();
                }
                returns.take(&mut returned);
                returned
                    .drain(..)
                    .for_each(|handover| seen[handover.key()] += 1);
            }
        });
        assert_eq!(seen, [EACH; THREADS]);
    }

    #[test]
    fn a_loop_that_is_awake_is_not_woken() {
        let mut poll = Poll::new().unwrap();
        let returns = Returns::new(&poll, TOKEN).unwrap();
        returns.give_back(Handover::new(0, Conversation::new(1)));
        assert!(!returns.may_sleep());
        let mut events = Events::with_capacity(8);
        poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
        assert!(events.is_empty());
    }
}
