//! Named loads and suites of them, from TOML files that the binary contains.
//!
//! A scenario describes a load and not the server. So the same files work for
//! models, commands and servers that already run. To change: add a
//! file to `bench/scenarios/` and a line to `catalogue::ALL`.

pub mod catalogue;
mod definition;
mod file;
mod open_loop;
mod rate_spec;
pub mod suite;

pub use definition::{Scenario, ScenarioLoad};
pub(crate) use rate_spec::Capacity;
pub use rate_spec::{CapacityOf, Rate, RateSpec, Takers};
pub use suite::Suite;
