//! Whether a trial takes part in a run with attacks.

use super::catalogue::Attack;

/// What a trial does besides its load.
///
/// A calm trial has no attack, but it is compared with trials that have one: the resources that
/// the server holds are read in it too.
#[derive(Debug, Clone, Copy)]
pub enum AttackMode {
    /// A measurement: no attack, and the server's resources are not compared.
    Off,
    /// No attack; the server's resources are compared.
    Calm,
    /// This attack runs during the load; the server's resources are compared.
    Attack(&'static Attack),
}

impl AttackMode {
    /// The attack, if there is one.
    pub fn attack(self) -> Option<&'static Attack> {
        match self {
            AttackMode::Off | AttackMode::Calm => None,
            AttackMode::Attack(attack) => Some(attack),
        }
    }
}
