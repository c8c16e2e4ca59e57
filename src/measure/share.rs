//! What one generator of several measured in a trial, to be added to the others' shares.

use std::fs;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::load::{LoadPart, Measured};
use crate::record::{RankClock, RankName};
use crate::sys::clock_error::realtime_error_ns;

/// The version of a share. Only shares of the same version are added.
const SCHEMA: &str = "rpcbench.share/1";
/// The longest share that is read, in bytes: some 40 per client.
const MOST_BYTES: usize = 1 << 30;

/// What one generator of several measured in a trial.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Share {
    schema: String,
    /// Its number, from 0.
    pub rank: usize,
    /// How many generators there are.
    pub ranks: usize,
    /// Its host.
    pub host: String,
    /// The common start of the load, if it was agreed on by wall clock.
    pub start_at: Option<SystemTime>,
    /// How long after the common start its load began, by its own clock.
    pub begun_late_ns: u64,
    /// The share of CPU time that the hypervisor took from its host.
    pub steal: f64,
    /// Memory of its process at the end of the window.
    pub memory_bytes: Option<u64>,
    /// Its clock.
    pub clock: Option<RankClock>,
    /// Histograms, counts and clients.
    pub measured: Measured,
}

impl Share {
    /// The share of this process.
    pub fn new(part: LoadPart, measured: Measured) -> Share {
        Share {
            schema: SCHEMA.to_owned(),
            rank: part.rank,
            ranks: part.ranks,
            host: host(),
            start_at: None,
            begun_late_ns: 0,
            steal: 0.0,
            memory_bytes: None,
            clock: None,
            measured,
        }
    }

    /// The length of its window in seconds, which may have ended early.
    pub fn window_s(&self) -> f64 {
        let window = self.measured.recorder.window();
        (window.to_ns - window.from_ns) as f64 / 1e9
    }

    /// The rank and its host.
    pub fn name(&self) -> RankName {
        RankName {
            rank: self.rank,
            host: self.host.clone(),
        }
    }

    /// As text, for a record.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn encode(&self) -> serde_json::Result<String> {
        Ok(STANDARD.encode(serde_json::to_vec(self)?))
    }

    /// Reads a share.
    ///
    /// # Errors
    /// When it is damaged or of another version: the reason.
    pub fn decode(text: &str) -> Result<Share, String> {
        if text.len() > MOST_BYTES {
            return Err("its share is too long".to_owned());
        }
        let bytes = STANDARD.decode(text).map_err(|error| error.to_string())?;
        Share::from_json(&bytes)
    }

    /// Reads a share as JSON.
    ///
    /// # Errors
    /// When it is damaged or of another version: the reason.
    pub fn from_json(bytes: &[u8]) -> Result<Share, String> {
        let share: Share = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if share.schema != SCHEMA {
            let found = share.schema;
            return Err(format!(
                "its share is {found}, and this program adds {SCHEMA}"
            ));
        }
        Ok(share)
    }
}

/// The real-time clock of this host, as its kernel judges it.
pub(crate) fn wall_clock() -> RankClock {
    RankClock {
        uncertainty_ns: realtime_error_ns(),
        ..RankClock::default()
    }
}

/// The name of this host.
pub fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim_end().to_owned()
}
