//! Hostile clients: the catalogue of attacks, the threads that run an attack
//! during a load, and the check that a server releases its resources.
//!
//! To change: a new attack is an entry of `catalogue::ALL` and its function.

mod attacker;
pub(crate) mod catalogue;
mod leak_check;
mod mode;
mod running_attack;

pub use catalogue::Attack;
pub use leak_check::LeakCheck;
pub use mode::AttackMode;
