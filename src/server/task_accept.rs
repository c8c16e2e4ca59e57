//! Accepting connections in a tokio runtime.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::unix::AsyncFd;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep_until;

use super::accept::{ACCEPT_PAUSE, may_accept_again};
use super::bound::Server;
use super::nonblocking_accept::max_connections;
use super::tasks::TaskServer;
use crate::sys::scoped_runtime::until_readable;

/// The listener of a server whose connections are tasks. The model
/// [`tokio`](crate::models::tokio) is the example.
#[derive(Debug)]
pub struct TaskAccept<'s, 'a> {
    server: &'s Server<'a>,
    tasks: &'s TaskServer<'a>,
    listener: TcpListener,
    stop: AsyncFd<BorrowedFd<'s>>,
    max_connections: usize,
}

impl<'s, 'a> TaskAccept<'s, 'a> {
    /// Takes the listening socket; call it in the runtime.
    ///
    /// # Errors
    /// When epoll_ctl(2) fails.
    pub fn new(server: &'s Server<'a>, tasks: &'s TaskServer<'a>) -> io::Result<Self> {
        let listener = server.listener().ok_or(io::ErrorKind::NotConnected)?;
        let listener = TcpListener::from_std(listener.try_clone()?)?;
        server.close_listeners();
        tasks.close_listeners();
        server.meter().serving();
        Ok(TaskAccept {
            server,
            tasks,
            listener,
            stop: until_readable(server.stop().as_fd())?,
            max_connections: max_connections(server)?,
        })
    }

    /// Waits for a connection; `None` is the stop signal.
    ///
    /// At the limit of connections it waits until one closes. When descriptors run out it pauses
    /// for 100 ms, or until one closes.
    ///
    /// # Errors
    /// When the socket is unusable.
    pub async fn accept(&self) -> io::Result<Option<TcpStream>> {
        loop {
            let accepted = poll_fn(|cx| {
                if self.is_stopped(cx) {
                    return Poll::Ready(None);
                }
                if !self.tasks.open.is_below(self.max_connections, cx) {
                    return Poll::Pending;
                }
                self.listener.poll_accept(cx).map(Some)
            });
            match accepted.await {
                None => return Ok(None),
                Some(Ok((stream, _))) => {
                    self.tasks.open.add();
                    return Ok(Some(stream));
                }
                Some(Err(error)) if may_accept_again(&error) => {}
                Some(Err(error)) if error.kind() == io::ErrorKind::InvalidInput => {
                    return Err(error);
                }
                Some(Err(_)) => self.pause().await,
            }
        }
    }

    async fn pause(&self) {
        let before = self.tasks.open.count();
        let mut pause = std::pin::pin!(sleep_until((Instant::now() + ACCEPT_PAUSE).into()));
        poll_fn(|cx| {
            let closed = self.tasks.open.is_below(before, cx);
            if closed || self.is_stopped(cx) {
                return Poll::Ready(());
            }
            pause.as_mut().poll(cx)
        })
        .await;
    }

    /// Closes the listening socket and drains: requests that were read are answered. Returns when
    /// all connections are closed, or at the end of the drain.
    pub async fn drain(self) {
        drop(self.listener);
        self.tasks.open.stop();
        let end = self.server.stop().deadline().unwrap_or_else(Instant::now);
        let mut end = std::pin::pin!(sleep_until(end.into()));
        poll_fn(|cx| {
            if self.tasks.open.is_below(1, cx) {
                return Poll::Ready(());
            }
            end.as_mut().poll(cx)
        })
        .await;
    }

    /// The signal is never read, so its descriptor stays ready.
    fn is_stopped(&self, cx: &mut Context<'_>) -> bool {
        self.stop.poll_read_ready(cx).is_ready() && self.server.stop().requested()
    }
}
