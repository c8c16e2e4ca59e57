//! The I/O interface of [`super::clients`]: connections and a clock.

use std::io;

use crate::sys::timestamps::{Received, SendStamp};

/// The connections of the clients of one thread.
pub trait Wire {
    /// Begins to connect. The result is reported by [`super::Clients::connected`] or
    /// [`super::Clients::not_connected`].
    ///
    /// # Errors
    /// When the connect cannot begin.
    fn connect(&mut self, client: usize) -> io::Result<()>;

    /// The result of this client's connect, after something happened to its connection: `None`
    /// while it is in progress. Unless a wire says otherwise, the connect has succeeded.
    fn connect_result(&self, _client: usize) -> Option<io::Result<()>> {
        Some(Ok(()))
    }

    /// Sends as much of `bytes` as possible without blocking; returns the number of bytes sent.
    ///
    /// # Errors
    /// `WouldBlock`, or an error of the connection.
    fn send(&mut self, client: usize, bytes: &[u8]) -> io::Result<usize>;

    /// Receives what is available without blocking; returns 0 at the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock`, or an error of the connection.
    fn receive(&mut self, client: usize, space: &mut [u8]) -> io::Result<usize>;

    /// Begins to stamp what this client's new connection sends and receives. Returns the position
    /// of the next byte that it sends, by which a send stamp names its request; `None`: there are no
    /// stamps.
    fn enable_stamps(&mut self, _client: usize) -> Option<u32> {
        None
    }

    /// As [`Wire::send`]; asks for the stamp of the last byte that is sent.
    ///
    /// # Errors
    /// As [`Wire::send`].
    fn send_stamped(&mut self, client: usize, bytes: &[u8]) -> io::Result<usize> {
        self.send(client, bytes)
    }

    /// The next send stamp of this client's connection; `None` if there is none yet.
    fn send_stamp(&mut self, _client: usize) -> Option<SendStamp> {
        None
    }

    /// As [`Wire::receive`], with the time at which the last byte arrived.
    ///
    /// # Errors
    /// As [`Wire::receive`].
    fn receive_stamped(&mut self, client: usize, space: &mut [u8]) -> io::Result<Received> {
        Ok(Received {
            bytes: self.receive(client, space)?,
            last_real_ns: None,
        })
    }

    /// Closes the connection, if there is one.
    fn close(&mut self, client: usize);
}

/// The time in nanoseconds since the load began.
pub trait Clock {
    /// The current time.
    fn now_ns(&self) -> u64;

    /// This time and that of the real-time clock; `None` without a real-time clock.
    fn pair(&self) -> Option<ClockPair> {
        None
    }
}

/// Two clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockPair {
    /// CLOCK_REALTIME, in nanoseconds. It is read first.
    pub real_ns: u64,
    /// Nanoseconds since the load began.
    pub now_ns: u64,
}
