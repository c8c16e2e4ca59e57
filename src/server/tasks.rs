//! The driver of a conversation for tokio: a task per connection.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::{Sleep, sleep_until};

use super::bound::{READ_OFF_TIME, Server};
use super::idle_deadline::IdleDeadline;
use super::stream::close_with_reset;
use super::task_list::TaskList;
use super::turn::{DRIVE_STEPS, DRIVE_TIME};
use crate::protocol::{Conversation, Outcome, Step};

thread_local! {
    /// The index of this worker of the runtime; the thread that waits for it counts as the first.
    static WORKER: Cell<usize> = const { Cell::new(0) };
}

/// A server whose connections are tasks. The model [`tokio`](crate::models::tokio) is the example.
#[derive(Debug)]
pub struct TaskServer<'a> {
    /// One per worker of the runtime: a task counts in the slot of the worker that runs it.
    workers: Vec<Server<'a>>,
    /// The tasks of the open connections.
    pub(super) open: TaskList,
}

/// How a wait ended.
enum WaitEnd<T> {
    Ready(T),
    TimedOut,
    Stopped,
}

impl<'a> TaskServer<'a> {
    /// A server for as many workers as `server` has.
    pub fn new(server: &Server<'a>) -> TaskServer<'a> {
        let count = server.workers().map_or(1, |(count, _)| count.get());
        TaskServer {
            workers: (0..count).map(|index| server.in_thread(index)).collect(),
            open: TaskList::default(),
        }
    }

    /// The runtime with its workers. Only a model starts threads: before it serves, the process
    /// must have one.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn runtime(&self) -> io::Result<Runtime> {
        let started = AtomicUsize::new(0);
        Builder::new_multi_thread()
            .worker_threads(self.workers.len())
            .enable_all()
            .on_thread_start(move || WORKER.set(started.fetch_add(1, Relaxed)))
            .build()
    }

    /// Closes the workers' copies of the listening socket.
    pub(super) fn close_listeners(&self) {
        self.workers.iter().for_each(Server::close_listeners);
    }

    /// This server, as the current worker uses it.
    pub(super) fn worker(&self) -> &Server<'a> {
        &self.workers[WORKER.get() % self.workers.len()]
    }

    /// Serves one connection until it closes, times out or the server stops.
    ///
    /// A fault of the connection or a panic of the handler is counted, not returned.
    pub async fn converse(&self, stream: TcpStream) {
        let open = self.open.enter().await;
        let active = self.worker().meter().connection();
        let mut task = Task {
            server: self,
            stream,
            conversation: self.worker().conversation(),
            timer: None,
            deadline: IdleDeadline::new(self.worker().limits().idle_timeout),
        };
        let orderly = task.drive().await.unwrap_or(Ended::Faulty);
        let meter = self.worker().meter();
        match orderly {
            Ended::Orderly if !task.conversation.faulty() => {}
            Ended::Orderly | Ended::Faulty => meter.fault(),
            Ended::Panicked => meter.panic(),
        }
        drop(task);
        drop(active);
        drop(open);
    }
}

/// How a connection ended.
enum Ended {
    Orderly,
    Faulty,
    Panicked,
}

/// One connection.
struct Task<'t, 'a> {
    server: &'t TaskServer<'a>,
    stream: TcpStream,
    conversation: Conversation,
    timer: Option<Pin<Box<Sleep>>>,
    deadline: IdleDeadline,
}

