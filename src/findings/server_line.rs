//! The options of a server in words.

use super::units::{cores, some, trimmed};
use crate::record::ServerOptions;

/// The options that differ between servers: workers, accept mode, busy polling, cores.
pub(crate) fn server_options(options: &ServerOptions) -> Vec<String> {
    let workers = options.workers;
    let cpus = options.cpus.as_ref();
    let all = [
        workers.map(|workers| some(workers as u64, "worker")),
        options.accept.clone(),
        options
            .busy_poll_us
            .map(|us| format!("busy polling for {} µs", trimmed(us, 1))),
        cpus.map(|cpus| format!("on {}", cores(cpus))),
    ];
    all.into_iter().flatten().collect()
}
