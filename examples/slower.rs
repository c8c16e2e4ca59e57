//! The built-in methods, each slower by `SLOWER_NS` nanoseconds (an environment variable): to
//! test whether `rpcbench check` detects the difference.
//!
//! ```sh
//! cargo build --release --example slower
//! SLOWER_NS=2000 target/release/examples/slower check --baseline target/release/rpcbench --model async
//! ```

use std::process::ExitCode;
use std::time::{Duration, Instant};

use rpcbench::models;
use rpcbench::{Builtin, Outcome, Service};
use rpcbench::{Reply, Request};

struct Slower(Duration);

impl Service for Slower {
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome {
        let started = Instant::now();
        while started.elapsed() < self.0 {
            std::hint::spin_loop();
        }
        Builtin.call(request, reply)
    }
}

fn main() -> ExitCode {
    let slower_ns = std::env::var("SLOWER_NS").ok();
    let slower_ns = slower_ns.and_then(|ns| ns.parse().ok()).unwrap_or(0);
    rpcbench::main(models::ALL, &Slower(Duration::from_nanos(slower_ns)))
}