impl Task<'_, '_> {
    async fn drive(&mut self) -> io::Result<Ended> {
        let mut wait_until = None;
        let mut turn = (Instant::now(), 0);
        loop {
            match self.conversation.step() {
                Step::Call => {
                    let Some(outcome) = self.call() else {
                        return Ok(Ended::Panicked);
                    };
                    if let Outcome::Wait(time) = outcome {
                        wait_until = Some(Instant::now() + time);
                    }
                    self.deadline.progressed();
                    turn.1 += 1;
                    // A task that computes must yield by itself, so that no other can starve.
                    if turn.1 >= DRIVE_STEPS || turn.0.elapsed() >= DRIVE_TIME {
                        yield_now().await;
                        turn = (Instant::now(), 0);
                    }
                }
                Step::Write => match self.write().await {
                    WaitEnd::Ready(bytes) => {
                        self.conversation.wrote(bytes?);
                        self.deadline.progressed();
                    }
                    WaitEnd::TimedOut | WaitEnd::Stopped => {
                        close_with_reset(&self.stream);
                        return Ok(Ended::Faulty);
                    }
                },
                Step::Read => {
                    let new_message = self.conversation.between_messages();
                    match self.read().await {
                        WaitEnd::Ready(bytes) => match bytes? {
                            0 => self.conversation.ended(),
                            bytes => {
                                if new_message {
                                    self.deadline.progressed();
                                }
                                self.conversation.received(bytes);
                            }
                        },
                        WaitEnd::TimedOut if new_message => return Ok(Ended::Orderly),
                        WaitEnd::TimedOut => return Ok(Ended::Faulty),
                        WaitEnd::Stopped => self.conversation.stop(),
                    }
                    turn = (Instant::now(), 0);
                }
                Step::Wait => {
                    // The end of the drain ends this task where it waits.
                    if let Some(until) = wait_until {
                        sleep_until(until.into()).await;
                    }
                    self.conversation.resume();
                    self.deadline.progressed();
                }
                Step::Shut => {
                    socket2::SockRef::from(&self.stream).shutdown(Shutdown::Write)?;
                    self.conversation.shut();
                    self.deadline.end_within(READ_OFF_TIME);
                }
                Step::Close => return Ok(Ended::Orderly),
            }
        }
    }

    /// Serves a request; `None` if the handler panicked.
    fn call(&mut self) -> Option<Outcome> {
        let worker = self.server.worker();
        let call = || worker.call(&mut self.conversation);
        catch_unwind(AssertUnwindSafe(call)).ok()
    }

    async fn read(&mut self) -> WaitEnd<io::Result<usize>> {
        poll_fn(|cx| {
            if self.server.open.is_stopping() {
                return Poll::Ready(WaitEnd::Stopped);
            }
            // Also of a peer that always has a byte to read: it is no progress.
            let now = Instant::now();
            if self
                .deadline
                .at(now)
                .is_some_and(|deadline| deadline <= now)
            {
                return Poll::Ready(WaitEnd::TimedOut);
            }
            let mut space = ReadBuf::new(self.conversation.space());
            match Pin::new(&mut self.stream).poll_read(cx, &mut space) {
                Poll::Ready(read) => {
                    let bytes = space.filled().len();
                    Poll::Ready(WaitEnd::Ready(read.map(|()| bytes)))
                }
                Poll::Pending => self.poll_deadline(cx),
            }
        })
        .await
    }

    async fn write(&mut self) -> WaitEnd<io::Result<usize>> {
        poll_fn(|cx| {
            let unwritten = self.conversation.unwritten();
            match Pin::new(&mut self.stream).poll_write(cx, unwritten) {
                Poll::Ready(wrote) => Poll::Ready(WaitEnd::Ready(wrote)),
                Poll::Pending => self.poll_deadline(cx),
            }
        })
        .await
    }

    /// The timer is not set again at each progress: it may expire early, and is then set to the
    /// deadline.
    fn poll_deadline<T>(&mut self, cx: &mut Context<'_>) -> Poll<WaitEnd<T>> {
        let Some(deadline) = self.deadline.at(Instant::now()) else {
            return Poll::Pending;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline.into())));
        if timer.deadline() > deadline.into() {
            timer.as_mut().reset(deadline.into());
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if Instant::now() >= deadline {
                return Poll::Ready(WaitEnd::TimedOut);
            }
            timer.as_mut().reset(deadline.into());
        }
    }
}
