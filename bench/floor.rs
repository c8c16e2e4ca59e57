//! How close the models and the load generator are to the floor: minimal programs that speak the
//! protocol and do nothing else.
//!
//! `cargo bench --bench floor -- --rounds 30`; `--only uring` measures the comparisons that have
//! this word in their name. Each server runs in a process of its own, and so
//! does the minimal client: this program starts itself again with a hidden argument. The floor
//! uses no code of rpcbench. All loads run in interleaved rounds, in random order; what is printed
//! are ratios within rounds. Nothing fails, however large a ratio is.

use std::process::ExitCode;

use anyhow::{Context, bail};
use rpcbench::{Builtin, models};

use crate::echo::Parse;

#[path = "floor/client.rs"]
mod client;
#[path = "floor/echo.rs"]
mod echo;
#[path = "floor/rounds.rs"]
mod rounds;
#[path = "floor/servers.rs"]
mod servers;
#[path = "floor/table.rs"]
mod table;
#[path = "floor/trial.rs"]
mod trial;
#[path = "floor/uring.rs"]
mod uring;

/// How many rounds are measured without `--rounds`.
const ROUNDS: usize = 30;

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    match words.as_slice() {
        // The guard and the servers under test are the same program.
        ["__guard" | "__serve", ..] => return Ok(rpcbench::main(models::ALL, &Builtin)),
        [servers::EPOLL, address] => servers::epoll(address.parse()?)?,
        [servers::THREADS, address] => servers::threads(address.parse()?, Parse::Position)?,
        [servers::THREADS_JSON, address] => servers::threads(address.parse()?, Parse::Json)?,
        [uring::NAME, address] => uring::serve(address.parse()?)?,
        [client::NAME, options @ ..] => client::run(options)?,
        options => rounds::run(&Options::parse(options)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// What is measured.
#[derive(Debug)]
struct Options<'a> {
    rounds: usize,
    /// Only comparisons with this text in their name.
    only: &'a str,
}

impl<'a> Options<'a> {
    /// Cargo adds `--bench`.
    fn parse(given: &[&'a str]) -> anyhow::Result<Options<'a>> {
        let mut options = Options {
            rounds: ROUNDS,
            only: "",
        };
        let mut words = given.iter().filter(|word| **word != "--bench");
        while let Some(name) = words.next() {
            let value = words.next().copied();
            match (*name, value) {
                ("--rounds", Some(number)) => {
                    options.rounds = number.parse().context("--rounds must be a number")?;
                }
                ("--only", Some(text)) => options.only = text,
                other => bail!("unknown option {other:?}; there are --rounds N and --only TEXT"),
            }
        }
        Ok(options)
    }
}
