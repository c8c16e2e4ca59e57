//! The moments at which all clients reconnect.

/// The moments: multiples of a time since the load began, up to the window's end.
#[derive(Debug)]
pub(crate) struct ReconnectTimes {
    /// How far apart they are; `None` is none at all.
    pub(crate) every_ns: Option<u64>,
    pub(crate) end_ns: u64,
    /// The next moment at which those that have nothing in flight are looked for, …
    pub(crate) next_ns: u64,
    /// … and who is next among them, while they are.
    pub(crate) looking_at: Option<usize>,
}

impl ReconnectTimes {
    pub(crate) fn new(every_ns: Option<u64>, end_ns: u64) -> ReconnectTimes {
        let every_ns = every_ns.filter(|every_ns| *every_ns > 0);
        ReconnectTimes {
            every_ns,
            end_ns,
            next_ns: every_ns.unwrap_or(u64::MAX),
            looking_at: None,
        }
    }

    /// The number of the last such moment: a connection that came up before it has expired.
    pub(crate) fn beat(&self, now: u64) -> u64 {
        let last_ns = now.min(self.end_ns.saturating_sub(1));
        self.every_ns.map_or(0, |every_ns| last_ns / every_ns)
    }
}
