//! The program: the built-in models and methods behind the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    rpcbench::main(rpcbench::models::ALL, &rpcbench::Builtin)
}
