//! The contract: a table of cases that hold for every server of the protocol, for the author of a
//! model or of a server in any language to run from their own tests.
//!
//! A message in pieces, bad requests, peers that are slow or silent, order, fairness, counting and
//! the stop: [`cases()`] lists them. Each case starts a server of its own, in processes of their own
//! under a guard, at a free port, and ends it. An attempt of a case takes at most
//! [`CASE_LIMIT`]. A case that is violated while a thread waited some 50 ms or longer for a core is
//! run again, at most three times in all, and the report says so ([`CaseReport::disturbed`]).
//!
//! For a model, the program is a binary that calls [`rpcbench::main`](crate::main) with it:
//!
//! ```no_run
//! # macro_rules! env { ($name:literal) => { $name } }
//! // tests/contract.rs of the crate that has the binary `mine`
//! #[test]
//! fn contract() {
//!     rpcbench::contract::check(env!("CARGO_BIN_EXE_mine"), "my-model");
//! }
//! ```
//!
//! [`check`] panics with a list of all violated cases: what was expected, and what was seen. Cases
//! that do not apply are left out, by what the model declares ([`ServeModel::is_serial`],
//! [`ServeModel::workers`]) and by the methods that the handler has. Most cases need methods of
//! [`Builtin`], so a handler of your own should pass on what it does not know to that.
//!
//! For a server in another language there is [`check_command`]. Its replies are compared by value,
//! since JSON may be written in several ways. [`Contract`] has the choices: one case, an option, a
//! list of results instead of a panic.
//!
//! Owns the cases and how they are run. To change: a case is a function in a file of `cases/` and a
//! row in that file's list.
//!
//! [`ServeModel::is_serial`]: crate::ServeModel::is_serial
//! [`ServeModel::workers`]: crate::ServeModel::workers
//! [`Builtin`]: crate::Builtin

mod case;
mod cases;
mod client;
mod command;
mod message;
mod need;
mod report;
mod run;
mod stalls;
mod subject;
mod test_server;
mod traits;
mod violation;

pub use case::Case;
pub use cases::cases;
pub use report::{CaseReport, CaseResult, Report};
pub use run::{Contract, TOTAL_LIMIT, check, check_command};
pub use subject::CASE_LIMIT;
pub use violation::Violation;
