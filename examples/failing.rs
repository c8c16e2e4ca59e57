//! A model and a handler that fail, to see what a server does then.
//!
//! The model `warm` is a preforking one. Its workers load a word list before they serve; one that
//! cannot load it never calls `accept`, so the server ends with the reason instead of restarting
//! the worker again and again:
//!
//! ```sh
//! WORDS=/nowhere cargo run --release --example failing -- serve --model warm
//! ```
//!
//! The handler has a method `panic`, and a method `hang` that never returns, under every model.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use rpcbench::models;
use rpcbench::{Accept, Event, ServeModel, Server, Workers};
use rpcbench::{Builtin, Outcome, Reply, Request, Service};

struct Warm;

impl ServeModel for Warm {
    fn name(&self) -> &'static str {
        "warm"
    }

    fn about(&self) -> &'static str {
        "preforked workers that load a word list before they serve"
    }

    fn workers(&self) -> Option<Workers> {
        Some(Workers {
            default: None,
            accept: &[Accept::Shared],
        })
    }

    fn is_serial(&self) -> bool {
        true
    }

    fn serve(&self, server: &Server<'_>) -> io::Result<()> {
        server.supervise(|| {
            let path = std::env::var("WORDS").unwrap_or_else(|_| "/etc/hostname".to_owned());
            let loaded = std::fs::read_to_string(&path);
            let _words = loaded.map_err(|error| io::Error::other(format!("{path}: {error}")))?;
            server.block_in_accept()?;
            while let Event::Connection(stream) = server.accept()? {
                server.converse(&stream);
            }
            Ok(())
        })
    }
}

struct Failing;

impl Service for Failing {
    fn call(&self, request: &Request<'_>, reply: &mut Reply<'_>) -> Outcome {
        match request.method() {
            "panic" => panic!("requested by the client"),
            "hang" => loop {
                std::thread::sleep(Duration::from_secs(1));
            },
            _ => Builtin.call(request, reply),
        }
    }
}

fn main() -> ExitCode {
    let mut all: Vec<&dyn ServeModel> = vec![&Warm];
    all.extend(models::ALL);
    rpcbench::main(&all, &Failing)
}
