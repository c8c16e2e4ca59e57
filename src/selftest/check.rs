//! The interface of a check.

use super::known_trial::{KnownTrial, Tried};

/// One figure that is measured against a server of known behaviour.
pub trait Check: Sync {
    /// Its name in results; scripts use it.
    fn name(&self) -> &'static str;

    /// One line: what the server does, and which figure is compared.
    fn about(&self) -> &'static str;

    /// What cannot be trusted on this machine if it fails.
    fn concerns(&self) -> &'static str;

    /// The unit of truth, measured value and tolerance; empty for a ratio.
    fn unit(&self) -> &'static str;

    /// The trials of one try, in order.
    fn trials(&self, length: Length) -> Vec<KnownTrial>;

    /// What these trials show.
    fn judge(&self, tried: &[Tried]) -> Reading;
}

/// How long the windows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// For CI.
    Quick,
    /// For a person.
    Full,
}

/// The result of one try of a check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The value that a generator without error measures.
    pub truth: f64,
    /// The value that was measured; `None` if the trial has no such figure.
    pub measured: Option<f64>,
    /// The largest difference that the generator's error explains.
    pub tolerance: f64,
}

impl Reading {
    /// Whether the measured value is within the tolerance of the truth.
    pub fn is_ok(&self) -> bool {
        self.measured
            .is_some_and(|measured| (measured - self.truth).abs() <= self.tolerance)
    }
}
