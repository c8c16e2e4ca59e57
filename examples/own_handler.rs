//! Your own handler: implement `Service` and pass it to `rpcbench::main`. It is
//! then served under every model.
//!
//! ```sh
//! cargo run --release --example own_handler -- --method upper --params '"hello"'
//! ```

use std::process::ExitCode;
use std::time::Duration;

use rpcbench::models;
use rpcbench::{Builtin, Outcome, Service};
use rpcbench::{Fault, Reply, Request};

struct Upper;

impl Service for Upper {
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome {
        match request.method() {
            "upper" => match serde_json::from_str::<String>(request.params()) {
                Ok(text) => reply.json("upper", &text.to_uppercase()),
                Err(_) => reply.error(&Fault::Params {
                    method: "upper",
                    expected: "a string".to_owned(),
                }),
            },
            // To test how a model treats a handler that panics …
            "panic" => panic!("requested by the client"),
            // … or one that never returns.
            "hang" => loop {
                std::thread::sleep(Duration::from_secs(1));
            },
            // All other methods are built in.
            _ => return Builtin.call(request, reply),
        }
        Outcome::Done
    }
}

fn main() -> ExitCode {
    rpcbench::main(models::ALL, &Upper)
}
