//! The times at which all clients reconnect.

/// The reconnect times: multiples of an interval since the load began, up to the window's end.
#[derive(Debug)]
pub(crate) struct ReconnectTimes {
    /// The interval; `None` means never.
    pub(crate) every_ns: Option<u64>,
    pub(crate) end_ns: u64,
    /// The next reconnect time; `None` if there is none before the window's end.
    pub(crate) next_ns: Option<u64>,
    /// The next client to check while a reconnect is in progress.
    pub(crate) looking_at: Option<usize>,
}

impl ReconnectTimes {
    pub(crate) fn new(every_ns: Option<u64>, end_ns: u64) -> ReconnectTimes {
        let every_ns = every_ns.filter(|every_ns| *every_ns > 0);
        ReconnectTimes {
            every_ns,
            end_ns,
            next_ns: every_ns,
            looking_at: None,
        }
    }

    /// Ends the window early.
    pub(crate) fn end_window(&mut self, to_ns: u64) {
        self.end_ns = to_ns;
        self.next_ns = self.next_ns.filter(|next_ns| *next_ns < to_ns);
    }

    /// Moves on to the first reconnect time after `now`.
    pub(crate) fn move_on(&mut self, now: u64) {
        let next_ns = self
            .every_ns
            .and_then(|every_ns| (now / every_ns + 1).checked_mul(every_ns));
        self.next_ns = next_ns.filter(|next_ns| *next_ns < self.end_ns);
    }

    /// The number of the last reconnect time. Connections from before it have expired.
    pub(crate) fn reconnect_number(&self, now: u64) -> u64 {
        let last_ns = now.min(self.end_ns.saturating_sub(1));
        self.every_ns.map_or(0, |every_ns| last_ns / every_ns)
    }
}
