//! How long a trial takes: the estimate before it has run.

use std::time::Duration;

use super::case::Case;
use super::server_spec::ServerSpec;
use crate::attack::AttackMode;

/// Start and stop of a server of this program, and the work of the harness around them.
const OWN_SERVER: Duration = Duration::from_millis(12);
/// The same for a command, which may start an interpreter.
const COMMAND: Duration = Duration::from_millis(120);
/// Closing a connection at the end, on both sides: 30 µs with one readiness loop, 200 µs where it
/// is a process.
const PER_CONNECTION: Duration = Duration::from_micros(60);
/// Comparing the server's resources before and after a trial without an attack.
const COMPARE_RESOURCES: Duration = Duration::from_millis(110);
/// An attack's head start, its end, and the release of the resources that it took. Of all attacks
/// and models, the mean: a few leave a server busy for seconds.
const ATTACK: Duration = Duration::from_millis(1700);

impl Case {
    /// Estimated duration of a trial.
    pub(crate) fn time(&self) -> Duration {
        let server = match &self.server_spec {
            ServerSpec::Server(_) => OWN_SERVER,
            ServerSpec::Exec(_) => COMMAND,
            ServerSpec::Target(_) => Duration::ZERO,
        };
        let attack = match self.attack_mode {
            AttackMode::Off => Duration::ZERO,
            AttackMode::Calm => COMPARE_RESOURCES,
            AttackMode::Attack(_) => ATTACK,
        };
        let drain = if self.leaves_clients_unserved() {
            self.generator.drain
        } else {
            Duration::ZERO
        };
        let connections = u32::try_from(self.load.connections()).unwrap_or(u32::MAX);
        // Connections open during the warm-up, so they add nothing.
        self.load.warmup
            + self.load.duration
            + drain
            + server
            + attack
            + PER_CONNECTION.saturating_mul(connections)
    }

    /// Whether some clients wait for a worker until the end. Their requests have no reply, and the
    /// drain takes its full time. (Clients that close after a few requests make room for others.)
    pub(crate) fn leaves_clients_unserved(&self) -> bool {
        let workers = match &self.server_spec {
            ServerSpec::Server(program) => program.serial_workers,
            ServerSpec::Exec(_) | ServerSpec::Target(_) => None,
        };
        let load = &self.load;
        load.requests_per_connection.is_none()
            && workers.is_some_and(|workers| load.connections() > workers)
    }
}
