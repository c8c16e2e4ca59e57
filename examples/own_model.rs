//! Your own model: implement `ServeModel` and pass it to `rpcbench::main`. It is
//! then measured together with the built-in models.
//!
//! `warm` is a preforking model. Its workers load a word list before they serve:
//!
//! ```sh
//! WORDS=/usr/share/dict/words cargo run --release --example own_model -- --model warm,preforking
//! ```
//!
//! A worker that cannot load the list never calls `accept`, so the server ends
//! with the reason instead of restarting the worker again and again.

use std::io;
use std::process::ExitCode;

use rpcbench::Builtin;
use rpcbench::ServeModel;
use rpcbench::models;
use rpcbench::{Accept, Event, Server, Workers};

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

fn main() -> ExitCode {
    let mut all: Vec<&dyn ServeModel> = vec![&Warm];
    all.extend(models::ALL);
    rpcbench::main(&all, &Builtin)
}
