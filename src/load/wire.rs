//! What a clients of clients needs of the world: connections and the time.

use std::io;

/// The connections of a clients.
pub trait Wire {
    /// Begins to connect; how it ends is told by [`super::clients::Fleet::connected`] or [`super::clients::Fleet::not_connected`].
    ///
    /// # Errors
    /// When it cannot even begin.
    fn connect(&mut self, client: usize) -> io::Result<()>;

    /// Sends what it can of `bytes`, without waiting.
    ///
    /// # Errors
    /// `WouldBlock`, or that the connection is broken.
    fn send(&mut self, client: usize, bytes: &[u8]) -> io::Result<usize>;

    /// Receives what is there, without waiting; 0 is the end.
    ///
    /// # Errors
    /// `WouldBlock`, or that the connection is broken.
    fn receive(&mut self, client: usize, space: &mut [u8]) -> io::Result<usize>;

    /// Closes the connection, if there is one.
    fn close(&mut self, client: usize);
}

/// Tells the time in nanoseconds since the load began.
pub trait Clock {
    /// Now.
    fn now_ns(&self) -> u64;
}
