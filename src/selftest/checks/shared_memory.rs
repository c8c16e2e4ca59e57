//! Memory that several processes share.

use crate::record::Mode;
use crate::selftest::check::{Check, Length, Reading};
use crate::selftest::known_trial::{KnownTrial, Tried};
use crate::selftest::loads::{at_rate, window};
use crate::selftest::servers::{KnownServer, SHARED_BYTES, SHARED_MEMORY, WORKERS};

const MIB: f64 = (1 << 20) as f64;
/// Page tables are not in it, and the heaps of two starts differ by less.
const TOLERANCE_MIB: f64 = 1.0;

/// See [the module documentation](self).
///
/// 64 MiB that a parent and four workers map: the memory of all processes minus that of the same
/// server without. Were pages not divided among the processes, it would be 320 MiB.
pub(super) struct SharedMemory;

impl Check for SharedMemory {
    fn name(&self) -> &'static str {
        "shared-memory"
    }

    fn about(&self) -> &'static str {
        "64 MiB shared by 5 processes: memory (PSS) minus that without"
    }

    fn concerns(&self) -> &'static str {
        "memory of servers with several processes"
    }

    fn unit(&self) -> &'static str {
        "MiB"
    }

    fn trials(&self, length: Length) -> Vec<KnownTrial> {
        let trial = |server: &'static KnownServer| KnownTrial {
            server,
            load: window(at_rate(Mode::Constant, 200.0, 4), length, 300, 500),
        };
        vec![trial(&SHARED_MEMORY), trial(&WORKERS)]
    }

    fn judge(&self, tried: &[Tried]) -> Reading {
        let pss = |tried: &Tried| tried.trial.server.pss_peak_bytes;
        let measured = match tried {
            [with, without] => pss(with).zip(pss(without)),
            _ => None,
        };
        Reading {
            truth: SHARED_BYTES as f64 / MIB,
            measured: measured.map(|(with, without)| (with as f64 - without as f64) / MIB),
            tolerance: TOLERANCE_MIB,
        }
    }
}
